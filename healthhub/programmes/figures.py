"""The door: a programme's figures of one whole month. Only who agreed to the programme is counted, with the classes she agreed to."""

import json
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.audit import log
from healthhub.lib.refused import NotAllowed
from healthhub.people import memberships
from healthhub.people.access import Viewer
from healthhub.people.models import Organisation, Role
from healthhub.programmes import groups
from healthhub.programmes.groups import Member, Month
from healthhub.records.catalogue import BY_KEY

MONTHS = 12  # offered
FEWEST_DAYS = 3  # with readings in the month, for a measure to count
HOME = (135.0, 85.0)  # mmHg: means below both
MEAN_GLUCOSE = 8.6  # mmol/L: what an HbA1c of 7 % corresponds to
STEADY = 1.01  # of the first weight on record

# One row a person; a measure only where her grant covers its class. Days are hers.
_MEMBERS = """
WITH members AS (
    SELECT g.patient_id, array_agg(DISTINCT class) AS classes
    FROM people_grant g CROSS JOIN LATERAL unnest(g.data_classes::text[]) AS class
    WHERE g.grantee_kind = 'organisation' AND g.grantee_id = %(organisation)s AND g.purpose = 'programme' AND 'read' = ANY(g.rights::text[])
      AND g.withdrawn_at IS NULL AND (g.ends_at IS NULL OR g.ends_at > %(now)s) AND g.starts_at < %(until)s
    GROUP BY g.patient_id
), summed AS (
    SELECT s.patient_id, s.kind, count(DISTINCT s.day) AS days, sum(s.total) / sum(s.n) AS mean, sum(s.total2) / sum(s.n) AS mean2
    FROM records_summary s JOIN members m USING (patient_id)
    WHERE s.day BETWEEN %(first)s AND %(last)s AND s.kind = ANY(%(kinds)s) GROUP BY s.patient_id, s.kind
)
SELECT p.birth_date, p.sex, m.classes,
       ARRAY(SELECT DISTINCT s.day FROM records_summary s WHERE s.patient_id = p.id AND s.day BETWEEN %(first)s AND %(last)s),
       (SELECT count(*) FROM monitoring_alert a WHERE a.patient_id = p.id AND a.opened_at >= %(since)s AND a.opened_at < %(until)s),
       coalesce((SELECT json_object_agg(kind, json_build_array(days, mean, mean2)) FROM summed WHERE patient_id = p.id), '{}')::text,
       (SELECT s.total / s.n FROM records_summary s WHERE s.patient_id = p.id AND s.kind = %(weight)s ORDER BY s.day, s.hour LIMIT 1)
FROM members m JOIN people_patient p ON p.id = m.patient_id
"""


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme of the viewer: its organisation, the month, the months there are, and the month's figures."""

    organisation: Organisation
    first: date
    months: tuple[date, ...]
    figures: Month


def organisations_of(viewer: Viewer, *, now: datetime) -> list[Organisation]:
    """This function will give the organisations whose programme this viewer manages now."""
    return [one.organisation for one in memberships.memberships_of(viewer, now=now) if one.role == Role.PROGRAMME_MANAGER]


def months(*, now: datetime) -> tuple[date, ...]:
    """This function will give the whole months that are over, newest first: a month that runs would show who came yesterday."""
    found = []
    first = now.astimezone(UTC).date().replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return tuple(found)


def programme(*, viewer: Viewer, now: datetime, first: date | None = None) -> Programme:
    """This function will give a programme's figures of the month that begins with `first` (default: the last one that is over).

    For programme managers (NotAllowed); any other day than a month on offer is the last one. Nothing in it is about fewer than 11.
    """
    mine = organisations_of(viewer, now=now)
    if not mine:
        raise NotAllowed("Only a programme's manager may see this.", code="managers_only")
    offered = months(now=now)
    chosen = first if first in offered else offered[0]
    log.record(by=viewer, did="programme.read", about=f"organisation:{mine[0].id}", now=now, detail={"month": chosen.isoformat()})
    return Programme(mine[0], chosen, offered, groups.month(_members(mine[0].id, chosen, now)))


def _members(organisation: UUID, first: date, now: datetime) -> list[Member]:
    last = first.replace(day=monthrange(first.year, first.month)[1])
    since = datetime(first.year, first.month, 1, tzinfo=UTC)
    kinds = {kind: BY_KEY[kind].number for kind in ("bp", "glucose", "cgm", "weight")}
    given: dict[str, Any] = {
        "organisation": organisation,
        "now": now,
        "first": first,
        "last": last,
        "since": since,
        "until": since + timedelta(days=last.day),
        "kinds": list(kinds.values()),
        "weight": kinds["weight"],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, given)
        return [_member(row, first, last, kinds) for row in cursor.fetchall()]


def _member(row: tuple[Any, ...], first: date, last: date, kinds: dict[str, int]) -> Member:
    born, sex, classes, days, alerts, means, first_weight = row
    age = None if born is None else last.year - born.year - ((last.month, last.day) < (born.month, born.day))
    sent = [day for day in days if first <= day <= last]
    weeks = tuple(any(7 * week <= (day - first).days < 7 * week + 7 for day in sent) for week in range(4))
    return Member(age, sex, bool(sent), weeks, alerts, _reached(_decoded(means), set(classes), kinds, first_weight))


def _decoded(text: str) -> dict[int, tuple[int, float, float | None]]:
    return {int(kind): (days, mean, mean2) for kind, (days, mean, mean2) in json.loads(text).items()}


def _reached(
    means: dict[int, tuple[int, float, float | None]], classes: set[str], kinds: dict[str, int], first_weight: float | None
) -> dict[str, bool]:
    """Goals of the month: home pressure below 135/85, mean glucose below 8.6 mmol/L, weight not risen by more than 1 %."""

    def enough(kind: str) -> tuple[int, float, float | None] | None:
        found = means.get(kinds[kind])
        return found if found is not None and found[0] >= FEWEST_DAYS and BY_KEY[kind].data_class in classes else None

    reached = {}
    pressure, weight = enough("bp"), enough("weight")
    if pressure is not None:
        reached["bp"] = pressure[1] < HOME[0] and (pressure[2] or 0.0) < HOME[1]
    sugar = enough("cgm") or enough("glucose")
    if sugar is not None:
        reached["glucose"] = sugar[1] < MEAN_GLUCOSE
    if weight is not None and first_weight:
        reached["weight"] = weight[1] <= STEADY * first_weight
    return reached
