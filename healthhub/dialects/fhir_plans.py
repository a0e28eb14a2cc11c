"""FHIR R4 CarePlan and Goal: a care plan for one condition, what is aimed at, when to measure, medicines, tasks. Pure."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Protocol
from uuid import UUID

from healthhub.dialects.fhir_out import DIASTOLIC_NAME, LOINC, OWN_KINDS, SYSTOLIC_NAME, UCUM, Coded

CATEGORY = "urn:healthhub:condition"


class Numbered(Coded, Protocol):
    """A kind with its number in the catalogue."""

    @property
    @abstractmethod
    def number(self) -> int: ...


def code_of(kind: Coded, *, language: str, second: bool | None = None) -> dict[str, Any]:
    """This function will write what is measured; `second`: of a pair, the one or the other component."""
    loinc = kind.loinc2 if second else kind.panel if second is None and kind.panel else kind.loinc
    coding = [{"system": LOINC, "code": loinc}] if loinc else []
    name = kind.name[language] if second is None else DIASTOLIC_NAME if second else SYSTOLIC_NAME
    return {"coding": [*coding, {"system": OWN_KINDS, "code": kind.key}], "text": name}


def goals(*, plan: Mapping[str, Any], kinds: Mapping[str, Numbered], language: str) -> list[dict[str, Any]]:
    """This function will write the plan's targets, one Goal for each kind: `{plan}-{number of the kind}`; see care.careplans.content."""
    return [_goal(plan, line, kinds[line["kind"]], language) for line in plan["content"]["targets"]]


def _goal(plan: Mapping[str, Any], line: Mapping[str, Any], kind: Numbered, language: str) -> dict[str, Any]:
    pair = kind.loinc2 is not None
    targets = [_target(line, kind, language, suffix, pair) for suffix in ("", "2")]
    return {
        "resourceType": "Goal",
        "id": f"{plan['id']}-{kind.number}",
        "meta": _meta(plan),
        "lifecycleStatus": "completed" if plan["ended_at"] else "active",
        "description": {"text": f"{kind.name[language]}: {_words(line, '')}{_second(line)} {kind.unit}"},
        "subject": {"reference": f"Patient/{plan['patient_id']}"},
        "startDate": plan["made_at"].date().isoformat(),
        "target": [target for target in targets if target],
    }


def _second(line: Mapping[str, Any]) -> str:
    said = _words(line, "2")
    return f" / {said}" if said else ""


def _words(line: Mapping[str, Any], suffix: str) -> str:
    if f"at_least{suffix}" in line:
        return f"{line[f'at_least{suffix}']:g}–{line[f'at_most{suffix}']:g}"
    return next((f"{sign} {line[word + suffix]:g}" for word, sign in (("below", "<"), ("above", ">")) if word + suffix in line), "")


def _target(line: Mapping[str, Any], kind: Coded, language: str, suffix: str, pair: bool) -> dict[str, Any]:
    measure = {"measure": code_of(kind, language=language, second=suffix == "2" if pair else None)}
    if f"at_least{suffix}" in line:
        ends = {name: _quantity(line[f"{word}{suffix}"], kind) for name, word in (("low", "at_least"), ("high", "at_most"))}
        return measure | {"detailRange": ends}
    for word, sign in (("below", "<"), ("above", ">")):
        if word + suffix in line:
            return measure | {"detailQuantity": _quantity(line[word + suffix], kind) | {"comparator": sign}}
    return {}


def _quantity(value: float, kind: Coded) -> dict[str, Any]:
    return {"value": int(value) if value == int(value) else value, "unit": kind.unit, "system": UCUM, "code": kind.unit}


def care_plan(
    *,
    plan: Mapping[str, Any],
    title: str,
    author: str,
    kinds: Mapping[str, Numbered],
    periods: Mapping[str, tuple[float, str]],
    medications: Iterable[Mapping[str, Any]],
    tasks: Iterable[Mapping[str, Any]],
    language: str,
) -> dict[str, Any]:
    """This function will write a plan (fields of care.models.CarePlan) with her medicines and the plan's tasks, in one language."""
    activity = [
        *(_measuring(line, kinds[line["kind"]], periods, language) for line in plan["content"]["schedule"]),
        *(_medicine(one) for one in medications),
        *(_task(one, language) for one in tasks),
    ]
    until = {"end": plan["ended_at"].isoformat()} if plan["ended_at"] else {}
    return {
        "resourceType": "CarePlan",
        "id": str(plan["id"]),
        "meta": _meta(plan),
        "status": "completed" if plan["ended_at"] else "active",
        "intent": "plan",
        "category": [{"coding": [{"system": CATEGORY, "code": plan["condition"]}], "text": title}],
        "title": title,
        "subject": {"reference": f"Patient/{plan['patient_id']}"},
        "period": {"start": plan["made_at"].isoformat(), **until},
        "created": plan["made_at"].isoformat(),
        "author": {"display": author},
        **_some("goal", [{"reference": f"Goal/{plan['id']}-{kinds[line['kind']].number}"} for line in plan["content"]["targets"]]),
        **_some("activity", [{"detail": detail} for detail in activity]),
        **_some("note", [{"text": text[language]} for text in plan["content"]["education"]]),
    }


def _some(name: str, found: Sequence[Any]) -> dict[str, Any]:
    return {name: list(found)} if found else {}


def _meta(plan: Mapping[str, Any]) -> dict[str, str]:
    moment: datetime = plan["changed_at"]
    return {"versionId": str(plan["version"]), "lastUpdated": moment.isoformat()}


def _measuring(line: Mapping[str, Any], kind: Coded, periods: Mapping[str, tuple[float, str]], language: str) -> dict[str, Any]:
    period, unit = periods[line["per"]]
    return {
        "kind": "ServiceRequest",
        "code": code_of(kind, language=language),
        "status": "in-progress",
        "scheduledTiming": {"repeat": {"frequency": line["times"], "period": period, "periodUnit": unit}},
    }


def _medicine(one: Mapping[str, Any]) -> dict[str, Any]:
    """A medicine as care.models.Medication has it: its times are by the clock where she is."""
    times: Sequence[time] = one["times"]
    words = " ".join(part for part in (one["name"], one["dose"]) if part)
    timing = {"scheduledTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
    if times:
        timing["scheduledTiming"]["repeat"] |= {"frequency": len(times), "timeOfDay": [f"{at:%H:%M:%S}" for at in times]}
    return {
        "kind": "MedicationRequest",
        "productCodeableConcept": {"text": words},
        "status": "in-progress",
        **(timing if times else {"scheduledString": "when needed"}),
    }


def _task(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A task: `what`, `due_on`, `done_at`, and the name of its owner ("" for the patient herself)."""
    due: date = one["due_on"]
    patient_id: UUID = one["patient_id"]
    performer = {"display": one["owner"]} if one["owner"] else {"reference": f"Patient/{patient_id}"}
    return {
        "kind": "Task",
        "status": "completed" if one["done_at"] else "scheduled",
        "scheduledPeriod": {"end": due.isoformat()},
        "performer": [performer],
        "description": one["what"][language],
    }
