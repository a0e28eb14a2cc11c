"""Acute deterioration: features are one code for files and living people, nothing leaks, the committed artefact adds up."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import SUSPICIOUS
from risk.cards import HERE
from risk.history import History, Reading
from risk.learned import bagged, deterioration as model, proof
from risk.learned.artefact import committed
from risk.learned.boosting import matrix
from risk.learned.deterioration_rows import of_history
from risk.learned.measures import auroc

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "vitals"
FILES = [DATA / "physionet2012_set_a_long.csv.gz", DATA / "physionet2012_outcomes_a.csv"]
AS_OF = datetime(2026, 5, 3, 12, tzinfo=UTC)
LEAKS = ("saps", "sofa", "length_of_stay", "survival", "death")


def _file_rows() -> list[tuple[int, str, float]]:
    rows = [
        (0, "Age", 66.0),
        (0, "Gender", 0.0),
        (0, "ICUType", 3.0),
        (30, "Creatinine", 1.0),
        (2700, "Creatinine", 2.0),
        (60, "pH", 735.0),
    ]
    for hour in range(0, 48, 3):
        rows += [(hour * 60, "HR", 80.0 + hour), (hour * 60, "RespRate", 18.0), (hour * 60, "NISysABP", 130.0 - hour)]
        rows += [
            (hour * 60, "NIDiasABP", 70.0),
            (hour * 60, "MAP", (130.0 - hour + 140.0) / 3),
            (hour * 60, "Temp", 0.0 if hour == 6 else 37.0),
        ]
    return [*rows, (100, "SaO2", 95.0), (2880, "SaO2", 91.0), (90, "Glucose", 180.182)]


def _history() -> History:
    start = AS_OF - timedelta(hours=48)

    def at(minute: float) -> datetime:
        return start + timedelta(minutes=minute)

    hours = range(0, 48, 3)
    readings = {
        "hr": [Reading(at(60 * h), 80.0 + h) for h in hours],
        "rr": [Reading(at(60 * h), 18.0) for h in hours],
        "bp": [Reading(at(60 * h), 130.0 - h, 70.0) for h in hours],
        "temp": [Reading(at(60 * h), 37.0) for h in hours if h != 6] + [Reading(at(2879), 41.0, flags=SUSPICIOUS)],
        "spo2": [Reading(at(-5), 80.0), Reading(at(100), 95.0), Reading(at(2880), 91.0)],
        "creatinine": [Reading(at(30), 88.4), Reading(at(2700), 176.8)],
        "glucose": [Reading(at(90), 10.0)],
    }
    return History(readings, birth_date=date(1960, 5, 1), sex="female")


def test_a_file_and_a_living_person_give_the_same_columns() -> None:
    readings = pd.DataFrame(_file_rows(), columns=["minute", "param", "value"]).assign(person=0)
    row = model.features(readings, 1).iloc[0]
    live = of_history(_history(), AS_OF)
    expected = {name: value for name, value in row.items() if not np.isnan(value) and not name.startswith(("icu_", "age", "female"))}
    assert set(live) == set(expected)
    for name, value in expected.items():
        assert live[name].value == pytest.approx(value, abs=1e-9), name
    assert live["spo2_last"].value == 91.0
    assert live["spo2_low"].value == 91.0  # what lies before the window is not looked at
    assert live["temp_low"].value == 37.0  # neither slips of recording nor doubtful readings
    assert live["hr_slope"].value == pytest.approx(24.0)
    assert live["hr_last"].at == AS_OF - timedelta(hours=3)
    assert "ph_last" not in live


def test_nobody_without_readings_has_columns() -> None:
    assert of_history(History(), AS_OF) == {}
    assert model.features(pd.DataFrame(columns=["person", "minute", "param", "value"]), 2).isna().all(axis=None)


def test_no_column_is_an_outcome() -> None:
    names = [one.name for one in model.FEATURES]
    assert len(set(names)) == len(names)
    assert not [name for name in names if any(leak in name for leak in LEAKS)]
    assert {one.name for one in model.FEATURES if one.required} == {"age", "hr_last", "sbp_last", "spo2_last"}
    assert set(model.HOME) <= set(names)
    assert not [name for name in model.HOME if name.startswith(("ph_", "urine", "fio2", "icu_"))]


def test_the_committed_artefact_adds_up_and_is_small() -> None:
    artefact = committed(model.KEY)
    assert artefact.names == [one.name for one in model.FEATURES]
    low = np.array([[one["low"] for one in artefact.meta["features"]], [one["high"] for one in artefact.meta["features"]]])
    rows = np.vstack([low, low.mean(axis=0), np.full(low.shape[1], np.nan)])
    scored = artefact.score(rows)
    plain = artefact.score(rows, explained=False)
    assert np.abs(scored.base + scored.contributions.sum(axis=1) - plain.raw).max() < 1e-6
    assert ((scored.low <= scored.value) & (scored.value <= scored.high)).all()
    assert sum(file.stat().st_size for file in (HERE / model.KEY).iterdir()) < 2_000_000


def test_risk_follows_medicine_where_it_is_bound_to() -> None:
    artefact = committed(model.KEY)
    span = {one["name"]: one for one in artefact.meta["features"]}
    row = np.array([(one["low"] + one["high"]) / 2 for one in artefact.meta["features"]])
    for name, sign in (("age", 1), ("urea_nitrogen_last", 1), ("gcs_last", -1), ("spo2_last", -1), ("lactate_high", 1)):
        rows = np.repeat(row[None, :], 40, axis=0)
        rows[:, artefact.names.index(name)] = np.linspace(span[name]["low"], span[name]["high"], 40)
        assert (np.diff(artefact.score(rows, explained=False).raw) * sign >= -1e-9).all(), name


def test_missing_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("RecordID,minute,value\n1,0,3\n")
    with pytest.raises(Invalid) as refused:
        model.load([file, file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "param")


def test_news2_takes_the_worst_and_the_missing_as_normal() -> None:
    names = [f"{name}_{end}" for name in ("rr", "spo2", "sbp", "hr", "temp", "gcs") for end in ("low", "high")]
    table = pd.DataFrame({name: [np.nan, np.nan] for name in [*names, "fio2_high", "ventilated_total"]})
    table.loc[1, ["rr_low", "rr_high", "gcs_low", "fio2_high"]] = [8.0, 22.0, 13.0, 0.5]
    assert list(model.worst_news2(table)) == [0.0, 8.0]  # breathing 3, consciousness 3, oxygen 2


def test_the_mean_of_seeds_is_one_booster() -> None:
    random = np.random.default_rng(3)
    features = model.FEATURES[:5]
    table = pd.DataFrame(random.normal(size=(300, 5)), columns=[one.name for one in features])
    label = (table["age"] + random.normal(size=300) > 0).to_numpy(dtype=np.float64)
    params = {"objective": "binary", "num_leaves": 4, "bagging_fraction": 0.5, "num_threads": 1}
    each = [bagged.fit(table, label, features, {**params, "seed": seed}, 20) for seed in (1, 2, 3)]
    rows = matrix(table, features)
    mean = np.mean([one.predict(rows, raw_score=True) for one in each], axis=0)
    assert np.abs(bagged.averaged(each).predict(rows, raw_score=True) - mean).max() < 1e-6


def test_rows_with_less_known_are_blanked_by_column_and_by_lot() -> None:
    table = pd.DataFrame(np.ones((400, 3)), columns=["a", "b", "c"])
    assert proof.blanked(table, ["a"]).notna().sum().tolist() == [400, 0, 0]
    half = proof.blanked(table, ["a"], 0.5).notna().sum()
    assert half["a"] == 400
    assert 120 < half["b"] < 280


@pytest.mark.skipif(not FILES[0].exists(), reason="the PhysioNet files are not here")
def test_a_slice_of_the_real_file_trains_and_tells_people_apart(tmp_path: Path) -> None:
    outcomes = pd.read_csv(FILES[1]).iloc[:450]
    readings = pd.read_csv(FILES[0], nrows=200_000)
    outcomes = outcomes[outcomes["RecordID"].isin(readings["RecordID"])]
    names = tmp_path / "readings.csv", tmp_path / "outcomes.csv"
    readings.to_csv(names[0], index=False)
    outcomes.to_csv(names[1], index=False)
    sample = model.load(names)
    label = sample.labels["death"]
    params, _ = model.TASK.grid[0]
    cut = len(label) * 3 // 4
    booster = model.TASK.fit(sample.table.iloc[:cut], label[:cut], params, 60, 1)
    assert auroc(label[cut:], model.TASK.raw(booster, sample.table.iloc[cut:])) > 0.7
    report = model.evaluate(names, committed(model.KEY))
    assert {"n", "auroc", "ap", "brier", "brier_null", "oe", "event1", "hosmer_lemeshow"} <= set(report.figures)
    assert report.figures["auroc"] > report.comparators["SAPS-I"]["auroc"]
