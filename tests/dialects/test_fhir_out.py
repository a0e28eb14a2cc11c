"""FHIR R4 out: the elements that R4 requires, one value[x] each, and what a reader must get back out of it."""

import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from healthhub.dialects import fhir_out
from healthhub.records.catalogue import BY_KEY, KINDS

ANA = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
AT = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)


def written(key: str = "bp", value: float = 138, **more: Any) -> dict[str, Any]:
    second: dict[str, Any] = {"value2": 86.0} if BY_KEY[key].components == 2 else {}
    given: dict[str, Any] = {"kind": BY_KEY[key], "patient_id": ANA, "seq": 7, "at": AT, "utc_offset": 480, "value": value} | second
    return fhir_out.observation(**given | more)


def test_a_blood_pressure_has_its_panel_and_two_components_and_no_value_of_its_own() -> None:
    one = written()
    codes = [coding["code"] for coding in one["code"]["coding"]]
    assert codes[0] == "85354-9"
    assert [(part["code"]["coding"][0]["code"], part["valueQuantity"]["value"]) for part in one["component"]] == [
        ("8480-6", 138),
        ("8462-4", 86),
    ]
    assert one["component"][0]["valueQuantity"]["code"] == "mm[Hg]"
    assert not [name for name in one if name.startswith("value")]
    assert one["effectiveDateTime"] == "2026-03-05T07:30:00+08:00"  # her own clock, with its zone
    assert one["subject"] == {"reference": f"Patient/{ANA}"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_every_kind_has_status_code_subject_time_and_one_value(kind: Any) -> None:
    value = max(kind.hard[0], 0.0)
    one = written(kind.key, value if value != float("inf") else 1.0)
    assert one["status"] == "final"
    assert one["code"]["coding"]
    assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", one["id"])
    values = [name for name in one if name.startswith("value") or name == "component"]
    assert len(values) == 1


def test_codes_periods_comparators_flags_and_notes() -> None:
    taken = written("medication_taken", 1, context={"medication": "Metformin", "dose": ""}, self_reported=True, source="web")
    assert taken["valueCodeableConcept"]["text"] == "taken"
    assert taken["note"] == [{"text": "medication: Metformin"}]
    assert taken["performer"] == [{"reference": f"Patient/{ANA}"}]
    assert "device" not in taken
    steps = written("steps", 900, seconds=3600, source="watch")
    assert steps["effectivePeriod"] == {"start": "2026-03-05T07:30:00+08:00", "end": "2026-03-05T08:30:00+08:00"}
    assert steps["device"] == {"display": "watch"}
    low = written("glucose", 1.1, comparator="<", flags=["censored-low"])
    assert low["valueQuantity"] == {
        "value": 1.1,
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
        "comparator": "<",
    }
    assert low["meta"]["tag"] == [{"system": "urn:healthhub:flag", "code": "censored-low"}]


def test_patient_and_bundle() -> None:
    her = fhir_out.patient(id_=ANA, name="Ana Silva", birth_date=date(1956, 4, 12), sex="female", language="en")
    assert (her["gender"], her["birthDate"]) == ("female", "1956-04-12")
    assert "birthDate" not in fhir_out.patient(id_=ANA, name="Ana", birth_date=None, sex="unknown", language="en")
    whole = fhir_out.bundle([her, written()], id_="x-1", at=AT)
    assert whole["type"] == "collection"
    assert [entry["resource"]["resourceType"] for entry in whole["entry"]] == ["Patient", "Observation"]
    assert len({entry["fullUrl"] for entry in whole["entry"]}) == 2
