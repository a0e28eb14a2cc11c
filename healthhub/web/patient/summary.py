"""A clinical summary as plain text in the reader's language, for the clipboard and for other systems' free-text fields."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import fmean
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient import words
from healthhub.web.patient.head import first_values, live
from monitoring import plans, worklist
from risk import standings

AVERAGED = ("bp", "glucose", "cgm", "weight", "hr", "rhr", "spo2")
SPANS = (7, 30)


@page("clinician")
def summary(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the summary as text."""
    return HttpResponse(text_of(request.visit, patient_id), content_type="text/plain; charset=utf-8")


def text_of(visit: Visit, patient_id: UUID) -> str:
    """This function will write the summary: latest values, averages, alerts, risk, limits. Raises as `access.patient_for`."""
    patient, classes = access.opened(visit.viewer, patient_id, action="read", now=visit.now)
    newest = readings.latest(patient_id=patient.id, classes=classes, now=visit.now)
    lines = [_title(patient, visit)]
    for heading, some in (
        (gettext("Latest values"), _latest(newest, visit)),
        (gettext("Averages"), _averages(patient, classes, visit)),
        (gettext("Open alerts"), _alerts(patient, visit)),
        (gettext("Risk"), _risk(patient, visit)),
        (gettext("Limits of her own"), _limits(patient, visit)),
    ):
        told = list(some)
        lines += ["", heading, *(f"- {line}" for line in told or [gettext("none")])]
    return "\n".join(lines) + "\n"


def _title(patient: Patient, visit: Visit) -> str:
    person = shown.person_words(patient, now=visit.now)
    conditions = gettext(", ").join(shown.condition_words(code) for code in patient.conditions)
    at = f"{timezone.localtime(visit.now):%Y-%m-%d %H:%M}"
    return "\n".join(
        line
        for line in (f"{patient.name} · {person}", conditions, gettext("As of %(at)s (%(zone)s)") % {"at": at, "zone": visit.zone})
        if line
    )


def _latest(newest: dict[str, Seen], visit: Visit) -> Iterator[str]:
    for one in first_values(newest):
        told = shown.value_words(one, glucose_unit=visit.glucose_unit, own=visit.own_units)
        yield f"{shown.both(BY_KEY[one.kind].name)}: {told.figure} {told.unit}".rstrip() + f" ({timezone.localtime(one.at):%Y-%m-%d %H:%M})"


def _averages(patient: Patient, classes: frozenset[str], visit: Visit) -> Iterator[str]:
    since, until = visit.now - timedelta(days=max(SPANS)), visit.now + timedelta(minutes=10)
    for key in AVERAGED:
        some = readings.history(patient_id=patient.id, classes=classes, since=since, until=until, limit=10_000, kinds=[key])
        sure = [one for one in some if not one.flags & SUSPICIOUS]
        told = [
            part
            for days in SPANS
            if (part := _average(key, [one for one in sure if one.at >= visit.now - timedelta(days=days)], days, visit))
        ]
        if told:
            yield f"{shown.both(BY_KEY[key].name)}: " + gettext("; ").join(told)


def _average(key: str, some: list[Seen], days: int, visit: Visit) -> str:
    if not some:
        return ""
    kind = BY_KEY[key]
    unit = shown.unit_of(kind, visit.glucose_unit, visit.own_units)
    mean = shown.figure(fmean(one.value for one in some), kind=kind, unit=unit)
    lower = [one.value2 for one in some if one.value2 is not None]
    if lower:
        mean = f"{mean}/{shown.figure(fmean(lower), kind=kind, unit=unit)}"
    given = {"days": days, "mean": mean, "unit": shown.unit_words(unit), "n": len(some)}
    return gettext("%(days)s days %(mean)s %(unit)s (%(n)s readings)") % given


def _alerts(patient: Patient, visit: Visit) -> Iterator[str]:
    for alert in worklist.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now):
        text = shown.both(alert.evidence.get("texts", {}).get("clinician", ""))
        owner = gettext(", taken by %(name)s") % {"name": alert.acknowledged_by.name} if alert.acknowledged_by else ""
        yield f"{gettext(shown.SEVERITIES[alert.severity])}: {text} ({timezone.localtime(alert.opened_at):%Y-%m-%d %H:%M}{owner})"


def _risk(patient: Patient, visit: Visit) -> Iterator[str]:
    for one in standings.current(viewer=visit.viewer, patient_id=patient.id, now=visit.now):
        yield f"{shown.both(one['assessment']['sentence'])} ({timezone.localtime(one['assessment']['as_of']):%Y-%m-%d})"


def _limits(patient: Patient, visit: Visit) -> Iterator[str]:
    names = plans.names(patient_id=patient.id, now=visit.now)
    for one in plans.limits_of(viewer=visit.viewer, patient_id=patient.id, now=visit.now):
        if live(one, visit.now):
            change = words.change_words(one.changes, one.rule_id)
            who = f"{one.set_by.name}, {timezone.localtime(one.set_at):%Y-%m-%d}: {one.reason}"
            yield f"{words.rule_name(one.rule_id, names)}: {change} ({who})"
