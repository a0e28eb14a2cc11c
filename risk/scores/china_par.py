"""China-PAR 10-year risk of atherosclerotic cardiovascular disease (coefficients in china_par.toml: an estimate, see there).

The lifetime equation is unpublished and therefore not here.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import exp, log
from pathlib import Path

from risk.scores import asked
from risk.scores.inputs import Problem, yes_no
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import Words, words

# The official calculator's own factor; the usual 0.02586 would move its answers.
MMOL_TO_MG = 1 / 0.0259
DERIVED = (35, 74)
FEW_FROM = 60
ESTIMATE = words(
    "系数为估计值：论文仅印出两位小数，不能重现官方计算器；此处系数由官方计算器的638个输出在印刷舍入范围内重新拟合，并非作者的原表。",
    "The coefficients are an estimate: the paper prints two decimals, which do not reproduce the official calculator; these were refitted "
    "within the rounding of the print to 638 outputs of that calculator and are not the authors' own table.",
)
THIN = words("60岁以上可供核对的结果很少。", "From 60 years on there were few outputs to check against.")
BEYOND = words("年龄超出建模人群（35-74岁）。", "The age is outside the population the score was derived in (35-74 years).")


@lru_cache(maxsize=1)
def coefficients() -> Mapping[str, Mapping[str, float]]:
    """This function will give sex -> term -> coefficient."""
    return tomllib.loads(Path(__file__).with_name("china_par.toml").read_text(encoding="utf-8"))


def risk(
    *, sex: str, age: float, sbp: float, bp_treated: bool, total_c: float, hdl_c: float, waist: float, smoker: bool, diabetes: bool,
    north: bool, urban: bool, family_history: bool,
) -> float:  # fmt: skip
    """This function will give the 10-year probability (0-1); lipids in mg/dL, waist in cm. Urban and family history count in men only."""
    ln_age, ln_sbp = log(age), log(sbp)
    pressure = "treated" if bp_treated else "untreated"
    terms = {
        "ln_age": ln_age,
        f"ln_sbp_{pressure}": ln_sbp,
        f"ln_age_x_ln_sbp_{pressure}": ln_age * ln_sbp,
        "ln_tc": log(total_c),
        "ln_hdl": log(hdl_c),
        "ln_waist": log(waist),
        "smoker": float(smoker),
        "ln_age_x_smoker": ln_age * smoker,
        "diabetes": float(diabetes),
        "north": float(north),
        "urban": float(urban),
        "family_history": float(family_history),
        "ln_age_x_family_history": ln_age * family_history,
    }
    table = coefficients()[sex]
    total = sum(table.get(term, 0.0) * value for term, value in terms.items())
    return float(1 - table["s10"] ** exp(total - table["mean"]))


def _formula(*, age: float, urban: bool | None, family_history: bool | None, **values: object) -> Outcome:
    probability = risk(age=age, urban=bool(urban), family_history=bool(family_history), **values)  # type: ignore[arg-type]
    notes: tuple[Words, ...] = (THIN,) if age >= FEW_FROM else ()
    if not DERIVED[0] <= age < DERIVED[1] + 1:
        notes += (BEYOND,)
    return Outcome(100 * probability, notes=notes)


def _urban(values: Mapping[str, object]) -> Problem | None:
    return _asked_of_men("urban", values)


def _family(values: Mapping[str, object]) -> Problem | None:
    return _asked_of_men("family_history", values)


def _asked_of_men(name: str, values: Mapping[str, object]) -> Problem | None:
    """A man must answer what a woman is not asked."""
    return None if values["sex"] == "female" or values[name] is not None else SCORE.input(name).missing()


_LIPID_UNITS = {"mmol/L": MMOL_TO_MG}
SCORE = Score(
    key="china_par",
    version="2016 (refit 2026, estimate)",
    name=words("China-PAR 十年动脉粥样硬化性心血管病风险", "China-PAR 10-year atherosclerotic cardiovascular risk"),
    citation="Yang X et al. Circulation 2016;134:1430-1440. doi:10.1161/CIRCULATIONAHA.116.022367; 中国心血管病风险评估和管理指南 2019",
    population=words(
        "20-85岁、无心血管病的中国成人（建模人群35-74岁）",
        "Chinese adults of 20-85 years without cardiovascular disease (derived in 35-74 years)",
    ),
    unit="%",
    inputs=(
        asked.age(20, 86, high_open=True),
        asked.SEX,
        asked.sbp(70, 200),
        asked.BP_TREATED,
        replace(asked.total_c(80, 400), units=_LIPID_UNITS),
        replace(asked.hdl_c(20, 130), units=_LIPID_UNITS),
        asked.waist(50, 130),
        asked.SMOKER,
        asked.DIABETES,
        yes_no("north", words("居住在长江以北", "residence north of the Yangtze")),
        yes_no("urban", words("居住在城市", "urban residence"), optional=True),
        yes_no(
            "family_history",
            words("父母或兄弟姐妹有心梗或卒中", "myocardial infarction or stroke in a parent or sibling"),
            optional=True,
        ),
    ),
    formula=_formula,
    bands=(Band("low", 0), Band("medium", 5), Band("high", 10)),
    notes=(ESTIMATE,),
    not_for={"cardiovascular_disease": words("已有心血管病者不适用。", "Not for people who already have cardiovascular disease.")},
    rules=(asked.lipids, _urban, _family),
)
