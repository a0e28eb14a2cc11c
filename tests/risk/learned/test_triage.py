"""Urgency at triage: words become groups, odd values are unknown, nothing known afterwards enters, the committed artefact adds up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from risk.cards import HERE
from risk.history import History, Reading
from risk.learned import triage as model
from risk.learned.artefact import committed
from risk.learned.measures import auroc
from risk.learned.triage_words import COMPLAINTS, complaint_groups

FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "triage" / "ktas_dev.csv"
AFTERWARDS = ("diagnosis", "disposition", "mistriage", "error", "stay", "duration", "ktas")


def _visit(**changed: object) -> dict[str, object]:
    visit: dict[str, object] = {"Sex": 1, "Age": 70, "Arrival mode": 2, "Injury": 1, "Chief_complain": "dyspnea", "Mental": 2, "Pain": 0}
    visit |= {"NRS_pain": "#BOÞ!", "SBP": "100", "DBP": "60", "HR": "120", "RR": "24", "BT": "38,5", "Saturation": "88", "KTAS_expert": 2}
    return visit | changed


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("pain, chest", {"chest_pain", "pain"}),
        ("胸痛两小时", {"chest_pain", "pain"}),
        ("Dyspnea, severe", {"dyspnoea", "severe"}),
        ("abd pain", {"abdominal_pain", "pain"}),
        ("呕血", {"vomiting", "gi_bleeding"} - {"vomiting"}),
        ("head injury", {"trauma", "head_injury"}),
        ("发烧", {"fever"}),
        ("?? ???", set()),
        ("", set()),
    ],
)
def test_words_become_groups(text: str, groups: set[str]) -> None:
    assert {name for name, value in complaint_groups(text).items() if value} == groups


def test_a_visit_becomes_a_row_and_odd_values_are_unknown() -> None:
    table = model.rows(pd.DataFrame([_visit(), _visit(SBP="??", HR="0", Saturation=np.nan, NRS_pain="3", Chief_complain=np.nan)]))
    first, second = table.iloc[0], table.iloc[1]
    told = {"temp": 38.5, "spo2": 88, "shock_index": 1.2, "mental_state": 1, "by_ambulance": 1, "on_foot": 0, "says_dyspnoea": 1}
    assert {name: first[name] for name in told} == told
    assert np.isnan(first["pain_score"])
    assert second[["sbp", "hr", "spo2", "shock_index"]].isna().all()
    assert (second["pain_score"], second["complaints"]) == (3, 0)


def test_what_is_given_and_what_a_file_holds_make_the_same_row() -> None:
    row = model.rows(pd.DataFrame([_visit()])).iloc[0].dropna()
    given = {name: value for name, value in row.items() if not name.startswith("says_") and name not in ("shock_index", "complaints")}
    assert model.of_complaint("dyspnea", given) == pytest.approx(dict(row))


def test_newest_vitals_of_a_living_person() -> None:
    as_of = datetime(2026, 5, 3, tzinfo=UTC)
    at = as_of - timedelta(minutes=5)
    history = History({"bp": [Reading(at, 100.0, 60.0)], "hr": [Reading(at, 120.0)], "consciousness": [Reading(at, 2.0)]})
    found = {name: known.value for name, known in model.derive(history, as_of).items()}
    assert found == {"sbp": 100.0, "dbp": 60.0, "hr": 120.0, "mental_state": 1.0, "shock_index": 1.2}


def test_no_column_is_known_only_afterwards() -> None:
    assert not [name for name in model.NAMES if any(leak in name for leak in AFTERWARDS)]
    assert not set(model.COLUMNS) & {"KTAS_RN", "Diagnosis in ED", "Disposition", "mistriage", "Error_group"}
    assert model.MODEL.staff_only
    assert {f"says_{key}" for key in COMPLAINTS} <= set(model.NAMES)


def test_missing_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    pd.DataFrame([_visit()]).drop(columns="Mental").to_csv(file, index=False)
    with pytest.raises(Invalid) as refused:
        model.load([file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "Mental")


def test_the_committed_artefact_adds_up_follows_medicine_and_is_small() -> None:
    artefact = committed(model.KEY)
    assert artefact.names == list(model.NAMES)
    assert list(artefact.heads) == ["le2", "le3"]
    table = model.rows(pd.DataFrame([_visit(Saturation=str(spo2), Mental=4 if spo2 < 85 else 1) for spo2 in range(100, 70, -1)]))
    for head in artefact.heads:
        scored = artefact.score(table.to_numpy(), head=head)
        plain = artefact.score(table.to_numpy(), head=head, explained=False).raw
        assert np.abs(scored.base + scored.contributions.sum(axis=1) - plain).max() < 1e-6
        assert (np.diff(plain) >= -1e-9).all()
    assert sum(file.stat().st_size for file in (HERE / model.KEY).iterdir()) < 2_000_000


@pytest.mark.skipif(not FILE.exists(), reason="the file of visits is not here")
def test_a_slice_of_the_real_file_trains_and_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    pd.read_csv(FILE).sample(500, random_state=1).to_csv(file, index=False)
    sample = model.load([file])
    label = sample.labels["le3"]
    params, _ = model.TASK.grid[0]
    inside, test = model.TASK.parts(sample, "le3", 3, 1)[0]
    booster = model.TASK.fit(sample.table.iloc[inside], label[inside], params, 80, 1)
    assert auroc(label[test], model.TASK.raw(booster, sample.table.iloc[test])) > 0.7
    report = model.evaluate([file], committed(model.KEY))
    assert {"n", "auroc_le2", "auroc_le3", "ap", "brier"} <= set(report.figures)
    assert report.comparators["nurse (her level)"]["auroc_le3"] > 0.9
    assert any("sensitivity" in remark for remark in report.remarks)
