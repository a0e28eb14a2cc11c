"""The home blood pressure week, against a plain second reading of the protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from healthhub.records.catalogue import CUFFLESS, SIMULATED, SUSPICIOUS
from monitoring.home_bp import Entry, average, diary, low_confidence

entries = st.builds(
    Entry, st.integers(1, 9), st.sampled_from(["am", "pm"]), st.integers(80, 220).map(float), st.integers(40, 79).map(float)
)


def full_week(systolic: float, diastolic: float, *, days: int = 7) -> list[Entry]:
    return [Entry(day, part, systolic, diastolic) for day in range(1, days + 1) for part in ("am", "am", "pm", "pm")]


@given(st.lists(entries, max_size=40), st.randoms())
def test_the_average_by_the_protocol(lines: list[Entry], chance: Any) -> None:
    shuffled = lines[:]
    chance.shuffle(shuffled)
    found = average(shuffled)
    days = sorted({line.day for line in lines})
    kept = [line for line in lines if line.day != days[0]]
    if len(days) < 3:
        assert (found.state, found.reason) == ("insufficient", "too_few_days")
    elif len(kept) < 12:
        assert (found.state, found.reason) == ("provisional", "too_few_readings")
    else:
        assert (found.state, found.reason) == ("valid", None)
    if not kept:
        assert found.mean is None
        return
    systolic, diastolic = sum(line.systolic for line in kept) / len(kept), sum(line.diastolic for line in kept) / len(kept)
    assert found.mean is not None
    assert found.mean.n == len(kept)
    assert found.mean == pytest.approx((systolic, diastolic, len(kept)))
    if found.state == "valid":
        assert found.cn_hypertension is (systolic >= 135 or diastolic >= 85)
        assert found.us_hypertension is (systolic >= 130 or diastolic >= 80)
        assert (found.esc == "hypertension") is found.cn_hypertension
        assert (found.esc == "non_elevated") is (systolic < 120 and diastolic < 70)
    else:
        assert found.cn_hypertension is found.esc is found.us_hypertension is None


@pytest.mark.parametrize(
    ("systolic", "diastolic", "cn", "esc", "us"),
    [
        (135, 75, True, "hypertension", True),
        (134.9, 84.9, False, "elevated", True),
        (120, 85, True, "hypertension", True),
        (129.9, 79.9, False, "elevated", False),
        (130, 70, False, "elevated", True),
        (119, 80, False, "elevated", True),
        (119.9, 69.9, False, "non_elevated", False),
    ],
)
def test_classes(systolic: float, diastolic: float, cn: bool, esc: str, us: bool) -> None:
    found = average(full_week(systolic, diastolic))
    assert (found.cn_hypertension, found.esc, found.us_hypertension) == (cn, esc, us)


def test_morning_hypertension_hides_in_a_normal_mean() -> None:
    week = [Entry(day, "am", 138.0, 80.0) for day in range(1, 8) for _ in (1, 2)]
    week += [Entry(day, "pm", 124.0, 76.0) for day in range(1, 8) for _ in (1, 2)]
    found = average(week)
    assert (found.cn_hypertension, found.morning_hypertension) == (False, True)
    assert average(full_week(140, 90)).morning_hypertension is False  # high all day is another thing


def test_the_first_day_may_be_kept() -> None:
    assert average(full_week(130, 80, days=3), drop_first_day=False).state == "valid"
    assert average(full_week(130, 80, days=3)).state == "provisional"
    assert average([]).state == "insufficient"


@dataclass(frozen=True)
class Measured:
    at: datetime
    value: float = 130.0
    value2: float | None = 80.0
    utc_offset: int = 480
    flags: int = 0
    context: Mapping[str, Any] | None = None


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("day", "hour", "written"),
    [
        (2, 7, (date(2026, 3, 2), "am")),
        (2, 3, (date(2026, 3, 2), "am")),
        (2, 11, (date(2026, 3, 2), "am")),
        (2, 12, (date(2026, 3, 2), "pm")),
        (2, 23, (date(2026, 3, 2), "pm")),
        (3, 0, (date(2026, 3, 2), "pm")),  # at bedtime, after midnight
        (3, 2, (date(2026, 3, 2), "pm")),
    ],
)
def test_a_reading_belongs_to_the_morning_or_evening_of_its_own_place(day: int, hour: int, written: tuple) -> None:
    (entry,) = diary([Measured(shanghai(day, hour))])
    assert (entry.day, entry.part) == written


def test_the_diary_is_the_last_seven_days() -> None:
    readings = [Measured(shanghai(day, hour)) for day in range(1, 15) for hour in (7, 20)]
    assert {entry.day for entry in diary(readings)} == {date(2026, 3, day) for day in range(8, 15)}
    assert {entry.day for entry in diary(readings, until=date(2026, 3, 5))} == {date(2026, 3, day) for day in range(1, 6)}
    assert diary([]) == []


def test_what_does_not_count_towards_a_diagnosis() -> None:
    at = shanghai(2, 7)
    assert diary([Measured(at, flags=CUFFLESS), Measured(at, flags=SUSPICIOUS), Measured(at, value2=None)]) == []
    assert len(diary([Measured(at, flags=SIMULATED)])) == 1


def test_an_irregular_pulse_lowers_confidence() -> None:
    at = shanghai(2, 7)
    assert low_confidence([Measured(at), Measured(at, context={"irregular_pulse": True})])
    assert not low_confidence([Measured(at), Measured(at, context={"arm": "left"})])
