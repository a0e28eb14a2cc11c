"""The mortality models: what they may know, how living people's values become their columns, and what their answers must keep to."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from risk import features
from risk.cards import HERE
from risk.history import History, Reading
from risk.learned.artefact import committed
from risk.learned.mortality import HOME_MODEL, LABS_MODEL
from risk.learned.mortality_data import COLUMNS, LOWEST_CRP, NEVER, OLDEST, People, read
from risk.learned.mortality_fit import Line, logistic, score
from risk.learned.mortality_inputs import HOME
from risk.learned.shape import Learned

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "mortality"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MODELS = pytest.mark.parametrize("learned", [HOME_MODEL, LABS_MODEL], ids=lambda one: one.key)
# kind: value in the catalogue's unit, and the column it becomes.
LABS = {
    "albumin": (43.0, "albumin", 4.3),
    "urea_nitrogen": (5.0, "bun", 14.005),
    "creatinine": (88.4, "creat", 1.0),
    "fpg": (5.55, "glucose", 99.99),
    "bilirubin": (17.1, "ttbl", 1.0),
    "uric_acid": (297.4, "uap", 5.0),
    "crp": (8.0, "crp", 0.8),
    "hdl": (1.293, "hdl", 50.0),
    "triglycerides": (1.129, "trig", 100.0),
    "cholesterol": (5.172, "totchol", 200.0),
    "hba1c": (5.6, "hba1c", 5.6),
    "rdw": (13.0, "rdw", 13.0),
}


def person(**values: float) -> History:
    readings = {kind: [Reading(NOW - timedelta(days=2), value)] for kind, value in values.items()}
    readings["bp"] = [Reading(NOW - timedelta(days=days), 130.0 + days, 80.0) for days in (3, 1)]
    return History(readings, date(1950, 1, 1), "female", frozenset())


def grid(learned: Learned, n: int = 4_000) -> np.ndarray:
    """People all over the trained range, with holes."""
    chance = np.random.default_rng(3)
    spans = [(one["low"], one["high"]) for one in committed(learned.key).meta["features"]]
    rows = np.column_stack([chance.uniform(low, high, n) for low, high in spans])
    rows[:, 5:][chance.random((n, rows.shape[1] - 5)) < 0.3] = np.nan
    return rows


def source(**changes: object) -> pd.DataFrame:
    row = dict.fromkeys(COLUMNS, np.nan) | {
        "year": 1999, "age": 70, "sex_1m_2f": 2, "ethnicity": 1, "sbp": 130, "dbp": 75, "bmi": 26,
        "followup_months": 150, "death_allcause": 0,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


def people(tmp_path: Path, *rows: pd.DataFrame) -> People:
    file = tmp_path / "people.csv"
    pd.concat(rows).to_csv(file, index=False)
    return read([file])


@MODELS
def test_nothing_that_is_an_outcome_or_a_survey_is_an_input(learned: Learned) -> None:
    names = {one.name for one in learned.features}
    assert not names & {*NEVER, "ethnicity", "poverty_ratio", "education"}
    assert names == {one["name"] for one in committed(learned.key).meta["features"]}


@MODELS
def test_contributions_sum_to_the_raw_score(learned: Learned) -> None:
    scored = committed(learned.key).score(grid(learned, 300))
    assert np.allclose(scored.base + scored.contributions.sum(axis=1), scored.raw, atol=1e-6)


@MODELS
def test_ten_years_are_never_safer_than_five(learned: Learned) -> None:
    artefact, rows = committed(learned.key), grid(learned)
    five, ten = (artefact.score(rows, head=head, explained=False) for head in ("5y", "10y"))
    assert (ten.value >= five.value).all()
    assert (five.low <= five.value).all()
    assert (five.value <= five.high).all()


@MODELS
@pytest.mark.parametrize("name", ["age", "self_rated_health", "rdw", "albumin"])
def test_risk_follows_what_medicine_knows(learned: Learned, name: str) -> None:
    names = [one.name for one in learned.features]
    if name not in names:
        return
    rows = grid(learned, 200)
    place, feature = names.index(name), learned.feature(name)
    span = committed(learned.key).meta["features"][place]
    rows[:, place] = span["low"]
    before = committed(learned.key).score(rows, explained=False).raw
    for value in np.linspace(span["low"], span["high"], 12)[1:]:
        rows[:, place] = value
        after = committed(learned.key).score(rows, explained=False).raw
        assert (feature.monotone * (after - before) >= -1e-9).all()
        before = after


@MODELS
def test_an_artefact_is_small(learned: Learned) -> None:
    assert sum(file.stat().st_size for file in (HERE / learned.key).iterdir()) < 2_000_000


def test_laboratory_values_come_in_the_files_units() -> None:
    history = person(height=160, weight=64, **{kind: value for kind, (value, _, _) in LABS.items()})
    row = features.build(LABS_MODEL, history, NOW, trained=committed("mortality-labs").meta)
    assert row.problems == ()
    for _, column, expected in LABS.values():
        assert row.known[column].value == pytest.approx(expected, rel=2e-3), column
    assert row.known["sbp"].value == 132
    assert row.known["bmi"].value == pytest.approx(25.0)


def test_build_comes_from_what_there_is() -> None:
    trained = committed("mortality-home").meta
    for given, bmi in (({"bmi": 27.0, "waist": 80.0}, 27.0), ({"waist": 90.0}, 0.3832 * 90 - 7.55)):
        assert features.build(HOME_MODEL, person(**given), NOW, trained=trained).known["bmi"].value == pytest.approx(bmi)
    row = features.build(HOME_MODEL, person(self_rated_health=3.0), NOW, trained=trained)
    assert [problem.field for problem in row.problems] == ["bmi"]


def test_nobody_is_older_than_the_files_say() -> None:
    old = History({}, date(1920, 1, 1), "female", frozenset())
    assert features.build(HOME_MODEL, old, NOW, trained=committed("mortality-home").meta).known["age"].value == OLDEST


def test_a_row_of_a_file_becomes_the_columns_of_a_person(tmp_path: Path) -> None:
    found = people(tmp_path, source(crp=0.05), source(year=2007, age=80), source(bmi=np.nan, weight=64, height=160)).table
    assert found["crp"][0] == LOWEST_CRP
    assert found["age"][1] > 80
    assert found["bmi"][2] == pytest.approx(25.0)


def test_who_is_known_after_five_years(tmp_path: Path) -> None:
    rows = [
        source(followup_months=59),  # lost before
        source(followup_months=59, death_allcause=1),
        source(followup_months=61, death_allcause=1),
        source(year=2011, followup_months=10, death_allcause=1),  # of that wave only the dead would be known
    ]
    found = people(tmp_path, *rows)
    assert found.known(60).tolist() == [False, True, True, False]
    assert found.outcome(60).tolist() == [0, 1, 0, 1]


def test_a_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    source().drop(columns="sbp").to_csv(file, index=False)
    with pytest.raises(Invalid) as refused:
        read([file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "sbp")


@pytest.mark.skipif(not DATA.exists(), reason="the public data are not beside the project")
def test_a_slice_of_real_people_can_be_learned() -> None:
    some = read([DATA / "nhanes4_1999_2002.csv.gz"]).of(np.arange(3_000))
    booster = score(some, HOME)
    rows = some.table[[one.name for one in HOME]].to_numpy()
    dead = some.outcome(60)[some.known(60)]
    raw = np.asarray(booster.predict(rows, raw_score=True))[some.known(60)]
    assert raw[dead == 1].mean() > raw[dead == 0].mean() + 1
    line = logistic(some, ["age", "female"])
    assert np.allclose(Line.from_dict(line.as_dict()).at(some.table), line.at(some.table), atol=1e-3)
