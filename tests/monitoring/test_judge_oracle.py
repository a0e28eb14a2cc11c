"""Real recordings, judged twice: by the product, fed as a device would, and by a plain reading of the rules. They must agree."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from healthhub.lib.units import to_canonical
from healthhub.records.catalogue import BY_KEY
from monitoring import packs
from monitoring.judge import PatientContext, Plan, Reading, backtest, findings
from tests.monitoring import oracle

DATA = Path(__file__).parents[3] / "shared" / "data"
BROLL = DATA / "cgm" / "broll_iglu_5_subjects.csv"
SHANGHAI = DATA / "cgm" / "shanghai_cgm_dev_84_patients.csv.gz"
JACKSON = DATA / "home_bp" / "bp_jhs_first_half.csv"
PLAN = Plan(packs.with_limits(packs.load("CN"), {"CGM-H2": {"off": False}}))
NOBODY = PatientContext()


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"the recording {path.name} is not on this machine")


def broll() -> dict[str, list[oracle.Glucose]]:
    with BROLL.open() as file:
        return series((row["id"], row["time"], row["gl"]) for row in csv.DictReader(file))


def shanghai() -> dict[str, list[oracle.Glucose]]:
    with gzip.open(SHANGHAI, "rt") as file:
        return series((row["rec"], row["time"], row["gl"]) for row in csv.DictReader(file))


def series(rows: Iterable[tuple[str, str, str]]) -> dict[str, list[oracle.Glucose]]:
    found: dict[str, dict[datetime, float]] = defaultdict(dict)
    for who, time, value in rows:
        if value:
            found[who].setdefault(datetime.fromisoformat(time).replace(tzinfo=UTC), float(value))
    return {who: sorted(values.items()) for who, values in found.items()}


def live(values: list[oracle.Glucose], chance: Random) -> list[oracle.Episode]:
    """Feed the recording as an uploader does, a few readings at a time, with no more history than the plan asks for."""
    readings = [
        Reading("cgm", at, to_canonical(value, unit="mg/dL", kind=BY_KEY["cgm"]), context={"unit": "mg/dL", "sent": value}, seq=n)
        for n, (at, value) in enumerate(values, 1)
    ]
    reach = PLAN.window("cgm")
    running: dict[str, datetime] = {}
    ended: list[oracle.Episode] = []
    start = oldest = 0
    while start < len(readings):
        end = start + chance.randint(1, 12)
        while readings[oldest].at < readings[start].at - reach:
            oldest += 1
        for finding in findings(PLAN, readings[start:end], {"cgm": readings[oldest:start]}, NOBODY, frozenset(running)):
            if finding.clear:
                ended.append((finding.rule_id, running.pop(finding.rule_id), finding.at))
            else:
                assert finding.hold == (finding.rule_id in running)
                running.setdefault(finding.rule_id, finding.at)
        start = end
    ended += [(rule, at, None) for rule, at in running.items()]
    return sorted(ended, key=lambda episode: (episode[1], episode[0]))


@needs(BROLL)
def test_five_minute_sensor_raises_exactly_the_episodes_of_a_plain_reading() -> None:
    chance = Random(7)
    total = 0
    for values in broll().values():
        expected = oracle.cgm_episodes(values)
        assert live(values, chance) == expected
        total += len(expected)
    assert total > 20  # the recordings are of people whose glucose goes high; an empty comparison would prove nothing


@needs(SHANGHAI)
def test_fifteen_minute_sensor_raises_exactly_the_episodes_of_a_plain_reading() -> None:
    chance = Random(11)
    rules: dict[str, int] = defaultdict(int)
    recordings = shanghai()
    for values in list(recordings.values())[::6]:
        expected = oracle.cgm_episodes(values)
        assert live(values, chance) == expected
        for rule, _, _ in expected:
            rules[rule] += 1
    assert min(rules[rule] for rule in ("CGM-L2", "CGM-L1", "CGM-H2")) > 10


@needs(JACKSON)
def test_home_pressures_raise_exactly_the_episodes_of_a_plain_reading() -> None:
    with JACKSON.open() as file:
        rows = [
            (datetime.fromisoformat(r["DateTime"]).replace(tzinfo=UTC), float(r["Sys.mmHg."]), float(r["Dias.mmHg."]))
            for r in csv.DictReader(file)
        ]
    compare_pressures(sorted(rows))


def test_made_up_pressures_raise_exactly_the_episodes_of_a_plain_reading() -> None:
    """The recorded person is well: made-up ones go where she never goes."""
    for seed in range(20):
        chance = Random(seed)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        rows = []
        level = 150.0
        for _ in range(300):
            at += timedelta(minutes=chance.choice((1, 2, 5, 29, 30, 31, 240, 720, 2000)))
            level = min(230.0, max(70.0, level + chance.gauss(0, 18)))
            rows.append((at, float(round(level)), float(round(level * 0.55 + chance.gauss(0, 6)))))
        assert compare_pressures(rows) > 5


def compare_pressures(rows: list[oracle.Pressure]) -> int:
    readings = [Reading("bp", at, sbp, dbp, seq=n) for n, (at, sbp, dbp) in enumerate(rows, 1)]
    judged = backtest(PLAN, readings, NOBODY, UTC).episodes
    expected = oracle.bp_episodes(rows)
    assert [(one.rule_id, one.start, one.end) for one in judged if one.rule_id in oracle.BP_RULES] == expected
    week = [one for one in judged if one.rule_id == "BP-05"]
    first = next((rows[n][0] for n in range(len(rows)) if oracle.week_is_high(rows[: n + 1])), None)
    assert (week[0].start if week else None) == first
    return len(expected)
