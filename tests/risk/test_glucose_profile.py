"""The figures of pages are those of risk.cgm: computed without numpy, held to it here."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from healthhub.records.courses import Course
from risk import cgm, glucose_profile
from risk.cgm_grid import trace
from risk.episodes import episodes

START = datetime(2026, 3, 1, 16, 5, tzinfo=UTC)
few = settings(max_examples=40, deadline=None)
COURSES = st.lists(st.none() | st.integers(22, 220).map(lambda tenths: tenths / 10), min_size=30, max_size=400).filter(
    lambda values: sum(one is not None for one in values) > 10
)


def course_of(values: list[float | None], *, offset: int = 480) -> Course:
    first = int(START.timestamp())
    known = [(first + 300 * number, value) for number, value in enumerate(values) if value is not None]
    return Course([at for at, _ in known], [offset] * len(known), [value for _, value in known], [None] * len(known), [0] * len(known))


@few
@given(COURSES)
def test_the_figures_are_those_of_the_consensus_module(values: list[float | None]) -> None:
    course = course_of(values)
    found = glucose_profile.of(course)
    assert found is not None
    walls = np.array([at + 480 * 60 for at in course.at], dtype="datetime64[s]")
    same = trace(walls, np.array(course.values) * glucose_profile.MG_DL)
    worn = cgm.wear(same)
    assert (found.days, found.wear) == pytest.approx((worn.days, worn.active_percent))
    known = [value for value in values if value is not None]
    assert found.mean == pytest.approx(np.mean(known))
    assert found.cv == pytest.approx(100 * np.std(known, ddof=1) / np.mean(known))
    assert sum(found.shares.values()) == pytest.approx(100)
    assert found.shares["in_range"] == pytest.approx(100 * np.mean([3.9 <= one <= 10 for one in known]))
    assert found.shares["very_low"] == pytest.approx(100 * np.mean([one < 3.0 for one in known]))


@few
@given(st.lists(st.sampled_from([5.5, 3.4]), min_size=40, max_size=300))
def test_lows_are_counted_as_the_consensus_module_does(values: list[float]) -> None:
    course = course_of([5.5, *values, 5.5, 5.5, 5.5, 5.5])
    walls = np.array(course.at, dtype="datetime64[s]")
    grid = trace(walls, np.array(course.values) * glucose_profile.MG_DL).by_elapsed
    assert len(glucose_profile.episodes(course.at, course.values, 3.9)) == len(episodes(grid, "low"))


def test_a_hole_ends_a_low_and_nights_are_of_her_own_clock() -> None:
    """16:05 UTC is five past midnight in Shanghai."""
    values: list[float | None] = [5.0] * 12 + [3.0] * 6 + [None] * 24 + [3.2] * 6 + [6.0] * 12
    found = glucose_profile.of(course_of(values))
    assert found is not None
    assert (found.lows, found.night_lows, found.very_lows) == (2, 2, 0)
    away = glucose_profile.of(course_of(values, offset=0))
    assert away is not None
    assert (away.lows, away.night_lows) == (2, 0)


def test_percentiles_wait_for_enough_days_and_wear() -> None:
    fortnight = glucose_profile.of(course_of([6.0 + number % 288 / 96 for number in range(288 * 14 + 2)]))
    assert fortnight is not None
    assert fortnight.enough
    assert fortnight.gmi == pytest.approx(3.31 + 0.02392 * fortnight.mean * 18.016)
    assert all(slot.lines is not None and slot.lines[0] <= slot.lines[2] <= slot.lines[4] for slot in fortnight.slots)
    nine = glucose_profile.of(course_of([6.0] * 288 * 9))
    assert nine is not None
    assert not nine.enough
    assert nine.gmi is None
    thin = glucose_profile.of(course_of([6.0 if number % 288 < 190 else None for number in range(288 * 14)]))
    assert thin is not None
    assert thin.days > 13
    assert not thin.enough
    assert glucose_profile.of(course_of([6.0])) is None


@given(st.lists(st.floats(0, 100), min_size=5, max_size=5).filter(lambda parts: sum(parts) > 1))
def test_whole_percents_sum_to_a_hundred(parts: list[float]) -> None:
    exact = {name: 100 * part / sum(parts) for name, part in zip(glucose_profile.NAMES, parts, strict=True)}
    said = glucose_profile.whole(exact)
    assert sum(int(text) for text in said.values() if text != "<1") in range(100 - list(said.values()).count("<1"), 101)
    for name, text in said.items():
        assert text == "<1" if 0 < exact[name] < 0.5 else abs(int(text) - exact[name]) <= 1


def test_the_mean_of_one_moment_counts_once() -> None:
    at = int((START + timedelta(days=1)).timestamp())
    found = glucose_profile.of(Course([at, at, at + 300], [0] * 3, [4.0, 6.0, 5.0], [None] * 3, [0] * 3))
    assert found is not None
    assert found.mean == pytest.approx(5.0)
