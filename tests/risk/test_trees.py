"""The plain reader of boosters gives what LightGBM gives: on random boosters of every kind, and on the committed artefacts."""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from healthhub.lib.refused import Invalid
from risk.cards import HERE
from risk.learned.trees import parsed

BOOSTERS = sorted(HERE.glob("*/*.txt"))
ROWS, COLUMNS = 500, 6
QUIET: dict[str, Any] = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 3, "min_data_in_leaf": 5}


def table(seed: int = 1, holes: float = 0.2) -> np.ndarray:
    """Columns of every kind: wide, narrow, mostly zero, whole numbers (categories), all with holes."""
    dice = np.random.default_rng(seed)
    rows = dice.normal(size=(ROWS, COLUMNS)) * [1, 100, 1e-3, 1, 1, 1]
    rows[:, 3] = dice.integers(0, 70, ROWS)
    rows[:, 4] = np.where(dice.random(ROWS) < 0.6, 0.0, rows[:, 4])
    rows[dice.random(rows.shape) < holes] = np.nan
    return rows


def answer(rows: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(rows, nan=0.3)
    return filled[:, 0] * 2 + filled[:, 1] / 50 + np.sin(filled[:, 3]) * 2 + (filled[:, 4] != 0) + np.isnan(rows[:, 5])


def trained(parameters: dict[str, Any], rows: np.ndarray, rounds: int = 12, **more: Any) -> lightgbm.Booster:
    target = answer(rows)
    if parameters.get("objective") == "binary":
        target = (target > np.median(target)).astype(float)
    return lightgbm.train(QUIET | parameters, lightgbm.Dataset(rows, target, **more), rounds)


def same(booster: lightgbm.Booster, rows: np.ndarray) -> None:
    trees = parsed(booster.model_to_string())
    expected = booster.predict(rows, raw_score=True, num_threads=1)
    assert [trees.raw(row) for row in rows.tolist()] == pytest.approx(expected, abs=1e-9, rel=1e-12)


KINDS: dict[str, dict[str, Any]] = {
    "risk": {"objective": "binary"},
    "value": {"objective": "regression"},
    "quantile": {"objective": "quantile", "alpha": 0.05},
    "monotone": {"objective": "regression", "monotone_constraints": [1, -1, 0, 0, 0, 0]},
    "no missing": {"objective": "regression", "use_missing": False},
    "zero is missing": {"objective": "regression", "zero_as_missing": True},
    "dart": {"objective": "regression", "boosting": "dart"},
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_a_booster_is_read_as_lightgbm_reads_it(name: str, holes: float) -> None:
    booster = trained(KINDS[name], table(holes=holes))
    strange = np.array([[0.0] * COLUMNS, [1e-40] * COLUMNS, [np.nan] * COLUMNS, [1e12] * COLUMNS, [-1e12] * COLUMNS, [np.inf] * COLUMNS])
    same(booster, np.vstack([table(seed=2), table(seed=4, holes=0.0), strange]))


@pytest.mark.parametrize("more", [{}, {"max_cat_to_onehot": 1}, {"max_cat_to_onehot": 100, "max_bin_by_feature": [255, 2, 2, 255, 2, 2]}])
def test_categories_are_sets(more: dict[str, Any]) -> None:
    booster = trained({"objective": "regression", "min_data_per_group": 1, "cat_smooth": 1, **more}, table(), categorical_feature=[3])
    assert "num_cat=0" not in booster.model_to_string().split("Tree=0")[1].split("Tree=1")[0]
    odd = table(seed=5)
    odd[:8, 3] = [-1, -0.5, 0.9, 69.5, 71, 1e6, 31.999, 32]
    same(booster, odd)


def test_a_tree_of_one_leaf() -> None:
    rows = table()
    same(lightgbm.train(QUIET | {"objective": "regression"}, lightgbm.Dataset(rows, np.full(ROWS, 2.5)), 3), rows[:5])


def test_what_cannot_be_read_is_refused() -> None:
    linear = trained({"objective": "regression", "linear_tree": True}, table(holes=0.0))
    classes = lightgbm.train(
        QUIET | {"objective": "multiclass", "num_class": 3}, lightgbm.Dataset(table(), np.arange(ROWS, dtype=float) % 3), 2
    )
    forest = trained({"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, table())
    for text in (linear.model_to_string(), forest.model_to_string(), classes.model_to_string(), "", "version=v4\nTree=0\n"):
        with pytest.raises(Invalid) as refused:
            parsed(text)
        assert refused.value.code == "not_a_booster"


def test_a_row_of_another_length_is_our_fault() -> None:
    with pytest.raises(ValueError, match="a row of 2"):
        parsed(trained(KINDS["risk"], table()).model_to_string()).raw([1.0, 2.0])


@pytest.mark.skipif(not BOOSTERS, reason="no artefact is committed")
@pytest.mark.parametrize("file", BOOSTERS, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_committed_boosters(file: Path) -> None:
    booster = lightgbm.Booster(model_file=file)
    dice = np.random.default_rng(7)
    width = booster.num_feature()
    rows = dice.uniform(-50.0, 250.0, (40, width)) * dice.choice([0.01, 1.0], (40, width))
    rows = np.where(dice.random(rows.shape) < 0.3, np.round(rows), rows)
    rows[dice.random(rows.shape) < 0.3] = np.nan
    same(booster, rows)
