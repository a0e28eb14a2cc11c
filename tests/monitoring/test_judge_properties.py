"""What must hold of judging whatever the readings are."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st

from healthhub.records.catalogue import CUFFLESS, LATE, OUT_OF_ORDER, SUSPICIOUS
from monitoring import packs
from monitoring.judge import Finding, PatientContext, Plan, Reading, backtest, findings
from tests.monitoring.judging_kit import START

PLAN = Plan(packs.with_limits(packs.load("CN"), {"CGM-H2": {"off": False}}))
CONTEXT = PatientContext(frozenset({"heart_failure", "diuretic", "insulin", "antihypertensive"}), "CN", {"pef_best": 500})
VALUES: dict[str, Sequence[float]] = {
    "bp": (84, 89, 99, 118, 135, 160, 179, 180, 200),
    "cgm": (2.8, 3.0, 3.5, 3.9, 4.4, 5.5, 6.5, 9.0, 14.0),
    "glucose": (2.9, 3.8, 3.9, 8, 10.1, 14, 17),
    "weight": (70, 70.5, 71, 71.4, 72.3, 74),
    "spo2": (85, 88, 91, 93, 95, 97, 99),
    "hr": (38, 60, 90, 121, 135),
    "rhr": (58, 60, 62, 76),
    "temp": (36.5, 38.0, 39.2, 40.1),
    "rr": (16, 26),
    "consciousness": (0, 1),
    "oxygen_flow": (0, 2),
    "pef": (240, 390, 480),
    "steps": (0, 30, 900),
    "ketone": (0.2, 0.7, 1.6, 3.2),
    "symptom_dizziness": (0, 1),
    "symptom_chest_pain": (0, 1, 2),
    "symptom_oedema": (0, 1, 2),
    "symptom_fatigue": (0, 1),
}


@st.composite
def series(draw: Any) -> list[Reading]:
    """Readings in time order, of few kinds and with steps that lie on, before and behind the windows of the rules."""
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True))
    at = START
    made = []
    for seq in range(1, draw(st.integers(1, 40)) + 1):
        at += timedelta(minutes=draw(st.sampled_from((0, 1, 2, 5, 5, 5, 15, 30, 31, 60, 360, 1440))))
        kind = draw(st.sampled_from(kinds))
        value = float(draw(st.sampled_from(VALUES[kind])))
        flags = draw(st.sampled_from((0, 0, 0, 0, 0, SUSPICIOUS, LATE, OUT_OF_ORDER, CUFFLESS)))
        made.append(Reading(kind, at, value, round(value * 0.6) if kind == "bp" else None, flags, None, seq))
    return made


def in_batches(readings: list[Reading], ends: Sequence[int], *, keep: timedelta | None = None) -> list[Finding]:
    """Judge in batches that end at `ends`, the findings of one deciding what is open in the next."""
    found: list[Finding] = []
    open_rules: set[str] = set()
    start = 0
    for end in [*sorted(set(ends)), len(readings)]:
        history: dict[str, list[Reading]] = {}
        for reading in readings[:start]:
            window = PLAN.window(reading.kind, CONTEXT.conditions)
            if keep is None or reading.at >= readings[start].at - window - keep:
                history.setdefault(reading.kind, []).append(reading)
        new = findings(PLAN, readings[start:end], history, CONTEXT, frozenset(open_rules))
        for finding in new:
            (open_rules.discard if finding.clear else open_rules.add)(finding.rule_id)
        found += new
        start = end
        if start >= len(readings):
            break
    return found


@settings(max_examples=80, deadline=None)
@given(series(), st.lists(st.integers(1, 40), max_size=6))
def test_batches_do_not_matter(readings: list[Reading], ends: list[int]) -> None:
    whole = in_batches(readings, [])
    assert in_batches(readings, [end for end in ends if end < len(readings)]) == whole
    assert in_batches(readings, range(1, len(readings))) == whole


@settings(max_examples=40, deadline=None)
@given(series())
def test_history_beyond_the_window_does_not_matter(readings: list[Reading]) -> None:
    whole = in_batches(readings, [])
    assert in_batches(readings, range(1, len(readings)), keep=timedelta(minutes=1)) == whole


@settings(max_examples=40, deadline=None)
@given(series(), st.sampled_from(sorted(VALUES)))
def test_the_far_past_changes_nothing(readings: list[Reading], kind: str) -> None:
    old = Reading(kind, START - timedelta(days=800), float(max(VALUES[kind])), 200.0 if kind == "bp" else None, 0, None, 999)
    with_old = findings(PLAN, readings, {kind: [old]}, CONTEXT)
    assert with_old == findings(PLAN, readings, {}, CONTEXT)


@settings(max_examples=40, deadline=None)
@given(series())
def test_a_history_that_holds_the_batch_changes_nothing(readings: list[Reading]) -> None:
    stored: dict[str, list[Reading]] = {}
    for reading in readings:
        stored.setdefault(reading.kind, []).append(reading)
    assert findings(PLAN, readings, stored, CONTEXT) == findings(PLAN, readings, {}, CONTEXT)


@settings(max_examples=40, deadline=None)
@given(series())
def test_episodes_open_hold_and_clear_in_order(readings: list[Reading]) -> None:
    live: set[str] = set()
    severities = {rule.id: rule for rule in PLAN.rules if rule.population.has(CONTEXT.conditions)}
    for finding in in_batches(readings, []):
        rule = severities[finding.rule_id]
        assert finding.severity == rule.severity
        assert finding.data_class == rule.covered_by
        if finding.clear:
            assert rule.auto_close
            assert finding.rule_id in live
            live.discard(finding.rule_id)
        else:
            assert finding.hold == (finding.rule_id in live)
            live.add(finding.rule_id)


@settings(max_examples=40, deadline=None)
@given(series())
def test_readings_that_do_not_speak_of_now_are_never_judged(readings: list[Reading]) -> None:
    mute = {r.at for r in readings if r.flags & (LATE | OUT_OF_ORDER | CUFFLESS)} - {r.at for r in readings if not r.flags}
    assert not [
        f for f in in_batches(readings, []) if f.at in mute and not any(r.at == f.at and r.flags in (0, SUSPICIOUS) for r in readings)
    ]


@settings(max_examples=30, deadline=None)
@given(series())
def test_a_backtest_counts_every_finding_once(readings: list[Reading]) -> None:
    for episode in backtest(PLAN, readings, CONTEXT, UTC).episodes:
        assert episode.count >= 1
        assert episode.end is None or episode.end >= episode.start
