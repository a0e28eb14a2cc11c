"""One course of everything that happened to a patient, day by day: readings, alerts, medication, symptoms, limits, contacts, notices.

A page of it is a window of days, newest first; the cursor is the day before which the next page begins.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from healthhub.audit import log
from healthhub.care import contacts
from healthhub.lib.data_classes import parts
from healthhub.lib.refused import Invalid
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records import shown, summaries
from healthhub.records.catalogue import KINDS
from healthhub.records.summaries import Bucket
from monitoring.models import Alert, Limit, Step
from notifications import told

SORTS = ("readings", "alerts", "medication", "symptoms", "limits", "contacts", "notices")
WINDOW = 14  # days of one page
LONGEST = 365  # days back
MOST = 300  # of one sort in one page
TOLD_STEPS = (
    "opened", "worsened", "acknowledged", "handed_back", "came_back", "escalated", "noted", "resolved", "cleared",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something at a moment: `what` is a Seen (medication, symptoms, answers), a Step, a Limit (set or ended), a contact, notices."""

    at: datetime
    sort: str
    what: Any
    did: str = ""
    by: str = ""
    rule: str = ""  # of a notice: the rule of the alert it is about


@dataclass(slots=True)
class Day:
    """A day of the reader's zone: the readings of each kind in short (kind, bucket), and what happened, newest first."""

    day: date
    readings: list[tuple[str, Bucket]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """Days that hold something, newest first, between `since` and `until` (days, both in); `next` is the cursor of the page before."""

    days: list[Day]
    since: date
    until: date
    next: str | None


def page(
    *,
    viewer: Viewer,
    patient_id: UUID,
    now: datetime,
    zone: ZoneInfo,
    sorts: Collection[str] = SORTS,
    days: int = 30,
    before: str | None = None,
) -> Page:
    """This function will give one page of the course of the last `days` days: up to 14 days that end before the day `before`.

    Of each sort what the viewer may see: classes of data decide over readings and alerts, notices are for clinicians. Raises as
    `access.patient_for`, and Invalid `bad_cursor`.
    """
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    today = now.astimezone(zone).date()
    until = _cursor(before) - timedelta(days=1) if before else today
    first = today - timedelta(days=min(days, LONGEST) - 1)
    since = max(first, until - timedelta(days=WINDOW - 1))
    ends = (datetime.combine(since, time(), zone), datetime.combine(until + timedelta(days=1), time(), zone))
    clinical = access.may(viewer, patient, action="clinical", now=now)
    log.record(by=viewer, did="observations.read", patient_id=patient, now=now)
    found: dict[date, Day] = {}
    for event in _events(viewer, patient, classes, sorts, ends, clinical=clinical, now=now):
        _day(found, event.at.astimezone(zone).date()).events.append(event)
    if "readings" in sorts:
        for kind, buckets in _readings(patient, classes, since, until).items():
            for bucket in buckets:
                if isinstance(bucket.start, date):
                    _day(found, bucket.start).readings.append((kind, bucket))
    for one in found.values():
        one.events.sort(key=lambda event: event.at, reverse=True)
    ordered = sorted(found.values(), key=lambda one: one.day, reverse=True)
    return Page(ordered, since, until, since.isoformat() if since > first else None)


def _cursor(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("There is no such page.", code="bad_cursor", field="before") from error


def _day(found: dict[date, Day], day: date) -> Day:
    return found.setdefault(day, Day(day))


def _events(
    viewer: Viewer,
    patient: UUID,
    classes: frozenset[str],
    sorts: Collection[str],
    ends: tuple[datetime, datetime],
    *,
    clinical: bool,
    now: datetime,
) -> Iterator[Event]:
    since, until = ends
    if "medication" in sorts or "symptoms" in sorts:
        yield from _answers(patient, classes, sorts, since, until)
    if "alerts" in sorts:
        yield from _alerts(patient, classes, since, until)
    if "limits" in sorts:
        yield from _limits(patient, since, until)
    if "contacts" in sorts:
        for one in contacts.contacts_of(viewer=viewer, patient_id=patient, now=now, since=since, until=until, limit=MOST):
            yield Event(one.at, "contacts", one, by=one.by_name)
    if "notices" in sorts and clinical:
        yield from _notices(patient, classes, since, until)


def answered() -> list[str]:
    """This function will list the kinds that are told one by one: what was taken, felt or answered, not measured."""
    return [kind.key for kind in KINDS if kind.codes or kind.key.startswith("symptom_")]


def _answers(patient: UUID, classes: frozenset[str], sorts: Collection[str], since: datetime, until: datetime) -> Iterator[Event]:
    found = shown.history(patient_id=patient, classes=classes, since=since, until=until, limit=MOST, kinds=answered())
    for one in found:
        sort = "medication" if one.kind == "medication_taken" else "symptoms"
        # A symptom that was asked for and is not there is no event.
        if sort in sorts and not (one.kind.startswith("symptom_") and one.value == 0):
            yield Event(one.at, sort, one)


def _readings(patient: UUID, classes: frozenset[str], since: date, until: date) -> dict[str, list[Bucket]]:
    summaries.refresh(patient_id=patient)
    kinds = [kind.key for kind in KINDS if kind.data_class in classes and not kind.codes and not kind.key.startswith("symptom_")]
    found = shown.days_of_many(pairs=[(patient, kind) for kind in kinds], since=since, until=until)
    return {kind: found[patient, kind] for kind in kinds if (patient, kind) in found}


def _alerts(patient: UUID, classes: frozenset[str], since: datetime, until: datetime) -> Iterator[Event]:
    rows = Step.objects.filter(alert__patient_id=patient, did__in=TOLD_STEPS, at__gte=since, at__lt=until)
    for step in rows.select_related("alert", "by").order_by("-at")[:MOST]:
        if parts(step.alert.data_class) <= classes:
            yield Event(step.at, "alerts", step, did=step.did, by=step.by.name if step.by else "")


def _limits(patient: UUID, since: datetime, until: datetime) -> Iterator[Event]:
    within = Q(set_at__gte=since, set_at__lt=until) | Q(ended_at__gte=since, ended_at__lt=until)
    for limit in Limit.objects.filter(within, patient_id=patient).select_related("set_by", "ended_by"):
        if since <= limit.set_at < until:
            yield Event(limit.set_at, "limits", limit, did="set", by=limit.set_by.name)
        if limit.ended_at and since <= limit.ended_at < until:
            yield Event(limit.ended_at, "limits", limit, did="ended", by=limit.ended_by.name if limit.ended_by else "")


def _notices(patient: UUID, classes: frozenset[str], since: datetime, until: datetime) -> Iterator[Event]:
    """Of one thing, for one reason, at one moment: one event with everyone who was told."""
    groups: dict[tuple[str, str, datetime], list[told.Told]] = defaultdict(list)
    for one in told.of_patient(patient, since=since, until=until, limit=MOST):
        if not one.data_class or parts(one.data_class) <= classes:
            groups[one.about, one.reason, one.at].append(one)
    rules = _rules({about for about, _, _ in groups})
    for (about, reason, at), people in groups.items():
        yield Event(at, "notices", people, did=reason, rule=rules.get(about, ""))


def _rules(about: Collection[str]) -> dict[str, str]:
    """The rules of the alerts that notices are about (`alert:<id>`), by what they are about."""
    ids = [one.removeprefix("alert:") for one in about if one.startswith("alert:")]
    return {f"alert:{pk}": rule for pk, rule in Alert.objects.filter(pk__in=ids).values_list("pk", "rule_id")}
