"""From a raw score to a probability: fitted curves kept as knots, with the uncertainty of the curve itself.

A curve is applied by linear interpolation, whichever way it was fitted, so that serving needs nothing but numpy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
KNOTS = 101
NEVER_CERTAIN = 1e-4  # a probability of 0 or 1 would be a claim no sample can back
Fit = Callable[[Floats, Floats, Floats], Floats]  # raw scores, outcomes, knots -> probability at the knots


@dataclass(frozen=True)
class Curve:
    """Probability by raw score (knots, ascending) with the 5th and 95th percentile of the curve over bootstrap samples."""

    raw: Floats
    value: Floats
    low: Floats
    high: Floats

    def at(self, raw: Floats) -> tuple[Floats, Floats, Floats]:
        """This function will give probability, lower and upper end of its 90 % interval for raw scores; flat beyond the last knots."""
        return np.interp(raw, self.raw, self.value), np.interp(raw, self.raw, self.low), np.interp(raw, self.raw, self.high)

    def as_dict(self) -> dict[str, list[float]]:
        """This function will give the curve as JSON-able data."""
        return {name: [round(float(x), 6) for x in getattr(self, name)] for name in ("raw", "value", "low", "high")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Curve":
        """This function will read what `as_dict` gave."""
        return cls(*(np.asarray(data[name], dtype=np.float64) for name in ("raw", "value", "low", "high")))


def isotonic(raw: Floats, outcome: Floats, knots: Floats) -> Floats:
    """This function will fit a rising step curve and give it at the knots (probabilities)."""
    fitted = IsotonicRegression(y_min=NEVER_CERTAIN, y_max=1 - NEVER_CERTAIN, out_of_bounds="clip").fit(raw, outcome)
    return np.asarray(fitted.predict(knots), dtype=np.float64)


def beta(raw: Floats, outcome: Floats, knots: Floats) -> Floats:
    """This function will fit beta calibration (Kull 2017): logistic on ln p and -ln(1-p), both with slopes not below zero."""
    chosen = [0, 1]
    while True:
        model = LogisticRegression(C=1e6, max_iter=1000).fit(_both(raw)[:, chosen], outcome)
        negative = [column for column, slope in zip(chosen, model.coef_[0], strict=True) if slope < 0]
        if not negative or len(chosen) == 1:
            return _possible(model.predict_proba(_both(knots)[:, chosen])[:, 1])
        chosen = [column for column in chosen if column not in negative[:1]]


def platt(raw: Floats, outcome: Floats, knots: Floats) -> Floats:
    """This function will fit a logistic curve of the raw score (two numbers: what small samples can carry)."""
    model = LogisticRegression(C=1e6, max_iter=1000).fit(raw[:, None], outcome)
    return _possible(model.predict_proba(knots[:, None])[:, 1])


def fitted(raw: Floats, outcome: Floats, *, fit: Fit = beta, draws: int = 200, seed: int = 7, groups: NDArray[Any] | None = None) -> Curve:
    """This function will fit a curve on out-of-fold raw scores, with bootstrap percentiles (whole `groups`, such as persons, are drawn)."""
    knots = np.unique(np.quantile(raw, np.linspace(0, 1, KNOTS)))
    value = fit(raw, outcome, knots)
    random = np.random.default_rng(seed)
    ids = np.arange(len(raw)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = np.split(np.argsort(ids, kind="stable"), np.cumsum(np.bincount(ids))[:-1])
    curves = []
    for _ in range(draws):
        rows = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        if 0 < outcome[rows].sum() < len(rows):
            curves.append(fit(raw[rows], outcome[rows], knots))
    low, high = np.quantile(curves, [0.05, 0.95], axis=0)
    return Curve(knots, value, np.minimum(low, value), np.maximum(high, value))


def _both(raw: Floats) -> Floats:
    return np.column_stack([np.log(expit(raw)), -np.log(expit(-raw))])


def _possible(probability: Any) -> Floats:
    return np.asarray(np.clip(probability, NEVER_CERTAIN, 1 - NEVER_CERTAIN), dtype=np.float64)
