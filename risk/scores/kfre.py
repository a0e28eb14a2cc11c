"""Kidney failure risk equation: the risk of needing dialysis or a transplant within 2 and 5 years, from 4 or 8 variables."""

from math import exp, log

from risk.scores import asked
from risk.scores.inputs import choice, number
from risk.scores.shape import Outcome, Score
from risk.scores.words import Words, words

REGIONS = ("north_america", "elsewhere")
YEARS = (2, 5)
# variables -> region -> years -> survival without kidney failure (Tangri 2016).
BASELINE = {
    4: {"north_america": {2: 0.9750, 5: 0.9240}, "elsewhere": {2: 0.9832, 5: 0.9365}},
    8: {"north_america": {2: 0.9780, 5: 0.9301}, "elsewhere": {2: 0.9827, 5: 0.9245}},
}
# Coefficients of age/10, male, eGFR/5, ln UACR; and what all are centred on.
CORE = {4: (-0.2201, 0.2467, -0.5567, 0.4510), 8: (-0.1992, 0.1602, -0.4919, 0.3364)}
CENTRE = (7.036, 0.5642, 7.222, 5.137)
LABS = {"albumin": (-0.3441, 3.997), "phosphate": (0.2604, 3.916), "bicarbonate": (-0.07354, 25.57), "calcium": (-0.2228, 9.355)}


def risk(*, years: int, region: str, age: float, sex: str, egfr: float, uacr: float, **labs: float) -> float:
    """This function will give the probability (0-1) within 2 or 5 years: mL/min/1.73 m2 and mg/g.

    `labs` are none, or all of albumin and phosphate and calcium (mg/dL; albumin g/dL) and bicarbonate (meq/L).
    """
    variables = 8 if labs else 4
    core = zip(CORE[variables], (age / 10, float(sex == "male"), egfr / 5, log(uacr)), CENTRE, strict=True)
    total = sum(coefficient * (value - centre) for coefficient, value, centre in core)
    total += sum(LABS[name][0] * (value - LABS[name][1]) for name, value in labs.items())
    return float(1 - BASELINE[variables][region][years] ** exp(total))


def _formula(*, region: str, age: float, sex: str, egfr: float, uacr: float, **labs: float | None) -> Outcome:
    known = {name: value for name, value in labs.items() if value is not None}
    used = known if len(known) == len(LABS) else {}
    risks = {f"risk_{years}y": 100 * risk(years=years, region=region, age=age, sex=sex, egfr=egfr, uacr=uacr, **used) for years in YEARS}
    lacking = [SCORE.input(name).label for name in LABS if name not in known]
    notes: tuple[Words, ...] = ()
    if known and lacking:
        zh, en = ("、".join(one["zh-hans"] for one in lacking), ", ".join(one["en"] for one in lacking))
        notes = (words(f"补查{zh}后可用八变量公式。", f"The eight-variable equation needs {en} as well."),)
    return Outcome(risks["risk_5y"], {"variables": 8 if used else 4, **risks}, notes=notes)


SCORE = Score(
    key="kfre",
    version="2016",
    name=words("肾衰竭风险（KFRE）五年", "Kidney failure risk equation, 5 years"),
    citation="Tangri N et al. JAMA 2011;305:1553-1559; Tangri N et al. JAMA 2016;315:164-174. doi:10.1001/jama.2015.18202",
    population=words("18岁以上、慢性肾脏病G3a-G5期、未透析者", "Adults with chronic kidney disease G3a-G5, not on dialysis"),
    unit="%",
    inputs=(
        asked.age(18, 110),
        asked.SEX,
        choice("region", words("地区", "region"), REGIONS, "look"),
        asked.egfr(0, 60, low_open=True, high_open=True),
        asked.uacr(0.1, 30000),
        number("albumin", words("血白蛋白", "serum albumin"), "order", "g/dL", 1, 7, optional=True, units={"g/L": 0.1}),
        number("phosphate", words("血磷", "serum phosphate"), "order", "mg/dL", 0.5, 20, optional=True, units={"mmol/L": 3.0974}),
        number("bicarbonate", words("血碳酸氢根", "serum bicarbonate"), "order", "meq/L", 2, 50, optional=True, units={"mmol/L": 1.0}),
        number("calcium", words("血钙", "serum calcium"), "order", "mg/dL", 3, 20, optional=True, units={"mmol/L": 4.0078}),
    ),
    formula=_formula,
    notes=(words("北美以外（含中国、欧洲）使用另一基线。", "Outside North America (China, Europe) another baseline holds."),),
    not_for={
        "dialysis": words("已透析者不适用。", "Not for people on dialysis."),
        "kidney_transplant": words("肾移植者不适用。", "Not for people with a kidney transplant."),
    },
)
