"""BODE index of chronic obstructive pulmonary disease: body mass, obstruction, dyspnoea, exercise."""

from risk.scores import asked
from risk.scores.inputs import number
from risk.scores.points import points
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

MMRC = (0.0, ((2, 1), (3, 2), (4, 3)))
LEAN_UP_TO = 21


def obstruction(fev1_percent: float) -> int:
    """This function will give the points of FEV1 in % of predicted: from 65, from 50, above 35, up to 35."""
    return 0 if fev1_percent >= 65 else 1 if fev1_percent >= 50 else 2 if fev1_percent > 35 else 3


def exercise(walk_m: float) -> int:
    """This function will give the points of the 6-minute walk in m: from 350, from 250, above 149, up to 149."""
    return 0 if walk_m >= 350 else 1 if walk_m >= 250 else 2 if walk_m > 149 else 3


def _formula(*, fev1_percent: float, walk: float, mmrc: float, bmi: float) -> Outcome:
    parts = {
        "bmi": int(bmi <= LEAN_UP_TO),
        "obstruction": obstruction(fev1_percent),
        "dyspnoea": int(points(MMRC, mmrc)),
        "exercise": exercise(walk),
    }
    return Outcome(sum(parts.values()), parts)


SCORE = Score(
    key="bode",
    version="2004",
    name=words("BODE指数", "BODE index"),
    citation="Celli BR et al. N Engl J Med 2004;350:1005-1012. doi:10.1056/NEJMoa021322",
    population=words("慢性阻塞性肺疾病患者", "People with chronic obstructive pulmonary disease"),
    unit="{score}",
    inputs=(
        number("fev1_percent", words("FEV1占预计值", "FEV1 in percent of predicted"), "test", "%", 5, 150),
        number("walk", words("6分钟步行距离", "6-minute walk distance"), "test", "m", 0, 1200, kind="walk_6min"),
        number("mmrc", words("mMRC呼吸困难分级", "mMRC dyspnoea scale"), "ask", "{score}", 0, 4, whole=True),
        asked.bmi(10, 60),
    ),
    formula=_formula,
    bands=(Band("quartile_1", 0), Band("quartile_2", 3), Band("quartile_3", 5), Band("quartile_4", 7)),
)
