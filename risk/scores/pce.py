"""ACC/AHA pooled cohort equations 2013: 10-year risk of a first hard atherosclerotic event."""

from math import exp, log

from risk.scores import asked
from risk.scores.inputs import choice
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

# Goff 2013, appendix 7, table A. Terms are natural logarithms of years, mg/dL and mm[Hg].
TABLE = {
    ("female", "white"): {
        "age": -29.799, "age_x_age": 4.884, "tc": 13.540, "age_x_tc": -3.114, "hdl": -13.578, "age_x_hdl": 3.149,
        "treated": 2.019, "untreated": 1.957, "smoker": 7.574, "age_x_smoker": -1.665, "diabetes": 0.661, "mean": -29.18, "s0": 0.9665,
    },
    ("female", "black"): {
        "age": 17.114, "tc": 0.940, "hdl": -18.920, "age_x_hdl": 4.475, "treated": 29.291, "age_x_treated": -6.432,
        "untreated": 27.820, "age_x_untreated": -6.087, "smoker": 0.691, "diabetes": 0.874, "mean": 86.61, "s0": 0.9533,
    },
    ("male", "white"): {
        "age": 12.344, "tc": 11.853, "age_x_tc": -2.664, "hdl": -7.990, "age_x_hdl": 1.769, "treated": 1.797, "untreated": 1.764,
        "smoker": 7.837, "age_x_smoker": -1.795, "diabetes": 0.658, "mean": 61.18, "s0": 0.9144,
    },
    ("male", "black"): {
        "age": 2.469, "tc": 0.302, "hdl": -0.307, "treated": 1.916, "untreated": 1.809, "smoker": 0.549, "diabetes": 0.645,
        "mean": 19.54, "s0": 0.8954,
    },
}  # fmt: skip
OTHER = words(
    "非白人、非黑人者使用白人系数；在中国人群中会高估，建议改用 China-PAR。",
    "Others are scored with the coefficients of white people, which over-estimate in Chinese people: prefer China-PAR.",
)


def risk(
    *, age: float, sex: str, race: str, total_c: float, hdl_c: float, sbp: float, bp_treated: bool, smoker: bool, diabetes: bool
) -> float:
    """This function will give the 10-year probability (0-1): years, mg/dL, mm[Hg]. `race` other than black uses white coefficients."""
    table = TABLE[sex, "black" if race == "black" else "white"]
    terms = {
        "age": log(age),
        "tc": log(total_c),
        "hdl": log(hdl_c),
        "treated": log(sbp) if bp_treated else 0.0,
        "untreated": 0.0 if bp_treated else log(sbp),
        "smoker": float(smoker),
        "diabetes": float(diabetes),
    }
    total = 0.0
    for term, coefficient in table.items():
        left, product, right = term.partition("_x_")
        total += coefficient * (terms[left] * terms[right] if product else terms.get(term, 0.0))
    return float(1 - table["s0"] ** exp(total - table["mean"]))


def _formula(*, race: str, **values: object) -> Outcome:
    return Outcome(100 * risk(race=race, **values), notes=(OTHER,) if race == "other" else ())  # type: ignore[arg-type]


SCORE = Score(
    key="pce",
    version="2013",
    name=words("PCE 十年动脉粥样硬化性心血管病风险", "Pooled cohort equations, 10-year atherosclerotic cardiovascular risk"),
    citation="Goff DC et al. Circulation 2014;129(25 Suppl 2):S49-73. doi:10.1161/01.cir.0000437741.48606.98",
    population=words(
        "40-79岁、无心血管病的美国白人与黑人", "White and black people of 40-79 years without cardiovascular disease (United States)"
    ),
    unit="%",
    inputs=(
        asked.age(40, 80, high_open=True),
        asked.SEX,
        choice("race", words("种族", "race"), ("white", "black", "other")),
        asked.total_c(130, 320),
        asked.hdl_c(20, 100),
        asked.sbp(90, 200),
        asked.BP_TREATED,
        asked.SMOKER,
        asked.DIABETES,
    ),
    formula=_formula,
    bands=(Band("low", 0), Band("borderline", 5), Band("intermediate", 7.5), Band("high", 20)),
    not_for={"cardiovascular_disease": words("已有心血管病者不适用。", "Not for people who already have cardiovascular disease.")},
    rules=(asked.lipids,),
)
