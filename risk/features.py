"""From a person's history to the row a model asks for, as of a moment, and the reasons to abstain. Nothing after the moment counts.

One implementation serves training inside the house and the assessment of living people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan, nan
from typing import Any

from risk.history import History, Known
from risk.learned.inputs import Feature
from risk.learned.shape import Learned
from risk.learned.taking import taken
from risk.scores.inputs import Problem, missing
from risk.scores.words import words


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
                problems.append(missing(feature.name, feature.label, feature.how))
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
