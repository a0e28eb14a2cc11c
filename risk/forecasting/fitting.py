"""Choosing a method for one series from its own history, and estimating it: the worker's part, with statsmodels.

Rolling origin: parameters are estimated on the first CUT of the days, then the recursion of `state` runs on over the rest, forecasting
at every horizon from every day. The method with the least mean of relative absolute error and relative 90 % interval score (both against
the last value) is estimated anew on all days. Nothing but the history decides. Only the last WINDOW days are looked at, so that a
person of five years costs what a person of one year costs.
"""

import math
import warnings
from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from statsmodels.tools.sm_exceptions import ModelWarning
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing
from statsmodels.tsa.statespace.structural import UnobservedComponents

from risk.forecasting.filter import WEEK, Matrix, Vector
from risk.forecasting.series import HORIZONS, LEVELS, Seen, Series
from risk.forecasting.state import FIT_FROM, NARROWEST, WIDEST, State, advance, begin

Floats = NDArray[np.float64]
Scored = dict[int, list[tuple[float, float]]]  # by place of the horizon: (miss, standard deviation)
WINDOW = 270  # days
CUT = 0.6  # the share of the days that parameters are first estimated on
BETTER = 0.95  # what the pool's parameters do, and then each costlier method, must be beaten by this
POOL_WEIGHT = 20.0  # what the pool's factors weigh against a person's own scores
LEAST_SCORES = 5


def fitted(series: Series, days: Sequence[Seen], *, before: State | None = None) -> State:
    """This function will choose and estimate a method from `days` (rising) and give the state after the last of them.

    With fewer than FIT_FROM days the pool's parameters stay. `before` hands on what outlives a fit: change points, coverage so far.
    """
    window = [one for one in days if one.day > days[-1].day - WINDOW]
    state, values = _walked(begin(series, window[0]), window[1:])
    if len(window) >= FIT_FROM:
        state = _chosen(series, window, values)
    state.fitted_day, state.fitted_n = state.day, state.n
    if before is not None:
        state.hits, state.sums, state.change = before.hits, before.sums, before.change
        state.n = max(state.n, before.n)
    return state


def _chosen(series: Series, window: Sequence[Seen], values: dict[int, float]) -> State:
    cut = max(int(len(window) * CUT), FIT_FROM // 2)
    early = _grid(values, window[0].day, window[cut - 1].day)
    scored = {method: backtested(series, window, cut, method, params) for method, params in _candidates(series, early)}
    best = _best(scored)
    everything = dict(_candidates(series, _grid(values, window[0].day, window[-1].day), only=best))
    state, _ = _walked(start(series, window[0], best, everything[best]), window[1:])
    state.factors = _factors(series, scored[best])
    return state


def _best(scored: dict[str, Scored]) -> str:
    """The pool's parameters hold until beaten; candidates come in order of rising cost, and each must beat the best so far by BETTER."""
    best, least = "pooled", _merit(scored["pooled"], scored["last"])
    for method, scores in scored.items():
        merit = _merit(scores, scored["last"])
        if merit < least * BETTER:
            best, least = method, merit
    return best


def _merit(scores: Scored, yardstick: Scored) -> float:
    parts = []
    for place, pairs in scores.items():
        own, other = (fmean(miss for miss, _ in some) for some in (pairs, yardstick[place]))
        own_is, other_is = _interval_score(pairs), _interval_score(yardstick[place])
        parts += [own / max(other, 1e-9), own_is / max(other_is, 1e-9)]
    return fmean(parts) if parts else 1.0


def _interval_score(pairs: Sequence[tuple[float, float]]) -> float:
    """Mean 90 % interval score (Gneiting 2007) of intervals widened to their own coverage."""
    alpha = 1 - LEVELS[1]
    factor = _quantile([miss / sd for miss, sd in pairs], LEVELS[1])
    return fmean(2 * factor * sd + 2 / alpha * max(0.0, miss - factor * sd) for miss, sd in pairs)


def backtested(series: Series, window: Sequence[Seen], cut: int, method: str, params: Sequence[float]) -> Scored:
    """This function will forecast from every day on from `cut` and give (absolute miss, SD) on the calm scale by place of the horizon."""
    scores: Scored = {}
    state = start(series, window[0], method, params)
    first = window[cut - 1].day
    for seen in window[1:]:
        due = [one for one in state.pending if one[0] == seen.day and one[0] - series.horizons[int(one[1])] >= first]
        advance(state, seen)
        if seen.value is not None:
            calm = series.calm(state.recent[-1][1])
            for _, place, mean, sd in due:
                scores.setdefault(int(place), []).append((abs(calm - mean), sd))
    return {place: pairs for place, pairs in scores.items() if len(pairs) >= LEAST_SCORES}


def start(series: Series, first: Seen, method: str, params: Sequence[float]) -> State:
    """This function will begin a series on given parameters instead of the pool's."""
    state = begin(series, first)
    state.method, state.params = method, list(params)
    state.a, state.p = _origin(method, params, state.a[0])
    state.pending = []
    return state


def _origin(method: str, params: Sequence[float], value: float) -> tuple[Vector, Matrix]:
    if method in ("ses", "damped"):
        size = 2 if method == "ses" else 3
        return [0.0, value, 0.0][:size], [[0.0] * size for _ in range(size)]
    if method == "trend":
        return [value, 0.0], [[params[0], 0.0], [0.0, params[0] / 100]]
    if method == "weekly":
        spread = [params[0]] + [params[0] / 2] * (WEEK - 1)
        return [value] + [0.0] * (WEEK - 1), [[spread[i] if i == k else 0.0 for k in range(WEEK)] for i in range(WEEK)]
    return [value], [[params[0]]]


def _walked(state: State, days: Sequence[Seen]) -> tuple[State, dict[int, float]]:
    values = {state.day: state.series.calm(state.recent[-1][1])}
    for seen in days:
        advance(state, seen)
        values[seen.day] = state.series.calm(state.recent[-1][1])
    return state, values


def _grid(values: dict[int, float], first: int, last: int) -> Floats:
    return np.array([values.get(day, math.nan) for day in range(first, last + 1)])


def _candidates(series: Series, y: Floats, *, only: str = "") -> list[tuple[str, list[float]]]:
    """Methods with their parameters, simplest first. Parts of a day have no trend of their own worth a fit each night."""
    known = np.flatnonzero(~np.isnan(y))
    gaps = np.diff(known)
    moves = float(np.mean(np.diff(y[known]) ** 2 / gaps)) if len(gaps) else series.pool.noise**2
    moves = max(moves, (series.pool.noise / 20) ** 2)
    found: dict[str, list[float]] = {"last": [0.0, moves], "pooled": [series.pool.noise**2, series.pool.move**2]}
    wanted = ["level"]
    if series.horizons == HORIZONS:
        wanted += ["ses", "damped", "trend"]
    if series.weekly and len(known) >= 3 * WEEK:
        wanted.append("weekly")
    for method in wanted:
        if only in ("", method) or (method == "level" and only == "median"):
            found[method] = estimated(method, y)
            if method == "level":
                found["median"] = found["level"]
    return [(method, params) for method, params in found.items() if only in ("", method)]


def estimated(method: str, y: Floats) -> list[float]:
    """This function will estimate a method's parameters by maximum likelihood (statsmodels); `y` is daily, NaN where unmeasured."""
    known = y[~np.isnan(y)]
    spread = max(float(np.std(known)), 1e-3)
    middle = float(np.median(known[:MIDDLE_OF]))
    z = (y - middle) / spread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (ModelWarning, RuntimeWarning))
        if method in ("ses", "damped"):
            trend: dict[str, float] = {} if method == "ses" else {"initial_trend": 0.0}
            model = ExponentialSmoothing(
                z, trend=bool(trend), damped_trend=bool(trend), initialization_method="known", initial_level=0.0, **trend
            )
            result = model.fit(disp=0, maxiter=60)
            return [*(float(x) for x in result.params), float(result.scale) * spread**2]
        kind = "lltrend" if method == "trend" else "llevel"
        result = UnobservedComponents(z, level=kind, seasonal=WEEK if method == "weekly" else None).fit(disp=0, maxiter=60)
    return [max(float(x), 0.0) * spread**2 for x in result.params]


MIDDLE_OF = 5  # first values whose median exponential smoothing starts from


def _factors(series: Series, scores: Scored) -> list[list[float]]:
    """Conformal factors by horizon: the person's own quantiles, drawn towards the pool's where she has few scores."""
    factors = []
    for place, pool in enumerate(series.pool.factors):
        pairs = scores.get(place, [])
        own = [_quantile([miss / sd for miss, sd in pairs], level) if pairs else 0.0 for level in LEVELS]
        share = len(pairs) / (len(pairs) + POOL_WEIGHT)
        blend = [min(max(share * mine + (1 - share) * theirs, NARROWEST), WIDEST) for mine, theirs in zip(own, pool, strict=True)]
        factors.append([min(blend), max(blend)])
    return factors


def _quantile(scores: Sequence[float], level: float) -> float:
    """The split-conformal quantile: the ceil((n + 1) level)-th score, the largest where there are too few."""
    ranked = sorted(scores)
    return ranked[min(math.ceil((len(ranked) + 1) * level), len(ranked)) - 1]
