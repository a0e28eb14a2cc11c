"""Cases of alert rules: a patient and her readings are made from the inputs, the real packs judge them, and the alert
codes of the cases are read off the findings.

A case states a value, not a course. The value is therefore measured again as a person would who was asked to repeat
it, and as often as the rules of that family ask for before they speak; every rule decides for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from healthhub.lib.units import to_canonical
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS, plausible
from monitoring import judge, packs
from monitoring.judge import Finding, PatientContext, Reading

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NOW = timedelta()
AGAIN = timedelta(minutes=2)
# The second session of blood pressure, and the second high glucose, that their rules ask for.
NEXT_SESSION = timedelta(hours=12)
NEXT_TEST = timedelta(hours=2, minutes=10)
SEVERITIES = ("red", "urgent", "amber", "watch")
# What "with symptoms" means at a high and at a low pressure.
SYMPTOMS = ("symptom_chest_pain", "symptom_syncope")
SEVERE = 3
# The rule that speaks, in order of precedence, and the name the cases give it.
GLUCOSE_CODES = (
    ("GL-L3", None, "L3_hypo"),
    ("GL-K1", "red", "ketone_emergency"),
    ("GL-L2", None, "L2_hypo"),
    ("GL-K1", "urgent", "ketone_high"),
    ("GL-L1", None, "L1_hypo"),
    ("GL-H3", None, "hyper_urgent"),
    ("GL-H2", None, "L2_hyper"),
    ("GL-H1", None, "L1_hyper"),
    ("GL-K1", "watch", "ketone_watch"),
)
# Gains from one weight to another; the gain over the own median (HF-W3) has no code in the cases.
WEIGHT_GAINS = ("gain_gt2kg_3d", "gain_1.36kg_24h", "gain_2.27kg_7d")

ZONES = (("PEF-R", "red"), ("PEF-Y", "yellow"))


def alert(case: Mapping[str, Any]) -> str | list[str]:
    """This function will give the alert code (or codes) of a case on blood pressure, glucose, weight or peak flow."""
    inputs = case["inputs"]
    if "sbp" in inputs:
        return _pressure(inputs)
    if "mg_dl" in inputs:
        return _glucose(inputs)
    if "series" in inputs:
        return _weight(inputs["series"])
    return _peak_flow(inputs)


def _reading(kind: str, after: timedelta, value: float, value2: float | None = None, *, unit: str | None = None) -> Reading:
    """A reading as intake would hand it on: canonical, marked when it is doubtful, with what was sent in another unit."""
    known = BY_KEY[kind]
    canonical = to_canonical(value, unit=unit or known.unit, kind=known)
    flags = SUSPICIOUS if plausible(known, canonical, value2, unit=unit) == "suspicious" else 0
    context = None if unit is None else {"unit": unit, "sent": value}
    return Reading(kind=kind, at=START + after, value=canonical, value2=value2, flags=flags, context=context)


def _judged(readings: Iterable[Reading], *, locale: str, conditions: Sequence[str] = (), **values: float) -> list[Finding]:
    ordered = sorted(readings, key=lambda reading: reading.at)
    context = PatientContext(conditions=frozenset(conditions), locale=locale, values=values)
    return [one for one in judge.findings(judge.Plan(packs.load(locale)), ordered, {}, context) if not one.clear]


def _pressure(inputs: Mapping[str, Any]) -> str:
    """The highest severity of the blood pressure rules; symptom rules that speak whatever the pressure is are left out."""
    times = (NOW, AGAIN, NEXT_SESSION, NEXT_SESSION + AGAIN)
    readings = [_reading("bp", after, inputs["sbp"], inputs["dbp"]) for after in times]
    if inputs["symptoms"]:
        readings += [_reading(kind, -AGAIN, SEVERE) for kind in SYMPTOMS]
    found = {one.severity for one in _judged(readings, locale=inputs["profile"]) if one.rule_id.startswith("BP-")}
    return next((severity for severity in SEVERITIES if severity in found), "none")


def _glucose(inputs: Mapping[str, Any]) -> str:
    readings = [_reading("glucose", after, inputs["mg_dl"], unit="mg/dL") for after in (NOW, AGAIN, NEXT_TEST)]
    if inputs["ketone_mmol_l"] is not None:
        readings += [_reading("ketone", after, inputs["ketone_mmol_l"]) for after in (NOW, AGAIN)]
    if inputs["severe_symptoms"]:
        readings.append(_reading("needed_help", NOW, 1))
    found = {(one.rule_id, one.severity) for one in _judged(readings, locale="US", conditions=("diabetes_t1",))}
    for rule, severity, code in GLUCOSE_CODES:
        if any(one.startswith(rule) and severity in (None, given) for one, given in found):
            return code
    return "none"


def _weight(series: Sequence[Sequence[float]]) -> list[str]:
    """The gains that hold at the last weight."""
    readings = [_reading("weight", timedelta(days=day), kilograms) for day, kilograms in series]
    last = max(reading.at for reading in readings)
    found = _judged(readings, locale="CN", conditions=("heart_failure",))
    reasons = {reason for one in found if one.at == last for reason in one.evidence["reasons"]}
    return [gain for gain in WEIGHT_GAINS if gain in reasons]


def _peak_flow(inputs: Mapping[str, Any]) -> str:
    readings = [_reading("pef", after, inputs["pef"]) for after in (NOW, AGAIN)]
    found = {one.rule_id for one in _judged(readings, locale="CN", conditions=("asthma",), pef_best=inputs["personal_best"])}
    return next((zone for rule, zone in ZONES if any(one.startswith(rule) for one in found)), "green")
