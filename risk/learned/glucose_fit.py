"""How the heads of the glucose model are fitted: expected values, medians, intervals by quantiles, and hypoglycaemia as a risk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned.bagged import averaged
from risk.learned.boosting import SEED, Folds, fit, matrix
from risk.learned.glucose_files import AHEAD, BROLL, LIMITS
from risk.learned.inputs import Feature

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
COMMON: Mapping[str, Any] = {
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "bagging_fraction": 0.5,
    "feature_fraction": 0.5,
}
MEDIAN = {**COMMON, "objective": "l1", "num_leaves": 15, "learning_rate": 0.07}
MEAN = {**COMMON, "objective": "l2", "lambda_l2": 10.0, "min_data_in_leaf": 100}
ROUNDS = {"median": 200, "mean": 90, "quantile": 60}
# Five people against eighty-four, on another sensor: the many would drown the few.
SHANGHAI_WEIGHT = {"median": 0.2, "mean": 0.5}
LOW, HIGH = 0.05, 0.95
QUANTILE = {**COMMON, "objective": "quantile", "num_leaves": 15, "min_data_in_leaf": 100}
RISK = {**COMMON, "objective": "binary", "learning_rate": 0.05, "min_data_in_leaf": 200}
GRID: tuple[tuple[Mapping[str, Any], int], ...] = (({**RISK, "num_leaves": 7}, 200), ({**RISK, "num_leaves": 12}, 120))
SEEDS = 1


def value(table: pd.DataFrame, features: Sequence[Feature], ahead: int, aim: str = "mean") -> lightgbm.Booster:
    """This function will fit the change of glucose (mg/dL) over `ahead` minutes: its `mean`, or its `median`."""
    table, change = _changes(table, ahead)
    weight = np.where(table["cohort"] == BROLL, 1.0, SHANGHAI_WEIGHT[aim])
    return averaged([fit(table, change, unbound(features), MEDIAN if aim == "median" else MEAN, ROUNDS[aim], weight=weight)])


def quantile(table: pd.DataFrame, features: Sequence[Feature], ahead: int, alpha: float) -> lightgbm.Booster:
    """This function will fit a quantile of the change of glucose over `ahead` minutes."""
    table, change = _changes(table, ahead)
    return averaged([fit(table, change, unbound(features), {**QUANTILE, "alpha": alpha}, ROUNDS["quantile"])])


def risk(
    table: pd.DataFrame, features: Sequence[Feature], limit: int, params: Mapping[str, Any], rounds: int, seeds: int = SEEDS
) -> lightgbm.Booster:
    """This function will fit hypoglycaemia below `limit` within 60 minutes, on moments at which it was not yet present."""
    label = table[f"hypo_{limit}"].to_numpy(dtype=np.float64)
    known = ~np.isnan(label)
    return averaged([fit(table[known], label[known], features, {**params, "seed": SEED + i}, rounds) for i in range(seeds)])


def unbound(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """This function will give the features without monotone directions, which are those of a risk and not of a change."""
    return tuple(replace(one, monotone=0) for one in features)


def _changes(table: pd.DataFrame, ahead: int) -> tuple[pd.DataFrame, Floats]:
    table = table[table[f"truth_{ahead}"].notna()]
    return table, (table[f"truth_{ahead}"] - table["glucose"]).to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Strangers:
    """What boosters said of people they never saw, by head: value, low and high (mg/dL, before conformal widening) or raw risk score."""

    value: Mapping[int, Floats]
    low: Mapping[int, Floats]
    high: Mapping[int, Floats]
    raw: Mapping[int, Floats]


def strangers(table: pd.DataFrame, features: Sequence[Feature], parts: Folds, settings: Mapping[int, tuple[Mapping[str, Any], int]],
              keep: Bools | None = None) -> Strangers:  # fmt: skip
    """This function will score every row by boosters of the other folds' people; `keep` marks the rows that may be learned from."""
    n, usable = len(table), np.ones(len(table), dtype=bool) if keep is None else keep
    value_of, low, high = ({ahead: np.full(n, np.nan) for ahead in AHEAD} for _ in range(3))
    raw = {limit: np.full(n, np.nan) for limit in LIMITS}
    for train, test in parts:
        known, rows = table.iloc[train[usable[train]]], matrix(table.iloc[test], features)
        now = table["glucose"].to_numpy(dtype=np.float64)[test]
        for ahead in AHEAD:
            value_of[ahead][test] = now + predicted(value(known, features, ahead), rows)
            low[ahead][test] = now + predicted(quantile(known, features, ahead, LOW), rows)
            high[ahead][test] = now + predicted(quantile(known, features, ahead, HIGH), rows)
        for limit in LIMITS:
            raw[limit][test] = predicted(risk(known, features, limit, *settings[limit]), rows)
    return Strangers(value_of, low, high, raw)


def predicted(booster: lightgbm.Booster, rows: Floats) -> Floats:
    """This function will give raw scores of rows."""
    return np.asarray(booster.predict(rows, raw_score=True, num_threads=2), dtype=np.float64)


def margin(truth: Floats, low: Floats, high: Floats, share: float = HIGH - LOW) -> float:
    """This function will give by how much to widen intervals so that `share` of the truths lie inside (Romano 2019)."""
    known = ~np.isnan(truth)
    scores = np.maximum(low - truth, truth - high)[known]
    return float(np.quantile(scores, min(1.0, share * (1 + 1 / len(scores)))))
