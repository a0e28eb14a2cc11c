"""Hostile bodies and naughty texts at every address that takes a body: refused or taken, and never our fault."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.fuzz.hostile import BODIES, TEXTS, THINGS
from tests.permissions import records
from tests.permissions.requests import Asking, asking
from tests.permissions.table import TABLE
from tests.world import World

pytestmark = pytest.mark.django_db
# Dialects refuse in their own form, and take no session: their own tests send them hostile bodies (tests/api/test_nightscout*, test_fhir).
DIALECTS = ("ns", "fhir")
TAKE_BODIES = sorted(
    {
        (words[0], words[1])
        for words in map(str.split, TABLE.splitlines())
        if words and words[0] in ("POST", "PUT", "PATCH") and not words[1].startswith(DIALECTS)
    }
)
# Who may do it, so that a body is looked at at all.
BY = {
    "limits": "doctor_in_team",
    "team-rules": "doctor_in_team",
    "rule-backtest": "doctor_in_team",
    "worklist-act": "doctor_in_team",
    "on-duty": "doctor_in_team",
}
HARMLESS = ("nothing", "many keys", "a long key", "prototype")  # JSON objects after all
OPTIONAL = {"alert-acknowledge", "patient-assess", "view"}  # no field must be there
BY |= dict.fromkeys(
    ("assessment-opinion", "outcomes", "outcome-withdraw", "risk-panel-assess", "contacts", "contact-correct"), "doctor_in_team"
)
BY |= {"view": "doctor_in_team", "patient-tags": "doctor_in_team", "patient-reviews": "doctor_in_team"}
BY |= {"risk-version-approve": "doctor_elsewhere", "risk-version-refuse": "doctor_elsewhere"}
BY |= {"break-the-glass": "doctor_elsewhere", "break-glass-review": "nurse_in_team", "limit-end": "doctor_in_team"}


@pytest.fixture
def client(world: World) -> dict[str, Client]:
    people = ("patient_self", *sorted(set(BY.values())))
    return {name: world.client(name, raise_request_exception=False) for name in people}


def ask(client: Client, method: str, path: str, body: bytes) -> Any:
    return client.generic(method, path, body, content_type="application/json")


def asked(world: World, client: dict[str, Client]) -> Iterator[tuple[str, Asking, Callable[[bytes], Any]]]:
    """Every address that takes a body, in one world, with a caller who may do it: name, the right request, how to ask."""
    found = records.fill(world)
    for method, name in TAKE_BODIES:
        one = asking(world, found, method, name)
        path = str(reverse(name, kwargs=one.ids))
        yield name, one, partial(ask, client[BY.get(name, "patient_self")], method, path)


def refused_well(answer: Any, what: str) -> None:
    """An answer of ours, in our form: a coded refusal in JSON, or success."""
    assert answer.status_code < 500, f"{what}: {answer.status_code}"
    if answer.status_code >= 400:
        body = answer.json()
        assert "fates" in body or "refused" in body or {"code", "sentence"} <= body.keys(), f"{what}: {body}"


def test_hostile_bodies_are_never_our_fault(world: World, client: dict[str, Client]) -> None:
    for name, one, send in asked(world, client):
        for what, body in BODIES.items():
            answer = send(body)
            refused_well(answer, f"{what} at {name}")
            # Addresses without a body look at none.
            if one.body is not None and what not in HARMLESS and name not in OPTIONAL:
                assert answer.status_code >= 400, f"{what} was taken at {name}"


def test_naughty_texts_and_things_in_every_field(world: World, client: dict[str, Client]) -> None:
    for name, one, send in asked(world, client):
        body = one.body or {"until": "", "text": ""}
        for field in body:
            for value in (*TEXTS, *THINGS, [TEXTS[0]], [TEXTS[-1]], {"a": TEXTS[-1]}, {"zh-hans": None}):
                answer = send(json.dumps(body | {field: value}).encode())
                refused_well(answer, f"{field} = {value!r:.80} at {name}")


def test_naughty_questions(world: World, client: dict[str, Client]) -> None:
    questions = {
        "history": ("kind", "from", "to", "after", "cursor", "limit", "resolution", "unit"),
        "why": ("kind", "day"),
        "access-log": ("before", "limit", "others"),
        "patient-alerts": ("state", "limit"),
        "patients": ("after", "limit"),
        "worklist-rows": ("after", "limit"),
        "notices": ("after", "limit"),
        "assessments": ("model", "since", "limit"),
        "forecasts": ("days",),
        "risk-panel": ("model", "band", "limit", "after"),
    }
    hers = {"history", "why", "access-log", "patient-alerts", "assessments", "forecasts"}
    for name, parameters in questions.items():
        ids = {"patient_id": str(world.ana.id)} if name in hers else {}
        for parameter in parameters:
            for naughty in TEXTS:
                answer = client["patient_self"].get(reverse(name, kwargs=ids), {"kind": "bp", "day": "2026-01-01"} | {parameter: naughty})
                refused_well(answer, f"{parameter} = {naughty!r:.80} at {name}")


def test_naughty_ids_look_like_unknown_ones(world: World, client: dict[str, Client]) -> None:
    unknown = client["patient_self"].get(reverse("patient", kwargs={"patient_id": "01a00000-0000-7000-8000-000000000000"}))
    for naughty in TEXTS:
        if naughty and "/" not in naughty:
            answer = client["patient_self"].get(reverse("patient", kwargs={"patient_id": naughty}))
            assert (answer.status_code, answer.content) == (404, unknown.content), repr(naughty)


def test_a_page_of_hers_may_send_readings_with_the_csrf_proof(world: World) -> None:
    """The check must not eat the body: it once did, for sessions only, and the test client does not ask for the proof."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["patient_self"], backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["csrftoken"] = "c" * 32
    sent = asking(world, records.fill(world), "POST", "observations").body
    raw = json.dumps(sent)
    without = client.post(reverse("observations"), raw, content_type="application/json")
    assert without.status_code == 403
    proved = client.post(reverse("observations"), raw, content_type="application/json", headers={"X-CSRFToken": "c" * 32})
    assert proved.status_code == 201, proved.content


def test_bad_credentials_beside_a_good_session_are_refused(world: World) -> None:
    client = world.client("patient_self")
    for stated in ("Basic YTpi", "Bearer", "Bearer hh_wrong", "x", ""):
        assert client.get(reverse("me"), headers={"authorization": stated}).status_code == 401, stated
