"""HL7 FHIR R4 out: what was found of a patient. An alert as Flag and as DetectedIssue, an assessment as RiskAssessment. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from healthhub.dialects.fhir_out import BASE, UCUM

RULES, SEVERITIES, OUTCOMES = "urn:healthhub:rule", "urn:healthhub:severity", "urn:healthhub:outcome"
MODELS, BANDS, STEPS = "urn:healthhub:model", "urn:healthhub:band", "urn:healthhub:step"
INTERVAL, VALUE, PROBLEM, SHARE = "urn:healthhub:interval-90", "urn:healthhub:value", "urn:healthhub:problem", "urn:healthhub:share"
FLAG_CATEGORY = {"system": "http://terminology.hl7.org/CodeSystem/flag-category", "code": "clinical"}
GRAVITY: Mapping[str, str] = {"red": "high", "urgent": "high", "amber": "moderate", "watch": "low", "info": "low"}
PROBABILITY = "{probability}"


def flag(alert: Mapping[str, Any], *, text: str) -> dict[str, Any]:
    """This function will write an alert (its columns by name) as a Flag; `text` is what it says to the reader."""
    return {
        "resourceType": "Flag",
        **_head(alert),
        "status": "inactive" if alert["closed_at"] else "active",
        "category": [{"coding": [FLAG_CATEGORY, {"system": SEVERITIES, "code": alert["severity"]}]}],
        "code": _rule(alert, text),
        "subject": _patient(alert["patient_id"]),
        "period": {"start": alert["opened_at"].isoformat(), **({"end": alert["closed_at"].isoformat()} if alert["closed_at"] else {})},
    }


def detected_issue(alert: Mapping[str, Any], *, text: str, steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """This function will write an alert as a DetectedIssue with the readings it rests on.

    `steps` are what people did with it: at, did, by (a name), in order.
    """
    patient_id, readings = alert["patient_id"], [one for one in alert["evidence"].get("inputs", []) if one.get("seq") is not None]
    details = [{"reference": f"Observation/{patient_id}-{one['seq']}"} for one in readings]
    mitigation = [
        {
            "action": {"coding": [{"system": STEPS, "code": one["did"]}], "text": one["did"]},
            "date": one["at"].isoformat(),
            "author": {"display": one["by"]},
        }
        for one in steps
    ]
    if alert["outcome"] and mitigation:
        mitigation[-1]["action"]["coding"].append({"system": OUTCOMES, "code": alert["outcome"]})
    return {
        "resourceType": "DetectedIssue",
        **_head(alert),
        "status": "final" if alert["closed_at"] else "preliminary",
        "code": _rule(alert, text),
        "severity": GRAVITY[alert["severity"]],
        "patient": _patient(patient_id),
        "identifiedDateTime": alert["opened_at"].isoformat(),
        **({"implicated": details, "evidence": [{"detail": details}]} if details else {}),
        "detail": text,
        **({"mitigation": mitigation} if mitigation else {}),
    }


def risk_assessment(one: Mapping[str, Any], *, patient_id: UUID, made_at: datetime, name: str, language: str) -> dict[str, Any]:
    """This function will write what a model said: value in per cent, 90 % interval, band, what weighed most; or why it abstained.

    `one` is an assessment in full (`risk.standings.in_full`), `name` the model's. A model that abstained is `cancelled`, and its
    one prediction carries a data-absent-reason and each problem.
    """
    said = one["sentence"][language]
    prediction = _abstained(one["problems"], language) if one["value"] is None else _predicted(one, language)
    inputs = [{"display": _input(given, language)} for given in one["inputs"]]
    return {
        "resourceType": "RiskAssessment",
        "id": str(one["id"]),
        "meta": {"versionId": "1", "lastUpdated": made_at.isoformat()},
        "status": "cancelled" if one["value"] is None else "final",
        "method": {"coding": [{"system": MODELS, "code": one["model"], "version": one["version"], "display": name}], "text": name},
        "subject": _patient(patient_id),
        "occurrenceDateTime": one["as_of"].isoformat(),
        **({"basis": inputs} if inputs else {}),
        "prediction": [{**prediction, "rationale": said}],
        "note": [{"text": said}],
    }


def _head(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": str(alert["id"]), "meta": {"versionId": str(alert["version"])}}


def _patient(patient_id: UUID) -> dict[str, str]:
    return {"reference": f"Patient/{patient_id}"}


def _rule(alert: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {"coding": [{"system": RULES, "code": alert["rule_id"], "version": alert["rule_version"]}], "text": text}


def _predicted(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    unit = one["unit"]
    chance = unit == PROBABILITY
    more: list[dict[str, Any]] = [] if chance else [{"url": VALUE, "valueQuantity": _quantity(one["value"], unit)}]
    if one["low"] is not None and one["high"] is not None:
        more.append({"url": INTERVAL, "valueRange": {"low": _quantity(one["low"], unit), "high": _quantity(one["high"], unit)}})
    more += [_share(share, language) for share in one["contributions"]]
    band = one["band"]
    return {
        **({"extension": more} if more else {}),
        **({"probabilityDecimal": _percent(one["value"])} if chance else {}),
        **({"qualitativeRisk": {"coding": [{"system": BANDS, "code": band["key"]}], "text": band["words"][language]}} if band else {}),
    }


def _share(share: Mapping[str, Any], language: str) -> dict[str, Any]:
    """How much a group of inputs added to the raw score."""
    parts = [{"url": "label", "valueString": share["label"][language]}, {"url": "share", "valueDecimal": round(share["share"], 6)}]
    return {"url": SHARE, "extension": parts}


def _abstained(problems: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    why = [
        {"url": PROBLEM, "valueCodeableConcept": {"coding": [{"system": PROBLEM, "code": one["code"]}], "text": one["words"][language]}}
        for one in problems
    ]
    return {"extension": [{"url": f"{BASE}data-absent-reason", "valueCode": "not-performed"}, *why]}


def _percent(value: float) -> float:
    return round(min(max(value, 0.0), 1.0) * 100, 4)


def _quantity(value: float, unit: str) -> dict[str, Any]:
    given, code = (_percent(value), "%") if unit == PROBABILITY else (round(value, 6), unit or "1")
    return {"value": given, "unit": code, "system": UCUM, "code": code}


def _input(given: Mapping[str, Any], language: str) -> str:
    measured = f" ({given['measured_at'].isoformat()})" if given["measured_at"] else ""
    value = "?" if given["value"] is None else f"{given['value']:g}" if isinstance(given["value"], int | float) else str(given["value"])
    return f"{given['label'][language]}: {value} {given['unit']}".rstrip() + measured
