"""HL7 FHIR R4 in: one Observation as the plain mapping that the one way in takes, or a refusal that names the element. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from healthhub.dialects.fhir_out import CATEGORIES, LOINC, OWN_FLAGS, OWN_KEYS, OWN_KINDS, PROFILES, UCUM, Coded
from healthhub.lib.refused import Invalid

STATUS = frozenset({"final", "amended", "corrected"})
KEPT = frozenset(
    {"resourceType", "id", "status", "category", "code", "subject", "effectiveDateTime", "effectiveInstant", "effectivePeriod", "device"}
    | {"valueQuantity", "valueCodeableConcept", "component", "note", "identifier", "performer", "meta"}
)
# Of R4, read past and told to the sender; anything else (another value[x], modifierExtension, dataAbsentReason) is refused.
NOT_KEPT = frozenset(
    {"text", "issued", "interpretation", "referenceRange", "encounter", "basedOn", "partOf", "method", "bodySite", "implicitRules"}
    | {"language", "derivedFrom", "hasMember", "specimen", "extension", "contained"}
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
KEY_AT_MOST = 64
UNNAMED = "fhir"  # the source of what names no device


@dataclass(frozen=True, slots=True)
class Taken:
    """An Observation understood: whose, the reading, and the elements that were read past."""

    patient: str
    reading: dict[str, Any]
    not_kept: list[str] = field(default_factory=list)


class Reader:
    """Reads Observations of the kinds it is given."""

    def __init__(self, kinds: Iterable[Coded]) -> None:
        self.own: dict[str, Coded] = {}
        self.loinc: dict[str, Coded] = {}
        for kind in kinds:
            self.own[kind.key] = kind
            for code in (kind.panel, kind.loinc, *sorted(kind.loinc_also), *kind.loinc_in.values()):
                if code:
                    self.loinc.setdefault(code, kind)

    def observation(self, resource: Any) -> Taken:
        """This function will read one Observation. Raises Invalid with the element's path as `field`."""
        if not isinstance(resource, Mapping) or resource.get("resourceType") != "Observation":
            raise Invalid("Send an Observation.", code="not_supported", field="resourceType")
        unknown = sorted(resource.keys() - KEPT - NOT_KEPT)
        if unknown:
            raise Invalid("This element is not taken here.", code="not_supported", field=f"Observation.{unknown[0][:60]}")
        if str(resource.get("status")) not in STATUS:
            raise Invalid("Only final, amended and corrected observations are taken.", code="not_supported", field="Observation.status")
        kind = self._kind(resource.get("code"))
        _check_category(kind, resource)
        subject = _text(_object(resource, "subject"), "reference", "Observation.subject.reference")
        if not subject.startswith("Patient/"):
            raise Invalid("The subject must be Patient/ and an id.", code="bad_reference", field="Observation.subject.reference")
        source, method = _origin(resource, subject)
        reading = {"kind": kind.key, **_when(resource), **_value(kind, resource), "source": source, "method": method}
        reading |= {"key": _key(resource.get("identifier"))} | _note(resource)
        flags = [*reading.get("flags", []), *_tags(resource)]
        return Taken(subject.removeprefix("Patient/"), reading | {"flags": flags}, sorted(resource.keys() & NOT_KEPT))

    def kinds_of(self, system: str | None, code: str) -> list[Coded]:
        """This function will give the kinds that a coding of a search speaks of; none is an empty list."""
        found = []
        if system in (None, LOINC):
            found += [kind for kind in self.own.values() if code in codes_of(kind)]
        if system in (None, OWN_KINDS) and code in self.own:
            found.append(self.own[code])
        return found

    def _kind(self, code: Any) -> Coded:
        codings = _list(code.get("coding") if isinstance(code, Mapping) else None, "Observation.code.coding")
        found = []
        for coding in codings:
            system, word = (coding.get("system"), coding.get("code")) if isinstance(coding, Mapping) else (None, None)
            if system == OWN_KINDS and isinstance(word, str) and word in self.own:
                return self.own[word]
            if system == LOINC and isinstance(word, str) and word in self.loinc:
                found.append(self.loinc[word])
        keys = {kind.key for kind in found}
        if "rhr" in keys:  # the resting heart rate carries the heart rate's code beside its own
            keys.discard("hr")
        if not keys:
            raise Invalid("None of these codes is known here.", code="unknown_kind", field="Observation.code")
        if len(keys) > 1:
            raise Invalid("These codes speak of different things.", code="ambiguous", field="Observation.code")
        return self.own[keys.pop()]


def codes_of(kind: Coded) -> set[str]:
    """This function will give every LOINC code under which a kind is found."""
    return {code for code in (kind.panel, kind.loinc, *kind.loinc_also, *kind.loinc_in.values()) if code}


def _object(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = resource.get(name)
    if not isinstance(found, Mapping):
        raise Invalid("An element is missing.", code="missing_field", field=f"Observation.{name}")
    return found


def _list(found: Any, where: str) -> list[Any]:
    if not isinstance(found, list) or not found:
        raise Invalid("An element is missing.", code="missing_field", field=where)
    return found


def _text(found: Mapping[str, Any], name: str, where: str) -> str:
    text = found.get(name)
    if not isinstance(text, str) or not text:
        raise Invalid("An element is missing.", code="missing_field", field=where)
    return text


def _codings(concept: Any) -> list[Mapping[str, Any]]:
    found = concept.get("coding") if isinstance(concept, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _check_category(kind: Coded, resource: Mapping[str, Any]) -> None:
    """A vital sign is one by the profile, which wants its category."""
    if kind.key not in PROFILES:
        return
    for concept in _list(resource.get("category"), "Observation.category"):
        for coding in _codings(concept):
            if (coding.get("system"), coding.get("code")) == (CATEGORIES, "vital-signs"):
                return
    raise Invalid("A vital sign has the category vital-signs.", code="bad_category", field="Observation.category")


def _origin(resource: Mapping[str, Any], subject: str) -> tuple[str, str]:
    if "device" in resource:
        return _text(_object(resource, "device"), "display", "Observation.device.display"), "device"
    by = resource.get("performer")
    herself = isinstance(by, list) and [one.get("reference") if isinstance(one, Mapping) else None for one in by] == [subject]
    return UNNAMED, "self_reported" if herself else "device"


def moment_of(text: Any, where: str) -> datetime:
    try:
        if isinstance(text, str) and MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid("The time must have seconds and a zone, such as 2026-11-23T07:12:00+08:00.", code="bad_time", field=where)


def _when(resource: Mapping[str, Any]) -> dict[str, Any]:
    given = [name for name in ("effectiveDateTime", "effectiveInstant", "effectivePeriod") if name in resource]
    if len(given) != 1:
        raise Invalid("Say once when it was measured.", code="missing_field", field="Observation.effective")
    where = f"Observation.{given[0]}"
    if given[0] != "effectivePeriod":
        return {"at": moment_of(resource[given[0]], where).isoformat()}
    period = _object(resource, "effectivePeriod")
    start, end = (moment_of(period.get(name), f"{where}.{name}") for name in ("start", "end"))
    if end < start:
        raise Invalid("The end must not lie before the start.", code="out_of_range", field=f"{where}.end")
    return {"at": start.isoformat(), "seconds": round((end - start).total_seconds())}


def _value(kind: Coded, resource: Mapping[str, Any]) -> dict[str, Any]:
    given = [name for name in ("valueQuantity", "valueCodeableConcept", "component") if name in resource]
    wanted = "component" if kind.loinc2 else "valueCodeableConcept" if kind.codes else "valueQuantity"
    if given != [wanted]:
        raise Invalid(f"{kind.key} has {wanted} and no other value.", code="missing_field", field=f"Observation.{wanted}")
    if wanted == "component":
        return _pair(kind, _list(resource["component"], "Observation.component"))
    if wanted == "valueCodeableConcept":
        return {"value": _coded(kind, _object(resource, wanted))}
    return _quantity(_object(resource, wanted), "Observation.valueQuantity")


def _coded(kind: Coded, concept: Mapping[str, Any]) -> int:
    for coding in _codings(concept):
        if coding.get("system") == f"{OWN_KINDS}:{kind.key}" and coding.get("code") in kind.codes:
            return kind.codes.index(coding["code"])
    raise Invalid("This code is not one of those known here.", code="unknown_code", field="Observation.valueCodeableConcept")


def _pair(kind: Coded, parts: list[Any]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for index, part in enumerate(parts):
        where = f"Observation.component[{index}]"
        code = part.get("code") if isinstance(part, Mapping) else None
        codings = _list(code.get("coding") if isinstance(code, Mapping) else None, f"{where}.code.coding")
        said = [one.get("code") for one in codings if isinstance(one, Mapping) and one.get("system") == LOINC]
        names = {word for word in (kind.loinc, kind.loinc2) if word in said}
        if len(names) != 1 or names & found.keys() or part.keys() - {"code", "valueQuantity", "id"}:
            raise Invalid("Send the systolic and the diastolic pressure, once each.", code="not_supported", field=where)
        found[str(names.pop())] = _quantity(_object(part, "valueQuantity"), f"{where}.valueQuantity")
    if len(found) != 2:
        raise Invalid("A blood pressure needs both values.", code="missing_field", field="Observation.component")
    first, second = found[str(kind.loinc)], found[str(kind.loinc2)]
    if first["unit"] != second["unit"] or first["flags"] or second["flags"]:
        raise Invalid("Both values must be exact and in one unit.", code="not_supported", field="Observation.component")
    return first | {"value2": second["value"]}


def _quantity(quantity: Mapping[str, Any], where: str) -> dict[str, Any]:
    value, comparator = quantity.get("value"), quantity.get("comparator")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid("The value must be a number.", code="bad_value", field=f"{where}.value")
    if quantity.get("system") != UCUM:
        raise Invalid("The unit must be a UCUM code.", code="missing_unit", field=f"{where}.system")
    if comparator not in (None, "<", ">"):
        raise Invalid("Only < and > are understood.", code="not_supported", field=f"{where}.comparator")
    flags = {"<": ["censored_low"], ">": ["censored_high"]}.get(str(comparator), [])
    return {"value": value, "unit": _text(quantity, "code", f"{where}.code"), "flags": flags}


def _key(identifiers: Any) -> str:
    if identifiers is None:
        return ""
    one = _list(identifiers, "Observation.identifier")
    if len(one) != 1 or not isinstance(one[0], Mapping):
        raise Invalid("Send one identifier.", code="not_supported", field="Observation.identifier")
    system = one[0].get("system")
    if system is not None and not isinstance(system, str):
        raise Invalid("The system is a text.", code="bad_value", field="Observation.identifier.system")
    return key_of(system or "", _text(one[0], "value", "Observation.identifier.value"))


def key_of(system: str, value: str) -> str:
    """This function will give the key by which a reading with this identifier is kept: as it is, or its digest where it is long."""
    key = value if system == OWN_KEYS else f"{system}|{value}" if system else value
    return key if len(key) <= KEY_AT_MOST else f"sha256:{hashlib.sha256(key.encode()).hexdigest()[:48]}"


def _note(resource: Mapping[str, Any]) -> dict[str, Any]:
    if "note" not in resource:
        return {}
    notes = _list(resource["note"], "Observation.note")
    texts = [_text(one if isinstance(one, Mapping) else {}, "text", f"Observation.note[{index}].text") for index, one in enumerate(notes)]
    return {"context": {"note": "\n".join(texts)}}


def _tags(resource: Mapping[str, Any]) -> list[str]:
    meta = resource.get("meta")
    tags = _codings({"coding": meta.get("tag") if isinstance(meta, Mapping) else None})
    ours = [one.get("code") for one in tags if one.get("system") == OWN_FLAGS]
    return [word for word in ("cuffless", "simulated") if word in ours]
