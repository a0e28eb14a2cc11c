"""The seven-day home blood pressure protocol: two readings each morning and evening, the first day dropped, the rest averaged.

Pure. `average` works on a diary; `diary` makes one from readings as they came in.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from healthhub.lib.times import local_clock
from healthhub.records.catalogue import CUFFLESS, SUSPICIOUS

State = Literal["insufficient", "provisional", "valid"]
Part = Literal["am", "pm"]
EscClass = Literal["hypertension", "elevated", "non_elevated"]

# Home thresholds, systolic and diastolic; reaching either is enough.
CN_HYPERTENSION = (135.0, 85.0)
ESC_HYPERTENSION = (135.0, 85.0)
ESC_ELEVATED = (120.0, 70.0)
US_HYPERTENSION = (130.0, 80.0)
MORNING = (135.0, 85.0)

DAYS = 7
MIN_DAYS = 3
MIN_READINGS = 12
USABLE_DAYS = 2
# A reading after midnight is the evening of the day before: people measure at bedtime.
MORNING_FROM, EVENING_FROM = 3, 12


class Entry(NamedTuple):
    """One line of a diary; `day` is a local date, or a number of the day."""

    day: date | int
    part: Part
    systolic: float
    diastolic: float


class Measured(Protocol):
    """A blood pressure as it came in: a UTC moment, minutes east of UTC, systolic and diastolic in mmHg."""

    @property
    @abstractmethod
    def at(self) -> datetime: ...
    @property
    @abstractmethod
    def utc_offset(self) -> int: ...
    @property
    @abstractmethod
    def value(self) -> float: ...
    @property
    @abstractmethod
    def value2(self) -> float | None: ...
    @property
    @abstractmethod
    def flags(self) -> int: ...
    @property
    @abstractmethod
    def context(self) -> Mapping[str, Any] | None: ...


class Mean(NamedTuple):
    systolic: float
    diastolic: float
    n: int

    def reaches(self, limit: tuple[float, float]) -> bool:
        """This function will tell whether either mean is at or above its limit."""
        return self.systolic >= limit[0] or self.diastolic >= limit[1]


@dataclass(frozen=True, slots=True)
class Average:
    """The outcome of a diagnostic week. Classes are given only where the state is valid; means whenever there is a reading."""

    state: State
    reason: Literal["too_few_days", "too_few_readings"] | None
    days: int  # with at least one reading, the dropped one included
    mean: Mean | None  # of all readings that count, not of session means
    morning: Mean | None
    evening: Mean | None
    cn_hypertension: bool | None = None
    esc: EscClass | None = None
    us_hypertension: bool | None = None
    morning_hypertension: bool | None = None  # mornings at or above 135/85, evenings below


def average(
    entries: Sequence[Entry],
    *,
    drop_first_day: bool = True,
    min_days: int = MIN_DAYS,
    min_readings: int = MIN_READINGS,
) -> Average:
    """This function will average a diary of one diagnostic week and class it by the home thresholds of CN, ESC and US.

    insufficient: fewer than `min_days` days measured, or fewer than two left after the drop; provisional: fewer than
    `min_readings` readings left; valid otherwise. Limits are compared with the unrounded means.
    """
    days = {entry.day for entry in entries}
    first = min(days, default=None)
    kept = [entry for entry in entries if not (drop_first_day and entry.day == first)]
    mean = _mean(kept)
    morning, evening = (_mean([entry for entry in kept if entry.part == part]) for part in ("am", "pm"))
    if mean is None or len(days) < min_days or len({entry.day for entry in kept}) < USABLE_DAYS:
        return Average("insufficient", "too_few_days", len(days), mean, morning, evening)
    if mean.n < min_readings:
        return Average("provisional", "too_few_readings", len(days), mean, morning, evening)
    esc: EscClass = "elevated" if mean.reaches(ESC_ELEVATED) else "non_elevated"
    return Average(
        "valid",
        None,
        len(days),
        mean,
        morning,
        evening,
        cn_hypertension=mean.reaches(CN_HYPERTENSION),
        esc="hypertension" if mean.reaches(ESC_HYPERTENSION) else esc,
        us_hypertension=mean.reaches(US_HYPERTENSION),
        morning_hypertension=None if morning is None or evening is None else morning.reaches(MORNING) and not evening.reaches(MORNING),
    )


def diary(readings: Iterable[Measured], *, until: date | None = None, days: int = DAYS) -> list[Entry]:
    """This function will write the diary of the `days` local days that end with `until` (default: the last day measured).

    Readings without a cuff or outside the plausible range do not count towards a diagnosis. The local day is that of
    the reading's own offset, so a traveller's mornings stay mornings.
    """
    entries = [entry for entry in map(_entry, readings) if entry is not None]
    last = until or max((entry.day for entry in entries if isinstance(entry.day, date)), default=None)
    if last is None:
        return []
    first = last - timedelta(days=days - 1)
    return [entry for entry in entries if isinstance(entry.day, date) and first <= entry.day <= last]


def low_confidence(readings: Iterable[Measured]) -> bool:
    """This function will tell whether a cuff noticed an irregular pulse: most are not validated in atrial fibrillation."""
    return any((reading.context or {}).get("irregular_pulse") for reading in readings)


def _entry(reading: Measured) -> Entry | None:
    if reading.value2 is None or reading.flags & (CUFFLESS | SUSPICIOUS):
        return None
    clock = local_clock(reading.at, reading.utc_offset) - timedelta(hours=MORNING_FROM)
    part: Part = "am" if clock.hour < EVENING_FROM - MORNING_FROM else "pm"
    return Entry(clock.date(), part, reading.value, reading.value2)


def _mean(entries: Sequence[Entry]) -> Mean | None:
    n = len(entries)
    if not n:
        return None
    return Mean(sum(entry.systolic for entry in entries) / n, sum(entry.diastolic for entry in entries) / n, n)
