"""Readings as pages and answers show them: named kinds, aware times, only the classes a viewer may see."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from healthhub.records import summaries, timeline
from healthhub.records.catalogue import BY_KEY, BY_NUMBER, KINDS
from healthhub.records.models import Source
from healthhub.records.summaries import Bucket, Hour


@dataclass(frozen=True, slots=True)
class Seen:
    """One reading: canonical unit of its kind, `at` in UTC, `utc_offset` minutes where it was measured."""

    seq: int
    kind: str
    at: datetime
    utc_offset: int
    value: float
    value2: float | None
    seconds: int | None
    source: str
    key: str
    method: int
    flags: int
    state: int
    context: dict[str, Any] | None
    received_at: datetime


def seen(row: dict[str, Any]) -> Seen:
    """This function will name the kind of a row of `timeline`."""
    return Seen(**(row | {"kind": BY_NUMBER[row["kind"]].key}))


def numbers_of(*, classes: Collection[str], kinds: Iterable[str] | None = None) -> list[int]:
    """This function will give the catalogue numbers of the kinds that lie in the classes."""
    wanted = KINDS if kinds is None else [BY_KEY[key] for key in kinds if key in BY_KEY]
    return [kind.number for kind in wanted if kind.data_class in classes]


def latest(
    *,
    patient_id: UUID,
    classes: Collection[str],
    now: datetime,
    kinds: Iterable[str] | None = None,
    within: timedelta = timedelta(days=400),
) -> dict[str, Seen]:
    """This function will give the newest reading of each kind that she has and the viewer may see."""
    found = timeline.latest(patient_ids=[patient_id], kinds=numbers_of(classes=classes, kinds=kinds), now=now, within=within)
    return {one.kind: one for one in map(seen, found[patient_id])}


def history(
    *, patient_id: UUID, classes: Collection[str], since: datetime, until: datetime, limit: int = 200, kinds: Iterable[str] | None = None
) -> list[Seen]:
    """This function will give readings, newest first."""
    numbers = numbers_of(classes=classes, kinds=kinds)
    return [seen(row) for row in timeline.history(patient_id=patient_id, kinds=numbers, since=since, until=until, limit=limit)]


def days(*, patient_id: UUID, kinds: Iterable[str], since: date, until: date, classes: Collection[str]) -> dict[str, list[Bucket]]:
    """This function will give daily buckets of several kinds of one patient."""
    return {
        BY_NUMBER[number].key: summaries.daily(patient_id=patient_id, kind=number, since=since, until=until)
        for number in numbers_of(classes=classes, kinds=kinds)
    }


def days_of_many(*, pairs: Sequence[tuple[UUID, str]], since: date, until: date) -> dict[tuple[UUID, str], list[Bucket]]:
    """This function will give daily buckets of (patient, kind) pairs in one statement: sparklines of a worklist's page.

    Days still marked as stale are shown as they were last made; the sweep is at most seconds behind.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.patient_id, m.kind, m.day, m.hour, s.key, s.priority, m.n, m.span, m.low, m.high, m.total, m.low2, m.high2, m.total2 "
            "FROM unnest(%s::uuid[], %s::smallint[]) AS w(patient_id, kind) "
            "JOIN records_summary m ON m.patient_id = w.patient_id AND m.kind = w.kind AND m.day BETWEEN %s AND %s "
            "JOIN records_source s ON s.id = m.source_id ORDER BY m.day, m.hour, s.priority, s.key",
            [[patient_id for patient_id, _ in pairs], [BY_KEY[kind].number for _, kind in pairs], since, until],
        )
        rows = cursor.fetchall()
    by_pair: dict[tuple[UUID, str], list[Hour]] = defaultdict(list)
    for patient_id, number, *rest in rows:
        by_pair[patient_id, BY_NUMBER[number].key].append(Hour(*rest))
    return {pair: summaries.pooled_days(parts, cumulative=BY_KEY[pair[1]].cumulative) for pair, parts in by_pair.items()}


def latest_of_many(
    *, pairs: Sequence[tuple[UUID, str]], now: datetime, within: timedelta = timedelta(days=60)
) -> dict[tuple[UUID, str], Seen]:
    """This function will give the newest reading of each (patient, kind) pair, no older than `within`."""
    found: dict[tuple[UUID, str], Seen] = {}
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for patient_id, kind in pairs:
        by_kind[kind].append(patient_id)
    for kind, patient_ids in by_kind.items():
        rows = timeline.latest(patient_ids=patient_ids, kinds=[BY_KEY[kind].number], now=now, within=within)
        found |= {(patient_id, kind): seen(one) for patient_id, of_her in rows.items() for one in of_her}
    return found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where readings come from, as the sender calls it, and when it was last heard of."""

    key: str
    name: str
    last_received_at: datetime | None


def origins_of(*, patient_id: UUID) -> list[Origin]:
    """This function will list a patient's sources, the one heard of last first."""
    rows = Source.objects.filter(patient_id=patient_id).order_by(F("last_received_at").desc(nulls_last=True), "key")
    return [Origin(row.key, row.name, row.last_received_at) for row in rows]
