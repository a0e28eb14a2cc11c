"""Cases of published scores: the names of the cases' inputs are those of the score, or are translated here."""

from collections.abc import Mapping
from typing import Any

from risk.scores import (
    ada,
    bode,
    cdrs,
    chads,
    china_par,
    ckd_epi,
    findrisc,
    framingham,
    has_bled,
    kdigo,
    kfre,
    maggic,
    mood,
    pce,
    prevent,
    score2,
    score2_ap,
    score2_diabetes,
    score2_op,
)  # fmt: skip
from risk.scores.inputs import Value
from risk.scores.shape import Result, Score

Case = Mapping[str, Any]
# Other names that cases use -> the scores' own.
NAMES = {
    "bp_tx": "bp_treated",
    "dm": "diabetes",
    "diabetic": "diabetes",
    "smoking": "smoker",
    "total_c_mg_dl": "total_c",
    "hdl_mg_dl": "hdl_c",
    "hdl": "hdl_c",
    "waist_cm": "waist",
    "age_at_dm": "age_at_diagnosis",
    "hba1c_mmol_mol": "hba1c",
    "scr_mg_dl": "creatinine",
    "creat_umol": "creatinine",
    "acr_mg_g": "uacr",
    "uacr_mg_g": "uacr",
    "chf": "heart_failure",
    "htn": "hypertension",
    "sbp_gt160": "sbp_above_160",
    "fev1_pct": "fev1_percent",
    "walk_m": "walk",
    "gestational_dm": "gestational_diabetes",
    "physically_active": "active",
    "active_30min": "active",
    "daily_fruit_veg": "daily_vegetables",
    "bp_med_ever": "bp_treated_ever",
    "ef": "ejection_fraction",
    "dx_ge_18m": "diagnosed_18_months_ago",
}


def _given(score: Score, case: Case, **more: Any) -> dict[str, Value | None]:
    """The case's inputs under the score's names, in its units; 0 and 1 are answers where the score asks yes or no."""
    forms = {one.name: one.form for one in score.inputs}
    values = {NAMES.get(name, name): value for name, value in case["inputs"].items()} | more
    asked = {name: value for name, value in values.items() if name in forms}
    answered = {name: bool(value) for name, value in asked.items() if forms[name] == "yes_no" and value is not None}
    return score.in_own_units(**asked | answered)


def _result(score: Score, case: Case, **more: Any) -> Result:
    return score.result(_given(score, case, **more))


def prevent_risks(case: Case) -> dict[str, float]:
    """This function will give PREVENT's five probabilities for the case's model and years."""
    inputs = {NAMES.get(name, name): value for name, value in case["inputs"].items()}
    model, years = inputs.pop("model"), inputs.pop("years")
    beyond_the_score = years == 30 and inputs["age"] >= 60
    if beyond_the_score or prevent.model_of(inputs.get("hba1c"), inputs.get("uacr")) != model:
        # Such cases prove the arithmetic only: the score itself refuses 30 years from 60 on, and chooses its model by itself.
        return prevent.risks(model=model, years=years, **inputs)
    parts = _result(prevent.TEN_YEARS if years == 10 else prevent.THIRTY_YEARS, case).parts
    return {outcome: float(parts[outcome] or 0) / 100 for outcome in prevent.OUTCOMES}


def china_par_percent(case: Case) -> float:
    """This function will give China-PAR in percent."""
    return _result(china_par.SCORE, case).value


def score2_percent(case: Case) -> float:
    """This function will give SCORE2, or its Asia-Pacific form where the case says so, in percent."""
    return _result(score2_ap.SCORE if case["inputs"].get("asia_pacific") else score2.SCORE, case).value


def score2_op_percent(case: Case) -> float:
    """This function will give SCORE2-OP in percent; without a word on diabetes there is none."""
    return _result(score2_op.SCORE, case, diabetes=case["inputs"].get("dm", case["inputs"].get("diabetes", False))).value


def score2_diabetes_percent(case: Case) -> float:
    """This function will give SCORE2-Diabetes in percent."""
    return _result(score2_diabetes.SCORE, case).value


def pce_probability(case: Case) -> float:
    """This function will give the pooled cohort equations' probability."""
    race = case["inputs"]["race"]
    return _result(pce.SCORE, case, race=race if race in ("white", "black") else "other").value / 100


def framingham_percent(case: Case) -> float:
    """This function will give the Framingham risk in percent by the case's model."""
    return _result(framingham.BMI if case["inputs"]["model"] == "bmi" else framingham.LIPIDS, case).value


def egfr(case: Case) -> float:
    """This function will give the eGFR."""
    return _result(ckd_epi.SCORE, case).value


def kidney_grid(case: Case) -> list[Any]:
    """This function will give the G and A categories and the risk."""
    found = _result(kdigo.SCORE, case)
    return [found.parts["g"], found.parts["a"], _band(found)]


def kidney_failure(case: Case) -> float:
    """This function will give the probability of kidney failure within the case's years."""
    region = "north_america" if case["inputs"]["north_american"] else "elsewhere"
    found = _result(kfre.SCORE, case, region=region)
    return float(found.parts[f"risk_{case['inputs']['years']}y"] or 0) / 100


def af_stroke(case: Case) -> int:
    """This function will give the points of CHA2DS2-VASc, or of CHA2DS2-VA where the case says so."""
    score = chads.VA if case["inputs"].get("va") else chads.VASC
    return int(_result(score, case, sex="female" if case["inputs"]["female"] else "male").value)


def heart_failure(case: Case) -> dict[str, Any]:
    """This function will give MAGGIC's points and probabilities of death."""
    inputs = case["inputs"]
    found = _result(
        maggic.SCORE,
        case,
        sex="male" if inputs["male"] else "female",
        beta_blocker=not inputs["no_bb"],
        acei_arb=not inputs["no_acei_arb"],
    )
    risks = {name: found.parts[name] for name in ("risk_1y", "risk_3y")}
    return {"points": int(found.value)} | {name: None if one is None else float(one) / 100 for name, one in risks.items()}


def mood_answers(case: Case) -> list[Any]:
    """This function will give total, band and (of nine answers) the flag of self-harm."""
    items = tuple(case["inputs"]["items"])
    found = (mood.PHQ9 if len(items) == 9 else mood.GAD7).result({"items": items})
    return [int(found.value), _band(found), *([found.parts["self_harm"]] if "self_harm" in found.parts else [])]


def bleeding(case: Case) -> int:
    """This function will give the points of HAS-BLED."""
    return int(_result(has_bled.SCORE, case).value)


def copd(case: Case) -> int:
    """This function will give the points of BODE."""
    return int(_result(bode.SCORE, case).value)


def finnish_diabetes(case: Case) -> int:
    """This function will give the points of FINDRISC."""
    return int(_result(findrisc.SCORE, case).value)


def chinese_diabetes(case: Case) -> int:
    """This function will give the points of the Chinese Diabetes Risk Score."""
    return int(_result(cdrs.SCORE, case).value)


def american_diabetes(case: Case) -> int:
    """This function will give the points of the ADA test; without a word on descent it is not Asian."""
    return int(_result(ada.SCORE, case, asian=case["inputs"].get("asian", False)).value)


def _band(found: Result) -> str | None:
    return None if found.band is None else found.band.key
