"""The timeline: everything of a patient day by day, one kind or all, older days by the cursor; what is new waits in a pill."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.care import course as doors
from healthhub.care.course import Day, Event
from healthhub.people import access
from healthhub.records.catalogue import BY_KEY
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient import contacts, words
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import head
from monitoring import plans

SORTS = {
    "": _n("All"),
    "readings": _n("Readings"),
    "alerts": _n("Alerts"),
    "medication": _n("Medication"),
    "symptoms": _n("Symptoms and answers"),
    "limits": _n("Limits"),
    "contacts": _n("Contacts"),
    "notices": _n("Notices"),
}
SPANS = {"7": _n("7 days"), "30": _n("30 days"), "90": _n("90 days"), "365": _n("1 year")}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is shown: `tone` for its mark, `title`, what belongs to it, and who did it."""

    at: datetime
    sort: str
    tone: str
    title: str
    text: str = ""
    by: str = ""
    told: tuple[tuple[str, str], ...] = ()
    was: tuple[tuple[datetime, str], ...] = ()
    contact: UUID | None = None


@dataclass(frozen=True, slots=True)
class ShownDay:
    day: date
    words: str
    readings: list[tuple[str, str, str]]  # name, values, how many
    lines: list[Line]


@page("clinician")
@or_glass
def timeline(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the timeline, or, to the timeline itself, the days before a cursor."""
    if request.htmx and request.GET.get("before"):
        visit = request.visit
        patient = access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
        return render(request, "hh/chart_course_days.html", {"patient": patient} | days_context(request, patient_id))
    opened = head(request, patient_id, tab="chart_course")
    return render(request, "hh/chart_course.html", opened.context | contacts.form_context() | days_context(request, patient_id))


def days_context(request: PageRequest, patient_id: UUID) -> dict[str, Any]:
    """This function will give the days asked for with the filters as links."""
    visit, asked = request.visit, request.GET
    sort = asked.get("sort", "") if asked.get("sort", "") in SORTS else ""
    span = asked.get("days", "30") if asked.get("days", "30") in SPANS else "30"
    found = doors.page(
        viewer=visit.viewer,
        patient_id=patient_id,
        now=visit.now,
        zone=visit.zone,
        sorts=(sort,) if sort else doors.SORTS,
        days=int(span),
        before=asked.get("before") or None,
    )
    names = plans.names(patient_id=patient_id, now=visit.now)
    return {
        "days": [_day(day, visit, names) for day in found.days],
        "next": found.next,
        "since": shown.day_words(found.since, today=timezone.localtime(visit.now).date()),
        "sort": sort,
        "span": span,
        "sorts": [(key, gettext(label), key == sort) for key, label in SORTS.items()],
        "spans": [(days, gettext(label), days == span) for days, label in SPANS.items()],
    }


def _day(day: Day, visit: Visit, names: dict[str, dict[str, str]]) -> ShownDay:
    today = timezone.localtime(visit.now).date()
    readings = [(shown.both(BY_KEY[kind].name), *bucket_words(kind, bucket, visit)) for kind, bucket in day.readings]
    lines = folded([_line(event, visit, names) for event in day.events], visit)
    return ShownDay(day.day, shown.day_words(day.day, today=today), readings, lines)


def folded(lines: list[Line], visit: Visit) -> list[Line]:
    """This function will draw what was taken as planned in a day together: one line that tells when, at the place of the last."""
    taken = [line for line in lines if line.sort == "medication" and line.tone == "pill"]
    if len(taken) < 2:
        return lines
    times = (f"{timezone.localtime(line.at, visit.zone):%H:%M} {line.text}".strip() for line in reversed(taken))
    title = gettext("Medication taken, %(n)s times") % {"n": len(taken)}
    one = Line(taken[0].at, "medication", "pill", title, " · ".join(times))
    return [one if line is taken[0] else line for line in lines if line is taken[0] or line not in taken]


def bucket_words(kind: str, bucket: Bucket, visit: Visit) -> tuple[str, str]:
    """This function will put a day of a kind in words: its sum, its one value, or from where to where with the mean; and how many."""
    one = BY_KEY[kind]
    unit = shown.unit_of(one, visit.glucose_unit, visit.own_units)

    def said(value: float) -> str:
        return shown.figure(value, kind=one, unit=unit)

    tail = f" {shown.unit_words(unit)}".rstrip()
    if one.cumulative:
        return f"{said(bucket.total)}{tail}", ""
    mean = said(bucket.mean) + (f"/{said(bucket.mean2)}" if bucket.mean2 is not None else "")
    if bucket.n == 1:
        return f"{mean}{tail}", ""
    spread = f"{said(bucket.low)}–{said(bucket.high)}"
    if bucket.low2 is not None and bucket.high2 is not None:
        spread += f" / {said(bucket.low2)}–{said(bucket.high2)}"
    return f"{spread}{tail}", gettext("mean %(mean)s of %(n)s") % {"mean": mean, "n": bucket.n}


def _line(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    return LINES[event.sort](event, visit, names)


def _answer(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    one = event.what
    kind = BY_KEY[one.kind]
    text = str((one.context or {}).get("drug", "") or (one.context or {}).get("note", ""))
    if one.kind == "medication_taken":
        taken = one.value >= 1
        return Line(
            event.at, event.sort, "pill" if taken else "watch", gettext("Medication taken") if taken else gettext("Medication missed"), text
        )
    told = shown.value_words(one, glucose_unit=visit.glucose_unit, own=visit.own_units)
    figure = words.code_words(kind.codes[int(one.value)]) if kind.codes and 0 <= one.value < len(kind.codes) else told.figure
    tone = "amber" if one.kind.startswith("symptom_") and one.value >= 2 else "symptoms"
    return Line(event.at, event.sort, tone, f"{shown.both(kind.name)}: {figure} {told.unit}".strip(), text)


def _alert(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    step = event.what
    title = f"{words.rule_name(step.alert.rule_id, names)} · {gettext(shown.STEPS.get(step.did, step.did))}"
    text = str(step.detail.get("text", "")) if step.did in ("noted", "resolved") else ""
    if step.did == "opened":
        text = shown.both(step.alert.evidence.get("texts", {}).get("clinician", ""))
    if step.did == "resolved" and step.detail.get("outcome"):
        outcome = gettext(shown.OUTCOMES.get(str(step.detail["outcome"]), str(step.detail["outcome"])))
        text = f"{outcome}: {text}" if text else outcome
    tone = "calm" if step.did in ("resolved", "cleared") else step.alert.severity
    return Line(event.at, event.sort, tone, title, text, event.by)


def _limit(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    limit = event.what
    name = words.rule_name(limit.rule_id, names)
    if event.did == "ended":
        return Line(event.at, event.sort, "settings", gettext("Limit ended: %(rule)s") % {"rule": name}, "", event.by)
    title = gettext("Limit set: %(rule)s, %(change)s") % {"rule": name, "change": words.change_words(limit.changes, limit.rule_id)}
    return Line(event.at, event.sort, "settings", title, limit.reason, event.by)


def _contact(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    one = event.what
    text = gettext("The words are open only to those who may see all of her data.") if one.text is None else one.text
    was = tuple((old.recorded_at, old.text or "") for old in one.was)
    own = one.id if one.by_id == visit.viewer.user_id else None
    return Line(event.at, event.sort, "contact", gettext(words.CONTACTS.get(one.kind, one.kind)), text, one.by_name, was=was, contact=own)


def _notice(event: Event, visit: Visit, names: dict[str, dict[str, str]]) -> Line:
    people = tuple((one.name, gettext(words.CAME.get(one.came, one.came))) for one in event.what)
    reason = event.did.split("_")[0] if event.did.startswith(("escalated", "came", "worsened")) else event.did
    reason = "came_back" if reason == "came" else reason
    title = gettext("Notice sent: %(why)s") % {"why": gettext(words.TOLD.get(reason, reason))}
    if event.rule:
        title = f"{words.rule_name(event.rule, names)} · {title}"
    return Line(event.at, event.sort, "info", title, told=people)


LINES = {"medication": _answer, "symptoms": _answer, "alerts": _alert, "limits": _limit, "contacts": _contact, "notices": _notice}
