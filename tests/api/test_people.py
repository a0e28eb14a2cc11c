"""People over HTTP: consent, tokens, the access log, break-glass, duty; CSRF, second factors, and bodies that are none."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings

from healthhub.people.models import Organisation
from notifications.models import Notice
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db


def send(client: Client, path: str, body: Any = None, **more: Any) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body) if body is not None else None, content_type="application/json", **more)


def test_consent_is_given_seen_and_withdrawn(world: World) -> None:
    ana, ben = world.client("patient_self"), world.client("other_patient")
    grant = {
        "grantee_kind": "person",
        "grantee_id": str(world.users["other_patient"].id),
        "data_classes": ["glucose"],
        "purpose": "caregiving",
        "rights": ["read"],
        "document_version": "2026-02",
    }
    given = send(ana, f"patients/{world.ana.id}/consent", grant)
    assert (given.status_code, given.json()["grantee_name"]) == (201, "Ben Zhou")
    hers = ben.get(f"/api/v1/patients/{world.ana.id}").json()
    assert (hers["data_classes"], hers["conditions"]) == (["glucose"], None)
    assert send(ana, f"consent/{given.json()['id']}/withdraw").status_code == 201
    assert ben.get(f"/api/v1/patients/{world.ana.id}").status_code == 404
    again = send(ana, f"consent/{given.json()['id']}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "already_withdrawn")
    ledger = ana.get(f"/api/v1/patients/{world.ana.id}/consent").json()["entries"]
    assert ledger[0]["withdraws"] == ledger[1]["id"] == given.json()["id"]
    assert ledger[1]["withdrawn_at"] == ledger[0]["entered_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ("text", None),
        ({}, "grantee_kind"),
        ({"grantee_kind": "person", "grantee_id": "x"}, "grantee_id"),
        ({"grantee_kind": "person\u0000"}, None),
    ],
)
def test_bodies_that_are_none(world: World, body: Any, field: str | None) -> None:
    answer = send(world.client("patient_self"), f"patients/{world.ana.id}/consent", body)
    assert answer.status_code == 400
    if field:
        assert answer.json()["field"] == field


def test_a_token_is_shown_once_used_and_revoked(world: World) -> None:
    ana = world.client("patient_self")
    issued = send(ana, f"patients/{world.ana.id}/tokens", {"name": "Cuff", "kinds": ["bp"], "may_read": True})
    assert (issued.status_code, issued.headers["Cache-Control"]) == (201, "no-store")
    secret, token_id = issued.json()["secret"], issued.json()["id"]
    device = Client(headers={"authorization": f"Bearer {secret}"})
    assert device.get("/api/v1/kinds").status_code == 200
    listed = ana.get(f"/api/v1/patients/{world.ana.id}/tokens")
    assert secret not in listed.content.decode()
    assert listed.json()["tokens"][0]["last_used_at"] is not None
    assert ana.delete(f"/api/v1/tokens/{token_id}").status_code == 204
    refused = device.get("/api/v1/kinds")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    unknown = send(ana, f"patients/{world.ana.id}/tokens", {"name": "x", "kinds": ["mood_ring"]})
    assert (unknown.status_code, unknown.json()["field"]) == (400, "kinds")


def test_the_patient_reads_who_looked(world: World) -> None:
    world.client("doctor_in_team").get(f"/api/v1/patients/{world.ana.id}")
    ana = world.client("patient_self")
    page = ana.get(f"/api/v1/patients/{world.ana.id}/access-log?others=true&limit=2").json()
    assert page["entries"][0]["who"] == {"kind": "user", "name": "Dr Lim", "app": None}
    assert page["entries"][0]["words"] == {"en": "opened your record", "zh-hans": "打开了您的档案"}
    seen = []
    while page["next"]:
        seen += page["entries"]
        page = ana.get(f"/api/v1/patients/{world.ana.id}/access-log", {"others": "true", "limit": 2, "before": page["next"]}).json()
    reasons = {line["reason"] for line in [*seen, *page["entries"]] if line["did"] == "break_glass.open"}
    assert "Brought in unconscious, seen by Dr Quinn" in reasons
    forged = ana.get(f"/api/v1/patients/{world.ana.id}/access-log", {"before": "12:abc"})
    assert (forged.status_code, forged.json()["field"]) == (400, "before")


def test_breaking_the_glass_tells_the_patient_and_the_lead(world: World) -> None:
    body = {"reason": "found unconscious in the lobby", "hours": 2}
    opened = send(world.client("doctor_elsewhere"), f"patients/{world.ana.id}/break-glass", body)
    assert opened.status_code == 201
    notices = {notice.person.name: notice for notice in Notice.objects.filter(about=f"break_glass:{opened.json()['id']}")}
    assert set(notices) == {"Ana Silva", "Mei Tan"}
    assert "found unconscious" in notices["Ana Silva"].texts["en"]["body"]
    assert notices["Ana Silva"].due_at is not None
    assert notices["Ana Silva"].due_at <= notices["Ana Silva"].created_at + timedelta(minutes=5)
    assert "Ana" not in json.dumps(notices["Mei Tan"].texts)
    mei = world.client("nurse_in_team")
    line = next(line for line in mei.get("/api/v1/break-glass").json()["openings"] if line["id"] == opened.json()["id"])
    assert (line["opened_by"], line["patient_name"], line["reviewed_at"]) == ("Dr Osei", "Ana Silva", None)
    review = send(mei, f"break-glass/{line['id']}/review", {"outcome": "not_justified", "note": "She was awake and had her phone."})
    assert review.status_code == 200
    assert send(mei, f"break-glass/{line['id']}/review", {"outcome": "justified"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "field"), [({"reason": "short", "hours": 1}, "reason"), ({"reason": "long enough a reason", "hours": 9}, "hours")]
)
def test_a_poor_reason_opens_nothing(world: World, body: dict[str, Any], field: str) -> None:
    answer = send(world.client("doctor_elsewhere"), f"patients/{world.ana.id}/break-glass", body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert world.client("doctor_elsewhere").get(f"/api/v1/patients/{world.ana.id}").status_code == 404


def test_a_sessions_write_needs_its_csrf_token(world: World) -> None:
    ana = world.client("patient_self", enforce_csrf_checks=True)
    assert send(ana, f"patients/{world.ana.id}/tokens", {"name": "Cuff"}).status_code == 403
    ana.get("/accounts/password/change/")
    if "csrftoken" in ana.cookies:
        proof = {"x-csrftoken": ana.cookies["csrftoken"].value}
        assert send(ana, f"patients/{world.ana.id}/tokens", {"name": "Cuff"}, headers=proof).status_code == 201


def test_a_second_factor_is_demanded_where_the_organisation_asks(world: World) -> None:
    lim, ana = world.client("doctor_in_team"), world.client("patient_self")
    Organisation.objects.filter(id=world.clinic.id).update(requires_mfa=True)
    refused = lim.get("/api/v1/patients")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    assert ana.get("/api/v1/patients").status_code == 200
    with override_settings(STAFF_MFA_REQUIRED=True):
        assert world.client("doctor_elsewhere").get("/api/v1/patients").status_code == 403


def test_a_deactivated_account_and_a_foreign_scheme_are_nobody(world: World) -> None:
    lim = world.client("doctor_in_team")
    world.users["doctor_in_team"].is_active = False
    world.users["doctor_in_team"].save()
    assert lim.get("/api/v1/me").status_code == 401
    for header in ("Basic YTpi", "Bearer", "Bearer x", "Token hh_x", "bearer hh_" + "a" * 58):
        assert Client(headers={"authorization": header}).get("/api/v1/me").status_code == 401


def test_pages_of_patients(world: World) -> None:
    quinn = world.client("doctor_break_glass")
    first = quinn.get("/api/v1/patients?limit=1").json()
    second = quinn.get(f"/api/v1/patients?limit=1&after={first['next']}").json()
    assert {first["patients"][0]["name"], second["patients"][0]["name"]} == {"Ana Silva", "Ben Zhou"}
    assert quinn.get("/api/v1/patients?limit=0").status_code == 400


def test_the_duty_is_handed_over(world: World) -> None:
    lim, mei = world.client("doctor_in_team"), str(world.users["nurse_in_team"].id)
    assert send(lim, f"teams/{world.north.id}/on-duty", {"on_duty": [mei]}).json() == {"on_duty": [mei]}
    members = lim.get("/api/v1/teams").json()["teams"][0]["members"]
    assert {row["name"]: row["on_duty"] for row in members} == {"Dr Lim": False, "Mei Tan": True}
    assert send(lim, f"memberships/{world.memberships['doctor_in_team'].id}/end").status_code == 204
    assert lim.get("/api/v1/teams").json() == {"teams": []}
    assert lim.get(f"/api/v1/patients/{world.ana.id}").status_code == 404


def test_signing_in_by_the_page(world: World) -> None:
    client = Client()
    answer = client.post("/accounts/login/", {"login": "patient_self@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/api/v1/me").json()["patient"] == str(world.ana.id)
