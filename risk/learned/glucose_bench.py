"""The GlucoBench protocol on the five people of Broll, as published (Sergazinov 2024): segments, splits, windows, and its medians.

Only here is glucose interpolated towards a later reading, because the protocol prescribes it. Horizon 12 points of 5 minutes; a
window's input is at most 192 points. The published figure of a model is sqrt(mean over seeds of the median window MSE) and the mean
over seeds of the median window MAE.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SEEDS = tuple(range(10, 20))
STEP, HORIZON, STRIDE = 5, 12, 6
INPUT, PIECE, LONG_GAP, SHORTEST, SHARE = 192, 240, 45, 240, 0.1


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without a long gap on an even 5-minute grid: who, minutes since the first row of all, local hour, glucose in mg/dL."""

    person: str
    minutes: Floats
    hour: Floats
    glucose: Floats


@dataclass(frozen=True, slots=True)
class Piece:
    """Points `first` to `last` (exclusive) of a segment."""

    segment: Segment
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Split:
    """One seed's split: pieces to train on, to validate and to test on (same people), and other people's segments."""

    train: list[Piece]
    validation: list[Piece]
    test: list[Piece]
    others: list[Piece]


def segments(table: pd.DataFrame) -> list[Segment]:
    """This function will cut a table (id, time, gl) into segments as the protocol does, people in the order of their names."""
    told = table.dropna(subset=["id", "time", "gl"]).assign(time=lambda rows: pd.to_datetime(rows["time"]).dt.round("1min"))
    zero, found = told["time"].min(), []
    for person, rows in told.groupby("id"):
        rows = rows.sort_values("time").drop_duplicates("time")
        minutes = (rows["time"] - zero).dt.total_seconds().to_numpy() / 60
        glucose = rows["gl"].to_numpy(dtype=np.float64)
        for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(minutes) > LONG_GAP) + 1):
            if len(part) >= SHORTEST:
                grid = np.arange(minutes[part[0]], minutes[part[-1]] + 1e-6, STEP)
                clock = zero.hour + zero.minute / 60 + grid / 60
                found.append(Segment(str(person), grid, clock % 24, np.interp(grid, minutes[part], glucose[part])))
    return found


def own_split(parts: Sequence[Segment]) -> tuple[list[Piece], list[Piece], list[Piece]]:
    """This function will split one person's segments: training, validation and test pieces (the latter with their input context)."""
    last, rest = parts[-1], list(parts[:-1])
    n = len(last.glucose)
    if n < INPUT + 2 * PIECE:
        return _short(rest, last)
    test = [Piece(last, n - PIECE - INPUT, n)]
    if n >= INPUT + 3 * PIECE:
        train, validation = [Piece(last, 0, n - 2 * PIECE)], [Piece(last, n - 2 * PIECE - INPUT, n - PIECE)]
    elif rest:
        train, validation = [], [Piece(last, 0, n - PIECE)]
    else:
        train, validation = [Piece(last, 0, n - PIECE)], []
    return [whole(one) for one in rest] + train, validation, test


def _short(rest: list[Segment], last: Segment) -> tuple[list[Piece], list[Piece], list[Piece]]:
    if not rest:
        return [whole(last)], [], []
    before = rest[-1]
    n = len(before.glucose)
    train = [whole(one) for one in rest[:-1]]
    if n >= INPUT + 2 * PIECE:
        return [*train, Piece(before, 0, n - PIECE)], [Piece(before, n - PIECE - INPUT, n)], [whole(last)]
    return [*train, whole(before)], [], [whole(last)]


def whole(segment: Segment) -> Piece:
    """This function will give a segment as one piece."""
    return Piece(segment, 0, len(segment.glucose))


def split(parts: Sequence[Segment], seed: int) -> Split:
    """This function will give the split of a seed: a tenth of the people (rounded up) are others, the rest are split in time."""
    people = list(dict.fromkeys(one.person for one in parts))
    # The protocol's own generator: another would draw other people.
    drawn = np.random.RandomState(seed).choice(len(people), math.ceil(len(people) * SHARE), replace=False)
    others = {people[i] for i in drawn}
    made = Split([], [], [], [whole(one) for one in parts if one.person in others])
    for person in people:
        if person not in others:
            train, validation, test = own_split([one for one in parts if one.person == person])
            made.train.extend(train)
            made.validation.extend(validation)
            made.test.extend(test)
    return made


def starts(piece: Piece) -> Ints:
    """This function will give the points of the segment at which windows' inputs end (the first forecast point is the next one)."""
    return np.arange(piece.first + INPUT, piece.last - HORIZON + 1, STRIDE) - 1


def truth(segment: Segment, at: Ints) -> Floats:
    """This function will give the 12 points (mg/dL) after each of `at`."""
    return np.asarray(segment.glucose[at[:, None] + np.arange(1, HORIZON + 1)])


def published(errors: Mapping[int, Floats]) -> dict[str, float]:
    """This function will give median_rmse and median_mae of window errors (windows x 12) by seed."""
    squares = [float(np.median((one**2).mean(axis=1))) for one in errors.values()]
    absolute = [float(np.median(np.abs(one).mean(axis=1))) for one in errors.values()]
    return {"median_rmse": math.sqrt(float(np.mean(squares))), "median_mae": float(np.mean(absolute))}
