"""SCORE2 Asia-Pacific: SCORE2 with the scales of the Asia-Pacific regions, 40-69 years (see score2.toml)."""

from typing import Any

from risk.scores import asked
from risk.scores.score2 import COMMON, NOT_FOR, band_of, risk
from risk.scores.shape import Outcome, Score
from risk.scores.words import words


def _formula(*, age: float, **values: Any) -> Outcome:
    percent = 100 * risk(scales="score2_ap", age=age, **values)
    return Outcome(percent, band=band_of(percent, age))


SCORE = Score(
    key="score2_ap",
    version="2025",
    name=words("SCORE2-亚太 十年心血管病风险", "SCORE2 Asia-Pacific 10-year cardiovascular risk"),
    citation="SCORE2-AP writing group. Eur Heart J 2025;46:702-715. doi:10.1093/eurheartj/ehae609",
    population=words(
        "40-69岁、无心血管病和糖尿病者（亚太）", "People of 40-69 years without cardiovascular disease or diabetes (Asia-Pacific)"
    ),
    unit="%",
    inputs=(asked.age(40, 70, high_open=True), *COMMON),
    formula=_formula,
    notes=(
        words(
            "中国所属的风险地区（2023年会议报告列为高危）须与2025年论文核对。",
            "China's risk region (high in a presentation of 2023) is to be confirmed against the paper of 2025.",
        ),
    ),
    not_for=NOT_FOR,
    rules=(asked.lipids,),
)
