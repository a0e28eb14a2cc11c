"""CGM files as tables of moments: features of each reading and what came after it. A file is known by its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from healthhub.lib.refused import Invalid
from risk.learned.glucose_rows import features
from risk.learned.shape import frame

Floats = NDArray[np.float64]
BROLL, TYPE_1, TYPE_2 = "Broll", "Shanghai T1D", "Shanghai T2D"
COHORTS = (BROLL, TYPE_1, TYPE_2)
AHEAD = (30, 60)
LIMITS = (70, 54)
SLACK = 2.5  # minutes by which the reading that proves a forecast may lie beside its moment
SUSTAINED = 15.0  # minutes below a limit that make an event (clinical consensus)
POSSIBLE = (20.0, 600.0)  # mg/dL


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: whose (unique over files), of which cohort, minutes since the file's first reading, glucose mg/dL, local hour."""

    cohort: str
    person: str
    minutes: Floats
    glucose: Floats
    hour: Floats


def tables(files: Sequence[Path]) -> tuple[list[Recording], pd.DataFrame | None]:
    """This function will read Broll (id, time, gl) and Shanghai (type, pid, rec, time, gl) files: recordings, and Broll's own rows if any.

    Raises Invalid(code="no_file" | "missing_columns" | "no_readings").
    """
    found: list[Recording] = []
    broll = None
    for file in files:
        told = frame(file, ("time", "gl"))
        shanghai = {"type", "pid", "rec"} <= set(told.columns)
        if not shanghai and "id" not in told.columns:
            raise Invalid(f"{file.name} lacks the columns id, or type, pid and rec.", code="missing_columns", field="id")
        told = _possible(told)
        if not shanghai:
            broll = told if broll is None else pd.concat([broll, told])
        found += _shanghai(told) if shanghai else _broll(told)
    if not found:
        raise Invalid("There is no glucose reading in the files.", code="no_readings", field="data")
    return found, broll


def _possible(table: pd.DataFrame) -> pd.DataFrame:
    glucose = pd.to_numeric(table["gl"], errors="coerce")
    times = pd.to_datetime(table["time"], errors="coerce")
    return table.assign(gl=glucose, time=times)[glucose.between(*POSSIBLE) & times.notna()]


def _broll(table: pd.DataFrame) -> list[Recording]:
    zero = table["time"].dt.round("1min").min()
    return [_recording(BROLL, f"broll {person}", rows, zero) for person, rows in table.groupby("id")]


def _shanghai(table: pd.DataFrame) -> list[Recording]:
    zero = table["time"].min()
    told = []
    for (kind, person, _), rows in table.groupby(["type", "pid", "rec"]):
        told.append(_recording(TYPE_1 if str(kind).startswith("T1") else TYPE_2, f"shanghai {person}", rows, zero))
    return told


def _recording(cohort: str, person: str, rows: pd.DataFrame, zero: pd.Timestamp) -> Recording:
    rows = rows.sort_values("time", kind="stable").drop_duplicates("time", keep="last")
    minutes = (rows["time"] - zero).dt.total_seconds().to_numpy(dtype=np.float64) / 60
    hour = (rows["time"].dt.hour + rows["time"].dt.minute / 60).to_numpy(dtype=np.float64)
    return Recording(cohort, person, minutes, rows["gl"].to_numpy(dtype=np.float64), hour)


def moments(recordings: Sequence[Recording]) -> pd.DataFrame:
    """This function will give one row per reading with a reading 15 minutes before it: features, cohort, person, recording, minute,
    truth_30 and truth_60 (mg/dL), hypo_70 and hypo_54 (0/1 within 60 minutes; NaN where already present or not followed up)."""
    parts = [_moments(one, number) for number, one in enumerate(recordings)]
    table = pd.concat(parts, ignore_index=True)
    return table[table["glucose_15"].notna()].reset_index(drop=True)


def _moments(one: Recording, number: int) -> pd.DataFrame:
    at = np.arange(len(one.minutes))
    rows = pd.DataFrame(features(one.minutes, one.glucose, one.hour, at))
    rows = rows.assign(type1=float(one.cohort == TYPE_1), cohort=one.cohort, person=one.person, recording=number, minute=one.minutes)
    for ahead in AHEAD:
        rows[f"truth_{ahead}"] = _later(one, ahead)
    last = np.searchsorted(one.minutes, one.minutes + AHEAD[-1] + SLACK)
    followed = ~np.isnan(rows[f"truth_{AHEAD[-1]}"].to_numpy())
    for limit in LIMITS:
        below = np.concatenate([[0], np.cumsum(one.glucose < limit)])
        happens = (below[last] - below[at + 1]) > 0
        rows[f"hypo_{limit}"] = np.where(followed & (one.glucose >= limit), happens.astype(np.float64), np.nan)
    return rows


def _later(one: Recording, ahead: float) -> Floats:
    when = one.minutes + ahead
    after = np.minimum(np.searchsorted(one.minutes, when), len(when) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(one.minutes[before] - when) < np.abs(one.minutes[after] - when), before, after)
    return np.where(np.abs(one.minutes[nearest] - when) <= SLACK, one.glucose[nearest], np.nan)


def events(minutes: Floats, glucose: Floats, limit: float) -> list[tuple[float, float]]:
    """This function will give (first, last minute) of each sustained event: 15 minutes below the limit; a gap over 45 minutes ends it."""
    low = glucose < limit
    breaks = np.flatnonzero(np.diff(low.astype(int)) != 0) + 1
    gaps = np.flatnonzero(np.diff(minutes) > 45.0) + 1
    found = []
    for part in np.split(np.arange(len(low)), np.union1d(breaks, gaps)):
        if len(part) and low[part[0]] and minutes[part[-1]] - minutes[part[0]] >= SUSTAINED - SLACK:
            found.append((float(minutes[part[0]]), float(minutes[part[-1]])))
    return found
