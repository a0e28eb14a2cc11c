"""What a rule would have done: run over the past of a patient or a panel before anybody is woken by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from monitoring import judge, packs, plans
from monitoring.judge import PatientContext, Reading, Rule

MOST_READINGS = 200_000
MOST_EXAMPLES = 200
NIGHT = (22, 6)


@dataclass(frozen=True, slots=True)
class Past:
    """One episode that would have been: whose, from when until when, how many readings, its most extreme value, by night or not."""

    patient: UUID
    start: datetime
    end: datetime | None
    count: int
    peak: float | None
    night: bool


def run(
    *,
    viewer: Viewer,
    now: datetime,
    days: int,
    patients: Sequence[UUID] | None = None,
    rule: str | None = None,
    changes: dict[str, Any] | None = None,
    definition: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """This function will tell how often, when and for whom a rule would have fired in the last `days` days.

    The rule is one of the pack (`rule`, with `changes` of its limits) or not saved yet (`definition`). Patients who are not
    open to the viewer for this raise NotVisible; without `patients` her whole panel is tried. Raises Invalid for more readings
    than one answer can judge.
    """
    if (rule is None) == (definition is None):
        raise Invalid("Name a rule of the pack, or give a definition: one of the two.", code="rule_or_definition", field="rule")
    people = _people(viewer, patients, now)
    since = now - timedelta(days=days)
    found: list[Past] = []
    judged = with_readings = 0
    name = ""
    for patient in people:
        one = _rule(patient, rule, changes, definition)
        name = one.id
        readings = _readings(patient, one, since, now)
        judged += len(readings)
        if judged > MOST_READINGS:
            raise Invalid("These are too many readings for one answer: ask for fewer patients or days.", code="too_many", field="days")
        with_readings += bool(readings)
        found += _past(patient, one, readings)
    log.record_reads(by=viewer, did="rule.backtest", patient_ids=[p.id for p in people], now=now, about=f"rule:{name}"[:120])
    found.sort(key=lambda past: past.start, reverse=True)
    return {
        "rule": name,
        "since": since,
        "until": now,
        "patients": len(people),
        "patients_with_readings": with_readings,
        "episodes": len(found),
        "nights": sum(past.night for past in found),
        "per_patient_month": round(len(found) / max(1, with_readings) / (days / 30.4), 2),
        "examples": found[:MOST_EXAMPLES],
    }


@dataclass(frozen=True, slots=True)
class Count:
    """How often a rule would have fired for one patient, how often of it at night; `off` when it says nothing at all."""

    episodes: int
    nights: int
    off: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """A change of one rule tried on a patient's past, beside the rule as it stands for her today."""

    rule: Rule
    days: int
    readings: int
    today: Count
    wanted: Count


def compare(*, viewer: Viewer, patient_id: UUID | str, rule_id: str, changes: dict[str, Any], now: datetime, days: int = 90) -> Compared:
    """This function will tell how often a rule would have fired in the last `days` days with these changes, and with today's limits.

    Empty `changes` are the rule as the pack says it. Raises as `access.patient_for` and `packs.with_limits`; Invalid (`unknown_rule`)
    also for a rule that waits for silence, which no reading breaks; Invalid (`too_many`) for more readings than one answer can judge.
    """
    patient = access.patient_for(viewer, patient_id, action="backtest", now=now)
    base = plans.unlimited(patient=patient, rule_id=rule_id)
    if base.condition is None:
        raise Invalid("This rule waits for silence: there is nothing to try it on.", code="unknown_rule", field="rule")
    today = next(rule for rule in plans.situation(patient_id=patient.id, now=now).plan.rules if _same(rule, base))
    wanted = packs.with_limits([base], {base.id: changes})[0] if changes else base
    since = now - timedelta(days=days)
    readings = _readings(patient, base, since, now)
    if len(readings) > MOST_READINGS:
        raise Invalid("These are too many readings for one answer: ask for fewer patients or days.", code="too_many", field="days")
    log.record(by=viewer, did="rule.backtest", patient_id=patient.id, about=f"rule:{rule_id}"[:120], now=now)
    return Compared(base, days, len(readings), _count(patient, today, readings), _count(patient, wanted, readings))


def _same(rule: Rule, other: Rule) -> bool:
    return rule.id == other.id and rule.population == other.population


def _count(patient: Patient, rule: Rule, readings: list[Reading]) -> Count:
    if rule.off:
        return Count(0, 0, off=True)
    past = _past(patient, rule, readings)
    return Count(len(past), sum(one.night for one in past))


def _people(viewer: Viewer, patients: Sequence[UUID] | None, now: datetime) -> list[Patient]:
    if patients is None:
        return list(access.patients_visible_to(viewer, now=now, action="backtest").order_by("id"))
    return [access.patient_for(viewer, patient_id, action="backtest", now=now) for patient_id in dict.fromkeys(patients)]


def _rule(patient: Patient, rule: str | None, changes: dict[str, Any] | None, definition: dict[str, Any] | None) -> Rule:
    if definition is not None:
        return packs.from_definition(definition)
    one = plans.unlimited(patient=patient, rule_id=rule or "")
    return packs.with_limits([one], {one.id: changes})[0] if changes else one


def _readings(patient: Patient, rule: Rule, since: datetime, until: datetime) -> list[Reading]:
    kinds = rule.kinds | frozenset(rule.condition.reach if rule.condition else ())
    numbers = [BY_KEY[kind].number for kind in kinds if kind in BY_KEY]
    rows = timeline.history(patient_id=patient.id, kinds=numbers, since=since, until=until, limit=MOST_READINGS + 1)
    rows.reverse()
    return [
        Reading(
            BY_NUMBER[row["kind"]].key,
            row["at"],
            row["value"],
            row["value2"],
            # When it arrived does not matter to a rule that is tried on the past.
            row["flags"] & ~(judge.NOT_CURRENT),
            row["context"],
            row["seq"],
            0,
            row["utc_offset"],
            row["method"],
        )
        for row in rows
    ]


def _past(patient: Patient, rule: Rule, readings: list[Reading]) -> list[Past]:
    context = PatientContext(frozenset(patient.conditions), patient.locale, plans.figures_of(patient_id=patient.id))
    zone = ZoneInfo(patient.time_zone)
    episodes = judge.backtest(rule, readings, context, zone)
    return [Past(patient.id, episode.start, episode.end, episode.count, episode.peak, episode.night) for episode in episodes.episodes]
