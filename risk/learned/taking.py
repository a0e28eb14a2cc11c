"""One input of a model from a history, as of a moment: by kind and stretch of time, by condition, or a fact of the person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from statistics import fmean, median, stdev

from healthhub.records.catalogue import CUFFLESS, SUSPICIOUS
from risk.history import History, Known, Reading
from risk.learned.inputs import Take

DAY = timedelta(days=1)
YEAR_DAYS = 365.2425
# A doubtful value or one without a cuff is not what models were trained on.
LEFT_OUT = SUSPICIOUS | CUFFLESS

PARTS: Mapping[str, Callable[[Reading], float | None]] = {"value": attrgetter("value"), "value2": attrgetter("value2")}


def taken(take: Take, history: History, as_of: datetime) -> Known | None:
    """This function will give one input as `take` says, in the model's unit, with the moment of its newest reading."""
    if take.condition:
        return Known(1.0 if take.condition in history.conditions else 0.0)
    if take.fact:
        return _fact(take.fact, history, as_of)
    since, part = as_of - take.within, PARTS[take.part]
    readings = [
        one
        for one in history.readings.get(take.kind, ())
        if since <= one.at <= as_of and not one.flags & LEFT_OUT and part(one) is not None
    ]
    if not readings:
        return None
    value = WAYS[take.how](readings, take.part)
    return None if value is None else Known(value * take.factor + take.plus, readings[-1].at)


def _part(reading: Reading, part: str) -> float | None:
    return PARTS[part](reading)


def _all(readings: Sequence[Reading], part: str) -> list[float]:
    return [value for value in map(PARTS[part], readings) if value is not None]


def _spread(readings: Sequence[Reading], part: str) -> float | None:
    values = _all(readings, part)
    return stdev(values) if len(values) > 1 else None


def _slope(readings: Sequence[Reading], part: str) -> float | None:
    """Least squares, per day; None where the readings lie within an hour."""
    days = [(one.at - readings[0].at) / DAY for one in readings]
    values = _all(readings, part)
    if len(values) < 3 or days[-1] < 1 / 24:
        return None
    middle, mean = fmean(days), fmean(values)
    return sum((d - middle) * (v - mean) for d, v in zip(days, values, strict=True)) / sum((d - middle) ** 2 for d in days)


WAYS: Mapping[str, Callable[[Sequence[Reading], str], float | None]] = {
    "latest": lambda readings, part: _part(readings[-1], part),
    "mean": lambda readings, part: fmean(_all(readings, part)),
    "median": lambda readings, part: median(_all(readings, part)),
    "low": lambda readings, part: min(_all(readings, part)),
    "high": lambda readings, part: max(_all(readings, part)),
    "spread": _spread,
    "slope": _slope,
    "count": lambda readings, part: float(len(readings)),
    "change": lambda readings, part: _all(readings, part)[-1] - _all(readings, part)[0] if len(readings) > 1 else None,
}


def _fact(fact: str, history: History, as_of: datetime) -> Known | None:
    if fact == "age":
        return None if history.birth_date is None else Known((as_of.date() - history.birth_date).days / YEAR_DAYS)
    if fact == "female":
        return Known(1.0 if history.sex == "female" else 0.0) if history.sex in ("female", "male") else None
    newest = [readings[-1] for readings in history.readings.values() if readings]
    if fact == "hour":
        return None if not newest else Known(_local_hour(max(newest, key=lambda one: one.at), as_of))
    oldest = [readings[0].at for readings in history.readings.values() if readings]
    return None if not oldest else Known((as_of - min(oldest)) / DAY)


def _local_hour(newest: Reading, as_of: datetime) -> float:
    offset = as_of.utcoffset() or timedelta()
    local = as_of - offset + timedelta(minutes=newest.utc_offset)
    return local.hour + local.minute / 60
