"""CHA2DS2-VASc (2010) and CHA2DS2-VA (ESC 2024, the same without sex): the risk of stroke in atrial fibrillation."""

from risk.scores import asked
from risk.scores.inputs import yes_no
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Part, Score
from risk.scores.words import words

AGE = (0.0, ((65, 1), (75, 2)))
ADVICE = ("not_recommended", "consider", "recommended")


def counted(*, age: float, heart_failure: bool, hypertension: bool, diabetes: bool, stroke: bool, vascular: bool) -> dict[str, Part]:
    """This function will give the points of each item, sex apart."""
    return {
        "heart_failure": int(heart_failure),
        "hypertension": int(hypertension),
        "age": int(points(AGE, age)),
        "diabetes": int(diabetes),
        "stroke": 2 * stroke,
        "vascular": int(vascular),
    }


def _total(items: dict[str, Part]) -> int:
    return sum(value for value in items.values() if isinstance(value, int))


def _vasc(*, sex: str, **values: bool) -> Outcome:
    items = counted(**values)
    without_sex = _total(items)
    total = without_sex + (sex == "female")
    # The point for the female sex modifies a risk; it makes none by itself, so the advice follows the other items.
    return Outcome(total, items | {"sex": total - without_sex}, Band(ADVICE[min(without_sex, 2)], total))


def _va(**values: bool) -> Outcome:
    items = counted(**values)
    return Outcome(_total(items), items)


COMMON = (
    asked.age(18, 120),
    yes_no("heart_failure", words("心力衰竭或射血分数≤40%", "heart failure or ejection fraction <= 40 %"), "look"),
    yes_no("hypertension", words("高血压", "hypertension")),
    asked.DIABETES,
    yes_no("stroke", words("卒中、短暂性脑缺血发作或体循环栓塞史", "stroke, transient ischaemic attack or thromboembolism"), "look"),
    yes_no(
        "vascular",
        words("血管病（心梗、外周动脉病、主动脉斑块）", "vascular disease (infarction, peripheral artery disease, aortic plaque)"),
        "look",
    ),
)
POPULATION = words(
    "18岁以上、非瓣膜性心房颤动者", "Adults with atrial fibrillation without a mechanical valve or significant mitral stenosis"
)
VASC = Score(
    key="cha2ds2_vasc",
    version="2010",
    name=words("CHA2DS2-VASc 房颤卒中风险", "CHA2DS2-VASc stroke risk in atrial fibrillation"),
    citation="Lip GYH et al. Chest 2010;137:263-272. doi:10.1378/chest.09-1584",
    population=POPULATION,
    unit="{score}",
    inputs=(*COMMON, asked.SEX),
    formula=_vasc,
)
VA = Score(
    key="cha2ds2_va",
    version="2024",
    name=words("CHA2DS2-VA 房颤卒中风险", "CHA2DS2-VA stroke risk in atrial fibrillation"),
    citation="Van Gelder IC et al. 2024 ESC Guidelines for atrial fibrillation. Eur Heart J 2024;45:3314-3414",
    population=POPULATION,
    unit="{score}",
    inputs=COMMON,
    formula=_va,
    bands=tuple(Band(advice, lowest) for lowest, advice in enumerate(ADVICE)),
)
