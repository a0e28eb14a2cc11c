"""What all scores keep, score by score: they answer in one shape, name what is missing, and refuse just outside their range."""

import json
from itertools import pairwise
from typing import Any

import pytest

from healthhub.lib.refused import Invalid
from risk.scores.inputs import Input, Quantity
from risk.scores.registry import BY_KEY, SCORES
from risk.scores.shape import Score
from tests.risk.people import PEOPLE

KEYS = [score.key for score in SCORES]
NUMBERS = [(score.key, one.name) for score in SCORES for one in score.inputs if one.form == "number"]
REQUIRED = [(score.key, one.name) for score in SCORES for one in score.inputs if not one.optional]


def scored(key: str, **change: Any) -> Any:
    score = BY_KEY[key]
    return score.result(score.in_own_units(**(PEOPLE[key] | change)))


def refusal(key: str, **change: Any) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as refused:
        scored(key, **change)
    return refused.value.code, refused.value.field


def test_every_score_has_a_person_and_is_listed_once() -> None:
    assert set(KEYS) == set(PEOPLE)
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_result_says_where_it_came_from(key: str) -> None:
    score, found = BY_KEY[key], scored(key)
    assert (found.score, found.unit, found.version, found.citation) == (key, score.unit, score.version, score.citation)
    assert {one.name for one in found.inputs} == set(PEOPLE[key])
    assert json.loads(json.dumps(found.as_dict()))["value"] == found.value
    for text in (score.name, score.population, *found.notes, *score.not_for.values(), *(one.label for one in score.inputs)):
        assert text["zh-hans"]
        assert text["en"]
        assert text["zh-hans"] != text["en"]


@pytest.mark.parametrize("key", KEYS)
def test_a_score_can_be_had_again_from_its_stored_inputs(key: str) -> None:
    found = scored(key)
    stored = {one["name"]: one["value"] for one in found.as_dict()["inputs"]}
    assert BY_KEY[key].result(BY_KEY[key].in_own_units(**stored)) == found


@pytest.mark.parametrize("key", KEYS)
def test_a_result_cannot_be_changed(key: str) -> None:
    found = scored(key)
    with pytest.raises(AttributeError):
        found.value = 1.0
    with pytest.raises(TypeError):
        found.parts["more"] = 1


@pytest.mark.parametrize(("key", "name"), REQUIRED)
def test_what_is_missing_is_named_with_what_to_do(key: str, name: str) -> None:
    score = BY_KEY[key]
    (problem,) = score.problems(score.in_own_units(**(PEOPLE[key] | {name: None})))
    assert (problem.code, problem.field, problem.how) == ("missing_input", name, score.input(name).how)
    assert score.input(name).label["en"] in problem.words["en"]
    assert score.input(name).label["zh-hans"] in problem.words["zh-hans"]
    assert refusal(key, **{name: None}) == ("missing_input", name)


def just_outside(one: Input) -> tuple[float, float]:
    step = 1.0 if one.whole else 1e-6
    return (one.low if one.low_open else one.low - step), (one.high if one.high_open else one.high + step)


@pytest.mark.parametrize(("key", "name"), NUMBERS)
def test_just_outside_the_range_is_refused_and_the_edge_is_not(key: str, name: str) -> None:
    one = BY_KEY[key].input(name)
    for value in just_outside(one):
        assert refusal(key, **{name: value}) == ("out_of_range", name)
    step = 1.0 if one.whole else 1e-6
    score = BY_KEY[key]
    for value in (one.low + step * one.low_open, one.high - step * one.high_open):
        found = score.problems(score.in_own_units(**(PEOPLE[key] | {name: value})))
        assert [problem for problem in found if problem.code == "out_of_range"] == []


@pytest.mark.parametrize(("key", "name"), NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "12", True])
def test_what_is_no_number_is_refused(key: str, name: str, value: Any) -> None:
    assert refusal(key, **{name: value}) == ("not_a_number", name)


def test_all_that_is_wrong_is_said_at_once() -> None:
    score = BY_KEY["cdrs"]
    with pytest.raises(Invalid) as refused:
        score.result({"age": 19, "sex": "?", "sbp": 128}, conditions=["diabetes_t2", "hypertension"])
    found = [(one["code"], one["field"]) for one in refused.value.data["problems"]]
    assert found == [
        ("not_for", "diabetes_t2"),
        ("out_of_range", "age"),
        ("not_a_choice", "sex"),
        ("unit_needed", "sbp"),
        ("missing_input", "waist"),
        ("missing_input", "bmi"),
        ("missing_input", "family_history"),
    ]


@pytest.mark.parametrize(
    ("key", "name", "value", "same_as"),
    [
        ("china_par", "total_c", Quantity(5.2, "mmol/L"), 5.2 / 0.0259),
        ("prevent_10y", "total_c", Quantity(5.172, "mmol/L"), 200),
        ("prevent_10y", "hdl_c", Quantity(1.293, "mmol/l"), 50),
        ("prevent_10y", "sbp", Quantity(18.665, "kPa"), 140),
        ("prevent_10y", "hba1c", Quantity(48, "mmol/mol"), 6.542),
        ("prevent_10y", "uacr", Quantity(3, "mg/mmol"), 26.52),
        ("score2", "total_c", Quantity(213, "mg/dL"), 213 * 0.02586),
        ("score2_diabetes", "hba1c", Quantity(7.0, "%"), 53.0),
        ("ckd_epi", "creatinine", Quantity(88.4, "umol/L"), 1.0),
        ("maggic", "creatinine", Quantity(1.4, "mg/dL"), 123.76),
        ("kfre", "albumin", Quantity(40, "g/L"), 4.0),
        ("kfre", "calcium", Quantity(2.35, "mmol/L"), 9.42),
        ("kfre", "bicarbonate", Quantity(25, "mmol/L"), 25),
        ("china_par", "waist", Quantity(34, "[in_i]"), 86.36),
        ("news2", "temp", Quantity(100.4, "[degF]"), 38),
        ("gmi", "mean_glucose", Quantity(8.3, "mmol/L"), 149.55),
    ],
)
def test_a_value_in_another_unit_gives_the_same_score(key: str, name: str, value: Quantity, same_as: float) -> None:
    score = BY_KEY[key]
    given = score.in_own_units(**PEOPLE[key])
    assert score.result(given | {name: value}).value == pytest.approx(scored(key, **{name: same_as}).value, rel=2e-3)


@pytest.mark.parametrize(("key", "name"), [("china_par", "total_c"), ("score2", "total_c"), ("ckd_epi", "creatinine"), ("kfre", "calcium")])
def test_a_bare_number_is_not_taken_where_units_differ(key: str, name: str) -> None:
    score = BY_KEY[key]
    (problem,) = score.problems(score.in_own_units(**PEOPLE[key]) | {name: 5.2})
    assert (problem.code, problem.field) == ("unit_needed", name)
    (problem,) = score.problems(score.in_own_units(**PEOPLE[key]) | {name: Quantity(5.2, "furlong")})
    assert (problem.code, problem.field) == ("unknown_unit", name)


@pytest.mark.parametrize("score", SCORES, ids=KEYS)
def test_bands_rise(score: Score) -> None:
    assert all(left.lowest < right.lowest for left, right in pairwise(score.bands))


@pytest.mark.parametrize(
    ("key", "conditions"),
    [
        ("prevent_10y", ["cardiovascular_disease"]),
        ("prevent_30y", ["heart_failure"]),
        ("china_par", ["cardiovascular_disease"]),
        ("score2", ["diabetes_t2"]),
        ("score2_ap", ["diabetes_t1"]),
        ("score2_diabetes", ["diabetes_t1"]),
        ("ckd_epi", ["pregnant"]),
        ("kfre", ["dialysis"]),
        ("findrisc", ["diabetes_t2"]),
        ("cdrs", ["diabetes_t1"]),
        ("ada", ["diabetes_t2"]),
        ("news2", ["pregnant"]),
    ],
)
def test_for_whom_a_score_is_not(key: str, conditions: list[str]) -> None:
    score = BY_KEY[key]
    given = score.in_own_units(**PEOPLE[key])
    (problem,) = score.problems(given, conditions=["hypertension", *conditions])
    assert (problem.code, problem.field) == ("not_for", conditions[0])
    assert score.problems(given, conditions=["hypertension", "copd"]) == ()


@pytest.mark.parametrize(
    ("key", "change", "field"),
    [
        ("prevent_10y", {"total_c": 130, "hdl_c": 100}, None),  # odd, but possible
        ("china_par", {"total_c": 80, "hdl_c": 90}, "total_c"),
        ("score2_diabetes", {"age_at_diagnosis": 61}, "age_at_diagnosis"),
        ("ada", {"sex": "male", "gestational_diabetes": True}, "gestational_diabetes"),
    ],
)
def test_inputs_that_contradict_each_other(key: str, change: dict[str, Any], field: str | None) -> None:
    if field is None:
        assert scored(key, **change).value > 0
    else:
        assert refusal(key, **change) == ("inconsistent", field)


def test_what_only_one_sex_is_asked() -> None:
    assert refusal("china_par", sex="male", urban=None) == ("missing_input", "urban")
    assert refusal("china_par", sex="male", family_history=None) == ("missing_input", "family_history")
    assert scored("china_par", sex="female", urban=None, family_history=None).value > 0
    assert refusal("ada", sex="female", gestational_diabetes=None) == ("missing_input", "gestational_diabetes")
    assert scored("ada", sex="male", gestational_diabetes=None).value > 0


def test_china_par_says_that_it_is_an_estimate() -> None:
    found = scored("china_par")
    assert "估计值" in found.notes[0]["zh-hans"]
    assert "estimate" in found.notes[0]["en"]
    assert "estimate" in found.version
    assert any("few outputs" in note["en"] for note in scored("china_par", age=60).notes)
    assert any("outside the population" in note["en"] for note in scored("china_par", age=34).notes)
    assert not any("outside the population" in note["en"] for note in scored("china_par", age=74.9).notes)


@pytest.mark.parametrize(
    ("item_9", "flagged"),
    [(0, False), (1, True), (2, True), (3, True)],
)
def test_thoughts_of_self_harm_are_flagged_whatever_the_total(item_9: int, flagged: bool) -> None:
    found = BY_KEY["phq9"].result({"items": (0,) * 8 + (item_9,)})
    assert found.parts["self_harm"] is flagged
    assert any("today" in note["en"] for note in found.notes) is flagged


def test_kfre_uses_four_variables_when_a_lab_is_missing_and_says_which() -> None:
    eight, four = scored("kfre"), scored("kfre", calcium=None)
    assert (eight.parts["variables"], four.parts["variables"]) == (8, 4)
    assert "serum calcium" in four.notes[-1]["en"]
    assert "血钙" in four.notes[-1]["zh-hans"]
    assert scored("kfre", albumin=None, phosphate=None, bicarbonate=None, calcium=None).value == four.value


def test_maggic_beyond_its_table_has_points_but_no_risk() -> None:
    worst = {
        "ejection_fraction": 15, "age": 85, "sbp": 100, "bmi": 14, "creatinine": 300, "nyha": 4, "smoker": True, "diabetes": True,
        "copd": True, "beta_blocker": False, "acei_arb": False,
    }  # fmt: skip
    found = scored("maggic", **worst)
    assert found.value == 57
    assert found.parts["risk_1y"] is None
    assert "beyond" in found.notes[-1]["en"]


def test_gmi_is_not_shown_from_too_few_days() -> None:
    assert refusal("gmi", days=13.9) == ("out_of_range", "days")
    assert refusal("gmi", wear=69.9) == ("out_of_range", "wear")
    assert scored("gmi", mean_glucose=150).value == pytest.approx(6.898)


def test_thirty_years_are_refused_from_sixty_on() -> None:
    assert scored("prevent_30y", age=59.9).value > 0
    assert refusal("prevent_30y", age=60) == ("out_of_range", "age")
