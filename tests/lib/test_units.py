"""Conversions: exact, reversible, and refused where the unit does not fit."""

import math

import pytest
from hypothesis import given, strategies as st

from healthhub.lib.refused import Invalid
from healthhub.lib.units import from_canonical, round_half_up, to_canonical, ucum
from healthhub.records.catalogue import BY_KEY, KINDS

CONVERSIONS = [(kind, code) for kind in KINDS for code in sorted(set(kind.ucum.values()))]


@pytest.mark.parametrize(
    ("key", "value", "unit", "canonical"),
    [
        ("bp", 16, "kPa", 120.00992),
        ("bp", 120, "mmHg", 120),
        ("hr", 72, "bpm", 72),
        ("temp", 100.4, "°F", 38.0),
        ("temp", 98.6, "[degF]", 37.0),
        ("skin_temp_delta", 1.8, "degF", 1.0),  # a difference: no 32 to take off
        ("spo2", 0.97, "1", 97.0),
        ("weight", 150, "lb", 68.0388555),
        ("weight", 140, "斤", 70.0),
        ("height", 1.75, "m", 175.0),
        ("height", 70, "inches", 177.8),
        ("glucose", 180.182, "mg/dL", 10.0),
        ("glucose", 180.182, "MG / DL", 10.0),
        ("hba1c", 53, "mmol/mol", 53 / 10.929 + 2.15),
        ("cholesterol", 193.35, "mg/dl", 5.0),
        ("triglycerides", 177.14, "mg/dL", 2.0),
        ("creatinine", 1.0, "mg/dL", 88.4),
        ("creatinine", 88.4, "μmol/L", 88.4),  # Greek mu and micro sign both mean micro
        ("creatinine", 88.4, "µmol/L", 88.4),
        ("uric_acid", 7, "mg/dL", 416.36),
        ("uacr", 3, "mg/mmol", 26.52),
        ("ketone", 15.615, "mg/dL", 1.5),
        ("pef", 5, "L/s", 300.0),
        ("distance", 1, "mile", 1.609347),
        ("sleep", 7.5, "h", 450.0),
        ("phq9", 12, "", 12),
    ],
)
def test_each_spelling_gives_the_canonical_value(key: str, value: float, unit: str, canonical: float) -> None:
    assert to_canonical(value, unit=unit, kind=BY_KEY[key]) == pytest.approx(canonical, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "unit"),
    [("glucose", "mmHg"), ("glucose", ""), ("bp", "%"), ("weight", "lbf"), ("temp", "K"), ("spo2", "mg/dL"), ("hr", "Hz"), ("steps", "km")],
)
def test_a_foreign_unit_is_refused(key: str, unit: str) -> None:
    for convert in (to_canonical, from_canonical):
        with pytest.raises(Invalid) as refused:
            convert(1.0, unit=unit, kind=BY_KEY[key])
        assert (refused.value.code, refused.value.field) == ("unknown_unit", "unit")


def test_a_refusal_does_not_echo_a_novel() -> None:
    with pytest.raises(Invalid) as refused:
        to_canonical(1.0, unit="x" * 100_000, kind=BY_KEY["hr"])
    assert len(refused.value.sentence) < 200


@given(st.sampled_from(CONVERSIONS), st.floats(0, 1))
def test_there_and_back_is_the_same_value(conversion: tuple, share: float) -> None:
    kind, unit = conversion
    value = kind.hard[0] + share * (kind.hard[1] - kind.hard[0])
    sent = from_canonical(value, unit=unit, kind=kind)
    back = to_canonical(sent, unit=unit, kind=kind)
    assert math.isclose(back, value, rel_tol=1e-9, abs_tol=2e-6)
    # What a meter sends in its own decimals survives exactly.
    shown = round_half_up(sent, kind.precision_in[unit] + 2)
    assert round_half_up(from_canonical(to_canonical(shown, unit=unit, kind=kind), unit=unit, kind=kind), 6) == round_half_up(shown, 6)


@given(st.sampled_from(CONVERSIONS), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_conversion_keeps_the_order(conversion: tuple, one: float, other: float) -> None:
    kind, unit = conversion
    low, high = sorted((one, other))
    assert to_canonical(low, unit=unit, kind=kind) <= to_canonical(high, unit=unit, kind=kind)


@given(st.sampled_from(CONVERSIONS), st.booleans())
def test_spellings_name_their_code_in_any_case(conversion: tuple, upper: bool) -> None:
    kind, unit = conversion
    spelling = unit.upper() if upper else f" {unit.lower()} "
    assert ucum(spelling, kind=kind) == unit


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (0.5, 0, 1),
        (1.5, 0, 2),
        (2.5, 0, 3),
        (-0.5, 0, -1),
        (2.675, 2, 2.68),
        (28.7 * 6 - 46.7, 0, 126),
        (134.95, 1, 135.0),
        (1e15 + 0.3, 0, 1e15),
    ],
)
def test_halves_go_up(value: float, digits: int, rounded: float) -> None:
    assert round_half_up(value, digits) == rounded
