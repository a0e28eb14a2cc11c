"""Glucose features of a moment, from readings up to that moment only: one code for training tables and for living people.

Values are mg/dL, times minutes, and nothing assumes a grid: a lag asks for the reading nearest to it among those already taken, so
five- and fifteen-minute sensors share columns and what a sensor is too coarse for is missing. Nothing is interpolated.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from healthhub.records.catalogue import SUSPICIOUS
from risk.history import History, Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LONGEST = 955.0  # as far back as anything looks: the longest input of GlucoBench, 192 points, so that one model serves both
LAGS = (5, 10, 15, 30, 45, 60, 90, 120, 180, 240)
SHORT, HOURS_3, HOURS_6 = 60.0, 180.0, 360.0
LOW = 70.0
NEAR = 0.45  # of a lag: how far from it a reading may lie and still be scaled to it
NEAREST = 7.4  # minutes: never further than that
LEAST = 8  # readings that make a mean and spread of one's own
MG_DL = 18.0182  # of 1 mmol/L, as in the catalogue
STALE = timedelta(minutes=20)  # an older newest reading foretells nothing
# A plain damped line: share of the last 15 minutes' rise, of the rise before, of the one before that, and of the way back to the mean.
LINES = {30: (1.6, -0.9, 0.5, -0.1), 60: (1.9, -0.9, 0.6, -0.25)}


class Course:
    """One recording: minutes (rising) and glucose (mg/dL), with the running sums that windows are read from."""

    def __init__(self, minutes: Floats, glucose: Floats) -> None:
        self.minutes = minutes
        self.glucose = glucose
        self._sum = np.concatenate([[0.0], np.cumsum(glucose)])
        self._squares = np.concatenate([[0.0], np.cumsum(glucose**2)])
        self._low = np.concatenate([[0.0], np.cumsum(glucose < LOW)])

    def near(self, when: Floats, at: Ints, within: float) -> Ints:
        """This function will give the number of the reading nearest to `when`, not after reading `at`; -1 where none is within minutes."""
        after = np.minimum(np.searchsorted(self.minutes, when), at)
        before = np.maximum(after - 1, 0)
        nearest = np.where(np.abs(self.minutes[before] - when) <= np.abs(self.minutes[after] - when), before, after)
        return np.where(np.abs(self.minutes[nearest] - when) <= within, nearest, -1)

    def change(self, lag: float, at: Ints, back: float = 0.0) -> Floats:
        """This function will give the rise over the last `lag` minutes (mg/dL, scaled to the lag), as it stood `back` minutes ago."""
        end = self.near(self.minutes[at] - back, at, NEAREST) if back else at
        start = self.near(self.minutes[end] - lag, at, min(NEAREST, NEAR * lag))
        took = self.minutes[end] - self.minutes[start]
        known = (end >= 0) & (start >= 0) & (took > 0)
        return np.where(known, (self.glucose[end] - self.glucose[start]) / np.where(known, took, 1.0) * lag, np.nan)

    def first(self, at: Ints, window: float) -> Ints:
        """This function will give the number of the first reading within the last `window` minutes."""
        return np.searchsorted(self.minutes, self.minutes[at] - window - 0.5)

    def spread(self, at: Ints, window: float, least: int) -> tuple[Floats, Floats, Floats]:
        """This function will give mean, SD and share below 70 mg/dL of the window, NaN with fewer than `least` readings."""
        first = self.first(at, window)
        n = (at + 1 - first).astype(np.float64)
        mean = (self._sum[at + 1] - self._sum[first]) / n
        variance = (self._squares[at + 1] - self._squares[first]) / n - mean**2
        low = (self._low[at + 1] - self._low[first]) / n
        enough = n >= least
        return tuple(np.where(enough, one, np.nan) for one in (mean, np.sqrt(np.maximum(variance, 0.0)), low))  # type: ignore[return-value]

    def extremes(self, at: Ints, window: float) -> tuple[Floats, Floats]:
        """This function will give lowest and highest glucose of the window."""
        pairs = np.column_stack([self.first(at, window), at + 1]).ravel()
        padded = np.append(self.glucose, self.glucose[-1])  # so that the last end is a valid place
        return np.minimum.reduceat(padded, pairs)[::2], np.maximum.reduceat(padded, pairs)[::2]

    def trend(self, at: Ints, window: float) -> Floats:
        """This function will give the least-squares slope of the window in mg/dL per hour."""
        x, y = self.minutes / 60.0, self.glucose
        sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in (x, x * x, x * y)]
        first = self.first(at, window)
        n = at + 1 - first
        sx, sxx, sxy = (one[at + 1] - one[first] for one in sums)
        sy = self._sum[at + 1] - self._sum[first]
        below = n * sxx - sx * sx
        known = (n >= 3) & (below > 1e-6)
        return np.where(known, (n * sxy - sx * sy) / np.where(known, below, 1.0), np.nan)


def features(minutes: Floats, glucose: Floats, hour: Floats, at: Ints, *, reach: float = LONGEST) -> Mapping[str, Floats]:
    """This function will give the columns at the readings numbered `at`, from those readings and earlier ones.

    `minutes` rise; `hour` is the local clock (0-24) of each reading of `at`; `reach` bounds how far back anything looks.
    """
    course = Course(minutes, glucose)
    columns = {"glucose": glucose[at]}
    changes = {lag: course.change(float(lag), at) for lag in LAGS}
    columns["glucose_15"] = glucose[at] - changes[15]
    columns |= {f"change_{lag}": one for lag, one in changes.items()}
    columns["turn_5"] = changes[5] - course.change(5.0, at, back=5.0)
    columns["turn_15"] = changes[15] - course.change(15.0, at, back=15.0)
    columns["turn_30"] = changes[30] - course.change(30.0, at, back=30.0)
    columns["trend_60"] = course.trend(at, SHORT)
    for name, window in (("1h", SHORT), ("3h", HOURS_3), ("6h", HOURS_6)):
        low, high = course.extremes(at, window)
        columns[f"above_low_{name}"] = glucose[at] - low
        columns[f"below_high_{name}"] = high - glucose[at]
    columns["sd_1h"] = course.spread(at, SHORT, 3)[1]
    columns["sd_3h"] = course.spread(at, HOURS_3, 6)[1]
    mean, spread, low_share = course.spread(at, reach, LEAST)
    columns |= {"above_mean": glucose[at] - mean, "mean_16h": mean, "sd_16h": spread, "low_16h": low_share}
    columns["lowest_16h"], columns["highest_16h"] = course.extremes(at, reach)
    columns["hour_sin"], columns["hour_cos"] = np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi)
    last = np.maximum(at - 1, 0)
    columns["step"] = np.where(at > 0, minutes[at] - minutes[last], np.nan)
    return columns | _lines(columns)


def _lines(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    rise = columns["change_15"]
    before = columns["change_30"] - rise
    earlier = columns["change_45"] - columns["change_30"]
    known = [np.nan_to_num(one) for one in (before, earlier, columns["above_mean"])]
    return {f"line_{ahead}": rise * first + sum(share * one for share, one in zip(rest, known, strict=True))
            for ahead, (first, *rest) in LINES.items()}  # fmt: skip


def of_history(history: History, as_of: datetime) -> Mapping[str, Known]:
    """This function will give the columns of a living person at her newest CGM reading (canonical mmol/L), {} where that is stale."""
    since = as_of - timedelta(minutes=LONGEST) - STALE
    kept = [one for one in history.readings.get("cgm", ()) if since <= one.at <= as_of and not one.flags & SUSPICIOUS]
    taken = {one.at: one for one in kept}  # of two at one moment the later counts
    readings = [taken[moment] for moment in sorted(taken)]
    if not readings or as_of - readings[-1].at > STALE:
        return {}
    newest = readings[-1]
    minutes = np.asarray([(one.at - newest.at).total_seconds() / 60 for one in readings])
    glucose = np.asarray([one.value * MG_DL for one in readings])
    clock = newest.at.astimezone(UTC) + timedelta(minutes=newest.utc_offset)
    hour = np.asarray([clock.hour + clock.minute / 60])
    found = features(minutes, glucose, hour, np.asarray([len(readings) - 1]))
    told = {name: float(values[0]) for name, values in found.items()} | {"type1": float("diabetes_t1" in history.conditions)}
    return {name: Known(value, newest.at) for name, value in told.items() if not np.isnan(value)}
