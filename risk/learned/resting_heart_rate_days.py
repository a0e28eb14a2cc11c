"""Days of a watch, from a file or from a living record, and what the model is told of them: one implementation for both.

Everything is of the person's own past: a day is compared with her days before it, nobody with others. Only whole days count.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import isnan, sqrt
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd

from healthhub.lib.times import local_clock
from healthhub.records.catalogue import SUSPICIOUS
from risk.history import History, Known, Reading
from risk.learned.inputs import Feature
from risk.learned.shape import frame
from risk.scores.words import words

Days = Mapping[str, Mapping[int, float]]  # kind -> ordinal of the local date -> value of that day
COLUMNS: Mapping[str, str] = {"rhr": "resting_hr", "hr": "bpm", "steps": "steps", "sleep": "minutesAsleep", "hrv_rmssd": "rmssd"}
OTHERS = ("hr", "steps", "sleep", "hrv_rmssd")
BACK = timedelta(days=30)
FRESH_DAYS = 2  # an older last resting heart rate says nothing of tomorrow
CONTINUOUS = 50  # heart rates a day from which their mean is that of the day, and not of the moments somebody measured
LEAST = 3  # days that make a mean


def _feature(name: str, zh: str, en: str, unit: str, group: str, *, required: bool = False) -> Feature:
    return Feature(name=name, label=words(zh, en), unit=unit, group=group, required=required)


RATE, MOVES, NIGHT = "heart_rate", "activity", "sleep"
FEATURES: tuple[Feature, ...] = (
    _feature("rhr", "最近一天的静息心率", "resting heart rate of the last whole day", "/min", RATE, required=True),
    _feature("change_1", "较前一天的变化", "change from the day before", "/min", RATE),
    _feature("change_2", "较前两天的变化", "change from two days before", "/min", RATE),
    _feature("change_3", "较前三天的变化", "change from three days before", "/min", RATE),
    _feature("above_3", "较 3 天均值", "above the 3-day mean", "/min", RATE),
    _feature("above_7", "较 7 天均值", "above the 7-day mean", "/min", RATE, required=True),
    _feature("above_14", "较 14 天均值", "above the 14-day mean", "/min", RATE),
    _feature("above_28", "较 28 天均值", "above the 28-day mean", "/min", RATE),
    _feature("spread_14", "14 天内的波动", "spread over 14 days", "/min", RATE),
    _feature("hr_over_rest", "全天平均心率与静息心率之差", "mean heart rate of the day over the resting one", "/min", RATE),
    _feature("hr_above", "全天平均心率较平时", "mean heart rate of the day above the usual", "/min", RATE),
    _feature("hr_change", "全天平均心率较前一天", "mean heart rate of the day, change", "/min", RATE),
    _feature("steps_above", "步数（平方根）较平时", "steps (square root) above the usual", "1", MOVES),
    _feature("steps_change", "步数（平方根）较前一天", "steps (square root), change", "1", MOVES),
    _feature("sleep_above", "睡眠时长较平时", "sleep above the usual", "min", NIGHT),
    _feature("sleep_change", "睡眠时长较前一天", "sleep, change", "min", NIGHT),
    _feature("hrv_above", "心率变异性 RMSSD 较平时", "heart rate variability (RMSSD) above the usual", "ms", NIGHT),
    _feature("hrv_change", "心率变异性 RMSSD 较前一天", "heart rate variability (RMSSD), change", "ms", NIGHT),
)
NAMES = tuple(one.name for one in FEATURES)
SHORT = {"hr": "hr", "steps": "steps", "sleep": "sleep", "hrv_rmssd": "hrv"}


def told(days: Days, day: int) -> dict[str, float]:
    """This function will tell the features as of the end of `day`, a day with a resting heart rate; what is unknown is left out."""
    rates = days["rhr"]
    now = rates[day]
    found = {"rhr": now}
    found |= {f"change_{back}": now - rates[day - back] for back in (1, 2, 3) if day - back in rates}
    for span in (3, 7, 14, 28):
        values = [rates[one] for one in range(day - span + 1, day + 1) if one in rates]
        if len(values) >= LEAST:
            found[f"above_{span}"] = now - fmean(values)
        if span == 14 and len(values) >= 5:
            found["spread_14"] = stdev(values)
    for kind in OTHERS:
        found |= _beside(days.get(kind, {}), SHORT[kind], day)
    if day in days.get("hr", {}):
        found["hr_over_rest"] = days["hr"][day] - now
    return found


def _beside(values: Mapping[int, float], name: str, day: int) -> dict[str, float]:
    if day not in values:
        return {}
    found = {}
    before = [values[one] for one in range(day - 14, day) if one in values]
    if len(before) >= LEAST:
        found[f"{name}_above"] = values[day] - fmean(before)
    if day - 1 in values:
        found[f"{name}_change"] = values[day] - values[day - 1]
    return found


def rows(file: Path) -> pd.DataFrame:
    """This function will read a file of person-days (id, date, resting_hr /min, bpm /min, steps, minutesAsleep, rmssd ms) into rows.

    One row for each day whose next day has a resting heart rate too: features, `person`, `day`, `next` (the next day's value) and the
    comparators' answers `last`, `mean_7` and the person's earlier values as `past`. Raises Invalid(code="missing_columns" | "no_file").
    """
    table = frame(file, ["id", "date", *COLUMNS.values()])
    table["day"] = [_ordinal(text) for text in table["date"]]
    table = table[table["day"] > 0]
    found = []
    for person, some in table.groupby("id", sort=True):
        days = _days_of(some)
        first = some.iloc[0]
        rates = days["rhr"]
        for day in sorted(rates):
            if day + 1 in rates:
                row: dict[str, object] = {name: float("nan") for name in NAMES}
                row |= told(days, day)
                row |= {"person": str(person), "day": day, "next": rates[day + 1], "mean_7": _mean_7(rates, day)}
                row |= {name: str(first.get(name, "")) for name in ("age", "gender", "bmi")}
                found.append(row)
    return pd.DataFrame(found, columns=[*NAMES, "person", "day", "next", "mean_7", "age", "gender", "bmi"])


def smoothed(table: pd.DataFrame, alpha: float) -> pd.Series:
    """This function will give exponential smoothing's answer for each row, run over the person's rows in time."""
    answers = pd.Series(index=table.index, dtype=float)
    for _, some in table.sort_values("day").groupby("person"):
        level = float(some["rhr"].iloc[0])
        for place, value in some["rhr"].items():
            level += alpha * (value - level)
            answers.loc[place] = level
    return answers


def derive(history: History, as_of: datetime) -> dict[str, Known]:
    """This function will tell the features of a living person: as of the end of her last whole local day with a resting heart rate."""
    rates = [one for one in history.readings.get("rhr", ()) if as_of - BACK <= one.at <= as_of]
    if not rates:
        return {}
    offset = rates[-1].utc_offset
    today = local_clock(as_of.astimezone(UTC), offset).date().toordinal()
    days = {kind: _of_readings(kind, history.readings.get(kind, ()), as_of, today) for kind in COLUMNS}
    day = max(days["rhr"], default=0)
    if today - day > FRESH_DAYS:
        return {}
    at = max(one.at for one in rates if _day(one) == day)
    return {name: Known(value, at) for name, value in told(days, day).items()}


def _day(one: Reading) -> int:
    return local_clock(one.at.astimezone(UTC), one.utc_offset).date().toordinal()


def _of_readings(kind: str, readings: Sequence[Reading], as_of: datetime, today: int) -> dict[int, float]:
    """Days before `today`: steps and sleep summed (sleep on the day it ends), the others as means. Doubtful readings are left out."""
    values: dict[int, list[float]] = {}
    for one in readings:
        if as_of - BACK <= one.at <= as_of and not one.flags & SUSPICIOUS:
            ends = Reading(one.at + timedelta(minutes=one.value), one.value, utc_offset=one.utc_offset) if kind == "sleep" else one
            values.setdefault(_day(ends), []).append(one.value)
    if kind == "steps":
        return {day: sqrt(sum(some)) for day, some in values.items() if day < today and sum(some) > 0}
    if kind == "sleep":
        return {day: sum(some) for day, some in values.items() if day < today}
    least = CONTINUOUS if kind == "hr" else 1
    return {day: fmean(some) for day, some in values.items() if day < today and len(some) >= least}


def _days_of(some: pd.DataFrame) -> dict[str, dict[int, float]]:
    days: dict[str, dict[int, float]] = {kind: {} for kind in COLUMNS}
    for kind, column in COLUMNS.items():
        numbers = pd.to_numeric(some[column], errors="coerce")
        for day, value in zip(some["day"], numbers, strict=True):
            if not isnan(value) and value > 0:
                days[kind][int(day)] = sqrt(value) if kind == "steps" else float(value)
    return days


def _mean_7(rates: Mapping[int, float], day: int) -> float:
    return fmean(rates[one] for one in range(day - 6, day + 1) if one in rates)


def _ordinal(text: object) -> int:
    """The day of an ISO date; 0 where it is none."""
    try:
        return date.fromisoformat(str(text)[:10]).toordinal()
    except ValueError:
        return 0
