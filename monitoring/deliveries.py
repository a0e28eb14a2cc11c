"""What came from where: per source, sender and day what was kept and what refused, so that silence and refusals can be seen."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from healthhub.audit import log
from healthhub.lib.asked import told
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records import batteries, found, shown
from healthhub.records.batteries import Charge
from healthhub.records.catalogue import BY_NUMBER
from monitoring.models import Delivery

DAYS = 30  # that are looked at
KEPT_DAYS = 100
MOST_SOURCES = 20  # of one batch that are told apart by name where nothing of them was kept
LONGEST_NAME = 80
KEPT = ("stored", "corrected")

_NOTE = """
INSERT INTO monitoring_delivery AS d (patient_id, day, source, sender_kind, sender, kept, repeated, refused, reasons, last_at)
SELECT %s::uuid, %s::date, source, %s, %s::uuid, kept, repeated, refused, reasons, %s::timestamptz
FROM json_to_recordset(%s::json) AS r(source text, kept int, repeated int, refused int, reasons jsonb) ORDER BY source
ON CONFLICT (patient_id, day, source, sender) DO UPDATE SET
    kept = d.kept + excluded.kept, repeated = d.repeated + excluded.repeated, refused = d.refused + excluded.refused,
    last_at = GREATEST(d.last_at, excluded.last_at),
    reasons = CASE WHEN excluded.reasons = '{}'::jsonb THEN d.reasons ELSE (
        SELECT jsonb_object_agg(code, n) FROM (
            SELECT key AS code, sum(value::int) AS n
            FROM (SELECT * FROM jsonb_each_text(d.reasons) UNION ALL SELECT * FROM jsonb_each_text(excluded.reasons)) AS each
            GROUP BY key) AS summed) END
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent it: a device (`token`) or a person (`user`), by name."""

    kind: str
    id: UUID
    name: str
    last_at: datetime
    kept: int
    refused: int


@dataclass(slots=True)
class FromSource:
    """One source in the last 30 days. `days` are her own days with a reading; `gap` the longest run of days without one since the first."""

    source: str
    last_received_at: datetime | None = None
    battery: Charge | None = None
    kept: int = 0
    repeated: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    days: frozenset[date] = frozenset()
    gap: tuple[date, date] | None = None
    senders: list[Sender] = field(default_factory=list)


def named(source: object) -> str:
    """This function will give a sender's name of a source where it can be kept, "" otherwise."""
    return source if isinstance(source, str) and len(source) <= LONGEST_NAME and source.isprintable() else ""


def note(*, patient_id: UUID, by: Viewer, fates: Iterable[tuple[str, Mapping[str, Any]]], now: datetime) -> None:
    """This function will add the fates of readings, each with its source, to the day's count, in the caller's transaction."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    found_ = list(fates)
    kept = {source for source, fate in found_ if fate["fate"] in KEPT}
    few = len({source for source, _ in found_} - kept) <= MOST_SOURCES
    for source, fate in found_:
        what = "kept" if fate["fate"] in KEPT else "repeated" if fate["fate"] == "duplicate" else "refused"
        name = source if few or source in kept else ""
        counts[name][what] += 1
        if what == "refused":
            reasons[name][fate["code"]] += 1
    rows = [
        {"source": name, "kept": n["kept"], "repeated": n["repeated"], "refused": n["refused"], "reasons": reasons[name]}
        for name, n in counts.items()
    ]
    if rows:
        sender = by.user_id or by.token_id
        told(connection, _NOTE, [patient_id, now.astimezone(UTC).date(), by.kind, sender, now, json.dumps(rows)])


def of_patient(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[FromSource]:
    """This function will give the sources whose readings the viewer may see, the one heard of last first. Raises as `access.patient_for`.

    What was refused without a source that could be read stands under the source "".
    """
    patient, classes = access.opened(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="connections.read", patient_id=patient.id, now=now)
    numbers = [number for number in shown.numbers_of(classes=classes) if viewer.covers(BY_NUMBER[number].key)]
    today = now.astimezone(ZoneInfo(patient.time_zone)).date()
    first = today - timedelta(days=DAYS - 1)
    seen = {name: FromSource(name) for name in found.sources(patient_id=patient.id, kinds=numbers)}
    for origin in shown.origins_of(patient_id=patient.id):
        if origin.key in seen:
            seen[origin.key].last_received_at = origin.last_received_at
    for charge in batteries.of(patient_id=patient.id):
        if charge.source in seen:
            seen[charge.source].battery = charge
    for name, days in found.days_of_sources(patient_id=patient.id, kinds=numbers, since=first, until=today).items():
        if name in seen:
            seen[name].days, seen[name].gap = frozenset(days), _longest_gap(days, today)
    _delivered(patient.id, seen, first)
    return sorted(seen.values(), key=lambda one: (one.last_received_at is None, -_moment(one), one.source))


def _moment(one: FromSource) -> float:
    return one.last_received_at.timestamp() if one.last_received_at else 0.0


def _delivered(patient_id: UUID, seen: dict[str, FromSource], first: date) -> None:
    senders: dict[tuple[str, UUID], list[Delivery]] = defaultdict(list)
    for row in Delivery.objects.filter(patient=patient_id, day__gte=first).order_by("day"):
        unread = row.source not in seen and not row.kept
        if unread:
            seen.setdefault("", FromSource(""))
        if unread or row.source in seen:
            senders["" if unread else row.source, row.sender].append(row)
    names = access.names_of({sender for _, sender in senders})
    for (name, sender), rows in senders.items():
        one = seen[name]
        for row in rows:
            one.kept, one.repeated, one.refused = one.kept + row.kept, one.repeated + row.repeated, one.refused + row.refused
            one.reasons.update(row.reasons)
        kept, refused = sum(row.kept for row in rows), sum(row.refused for row in rows)
        one.senders.append(Sender(rows[0].sender_kind, sender, names.get(sender, ""), max(row.last_at for row in rows), kept, refused))


def _longest_gap(days: Iterable[date], today: date) -> tuple[date, date] | None:
    """The first and last day of the longest run without a reading, from the first day with one until yesterday; two days at least."""
    longest: tuple[date, date] | None = None
    ordered = sorted(days)
    for before, after in zip(ordered, [*ordered[1:], today], strict=True):
        run = (before + timedelta(days=1), after - timedelta(days=1))
        if (run[1] - run[0]).days >= 1 and (longest is None or run[1] - run[0] >= longest[1] - longest[0]):
            longest = run
    return longest


def drop_old(*, now: datetime) -> int:
    """This function will forget what is older than 100 days, and give how many rows that were; the sweep calls it."""
    return Delivery.objects.filter(day__lt=now.astimezone(UTC).date() - timedelta(days=KEPT_DAYS)).delete()[0]
