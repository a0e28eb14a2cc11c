"""Training on what a house recorded itself: a challenger for a model, judged beside the champion on the same people."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from healthhub.lib.refused import Invalid
from risk.learned import boosting, calibration, measures
from risk.learned.artefact import Artefact, Head, described
from risk.learned.boosting import SEED, Say
from risk.learned.report import Report
from risk.learned.shape import Learned

Floats = NDArray[np.float64]
# Below this a boosted model of dozens of inputs learns noise: about ten events per effective parameter, and enough to calibrate by fold.
EVENTS_NEEDED = 100
PEOPLE_NEEDED = 50
FOLDS = 5
PARAMS: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "lambda_l2": 5.0,
}
ROUNDS = 120


def enough(outcome: Floats, people: NDArray[Any]) -> None:
    """This function will raise Invalid(code="too_few_outcomes") with `needed` and `found` where training would learn noise."""
    events = int(outcome.sum())
    with_event = len(set(people[outcome > 0]))
    if events < EVENTS_NEEDED or with_event < PEOPLE_NEEDED or events == len(outcome):
        raise Invalid(
            f"There are {events} moments before an outcome, of {with_event} people; {EVENTS_NEEDED} of {PEOPLE_NEEDED} people are needed.",
            code="too_few_outcomes",
            field="outcomes",
            found={"events": events, "people": with_event},
            needed={"events": EVENTS_NEEDED, "people": PEOPLE_NEEDED},
        )


def challenger(
    learned: Learned,
    table: pd.DataFrame,
    outcome: Floats,
    people: NDArray[Any],
    *,
    version: str,
    trained_at: str,
    champion: Artefact | None,
    say: Say,
) -> tuple[Artefact, Report]:
    """This function will train a challenger (rows x features, 0/1 outcomes, a person each) and judge it out of fold by person.

    Columns nobody here has are kept, empty, so that the challenger takes the champion's place column by column. Raises as `enough`.
    """
    enough(outcome, people)
    parts = boosting.folds(outcome, people, n=FOLDS)
    say(f"{len(outcome):,} moments of {len(set(people)):,} people, {int(outcome.sum()):,} before an outcome")
    raw = boosting.out_of_fold(table, outcome, learned.features, PARAMS, ROUNDS, parts)
    curve = calibration.fitted(raw, outcome, fit=calibration.platt, groups=people)
    say("judged out of fold")
    booster = boosting.fit(table, outcome, learned.features, PARAMS, ROUNDS)
    names = [one.name for one in learned.features]
    meta = {
        "version": version,
        "trained_at": trained_at,
        "seed": SEED,
        "data": [],
        "features": described({name: _known(table, name) for name in names}, names),
        "reach": learned.reach,
        "inside": True,
    }
    artefact = Artefact(learned.key, {"risk": Head("risk", "risk", "", booster, curve=curve.as_dict())}, meta)
    return artefact, _judged(learned, version, table, outcome, people, raw, parts, champion)


def _known(table: pd.DataFrame, name: str) -> Floats:
    column = np.asarray(table[name], dtype=np.float64)
    # A column nobody has would have no range; zero to zero means that nothing is inside it.
    return column if not np.isnan(column).all() else np.zeros(len(column))


def _judged(
    learned: Learned,
    version: str,
    table: pd.DataFrame,
    outcome: Floats,
    people: NDArray[Any],
    raw: Floats,
    parts: boosting.Folds,
    champion: Artefact | None,
) -> Report:
    """Probabilities calibrated within the folds: each from a curve that saw neither the row nor its person."""
    probability = np.full(len(raw), np.nan)
    for train, test in parts:
        knots = np.sort(raw[test])
        fitted = calibration.platt(raw[train], outcome[train], knots)
        probability[test] = np.interp(raw[test], knots, fitted)
    figures = measures.judged(outcome, probability) | {"hosmer_lemeshow": measures.hosmer_lemeshow(outcome, probability)}
    comparators = {}
    if champion is not None:
        said = champion.score(boosting.matrix(table, learned.features), explained=False).value
        comparators[f"champion {champion.version}"] = measures.judged(outcome, said)
    return Report(
        learned.key,
        version,
        figures,
        {"auroc": measures.bootstrap(outcome, probability, measures.auroc, groups=people)},
        comparators,
        {"calibration": measures.calibration_table(outcome, probability)},
        ("Out of fold by person; several moments of one person are not independent, so intervals draw whole persons.",),
    )
