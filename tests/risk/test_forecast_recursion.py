"""The recursion is statsmodels' own filter, a day at a time; and what days without, with many, and with censored readings do to it."""

import json
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.structural import UnobservedComponents

from risk.forecasting import fitting
from risk.forecasting.filter import beyond
from risk.forecasting.series import BY_KIND, Seen, Series
from risk.forecasting.state import FALSE_ALARM_DAYS, State, advance, begin, from_dict, threshold

WEIGHT, STEPS, CGM = BY_KIND["weight"][""], BY_KIND["steps"][""], BY_KIND["cgm"]["h08"]
DAY = 738_000
PLAIN = Series("weight", "", WEIGHT.label, "kg", "none", WEIGHT.pool, -1e9, 1e9)


def _noisy(n: int, *, seed: int = 3, gaps: Sequence[int] = ()) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(seed)
    values = 80 + np.cumsum(random.normal(0, 0.2, n)) + random.normal(0, 0.4, n) + 0.3 * np.sin(np.arange(n) * 2 * math.pi / 7)
    values[list(gaps)] = np.nan
    return values


def _model(method: str, y: np.ndarray[Any, Any], *, fitting_it: bool = False) -> Any:
    if method in ("ses", "damped"):
        trend: dict[str, Any] = {"trend": True, "damped_trend": True, "initial_trend": 0.0} if method == "damped" else {}
        return ExponentialSmoothing(y, initialization_method="known", initial_level=80.0, concentrate_scale=fitting_it, **trend)
    kind = "lltrend" if method == "trend" else "llevel"
    return UnobservedComponents(y, level=kind, seasonal=7 if method == "weekly" else None)


@pytest.mark.parametrize("method", ["level", "trend", "weekly", "ses", "damped"])
def test_the_recursion_is_statsmodels_filter(method: str) -> None:
    y = _noisy(120, gaps=[20, 21, 70, 95, 96, 97])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = _model(method, y[:80], fitting_it=True).fit(disp=0)
        if method in ("ses", "damped"):
            result = _model(method, y[:80]).filter([*result.params, result.scale])
    # Exponential smoothing cannot `append` (its known start is lost): filtering all days with the same parameters is the same thing.
    whole = _model(method, y).filter(result.params) if method in ("ses", "damped") else result.append(y[80:])
    state = State(
        series=PLAIN,
        method=method,
        params=[float(x) for x in result.params],
        a=[float(x) for x in result.filtered_state[:, 79]],
        p=result.filtered_state_cov[:, :, 79].tolist(),
        day=DAY + 79,
        n=80,
        factors=[[1.3, 1.7]] * 4,
    )
    for place in range(80, 120):
        if not np.isnan(y[place]):
            advance(state, Seen(DAY + place, float(y[place])))
    assert state.a == pytest.approx(whole.filtered_state[:, -1], abs=1e-6)
    assert np.array(state.p) == pytest.approx(whole.filtered_state_cov[:, :, -1], abs=1e-6)
    ahead = whole.get_forecast(14)
    for steps in (1, 7, 14):
        mean, sd = state.outlook(steps)
        assert mean == pytest.approx(ahead.predicted_mean[steps - 1], abs=1e-6)
        assert sd == pytest.approx(math.sqrt(ahead.var_pred_mean[steps - 1]), abs=1e-6)


def test_a_row_written_and_read_forecasts_the_same() -> None:
    state = fitting.fitted(STEPS, [Seen(DAY + n, 6000 + 2500 * math.sin(n) + 3000 * (n % 7 > 4)) for n in range(60)])
    again = from_dict(STEPS, json.loads(json.dumps(state.as_dict())))
    for steps in (1, 5, 14):
        assert again.outlook(steps) == pytest.approx(state.outlook(steps), rel=1e-8)
        assert again.factor(steps, 1) == pytest.approx(state.factor(steps, 1))
    assert advance(again, Seen(DAY + 61, 7000.0)).a == pytest.approx(advance(state, Seen(DAY + 61, 7000.0)).a, rel=1e-8)
    assert len(json.dumps(state.as_dict())) < 4000


def _settled(series: Series, values: Sequence[float]) -> State:
    state = begin(series, Seen(DAY, values[0]))
    for place, value in enumerate(values[1:], start=1):
        advance(state, Seen(DAY + place, value))
    return state


def test_each_day_without_a_reading_widens() -> None:
    state = _settled(WEIGHT, [80.0, 80.3, 79.9, 80.1, 80.2, 79.8, 80.0, 80.1])
    widths = [state.outlook(steps)[1] for steps in range(1, 15)]
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] * 1.2


def test_a_day_with_more_readings_weighs_more() -> None:
    one, many = (_settled(WEIGHT, [80.0, 80.3, 79.9, 80.1, 80.2, 79.8, 80.0]) for _ in range(2))
    advance(one, Seen(DAY + 7, 80.8, 1))
    advance(many, Seen(DAY + 7, 80.8, 6))
    assert many.a[0] > one.a[0] > 80.0


def test_what_the_meter_called_high_is_not_dropped_and_not_taken_for_its_bound() -> None:
    usual = [9.0, 11.0, 10.0, 9.5, 10.5, 10.0, 9.8]
    calm, at_bound, censored = (_settled(CGM, usual) for _ in range(3))
    day = DAY + len(usual)
    advance(at_bound, Seen(day, 22.2, 1))
    advance(censored, Seen(day, None, 0, above=(1, 22.2)))
    assert calm.a[0] < at_bound.a[0] <= censored.a[0]
    low = advance(_settled(CGM, usual), Seen(day, None, 0, below=(1, 2.2)))
    assert low.a[0] < calm.a[0]
    # Beside exact readings, the censored ones pull the hour's mean beyond what the exact ones say.
    mixed, exact = _settled(CGM, usual), _settled(CGM, usual)
    advance(mixed, Seen(day, 21.0, 6, above=(6, 22.2)))
    advance(exact, Seen(day, 21.0, 12))
    assert mixed.a[0] >= exact.a[0]


def test_a_censored_day_that_says_little_leaves_the_state_uncertain() -> None:
    """That a reading was above a bound far below the usual is hardly news: neither level nor variance move."""
    usual = [9.0, 11.0, 10.0, 9.5, 10.5, 10.0, 9.8]
    state, before = _settled(CGM, usual), _settled(CGM, usual)
    advance(state, Seen(DAY + len(usual), None, 0, above=(1, 1.2)))
    assert state.a[0] == pytest.approx(before.a[0], abs=1e-3)
    assert state.p[0][0] > before.p[0][0]


@pytest.mark.parametrize(("bound", "above"), [(0.5, True), (-1.0, True), (1.5, False), (6.0, True), (12.0, True)])
def test_truncated_moments_are_scipys(bound: float, above: bool) -> None:
    from scipy.stats import truncnorm  # noqa: PLC0415

    low, high = (bound, np.inf) if above else (-np.inf, bound)
    mean, variance = beyond(10.0, 2.0, 10.0 + 2.0 * bound, above=above)
    assert mean == pytest.approx(10 + 2 * truncnorm.mean(low, high), rel=1e-3)
    assert variance == pytest.approx(4 * truncnorm.var(low, high), abs=0.03)


def test_one_wrong_entry_does_not_carry_the_level_away() -> None:
    state = _settled(WEIGHT, [80.0, 80.3, 79.9, 80.1, 80.2, 79.8, 80.0, 80.1])
    advance(state, Seen(DAY + 8, 160.0))
    assert state.a[0] < 81.5


def test_an_earlier_day_is_refused() -> None:
    with pytest.raises(ValueError, match="not after"):
        advance(begin(WEIGHT, Seen(DAY, 80.0)), Seen(DAY, 81.0))


def test_intervals_hold_at_the_nominal_rate_and_find_their_way_back() -> None:
    """Quiet for half a year, then thrice as restless: misses widen the factors until nine in ten hold again."""
    random = np.random.default_rng(11)
    sizes = np.r_[np.full(200, 0.4), np.full(300, 1.2)]
    state = begin(PLAIN, Seen(DAY, 80.0))
    state.method, state.params = "level", [0.16, 0.0001]  # what was true of the quiet months, never fitted again
    held = []
    for place, size in enumerate(sizes, start=1):
        value = 80 + float(random.normal(0, size))
        mean, sd = state.outlook(1)
        held.append(abs(value - mean) <= state.factor(1, 1) * sd)
        advance(state, Seen(DAY + place, value))
    assert 0.85 <= np.mean(held[:200]) <= 0.97
    assert np.mean(held[200:230]) < 0.85
    assert 0.84 <= np.mean(held[300:]) <= 0.95


def test_the_false_alarm_rate_is_the_stated_one() -> None:
    random = np.random.default_rng(5)
    alarms, days = 0, 40_000
    limit, up, down = threshold(FALSE_ALARM_DAYS), 0.0, 0.0
    for z in random.normal(0, 1, days):
        up, down = max(0.0, up + z - 0.5), max(0.0, down - z - 0.5)
        if max(up, down) > limit:
            alarms, up, down = alarms + 1, 0.0, 0.0
    assert 0.75 * FALSE_ALARM_DAYS < days / alarms < 1.4 * FALSE_ALARM_DAYS


def test_methods_are_chosen_for_what_they_are_good_at() -> None:
    random = np.random.default_rng(2)
    weekly = [Seen(DAY + n, max(0.0, (70 + 30 * (n % 7 in (5, 6)) + random.normal(0, 4))) ** 2) for n in range(150)]
    assert fitting.fitted(STEPS, weekly).method == "weekly"
    slope = [Seen(DAY + n, 80 + 0.15 * n + float(random.normal(0, 0.2))) for n in range(120)]
    chosen = fitting.fitted(WEIGHT, slope)
    assert chosen.method in ("trend", "damped")
    assert chosen.outlook(14)[0] > 80 + 0.15 * 119 + 1.0
    assert fitting.fitted(WEIGHT, slope[:20]).method == "pooled"


def test_a_method_that_loses_asks_for_a_fit_but_not_each_night() -> None:
    random = np.random.default_rng(8)
    state = fitting.fitted(WEIGHT, [Seen(DAY + n, 80 + float(random.normal(0, 0.5))) for n in range(130)])
    asked, level = [], 80.0
    for n in range(130, 190):
        level += float(random.normal(0, 1.5))
        advance(state, Seen(DAY + n, level))
        asked.append(state.refit_due)
    assert not any(asked[:13])
    assert any(asked)
