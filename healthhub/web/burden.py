"""What alerts cost and bring, and the rules they come from: for the clinicians whose panel it is."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop as _n, ngettext

from healthhub.lib.refused import Invalid
from healthhub.web import shown
from healthhub.web.limits import NAMES
from healthhub.web.pages import PageRequest, page
from healthhub.web.shares import Share, bar
from monitoring import burden as doors, plans
from monitoring.burden import Cost
from monitoring.judge import Rule

SLOT = re.compile(r"\{\w+\}")
ADVICE = {
    "rare": _n("Too few to judge."),
    "fine": _n("Most led somebody to act: leave it as it is."),
    "urgent": _n("Rarely led to action, but it warns of danger: look at how it is measured, not at the limit."),
    "model": _n("Rarely led to action: look at the model's page, and say there where it was wrong."),
    "limits": _n("Rarely led to action: perhaps the limits of a few patients are too narrow."),
}


@page("clinician")
def burden(request: PageRequest) -> HttpResponse:
    """This function will show, for a period, what each rule and each model cost and brought, with a word on what to look at."""
    visit = request.visit
    found = doors.of_panel(viewer=visit.viewer, now=visit.now, days=days_of(request))
    most = max((cost.fired for cost in found.costs), default=1)
    lines = [(cost, fates(cost, most), wait_words(cost.wait), gettext(ADVICE[cost.advice])) for cost in found.costs]
    context = {
        "found": found,
        "parts": [
            (gettext("Rules"), [line for line in lines if not line[0].by_model]),
            (gettext("Models"), [line for line in lines if line[0].by_model]),
        ],
        "periods": [(days, ngettext("%(n)s day", "%(n)s days", days) % {"n": days}, days == found.days) for days in doors.PERIODS],
    }
    return render(request, "hh/burden.html", context)


def days_of(request: PageRequest) -> int:
    """This function will read the period out of the address. Raises Invalid for one that is not offered."""
    text = request.GET.get("days", "30")
    if text not in {str(days) for days in doors.PERIODS}:
        raise Invalid("Choose one of the periods offered.", code="out_of_range", field="days")
    return int(text)


def fates(cost: Cost, most: int) -> Any:
    """This function will draw what became of a rule's alerts: acted on, taken only, cleared with nobody touching it, the rest."""
    taken = max(cost.taken - cost.acted, 0)
    rest = max(cost.fired - cost.acted - taken - cost.ignored, 0)
    shares = [
        Share("acted", cost.acted, gettext("acted on")),
        Share("taken", taken, gettext("taken")),
        Share("rest", rest, gettext("open or closed otherwise")),
        Share("ignored", cost.ignored, gettext("nobody touched it")),
    ]
    label = gettext("%(n)s alerts: ") % {"n": cost.fired} + gettext(", ").join(
        f"{share.words} {share.count}" for share in shares if share.count
    )
    return bar(shares, most=most, label=label)


def wait_words(wait: timedelta | None) -> str:
    """This function will say how long a median wait is: "12 min", "3 h"."""
    if wait is None:
        return "–"
    minutes = round(wait.total_seconds() / 60)
    return gettext("%(n)s min") % {"n": minutes} if minutes < 120 else gettext("%(n)s h") % {"n": round(minutes / 60)}


@page("clinician")
def suggestion(request: PageRequest) -> HttpResponse:
    """This function will try a wider limit on the past of the patients who make most of a rule's empty alerts, and tell what would be."""
    visit = request.visit
    rule_id = request.GET.get("rule", "")
    found = doors.suggest(viewer=visit.viewer, rule_id=rule_id, now=visit.now)
    context: dict[str, Any] = {"found": found, "rule_id": rule_id, "days": 90}
    if found is not None:
        context |= {"limit": gettext(NAMES.get(found.limit, found.limit)), "unit": shown.unit_words(found.unit)}
    return render(request, "hh/suggestion.html" if request.htmx else "hh/suggestion_page.html", context)


@page("clinician")
def rules(request: PageRequest) -> HttpResponse:
    """This function will show the rules that can watch the viewer's patients, in words, with their source and what they did lately."""
    visit = request.visit
    locales, found = plans.of_panel(viewer=visit.viewer, now=visit.now)
    costs = {cost.rule_id: cost for cost in doors.of_panel(viewer=visit.viewer, now=visit.now, days=30).costs}
    groups: dict[str, list[Any]] = {}
    for rule in found:
        line = (rule, in_words(rule), limits_words(rule), for_whom(rule), costs.get(rule.id))
        groups.setdefault(shown.class_words(rule.data_class), []).append(line)
    return render(request, "hh/rules.html", {"groups": list(groups.items()), "locales": locales})


def in_words(rule: Rule) -> str:
    """This function will give what a rule tells a clinician, with an ellipsis where a figure will stand."""
    return SLOT.sub("…", shown.both(rule.clinician_text))


def limits_words(rule: Rule) -> str:
    parts = []
    for name, figures in rule.limits.items():
        unit, value = next(iter(figures.items()))
        if unit != "{code}":
            parts.append(f"{gettext(NAMES[name]) if name in NAMES else name} {value:g} {shown.unit_words(unit)}".strip())
    return gettext(", ").join(parts)


def for_whom(rule: Rule) -> str:
    """This function will say for which patients a rule is; an empty text for everybody."""
    people = rule.population
    parts: list[str] = []
    either: Mapping[str, frozenset[str]] = {"any": people.any, "all": people.all}
    for codes in either.values():
        if codes:
            parts.append(gettext(" or ").join(sorted(shown.condition_words(code) for code in codes)))
    if people.none:
        parts.append(gettext("not: %(what)s") % {"what": gettext(", ").join(sorted(shown.condition_words(code) for code in people.none))})
    return gettext("; ").join(parts)
