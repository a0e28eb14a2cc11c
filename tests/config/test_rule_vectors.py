"""The rules behind the cases hold beyond them: every value, against a plain second reading of the guidelines' table."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from healthhub.config.vectors.rules import WEIGHT_GAINS, alert


def answer(**inputs: Any) -> Any:
    return alert({"inputs": inputs})


def pressure_by_the_table(sbp: int, dbp: int, profile: str, symptoms: bool) -> str:
    """Symptoms are chest pain and a faint: the one makes a high pressure an emergency, the other a low one."""
    if (sbp >= 180 or dbp >= 110) if profile == "CN" else (sbp > 180 or dbp > 120):
        return "red" if symptoms else "urgent"
    if symptoms and (sbp < 100 or dbp < 50):
        return "red"
    if sbp < 90 or dbp < 50 or sbp >= 160 or dbp >= 100:
        return "amber"
    high = (sbp >= 135 or dbp >= 85) if profile == "CN" else (sbp >= 130 or dbp >= 80)
    return "watch" if high or sbp < 100 else "none"


@settings(max_examples=300, deadline=None)
@given(st.integers(60, 240), st.integers(11, 110), st.sampled_from(["CN", "US"]), st.booleans())
def test_blood_pressure_everywhere(sbp: int, gap: int, profile: str, symptoms: bool) -> None:
    dbp = sbp - gap
    if 25 <= dbp <= 190:
        assert answer(sbp=sbp, dbp=dbp, profile=profile, symptoms=symptoms) == pressure_by_the_table(sbp, dbp, profile, symptoms)


@pytest.mark.parametrize(
    "limit", [(90, 60), (100, 65), (130, 79), (135, 84), (160, 99), (180, 109), (181, 100), (120, 85), (150, 100), (150, 110), (150, 121)]
)
@pytest.mark.parametrize("profile", ["CN", "US"])
@pytest.mark.parametrize("symptoms", [False, True])
def test_blood_pressure_on_both_sides_of_each_limit(limit: tuple[int, int], profile: str, symptoms: bool) -> None:
    for sbp in (limit[0] - 1, limit[0], limit[0] + 1):
        for dbp in (limit[1] - 1, limit[1], limit[1] + 1):
            assert answer(sbp=sbp, dbp=dbp, profile=profile, symptoms=symptoms) == pressure_by_the_table(sbp, dbp, profile, symptoms)


@pytest.mark.parametrize(
    ("mg_dl", "code"),
    [
        (30, "L2_hypo"), (53, "L2_hypo"), (54, "L1_hypo"), (69, "L1_hypo"), (70, "none"), (180, "none"), (181, "L1_hyper"),
        (250, "L1_hyper"), (251, "L2_hyper"), (299, "L2_hyper"), (300, "hyper_urgent"), (600, "hyper_urgent"),
    ],
)  # fmt: skip
def test_glucose_is_held_against_limits_in_its_own_unit(mg_dl: int, code: str) -> None:
    assert answer(mg_dl=mg_dl, severe_symptoms=False, ketone_mmol_l=None) == code
    assert answer(mg_dl=mg_dl, severe_symptoms=True, ketone_mmol_l=None) == "L3_hypo"


@pytest.mark.parametrize(
    ("ketone", "code"),
    [
        (0.5, "none"),
        (0.6, "ketone_watch"),
        (1.4, "ketone_watch"),
        (1.5, "ketone_high"),
        (2.9, "ketone_high"),
        (3.0, "ketone_emergency"),
        (5.0, "ketone_emergency"),
    ],
)
def test_ketones_speak_at_any_glucose(ketone: float, code: str) -> None:
    assert answer(mg_dl=120, severe_symptoms=False, ketone_mmol_l=ketone) == code


series = st.lists(st.tuples(st.integers(1, 3), st.integers(-12, 14)), min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(series)
def test_weight_gains_by_the_table(steps: list[tuple[int, int]]) -> None:
    """Tenths of a kilogram, so that no sum falls beside a limit by a hair."""
    days, tenths = [1], [700]
    for gap, change in steps:
        days.append(days[-1] + gap)
        tenths.append(tenths[-1] + change)
    last, now = days[-1], tenths[-1]
    gain = {within: max((now - w for d, w in zip(days, tenths, strict=True) if 0 < last - d <= within), default=0) for within in (1, 3, 7)}
    expected = [code for code, met in zip(WEIGHT_GAINS, (gain[3] > 20, gain[1] >= 13.6, gain[7] >= 22.7), strict=True) if met]
    assert all(later > earlier for earlier, later in pairwise(days))
    assert answer(series=[[day, tenth / 10] for day, tenth in zip(days, tenths, strict=True)]) == expected


@given(st.integers(200, 800), st.integers(20, 110))
@settings(max_examples=200, deadline=None)
def test_peak_flow_zones(best: int, percent: int) -> None:
    pef = max(30, best * percent // 100)
    expected = "red" if pef * 100 < 50 * best else "yellow" if pef * 100 < 80 * best else "green"
    assert answer(pef=pef, personal_best=best) == expected
