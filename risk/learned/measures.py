"""The figures a model is judged by: discrimination, calibration, error, coverage, benefit; and their uncertainty."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats], float]


def auroc(outcome: Floats, score: Floats) -> float:
    """This function will give the area under the ROC curve, NaN where only one class is present."""
    return float(roc_auc_score(outcome, score)) if 0 < outcome.sum() < len(outcome) else float("nan")


def ap(outcome: Floats, score: Floats) -> float:
    """This function will give average precision (area under precision and recall by steps)."""
    return float(average_precision_score(outcome, score)) if outcome.sum() else float("nan")


def brier(outcome: Floats, probability: Floats) -> float:
    """This function will give the mean squared distance of probability and outcome."""
    return float(np.mean((probability - outcome) ** 2))


def oe(outcome: Floats, probability: Floats) -> float:
    """This function will give observed over expected events: 1 is calibrated in the large."""
    return float(outcome.sum() / probability.sum())


def hosmer_lemeshow(outcome: Floats, probability: Floats, groups: int = 10) -> float:
    """This function will give the Hosmer-Lemeshow H statistic over `groups` groups of equal size, by rising probability."""
    total = 0.0
    for rows in np.array_split(np.argsort(probability, kind="stable"), groups):
        expected = float(probability[rows].sum())
        mean = expected / len(rows)
        total += (float(outcome[rows].sum()) - expected) ** 2 / max(len(rows) * mean * (1 - mean), 1e-9)
    return total


def event1(outcome: Floats, probability: Floats) -> float:
    """This function will give the best min(sensitivity, positive predictive value) over all thresholds (PhysioNet 2012, event 1)."""
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(outcome[order])
    return float(np.max(np.minimum(hits / outcome.sum(), hits / np.arange(1, len(hits) + 1))))


def c_index(time: Floats, event: Floats, score: Floats, *, most: int = 20_000, seed: int = 7) -> float:
    """This function will give Harrell's concordance of score and survival time under censoring; above `most` rows on a sample."""
    if len(time) > most:
        rows = np.random.default_rng(seed).choice(len(time), most, replace=False)
        time, event, score = time[rows], event[rows], score[rows]
    pairs = right = 0.0
    for i in np.flatnonzero(event):
        later = time > time[i]
        pairs += float(later.sum())
        right += float((score[later] < score[i]).sum()) + 0.5 * float((score[later] == score[i]).sum())
    return right / pairs if pairs else float("nan")


def rmse(truth: Floats, value: Floats) -> float:
    """This function will give the root of the mean squared error."""
    return float(np.sqrt(np.mean((truth - value) ** 2)))


def mae(truth: Floats, value: Floats) -> float:
    """This function will give the mean absolute error."""
    return float(np.mean(np.abs(truth - value)))


def coverage(truth: Floats, low: Floats, high: Floats) -> float:
    """This function will give the share of truths inside their intervals."""
    return float(np.mean((truth >= low) & (truth <= high)))


def judged(outcome: Floats, probability: Floats) -> dict[str, float]:
    """This function will give what every probability is judged by: n, auroc, ap, brier, brier_null (prevalence alone), oe."""
    prevalence = float(outcome.mean())
    return {
        "n": float(len(outcome)),
        "auroc": auroc(outcome, probability),
        "ap": ap(outcome, probability),
        "brier": brier(outcome, probability),
        "brier_null": prevalence * (1 - prevalence),
        "oe": oe(outcome, probability),
    }


def bootstrap(
    outcome: Floats, score: Floats, measure: Measure, *, groups: NDArray[Any] | None = None, draws: int = 200, seed: int = 7
) -> tuple[float, float]:
    """This function will give the 95 % percentile interval of a measure; whole `groups` (persons) are drawn where given."""
    random = np.random.default_rng(seed)
    ids = np.arange(len(outcome)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = np.split(np.argsort(ids, kind="stable"), np.cumsum(np.bincount(ids))[:-1])
    drawn = []
    for _ in range(draws):
        rows = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        drawn.append(measure(outcome[rows], score[rows]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def decision_curve(outcome: Floats, probability: Floats, thresholds: Iterable[float]) -> list[dict[str, float]]:
    """This function will give net benefit per person (Vickers 2006) of the model, of treating all, by threshold; treating none is 0."""
    n, events = len(outcome), float(outcome.sum())
    rows = []
    for threshold in thresholds:
        odds = threshold / (1 - threshold)
        chosen = probability >= threshold
        model = float(outcome[chosen].sum()) / n - odds * float((1 - outcome[chosen]).sum()) / n
        rows.append({"threshold": threshold, "model": model, "all": events / n - odds * (n - events) / n, "none": 0.0})
    return rows


def calibration_table(outcome: Floats, probability: Floats, groups: int = 10) -> list[dict[str, float]]:
    """This function will give n, mean probability and observed share by groups of rising probability."""
    parts = np.array_split(np.argsort(probability, kind="stable"), groups)
    return [{"n": float(len(p)), "expected": float(probability[p].mean()), "observed": float(outcome[p].mean())} for p in parts if len(p)]


def by_group(outcome: Floats, probability: Floats, groups: Mapping[str, NDArray[np.bool_]]) -> list[dict[str, Any]]:
    """This function will give n, events, AUROC and O:E within each named subgroup."""
    rows = []
    for name, inside in groups.items():
        y, p = outcome[inside], probability[inside]
        if len(y):
            rows.append({"group": name, "n": len(y), "events": int(y.sum()), "auroc": auroc(y, p), "oe": oe(y, p)})
    return rows
