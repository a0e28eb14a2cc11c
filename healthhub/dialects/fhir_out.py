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
OWN_KEYS = "urn:healthhub:key"
BASE = "http://hl7.org/fhir/StructureDefinition/"
# The vital signs of R4: our kind -> (profile, the code it must carry, further units that the profile takes).
PROFILES: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "bp": ("bp", "85354-9", frozenset()),
    "hr": ("heartrate", "8867-4", frozenset()),
    "rhr": ("heartrate", "8867-4", frozenset()),
    "spo2": ("oxygensat", "2708-6", frozenset()),
    "rr": ("resprate", "9279-1", frozenset()),
    "temp": ("bodytemp", "8310-5", frozenset({"[degF]"})),
    "weight": ("bodyweight", "29463-7", frozenset({"g", "[lb_av]"})),
    "height": ("bodyheight", "8302-2", frozenset({"[in_i]"})),
    "bmi": ("bmi", "39156-5", frozenset()),
}
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
    def loinc_in(self) -> Mapping[str, str]: ...

    @property
    @abstractmethod
    def loinc_also(self) -> frozenset[str]: ...

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
    key: str = "",
    device: str | None = None,
    counts: bool = True,
) -> dict[str, Any]:
    """This function will write one reading: `value` (and `value2`, diastolic) in the kind's canonical UCUM unit.

    What was measured in another unit (`unit`, `sent`, `sent2` of the context) is written in that one, unless a profile forbids it.
    `key` is the sender's own identifier, `device` the id of the Device; what `counts` no longer is entered-in-error.

    `utc_offset` is in minutes east of UTC where it was measured, `seconds` the length of the period that starts at `at`;
    `comparator` is < or > for a meter that said LO or HI.
    """
    tags = [{"system": OWN_FLAGS, "code": flag} for flag in flags]
    asked = context or {}
    unit, first, second = _as_measured(kind, value, value2, asked)
    return {
        "resourceType": "Observation",
        "id": f"{patient_id}-{seq}",
        **_meta(kind, tags),
        **({"identifier": [identifier(key)]} if key else {}),
        "status": "final" if counts else "entered-in-error",
        **_category(kind),
        "code": _code(kind, unit),
        "subject": {"reference": f"Patient/{patient_id}"},
        **_effective(local(at, utc_offset), seconds),
        **({"issued": received_at.isoformat(timespec="milliseconds")} if received_at else {}),
        **({"performer": [{"reference": f"Patient/{patient_id}"}]} if self_reported else {}),
        **_value(kind, unit, first, second, comparator),
        **(_device(source, device) if source and not self_reported else {}),
        **_notes(asked, in_quantity=unit != kind.unit),
    }


def identifier(key: str) -> dict[str, str]:
    """This function will give the sender's identifier back as it came (a long one as its digest)."""
    system, found, value = key.rpartition("|")
    return {"system": system, "value": value} if found and system and value else {"system": OWN_KEYS, "value": key}


def device(*, id_: str, patient_id: UUID, name: str) -> dict[str, Any]:
    """This function will write a source of readings as a Device."""
    return {
        "resourceType": "Device",
        "id": id_,
        "status": "active",
        "deviceName": [{"name": name, "type": "user-friendly-name"}],
        "patient": {"reference": f"Patient/{patient_id}"},
    }


def _meta(kind: Coded, tags: list[dict[str, str]]) -> dict[str, Any]:
    profile = PROFILES.get(kind.key)
    meta = {**({"profile": [f"{BASE}vitalsigns", BASE + profile[0]]} if profile else {}), **({"tag": tags} if tags else {})}
    return {"meta": meta} if meta else {}


def _device(source: str, device: str | None) -> dict[str, Any]:
    return {"device": {**({"reference": f"Device/{device}"} if device else {}), "display": source}}


def _as_measured(kind: Coded, value: float, value2: float | None, context: Mapping[str, Any]) -> tuple[str, float, float | None]:
    unit, sent, profile = context.get("unit"), context.get("sent"), PROFILES.get(kind.key)
    if not isinstance(unit, str) or not isinstance(sent, int | float) or (profile and unit not in profile[2]):
        return kind.unit, value, value2
    return unit, sent, context.get("sent2", value2)


def _notes(context: Mapping[str, Any], *, in_quantity: bool) -> dict[str, Any]:
    said = {"note"} | ({"unit", "sent", "sent2"} if in_quantity else set())
    other = [f"{key}: {text}" for key, text in context.items() if key not in said and text not in (None, "")]
    notes = [str(context["note"])] if context.get("note") not in (None, "") else []
    notes += ["; ".join(other)] if other else []
    return {"note": [{"text": text} for text in notes]} if notes else {}


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


def _code(kind: Coded, unit: str) -> dict[str, Any]:
    codes = [kind.panel or kind.loinc_in.get(unit) or kind.loinc]
    if kind.key in PROFILES:
        codes.append(PROFILES[kind.key][1])
    coding = [{"system": LOINC, "code": loinc} for loinc in dict.fromkeys(codes) if loinc]
    return {"coding": [*coding, {"system": OWN_KINDS, "code": kind.key, "display": kind.name["en"]}], "text": kind.name["en"]}


def _effective(at: datetime, seconds: int | None) -> dict[str, Any]:
    if seconds:
        return {"effectivePeriod": {"start": at.isoformat(), "end": (at + timedelta(seconds=seconds)).isoformat()}}
    return {"effectiveDateTime": at.isoformat()}


def _value(kind: Coded, unit: str, value: float, value2: float | None, comparator: str | None) -> dict[str, Any]:
    if value2 is not None:
        parts = ((kind.loinc, SYSTOLIC_NAME, value), (kind.loinc2, DIASTOLIC_NAME, value2))
        return {"component": [_component(unit, loinc, name, part) for loinc, name, part in parts]}
    if kind.codes:
        word = kind.codes[int(value)]
        return {"valueCodeableConcept": {"coding": [{"system": f"{OWN_KINDS}:{kind.key}", "code": word}], "text": word}}
    return {"valueQuantity": _quantity(unit, value) | ({"comparator": comparator} if comparator else {})}


def _component(unit: str, loinc: str | None, name: str, value: float) -> dict[str, Any]:
    coding = {"coding": [{"system": LOINC, "code": loinc}]} if loinc else {}
    return {"code": {**coding, "text": name}, "valueQuantity": _quantity(unit, value)}


def _quantity(unit: str, value: float) -> dict[str, Any]:
    return {"value": int(value) if value == int(value) else value, "unit": unit, "system": UCUM, "code": unit}
