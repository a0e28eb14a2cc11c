"""Episodes of low and high glucose by the consensus (Danne 2017, Battelino 2019).

An episode begins with at least 15 minutes beyond a limit and ends with at least 15 minutes back within it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.cgm_grid import DAY_MINUTES, Floats, Grid

# Kind of episode -> limit in mg/dL; below for low, above for high.
LIMITS = {"low": 70.0, "very_low": 54.0, "high": 180.0, "very_high": 250.0}
SHORTEST = 15
EXTENDED = 120  # an extended low lasts longer than this


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode on the grid: first slot, slot after the last, mean glucose in mg/dL."""

    start: int
    stop: int
    mean: float


@dataclass(frozen=True, slots=True)
class Summary:
    """How many episodes, how many a day of known time, mean minutes, mean glucose in mg/dL (None without any)."""

    count: int
    per_day: float
    minutes: float
    mean: float | None


def episodes(grid: Grid, kind: str, *, shortest: float = SHORTEST, recovery: float = SHORTEST) -> tuple[Episode, ...]:
    """This function will find the episodes of a kind in `LIMITS` lasting at least `shortest` minutes, in time order.

    Less than `recovery` minutes back within the limit do not end an episode. A gap in the data does, and what little
    recovery was seen before it still counts to the episode: that it was over is not known.
    """
    course = grid.course
    with np.errstate(invalid="ignore"):
        beyond = course < LIMITS[kind] if kind.endswith("low") else course > LIMITS[kind]
    least, pause = int(-(-shortest // grid.step)), int(-(-recovery // grid.step))
    found: list[tuple[int, int]] = []
    for start, stop in _runs(beyond):
        joined = bool(found) and start - found[-1][1] < pause and not np.isnan(course[found[-1][1] : start]).any()
        if joined:
            found[-1] = (found[-1][0], stop)
        elif stop - start >= least:
            found.append((start, stop))
    whole = ((start, stop + _unproved(course[stop : stop + pause], pause)) for start, stop in found)
    return tuple(Episode(start, stop, float(np.nanmean(course[start:stop]))) for start, stop in whole)


def without(outer: tuple[Episode, ...], inner: tuple[Episode, ...]) -> tuple[Episode, ...]:
    """This function will keep the episodes in which none of `inner` lies (low, but never very low)."""
    return tuple(one for one in outer if not any(one.start < other.stop and other.start < one.stop for other in inner))


def summary(grid: Grid, found: tuple[Episode, ...]) -> Summary:
    """This function will sum episodes up; a day is 24 hours of known glucose."""
    days = np.count_nonzero(~np.isnan(grid.course)) * grid.step / DAY_MINUTES
    minutes = [(one.stop - one.start) * grid.step for one in found]
    means = [one.mean for one in found]
    return Summary(
        count=len(found),
        per_day=float(len(found) / days) if days else 0.0,
        minutes=float(np.mean(minutes)) if found else 0.0,
        mean=float(np.mean(means)) if found else None,
    )


def _unproved(after: Floats, pause: int) -> int:
    """Slots of a recovery that the data end in before it lasted."""
    known = np.concatenate((np.isnan(after), [True])).argmax()
    return int(known) if known < pause else 0


def _runs(beyond: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], beyond, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
