"""MAGGIC: points and the risk of death within 1 and 3 years in heart failure (tables in maggic.toml)."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from risk.scores import asked
from risk.scores.inputs import number, yes_no
from risk.scores.points import points
from risk.scores.shape import Outcome, Part, Score
from risk.scores.words import words

TABLE_ENDS = words("分数超出死亡风险表（0-50分）。", "The points are beyond the table of death risks (0-50).")


@lru_cache(maxsize=1)
def tables() -> Mapping[str, Any]:
    """This function will give the tables of points and of death risks."""
    return tomllib.loads(Path(__file__).with_name("maggic.toml").read_text(encoding="utf-8"))


def _column(steps: list[Any], value: float) -> int:
    return int(points((steps[0], steps[1:]), value))


def counted(
    *, ejection_fraction: float, age: float, sbp: float, bmi: float, creatinine: float, nyha: float, **answers: bool
) -> dict[str, int]:
    """This function will give the points of each item: %, years, mm[Hg], kg/m2, umol/L, class 1-4, and the answers of yes or no."""
    table = tables()
    worse = 0 if ejection_fraction < 30 else 1 if ejection_fraction < 40 else 2
    items = {
        "ejection_fraction": _column(table["ejection_fraction"], ejection_fraction),
        "age": _column(table["age"][worse], age),
        "sbp": _column(table["sbp"][worse], sbp),
        "bmi": _column(table["bmi"], bmi),
        "creatinine": _column(table["creatinine"], creatinine),
        "nyha": _column(table["nyha"], nyha),
    }
    return items | {name: table["answers"][name] * value for name, value in answers.items()}


def _formula(*, sex: str, beta_blocker: bool, acei_arb: bool, **values: Any) -> Outcome:
    items = counted(male=sex == "male", no_beta_blocker=not beta_blocker, no_acei_arb=not acei_arb, **values)
    total = sum(items.values())
    parts: dict[str, Part] = dict(items)
    for name, risks in tables()["death"].items():
        parts[name] = 100 * risks[total] if total < len(risks) else None
    return Outcome(total, parts, notes=() if parts["risk_1y"] is not None else (TABLE_ENDS,))


SCORE = Score(
    key="maggic",
    version="2013",
    name=words("MAGGIC 心衰死亡风险", "MAGGIC risk of death in heart failure"),
    citation="Pocock SJ et al. Eur Heart J 2013;34:1404-1413. doi:10.1093/eurheartj/ehs337",
    population=words("18岁以上心力衰竭患者", "Adults with heart failure"),
    unit="{score}",
    inputs=(
        number("ejection_fraction", words("左室射血分数", "left ventricular ejection fraction"), "test", "%", 1, 95),
        asked.age(18, 110),
        asked.SEX,
        asked.sbp(50, 250),
        asked.bmi(10, 60),
        asked.creatinine(20, 1400, "umol/L"),
        number("nyha", words("NYHA心功能分级", "NYHA class"), "ask", "{score}", 1, 4, whole=True),
        asked.SMOKER,
        asked.DIABETES,
        yes_no("copd", words("慢性阻塞性肺疾病", "chronic obstructive pulmonary disease"), "look"),
        yes_no("diagnosed_18_months_ago", words("心衰确诊已满18个月", "heart failure first diagnosed 18 months ago or earlier"), "look"),
        yes_no("beta_blocker", words("服用β受体阻滞剂", "beta-blocker")),
        yes_no("acei_arb", words("服用ACEI或ARB", "ACE inhibitor or angiotensin receptor blocker")),
    ),
    formula=_formula,
    notes=(
        words(
            "1年与3年死亡风险表为单一转录，临床使用前须与原文核对。",
            "The table of 1- and 3-year risks is a single transcription: check it against the paper.",
        ),
    ),
)
