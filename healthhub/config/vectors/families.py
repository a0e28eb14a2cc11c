"""Which file of cases is answered by which code: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthhub.config.vectors import cgm, conversions, figures, glucose, home_bp, rules, scores

Case = Mapping[str, Any]


def listed(head: Mapping[str, Any], path: Path) -> Any:
    """This function will give the cases that a file lists."""
    return head.get("cases")


@dataclass(frozen=True, slots=True)
class Family:
    """A file by its stem, the `score` its head names (a renamed file is still known), who answers a case, and how a file has cases."""

    stem: str
    score: str
    answer: Callable[[Case], Any]
    cases: Callable[[Mapping[str, Any], Path], Any] = listed


FAMILIES = (
    Family("unit_conversions", "UCUM conversions", conversions.conversion),
    Family("glucose_conversions", "GMI, eAG, eA1C, NGSP<->IFCC, HOMA", glucose.conversion),
    Family("derived_metrics", "HRV, BMI, MAP", figures.derived_metrics),
    Family("news2", "NEWS2", figures.early_warning),
    Family("rule_home_bp_average", "Home BP 7-day protocol", home_bp.week),
    Family("prevent_base", "AHA PREVENT 2023 base", scores.prevent_risks),
    Family("prevent_extended", "AHA PREVENT 2023 +HbA1c / +UACR / full (SDI missing)", scores.prevent_risks),
    Family("china_par", "China-PAR 10-year ASCVD", scores.china_par_percent),
    Family("score2", "SCORE2 (age 40-69)", scores.score2_percent),
    Family("score2_asia_pacific", "SCORE2 Asia-Pacific", scores.score2_percent),
    Family("score2_op", "SCORE2-OP (age >=70)", scores.score2_op_percent),
    Family("score2_diabetes", "SCORE2-Diabetes (T2DM 40-69)", scores.score2_diabetes_percent),
    Family("pce_2013", "ACC/AHA Pooled Cohort Equations 2013", scores.pce_probability),
    Family("framingham_2008", "Framingham general CVD 2008 (lipid and BMI versions)", scores.framingham_percent),
    Family("ckd_epi_2021", "CKD-EPI 2021 creatinine eGFR (race-free)", scores.egfr),
    Family("kdigo_cga", "KDIGO CGA risk grid", scores.kidney_grid),
    Family("kfre", "Kidney Failure Risk Equation 4-/8-variable", scores.kidney_failure),
    Family("cha2ds2_vasc", "CHA2DS2-VASc and CHA2DS2-VA", scores.af_stroke),
    Family("has_bled", "HAS-BLED", scores.bleeding),
    Family("maggic", "MAGGIC heart failure", scores.heart_failure),
    Family("bode", "BODE index", scores.copd),
    Family("findrisc", "FINDRISC", scores.finnish_diabetes),
    Family("cdrs", "Chinese Diabetes Risk Score 中国糖尿病风险评分表", scores.chinese_diabetes),
    Family("ada_risk_test", "ADA type 2 diabetes risk test", scores.american_diabetes),
    Family("phq9_gad7", "PHQ-9 / GAD-7", scores.mood_answers),
    Family("cgm_metrics", "CGM metrics (iglu 4.3.0 reference)", cgm.answer, cgm.cases),
    Family("rule_alerts", "Alert rule boundaries", rules.alert),
)
BY_STEM = {family.stem: family for family in FAMILIES}
BY_SCORE = {family.score: family for family in FAMILIES}


def family_of(stem: str, score: object) -> Family | None:
    """This function will find who answers a file, by its name or else by the score its head names."""
    return BY_STEM.get(stem) or BY_SCORE.get(str(score))
