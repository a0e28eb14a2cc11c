"""Readings of a continuous glucose monitor laid on an even grid: by wall clock for days, by elapsed time for courses.

A day with a change of the clock has 23 or 25 hours. What compares days (MODD, the profile) asks what the clock on the
wall said; what follows a course (excursions, episodes, rates) asks how much time went by. The two differ only then.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthhub.lib.refused import Invalid

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]
MINUTE = np.timedelta64(60, "s")
DAY_MINUTES = 1440
# No interpolation between readings further apart than this.
LONGEST_BRIDGE = 45.0
COARSEST = 20


@dataclass(frozen=True)
class Grid:
    """Glucose in mg/dL at midnight + step, midnight + 2 steps, ... of each day (rows), NaN where nothing is known; step in minutes."""

    days: Floats
    step: int
    first_day: np.datetime64

    @cached_property
    def course(self) -> Floats:
        """The days one after the other."""
        return self.days.ravel()

    def lag(self, minutes: float) -> Floats:
        """This function will give the differences over a lag, NaN where one end is not known."""
        steps = round(minutes / self.step)
        return self.course[steps:] - self.course[:-steps]


@dataclass(frozen=True)
class Trace:
    """Readings in time order: `wall` and `elapsed` as seconds of datetime64 without zone, glucose in mg/dL."""

    wall: Times
    elapsed: Times
    glucose: Floats

    @cached_property
    def gaps(self) -> Floats:
        """Minutes between consecutive readings."""
        return np.asarray(np.diff(self.elapsed) / MINUTE, dtype=np.float64)

    @cached_property
    def step(self) -> int:
        """The usual distance of readings in minutes, made to divide a day."""
        usual = int(np.round(np.median(self.gaps)))
        if usual < 1 or usual > LONGEST_BRIDGE:
            raise Invalid("Readings must be 1 to 45 minutes apart.", code="out_of_domain", field="times")
        if DAY_MINUTES % usual == 0:
            return usual
        over = usual % 5
        return COARSEST if usual > COARSEST else usual + 5 - over if over > 2 else usual - over

    @cached_property
    def by_wall(self) -> Grid:
        """The grid of wall-clock days. An hour lived twice is averaged, an hour that never was stays empty."""
        order = np.argsort(self.wall, kind="stable")
        wall, first, counts = np.unique(self.wall[order], return_index=True, return_counts=True)
        sums = np.add.reduceat(self.glucose[order], first)
        return _gridded(wall, sums / counts, self.step)

    @cached_property
    def by_elapsed(self) -> Grid:
        """The grid of elapsed time, whose days have 24 hours from the first midnight on."""
        return _gridded(self.elapsed, self.glucose, self.step)

    def elapsed_every(self, step: int) -> Grid:
        """This function will give the grid of elapsed time with another step in minutes."""
        return self.by_elapsed if step == self.step else _gridded(self.elapsed, self.glucose, step)


def trace(wall: Times, glucose: Floats, *, utc: Times | None = None) -> Trace:
    """This function will make a trace of wall-clock times (datetime64, zone-less) and glucose in mg/dL; missing values are left out.

    With `utc` the moments themselves are known, and days with a change of the clock are exact. Readings at the same
    moment are averaged. Raises Invalid(code="out_of_domain") with fewer than two readings, or a glucose not above zero.
    """
    wall = np.asarray(wall, dtype="datetime64[s]")
    glucose = np.asarray(glucose, dtype=np.float64)
    moments = wall if utc is None else np.asarray(utc, dtype="datetime64[s]")
    if not wall.shape == glucose.shape == moments.shape:
        raise Invalid("Each reading needs its time.", code="out_of_domain", field="times")
    known = ~np.isnan(glucose) & ~np.isnat(wall) & ~np.isnat(moments)
    order = np.argsort(moments[known], kind="stable")
    moments, first, counts = np.unique(moments[known][order], return_index=True, return_counts=True)
    if len(moments) < 2:
        raise Invalid("At least two readings are needed.", code="out_of_domain", field="glucose")
    wall = wall[known][order][first]
    values = np.add.reduceat(glucose[known][order], first) / counts
    if not (np.isfinite(values).all() and values.min() > 0):
        raise Invalid("Glucose must be above zero.", code="out_of_domain", field="glucose")
    return Trace(wall, moments + (wall[0] - moments[0]), values)


def _gridded(times: Times, glucose: Floats, step: int) -> Grid:
    midnight = times[0].astype("datetime64[D]").astype("datetime64[s]")
    minutes = (times - midnight) / MINUTE
    days = int(np.ceil((minutes[-1] - minutes[0]) / DAY_MINUTES + 1))
    slots = np.arange(1, days * DAY_MINUTES // step + 1, dtype=np.float64) * step
    values = np.interp(slots, minutes, glucose, left=np.nan, right=np.nan)
    after = np.searchsorted(minutes, slots, side="left").clip(1, len(minutes) - 1)
    bridged = minutes[after] - minutes[after - 1]
    inside = (slots > minutes[after - 1]) & (slots < minutes[after])
    values[inside & (bridged > LONGEST_BRIDGE)] = np.nan
    return Grid(values.reshape(days, -1), step, midnight.astype("datetime64[D]"))
