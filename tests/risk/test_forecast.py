"""What is told of a series: when nothing may be said, limits ahead, change points, drifts by the packs' ids; and days from hours."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pytest

from healthhub.records.catalogue import CENSORED_HIGH, CUFFLESS, SIMULATED, SUSPICIOUS
from monitoring import packs
from risk import forecast
from risk.forecasting import fitting
from risk.forecasting.days import Hour, Odd, days
from risk.forecasting.findings import Finding, found
from risk.forecasting.series import BY_KIND, Seen, Series
from risk.forecasting.state import State

WEIGHT, RHR, SYS = BY_KIND["weight"][""], BY_KIND["rhr"][""], BY_KIND["bp"]["sys"]
DAY = date(2026, 3, 1).toordinal()


def _of(series: Series, values: Iterable[float]) -> State:
    kind, part = series.kind, series.part
    return forecast.carried(kind, {}, {part: [Seen(DAY + n, value) for n, value in enumerate(values)]})[part]


def _codes(findings: Sequence[Finding]) -> set[str]:
    return {one.code for one in findings}


def test_few_days_and_old_days_are_silent_and_say_why() -> None:
    few = forecast.one(_of(WEIGHT, [80.0] * 6), today=date.fromordinal(DAY + 6))
    assert few["days"] == []
    assert "6 days" in few["abstained"]["en"]
    old = forecast.one(_of(WEIGHT, [80.0] * 20), today=date.fromordinal(DAY + 19 + 15))
    assert "15 days old" in old["abstained"]["en"]
    assert "15 天前" in old["abstained"]["zh-hans"]
    fresh = forecast.one(_of(WEIGHT, [80.0] * 20), today=date.fromordinal(DAY + 19 + 14))
    assert fresh["abstained"] is None


def test_what_is_told_is_plain_data_from_today_on() -> None:
    random = np.random.default_rng(1)
    told = forecast.one(_of(WEIGHT, 80 + random.normal(0, 0.3, 20)), today=date.fromordinal(DAY + 20), horizon=14)
    json.dumps(told)
    assert told["days"][0] == date.fromordinal(DAY + 20).isoformat()
    assert len(told["days"]) == len(told["value"]) == len(told["high80"]) == 14
    for low, low80, value, high80, high in zip(*(told[name] for name in ("low", "low80", "value", "high80", "high")), strict=True):
        assert low <= low80 <= value <= high80 <= high
    assert told["baseline"]["usual"] == pytest.approx(80, abs=0.3)


def test_steps_stay_within_what_is_possible() -> None:
    random = np.random.default_rng(1)
    told = forecast.one(_of(BY_KIND["steps"][""], random.integers(50, 900, 20)), today=date.fromordinal(DAY + 20))
    assert min(told["low"]) >= 0


def test_a_rising_weight_will_cross_its_limit_and_when() -> None:
    random = np.random.default_rng(4)
    some = [Seen(DAY + n, 80 + 0.2 * n + float(random.normal(0, 0.15))) for n in range(60)]
    state = fitting.fitted(WEIGHT, some)
    today = DAY + 60
    crossing = next(one for one in found(state, today, limits=(None, 93.0)) if one.kind == "limit")
    assert crossing.code == "forecast-high"
    assert 3 <= (crossing.lead_days or 0) <= 7  # 92 today, a fifth of a kilo a day
    assert crossing.evidence["probability"] >= 0.5
    assert not [one for one in found(state, today, limits=(None, 99.0)) if one.kind == "limit"]
    # Already beyond: that is for the rules, not for a forecast.
    assert not [one for one in found(state, today, limits=(None, 85.0)) if one.kind == "limit"]
    assert not [one for one in found(state, today, limits=(85.0, None)) if one.kind == "limit"]


def test_a_step_in_the_pulse_is_a_change_point_and_calm_days_are_none() -> None:
    random = np.random.default_rng(6)
    calm = list(62 + random.normal(0, 0.8, 50))
    assert _codes(found(_of(RHR, calm), DAY + 50)) == set()
    raised = _of(RHR, [*calm, *(72 + random.normal(0, 0.8, 8))])
    change = next(one for one in found(raised, DAY + 58) if one.kind == "change")
    assert change.evidence["change"] == pytest.approx(10, abs=2)
    assert change.evidence["days_since"] == pytest.approx(8, abs=2)
    assert change.evidence["false_alarm_days"] == 730


def test_drifts_carry_the_ids_of_the_packs_rules() -> None:
    random = np.random.default_rng(9)
    heavy = _of(WEIGHT, [*(80 + random.normal(0, 0.2, 20)), *(80 + 0.25 * np.arange(1, 11))])
    assert "HF-W4" in _codes(found(heavy, DAY + 30))
    steady = _of(WEIGHT, 80 + random.normal(0, 0.4, 60))
    assert "HF-W4" not in _codes(found(steady, DAY + 60))
    pressed = _of(SYS, [*(125 + random.normal(0, 5, 28)), *(143 + random.normal(0, 4, 7))])
    assert "BP-08" in _codes(found(pressed, DAY + 35))
    pulse = _of(RHR, [*(60 + random.normal(0, 1, 40)), *(64 + random.normal(0, 1, 7))])
    assert "HR-3" in _codes(found(pulse, DAY + 47))
    assert {rule.id for rule in packs.load("CN")} >= {"HF-W4", "BP-08", "HR-3"}


def test_what_is_odd_is_taken_out_and_what_is_censored_becomes_a_bound() -> None:
    hours = [Hour(DAY, 8, 3, 9.0 + 11.0 + 22.2), Hour(DAY, 9, 1, 27.0), Hour(DAY, 10, 2, 16.0)]
    odd = [Odd(DAY, 8, CENSORED_HIGH, 22.2), Odd(DAY, 9, SUSPICIOUS, 27.0), Odd(DAY, 10, SIMULATED, 8.0)]
    found_days = days("cgm", hours, [one for one in odd if one.flags != SIMULATED])
    (hour,) = found_days["h08"]
    assert hour.value == pytest.approx(10.0)
    assert (hour.n, hour.below, hour.above) == (2, None, (1, 22.2))
    assert "h09" not in found_days
    assert found_days["h10"] == [Seen(DAY, 8.0, 2)]
    only = days("cgm", [Hour(DAY, 8, 2, 44.4)], [Odd(DAY, 8, CENSORED_HIGH, 22.2)] * 2)
    assert only["h08"] == [Seen(DAY, None, 0, None, (2, 22.2))]


def test_pressure_is_the_mean_of_morning_and_evening_whichever_was_measured_more() -> None:
    hours = [Hour(DAY, 7, 4, 4 * 140.0, 4 * 90.0), Hour(DAY, 21, 1, 120.0, 70.0), Hour(DAY, 22, 1, 200.0, 100.0)]
    parts = days("bp", hours, [Odd(DAY, 22, CUFFLESS, 200.0, 100.0)])
    assert parts["sys"] == [Seen(DAY, 130.0, 5)]
    assert parts["dia_am"] == [Seen(DAY, 90.0, 4)]
    assert parts["sys_pm"] == [Seen(DAY, 120.0, 1)]


def test_a_row_carried_in_two_nights_is_the_row_carried_in_one() -> None:
    random = np.random.default_rng(7)
    all_days = {"": [Seen(DAY + n, float(x)) for n, x in enumerate(80 + random.normal(0, 0.3, 30))]}
    once = forecast.row_of(forecast.carried("weight", {}, all_days))
    row = forecast.row_of(forecast.carried("weight", {}, {"": all_days[""][:17]}))
    row = json.loads(json.dumps(row))
    # The second night is given days that the row already holds: they change nothing.
    twice = forecast.row_of(forecast.carried("weight", forecast.states("weight", row), {"": all_days[""][10:]}))
    assert twice["parts"][""]["a"] == pytest.approx(once["parts"][""]["a"], rel=1e-8)
    assert twice["parts"][""]["n"] == 30
    assert forecast.states("weight", {**row, "v": 0}) == {}


def test_forecasts_are_read_without_the_science_stack() -> None:
    asked = (
        "import sys, risk.forecast, risk.forecasting.findings, risk.forecasting.days; "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'statsmodels', 'lightgbm', 'django') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
