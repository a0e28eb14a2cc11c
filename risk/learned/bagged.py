"""Several boosters of different seeds as one: their mean is kept as a single LightGBM model, and serving knows no difference.

The mean of raw scores is the sum of all trees with every leaf divided by the number of boosters.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned.boosting import SEED, fit
from risk.learned.inputs import Feature

Floats = NDArray[np.float64]
DIVIDED = "leaf_value="
# What neither scores nor contributions ask for (those go by leaf values and counts): a third of the text.
LEFT_OUT = ("split_gain=", "leaf_weight=", "internal_weight=", "internal_value=")
DIGITS = 8  # of a leaf: contributions still sum to far below 1e-6 because both are read from the same text


def averaged(boosters: Sequence[lightgbm.Booster], *, by: int = 0) -> lightgbm.Booster:
    """This function will give one booster whose raw score is the mean of those of `boosters` (same features, plain numeric splits).

    `by`: divide their sum by another number, where some of them are only parts of one.
    """
    texts = [booster.model_to_string(importance_type="gain") for booster in boosters]
    head = texts[0].partition("Tree=0\n")[0]
    # Without tree_sizes LightGBM reads the trees one after another, wherever they end.
    lines = [line for line in head.splitlines() if not line.startswith("tree_sizes=")]
    blocks = [block for text in texts for block in _trees(text)]
    trees = "\n\n".join(f"Tree={number}\n" + _divided(block, by or len(boosters)) for number, block in enumerate(blocks))
    tail = "end of trees" + texts[0].partition("end of trees")[2]
    return lightgbm.Booster(model_str="\n".join(lines).rstrip() + "\n\n" + trees + "\n\n\n" + tail)


def bagged(
    table: pd.DataFrame,
    label: Floats,
    features: Sequence[Feature],
    params: Mapping[str, Any],
    rounds: int,
    seeds: int,
    *,
    weight: Floats | None = None,
) -> lightgbm.Booster:
    """This function will fit `seeds` boosters that differ in their seed only, and give their mean."""
    each = [fit(table, label, features, {**params, "seed": SEED + number}, rounds, weight=weight) for number in range(seeds)]
    return averaged(each)


def _trees(text: str) -> list[str]:
    body = text.partition("Tree=0\n")[2].partition("end of trees")[0]
    blocks = ("Tree=0\n" + body).split("Tree=")[1:]
    return [block.partition("\n")[2].strip() for block in blocks]


def _divided(block: str, by: int) -> str:
    lines = []
    for line in block.splitlines():
        if line.startswith(DIVIDED):
            numbers = line.removeprefix(DIVIDED).split()
            lines.append(DIVIDED + " ".join(f"{float(one) / by:.{DIGITS}g}" for one in numbers))
        elif not line.startswith(LEFT_OUT):
            lines.append(line)
    return "\n".join(lines)
