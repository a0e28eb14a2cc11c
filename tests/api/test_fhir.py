"""FHIR R4 over HTTP, and by two real clients against a running server: searched, written, refused. Every answer is validated."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from fhirclient import client as smart
from fhirclient.models.bundle import Bundle as SmartBundle
from fhirclient.models.observation import Observation as SmartObservation
from fhirclient.models.patient import Patient as SmartPatient
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError

from healthhub.people import tokens
from healthhub.people.models import Patient as OurPatient
from tests.servers import running_web
from tests.world import World, build

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
BASE = "/fhir/R4/"
MODELS = {"Bundle": Bundle, "Observation": Observation, "Patient": Patient, "OperationOutcome": OperationOutcome}
MODELS |= {"CapabilityStatement": CapabilityStatement}


def rate(world: World, minutes_ago: float = 1, value: float = 71, **more: Any) -> dict[str, Any]:
    at = (world.now - timedelta(minutes=minutes_ago)).replace(microsecond=0)
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{world.ana.id}"},
        "effectiveDateTime": at.isoformat(),
        "valueQuantity": {"value": value, "unit": "/min", "system": UCUM, "code": "/min"},
        "device": {"display": "手表"},
    } | more


def numbered(world: World, number: str, **more: Any) -> dict[str, Any]:
    return rate(world, identifier=[{"system": "urn:example", "value": number}], **more)


@pytest.fixture
def doctor(world: World) -> Client:
    return world.client("doctor_in_team")


def valid(response: Any) -> Any:
    assert response["Content-Type"].startswith("application/fhir+json"), response.content
    body = response.json()
    MODELS[body["resourceType"]].model_validate(body)
    return body


def post(client: Client, body: Any, path: str = "Observation", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(BASE + path, raw, content_type="application/fhir+json", headers=headers)


def bundle(kind: str, *resources: Any, **request: str) -> dict[str, Any]:
    entry = [{"resource": one, "request": {"method": "POST", "url": "Observation"} | request} for one in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entry}


@pytest.mark.django_db
def test_written_read_found_and_not_sent_again(world: World, doctor: Client) -> None:
    answer = post(doctor, numbered(world, "1"))
    one = valid(answer)
    assert (answer.status_code, answer["ETag"], answer["X-HealthHub-Fate"]) == (201, 'W/"1"', "stored")
    read = doctor.get(f"{BASE}Observation/{one['id']}")
    assert valid(read)["identifier"] == [{"system": "urn:example", "value": "1"}]
    assert doctor.get(f"{BASE}Observation/{one['id']}", headers={"if-none-match": read["ETag"]}).status_code == 304
    assert post(doctor, numbered(world, "1")).status_code == 200
    other = numbered(world, "1", value=99)
    found = post(doctor, other, **{"If-None-Exist": "identifier=urn:example|1"})
    assert (found.status_code, valid(found)["id"]) == (200, one["id"])
    corrected = post(doctor, other)
    assert (corrected.status_code, corrected["X-HealthHub-Fate"]) == (201, "corrected")
    old = doctor.get(f"{BASE}Observation/{one['id']}")
    assert (valid(old)["status"], old["ETag"]) == ("entered-in-error", 'W/"2"')
    hers = valid(doctor.get(f"{BASE}Observation", {"patient": world.ana.id, "_include": "Observation:patient"}))
    assert [entry["search"]["mode"] for entry in hers["entry"]] == ["match", "include"]
    device = doctor.get(BASE + hers["entry"][0]["resource"]["device"]["reference"]).json()
    assert device["deviceName"][0]["name"] == "手表"


@pytest.mark.django_db
def test_search_is_honoured_or_refused(world: World, doctor: Client) -> None:
    for minute in range(5):
        assert post(doctor, rate(world, minute + 1, 70 + minute)).status_code == 201

    def search(path: str = "Observation", **query: Any) -> Any:
        return valid(doctor.get(BASE + path, {"patient": str(world.ana.id)} | query))

    def values(**query: Any) -> list[float]:
        return [entry["resource"]["valueQuantity"]["value"] for entry in search(**query).get("entry", [])]

    at = [(world.now - timedelta(minutes=m)).replace(microsecond=0).isoformat() for m in range(6)]
    assert values() == values(_sort="-date") == [70, 71, 72, 73, 74]
    assert (
        values(_sort="date") == values(code=f"{LOINC}|8867-4", category="vital-signs", _sort="_lastUpdated")[::-1] == [74, 73, 72, 71, 70]
    )
    assert values(code="85354-9") == values(category="laboratory") == values(_lastUpdated="lt2020") == []
    assert (values(date=f"ge{at[3]}"), values(date=f"gt{at[3]}")) == ([70, 71, 72], [70, 71])
    assert (values(date=f"le{at[3]}"), values(date=f"lt{at[3]}"), values(date=at[3])) == ([72, 73, 74], [73, 74], [72])
    assert values(date=[f"ge{at[4]}", f"le{at[2]}"]) == [71, 72, 73]
    page, seen = search(_count="2", _sort="date"), []
    while page:
        seen += [entry["resource"]["valueQuantity"]["value"] for entry in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        page = valid(doctor.get(links["next"])) if "next" in links else None
    assert seen == [74, 73, 72, 71, 70]
    assert values(path="Observation/$lastn", max="2") == [70, 71]
    whole = [entry["resource"]["resourceType"] for entry in search(f"Patient/{world.ana.id}/$everything", patient=[])["entry"]]
    assert whole == ["Patient", "Device", *["Observation"] * 5]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "status=final",
        "code:text=a",
        "_sort=code",
        "_include=Observation:device",
        "date=ne2026",
        "date=2026-13",
        "_count=0",
        "_summary=count",
        "_elements=id",
        *("_page=x", "_format=xml", "code=", "patient=", "_count=1&_count=2", "date=2026-11-23T07:00:00 08:00"),
    ],
)
def test_what_search_does_not_honour_is_refused(world: World, doctor: Client, query: str) -> None:
    answer = doctor.get(f"{BASE}Observation?{query}" + ("" if "patient" in query else f"&patient={world.ana.id}"))
    assert answer.status_code == 400
    assert valid(answer)["issue"][0]["expression"] == [query.partition("=")[0]]


@pytest.mark.django_db
def test_a_batch_tells_every_fate_and_a_transaction_keeps_all_or_nothing(world: World, doctor: Client) -> None:
    ben = rate(world) | {"subject": {"reference": f"Patient/{world.ben.id}"}}
    mixed = [rate(world), rate(world), rate(world, value=900), {"resourceType": "Condition"}, ben, "x"]
    told = valid(post(doctor, bundle("batch", *mixed), ""))
    assert [entry["response"]["status"][:3] for entry in told["entry"]] == ["201", "200", "422", "400", "404", "400"]
    assert told["entry"][2]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[2].Observation.value"]
    refused = post(doctor, bundle("transaction", rate(world, 2), rate(world, 3, 900)), "")
    assert (refused.status_code, valid(refused)["issue"][0]["expression"]) == (422, ["Bundle.entry[1].Observation.value"])
    assert post(doctor, bundle("transaction", rate(world, 2), ben), "").status_code == 422
    assert len(valid(doctor.get(f"{BASE}Observation?patient={world.ana.id}"))["entry"]) == 1
    kept = valid(post(doctor, bundle("transaction", rate(world, 2), rate(world, 3)), ""))
    assert kept["type"] == "transaction-response"
    twice = bundle("batch", numbered(world, "1"), numbered(world, "1"), ifNoneExist="identifier=urn:example|1")
    assert [e["response"]["status"][:3] for e in valid(post(doctor, twice, ""))["entry"]] == ["201", "409"]


@pytest.mark.django_db
def test_five_hundred_are_one_call_of_the_way_in(world: World, doctor: Client) -> None:
    def asked(count: int, since: int) -> int:
        rates = [rate(world, since + n, 60 + n % 40) for n in range(count)]
        with CaptureQueriesContext(connection) as sql:
            answer = post(doctor, bundle("transaction", *rates), "")
        assert len(answer.json()["entry"]) == count, answer.content[:300]
        return len(sql)

    asked(1, 5000)
    assert asked(500, 1000) < asked(2, 2000) + 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 9000, 400),
        (b'{"resourceType":"Bundle","type":"batch","entry":[' + b",".join([b"{}"] * 100_000) + b"]}", 400),
        (b'{"resourceType":"Bundle","type":"history"}', 400),
        (b" " * 9_000_000, 413),
    ],
)
def test_hostile_bundles_are_refused(doctor: Client, body: bytes, status: int) -> None:
    answer = post(doctor, body, "")
    assert answer.status_code == status
    assert valid(answer)["issue"][0]["severity"] == "error"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_of_a_hundred_thousand_entries_none_is_kept(world: World, doctor: Client, kind: str) -> None:
    small = b'{"request":{"method":"POST","url":"Observation"},"resource":{}}'
    good = json.dumps(bundle(kind, rate(world))["entry"][0]).encode()
    start = b'{"resourceType":"Bundle","type":"' + kind.encode() + b'","entry":['
    for rest, code in ((small, "too_many"), (good, "too_large")):
        refused = valid(post(doctor, start + good + (b"," + rest) * 99_999 + b"]}", ""))
        assert refused["issue"][0]["details"]["coding"][0]["code"] == code
    assert "entry" not in valid(doctor.get(f"{BASE}Observation?patient={world.ana.id}"))


@pytest.mark.django_db
def test_metadata_is_open_and_everything_else_answers_in_fhir(world: World, client: Client, doctor: Client) -> None:
    stated = valid(client.get(f"{BASE}metadata", headers={"accept": "application/fhir+json"}))
    assert stated["fhirVersion"] == "4.0.1"
    for answer, status in (
        (client.get(f"{BASE}Observation"), 401),
        (world.client("token_revoked").get(f"{BASE}Observation"), 401),
        (world.client("token_write").get(f"{BASE}Observation"), 403),
        (doctor.get(f"{BASE}Condition"), 404),
        (doctor.get(f"{BASE}Observation/7"), 404),
        (doctor.put(f"{BASE}Patient/{world.ana.id}"), 405),
        (doctor.get(f"{BASE}Observation", headers={"accept": "application/fhir+xml"}), 406),
        (doctor.post(f"{BASE}Observation", b"<a/>", content_type="application/fhir+xml"), 415),
    ):
        assert answer.status_code == status
        valid(answer)
    token = world.client("token_read").get(f"{BASE}Patient/{world.ana.id}")
    assert valid(token).keys() == {"resourceType", "id", "meta"}
    written = post(world.client("token_write"), rate(world))  # may not read: gets its own words, with their id
    assert (written.status_code, valid(written)["effectiveDateTime"]) == (201, rate(world)["effectiveDateTime"])


def secret_of(world: World) -> str:
    by = world.viewer("patient_self")
    patient = OurPatient.objects.get(id=world.ana.id)
    return tokens.issue(patient=patient, name="Hospital", kinds=[], may_write=True, may_read=True, by=by, now=world.now)[1]


async def _by_fhirpy(url: str, secret: str, world: World) -> None:
    fhir = AsyncFHIRClient(url, authorization=f"Bearer {secret}")
    one = fhir.resource("Observation", **numbered(world, "py", note=[{"text": "晨起测量"}]))
    await one.save()
    read = await fhir.reference("Observation", one.id).to_resource()
    assert read.note == [{"text": "晨起测量"}]
    mixed = bundle("batch", rate(world, 2), rate(world, 3, 900))
    told = await fhir.execute("/", data=mixed)
    assert [entry["response"]["status"][:3] for entry in told["entry"]] == ["201", "422"]
    found = await fhir.resources("Observation").search(patient=str(world.ana.id)).sort("-date").limit(1).fetch_all()
    assert len(found) == 2
    with pytest.raises(AuthorizationError):
        await AsyncFHIRClient(url, authorization="Bearer hh_wrong").resources("Observation").fetch()


def _by_fhirclient(url: str, secret: str, world: World) -> None:
    fhir = smart.FHIRClient(settings={"app_id": "hub", "api_base": url})
    fhir.server.session.headers["Authorization"] = f"Bearer {secret}"
    assert SmartPatient.read(str(world.ana.id), fhir.server).id == str(world.ana.id)
    assert SmartObservation(rate(world, 4, 64)).create(fhir.server)["valueQuantity"]["value"] == 64
    found = SmartObservation.where({"patient": str(world.ana.id), "code": f"{LOINC}|8867-4"}).perform_resources(fhir.server)
    assert [one.valueQuantity.value for one in found] == [71, 71, 64]
    answer = fhir.server.post_json("", bundle("transaction", rate(world, 5)))
    assert SmartBundle(answer.json()).entry[0].response.status == "201 Created"
    fhir.server.session.headers["Authorization"] = "Bearer hh_wrong"
    with pytest.raises(Exception, match=r"401|[Uu]nauthorized|^$") as refused:
        SmartPatient.read(str(world.ana.id), fhir.server)
    assert refused.type.__name__ == "FHIRUnauthorizedException"


def test_real_clients_read_and_write(transactional_db: None) -> None:
    world = build()
    secret = secret_of(world)
    with running_web() as web:
        asyncio.run(_by_fhirpy(f"{web.url}/fhir/R4", secret, world))
        _by_fhirclient(f"{web.url}/fhir/R4/", secret, world)
