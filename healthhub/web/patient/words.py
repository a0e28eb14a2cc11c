"""Rules, limits, contacts and notices in the reader's words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop as _n

from healthhub.web import shown
from risk import cards

CLASSES: Mapping[str, str] = {
    "vitals": _n("blood pressure, pulse, oxygen, temperature"),
    "glucose": _n("glucose"),
    "body": _n("weight and build"),
    "labs": _n("laboratory"),
    "respiratory": _n("lung function"),
    "activity": _n("activity"),
    "sleep": _n("sleep"),
    "reported": _n("symptoms, medication and answers"),
}
# A limit of a rule by its name, where the rule does not say by a bound on which side it lies.
LIMITS: Mapping[str, str] = {
    "rise": _n("a rise of %(value)s %(unit)s"),
    "fall": _n("a fall of %(value)s %(unit)s"),
    "gain": _n("a gain of %(value)s %(unit)s"),
    "loss": _n("a loss of %(value)s %(unit)s"),
    "day": _n("a gain of %(value)s %(unit)s in a day"),
    "gain3": _n("a gain of %(value)s %(unit)s in three days"),
    "week": _n("a gain of %(value)s %(unit)s in a week"),
    "difference": _n("a difference of %(value)s %(unit)s"),
    "swing": _n("a swing of %(value)s %(unit)s"),
    "pace": _n("faster than %(value)s %(unit)s a minute"),
    "total": _n("%(value)s points in all"),
    "top": _n("from a usual value of up to %(value)s %(unit)s"),
    "spo2_top": _n("from a usual oxygen of up to %(value)s %(unit)s"),
    "spo2": _n("oxygen %(value)s %(unit)s"),
    "rhr": _n("resting heart rate up by %(value)s %(unit)s"),
    "steps": _n("steps down by %(value)s %(unit)s"),
    "fast": _n("from %(value)s %(unit)s"),
    "slow": _n("up to %(value)s %(unit)s"),
    "high": _n("upper limit %(value)s %(unit)s"),
    "low": _n("lower limit %(value)s %(unit)s"),
    "sbp": _n("systolic %(value)s %(unit)s"),
    "dbp": _n("diastolic %(value)s %(unit)s"),
    "symptom": _n("a symptom of grade %(value)s or more"),
    "severe": _n("a symptom of grade %(value)s or more"),
    "headache": _n("headache of grade %(value)s or more"),
    "ketone": _n("ketones %(value)s %(unit)s"),
}
COMPONENTS: Mapping[str, str] = {"sbp": _n("systolic"), "dbp": _n("diastolic")}
FIGURES: Mapping[str, str] = {
    "pef_best": _n("personal best peak flow %(value)s L/min"),
    "dry_weight": _n("dry weight %(value)s kg"),
}
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


def class_words(data_class: str) -> str:
    """This function will name a class of data."""
    return gettext(CLASSES.get(data_class, data_class))


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
    """This function will put one limit `{unit: value}` in words: in the unit of the region first, others behind it."""
    told = " / ".join(limit_words(name, value, unit, op if not number else "") for number, (unit, value) in enumerate(figures.items()))
    return f"{gettext(COMPONENTS[name])} {told}" if name in COMPONENTS and op in shown.BOUNDS else told


def limit_words(name: str, value: float, unit: str, op: str) -> str:
    """This function will put one figure of a limit in words: "at least 180 mmHg"."""
    frame = shown.BOUNDS.get(op) or shown.BOUNDS.get(name) or LIMITS.get(name) or "%(value)s %(unit)s"
    return (gettext(frame) % {"value": f"{value:g}", "unit": shown.unit_words(unit)}).strip()


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
