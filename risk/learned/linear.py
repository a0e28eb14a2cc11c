"""Logistic regression as the plain comparator: missing values take the mean, columns are standardised, and it is kept as numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Kept = Mapping[str, Any]


def fitted(table: pd.DataFrame, label: Floats, names: Sequence[str], *, strength: float = 1.0) -> dict[str, Any]:
    """This function will fit a logistic regression with an L2 penalty (1 / `strength`) and give it as JSON-able numbers."""
    x = np.asarray(table[list(names)], dtype=np.float64)
    means = np.where(np.isnan(x).all(axis=0), 0.0, np.nanmean(np.where(np.isnan(x).all(axis=0), 0.0, x), axis=0))
    filled = np.where(np.isnan(x), means, x)
    scales = np.maximum(filled.std(axis=0), 1e-9)
    model = LogisticRegression(C=strength, max_iter=2000).fit((filled - means) / scales, label)
    numbers = {"means": means, "scales": scales, "slopes": model.coef_[0]}
    kept: dict[str, Any] = {key: [float(f"{one:.6g}") for one in each] for key, each in numbers.items()}
    return kept | {"names": list(names), "intercept": float(model.intercept_[0])}


def probability(kept: Kept, table: pd.DataFrame) -> Floats:
    """This function will give the probabilities of what `fitted` gave."""
    x = np.asarray(table[list(kept["names"])], dtype=np.float64)
    means, scales, slopes = (np.asarray(kept[key]) for key in ("means", "scales", "slopes"))
    z = (np.where(np.isnan(x), means, x) - means) / scales
    return np.asarray(expit(z @ slopes + kept["intercept"]), dtype=np.float64)
