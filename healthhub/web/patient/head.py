"""What stands above every tab of a patient's page: who she is, by what right one sees her, her devices, limits of her own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, breakglass, consent
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import Method
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit
from healthhub.web.patient import words
from monitoring import plans

TABS = (
    ("chart", _n("Overview")),
    ("chart_course", _n("Timeline")),
    ("chart_risk", _n("Risk")),
    ("chart_pressure", _n("Blood pressure")),
    ("chart_glucose", _n("Glucose")),
    ("chart_heart", _n("Heart failure")),
    ("chart_plan", _n("Plan and limits")),
    ("chart_history", _n("History")),
    ("chart_sources", _n("Sources")),
)
SHOWN = 6  # newest values in the header
USUAL_DAYS = 30  # before today, whose mean stands beside a newest value
ENOUGH_DAYS = 5  # with readings, for a mean that says something
STEADY = frozenset({"height", "dry_weight", "pef_best", "self_rated_health"})  # of no news in a header


@dataclass(frozen=True, slots=True)
class Head:
    """The patient as this viewer may see her; `context` is what the header's template needs."""

    patient: Patient
    classes: frozenset[str]
    newest: dict[str, Seen]
    context: dict[str, Any]


def head(request: PageRequest, patient_id: UUID, *, tab: str) -> Head:
    """This function will open the record for a tab, and write down that it was read. Raises as `access.patient_for`."""
    visit = request.visit
    patient, classes = access.opened(visit.viewer, patient_id, action="read", now=visit.now)
    log.record(by=visit.viewer, did="patient.read", patient_id=patient.id, now=visit.now)
    newest = readings.latest(patient_id=patient.id, classes=classes, now=visit.now)
    limits = [one for one in plans.limits_of(viewer=visit.viewer, patient_id=patient.id, now=visit.now) if live(one, visit.now)]
    names = plans.names(patient_id=patient.id, now=visit.now)
    tabs = [(reverse(name, args=[patient.id]), gettext(label), name == tab) for name, label in TABS if _has(name, patient)]
    context = {
        "patient": patient,
        "tabs": tabs,
        "tab": tab,
        "newest": with_usual(patient, first_values(newest), request.visit),
        "devices": devices(newest),
        "own_limits": [(words.rule_name(one.rule_id, names), words.change_words(one.changes, one.rule_id), one) for one in limits],
        "grants": consent.basis(viewer=visit.viewer, patient_id=patient.id, now=visit.now),
        "closed_classes": [shown.class_words(one) for one in sorted(DATA_CLASSES - classes)],
        "glass": breakglass.open_to(visit.viewer, patient_id=patient.id, now=visit.now),
        "may_act": access.may(visit.viewer, patient.id, action="act", now=visit.now),
        "may_judge": access.may(visit.viewer, patient.id, action="judge", now=visit.now),
        "may_limit": access.may(visit.viewer, patient.id, action="limits", now=visit.now),
    }
    return Head(patient, classes, newest, context)


def live(limit: Any, now: datetime) -> bool:
    """This function will tell whether a limit of hers holds now."""
    return limit.ended_at is None and (limit.expires_at is None or limit.expires_at > now)


def first_values(newest: dict[str, Seen]) -> list[Seen]:
    """This function will give the newest measured values, the newest first; answers and symptoms stand in the timeline."""
    measured = [one for one in newest.values() if _tells(one)]
    return sorted(measured, key=lambda one: one.at, reverse=True)[:SHOWN]


def _tells(one: Seen) -> bool:
    """The last hour's share of what adds up over a day (steps) says nothing on its own; the laboratory has its own place."""
    kind = BY_KEY[one.kind]
    return not (kind.codes or kind.cumulative or kind.data_class == "labs" or one.kind.startswith("symptom_") or one.kind in STEADY)


def with_usual(patient: Patient, values: list[Seen], visit: Visit) -> list[tuple[Seen, str]]:
    """This function will put beside each value the mean of the 30 days before today, in the reader's unit; or nothing."""
    today = timezone.localtime(visit.now, visit.zone).date()
    pairs = [(patient.id, one.kind) for one in values]
    found = readings.days_of_many(pairs=pairs, since=today - timedelta(days=USUAL_DAYS), until=today - timedelta(days=1))
    return [(one, usual_words(one.kind, found.get((patient.id, one.kind), []), visit)) for one in values]


def usual_words(kind: str, days: list[Bucket], visit: Visit) -> str:
    """This function will give the mean of these days as a figure without its unit; empty for fewer than five days."""
    if len(days) < ENOUGH_DAYS:
        return ""
    one, n = BY_KEY[kind], sum(day.n for day in days)
    unit = shown.unit_of(one, visit.glucose_unit, visit.own_units)
    parts = [sum(day.mean * day.n for day in days) / n]
    if all(day.mean2 is not None for day in days):
        parts.append(sum((day.mean2 or 0) * day.n for day in days) / n)
    return "/".join(shown.figure(value, kind=one, unit=unit) for value in parts)


def devices(newest: dict[str, Seen]) -> list[tuple[str, datetime]]:
    """This function will give each device with the moment anything last came from it, newest first."""
    found: dict[str, datetime] = {}
    for one in newest.values():
        if one.method == Method.DEVICE:
            found[one.source] = max(one.received_at, found.get(one.source, one.received_at))
    return sorted(found.items(), key=lambda pair: pair[1], reverse=True)


def _has(tab: str, patient: Patient) -> bool:
    return tab != "chart_heart" or "heart_failure" in patient.conditions
