"""Every page with Django's client: who gets in, both languages, nothing inline, and the same 404 for foreign and unknown ids."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from healthhub.people import consent
from healthhub.people.models import Patient
from monitoring import intake
from tests.world import USERS, World

pytestmark = pytest.mark.django_db

NOBODYS = uuid4()


def reading(kind: str = "bp", value: float = 128, value2: float | None = 78, minutes_ago: float = 5, **more: Any) -> dict[str, Any]:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    unit = {"bp": "mm[Hg]", "glucose": "mmol/L", "weight": "kg", "spo2": "%", "hr": "/min"}[kind]
    return (
        {"kind": kind, "at": at.isoformat(), "value": value, "unit": unit, "source": "cuff", "method": "device"}
        | ({"value2": value2} if kind == "bp" else {})
        | more
    )


def give(world: World, *readings: dict[str, Any]) -> intake.Receipt:
    return intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=timezone.now())


def crisis(world: World) -> UUID:
    """Ana's blood pressure is 190/115, twice: an URGENT alert."""
    give(world, reading(value=190, value2=115, minutes_ago=6))
    return give(world, reading(value=191, value2=116, minutes_ago=2)).alerts[0]


def every_page(world: World) -> list[str]:
    ana = world.ana.id
    return [
        "/", "/people", "/people/list", f"/people/{ana}", f"/people/{ana}/state", f"/people/{ana}/values", f"/people/{ana}/log",
        f"/people/{ana}/log/bp", f"/people/{ana}/log/glucose", f"/people/{ana}/log/symptoms", "/worklist", f"/worklist/{ana}",
        f"/patients/{ana}", f"/patients/{ana}/alerts", f"/patients/{ana}/trend", "/programme", "/operations", "/operations/part",
        "/settings",
    ]  # fmt: skip


HERS = {"/"}
MAY: dict[str, tuple[str, ...]] = {
    "patient_self": ("/", "/people/{ana}", "/people/{ana}/state", "/people/{ana}/values", "/people/{ana}/log", "/people/{ana}/log/bp",
                     "/people/{ana}/log/glucose", "/people/{ana}/log/symptoms"),
    "other_patient": ("/",),
    "caregiver_with_consent": ("/people", "/people/list", "/people/{ana}", "/people/{ana}/state", "/people/{ana}/values"),
    "caregiver_withdrawn": ("/",),
    "doctor_in_team": ("/worklist", "/worklist/{ana}", "/patients/{ana}", "/patients/{ana}/alerts", "/patients/{ana}/trend"),
    "nurse_in_team": ("/worklist", "/worklist/{ana}", "/patients/{ana}", "/patients/{ana}/alerts", "/patients/{ana}/trend"),
    "doctor_elsewhere": ("/worklist",),
    "doctor_removed": ("/",),
    "doctor_break_glass": ("/worklist", "/worklist/{ana}", "/patients/{ana}", "/patients/{ana}/alerts", "/patients/{ana}/trend"),
    "doctor_break_glass_lapsed": ("/worklist",),
    "programme_manager": ("/programme",),
    "operator": ("/operations", "/operations/part"),
}  # fmt: skip


@pytest.mark.parametrize("who", USERS)
def test_each_role_opens_its_own_pages_and_no_others(world: World, who: str) -> None:
    crisis(world)
    client = world.client(who)
    opened = {page for page in every_page(world) if client.get(page).status_code == 200}
    assert opened == {page.format(ana=world.ana.id) for page in MAY[who]} | {"/settings"}
    if "/people/{ana}" not in MAY[who] and "/patients/{ana}" not in MAY[who]:
        for page in every_page(world):
            assert "Ana Silva" not in client.get(page).content.decode(), page


def test_strangers_are_sent_to_sign_in(world: World) -> None:
    for page in every_page(world):
        answer = Client().get(page)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next="), page
    assert Client().post(f"/alerts/{NOBODYS}/take").status_code == 302


@pytest.mark.parametrize("page", ["/patients/{id}", "/worklist/{id}", "/patients/{id}/alerts", "/people/{id}", "/people/{id}/log/bp"])
@pytest.mark.parametrize("who", ["doctor_in_team", "patient_self", "caregiver_with_consent"])
def test_foreign_and_unknown_ids_look_the_same(world: World, who: str, page: str) -> None:
    client = world.client(who)
    foreign = client.get(page.format(id=world.ben.id))
    unknown = client.get(page.format(id=NOBODYS))
    assert foreign.status_code == unknown.status_code
    assert foreign.status_code in (403, 404)
    assert plain(foreign, world.ben.id) == plain(unknown, NOBODYS)


def plain(answer: Any, known: UUID) -> str:
    """Without what is drawn by lot, the id that was asked for, and the minute in which it would be printed."""
    return re.sub(r"[A-Za-z0-9]{64}|\d{4}-\d\d-\d\d \d\d:\d\d \w+", "", answer.content.decode().replace(str(known), "ID"))


def test_foreign_and_unknown_alerts_look_the_same(world: World) -> None:
    alert = crisis(world)
    stranger = world.client("doctor_elsewhere")
    foreign, unknown = stranger.post(f"/alerts/{alert}/take"), stranger.post(f"/alerts/{NOBODYS}/take")
    assert foreign.status_code == unknown.status_code == 404
    assert plain(foreign, alert) == plain(unknown, NOBODYS)


INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=|javascript:|\shx-on", re.IGNORECASE)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_obey_the_policy_and_speak_one_language(world: World, language: str) -> None:
    crisis(world)
    for who in ("patient_self", "caregiver_with_consent", "doctor_in_team", "programme_manager", "operator"):
        client = world.client(who)
        client.cookies["django_language"] = language
        for page in MAY[who]:
            answer = client.get(page.format(ana=world.ana.id))
            text = answer.content.decode()
            assert not INLINE.search(text), (page, INLINE.search(text))
            assert "default-src 'self'" in answer["Content-Security-Policy"]
            assert "no-store" in answer["Cache-Control"]
            if "<html" in text:
                assert f'<html lang="{language}"' in text
            assert ("退出" in text) == (language == "zh-hans" and "<html" in text), page


def test_the_answer_follows_what_is_known(world: World) -> None:
    client = world.client("patient_self")
    assert "No readings yet" in client.get("/").content.decode()
    give(world, reading(minutes_ago=60))
    assert "Nothing in your readings worries us" in client.get("/").content.decode()
    crisis(world)
    assert "This needs attention today" in client.get("/").content.decode()


def test_logging_a_blood_pressure(world: World) -> None:
    client = world.client("patient_self")
    path = f"/people/{world.ana.id}/log/bp"
    saved = client.post(path, {"high": "１３８", "low": "86", "pulse": "71"})
    assert saved.status_code == 200
    assert "Saved" in saved.content.decode()
    home = client.get("/").content.decode()
    assert "138/86" in home
    assert "71" in home


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"high": "86", "low": "138"}, "below the upper one"),
        ({"high": "400", "low": "86"}, "from 50 to 300"),
        ({"high": "abc", "low": "86"}, "Please type a number"),
        ({"high": "nan", "low": "86"}, "Please type a number"),
        ({"high": "138", "low": ""}, "Please fill this in"),
        ({"high": "138", "low": "86", "at": "2199-01-01T00:00"}, "future"),
        ({"high": "138", "low": "86", "at": "yesterday"}, "day and time"),
    ],
)
def test_what_cannot_be_is_said_at_its_box_and_not_kept(world: World, typed: dict[str, str], sentence: str) -> None:
    answer = world.client("patient_self").post(f"/people/{world.ana.id}/log/bp", typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert typed["high"] in answer.content.decode()  # what she typed stays
    assert "No readings yet" in world.client("patient_self").get("/").content.decode()


def test_a_high_first_value_asks_for_a_second(world: World) -> None:
    client = world.client("patient_self")
    first = client.post(f"/people/{world.ana.id}/log/bp", {"high": "190", "low": "115"}).content.decode()
    assert "Please measure once more" in first


def test_glucose_in_her_own_unit(world: World) -> None:
    user = world.users["patient_self"]
    user.glucose_unit = "mg/dL"
    user.save()
    client = world.client("patient_self")
    assert client.post(f"/people/{world.ana.id}/log/glucose", {"value": "126", "meal": "fasting"}).status_code == 200
    assert re.search(r"126\s*<span class=\"unit\">mg/dL", client.get("/").content.decode())


def test_symptoms(world: World) -> None:
    client = world.client("patient_self")
    path = f"/people/{world.ana.id}/log/symptoms"
    assert client.post(path, {"symptom_dizziness": ""}).status_code == 422
    saved = client.post(path, {"symptom_dizziness": "1", "symptom_fatigue": "3"})
    assert saved.status_code == 200
    assert re.search(r"Dizzy</span> <b class=\"count\">A little", saved.content.decode())
    assert re.search(r"Very tired</span> <b class=\"count\">Badly", saved.content.decode())


def test_a_caregiver_without_the_right_cannot_log(world: World) -> None:
    assert world.client("caregiver_with_consent").post(f"/people/{world.ana.id}/log/bp", {"high": "138", "low": "86"}).status_code == 403


def test_take_note_quiet_close(world: World) -> None:
    alert = crisis(world)
    lim, mei = world.client("doctor_in_team"), world.client("nurse_in_team")
    assert "191/116" in lim.get("/worklist").content.decode()
    taken = lim.post(f"/alerts/{alert}/take", {"on": "list"})
    assert taken.status_code == 200
    assert "Dr Lim has it until" in taken.content.decode()
    assert "Dr Lim has it until" in mei.get("/worklist").content.decode()
    assert "is looking after it" in world.client("patient_self").get("/").content.decode()
    clash = mei.post(f"/alerts/{alert}/take", {"on": "list"}, headers={"HX-Request": "true"})
    assert clash.status_code == 409
    assert "Someone else has this alert" in clash.content.decode()
    assert mei.post(f"/alerts/{alert}/take", {"on": "list", "over": "yes"}).status_code == 200
    assert mei.post(f"/alerts/{alert}/note", {"text": "Called, no answer", "on": "list"}).status_code == 200
    assert "Called, no answer" in lim.get(f"/patients/{world.ana.id}").content.decode()
    assert "Quiet for you until" in lim.post(f"/alerts/{alert}/snooze", {"hours": "4"}).content.decode()
    assert "Quiet for you until" not in mei.get("/worklist").content.decode()
    assert "Quiet for you until" not in lim.post(f"/alerts/{alert}/unsnooze", {}).content.decode()
    closed = mei.post(f"/alerts/{alert}/close", {"outcome": "contacted", "text": "", "on": "chart"})
    assert "Spoke with the patient" in closed.content.decode()
    assert mei.post(f"/alerts/{alert}/take", {}).status_code == 409


def test_the_break_glass_banner(world: World) -> None:
    page = world.client("doctor_break_glass").get(f"/patients/{world.ana.id}").content.decode()
    assert "by breaking the glass" in page
    assert "data-key=" not in page  # reading only


def test_preferences(world: World) -> None:
    client = world.client("patient_self")
    answer = client.post("/preferences", {"language": "zh-hans", "next": "//evil.example/"})
    assert answer["Location"] == "/"
    world.users["patient_self"].refresh_from_db()
    assert world.users["patient_self"].language == "zh-hans"
    client.post("/preferences", {"type": "large", "next": "/"})
    assert 'data-type="large"' in client.get("/").content.decode()
    client.cookies["hh_type"] = '"><script>'
    assert "<script>" not in client.get("/").content.decode()


def test_names_are_escaped(world: World) -> None:
    world.ana.name = "<b>Ana & 'co'</b>"
    world.ana.save()
    crisis(world)
    for who, page in (
        ("doctor_in_team", "/worklist"),
        ("doctor_in_team", f"/patients/{world.ana.id}"),
        ("caregiver_with_consent", "/people"),
    ):
        text = world.client(who).get(page).content.decode()
        assert "&lt;b&gt;Ana &amp;" in text
        assert "<b>Ana &" not in text


def test_the_sign_in_page(client: Client) -> None:
    text = client.get("/accounts/login/").content.decode()
    assert 'name="login"' in text
    assert 'name="password"' in text
    assert "passkey_login" in text
    assert not INLINE.search(text)
    wrong = client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})
    assert wrong.status_code == 200
    assert 'role="alert"' in wrong.content.decode()


def test_health(client: Client) -> None:
    assert client.get("/livez").content == b"ok\n"
    ready = client.get("/readyz")
    assert ready.json()["database"]["ok"]
    assert ready.json()["broker"]["ok"]
    assert ready.status_code == 503  # no sweep runs in this test
    assert not ready.json()["sweep"]["ok"]


def test_a_long_list_comes_in_pages_of_a_hundred(world: World) -> None:
    ana = world.viewer("patient_self")
    for number in range(104):
        patient = Patient.objects.create(user=None, name=f"Patient {number:03}", team=world.north)
        consent.grant(
            patient=patient, grantee_kind="team", grantee_id=world.north.id, data_classes=["vitals"], purpose="care", rights=["read"],
            document_version="1", by=ana, now=world.now,
        )  # fmt: skip
    client = world.client("doctor_in_team")
    first = client.get("/worklist").content.decode()
    assert first.count("data-patient=") == 100
    after = re.search(r'hx-get="/worklist\?after=([^"&]+)', first)
    assert after
    rest = client.get("/worklist", {"after": after[1]}, headers={"HX-Request": "true"}).content.decode()
    assert rest.count("data-patient=") == 5
    assert "<html" not in rest
    assert client.get("/worklist?after=x").status_code == 400
