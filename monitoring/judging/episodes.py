"""What a rule would have done: its episodes over a past series, judged reading by reading as if live."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from monitoring.judging.bounds import UPWARD
from monitoring.judging.engine import findings
from monitoring.judging.rules import Plan, Rule
from monitoring.judging.trends import Change
from monitoring.judging.values import NOT_CURRENT, Finding, PatientContext, Reading

WEEK = 7 * 86400.0
EVENING, MORNING = 22, 6


@dataclass(frozen=True, slots=True)
class Episode:
    """From the reading that opened it to the one that ended it (None: still open at the end of the series).

    `count` readings at which the condition held; `peak` the most extreme value among them, in canonical units; `night` whether it
    began from 22 to 6 local time.
    """

    rule_id: str
    severity: str
    start: datetime
    end: datetime | None
    peak: float | None
    count: int
    night: bool


@dataclass(frozen=True, slots=True)
class Episodes:
    """All episodes in the order they began, how many of them began at night, and how many there are per week of the series."""

    episodes: tuple[Episode, ...]
    readings: int
    nights: int
    per_week: float


@dataclass(slots=True)
class _Open:
    start: datetime
    severity: str
    values: list[float]
    upward: bool


def backtest(what: Plan | Rule, readings: Sequence[Reading], context: PatientContext, zone: tzinfo) -> Episodes:
    """This function will run a rule, or a whole plan with its families, over a past series.

    Lateness is forgotten: each reading is judged as if it had come in when it was measured. Rules that a person must close end here when
    their values are back inside, so that each new excursion is counted; rules that are off are tried as if they were on.
    """
    rules = what.rules if isinstance(what, Plan) else (replace(what, off=False),)
    plan = Plan(tuple(_closing(rule) for rule in rules if rule.condition is not None))
    ordered = sorted((_current(reading) for reading in readings), key=lambda reading: reading.at)
    found = findings(plan, ordered, {}, context)
    open_now: dict[str, _Open] = {}
    ended: list[Episode] = []
    for finding in found:
        running = open_now.get(finding.rule_id)
        if finding.clear:
            if running is not None:
                ended.append(_episode(finding.rule_id, running, finding.at, zone))
                del open_now[finding.rule_id]
            continue
        if running is None:
            running = open_now[finding.rule_id] = _Open(finding.at, finding.severity, [], _upward(finding))
        running.values.append(_value(finding))
    ended += [_episode(rule_id, running, None, zone) for rule_id, running in open_now.items()]
    ended.sort(key=lambda episode: (episode.start, episode.rule_id))
    return Episodes(tuple(ended), len(ordered), sum(episode.night for episode in ended), _per_week(len(ended), ordered))


def _closing(rule: Rule) -> Rule:
    condition = rule.condition
    if isinstance(condition, Change) and condition.undo:
        condition = replace(condition, undo=False)
    return replace(rule, auto_close=True, condition=condition)


def _current(reading: Reading) -> Reading:
    return replace(reading, flags=reading.flags & ~NOT_CURRENT) if reading.flags & NOT_CURRENT else reading


def _episode(rule_id: str, running: _Open, end: datetime | None, zone: tzinfo) -> Episode:
    hour = running.start.astimezone(zone).hour
    peak = (max if running.upward else min)(running.values)
    return Episode(rule_id, running.severity, running.start, end, peak, len(running.values), hour >= EVENING or hour < MORNING)


def _upward(finding: Finding) -> bool:
    limits: list[dict[str, Any]] = finding.evidence["limits"]
    return not limits or limits[0]["op"] in UPWARD


def _value(finding: Finding) -> float:
    inputs: list[dict[str, Any]] = finding.evidence["inputs"]
    limits: list[dict[str, Any]] = finding.evidence["limits"]
    second = bool(limits) and limits[0].get("component") == "value2" and inputs[-1]["value2"] is not None
    return float(inputs[-1]["value2" if second else "value"])


def _per_week(count: int, ordered: list[Reading]) -> float:
    if not ordered:
        return 0.0
    weeks = max(1.0, (ordered[-1].at - ordered[0].at).total_seconds() / WEEK)
    return round(count / weeks, 2)
