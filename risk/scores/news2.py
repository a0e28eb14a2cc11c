"""National Early Warning Score 2 (Royal College of Physicians, 2017), reproduced unmodified with acknowledgement.

Not for people under 16 and not in pregnancy. Nothing is imputed: with an input missing, or inputs more than half an
hour apart, there is no score (see `unfit`). Scale 2 is used only where a clinician has set the target of 88-92 %.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal

from healthhub.lib.refused import Invalid
from healthhub.lib.units import round_half_up
from risk.scores import asked
from risk.scores.inputs import choice, number, yes_no
from risk.scores.shape import Band as Step, Outcome, Score
from risk.scores.words import words

Band = Literal["low", "low_medium", "medium", "high"]
TOGETHER = timedelta(minutes=30)
YOUNGEST = 16
INPUTS = ("rr", "spo2", "on_o2", "sbp", "pulse", "consciousness", "temp")

# The chart: the highest value of each column but the last, and the points of all columns. Temperature has one decimal.
Column = tuple[tuple[float, ...], tuple[int, ...]]
CHART: Mapping[str, Column] = {
    "rr": ((8, 11, 20, 24), (3, 1, 0, 2, 3)),
    "spo2": ((91, 93, 95), (3, 2, 1, 0)),
    "spo2_scale2": ((83, 85, 87, 92), (3, 2, 1, 0, 0)),
    "spo2_scale2_on_o2": ((83, 85, 87, 92, 94, 96), (3, 2, 1, 0, 1, 2, 3)),
    "sbp": ((90, 100, 110, 219), (3, 2, 1, 0, 3)),
    "pulse": ((40, 50, 90, 110, 130), (3, 1, 0, 1, 2, 3)),
    "temp": ((35.0, 36.0, 38.0, 39.0), (3, 1, 0, 1, 2)),
}
ALERT = "A"
ACVPU = frozenset("ACVPU")


@dataclass(frozen=True, slots=True)
class News2:
    """The total, its band, and the points of each parameter, which sum to the total."""

    total: int
    band: Band
    points: Mapping[str, int]


def news2(
    *,
    rr: float,
    spo2: float,
    on_o2: bool,
    sbp: float,
    pulse: float,
    consciousness: str,
    temp: float,
    scale2: bool = False,
) -> News2:
    """This function will score respiratory rate (/min), SpO2 (%), oxygen, SBP (mmHg), pulse (/min), ACVPU and temperature (Cel).

    Values between two columns are rounded half up to what the chart shows (whole numbers; temperature to 0.1).
    Raises Invalid(code="out_of_domain") for a level that is none of A, C, V, P, U and for what is not a number.
    """
    if consciousness not in ACVPU:
        raise Invalid("Consciousness is one of A, C, V, P, U.", code="out_of_domain", field="consciousness")
    saturation = "spo2" if not scale2 else "spo2_scale2_on_o2" if on_o2 else "spo2_scale2"
    points = {
        "rr": _points("rr", rr),
        "spo2": _points(saturation, spo2),
        "on_o2": 2 if on_o2 else 0,
        "sbp": _points("sbp", sbp),
        "pulse": _points("pulse", pulse),
        "consciousness": 0 if consciousness == ALERT else 3,
        "temp": _points("temp", temp, digits=1),
    }
    total = sum(points.values())
    return News2(total, _band(total, max(points.values())), points)


def unfit(moments: Mapping[str, datetime], *, age: float | None = None, pregnant: bool = False) -> tuple[str, ...]:
    """This function will list why there can be no score: nothing when there can.

    `moments` says when each of `INPUTS` was observed. Reasons: "missing:<input>", "apart" (more than 30 minutes from
    the first to the last), "under_16", "pregnant".
    """
    reasons = [f"missing:{name}" for name in INPUTS if name not in moments]
    seen = [moments[name] for name in INPUTS if name in moments]
    if seen and max(seen) - min(seen) > TOGETHER:
        reasons.append("apart")
    if age is not None and age < YOUNGEST:
        reasons.append("under_16")
    if pregnant:
        reasons.append("pregnant")
    return tuple(reasons)


def _points(column: str, value: float, *, digits: int = 0) -> int:
    if not isfinite(value) or value < 0:
        raise Invalid("NEWS2 needs a number here.", code="out_of_domain", field=column.partition("_")[0])
    tops, points = CHART[column]
    return points[bisect_left(tops, round_half_up(value, digits))]


def _band(total: int, worst: int) -> Band:
    if total >= 7:
        return "high"
    if total >= 5:
        return "medium"
    return "low_medium" if worst == 3 else "low"


def _formula(*, age: float, scale2: bool | None, **values: Any) -> Outcome:
    found = news2(scale2=bool(scale2), **values)
    return Outcome(found.total, found.points, Step(found.band, found.total))


SCORE = Score(
    key="news2",
    version="2017",
    name=words("国家早期预警评分2（NEWS2）", "National Early Warning Score 2"),
    citation="Royal College of Physicians. National Early Warning Score (NEWS) 2. London: RCP, 2017",
    population=words("16岁以上、非孕妇；各项须在半小时内测得", "From 16 years, not in pregnancy; all observed within half an hour"),
    unit="{score}",
    inputs=(
        asked.age(YOUNGEST, 120),
        number("rr", words("呼吸频率", "respiratory rate"), "measure", "/min", 3, 80, kind="rr"),
        number("spo2", words("血氧饱和度", "oxygen saturation"), "measure", "%", 50, 100),
        yes_no("on_o2", words("吸氧", "supplemental oxygen")),
        asked.sbp(30, 300),
        number("pulse", words("脉搏", "pulse"), "measure", "/min", 20, 300, kind="hr"),
        choice("consciousness", words("意识（ACVPU）", "consciousness (ACVPU)"), tuple("ACVPU"), "measure"),
        number("temp", words("体温", "temperature"), "measure", "Cel", 30, 44, kind="temp"),
        yes_no("scale2", words("医嘱目标血氧88-92%", "a clinician set a target of 88-92 %"), "look", optional=True),
    ),
    formula=_formula,
    not_for={"pregnant": words("妊娠期不适用。", "Not in pregnancy.")},
)
