"""The patient's page of a clinician, tab by tab: what each panel says, who may see it, and what its forms do."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from healthhub.care import contacts
from healthhub.care.models import Contact
from healthhub.people import consent
from healthhub.people.models import BreakGlass
from monitoring import alerts, plans
from notifications.models import Notice
from risk.models import Opinion, Standing
from tests.risk import said
from tests.web.test_pages import crisis, give, reading
from tests.world import EVERYTHING, USERS, World

pytestmark = pytest.mark.django_db
TABS = (
    "",
    "/timeline",
    "/risk",
    "/risk/models",
    "/risk/scores",
    "/risk/forecasts",
    "/pressure",
    "/glucose",
    "/heart",
    "/plan",
    "/history",
    "/summary",
)
SEES = {"doctor_in_team", "nurse_in_team", "doctor_break_glass"}
ELSEWHERE = {"doctor_elsewhere", "doctor_break_glass_lapsed"}
AJAX = {"HX-Request": "true"}


@pytest.fixture
def lim(world: World) -> Client:
    return world.client("doctor_in_team")


def text(client: Client, world: World, tab: str, **query: str) -> str:
    answer = client.get(f"/patients/{world.ana.id}{tab}", query)
    assert answer.status_code == 200, answer.content[:300]
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize("who", USERS)
def test_who_sees_which_tab(world: World, who: str) -> None:
    crisis(world)
    client = world.client(who)
    statuses = {client.get(f"/patients/{world.ana.id}{tab}").status_code for tab in TABS}
    assert statuses == ({200} if who in SEES else {404} if who in ELSEWHERE else {403})
    if who not in SEES:
        assert all("Ana Silva" not in client.get(f"/patients/{world.ana.id}{tab}").content.decode() for tab in TABS)


def test_the_header_says_who_by_what_right_and_with_what(world: World, lim: Client) -> None:
    give(world, reading(value=150, value2=90))
    plans.set_limit(
        patient_id=world.ana.id, rule_id="BP-04", changes={"sbp": {"value": 170, "unit": "mm[Hg]"}}, reason="frail, falls",
        expires_at=None, by=world.viewer("doctor_in_team"), now=world.now,
    )  # fmt: skip
    page = text(lim, world, "")
    for words in ("Ana Silva", "1956-04-12", "Hypertension", "document 2026-01", "cuff", "Systolic 170 mmHg", "150/90 mmHg"):
        assert words in page, words
    assert "Heart failure" not in page
    world.ana.conditions = [*world.ana.conditions, "heart_failure"]
    world.ana.save()
    assert "Heart failure" in text(lim, world, "")


def test_the_timeline_has_everything_in_its_order(world: World, lim: Client) -> None:
    alert, mei = crisis(world), world.viewer("nurse_in_team")
    taken = reading() | {"kind": "medication_taken", "value": 1, "unit": "{code}", "source": "app"}
    pale = reading() | {"kind": "symptom_dizziness", "value": 2, "unit": "{score}", "source": "app"}
    for one in (taken, pale):
        one.pop("value2", None)
    give(world, taken, pale)
    now = timezone.now()
    alerts.acknowledge(alert_id=alert, by=mei, now=now)
    alerts.resolve(alert_id=alert, by=mei, outcome="contacted", text="rests now", now=now)
    plans.set_limit(patient_id=world.ana.id, rule_id="BP-05", changes={"off": True}, reason="white coat", expires_at=None, by=mei, now=now)
    contacts.add(patient_id=world.ana.id, kind="note", at=now, text="<b>daughter</b> moved away", by=mei, now=now)
    page = text(lim, world, "/timeline")
    for words in (
        "Severely raised blood pressure · Opened", "Severely raised blood pressure · Taken",
        "Spoke with the patient: rests now", "Medication taken",
        "moderate", "High home blood pressure week, switched off", "white coat",
        "&lt;b&gt;daughter&lt;/b&gt; moved away", "Severely raised blood pressure · Notice sent: Alert",
        "Dr Lim: ", "190–191 / 115–116 mmHg",
    ):  # fmt: skip
        assert words in page, words
    only = text(lim, world, "/timeline", sort="contacts", days="7")
    assert "moved away" in only
    assert "Medication taken" not in only
    assert "Notice sent" not in text(world.client("doctor_in_team"), world, "/timeline", sort="limits")


def test_older_days_come_by_the_cursor(world: World, lim: Client) -> None:
    give(world, reading(minutes_ago=60 * 24 * 20, value=133), reading(minutes_ago=5, value=144))
    first = text(lim, world, "/timeline")
    assert "144/78 mmHg" in first
    assert "133/78 mmHg" not in first
    before = re.search(r"before=(\d{4}-\d\d-\d\d)", first)
    assert before
    older = lim.get(f"/patients/{world.ana.id}/timeline", {"before": before[1]}, headers=AJAX).content.decode()
    assert "133/78 mmHg" in older
    assert "<html" not in older
    assert lim.get(f"/patients/{world.ana.id}/timeline", {"before": "yesterday"}).status_code == 400


def test_an_alert_names_its_rule_and_who_was_told(world: World, lim: Client) -> None:
    crisis(world)
    Notice.objects.filter(person=world.users["doctor_in_team"]).update(state="delivered", delivered_at=timezone.now())
    page = text(lim, world, "/alerts")
    assert "<b>Severely raised blood pressure</b> · BP-01" in page
    assert re.search(r"Dr Lim <b>delivered</b>", page)
    assert "in the two weeks before this alert" in page


def test_the_risk_panel_says_why(world: World, lim: Client) -> None:
    kept = said.version(now=world.now)
    said.assessment(world.ana, kept, now=world.now - timedelta(days=40), inputs={**said.USUAL, "systolic": 120.0})
    one = said.assessment(world.ana, kept, now=world.now)
    page = text(lim, world, "/risk")
    assert one.value is not None
    assert f"{100 * one.value:.0f} %" in page
    for words in ("Tried risk", "since 30 days ago", "points", "blood pressure raises it", "systolic 150 mmHg", "12 hours ago", "What if?"):
        assert words in page, words
    shares = [int(found) for found in re.findall(r'<span class="figures">[+−](\d+) %</span>', page)]
    assert len(shares) == 3
    assert 98 <= sum(shares) <= 102  # all that moves it


def test_an_abstention_says_what_is_missing(world: World, lim: Client) -> None:
    said.abstention(world.ana, said.version(now=world.now), now=world.now)
    page = text(lim, world, "/risk")
    assert "No answer: not enough data" in page
    assert "Missing: systolic." in page
    assert "What if?" not in page


def test_an_opinion_is_stored_and_disagreeing_needs_a_reason(world: World, lim: Client) -> None:
    one = said.assessment(world.ana, said.version(now=world.now), now=world.now)
    address = f"/patients/{world.ana.id}/assessments/{one.id}"
    assert lim.post(address, {"agrees": "no", "reason": " "}).status_code == 400
    assert not Opinion.objects.exists()
    assert lim.post(address, {"agrees": "no", "reason": "she is training for a race"}).status_code == 302
    page = text(lim, world, "/risk")
    assert "Dr Lim disagrees: “she is training for a race”" in page
    assert 'aria-pressed="true"' in lim.post(address, {"agrees": "yes"}, headers=AJAX).content.decode()
    assert world.client("doctor_break_glass").post(address, {"agrees": "yes"}).status_code == 403
    assert lim.post(address, {"agrees": "perhaps"}).status_code == 400
    assert Opinion.objects.count() == 2


def test_what_if_answers_within_what_was_trained_on(world: World, lim: Client) -> None:
    said.assessment(world.ana, said.version(now=world.now), now=world.now)
    address = f"/patients/{world.ana.id}/risk/{said.KEY}/what-if"
    form = text(lim, world, f"/risk/{said.KEY}/what-if")
    assert "systolic (mmHg)" in form
    assert "to-age" not in form  # nobody grows younger
    good = lim.post(address, {"to-systolic": "120", "to-hba1c": ""}, headers=AJAX).content.decode()
    assert "systolic: 150 mmHg → 120 mmHg" in good
    assert re.search(r"\(−[\d.]+ points\)", good)
    for typed, code in ({"to-systolic": "400"}, "outside_training"), ({"to-systolic": "low"}, "not_a_number"), ({}, "nothing_changed"):
        bad = lim.post(address, typed, headers=AJAX)
        assert bad.status_code == 400
        assert f'data-code="{code}"' in bad.content.decode()
    assert 'value="400"' in lim.post(address, {"to-systolic": "400"}).content.decode()  # what was typed stays


def test_assess_again_makes_her_due(world: World, lim: Client) -> None:
    Standing.objects.all().delete()
    assert "Asked" in lim.post(f"/patients/{world.ana.id}/risk/again", headers=AJAX).content.decode()
    assert Standing.objects.filter(patient=world.ana, due_at__lte=timezone.now()).exists()
    assert world.client("doctor_break_glass").post(f"/patients/{world.ana.id}/risk/again").status_code == 403


def test_scores_have_a_citation_or_say_what_is_missing(world: World, lim: Client) -> None:
    page = text(lim, world, "/risk/scores")
    assert "cannot be calculated yet" in page
    assert "<cite" in page
    assert "Missing" in page


def test_the_diagnostic_week(world: World, lim: Client) -> None:
    give(world, *(reading(value=150 + n, value2=92, minutes_ago=60 * 12 * n + 10 + part) for n in range(14) for part in (0, 2)))
    page = text(lim, world, "/pressure")
    assert "Valid week" in page
    assert "hypertension" in page
    assert "not counted: first day" in page
    assert "Mean of the week" in page
    assert "Not enough: at least 3 days are needed" in text(
        world.client("doctor_elsewhere"), World(now=world.now, ana=world.ben), "/pressure"
    )


def test_weight_against_days_before(world: World, lim: Client) -> None:
    day = 60 * 24
    give(world, *(reading("weight", kilos, None, minutes_ago=ago) for kilos, ago in ((74.0, 5), (71.5, 3 * day), (71.8, 7 * day))))
    page = text(lim, world, "/heart")
    assert re.search(r'class="state amber">.*?\+2\.5</span>', page)
    assert "+2.2" in page
    assert "no weight from then" in page


def test_meter_readings_by_meal(world: World, lim: Client) -> None:
    give(
        world, *(reading("glucose", value, None, minutes_ago=60 * n, context={"meal": "fasting"}) for n, value in enumerate((6.0, 8.0), 1))
    )
    page = text(lim, world, "/glucose")
    assert re.search(r"Fasting</th><td class=\"figures\"><b>7\.0</b></td><td class=\"figures\">6\.0–8\.0</td>", page)


def test_plan_and_history_in_words(world: World, lim: Client) -> None:
    by = world.viewer("doctor_in_team")
    given: dict[str, Any] = {"patient_id": world.ana.id, "rule_id": "BP-04", "expires_at": None, "by": by}
    earlier = world.now - timedelta(hours=1)
    plans.set_limit(changes={"sbp": {"value": 170, "unit": "mm[Hg]"}}, reason="frail, falls", now=earlier, **given)
    plans.set_limit(changes={"sbp": {"value": 165, "unit": "mm[Hg]"}}, reason="steadier now", now=world.now, **given)
    plan = text(lim, world, "/plan")
    assert "Systolic at least 165 mmHg" in plan
    assert "“steadier now”" in plan
    assert "Change limits" not in plan or "href" in plan
    history = text(lim, world, "/history")
    assert history.index("steadier now") < history.index("frail, falls")
    assert "in force" in history


def test_a_contact_is_written_corrected_and_refused_at_its_field(world: World, lim: Client) -> None:
    address, at = f"/patients/{world.ana.id}/contacts", f"{timezone.now():%Y-%m-%dT%H:%M}"
    assert lim.post(address, {"kind": "call", "at": "2020-01-01T10:00", "text": "rang"}).status_code == 302
    one = Contact.objects.get()
    assert f"/patients/{world.ana.id}/contacts/{one.id}" not in text(lim, world, "/timeline")  # long ago: not on the first page
    bad = lim.post(address, {"kind": "call", "at": "noon", "text": "rang her up"})
    assert bad.status_code == 400
    assert "Give the day and the time." in bad.content.decode()
    assert "rang her up" in bad.content.decode()
    assert "rang" in lim.get(f"{address}/{one.id}").content.decode()
    assert world.client("nurse_in_team").get(f"{address}/{one.id}").status_code == 403
    assert lim.post(address, {"kind": "call", "at": "2020-01-01T10:00", "text": "rang twice", "corrects": str(one.id)}).status_code == 302
    assert Contact.objects.get(corrects=one).text == "rang twice"
    assert world.client("doctor_break_glass").post(address, {"kind": "note", "at": at, "text": "seen"}).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("en", "Latest values"), ("zh-hans", "最近的数值")])
def test_the_summary_as_text(world: World, lim: Client, language: str, words: str) -> None:
    crisis(world)
    lim.cookies["django_language"] = language
    answer = lim.get(f"/patients/{world.ana.id}", {"format": "text"})
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    told = answer.content.decode()
    assert words in told
    assert "191/116 mmHg" in told
    assert told.count("\n- ") >= 5


def test_breaking_the_glass(world: World) -> None:
    stranger, address = world.client("doctor_elsewhere"), f"/patients/{world.ana.id}"
    locked = stranger.get(address)
    assert locked.status_code == 404
    assert "It is an emergency" in locked.content.decode()
    assert stranger.post(f"{address}/emergency", {"reason": "short", "hours": "1"}).status_code == 400
    again = stranger.post(f"{address}/emergency", {"reason": "found unconscious in the lobby", "hours": "9"})
    assert "4 hours at most" in again.content.decode()
    assert "found unconscious in the lobby" in again.content.decode()
    opened = stranger.post(f"{address}/emergency", {"reason": "found unconscious in the lobby", "hours": "2"})
    assert (opened.status_code, opened["Location"]) == (302, address)
    page = stranger.get(address).content.decode()
    assert "Emergency access until" in page
    assert "found unconscious in the lobby" in page
    assert Notice.objects.filter(person=world.users["patient_self"], reason="break_glass").count() == 1
    assert stranger.post(f"{address}/emergency", {"reason": "and once more, please", "hours": "1"}).status_code == 302
    assert BreakGlass.objects.filter(opened_by=world.users["doctor_elsewhere"]).count() == 1
    assert stranger.post(f"/patients/{uuid4()}/emergency", {"reason": "found unconscious in the lobby", "hours": "1"}).status_code == 404
    assert world.client("patient_self").get(f"{address}/emergency").status_code == 403


def test_what_is_not_open_is_not_there(world: World, lim: Client) -> None:
    give(world, reading("glucose", 11.1, None), reading(value=128))
    ana, now = world.viewer("patient_self"), timezone.now()
    consent.withdraw(entry=world.entries["north"], by=ana, now=now)
    assert lim.get(f"/patients/{world.ana.id}/still").status_code == 404
    grant: dict[str, Any] = {"grantee_kind": "team", "grantee_id": world.north.id, "purpose": "care", "rights": EVERYTHING}
    consent.grant(patient=world.ana, data_classes=["vitals"], document_version="2", by=ana, now=now, **grant)
    assert lim.get(f"/patients/{world.ana.id}/still").status_code == 204
    for tab in ("", "/timeline", "/glucose", "/summary"):
        page = text(lim, world, tab)
        assert "11.1" not in page, tab
    assert "Not open to you: " in text(lim, world, "")
    assert "Glucose" not in re.findall(r"<h2>(.*?)</h2>", text(lim, world, "/plan"))
