"""Glucose management indicator (Bergenstal 2018, Diabetes Care 41:2275): the HbA1c expected from a CGM mean."""

from math import inf

from healthhub.lib.refused import Invalid
from risk.scores.inputs import number
from risk.scores.shape import Outcome, Score
from risk.scores.words import words


def gmi(*, mean_mg_dl: float) -> float:
    """This function will give the GMI in % of a mean CGM glucose in mg/dL, unrounded. Raises Invalid(code="out_of_domain")."""
    if not 0 < mean_mg_dl < inf:
        raise Invalid("The mean glucose must be above zero.", code="out_of_domain", field="mean_mg_dl")
    return 3.31 + 0.02392 * mean_mg_dl


def gmi_mmol_mol(*, mean_mmol_l: float) -> float:
    """This function will give the GMI in mmol/mol of a mean CGM glucose in mmol/L, by the authors' own SI formula, unrounded."""
    if not 0 < mean_mmol_l < inf:
        raise Invalid("The mean glucose must be above zero.", code="out_of_domain", field="mean_mmol_l")
    return 12.71 + 4.70587 * mean_mmol_l


def _formula(*, mean_glucose: float, days: float, wear: float) -> Outcome:
    return Outcome(gmi(mean_mg_dl=mean_glucose), {"days": days, "wear": wear})


SCORE = Score(
    key="gmi",
    version="2018",
    name=words("葡萄糖管理指标（GMI）", "Glucose management indicator"),
    citation="Bergenstal RM et al. Diabetes Care 2018;41:2275-2280. doi:10.2337/dc18-1581",
    population=words("佩戴持续葡萄糖监测14天以上、有效数据70%以上者", "People with at least 14 days of CGM and 70 % of its readings"),
    unit="%",
    inputs=(
        number("mean_glucose", words("CGM平均葡萄糖", "mean CGM glucose"), "measure", "mg/dL", 40, 500, kind="glucose"),
        number("days", words("佩戴天数", "days worn"), "measure", "d", 14, 366),
        number("wear", words("有效数据比例", "share of readings present"), "measure", "%", 70, 100),
    ),
    formula=_formula,
)
