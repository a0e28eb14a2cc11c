"""HL7 FHIR R4 out: a patient, her readings, and a bundle of them, as plain dictionaries. Pure: what is given is what is written."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, Protocol
from uuid import UUID

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
OWN_KINDS = "urn:healthhub:kind"
OWN_FLAGS = "urn:healthhub:flag"
# Our data classes in FHIR's words; what has no word there has no category.
CATEGORY: Mapping[str, str] = {
    "vitals": "vital-signs",
    "respiratory": "vital-signs",
    "body": "vital-signs",
    "glucose": "laboratory",
    "labs": "laboratory",
    "activity": "activity",
    "sleep": "activity",
    "reported": "survey",
}
# The components of a blood pressure, whose panel is the code of the whole.
SYSTOLIC_NAME, DIASTOLIC_NAME = "Systolic blood pressure", "Diastolic blood pressure"


class Coded(Protocol):
    """What must be known of a kind of reading to write one: `healthhub.records.catalogue.Kind` is one."""

    @property
    @abstractmethod
    def key(self) -> str: ...

    @property
    @abstractmethod
    def name(self) -> Mapping[str, str]: ...

    @property
    @abstractmethod
    def loinc(self) -> str | None: ...

    @property
    @abstractmethod
    def loinc2(self) -> str | None: ...

    @property
    @abstractmethod
    def panel(self) -> str | None: ...

    @property
    @abstractmethod
    def unit(self) -> str: ...

    @property
    @abstractmethod
    def codes(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def data_class(self) -> str: ...


def patient(*, id_: UUID, name: str, birth_date: date | None, sex: str, language: str) -> dict[str, Any]:
    """This function will write the Patient: `sex` is female, male or unknown; `language` a BCP 47 tag."""
    return {
        "resourceType": "Patient",
        "id": str(id_),
        "name": [{"use": "usual", "text": name}],
        "gender": sex,
        **({"birthDate": birth_date.isoformat()} if birth_date else {}),
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}, "preferred": True}],
    }


def observation(
    *,
    kind: Coded,
    patient_id: UUID,
    seq: int,
    at: datetime,
    utc_offset: int,
    value: float,
    value2: float | None = None,
    seconds: int | None = None,
    source: str = "",
    self_reported: bool = False,
    comparator: str | None = None,
    flags: Iterable[str] = (),
    context: Mapping[str, Any] | None = None,
    received_at: datetime | None = None,
) -> dict[str, Any]:
    """This function will write one reading: `value` (and `value2`, diastolic) in the kind's canonical UCUM unit.

    `utc_offset` is in minutes east of UTC where it was measured, `seconds` the length of the period that starts at `at`;
    `comparator` is < or > for a meter that said LO or HI.
    """
    tags = [{"system": OWN_FLAGS, "code": flag} for flag in flags]
    notes = [f"{key}: {text}" for key, text in (context or {}).items() if text not in (None, "")]
    return {
        "resourceType": "Observation",
        "id": f"{patient_id}-{seq}",
        **({"meta": {"tag": tags}} if tags else {}),
        "status": "final",
        **_category(kind),
        "code": _code(kind),
        "subject": {"reference": f"Patient/{patient_id}"},
        **_effective(local(at, utc_offset), seconds),
        **({"issued": received_at.isoformat(timespec="milliseconds")} if received_at else {}),
        **({"performer": [{"reference": f"Patient/{patient_id}"}]} if self_reported else {}),
        **_value(kind, value, value2, comparator),
        **({"device": {"display": source}} if source and not self_reported else {}),
        **({"note": [{"text": "; ".join(notes)}]} if notes else {}),
    }


def bundle(resources: Iterable[Mapping[str, Any]], *, id_: str, at: datetime) -> dict[str, Any]:
    """This function will put resources into a Bundle of type collection, made at `at`."""
    entries = [{"fullUrl": f"urn:healthhub:{one['resourceType']}:{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "id": id_, "type": "collection", "timestamp": at.isoformat(timespec="milliseconds"), "entry": entries}


def local(at: datetime, utc_offset: int) -> datetime:
    """This function will give a moment with the clock of where it was measured, `utc_offset` minutes east of UTC."""
    return at.astimezone(timezone(timedelta(minutes=utc_offset)))


def _category(kind: Coded) -> dict[str, Any]:
    code = CATEGORY.get(kind.data_class)
    return {"category": [{"coding": [{"system": CATEGORIES, "code": code}]}]} if code else {}


def _code(kind: Coded) -> dict[str, Any]:
    loinc = kind.panel or kind.loinc
    coding = [{"system": LOINC, "code": loinc}] if loinc else []
    return {"coding": [*coding, {"system": OWN_KINDS, "code": kind.key, "display": kind.name["en"]}], "text": kind.name["en"]}


def _effective(at: datetime, seconds: int | None) -> dict[str, Any]:
    if seconds:
        return {"effectivePeriod": {"start": at.isoformat(), "end": (at + timedelta(seconds=seconds)).isoformat()}}
    return {"effectiveDateTime": at.isoformat()}


def _value(kind: Coded, value: float, value2: float | None, comparator: str | None) -> dict[str, Any]:
    if value2 is not None:
        parts = ((kind.loinc, SYSTOLIC_NAME, value), (kind.loinc2, DIASTOLIC_NAME, value2))
        return {"component": [_component(kind, loinc, name, part) for loinc, name, part in parts]}
    if kind.codes:
        word = kind.codes[int(value)]
        return {"valueCodeableConcept": {"coding": [{"system": f"{OWN_KINDS}:{kind.key}", "code": word}], "text": word}}
    return {"valueQuantity": _quantity(kind, value) | ({"comparator": comparator} if comparator else {})}


def _component(kind: Coded, loinc: str | None, name: str, value: float) -> dict[str, Any]:
    coding = {"coding": [{"system": LOINC, "code": loinc}]} if loinc else {}
    return {"code": {**coding, "text": name}, "valueQuantity": _quantity(kind, value)}


def _quantity(kind: Coded, value: float) -> dict[str, Any]:
    return {"value": int(value) if value == int(value) else value, "unit": kind.unit, "system": UCUM, "code": kind.unit}
