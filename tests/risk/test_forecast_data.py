"""Real people's days: the intervals hold, and the forecasts are no worse than the last value. Skipped where the data are not."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from risk.forecasting import measured
from risk.forecasting.measured import Coverage
from risk.forecasting.series import BY_KIND, STICK_HOURS, Seen, Series

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
MG = 18.0182
People = list[tuple[Series, list[Seen]]]


def _days(table: pd.DataFrame, value: str) -> list[Seen]:
    """Rows of one person with `day` (date) and a value: each day's mean, and how many there were."""
    known = table.dropna(subset=[value])
    grouped = known.groupby("day")[value].agg(["mean", "size"]).sort_index()
    return [Seen(day.toordinal(), float(mean), int(n)) for day, mean, n in grouped.itertuples()]


def _told(name: str, rows: Iterable[Coverage]) -> None:
    for row in rows:
        print(
            f"{name:16} {row.ahead:2d} d ahead  n {row.n:5d}  MAE {row.mae:8.3f}  last value {row.mae_last:8.3f}  "
            f"80 %: {row.in80:.3f}  90 %: {row.in90:.3f}"
        )


def _sound(name: str, people: People, *, better_than_last: float, at_least: int = 30) -> None:
    rows = measured.coverage(people)
    _told(name, rows)
    judged = [row for row in rows if row.n >= at_least]
    assert judged
    for row in judged:
        assert 0.80 <= row.in90 <= 0.97, (name, row)
    assert judged[0].mae <= better_than_last * judged[0].mae_last


def _date(text: str) -> date:
    """Fitabase's export writes days up to the 12th day first, later ones month first."""
    first, second, year = map(int, text.split("-"))
    return date(year, first, second) if second > 12 else date(year, second, first)


def _lifesnaps(column: str, series: Series, *, people: int) -> People:
    table = pd.read_csv(DATA / "wearables/lifesnaps_daily_dev_53_people.csv.gz", low_memory=False)
    table["day"] = pd.to_datetime(table["date"]).dt.date
    found = [(series, _days(some, column)) for _, some in table.groupby("id")]
    return [one for one in found if len(one[1]) > 10][:people]


def test_resting_heart_rate() -> None:
    _sound("resting hr", _lifesnaps("resting_hr", BY_KIND["rhr"][""], people=12), better_than_last=1.06)


def test_steps() -> None:
    people = _lifesnaps("steps", BY_KIND["steps"][""], people=6)
    table = pd.read_csv(DATA / "wearables/fitbit_fitabase_2016_dailyActivity_merged.csv")
    table["day"] = table["ActivityDate"].map(_date)
    worn = table[table["TotalSteps"] > 0]
    people += [(BY_KIND["steps"][""], _days(some, "TotalSteps")) for _, some in list(worn.groupby("Id"))[:15]]
    _sound("steps", people, better_than_last=0.95)


def test_weight() -> None:
    table = pd.read_csv(DATA / "wearables/fitbit_fitabase_2016_weightLogInfo_merged.csv")
    table["day"] = table["Date"].map(_date)
    people = [(BY_KIND["weight"][""], _days(some, "WeightKg")) for _, some in table.groupby("Id")]
    _sound("weight", people, better_than_last=1.02)


def test_home_blood_pressure() -> None:
    table = pd.read_csv(DATA / "home_bp/bp_jhs_first_half.csv")
    at = pd.to_datetime(table["DateTime"])
    table["day"] = at.dt.date
    table["part"] = at.dt.hour.between(3, 11).map({True: "am", False: "pm"})
    people: People = []
    for part, column in (("sys", "Sys.mmHg."), ("dia", "Dias.mmHg.")):
        halves = table.groupby(["day", "part"])[column].mean().reset_index()
        people.append((BY_KIND["bp"][part], _days(halves, column)))
        people += [(BY_KIND["bp"][f"{part}_{half}"], _days(some, column)) for half, some in table.groupby("part")]
    _sound("blood pressure", people, better_than_last=1.0)


def test_glucose_by_hour_of_day() -> None:
    cgm = pd.read_csv(DATA / "cgm/broll_iglu_5_subjects.csv")
    at = pd.to_datetime(cgm["time"])
    cgm["day"], cgm["hour"], cgm["mmol"] = at.dt.date, at.dt.hour, cgm["gl"] / MG
    people: People = [(BY_KIND["cgm"][f"h{hour:02d}"], _days(some, "mmol")) for (_, hour), some in cgm.groupby(["id", "hour"])]
    _sound("cgm", people, better_than_last=0.95)
    stick = pd.read_csv(DATA / "smbg/uci_diabetes_aim94_dev_50_patients.csv", dtype=str)
    stick = stick[stick["code"].isin([str(code) for code in range(48, 65)])]
    at = pd.to_datetime(stick["date_mdy"] + " " + stick["time"], format="%m-%d-%Y %H:%M", errors="coerce")
    stick["mmol"] = pd.to_numeric(stick["value"], errors="coerce") / MG
    stick["day"], stick["block"] = at.dt.date, at.dt.hour // STICK_HOURS * STICK_HOURS
    stick = stick[at.notna() & (stick["mmol"] > 0.6)]
    groups = list(stick.groupby(["patient", "block"]))[:60]
    _sound(
        "finger-sticks",
        [(BY_KIND["glucose"][f"h{int(block):02d}"], _days(some, "mmol")) for (_, block), some in groups],
        better_than_last=0.95,
    )
