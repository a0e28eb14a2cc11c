"""Alerts as Flag and DetectedIssue, assessments as RiskAssessment: found, read, refused; every answer is validated."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.detectedissue import DetectedIssue
from fhir.resources.R4B.flag import Flag
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.riskassessment import RiskAssessment
from fhirclient import client as smart
from fhirclient.models.detectedissue import DetectedIssue as SmartIssue
from fhirclient.models.flag import Flag as SmartFlag

from monitoring import alerts, intake
from monitoring.models import Alert
from tests.risk import said
from tests.servers import running_web
from tests.world import World, build

BASE = "/fhir/R4/"
MODELS = {"Bundle": Bundle, "Flag": Flag, "DetectedIssue": DetectedIssue, "RiskAssessment": RiskAssessment}
MODELS |= {"OperationOutcome": OperationOutcome}


def valid(response: Any) -> Any:
    assert response["Content-Type"].startswith("application/fhir+json"), response.content
    body = response.json()
    MODELS[body["resourceType"]].model_validate(body)
    return body


@pytest.fixture
def alerted(world: World) -> World:
    return troubled(world)


def troubled(world: World) -> World:
    """Ana's pressure is far too high, and her glucose far too low; Dr Lim has closed the latter."""
    at = (world.now - timedelta(minutes=15)).isoformat()
    high = {"kind": "bp", "at": at, "value": 192, "value2": 121, "unit": "mm[Hg]", "source": "cuff"}
    low = {"kind": "glucose", "at": at, "value": 2.4, "unit": "mmol/L", "source": "meter"}
    intake.receive(patient_id=world.ana.id, readings=[high, low], by=world.viewer("patient_self"), now=world.now)
    closed = Alert.objects.get(patient=world.ana, data_class="glucose")
    alerts.resolve(alert_id=closed.id, by=world.viewer("doctor_in_team"), outcome="acted", text="葡萄糖", now=world.now)
    return world


@pytest.mark.django_db
def test_an_alert_is_a_flag_and_an_issue_with_its_evidence(alerted: World) -> None:
    doctor, query = alerted.client("doctor_in_team"), {"patient": str(alerted.ana.id)}
    flags = [entry["resource"] for entry in valid(doctor.get(f"{BASE}Flag", query))["entry"]]
    assert {(one["status"], "end" in one["period"]) for one in flags} == {("active", False), ("inactive", True)}
    closed = next(one for one in flags if one["status"] == "inactive")
    read = doctor.get(f"{BASE}DetectedIssue/{closed['id']}")
    issue = valid(read)
    assert (issue["status"], issue["severity"], issue["detail"]) == ("final", "high", closed["code"]["text"])
    assert [coding["code"] for coding in issue["mitigation"][-1]["action"]["coding"]][-1] == "acted"
    reading = doctor.get(BASE + issue["evidence"][0]["detail"][0]["reference"]).json()
    assert reading["valueQuantity"]["value"] == 2.4
    assert doctor.get(f"{BASE}DetectedIssue/{closed['id']}", headers={"if-none-match": read["ETag"]}).status_code == 304
    hers = valid(alerted.client("patient_self").get(f"{BASE}Flag/{closed['id']}", headers={"accept-language": "en"}))
    assert hers["code"]["text"] != valid(doctor.get(f"{BASE}Flag/{closed['id']}", headers={"accept-language": "en"}))["code"]["text"]


@pytest.mark.django_db
def test_pages_follow_one_another_and_dates_are_honoured(alerted: World) -> None:
    doctor, ana = alerted.client("doctor_in_team"), str(alerted.ana.id)
    whole = [entry["resource"]["id"] for entry in valid(doctor.get(f"{BASE}DetectedIssue", {"patient": ana}))["entry"]]
    for order in ("identified", "-identified"):
        page, seen = valid(doctor.get(f"{BASE}DetectedIssue", {"patient": ana, "_count": "1", "_sort": order})), []
        while page:
            seen += [entry["resource"]["id"] for entry in page["entry"]]
            links = {link["relation"]: link["url"] for link in page["link"]}
            page = valid(doctor.get(links["next"])) if "next" in links else None
        assert seen == (whole if order[0] == "-" else whole[::-1])
    assert len(whole) == len(set(whole)) >= 2
    assert "entry" not in valid(doctor.get(f"{BASE}Flag", {"patient": ana, "date": "lt2020"}))


@pytest.mark.django_db
def test_an_assessment_tells_its_reasons_and_an_abstention_its_own(world: World) -> None:
    version = said.version(now=world.now)
    said.abstention(world.ana, version, now=world.now - timedelta(days=1))
    kept = said.assessment(world.ana, version, now=world.now)
    doctor, query = world.client("doctor_in_team"), {"patient": str(world.ana.id), "method": said.KEY}
    spoke, silent = (entry["resource"] for entry in valid(doctor.get(f"{BASE}RiskAssessment", query))["entry"])
    assert (spoke["id"], spoke["status"], silent["status"]) == (str(kept.id), "final", "cancelled")
    [prediction] = spoke["prediction"]
    assert kept.value is not None
    assert prediction["probabilityDecimal"] == round(kept.value * 100, 4)
    assert prediction["qualitativeRisk"]["coding"][0]["code"] == kept.band
    assert {one["url"] for one in prediction["extension"]} == {"urn:healthhub:interval-90", "urn:healthhub:share"}
    assert spoke["method"]["coding"][0]["version"] == "1"
    absent, why = silent["prediction"][0]["extension"]
    assert (absent["valueCode"], why["valueCodeableConcept"]["coding"][0]["code"]) == ("not-performed", "missing_input")
    read = doctor.get(f"{BASE}RiskAssessment/{kept.id}")
    assert (valid(read)["id"], read["ETag"]) == (str(kept.id), 'W/"1"')
    assert "entry" not in valid(doctor.get(f"{BASE}RiskAssessment", query | {"method": "urn:other|tried"}))


@pytest.mark.django_db
def test_what_is_for_clinicians_alone_is_not_there_for_her(world: World) -> None:
    kept = said.assessment(world.ana, said.version(now=world.now, staff_only=True), now=world.now)
    hers: Client = world.client("patient_self")
    assert hers.get(f"{BASE}RiskAssessment/{kept.id}").status_code == 404
    assert "entry" not in valid(hers.get(f"{BASE}RiskAssessment", {"patient": str(world.ana.id)}))


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["status=active", "_sort=code", "_include=Flag:author", "date=x", "_page=x", "_count=0", "date=ap2026"])
def test_what_is_not_honoured_is_refused(world: World, query: str) -> None:
    answer = world.client("doctor_in_team").get(f"{BASE}Flag?{query}&patient={world.ana.id}")
    assert answer.status_code == 400
    assert valid(answer)["issue"][0]["expression"] == [query.partition("=")[0]]


def test_a_real_client_reads_them_with_a_session_and_not_without(transactional_db: None) -> None:
    world = troubled(build())
    session = world.client("doctor_in_team").cookies["sessionid"].value
    with running_web() as web:
        fhir = smart.FHIRClient(settings={"app_id": "hub", "api_base": f"{web.url}/fhir/R4/"})
        fhir.server.session.cookies.set("sessionid", session)
        flags = list(SmartFlag.where({"patient": str(world.ana.id), "_count": "1"}).perform_resources_iter(fhir.server))
        assert {one.status for one in flags} == {"active", "inactive"}
        assert SmartIssue.read(flags[0].id, fhir.server).patient.reference == f"Patient/{world.ana.id}"
        fhir.server.session.cookies.clear()
        with pytest.raises(Exception, match=r"401|[Uu]nauthorized|^$") as refused:
            SmartFlag.read(flags[0].id, fhir.server)
        assert refused.type.__name__ == "FHIRUnauthorizedException"
