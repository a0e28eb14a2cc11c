"""ADA risk test for type 2 diabetes: from 5 points on, see a doctor for a test."""

from collections.abc import Mapping

from risk.scores import asked
from risk.scores.findrisc import DIABETIC
from risk.scores.inputs import Problem, yes_no
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

AGE = (0.0, ((40, 1), (50, 2), (60, 3)))
# The form reads weight from a table by height; these are the body masses behind it. Asian Americans begin at 23.
WEIGHT = (0.0, ((25, 1), (30, 2), (40, 3)))
WEIGHT_ASIAN = (0.0, ((23, 1), (30, 2), (40, 3)))


def _formula(
    *, age: float, sex: str, asian: bool, bmi: float, gestational_diabetes: bool | None, family_first_degree: bool, hypertension: bool,
    active: bool,
) -> Outcome:  # fmt: skip
    parts = {
        "age": int(points(AGE, age)),
        "sex": int(sex == "male"),
        "gestational_diabetes": int(bool(gestational_diabetes)),
        "family_first_degree": int(family_first_degree),
        "hypertension": int(hypertension),
        "active": int(not active),
        "weight": int(points(WEIGHT_ASIAN if asian else WEIGHT, bmi)),
    }
    return Outcome(sum(parts.values()), parts)


def _asked_of_women(values: Mapping[str, object]) -> Problem | None:
    if values["sex"] == "male" or values["gestational_diabetes"] is not None:
        return None
    return SCORE.input("gestational_diabetes").missing()


def _not_of_men(values: Mapping[str, object]) -> Problem | None:
    if values["sex"] == "female" or not values["gestational_diabetes"]:
        return None
    sentence = words("男性不应有妊娠糖尿病。", "A man is not asked for gestational diabetes.")
    return Problem("inconsistent", "gestational_diabetes", sentence)


SCORE = Score(
    key="ada",
    version="2009",
    name=words("ADA 糖尿病风险测试", "ADA diabetes risk test"),
    citation="Bang H et al. Ann Intern Med 2009;151:775-783; American Diabetes Association risk test",
    population=words("未诊断糖尿病的成人（美国）", "Adults without known diabetes (United States)"),
    unit="{score}",
    inputs=(
        asked.age(18, 120),
        asked.SEX,
        yes_no("asian", words("亚裔", "Asian descent")),
        asked.bmi(10, 80),
        yes_no("gestational_diabetes", words("曾患妊娠糖尿病", "gestational diabetes"), optional=True),
        yes_no("family_first_degree", words("父母或兄弟姐妹患糖尿病", "diabetes in a parent or sibling")),
        yes_no("hypertension", words("高血压", "hypertension")),
        yes_no("active", words("经常运动", "physically active")),
    ),
    formula=_formula,
    bands=(Band("not_high", 0), Band("high", 5)),
    notes=(
        words(
            "体重分按体质指数界值（25/30/40）近似原表的身高体重表。",
            "Body mass (25/30/40) stands for the form's table of height and weight.",
        ),
    ),
    not_for=DIABETIC,
    rules=(_asked_of_women, _not_of_men),
)
