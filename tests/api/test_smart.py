"""SMART on FHIR: a person allows an app on our page, the app reads as far as that goes, and nothing after she ends it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from healthhub.audit.models import Entry
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Invalid
from healthhub.people import consent, smart
from healthhub.people.models import AppAccess
from monitoring import intake
from tests.apps import BACK, FHIR, App, app, bearing
from tests.world import World

PATIENT = "launch/patient patient/*.read"


def flow(world: World, who: str, scope: str, patient: str = "") -> tuple[App, dict[str, Any]]:
    one = app()
    return one, one.key(world.client(who), scope, patient)


def measured(world: World) -> None:
    reading = {"kind": "hr", "value": 71, "unit": "/min", "at": (world.now - timedelta(minutes=5)).isoformat(), "source": "手表"}
    intake.receive(patient_id=world.ana.id, readings=[reading], by=world.viewer("patient_self"), now=world.now)


@pytest.mark.django_db
def test_an_app_of_hers_reads_her_record_and_nothing_else(world: World) -> None:
    measured(world)
    _, said = flow(world, "patient_self", PATIENT, str(world.ana.id))
    assert (said["patient"], said["token_type"], said["expires_in"]) == (str(world.ana.id), "Bearer", 3600)
    assert set(said["scope"].split()) == {"launch/patient", "patient/*.rs"}
    assert "refresh_token" not in said
    reader = bearing(said["access_token"])
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").json()["name"][0]["text"] == "Ana Silva"
    found = reader.get("/fhir/R4/Observation", {"patient": str(world.ana.id)}).json()
    assert [one["resource"]["valueQuantity"]["value"] for one in found["entry"]] == [71]
    assert reader.get(f"/fhir/R4/Patient/{world.ben.id}").status_code == 404
    assert reader.get("/fhir/R4/Consent", {"patient": str(world.ana.id)}).status_code == 403
    assert reader.post("/fhir/R4/Observation", {}, content_type="application/fhir+json").status_code in (400, 403, 422)
    entry = Entry.objects.filter(did="patient.read", patient_id=world.ana.id).latest("id")
    assert (entry.actor_kind, entry.actor_id, entry.detail) == ("app", world.users["patient_self"].id, {"app": "Chart in hand"})
    page = world.client("patient_self").get(f"/people/{world.ana.id}/data/log").content.decode()
    assert "Ana Silva, through the app Chart in hand" in page or "You, through the app Chart in hand" in page
    row = AppAccess.objects.get()
    assert (row.patient_id, row.scopes, row.last_used_at is not None) == (world.ana.id, ["launch/patient", "patient/*.rs"], True)
    stored = AccessToken.objects.get()
    assert stored.token == ""
    assert said["access_token"] not in repr(vars(stored))


@pytest.mark.django_db
def test_an_app_writes_nothing(world: World) -> None:
    _, said = flow(world, "patient_self", PATIENT, str(world.ana.id))
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{world.ana.id}"},
        "effectiveDateTime": world.now.isoformat(),
        "valueQuantity": {"value": 70, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }
    sent = bearing(said["access_token"]).post("/fhir/R4/Observation", observation, content_type="application/fhir+json")
    assert sent.status_code == 403, sent.content


@pytest.mark.django_db
def test_ending_an_access_ends_its_keys(world: World) -> None:
    one, said = flow(world, "patient_self", f"{PATIENT} offline_access", str(world.ana.id))
    reader, hers = bearing(said["access_token"]), world.client("patient_self")
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 200
    page = hers.get("/settings/apps").content.decode()
    assert "Chart in hand" in page
    ended = hers.post(f"/settings/apps/{AppAccess.objects.get().id}/end", follow=True)
    assert "Chart in hand may read nothing any more." in ended.content.decode()
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 401
    renewed = Client().post(
        "/oauth/token", {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": one.client_id}
    )
    assert (renewed.status_code, renewed.json()["error"]) == (400, "invalid_grant")
    assert not AccessToken.objects.exists()


@pytest.mark.django_db
def test_a_refresh_token_turns_once_and_used_twice_burns_its_family(world: World) -> None:
    one, said = flow(world, "patient_self", f"{PATIENT} offline_access", str(world.ana.id))
    sent = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": one.client_id}
    second = Client().post("/oauth/token", sent).json()
    assert second["patient"] == str(world.ana.id)
    assert bearing(second["access_token"]).get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 200
    assert Client().post("/oauth/token", sent).json()["error"] == "invalid_grant"
    assert bearing(second["access_token"]).get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 401
    assert not RefreshToken.objects.filter(revoked=None).exists()


@pytest.mark.django_db
def test_an_app_gives_its_key_back(world: World) -> None:
    one, said = flow(world, "patient_self", PATIENT, str(world.ana.id))
    assert Client().post("/oauth/revoke", {"token": said["access_token"], "client_id": one.client_id}).status_code == 200
    assert bearing(said["access_token"]).get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 401


@pytest.mark.django_db
def test_a_doctors_app_sees_whom_she_sees_until_consent_ends(world: World) -> None:
    measured(world)
    _, said = flow(world, "doctor_in_team", "user/Observation.rs user/Patient.rs")
    reader = bearing(said["access_token"])
    assert "patient" not in said
    assert reader.get("/fhir/R4/Observation", {"patient": str(world.ana.id)}).json()["entry"]
    assert reader.get("/fhir/R4/Observation", {"patient": str(world.ben.id)}).status_code == 404
    refused = reader.get("/fhir/R4/Flag", {"patient": str(world.ana.id)})
    assert (refused.status_code, refused.json()["issue"][0]["details"]["coding"][0]["code"]) == (403, "insufficient_scope")
    consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=timezone.now())
    assert reader.get("/fhir/R4/Observation", {"patient": str(world.ana.id)}).status_code == 404


@pytest.mark.django_db
def test_one_patient_is_one_patient_even_to_a_doctors_app(world: World) -> None:
    consent.grant(
        patient=world.ben,
        grantee_kind="team",
        grantee_id=world.north.id,
        data_classes=DATA_CLASSES,
        purpose="care",
        rights=["read"],
        document_version="1",
        by=world.viewer("other_patient"),
        now=world.now,
    )
    doctor, one = world.client("doctor_in_team"), app()
    unsaid = doctor.post(one.asking("patient/Observation.rs"), {"answer": "allow"})
    assert unsaid.status_code == 422
    assert "Say whose record the app may read." in unsaid.content.decode()
    reader = bearing(one.key(doctor, "patient/Observation.rs", str(world.ana.id))["access_token"])
    assert reader.get("/fhir/R4/Observation", {"patient": str(world.ana.id)}).status_code == 200
    assert reader.get("/fhir/R4/Observation", {"patient": str(world.ben.id)}).status_code == 404
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 403
    both = {"patient": str(world.ana.id), "_include": "Observation:patient"}
    measured(world)
    included = [entry["resource"] for entry in reader.get("/fhir/R4/Observation", both).json()["entry"]][-1]
    assert included["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "name" not in included


@pytest.mark.django_db
def test_a_system_reads_what_was_consented_to_its_organisation(world: World) -> None:
    made, secret = smart.register_system(name="Warehouse", organisation=world.clinic, scopes=["system/*.read"], now=world.now)
    assert secret is not None
    sent = {"grant_type": "client_credentials", "client_id": made.client_id, "scope": "system/*.rs"}
    assert Client().post("/oauth/token", {**sent, "client_secret": "wrong"}).json()["error"] == "invalid_client"
    assert Client().post("/oauth/token", {**sent, "client_secret": secret, "scope": "user/*.rs"}).json()["error"] == "invalid_scope"
    hidden = {**sent, "client_secret": secret, "scope": f"system/*.rs access/{AppAccess.objects.get().id}"}
    assert Client().post("/oauth/token", hidden).json()["error"] == "invalid_scope"
    reader = bearing(Client().post("/oauth/token", {**sent, "client_secret": secret}).json()["access_token"])
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 404  # she consented to the team, not to the clinic
    consent.grant(
        patient=world.ana,
        grantee_kind="organisation",
        grantee_id=world.clinic.id,
        data_classes=["vitals"],
        purpose="care",
        rights=["read"],
        document_version="1",
        by=world.viewer("patient_self"),
        now=timezone.now() - timedelta(seconds=1),
    )
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 200
    assert reader.get(f"/fhir/R4/Patient/{world.ben.id}").status_code == 404
    assert Entry.objects.filter(did="patient.read").latest("id").actor_id == world.clinic.id
    asked = reader.get("/fhir/R4/$export", headers={"prefer": "respond-async"})
    assert asked.status_code == 202


WRONG = [
    ({"client_id": "nobody"}, None),
    ({"redirect_uri": "https://thief.example.org/"}, None),
    ({"redirect_uri": f"{BACK}/further"}, None),
    ({"code_challenge": ""}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"response_type": "token"}, "unauthorized_client"),
    ({"scope": "system/*.rs"}, "invalid_scope"),
    ({"scope": "patient/*.cruds"}, "invalid_scope"),
    ({"scope": "patient/Condition.rs"}, "invalid_scope"),
    ({"scope": "access/0197c0de-0000-7000-8000-000000000000 patient/*.rs"}, "invalid_scope"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "error"), WRONG)
def test_what_is_wrong_is_refused_before_anybody_is_asked(world: World, change: dict[str, str], error: str | None) -> None:
    one, hers = app(), world.client("patient_self")
    address = one.asking(**{"scope": "patient/*.rs", **change})
    for answer in (hers.get(address), hers.post(address, {"answer": "allow"})):
        if error is None:
            assert answer.status_code == 400
            assert "not known here" in answer.content.decode()
        else:
            assert answer.status_code == 302
            assert parse_qs(urlsplit(answer["Location"]).query)["error"] == [error]
    assert not AppAccess.objects.exists()


@pytest.mark.django_db
def test_another_servers_app_and_a_refusal(world: World) -> None:
    one, hers = app(), world.client("patient_self")
    assert b"wrong_server" in hers.get(one.asking("patient/*.rs", aud="https://elsewhere.example.org/fhir")).content
    refused = hers.post(one.asking("patient/*.rs"), {"answer": "refuse"})
    assert parse_qs(urlsplit(refused["Location"]).query) == {"error": ["access_denied"], "state": ["abc"]}
    page = hers.get(one.asking("patient/*.rs"))
    assert "form-action 'self' https://app.example.org" in page["Content-Security-Policy"]
    assert not AppAccess.objects.exists()


@pytest.mark.django_db
def test_a_code_counts_once_for_its_app_with_its_verifier(world: World) -> None:
    one, other, hers = app(), app("Other"), world.client("patient_self")
    code = one.code(hers, "patient/*.rs", str(world.ana.id))
    assert one.exchange(code, code_verifier="x" * 60).json()["error"] == "invalid_grant"
    assert other.exchange(code).json()["error"] == "invalid_grant"
    assert one.exchange(code).status_code == 200
    assert one.exchange(code).json()["error"] == "invalid_grant"


@pytest.mark.django_db
def test_a_key_opens_no_other_door(world: World) -> None:
    _, said = flow(world, "patient_self", PATIENT, str(world.ana.id))
    reader = bearing(said["access_token"])
    assert reader.get("/api/v1/me").status_code == 401
    assert reader.get(f"/api/v1/patients/{world.ana.id}/observations").status_code == 401
    assert reader.get("/settings/apps").status_code == 302


@pytest.mark.django_db
def test_who_is_told_where_and_what(world: World) -> None:
    told = Client().get("/fhir/R4/.well-known/smart-configuration").json()
    assert told["authorization_endpoint"] == "http://testserver/oauth/authorise"
    assert told["code_challenge_methods_supported"] == ["S256"]
    security = Client().get("/fhir/R4/metadata").json()["rest"][0]["security"]
    assert {one["url"]: one["valueUri"] for one in security["extension"][0]["extension"]} == {
        "authorize": told["authorization_endpoint"],
        "token": told["token_endpoint"],
    }
    assert told["token_endpoint"] == f"{FHIR.removesuffix('/fhir/R4')}/oauth/token"


@pytest.mark.django_db
@pytest.mark.parametrize("redirect", ["http://app.example.org/back", "javascript:alert(1)", "https://a.example.org/#x", "nonsense"])
def test_addresses_that_could_leak_a_code_are_not_registered(world: World, redirect: str) -> None:
    with pytest.raises(Invalid) as refused:
        smart.register(name="App", redirects=[redirect], now=world.now)
    assert refused.value.code == "bad_app"


@pytest.mark.django_db
def test_keys_that_open_nothing_any_more_are_forgotten(world: World) -> None:
    one, said = flow(world, "patient_self", f"{PATIENT} offline_access", str(world.ana.id))
    flow(world, "patient_self", PATIENT, str(world.ana.id))
    one.code(world.client("patient_self"), PATIENT, str(world.ana.id))
    assert smart.forget_expired(now=world.now) == 0
    assert (AccessToken.objects.count(), Grant.objects.count()) == (2, 1)
    assert smart.forget_expired(now=timezone.now() + timedelta(hours=2)) == 1
    assert (AccessToken.objects.count(), Grant.objects.count()) == (1, 0)
    sent = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": one.client_id}
    assert Client().post("/oauth/token", sent).status_code == 200
    assert smart.forget_expired(now=timezone.now() + timedelta(days=91)) == 1
    assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_the_operator_registers_and_removes(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("apps", "add", "Notes", "--redirect", BACK)
    client_id = capsys.readouterr().out.split()[1]
    call_command("apps", "system", "Warehouse", "--organisation", str(world.clinic.id))
    assert "client_secret" in capsys.readouterr().out
    reader = bearing(App(client_id, "v" * 60).key(world.client("patient_self"), PATIENT, str(world.ana.id))["access_token"])
    call_command("apps", "list")
    assert f"{client_id}  1 may read  Notes  {BACK}" in capsys.readouterr().out
    call_command("apps", "remove", client_id)
    assert reader.get(f"/fhir/R4/Patient/{world.ana.id}").status_code == 401
    with pytest.raises(CommandError, match="no app with this client id"):
        call_command("apps", "remove", client_id)
