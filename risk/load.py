"""Histories from the database: one statement for many patients, only the kinds and stretches of time that are asked for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from uuid import UUID

from django.db import connection

from healthhub.lib.asked import array, asked
from healthhub.people.models import Patient
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from risk.history import History, Reading

# By index, patient for patient and kind for kind (OFFSET 0 keeps it so): in one sweep the planner would read all that each wearable sent.
# Moments as seconds and one row per patient and kind: reading a million timestamps one by one costs more than all models.
MOMENT, UTCS, NONE, PLAIN = datetime.fromtimestamp, repeat(UTC), repeat(None), repeat(0)
_READINGS = """
SELECT p.id, w.kind, o.*
FROM unnest(%s::uuid[]) AS p(id) CROSS JOIN unnest(%s::smallint[], %s::timestamptz[]) AS w(kind, since) CROSS JOIN LATERAL (
    SELECT array_agg(date_part('epoch', y.at)) AS at, array_agg(y.value),
           CASE WHEN bool_or(y.value2 IS NOT NULL) THEN array_agg(y.value2) END,
           array_agg(date_part('epoch', y.received_at)), array_agg(y.utc_offset),
           CASE WHEN bool_or(y.flags <> 0) THEN array_agg(y.flags) END
    FROM (
        SELECT * FROM records_observation x
        WHERE x.patient_id = p.id AND x.kind = w.kind AND x.at >= w.since AND x.at >= %s AND x.at <= %s
          AND x.state = 0 AND x.received_at <= %s
        ORDER BY x.at, x.seq OFFSET 0
    ) y
) o
WHERE o.at IS NOT NULL
"""


def histories(*, patient_ids: Sequence[UUID], reach_back: Mapping[str, timedelta], as_of: datetime) -> dict[UUID, History]:
    """This function will give what was known of each patient at `as_of`: readings of the kinds, each as far back as asked. Two SQL."""
    people = Patient.objects.filter(id__in=patient_ids).values_list("id", "birth_date", "sex", "conditions")
    readings: dict[UUID, dict[str, list[Reading]]] = defaultdict(dict)
    kinds = [kind for kind in reach_back if kind in BY_KEY]
    if kinds and people:
        since = [as_of - reach_back[kind] for kind in kinds]
        given = [[one for one, *_ in people], array(BY_KEY[kind].number for kind in kinds), since, min(since), as_of, as_of]
        for patient_id, number, at, values, values2, received, offsets, flags in asked(connection, _READINGS, given, binary=True)():
            readings[patient_id][BY_NUMBER[number].key] = list(
                map(Reading, map(MOMENT, at, UTCS), values, values2 or NONE, map(MOMENT, received, UTCS), offsets, flags or PLAIN)
            )
    return {one: History(readings[one], born, sex, frozenset(conditions)) for one, born, sex, conditions in people}


def with_readings(*, kinds: Sequence[str], since: datetime) -> list[UUID]:
    """This function will give the patients who have any reading of these kinds since then, in order of id: one statement."""
    numbers = array(BY_KEY[kind].number for kind in kinds if kind in BY_KEY)
    statement = (
        "SELECT p.id FROM people_patient p WHERE EXISTS (SELECT 1 FROM records_observation o WHERE o.patient_id = p.id AND o.state = 0 "
        "AND o.kind = ANY(%s::smallint[]) AND o.at >= %s) ORDER BY p.id"
    )
    return [patient_id for (patient_id,) in asked(connection, statement, [numbers, since])()]
