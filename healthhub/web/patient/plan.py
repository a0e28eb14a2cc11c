"""The plan that watches her: every rule in words, whose limits they are, and how limits were changed before."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from healthhub.web import shown
from healthhub.web.pages import PageRequest, page
from healthhub.web.patient import words
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import head
from monitoring import plans, worklist
from monitoring.judging.values import RANK


@page("clinician")
@or_glass
def plan(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the rules in force, her own limits first, by what they are about."""
    visit = request.visit
    opened = head(request, patient_id, tab="chart_plan")
    found = [
        one for one in plans.in_force(viewer=visit.viewer, patient_id=patient_id, now=visit.now) if one["data_class"] in opened.classes
    ]
    rows = [_row(one) for one in found]
    own = [row for row in rows if row["set_by"]]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(shown.class_words(row["data_class"]), []).append(row)
    context = {"own": own, "groups": [(name, some, any(row["open"] for row in some)) for name, some in groups.items()]}
    return render(request, "hh/chart_plan.html", opened.context | context)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    told = [words.figures_words(figures, name, one["ops"].get(name, "")) for name, figures in one["limits"].items()]
    return {**one, "words": gettext("; ").join(told), "title": shown.both(one["name"]), "rank": -RANK.get(one["severity"], 0)}


@page("clinician")
@or_glass
def history(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show how limits were changed, by whom and why, and the alerts that are closed."""
    visit = request.visit
    opened = head(request, patient_id, tab="chart_history")
    names = plans.names(patient_id=patient_id, now=visit.now)
    limits = plans.limits_of(viewer=visit.viewer, patient_id=patient_id, now=visit.now)
    changes = [(words.rule_name(one.rule_id, names), words.change_words(one.changes, one.rule_id), one) for one in limits]
    past = worklist.past_alerts(viewer=visit.viewer, patient_id=patient_id, now=visit.now, limit=100)
    alerts = [(words.rule_name(one.rule_id, names), one) for one in past]
    return render(request, "hh/chart_history.html", opened.context | {"changes": changes, "past": alerts})
