"""SCORE2-OP: 10-year cardiovascular risk of older people, from 70 years (see score2.toml)."""

from typing import Any

from risk.scores import asked
from risk.scores.score2 import COMMON, KNOWN, band_of, calibrated, predictor, tables
from risk.scores.shape import Outcome, Score
from risk.scores.words import words


def risk(*, region: str, sex: str, age: float, sbp: float, total_c: float, hdl_c: float, smoker: bool, diabetes: bool) -> float:
    """This function will give the 10-year probability (0-1): years, mm[Hg], mmol/L."""
    terms = {
        "a": age - 73,
        "s": sbp - 150,
        "t": total_c - 6,
        "h": hdl_c - 1.4,
        "smoker": float(smoker),
        "diabetes": float(diabetes),
    }
    total = predictor(tables()["score2_op"][sex], terms)
    return calibrated(total, baseline=f"score2_op_{sex}", scales=f"score2_op_{sex}", region=region)


def _formula(*, age: float, **values: Any) -> Outcome:
    percent = 100 * risk(age=age, **values)
    return Outcome(percent, band=band_of(percent, age))


SCORE = Score(
    key="score2_op",
    version="2021",
    name=words("SCORE2-OP 老年人十年心血管病风险", "SCORE2-OP 10-year cardiovascular risk of older people"),
    citation="SCORE2-OP working group. Eur Heart J 2021;42:2455-2467. doi:10.1093/eurheartj/ehab312",
    population=words("70-89岁、无心血管病者（欧洲）", "People of 70-89 years without cardiovascular disease (Europe)"),
    unit="%",
    inputs=(asked.age(70, 90, high_open=True), *COMMON, asked.DIABETES),
    formula=_formula,
    not_for={"cardiovascular_disease": KNOWN},
    rules=(asked.lipids,),
)
