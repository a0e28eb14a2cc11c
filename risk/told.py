"""An assessment in words, in both languages: the value with its interval, and what weighed most. No model is loaded for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from risk.learned.inputs import GROUPS
from risk.models import Assessment
from risk.scores.words import BANDS, Words

AS_MANY = 3
PROBABILITY = ("", "1", "{probability}")
PROBABILITY = ("", "1", "{probability}")


@dataclass(frozen=True, slots=True)
class Share:
    """What one group of inputs adds to the raw score (log odds of a risk, the unit itself of a value): positive raises it."""

    group: str
    label: Words
    share: float
    inputs: tuple[str, ...]


def shares(one: Assessment, about: Mapping[str, Any]) -> list[Share]:
    """This function will give contributions by the group a person understands, the heaviest first. With `base` they sum to `raw`."""
    groups = {feature["name"]: feature["group"] for feature in about["features"]}
    totals: dict[str, float] = {}
    inputs: dict[str, list[str]] = {}
    for name, share in one.contributions.items():
        totals[groups[name]] = totals.get(groups[name], 0.0) + share
        inputs.setdefault(groups[name], []).append(name)
    heaviest = sorted(totals, key=lambda group: -abs(totals[group]))
    return [Share(group, GROUPS[group], totals[group], tuple(inputs[group])) for group in heaviest]


def value_in_words(one: Assessment, language: str) -> str:
    """This function will give the value with its 90 % interval: a risk in percent, anything else in its unit."""
    if one.value is None or one.low is None or one.high is None:
        return ""
    risk = one.unit in PROBABILITY
    value, low, high = (_percent(x) if risk else f"{x:.3g}" for x in (one.value, one.low, one.high))
    unit = "" if risk else f" {one.unit}"
    return f"{value}{unit}（{low}–{high}）" if language == "zh-hans" else f"{value}{unit} ({low} to {high})"


def sentence(one: Assessment, about: Mapping[str, Any], language: str) -> str:
    """This function will say to a clinician what the model found and what weighed most, or why it abstains."""
    name = about["name"][language]
    if one.value is None:
        return _abstained(name, one.problems, language)
    found = shares(one, about)[:AS_MANY]
    band = BANDS[one.band][language] if one.band in BANDS else one.band
    up = [share.label[language] for share in found if share.share > 0]
    down = [share.label[language] for share in found if share.share < 0]
    if language == "zh-hans":
        parts = [f"{name}：{value_in_words(one, language)}，{band}。"]
        parts += [f"升高的主要因素：{'、'.join(up)}。"] if up else []
        parts += [f"降低的主要因素：{'、'.join(down)}。"] if down else []
        return "".join(parts)
    parts = [f"{name}: {value_in_words(one, language)}, {band}."]
    parts += [f"Raised most by {', '.join(up)}."] if up else []
    parts += [f"Lowered most by {', '.join(down)}."] if down else []
    return " ".join(parts)


def plainly(one: Assessment, about: Mapping[str, Any], language: str) -> str:
    """This function will say to the patient that it changed and what weighed most: no figure that frightens without a talk."""
    name = about["name"][language]
    if one.value is None:
        return _abstained(name, one.problems, language)
    up = [share.label[language] for share in shares(one, about)[:AS_MANY] if share.share > 0]
    if language == "zh-hans":
        return f"{name}：比之前需要更多留意" + (f"，主要与{'、'.join(up)}有关。" if up else "。")
    return f"{name}: it needs more attention than before" + (f", mostly because of {', '.join(up)}." if up else ".")


def _abstained(name: str, problems: Sequence[Mapping[str, Any]], language: str) -> str:
    reasons = (" " if language == "en" else "").join(problem["words"][language] for problem in problems[:AS_MANY])
    return f"{name}：暂无法判断。{reasons}" if language == "zh-hans" else f"{name}: no answer yet. {reasons}"


def _percent(value: float) -> str:
    percent = 100 * value
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"
