"""Glucose ahead: one code for files and living people, nothing looks ahead, the protocol's own splits, the committed artefact adds up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import SUSPICIOUS
from risk.cards import HERE
from risk.history import History, Reading
from risk.learned import glucose, glucose_bench as bench, glucose_figures, glucose_files, glucose_fit, glucose_proof
from risk.learned.artefact import committed
from risk.learned.boosting import folds, matrix
from risk.learned.glucose_rows import MG_DL, features

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "cgm"
BROLL = DATA / "broll_iglu_5_subjects.csv"
SHANGHAI = DATA / "shanghai_cgm_dev_84_patients.csv.gz"
real = pytest.mark.skipif(not (BROLL.exists() and SHANGHAI.exists()), reason="the recordings are not on this machine")
AS_OF = datetime(2026, 5, 3, 4, 2, tzinfo=UTC)
NEWEST = AS_OF - timedelta(minutes=2)


def _course(step: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    minutes = np.arange(n, dtype=np.float64) * step
    return minutes, 130 + 45 * np.sin(minutes / 70) + 15 * np.sin(minutes / 23)


def _history(minutes: np.ndarray, values: np.ndarray, *more: Reading) -> History:
    readings = [
        Reading(NEWEST - timedelta(minutes=float(minutes[-1] - minute)), value / MG_DL, utc_offset=480)
        for minute, value in zip(minutes, values, strict=True)
    ]
    return History({"cgm": [*readings, *more]}, conditions=frozenset({"diabetes_t1"}))


@pytest.mark.parametrize("step", [5, 15])
def test_a_file_and_a_living_person_give_the_same_columns(step: int) -> None:
    minutes, values = _course(step)
    minutes[100:] += 7 * step  # a gap
    kept = minutes >= minutes[-1] - 965
    row = features(minutes[kept], values[kept], np.asarray([12.0]), np.asarray([int(kept.sum()) - 1]))
    live = glucose.derive(_history(minutes, values), AS_OF)
    expected = {name: float(each[0]) for name, each in row.items() if not np.isnan(each[0])} | {"type1": 1.0}
    assert set(live) == set(expected)
    assert ("change_5" in live) == (step == 5)
    for name, value in expected.items():
        assert live[name].value == pytest.approx(value, abs=1e-6), name
        assert live[name].at == NEWEST


def test_a_stale_or_doubtful_newest_reading_tells_nothing() -> None:
    minutes, values = _course(5)
    assert glucose.derive(_history(minutes, values), AS_OF + timedelta(minutes=19)) == {}
    assert glucose.derive(History(), AS_OF) == {}
    doubtful = Reading(NEWEST + timedelta(minutes=1), 2.0, flags=SUSPICIOUS)
    assert glucose.derive(_history(minutes, values, doubtful), AS_OF)["glucose"].value == pytest.approx(values[-1])


@pytest.mark.parametrize("step", [5, 15])
def test_no_feature_sees_what_comes_after(step: int) -> None:
    minutes, values = _course(step)
    at, hour = np.arange(40, 200), np.full(160, 3.0)
    before = features(minutes, values, hour, at)
    other = values.copy()
    other[200:] = 400 - other[200:]
    after = features(minutes, other, hour, at)
    short = features(minutes[:200], values[:200], hour, at)
    for name, column in before.items():
        np.testing.assert_array_equal(column, after[name], err_msg=name)
        np.testing.assert_allclose(column, short[name], err_msg=name)


def test_columns_are_the_models_and_none_is_an_outcome() -> None:
    minutes, values = _course(15)
    names = {one.name for one in glucose.FEATURES}
    assert names == set(features(minutes, values, np.asarray([3.0]), np.asarray([50]))) | {"type1"}
    assert {one.name for one in glucose.FEATURES if one.required} == {"glucose", "glucose_15"}
    assert not [name for name in names if name.startswith(("truth", "hypo"))]


def test_labels_are_of_the_hour_ahead_and_of_nobody_already_low() -> None:
    minutes = np.arange(40, dtype=np.float64) * 15
    values = np.full(40, 120.0)
    values[20:22] = 65.0
    one = glucose_files.Recording(glucose_files.TYPE_2, "somebody", minutes, values, np.zeros(40))
    rows = glucose_files.moments([one]).set_index("minute")
    assert list(rows.index[rows["hypo_70"] == 1]) == [240.0, 255.0, 270.0, 285.0]
    assert rows.loc[[300.0, 315.0], "hypo_70"].isna().all()  # already present
    assert rows.loc[minutes[-4:], "hypo_70"].isna().all()  # not followed up
    assert rows.loc[285.0, "truth_30"] == 65.0
    assert glucose_files.events(minutes, values, 70.0) == [(300.0, 315.0)]


def test_files_are_known_by_columns_and_odd_values_left_out(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("time,gl\n2020-01-01 00:00:00,100\n")
    with pytest.raises(Invalid) as refused:
        glucose_files.tables([file])
    assert (refused.value.code, refused.value.field) == ("missing_columns", "id")
    file.write_text("id,time,gl\nA,2020-01-01 00:00:00,100\nA,never,90\nA,2020-01-01 00:05:00,high\nA,2020-01-01 00:10:00,9000\n")
    recordings, _ = glucose_files.tables([file])
    assert [one.glucose.tolist() for one in recordings] == [[100.0]]
    file.write_text("id,time,gl\nA,2020-01-01 00:00:00,\n")
    with pytest.raises(Invalid) as refused:
        glucose_files.tables([file])
    assert refused.value.code == "no_readings"


def test_the_committed_artefact_adds_up_and_is_small() -> None:
    artefact = committed(glucose.KEY)
    assert artefact.names == [one.name for one in glucose.FEATURES]
    assert list(artefact.heads)[:4] == ["hypo70_60min", "30min", "60min", "hypo54_60min"]
    minutes, values = _course(15)
    at = np.arange(100, 300, 7)
    rows = matrix(pd.DataFrame(features(minutes, values, np.full(len(at), 9.0), at)).assign(type1=0.0), glucose.FEATURES)
    for head in artefact.heads:
        scored, plain = artefact.score(rows, head=head), artefact.score(rows, head=head, explained=False)
        assert np.abs(scored.base + scored.contributions.sum(axis=1) - plain.raw).max() < 1e-6
        assert ((scored.low <= scored.value) & (scored.value <= scored.high)).all()
    assert sum(file.stat().st_size for file in (HERE / glucose.KEY).iterdir()) < 2_000_000


def test_risk_falls_as_glucose_rises() -> None:
    artefact = committed(glucose.KEY)
    minutes, values = _course(15)
    at = np.asarray([60, 110, 170])
    row = matrix(pd.DataFrame(features(minutes, values, np.full(3, 2.0), at)).assign(type1=1.0), glucose.FEATURES)
    for head in ("hypo70_60min", "hypo54_60min"):
        for each in row:
            rows = np.repeat(each[None, :], 60, axis=0)
            rows[:, artefact.names.index("glucose")] = np.linspace(45, 300, 60)
            risk = artefact.score(rows, head=head, explained=False).value
            assert (np.diff(risk) <= 1e-9).all()
            assert risk[0] > risk[-1]


@real
def test_the_protocols_splits_are_the_published_ones() -> None:
    parts = bench.segments(pd.read_csv(BROLL))
    split = bench.split(parts, 1)
    points = [sum(piece.last - piece.first for piece in each) for each in (split.train, split.validation, split.test, split.others)]
    assert points == [9056, 1774, 1848, 1300]
    splits = {seed: bench.split(parts, seed) for seed in bench.SEEDS}
    assert np.mean([sum(len(bench.starts(piece)) for piece in one.test) for one in splits.values()]) == pytest.approx(192, abs=1)
    still = {
        seed: np.concatenate([bench.truth(p.segment, bench.starts(p)) - p.segment.glucose[bench.starts(p), None] for p in one.test])
        for seed, one in splits.items()
    }
    assert bench.published(still) == pytest.approx({"median_rmse": 11.41, "median_mae": 9.37}, abs=0.005)


@real
def test_nothing_of_the_test_pieces_is_learned_from() -> None:
    recordings, broll = glucose_files.tables([BROLL])
    assert broll is not None
    table = glucose_files.moments(recordings)
    own = [bench.own_split(one) for one in glucose_proof.people(bench.segments(broll))]
    keep = glucose_proof.usable(table, [piece for train, _, _ in own for piece in train])
    assert 0.5 < keep.mean() < 0.9
    for _, _, (test,) in own:
        first = test.segment.minutes[test.first + bench.INPUT]
        mine = (table["person"] == f"broll {test.segment.person}").to_numpy() & keep
        assert not (mine & (table["minute"] + 60 > first) & (table["minute"] <= test.segment.minutes[test.last - 1])).any()


@real
def test_a_slice_is_learned_from_and_strangers_are_scored_better_than_by_persistence() -> None:
    recordings, _ = glucose_files.tables([SHANGHAI])
    table = glucose_files.moments(recordings[:9])
    parts = folds(np.zeros(len(table)), table["person"].to_numpy(), n=2, stratified=False)
    train, test = parts[0]
    there = table.iloc[test]
    change = (there["truth_30"] - there["glucose"]).to_numpy()
    said = glucose_fit.predicted(glucose_fit.value(table.iloc[train], glucose.FEATURES, 30), matrix(there, glucose.FEATURES))
    assert np.nanmean((change - said) ** 2) < 0.8 * np.nanmean(change**2)


@real
def test_a_file_is_judged_with_the_committed_artefact(tmp_path: Path) -> None:
    told = pd.read_csv(SHANGHAI)
    few = told[told["pid"].isin(told["pid"].unique()[[0, 1, 20, 40]])]
    file = tmp_path / "few.csv"
    few.to_csv(file, index=False)
    report = glucose.MODEL.evaluate([file], committed(glucose.KEY))
    assert report.figures["rmse_30min"] < report.comparators["persistence"]["rmse_30min"]
    assert {"rmse_30min_t1d", "rmse_30min_t2d", "auroc_hypo_60min", "ap_hypo_60min", "coverage_90"} <= set(report.figures)
    assert 0.5 < report.figures["coverage_90"] <= 1.0
    assert glucose_figures.judging(glucose_files.moments(glucose_files.tables([file])[0])).all()
