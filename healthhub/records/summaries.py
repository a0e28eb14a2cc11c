"""Hours and days of a kind: kept as rows, made again for every local day that a late, corrected or deleted reading touches.

A write only marks the day (`Stale`); whoever reads makes marked days again first, and the sweep does so in the background. The
local day and hour are those of the wall clock where the reading was taken (its own offset), so travel and DST need no rule.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthhub.records import timeline
from healthhub.records.catalogue import BY_NUMBER

_MAKE = """
INSERT INTO records_summary (patient_id, kind, day, hour, source_id, n, span, low, high, total, low2, high2, total2)
SELECT patient_id, kind, local::date, extract(hour FROM local)::smallint, source_id, count(*), coalesce(max(seconds), 0),
       min(value), max(value), sum(value), min(value2), max(value2), sum(value2)
FROM (
    SELECT o.*, o.at AT TIME ZONE 'UTC' + o.utc_offset * interval '1 minute' AS local
    FROM records_observation o
    -- Offsets lie between -12 and +14 hours, so a local day lies within these 50 hours.
    WHERE o.patient_id = %s AND o.kind = %s AND o.state = 0
      AND o.at >= (%s::date - interval '14 hours') AT TIME ZONE 'UTC' AND o.at < (%s::date + interval '36 hours') AT TIME ZONE 'UTC'
) readings
WHERE local::date = %s
GROUP BY patient_id, kind, local::date, extract(hour FROM local), source_id
"""


def refresh(*, patient_id: UUID, kind: int | None = None) -> int:
    """This function will make the patient's marked days again (of one kind, or of all) and give how many there were.

    It holds the patient's write lock: a reading that arrives meanwhile waits, and marks its day anew.
    """
    if not _marked(patient_id, kind):
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        timeline.lock(patient_id=patient_id)
        cursor.execute(
            "DELETE FROM records_stale WHERE patient_id = %s AND kind = coalesce(%s::smallint, kind) RETURNING kind, day",
            [patient_id, kind],
        )
        marked = cursor.fetchall()
        for number, day in marked:
            cursor.execute("DELETE FROM records_summary WHERE patient_id = %s AND kind = %s AND day = %s", [patient_id, number, day])
            cursor.execute(_MAKE, [patient_id, number, day, day, day])
    return len(marked)


def _marked(patient_id: UUID, kind: int | None) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM records_stale WHERE patient_id = %s AND kind = coalesce(%s::smallint, kind))", [patient_id, kind]
        )
        return bool(cursor.fetchone()[0])


def refresh_some(*, limit: int) -> int:
    """This function will make the marked days of up to `limit` patients again: the sweep's share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT patient_id FROM (SELECT patient_id FROM records_stale LIMIT %s) s", [limit])
        patients = [row[0] for row in cursor.fetchall()]
    return sum(refresh(patient_id=patient_id) for patient_id in patients)


def refresh_of(*, patient_ids: Collection[UUID]) -> int:
    """This function will make the marked days of these patients again, before they are counted together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT patient_id FROM records_stale WHERE patient_id = ANY(%s::uuid[])", [list(patient_ids)])
        marked = [row[0] for row in cursor.fetchall()]
    return sum(refresh(patient_id=patient_id) for patient_id in marked)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour or day: how many readings, extremes and mean (or sum, for what adds up) in the kind's canonical unit."""

    start: datetime | date
    n: int
    low: float
    high: float
    mean: float
    total: float
    low2: float | None
    high2: float | None
    mean2: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    day: date
    hour: int
    source: str
    priority: int
    n: int
    span: int
    low: float
    high: float
    total: float
    low2: float | None
    high2: float | None
    total2: float | None


def hours(*, patient_id: UUID, kind: int, since: date, until: date) -> list[Hour]:
    """This function will give the summed hours per source, since <= day <= until, after making marked days again."""
    refresh(patient_id=patient_id, kind=kind)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.day, m.hour, s.key, s.priority, m.n, m.span, m.low, m.high, m.total, m.low2, m.high2, m.total2 "
            "FROM records_summary m JOIN records_source s ON s.id = m.source_id "
            "WHERE m.patient_id = %s AND m.kind = %s AND m.day BETWEEN %s AND %s ORDER BY m.day, m.hour, s.priority, s.key",
            [patient_id, kind, since, until],
        )
        return [Hour(*row) for row in cursor.fetchall()]


def counted(found: Sequence[Hour], *, cumulative: bool) -> list[Hour]:
    """This function will leave out what another source measured too, for kinds that add up (phone and watch steps).

    Per hour the source of the lowest priority number counts. Where any source sends periods longer than an hour, its day cannot
    be cut into hours: then one source counts for the whole day, the one of the lowest number, and of two equal ones the fuller.
    """
    if not cumulative:
        return list(found)
    by_day: dict[date, list[Hour]] = defaultdict(list)
    for hour in found:
        by_day[hour.day].append(hour)
    kept: list[Hour] = []
    for of_day in by_day.values():
        if any(h.span > 3600 for h in of_day):
            totals: dict[tuple[int, str], float] = defaultdict(float)
            for h in of_day:
                totals[h.priority, h.source] += h.total
            best = min(totals, key=lambda who: (who[0], -totals[who], who[1]))
            kept += [h for h in of_day if (h.priority, h.source) == best]
        else:
            first: dict[int, Hour] = {}
            for h in of_day:
                if h.hour not in first or (h.priority, -h.total) < (first[h.hour].priority, -first[h.hour].total):
                    first[h.hour] = h
            kept += first.values()
    return kept


def _pool(start: datetime | date, parts: Sequence[Hour]) -> Bucket:
    n, total = sum(p.n for p in parts), sum(p.total for p in parts)
    pairs = [p for p in parts if p.total2 is not None]
    two = bool(pairs)
    return Bucket(
        start=start,
        n=n,
        low=min(p.low for p in parts),
        high=max(p.high for p in parts),
        mean=total / n,
        total=total,
        low2=min(p.low2 for p in pairs if p.low2 is not None) if two else None,
        high2=max(p.high2 for p in pairs if p.high2 is not None) if two else None,
        mean2=sum(p.total2 for p in pairs if p.total2 is not None) / n if two else None,
    )


def daily(*, patient_id: UUID, kind: int, since: date, until: date) -> list[Bucket]:
    """This function will give one bucket per local day that has readings."""
    return pooled_days(hours(patient_id=patient_id, kind=kind, since=since, until=until), cumulative=BY_NUMBER[kind].cumulative)


def pooled_days(found: Sequence[Hour], *, cumulative: bool) -> list[Bucket]:
    """This function will pool hours of all sources into days, counting once what two sources measured."""
    days: dict[date, list[Hour]] = defaultdict(list)
    for hour in counted(found, cumulative=cumulative):
        days[hour.day].append(hour)
    return [_pool(day, parts) for day, parts in sorted(days.items())]


def hourly(*, patient_id: UUID, kind: int, since: date, until: date) -> list[Bucket]:
    """This function will give one bucket per local hour that has readings; `start` is the naive wall-clock hour."""
    found = counted(hours(patient_id=patient_id, kind=kind, since=since, until=until), cumulative=BY_NUMBER[kind].cumulative)
    slots: dict[datetime, list[Hour]] = defaultdict(list)
    for hour in found:
        slots[datetime(hour.day.year, hour.day.month, hour.day.day) + timedelta(hours=hour.hour)].append(hour)  # noqa: DTZ001 - wall clock
    return [_pool(start, parts) for start, parts in sorted(slots.items())]


def five_minutes(*, patient_id: UUID, kind: int, since: datetime, until: datetime) -> list[Bucket]:
    """This function will give buckets of five minutes of UTC, straight from the readings: for windows of days, not years."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_bin('5 minutes', at, '2000-01-01Z') AS slot, count(*), min(value), max(value), avg(value), sum(value), "
            "min(value2), max(value2), avg(value2) FROM records_observation "
            "WHERE patient_id = %s AND kind = %s AND state = 0 AND at >= %s AND at < %s GROUP BY slot ORDER BY slot",
            [patient_id, kind, since, until],
        )
        return [Bucket(*row) for row in cursor.fetchall()]


def why(*, patient_id: UUID, kind: int, day: date) -> dict[str, Any]:
    """This function will tell where a day's number comes from: each hour and source, and whether it counts."""
    found = hours(patient_id=patient_id, kind=kind, since=day, until=day)
    kept = set(counted(found, cumulative=BY_NUMBER[kind].cumulative))
    buckets = daily(patient_id=patient_id, kind=kind, since=day, until=day)
    return {
        "day": day,
        "bucket": buckets[0] if buckets else None,
        "parts": [
            {
                "hour": h.hour,
                "source": h.source,
                "priority": h.priority,
                "n": h.n,
                "low": h.low,
                "high": h.high,
                "total": h.total,
                "counts": h in kept,
                "because": "counted" if h in kept else "another_source_of_higher_priority_covers_it",
            }
            for h in found
        ],
    }
