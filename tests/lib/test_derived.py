"""Derived figures: tables from the publications and laws that must hold everywhere."""

import math

import pytest
from hypothesis import given, strategies as st

from healthhub.lib import derived
from healthhub.lib.refused import Invalid
from healthhub.lib.units import round_half_up


@pytest.mark.parametrize(
    ("bmi", "cn", "who"),
    [
        (18.49, "underweight", "underweight"),
        (18.5, "normal", "normal"),
        (23.99, "normal", "normal"),
        (24.0, "overweight", "normal"),
        (25.0, "overweight", "overweight"),
        (27.99, "overweight", "overweight"),
        (28.0, "obese", "overweight"),
        (30.0, "obese", "obese"),
    ],
)
def test_body_mass_classes(bmi: float, cn: str, who: str) -> None:
    assert (derived.bmi_class(bmi, standard="cn"), derived.bmi_class(bmi, standard="who")) == (cn, who)


@pytest.mark.parametrize(
    ("sex", "waist", "central"), [("male", 89.9, False), ("male", 90, True), ("female", 84.9, False), ("female", 85, True)]
)
def test_central_obesity(sex: str, waist: float, central: bool) -> None:
    assert derived.central_obesity(waist_cm=waist, sex=sex) is central


def test_pressures() -> None:
    assert round_half_up(derived.mean_pressure(systolic=135, diastolic=85), 2) == 101.67
    assert derived.pulse_pressure(systolic=135, diastolic=85) == 50


@given(st.floats(50, 300), st.floats(20, 200))
def test_the_mean_lies_between_the_pressures(systolic: float, diastolic: float) -> None:
    low, high = sorted((systolic, diastolic))
    assert low - 1e-9 <= derived.mean_pressure(systolic=high, diastolic=low) <= high + 1e-9


@given(st.lists(st.floats(300, 2000), min_size=2, max_size=200))
def test_variability_by_the_definitions(intervals: list[float]) -> None:
    found = derived.heart_rate_variability(intervals)
    n = len(intervals)
    mean = sum(intervals) / n
    steps = [intervals[i + 1] - intervals[i] for i in range(n - 1)]
    assert math.isclose(found.mean_hr, 60_000 / mean, rel_tol=1e-9)
    assert math.isclose(found.sdnn, math.sqrt(sum((one - mean) ** 2 for one in intervals) / (n - 1)), rel_tol=1e-6, abs_tol=1e-6)
    assert math.isclose(found.rmssd, math.sqrt(sum(step**2 for step in steps) / (n - 1)), rel_tol=1e-9, abs_tol=1e-9)
    assert 0 <= found.pnn50 <= 100


@pytest.mark.parametrize("intervals", [[], [800], [800, 0], [800, math.nan], [800, math.inf]])
def test_variability_needs_intervals(intervals: list[float]) -> None:
    with pytest.raises(Invalid):
        derived.heart_rate_variability(intervals)


@pytest.mark.parametrize(("a1c", "glucose"), [(5, 97), (6, 126), (7, 154), (8, 183), (9, 212), (10, 240), (11, 269), (12, 298)])
def test_estimated_average_glucose_is_the_published_table(a1c: float, glucose: float) -> None:
    assert round_half_up(derived.estimated_average_glucose(a1c)) == glucose


@given(st.floats(3, 20))
def test_inverse_formulas_are_inverse(a1c: float) -> None:
    assert math.isclose(derived.estimated_a1c(derived.estimated_average_glucose(a1c)), a1c, rel_tol=1e-9)
    assert math.isclose(derived.ngsp_of_ifcc(derived.ifcc_of_ngsp(a1c)), a1c, rel_tol=1e-9)


def test_homa() -> None:
    assert derived.homa_ir(glucose_mmol_l=4.5, insulin_mu_l=22.5) == 4.5
    assert derived.homa_beta(glucose_mmol_l=6.0, insulin_mu_l=12) == 96.0
    with pytest.raises(Invalid) as refused:
        derived.homa_beta(glucose_mmol_l=3.5, insulin_mu_l=12)
    assert refused.value.code == "out_of_domain"


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_nothing_is_clamped(value: float) -> None:
    for broken in (
        lambda: derived.bmi(weight_kg=value, height_cm=170),
        lambda: derived.bmi(weight_kg=70, height_cm=value),
        lambda: derived.bmi_class(value, standard="cn"),
        lambda: derived.estimated_average_glucose(value),
        lambda: derived.estimated_a1c(value),
        lambda: derived.homa_ir(glucose_mmol_l=value, insulin_mu_l=10),
    ):
        with pytest.raises(Invalid):
            broken()
