"""How the mortality score is fitted: two views of the same people averaged, blind to the survey they come from.

One view is a logistic regression (splines are squares here) that a booster imitates, so that extremes go on as a line goes on, and that
a second booster corrects; the other is a plain booster. Both see every examined person twice, the second time with inputs missing
by lot: in the surveys what is missing marks the frail, in life it was simply not ordered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from statsmodels.duration.hazard_regression import PHReg

from risk.learned.bagged import averaged
from risk.learned.boosting import SEED, STEADY, matrix
from risk.learned.inputs import Feature
from risk.learned.mortality_data import People

Floats = NDArray[np.float64]
WEIGHTS: Mapping[int, float] = {60: 1.0, 120: 0.3}  # months: what is learned from each horizon
PANELS = (
    ("albumin", "alp", "bun", "creat", "glucose", "ttbl", "uap"), ("lymph", "mcv", "rbc", "rdw", "wbc"), ("crp",), ("hba1c",),
    ("hdl", "totchol", "trig"), ("ldl",), ("cyst",), ("ggt",), ("self_rated_health",), ("waist",),
)  # fmt: skip
HIDDEN = 0.3  # of the panels of a person's second copy
BOOSTED: Mapping[str, Any] = {"num_leaves": 4, "feature_fraction": 0.4, "bagging_fraction": 0.6, "min_data_in_leaf": 100, "lambda_l2": 10.0}
COX_MONTHS = 120
FARTHEST = 4.0  # standard deviations: beyond, a square would run away


@dataclass(frozen=True)
class Line:
    """A linear predictor kept as numbers: per column its median, SD and whether it has a square; slopes, and an intercept."""

    names: tuple[str, ...]
    middles: tuple[float, ...]
    spreads: tuple[float, ...]
    slopes: tuple[float, ...]
    intercept: float = 0.0

    def at(self, table: pd.DataFrame) -> Floats:
        """This function will give the linear predictor of rows."""
        return np.asarray(design(table, self) @ np.asarray(self.slopes) + self.intercept, dtype=np.float64)

    def as_dict(self) -> dict[str, Any]:
        """This function will give the line as JSON-able data."""
        numbers = {name: [float(f"{one:.6g}") for one in getattr(self, name)] for name in ("middles", "spreads", "slopes")}
        return {"names": list(self.names), "intercept": self.intercept, **numbers}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Line":
        """This function will read what `as_dict` gave."""
        lists = {name: tuple(data[name]) for name in ("names", "middles", "spreads", "slopes")}
        return cls(**lists, intercept=float(data["intercept"]))


def design(table: pd.DataFrame, line: Line) -> Floats:
    """This function will give standardised columns (missing: the median), their squares, and age by sex (rows x columns)."""
    columns = []
    for name, middle, spread in zip(line.names, line.middles, line.spreads, strict=True):
        x = table[name].to_numpy(dtype=np.float64)
        z = np.clip((np.where(np.isnan(x), middle, x) - middle) / spread, -FARTHEST, FARTHEST)
        columns += [z] if name == "female" else [z, z * z]
    columns.append(columns[0] * table["female"].to_numpy(dtype=np.float64))
    return np.column_stack(columns)


def empty_line(table: pd.DataFrame, names: Sequence[str]) -> Line:
    """This function will give a line of these columns without slopes yet. `names` begin with age."""
    # A column nobody has says nothing: zero for everybody.
    middles, spreads = table[list(names)].median().fillna(0.0), table[list(names)].std().fillna(1.0)
    return Line(tuple(names), tuple(middles), tuple(spreads), ())


def logistic(people: People, names: Sequence[str], months: int = 60) -> Line:
    """This function will fit a logistic regression on those whose state after `months` is known."""
    some = people.of(people.known(months))
    line = empty_line(some.table, names)
    fitted = LogisticRegression(C=1.0, max_iter=3000).fit(design(some.table, line), some.outcome(months))
    return Line(line.names, line.middles, line.spreads, tuple(fitted.coef_[0]), float(fitted.intercept_[0]))


def cox(people: People, names: Sequence[str]) -> Line:
    """This function will fit Cox's proportional hazards (Breslow ties) over ten years; the line is the log relative hazard."""
    line = empty_line(people.table, names)
    time = np.minimum(people.months, COX_MONTHS) + 0.5
    died = ((people.died == 1) & (people.months <= COX_MONTHS)).astype(float)
    fitted = PHReg(time, design(people.table, line), status=died, ties="breslow").fit()
    return Line(line.names, line.middles, line.spreads, tuple(float(one) for one in fitted.params))


def score(people: People, features: Sequence[Feature], *, seed: int = SEED) -> lightgbm.Booster:
    """This function will fit the score (log odds up to a constant): mean of the corrected line and the plain booster."""
    names = [one.name for one in features]
    table, who = _twice(people, names, seed)
    line, era = _blind_line(people, names, table, who)
    stacked, outcome, weight, newest = _horizons(people, table, who)
    signs = [one.monotone for one in features]
    common = {**STEADY, "num_threads": 1, "seed": seed, "monotone_constraints": signs}  # so few rows gain nothing from a second
    imitated = lightgbm.train(
        {**common, "objective": "regression", "learning_rate": 0.15, "num_leaves": 4, "min_data_in_leaf": 50, "bagging_freq": 0},
        lightgbm.Dataset(matrix(table, features), line, feature_name=names),
        num_boost_round=250,
    )
    base = _base(outcome, weight, newest)
    start = np.asarray(imitated.predict(stacked)) + era * newest + _late(people, who)
    corrected = _boosted(stacked, outcome, weight, start, names, {**common, **BOOSTED, "learning_rate": 0.03}, 150)
    plain = _boosted(stacked, outcome, weight, base, names, {**common, **BOOSTED, "learning_rate": 0.05}, 400)
    return averaged([imitated, corrected, plain], by=2)


def _boosted(
    x: Floats, y: Floats, weight: Floats, start: Floats, names: list[str], params: Mapping[str, Any], rounds: int
) -> lightgbm.Booster:
    data = lightgbm.Dataset(x, y, weight=weight, init_score=start, feature_name=names)
    return lightgbm.train({**params, "objective": "binary"}, data, num_boost_round=rounds)


def _twice(people: People, names: list[str], seed: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Everybody, and the examined once more with panels hidden by lot; and whose row each is."""
    chance = np.random.default_rng(seed)
    examined = np.flatnonzero(people.examined)
    copy = people.table.iloc[examined][names].copy()
    for panel in PANELS:
        here = [name for name in panel if name in names]
        if here:
            copy.loc[chance.random(len(copy)) < HIDDEN, here] = np.nan
    return pd.concat([people.table[names], copy], ignore_index=True), np.concatenate([np.arange(len(people)), examined])


def _blind_line(people: People, names: list[str], table: pd.DataFrame, who: NDArray[np.int64]) -> tuple[Floats, float]:
    """The logistic predictor of five years without its survey term, and that term (log odds of the newest waves)."""
    known = people.known(60)[who]
    line = empty_line(people.table, names)
    columns = np.column_stack([design(table, line), people.newest[who], table["sbp"].isna(), ~people.examined[who]]).astype(float)
    fitted = LogisticRegression(C=0.1, max_iter=3000).fit(columns[known], people.outcome(60)[who][known])
    era = float(fitted.coef_[0][-3])
    return columns @ fitted.coef_[0] + float(fitted.intercept_[0]) - era * columns[:, -3], era


def _horizons(people: People, table: pd.DataFrame, who: NDArray[np.int64]) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows of every horizon one under the other: columns, outcome, weight (0 where the state is not known), newest wave."""
    x = np.asarray(table, dtype=np.float64)
    outcome = np.concatenate([people.outcome(months)[who] for months in WEIGHTS])
    weight = np.concatenate([people.known(months)[who] * share for months, share in WEIGHTS.items()])
    return np.vstack([x] * len(WEIGHTS)), outcome, weight, np.tile(people.newest[who].astype(float), len(WEIGHTS))


def _base(outcome: Floats, weight: Floats, newest: Floats) -> Floats:
    """Log odds of each horizon and survey by themselves, so that trees need not learn them."""
    start = np.zeros(len(outcome))
    for half in np.array_split(np.arange(len(outcome)), len(WEIGHTS)):
        for era in (0.0, 1.0):
            rows = half[(newest[half] == era) & (weight[half] > 0)]
            if len(rows):
                share = float(np.clip(outcome[rows].mean(), 1e-3, 1 - 1e-3))
                start[half[newest[half] == era]] = np.log(share / (1 - share))
    return start


def _late(people: People, who: NDArray[np.int64]) -> Floats:
    """What later horizons add to the log odds of the first."""
    months = list(WEIGHTS)
    shares = [float(people.outcome(one)[people.known(one)].mean()) for one in months]
    odds = [np.log(share / (1 - share)) for share in shares]
    return np.repeat([one - odds[0] for one in odds], len(who))
