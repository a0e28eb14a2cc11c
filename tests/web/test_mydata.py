"""Her own affairs: who may open which page and do what there, and that what is done is done."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from healthhub.care.models import Erasure, Medication
from healthhub.people import access
from healthhub.people.models import DeviceToken, Grant
from healthhub.records import exports
from healthhub.records.tasks import TABLES
from notifications.models import Channel, Notice, QuietHours
from tests.web.test_pages import crisis, give, reading
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
OWN_PAGES = ("data", "data/log", "data/sharing", "data/devices", "data/export", "data/imports", "data/erase")


def path(world: World, rest: str) -> str:
    return f"/people/{world.ana.id}/{rest}"


def html(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize("who", USERS)
def test_her_own_pages_are_hers_alone(world: World, who: str) -> None:
    give(world, reading())
    client = world.client(who)
    opened = {page for page in OWN_PAGES if client.get(path(world, page)).status_code == 200}
    assert opened == (set(OWN_PAGES) if who == "patient_self" else set())
    if who not in ("patient_self", "caregiver_with_consent", "doctor_in_team", "nurse_in_team"):
        assert not [page for page in OWN_PAGES if "Ana Silva" in html(client.get(path(world, page)))]


ACTS = {
    "sharing": {"email": "caregiver_withdrawn@example.org", "everything": "yes"},
    "devices": {"name": "Cuff"},
    "export": {},
    "imports": {},
    "erase": {"typed": "Ana Silva"},
    "erase/keep": {},
}


@pytest.mark.parametrize("who", [who for who in USERS if who != "patient_self"])
def test_nobody_else_can_act_on_them(world: World, who: str) -> None:
    client = world.client(who)
    acts = {f"data/{act}": body for act, body in ACTS.items()}
    acts[f"data/sharing/{world.entries['north'].id}/end"] = {}
    acts[f"data/sharing/{world.entries['dmitri'].id}/again"] = {}
    acts[f"data/devices/{world.token_ids['token_write']}/revoke"] = {}
    before = (Grant.objects.filter(withdrawn_at=None).count(), DeviceToken.objects.filter(revoked_at=None).count())
    for act, body in acts.items():
        assert client.post(path(world, act), body).status_code in (403, 404), act
    assert (Grant.objects.filter(withdrawn_at=None).count(), DeviceToken.objects.filter(revoked_at=None).count()) == before
    assert not Erasure.objects.exists()


def test_her_own_path_with_another_ones_rows_is_no_way_in(world: World) -> None:
    """Ben's ids under Ana's address, and Ana's under Ben's."""
    ana, ben = world.client("patient_self"), world.client("other_patient")
    assert ana.post(path(world, f"data/devices/{world.token_ids['token_other_patient']}/revoke")).status_code == 404
    assert ana.post(path(world, f"data/sharing/{world.entries['south'].id}/end")).status_code == 404
    for act in (f"devices/{world.token_ids['token_write']}/revoke", f"sharing/{world.entries['north'].id}/end"):
        assert ben.post(f"/people/{world.ben.id}/data/{act}").status_code == 404


def sees(world: World, who: str) -> bool:
    return access.may(world.viewer(who), world.ana.id, action="read", now=timezone.now())


def test_withdraw_in_one_tap_and_give_again_in_one(world: World) -> None:
    client, entry = world.client("patient_self"), world.entries["cleo"]
    page = html(client.get(path(world, "data/sharing")))
    assert "Cleo Silva" in page
    assert "May see them, be told of warnings, act on warnings: everything you measure and log." in page
    assert "Fair Insurance" in page
    assert client.post(path(world, f"data/sharing/{entry.id}/end")).status_code == 302
    assert not sees(world, "caregiver_with_consent")
    assert client.post(path(world, f"data/sharing/{entry.id}/end")).status_code == 409
    assert client.post(path(world, f"data/sharing/{entry.id}/again")).status_code == 302
    assert sees(world, "caregiver_with_consent")
    assert not access.may(world.viewer("caregiver_with_consent"), world.ana.id, action="write", now=timezone.now())  # as it was


def test_let_somebody_see_a_part(world: World) -> None:
    client = world.client("patient_self")
    wrong = client.post(path(world, "data/sharing"), {"email": "nobody@example.org", "classes": ["vitals"]})
    assert wrong.status_code == 422
    assert "Nobody here signs in with this e-mail address." in html(wrong)
    assert client.post(path(world, "data/sharing"), {"email": "caregiver_withdrawn@example.org"}).status_code == 422  # nothing chosen
    assert client.post(path(world, "data/sharing"), {"email": "Caregiver_withdrawn@example.org", "classes": ["vitals"]}).status_code == 302
    allowed = access.classes_allowed(world.viewer("caregiver_withdrawn"), world.ana, action="read", now=timezone.now())
    assert allowed == {"vitals"}
    home = html(world.client("caregiver_withdrawn").get(f"/people/{world.ana.id}"))
    give(world, reading(minutes_ago=1))
    home = html(world.client("caregiver_withdrawn").get(f"/people/{world.ana.id}"))
    assert "Nothing in what you may see worries us" in home  # never more than she can know


def test_the_log_says_who_looked(world: World) -> None:
    world.client("doctor_in_team").get(f"/patients/{world.ana.id}")
    page = html(world.client("patient_self").get(path(world, "data/log")))
    assert re.search(r"<b>Dr Lim</b> \w+", page)
    assert "<b>You</b>" not in page
    assert "<b>You</b>" in html(world.client("patient_self").get(path(world, "data/log?all=yes")))
    assert world.client("patient_self").get(path(world, "data/log?before=1")).status_code == 400


def test_the_log_has_pages(world: World) -> None:
    for _ in range(45):
        world.client("doctor_in_team").get(f"/patients/{world.ana.id}")
    client = world.client("patient_self")
    first = html(client.get(path(world, "data/log")))
    following = re.search(r'href="\?(before=[^"]+)"', first)
    assert following
    assert client.get(path(world, f"data/log?{following[1]}")).status_code == 200


def test_a_device_is_let_in_and_shut_out(world: World) -> None:
    client = world.client("patient_self")
    assert client.post(path(world, "data/devices"), {"name": " "}).status_code == 422
    answer = client.post(path(world, "data/devices"), {"name": "Kitchen cuff", "kinds": ["bp", "nonsense"]})
    secret = re.search(r'class="secret">(hh_[a-z0-9]+)<', html(answer))
    assert secret
    assert "no-store" in answer["Cache-Control"]
    assert secret[1] not in html(client.get(path(world, "data/devices")))
    device = Client(headers={"authorization": f"Bearer {secret[1]}"})
    sent = {"patient": str(world.ana.id)} | reading() | {"kind": "bp"}
    assert device.post("/api/v1/observations", sent, content_type="application/json").status_code == 201
    token = DeviceToken.objects.get(name="Kitchen cuff")
    assert token.kinds == ["bp"]
    assert client.post(path(world, f"data/devices/{token.id}/revoke")).status_code == 302
    assert device.post("/api/v1/observations", sent, content_type="application/json").status_code == 401


def test_a_copy_is_made_and_downloaded(world: World) -> None:
    client = world.client("patient_self")
    give(world, reading())
    assert client.post(path(world, "data/export")).status_code == 302
    page = html(client.get(path(world, "data/export")))
    assert 'hx-trigger="every 2s"' in page
    exports.work(now=timezone.now(), tables=TABLES)
    page = html(client.get(path(world, "data/export")))
    assert 'hx-trigger="every 2s"' not in page
    where = re.search(r'href="(/people/[^"]+/data/export/[^"]+)"', page)
    assert where
    answer = client.get(where[1])
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert b"mm[Hg]" in archive.read("readings.csv")
    for who in ("caregiver_with_consent", "doctor_in_team", "other_patient"):
        assert world.client(who).get(where[1]).status_code in (403, 404)


def test_erasing_takes_her_name_and_can_be_called_off(world: World) -> None:
    client = world.client("patient_self")
    assert client.post(path(world, "data/erase"), {"typed": "yes"}).status_code == 422
    assert client.post(path(world, "data/erase"), {"typed": "Ana Silva"}).status_code == 302
    assert "Call it off" in html(client.get(path(world, "data/erase")))
    assert "will be erased" in html(client.get(path(world, "data")))
    assert Notice.objects.filter(person=world.users["patient_self"], reason="asked").exists()
    assert client.post(path(world, "data/erase/keep")).status_code == 302
    assert not Erasure.objects.filter(cancelled_at=None).exists()


def test_how_i_am_told(world: World) -> None:
    client, user = world.client("caregiver_with_consent"), world.users["caregiver_with_consent"]
    assert client.get("/settings/told").status_code == 200
    assert client.post("/settings/told/add", {"transport": "email", "details": "yes"}).status_code == 302
    assert Channel.objects.get(person=user).address == {"details": True}
    assert client.post("/settings/told/add", {"transport": "apprise", "url": "file:///etc/passwd"}).status_code == 422
    assert client.post("/settings/told/quiet", {"start": "22:00", "end": "22:00"}).status_code == 422
    assert client.post("/settings/told/quiet", {"start": "late", "end": "07:00"}).status_code == 422
    assert client.post("/settings/told/quiet", {"start": "22:00", "end": "07:00"}).status_code == 302
    assert str(QuietHours.objects.get(person=user).start) == "22:00:00"
    assert client.post("/settings/told/quiet", {"none": "yes"}).status_code == 302
    assert not QuietHours.objects.exists()
    assert client.post("/settings/told/test").status_code == 302
    assert Notice.objects.filter(person=user, reason="test").count() == 1
    channel = Channel.objects.get(person=user)
    assert world.client("patient_self").post(f"/settings/told/{channel.id}/remove").status_code == 404
    assert client.post(f"/settings/told/{channel.id}/remove").status_code == 302


MEDICINE = {"name": "Amlodipine", "dose": "5 mg", "times": ["00:00", "", "23:59"]}


def test_medicines_on_the_list_and_on_the_first_page(world: World) -> None:
    client = world.client("patient_self")
    assert client.post(path(world, "medications"), {"name": "", "times": ["08:00"]}).status_code == 422
    assert client.post(path(world, "medications"), MEDICINE | {"times": ["noon"]}).status_code == 422
    assert client.post(path(world, "medications"), MEDICINE).status_code == 302
    row = Medication.objects.get()
    assert [str(one) for one in row.times] == ["00:00:00", "23:59:00"]
    home = html(client.get("/"))
    assert "Taken: Amlodipine" in home
    day = re.search(r'name="day" value="([^"]+)"', home)
    assert day
    said = {"day": day[1], "at": "00:00", "said": "taken"}
    assert client.post(path(world, f"medications/{row.id}/intake"), said).status_code == 302
    assert "Undo: Amlodipine" in html(client.get("/"))
    assert "1 of 1 dose taken" in html(client.get(path(world, "medications")))
    assert client.post(path(world, f"medications/{row.id}/intake"), said | {"said": "undo"}).status_code == 302
    assert "Undo: Amlodipine" not in html(client.get("/"))
    assert client.post(path(world, f"medications/{row.id}/stop")).status_code == 302
    assert "stopped on" in html(client.get(path(world, "medications")))


@pytest.mark.parametrize("who", [who for who in USERS if who != "patient_self"])
def test_who_reads_but_does_not_write_changes_no_medicine(world: World, who: str) -> None:
    world.client("patient_self").post(path(world, "medications"), MEDICINE)
    row, client = Medication.objects.get(), world.client(who)
    assert (client.get(path(world, "medications")).status_code == 200) == (who == "caregiver_with_consent")
    assert client.post(path(world, "medications"), MEDICINE | {"name": "Other"}).status_code in (403, 404)
    assert client.post(path(world, f"medications/{row.id}/stop")).status_code in (403, 404)
    said = {"day": f"{timezone.now():%Y-%m-%d}", "at": "00:00", "said": "taken"}
    assert client.post(path(world, f"medications/{row.id}/intake"), said).status_code in (403, 404)
    assert Medication.objects.filter(stopped_at=None).count() == 1


def test_what_was_just_logged_can_be_undone(world: World) -> None:
    client = world.client("patient_self")
    saved = html(client.post(path(world, "log/bp"), {"high": "118", "low": "76", "pulse": "71"}))
    token = re.search(r'name="undo" value="([^"]+)"', saved)
    assert token
    assert world.client("other_patient").post(f"/people/{world.ben.id}/undo", {"undo": token[1]}).status_code == 404
    assert world.client("caregiver_with_consent").post(path(world, "undo"), {"undo": token[1]}).status_code == 403
    assert client.post(path(world, "undo"), {"undo": token[1][:-1]}).status_code == 404
    assert client.post(path(world, "undo"), {"undo": token[1]}).status_code == 302
    home = html(client.get("/"))
    assert "118/76" not in home
    assert "No readings yet" in home
    assert client.post(path(world, "undo"), {"undo": token[1]}).status_code == 409


def test_the_mean_of_repeats(world: World) -> None:
    client = world.client("patient_self")
    assert "Mean of" not in html(client.post(path(world, "log/bp"), {"high": "130", "low": "80"}))
    stamp = (timezone.now() - timedelta(minutes=1)).isoformat()
    second = html(client.post(path(world, "log/bp"), {"high": "140", "low": "90", "moment": stamp}))
    assert re.search(r"Mean of the last 2 readings</span> <b class=\"count\">135/85", second)


def test_the_mood_of_the_day(world: World) -> None:
    client = world.client("patient_self")
    assert client.post(path(world, "log/mood"), {}).status_code == 422
    assert client.post(path(world, "log/mood"), {"mood": "6"}).status_code == 422
    assert "Very good" in html(client.post(path(world, "log/mood"), {"mood": "5"}))


def test_after_a_dangerous_value_step_by_step(world: World) -> None:
    client = world.client("patient_self")
    saved = html(client.post(path(world, "log/bp"), {"high": "190", "low": "115"}))
    assert path(world, "act/bp") in saved
    page = html(client.get(path(world, "act/bp")))
    assert 'data-repeat="300"' in page
    assert "Chest pain" in page
    assert "Tick what is so" in html(client.post(path(world, "act/bp"), {}))
    assert client.post(path(world, "act/bp"), {"none": "yes"})["Location"] == path(world, "log/bp")
    called = html(client.post(path(world, "act/bp"), {"symptom_chest_pain": "yes"}))
    assert "tel:120" in called
    assert "Call 120 now" in called
    assert "This needs help now" in html(client.get("/"))  # judged at once
    assert client.get(path(world, "act/nonsense")).status_code == 404
    assert world.client("caregiver_with_consent").get(path(world, "act/bp")).status_code == 403


def test_todays_measurements(world: World) -> None:
    world.ana.conditions = ["hypertension", "antihypertensive"]
    world.ana.save()
    client = world.client("patient_self")
    page = html(client.get("/"))
    if "thing to do" in page or "things to do" in page:
        assert "not measured yet" in page
    give(world, reading(minutes_ago=1))
    assert "not measured yet" not in html(client.get("/"))


def test_when_the_doctor_took_it(world: World) -> None:
    alert = crisis(world)
    world.client("doctor_in_team").post(f"/alerts/{alert}/take", {"on": "list"})
    assert re.search(
        r"Dr Lim has seen this at\s+<time[^>]*>\d\d:\d\d</time>\s+and is looking after it", html(world.client("patient_self").get("/"))
    )


def test_dictation_is_off_until_it_is_switched_on_and_only_fills_in(world: World, settings: Any) -> None:
    client = world.client("patient_self")
    assert 'name="said"' not in html(client.get(path(world, "log")))
    assert client.post(path(world, "heard"), {"said": "高压138低压86"}).status_code == 422
    settings.LOG_READERS = ["dictation"]
    assert 'name="said"' in html(client.get(path(world, "log")))
    form = html(client.post(path(world, "heard"), {"said": "高压一百三十八低压八十六"}))
    assert 'name="high"' in form
    assert re.search(r'name="high"[^>]*value="138"', form)
    assert re.search(r'name="low"[^>]*value="86"', form)
    assert "No readings yet" in html(client.get("/"))  # nothing is stored by hearing it
    assert client.post(path(world, "heard"), {"said": "hello"}).status_code == 422
    assert world.client("caregiver_with_consent").post(path(world, "heard"), {"said": "138/86"}).status_code == 403


def test_all_is_not_well_while_a_dangerous_value_waits_for_the_second(world: World) -> None:
    client = world.client("patient_self")
    client.post(path(world, "log/bp"), {"high": "188", "low": "112"})
    home = html(client.get("/"))
    assert "worries us" not in home
    assert "Please measure once more" in home
    assert path(world, "act/bp") in home
    stamp = (timezone.now() + timedelta(minutes=1)).isoformat()
    client.post(path(world, "log/bp"), {"high": "124", "low": "78", "moment": stamp})
    assert "Please measure once more" not in html(client.get("/"))
