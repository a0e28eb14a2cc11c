"""KDIGO 2024 grid of chronic kidney disease: eGFR category, albuminuria category, and the risk where they cross."""

from risk.scores import asked
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

STAGES = ("G5", "G4", "G3b", "G3a", "G2", "G1")
STAGE = (0.0, ((15, 1), (30, 2), (45, 3), (60, 4), (90, 5)))
RISKS = ("low", "moderate", "high", "very_high")
GRID = {
    "G1": (0, 1, 2),
    "G2": (0, 1, 2),
    "G3a": (1, 2, 3),
    "G3b": (2, 3, 3),
    "G4": (3, 3, 3),
    "G5": (3, 3, 3),
}


def stage(egfr: float) -> str:
    """This function will give the G category of an eGFR in mL/min/1.73 m2, unrounded: 14.9 is G5."""
    return STAGES[int(points(STAGE, egfr))]


def albuminuria(uacr: float) -> int:
    """This function will give the A category (1-3) of a ratio in mg/g: under 30, 30 to 300, above 300."""
    return 1 if uacr < 30 else 2 if uacr <= 300 else 3


def _formula(*, egfr: float, uacr: float) -> Outcome:
    g, a = stage(egfr), albuminuria(uacr)
    return Outcome(GRID[g][a - 1], {"g": g, "a": f"A{a}"})


SCORE = Score(
    key="kdigo",
    version="2024",
    name=words("KDIGO 慢性肾脏病风险分层", "KDIGO risk grid of chronic kidney disease"),
    citation="KDIGO 2024 CKD Guideline. Kidney Int 2024;105(4S):S117-S314",
    population=words("成人；异常须持续3个月以上才能诊断慢性肾脏病", "Adults; chronic kidney disease needs three months of abnormal values"),
    unit="{rank}",
    inputs=(asked.egfr(0, 200), asked.uacr(0, 30000)),
    formula=_formula,
    bands=tuple(Band(risk, rank) for rank, risk in enumerate(RISKS)),
    not_for={"dialysis": words("透析者不适用。", "Not for people on dialysis.")},
)
