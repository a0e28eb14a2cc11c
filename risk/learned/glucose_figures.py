"""What the glucose model is judged by: errors and coverage by cohort, hypoglycaemia as a risk, and alarms against sustained events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.learned.glucose_files import AHEAD, BROLL, COHORTS, TYPE_1, TYPE_2, Recording, events
from risk.learned.measures import ap, auroc, by_group, calibration_table, coverage, decision_curve, judged, mae, rmse

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SHORT = {BROLL: "broll", TYPE_1: "t1d", TYPE_2: "t2d"}
RIDGE = ("change_5", "change_15", "change_30", "change_45", "change_60", "change_90", "change_120", "above_mean", "hour_sin", "hour_cos")
PENALTY = 100.0
WARNING = 60.0  # minutes before an event in which an alarm counts
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Answers:
    """What was said of n moments: glucose with its 90 % interval by minutes ahead (mg/dL), probability of hypoglycaemia by limit."""

    value: Mapping[int, Floats]
    low: Mapping[int, Floats]
    high: Mapping[int, Floats]
    hypo: Mapping[int, Floats]


def judging(table: pd.DataFrame) -> Bools:
    """This function will mark the moments the main figures are of: Shanghai's where there are any, all otherwise."""
    shanghai = (table["cohort"] != BROLL).to_numpy()
    return shanghai if shanghai.any() else np.ones(len(table), dtype=bool)


def errors(table: pd.DataFrame, value: Mapping[int, Floats], inside: Bools) -> dict[str, float]:
    """This function will give RMSE and MAE (mg/dL) by minutes ahead over the marked moments, and by type of diabetes."""
    found = {}
    for ahead in AHEAD:
        truth = table[f"truth_{ahead}"].to_numpy(dtype=np.float64)
        known = inside & ~np.isnan(truth)
        if known.any():
            found[f"rmse_{ahead}min"] = rmse(truth[known], value[ahead][known])
            found[f"mae_{ahead}min"] = mae(truth[known], value[ahead][known])
        for cohort in (TYPE_1, TYPE_2):
            rows = known & (table["cohort"] == cohort).to_numpy()
            if rows.any():
                found[f"rmse_{ahead}min_{SHORT[cohort]}"] = rmse(truth[rows], value[ahead][rows])
    return found


def ranked(table: pd.DataFrame, score: Floats, inside: Bools, limit: int = 70) -> dict[str, float]:
    """This function will give AUROC and AP of hypoglycaemia within 60 minutes, not yet present, over the marked moments."""
    label = table[f"hypo_{limit}"].to_numpy(dtype=np.float64)
    known = inside & ~np.isnan(label)
    return {"auroc_hypo_60min": auroc(label[known], score[known]), "ap_hypo_60min": ap(label[known], score[known])}


def covered(table: pd.DataFrame, answers: Answers, inside: Bools) -> float:
    """This function will give the share of truths, 30 and 60 minutes ahead together, inside their 90 % intervals."""
    shares = []
    for ahead in AHEAD:
        truth = table[f"truth_{ahead}"].to_numpy(dtype=np.float64)
        known = inside & ~np.isnan(truth)
        if known.any():
            shares.append(coverage(truth[known], answers.low[ahead][known], answers.high[ahead][known]))
    return float(np.mean(shares)) if shares else float("nan")


def figures(table: pd.DataFrame, answers: Answers) -> dict[str, float]:
    """This function will give all figures of the answers, of Shanghai's moments where the files hold any."""
    inside = judging(table)
    label = table["hypo_70"].to_numpy(dtype=np.float64)
    known = inside & ~np.isnan(label)
    found = {"n": float(inside.sum())} | errors(table, answers.value, inside) | ranked(table, answers.hypo[70], inside)
    found |= {"coverage_90": covered(table, answers, inside)}
    risk = judged(label[known], answers.hypo[70][known])
    found |= {name: risk[name] for name in ("auroc", "ap", "brier", "brier_null", "oe")}
    return found


def comparators(table: pd.DataFrame, ridge: Mapping[int, Floats]) -> dict[str, dict[str, float]]:
    """This function will give persistence, straight extrapolation of the last 15 minutes, ridge AR, and the current level alone."""
    inside = judging(table)
    now = table["glucose"].to_numpy(dtype=np.float64)
    rise = table["change_15"].to_numpy(dtype=np.float64)
    return {
        "persistence": errors(table, dict.fromkeys(AHEAD, now), inside),
        "straight line": errors(table, {ahead: now + rise * ahead / 15 for ahead in AHEAD}, inside),
        "ridge AR": errors(table, {ahead: now + ridge[ahead] for ahead in AHEAD}, inside),
        "current level alone": ranked(table, -now, inside),
    }


def ridge_fitted(table: pd.DataFrame, ahead: int) -> list[float]:
    """This function will fit a ridge regression of the change over `ahead` minutes: slopes of `RIDGE`, then the intercept."""
    change = (table[f"truth_{ahead}"] - table["glucose"]).to_numpy(dtype=np.float64)
    known = ~np.isnan(change)
    x = _design(table)[known]
    slopes = np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ change[known])
    return [float(f"{one:.6g}") for one in slopes]


def ridge_said(table: pd.DataFrame, slopes: Sequence[float]) -> Floats:
    """This function will give the changes of glucose (mg/dL) that `ridge_fitted` foretells."""
    return np.asarray(_design(table) @ np.asarray(slopes), dtype=np.float64)


def _design(table: pd.DataFrame) -> Floats:
    x = np.nan_to_num(np.asarray(table[list(RIDGE)], dtype=np.float64))
    return np.column_stack([x, np.ones(len(x))])


def tables(table: pd.DataFrame, answers: Answers, recordings: Sequence[Recording], ridge: Mapping[int, Floats]) -> dict[str, list[Any]]:
    """This function will give the further tables: by cohort, alarms, calibration, decision curve, subgroups."""
    inside = judging(table)
    label = table["hypo_70"].to_numpy(dtype=np.float64)
    known = inside & ~np.isnan(label)
    y, p = label[known], answers.hypo[70][known]
    part = table[known]
    night = np.arctan2(part["hour_sin"], part["hour_cos"]).between(0, np.pi / 2).to_numpy()
    groups = {cohort: (part["cohort"] == cohort).to_numpy() for cohort in COHORTS}
    groups |= {"0-6 o'clock": night, "6-24 o'clock": ~night, "had a low in 16 hours": (part["low_16h"] > 0).to_numpy()}
    return {
        "by cohort": by_cohort(table, answers, ridge),
        "alarms": alarms(table, answers, recordings, inside),
        "hypo70_60min: subgroups": by_group(y, p, groups),
        "hypo70_60min: calibration": calibration_table(y, p),
        "hypo70_60min: decision curve": decision_curve(y, p, THRESHOLDS),
    }


def by_cohort(table: pd.DataFrame, answers: Answers, ridge: Mapping[int, Floats]) -> list[dict[str, Any]]:
    """This function will give RMSE of the model and of persistence, and coverage, by cohort and minutes ahead."""
    now, rows = table["glucose"].to_numpy(dtype=np.float64), []
    for cohort in COHORTS:
        for ahead in AHEAD:
            truth = table[f"truth_{ahead}"].to_numpy(dtype=np.float64)
            known = (table["cohort"] == cohort).to_numpy() & ~np.isnan(truth)
            if known.any():
                t, low, high = truth[known], answers.low[ahead][known], answers.high[ahead][known]
                told = {"cohort": cohort, "min": ahead, "n": int(known.sum()), "rmse": rmse(t, answers.value[ahead][known])}
                told |= {"mae": mae(t, answers.value[ahead][known]), "persistence rmse": rmse(t, now[known])}
                told |= {"persistence mae": mae(t, now[known]), "ridge rmse": rmse(t, (now + ridge[ahead])[known])}
                rows.append(told | {"coverage_90": coverage(t, low, high), "width": float(np.median(high - low))})
    return rows


def alarms(table: pd.DataFrame, answers: Answers, recordings: Sequence[Recording], inside: Bools) -> list[dict[str, Any]]:
    """This function will judge alarms (probability at or above a threshold, not yet low) against sustained events below the limit.

    Sensitivity: events with an alarm in the hour before. Specificity: moments without an event within the hour that raise none. False:
    alarms (runs of them count once) after which no sustained event begins within the hour.
    """
    rows = []
    for limit in answers.hypo:
        for threshold in (0.1, 0.2, 0.5):
            counts = np.zeros(6)
            fits = inside & (table["glucose"] >= limit).to_numpy()
            minute, p = table["minute"].to_numpy(dtype=np.float64), answers.hypo[limit]
            for number, part in table[fits].groupby("recording"):
                one = recordings[int(str(number))]
                begun = np.asarray([first for first, _ in events(one.minutes, one.glucose, limit)])
                where = part.index.to_numpy()
                counts += _counted(minute[where], p[where] >= threshold, begun)
            found, expected, quiet, calm, false, raised = counts
            told: dict[str, Any] = {
                "below": limit,
                "threshold": threshold,
                "events": int(expected),
                "sensitivity": found / max(expected, 1),
            }
            rows.append(told | {"specificity": quiet / max(calm, 1), "alarms": int(raised), "false": false / max(raised, 1)})
    return rows


def _counted(minute: Floats, alarm: Bools, begun: Floats) -> Floats:
    ahead = np.searchsorted(begun, minute, side="right")
    padded = np.append(begun, np.inf)
    coming = padded[ahead] - minute <= WARNING
    before = [(minute < start) & (minute >= start - WARNING) for start in begun]
    seen = [one for one in before if one.any()]
    runs = np.split(np.arange(len(minute)), np.flatnonzero((np.diff(alarm.astype(int)) != 0) | (np.diff(minute) > WARNING)) + 1)
    raised = [run for run in runs if len(run) and alarm[run[0]]]
    false = sum(not coming[run].any() for run in raised)
    return np.asarray(
        [sum(alarm[one].any() for one in seen), len(seen), (~alarm & ~coming).sum(), (~coming).sum(), false, len(raised)], float
    )
