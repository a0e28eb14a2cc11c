"""One patient for a clinician: how she stands, what is open and why, what was measured, what was done."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.care import chain
from healthhub.lib.refused import NotVisible
from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS, Kind
from healthhub.records.models import Method
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient import contacts, evidence
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import head
from healthhub.web.patient.summary import summary
from healthhub.web.patient.words import rule_name
from healthhub.web.svg import Dot, trend
from monitoring import plans, worklist as doors
from monitoring.models import Alert
from risk import standings

SPANS = {"7": _n("7 days"), "30": _n("30 days"), "90": _n("90 days")}
MANY = 400  # more readings than this are drawn as days
TABLE = 60
LATELY = timedelta(days=10)
DRAWN = 6  # alerts that are drawn on one page


@page("clinician")
@or_glass
def chart(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the overview; with `?format=text` the clinical summary as plain text."""
    visit = request.visit
    if request.GET.get("format") == "text":
        return summary(request, patient_id)
    opened = head(request, patient_id, tab="chart")
    patient, classes = opened.patient, opened.classes
    alerts = doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    context = opened.context | _alerts_context(request, patient, alerts) | contacts.form_context()
    models = standings.current(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    context |= {"models": models, "silent": [shown.both(one["name"]) for one in models if one["assessment"]["value"] is None]}
    return render(request, "hh/chart.html", context | choices() | _trend_context(request, patient, classes, opened.newest, alerts))


@page("clinician")
def still(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will say to an open page that the patient may still be seen (204), or no longer (404): it asks when rights changed."""
    access.classes_open(request.visit.viewer, patient_id, action="read", now=request.visit.now)
    return HttpResponse(status=204)


@page("clinician")
def trend_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the drawing and its table anew."""
    visit = request.visit
    patient, classes = access.opened(visit.viewer, patient_id, action="read", now=visit.now)
    newest = readings.latest(patient_id=patient.id, classes=classes, now=visit.now)
    alerts = doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    return render(request, "hh/chart_trend.html", {"patient": patient} | _trend_context(request, patient, classes, newest, alerts))


@page("clinician")
def alerts_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the open alerts and the history anew."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
    alerts = doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    rights = {f"may_{action}": access.may(visit.viewer, patient.id, action=action, now=visit.now) for action in ("act", "limits")}
    context = {"patient": patient, "may_limit": rights["may_limits"]} | rights | _alerts_context(request, patient, alerts)
    return render(request, "hh/chart_alerts.html", context)


def _alerts_context(request: PageRequest, patient: Patient, alerts: list[Alert]) -> dict[str, Any]:
    """Open and closed alerts with who was told, what their rules are called, and the readings around the evidence."""
    visit = request.visit
    past = doors.past_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    return {
        "alerts": alerts,
        "past": past,
        "quiet": doors.snoozed_until(viewer=visit.viewer, alerts=alerts, now=visit.now),
    } | _about_alerts(visit, patient, [*alerts, *past], drawn=alerts)


def _about_alerts(visit: Visit, patient: Patient, alerts: list[Alert], *, drawn: list[Alert]) -> dict[str, Any]:
    names = plans.names(patient_id=patient.id, now=visit.now)
    return {
        "chains": chain.of(viewer=visit.viewer, alerts=alerts, now=visit.now),
        "rule_names": {alert.id: rule_name(alert.rule_id, names) for alert in alerts},
        "sparks": {alert.id: evidence.spark(alert, visit) for alert in drawn[:DRAWN]},
    }


def alert_card(request: PageRequest, patient_id: UUID, alert_id: UUID) -> HttpResponse:
    """This function will give one alert's card as it stands after a step: among the open ones, or closed."""
    visit, now = request.visit, timezone.now()
    live = doors.open_alerts(viewer=visit.viewer, patient_id=patient_id, now=now)
    found = [alert for alert in [*live, *doors.past_alerts(viewer=visit.viewer, patient_id=patient_id, now=now)] if alert.id == alert_id]
    if not found:
        raise NotVisible
    quiet = doors.snoozed_until(viewer=visit.viewer, alerts=found, now=now)
    may = access.may(visit.viewer, patient_id, action="limits", now=now)
    context = {"alert": found[0], "patient": found[0].patient, "quiet": quiet, "may_act": found[0] in live, "may_limit": may}
    context |= _about_alerts(visit, found[0].patient, found, drawn=found)
    return render(request, "hh/chart_alert.html", context)


def choices() -> dict[str, Any]:
    """This function will give what the forms of an alert offer."""
    return {
        "nobody": UUID(int=0),  # stands in the addresses of the forms until they are opened for an alert
        "outcomes": [(code, gettext(words)) for code, words in shown.OUTCOMES.items()],
        "snoozes": [(hours, gettext(words)) for hours, words in shown.SNOOZES.items()],
    }


def _trend_context(
    request: PageRequest, patient: Patient, classes: frozenset[str], newest: dict[str, Seen], alerts: list[Any]
) -> dict[str, Any]:
    """The kind that is asked for, else the one the first alert is about, else the newest."""
    visit = request.visit
    drawn = [key for key in newest if not BY_KEY[key].codes and not key.startswith("symptom_")]
    about = [one["kind"] for alert in alerts for one in alert.evidence.get("inputs", [])]
    wanted = [request.GET.get("kind", ""), *about, *(one.kind for one in sorted(newest.values(), key=lambda one: one.at, reverse=True))]
    chosen = next((key for key in wanted if key in drawn), None)
    span = request.GET.get("days", "30")
    span = span if span in SPANS else "30"
    context: dict[str, Any] = {
        "kinds": [(key, shown.both(BY_KEY[key].name), key == chosen) for key in drawn if key == chosen or _often(newest[key], visit.now)],
        "rarer": [(key, shown.both(BY_KEY[key].name), False) for key in drawn if key != chosen and not _often(newest[key], visit.now)],
        "spans": [(days, gettext(words), days == span) for days, words in SPANS.items()],
        "chosen": chosen,
        "span": span,
    }
    if chosen is None:
        return context
    kind, since = BY_KEY[chosen], visit.now - timedelta(days=int(span))
    found = readings.history(
        patient_id=patient.id, classes=classes, since=since, until=visit.now + timedelta(minutes=10), limit=MANY, kinds=[chosen]
    )
    limits = _limits(alerts, kind, visit)
    return context | {
        "kind": kind,
        "table": found[:TABLE],
        "sentence": _sentence(found, kind, visit),
        "wide": _drawing(patient, classes, found, kind, since, visit, limits, wide=True),
        "narrow": _drawing(patient, classes, found, kind, since, visit, limits, wide=False),
    }


def _often(one: Seen, now: datetime) -> bool:
    """Whether a kind is followed at home at present: the laboratory's and what was measured long ago stand behind these."""
    kind = BY_KEY[one.kind]
    return kind.data_class != "labs" and one.method == Method.DEVICE and now - one.at < LATELY


def _limits(alerts: list[Any], kind: Kind, visit: Visit) -> list[float]:
    """The limits used by her open alerts on this kind, with the usual reference lines."""
    unit = shown.unit_of(kind, visit.glucose_unit)
    found = set(shown.LIMITS.get((kind.key, unit), ()))
    for alert in alerts:
        if any(one["kind"] == kind.key for one in alert.evidence.get("inputs", [])):
            for limit in alert.evidence.get("limits", []):
                if limit.get("unit") == unit:
                    found.add(float(limit["value"]))
                elif limit.get("unit") == kind.unit:
                    found.add(from_canonical(float(limit["value"]), unit=unit, kind=kind))
    return sorted(found)


def _sentence(found: list[Seen], kind: Kind, visit: Visit) -> str:
    if not found:
        return gettext("No readings in this time.")
    unit = shown.unit_of(kind, visit.glucose_unit)
    mean = shown.figure(sum(one.value for one in found) / len(found), kind=kind, unit=unit)
    pairs = [one.value2 for one in found if one.value2 is not None]
    if pairs:
        mean = f"{mean}/{shown.figure(sum(pairs) / len(pairs), kind=kind, unit=unit)}"
    words = (
        gettext("%(n)s readings, mean %(mean)s %(unit)s")
        if len(found) < MANY
        else gettext("The last %(n)s readings, mean %(mean)s %(unit)s")
    )
    return words % {"n": len(found), "mean": mean, "unit": shown.unit_words(unit)}


def _drawing(
    patient: Patient,
    classes: frozenset[str],
    found: list[Seen],
    kind: Kind,
    since: datetime,
    visit: Visit,
    limits: list[float],
    *,
    wide: bool,
) -> SafeString:
    unit = shown.unit_of(kind, visit.glucose_unit)
    if len(found) < MANY and not kind.cumulative:
        dots = [_dot(one, unit=unit, kind=kind, visit=visit) for one in reversed(found)]
    else:
        today = timezone.localtime(visit.now).date()
        days = readings.days(patient_id=patient.id, kinds=[kind.key], since=timezone.localtime(since).date(), until=today, classes=classes)
        dots = shown.day_dots(days.get(kind.key, []), kind=kind, unit=unit)
    start, end = shown.days_since_epoch(since), shown.days_since_epoch(visit.now)
    marks = []
    today, ticks = timezone.localtime(visit.now).date(), 4 if wide else 3
    for number in range(ticks):
        at = since + (visit.now - since) * (number + 0.5) / ticks
        marks.append(
            (shown.days_since_epoch(at), shown.day_words(timezone.localtime(at).date(), today=timezone.localtime(visit.now).date()))
        )
    label = f"{shown.both(kind.name)}: {_sentence(found, kind, visit)}"
    scale = shown.scale_for(kind, unit=unit, dots=dots)
    return trend(dots, since=start, until=end + 0.2, scale=scale, limits=limits, days=marks, wide=wide, label=label)


def _dot(one: Seen, *, unit: str, kind: Kind, visit: Visit) -> Dot:
    words = shown.value_words(one, glucose_unit=visit.glucose_unit)
    says = f"{words.figure} {words.unit}, {shown.clock_words(one.at, now=visit.now)}"
    low = None if one.value2 is None else from_canonical(one.value2, unit=unit, kind=kind)
    return Dot(shown.days_since_epoch(one.at), from_canonical(one.value, unit=unit, kind=kind), low, bool(one.flags & SUSPICIOUS), says)
