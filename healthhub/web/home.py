"""The patient's page: am I all right, what must I do, what were my last values. Seen by herself and by those who care for her."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from healthhub.care import medications
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, Kind
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import EVERYONE, PageRequest, Visit, page
from healthhub.web.svg import sparkline
from monitoring import expected, worklist as doors
from monitoring.unconfirmed import to_repeat

# What the first page shows, in this order; a kind without a reading takes no room.
KINDS = ("bp", "glucose", "cgm", "weight", "spo2", "hr", "rhr", "temp", "pef", "steps", "sleep", "pain")
LOGGABLE = frozenset({"bp", "glucose", "weight", "spo2", "temp", "hr", "pef"})
SILENT_AFTER = timedelta(days=7)
SPARK_DAYS = 14
EMERGENCY = {"CN": "120", "US": "911", "EU": "112"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The one sentence on top: how it stands, and what follows from it."""

    tone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """One kind on the first page: its newest reading and the last fortnight."""

    kind: Kind
    reading: Seen
    spark: SafeString
    lines: str  # the dashed reference lines in words, upper first


@page(*EVERYONE)
def first(request: PageRequest) -> HttpResponse:
    """This function will show each role what it came for."""
    roles = request.visit.roles
    if "clinician" in roles:
        return redirect("worklist")
    if "patient" in roles:
        own = request.visit.own
        if own is not None:
            return _home(request, own)
    for role, where in (("caregiver", "people"), ("programme_manager", "programme"), ("operator", "operations")):
        if role in roles:
            return redirect(where)
    return render(request, "hh/nobody.html")


@page("patient", "caregiver")
def home(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the page of a person she looks after."""
    return _home(request, access.patient_for(request.visit.viewer, patient_id, action="read", now=request.visit.now))


def _home(request: PageRequest, patient: Patient) -> HttpResponse:
    visit = request.visit
    context = _frame(request, patient) | state_of(visit, patient) | today_of(visit, patient) | values_of(visit, patient)
    return render(request, "hh/home.html", context)


def _frame(request: PageRequest, patient: Patient) -> dict[str, Any]:
    visit = request.visit
    may_write = access.may(visit.viewer, patient.id, action="write", now=visit.now)
    return {"patient": patient, "own": patient.user_id == visit.user.id, "may_write": may_write}


@page("patient", "caregiver")
def state_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the answer and the open alerts anew."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="read", now=request.visit.now)
    return render(request, "hh/home_state.html", _frame(request, patient) | state_of(request.visit, patient))


@page("patient", "caregiver")
def values_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give the last values anew."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="read", now=request.visit.now)
    return render(request, "hh/home_values.html", _frame(request, patient) | values_of(request.visit, patient))


@page("patient", "caregiver")
def tasks_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give what is to be done today anew."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="read", now=request.visit.now)
    return render(request, "hh/home_tasks.html", _frame(request, patient) | today_of(request.visit, patient))


def today_of(visit: Visit, patient: Patient) -> dict[str, Any]:
    """This function will gather what is to be done today, where she is: measurements that are due, and medicines."""
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    wanted = [one for one in expected.wanted_today(patient=patient, classes=allowed, now=visit.now) if one.kind in LOGGABLE]
    measures = [(one, BY_KEY[one.kind]) for one in wanted]
    doses = medications.tasks(viewer=visit.viewer, patient=patient, now=visit.now)
    undone = sum(not one.done for one in wanted) + sum(dose.taken is None for dose in doses)
    return {"measures": measures, "doses": doses, "undone": undone, "all_tasks": len(measures) + len(doses)}


def state_of(visit: Visit, patient: Patient) -> dict[str, Any]:
    """This function will gather what the upper half shows: the answer and the alerts."""
    found = doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    last = readings.latest(patient_id=patient.id, classes=allowed, now=visit.now)
    newest, whole = max((one.at for one in last.values()), default=None), allowed >= DATA_CLASSES
    # While something must be done, what is only watched stands behind it.
    pressing = [alert for alert in found if alert.severity in {"red", "urgent", "amber"}]
    said = answer(patient, found, newest=newest, own=patient.user_id == visit.user.id, whole=whole, now=visit.now)
    waits = (
        None if found and found[0].severity in {"red", "urgent"} else to_repeat(patient_id=patient.id, newest=last.values(), now=visit.now)
    )
    if waits is not None:
        said = Answer("amber", gettext("Please measure once more"), shown.both(waits[1]))
    return {
        "alerts": pressing or found,
        "lesser": [alert for alert in found if alert not in pressing] if pressing else [],
        "today": shown.today_words(now=visit.now),
        "greeting": greeting(timezone.localtime(visit.now, visit.zone).hour),
        "answer": said,
        "waits": waits[0].kind if waits else "",
        "steps": steps_for(found[0]) if found else "",
        "emergency": EMERGENCY.get(patient.locale, "112"),
    }


def steps_for(alert: Any) -> str:
    """This function will give the kind whose steps (rest, red flags, measure again) help with this alert; "" where none are needed."""
    if alert.severity not in {"red", "urgent"}:
        return ""
    inputs = alert.evidence.get("latest") or alert.evidence.get("inputs") or []
    return next((one["kind"] for one in inputs if one["kind"] in LOGGABLE), "")


def greeting(hour: int) -> str:
    """This function will greet by the hour of her clock."""
    if 5 <= hour < 12:
        return gettext("Good morning")
    return gettext("Good afternoon") if 12 <= hour < 18 else gettext("Good evening")


def answer(patient: Patient, found: list[Any], *, newest: datetime | None, own: bool, whole: bool, now: datetime) -> Answer:
    """This function will answer "am I all right?" honestly: silence is never called well, nor what the viewer may not see (`whole`)."""
    worst = found[0].severity if found else ""
    if worst == "red":
        return Answer("red", gettext("This needs help now"), gettext("Do what the first card below says, before anything else."))
    if worst == "urgent":
        return Answer("urgent", gettext("This needs attention today"), _told(found, gettext("Please read what to do below.")))
    if worst == "amber":
        count = sum(alert.severity == "amber" for alert in found)
        title = ngettext("One thing needs attention", "%(n)s things need attention", count) % {"n": count}
        return Answer("amber", title, gettext("It is not an emergency. Below is what you can do."))
    if newest is None:
        return Answer("silent", gettext("No readings yet"), gettext("Log the first reading; from then on this page says how it stands."))
    if now - newest > SILENT_AFTER:
        days = (now - newest).days
        title = ngettext("No reading for %(n)s day", "No reading for %(n)s days", days) % {"n": days}
        return Answer("silent", title, gettext("Without readings nobody can tell whether all is well. Please log one today."))
    return _calm(patient, own=own, whole=whole, watched=bool(found))


def _told(found: list[Any], text: str) -> str:
    """Who was told is said only where somebody was: without a team that she lets be told, nobody hears of it."""
    taken = any(alert.acknowledged_by_id for alert in found)
    reached = taken or any(step.get("people") for alert in found for step in alert.chain)
    said = gettext("The care team has been told.") if reached else gettext("Nobody but you has been told: call your doctor.")
    return shown.joined(text, said)


def _calm(patient: Patient, *, own: bool, whole: bool, watched: bool) -> Answer:
    if not whole:
        text = gettext("Only a part of the readings is shared with you; this says nothing about the rest.")
        return Answer("watch" if watched else "calm", gettext("Nothing in what you may see worries us"), text)
    title = (
        gettext("Nothing in your readings worries us")
        if own
        else gettext("Nothing in the readings of %(name)s worries us") % {"name": patient.name}
    )
    if watched:
        return Answer("watch", title, gettext("We keep an eye on the trend below."))
    return Answer("calm", title, gettext("If you feel unwell all the same, trust how you feel and ask for help."))


def values_of(visit: Visit, patient: Patient) -> dict[str, Any]:
    """This function will gather the cards of the last values that this viewer may see."""
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    newest = readings.latest(patient_id=patient.id, classes=allowed, now=visit.now, kinds=KINDS)
    today = timezone.localtime(visit.now, visit.zone).date()
    since = today - timedelta(days=SPARK_DAYS - 1)
    days = readings.days(patient_id=patient.id, kinds=newest, since=since, until=today, classes=allowed)
    cards = []
    for key in KINDS:
        if key in newest:
            kind = BY_KEY[key]
            unit = shown.unit_of(kind, visit.glucose_unit, visit.own_units)
            spark = spark_of(days.get(key, []), kind=kind, since=since, until=today, unit=unit)
            lines = shown.LIMITS.get((key, unit), ())
            cards.append(Card(kind, newest[key], spark, "/".join(f"{line:g}" for line in reversed(lines))))
    return {"cards": cards, "loggable": LOGGABLE}


def spark_of(days: list[Any], *, kind: Kind, since: Any, until: Any, unit: str) -> SafeString:
    """This function will draw a fortnight of one kind in the reader's unit, with a sentence that says the same."""
    days = [day for day in days if since <= day.start <= until]
    dots = shown.day_dots(days, kind=kind, unit=unit)
    label = gettext("%(kind)s, last 14 days: no readings") % {"kind": shown.both(kind.name)}
    if days:
        # Translators: kind of measurement, then lowest and highest value with unit, then number of days with readings
        label = gettext("%(kind)s, last 14 days: from %(low)s to %(high)s %(unit)s, on %(n)s days") % {
            "kind": shown.both(kind.name),
            "low": shown.figure(min(day.low if day.low2 is None else day.low2 for day in days), kind=kind, unit=unit),
            "high": shown.figure(max(day.high for day in days), kind=kind, unit=unit),
            "unit": shown.unit_words(unit),
            "n": len(days),
        }
    return sparkline(
        dots,
        since=shown.days_since_epoch(since) - 0.5,
        until=shown.days_since_epoch(until) + 0.5,
        scale=shown.scale_for(kind, unit=unit, dots=dots, small=True),
        limits=shown.LIMITS.get((kind.key, unit), ()),
        label=label,
    )
