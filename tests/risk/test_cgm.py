"""CGM metrics against plain loops, known shapes, and days on which the clock changes."""

from itertools import pairwise
from math import hypot, log, sqrt
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from healthhub.lib.refused import Invalid
from risk import cgm
from risk.cgm_grid import Trace, trace
from risk.episodes import LIMITS, episodes, summary, without
from risk.mage import mage

START = np.datetime64("2026-03-01T00:05:00")
few = settings(max_examples=40, deadline=None)
courses = st.lists(st.one_of(st.integers(40, 400), st.none()), min_size=30, max_size=400).filter(
    lambda course: sum(one is not None for one in course) > 10
)


def course_of(values: list[Any], *, minutes: int = 5, start: np.datetime64 = START) -> Trace:
    """A trace with a value (or nothing) at each step; at least two neighbours must be there."""
    glucose = np.array([float("nan") if one is None else one for one in values], dtype=float)
    return trace(start + np.arange(len(values)) * np.timedelta64(minutes * 60, "s"), glucose)


def waves(days: int, *, period: int = 288, height: float = 60, minutes: int = 5) -> Trace:
    steps = np.arange(days * 1440 // minutes)
    return course_of((150 - height * np.cos(2 * np.pi * steps / period)).tolist(), minutes=minutes)


# --- against plain loops -------------------------------------------------------------------------------------------
@few
@given(courses)
def test_shares_and_indices_of_readings(values: list[Any]) -> None:
    readings = course_of(values)
    known = [float(one) for one in values if one is not None]
    scaled = [(one, log(one) ** 1.084 - 5.381) for one in known]
    low = 22.77 * fmean(f * f if one < 112.5 and f < 0 else 0 for one, f in scaled)
    high = 22.77 * fmean(f * f if one >= 112.5 and f > 0 else 0 for one, f in scaled)
    assert cgm.blood_glucose_risk(readings.glucose) == pytest.approx((low, high))
    bands = cgm.time_in_bands(readings.glucose)
    shares = [sum(inside(one) for one in known) / len(known) * 100 for inside in (
        lambda one: one < 54, lambda one: 54 <= one < 70, lambda one: 70 <= one <= 180, lambda one: 180 < one <= 250, lambda one: one > 250,
    )]  # fmt: skip
    assert [bands.very_low, bands.low, bands.in_range, bands.high, bands.very_high] == pytest.approx(shares)
    assert sum(shares) == pytest.approx(100)
    assert cgm.gri(bands) == pytest.approx(min(100, 3 * (shares[0] + 0.8 * shares[1]) + 1.6 * (shares[4] + 0.5 * shares[3])))
    assert sum(cgm.grade_shares(readings.glucose)) == pytest.approx(100)


@few
@given(courses)
def test_steps_of_the_course(values: list[Any]) -> None:
    grid = course_of(values).by_elapsed
    pairs = [(a, b) for a, b in pairwise(grid.course.tolist()) if a == a and b == b]
    if not pairs:
        return
    assert cgm.mag(grid) == pytest.approx(sum(abs(b - a) for a, b in pairs) / (len(pairs) * grid.step / 60))
    assert cgm.gvp(grid) == pytest.approx((sum(hypot(grid.step, b - a) for a, b in pairs) / (len(pairs) * grid.step) - 1) * 100)
    assert cgm.hourly_auc(grid) == pytest.approx(fmean((a + b) / 2 for a, b in pairs))


@few
@given(st.lists(st.integers(40, 400), min_size=144, max_size=144))
def test_days_against_days(half_hours: list[int]) -> None:
    days = course_of(half_hours, minutes=30, start=np.datetime64("2026-03-01T00:30:00")).by_wall.days[:3]
    table = [half_hours[:48], half_hours[48:96], half_hours[96:]]
    assert course_of(half_hours, minutes=30).step == 30
    assert np.array_equal(days, np.array(table, dtype=float))
    readings = course_of(half_hours, minutes=30, start=np.datetime64("2026-03-01T00:30:00"))
    expected = fmean(abs(b - a) for one, other in pairwise(table) for a, b in zip(one, other, strict=True))
    assert cgm.modd(readings.by_wall) == pytest.approx(expected)
    found = cgm.spread(readings.by_wall, readings.by_elapsed)
    assert found.within_days == pytest.approx(fmean(stdev(day) for day in table))
    assert found.of_daily_means == pytest.approx(stdev(fmean(day) for day in table))
    columns = list(zip(*table, strict=True))
    assert found.of_mean_day == pytest.approx(stdev(fmean(column) for column in columns))
    assert found.between_days == pytest.approx(fmean(stdev(column) for column in columns))
    assert cgm.conga(readings.by_elapsed, 1) == pytest.approx(stdev(b - a for a, b in zip(half_hours, half_hours[2:], strict=False)))


def episodes_by_hand(course: list[float], limit: float) -> list[tuple[int, int]]:
    """Slot by slot: three low slots open an episode, three that are not close it, a gap closes it where it stands."""
    found, opened, low, fine = [], None, 0, 0
    for at, one in enumerate([*course, float("nan")]):
        if one != one:
            if opened is not None:
                found.append((opened, at))
            opened, low, fine = None, 0, 0
        elif one < limit:
            low, fine = low + 1, 0
            if opened is None and low == 3:
                opened = at - 2
        else:
            low, fine = 0, fine + 1
            if opened is not None and fine == 3:
                found.append((opened, at - 2))
                opened = None
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([50, 60, 65, 69, 70, 75, 80, None]), min_size=20, max_size=200))
def test_episodes_slot_by_slot(values: list[Any]) -> None:
    grid = course_of([100, 100, *values, *[None] * 12, 100, 100]).by_elapsed
    found = [(one.start, one.stop) for one in episodes(grid, "low")]
    assert found == episodes_by_hand(grid.course.tolist(), 70)
    very_low = [(one.start, one.stop) for one in episodes(grid, "very_low")]
    assert very_low == episodes_by_hand(grid.course.tolist(), 54)


# --- episodes, told as stories -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "count", "minutes"),
    [
        ([100] * 6 + [65] * 2 + [100] * 6, 0, 0),  # ten minutes are none
        ([100] * 6 + [65] * 3 + [100] * 6, 1, 15),
        ([100] * 6 + [65] * 3 + [75] * 2 + [65] + [100] * 6, 1, 30),  # ten minutes back do not end it
        ([100] * 6 + [65] * 3 + [75] * 3 + [65] * 3 + [100] * 6, 2, 15),
        ([100] * 6 + [65] * 3 + [75] * 3 + [65] * 2 + [100] * 6, 1, 15),  # a new one needs its own fifteen minutes
        ([100] * 6 + [70] * 6 + [100] * 6, 0, 0),  # 70 itself is in range
        ([100] * 6 + [65] * 4 + [75] * 2, 1, 30),  # the data end before the recovery is proved
    ],
)
def test_a_low(values: list[int], count: int, minutes: float) -> None:
    grid = course_of(values).by_elapsed
    found = summary(grid, episodes(grid, "low"))
    assert (found.count, found.minutes) == (count, minutes)


def test_levels_of_episodes() -> None:
    grid = course_of([100] * 6 + [65] * 4 + [100] * 6 + [60, 52, 52, 52, 60] + [100] * 6 + [65] * 25 + [100] * 6).by_elapsed
    table = cgm.episode_table(grid)
    assert {kind: one.count for kind, one in table.items()} == {
        "low": 3, "very_low": 1, "low_only": 2, "extended_low": 1, "high": 0, "very_high": 0, "high_only": 0,
    }  # fmt: skip
    assert table["very_low"].mean == 52
    assert table["high"].mean is None
    low = episodes(grid, "low")
    assert without(low, ()) == low
    assert without(low, low) == ()


@few
@given(courses)
def test_worse_levels_lie_within_milder_ones(values: list[Any]) -> None:
    grid = course_of(values).by_elapsed
    for mild, bad in (("low", "very_low"), ("high", "very_high")):
        outer = episodes(grid, mild)
        for one in episodes(grid, bad):
            assert any(other.start <= one.start and one.stop <= other.stop + 3 for other in outer)
    assert set(LIMITS) == {"low", "very_low", "high", "very_high"}


# --- known shapes --------------------------------------------------------------------------------------------------
def test_a_flat_course() -> None:
    found = cgm.metrics(course_of([120] * (14 * 288)))
    assert (found.mean, found.sd, found.cv, found.mage, found.mag) == (120, 0, 0, None, 0)
    assert (found.gvp, found.modd, found.conga[24], found.bands.in_range, found.gri) == (0, 0, 0, 100, 0)
    assert found.wear.active_percent == 100
    assert found.gmi == pytest.approx(3.31 + 0.02392 * 120)


@pytest.mark.parametrize("height", [30, 60, 90])
def test_the_excursions_of_a_wave_are_its_height(height: float) -> None:
    assert mage(waves(10, height=height)) == pytest.approx(2 * height, rel=0.05)


@few
@given(st.floats(0.5, 2))
def test_excursions_scale_with_glucose(factor: float) -> None:
    base = waves(2, period=72)
    scaled = trace(base.wall, base.glucose * factor)
    assert mage(scaled) == pytest.approx(factor * (mage(base) or 0))


def test_excursions_of_too_little_are_none() -> None:
    assert mage(course_of([100, 200] * 10)) is None
    assert mage(course_of(list(range(100, 140)))) == pytest.approx(39)


def test_long_gaps_cut_the_course_of_excursions() -> None:
    whole = waves(1, period=72)
    values = whole.glucose.tolist()
    gap = [None] * 60
    assert mage(course_of([*values, *gap, *values])) == pytest.approx(mage(whole), rel=0.02)


@pytest.mark.parametrize(("minutes", "step"), [(1, 1), (5, 5), (7, 5), (8, 8), (11, 10), (13, 15), (15, 15), (25, 20), (30, 30)])
def test_the_grid_divides_the_day(minutes: int, step: int) -> None:
    assert course_of([100] * 50, minutes=minutes).step == step


def test_no_bridge_over_more_than_45_minutes() -> None:
    bridged = course_of([100, 100, 100, *[None] * 8, 190, 190]).by_elapsed.course
    assert bridged[3] == pytest.approx(110)
    gap = course_of([100, 100, 100, *[None] * 9, 190, 190]).by_elapsed.course
    assert np.isnan(gap[3:12]).all()
    assert gap[12] == 190


def test_order_doubles_and_holes_of_the_input() -> None:
    times = START + np.array([600, 0, 300, 300, 900]) * np.timedelta64(1, "s")
    readings = trace(times, np.array([120.0, 100.0, 110.0, 130.0, np.nan]))
    assert readings.glucose.tolist() == [100, 120, 120]


@pytest.mark.parametrize("glucose", [[], [100], [100, 0], [100, -5], [100, float("inf")]])
def test_what_is_no_recording_is_refused(glucose: list[float]) -> None:
    with pytest.raises(Invalid) as refused:
        trace(START + np.arange(len(glucose)) * np.timedelta64(300, "s"), np.array(glucose, dtype=float))
    assert refused.value.code == "out_of_domain"


def test_readings_hours_apart_are_no_cgm() -> None:
    with pytest.raises(Invalid):
        cgm.metrics(course_of([100] * 10, minutes=240))


@few
@given(st.floats(0.25, 4))
def test_mmol_and_mg_tell_the_same_times(shift: float) -> None:
    """Bands are limits in mg/dL; a mean moves GMI and eA1C by straight lines."""
    base = waves(1)
    moved = trace(base.wall, base.glucose + shift)
    one, other = cgm.metrics(base), cgm.metrics(moved)
    assert other.gmi - one.gmi == pytest.approx(0.02392 * shift)
    assert other.ea1c - one.ea1c == pytest.approx(shift / 28.7)
    assert other.sd == pytest.approx(one.sd)
    assert other.modd == one.modd


# --- what people see -----------------------------------------------------------------------------------------------
@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=5, max_size=5).filter(any))
def test_whole_percents_sum_to_a_hundred(parts: list[int]) -> None:
    bands = cgm.Bands(*(100 * one / sum(parts) for one in parts))
    whole = bands.whole()
    assert sum(whole.values()) == 100
    assert all(abs(value - getattr(bands, name)) < 1 for name, value in whole.items())


def test_little_is_shown_as_less_than_one() -> None:
    assert cgm.Bands(0.2, 0, 99.1, 0.6, 0.1).shown() == {
        "very_low": "<1 %", "low": "0 %", "in_range": "99 %", "high": "1 %", "very_high": "<1 %",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "kept", "gmi", "report"),
    [(15, 1.0, True, True), (13, 1.0, False, True), (15, 0.72, True, True), (15, 0.6, False, False), (9, 1.0, False, False)],
)
def test_gmi_and_profile_need_enough_days_and_wear(days: int, kept: float, gmi: bool, report: bool) -> None:
    values = [120 if at % 100 < 100 * kept else None for at in range(days * 288)]
    found = cgm.metrics(course_of(values))
    assert (found.gmi_showable, cgm.enough_for_report(found.wear)) == (gmi, report)


def test_the_profile_is_the_percentiles_across_days() -> None:
    values = [100 + 10 * day for day in range(5) for _ in range(288)]
    found = cgm.profile(course_of(values).by_wall)
    assert [found.lines[percent][100] for percent in cgm.PERCENTILES] == pytest.approx([102, 110, 120, 130, 138])
    assert (found.minutes[0], found.minutes[-1], found.counts[100]) == (5, 1440, 5)
    assert np.isnan(cgm.profile(course_of(values[:1152]).by_wall).lines[50]).all()  # four days are a gap


# --- days with 23 and 25 hours -------------------------------------------------------------------------------------
def berlin(first: str, days: int, shift_at: str, shift_hours: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """UTC, wall clock and a glucose that follows the wall clock's hour, over a change of the clock."""
    utc = np.datetime64(first) + np.arange(days * 288) * np.timedelta64(300, "s")
    offset = np.where(utc < np.datetime64(shift_at), 0, shift_hours).astype("timedelta64[h]")
    wall = utc + offset
    hour = (wall - wall.astype("datetime64[D]")) / np.timedelta64(3600, "s")
    return utc, wall.astype("datetime64[s]"), 100 + 3 * np.floor(hour)


@pytest.mark.parametrize(("shift_hours", "shift_at"), [(1, "2026-03-29T02:00:00"), (-1, "2026-10-25T02:00:00")])
def test_the_clock_is_what_days_share_whatever_its_hours(shift_hours: int, shift_at: str) -> None:
    first = str(np.datetime64(shift_at, "D") - 3) + "T00:00:00"
    utc, wall, glucose = berlin(first, 7, shift_at, shift_hours)
    readings = trace(wall, glucose, utc=utc)
    assert cgm.modd(readings.by_wall) == pytest.approx(0, abs=0.2)
    assert cgm.modd(readings.by_elapsed) > 0.5  # by elapsed time the days no longer match
    assert cgm.wear(readings).active_percent == 100
    assert cgm.wear(readings).days == pytest.approx(7, abs=0.01)
    changed = readings.by_wall.days[3]
    missing = np.isnan(changed[:-1]).sum()
    assert missing == (12 if shift_hours == 1 else 0)  # an hour that never was is no data; an hour lived twice is one hour


def test_an_hour_lived_twice_is_averaged() -> None:
    utc = np.datetime64("2026-10-25T00:00:00") + np.arange(36) * np.timedelta64(300, "s")
    wall = utc - np.where(np.arange(36) < 12, 0, 1).astype("timedelta64[h]")
    glucose = np.where(np.arange(36) < 12, 100.0, 200.0)
    grid = trace(wall, glucose, utc=utc).by_wall.course
    assert grid[:11] == pytest.approx(150)
    assert sqrt(grid[15]) == pytest.approx(sqrt(200))
