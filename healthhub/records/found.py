"""Readings looked for by more than kind and time: by when they came, by the sender's key, the last few of each kind; and their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.records import summaries
from healthhub.records.timeline import SELECT, dicts

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# How a list may be ordered: the column, and whether the newest stands first.
ORDERS = {"date": ("at", False), "-date": ("at", True), "_lastUpdated": ("received_at", False), "-_lastUpdated": ("received_at", True)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Kinds (catalogue numbers), half-open spans of measuring and of arrival, an order of ORDERS, and where the page before ended."""

    kinds: Sequence[int]
    since: datetime = FIRST
    until: datetime = LAST
    arrived_since: datetime = FIRST
    arrived_until: datetime = LAST
    order: str = "-date"
    behind: tuple[datetime, int] | None = None


def search(*, patient_id: UUID, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """This function will give current readings in the order wanted, `limit` at most."""
    column, newest_first = ORDERS[wanted.order]
    sign, way = ("<", "DESC") if newest_first else (">", "ASC")
    behind = wanted.behind or ((LAST, 2**62) if newest_first else (FIRST, 0))
    with connection.cursor() as cursor:
        cursor.execute(
            SELECT + "WHERE o.patient_id = %s AND o.state = 0 AND o.kind = ANY(%s) AND o.at >= %s AND o.at < %s AND o.received_at >= %s "
            f"AND o.received_at < %s AND (o.{column}, o.seq) {sign} (%s, %s) ORDER BY o.{column} {way}, o.seq {way} LIMIT %s",
            [patient_id, list(wanted.kinds), wanted.since, wanted.until, wanted.arrived_since, wanted.arrived_until, *behind, limit],
        )
        return dicts(cursor)


def last_of_each(*, patient_id: UUID, kinds: Sequence[int], most: int) -> list[dict[str, Any]]:
    """This function will give the newest `most` current readings of each kind, kind by kind, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.* FROM unnest(%s::smallint[]) WITH ORDINALITY AS k(kind, place) CROSS JOIN LATERAL (" + SELECT + "WHERE "
            "o.patient_id = %s AND o.state = 0 AND o.kind = k.kind ORDER BY o.at DESC, o.seq DESC LIMIT %s) o ORDER BY k.place, o.at DESC",
            [list(kinds), patient_id, most],
        )
        return dicts(cursor)


def by_key(*, patient_id: UUID, key: str, kinds: Sequence[int]) -> list[dict[str, Any]]:
    """This function will give the current readings of the kinds that carry the sender's `key`, two at most."""
    with connection.cursor() as cursor:
        cursor.execute(
            SELECT + "WHERE o.patient_id = %s AND o.state = 0 AND o.kind = ANY(%s) AND o.key = %s ORDER BY o.seq LIMIT 2",
            [patient_id, list(kinds), key],
        )
        return dicts(cursor)


def sources(*, patient_id: UUID, kinds: Sequence[int]) -> dict[str, int]:
    """This function will give the sources from which readings of the kinds came: their own name -> number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.key, s.id FROM records_source s WHERE s.patient_id = %s AND EXISTS (SELECT 1 FROM records_observation o "
            "WHERE o.patient_id = s.patient_id AND o.source_id = s.id AND o.state = 0 AND o.kind = ANY(%s)) ORDER BY s.id",
            [patient_id, list(kinds)],
        )
        return dict(cursor.fetchall())


def days_of_sources(*, patient_id: UUID, kinds: Sequence[int], since: date, until: date) -> dict[str, list[date]]:
    """This function will give her days (of the clock where she was) with a reading of the kinds, source by source."""
    summaries.refresh(patient_id=patient_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.key, array_agg(DISTINCT m.day ORDER BY m.day) FROM records_summary m JOIN records_source s ON s.id = m.source_id "
            "WHERE m.patient_id = %s AND m.kind = ANY(%s) AND m.day BETWEEN %s AND %s GROUP BY s.key",
            [patient_id, list(kinds), since, until],
        )
        return dict(cursor.fetchall())
