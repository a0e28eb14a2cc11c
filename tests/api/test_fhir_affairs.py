"""Consents, the access log, notices and the origin of readings as FHIR: found, read, refused; every answer is validated."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.communication import Communication
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.provenance import Provenance
from fhirpy import SyncFHIRClient

from healthhub.people import consent
from monitoring import intake
from notifications.models import Notice
from tests.api.test_fhir_findings import troubled
from tests.servers import running_web
from tests.world import World, build

BASE = "/fhir/R4/"
FORM = "application/x-www-form-urlencoded"
MODELS = {"Bundle": Bundle, "Consent": Consent, "AuditEvent": AuditEvent, "Communication": Communication, "Provenance": Provenance}
MODELS |= {"OperationOutcome": OperationOutcome}


def valid(response: Any) -> Any:
    body = response.json()
    for one in [body, *(entry["resource"] for entry in body.get("entry", []))]:
        MODELS[one["resourceType"]].model_validate(one)
    return body


def listed(response: Any) -> list[Any]:
    return [entry["resource"] for entry in valid(response).get("entry", [])]


@pytest.mark.django_db
def test_consents_are_told_as_they_stand_now(world: World) -> None:
    hers, query = world.client("patient_self"), {"patient": str(world.ana.id)}
    found = listed(hers.get(f"{BASE}Consent", query))
    by_id = {one["id"]: one for one in found}
    cleo, dmitri = (by_id[str(world.entries[name].id)] for name in ("cleo", "dmitri"))
    assert (cleo["status"], dmitri["status"]) == ("active", "inactive")
    assert cleo["provision"]["actor"][0]["reference"]["display"] == world.users["caregiver_with_consent"].name
    assert {one["text"] for one in cleo["provision"]["action"]} == {"read", "notify", "act"}
    assert {one["code"] for one in cleo["provision"]["class"]} == set(world.entries["cleo"].data_classes)
    consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=world.now)
    read = hers.get(f"{BASE}Consent/{cleo['id']}")
    assert (valid(read)["status"], read["ETag"]) == ("inactive", 'W/"2"')
    assert valid(read)["provision"]["period"]["end"] == world.now.isoformat()


@pytest.mark.django_db
def test_the_log_is_paged_through_and_nothing_is_missing_or_twice(world: World) -> None:
    troubled(world)
    doctor, hers, query = world.client("doctor_in_team"), world.client("patient_self"), {"patient": str(world.ana.id)}
    doctor.get(f"{BASE}Patient/{world.ana.id}")
    later = (world.now - timedelta(days=400)).isoformat()
    whole = listed(hers.get(f"{BASE}AuditEvent", query | {"_count": "1000", "date": f"ge{later}", "_sort": "date"}))
    seen: list[str] = []
    page = hers.get(f"{BASE}AuditEvent", query | {"_count": "3", "date": f"ge{later}", "_sort": "date"})
    while len(seen) < len(whole):
        body = valid(page)
        seen += [entry["resource"]["id"] for entry in body["entry"]]
        page = hers.get(next(link["url"] for link in body["link"] if link["relation"] == "next"))  # reading it is in it too
    assert seen[: len(whole)] == [one["id"] for one in whole]
    looked = next(one for one in whole if one["subtype"][0]["code"] == "patient.read")
    assert (looked["action"], looked["agent"][0]["who"]["display"]) == ("R", world.users["doctor_in_team"].name)


@pytest.mark.django_db
def test_a_notice_says_who_was_told_and_its_words_to_her_alone(world: World) -> None:
    troubled(world)
    query = {"patient": str(world.ana.id)}
    found = listed(world.client("patient_self").get(f"{BASE}Communication", query))
    assert {one["id"] for one in found} == {str(one) for one in Notice.objects.filter(patient_id=world.ana.id).values_list("id", flat=True)}
    own = {one["recipient"][0]["display"] for one in found if "payload" in one}
    assert own == {world.users["patient_self"].name}
    one = found[0]
    assert one["about"][0]["reference"].startswith("DetectedIssue/")
    doctor = world.client("doctor_in_team")
    assert "payload" not in valid(doctor.get(f"{BASE}Communication/{next(n['id'] for n in found if 'payload' in n)}"))
    assert doctor.get(BASE + one["about"][0]["reference"]).status_code == 200


@pytest.mark.django_db
def test_where_a_reading_came_from_and_how_it_was_corrected(world: World) -> None:
    at = (world.now - timedelta(hours=1)).isoformat()
    first = {"kind": "weight", "at": at, "value": 80, "unit": "kg", "source": "秤"}
    by = world.viewer("token_write")
    seq = intake.receive(patient_id=world.ana.id, readings=[first], by=by, now=world.now).fates[0]["seq"]
    hers = world.client("patient_self")
    intake.receive(patient_id=world.ana.id, readings=[first | {"value": 81}], by=by, now=world.now, reason="称错了")
    changed, made = listed(hers.get(f"{BASE}Provenance", {"target": f"Observation/{world.ana.id}-{seq}"}))
    assert made["activity"]["coding"][0]["code"] == "CREATE"
    device = hers.get(BASE + made["agent"][0]["who"]["reference"]).json()
    assert device["deviceName"][0]["name"] == "秤"
    assert (changed["activity"]["coding"][0]["code"], changed["reason"][0]["text"]) == ("UPDATE", "称错了")
    assert changed["entity"][0]["what"]["reference"] == f"Observation/{world.ana.id}-{seq}"
    assert valid(hers.get(f"{BASE}Provenance/{changed['id']}")) == changed
    assert hers.get(f"{BASE}Provenance/{made['id']}.9").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "code", "field"),
    [
        ("Consent?patient={id}&status=active", "not_supported", "status"),
        ("AuditEvent?patient={id}&_sort=agent", "not_supported", "_sort"),
        ("Communication?patient={id}&sent=soon", "bad_time", "sent"),
        ("Communication", "missing_field", "patient"),
        ("Provenance", "missing_field", "target"),
        ("Provenance?target=Observation/{id}-1&agent=x", "not_supported", "agent"),
    ],
)
def test_what_is_not_honoured_is_refused(world: World, address: str, code: str, field: str) -> None:
    answer = world.client("patient_self").get(BASE + address.format(id=world.ana.id))
    assert answer.status_code == 400
    [issue] = valid(answer)["issue"]
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == (code, [field])


@pytest.mark.django_db
def test_a_search_may_be_posted(world: World) -> None:
    troubled(world)
    doctor, ana = world.client("doctor_in_team"), str(world.ana.id)
    first = doctor.post(f"{BASE}DetectedIssue/_search?_count=1", urlencode({"patient": ana, "_sort": "identified"}), content_type=FORM)
    assert first.status_code == 200
    by_get = doctor.get(f"{BASE}DetectedIssue", {"patient": ana, "_count": "1", "_sort": "identified"}).json()
    assert [one["resource"] for one in first.json()["entry"]] == [one["resource"] for one in by_get["entry"]]
    following = next(link["url"] for link in first.json()["link"] if link["relation"] == "next")
    assert listed_ids(doctor.get(following)) == listed_ids(
        doctor.get(next(one["url"] for one in by_get["link"] if one["relation"] == "next"))
    )
    for type_, form, status in (("DetectedIssue", {"patient": ana, "x": "1"}, 400), ("Condition", {"patient": ana}, 404)):
        assert doctor.post(f"{BASE}{type_}/_search", urlencode(form), content_type=FORM).status_code == status
    assert doctor.post(f"{BASE}Flag/_search", {"patient": ana}, content_type="application/json").status_code == 415
    assert world.client("token_read").post(f"{BASE}Flag/_search", urlencode({"patient": ana}), content_type=FORM).status_code == 403


def listed_ids(response: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in response.json()["entry"]]


def test_a_real_client_reads_them(transactional_db: None) -> None:
    world = troubled(build())
    cookie = f"sessionid={world.client('patient_self').cookies['sessionid'].value}"
    with running_web() as web:
        client = SyncFHIRClient(f"{web.url}/fhir/R4", extra_headers={"Cookie": cookie})
        patient = str(world.ana.id)
        for name, least in (("Consent", 2), ("Communication", 1), ("AuditEvent", 1)):
            assert len(client.resources(name).search(patient=patient).fetch_all()) >= least
        [flag] = client.resources("Flag").search(patient=patient).limit(1).fetch()
        assert client.reference("DetectedIssue", flag["id"]).to_resource()["patient"]["reference"] == f"Patient/{patient}"
