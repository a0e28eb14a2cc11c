"""Readmission within 30 days: codes are grouped, the gone are left out, nothing leaks, the committed artefact adds up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from risk.cards import HERE
from risk.learned import readmission as model
from risk.learned.artefact import committed
from risk.learned.measures import auroc
from risk.learned.readmission_rows import COLUMNS, PILLS, group_of

FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "cardiometabolic" / "diabetes130_dev.csv.gz"


def _stay(**changed: object) -> dict[str, object]:
    stay: dict[str, object] = dict.fromkeys(COLUMNS, "?") | dict.fromkeys(PILLS, "No")
    stay |= {"patient_nbr": 1, "gender": "Female", "age": "[60-70)", "admission_type_id": 1, "discharge_disposition_id": 1}
    stay |= {"admission_source_id": 7, "diag_1": "428", "diag_2": "250.43", "diag_3": "V27", "insulin": "Up", "readmitted": "<30"}
    stay |= {"time_in_hospital": 5, "num_lab_procedures": 40, "num_procedures": 1, "num_medications": 12, "number_outpatient": 0}
    stay |= {"number_emergency": 1, "number_inpatient": 2, "number_diagnoses": 9, "change": "Ch", "diabetesMed": "Yes"}
    return stay | {"A1Cresult": ">8", "max_glu_serum": "None", "metformin": "Steady", "race": "Asian"} | changed


def _written(tmp_path: Path, *stays: dict[str, object]) -> list[Path]:
    file = tmp_path / "stays.csv"
    pd.DataFrame(stays).to_csv(file, index=False)
    return [file]


def test_a_stay_becomes_a_row(tmp_path: Path) -> None:
    row = model.load(_written(tmp_path, _stay(), _stay(gender="Unknown/Invalid", age="?", diag_1="?"))).table
    first = row.iloc[0]
    told = {"age": 65, "female": 1, "visits_before": 3, "diagnosis_circulatory": 1, "diagnosis_other": 0, "also_heart_failure": 1}
    told |= {"to_home": 1, "from_emergency_room": 1, "type_emergency": 1, "A1Cresult": 2, "insulin": 3, "metformin": 2, "pills": 1}
    assert {name: first[name] for name in told} == told
    assert np.isnan(first["max_glu_serum"])
    assert row.iloc[1][["age", "female"]].isna().all()
    assert row.iloc[1]["diagnosis_other"] == 1


def test_those_who_died_or_went_to_a_hospice_are_left_out(tmp_path: Path) -> None:
    stays = [_stay(discharge_disposition_id=code) for code in (1, 11, 13, 14, 19, 20, 21, 6)]
    sample = model.load(_written(tmp_path, *stays, _stay(readmitted=">30", patient_nbr=2)))
    assert sample.labels["readmitted"].tolist() == [1, 1, 0]
    assert sample.groups.tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    ("code", "group"),
    [("428", "circulatory"), ("250.83", "diabetes"), ("V57", "other"), ("E885", "other"), ("786", "respiratory"), ("?", "other")],
)
def test_diagnoses_are_grouped_as_strack_did(code: str, group: str) -> None:
    assert group_of(code) == group


def test_no_column_is_an_outcome_a_number_or_a_race() -> None:
    names = {one.name for one in model.FEATURES}
    assert not names & {"readmitted", "patient_nbr", "encounter_id", "race", "payer_code", "weight", "to_died", "to_hospice"}
    assert not model.MODEL.live


def test_missing_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "stays.csv"
    pd.DataFrame([_stay()]).drop(columns="diag_1").to_csv(file, index=False)
    with pytest.raises(Invalid) as refused:
        model.load([file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "diag_1")


def test_the_committed_artefact_adds_up_rises_and_is_small(tmp_path: Path) -> None:
    artefact = committed(model.KEY)
    assert artefact.names == list(model.LINE)
    stays = [_stay(number_inpatient=n, number_emergency=0) for n in range(12)]
    rows = model.load(_written(tmp_path, *stays)).table.to_numpy()
    scored, plain = artefact.score(rows), artefact.score(rows, explained=False)
    assert np.abs(scored.base + scored.contributions.sum(axis=1) - plain.raw).max() < 1e-6
    assert (np.diff(plain.raw) >= 0).all()
    assert plain.raw[-1] > plain.raw[0]
    assert sum(file.stat().st_size for file in (HERE / model.KEY).iterdir()) < 2_000_000


@pytest.mark.skipif(not FILE.exists(), reason="the file of stays is not here")
def test_a_slice_of_the_real_file_trains_and_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "stays.csv"
    pd.read_csv(FILE, nrows=4000, low_memory=False).to_csv(file, index=False)
    sample = model.load([file])
    label = sample.labels["readmitted"]
    params, _ = model.TASK.grid[0]
    inside, test = model.TASK.parts(sample, "readmitted", 3, 1)[0]
    assert not set(sample.groups[inside]) & set(sample.groups[test])
    booster = model.TASK.fit(sample.table.iloc[inside], label[inside], params, 40, 1)
    assert auroc(label[test], model.TASK.raw(booster, sample.table.iloc[test])) > 0.52
    report = model.evaluate([file], committed(model.KEY))
    assert {"n", "auroc", "ap", "brier", "brier_null", "oe", "hosmer_lemeshow"} <= set(report.figures)
    assert "LACE-like points" in report.comparators
