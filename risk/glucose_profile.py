"""The figures of a continuous glucose monitor for pages and reports, without numpy: shares, mean, wear, lows, and the usual day.

The same definitions as risk.cgm, where they are explained and cited; a test holds the two together. Glucose in mmol/L, whose own
published limits count (3.9 is not 70 mg/dL converted). Percentiles are of quarter hours of the wall clock.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import fmean, median, stdev
from uuid import UUID

from healthhub.records import courses
from healthhub.records.catalogue import BY_KEY
from risk.scores.gmi import gmi

VERY_LOW, LOW, HIGH, VERY_HIGH = 3.0, 3.9, 10.0, 13.9
MG_DL = 18.016  # mg/dL in one mmol/L
SLOT = 15  # minutes
FEWEST_DAYS = 5  # in a slot
REPORT_DAYS, REPORT_WEAR = 10.0, 70.0
GMI_DAYS = 14.0
EPISODE = 15 * 60  # seconds below that begin a low, and seconds back that end it
LONGEST_STEP = 45 * 60  # a longer hole ends whatever was going on
PERCENTILES = (5, 25, 50, 75, 95)
Lines = tuple[float, float, float, float, float]
NAMES = ("very_low", "low", "in_range", "high", "very_high")


@dataclass(frozen=True, slots=True)
class Slot:
    """A quarter of an hour of the clock: its middle in minutes since midnight, days seen, percentiles (None: fewer than five days)."""

    minute: float
    days: int
    lines: Lines | None


@dataclass(frozen=True, slots=True)
class Profile:
    """Figures of a stretch of readings; percent for shares, wear and cv, mmol/L for the mean. `enough`: percentiles may be shown."""

    n: int
    days: float  # from the first to the last reading
    wear: float
    mean: float
    cv: float
    gmi: float | None  # only of 14 days and 70 %
    shares: dict[str, float]  # NAMES -> percent; they sum to 100
    lows: int
    night_lows: int  # of them, begun between midnight and six
    very_lows: int
    slots: tuple[Slot, ...]

    @property
    def enough(self) -> bool:
        """At least 10 days and 70 % of what the sensor would send: with less a usual day is a guess."""
        return self.days >= REPORT_DAYS and self.wear >= REPORT_WEAR


def profile(*, patient_id: UUID, since: datetime, until: datetime) -> Profile | None:
    """This function will compute the profile of her sensor readings with since <= at < until; None with fewer than two.

    One statement. Who may see her is the caller's to ask.
    """
    return of(courses.course(patient_id=patient_id, kind=BY_KEY["cgm"].number, since=since, until=until))


def of(course: courses.Course) -> Profile | None:
    """This function will compute the profile of readings; None with fewer than two moments."""
    at, walls, values = _once(course)
    if len(at) < 2:
        return None
    mean = fmean(values)
    days, wear = worn(at)
    lows = episodes(at, values, LOW)
    return Profile(
        n=len(course.values),
        days=days,
        wear=wear,
        mean=mean,
        cv=100 * stdev(values) / mean,
        gmi=gmi(mean_mg_dl=mean * MG_DL) if days >= GMI_DAYS and wear >= REPORT_WEAR else None,
        shares=shares(values),
        lows=len(lows),
        night_lows=sum(walls[start] // 60 % 1440 < 360 for start in lows),
        very_lows=len(episodes(at, values, VERY_LOW)),
        slots=slots(walls, values),
    )


def _once(course: courses.Course) -> tuple[list[int], list[int], list[float]]:
    """Moments, wall-clock seconds and values, readings of one moment averaged."""
    by_moment: dict[int, list[int]] = defaultdict(list)
    for number, moment in enumerate(course.at):
        by_moment[moment].append(number)
    walls = [moment + course.offsets[numbers[0]] * 60 for moment, numbers in by_moment.items()]
    return list(by_moment), walls, [fmean(course.values[number] for number in numbers) for numbers in by_moment.values()]


def worn(at: Sequence[int]) -> tuple[float, float]:
    """This function will give the days from the first to the last moment and the percent of expected readings that are there."""
    gaps = [(later - earlier) / 60 for earlier, later in pairwise(at)]
    step = max(round(median(gaps)), 1)
    expected = round(round(sum(gaps)) / step) + 1
    lost = round(sum(gap - step for gap in gaps if round(gap) > step) / step)
    return (at[-1] - at[0]) / 86400, 100 * (expected - lost) / expected


def shares(values: Sequence[float]) -> dict[str, float]:
    """This function will give the percent of readings in the five bands; limits belong to the range."""
    counts = dict.fromkeys(NAMES, 0)
    for value in values:
        if value < LOW:
            counts["very_low" if value < VERY_LOW else "low"] += 1
        elif value > HIGH:
            counts["very_high" if value > VERY_HIGH else "high"] += 1
        else:
            counts["in_range"] += 1
    return {name: 100 * count / len(values) for name, count in counts.items()}


def whole(found: dict[str, float]) -> dict[str, str]:
    """This function will write shares for people: whole percents that sum to 100 (largest remainder), "<1" for less than a half."""
    floors = {name: int(share + 1e-9) for name, share in found.items()}
    order = sorted(found, key=lambda name: floors[name] - found[name])
    for name in order[: 100 - sum(floors.values())]:
        floors[name] += 1
    return {name: "<1" if 0 < found[name] < 0.5 else str(floors[name]) for name in found}


def episodes(at: Sequence[int], values: Sequence[float], limit: float) -> list[int]:
    """This function will give the numbers of the readings at which an episode below the limit begins.

    At least 15 minutes below begin one, 15 minutes back end it; so does a hole of more than 45 minutes.
    """
    begun: list[int] = []
    start: int | None = None  # first reading below, of what may become an episode
    counted, back = False, 0
    for number, value in enumerate(values):
        if number and at[number] - at[number - 1] > LONGEST_STEP:
            start, counted, back = None, False, 0
        if value >= limit:
            start, back = start if counted else None, back or at[number]
            continue
        if back and at[number] - back >= EPISODE:
            start, counted = None, False
        start, back = number if start is None else start, 0
        if not counted and _lasts(at, number, start):
            counted = True
            begun.append(start)
    return begun


def _lasts(at: Sequence[int], number: int, start: int) -> bool:
    """The last reading stands for the time until the next one."""
    following = at[number + 1] - at[number] if number + 1 < len(at) else 300
    return at[number] - at[start] + min(following, LONGEST_STEP) >= EPISODE


def slots(walls: Sequence[int], values: Sequence[float]) -> tuple[Slot, ...]:
    """This function will give the percentiles of each quarter of an hour of the wall clock (seconds) over all days."""
    held: list[list[float]] = [[] for _ in range(1440 // SLOT)]
    days: list[set[int]] = [set() for _ in held]
    for wall, value in zip(walls, values, strict=True):
        number = wall // 60 % 1440 // SLOT
        held[number].append(value)
        days[number].add(wall // 86400)
    return tuple(
        Slot(number * SLOT + SLOT / 2, len(seen), _lines(sorted(some)) if len(seen) >= FEWEST_DAYS else None)
        for number, (some, seen) in enumerate(zip(held, days, strict=True))
    )


def _lines(ordered: Sequence[float]) -> Lines:
    five, quarter, half, three, most = (_percentile(ordered, percent) for percent in PERCENTILES)
    return five, quarter, half, three, most


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """With linear interpolation (type 7), as risk.cgm.quantile."""
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
