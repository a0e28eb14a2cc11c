"""A small model that lives in the database only, and what it said of patients: for tests of what is told of assessments. Invented.

`tried` gives a risk from age, systolic pressure and HbA1c, and as a second head tomorrow's pressure with an interval.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import lightgbm
import numpy as np

from healthhub.people.models import Patient
from risk.learned.artefact import Artefact, Head, described
from risk.models import Assessment, Standing, Version
from risk.scores.words import words

KEY = "tried"
NAMES = ("age", "systolic", "hba1c")
USUAL: Mapping[str, float] = {"age": 70.0, "systolic": 150.0, "hba1c": 7.5}
QUIET: dict[str, Any] = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 3, "num_leaves": 7, "min_data_in_leaf": 10}


@cache
def artefact() -> Artefact:
    """This function will train it, once, within a tenth of a second."""
    dice = np.random.default_rng(5)
    rows = np.column_stack([dice.uniform(30, 90, 600), dice.uniform(90, 190, 600), dice.uniform(4.5, 11, 600)])
    rows[dice.random(600) < 0.2, 2] = np.nan
    chance = 1 / (1 + np.exp(-((rows[:, 0] - 60) / 15 + (rows[:, 1] - 140) / 20)))
    event, drift = (dice.random(600) < chance).astype(float), dice.normal(0, 5, 600) - (rows[:, 1] - 140) / 10
    rises = {"monotone_constraints": [1, 1, 0]}

    def booster(label: np.ndarray, **more: Any) -> lightgbm.Booster:
        return lightgbm.train(QUIET | more, lightgbm.Dataset(rows, label, feature_name=list(NAMES)), 25)

    curve = {"raw": [-3.0, -1.0, 0.0, 1.0, 3.0], "value": [0.05, 0.2, 0.5, 0.8, 0.95]}
    curve |= {"low": [0.02, 0.1, 0.4, 0.7, 0.9], "high": [0.1, 0.3, 0.6, 0.9, 0.99]}
    low, high = (booster(drift, objective="quantile", alpha=alpha) for alpha in (0.05, 0.95))
    heads = {
        "event": Head("event", "risk", "{probability}", booster(event, objective="binary", **rises), curve),
        "tomorrow": Head("tomorrow", "value", "mm[Hg]", booster(drift, objective="regression"), None, "systolic", low, high, 0.7),
    }
    meta = {"version": "1", "features": described(dict(zip(NAMES, rows.T, strict=True)), NAMES), "reach": 0.5}
    return Artefact(KEY, heads, meta)


def about(*, staff_only: bool = False) -> dict[str, Any]:
    """This function will give what is told of it."""

    def feature(name: str, zh: str, unit: str, group: str, *, changeable: bool) -> dict[str, Any]:
        told = {"name": name, "label": words(zh, name), "unit": unit, "group": group, "required": name != "hba1c"}
        return told | {"changeable": changeable, "how": "measure", "monotone": 0}

    return {
        "key": KEY,
        "name": words("试验风险", "Tried risk"),
        "what": words("试验", "for tests"),
        "not_for": words("", ""),
        "staff_only": staff_only,
        "live": True,
        "every_minutes": 60,
        "kinds": ["bp", "hba1c"],
        "bands": [
            {"key": key, "lowest": low, "severity": "none", "margin": 0.0} for key, low in (("low", 0.0), ("medium", 0.3), ("high", 0.6))
        ],
        "features": [
            feature("age", "年龄", "a", "age", changeable=False),
            feature("systolic", "收缩压", "mm[Hg]", "blood_pressure", changeable=True),
            feature("hba1c", "糖化血红蛋白", "%", "glucose", changeable=True),
        ],
    }


def version(*, now: datetime, staff_only: bool = False, key: str = KEY, name: str = "1", state: str = "champion") -> Version:
    """This function will keep a version of it."""
    told = about(staff_only=staff_only) | {"key": key}
    return Version.objects.create(model=key, version=name, released=False, files=artefact().files(), about=told, state=state, since=now)


def assessment(patient: Patient, kept: Version, *, now: datetime, inputs: Mapping[str, float] = USUAL, **more: Any) -> Assessment:
    """This function will write down what the version says of these inputs, half a day old, and let the patient stand there."""
    found = artefact()
    row = np.array([[inputs.get(name, np.nan) for name in NAMES]])
    scored, other = found.score(row), found.score(row, head="tomorrow", explained=False)
    value = float(scored.value[0])
    at = (now - timedelta(hours=12)).isoformat()
    one = Assessment.objects.create(
        **{"patient": patient, "model": kept.model, "version": kept, "data_class": "labs+vitals", "as_of": now, "made_at": now}
        | {"why": "reading", "raw": float(scored.raw[0]), "base": float(scored.base[0]), "value": value}
        | {"low": float(scored.low[0]), "high": float(scored.high[0]), "unit": "{probability}"}
        | {"band": "high" if value >= 0.6 else "medium" if value >= 0.3 else "low"}
        | {"contributions": {name: float(share) for name, share in zip(NAMES, scored.contributions[0], strict=True)}}
        | {"inputs": {name: [value, None if name == "age" else at] for name, value in inputs.items()}}
        | {
            "heads": {
                "tomorrow": {"value": float(other.value[0]), "low": float(other.low[0]), "high": float(other.high[0]), "unit": "mm[Hg]"}
            }
        }
        | more
    )
    stands(one)
    return one


def abstention(patient: Patient, kept: Version, *, now: datetime, **more: Any) -> Assessment:
    """This function will write down that the version had too little to go by."""
    missing = {"code": "missing_input", "field": "systolic", "words": words("缺少：收缩压。", "Missing: systolic."), "how": "measure"}
    one = Assessment.objects.create(
        **{"patient": patient, "model": kept.model, "version": kept, "data_class": "labs+vitals", "as_of": now, "made_at": now}
        | {"why": "nightly", "problems": [missing]}
        | more
    )
    stands(one)
    return one


def stands(one: Assessment) -> None:
    standing, _ = Standing.objects.get_or_create(patient_id=one.patient_id, model=one.model)
    standing.assessment, standing.assessed_at = one, one.as_of
    if one.value is not None:
        standing.band, standing.band_since = one.band, one.as_of
    standing.save()
