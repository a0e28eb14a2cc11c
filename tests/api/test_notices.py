"""Notices, channels and quiet hours over HTTP."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from healthhub.audit.models import Entry
from healthhub.people import consent
from notifications.deliver import deliver
from notifications.models import Notice
from notifications.post import post
from tests.world import World

pytestmark = pytest.mark.django_db
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": "88 %"}, "en": {"title": "Low oxygen", "body": "88 %"}}


def told(world: World, principal: str, about: str, **changes: Any) -> Notice:
    given = {"reason": "opened", "severity": "amber", "texts": TEXTS, "patient_id": world.ana.id, "data_class": "vitals", "now": world.now}
    return post(people=[world.users[principal].id], about=about, **given | changes)[0]


def send(client: Client, method: str, path: str, body: Any = None) -> HttpResponse:
    data = "" if body is None else json.dumps(body)
    return client.generic(method, f"/api/v1/{path}", data, content_type="application/json")  # type: ignore[return-value]


def test_notices_page_by_number_and_go_when_consent_goes(world: World) -> None:
    hers = [told(world, "caregiver_with_consent", f"alert:{n}") for n in range(3)]
    client = world.client("caregiver_with_consent")
    first = client.get("/api/v1/notices?after=0&limit=2").json()
    assert [row["id"] for row in first["notices"]] == [str(notice.id) for notice in hers[:2]]
    assert (first["upto"], first["more"]) == (2, True)
    rest = client.get("/api/v1/notices?after=2").json()
    assert ([row["seq"] for row in rest["notices"]], rest["more"]) == ([3], False)
    assert Entry.objects.filter(did="notice.list", patient_id=world.ana.id).count() == 2
    consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=world.now)
    assert client.get("/api/v1/notices").json() == {"notices": [], "upto": 3, "more": False}
    assert send(client, "POST", f"notices/{hers[0].id}/seen").status_code == 404
    assert client.get(f"/api/v1/notices/{hers[0].id}/attempts").status_code == 404


def test_seen_delivers_and_attempts_are_shown(world: World) -> None:
    notice, client = told(world, "patient_self", "alert:1"), world.client("patient_self")
    assert deliver(notice_id=notice.id, now=world.now) == "offered"
    seen = send(client, "POST", f"notices/{notice.id}/seen").json()
    assert (seen["state"], seen["due_at"]) == ("delivered", None)
    assert seen["seen_at"] is not None
    assert send(client, "POST", f"notices/{notice.id}/seen").json() == seen
    attempts = client.get(f"/api/v1/notices/{notice.id}/attempts").json()["attempts"]
    assert [(row["transport"], row["outcome"]) for row in attempts] == [("live", "offered")]


def test_a_secret_is_shown_once(world: World) -> None:
    client = world.client("patient_self")
    made = send(client, "POST", "channels", {"transport": "webhook", "url": "http://127.0.0.1:9/hook"})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert made.headers["Cache-Control"] == "no-store"
    listed = client.get("/api/v1/channels").json()
    assert made.json()["secret"] not in json.dumps(listed)
    assert [(row["transport"], row["leads_to"]) for row in listed["channels"]] == [("webhook", "127.0.0.1")]
    assert len(listed["web_push_key"]) == 87
    assert send(client, "DELETE", f"channels/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/channels").json()["channels"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"transport": "pigeon"},
        {"transport": "webhook"},
        {"transport": "webhook", "url": "ftp://x"},
        {"transport": "web_push", "subscription": {"endpoint": "https://x", "keys": {}}},
        {"transport": "apprise", "url": "json://127.0.0.1"},
        {"transport": "email", "details": "perhaps"},
        [],
    ],
)
def test_channels_that_are_none_are_400(world: World, body: Any) -> None:
    answer = send(world.client("patient_self"), "POST", "channels", body)
    assert answer.status_code == 400
    assert {"code", "sentence"} <= answer.json().keys()


def test_quiet_hours_there_and_back(world: World) -> None:
    client = world.client("patient_self")
    assert client.get("/api/v1/quiet-hours").json() == {"start": None, "end": None}
    hours = {"start": "22:00", "end": "06:30"}
    assert send(client, "PUT", "quiet-hours", hours).json() == hours
    assert client.get("/api/v1/quiet-hours").json() == hours
    for bad in (
        {"start": "22:00", "end": None},
        {"start": "22:00"},
        {"start": "25:00", "end": "07:00"},
        {"start": "07:00", "end": "07:00"},
    ):
        assert send(client, "PUT", "quiet-hours", bad).status_code == 400
    assert send(client, "PUT", "quiet-hours", {"start": None, "end": None}).json() == {"start": None, "end": None}


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=100000", f"after={2**63}"])
def test_bad_queries_are_400(world: World, query: str) -> None:
    assert world.client("patient_self").get(f"/api/v1/notices?{query}").status_code == 400
