"""From hours as summed in the record to the days of a series. Pure, without numpy.

What a flag means here: SUSPICIOUS and CUFFLESS readings are taken out of their hour (they are shown, but teach nothing); CENSORED ones
(the meter said LO or HI) leave their hour's sum and stand beside it as bounds; SIMULATED ones count like any other, since a demo's
patient has nothing else and says so in her record. LATE and OUT_OF_ORDER readings count where their day is not yet in the state; those
of days before enter with the next fit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from healthhub.records.catalogue import CENSORED_HIGH, CENSORED_LOW, CUFFLESS, SUSPICIOUS
from risk.forecasting.series import STICK_HOURS, Seen

UNTAUGHT = SUSPICIOUS | CUFFLESS
CENSORED = CENSORED_LOW | CENSORED_HIGH
ODD = UNTAUGHT | CENSORED
MORNING = range(3, 12)  # local hours; the others are the evening


@dataclass(frozen=True, slots=True)
class Hour:
    """One local hour of one kind: exact readings and their sums; `day` is the ordinal of the local date. Canonical units."""

    day: int
    hour: int
    n: int
    total: float
    total2: float | None = None


@dataclass(frozen=True, slots=True)
class Odd:
    """One flagged reading of such an hour, still part of its sums."""

    day: int
    hour: int
    flags: int
    value: float
    value2: float | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    """An hour without its flagged readings; `below` and `above` are the bounds of censored ones (first value only)."""

    day: int
    hour: int
    n: int
    mean: float
    mean2: float | None
    below: tuple[float, ...]
    above: tuple[float, ...]


def days(kind: str, hours: Sequence[Hour], odd: Iterable[Odd] = ()) -> dict[str, list[Seen]]:
    """This function will give the days of each part of a kind, rising. Raises KeyError for a kind that is not forecast.

    Weight and resting heart rate: the median of the day's hours. Blood pressure: the mean of the morning's and the evening's mean, so
    that a day is not what was measured most often; and each of the two by itself (hours before three count as evening). Steps: the
    day's sum; a day of none was not worn. Glucose: the mean of each hour (CGM) or of three hours (finger-sticks).
    """
    slots: dict[int, list[_Slot]] = defaultdict(list)
    for slot in _slots(hours, odd):
        slots[slot.day].append(slot)
    found: dict[str, list[Seen]] = defaultdict(list)
    for day in sorted(slots):
        for part, seen in WAYS[kind](day, slots[day]).items():
            found[part].append(seen)
    return found


def _slots(hours: Sequence[Hour], odd: Iterable[Odd]) -> list[_Slot]:
    flagged: dict[tuple[int, int], list[Odd]] = defaultdict(list)
    for one in odd:
        flagged[one.day, one.hour].append(one)
    slots = []
    for hour in hours:
        some = flagged.pop((hour.day, hour.hour), ())
        n = max(hour.n - len(some), 0)
        total = hour.total - sum(one.value for one in some)
        total2 = None if hour.total2 is None else hour.total2 - sum(one.value2 or 0.0 for one in some)
        below = tuple(one.value for one in some if one.flags & CENSORED_LOW)
        above = tuple(one.value for one in some if one.flags & CENSORED_HIGH)
        if n or below or above:
            slots.append(
                _Slot(hour.day, hour.hour, n, total / n if n else 0.0, total2 / n if n and total2 is not None else None, below, above)
            )
    return slots


def _seen(day: int, value: float | None, n: int, slots: Sequence[_Slot]) -> Seen | None:
    below = [one for slot in slots for one in slot.below]
    above = [one for slot in slots for one in slot.above]
    if value is None and not below and not above:
        return None
    return Seen(day, value, n, (len(below), max(below)) if below else None, (len(above), min(above)) if above else None)


def _middle(day: int, slots: Sequence[_Slot]) -> dict[str, Seen]:
    exact = [slot for slot in slots if slot.n]
    seen = _seen(day, median(slot.mean for slot in exact) if exact else None, sum(slot.n for slot in exact), slots)
    return {} if seen is None else {"": seen}


def _sum(day: int, slots: Sequence[_Slot]) -> dict[str, Seen]:
    total = sum(slot.mean * slot.n for slot in slots)
    return {"": Seen(day, total, 1)} if total > 0 else {}


def _mean(slots: Sequence[_Slot]) -> tuple[float | None, int]:
    n = sum(slot.n for slot in slots)
    return (sum(slot.mean * slot.n for slot in slots) / n if n else None), n


def _pressure(day: int, slots: Sequence[_Slot]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for part, second in (("sys", False), ("dia", True)):
        means, count = [], 0
        for when, inside in (("am", True), ("pm", False)):
            some = [slot for slot in slots if slot.n and (slot.hour in MORNING) == inside]
            values = [(slot.mean2 if second else slot.mean, slot.n) for slot in some]
            n = sum(n for value, n in values if value is not None)
            if n:
                mean = sum(value * n for value, n in values if value is not None) / n
                means.append(mean)
                count += n
                found[f"{part}_{when}"] = Seen(day, mean, n)
        if means:
            found[part] = Seen(day, fmean(means), count)
    return found


def _by_hours(width: int) -> Callable[[int, Sequence[_Slot]], dict[str, Seen]]:
    def way(day: int, slots: Sequence[_Slot]) -> dict[str, Seen]:
        parts: dict[int, list[_Slot]] = defaultdict(list)
        for slot in slots:
            parts[slot.hour // width * width].append(slot)
        found = {f"h{hour:02d}": _seen(day, *_mean(some), some) for hour, some in parts.items()}
        return {part: seen for part, seen in found.items() if seen is not None}

    return way


WAYS: Mapping[str, Callable[[int, Sequence[_Slot]], dict[str, Seen]]] = {
    "weight": _middle,
    "rhr": _middle,
    "steps": _sum,
    "bp": _pressure,
    "cgm": _by_hours(1),
    "glucose": _by_hours(STICK_HOURS),
}
