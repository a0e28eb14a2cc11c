"""The Kalman filter in plain numbers: every method here is the same recursion with other matrices. Pure, without numpy.

level, trend, weekly are statsmodels' UnobservedComponents (local level, local linear trend, local level with a season of seven days);
ses and damped its ExponentialSmoothing in state space form (Hyndman 2008). A test holds the states equal to statsmodels' own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Vector = list[float]
Matrix = list[list[float]]
Row = tuple[tuple[int, float], ...]
WEEK = 7


@dataclass(frozen=True, slots=True)
class Design:
    """y = Z a + noise (variance `noise`); a' = T a + shock (covariance `shock`). T's rows and Z are sparse: (column, factor)."""

    move: tuple[Row, ...]
    look: Row
    noise: float
    shock: Matrix


def design(method: str, params: Sequence[float]) -> Design:
    """This function will give the matrices of a method. Parameters, on the calm scale:

    level, last, median, pooled: noise variance, level variance; trend: noise, level, slope variances; weekly: noise, level, season
    variances; ses: alpha, error variance; damped: alpha, beta, phi, error variance. Raises ValueError for an unknown method.
    """
    if method in ("level", "last", "median", "pooled"):
        noise, level = params
        return Design((((0, 1.0),),), ((0, 1.0),), noise, [[level]])
    if method == "trend":
        noise, level, slope = params
        return Design((((0, 1.0), (1, 1.0)), ((1, 1.0),)), ((0, 1.0),), noise, [[level, 0.0], [0.0, slope]])
    if method == "weekly":
        return _weekly(*params)
    if method == "ses":
        alpha, variance = params
        return Design(((), ((1, 1.0),)), ((0, 1.0), (1, 1.0)), 0.0, _one_shock((1 - alpha, alpha), variance))
    if method == "damped":
        alpha, beta, phi, variance = params
        move: tuple[Row, ...] = ((), ((1, 1.0), (2, phi)), ((2, phi),))
        return Design(move, ((0, 1.0), (1, 1.0)), 0.0, _one_shock((1 - alpha, alpha, beta), variance))
    raise ValueError(f"there is no method {method!r}")


def _weekly(noise: float, level: float, season: float) -> Design:
    rows: list[Row] = [((0, 1.0),), tuple((place, -1.0) for place in range(1, WEEK))]
    rows += [((place, 1.0),) for place in range(1, WEEK - 1)]
    shock = [[0.0] * WEEK for _ in range(WEEK)]
    shock[0][0], shock[1][1] = level, season
    return Design(tuple(rows), ((0, 1.0), (1, 1.0)), noise, shock)


def _one_shock(loads: Sequence[float], variance: float) -> Matrix:
    return [[one * other * variance for other in loads] for one in loads]


def ahead(model: Design, a: Vector, p: Matrix, steps: int = 1) -> tuple[Vector, Matrix]:
    """This function will carry state and covariance over `steps` days without a reading: uncertainty grows by each of them."""
    rows, shock = model.move, model.shock
    if len(rows) == 1:
        return a, [[p[0][0] + steps * shock[0][0]]]
    places = range(len(a))
    for _ in range(steps):
        a = [sum(factor * a[place] for place, factor in row) for row in rows]
        half = [[sum(factor * p[place][column] for place, factor in row) for column in places] for row in rows]
        p = [[sum(factor * half[i][place] for place, factor in rows[k]) + shock[i][k] for k in places] for i in places]
    return a, p


def seen_from(model: Design, a: Vector, p: Matrix) -> tuple[float, float]:
    """This function will give mean and variance of a reading in this state."""
    mean = sum(factor * a[place] for place, factor in model.look)
    spread = sum(one * other * p[i][k] for i, one in model.look for k, other in model.look)
    return mean, spread + model.noise


def learn(model: Design, a: Vector, p: Matrix, *, surprise: float, noise: float | None = None, kept: float = 0.0) -> tuple[Vector, Matrix]:
    """This function will take in a reading that lies `surprise` from the mean.

    `noise` replaces the design's where a day has more or fewer readings than usual. `kept` is the variance that a censored reading
    leaves open (0: an exact one): the state takes the mean of the possible readings and stays the less certain for it.
    """
    look = model.look
    cross = [sum(factor * row[place] for place, factor in look) for row in p]
    variance = sum(factor * cross[place] for place, factor in look) + (model.noise if noise is None else noise)
    if variance <= 0.0:
        return a, p
    known = (variance - kept) / (variance * variance)
    a = [one + weight * surprise / variance for one, weight in zip(a, cross, strict=True)]
    p = [[p[i][k] - cross[i] * cross[k] * known for k in range(len(a))] for i in range(len(a))]
    return a, p


def beyond(mean: float, sd: float, bound: float, *, above: bool) -> tuple[float, float]:
    """This function will give mean and variance of a normal reading of which only the side of `bound` is known."""
    side = 1.0 if above else -1.0
    z = side * (bound - mean) / sd
    ratio = _hazard(z)
    return mean + side * sd * ratio, sd * sd * max(1.0 + z * ratio - ratio * ratio, 1e-6)


def chance_above(mean: float, sd: float, bound: float) -> float:
    """This function will give the probability that a normal reading lies above `bound`."""
    return 0.5 * math.erfc((bound - mean) / (sd * math.sqrt(2.0)))


def _hazard(z: float) -> float:
    """phi(z) / (1 - Phi(z)); far out its own asymptote, since both go to nothing."""
    if z > 8.0:
        return z + 1.0 / z
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / (0.5 * math.erfc(z / math.sqrt(2.0)))
