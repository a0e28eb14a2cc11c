"""How a model of yes-or-no outcomes is trained and proven: nested folds by person, calibration on strangers, comparators beside it.

One way for every such model, so that their figures can be read side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned import bagged, linear
from risk.learned.artefact import Artefact, Head
from risk.learned.boosting import SEED, Folds, Say, folds, learning_curve, matrix
from risk.learned.calibration import Curve, Fit, beta, fitted
from risk.learned.inputs import Feature
from risk.learned.measures import ap, auroc, by_group, calibration_table, decision_curve, hosmer_lemeshow, judged
from risk.learned.report import Report
from risk.learned.shape import digest, meta

Floats = NDArray[np.float64]
ByHead = Mapping[str, Floats]
Measured = Callable[[ByHead, ByHead], dict[str, float]]
FEW_DRAWS = 2  # where only the curve itself is wanted


@dataclass(frozen=True, kw_only=True)
class Sample:
    """People or stays as rows: features, outcomes (0/1) by head, whose row it is, scores of other methods by head, and subgroups.

    `points` are scores that only rank (NaN where a person has none); `remarks` say what the files left out.
    """

    table: pd.DataFrame
    labels: ByHead
    groups: NDArray[Any]
    points: Mapping[str, ByHead] = field(default_factory=dict)
    subgroups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def rows(self, some: NDArray[np.int64]) -> "Sample":
        """This function will give the sample of some rows, without points and subgroups."""
        return Sample(table=self.table.iloc[some], labels={k: v[some] for k, v in self.labels.items()}, groups=self.groups[some])


def full(labels: ByHead, scores: ByHead) -> dict[str, float]:
    """This function will give what the main head's probabilities are judged by: `judged` and Hosmer-Lemeshow."""
    y, p = next(iter(labels.values())), next(iter(scores.values()))
    return judged(y, p) | {"hosmer_lemeshow": hosmer_lemeshow(y, p)}


def ranks(labels: ByHead, scores: ByHead) -> dict[str, float]:
    """This function will give what points that are no probabilities are judged by: n, auroc, ap."""
    y, p = next(iter(labels.values())), next(iter(scores.values()))
    return {"n": float(len(y)), "auroc": auroc(y, p), "ap": ap(y, p)}


@dataclass(frozen=True, kw_only=True)
class Task:
    """How one model is proven. `grid`: (parameters, rounds) to choose from inside; `linear`: columns of the logistic comparator.

    `views`: by name, the columns that remain when the rest is blanked, as for a person of whom less is known. `also` is such a list
    of columns, too: every row is learned a second time with the rest blanked (`also_share` of it), so that it holds for those people.
    """

    key: str
    features: tuple[Feature, ...]
    load: Callable[[Sequence[Path]], Sample]
    grid: tuple[tuple[Mapping[str, Any], int], ...]
    linear: tuple[str, ...]
    thresholds: tuple[float, ...]
    population: str
    figures: Measured = full
    ranked: Measured = ranks
    calibrate: Fit = beta
    seeds: int = 3
    outer: int = 5
    inner: int = 4
    repeats: int = 1
    draws: int = 200
    reach: float = 0.5
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    also_share: float = 1.0  # of those blanked cells that really are blanked, by lot
    also_weight: float = 1.0  # of a row learned the second time
    stratified: bool = True  # folds with equal shares of events; False where groups are too many for it
    curve_draws: int = 200
    whole_range: bool = False  # the trained range is that of all rows (extremes are what such a model is for), not of 99 % of them
    strength: float = 1.0  # of the logistic comparator: the inverse of its penalty
    remarks: tuple[str, ...] = ()

    def fit(self, table: pd.DataFrame, label: Floats, params: Mapping[str, Any], rounds: int, seeds: int) -> lightgbm.Booster:
        """This function will fit the mean of `seeds` boosters."""
        weight = None
        if self.also:
            weight = np.repeat([1.0, self.also_weight], len(label))
            table, label = pd.concat([table, blanked(table, self.also, self.also_share)]), np.concatenate([label, label])
        return bagged.bagged(table, label, self.features, params, rounds, seeds, weight=weight)

    def out_of_fold(self, sample: Sample, head: str, params: Mapping[str, Any], rounds: int, seeds: int, parts: Folds) -> Floats:
        """This function will give raw scores, each from boosters that never saw the row's person."""
        label = sample.labels[head]
        raw = np.full(len(label), np.nan)
        for train, test in parts:
            booster = self.fit(sample.table.iloc[train], label[train], params, rounds, seeds)
            raw[test] = self.raw(booster, sample.table.iloc[test])
        return raw

    def raw(self, booster: lightgbm.Booster, table: pd.DataFrame) -> Floats:
        """This function will give raw scores of rows."""
        return np.asarray(booster.predict(matrix(table, self.features), raw_score=True), dtype=np.float64)

    def parts(self, sample: Sample, head: str, n: int, seed: int) -> Folds:
        """This function will split people into `n` folds."""
        return folds(sample.labels[head], sample.groups, n=n, seed=seed, stratified=self.stratified)

    def settled(self, sample: Sample, head: str, n: int, seed: int, draws: int = FEW_DRAWS) -> tuple[Mapping[str, Any], int, Curve]:
        """This function will choose parameters and fit the calibration curve on `n` folds of these people alone."""
        label = sample.labels[head]
        parts = self.parts(sample, head, n, seed)
        found = [self.out_of_fold(sample, head, params, rounds, 1, parts) for params, rounds in self.grid]
        best = int(np.argmax([auroc(label, raw) for raw in found]))
        params, rounds = self.grid[best]
        raw = found[best] if self.seeds == 1 else self.out_of_fold(sample, head, params, rounds, self.seeds, parts)
        return params, rounds, fitted(raw, label, fit=self.calibrate, groups=sample.groups, draws=draws)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """Probabilities of people by models that never saw them: of the model, of the logistic comparator, and with less known."""

    model: ByHead
    linear: ByHead
    views: Mapping[str, Floats]


def blanked(table: pd.DataFrame, kept: Sequence[str], share: float = 1.0) -> pd.DataFrame:
    """This function will give the table with every column but `kept` unknown, or that share of their cells by lot."""
    stays = np.broadcast_to(table.columns.isin(list(kept)), table.shape)
    if share < 1.0:
        stays = stays | (np.random.default_rng(SEED).random(table.shape) >= share)
    return table.where(stays, np.nan)


def train(task: Task, files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will prove the model on the files by nested folds, then fit it on all of them."""
    sample = task.load(files)
    main = next(iter(sample.labels))
    say(f"{len(sample.table):,} rows, {len(np.unique(sample.groups)):,} groups, {int(sample.labels[main].sum()):,} events")
    runs = [_nested(task, sample, SEED + number, say) for number in range(task.repeats)]
    figures = _mean([task.figures(sample.labels, run.model) for run in runs])
    heads = {}
    for head, label in sample.labels.items():
        params, rounds, curve = task.settled(sample, head, task.outer, SEED, task.curve_draws)
        say(f"{head}: {rounds} rounds of {dict(params)}")
        booster = task.fit(sample.table, label, params, rounds, task.seeds)
        heads[head] = Head(head, "risk", "{probability}", booster, curve.as_dict())
    kept = {head: linear.fitted(sample.table, y, task.linear, strength=task.strength) for head, y in sample.labels.items()}
    told = {"figures": figures, "linear": kept, "population": task.population}
    about = meta(sample.table, task.features, files, reach=task.reach, **told)
    if task.whole_range:
        about["features"] = [one | _extremes(sample.table[one["name"]]) for one in about["features"]]
    artefact = Artefact(task.key, heads, about)
    say("learning curve, intervals, tables")
    comparators = _others(task, sample) | {"logistic regression": _mean([task.figures(sample.labels, run.linear) for run in runs])}
    tables = _tables(task, sample, runs[0].model[main], runs[0].views) | {"Learning curve": _learning(task, sample)}
    remarks = (_split_told(task), *sample.remarks, *task.remarks)
    spans = intervals(task, sample, runs[0].model)
    return artefact, Report(task.key, artefact.version, figures, spans, comparators, tables, remarks)


def evaluate(task: Task, files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on files of the same columns; on its own training files it says that they flatter it."""
    sample = task.load(files)
    main = next(iter(sample.labels))
    model = {head: _scored(task, artefact, head, sample.table) for head in sample.labels}
    views = {name: _scored(task, artefact, main, blanked(sample.table, kept)) for name, kept in task.views.items()}
    by_line = {head: linear.probability(artefact.meta["linear"][head], sample.table) for head in sample.labels}
    comparators: dict[str, Mapping[str, float]] = {}
    remarks: tuple[str, ...] = (f"Scored with the artefact of {artefact.version}; nothing was fitted on these files.",)
    if seen_in_training(files, artefact):
        comparators["cross-validation"] = artefact.meta["figures"]
        remarks = (
            "These are the files the artefact was trained on: its own line flatters it. "
            "What it does for strangers stands in the line cross-validation.",
        )
    comparators |= _others(task, sample) | {"logistic regression": task.figures(sample.labels, by_line)}
    spans = intervals(task, sample, model)
    tables = _tables(task, sample, model[main], views)
    figures = task.figures(sample.labels, model)
    return Report(task.key, artefact.version, figures, spans, comparators, tables, (*remarks, *sample.remarks, *task.remarks))


def seen_in_training(files: Sequence[Path], artefact: Artefact) -> bool:
    """This function will say whether any of the files is one the artefact was trained on."""
    trained = {one["sha256"] for one in artefact.meta["data"]}
    return any(digest(file) in trained for file in files)


def intervals(task: Task, sample: Sample, scores: ByHead) -> dict[str, tuple[float, float]]:
    """This function will give 95 % percentile intervals of all figures at once; whole groups are drawn."""
    random = np.random.default_rng(7)
    ids = np.unique(sample.groups, return_inverse=True)[1]
    members = np.split(np.argsort(ids, kind="stable"), np.cumsum(np.bincount(ids))[:-1])
    drawn = []
    for _ in range(task.draws):
        rows = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        drawn.append(task.figures({k: v[rows] for k, v in sample.labels.items()}, {k: v[rows] for k, v in scores.items()}))
    spans = {}
    for name in drawn[0]:
        if name not in ("n", "brier_null"):
            low, high = np.nanquantile([one[name] for one in drawn], [0.025, 0.975])
            spans[name] = (float(low), float(high))
    return spans


def _nested(task: Task, sample: Sample, seed: int, say: Say) -> Proven:
    main = next(iter(sample.labels))
    n = len(sample.table)
    model = {head: np.full(n, np.nan) for head in sample.labels}
    line = {head: np.full(n, np.nan) for head in sample.labels}
    views = {name: np.full(n, np.nan) for name in task.views}
    for number, (inside, test) in enumerate(task.parts(sample, main, task.outer, seed), start=1):
        known, others = sample.rows(inside), sample.table.iloc[test]
        for head in sample.labels:
            params, rounds, curve = task.settled(known, head, task.inner, seed + number)
            booster = task.fit(known.table, known.labels[head], params, rounds, task.seeds)
            model[head][test] = curve.at(task.raw(booster, others))[0]
            kept = linear.fitted(known.table, known.labels[head], task.linear, strength=task.strength)
            line[head][test] = linear.probability(kept, others)
            for name, columns in task.views.items() if head == main else ():
                views[name][test] = curve.at(task.raw(booster, blanked(others, columns)))[0]
        found = ", ".join(f"{head} {auroc(sample.labels[head][test], model[head][test]):.4f}" for head in sample.labels)
        say(f"fold {number} of {task.outer}: AUROC {found}")
    return Proven(model=model, linear=line, views=views)


def _scored(task: Task, artefact: Artefact, head: str, table: pd.DataFrame) -> Floats:
    return artefact.score(matrix(table, task.features), head=head, explained=False).value


def _others(task: Task, sample: Sample) -> dict[str, Mapping[str, float]]:
    rows: dict[str, Mapping[str, float]] = {}
    for name, scores in sample.points.items():
        known = ~np.isnan(next(iter(scores.values())))
        rows[name] = task.ranked({k: v[known] for k, v in sample.labels.items()}, {k: v[known] for k, v in scores.items()})
    return rows


def _tables(task: Task, sample: Sample, probability: Floats, views: ByHead) -> dict[str, list[dict[str, Any]]]:
    label = next(iter(sample.labels.values()))
    seen = {"everything in the file": probability, **views}
    return {
        "Subgroups": by_group(label, probability, sample.subgroups),
        "What is known of a person": [
            {"known": name, "auroc": auroc(label, each), "ap": ap(label, each), "oe": float(label.sum() / each.sum())}
            for name, each in seen.items()
        ]
        if views
        else [],
        "Calibration by tenths": calibration_table(label, probability),
        "Decision curve (net benefit)": decision_curve(label, probability, task.thresholds),
    }


def _learning(task: Task, sample: Sample) -> list[dict[str, Any]]:
    head, label = next(iter(sample.labels.items()))
    params, rounds = task.grid[0]
    inside, test = task.parts(sample, head, task.outer, SEED)[0]
    people = np.unique(sample.groups[inside])
    rows = []
    for share, some in learning_curve(len(people)):
        chosen = inside[np.isin(sample.groups[inside], people[some])]
        booster = task.fit(sample.table.iloc[chosen], label[chosen], params, rounds, 1)
        raw = task.raw(booster, sample.table.iloc[test])
        rows.append({"share": share, "n": len(chosen), "auroc": auroc(label[test], raw), "ap": ap(label[test], raw)})
    return rows


def _extremes(column: pd.Series) -> dict[str, float]:
    return {"low": float(f"{column.min():.6g}"), "high": float(f"{column.max():.6g}")}


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _split_told(task: Task) -> str:
    times = "" if task.repeats == 1 else f", {task.repeats} times over (means of the figures; intervals and tables of the first)"
    return (
        f"Nested cross-validation by person: {task.outer} outer folds{times}; parameters and calibration curve come from {task.inner} "
        f"inner folds of the outer training part. The booster is the mean of {task.seeds} seeds."
    )
