"""A patient's own limits: each rule that watches her, changed after a look at what the change would have done to her past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.web import shown
from healthhub.web.pages import PageRequest, page
from monitoring import backtest, plans
from monitoring.judge import Rule
from monitoring.models import Limit

DAYS = 90
SPANS = {
    "": _n("until it is changed"),
    "30": _n("for 30 days"),
    "90": _n("for 90 days"),
    "180": _n("for half a year"),
    "365": _n("for a year"),
}
NAMES: Mapping[str, str] = {
    "sbp": _n("Systolic"),
    "dbp": _n("Diastolic"),
    "above": _n("Above"),
    "at_least": _n("From"),
    "below": _n("Below"),
    "at_most": _n("Up to"),
    "high": _n("Upper limit"),
    "low": _n("Lower limit"),
    "fast": _n("Faster than"),
    "slow": _n("Slower than"),
    "top": _n("Upper limit"),
    "fall": _n("Fall by"),
    "rise": _n("Rise by"),
    "gain": _n("Gain of"),
    "gain3": _n("Gain within 3 days"),
    "loss": _n("Loss of"),
    "day": _n("Within a day"),
    "week": _n("Within a week"),
    "difference": _n("Difference"),
    "swing": _n("Swing"),
    "pace": _n("Pace"),
    "total": _n("Points"),
    "symptom": _n("Symptom, from grade"),
    "headache": _n("Headache, from grade"),
    "severe": _n("Severe from grade"),
    "spo2": _n("Oxygen saturation"),
    "spo2_top": _n("Oxygen saturation, upper"),
    "rhr": _n("Resting heart rate"),
    "steps": _n("Steps"),
    "ketone": _n("Ketones"),
}


@dataclass(slots=True)
class Box:
    """One limit as it is edited: today's figure, the pack's, between which figures it may lie, what was typed, what is wrong with it."""

    name: str
    label: str
    unit: str
    unit_words: str
    today: float
    pack: float
    low: float
    high: float
    typed: str
    problem: str = ""


@dataclass(slots=True)
class Form:
    """The form of one rule: what is in it now, and what was refused, by field."""

    rule: Rule
    boxes: list[Box]
    off: bool
    reason: str = ""
    span: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    tried: backtest.Compared | None = None


@page("clinician", methods=("GET", "POST"))
def edit(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the rules that watch a patient, and open one of them to be changed, tried or saved."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="limits" if request.method == "POST" else "read", now=visit.now)
    in_force = plans.in_force(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    asked = request.POST.get("rule", "") if request.method == "POST" else request.GET.get("rule", "")
    form = form_of(patient, asked, in_force, request.POST if request.method == "POST" else None) if asked else None
    if request.method == "POST" and form is not None:
        done = _act(request, patient, form)
        if done is not None:
            return done
    return _shown(request, patient, in_force, form)


def _act(request: PageRequest, patient: Patient, form: Form) -> HttpResponse | None:
    """Tries or saves; None when the form is to be shown again, with what was found or refused in it."""
    visit, posted = request.visit, request.POST
    try:
        changes = changes_of(form)
        if posted.get("act") == "try":
            form.tried = backtest.compare(
                viewer=visit.viewer, patient_id=patient.id, rule_id=form.rule.id, changes=changes, now=visit.now, days=DAYS
            )
            return None
        span = timedelta(days=int(form.span)) if form.span else None
        plans.set_limit(
            patient_id=patient.id,
            rule_id=form.rule.id,
            changes=changes,
            reason=form.reason,
            expires_at=visit.now + span if span else None,
            by=visit.viewer,
            now=visit.now,
        )
    except Invalid as refused:
        _put(form, refused)
        return None
    told = {"rule": shown.both(form.rule.name), "name": patient.name}
    messages.success(request, gettext("The limits of “%(rule)s” are changed for %(name)s.") % told)
    return redirect("limits_edit", patient.id)


def _shown(request: PageRequest, patient: Patient, in_force: list[dict[str, Any]], form: Form | None) -> HttpResponse:
    visit = request.visit
    context = {
        "patient": patient,
        "groups": grouped(in_force, form.rule.id if form is not None else ""),
        "form": form,
        "spans": [(code, gettext(words)) for code, words in SPANS.items()],
        "history": [(limit, changes_words(limit)) for limit in plans.limits_of(viewer=visit.viewer, patient_id=patient.id, now=visit.now)],
        "names": {rule["rule"]: shown.both(rule["name"]) for rule in in_force},
        "may": access.may(visit.viewer, patient.id, action="limits", now=visit.now),
        "days": DAYS,
    }
    part = request.htmx and form is not None and request.htmx.target == "edit"
    answer = render(request, "hh/limits_form.html" if part else "hh/limits.html", context)
    if form is not None and (form.problems or any(box.problem for box in form.boxes)):
        answer.status_code = 422
    return answer


def form_of(patient: Patient, rule_id: str, in_force: list[dict[str, Any]], posted: QueryDict | None) -> Form:
    """This function will give the form of one rule, filled with what is in force, or with what was typed. Raises NotVisible."""
    listed = next((rule for rule in in_force if rule["rule"] == rule_id), None)
    if listed is None:
        raise NotVisible
    rule = plans.unlimited(patient=patient, rule_id=rule_id)
    boxes = []
    for name, figures in rule.limits.items():
        unit, pack = next(iter(figures.items()))
        if unit == "{code}":
            continue  # which answer of a question counts is no figure to move
        today = listed["limits"].get(name, {}).get(unit, pack)
        typed = f"{today:g}" if posted is None else posted.get(f"limit-{name}", "")
        label = gettext(NAMES[name]) if name in NAMES else name
        low, high = sorted((pack / 2, pack * 2))
        boxes.append(Box(name, label, unit, shown.unit_words(unit), today, pack, low, high, typed.strip()))
    if posted is None:
        return Form(rule, boxes, listed["off"])
    span = posted.get("span", "")
    return Form(rule, boxes, posted.get("off") == "yes", posted.get("reason", ""), span if span in SPANS else "")


def changes_of(form: Form) -> dict[str, Any]:
    """This function will read the boxes: what differs from the pack. Raises Invalid, with the field of the box that is no number."""
    changes: dict[str, Any] = {"off": True} if form.off else {}
    for box in form.boxes:
        try:
            value = float(box.typed.replace(",", "."))
        except ValueError:
            raise Invalid("The value of a limit is a number.", code="bad_limit", field=f"changes.{box.name}.value") from None
        if value != box.pack:
            changes[box.name] = {"value": value, "unit": box.unit}
    return changes


def _put(form: Form, refused: Invalid) -> None:
    """A refusal stands next to the field it is about."""
    name = (refused.field or "").split(".")[1] if (refused.field or "").startswith("changes.") else ""
    box = next((box for box in form.boxes if box.name == name), None)
    if box is not None and refused.sentence.startswith("The value"):
        box.problem = gettext(refused.sentence)
    elif box is not None:
        figures = {"low": f"{box.low:g}", "high": f"{box.high:g}", "unit": box.unit_words}
        box.problem = gettext("It lies between %(low)s and %(high)s %(unit)s.") % figures
    else:
        form.problems[refused.field or "changes"] = gettext(refused.sentence)


def grouped(in_force: Sequence[Mapping[str, Any]], chosen: str = "") -> list[tuple[str, list[Mapping[str, Any]], bool]]:
    """This function will sort the rules under the class of data they watch, the most severe first, what was changed or fires now on top.

    The third of each says whether the group is to stand open: where something was changed, fires, or is being edited.
    """
    rank = {"red": 0, "urgent": 1, "amber": 2, "watch": 3, "info": 4}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for rule in sorted(in_force, key=lambda one: (rank[one["severity"]], one["rule"])):
        found.setdefault(rule["data_class"], []).append(rule)
    groups = []
    for data_class, rules in found.items():
        matters = sum(bool(rule["set_by"] or rule["open"] or rule["rule"] == chosen) for rule in rules)
        groups.append((-matters, data_class != "vitals", shown.class_words(data_class), rules))
    groups.sort(key=lambda group: group[:3])
    return [(words, rules, bool(matters) or place == 0) for place, (matters, _, words, rules) in enumerate(groups)]


def changes_words(limit: Limit) -> str:
    """This function will put a change in words: "Systolic 170 mmHg"."""
    parts = []
    for name, figure in limit.changes.items():
        if name == "off":
            parts.append(gettext("switched off"))
        elif isinstance(figure, Mapping):
            label = gettext(NAMES[name]) if name in NAMES else name
            parts.append(f"{label} {figure.get('value'):g} {shown.unit_words(str(figure.get('unit', '')))}".strip())
        else:
            parts.append(f"{name} {figure:g}")
    return gettext(", ").join(parts)


@page("clinician", methods=("POST",))
def end(request: PageRequest, patient_id: UUID, limit_id: UUID) -> HttpResponse:
    """This function will end one of her limits: the rule speaks as the pack says again."""
    visit = request.visit
    plans.end_limit(limit_id=limit_id, by=visit.viewer, now=visit.now)
    messages.success(request, gettext("The rule speaks as the pack says again."))
    return redirect("limits_edit", patient_id)
