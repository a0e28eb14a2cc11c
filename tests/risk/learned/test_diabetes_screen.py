"""The screen for diabetes: survey columns become rows, a living record answers the same questions, the committed artefact adds up."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from risk.cards import HERE
from risk.features import build
from risk.history import History, Reading
from risk.learned import diabetes_screen as model
from risk.learned.artefact import committed
from risk.learned.measures import auroc

FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "cardiometabolic" / "brfss2015_dev.csv.gz"
AS_OF = datetime(2026, 5, 3, 12, tzinfo=UTC)


def _answers(**changed: float) -> dict[str, float]:
    answers: dict[str, float] = dict.fromkeys(model.COLUMNS, 0)
    answers |= {"BMI": 31, "GenHlth": 3, "PhysHlth": 4, "MentHlth": 2, "Sex": 1, "Age": 9, "HighBP": 1, "HighChol": 1, "CholCheck": 1}
    return answers | {"Smoker": 1, "HeartDiseaseorAttack": 1, "Income": 5, "Education": 4, "Fruits": 1} | changed


def _written(tmp_path: Path, *people: dict[str, float]) -> list[Path]:
    file = tmp_path / "survey.csv"
    pd.DataFrame(people).to_csv(file, index=False)
    return [file]


def _history(**readings: float) -> History:
    at = AS_OF - timedelta(days=3)
    return History(
        {kind: [Reading(at, value)] for kind, value in readings.items()},
        birth_date=date(1964, 5, 1),
        sex="male",
        conditions=frozenset({"hypertension", "cardiovascular_disease"}),
    )


def test_a_survey_and_a_living_record_give_the_same_row(tmp_path: Path) -> None:
    row = model.load(_written(tmp_path, _answers())).table.iloc[0]
    history = _history(
        bmi=31.0, cholesterol=6.3, smoking=1.0, alcohol=1.0, self_rated_health=3.0, unhealthy_days_physical=4.0,
        unhealthy_days_mental=2.0, difficulty_walking=0.0,
    )  # fmt: skip
    built = build(model.MODEL, history, AS_OF, trained=committed(model.KEY).meta)
    assert built.problems == ()
    assert {name: known.value for name, known in built.known.items()} == {name: row[name] for name in model.HELD}


@pytest.mark.parametrize(("years", "code"), [(18, 1), (24.9, 1), (25, 2), (44.99, 5), (45, 6), (60, 9), (79.9, 12), (80, 13), (97, 13)])
def test_age_is_told_in_the_survey_s_bands(years: float, code: int) -> None:
    assert model.band(years) == code


def test_unknown_is_not_no() -> None:
    found = model.derive(_history(smoking=3.0), AS_OF)
    assert set(found) == {"age_band"}
    assert model.derive(History(birth_date=date(2012, 1, 1)), AS_OF) == {}
    artefact = committed(model.KEY)
    row = np.array([[9.0 if name == "age_band" else 31.0 if name == "bmi" else 0.0 for name in artefact.names]])
    unknown = row.copy()
    unknown[0, artefact.names.index("general_health")] = np.nan
    row[0, artefact.names.index("general_health")] = 1.0
    assert artefact.score(unknown).raw[0] > artefact.score(row).raw[0]


def test_points_go_by_age_build_pressure_activity_and_plants() -> None:
    people = pd.DataFrame([_answers(), _answers(Age=13, BMI=24, HighBP=0, PhysActivity=1), _answers(Age=2, BMI=26, Fruits=0, HighBP=0)])
    assert list(model.findrisc_like(people)) == [3 + 3 + 2 + 2, 4, 1 + 2 + 1]


def test_the_outcome_is_no_column_and_means_are_never_taken_from_a_record() -> None:
    assert "Diabetes_binary" not in {*model.NAMES, *model.PLAIN.values()}
    assert all(model.MODEL.feature(name).take is None and not model.MODEL.feature(name).required for name in model.MEANS)
    assert not set(model.MEANS) & set(model.HELD)
    assert {"diabetes_t1", "diabetes_t2"} <= model.MODEL.not_for


def test_missing_columns_are_refused_and_unknown_outcomes_left_out(tmp_path: Path) -> None:
    sample = model.load(_written(tmp_path, _answers(), _answers(Diabetes_binary=float("nan")), _answers(Diabetes_binary=1)))
    assert sample.labels["diabetes"].tolist() == [0, 1]
    assert sample.groups[0] == sample.groups[1]
    file = tmp_path / "less.csv"
    pd.DataFrame([_answers()]).drop(columns="BMI").to_csv(file, index=False)
    with pytest.raises(Invalid) as refused:
        model.load([file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "BMI")


def test_the_committed_artefact_adds_up_rises_and_is_small(tmp_path: Path) -> None:
    artefact = committed(model.KEY)
    assert artefact.names == list(model.NAMES)
    for column, values in (("BMI", range(15, 60)), ("DiffWalk", (0, 1)), ("HighBP", (0, 1))):
        rows = model.load(_written(tmp_path, *(_answers(**{column: value}) for value in values))).table.to_numpy()
        scored, plain = artefact.score(rows), artefact.score(rows, explained=False)
        assert np.abs(scored.base + scored.contributions.sum(axis=1) - plain.raw).max() < 1e-6
        assert (np.diff(plain.raw) >= -1e-9).all()
        assert plain.raw[-1] > plain.raw[0]
    assert sum(file.stat().st_size for file in (HERE / model.KEY).iterdir()) < 2_000_000


@pytest.mark.skipif(not FILE.exists(), reason="the survey's file is not here")
def test_a_slice_of_the_real_file_trains_and_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "survey.csv"
    pd.read_csv(FILE, nrows=5000).to_csv(file, index=False)
    sample = model.load([file])
    label = sample.labels["diabetes"]
    params, _ = model.TASK.grid[0]
    inside, test = model.TASK.parts(sample, "diabetes", 3, 1)[0]
    assert not set(sample.groups[inside]) & set(sample.groups[test])
    booster = model.TASK.fit(sample.table.iloc[inside], label[inside], params, 40, 1)
    assert auroc(label[test], model.TASK.raw(booster, sample.table.iloc[test])) > 0.75
    report = model.evaluate([file], committed(model.KEY))
    assert {"n", "auroc", "ap", "brier", "brier_null", "oe", "hosmer_lemeshow"} <= set(report.figures)
    assert report.figures["auroc"] > report.comparators["FINDRISC-like points"]["auroc"]
