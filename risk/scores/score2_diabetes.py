"""SCORE2-Diabetes: 10-year cardiovascular risk of people with type 2 diabetes at 40-69 years (see score2.toml)."""

from collections.abc import Mapping
from math import log
from typing import Any

from risk.scores import asked
from risk.scores.inputs import Problem, number
from risk.scores.score2 import COMMON, KNOWN, calibrated, centred, predictor, tables
from risk.scores.shape import Band, Outcome, Score, against
from risk.scores.words import words


def risk(*, region: str, sex: str, age_at_diagnosis: float, hba1c: float, egfr: float, **values: Any) -> float:
    """This function will give the 10-year probability (0-1): years, mm[Hg], mmol/L, HbA1c in mmol/mol."""
    terms = centred(**values) | {
        "diabetes": 1.0,
        "d": (age_at_diagnosis - 50) / 5,
        "g": (hba1c - 31) / 9.34,
        "e": (log(egfr) - 4.5) / 0.15,
    }
    total = predictor(tables()["score2_diabetes"][sex], terms)
    return calibrated(total, baseline=f"score2_{sex}", scales=f"score2_{sex}", region=region)


def _formula(**values: Any) -> Outcome:
    return Outcome(100 * risk(**values))


def _diagnosed_by_now(values: Mapping[str, float]) -> Problem | None:
    if values["age_at_diagnosis"] <= values["age"]:
        return None
    return against("inconsistent", "age_at_diagnosis", "确诊年龄大于当前年龄。", "The age at diagnosis is above the present age.")


SCORE = Score(
    key="score2_diabetes",
    version="2023",
    name=words("SCORE2-Diabetes 十年心血管病风险", "SCORE2-Diabetes 10-year cardiovascular risk"),
    citation="SCORE2-Diabetes working group. Eur Heart J 2023;44:2544-2556. doi:10.1093/eurheartj/ehad260",
    population=words(
        "40-69岁、2型糖尿病、无心血管病者（欧洲）", "People of 40-69 years with type 2 diabetes, without cardiovascular disease (Europe)"
    ),
    unit="%",
    inputs=(
        asked.age(40, 70, high_open=True),
        *COMMON,
        number("age_at_diagnosis", words("糖尿病确诊年龄", "age when diabetes was diagnosed"), "ask", "a", 18, 70),
        asked.hba1c(20, 130, "mmol/mol"),
        asked.egfr(15, 140),
    ),
    formula=_formula,
    bands=(Band("low", 0), Band("moderate", 5), Band("high", 10), Band("very_high", 20)),
    not_for={
        "cardiovascular_disease": KNOWN,
        "diabetes_t1": words("不适用于1型糖尿病。", "Not for type 1 diabetes."),
    },
    rules=(asked.lipids, _diagnosed_by_now),
)
