"""What one visit's report rests on: who asks of whom, for which days, and everything read of her for them, through the doors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from healthhub.care import contacts, medications
from healthhub.care.adherence import Adherence
from healthhub.care.contacts import Told
from healthhub.care.models import Medication
from healthhub.lib.times import first_moment
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import quality, shown as readings
from healthhub.records.catalogue import BY_KEY, KINDS
from healthhub.records.quality import Quality
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from monitoring import marks, periods, plans, worklist
from monitoring.models import Alert
from monitoring.periods import Plain, Pressure, Sugar
from risk import glucose_profile, standings
from risk.glucose_profile import Profile

MOST_READINGS = 6000  # of one kind that is not a stream
MOST_ALERTS = 200
HOME_TARGET = (135.0, 85.0)
# Kinds with a section of their own, or drawn from others; all else that is a figure stands in one table.
OWN_SECTION = frozenset({"bp", "glucose", "cgm", "weight", "medication_taken", "map"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose report, for whom, and of which local days of hers (first..last)."""

    viewer: Viewer
    patient: Patient
    classes: frozenset[str]
    first: date
    last: date
    now: datetime
    glucose_unit: str
    clinical: bool
    own_units: Mapping[str, str] = field(default_factory=dict)  # kind -> UCUM unit, where the reader chose another

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.patient.time_zone)

    @property
    def since(self) -> datetime:
        return first_moment(datetime.combine(self.first, time()), self.zone)

    @property
    def until(self) -> datetime:
        return first_moment(datetime.combine(self.last + timedelta(days=1), time()), self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Found:
    """Everything of the period; None or empty where there is nothing, or it is not open to the reader."""

    asked: Asked
    pressures: list[Seen]
    pressure: Pressure | None
    sugars: list[Seen]
    sugar: Sugar | None
    profile: Profile | None
    weights: list[Seen]
    weight: Plain | None
    others: dict[str, Plain]
    days: dict[str, list[Bucket]]  # of what adds up
    symptoms: list[Seen]
    medications: list[Medication]
    adherence: dict[UUID, Adherence]
    alerts: list[Alert]
    contacts: list[Told]
    risks: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    quality: Quality


def gathered(asked: Asked) -> Found:
    """This function will read everything; each door writes into the access log that it was read."""
    pressures, sugars, weights = (_readings(asked, kind) for kind in ("bp", "glucose", "weight"))
    present = readings.latest(patient_id=asked.patient.id, classes=asked.classes, now=asked.until, within=asked.until - asked.since)
    rest = [key for key in present if key not in OWN_SECTION and not BY_KEY[key].codes and not key.startswith("symptom_")]
    taken = medications.CLASS in asked.classes
    return Found(
        asked=asked,
        pressures=pressures,
        pressure=periods.pressure(pressures, target=_target(asked), until=asked.last),
        sugars=sugars,
        sugar=periods.sugar(sugars),
        profile=_profile(asked),
        weights=weights,
        weight=periods.plain(weights),
        others=_others(asked, [key for key in rest if not BY_KEY[key].cumulative]),
        days=readings.days(
            patient_id=asked.patient.id,
            kinds=[key for key in rest if BY_KEY[key].cumulative],
            since=asked.first,
            until=asked.last,
            classes=asked.classes,
        ),
        symptoms=_symptoms(asked),
        medications=medications.medications_of(viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now) if taken else [],
        adherence=_adherence(asked),
        alerts=_alerts(asked),
        contacts=contacts.contacts_of(
            viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now, since=asked.since, until=asked.until
        ),
        risks=standings.current(viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now),
        limits=[one for one in plans.in_force(viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now) if one["set_by"]],
        quality=_quality(asked),
    )


def _readings(asked: Asked, kind: str) -> list[Seen]:
    found = readings.history(
        patient_id=asked.patient.id, classes=asked.classes, since=asked.since, until=asked.until, limit=MOST_READINGS, kinds=[kind]
    )
    return found[::-1]


def _target(asked: Asked) -> tuple[float, float]:
    """The home target in force for her: her team's, else that of her rule pack, else 135/85 mmHg."""
    lines = [one for one in marks.lines(patient_id=asked.patient.id, kind="bp", now=asked.now) if one.tone == "target" and one.upward]
    own = {one.component: one.limit for one in sorted(lines, key=lambda one: one.own)}
    return own.get("value", HOME_TARGET[0]), own.get("value2", HOME_TARGET[1])


def _profile(asked: Asked) -> Profile | None:
    if BY_KEY["cgm"].data_class not in asked.classes:
        return None
    return glucose_profile.profile(patient_id=asked.patient.id, since=asked.since, until=asked.until)


def _others(asked: Asked, keys: Sequence[str]) -> dict[str, Plain]:
    found = {}
    for key in sorted(keys, key=lambda key: BY_KEY[key].number):
        summed = periods.plain(_readings(asked, key))
        if summed is not None:
            found[key] = summed
    return found


def _symptoms(asked: Asked) -> list[Seen]:
    kinds = [kind.key for kind in KINDS if kind.key.startswith("symptom_")]
    found = readings.history(
        patient_id=asked.patient.id, classes=asked.classes, since=asked.since, until=asked.until, limit=60, kinds=kinds
    )
    return [one for one in found if one.value > 0]


def _adherence(asked: Asked) -> dict[UUID, Adherence]:
    """Until today: what was taken is counted by the day on which it is asked."""
    today = asked.now.astimezone(asked.zone).date()
    days = (today - asked.first).days + 1
    return medications.adherence_of(viewer=asked.viewer, patient=asked.patient, days=days, now=asked.now)


def _alerts(asked: Asked) -> list[Alert]:
    live = worklist.open_alerts(viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now)
    past = worklist.past_alerts(viewer=asked.viewer, patient_id=asked.patient.id, now=asked.now, limit=MOST_ALERTS)
    found = [
        one
        for one in [*live, *past]
        if asked.since <= one.opened_at < asked.until or (one.closed_at is None and one.opened_at < asked.until)
    ]
    return sorted(found, key=lambda one: one.opened_at, reverse=True)


def _quality(asked: Asked) -> Quality:
    numbers = readings.numbers_of(classes=asked.classes)
    return quality.quality(patient_id=asked.patient.id, kinds=numbers, since=asked.since, until=asked.until)
