"""The published scores that fit a patient, from what her record holds: each with its value, or with what is missing and how to get it.

Nothing is guessed: what no reading, condition or fact of hers says is asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthhub.audit import log
from healthhub.lib import derived
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import shown
from healthhub.records.catalogue import BY_KEY, CUFFLESS, SUSPICIOUS
from healthhub.records.shown import Seen
from risk.scores import ckd_epi
from risk.scores.inputs import Problem, Quantity, Value
from risk.scores.registry import NEEDS, Choice, for_whom
from risk.scores.shape import Score
from risk.scores.words import words

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR_DAYS = 365.2425
# A doubtful value, or a pressure without a cuff, is nothing to score by.
LEFT_OUT = SUSPICIOUS | CUFFLESS
# Input of a score -> the kind of reading that answers it; the newest counts.
READINGS: Mapping[str, str] = {
    "sbp": "bp",
    "total_c": "cholesterol",
    "hdl_c": "hdl",
    "bmi": "bmi",
    "waist": "waist",
    "egfr": "egfr",
    "uacr": "uacr",
    "hba1c": "hba1c",
    "creatinine": "creatinine",
    "albumin": "albumin",
    "bicarbonate": "bicarbonate",
    "walk": "walk_6min",
    "mmrc": "mmrc",
    "nyha": "nyha",
    "rr": "rr",
    "spo2": "spo2",
    "pulse": "hr",
    "temp": "temp",
    "mean_glucose": "cgm_mean",
    "days": "cgm_days",
    "wear": "cgm_wear",
}
# Input -> kind whose codes or amount answer it with yes or no (or with the code itself, for `consciousness`).
SMOKING = {"never": False, "former": False, "current": True}
# Input -> conditions of which one makes it a yes. Without any of them it is a no: the record's list is taken to be complete.
CONDITIONS: Mapping[str, frozenset[str]] = {
    "diabetes": frozenset({"diabetes_t1", "diabetes_t2"}),
    "hypertension": frozenset({"hypertension"}),
    "heart_failure": frozenset({"heart_failure"}),
    "copd": frozenset({"copd"}),
    "bp_treated": frozenset({"antihypertensive", "raasi", "diuretic"}),
    "acei_arb": frozenset({"raasi"}),
    "scale2": frozenset({"target_spo2_88_92"}),
}
# A condition says yes; its absence says nothing (the record tells today's treatment and no more).
ONLY_YES: Mapping[str, frozenset[str]] = {
    "bp_treated_ever": CONDITIONS["bp_treated"],
    "renal": frozenset({"dialysis", "kidney_transplant"}),
}
OTHER_KINDS = ("smoking", "alcohol", "consciousness", "oxygen_flow", "weight", "height")
# How old a reading may be, by score; otherwise a year.
FRESH: Mapping[str, timedelta] = {"news2": DAY, "gmi": 30 * DAY}
YEAR = timedelta(days=366)
HEIGHT_HOLDS = 10 * YEAR  # adults do not grow
KFRE_REGION = {"CN": "elsewhere", "EU": "elsewhere"}  # the United States alone do not tell: it is asked
HIDDEN = words("需要查看她的诊断，而她未向您开放全部数据。", "needs her diagnoses, and not all of her data is open to you.")
NO_SEX = words("缺少：性别。请询问患者。", "Missing: sex: ask the patient.")
NO_BIRTH = words("缺少：出生日期。请询问患者。", "Missing: date of birth: ask the patient.")


@dataclass(frozen=True, slots=True)
class Record:
    """What the record says of a patient, to one viewer. `conditions` is None where they are not open to her."""

    age: float
    sex: str
    locale: str
    conditions: frozenset[str] | None
    readings: Mapping[str, Seen]
    now: datetime


def scores_of(*, viewer: Viewer, patient_id: UUID | str, now: datetime, defaults_only: bool = False) -> list[dict[str, Any]]:
    """This function will give each need of the patient with the scores that answer it, the default first. Raises as `access.patient_for`.

    Readings of classes that are not open to the viewer are missing to her, and so are diagnoses unless every class is open.
    """
    patient, classes = access.opened(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="scores.read", patient_id=patient.id, now=now)
    unknown = _unknown(patient)
    if unknown or patient.birth_date is None:
        return [{"need": "", "name": words("评分", "scores"), "scores": [], "why": None, "problems": [_told(one) for one in unknown]}]
    record = Record(
        age=(now.date() - patient.birth_date).days / YEAR_DAYS,
        sex=patient.sex,
        locale=patient.locale,
        conditions=frozenset(patient.conditions) if classes == DATA_CLASSES else None,
        readings=_readings(patient.id, classes, now),
        now=now,
    )
    record = _with_egfr(record)
    choices = for_whom(age=record.age, sex=record.sex, locale=record.locale, conditions=record.conditions or ())
    return [_need(choice, record, defaults_only=defaults_only) for choice in choices]


def _unknown(patient: Patient) -> list[Problem]:
    found = [Problem("missing_input", "sex", NO_SEX, "ask")] if patient.sex not in ("female", "male") else []
    return found + ([Problem("missing_input", "birth_date", NO_BIRTH, "ask")] if patient.birth_date is None else [])


def _readings(patient_id: UUID, classes: Collection[str], now: datetime) -> dict[str, Seen]:
    """The newest reading of each kind; the body mass index also from weight and height."""
    kinds = {*READINGS.values(), *OTHER_KINDS}
    newest = shown.latest(patient_id=patient_id, classes=classes, now=now, kinds=kinds, within=HEIGHT_HOLDS)
    sure = {kind: one for kind, one in newest.items() if not one.flags & LEFT_OUT and one.at <= now}
    found = {kind: one for kind, one in sure.items() if now - one.at <= YEAR}
    if "bmi" not in found and "weight" in found and "height" in sure:
        weight, height = found["weight"], sure["height"]
        found["bmi"] = replace(weight, kind="bmi", value=derived.bmi(weight_kg=weight.value, height_cm=height.value))
    return found


def _with_egfr(record: Record) -> Record:
    """The record with the filtration rate by CKD-EPI, where there is a creatinine and nothing speaks against the formula."""
    creatinine = record.readings.get("creatinine")
    if "egfr" in record.readings or creatinine is None or record.conditions is None:
        return record
    given: dict[str, Value | None] = {"age": record.age, "sex": record.sex, "creatinine": _quantity(creatinine)}
    if ckd_epi.SCORE.problems(given, conditions=record.conditions):
        return record
    in_mg = from_canonical(creatinine.value, unit="mg/dL", kind=BY_KEY["creatinine"])
    rate = ckd_epi.egfr(age=record.age, sex=record.sex, creatinine=in_mg)
    return replace(record, readings={**record.readings, "egfr": replace(creatinine, kind="egfr", value=rate)})


def _quantity(one: Seen) -> Quantity:
    return Quantity(one.value, BY_KEY[one.kind].unit)


def _need(choice: Choice, record: Record, *, defaults_only: bool) -> dict[str, Any]:
    listed = [] if choice.score is None else [choice.score, *([] if defaults_only else choice.others)]
    return {
        "need": choice.need,
        "name": dict(NEEDS[choice.need]),
        "scores": [_score(one, record, default=one is choice.score) for one in listed],
        "why": dict(choice.why) if choice.score is None else None,
        "problems": [],
    }


def _score(score: Score, record: Record, *, default: bool) -> dict[str, Any]:
    given, sources = inputs_of(score, record)
    told: dict[str, Any] = {
        "score": score.key,
        "name": dict(score.name),
        "default": default,
        "population": dict(score.population),
        "citation": score.citation,
        "version": score.version,
        "unit": score.unit,
        "value": None,
        "band": None,
        "parts": {},
        "notes": [],
        "problems": [],
    }
    hidden = [Problem("not_open", "conditions", HIDDEN)] if score.not_for and record.conditions is None else []
    problems = [*hidden, *score.problems(given, conditions=record.conditions or ())]
    if problems:
        known = {problem.field for problem in problems}
        used = [(one.name, given[one.name], one.unit) for one in score.inputs if given.get(one.name) is not None and one.name not in known]
        return told | {"problems": [_told(one) for one in problems], "inputs": [_used(*one, sources, record.now) for one in used]}
    result = score.result(given, conditions=record.conditions or ())
    plain = result.as_dict()
    inputs = [_used(one.name, one.value, one.unit, sources, record.now) for one in result.inputs]
    return told | {name: plain[name] for name in ("value", "band", "parts", "notes")} | {"inputs": inputs}


def _used(name: str, value: Any, unit: str, sources: Mapping[str, Seen], now: datetime) -> dict[str, Any]:
    """An input as it entered: a reading with its moment and age, a fact of the record without."""
    one = sources.get(name)
    if isinstance(value, Quantity):
        value, unit = value.value, value.unit
    at = None if one is None else one.at
    age = None if at is None else round((now - at) / HOUR, 1)
    return {"name": name, "value": value, "unit": unit, "kind": None if one is None else one.kind, "measured_at": at, "age_hours": age}


def inputs_of(score: Score, record: Record) -> tuple[dict[str, Value | None], dict[str, Seen]]:
    """This function will give what the record answers of a score's inputs, and the readings behind the answers."""
    given: dict[str, Value | None] = {}
    sources: dict[str, Seen] = {}
    fresh = FRESH.get(score.key, YEAR)
    readings = {kind: one for kind, one in record.readings.items() if record.now - one.at <= fresh}
    facts: dict[str, Value | None] = {"age": record.age, "sex": record.sex}
    for one in score.inputs:
        kind = READINGS.get(one.name)
        if one.name in facts:
            given[one.name] = facts[one.name]
        elif one.name == "region" and one.choices == ("north_america", "elsewhere"):
            given[one.name] = KFRE_REGION.get(record.locale)
        elif kind is not None and kind in readings and one.form == "number":
            given[one.name], sources[one.name] = _quantity(readings[kind]), readings[kind]
        else:
            given[one.name], source = _answered(one.name, record, readings)
            if source is not None:
                sources[one.name] = source
    return given, sources


def _answered(name: str, record: Record, readings: Mapping[str, Seen]) -> tuple[Value | None, Seen | None]:
    """Yes or no: from a reading that says so, else from the conditions."""
    if name == "smoker" and "smoking" in readings:
        return SMOKING.get(BY_KEY["smoking"].codes[int(readings["smoking"].value)]), readings["smoking"]
    if name == "consciousness" and "consciousness" in readings:
        return BY_KEY["consciousness"].codes[int(readings["consciousness"].value)], readings["consciousness"]
    if name == "on_o2" and "oxygen_flow" in readings:
        return readings["oxygen_flow"].value > 0, readings["oxygen_flow"]
    if name == "alcohol" and "alcohol" in readings:
        return readings["alcohol"].value * 7 >= 8, readings["alcohol"]
    if name == "sbp_above_160" and "bp" in readings:
        return readings["bp"].value > 160, readings["bp"]
    if record.conditions is None:
        return None, None
    if name in CONDITIONS:
        return not record.conditions.isdisjoint(CONDITIONS[name]), None
    if name in ONLY_YES and not record.conditions.isdisjoint(ONLY_YES[name]):
        return True, None
    return None, None


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "field": problem.field, "words": dict(problem.words), "how": problem.how}
