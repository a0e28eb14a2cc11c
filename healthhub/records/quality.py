"""Where a period's readings came from, and how far they can be trusted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.records.catalogue import LATE, SIMULATED, SUSPICIOUS
from healthhub.records.models import Method

_SOURCES = """
SELECT coalesce(nullif(s.name, ''), s.key), count(*), count(*) FILTER (WHERE o.method = %(by_hand)s),
       count(*) FILTER (WHERE o.flags & %(suspicious)s > 0), count(*) FILTER (WHERE o.flags & %(late)s > 0),
       bool_or(o.flags & %(simulated)s > 0), max(o.at), count(DISTINCT o.kind)
FROM records_observation o JOIN records_source s ON s.id = o.source_id
WHERE o.patient_id = %(patient)s AND o.state = 0 AND o.at >= %(since)s AND o.at < %(until)s AND o.kind = ANY(%(kinds)s)
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_AMENDED = """
SELECT count(*) FILTER (WHERE a.replaced_by_seq IS NOT NULL), count(*) FILTER (WHERE a.replaced_by_seq IS NULL)
FROM records_amendment a JOIN records_observation o ON o.patient_id = a.patient_id AND o.seq = a.seq
WHERE a.patient_id = %(patient)s AND o.at >= %(since)s AND o.at < %(until)s AND o.kind = ANY(%(kinds)s)
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """One source: readings, and of them those entered by hand, doubtful, or late; the newest of them; how many kinds."""

    name: str
    n: int
    by_hand: int
    doubtful: int
    late: int
    simulated: bool
    newest: datetime
    kinds: int


@dataclass(frozen=True, slots=True)
class Quality:
    """The sources of a period, the fullest first, and how many readings were corrected or taken out afterwards."""

    origins: list[Origin]
    corrected: int
    removed: int


def quality(*, patient_id: UUID, kinds: list[int], since: datetime, until: datetime) -> Quality:
    """This function will tell where readings of the kinds (catalogue numbers) with since <= at < until came from.

    Readings that were refused are told to their sender at once and are not kept: they cannot be counted here.
    """
    given: dict[str, Any] = {
        "patient": patient_id,
        "kinds": kinds,
        "since": since,
        "until": until,
        "by_hand": int(Method.SELF_REPORTED),
        "suspicious": SUSPICIOUS,
        "late": LATE,
        "simulated": SIMULATED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, given)
        origins = [Origin(*row) for row in cursor.fetchall()]
        cursor.execute(_AMENDED, given)
        corrected, removed = cursor.fetchone()
    return Quality(origins, corrected, removed)
