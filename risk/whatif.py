"""What a model would say if something changed: the inputs of her latest assessment, some of them changed, scored by the same version.

Inputs only vary within the range the model was trained on. Scored in plain Python, so that the process that answers loads no LightGBM.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isfinite, nan
from typing import Any
from uuid import UUID

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed
from healthhub.people.access import Viewer
from risk import standings
from risk.learned.trees import Trees, parsed
from risk.models import Assessment, Version
from risk.scores.words import words


@dataclass(frozen=True, slots=True)
class Told:
    """What one head says of one row: the raw score, the value and its 90 % interval."""

    raw: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Head:
    """One answer of a kept version; see `risk.learned.artefact.Head`, which it equals."""

    gives: str
    unit: str
    booster: Trees
    curve: Mapping[str, Sequence[float]] | None
    offset: str
    margin: float
    low: Trees | None
    high: Trees | None

    def told(self, row: Sequence[float], names: Sequence[str]) -> Told:
        """This function will score one row whose columns are `names`, NaN where nothing is known."""
        raw = self.booster.raw(row)
        if self.gives == "risk":
            if self.curve is None:
                raise ValueError("a risk needs its calibration curve")
            value, low, high = (interpolated(raw, self.curve["raw"], self.curve[one]) for one in ("value", "low", "high"))
            return Told(raw, value, low, high)
        offset = row[names.index(self.offset)] if self.offset else 0.0
        value = raw + offset
        if self.low is None or self.high is None:
            return Told(raw, value, value - self.margin, value + self.margin)
        low, high = self.low.raw(row) + offset - self.margin, self.high.raw(row) + offset + self.margin
        return Told(raw, value, min(low, value), max(high, value))


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept version as it is scored here: its columns in order, the trained range of each, its heads (the first is the main one)."""

    names: tuple[str, ...]
    ranges: Mapping[str, tuple[float, float]]
    heads: Mapping[str, Head]


def interpolated(x: float, knots: Sequence[float], values: Sequence[float]) -> float:
    """This function will interpolate linearly between knots in rising order, and hold the outer values beyond them."""
    place = bisect_right(knots, x) - 1
    if place < 0:
        return float(values[0])
    if place >= len(knots) - 1:
        return float(values[-1])
    slope = (values[place + 1] - values[place]) / (knots[place + 1] - knots[place])
    return float(slope * (x - knots[place]) + values[place])


def read(texts: Mapping[str, str]) -> Kept:
    """This function will read the files of a version. Raises Invalid(code="not_a_booster")."""
    body = json.loads(texts["model.json"])
    heads = {}
    for one in body["heads"]:
        trees = {part: parsed(texts[f"{one['name']}.{part}.txt"]) for part in one["files"]}
        heads[one["name"]] = Head(
            gives=one["gives"],
            unit=one["unit"],
            booster=trees["booster"],
            curve=one["curve"],
            offset=one["offset"],
            margin=one["margin"],
            low=trees.get("low"),
            high=trees.get("high"),
        )
    features = body["meta"]["features"]
    return Kept(tuple(one["name"] for one in features), {one["name"]: (one["low"], one["high"]) for one in features}, heads)


@lru_cache(maxsize=8)
def kept(version_id: UUID) -> Kept:
    """This function will give a kept version, read once per process. Raises Version.DoesNotExist."""
    return read(Version.objects.values_list("files", flat=True).get(id=version_id))


def what_if(
    *, viewer: Viewer, patient_id: UUID | str, model: str, changes: Mapping[str, Mapping[str, float]], now: datetime, head: str = ""
) -> dict[str, Any]:
    """This function will answer what one head (the main one without a name) would say after `changes`: input -> {"by": x} or {"to": x}.

    Starts from her latest assessment that has a value. Raises as `access.patient_for`; NotAllowed for a model that is not for the
    viewer; Conflict `nothing_to_start_from`; Invalid `unknown_model`, `unknown_head`, `nothing_changed`, and of one change
    `by_or_to`, `unknown_input`, `not_changeable`, `missing_input`, `outside_training` (with input, low, high and unit).
    """
    seen = standings.sight(viewer=viewer, patient_id=patient_id, now=now)
    if standings.about(model)["staff_only"] and not seen.clinical:
        raise NotAllowed("This model is for clinicians only.", code="clinicians_only")
    if not changes:
        raise Invalid("Say what changes.", code="nothing_changed", field="changes")
    one = standings.visible(seen).filter(model=model, value__isnull=False).order_by("-as_of", "-id").first()
    if one is None:
        raise Conflict("There is no assessment with a value to start from.", code="nothing_to_start_from")
    version = kept(one.version_id)
    chosen = head or next(iter(version.heads))
    if chosen not in version.heads:
        raise Invalid("The model does not give this.", code="unknown_head", field="head")
    values = {name: float(value) for name, (value, _) in one.inputs.items()}
    changed = values | {name: _changed(name, change, one, version, values) for name, change in changes.items()}
    before, after = (_told(version, chosen, given) for given in (values, changed))
    log.record(by=viewer, did="risk.what_if", patient_id=seen.patient_id, about=f"assessment:{one.id}", now=now)
    return {
        "assessment": one.id,
        "model": model,
        "version": one.version.version,
        "as_of": one.as_of,
        "head": chosen,
        "unit": version.heads[chosen].unit,
        "before": _shown(before),
        "after": _shown(after),
        "difference": after.value - before.value,
        "inputs": [_input(one, name, values.get(name), changed[name]) for name in changes],
    }


def _told(version: Kept, head: str, values: Mapping[str, float]) -> Told:
    return version.heads[head].told([values.get(name, nan) for name in version.names], version.names)


def _shown(told: Told) -> dict[str, float]:
    return {"raw": told.raw, "value": told.value, "low": told.low, "high": told.high}


def _feature(one: Assessment, name: str) -> Mapping[str, Any] | None:
    return next((feature for feature in one.version.about["features"] if feature["name"] == name), None)


def _input(one: Assessment, name: str, before: float | None, after: float) -> dict[str, Any]:
    feature = _feature(one, name) or {"label": {}, "unit": ""}
    return {"name": name, "label": feature["label"], "unit": feature["unit"], "before": before, "after": after}


def _changed(name: str, change: Mapping[str, float], one: Assessment, version: Kept, values: Mapping[str, float]) -> float:
    """The new value of one input, if it may be changed like this."""
    field, feature = f"changes.{name}"[:120], _feature(one, name)
    if feature is None or name not in version.ranges:
        raise Invalid("The model has no such input.", code="unknown_input", field=field)
    if len(change) != 1 or not change.keys() <= {"by", "to"}:
        raise Invalid("Say either by how much it changes or what it changes to.", code="by_or_to", field=field)
    if not feature["changeable"]:
        raise Invalid("This input cannot be changed.", code="not_changeable", field=field)
    if "by" in change and name not in values:
        raise Invalid("This input is not known: say what it changes to.", code="missing_input", field=field)
    value = change["to"] if "to" in change else values[name] + change["by"]
    low, high = version.ranges[name]
    if isfinite(value) and low <= value <= high:
        return value
    label, unit = feature["label"], feature["unit"]
    told = words(f"{label['zh-hans']}：{low:g}–{high:g} {unit}".rstrip(), f"{label['en']}: {low:g} to {high:g} {unit}".rstrip())
    more = {"input": name, "low": low, "high": high, "unit": unit, "words": told}
    raise Invalid("The model was not trained on values like this.", code="outside_training", field=field, **more)


def changeable(*, viewer: Viewer, patient_id: UUID | str, model: str, now: datetime) -> list[dict[str, Any]]:
    """This function will give the inputs that a what-if question may change: name, label, unit, value now (or None), low and high.

    Empty where there is no assessment with a value to start from. Raises as `what_if` for the model and the patient.
    """
    seen = standings.sight(viewer=viewer, patient_id=patient_id, now=now)
    if standings.about(model)["staff_only"] and not seen.clinical:
        raise NotAllowed("This model is for clinicians only.", code="clinicians_only")
    one = standings.visible(seen).filter(model=model, value__isnull=False).order_by("-as_of", "-id").first()
    if one is None:
        return []
    ranges = kept(one.version_id).ranges
    values = {name: float(value) for name, (value, _) in one.inputs.items()}
    return [
        {"name": feature["name"], "label": feature["label"], "unit": feature["unit"], "value": values.get(feature["name"])}
        | dict(zip(("low", "high"), ranges[feature["name"]], strict=True))
        for feature in one.version.about["features"]
        if feature["changeable"] and feature["name"] in ranges
    ]
