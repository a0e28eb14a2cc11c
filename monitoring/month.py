"""A month of a viewer's panel: who measured, who reached the goals, and what alerts cost. Only patients and classes open to her count."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.lib.times import first_moment
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.panel import panel_of
from healthhub.records import summaries
from healthhub.records.catalogue import BY_KEY, KINDS
from monitoring import burden
from monitoring.burden import BySeverity

MONTHS = 13  # offered: the one that runs, and a year before it
FEWEST_DAYS = 3  # with readings of the kind in the month, for a mean to be judged
MANY_DAYS = 12  # about three a week: what counts as measuring regularly
HOME_BP = (135.0, 85.0)  # mmHg: home means below both (China 2024, ESC 2024)
MEAN_GLUCOSE = 8.6  # mmol/L: what an HbA1c of 7 % corresponds to (ADA: 154 mg/dL)
DIABETES = frozenset({"diabetes_t1", "diabetes_t2", "diabetes_gestational"})
MEASURES = ("bp", "glucose")

# One row a patient. Days are hers; a kind counts where its class is open to the viewer.
_PEOPLE = """
WITH panel AS (SELECT w.id, w.classes::text[] AS classes FROM unnest(%(patients)s::uuid[], %(classes)s::text[]) AS w(id, classes)),
kinds AS (SELECT * FROM unnest(%(kinds)s::smallint[], %(kind_classes)s::text[]) AS k(kind, class)),
summed AS (
    SELECT s.patient_id, s.kind, count(DISTINCT s.day) AS days, sum(s.total) / sum(s.n) AS mean, sum(s.total2) / sum(s.n) AS mean2
    FROM panel JOIN records_summary s ON s.patient_id = panel.id AND s.day BETWEEN %(first)s AND %(last)s
    JOIN kinds ON kinds.kind = s.kind AND kinds.class = ANY(panel.classes)
    WHERE s.kind = ANY(%(measures)s::smallint[]) GROUP BY s.patient_id, s.kind
)
SELECT p.id, p.name, p.conditions,
       (SELECT count(DISTINCT s.day) FROM records_summary s JOIN kinds ON kinds.kind = s.kind AND kinds.class = ANY(panel.classes)
        WHERE s.patient_id = p.id AND s.day BETWEEN %(first)s AND %(last)s),
       coalesce((SELECT json_object_agg(kind, json_build_array(days, mean, mean2)) FROM summed WHERE patient_id = p.id), '{}')::text
FROM panel JOIN people_patient p ON p.id = panel.id ORDER BY p.name, p.id
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One patient's month: her days with readings, and for each measure the mean she reached (None: too few days)."""

    id: UUID
    name: str
    conditions: tuple[str, ...]
    days: int
    reached: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Month:
    """A panel's month. `people` are all who are open to the viewer now; `alerts` is by severity, the worst first."""

    first: date
    last: date
    people: list[Person]
    alerts: list[BySeverity]

    @property
    def measured(self) -> int:
        """How many sent anything."""
        return sum(one.days > 0 for one in self.people)

    @property
    def regular(self) -> int:
        """How many measured on MANY_DAYS days and more."""
        return sum(one.days >= MANY_DAYS for one in self.people)

    @property
    def silent(self) -> list[Person]:
        return [one for one in self.people if one.days == 0]

    def rate(self, measure: str) -> tuple[int, int]:
        """This function will give how many reached the goal of a measure, and of how many it could be said."""
        judged = [one.reached[measure] for one in self.people if measure in one.reached]
        return sum(judged), len(judged)

    @property
    def conditions(self) -> list[tuple[str, int]]:
        return Counter(code for one in self.people for code in one.conditions).most_common()


def months(*, now: datetime, zone: ZoneInfo) -> list[date]:
    """This function will give the first days of the months that can be asked for, the running one first."""
    found = [now.astimezone(zone).date().replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def month(*, viewer: Viewer, first: date, zone: ZoneInfo, now: datetime) -> Month:
    """This function will give the month that begins with `first`, as it looks now. Each patient's log says that she was counted.

    Raises Invalid(code="unknown_month", field="month") for one that is not offered.
    """
    if first not in months(now=now, zone=zone):
        raise Invalid("Choose one of the months offered.", code="unknown_month", field="month")
    panel = _panel(viewer, now)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    since, until = (first_moment(datetime.combine(day, time()), zone) for day in (first, last + timedelta(days=1)))
    summaries.refresh_of(patient_ids=panel.keys())
    people = _people(panel, first, last)
    log.record_reads(by=viewer, did="panel_report.read", patient_ids=list(panel), now=now, about=f"month:{first:%Y-%m}")
    return Month(first, last, people, burden.by_severity(panel=panel, since=since, until=min(until, now)))


def _panel(viewer: Viewer, now: datetime) -> dict[UUID, list[str]]:
    clinical = set(access.patients_visible_to(viewer, now=now, action="clinical").values_list("id", flat=True))
    return {patient_id: classes for patient_id, classes in panel_of(viewer, now=now).items() if patient_id in clinical}


def _people(panel: Mapping[UUID, list[str]], first: date, last: date) -> list[Person]:
    given: dict[str, Any] = {
        "patients": list(panel),
        "classes": ["{" + ",".join(classes) + "}" for classes in panel.values()],
        "kinds": [kind.number for kind in KINDS],
        "kind_classes": [kind.data_class for kind in KINDS],
        "measures": [BY_KEY[measure].number for measure in MEASURES],
        "first": first,
        "last": last,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, given)
        return [_person(*row) for row in cursor.fetchall()]


def _person(patient_id: UUID, name: str, conditions: list[str], days: int, summed: str) -> Person:
    means = {int(kind): found for kind, found in json.loads(summed).items() if found[0] >= FEWEST_DAYS}
    reached = {}
    if (pressure := means.get(BY_KEY["bp"].number)) is not None and pressure[2] is not None:
        reached["bp"] = pressure[1] < HOME_BP[0] and pressure[2] < HOME_BP[1]
    if (sugar := means.get(BY_KEY["glucose"].number)) is not None and DIABETES.intersection(conditions):
        reached["glucose"] = sugar[1] < MEAN_GLUCOSE
    return Person(patient_id, name, tuple(conditions), days, reached)
