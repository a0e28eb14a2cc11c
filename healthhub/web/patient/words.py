"""Rules, limits, contacts and notices in the reader's words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop as _n

from healthhub.web import shown
from healthhub.web.limits import NAMES
from healthhub.web.patient import units
from risk import cards

FIGURES: Mapping[str, str] = {
    "pef_best": _n("personal best peak flow %(value)s L/min"),
    "dry_weight": _n("dry weight %(value)s kg"),
}
# Answers by the catalogue's codes.
CODES: Mapping[str, str] = {
    "never": _n("never"),
    "former": _n("in the past"),
    "current": _n("at present"),
    "unknown": _n("not known"),
    "no": _n("No"),
    "yes": _n("Yes"),
    "none": _n("none"),
    "irregular": _n("irregular"),
    "sinusRhythm": _n("sinus rhythm"),
    "atrialFibrillation": _n("atrial fibrillation"),
    "A": _n("alert"),
    "C": _n("newly confused"),
    "V": _n("responds to voice"),
    "P": _n("responds to pain"),
    "U": _n("unresponsive"),
}
INCONCLUSIVE = _n("inconclusive")
CONTACTS: Mapping[str, str] = {"visit": _n("Visit"), "call": _n("Phone call"), "message": _n("Message"), "note": _n("Internal note")}
CAME: Mapping[str, str] = {
    "seen": _n("seen"),
    "delivered": _n("delivered"),
    "pending": _n("on its way"),
    "failed": _n("could not be delivered"),
    "cancelled": _n("not sent: no longer needed"),
}
TOLD: Mapping[str, str] = {
    "opened": _n("Alert"),
    "escalated": _n("Passed on"),
    "came_back": _n("Came back"),
    "worsened": _n("Got worse"),
    "break_glass": _n("Emergency opening"),
    "review_due": _n("Review due"),
}


def code_words(code: str) -> str:
    """This function will put an answer of a coded kind in words; what a recorder could not decide is inconclusive."""
    return gettext(CODES.get(code, INCONCLUSIVE))


def rule_name(rule_id: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """This function will name a rule of the plan, a model's alert (`RISK-...`), or a forecast (`FORECAST-...`)."""
    if rule_id in names:
        return shown.both(names[rule_id])
    if rule_id == "figures":
        return gettext("Personal figures")
    if rule_id.startswith("RISK-"):
        about = cards.released().get(rule_id.removeprefix("RISK-"))
        return shown.both(about["name"]) if about else rule_id
    return gettext("Forecast") if rule_id.startswith("FORECAST-") else rule_id


def figures_words(figures: Mapping[str, float], name: str, op: str = "") -> str:
    """This function will put one limit `{unit: value}` in words, in every unit it has: "Systolic at least 180 mmHg"."""
    label = gettext(NAMES[name]) if name in NAMES and name not in shown.BOUNDS else ""
    bound = shown.BOUNDS.get(op) or shown.BOUNDS.get(name)
    frame = gettext(bound) if bound else "%(value)s %(unit)s"
    told = " / ".join((frame % {"value": f"{value:g}", "unit": units.words(unit)}).strip() for unit, value in figures.items())
    return f"{label} {told}".strip()


def change_words(changes: Mapping[str, Any], rule_id: str) -> str:
    """This function will put what was changed for her in words."""
    if changes.get("off"):
        return gettext("switched off")
    if rule_id == "figures":
        frames = ((FIGURES.get(name, f"{name} %(value)s"), value) for name, value in changes.items())
        return gettext(", ").join(gettext(frame) % {"value": f"{value:g}"} for frame, value in frames)
    return gettext(", ").join(_changed(name, change) for name, change in changes.items())


def _changed(name: str, change: Any) -> str:
    """A change is `{"value": 170, "unit": "mm[Hg]"}`."""
    if not isinstance(change, Mapping) or "value" not in change:
        return f"{name} {change}"
    return figures_words({str(change.get("unit", "")): float(change["value"])}, name)
