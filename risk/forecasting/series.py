"""What is forecast: each kind's parts, the scale it is calm on, and what is assumed of a person before she has shown it herself.

Pure, without numpy: web processes read it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from risk.scores.words import Words, words

LEVELS = (0.8, 0.9)  # nominal coverage of the two intervals
HORIZONS = (1, 3, 7, 14)  # days ahead at which intervals are calibrated; between them linearly
SHORT_HORIZONS = (1, 7)  # of parts of a day: hours, mornings, evenings
MOST_AHEAD = 28  # days: nothing is forecast further
ENOUGH_DAYS = 7  # fewer days with readings say nothing
STALE_AFTER = 14  # days without a reading


@dataclass(frozen=True, slots=True)
class Seen:
    """One day (or part of it) as measured: `value` is the middle of the `n` exact readings, None where there are none.

    `below` and `above` are (count, bound) of readings whose meter said LO or HI: all that is known is the side they lie on. `day` is
    the proleptic ordinal of the local date. Values are in the catalogue's canonical unit.
    """

    day: int
    value: float | None
    n: int = 1
    below: tuple[int, float] | None = None
    above: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """What is assumed of a person not yet known: day-to-day noise (SD), how far the level moves in a day (SD), both on the calm scale;
    and by how much normal quantiles had to be widened so that other people's days were covered, by horizon (80 %, 90 %)."""

    noise: float
    move: float
    factors: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one kind. `scale` is none, log or root: differences are alike in size on it. `weekly`: weekdays may differ.

    `low` and `high` end what is possible, in the canonical unit. `keep` is how many of the latest values the state remembers.
    """

    kind: str
    part: str
    label: Words
    unit: str
    scale: str
    pool: Pool
    low: float
    high: float
    weekly: bool = False
    keep: int = 35
    horizons: tuple[int, ...] = HORIZONS

    def calm(self, value: float) -> float:
        """This function will take a value to the scale of the arithmetic."""
        if self.scale == "log":
            return math.log(max(value, 1e-3))
        return math.sqrt(max(value, 0.0)) if self.scale == "root" else value

    def plain(self, calm: float) -> float:
        """This function will take a value back to its unit, kept within what is possible."""
        value = calm
        if self.scale == "log":
            value = math.exp(min(calm, 50.0))
        elif self.scale == "root":
            value = max(calm, 0.0) ** 2
        return min(max(value, self.low), self.high)


# Medians over people of the public development data (local level by maximum likelihood), rounded to the careful side: LifeSnaps for
# resting heart rate and steps, Shanghai and Broll CGM, AIM-94 finger-sticks. Weight rests on two people (Fitabase) and blood pressure
# on one: their noise is set wider than measured. tests/risk/test_forecast_data.py measures how the intervals hold.
_WEIGHT = Pool(0.25, 0.12, ((1.45, 1.85), (1.45, 1.85), (1.5, 1.9), (1.5, 1.9)))
_SYS = Pool(5.5, 1.4, ((1.3, 1.7), (1.3, 1.7), (1.45, 1.9), (1.5, 2.0)))
_DIA = Pool(4.2, 1.2, ((1.3, 1.7), (1.3, 1.7), (1.45, 1.9), (1.5, 2.0)))
_RHR = Pool(0.25, 1.05, ((1.3, 1.75), (1.25, 1.7), (1.2, 1.65), (1.1, 1.6)))
_STEPS = Pool(24.0, 4.0, ((1.3, 1.65), (1.3, 1.65), (1.3, 1.65), (1.3, 1.65)))
_CGM = Pool(0.24, 0.04, ((1.3, 1.7), (1.3, 1.7)))
_STICK = Pool(0.5, 0.02, ((1.3, 1.65), (1.3, 1.65)))
_SYS_PART, _DIA_PART = (Pool(p.noise * 1.15, p.move, (p.factors[0], p.factors[2])) for p in (_SYS, _DIA))


def _pressure() -> list[Series]:
    found = []
    for part, zh, en, pool, parted, low, high in (
        ("sys", "收缩压", "systolic pressure", _SYS, _SYS_PART, 50.0, 300.0),
        ("dia", "舒张压", "diastolic pressure", _DIA, _DIA_PART, 20.0, 200.0),
    ):
        found.append(Series("bp", part, words(zh, en), "mm[Hg]", "none", pool, low, high))
        for when, zh_when, en_when in (("am", "晨间", "morning"), ("pm", "晚间", "evening")):
            label = words(zh_when + zh, f"{en_when} {en}")
            found.append(Series("bp", f"{part}_{when}", label, "mm[Hg]", "none", parted, low, high, horizons=SHORT_HORIZONS))
    return found


def _profile(kind: str, pool: Pool, hours: int, low: float, high: float) -> list[Series]:
    return [
        Series(
            kind,
            f"h{hour:02d}",
            words(f"{hour:02d}:00–{(hour + hours) % 24:02d}:00 血糖", f"glucose {hour:02d}:00-{(hour + hours) % 24:02d}:00"),
            "mmol/L",
            "log",
            pool,
            low,
            high,
            keep=14,
            horizons=SHORT_HORIZONS,
        )
        for hour in range(0, 24, hours)
    ]


STICK_HOURS = 3  # finger-sticks are few: parts of the day, not hours
SERIES: tuple[Series, ...] = (
    Series("weight", "", words("体重", "weight"), "kg", "none", _WEIGHT, 20.0, 400.0),
    *_pressure(),
    Series("rhr", "", words("静息心率", "resting heart rate"), "/min", "none", _RHR, 25.0, 200.0, keep=67),
    Series("steps", "", words("步数", "steps"), "{steps}", "root", _STEPS, 0.0, 150_000.0, weekly=True),
    *_profile("cgm", _CGM, 1, 1.1, 27.8),
    *_profile("glucose", _STICK, STICK_HOURS, 0.6, 50.0),
)
BY_KIND: Mapping[str, Mapping[str, Series]] = {
    kind: {one.part: one for one in SERIES if one.kind == kind} for kind in dict.fromkeys(one.kind for one in SERIES)
}
