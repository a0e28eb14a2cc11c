"""The equations a second time: worked examples of the publications, other forms of the same equations, and the directions
the publications state. Nothing here shares code with the scores.
"""

from itertools import pairwise
from math import exp, log, log1p
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from risk.scores import china_par, ckd_epi, framingham, kfre, pce, prevent, score2, score2_diabetes, score2_op
from risk.scores.registry import BY_KEY
from tests.risk.people import PEOPLE

few = settings(max_examples=60, deadline=None)
sexes = st.sampled_from(["female", "male"])
yes = st.booleans()
regions = st.sampled_from(score2.REGIONS)


def value(key: str, **change: Any) -> float:
    score = BY_KEY[key]
    return score.result(score.in_own_units(**(PEOPLE[key] | change))).value


# --- worked examples, as printed -----------------------------------------------------------------------------------
PREVENT_PAPER = {
    "age": 50, "sex": "female", "sbp": 160, "bp_treated": True, "total_c": 200, "hdl_c": 45, "statin": False, "diabetes": True,
    "smoker": False, "egfr": 90, "bmi": 35, "hba1c": None, "uacr": None,
}  # fmt: skip
KFRE_LABS = dict.fromkeys(("albumin", "phosphate", "bicarbonate", "calcium"))


@pytest.mark.parametrize(
    ("key", "change", "printed", "places"),
    [
        ("prevent_10y", PREVENT_PAPER, 14.7, 1),
        ("prevent_30y", PREVENT_PAPER, 53.0, 1),
        ("prevent_10y", PREVENT_PAPER | {"sex": "male"}, 16.3, 1),
        ("prevent_10y", PREVENT_PAPER | {"hba1c": 7.5, "uacr": 92}, 16.8, 1),
        ("prevent_30y", PREVENT_PAPER | {"hba1c": 7.5, "uacr": 92}, 53.4, 1),
        ("pce", {"sex": "female", "race": "white", "sbp": 120}, 2.1, 1),
        ("pce", {"sex": "female", "race": "black", "sbp": 120}, 3.0, 1),
        ("pce", {"sex": "male", "race": "black", "sbp": 120}, 6.1, 1),
        ("pce", {"sex": "male", "race": "white", "total_c": 200, "sbp": 130}, 5.7, 1),
        ("framingham_lipids", {"sex": "female", "age": 61, "total_c": 180, "hdl_c": 47, "sbp": 124, "smoker": True}, 10.48, 2),
        ("framingham_lipids", {"age": 53, "total_c": 161, "hdl_c": 55, "sbp": 125, "bp_treated": True, "diabetes": True}, 15.62, 2),
        ("framingham_bmi", {"bmi": 30}, 16.75, 2),
        ("china_par", {"age": 40, "waist": 80, "total_c": 5.2 / 0.0259, "hdl_c": 1.3 / 0.0259, "sbp": 145, "family_history": True}, 4.7, 1),
        ("score2", {"sex": "male", "age": 50, "smoker": True}, 5.9, 1),
        ("score2", {"sex": "female", "age": 50, "smoker": True, "region": "very_high"}, 13.7, 1),
        ("score2_op", {"sex": "male", "smoker": True}, 18.6, 1),
        ("score2_op", {"sex": "female", "smoker": True}, 15.2, 1),
        ("score2_diabetes", {"sex": "male", "age_at_diagnosis": 60}, 8.4, 1),
        ("score2_diabetes", {"sex": "female", "age_at_diagnosis": 60}, 6.1, 1),
        ("score2_ap", {"sex": "male", "age": 50, "smoker": True, "region": "very_high"}, 21.6, 1),
        ("score2_ap", {"sex": "female", "age": 50, "smoker": True, "region": "very_high"}, 21.8, 1),
        ("ckd_epi", {"sex": "male", "age": 20, "creatinine": 0.3}, 175, 0),
        ("ckd_epi", {"sex": "female", "age": 65, "creatinine": 1.2}, 50, 0),
        ("kfre", KFRE_LABS | {"age": 72, "sex": "female", "egfr": 28, "uacr": 800, "region": "north_america"}, 28.0, 1),
    ],
)
def test_printed_examples(key: str, change: dict[str, Any], printed: float, places: int) -> None:
    assert round(value(key, **change), places) == printed


# --- other forms of the same equations -----------------------------------------------------------------------------
@few
@given(st.floats(18, 110), sexes, st.floats(0.2, 15))
def test_ckd_epi_is_two_straight_lines_in_logarithms(age: float, sex: str, creatinine: float) -> None:
    knot, low = (0.7, -0.241) if sex == "female" else (0.9, -0.302)
    slope = low if creatinine <= knot else -1.2
    expected = log(142 * (1.012 if sex == "female" else 1)) + slope * log(creatinine / knot) + age * log(0.9938)
    assert log(ckd_epi.egfr(age=age, sex=sex, creatinine=creatinine)) == pytest.approx(expected)


@few
@given(
    sexes, st.floats(40, 69.9), st.floats(90, 200), st.floats(2.5, 10), st.floats(0.5, 2), st.booleans(), st.sampled_from(score2.REGIONS)
)
def test_score2_by_the_two_steps_of_the_paper(sex: str, age: float, sbp: float, tc: float, hdl: float, smoker: bool, region: str) -> None:
    table = score2.tables()["score2"][sex]
    a, s, t, h = (age - 60) / 5, (sbp - 120) / 20, tc - 6, (hdl - 1.3) / 0.5
    total = table["a"] * a + table["s"] * s + table["t"] * t + table["h"] * h + table["smoker"] * smoker
    total += a * (table["a_x_s"] * s + table["a_x_t"] * t + table["a_x_h"] * h + table["a_x_smoker"] * smoker)
    uncalibrated = 1 - {"male": 0.9605, "female": 0.9776}[sex] ** exp(total)
    first, second = score2.tables()["scales"][f"score2_{sex}"][region]
    expected = 1 - exp(-exp(first + second * log(-log1p(-uncalibrated))))
    found = score2.risk(region=region, sex=sex, age=age, sbp=sbp, total_c=tc, hdl_c=hdl, smoker=smoker)
    assert found == pytest.approx(expected, rel=1e-9)


@few
@given(st.floats(18, 90), sexes, st.floats(5, 59), st.floats(1, 5000), st.sampled_from([2, 5]))
def test_kfre_multiplies_hazards(age: float, sex: str, egfr: float, uacr: float, years: int) -> None:
    def hazard(**change: Any) -> float:
        base = {"years": years, "region": "elsewhere", "age": age, "sex": sex, "egfr": egfr, "uacr": uacr}
        return -log1p(-kfre.risk(**(base | change)))

    if 1e-9 < hazard() < 20 and hazard(uacr=2 * uacr) < 20:
        assert hazard(uacr=2 * uacr) / hazard() == pytest.approx(2**0.4510, rel=1e-6)
        assert hazard(age=age + 10) / hazard() == pytest.approx(exp(-0.2201), rel=1e-6)
        assert hazard(region="north_america") / hazard() == pytest.approx(
            log({2: 0.9750, 5: 0.9240}[years]) / log({2: 0.9832, 5: 0.9365}[years]), rel=1e-6
        )


@few
@given(sexes, st.floats(40, 79), st.floats(90, 200))
def test_framingham_hazard_of_pressure_is_a_power(sex: str, age: float, sbp: float) -> None:
    power = {"male": 1.99881, "female": 2.82263}[sex]

    def hazard(pressure: float) -> float:
        given = {"age": age, "total_c": 200.0, "hdl_c": 50.0, "smoker": False, "diabetes": False}
        return -log1p(-framingham.risk(version="lipids", sex=sex, sbp=pressure, bp_treated=True, **given))

    assert hazard(1.1 * sbp) / hazard(sbp) == pytest.approx(1.1**power, rel=1e-6)


@few
@given(
    sexes, st.booleans(), st.floats(20, 85), st.floats(70, 200), st.floats(80, 400), st.floats(20, 75), st.floats(50, 130), st.booleans()
)
def test_china_par_stays_within_the_printed_rounding(
    sex: str, treated: bool, age: float, sbp: float, tc: float, hdl: float, waist: float, smoker: bool
) -> None:
    """The refit's linear predictor is the printed one up to half a unit of the last printed digit in every coefficient."""
    printed = {
        "male": (31.97, 27.39, 26.15, 0.62, -0.69, -0.71, 3.96, -0.94, -6.02, -5.73, 140.68),
        "female": (24.87, 20.71, 19.98, 0.06, -0.22, 1.48, 0.49, 0.0, -4.53, -4.36, 117.26),
    }[sex]
    a, s = log(age), log(sbp)
    pressure, crossed = (printed[1], printed[8]) if treated else (printed[2], printed[9])
    by_print = printed[0] * a + pressure * s + printed[3] * log(tc) + printed[4] * log(hdl) + printed[5] * log(waist)
    by_print += crossed * a * s + smoker * (printed[6] + printed[7] * a) - printed[10]
    slack = 0.005 * (a + s + log(tc) + log(hdl) + log(waist) + a * s + smoker * (1 + a) + 1)
    no = dict.fromkeys(("diabetes", "north", "urban", "family_history"), False)
    found = china_par.risk(sex=sex, age=age, sbp=sbp, bp_treated=treated, total_c=tc, hdl_c=hdl, waist=waist, smoker=smoker, **no)
    if 0 < found < 1 - 1e-12:
        total = log(-log1p(-found)) - log(-log(china_par.coefficients()[sex]["s10"]))
        assert abs(total - by_print) <= slack + 1e-6


def test_every_refitted_coefficient_is_within_the_print() -> None:
    men = china_par.coefficients()["male"]
    assert men["ln_age"] == pytest.approx(31.97, abs=0.005)
    assert men["ln_age_x_family_history"] == pytest.approx(-1.53, abs=0.005)
    assert men["s10"] == pytest.approx(0.97, abs=0.005)
    assert china_par.coefficients()["female"]["s10"] == pytest.approx(0.99, abs=0.005)


@few
@given(sexes, st.floats(30, 79), st.floats(90, 180), st.floats(15, 140), st.booleans())
def test_prevent_terms_are_the_published_splines(sex: str, age: float, sbp: float, egfr: float, diabetes: bool) -> None:
    """The base 10-year ASCVD equation of women, written out from the paper's table; of men by its difference."""
    person = {"total_c": 213.0, "hdl_c": 50.0, "bmi": 27.0, "smoker": True, "bp_treated": True, "statin": True}
    found = prevent.risks(model="base", years=10, sex="female", age=age, sbp=sbp, egfr=egfr, diabetes=diabetes, **person)["ascvd"]
    a, low, high = (age - 55) / 10, (min(sbp, 110) - 110) / 20, (max(sbp, 110) - 130) / 20
    n, h = 163 * 0.02586 - 3.5, (50 * 0.02586 - 1.3) / 0.3
    e, f = (min(egfr, 60) - 60) / -15, (max(egfr, 60) - 90) / -15
    total = -3.819975 + 0.719883 * a + 0.1176967 * n - 0.151185 * h - 0.0835358 * low + 0.3592852 * high + 0.8348585 * diabetes
    total += 0.4831078 + 0.4864619 * e + 0.0397779 * f + 0.2265309 - 0.0592374 - 0.0395762 * high + 0.0844423 * n
    total += a * (-0.0567839 * n + 0.0325692 * h - 0.1035985 * high - 0.2417542 * diabetes - 0.0791142 - 0.1671492 * e)
    assert log(found / (1 - found)) == pytest.approx(total)


def test_the_prevent_table_is_whole() -> None:
    table = prevent.coefficients()
    assert len(table) == 8
    for model, outcomes in table.items():
        assert len(outcomes) == 10
        for name, terms in outcomes.items():
            assert ("age2" in terms) == model.endswith("30yr"), name
            assert ("nonhdl" in terms) != name.endswith("heart_failure"), name
            assert ("ln_uacr" in terms) == model.startswith(("uacr", "full")), name
            assert ("hba1c_missing" in terms) == model.startswith(("hba1c", "full")), name


# --- directions that the publications state ------------------------------------------------------------------------
RISES = [
    ("prevent_10y", "sbp", (110, 130, 150, 179)),
    ("prevent_10y", "age", (30, 45, 60, 79)),
    ("prevent_10y", "uacr", (1, 30, 300, 3000)),
    ("prevent_10y", "hba1c", (5, 6, 8, 12)),
    ("prevent_10y", "total_c", (130, 200, 260, 320)),
    ("china_par", "age", (35, 45, 55, 65, 74)),
    ("china_par", "sbp", (100, 120, 140, 180)),
    ("china_par", "total_c", (120, 200, 300)),
    ("score2", "age", (40, 50, 60, 69)),
    ("score2", "sbp", (100, 130, 160, 190)),
    ("score2_op", "age", (70, 75, 80, 89)),
    ("score2_ap", "total_c", (3, 5, 7)),
    ("score2_diabetes", "hba1c", (35, 50, 80, 110)),
    ("pce", "sbp", (100, 120, 160, 199)),
    ("pce", "age", (40, 50, 60, 79)),
    ("framingham_lipids", "total_c", (120, 200, 300)),
    ("framingham_bmi", "bmi", (18, 25, 40)),
    ("kdigo", "uacr", (5, 100, 500)),
    ("kfre", "uacr", (10, 100, 1000)),
    ("kfre", "phosphate", (2, 4, 6)),
    ("maggic", "creatinine", (80, 100, 140, 180, 300)),
    ("maggic", "nyha", (1, 2, 3, 4)),
    ("findrisc", "waist", (90, 100, 110)),
    ("cdrs", "age", (20, 30, 40, 60, 70)),
    ("ada", "bmi", (22, 26, 35, 45)),
    ("gmi", "mean_glucose", (100, 150, 250)),
]
FALLS = [
    ("prevent_10y", "hdl_c", (25, 50, 75, 99)),
    ("prevent_10y", "egfr", (20, 40, 60, 90)),
    ("china_par", "hdl_c", (30, 50, 90)),
    ("score2", "hdl_c", (0.7, 1.3, 2)),
    ("score2_diabetes", "egfr", (30, 60, 90)),
    ("pce", "hdl_c", (25, 50, 90)),
    ("framingham_lipids", "hdl_c", (25, 50, 90)),
    ("ckd_epi", "creatinine", (0.4, 0.9, 2, 6)),
    ("ckd_epi", "age", (20, 50, 90)),
    ("kdigo", "egfr", (10, 50, 100)),
    ("kfre", "egfr", (10, 30, 50)),
    ("kfre", "albumin", (2, 3, 4.5)),
    ("maggic", "ejection_fraction", (15, 22, 27)),
    ("maggic", "bmi", (14, 18, 22, 27, 32)),
    ("maggic", "sbp", (100, 115, 125, 145)),
    ("bode", "fev1_percent", (30, 40, 55, 70)),
    ("bode", "walk", (100, 200, 300, 400)),
]
WORSE_WHEN_TRUE = [
    *[
        (key, "smoker")
        for key in ("prevent_10y", "china_par", "score2", "score2_op", "score2_diabetes", "score2_ap", "pce", "framingham_lipids")
    ],
    *[(key, "diabetes") for key in ("prevent_10y", "china_par", "score2_op", "pce", "framingham_bmi", "maggic", "cha2ds2_vasc")],
    ("china_par", "north"),
    ("china_par", "family_history"),
    ("maggic", "copd"),
    ("has_bled", "drugs"),
    ("cha2ds2_va", "stroke"),
    ("findrisc", "high_glucose_ever"),
    ("cdrs", "family_history"),
]


@pytest.mark.parametrize(("key", "name", "values"), RISES)
def test_what_rises(key: str, name: str, values: tuple[float, ...]) -> None:
    found = [value(key, **{name: one}) for one in values]
    assert all(left < right or (key == "maggic" and left <= right) for left, right in pairwise(found)), found


@pytest.mark.parametrize(("key", "name", "values"), FALLS)
def test_what_falls(key: str, name: str, values: tuple[float, ...]) -> None:
    found = [value(key, **{name: one}) for one in values]
    assert all(left > right for left, right in pairwise(found)), found


@pytest.mark.parametrize(("key", "name"), WORSE_WHEN_TRUE)
def test_what_is_worse_when_true(key: str, name: str) -> None:
    assert value(key, **{name: True}) > value(key, **{name: False})


@pytest.mark.parametrize("key", ["score2", "score2_op", "score2_diabetes", "score2_ap"])
def test_regions_rise(key: str) -> None:
    found = [value(key, region=region) for region in score2.REGIONS]
    assert found == sorted(found)


@few
@given(sexes, st.floats(35, 74), st.floats(90, 180), st.booleans())
def test_risks_are_probabilities_and_small_ones_stay_exact(sex: str, age: float, sbp: float, smoker: bool) -> None:
    person = {"sex": sex, "smoker": smoker, "sbp": sbp}
    lipids = {"total_c": 5.5, "hdl_c": 1.3}
    for region in score2.REGIONS:
        assert 0 < score2.risk(region=region, age=min(age, 69), **person, **lipids) < 1
        assert 0 < score2_op.risk(region=region, age=age + 15, diabetes=True, **person, **lipids) < 1
        diabetic = {"age_at_diagnosis": 40, "hba1c": 60, "egfr": 60}
        assert 0 < score2_diabetes.risk(region=region, age=age, **person, **lipids, **diabetic) < 1
    assert 0 < pce.risk(age=age + 5, race="black", total_c=200, hdl_c=50, bp_treated=True, diabetes=True, **person) < 1
