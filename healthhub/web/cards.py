"""The models' pages: what each answers and for whom not, how good it was and how it holds up here, and who lets which version speak."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.lib.refused import NotVisible
from healthhub.web import shown
from healthhub.web.drawing import canvas, course
from healthhub.web.drawing.calibration import Tenth, calibration
from healthhub.web.drawing.course import Axis, Limit, Point, Scene
from healthhub.web.pages import PageRequest, page
from healthhub.web.svg import Dot, Scale, sparkline
from risk import card_text, versions

DAYS = 180
CORRIDOR = (0.8, 1.25)  # of observed over expected
MOVED, CHANGED = 0.1, 0.25  # population stability index: from here it moves, from here the people are others
MOST_INPUTS = 12
MOST_FIGURES = 8
DAY = 86400.0
STATES = {
    "champion": (_n("speaks"), "calm"),
    "challenger": (_n("waits for a decision"), "watch"),
    "retired": (_n("retired"), "silent"),
    "refused": (_n("refused"), "silent"),
}
FIGURES = {
    "auroc": "AUROC",
    "ap": "AP",
    "brier": "Brier",
    "oe": "O:E",
    "rmse": "RMSE",
    "mae": "MAE",
    "c_index": _n("C index"),
    "coverage": _n("coverage of the interval"),
    "hosmer_lemeshow": "Hosmer–Lemeshow",
    "brier_null": _n("Brier, base rate"),
}
COMPARATORS = {
    "logistic regression": _n("logistic regression"),
    "persistence": _n("the last value, kept"),
    "straight line": _n("a straight line"),
    "7-day mean": _n("mean of 7 days"),
    "exponential smoothing": _n("exponential smoothing"),
    "current level alone": _n("the present level alone"),
    "nurse (her level)": _n("the nurse's own level"),
    "NEWS2, worst of the window": _n("NEWS2, worst of the window"),
    "LACE-like points": _n("LACE-like points"),
    "FINDRISC-like points": _n("FINDRISC-like points"),
    "age and sex": _n("age and sex"),
    "1988-94 to 1999-2002": _n("trained 1988–94, tested 1999–2002"),
    "ours, examined people": _n("this model, examined people"),
    "ours, the same complete cases": _n("this model, complete cases"),
    "Cox, the same complete cases": _n("Cox, complete cases"),
    "PhenoAge, complete cases": _n("PhenoAge, complete cases"),
}


@page("clinician", "operator")
def models(request: PageRequest) -> HttpResponse:
    """This function will list the models of this release and which version of each speaks."""
    found = [
        {"about": one, "figures": [(figure_name(name), figure(value)) for name, value in _main(one["figures"])[:3]]}
        for one in versions.models()
    ]
    return render(request, "hh/models.html", {"models": found})


@page("clinician", "operator")
def model(request: PageRequest, key: str) -> HttpResponse:
    """This function will show one model: its card, its figures, and how its versions hold up here."""
    visit = request.visit
    about = next((one for one in versions.models() if one["key"] == key), None)
    if about is None:
        raise NotVisible
    kept = versions.versions_of(viewer=visit.viewer, key=key, now=visit.now)
    watched = versions.watch(viewer=visit.viewer, key=key, now=visit.now, days=DAYS)
    card = card_text.sections(key, shown.language())
    context = {
        "about": about,
        "card": [card[name] for name in ("trained_on", "limits", "use") if name in card],
        "table": comparison(about["figures"]),
        "remarks": card["figures"].items if "figures" in card else (),
        "calibration": _calibration(key),
        "tables": _tables(key),
        "watched": [_watched(one, visit.now) for one in watched if one["days"]],
        "versions": [(one, gettext(STATES[one.state][0]), STATES[one.state][1]) for one in kept],
        "may_decide": versions.may_decide(viewer=visit.viewer, now=visit.now),
    }
    return render(request, "hh/model.html", context)


@page("clinician", "operator", methods=("POST",))
def decide(request: PageRequest, version_id: UUID, decision: str) -> HttpResponse:
    """This function will let a challenger speak, or refuse it for good, with the reason that was typed."""
    doors = {"approve": versions.approve, "refuse": versions.refuse}
    if decision not in doors:
        raise NotVisible
    reason = request.POST.get("reason", "")
    version = doors[decision](version_id=version_id, by=request.visit.viewer, now=request.visit.now, reason=reason)
    said = gettext("Version %(version)s speaks from now on.") if decision == "approve" else gettext("Version %(version)s was refused.")
    messages.success(request, said % {"version": version.version})
    return redirect("model", key=version.model)


def figure_name(name: str) -> str:
    """This function will name a figure as the field does: "auroc_5y" is "AUROC 5 y"."""
    for stem in sorted(FIGURES, key=len, reverse=True):
        if name == stem or name.startswith(f"{stem}_"):
            rest = name[len(stem) :].strip("_").replace("_", " ")
            return f"{gettext(FIGURES[stem])} {rest}".strip()
    return name.replace("_", " ")


def figure(value: Any) -> str:
    """This function will write a figure with as many digits as it deserves."""
    if isinstance(value, list | tuple):
        return "–".join(figure(one) for one in value)
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def _main(figures: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(name, value) for name, value in figures.items() if isinstance(value, int | float) and name not in ("n", "brier_null")]


def comparison(figures: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give the model's figures, their intervals and those of what it is compared with, as rows of one table."""
    names = [name for name, _ in _main(figures)][:MOST_FIGURES]
    intervals = figures.get("intervals", {})
    rows = [(gettext("This model"), [figure(figures[name]) for name in names], True)]
    if intervals:
        cells = [figure(intervals[name]) if name in intervals else "" for name in names]
        rows.append((gettext("95 % interval"), cells, False))
    for name, found in figures.get("comparators", {}).items():
        if any(one in found for one in names):
            rows.append((comparator(name), [figure(found[one]) if one in found else "" for one in names], False))
    return {"head": [figure_name(name) for name in names], "rows": rows, "n": figures.get("n")}


def comparator(name: str) -> str:
    """This function will name what a model is compared with; `forward: ` marks a test on people of a later time."""
    method = name.removeprefix("forward: ")
    words = gettext(COMPARATORS[method]) if method in COMPARATORS else method
    return words if method == name else gettext("%(method)s (on later years)") % {"method": words}


def _tables(key: str) -> list[card_text.Table]:
    """The card's further tables with their figures named as everywhere; its own summary stands above already."""
    found = [one for one in card_text.others(key) if not one.title.startswith("n ")]
    return [replace(one, head=tuple(figure_name(name) if name in FIGURES else name for name in one.head)) for one in found]


def _calibration(key: str) -> str:
    found = [Tenth(*one) for one in card_text.calibration(key)]
    if not found:
        return ""
    outside = sum(not one.interval[0] <= one.expected <= one.interval[1] for one in found)
    label = gettext(
        "Calibration by tenths of people: in %(inside)s of %(n)s the risk given lies within the interval of what came true."
    ) % {
        "inside": len(found) - outside,
        "n": len(found),
    }
    return canvas.page(calibration(found, label=label, across=gettext("risk given"), up=gettext("came true")))


def _watched(one: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    newest = one["days"][0]
    burden = newest["burden"] or {}
    return {
        "version": one["version"],
        "words": gettext(STATES[one["state"]][0]),
        "marked_at": one["marked_at"],
        "newest": newest,
        "oe": _oe(one["days"], now),
        "outside": newest["oe"] is not None and not CORRIDOR[0] <= newest["oe"] <= CORRIDOR[1],
        "drift": _drift(one["days"], now),
        "per_month": burden.get("per_patient_month"),
        "acted": None if burden.get("acted") is None else round(100 * burden["acted"]),
        "agreed": one["agreed"],
        "disagreed": one["disagreed"],
    }


def _oe(days: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Observed over expected with its corridor; nothing while too little happened to tell."""
    points = [Point(_noon(row["day"]), min(row["oe"], 2.0)) for row in reversed(days) if row["oe"] is not None]
    if not points:
        return ""
    label = gettext("Observed over expected events, newest %(newest)s; the corridor is 0.8 to 1.25.") % {"newest": figure(points[-1].value)}
    since = max(points[0].at, now.timestamp() - DAYS * DAY) - DAY
    ticks = [(since + (now.timestamp() - since) * part / 4, "") for part in (1, 3)]
    dated = [(at, shown.day_words(datetime.fromtimestamp(at, now.tzinfo).date(), today=now.date())) for at, _ in ticks]
    scene = Scene(
        label=label,
        since=since,
        until=now.timestamp() + DAY,
        axis=Axis(0, 2, (0.5, 1.0, 1.5)),
        points=points,
        gap=4 * DAY,
        ticks=dated,
        target=[CORRIDOR],
        limits=[Limit(CORRIDOR[0], "target", "0.8"), Limit(CORRIDOR[1], "target", "1.25")],
    )
    return canvas.page(course.course(scene, width=560, height=200))


def _noon(day: Any) -> float:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def _drift(days: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The inputs that moved most, each with its course."""
    newest = days[0]["psi"] or {}
    worst = sorted(newest, key=lambda name: -newest[name])[:MOST_INPUTS]
    found = []
    for name in worst:
        dots = [Dot(shown.days_since_epoch(row["day"]), row["psi"][name]) for row in reversed(days) if name in (row["psi"] or {})]
        value = newest[name]
        tone = "amber" if value > CHANGED else "watch" if value > MOVED else "calm"
        until = shown.days_since_epoch(now)
        label = gettext("%(input)s: index %(value)s") % {"input": name, "value": f"{value:.2f}"}
        drawn = sparkline(dots, since=until - DAYS, until=until, scale=Scale(0, 0.5), limits=(MOVED, CHANGED), label=label)
        found.append({"name": name, "value": f"{value:.2f}", "tone": tone, "drawn": drawn})
    return found
