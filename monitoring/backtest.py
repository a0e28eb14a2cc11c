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


def _people(viewer: Viewer, patients: Sequence[UUID] | None, now: datetime) -> list[Patient]:
    if patients is None:
        return list(access.patients_visible_to(viewer, now=now, action="backtest").order_by("id"))
    return [access.patient_for(viewer, patient_id, action="backtest", now=now) for patient_id in dict.fromkeys(patients)]


def _rule(patient: Patient, rule: str | None, changes: dict[str, Any] | None, definition: dict[str, Any] | None) -> Rule:
    if definition is not None:
        return packs.from_definition(definition)
    named = [one for one in packs.load(patient.locale) if one.id == rule]
    if not named:
        raise Invalid("There is no such rule for this patient.", code="unknown_rule", field="rule")
    # One id may stand for several populations, each with its own limits.
    one = next((each for each in named if each.population.has(frozenset(patient.conditions))), named[0])
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
