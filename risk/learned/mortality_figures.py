"""How the mortality models are judged: discrimination at five and ten years, calibration forward in time, and beside other methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from risk.learned.artefact import Artefact
from risk.learned.boosting import matrix
from risk.learned.calibration import Curve, beta, fitted
from risk.learned.inputs import Feature
from risk.learned.measures import auroc, bootstrap, by_group, c_index, calibration_table, decision_curve, judged, oe
from risk.learned.mortality_data import ETHNICITIES, HORIZONS, People
from risk.learned.mortality_fit import Line

Floats = NDArray[np.float64]
# Hazard falls from year to year at the same age and sex: a curve of one survey is carried forward by it. Of both surveys' person-years
# to 2015, Poisson regression gives 1.65 % a year (standard error 0.27 %); US vital statistics fell by 1.5 % a year from 2000 to 2010.
FALL_PER_YEAR = 0.0165
# What a reader of 2000 could know: age-adjusted US death rates of 1,039.1 (1980) and 938.7 (1990) per 100,000 (NCHS, standard of 2000).
FALL_KNOWN_THEN = 0.0102
AHEAD_OF_TRAINING = 5.0  # years: a five-year outcome is at least as old as that when the curve is first used
THRESHOLDS = (0.02, 0.05, 0.075, 0.1, 0.2)
BRIEF = 2  # bootstrap draws where only the curve itself is wanted


def curves(
    raw: Floats, people: People, rows: NDArray[np.bool_], *, years_ahead: float, fall: float = FALL_PER_YEAR, draws: int = 200
) -> dict[str, Curve]:
    """This function will fit probability by score at five and ten years on `rows`, carried `years_ahead`; ten years never below five."""
    found: dict[str, Curve] = {}
    factor = float(np.exp(-fall * years_ahead))
    knots = np.unique(np.quantile(raw[rows], np.linspace(0, 1, 101)))
    for head, months in HORIZONS.items():
        some = rows & people.known(months)
        curve = fitted(raw[some], people.outcome(months)[some], fit=beta, draws=draws)
        values = [1 - (1 - part) ** factor for part in curve.at(knots)]
        if "5y" in found:
            before = found["5y"]
            values = [np.maximum(value, earlier) for value, earlier in zip(values, (before.value, before.low, before.high), strict=True)]
        found[head] = Curve(knots, *values)
    return found


def raw_scores(booster: lightgbm.Booster, people: People, features: Sequence[Feature]) -> Floats:
    """This function will give the raw score of each person."""
    return np.asarray(booster.predict(matrix(people.table, features), raw_score=True, num_threads=1), dtype=np.float64)


def figures(people: People, raw: Floats, risk: Mapping[str, Floats] | None, rows: NDArray[np.bool_] | None = None) -> dict[str, float]:
    """This function will give n, auroc_5y, auroc_10y, c_index and, where there are probabilities, ap, brier, brier_null, oe, oe_10y."""
    rows = np.ones(len(people), dtype=bool) if rows is None else rows
    five, ten = (rows & people.known(months) for months in HORIZONS.values())
    y5, y10 = people.outcome(HORIZONS["5y"]), people.outcome(HORIZONS["10y"])
    found = {"n": float(five.sum()), "auroc_5y": auroc(y5[five], raw[five])}
    found["auroc_10y"] = auroc(y10[ten], raw[ten]) if ten.any() else float("nan")
    found["c_index"] = c_index(people.months[rows], people.died[rows], raw[rows], most=6_000)
    if risk is not None:
        found |= {name: value for name, value in judged(y5[five], risk["5y"][five]).items() if name in ("ap", "brier", "brier_null", "oe")}
        found["oe_10y"] = oe(y10[ten], risk["10y"][ten]) if ten.any() else float("nan")
    return found


def spans(people: People, raw: Floats, risk: Floats) -> dict[str, tuple[float, float]]:
    """This function will give 95 % intervals of the five-year figures; a person is a row."""
    rows = people.known(HORIZONS["5y"])
    y = people.outcome(HORIZONS["5y"])[rows]
    return {"auroc_5y": bootstrap(y, raw[rows], auroc), "oe": bootstrap(y, risk[rows], oe)}


def beside(people: People, raw: Floats, kept: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """This function will give the figures of age and sex, logistic regression, Cox and PhenoAge, and ours on PhenoAge's own people."""
    rows: dict[str, Mapping[str, float]] = {}
    for name, line in kept.items():
        rows[name] = figures(people, Line.from_dict(line).at(people.table), None)
    complete = ~np.isnan(people.phenoage)
    if complete.any():
        for name, scores in {"PhenoAge, complete cases": people.phenoage, "ours, the same complete cases": raw}.items():
            rows[name] = figures(people, scores, None, complete)
        cox = next(line for name, line in kept.items() if name.startswith("Cox"))
        rows["Cox, the same complete cases"] = figures(people, Line.from_dict(cox).at(people.table), None, complete)
    rows["ours, examined people"] = figures(people, raw, None, people.examined)
    return rows


def tables(people: People, risk: Floats) -> dict[str, list[dict[str, Any]]]:
    """This function will give subgroups by age, sex, ethnicity and examination, calibration by tenths and decision curve, of five years."""
    rows = people.known(HORIZONS["5y"])
    y, p = people.outcome(HORIZONS["5y"])[rows], risk[rows]
    some = people.of(rows)
    age, female = some.table["age"].to_numpy(), some.table["female"].to_numpy()
    groups = {f"age {start}-{start + 9}": (age >= start) & (age < start + 10) for start in range(20, 80, 10)}
    groups |= {"age 80 and over": age >= 80, "female": female == 1, "male": female == 0}
    groups |= {f"ethnicity {name}": some.ethnicity == code for code, name in ETHNICITIES.items()}
    groups |= {"examined": some.examined, "not examined": ~some.examined}
    return {
        "Subgroups, five years": [row for row in by_group(y, p, groups) if row["events"] > 0],
        "Calibration by tenths, five years": calibration_table(y, p),
        "Decision curve, five years (net benefit)": decision_curve(y, p, THRESHOLDS),
    }


def risks(artefact: Artefact, people: People, features: Sequence[Feature]) -> tuple[Floats, dict[str, Floats]]:
    """This function will score people with an artefact: raw, and probability by head."""
    rows = matrix(people.table, features)
    scored = {head: artefact.score(rows, head=head, explained=False) for head in artefact.heads}
    return scored["5y"].raw, {head: one.value for head, one in scored.items()}
