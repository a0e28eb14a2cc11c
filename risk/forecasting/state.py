"""The state of one series: what it was yesterday becomes what it is today, by a few sums; nothing is fitted here.

Held as a small JSON-able row. Pure, without numpy: the web process forecasts from it, the worker carries it forward.

- Days without a reading only let time pass: the variance grows with each.
- A day with more readings than usual weighs more: half of the day's noise is the day's own, the other half falls as their number rises.
- LO and HI are not dropped: an hour or day of which only the side of a bound is known moves the state to the mean of the possible
  readings and leaves it as uncertain as that is (Tobit filter, moments matched); where exact readings lie beside them, each counts with
  that conditional mean.
- A reading more than CLIP standard deviations off moves the state as one CLIP off would: one wrong entry does not carry the level away.
- Intervals are the filter's own, times factors by horizon that are kept honest by adaptive conformal inference (Gibbs and Candes 2021):
  a miss widens by STEP x coverage, a hit narrows by STEP x (1 - coverage), so that long-run coverage is the nominal one.
- Change points: two-sided CUSUM (Page 1954) of one-step residuals in standard deviations, reference half a deviation, threshold by
  Siegmund's approximation such that a series without change gives one false alarm in FALSE_ALARM_DAYS measured days.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import Any

from risk.forecasting.filter import Matrix, Vector, ahead, beyond, design, learn, seen_from
from risk.forecasting.series import LEVELS, Seen, Series

VERSION = 1
DAY_OWN = 0.5  # the share of a day's noise that more readings do not take away
CLIP = 4.0
STEP = 0.06  # of the conformal factors
WIDEST, NARROWEST = 6.0, 0.4  # within which they stay
MIDDLE = 7  # values of the running median
FALSE_ALARM_DAYS = 730.0
HALF = 0.5  # reference of the CUSUM, standard deviations
WINSOR = 3.0  # a residual counts for no more than this many deviations in it
FORGET = 0.97  # of the errors that methods are compared by: the last month or so counts
PRIOR_DAYS = 10.0  # what the pool's spread weighs against a person's own days
REFIT_EVERY = 14  # days at least between two fits
FIT_FROM = 28  # days with readings: below, the pool's parameters serve
GROWN = 120  # days with readings: up to here a fit is renewed when they have doubled
OLD = 180  # days after which a fit is renewed in any case
LOST = 0.95  # a simple method's error against its own at which the method has lost


@dataclass(slots=True)
class State:
    """What is known of one series after day `day`; vectors and variances on its calm scale.

    `recent` holds [day, value] in the unit; `factors` the conformal factors (80 %, 90 %) by horizon; `pending` the forecasts not yet
    met: [day, place of horizon, mean, sd]; `errors` the forgetting mean absolute errors of itself, last value, running median, and
    their weight; `hits` how many of the one-day intervals held (80 %, 90 %) of how many; `sums` the CUSUM up and down and the days
    since when; `change` the last change point as (noticed, since, up or down in deviations); `spread` the pooled scale's sum and weight.
    """

    series: Series
    method: str
    params: list[float]
    a: Vector
    p: Matrix
    day: int
    n: int
    factors: list[list[float]]
    usual_n: float = 1.0
    fitted_day: int = 0
    fitted_n: int = 0
    recent: list[list[float]] = field(default_factory=list)
    pending: list[list[float]] = field(default_factory=list)
    errors: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    hits: list[int] = field(default_factory=lambda: [0, 0, 0])
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0, 0])
    change: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=lambda: [0.0, 0.0])

    @property
    def scale(self) -> float:
        """What variances are multiplied by: 1 but for the pooled method, whose spread is learnt as days come in."""
        if self.method != "pooled":
            return 1.0
        return (PRIOR_DAYS + self.spread[0]) / (PRIOR_DAYS + self.spread[1])

    @property
    def refit_due(self) -> bool:
        """Whether the method is to be chosen anew from history: it lost, or there is much more to choose by."""
        if not self.fitted_day:
            return self.n >= FIT_FROM
        since = self.day - self.fitted_day
        if since < REFIT_EVERY:
            return False
        own, last, middle, weight = self.errors
        lost = weight > 10 and min(last, middle) < LOST * own
        return lost or since >= OLD or (self.fitted_n < GROWN and self.n >= 2 * self.fitted_n)

    def outlook(self, steps: int) -> tuple[float, float]:
        """This function will give mean and standard deviation (calm scale, before the conformal factor) `steps` days on."""
        model = design(self.method, self.params)
        mean, variance = seen_from(model, *ahead(model, self.a, self.p, steps))
        return self._middled(mean), math.sqrt(max(variance * self.scale, 1e-12))

    def factor(self, steps: int, level: int) -> float:
        """This function will give the conformal factor `steps` days on, for the place of a level in LEVELS."""
        horizons = self.series.horizons
        for place in range(1, len(horizons)):
            if steps <= horizons[place]:
                share = max(steps - horizons[place - 1], 0) / (horizons[place] - horizons[place - 1])
                return self.factors[place - 1][level] * (1 - share) + self.factors[place][level] * share
        return self.factors[-1][level]

    def _middled(self, mean: float) -> float:
        if self.method != "median" or not self.recent:
            return mean
        return self.series.calm(median(value for _, value in self.recent[-MIDDLE:]))

    def as_dict(self) -> dict[str, Any]:
        """This function will give the state as JSON-able data. The lists are the state's own: write it before it is carried on."""
        return {name: getattr(self, name) for name in _KEPT}


_KEPT = (
    *("method", "day", "n", "usual_n", "fitted_day", "fitted_n", "params", "a", "errors", "hits", "sums", "change", "spread"),
    *("p", "factors", "recent", "pending"),
)


def from_dict(series: Series, told: Mapping[str, Any]) -> State:
    """This function will read what `as_dict` gave. The lists become the state's own."""
    return State(series, **{name: told[name] for name in _KEPT})


def begin(series: Series, first: Seen) -> State:
    """This function will begin a series with its first day, on the pool's parameters: nothing of the person is known yet."""
    pool = series.pool
    values = [one for one in (first.value, first.below and first.below[1], first.above and first.above[1]) if one is not None]
    if not values:
        raise ValueError("a day without any reading begins nothing")
    state = State(
        series=series,
        method="pooled",
        params=[pool.noise**2, pool.move**2],
        a=[series.calm(values[0])],
        p=[[pool.noise**2]],
        day=first.day,
        n=1,
        factors=[list(pair) for pair in pool.factors],
        usual_n=float(max(first.n, 1)),
        recent=[[first.day, values[0]]],
    )
    _promise(state)
    return state


def advance(state: State, seen: Seen) -> State:
    """This function will take in the next day and give the same state, changed. Raises ValueError for a day that is not later.

    Days in between had no reading: their forecasts are neither hit nor missed.
    """
    steps = seen.day - state.day
    if steps < 1:
        raise ValueError(f"day {seen.day} is not after {state.day}")
    model = design(state.method, state.params)
    a, p = ahead(model, state.a, state.p, steps)
    mean, variance = seen_from(model, a, p)
    scale = state.scale
    sd = math.sqrt(max(variance * scale, 1e-12))
    centre = state._middled(mean)
    calm, kept = _read(state.series, seen, centre, sd)
    exact = not kept
    if exact:
        _settle(state, seen.day, calm)
        _compare(state, calm, abs(calm - centre))
        _cusum(state, seen.day, (calm - centre) / (sd * state.factors[0][1] / 1.645))
    surprise = max(-CLIP * sd, min(CLIP * sd, calm - mean))
    count = seen.n + sum(some[0] for some in (seen.below, seen.above) if some is not None)
    noise = model.noise * (DAY_OWN + (1 - DAY_OWN) * max(0.25, min(4.0, state.usual_n / count))) if exact else model.noise
    state.a, state.p = learn(model, a, p, surprise=surprise, noise=noise, kept=kept / scale)
    if state.method == "pooled" and exact:
        state.spread = [state.spread[0] + surprise * surprise / variance, state.spread[1] + 1.0]
    state.usual_n += 0.1 * (count - state.usual_n)
    state.day, state.n = seen.day, state.n + 1
    state.recent = [*state.recent, [seen.day, round(state.series.plain(calm), 4)]][-state.series.keep :]
    _promise(state)
    return state


def _read(series: Series, seen: Seen, mean: float, sd: float) -> tuple[float, float]:
    """The day on the calm scale, and the variance that censoring leaves open where nothing exact was read."""
    parts: list[tuple[int, float]] = [] if seen.value is None else [(seen.n, series.calm(seen.value))]
    kept = 0.0
    for some, above in ((seen.below, False), (seen.above, True)):
        if some is not None:
            middle, kept = beyond(mean, sd, series.calm(some[1]), above=above)
            parts.append((some[0], middle))
    if not parts:
        raise ValueError("a day without any reading is no day")
    count = sum(n for n, _ in parts)
    return sum(n * one for n, one in parts) / count, kept if seen.value is None else 0.0


def _promise(state: State) -> None:
    """Notes today's forecasts at the calibrated horizons, to be held against what comes."""
    model = design(state.method, state.params)
    a, p, on, scale = state.a, state.p, 0, state.scale
    for place, steps in enumerate(state.series.horizons):
        a, p = ahead(model, a, p, steps - on)
        on = steps
        mean, variance = seen_from(model, a, p)
        sd = math.sqrt(max(variance * scale, 1e-12))
        state.pending.append([state.day + steps, place, round(state._middled(mean), 6), max(round(sd, 6), 1e-6)])


def _settle(state: State, day: int, calm: float) -> None:
    """Holds what was forecast for this day against it; forecasts for days that went by unmeasured are let go."""
    for due, where, mean, sd in state.pending:
        if due == day:
            place = int(where)
            score = abs(calm - mean) / sd
            pair = state.factors[place]
            if place == 0:
                state.hits = [state.hits[0] + (score <= pair[0]), state.hits[1] + (score <= pair[1]), state.hits[2] + 1]
            state.factors[place] = narrowed(pair, score)
    state.pending = [one for one in state.pending if one[0] > day]


def narrowed(pair: list[float], score: float) -> list[float]:
    """This function will move the two factors by one outcome: wider by a miss, a little narrower by a hit."""
    moved = []
    for factor, level in zip(pair, LEVELS, strict=True):
        missed = 1.0 if score > factor else 0.0
        moved.append(min(max(factor * (1 + STEP * (missed - (1 - level))), NARROWEST), WIDEST))
    return [min(moved), max(moved)]


def _compare(state: State, calm: float, own: float) -> None:
    values = [value for _, value in state.recent[-MIDDLE:]]
    rivals = (own, abs(calm - state.series.calm(values[-1])), abs(calm - state.series.calm(median(values)))) if values else (own, own, own)
    weight = state.errors[3] * FORGET + 1.0
    means = [old + (new - old) / weight for old, new in zip(state.errors, rivals, strict=False)]
    state.errors = [*means, weight]


def _cusum(state: State, day: int, z: float) -> None:
    z = max(-WINSOR, min(WINSOR, z))
    up, down, up_since, down_since = state.sums
    up, up_since = (up + z - HALF, up_since or day) if up + z > HALF else (0.0, 0)
    down, down_since = (down - z - HALF, down_since or day) if down - z > HALF else (0.0, 0)
    limit = threshold(FALSE_ALARM_DAYS)
    if max(up, down) > limit:
        since, size = (up_since, up) if up >= down else (down_since, -down)
        state.change = [day, since, size]
        up, down, up_since, down_since = 0.0, 0.0, 0, 0
    state.sums = [up, down, up_since, down_since]


@cache
def threshold(false_alarm_days: float) -> float:
    """This function will give the CUSUM limit (deviations) at which a calm series alarms once in so many days (Siegmund 1985)."""
    low, high = 0.5, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        wide = 2 * HALF * (middle + 1.166)
        one_sided = (math.exp(wide) - wide - 1) / (2 * HALF * HALF)
        low, high = (middle, high) if one_sided / 2 < false_alarm_days else (low, middle)
    return high
