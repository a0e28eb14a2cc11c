"""HAS-BLED: the risk of major bleeding under anticoagulation for atrial fibrillation."""

from risk.scores import asked
from risk.scores.inputs import yes_no
from risk.scores.shape import Band, Outcome, Part, Score
from risk.scores.words import words

ELDERLY_FROM = 66  # "older than 65" in completed years


def _formula(*, age: float, **items: bool) -> Outcome:
    counted: dict[str, Part] = {name: int(value) for name, value in items.items()}
    counted["elderly"] = int(age >= ELDERLY_FROM)
    return Outcome(sum(value for value in counted.values() if isinstance(value, int)), counted)


SCORE = Score(
    key="has_bled",
    version="2010",
    name=words("HAS-BLED 出血风险", "HAS-BLED bleeding risk"),
    citation="Pisters R et al. Chest 2010;138:1093-1100. doi:10.1378/chest.10-0134",
    population=words("18岁以上、因房颤抗凝（或拟抗凝）者", "Adults with atrial fibrillation, on or considered for anticoagulation"),
    unit="{score}",
    inputs=(
        asked.age(18, 120),
        yes_no("sbp_above_160", words("收缩压>160 mmHg", "systolic pressure above 160 mmHg"), "measure"),
        yes_no("renal", words("透析、肾移植或肌酐>200 µmol/L", "dialysis, kidney transplant or creatinine above 200 umol/L"), "look"),
        yes_no(
            "liver",
            words("肝硬化，或胆红素>2倍、转氨酶>3倍上限", "cirrhosis, or bilirubin > 2 or enzymes > 3 times the upper limit"),
            "look",
        ),
        yes_no("stroke", words("卒中史", "stroke"), "look"),
        yes_no("bleeding", words("大出血史或出血倾向", "major bleeding or predisposition"), "look"),
        yes_no("labile_inr", words("INR不稳定（达标时间<60%）", "labile INR (time in range below 60 %)"), "look"),
        yes_no("drugs", words("合用抗血小板药或非甾体抗炎药", "antiplatelet drugs or NSAIDs")),
        yes_no("alcohol", words("每周饮酒≥8份", "8 or more drinks a week")),
    ),
    formula=_formula,
    bands=(Band("low", 0), Band("moderate", 2), Band("high", 3)),
    notes=(
        words(
            "高分用于纠正可改变的出血因素，不是停用抗凝的理由。",
            "A high score asks to correct what can be corrected; it is no reason to withhold anticoagulation.",
        ),
    ),
)
