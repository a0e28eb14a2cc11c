"""Which score for whom, as a table."""

import pytest

from healthhub.lib.refused import Invalid
from risk.scores.registry import NEEDS, for_whom


def chosen(age: float, locale: str, *conditions: str) -> dict[str, str | None]:
    return {one.need: one.score.key if one.score else None for one in for_whom(age=age, sex="female", locale=locale, conditions=conditions)}


@pytest.mark.parametrize(
    ("locale", "age", "conditions", "cardiovascular", "diabetes"),
    [
        ("CN", 55, (), "china_par", "cdrs"),
        ("CN", 55, ("diabetes_t2",), "china_par", "-"),  # diabetes is a term of China-PAR
        ("CN", 19, (), None, "findrisc"),
        ("CN", 80, (), "china_par", "findrisc"),  # CDRS ends at 74
        ("CN", 90, (), None, "findrisc"),
        ("US", 55, (), "prevent_10y", "ada"),
        ("US", 55, ("diabetes_t2",), "prevent_10y", "-"),
        ("US", 29, (), None, "ada"),
        ("US", 80, (), None, "ada"),
        ("US", 55, ("cardiovascular_disease",), None, "ada"),
        ("EU", 55, (), "score2", "findrisc"),
        ("EU", 69.9, (), "score2", "findrisc"),
        ("EU", 70, (), "score2_op", "findrisc"),
        ("EU", 55, ("diabetes_t2",), "score2_diabetes", "-"),
        ("EU", 72, ("diabetes_t2",), "score2_op", "-"),  # which has a term for diabetes
        ("EU", 55, ("diabetes_t1",), None, "-"),
        ("EU", 39, (), None, "findrisc"),
    ],
)
def test_defaults(locale: str, age: float, conditions: tuple[str, ...], cardiovascular: str | None, diabetes: str | None) -> None:
    found = chosen(age, locale, *conditions)
    assert found["cardiovascular"] == cardiovascular
    assert found.get("undiagnosed_diabetes", "-") == diabetes


@pytest.mark.parametrize(("locale", "score"), [("CN", "cha2ds2_vasc"), ("US", "cha2ds2_vasc"), ("EU", "cha2ds2_va")])
def test_stroke_in_atrial_fibrillation(locale: str, score: str) -> None:
    assert "stroke" not in chosen(70, locale)
    found = chosen(70, locale, "atrial_fibrillation")
    assert (found["stroke"], found["bleeding"]) == (score, "has_bled")


def test_conditions_bring_their_scores() -> None:
    found = chosen(70, "CN", "heart_failure", "copd", "ckd", "diabetes_t2")
    assert (found["heart_failure"], found["copd"], found["kidney_failure"], found["glucose"]) == ("maggic", "bode", "kfre", "gmi")
    assert not {"heart_failure", "copd", "kidney_failure", "glucose"} & set(chosen(70, "CN"))


def test_the_thirty_year_risk_ends_at_sixty() -> None:
    assert chosen(59, "US")["cardiovascular_30y"] == "prevent_30y"
    assert chosen(60, "US")["cardiovascular_30y"] is None
    assert "cardiovascular_30y" not in chosen(40, "CN")


def test_why_there_is_none_is_said_in_both_languages() -> None:
    (found,) = [one for one in for_whom(age=55, sex="male", locale="EU", conditions=["diabetes_t1"]) if one.need == "cardiovascular"]
    assert found.score is None
    assert "type 1" in found.why["en"]
    assert "1型" in found.why["zh-hans"]
    (found,) = [one for one in for_whom(age=19, sex="male", locale="CN", conditions=[]) if one.need == "cardiovascular"]
    assert "20 <= age < 86" in found.why["en"]


def test_others_that_fit_are_offered_after_the_default() -> None:
    (found,) = [one for one in for_whom(age=55, sex="male", locale="CN", conditions=[]) if one.need == "cardiovascular"]
    assert [one.key for one in found.others] == ["score2_ap", "prevent_10y"]


def test_every_need_has_its_words() -> None:
    conditions = ["atrial_fibrillation", "ckd", "heart_failure", "copd"]
    needs = {one.need for locale in ("CN", "US", "EU") for one in for_whom(age=50, sex="male", locale=locale, conditions=conditions)}
    needs |= {one.need for one in for_whom(age=50, sex="male", locale="CN", conditions=["diabetes_t1"])}
    assert needs == set(NEEDS)


@pytest.mark.parametrize(("change", "field"), [({"locale": "FR"}, "locale"), ({"sex": "x"}, "sex")])
def test_what_is_not_known_is_refused(change: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        for_whom(**({"age": 50, "sex": "male", "locale": "CN", "conditions": ()} | change))
    assert refused.value.field == field
