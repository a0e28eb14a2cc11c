"""Tomorrow's resting heart rate from a watch's days, with an interval: what lies outside it is a deviation worth a look.

A watch's resting heart rate is already smoothed: the last value is hard to beat. If cross-validation by person does not beat it, `train`
ships exactly that (boosters that add nothing) with an interval, and says so.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned import measures
from risk.learned.artefact import Artefact, Head
from risk.learned.bagged import bagged
from risk.learned.boosting import SEED, Folds, Say, chosen, fit, folds, learning_curve, matrix, out_of_fold
from risk.learned.card import About
from risk.learned.report import Report
from risk.learned.resting_heart_rate_days import FEATURES, NAMES, derive, rows, smoothed
from risk.learned.shape import Band, Learned, meta
from risk.scores.words import words

Floats = NDArray[np.float64]
KEY = "resting-heart-rate"
REACH = 0.35  # heart rate alone is enough; steps, sleep and variability sharpen it
SEEDS = 3
COMMON: Mapping[str, Any] = {
    "objective": "huber",
    "alpha": 1.0,
    "learning_rate": 0.03,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.6,
    "lambda_l2": 10.0,
    "num_threads": 1,  # a second thread costs more than it gives on three thousand rows
}
GRID: tuple[tuple[Mapping[str, Any], int], ...] = tuple(
    ({**COMMON, "num_leaves": leaves}, rounds) for leaves, rounds in ((4, 150), (8, 150))
)
QUANTILE: Mapping[str, Any] = {**COMMON, "objective": "quantile", "num_leaves": 4, "min_data_in_leaf": 60}
QUANTILE_ROUNDS = 150
ENDS = (("low", 0.05), ("high", 0.95))
COVER = 0.9
ALPHAS = tuple(x / 10 for x in range(1, 10))
RISE = 2.0  # /min: by tomorrow this much higher, as an event


class Fitted:
    """Boosters of one training part: the change by tomorrow, the ends of its 90 % interval, and the conformal margin."""

    def __init__(self, table: pd.DataFrame, parts: Folds, *, simple: bool = False) -> None:
        change = _change(table)
        label = np.zeros(len(table)) if simple else change
        self.params, self.rounds = (
            (GRID[0][0], 1) if simple else chosen(table, change, FEATURES, GRID, parts, lambda y, p: -measures.mae(y, p))
        )
        self.booster = bagged(table, label, FEATURES, self.params, self.rounds, 1 if simple else SEEDS)
        self.ends: dict[str, lightgbm.Booster] = {}
        scores = np.full(len(table), -np.inf)
        for name, level in ENDS:
            params = {**QUANTILE, "alpha": level}
            held = out_of_fold(table, change, FEATURES, params, QUANTILE_ROUNDS, parts)
            scores = np.maximum(scores, held - change if name == "low" else change - held)
            self.ends[name] = bagged(table, change, FEATURES, params, QUANTILE_ROUNDS, SEEDS)
        self.margin = quantile_of(scores)
        self.smoothing = min(ALPHAS, key=lambda alpha: measures.rmse(table["next"].to_numpy(), smoothed(table, alpha).to_numpy()))
        self.widths = {
            name: quantile_of(np.abs(table["next"].to_numpy() - one)) for name, one in comparators(table, self.smoothing).items()
        }

    def head(self) -> Head:
        """This function will give the head: the change added to the last value, in beats a minute."""
        return Head(
            "tomorrow", "value", "/min", self.booster, offset="rhr", low=self.ends["low"], high=self.ends["high"], margin=self.margin
        )


def quantile_of(scores: Floats) -> float:
    """This function will give the conformal quantile of scores: their ceil((n + 1) 0.9)-th."""
    ranked = np.sort(scores)
    return float(ranked[min(math.ceil((len(ranked) + 1) * COVER), len(ranked)) - 1])


def deviation(came: float, value: float, low: float, high: float) -> float:
    """This function will say how far a day lies from what was forecast for it: 1 and -1 are the ends of its 90 % interval."""
    return (came - value) / max(high - value if came >= value else value - low, 0.1)


def comparators(table: pd.DataFrame, smoothing: float) -> dict[str, Floats]:
    """This function will give the naive answers for rows: the last value, the mean of seven days, exponential smoothing."""
    return {
        "persistence": table["rhr"].to_numpy(dtype=float),
        "7-day mean": table["mean_7"].to_numpy(dtype=float),
        "exponential smoothing": smoothed(table, smoothing).to_numpy(dtype=float),
    }


def train(files: Sequence[Path], say: Say) -> tuple[Artefact, Report]:
    """This function will train on person-days, judge by nested cross-validation by person, and give artefact and report."""
    table = rows(files[0])
    outcome, people = table["next"].to_numpy(dtype=float), table["person"].to_numpy()
    say(f"{len(table):,} pairs of days of {len(set(people))} people")
    value, low, high = (np.full(len(table), np.nan) for _ in range(3))
    naive = {name: (np.full(len(table), np.nan), np.full(len(table), np.nan)) for name in comparators(table.head(1), 1.0)}
    for number, (inner, outer) in enumerate(folds(outcome, people, stratified=False), start=1):
        part = table.iloc[inner].reset_index(drop=True)
        fitted = Fitted(part, _parts(part))
        scored = fitted.head().score(matrix(table.iloc[outer], FEATURES), NAMES, explained=False)
        value[outer], low[outer], high[outer] = scored.value, scored.low, scored.high
        for name, answer in comparators(table.iloc[outer], fitted.smoothing).items():
            naive[name][0][outer], naive[name][1][outer] = answer, fitted.widths[name]
        say(f"fold {number} of 5: RMSE {measures.rmse(outcome[outer], scored.value):.3f}")
    figures = judged(outcome, value, low, high)
    beside = {name: judged(outcome, answer, answer - width, answer + width) for name, (answer, width) in naive.items()}
    simple = figures["rmse"] >= beside["persistence"]["rmse"]
    say("the last value is not beaten: it is shipped" if simple else "the last value is beaten; fitting on everybody")
    final = Fitted(table, _parts(table), simple=simple)
    about = meta(
        table,
        FEATURES,
        files[:1],
        reach=REACH,
        method="persistence" if simple else "boosted",
        figures=figures,
        comparators=beside,
        smoothing=final.smoothing,
        widths=final.widths,
        params={**final.params, "rounds": final.rounds, "seeds": SEEDS},
    )
    artefact = Artefact(KEY, {"tomorrow": final.head()}, json.loads(json.dumps(about)))
    tables = _tables(table, value, low, high) | {"learning curve": _curve(table)}
    remarks = (
        f"nested cross-validation by person ({len(set(people))} people), parameters chosen within; every forecast is of a later day",
        "the watch's value is already smoothed: beating the last value by a few per cent is all there is; deviations are the use of it",
        "last value shipped: nothing learnt beat it" if simple else "ahead of all three naive methods" if _ahead(figures, beside) else "",
        "tried: ridge and Huber regression on the same columns (RMSE 1.173), without the day's mean heart rate 1.200",
    )
    return artefact, Report(
        KEY, artefact.version, figures, _intervals(outcome, value, low, high, people), beside, tables, tuple(filter(None, remarks))
    )


def evaluate(files: Sequence[Path], artefact: Artefact) -> Report:
    """This function will judge an artefact on person-days of the training columns, beside the naive methods as they were trained."""
    table = rows(files[0])
    outcome = table["next"].to_numpy(dtype=float)
    scored = artefact.score(matrix(table, FEATURES), explained=False)
    beside = {
        name: judged(outcome, answer, answer - artefact.meta["widths"][name], answer + artefact.meta["widths"][name])
        for name, answer in comparators(table, artefact.meta["smoothing"]).items()
    }
    remarks = [f"method: {artefact.meta['method']}"]
    if hashlib.sha256(files[0].read_bytes()).hexdigest() == artefact.meta["data"][0]["sha256"]:
        remarks.append("these are the training data: the first line flatters; what counts is the line cross-validation")
        beside = {"cross-validation": artefact.meta["figures"], **beside}
    figures = judged(outcome, scored.value, scored.low, scored.high)
    spans = _intervals(outcome, scored.value, scored.low, scored.high, table["person"].to_numpy())
    return Report(KEY, artefact.version, figures, spans, beside, _tables(table, scored.value, scored.low, scored.high), tuple(remarks))


def judged(outcome: Floats, value: Floats, low: Floats, high: Floats) -> dict[str, float]:
    """This function will give n, rmse, mae (beats a minute) and the share of days inside the 90 % interval."""
    figures = {"n": float(len(outcome)), "rmse": measures.rmse(outcome, value), "mae": measures.mae(outcome, value)}
    return figures | {"coverage_90": measures.coverage(outcome, low, high)}


def _change(table: pd.DataFrame) -> Floats:
    return np.asarray(table["next"] - table["rhr"], dtype=np.float64)


def _parts(table: pd.DataFrame) -> Folds:
    return folds(table["next"].to_numpy(dtype=float), table["person"].to_numpy(), n=4, stratified=False, seed=SEED + 1)


def _ahead(figures: Mapping[str, float], beside: Mapping[str, Mapping[str, float]]) -> bool:
    return all(figures[name] < one[name] for one in beside.values() for name in ("rmse", "mae"))


def _intervals(outcome: Floats, value: Floats, low: Floats, high: Floats, people: NDArray[Any]) -> dict[str, tuple[float, float]]:
    inside = ((outcome >= low) & (outcome <= high)).astype(float)
    return {
        "rmse": measures.bootstrap(outcome, value, measures.rmse, groups=people),
        "mae": measures.bootstrap(outcome, value, measures.mae, groups=people),
        "coverage_90": measures.bootstrap(inside, inside, lambda y, _: float(y.mean()), groups=people),
    }


def _tables(table: pd.DataFrame, value: Floats, low: Floats, high: Floats) -> dict[str, list[dict[str, Any]]]:
    outcome, last = table["next"].to_numpy(dtype=float), table["rhr"].to_numpy(dtype=float)
    rises = (outcome - last >= RISE).astype(float)
    back = (table["mean_7"] - table["rhr"]).to_numpy(dtype=float)
    change = [
        {"by": "this model", "auroc": measures.auroc(rises, value - last), "r_of_change": _r(value - last, outcome - last)},
        {"by": "back to the 7-day mean", "auroc": measures.auroc(rises, back), "r_of_change": _r(back, outcome - last)},
    ]
    early = (table["day"] < table.groupby("person")["day"].transform("median")).to_numpy()
    groups: dict[str, NDArray[np.bool_]] = {"first half of days": early, "second half of days": ~early}
    for column in ("gender", "age"):
        groups |= {f"{column} {name}": (table[column] == name).to_numpy() for name in sorted(set(table[column])) if name not in ("", "nan")}
    groups |= {"with variability": table["hrv_above"].notna().to_numpy(), "without variability": table["hrv_above"].isna().to_numpy()}
    by_group = []
    for name, inside in groups.items():
        if inside.sum() >= 30:
            figures = judged(outcome[inside], value[inside], low[inside], high[inside])
            by_group.append({"group": name, **figures, "persistence rmse": measures.rmse(outcome[inside], last[inside])})
    outside = [
        {"deviation": "above the interval", "share": float(np.mean(outcome > high))},
        {"deviation": "below the interval", "share": float(np.mean(outcome < low))},
    ]
    return {
        f"a rise of {RISE:g} or more by tomorrow ({rises.mean():.1%})": change,
        "subgroups": by_group,
        "days outside the interval": outside,
    }


def _r(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else float("nan")


def _curve(table: pd.DataFrame) -> list[dict[str, Any]]:
    """RMSE by share of people: growing parts of the first four fifths, always judged on the last fifth."""
    train_rows, test_rows = folds(table["next"].to_numpy(dtype=float), table["person"].to_numpy(), stratified=False)[0]
    test, part = table.iloc[test_rows], table.iloc[train_rows]
    names = np.unique(part["person"])
    lines = []
    for share, kept in learning_curve(len(names)):
        some = part[part["person"].isin(names[kept])]
        booster = fit(some, _change(some), FEATURES, *GRID[1])
        answer = test["rhr"].to_numpy(dtype=float) + np.asarray(booster.predict(matrix(test, FEATURES)))
        lines.append({"share of people": share, "n": len(some), "rmse": measures.rmse(test["next"].to_numpy(dtype=float), answer)})
    return lines


ABOUT = About(
    name=words("静息心率预测与偏离", "Resting heart rate: forecast and deviation"),
    what=words(
        "根据手环或手表此前整日的静息心率、全天心率、步数、睡眠和心率变异性，预测下一天的静息心率及 90% 区间。落在区间之外的一天即为偏离。",
        "From a watch's whole days so far (resting heart rate, mean heart rate, steps, sleep, heart rate variability) "
        "the next day's resting heart rate with a 90 % interval. A day outside it is a deviation.",
    ),
    data=words(
        "LifeSnaps（CC BY 4.0）：53 名佩戴 Fitbit 的成年人，2021 年起约四个月，每人每天一行。在一个核上训练不到半分钟。",
        "LifeSnaps (CC BY 4.0): 53 adults with a Fitbit over about four months from 2021, a row per person and day. "
        "Trained in under half a minute on one core.",
    ),
    not_for=words(
        "数据来自欧洲的健康志愿者，没有中国人群，没有心房颤动、起搏器或服用减慢心率药物的患者，也没有其他厂牌的设备。儿童和孕妇不适用。",
        "The people are healthy European volunteers: no Chinese cohort, nobody known to have atrial fibrillation, a pacemaker "
        "or rate-slowing drugs, and no other maker's device. Not for children or in pregnancy.",
    ),
    limits=(
        words(
            "手环给出的静息心率已经过平滑，预测只比“与昨天相同”好百分之几；有用的是区间与偏离。",
            "A watch smooths its resting heart rate: the forecast is only a few per cent better than 'as yesterday'. "
            "The interval and deviations from it are what is useful.",
        ),
        words(
            "偏离可能来自感染、饮酒、劳累、用药或佩戴方式，本身不是诊断。",
            "Infection, alcohol, strain, drugs or the way a watch is worn can all cause a deviation: it is no diagnosis.",
        ),
        words(
            "当天夜里的心率变异性与当天的静息心率同时得出，因此不用于预测当天。",
            "The night's variability comes out together with that day's resting heart rate, so it is not used to forecast that same day.",
        ),
    ),
    use=words(
        "供医护人员与患者了解趋势；不单独触发警报，警报由规则 HR-1 至 HR-3 负责。",
        "For clinicians and patients to see where it is heading. It alerts nobody by itself: rules HR-1 to HR-3 do.",
    ),
)

MODEL = Learned(
    key=KEY,
    about=ABOUT,
    features=FEATURES,
    bands=(Band("not_high", 0.0), Band("high", 90.0, margin=3.0)),
    files=("person-days with id, date, resting_hr, bpm, steps, minutesAsleep, rmssd",),
    train=train,
    evaluate=evaluate,
    derive=derive,
    derives_from={"rhr": timedelta(days=30), **{kind: timedelta(days=17) for kind in ("hr", "steps", "sleep", "hrv_rmssd")}},
    live=True,
    every_minutes=720,
    reach=REACH,
)
