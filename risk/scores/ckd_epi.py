"""CKD-EPI 2021 creatinine equation (without race): the estimated glomerular filtration rate of an adult."""

from risk.scores import asked
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

KAPPA = {"female": 0.7, "male": 0.9}
ALPHA = {"female": -0.241, "male": -0.302}
FEMALE = 1.012


def egfr(*, age: float, sex: str, creatinine: float) -> float:
    """This function will give the eGFR in mL/min/1.73 m2 of age in years and serum creatinine in mg/dL (IDMS-traceable), unrounded."""
    share = creatinine / KAPPA[sex]
    value = 142 * min(share, 1) ** ALPHA[sex] * max(share, 1) ** -1.200 * 0.9938**age
    return float(value * FEMALE if sex == "female" else value)


def _formula(*, age: float, sex: str, creatinine: float) -> Outcome:
    return Outcome(egfr(age=age, sex=sex, creatinine=creatinine))


SCORE = Score(
    key="ckd_epi",
    version="2021",
    name=words("估算肾小球滤过率（CKD-EPI 2021）", "Estimated glomerular filtration rate (CKD-EPI 2021)"),
    citation="Inker LA et al. N Engl J Med 2021;385:1737-1749. doi:10.1056/NEJMoa2102953",
    population=words("18岁以上成人，肌酐稳定时", "Adults from 18 years with a stable creatinine"),
    unit="mL/min/{1.73_m2}",
    inputs=(asked.age(18, 120), asked.SEX, asked.creatinine(0.1, 30)),
    formula=_formula,
    bands=(Band("G5", 0), Band("G4", 15), Band("G3b", 30), Band("G3a", 45), Band("G2", 60), Band("G1", 90)),
    not_for={
        "pregnant": words("妊娠期不适用。", "Not in pregnancy."),
        "dialysis": words("透析者不适用。", "Not for people on dialysis."),
    },
)
