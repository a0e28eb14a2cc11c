"""Figures of models and scores in words: probabilities as percent, everything else in its unit, with as many digits as mean something."""

from typing import Any

from django.utils.translation import gettext, gettext_noop as _n

from healthhub.web import shown

RISK = frozenset({"{probability}", "1"})
NAMES = {
    "a": _n("years"),
    "d": _n("days"),
    "{points}": _n("points"),
    "{band}": "",
    "{ratio}": "",
    "{class}": "",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "umol/L": "µmol/L",
    "10*9/L": "10⁹/L",
    "10*12/L": "10¹²/L",
    "kg/m2": "kg/m²",
    "{INR}": "INR",
}


def is_risk(unit: str) -> bool:
    """This function will tell whether a unit is that of a probability."""
    return unit in RISK


def words(unit: str) -> str:
    """This function will name a unit."""
    return gettext(NAMES[unit]) if NAMES.get(unit) else "" if unit in NAMES else shown.unit_words(unit)


def plain(value: float) -> str:
    """This function will write a number with at most three digits that mean something, and never as a power of ten."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float) -> str:
    """This function will write a probability: one digit below ten percent."""
    return f"{100 * value:.1f} %" if abs(value) < 0.0995 else f"{100 * value:.0f} %"


def amount(value: Any, unit: str) -> str:
    """This function will write a value with its unit; yes and no as words."""
    if value is None:
        return gettext("not known")
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, str):
        return value.replace("_", " ")
    if is_risk(unit):
        return percent(value)
    if not unit and value in (0, 1):
        return gettext("Yes") if value else gettext("No")
    return f"{plain(value)} {words(unit)}".strip()


def interval(low: float, high: float, unit: str) -> str:
    """This function will write where the truth may lie: "48-74 %"."""
    if is_risk(unit):
        return f"{percent(low)} – {percent(high)}"
    return f"{plain(low)} – {plain(high)} {words(unit)}".strip()


def difference(by: float, unit: str) -> str:
    """This function will write a change with its sign; of a probability in percentage points."""
    sign = "+" if by > 0 else "−" if by < 0 else ""
    if is_risk(unit):
        return sign + gettext("%(n)s points") % {"n": f"{abs(100 * by):.1f}"}
    return f"{sign}{plain(abs(by))} {words(unit)}".strip()
