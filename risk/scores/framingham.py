"""Framingham general cardiovascular disease 2008: 10-year risk, by lipids or by body mass alone."""

from math import exp, log
from typing import Any

from risk.scores import asked
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

# D'Agostino 2008, tables 2 and 5. Logarithms of years, mg/dL, kg/m2, mm[Hg]; mean of the sum; survival at ten years.
TABLE = {
    ("male", "lipids"): {
        "age": 3.06117, "total_c": 1.12370, "hdl_c": -0.93263, "untreated": 1.93303, "treated": 1.99881, "smoker": 0.65451,
        "diabetes": 0.57367, "mean": 23.9802, "s0": 0.88936,
    },
    ("female", "lipids"): {
        "age": 2.32888, "total_c": 1.20904, "hdl_c": -0.70833, "untreated": 2.76157, "treated": 2.82263, "smoker": 0.52873,
        "diabetes": 0.69154, "mean": 26.1931, "s0": 0.95012,
    },
    ("male", "bmi"): {
        "age": 3.11296, "bmi": 0.79277, "untreated": 1.85508, "treated": 1.92672, "smoker": 0.70953, "diabetes": 0.53160,
        "mean": 23.9388, "s0": 0.88431,
    },
    ("female", "bmi"): {
        "age": 2.72107, "bmi": 0.51125, "untreated": 2.81291, "treated": 2.88267, "smoker": 0.61868, "diabetes": 0.77763,
        "mean": 26.0145, "s0": 0.94833,
    },
}  # fmt: skip


def risk(*, version: str, sex: str, age: float, sbp: float, bp_treated: bool, smoker: bool, diabetes: bool, **body: float) -> float:
    """This function will give the 10-year probability (0-1); `body` is total_c and hdl_c (mg/dL), or bmi (kg/m2)."""
    table = TABLE[sex, version]
    pressure = table["treated" if bp_treated else "untreated"] * log(sbp)
    total = table["age"] * log(age) + pressure + table["smoker"] * smoker + table["diabetes"] * diabetes
    total += sum(table[name] * log(value) for name, value in body.items())
    return float(1 - table["s0"] ** exp(total - table["mean"]))


def _by_lipids(**values: Any) -> Outcome:
    return Outcome(100 * risk(version="lipids", **values))


def _by_bmi(**values: Any) -> Outcome:
    return Outcome(100 * risk(version="bmi", **values))


CITATION = "D'Agostino RB et al. Circulation 2008;117:743-753. doi:10.1161/CIRCULATIONAHA.107.699579"
POPULATION = words(
    "30-74岁、无心血管病者（美国 Framingham）", "People of 30-74 years without cardiovascular disease (Framingham, United States)"
)
BANDS = (Band("low", 0), Band("intermediate", 10), Band("high", 20))
NOT_FOR = {"cardiovascular_disease": words("已有心血管病者不适用。", "Not for people who already have cardiovascular disease.")}
# The publication names the ages only; the other ranges bar implausible values: a choice of ours.
COMMON = (asked.age(30, 75, high_open=True), asked.SEX, asked.sbp(90, 200), asked.BP_TREATED, asked.SMOKER, asked.DIABETES)
LIPIDS = Score(
    key="framingham_lipids",
    version="2008",
    name=words("Framingham 十年心血管病风险（血脂）", "Framingham 10-year cardiovascular risk (lipids)"),
    citation=CITATION,
    population=POPULATION,
    unit="%",
    inputs=(*COMMON, asked.total_c(100, 405), asked.hdl_c(10, 100)),
    formula=_by_lipids,
    bands=BANDS,
    not_for=NOT_FOR,
    rules=(asked.lipids,),
)
BMI = Score(
    key="framingham_bmi",
    version="2008",
    name=words("Framingham 十年心血管病风险（体质指数）", "Framingham 10-year cardiovascular risk (body mass)"),
    citation=CITATION,
    population=POPULATION,
    unit="%",
    inputs=(*COMMON, asked.bmi(15, 50)),
    formula=_by_bmi,
    bands=BANDS,
    not_for=NOT_FOR,
)
