"""The risk panel: what each model says and why, what is missing, what clinicians think of it, and what would be if something changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.care import contacts
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import access
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient import drawn, units
from healthhub.web.patient.drawn import Weight
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import head
from monitoring import trends
from risk import answers, scored, standings, whatif
from risk.answers import Answer

COMPARED = timedelta(days=30)
HOW = {
    "ask": _n("Ask the patient."),
    "measure": _n("Have it measured."),
    "order": _n("Order it."),
    "test": _n("Order the laboratory test."),
    "look": _n("Look in the record and complete it."),
}
TONES = {"low": "calm", "not_high": "calm", "very_high": "urgent", "high": "amber"}


@dataclass(frozen=True, slots=True)
class Card:
    """One model as it is shown; `answer` has the facts, the rest is words and drawings."""

    answer: Answer
    tone: str
    value: str
    interval: str
    change: str
    weights: SafeString
    groups: list[tuple[str, str, str]]  # sentence, percent, inputs in words
    inputs: list[tuple[str, str, datetime | None]]
    missing: list[tuple[str, str]]
    course: SafeString
    mine: bool | None  # what this viewer thinks


@page("clinician")
@or_glass
def risk(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show every model's answer; scores and forecasts follow by themselves."""
    opened = head(request, patient_id, tab="chart_risk")
    return render(request, "hh/chart_risk.html", opened.context | cards_context(request, patient_id))


@page("clinician")
def models_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the answers anew."""
    return _models(request, patient_id)


def _models(request: PageRequest, patient_id: UUID) -> HttpResponse:
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
    rights = {f"may_{action}": access.may(visit.viewer, patient.id, action=action, now=visit.now) for action in ("act", "judge")}
    return render(request, "hh/chart_risk_models.html", {"patient": patient} | rights | cards_context(request, patient_id))


def cards_context(request: PageRequest, patient_id: UUID, *, model: str | None = None) -> dict[str, Any]:
    """This function will give the cards of a patient's models, the worst band first, those that abstain last."""
    visit = request.visit
    then, why = compared(visit, patient_id)
    found = answers.answers(viewer=visit.viewer, patient_id=patient_id, now=visit.now, compared_with=then, model=model)
    cards = [card_of(one, visit, why) for one in found]
    ranks = {"urgent": 0, "amber": 1, "watch": 2, "calm": 3, "silent": 4}
    return {"cards": sorted(cards, key=lambda card: ranks.get(card.tone, 2)), "compared": why}


def compared(visit: Visit, patient_id: UUID) -> tuple[datetime, str]:
    """This function will give the moment to compare with: her last visit within 90 days, else 30 days ago; with its words."""
    found = contacts.contacts_of(viewer=visit.viewer, patient_id=patient_id, now=visit.now, since=visit.now - timedelta(days=90))
    visits = [one.at for one in found if one.kind == "visit"]
    if visits:
        words = gettext("since the visit of %(day)s") % {"day": shown.clock_words(visits[0], now=visit.now)}
        return visits[0], words
    return visit.now - COMPARED, gettext("since 30 days ago")


def card_of(one: Answer, visit: Visit, why: str) -> Card:
    """This function will put one model's answer in words and drawings."""
    newest = one.newest
    shares = newest["contributions"]
    whole = sum(abs(share["share"]) for share in shares) or 1.0
    told = {item["name"]: item for item in newest["inputs"]}
    parts = [Weight(shown.both(share["label"]), share["share"], _percent(share["share"] / whole)) for share in shares]
    name = shown.both(one.about["name"])
    return Card(
        answer=one,
        tone=_tone(one),
        value=units.amount(newest["value"], newest["unit"]) if newest["value"] is not None else "",
        interval=units.interval(newest["low"], newest["high"], newest["unit"]) if newest["value"] is not None else "",
        change=_change(one, why),
        weights=drawn.weights(parts[:8], label=gettext("What weighed in %(model)s") % {"model": name}) if parts else SafeString(),
        groups=[(_weighs(share), _percent(share["share"] / whole), _inputs(share["inputs"], told)) for share in shares],
        inputs=[(shown.both(item["label"]), units.amount(item["value"], item["unit"]), item["measured_at"]) for item in newest["inputs"]],
        missing=[missing_words(problem) for problem in newest["problems"]],
        course=_course(one, name),
        mine=next((said.agrees for said in one.said if said.by_id == visit.viewer.user_id), None),
    )


def missing_words(problem: Mapping[str, Any]) -> tuple[str, str]:
    """This function will say what is missing, and how to come by it."""
    how = HOW.get(str(problem.get("how")), "")
    return shown.both(problem["words"]), gettext(how) if how else ""


def _tone(one: Answer) -> str:
    if one.newest["value"] is None:
        return "silent"
    band = one.newest["band"]
    return TONES.get(band["key"], "watch") if band else "info"


def _percent(share: float) -> str:
    return f"{'+' if share > 0 else '−'}{abs(share) * 100:.0f} %"


def _weighs(share: Mapping[str, Any]) -> str:
    words = {"what": shown.both(share["label"])}
    return gettext("%(what)s raises it") % words if share["share"] > 0 else gettext("%(what)s lowers it") % words


def _inputs(names: list[str], told: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [
        f"{shown.both(told[name]['label'])} {units.amount(told[name]['value'], told[name]['unit'])}" for name in names[:4] if name in told
    ]
    missing = [name for name in names if name not in told]
    return gettext(", ").join(parts) or (gettext("not known") if missing else "")


def _change(one: Answer, why: str) -> str:
    value, unit = one.newest["value"], one.newest["unit"]
    if value is None or one.before is None:
        return ""
    by = value - one.before.value
    words = {"by": units.difference(by, unit), "why": why}
    if units.difference(abs(by), unit) == units.difference(0.0, unit):
        return gettext("unchanged %(why)s") % words
    return gettext("%(by)s %(why)s") % words


def _course(one: Answer, name: str) -> SafeString:
    if len(one.course) < 2:
        return SafeString()
    percent = units.is_risk(one.newest["unit"])
    bands = [(band["lowest"], shown.both((standings.banded(band["key"]) or {}).get("words", ""))) for band in one.about["bands"]]
    step = max(len(one.course) // 120, 1)
    points = [(point.as_of, point.value, point.low, point.high) for point in one.course[::step]]
    label = gettext("%(model)s in the last 90 days: %(first)s to %(last)s") % {
        "model": name,
        "first": units.amount(points[0][1], one.newest["unit"]),
        "last": units.amount(points[-1][1], one.newest["unit"]),
    }
    return drawn.score_course(points, bands=bands, label=label, percent=percent)


@page("clinician", methods=("POST",))
def opinion(request: PageRequest, patient_id: UUID, assessment_id: UUID) -> HttpResponse:
    """This function will store agreement or disagreement, and give the models anew."""
    visit, posted = request.visit, request.POST
    if posted.get("agrees") not in ("yes", "no"):
        raise Invalid("Say whether you agree.", code="agree_or_not", field="agrees")
    agrees, reason = posted["agrees"] == "yes", posted.get("reason", "")[:400]
    standings.opine(assessment_id=assessment_id, agrees=agrees, reason=reason, by=visit.viewer, now=visit.now)
    return _back(request, patient_id)


@page("clinician", methods=("POST",))
def again(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will ask for new assessments now; the page hears when they are made."""
    model = request.POST.get("model", "")
    standings.ask_again(patient_id=patient_id, models=[model] if model else [], by=request.visit.viewer, now=request.visit.now)
    if request.htmx:
        return render(request, "hh/chart_asked.html")
    return redirect("chart_risk", patient_id)


def _back(request: PageRequest, patient_id: UUID) -> HttpResponse:
    return _models(request, patient_id) if request.htmx else redirect("chart_risk", patient_id)


@page("clinician", methods=("GET", "POST"))
def what_if(request: PageRequest, patient_id: UUID, model: str) -> HttpResponse:
    """This function will show the form of a what-if question and, when it was asked, the answer or what speaks against it."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
    inputs = whatif.changeable(viewer=visit.viewer, patient_id=patient_id, model=model, now=visit.now)
    asked = request.POST if request.method == "POST" else QueryDict()
    context: dict[str, Any] = {"patient": patient, "model": model, "name": shown.both(standings.about(model)["name"]), "said": None}
    problem: dict[str, str] = {}
    try:
        context["said"] = _said(visit, patient_id, model, asked) if request.method == "POST" else None
    except (Invalid, Conflict) as refused:
        problem = {"field": (refused.field or "").removeprefix("changes."), "sentence": gettext(refused.sentence), "code": refused.code}
    fields = [_field(one, asked, problem) for one in inputs]
    context |= {"fields": fields, "problem": problem, "alone": not request.htmx}
    return render(
        request, "hh/chart_what_if.html" if request.htmx else "hh/chart_what_if_page.html", context, status=400 if problem else 200
    )


def _field(one: Mapping[str, Any], asked: QueryDict, problem: Mapping[str, str]) -> dict[str, Any]:
    unit = units.words(one["unit"])
    return {
        "name": one["name"],
        "label": shown.both(one["label"]),
        "unit": unit,
        "now": units.plain(one["value"]) if one["value"] is not None else "",
        "typed": asked.get(f"to-{one['name']}", ""),
        "range": f"{units.plain(one['low'])}–{units.plain(one['high'])} {unit}".strip(),
        "problem": problem.get("sentence", "") if problem.get("field") == one["name"] else "",
    }


def _said(visit: Visit, patient_id: UUID, model: str, asked: QueryDict) -> dict[str, Any]:
    changes = {name.removeprefix("to-"): {"to": _number(name, text)} for name, text in asked.items() if name.startswith("to-") and text}
    found = whatif.what_if(viewer=visit.viewer, patient_id=patient_id, model=model, changes=changes, now=visit.now)
    unit = found["unit"]
    return {
        "before": units.amount(found["before"]["value"], unit),
        "before_interval": units.interval(found["before"]["low"], found["before"]["high"], unit),
        "after": units.amount(found["after"]["value"], unit),
        "after_interval": units.interval(found["after"]["low"], found["after"]["high"], unit),
        "difference": units.difference(found["difference"], unit),
        "lower": found["difference"] < 0,
        "changed": [
            (shown.both(one["label"]), units.amount(one["before"], one["unit"]), units.amount(one["after"], one["unit"]))
            for one in found["inputs"]
        ],
        "as_of": found["as_of"],
    }


def _number(name: str, text: object) -> float:
    try:
        return float(str(text).strip().replace(",", "."))
    except ValueError as error:
        raise Invalid("Type a number.", code="not_a_number", field=f"changes.{name.removeprefix('to-')}") from error


@page("clinician")
def scores_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the published scores that fit her: values with their source, or what is missing."""
    visit = request.visit
    needs = scored.scores_of(viewer=visit.viewer, patient_id=patient_id, now=visit.now)
    for need in needs:
        for score in need["scores"]:
            score["shown"] = units.amount(score["value"], score["unit"]) if score["value"] is not None else ""
            score["missing"] = [missing_words(problem) for problem in score["problems"]]
        need["missing"] = [missing_words(problem) for problem in need["problems"]]
    told = sorted(needs, key=lambda need: all(score["value"] is None for score in need["scores"]))  # what has an answer comes first
    return render(request, "hh/chart_scores.html", {"needs": told})


@page("clinician")
def forecasts_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give where her readings are heading."""
    visit = request.visit
    found = standings.forecasts(viewer=visit.viewer, patient_id=patient_id, now=visit.now, limits=trends.LIMITS)
    return render(request, "hh/chart_forecasts.html", {"series": [_series(one) for one in found]})


def _series(one: Mapping[str, Any]) -> dict[str, Any]:
    unit, usual = one["unit"], one["baseline"]
    told: dict[str, Any] = {
        "label": shown.both(one["label"]),
        "usual": units.amount(usual["usual"], unit),
        "spread": units.interval(usual["low"], usual["high"], unit),
        "abstained": shown.both(one["abstained"]) if one["abstained"] else "",
        "findings": [(shown.both(finding["words"]), finding["lead_days"]) for finding in one["findings"]],
        "drawing": "",
    }
    if one["days"]:
        days = [datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() for day in one["days"]]
        last = units.amount(one["value"][-1], unit)
        told |= {"last": last, "last_interval": units.interval(one["low"][-1], one["high"][-1], unit), "ahead": len(days)}
        label = gettext("%(what)s: forecast %(value)s") % {"what": told["label"], "value": last}
        ends = (usual["low"], usual["high"])
        told["drawing"] = drawn.ahead(days=days, value=one["value"], low=one["low"], high=one["high"], usual=ends, label=label)
    return told
