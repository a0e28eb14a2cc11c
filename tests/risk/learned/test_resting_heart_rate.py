"""The resting heart rate model: its artefact, its features from a file and from a life alike, and that it sees nothing of tomorrow."""

import io
import math
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import SUSPICIOUS
from risk.cards import HERE
from risk.features import build
from risk.history import History, Reading
from risk.learned.artefact import committed
from risk.learned.boosting import matrix
from risk.learned.resting_heart_rate import KEY, MODEL, deviation, evaluate, quantile_of, train
from risk.learned.resting_heart_rate_days import COLUMNS, FEATURES, NAMES, derive, rows, told

DATA = Path(__file__).resolve().parents[4] / "shared/data/wearables/lifesnaps_daily_dev_53_people.csv.gz"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
FIRST = date(2026, 3, 1)
OFFSET = 480


def _table(people: int = 1, days: int = 40) -> pd.DataFrame:
    """Made-up days of made-up people, in the file's columns."""
    random = np.random.default_rng(3)
    lines = []
    for person in range(people):
        rate = 60.0 + person + np.cumsum(random.normal(0, 1, days))
        for day in range(days):
            lines.append(
                {
                    "id": person,
                    "date": (FIRST + timedelta(days=day)).isoformat(),
                    "resting_hr": round(float(rate[day]), 2),
                    "bpm": round(float(rate[day]) + 12 + float(random.normal()), 2),
                    "steps": float(random.integers(2000, 12000)),
                    "minutesAsleep": float(random.integers(300, 520)),
                    "rmssd": round(float(random.normal(40, 5)), 2),
                    "age": "<30",
                    "gender": "MALE",
                    "bmi": "22.0",
                }
            )
    return pd.DataFrame(lines)


def _written(table: pd.DataFrame, folder: Path) -> Path:
    file = folder / "days.csv"
    table.to_csv(file, index=False)
    return file


def _local(day: int, hour: float) -> datetime:
    """A local hour of the day with that number, east of Greenwich."""
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(minutes=OFFSET)
    return midnight + timedelta(days=day, hours=hour)


def _life(table: pd.DataFrame) -> History:
    """The same days as a living record would hold them: heart rate by the quarter hour, steps in two parts, sleep from before midnight."""
    readings: dict[str, list[Reading]] = {kind: [] for kind in COLUMNS}
    for day, row in enumerate(table.itertuples()):
        readings["rhr"].append(Reading(_local(day, 8), row.resting_hr, utc_offset=OFFSET))
        readings["hrv_rmssd"].append(Reading(_local(day, 7), row.rmssd, utc_offset=OFFSET))
        readings["sleep"].append(Reading(_local(day, 7) - timedelta(minutes=row.minutesAsleep), row.minutesAsleep, utc_offset=OFFSET))
        readings["steps"] += [Reading(_local(day, hour), row.steps / 2, utc_offset=OFFSET) for hour in (9, 18)]
        readings["hr"] += [Reading(_local(day, quarter / 4), row.bpm, utc_offset=OFFSET) for quarter in range(96)]
    return History({kind: sorted(some, key=lambda one: one.at) for kind, some in readings.items()})


def test_features_are_the_same_from_a_file_and_from_a_life(tmp_path: Path) -> None:
    table = _table(days=35)
    row = rows(_written(table, tmp_path)).iloc[-1]  # as of the day before the last
    as_of = _local(34, 6)
    known = derive(_life(table).up_to(as_of), as_of)
    assert set(known) == set(NAMES)
    for name in NAMES:
        assert known[name].value == pytest.approx(row[name], abs=1e-6), name
    assert row["next"] == table["resting_hr"].iloc[-1]


def test_nothing_of_today_or_tomorrow_is_in_the_features() -> None:
    """What today brought so far changes nothing: only whole days count; and readings from later are refused before."""
    life, noon = _life(_table(days=35)), _local(34, 12)
    morning = derive(life.up_to(_local(34, 0.5)), _local(34, 0.5))
    assert {name: one.value for name, one in derive(life.up_to(noon), noon).items()} == {name: one.value for name, one in morning.items()}
    with pytest.raises(Invalid) as refused:
        build(MODEL, life, _local(20, 12), trained=committed(KEY).meta)
    assert refused.value.code == "after_as_of"


def test_features_of_a_day_do_not_move_when_later_days_do() -> None:
    days = {"rhr": {n: 60.0 + n % 5 for n in range(40)}, "steps": {n: 80.0 + n for n in range(40)}}
    later = {kind: {n: value + 99 * (n > 20) for n, value in some.items()} for kind, some in days.items()}
    assert told(days, 20) == told(later, 20)


def test_old_doubtful_and_few_readings() -> None:
    life = _life(_table(days=35))
    assert derive(life, _local(38, 12)) == {}
    only = History({"rhr": life.readings["rhr"][-3:]})
    known = derive(only, _local(35, 9))
    assert {"rhr", "change_1", "above_7"} <= set(known)
    assert "hr_above" not in known
    doubtful = [Reading(one.at, 190.0, utc_offset=OFFSET, flags=SUSPICIOUS) for one in life.readings["rhr"][-1:]]
    kept = derive(History({"rhr": [*life.readings["rhr"][:-1], *doubtful]}), _local(35, 9))
    assert kept["rhr"].value == life.readings["rhr"][-2].value
    spot = History({"rhr": life.readings["rhr"], "hr": life.readings["hr"][::10]})
    assert "hr_above" not in derive(spot, _local(35, 9))  # ten a day are moments, not a day


def test_the_reader_refuses_and_copes(tmp_path: Path) -> None:
    table = _table(days=12)
    with pytest.raises(Invalid) as refused:
        rows(_written(table.drop(columns=["rmssd"]), tmp_path))
    assert (refused.value.code, refused.value.field) == ("missing_columns", "rmssd")
    odd = table.astype({"steps": object, "date": object})
    odd.loc[3, "steps"] = "many"
    odd.loc[4, "resting_hr"] = 0.0
    odd.loc[5, "date"] = "yesterday"
    found = rows(_written(odd, tmp_path))
    assert len(found) == 8  # eleven pairs of days less those that the two lost days were part of
    assert found["next"].notna().all()


def test_no_outcome_is_an_input() -> None:
    assert not {"next", "person", "day", "mean_7", "age"} & set(NAMES)
    assert [one.name for one in FEATURES if one.required] == ["rhr", "above_7"]


def test_contributions_sum_to_the_raw_score_and_the_interval_holds_the_value(tmp_path: Path) -> None:
    artefact = committed(KEY)
    assert artefact.names == list(NAMES)
    table = rows(_written(_table(people=2), tmp_path))
    given = matrix(table, FEATURES).copy()
    given[0, 2:] = math.nan
    scored = artefact.score(given)
    booster = artefact.main.booster
    assert scored.base + scored.contributions.sum(axis=1) == pytest.approx(np.asarray(booster.predict(given)), abs=1e-6)
    assert scored.value == pytest.approx(scored.raw + given[:, 0])
    assert (scored.low <= scored.value).all()
    assert (scored.high >= scored.value).all()


def test_a_living_person_is_answered_and_her_deviation_told() -> None:
    life, as_of = _life(_table(days=35)), _local(35, 6)
    row = build(MODEL, life, as_of, trained=committed(KEY).meta)
    assert row.problems == ()
    scored = committed(KEY).score(np.array([row.values(committed(KEY).names)]))
    value, low, high = (float(one[0]) for one in (scored.value, scored.low, scored.high))
    assert abs(value - row.known["rhr"].value) < 3
    assert deviation(high, value, low, high) == pytest.approx(1)
    assert deviation(low, value, low, high) == pytest.approx(-1)
    assert deviation(value, value, low, high) == 0


def test_the_artefact_is_small_and_its_cards_speak_both_languages() -> None:
    folder = HERE / KEY
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000
    assert "没有中国人群" in (folder / "card.zh-hans.md").read_text(encoding="utf-8")
    assert "no Chinese cohort" in (folder / "card.en.md").read_text(encoding="utf-8")


def test_conformal_quantile() -> None:
    assert quantile_of(np.arange(1.0, 20.0)) == 18.0
    assert quantile_of(np.array([1.0, 2.0])) == 2.0


@needs_data
def test_training_runs_on_a_slice(tmp_path: Path) -> None:
    table = pd.read_csv(DATA, low_memory=False)
    known = table.dropna(subset=["resting_hr"]).groupby("id").size()
    file = _written(table[table["id"].isin(known[known > 40].index[:9])], tmp_path)
    heard = io.StringIO()
    with redirect_stdout(heard):
        artefact, report = train([file], lambda text: None)
    assert heard.getvalue() == ""
    assert report.figures["coverage_90"] == pytest.approx(0.9, abs=0.07)
    assert artefact.meta["method"] in ("boosted", "persistence")
    again = evaluate([file], artefact)
    assert "cross-validation" in again.comparators


@needs_data
def test_the_committed_artefact_is_ahead_of_the_naive_methods() -> None:
    report = evaluate([DATA], committed(KEY))
    held_out = report.comparators["cross-validation"]
    for name in ("persistence", "7-day mean", "exponential smoothing"):
        assert held_out["rmse"] < report.comparators[name]["rmse"]
        assert held_out["mae"] < report.comparators[name]["mae"]
    assert 0.88 <= held_out["coverage_90"] <= 0.92
