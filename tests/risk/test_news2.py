"""NEWS2 against the chart itself, value by value, and GMI."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from healthhub.lib.refused import Invalid
from risk.scores.gmi import gmi, gmi_mmol_mol
from risk.scores.news2 import INPUTS, news2, unfit

WELL = {"rr": 16, "spo2": 98, "on_o2": False, "sbp": 120, "pulse": 70, "consciousness": "A", "temp": 37.0}
vitals = st.fixed_dictionaries(
    {
        "rr": st.integers(3, 60),
        "spo2": st.integers(60, 100),
        "on_o2": st.booleans(),
        "sbp": st.integers(50, 260),
        "pulse": st.integers(25, 220),
        "consciousness": st.sampled_from("ACVPU"),
        "temp": st.integers(300, 430).map(lambda tenths: tenths / 10),
        "scale2": st.booleans(),
    }
)

# The chart of the Royal College of Physicians, written down a second time as (from, to, points).
CHART = {
    "rr": [(0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 99, 3)],
    "spo2": [(0, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    "scale2 on air": [(0, 83, 3), (84, 85, 2), (86, 87, 1), (88, 100, 0)],
    "scale2 on oxygen": [(0, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)],
    "sbp": [(0, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 400, 3)],
    "pulse": [(0, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 400, 3)],
    "temp": [(0, 35.0, 3), (35.1, 36.0, 1), (36.1, 38.0, 0), (38.1, 39.0, 1), (39.1, 50, 2)],
}


def read_off(column: str, value: float) -> int:
    return next(points for low, high, points in CHART[column] if low <= value <= high)


@given(vitals)
def test_the_score_is_read_off_the_chart(inputs: dict) -> None:
    saturation = "spo2" if not inputs["scale2"] else "scale2 on oxygen" if inputs["on_o2"] else "scale2 on air"
    points = [read_off(name, inputs[name]) for name in ("rr", "sbp", "pulse", "temp")] + [read_off(saturation, inputs["spo2"])]
    points += [2 if inputs["on_o2"] else 0, 0 if inputs["consciousness"] == "A" else 3]
    found = news2(**inputs)
    assert found.total == sum(points) == sum(found.points.values())
    total = found.total
    band = "high" if total >= 7 else "medium" if total >= 5 else "low_medium" if 3 in points else "low"
    assert found.band == band


@pytest.mark.parametrize(
    ("change", "total", "band"),
    [
        ({}, 0, "low"),
        ({"consciousness": "C"}, 3, "low_medium"),  # new confusion alone
        ({"temp": 37.5}, 0, "low"),  # a public example gives 1 here: it is wrong
        ({"temp": 38.04}, 0, "low"),  # 38.0 on the chart
        ({"temp": 38.05}, 1, "low"),
        ({"spo2": 95.5}, 0, "low"),
        ({"spo2": 95.4}, 1, "low"),
        ({"rr": 20.5}, 2, "low"),
        ({"spo2": 97, "on_o2": True, "scale2": True}, 5, "medium"),  # too much oxygen counts
        ({"spo2": 97, "scale2": True}, 0, "low"),
    ],
)
def test_cases_worth_remembering(change: dict, total: int, band: str) -> None:
    found = news2(**(WELL | change))
    assert (found.total, found.band) == (total, band)


@pytest.mark.parametrize("change", [{"consciousness": "X"}, {"consciousness": ""}, {"rr": math.nan}, {"temp": math.inf}, {"pulse": -1}])
def test_nonsense_is_refused(change: dict) -> None:
    with pytest.raises(Invalid) as refused:
        news2(**(WELL | change))
    assert refused.value.code == "out_of_domain"


def test_nothing_is_imputed() -> None:
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    together = dict.fromkeys(INPUTS, now)
    assert unfit(together) == ()
    assert unfit({name: at for name, at in together.items() if name != "rr"}) == ("missing:rr",)
    assert unfit(together | {"temp": now - timedelta(minutes=30)}) == ()
    assert unfit(together | {"temp": now - timedelta(minutes=30, seconds=1)}) == ("apart",)
    assert unfit(together, age=15.9) == ("under_16",)
    assert unfit(together, age=16, pregnant=True) == ("pregnant",)
    assert unfit({}) == tuple(f"missing:{name}" for name in INPUTS)


@pytest.mark.parametrize(("mean", "percent"), [(100, 5.7), (150, 6.9), (200, 8.1), (350, 11.7)])
def test_gmi_is_the_published_table(mean: float, percent: float) -> None:
    assert round(gmi(mean_mg_dl=mean), 1) == percent


@given(st.floats(40, 400))
def test_both_gmi_formulas_tell_the_same_story(mean: float) -> None:
    # The authors published both; they agree to a few tenths of mmol/mol through NGSP = IFCC / 10.929 + 2.15.
    assert gmi_mmol_mol(mean_mmol_l=mean / 18.0182) / 10.929 + 2.15 == pytest.approx(gmi(mean_mg_dl=mean), abs=0.06)


@pytest.mark.parametrize("mean", [0, -5, math.nan, math.inf])
def test_gmi_needs_a_mean(mean: float) -> None:
    for formula in (lambda: gmi(mean_mg_dl=mean), lambda: gmi_mmol_mol(mean_mmol_l=mean)):
        with pytest.raises(Invalid):
            formula()
