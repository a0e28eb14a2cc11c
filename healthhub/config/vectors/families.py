"""Which file of cases is answered by which code: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from healthhub.config.vectors import conversions, figures, glucose, home_bp, rules

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Family:
    """A file by its stem, the `score` its head names (a renamed file is still known), and who answers a case."""

    stem: str
    score: str
    answer: Callable[[Case], Any]


FAMILIES = (
    Family("unit_conversions", "UCUM conversions", conversions.conversion),
    Family("glucose_conversions", "GMI, eAG, eA1C, NGSP<->IFCC, HOMA", glucose.conversion),
    Family("derived_metrics", "HRV, BMI, MAP", figures.derived_metrics),
    Family("news2", "NEWS2", figures.early_warning),
    Family("rule_home_bp_average", "Home BP 7-day protocol", home_bp.week),
    Family("rule_alerts", "Alert rule boundaries", rules.alert),
)
BY_STEM = {family.stem: family for family in FAMILIES}
BY_SCORE = {family.score: family for family in FAMILIES}


def family_of(stem: str, score: object) -> Family | None:
    """This function will find who answers a file, by its name or else by the score its head names."""
    return BY_STEM.get(stem) or BY_SCORE.get(str(score))
