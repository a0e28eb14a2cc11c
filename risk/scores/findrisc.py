"""FINDRISC, the original form: the risk of type 2 diabetes within ten years."""

from risk.scores import asked
from risk.scores.inputs import choice, yes_no
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

AGE = (0.0, ((45, 2), (55, 3), (65, 4)))
# First waist of the middle step in cm; the upper step begins above eight more.
WAIST = {"male": (94, 102), "female": (80, 88)}
FAMILY = {"none": 0, "second_degree": 3, "first_degree": 5}
# Share who develop diabetes in ten years, by band, as the form says.
TEN_YEARS = {"low": 1, "slightly_elevated": 4, "moderate": 17, "high": 33, "very_high": 50}
BANDS = (Band("low", 0), Band("slightly_elevated", 7), Band("moderate", 12), Band("high", 15), Band("very_high", 21))
HAS_DIABETES = words("已患糖尿病者不适用筛查评分。", "A screening score is not for people who have diabetes.")
DIABETIC = {"diabetes_t1": HAS_DIABETES, "diabetes_t2": HAS_DIABETES}


def _formula(
    *, age: float, bmi: float, sex: str, waist: float, active: bool, daily_vegetables: bool, bp_treated_ever: bool,
    high_glucose_ever: bool, family: str,
) -> Outcome:  # fmt: skip
    middle, upper = WAIST[sex]
    parts = {
        "age": int(points(AGE, age)),
        "bmi": 0 if bmi < 25 else 1 if bmi <= 30 else 3,
        "waist": 0 if waist < middle else 3 if waist <= upper else 4,
        "active": 0 if active else 2,
        "daily_vegetables": 0 if daily_vegetables else 1,
        "bp_treated_ever": 2 * bp_treated_ever,
        "high_glucose_ever": 5 * high_glucose_ever,
        "family": FAMILY[family],
    }
    total = sum(parts.values())
    band = next(one for one in reversed(BANDS) if total >= one.lowest)
    return Outcome(total, parts | {"ten_year_percent": TEN_YEARS[band.key]}, band)


SCORE = Score(
    key="findrisc",
    version="2003",
    name=words("FINDRISC 糖尿病风险评分", "FINDRISC diabetes risk score"),
    citation="Lindström J, Tuomilehto J. Diabetes Care 2003;26:725-731. doi:10.2337/diacare.26.3.725",
    population=words("未诊断糖尿病的成人（芬兰）", "Adults without known diabetes (Finland)"),
    unit="{score}",
    inputs=(
        asked.age(18, 120),
        asked.SEX,
        asked.bmi(10, 80),
        asked.waist(40, 220),
        yes_no("active", words("每天活动至少30分钟", "at least 30 minutes of activity a day")),
        yes_no("daily_vegetables", words("每天吃蔬菜水果", "vegetables, fruit or berries every day")),
        yes_no("bp_treated_ever", words("曾服降压药", "blood pressure medication at any time")),
        yes_no("high_glucose_ever", words("曾发现血糖偏高", "high blood glucose at any time")),
        choice("family", words("家族糖尿病史", "diabetes in the family"), tuple(FAMILY)),
    ),
    formula=_formula,
    bands=BANDS,
    notes=(words("采用原始芬兰表；各国版本不同。", "The original Finnish form; national variants differ."),),
    not_for=DIABETIC,
)
