"""Readings as partner systems ask for them: a span from either end, by the sender's own key, and what changed since a moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.records.models import State

COLUMNS = (
    "seq", "kind", "at", "utc_offset", "value", "value2", "seconds", "source", "key", "method", "flags", "state", "context", "received_at",
    "modified",
)  # fmt: skip
NAMES = [name if name != "source" else "source_key" for name in COLUMNS]
# A deletion is a change at its own moment; the row itself says only when the reading came.
_SELECT = """
SELECT o.seq, o.kind, o.at, o.utc_offset, o.value, o.value2, o.seconds, s.key, o.key, o.method, o.flags, o.state, o.context, o.received_at,
       CASE o.state WHEN 2 THEN coalesce((SELECT max(a.at) FROM records_amendment a WHERE a.patient_id = o.patient_id AND a.seq = o.seq),
                                         o.received_at) ELSE o.received_at END AS modified
FROM records_observation o JOIN records_source s ON s.id = o.source_id WHERE o.patient_id = %s AND o.kind = ANY(%s)
AND o.kind = ANY(CASE WHEN coalesce(o.context ? %s, false) THEN %s::smallint[] ELSE %s::smallint[] END)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose readings of which kinds (catalogue numbers): those of `plain` without the word `mark` in their context, of `marked` with it."""

    patient_id: UUID
    plain: Sequence[int]
    marked: Sequence[int] = ()
    mark: str = ""

    @property
    def values(self) -> list[Any]:
        """The values that `_SELECT` begins with."""
        return [self.patient_id, sorted({*self.plain, *self.marked}), self.mark, list(self.marked), list(self.plain)]


def _rows(statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    for row in found:
        row["context"] = json.loads(row["context"]) if row["context"] else None
    return found


def span(wanted: Wanted, *, since: datetime, until: datetime, limit: int, newest_first: bool = True) -> list[dict[str, Any]]:
    """This function will give current readings with since <= at < until, at most `limit`, from the newer or the older end."""
    order = "DESC" if newest_first else "ASC"
    statement = _SELECT + f"AND o.state = 0 AND o.at >= %s AND o.at < %s ORDER BY o.at {order}, o.seq {order} LIMIT %s"
    return _rows(statement, [*wanted.values, since, until, limit])


def by_key(wanted: Wanted, *, key: str) -> list[dict[str, Any]]:
    """This function will give the readings that carry the sender's key, newest arrival first; corrected ones are left out."""
    statement = _SELECT + "AND o.key = %s AND o.state <> %s ORDER BY o.seq DESC LIMIT 100"
    return _rows(statement, [*wanted.values, key, int(State.SUPERSEDED)])


def beside(wanted: Wanted, *, seq: int) -> list[dict[str, Any]]:
    """This function will give the reading of that number, or the one that took its place, with those of its moment, source and key."""
    statement = (
        "WITH RECURSIVE line AS (SELECT %s::bigint AS seq UNION SELECT a.replaced_by_seq FROM records_amendment a JOIN line l "
        "ON a.patient_id = %s AND a.seq = l.seq WHERE a.replaced_by_seq IS NOT NULL), "
        "last AS (SELECT r.* FROM records_observation r WHERE r.patient_id = %s AND r.seq = (SELECT max(seq) FROM line)) "
        + _SELECT
        + "AND (o.at, o.source_id, o.key, o.state) = (SELECT at, source_id, key, state FROM last) ORDER BY o.seq"
    )
    return _rows(statement, [seq, wanted.patient_id, wanted.patient_id, *wanted.values])


def changed(wanted: Wanted, *, since: datetime, strictly: bool, limit: int) -> list[dict[str, Any]]:
    """This function will give what came or was taken out after `since` (to the millisecond), oldest change first, corrected ones left out.

    At least `limit` where there are so many: what changed at the same moment is never torn apart, or the next question would miss some.
    """
    after = ">" if strictly else ">="
    statement = (
        f"SELECT * FROM ({_SELECT} AND o.state <> %s AND (o.received_at >= %s OR o.state = 2)) AS c ({', '.join(NAMES)}) "
        f"WHERE date_trunc('milliseconds', c.modified) {after} %s "
        "ORDER BY date_trunc('milliseconds', c.modified) FETCH FIRST %s ROWS WITH TIES"
    )
    return _rows(statement, [*wanted.values, int(State.SUPERSEDED), since, since, limit])


def last_changed(wanted: Wanted) -> datetime | None:
    """This function will tell when readings of these kinds last came or were taken out; None where there never were any."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(c.modified) FROM ({_SELECT}) AS c ({', '.join(NAMES)})", wanted.values)
        found: datetime | None = cursor.fetchone()[0]
    return found
