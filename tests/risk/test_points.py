"""The tables of points a second time: ends of steps, greatest totals, bands, and what the totals advise."""

from itertools import pairwise
from typing import Any

import pytest

from risk.scores import kdigo, maggic, score2
from risk.scores.registry import BY_KEY
from tests.risk.people import PEOPLE


def value(key: str, **change: Any) -> float:
    score = BY_KEY[key]
    return score.result(score.in_own_units(**(PEOPLE[key] | change))).value


def band(key: str, **change: Any) -> str:
    score = BY_KEY[key]
    found = score.result(score.in_own_units(**(PEOPLE[key] | change))).band
    return "" if found is None else found.key


@pytest.mark.parametrize(
    ("egfr", "uacr", "stage", "albumin", "risk"),
    [
        (90, 29.9, "G1", "A1", "low"), (90, 30, "G1", "A2", "moderate"), (90, 300, "G1", "A2", "moderate"), (90, 301, "G1", "A3", "high"),
        (89.9, 5, "G2", "A1", "low"), (60, 5, "G2", "A1", "low"), (59.9, 5, "G3a", "A1", "moderate"), (45, 100, "G3a", "A2", "high"),
        (45, 400, "G3a", "A3", "very_high"), (44.9, 5, "G3b", "A1", "high"), (30, 30, "G3b", "A2", "very_high"),
        (29.9, 5, "G4", "A1", "very_high"), (15, 5, "G4", "A1", "very_high"), (14.9, 5, "G5", "A1", "very_high"),
    ],
)  # fmt: skip
def test_the_kidney_grid(egfr: float, uacr: float, stage: str, albumin: str, risk: str) -> None:
    score = BY_KEY["kdigo"]
    found = score.result(score.in_own_units(egfr=egfr, uacr=uacr))
    assert (found.parts["g"], found.parts["a"], band("kdigo", egfr=egfr, uacr=uacr)) == (stage, albumin, risk)
    assert kdigo.stage(egfr) == stage


@pytest.mark.parametrize(
    ("age", "percent_band"),
    [(45, (2.5, 7.5)), (49.9, (2.5, 7.5)), (50, (5, 10)), (69.9, (5, 10)), (70, (7.5, 15)), (85, (7.5, 15))],
)
def test_score2_categories_depend_on_age(age: float, percent_band: tuple[float, float]) -> None:
    high, very_high = percent_band
    found = [score2.band_of(percent, age).key for percent in (high - 0.01, high, very_high - 0.01, very_high)]
    assert found == ["low_moderate", "high", "high", "very_high"]


# Ends of each step, both sides, with their points.
FINNISH_BANDS = [
    (6, "low"), (7, "slightly_elevated"), (11, "slightly_elevated"), (12, "moderate"), (14, "moderate"), (15, "high"), (20, "high"),
    (21, "very_high"),
]  # fmt: skip
CDRS = {
    "age": [
        (20, 0),
        (24.9, 0),
        (25, 4),
        (34.9, 4),
        (35, 8),
        (40, 11),
        (45, 12),
        (50, 13),
        (55, 15),
        (60, 16),
        (64.9, 16),
        (65, 18),
        (74.9, 18),
    ],
    "sbp": [(109.9, 0), (110, 1), (119.9, 1), (120, 3), (129.9, 3), (130, 6), (140, 7), (150, 8), (159.9, 8), (160, 10)],
    "bmi": [(21.9, 0), (22, 1), (23.9, 1), (24, 3), (29.9, 3), (30, 5)],
    "waist": [(74.9, 0), (75, 3), (79.9, 3), (80, 5), (85, 7), (90, 8), (94.9, 8), (95, 10)],
}  # fmt: skip
FINDRISC = {
    "age": [(44.9, 0), (45, 2), (54.9, 2), (55, 3), (64.9, 3), (65, 4)],
    "bmi": [(24.9, 0), (25, 1), (30, 1), (30.1, 3)],
    "waist": [(93.9, 0), (94, 3), (102, 3), (102.1, 4)],
}
ADA = {
    "age": [(39, 0), (40, 1), (49, 1), (50, 2), (59, 2), (60, 3)],
    "weight": [(24.9, 0), (25, 1), (29.9, 1), (30, 2), (39.9, 2), (40, 3)],
}


@pytest.mark.parametrize(
    ("key", "name", "at", "points"),
    [
        (key, name, at, points)
        for key, table in (("cdrs", CDRS), ("findrisc", FINDRISC), ("ada", ADA))
        for name, steps in table.items()
        for at, points in steps
    ],
)
def test_points_at_the_ends_of_steps(key: str, name: str, at: float, points: int) -> None:
    score = BY_KEY[key]
    found = score.result(score.in_own_units(**(PEOPLE[key] | {"bmi" if name == "weight" else name: at})))
    assert found.parts[name] == points


def test_ada_counts_weight_earlier_in_asian_people() -> None:
    assert [value("ada", asian=True, bmi=bmi) - value("ada", bmi=bmi) for bmi in (22.9, 23, 24.9, 25, 30)] == [0, 1, 1, 0, 0]


def test_the_greatest_totals() -> None:
    no_yes = {"active": False, "daily_vegetables": False, "bp_treated_ever": True, "high_glucose_ever": True, "family": "first_degree"}
    assert value("findrisc", age=70, bmi=35, waist=110, **no_yes) == 26
    assert value("cdrs", age=70, sbp=170, waist=100, bmi=31, family_history=True) == 51
    assert value("ada", age=70, sex="male", gestational_diabetes=None, bmi=41, hypertension=True, active=False) == 10
    assert value("phq9", items=(3,) * 9) == 27
    assert value("gad7", items=(3,) * 7) == 21
    assert value("bode", fev1_percent=20, walk=100, mmrc=4, bmi=20) == 10
    every = dict.fromkeys(("heart_failure", "hypertension", "diabetes", "stroke", "vascular"), True)
    assert value("cha2ds2_vasc", age=80, **every) == 9
    assert value("cha2ds2_va", age=80, **every) == 8
    bled = {name: True for name in PEOPLE["has_bled"] if name != "age"}
    assert value("has_bled", **(bled | {"age": 66})) == 9


@pytest.mark.parametrize(("age", "points"), [(64, 0), (65, 1), (74, 1), (75, 2)])
def test_age_in_atrial_fibrillation(age: int, points: int) -> None:
    assert value("cha2ds2_va", age=age, hypertension=False) == points
    assert value("has_bled", age=age) == (age > 65)


@pytest.mark.parametrize(
    ("sex", "hypertension", "stroke", "advice"),
    [
        ("male", False, False, "not_recommended"), ("female", False, False, "not_recommended"), ("male", True, False, "consider"),
        ("female", True, False, "consider"), ("male", False, True, "recommended"), ("female", False, True, "recommended"),
    ],
)  # fmt: skip
def test_being_a_woman_alone_is_no_reason_to_treat(sex: str, hypertension: bool, stroke: bool, advice: str) -> None:
    assert band("cha2ds2_vasc", age=50, sex=sex, hypertension=hypertension, stroke=stroke) == advice


@pytest.mark.parametrize(
    ("total", "phq", "gad"),
    [
        (0, "minimal", "minimal"), (4, "minimal", "minimal"), (5, "mild", "mild"), (9, "mild", "mild"), (10, "moderate", "moderate"),
        (14, "moderate", "moderate"), (15, "moderately_severe", "severe"), (19, "moderately_severe", "severe"), (20, "severe", "severe"),
    ],
)  # fmt: skip
def test_bands_of_mood(total: int, phq: str, gad: str) -> None:
    def items(count: int) -> tuple[int, ...]:
        return tuple(min(3, max(0, total - 3 * place)) for place in range(count))

    assert (band("phq9", items=items(9)), band("gad7", items=items(7))) == (phq, gad)


@pytest.mark.parametrize(
    ("key", "edges"),
    [
        ("findrisc", FINNISH_BANDS),
        ("bode", [(2, "quartile_1"), (3, "quartile_2"), (4, "quartile_2"), (5, "quartile_3"), (6, "quartile_3"), (7, "quartile_4")]),
        ("china_par", [(4.99, "low"), (5, "medium"), (9.99, "medium"), (10, "high")]),
        ("prevent_10y", [(4.99, "low"), (5, "borderline"), (7.49, "borderline"), (7.5, "intermediate"), (20, "high")]),
        ("score2_diabetes", [(4.99, "low"), (5, "moderate"), (10, "high"), (20, "very_high")]),
        ("cdrs", [(24, "not_high"), (25, "high")]),
        ("ada", [(4, "not_high"), (5, "high")]),
        ("has_bled", [(1, "low"), (2, "moderate"), (3, "high")]),
    ],
)  # fmt: skip
def test_edges_of_bands(key: str, edges: list[tuple[float, str]]) -> None:
    bands = BY_KEY[key].bands
    for at, expected in edges:
        assert max((one for one in bands if one.lowest <= at), key=lambda one: one.lowest).key == expected


def test_maggic_risks_rise_and_ten_points_are_two_more_years() -> None:
    """In the paper's table 3-year risk at a score is 1-year risk ten points higher, to 0.2 points of percent."""
    death = maggic.tables()["death"]
    one, three = death["risk_1y"], death["risk_3y"]
    assert len(one) == len(three) == 51
    assert all(left < right for risks in (one, three) for left, right in pairwise(risks))
    assert all(abs(three[points] - one[points + 10]) <= 0.0021 for points in range(41))


@pytest.mark.parametrize(
    ("ejection_fraction", "age", "sbp", "points"),
    [
        # the three columns of age and pressure: under 30, 30-39, from 40 %
        (29.9, 54, 109, 5 + 0 + 5), (30, 54, 109, 3 + 0 + 3), (39.9, 54, 109, 2 + 0 + 3), (40, 54, 109, 0 + 0 + 2),
        (29.9, 80, 150, 5 + 10 + 0), (30, 80, 150, 3 + 13 + 0), (40, 80, 150, 0 + 15 + 0),
        (25, 67, 135, 5 + 4 + 2), (33, 67, 135, 3 + 6 + 1), (50, 67, 125, 0 + 7 + 1), (19.9, 55, 149, 7 + 1 + 1), (22, 60, 120, 6 + 2 + 3),
    ],
)  # fmt: skip
def test_maggic_columns(ejection_fraction: float, age: float, sbp: float, points: int) -> None:
    rest = {"bmi": 31, "creatinine": 80, "nyha": 1, "smoker": False, "diabetes": False, "copd": False, "diagnosed_18_months_ago": False}
    assert value("maggic", ejection_fraction=ejection_fraction, age=age, sbp=sbp, sex="female", **rest) == points


@pytest.mark.parametrize(
    ("fev1", "walk", "mmrc", "bmi", "points"),
    [(65, 350, 0, 21.1, 0), (64.9, 349, 1, 21, 3), (50, 250, 2, 22, 3), (49, 249, 3, 22, 6), (36, 150, 3, 22, 6), (35, 149, 4, 22, 9)],
)
def test_bode_steps(fev1: float, walk: float, mmrc: int, bmi: float, points: int) -> None:
    assert value("bode", fev1_percent=fev1, walk=walk, mmrc=mmrc, bmi=bmi) == points


def test_pce_scores_others_with_the_coefficients_of_white_people_and_says_so() -> None:
    score = BY_KEY["pce"]
    found = score.result(score.in_own_units(**(PEOPLE["pce"] | {"race": "other"})))
    assert found.value == value("pce", race="white")
    assert "China-PAR" in found.notes[0]["zh-hans"]


@pytest.mark.parametrize(("hba1c", "uacr", "model"), [(None, None, "base"), (None, 30, "uacr"), (6, None, "hba1c"), (6, 30, "full")])
def test_prevent_takes_the_model_that_fits_what_is_known(hba1c: float | None, uacr: float | None, model: str) -> None:
    score = BY_KEY["prevent_10y"]
    assert score.result(score.in_own_units(**(PEOPLE["prevent_10y"] | {"hba1c": hba1c, "uacr": uacr}))).parts["model"] == model
