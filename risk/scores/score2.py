"""SCORE2: 10-year risk of fatal and non-fatal cardiovascular events at 40-69 years; and what its family shares (see score2.toml)."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from math import exp, log
from pathlib import Path
from typing import Any

from risk.scores import asked
from risk.scores.inputs import choice
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

REGIONS = ("low", "moderate", "high", "very_high")


@lru_cache(maxsize=1)
def tables() -> Mapping[str, Any]:
    """This function will give the coefficients, baselines and scales of the family."""
    return tomllib.loads(Path(__file__).with_name("score2.toml").read_text(encoding="utf-8"))


def predictor(table: Mapping[str, float], terms: Mapping[str, float]) -> float:
    """This function will sum a table's terms; a term named `a_x_b` is a product. Terms that are not given are zero."""
    total = 0.0
    for term, coefficient in table.items():
        left, product, right = term.partition("_x_")
        total += coefficient * (terms.get(left, 0.0) * terms.get(right, 0.0) if product else terms.get(term, 0.0))
    return total


def calibrated(total: float, *, baseline: str, scales: str, region: str) -> float:
    """This function will turn a linear predictor into the region's probability (0-1)."""
    survival, mean = tables()["baseline"][baseline]
    first, second = tables()["scales"][scales][region]
    # -ln(1 - uncalibrated) is -ln(survival) * exp(total - mean): taking the logarithm at once keeps small risks exact.
    return 1 - exp(-exp(first + second * (log(-log(survival)) + total - mean)))


def centred(*, age: float, sbp: float, total_c: float, hdl_c: float, smoker: bool) -> dict[str, float]:
    """This function will give the centred terms of SCORE2: years, mm[Hg], mmol/L."""
    return {
        "a": (age - 60) / 5,
        "s": (sbp - 120) / 20,
        "t": total_c - 6,
        "h": (hdl_c - 1.3) / 0.5,
        "smoker": float(smoker),
    }


def risk(*, region: str, sex: str, scales: str = "score2", **values: Any) -> float:
    """This function will give the 10-year probability (0-1) by SCORE2, calibrated with the scales of `score2` or of `score2_ap`."""
    total = predictor(tables()["score2"][sex], centred(**values))
    return calibrated(total, baseline=f"score2_{sex}", scales=f"{scales}_{sex}", region=region)


def band_of(percent: float, age: float) -> Band:
    """This function will give the category, whose limits depend on age: 2.5/7.5 % under 50, 5/10 % to 69, 7.5/15 % from 70."""
    high, very_high = (2.5, 7.5) if age < 50 else (5.0, 10.0) if age < 70 else (7.5, 15.0)
    bands = (Band("very_high", very_high), Band("high", high), Band("low_moderate", 0.0))
    return next(band for band in bands if percent >= band.lowest)


def _formula(*, age: float, **values: Any) -> Outcome:
    percent = 100 * risk(age=age, **values)
    return Outcome(percent, band=band_of(percent, age))


REGION = choice("region", words("风险地区", "risk region"), REGIONS, "look")
KNOWN = words("已有心血管病者不适用。", "Not for people who already have cardiovascular disease.")
HAS_DIABETES = words("糖尿病患者请用 SCORE2-Diabetes。", "People with diabetes are scored by SCORE2-Diabetes.")
NOT_FOR = {"cardiovascular_disease": KNOWN, "diabetes_t1": HAS_DIABETES, "diabetes_t2": HAS_DIABETES}
# The publication names no ranges beside the age; these go a little beyond its charts (100-179 mm[Hg], 3-6.9 mmol/L): a choice of ours.
COMMON = (
    asked.SEX,
    REGION,
    asked.SMOKER,
    asked.sbp(90, 200),
    asked.total_c(2.5, 10, "mmol/L"),
    asked.hdl_c(0.5, 3.5, "mmol/L"),
)
SCORE = Score(
    key="score2",
    version="2021",
    name=words("SCORE2 十年心血管病风险", "SCORE2 10-year cardiovascular risk"),
    citation="SCORE2 working group. Eur Heart J 2021;42:2439-2454. doi:10.1093/eurheartj/ehab309",
    population=words("40-69岁、无心血管病和糖尿病者（欧洲）", "People of 40-69 years without cardiovascular disease or diabetes (Europe)"),
    unit="%",
    inputs=(asked.age(40, 70, high_open=True), *COMMON),
    formula=_formula,
    not_for=NOT_FOR,
    rules=(asked.lipids,),
)
