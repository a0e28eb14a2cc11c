"""From a person's history to the row a model asks for, as of a moment, and the reasons to abstain. Nothing after the moment counts.

One implementation serves training inside the house and the assessment of living people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan, nan
from statistics import fmean, median, stdev
from typing import Any

from healthhub.records.catalogue import BY_KEY, CUFFLESS, SUSPICIOUS
from risk.history import History, Known, Reading
from risk.learned.inputs import Feature, Take
from risk.learned.shape import Learned
from risk.scores.inputs import Problem
from risk.scores.words import HOW, words

DAY = timedelta(days=1)
YEAR_DAYS = 365.2425
# A doubtful value or one without a cuff is not what models were trained on.
LEFT_OUT = SUSPICIOUS | CUFFLESS


@dataclass(frozen=True, slots=True)
class Row:
    """What a model is given of one person: known inputs by name (model's units), and what speaks against an answer."""

    known: Mapping[str, Known]
    problems: tuple[Problem, ...]

    def values(self, names: Sequence[str]) -> list[float]:
        """This function will give the columns in order, NaN where nothing is known."""
        return [self.known[name].value if name in self.known else nan for name in names]


def build(learned: Learned, history: History, as_of: datetime, *, trained: Mapping[str, Any]) -> Row:
    """This function will build a model's row from what was known at `as_of`.

    `trained` is the artefact's metadata (ranges, reach). Raises Invalid(code="after_as_of", field=kind) when the history holds
    anything measured or received after `as_of`. Problems: missing_input, stale_input, outside_training, too_little_known.
    """
    history.refuse_later_than(as_of)
    known = dict(learned.derive(history, as_of)) if learned.derive is not None else {}
    for feature in learned.features:
        if feature.take is not None and (value := taken(feature.take, history, as_of)) is not None:
            known[feature.name] = value
    return judged(learned, known, as_of, trained=trained)


def judged(learned: Learned, known: Mapping[str, Known], as_of: datetime, *, trained: Mapping[str, Any]) -> Row:
    """This function will say what speaks against an answer from these inputs: too little, too old, or unlike what was trained on."""
    ranges = {one["name"]: (one["low"], one["high"]) for one in trained["features"]}
    problems, kept = [], {}
    for feature in learned.features:
        value = known.get(feature.name)
        if value is None or isnan(value.value):
            if feature.required:
                problems.append(_missing(feature))
            continue
        problem = _against(feature, value, as_of, ranges[feature.name])
        if problem is None or feature.required:
            kept[feature.name] = value
        if problem is not None and feature.required:
            problems.append(problem)
        # What is stale or out of range and not required counts as unknown: the model was trained on rows with holes.
    share = len(kept) / len(learned.features)
    if not problems and share < float(trained["reach"]):
        problems.append(_too_little(learned, kept))
    return Row(kept, tuple(problems))


def taken(take: Take, history: History, as_of: datetime) -> Known | None:
    """This function will give one input as `take` says, in the model's unit, with the moment of its newest reading."""
    if take.condition:
        return Known(1.0 if take.condition in history.conditions else 0.0)
    if take.fact:
        return _fact(take.fact, history, as_of)
    readings = [
        one
        for one in history.readings.get(take.kind, ())
        if as_of - take.within <= one.at <= as_of and not one.flags & LEFT_OUT and _part(one, take.part) is not None
    ]
    if not readings:
        return None
    value = WAYS[take.how](readings, take.part)
    return None if value is None else Known(value * take.factor + take.plus, readings[-1].at)


def _part(reading: Reading, part: str) -> float | None:
    return reading.value2 if part == "value2" else reading.value


def _all(readings: Sequence[Reading], part: str) -> list[float]:
    return [value for one in readings if (value := _part(one, part)) is not None]


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


def _missing(feature: Feature) -> Problem:
    how = HOW[feature.how]
    zh, en = f"缺少：{feature.label['zh-hans']}。{how['zh-hans']}。", f"Missing: {feature.label['en']}: {how['en']}."
    return Problem("missing_input", feature.name, words(zh, en), feature.how)


def _against(feature: Feature, value: Known, as_of: datetime, trained: tuple[float, float]) -> Problem | None:
    label = feature.label
    if feature.take is not None and value.at is not None and as_of - value.at > feature.take.fresh:
        days = (as_of - value.at).days
        return Problem(
            "stale_input",
            feature.name,
            words(f"{label['zh-hans']}已是 {days} 天前的数据，请更新。", f"{label['en']} is {days} days old: it is needed anew."),
            feature.how,
        )
    low, high = trained
    if low <= value.value <= high:
        return None
    return Problem(
        "outside_training",
        feature.name,
        words(
            f"{label['zh-hans']}为 {value.value:g} {feature.unit}，超出模型训练范围 {low:g}–{high:g}。",
            f"{label['en']} is {value.value:g} {feature.unit}, outside the {low:g} to {high:g} the model was trained on.",
        ),
    )


def _too_little(learned: Learned, kept: Mapping[str, Known]) -> Problem:
    absent = [one for one in learned.features if one.name not in kept][:6]
    zh = "、".join(one.label["zh-hans"] for one in absent)
    en = ", ".join(one.label["en"] for one in absent)
    return Problem(
        "too_little_known", absent[0].name, words(f"数据不足，还需要：{zh}等。", f"Not enough data. It needs: {en}."), absent[0].how
    )


def kind_label(kind: str) -> Mapping[str, str]:
    """This function will give the name of a kind of reading in both languages."""
    return BY_KEY[kind].name
