"""LightGBM as this house uses it: fixed seeds, deterministic, monotone by column name, out-of-fold scores by person."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from risk.learned.inputs import Feature

SEED = 20261123
Floats = NDArray[np.float64]
Say = Callable[[str], None]
Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]
STEADY: Mapping[str, Any] = {
    "verbosity": -1,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "bagging_freq": 1,
}


def folds(outcome: Floats, groups: Sequence[Any] | NDArray[Any], *, n: int = 5, stratified: bool = True, seed: int = SEED) -> Folds:
    """This function will split rows into `n` folds (train rows, test rows) so that no person is on both sides."""
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed) if stratified else GroupKFold(n, shuffle=True, random_state=seed)
    return [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(np.zeros(len(outcome)), outcome, groups)]


def fit(
    table: pd.DataFrame, label: Floats, features: Sequence[Feature], params: Mapping[str, Any], rounds: int, *, weight: Floats | None = None
) -> lightgbm.Booster:
    """This function will fit a booster on the columns of `features`, in their order, with their monotone constraints."""
    constraints = [one.monotone for one in features]
    asked = {**STEADY, **params}
    if any(constraints):
        asked["monotone_constraints"] = constraints
    data = lightgbm.Dataset(matrix(table, features), label, weight=weight, feature_name=[one.name for one in features], params=asked)
    return lightgbm.train(asked, data, num_boost_round=rounds)


def matrix(table: pd.DataFrame, features: Sequence[Feature]) -> Floats:
    """This function will give the columns of `features` as a float matrix (rows x features), NaN where missing."""
    return np.asarray(table[[one.name for one in features]], dtype=np.float64)


def out_of_fold(
    table: pd.DataFrame,
    label: Floats,
    features: Sequence[Feature],
    params: Mapping[str, Any],
    rounds: int,
    parts: Folds,
    *,
    weight: Floats | None = None,
) -> Floats:
    """This function will give raw scores (n rows), each from a booster that never saw the row's person."""
    raw = np.full(len(label), np.nan)
    for train, test in parts:
        kept = None if weight is None else weight[train]
        booster = fit(table.iloc[train], label[train], features, params, rounds, weight=kept)
        raw[test] = booster.predict(matrix(table.iloc[test], features), raw_score=True)
    return raw


def chosen(
    table: pd.DataFrame,
    label: Floats,
    features: Sequence[Feature],
    grid: Sequence[tuple[Mapping[str, Any], int]],
    parts: Folds,
    measure: Callable[[Floats, Floats], float],
) -> tuple[Mapping[str, Any], int]:
    """This function will choose (parameters, rounds) by `measure` (higher is better) over inner folds. For nested tuning: give it the
    training rows of an outer fold only."""
    scores = [measure(label, out_of_fold(table, label, features, params, rounds, parts)) for params, rounds in grid]
    return grid[int(np.argmax(scores))]


def learning_curve(n: int, parts: int = 4, *, seed: int = SEED) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """This function will give growing shares of `n` persons: (share, their numbers)."""
    order = np.random.default_rng(seed).permutation(n)
    for part in range(1, parts + 1):
        yield part / parts, np.sort(order[: n * part // parts])
