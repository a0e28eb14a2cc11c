"""Bulk exports: asked for, watched, fetched, cut; every line is validated, and a real worker writes one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.communication import Communication
from fhir.resources.R4B.consent import Consent
from fhir.resources.R4B.detectedissue import DetectedIssue
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.flag import Flag
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.riskassessment import RiskAssessment

from healthhub.api import fhir_bulk
from healthhub.people import consent, tokens
from healthhub.people.models import DeviceToken, Grant
from healthhub.records import bulk, erasure
from healthhub.records.models import BulkExport, BulkPiece
from monitoring import intake
from tests.api.test_fhir_findings import troubled
from tests.risk import said
from tests.servers import running_worker, wait_for
from tests.world import World, build

BASE = "/fhir/R4/"
LATER = {"prefer": "respond-async"}
MODELS = {"Patient": Patient, "Device": Device, "Observation": Observation, "Flag": Flag, "DetectedIssue": DetectedIssue}
MODELS |= {"Communication": Communication, "Consent": Consent, "AuditEvent": AuditEvent}
MODELS |= {"RiskAssessment": RiskAssessment, "OperationOutcome": OperationOutcome}


def asked(client: Client, address: str = "$export", **query: str) -> str:
    """Where to look for what was asked for."""
    response = client.get(BASE + address, query, headers=LATER)
    assert response.status_code == 202, response.content
    return response["Content-Location"].removeprefix("http://testserver")


def written() -> None:
    while bulk.work(write=fhir_bulk.write, now=timezone.now()):
        pass


def files(client: Client, status: str) -> dict[str, list[Any]]:
    manifest = client.get(status).json()
    assert manifest["requiresAccessToken"] is True
    found = {}
    for entry in manifest["output"] + manifest["error"]:
        response = client.get(entry["url"].removeprefix("http://testserver"), headers={"accept": "application/fhir+ndjson"})
        assert response["Content-Type"] == "application/fhir+ndjson"
        body = response.getvalue() if response.streaming else response.content  # type: ignore[attr-defined]
        found[entry["type"]] = [json.loads(line) for line in body.splitlines()]
        assert len(found[entry["type"]]) == entry["count"]
        for one in found[entry["type"]]:
            assert one["resourceType"] == entry["type"]
            MODELS[entry["type"]].model_validate(one)
    return found


def code_of(response: Any) -> str:
    OperationOutcome.model_validate(response.json())
    code: str = response.json()["issue"][0]["details"]["coding"][0]["code"]
    return code


@pytest.mark.django_db
def test_a_doctor_takes_all_her_patients_and_each_line_is_as_it_is_read_alone(world: World) -> None:
    troubled(world)
    said.assessment(world.ana, said.version(now=world.now), now=world.now)
    doctor = world.client("doctor_in_team")
    status = asked(doctor)
    waiting = doctor.get(status)
    assert (waiting.status_code, waiting["X-Progress"], waiting["Retry-After"]) == (202, "0 %", "2")
    written()
    found = files(doctor, status)
    assert set(found) == {"Patient", "Device", "Observation", "Flag", "DetectedIssue", "RiskAssessment", "Communication"}
    assert {one["id"] for one in found["Patient"]} == {entry["id"] for entry in doctor.get("/api/v1/patients").json()["patients"]}
    for name in ("Observation", "Flag", "DetectedIssue", "RiskAssessment", "Device", "Communication"):
        for one in found[name]:
            assert doctor.get(f"{BASE}{name}/{one['id']}", headers={"accept-language": "en"}).json() == one
    hers = world.client("patient_self").get("/api/v1/patients/" + str(world.ana.id) + "/access-log").json()["entries"]
    assert {"bulk.ask", "bulk.fetch"} <= {entry["did"] for entry in hers}


@pytest.mark.django_db
def test_she_herself_takes_her_consents_and_the_log_too(world: World) -> None:
    troubled(world)
    hers = world.client("patient_self")
    status = asked(hers, _type="Consent,AuditEvent,Communication")
    written()
    found = files(hers, status)
    assert set(found) == {"Consent", "AuditEvent", "Communication"}
    assert {str(world.entries[name].id) for name in ("cleo", "dmitri")} <= {one["id"] for one in found["Consent"]}
    assert len({one["id"] for one in found["AuditEvent"]}) == len(found["AuditEvent"])


@pytest.mark.django_db
def test_what_is_asked_for_is_honoured_or_refused(world: World) -> None:
    troubled(world)
    hers = world.client("patient_self")
    for query, code, field in (
        ({"_type": "Observation,Condition"}, "not_supported", "_type"),
        ({"_outputFormat": "text/csv"}, "not_supported", "_outputFormat"),
        ({"_since": "2026-11-01"}, "no_zone", "_since"),
        ({"_typeFilter": "Observation?code=8867-4"}, "not_supported", "_typeFilter"),
    ):
        response = hers.get(f"{BASE}$export", query, headers=LATER)
        assert (response.status_code, code_of(response), response.json()["issue"][0]["expression"]) == (400, code, [field])
    assert code_of(hers.get(f"{BASE}$export")) == "missing_field"
    status = asked(hers, f"Patient/{world.ana.id}/$export", _type="Observation,Patient", _since=world.now.isoformat())
    assert hers.get(f"{BASE}$export", headers=LATER).status_code == 409
    written()
    assert list(files(hers, status)) == ["Patient", "Observation"]
    status = asked(hers, "Patient/$export", _type="Observation", _since=(world.now + timedelta(seconds=1)).isoformat())
    written()
    assert files(hers, status) == {}


@pytest.mark.django_db
def test_pieces_are_one_file_and_nothing_is_missing_or_twice(world: World) -> None:
    number = fhir_bulk.OBSERVATIONS + 1
    readings = [
        {"kind": "hr", "at": (world.now - timedelta(minutes=n)).isoformat(), "value": 60 + n % 90, "unit": "/min", "source": "手环"}
        for n in range(number)
    ]
    for first in range(0, number, 1000):
        sent = readings[first : first + 1000]
        intake.receive(patient_id=world.ana.id, readings=sent, by=world.viewer("patient_self"), now=world.now)
    device = world.client("token_read")
    status = asked(device)
    written()
    assert BulkPiece.objects.filter(type="Observation").count() == 2
    found = files(device, status)
    assert len({one["id"] for one in found["Observation"]}) == number
    assert found["Patient"] == [{"resourceType": "Patient", "id": str(world.ana.id), "meta": found["Patient"][0]["meta"]}]
    assert device.delete(status).status_code == 202
    assert device.get(status).status_code == 404
    assert not BulkPiece.objects.exists()


@pytest.mark.django_db
def test_a_revoked_token_ends_its_export_and_nothing_stays(world: World) -> None:
    troubled(world)
    device = world.client("token_read")
    status = asked(device)
    bulk.work(write=_after(3, lambda: _revoke(world)), now=timezone.now())
    row = BulkExport.objects.get()
    assert (row.state, row.code) == ("stopped", "token_revoked")
    assert not BulkPiece.objects.exists()
    assert device.get(status).status_code == 401


@pytest.mark.django_db
def test_withdrawn_consent_ends_an_export_of_one_and_leaves_her_out_of_an_export_of_many(world: World) -> None:
    troubled(world)
    doctor = world.client("doctor_in_team")
    one, many = asked(doctor, f"Patient/{world.ana.id}/$export"), ""
    BulkExport.objects.update(due_at=None, state="ready")  # one after the other
    many = asked(doctor)
    BulkExport.objects.update(due_at=world.now, state="working")
    bulk.work(write=_after(3, lambda: _withdraw(world)), now=timezone.now())
    written()
    response = doctor.get(one)
    assert (response.status_code, code_of(response)) == (403, "consent_withdrawn")
    found = files(doctor, many)
    assert str(world.ana.id) not in json.dumps(found)
    assert found["OperationOutcome"][0]["issue"][0]["details"]["coding"][0]["code"] == "left_out"


@pytest.mark.django_db
def test_a_finished_export_gives_only_what_is_open_when_it_is_fetched(world: World) -> None:
    troubled(world)
    doctor = world.client("doctor_in_team")
    status = asked(doctor, _type="Observation")
    written()
    url = doctor.get(status).json()["output"][0]["url"].removeprefix("http://testserver")
    assert str(world.ana.id).encode() in doctor.get(url).getvalue()  # type: ignore[attr-defined]
    _withdraw(world)
    assert str(world.ana.id).encode() not in doctor.get(url).getvalue()  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_it_is_forgotten_after_a_day_and_when_she_is_erased(world: World) -> None:
    troubled(world)
    doctor = world.client("doctor_in_team")
    status = asked(doctor)
    written()
    assert BulkPiece.objects.filter(patient=world.ana).exists()
    erasure.erase(patient_id=world.ana.id)
    assert not BulkPiece.objects.filter(patient=world.ana).exists()
    assert doctor.get(status).status_code == 200
    assert bulk.hand_out(now=timezone.now() + timedelta(hours=23)) == 0
    assert bulk.hand_out(now=timezone.now() + timedelta(hours=24)) > 0
    assert doctor.get(status).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_real_worker_writes_and_stops_when_the_token_is_revoked() -> None:
    world = build()
    troubled(world)
    device = world.client("token_read")
    with running_worker(queues="deliver,assess"):
        status = asked(device)
        wait_for(lambda: bulk.hand_out(now=timezone.now()) == 0 and device.get(status).status_code == 200, within=30)
        assert len(files(device, status)["Observation"]) == 2
        asked(device)
        _revoke(world)
        wait_for(lambda: bulk.hand_out(now=timezone.now()) == 0 and not BulkExport.objects.filter(state="waiting").exists(), within=30)
    assert device.get(status).status_code == 401


def _after(number: int, act: Any) -> bulk.Write:
    """Writes as always, and lets something happen before the piece of this number."""
    count = 0

    def write(wanted: bulk.Wanted) -> bulk.Piece:
        nonlocal count
        count += 1
        if count == number:
            act()
        return fhir_bulk.write(wanted)

    return write


def _revoke(world: World) -> None:
    token = DeviceToken.objects.get(id=world.token_ids["token_read"])
    tokens.revoke(token=token, by=world.viewer("patient_self"), now=world.now)


def _withdraw(world: World) -> None:
    for grant in Grant.objects.filter(patient=world.ana, withdrawn_at=None).select_related("entry"):
        consent.withdraw(entry=grant.entry, by=world.viewer("patient_self"), now=timezone.now())
