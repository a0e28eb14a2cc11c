"""中国糖尿病风险评分表, the Chinese Diabetes Risk Score: from 25 points on an oral glucose tolerance test is due."""

from risk.scores import asked
from risk.scores.findrisc import DIABETIC
from risk.scores.inputs import yes_no
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

AGE = (0.0, ((25, 4), (35, 8), (40, 11), (45, 12), (50, 13), (55, 15), (60, 16), (65, 18)))
SBP = (0.0, ((110, 1), (120, 3), (130, 6), (140, 7), (150, 8), (160, 10)))
WAIST = {
    "male": (0.0, ((75, 3), (80, 5), (85, 7), (90, 8), (95, 10))),
    "female": (0.0, ((70, 3), (75, 5), (80, 7), (85, 8), (90, 10))),
}
BMI = (0.0, ((22, 1), (24, 3), (30, 5)))
FAMILY, MALE = 6, 2


def _formula(*, age: float, sex: str, sbp: float, waist: float, bmi: float, family_history: bool) -> Outcome:
    parts = {
        "age": int(points(AGE, age)),
        "sbp": int(points(SBP, sbp)),
        "waist": int(points(WAIST[sex], waist)),
        "bmi": int(points(BMI, bmi)),
        "family_history": FAMILY * family_history,
        "sex": MALE * (sex == "male"),
    }
    return Outcome(sum(parts.values()), parts)


SCORE = Score(
    key="cdrs",
    version="2013",
    name=words("中国糖尿病风险评分", "Chinese Diabetes Risk Score"),
    citation="中国2型糖尿病防治指南 2013/2017/2020; Zhou X et al. Diabet Med 2013;30:424-430",
    population=words("20-74岁、未诊断糖尿病的中国人", "Chinese people of 20-74 years without known diabetes"),
    unit="{score}",
    inputs=(
        asked.age(20, 75, high_open=True),
        asked.SEX,
        asked.sbp(50, 300),
        asked.waist(40, 220),
        asked.bmi(10, 80),
        yes_no("family_history", words("父母、同胞或子女患糖尿病", "diabetes in a parent, sibling or child")),
    ),
    formula=_formula,
    bands=(Band("not_high", 0), Band("high", 25)),
    notes=(words("总分≥25分应做口服葡萄糖耐量试验（OGTT）。", "From 25 points on, do an oral glucose tolerance test."),),
    not_for=DIABETIC,
)
