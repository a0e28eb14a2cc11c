"""FHIR R4 in: what is understood, what is refused by the name of its element, and what comes back out as it came."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.operationoutcome import OperationOutcome
from hypothesis import given, settings, strategies as st

from healthhub.dialects import fhir_capability, fhir_out
from healthhub.dialects.fhir_in import Reader
from healthhub.dialects.fhir_out import PROFILES
from healthhub.lib.refused import Invalid
from healthhub.records import exports
from healthhub.records.catalogue import BY_KEY, KINDS
from healthhub.records.models import State
from monitoring import sent

ANA = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
NOW = datetime(2026, 3, 5, tzinfo=UTC)
READER = Reader(KINDS)
VITAL = [{"coding": [{"system": fhir_out.CATEGORIES, "code": "vital-signs"}]}]


def quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": fhir_out.UCUM, "code": unit}


def written(**changes: Any) -> dict[str, Any]:
    """A glucose in mg/dL, as another system would write it; a change to None takes an element away."""
    one = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": fhir_out.LOINC, "code": BY_KEY["glucose"].loinc_in["mg/dL"]}]},
        "subject": {"reference": f"Patient/{ANA}"},
        "effectiveDateTime": "2026-03-04T23:30:00+08:00",
        "valueQuantity": quantity(126, "mg/dL"),
        "device": {"display": "血糖仪"},
    }
    return {name: value for name, value in (one | changes).items() if value is not None}


def through(resource: dict[str, Any]) -> dict[str, Any]:
    """In, settled as the way in does it, as a row, and out again."""
    taken = READER.observation(resource)
    assert taken.patient == str(ANA)
    reading = sent.read(taken.reading)
    kept = sent.settle(reading, as_of=NOW)
    row = {"kind": kept.kind.number, "seq": 7, "at": kept.at, "utc_offset": kept.utc_offset, "value": kept.value, "value2": kept.value2}
    row |= {"seconds": reading.seconds, "source": reading.source, "method": sent.METHODS[reading.method], "flags": kept.flags}
    out = exports.observation_of(ANA, row | {"context": kept.context, "key": reading.key, "state": State.CURRENT, "received_at": NOW})
    Observation.model_validate(out)
    return out


NAMES = st.text(st.characters(categories=("L", "N"), include_characters="血压计 -"), min_size=1, max_size=40).filter(str.strip)
ZONES = st.integers(-12 * 4, 14 * 4).map(lambda quarter: timedelta(minutes=15 * quarter))
SIMPLE = {"hr": ("/min", 40, 180), "weight": ("[lb_av]", 90, 400), "temp": ("[degF]", 96, 103), "glucose": ("mg/dL", 50, 400)}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SIMPLE)), st.data(), ZONES, NAMES,
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=60), NAMES,
)  # fmt: skip
def test_there_and_back_keeps_value_unit_zone_device_note_and_identifier(
    key: str, data: Any, zone: timedelta, device: str, note: str, number: str
) -> None:
    unit, low, high = SIMPLE[key]
    value = data.draw(st.integers(low * 10, high * 10).map(lambda tenth: tenth / 10))
    moment = NOW - timedelta(seconds=data.draw(st.integers(0, 5 * 365 * 86400)))
    at = fhir_out.local(moment, int(zone.total_seconds() // 60)).isoformat()
    code = {"coding": [{"system": fhir_out.LOINC, "code": BY_KEY[key].loinc}]}
    identifier = [{"system": "urn:example:meter", "value": number}]
    given_ = written(
        code=code, category=VITAL, effectiveDateTime=at, valueQuantity=quantity(value, unit), device={"display": device},
        note=[{"text": note}], identifier=identifier,
    )  # fmt: skip
    out = through(given_)
    for name in ("effectiveDateTime", "valueQuantity", "device", "note", "subject", "identifier"):
        assert out[name] == given_[name]
    again = through(out)
    assert again == out


def test_a_blood_pressure_is_one_reading_of_two_values() -> None:
    out = through(bp())
    assert [part["valueQuantity"] for part in out["component"]] == [quantity(138, "mm[Hg]"), quantity(86, "mm[Hg]")]
    assert out["note"] == [{"text": "饭后测量"}]


def bp(**changes: Any) -> dict[str, Any]:
    pair = [
        {"code": {"coding": [{"system": fhir_out.LOINC, "code": code}]}, "valueQuantity": quantity(value, "mm[Hg]")}
        for code, value in (("8462-4", 86), ("8480-6", 138))
    ]
    code = {"coding": [{"system": fhir_out.LOINC, "code": "85354-9"}]}
    return written(**{"code": code, "category": VITAL, "valueQuantity": None, "component": pair, "note": [{"text": "饭后测量"}]} | changes)


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"resourceType": "Patient"}, "resourceType"),
        ([], "resourceType"),
        (written(modifierExtension=[]), "Observation.modifierExtension"),
        (written(status="preliminary"), "Observation.status"),
        (written(code={"text": "sugar"}), "Observation.code.coding"),
        (written(code={"coding": [{"system": fhir_out.LOINC, "code": "1-8"}]}), "Observation.code"),
        (written(code={"coding": [{"system": fhir_out.LOINC, "code": code} for code in ("8867-4", "9279-1")]}), "Observation.code"),
        (written(subject={"reference": "Group/1"}), "Observation.subject.reference"),
        (written(effectiveDateTime="2026-03-04"), "Observation.effectiveDateTime"),
        (written(effectiveDateTime="2026-03-04T10:00:00"), "Observation.effectiveDateTime"),
        (written(effectiveDateTime="2026-02-30T10:00:00Z"), "Observation.effectiveDateTime"),
        (written(effectiveDateTime=None), "Observation.effective"),
        (written(valueQuantity={"value": 126, "unit": "mg/dL"}), "Observation.valueQuantity.system"),
        (written(valueQuantity=quantity(126, "mg/dL") | {"comparator": ">="}), "Observation.valueQuantity.comparator"),
        (written(valueQuantity=quantity(126, "mg/dL") | {"value": "126"}), "Observation.valueQuantity.value"),
        (written(valueQuantity=None, valueString="126"), "Observation.valueString"),
        (written(device={"reference": "Device/7"}), "Observation.device.display"),
        (written(identifier=[{"value": "1"}, {"value": "2"}]), "Observation.identifier"),
        (bp(category=None), "Observation.category"),
        (bp(component=bp()["component"][:1]), "Observation.component"),
        (bp(component=[bp()["component"][0]] * 2), "Observation.component[1]"),
        (bp(component=None, valueQuantity=quantity(138, "mm[Hg]")), "Observation.component"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(resource: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        READER.observation(resource)
    assert refused.value.field == field


WORDS = st.sampled_from(["coding", "system", "code", "text", "value", "reference", "display", "start"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(WORDS, x, max_size=3), max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(bp(valueQuantity={}))), JSON)
def test_whatever_stands_in_an_element_is_read_or_refused(name: str, value: Any) -> None:
    for good in (written(), bp()):
        with suppress(Invalid):
            assert sent.read(READER.observation(good | {name: value}).reading).kind in ("glucose", "bp")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_goes_out_valid_and_comes_in_as_itself(kind: Any) -> None:
    value, value2 = (138.0, 86.0) if kind.components == 2 else (max(kind.hard[0], 1.0) if kind.hard[1] > 1 else 0.0, None)
    out = fhir_out.observation(kind=kind, patient_id=ANA, seq=7, at=NOW, utc_offset=480, value=value, value2=value2, source="watch")
    Observation.model_validate(out)
    back = READER.observation(out).reading
    assert (back["kind"], back["value"], back.get("value2"), back["source"]) == (kind.key, value, value2, "watch")
    if kind.key in PROFILES:
        profile, code, _ = PROFILES[kind.key]
        assert {"system": fhir_out.LOINC, "code": code} in out["code"]["coding"]
        assert f"http://hl7.org/fhir/StructureDefinition/{profile}" in out["meta"]["profile"]
        assert out["category"][0]["coding"][0]["code"] == "vital-signs"
        values = [part["valueQuantity"] for part in out.get("component", [out])]
        assert all(one["system"] == fhir_out.UCUM and one["code"] == kind.unit for one in values)


def test_a_device_and_an_outcome_are_valid() -> None:
    Device.model_validate(fhir_out.device(id_=f"{ANA}-1", patient_id=ANA, name="血压计"))
    for code in ("not_found", "anything"):
        one = fhir_capability.issue(code=code, sentence="No.", field="Observation.code", status=422)
        OperationOutcome.model_validate(fhir_capability.outcome([one]))
