"""AHA PREVENT 2023: 10- and 30-year risk of cardiovascular disease, base and with HbA1c and UACR (coefficients in prevent.toml).

The model follows from what is known: base, HbA1c, UACR, or full. The social deprivation index exists for US postcodes
only and always counts as missing. 30-year risk is defined for 30-59 years; the equation itself runs on, so `risks` is
arithmetic and the score refuses.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from math import exp, log
from pathlib import Path
from typing import Literal

from risk.scores import asked
from risk.scores.inputs import yes_no
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

Model = Literal["base", "hba1c", "uacr", "full"]
OUTCOMES = ("total_cvd", "ascvd", "heart_failure", "chd", "stroke")
CITATION = "Khan SS et al. Circulation 2024;149:430-449. doi:10.1161/CIRCULATIONAHA.123.067626"
MG_TO_MMOL = 0.02586


@lru_cache(maxsize=1)
def coefficients() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """This function will give model -> sex and outcome -> term -> coefficient."""
    return tomllib.loads(Path(__file__).with_name("prevent.toml").read_text(encoding="utf-8"))


def terms(
    *, age: float, total_c: float, hdl_c: float, sbp: float, bmi: float, egfr: float, diabetes: bool, smoker: bool,
    bp_treated: bool, statin: bool, hba1c: float | None, uacr: float | None,
) -> dict[str, float]:  # fmt: skip
    """This function will give the transformed terms of all models: years, mg/dL, mm[Hg], kg/m2, mL/min/1.73 m2, % and mg/g."""
    one = {
        "age": (age - 55) / 10,
        "nonhdl": (total_c - hdl_c) * MG_TO_MMOL - 3.5,
        "hdl": (hdl_c * MG_TO_MMOL - 1.3) / 0.3,
        "sbp_lt110": (min(sbp, 110) - 110) / 20,
        "sbp_ge110": (max(sbp, 110) - 130) / 20,
        "dm": float(diabetes),
        "smoking": float(smoker),
        "bmi_lt30": (min(bmi, 30) - 25) / 5,
        "bmi_ge30": (max(bmi, 30) - 30) / 5,
        "egfr_lt60": (min(egfr, 60) - 60) / -15,
        "egfr_ge60": (max(egfr, 60) - 90) / -15,
        "bp_tx": float(bp_treated),
        "statin": float(statin),
        "hba1c_dm": 0.0 if hba1c is None else (hba1c - 5.3) * diabetes,
        "hba1c_nodm": 0.0 if hba1c is None else (hba1c - 5.3) * (not diabetes),
        "hba1c_missing": float(hba1c is None),
        "ln_uacr": 0.0 if uacr is None else log(uacr),
        "uacr_missing": float(uacr is None),
        "sdi_4_6": 0.0,
        "sdi_7_10": 0.0,
        "sdi_missing": 1.0,
        "intercept": 1.0,
    }
    return one | {"age2": one["age"] ** 2}


def risks(
    *, model: Model, years: int, sex: str, age: float, total_c: float, hdl_c: float, sbp: float, bmi: float, egfr: float, diabetes: bool,
    smoker: bool, bp_treated: bool, statin: bool, hba1c: float | None = None, uacr: float | None = None,
) -> dict[str, float]:  # fmt: skip
    """This function will give the probability (0-1) of each outcome by the published equations, whatever the inputs' range."""
    one = terms(
        age=age, total_c=total_c, hdl_c=hdl_c, sbp=sbp, bmi=bmi, egfr=egfr, diabetes=diabetes, smoker=smoker, bp_treated=bp_treated,
        statin=statin, hba1c=hba1c, uacr=uacr,
    )  # fmt: skip
    table = coefficients()[f"{model}_{years}yr"]
    return {outcome: _probability(table[f"{sex}_{outcome}"], one) for outcome in OUTCOMES}


def _probability(table: Mapping[str, float], one: Mapping[str, float]) -> float:
    total = 0.0
    for term, coefficient in table.items():
        left, product, right = term.partition("_x_")
        total += coefficient * (one[left] * one[right] if product else one[term])
    return 1 / (1 + exp(-total))


def model_of(hba1c: float | None, uacr: float | None) -> Model:
    """This function will tell which model fits what is known."""
    if hba1c is not None:
        return "hba1c" if uacr is None else "full"
    return "base" if uacr is None else "uacr"


def _outcome(years: int, hba1c: float | None, uacr: float | None, **values: object) -> Outcome:
    model = model_of(hba1c, uacr)
    found = risks(model=model, years=years, hba1c=hba1c, uacr=uacr, **values)  # type: ignore[arg-type]
    percent = {outcome: 100 * risk for outcome, risk in found.items()}
    return Outcome(percent["total_cvd"], {"model": model, **percent})


def _ten(*, hba1c: float | None, uacr: float | None, **values: object) -> Outcome:
    return _outcome(10, hba1c, uacr, **values)


def _thirty(*, hba1c: float | None, uacr: float | None, **values: object) -> Outcome:
    return _outcome(30, hba1c, uacr, **values)


KNOWN_DISEASE = words("已有心血管病者不适用一级预防评分。", "Not for people who already have cardiovascular disease.")
INPUTS = (
    asked.SEX,
    asked.total_c(130, 320),
    asked.hdl_c(20, 100),
    asked.sbp(90, 180),
    asked.bmi(18.5, 40, high_open=True),
    asked.egfr(15, 140),
    asked.DIABETES,
    asked.SMOKER,
    asked.BP_TREATED,
    yes_no("statin", words("服用他汀", "statin")),
    asked.hba1c(3, 15, optional=True),
    asked.uacr(0.1, 25000, optional=True),
)
NOTES = (words("依据美国人群建立；在中国人群中可能高估。", "Derived in the United States; it may over-estimate in Chinese people."),)

TEN_YEARS = Score(
    key="prevent_10y",
    version="2023",
    name=words("PREVENT 十年心血管病风险", "PREVENT 10-year cardiovascular risk"),
    citation=CITATION,
    population=words("30-79岁、无心血管病的成人（美国）", "Adults of 30-79 years without cardiovascular disease (United States)"),
    unit="%",
    inputs=(asked.age(30, 80, high_open=True), *INPUTS),
    formula=_ten,
    bands=(Band("low", 0), Band("borderline", 5), Band("intermediate", 7.5), Band("high", 20)),
    notes=NOTES,
    not_for={"cardiovascular_disease": KNOWN_DISEASE, "heart_failure": KNOWN_DISEASE},
    rules=(asked.lipids,),
)
THIRTY_YEARS = Score(
    key="prevent_30y",
    version="2023",
    name=words("PREVENT 三十年心血管病风险", "PREVENT 30-year cardiovascular risk"),
    citation=CITATION,
    population=words("30-59岁、无心血管病的成人（美国）", "Adults of 30-59 years without cardiovascular disease (United States)"),
    unit="%",
    inputs=(asked.age(30, 60, high_open=True), *INPUTS),
    formula=_thirty,
    notes=NOTES,
    not_for={"cardiovascular_disease": KNOWN_DISEASE, "heart_failure": KNOWN_DISEASE},
    rules=(asked.lipids,),
)
