"""What stands around every page: the app's manifest and worker, the kept page that is nobody's, tabs, and the end of a session."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client

from tests.web.test_pages import give, reading
from tests.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


def test_the_manifest_installs_in_both_languages() -> None:
    for language, name in (("zh-hans", "健康管家"), ("en", "HealthHub")):
        answer = Client(headers={"accept-language": language}).get("/manifest.webmanifest")
        assert answer["Content-Type"] == "application/manifest+json"
        told = json.loads(answer.content)
        assert (told["name"], told["start_url"], told["scope"], told["display"]) == (name, "/", "/", "standalone")
        assert {icon["sizes"] for icon in told["icons"]} >= {"192x192", "512x512"}
        assert all(Client().get(icon["src"]).status_code == 200 for icon in told["icons"])


def test_the_worker_is_served_at_the_root_and_never_kept_by_the_browser() -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    shell = json.loads(answer.content.decode().removeprefix("self.SHELL=").partition(";\n")[0])
    assert all(Client().get(path).status_code == 200 for path in shell["kept"])
    assert "sourceMappingURL" not in answer.content.decode()


def test_the_kept_page_is_the_same_for_everybody(world: World) -> None:
    give(world, reading())
    for language in ("zh-hans", "en"):
        path = f"/offline?language={language}"
        hers, nobodys = world.client("patient_self").get(path), Client().get(path)
        assert hers.content == nobodys.content
        assert f'<html lang="{language}"' in hers.content.decode()
        for word in ("Ana", "csrf", str(world.ana.id), str(world.users["patient_self"].id)):
            assert word not in hers.content.decode()
        assert not nobodys.cookies


ALLOWED = {"patient_self": 200, "caregiver_with_consent": 403, "caregiver_withdrawn": 403, "other_patient": 404, "doctor_in_team": 403}


@pytest.mark.parametrize(("who", "status"), ALLOWED.items())
def test_who_may_keep_what_a_phone_needs_to_log(world: World, who: str, status: int) -> None:
    answer = world.client(who).get(f"/people/{world.ana.id}/pad")
    assert answer.status_code == status
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(f"/people/{world.ana.id}/pad").status_code == 302


def test_a_phone_keeps_forms_ranges_and_rules(world: World) -> None:
    world.north.phone = "010 5555 0100"
    world.north.save()
    give(world, reading(value=131, value2=82))
    client = world.client("patient_self")
    client.cookies["django_language"] = "en"
    pad = client.get(f"/people/{world.ana.id}/pad").json()
    assert (pad["phone"], pad["name"], pad["language"]) == ("010 5555 0100", "", "en")
    forms = {kind["what"]: kind["form"] for kind in pad["kinds"]}
    assert {"bp", "glucose", "weight", "symptoms", "medication"} <= forms.keys()
    assert 'placeholder="131"' in forms["bp"]
    assert not any("csrf" in form for form in forms.values())
    assert {rule["kind"] for rule in pad["known"]["rules"]} >= {"bp", "glucose"}
    assert pad["known"]["kinds"].keys() >= {"bp", "hr", "glucose", "weight"}


def test_tabs_are_a_patients(world: World) -> None:
    client = world.client("patient_self")
    client.cookies["django_language"] = "en"
    tabs = re.search(r'<nav class="tabs".*?</nav>', client.get(f"/people/{world.ana.id}/log").content.decode(), re.DOTALL)
    assert tabs is not None
    assert re.findall(r'aria-current="page">.*?<span>(.*?)</span>', tabs[0], re.DOTALL) == ["Log"]
    assert client.get("/log")["Location"] == f"/people/{world.ana.id}/log"
    for who in ("doctor_in_team", "caregiver_with_consent"):
        assert 'class="tabs"' not in world.client(who).get("/", follow=True).content.decode()


def test_the_team_is_one_tap_away_where_it_has_a_number(world: World) -> None:
    client = world.client("patient_self")
    assert 'href="tel:' not in client.get("/settings").content.decode()
    world.north.phone = "010 5555 0100"
    world.north.save()
    assert 'href="tel:010 5555 0100"' in client.get("/settings").content.decode()


def test_a_session_that_lies_still_ends(world: World, settings: LazySettings) -> None:
    settings.SESSION_IDLE_STAFF, settings.SESSION_IDLE_PATIENT = timedelta(minutes=30), timedelta(days=14)
    for who, page, limit in (("doctor_in_team", "/worklist", timedelta(minutes=30)), ("patient_self", "/", timedelta(days=14))):
        client = world.client(who)
        with time_machine.travel(world.now, tick=False) as clock:
            assert client.get(page).status_code == 200
            assert client.get("/session").json()["left"] == limit.total_seconds()
            clock.shift(limit * 0.9)
            assert client.post("/session").json()["left"] == limit.total_seconds()  # a hand moved
            clock.shift(limit * 0.9)
            # What a page fetches by itself does not keep it alive ...
            assert client.get(page, headers={"sec-fetch-mode": "cors"}).status_code == 200
            assert client.get("/api/v1/me").status_code == 200
            clock.shift(limit * 0.2)
            # ... and the server ends it, whatever the page does.
            assert client.get("/api/v1/me").status_code == 401
            assert client.get(page).status_code == 302
            assert client.get("/session").json()["user"] is None


def test_a_keep_alive_needs_its_proof(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.users["doctor_in_team"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post("/session").status_code == 403
    token = strict.get("/session").json()["csrf"]
    assert strict.post("/session", headers={"x-csrftoken": token}).status_code == 200


def test_signing_out_empties_the_phone(world: World) -> None:
    client = world.client("patient_self")
    assert "Clear-Site-Data" not in client.get("/accounts/logout/")
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.post("/accounts/logout/")


def test_failures_are_pages_too(world: World) -> None:
    client = world.client("doctor_in_team")
    client.cookies["django_language"] = "en"
    for path, status in (("/nowhere", 404), (f"/patients/{world.ben.id}", 404), ("/programme", 403)):
        answer = client.get(path)
        assert answer.status_code == status
        assert "empty-page" in answer.content.decode()
