"""The doctor's desk with Django's client: who gets in, filters, views, tags, acts for many, limits and burden; a caregiver's list."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from healthhub.audit.models import Entry
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import consent
from healthhub.people.models import Patient
from monitoring import alerts, bulk, desk, intake
from monitoring.models import Alert, Limit, Review, SavedView, Step, Tag, Tagged
from tests.web.test_pages import crisis, give, reading
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
AT_WORK = {"doctor_in_team", "nurse_in_team", "doctor_elsewhere", "doctor_break_glass", "doctor_break_glass_lapsed"}
SEE_ANA = {"doctor_in_team", "nurse_in_team", "doctor_break_glass"}
UNCHANGED = {"limit-sbp": "135", "limit-dbp": "85"}


def friend(world: World, name: str, *conditions: str, rights: tuple[str, ...] = ("read", "notify", "write", "act")) -> Patient:
    """Another patient of the North team."""
    made = Patient.objects.create(name=name, team=world.north, conditions=list(conditions))
    consent.grant(
        patient=made, grantee_kind="team", grantee_id=world.north.id, data_classes=DATA_CLASSES, purpose="care", rights=rights,
        document_version="1", by=world.viewer("patient_self"), now=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    return made


def low_oxygen(world: World, patient: Patient) -> Alert:
    readings = [
        {"kind": "spo2", "at": (timezone.now() - timedelta(minutes=ago)).isoformat(), "value": 86, "unit": "%", "source": "oximeter"}
        for ago in (4, 1)
    ]
    intake.receive(patient_id=patient.id, readings=readings, by=world.viewer("doctor_in_team"), now=timezone.now())
    return Alert.objects.filter(patient=patient).latest("opened_at")


def names(answer: Any) -> list[str]:
    return re.findall(r'data-patient="[^"]+"[^>]* aria-label="([^"]+)"', answer.content.decode())


@pytest.mark.parametrize("who", USERS)
def test_who_may_open_the_desk_and_who_may_change_what_lies_on_it(world: World, who: str) -> None:
    crisis(world)
    client, ana = world.client(who), world.ana.id
    for path in ("/rules", "/burden", "/burden?days=90", "/burden/suggestion?rule=BP-05", "/worklist?owner=nobody"):
        assert client.get(path).status_code == (200 if who in AT_WORK else 403), path
    reads = 200 if who in SEE_ANA else 404 if who in AT_WORK else 403
    assert client.get(f"/patients/{ana}/limits").status_code == reads
    writes = 403 if who == "doctor_break_glass" else 302 if reads == 200 else reads
    change = {"rule": "BP-05", "act": "save", "off": "yes", "reason": "measured in pain"} | UNCHANGED
    assert client.post(f"/patients/{ana}/limits", change).status_code == writes
    assert client.post(f"/worklist/{ana}/mark", {"act": "review"}).status_code == writes
    assert client.post(f"/worklist/{ana}/mark", {"act": "tag", "tag": "home visits"}).status_code == writes
    assert (Limit.objects.exists(), Review.objects.exists(), Tag.objects.exists()) == (writes == 302,) * 3


def test_filters_show_whom_they_name_and_stand_in_the_address(world: World) -> None:
    crisis(world)
    low, calm = friend(world, "Carl Low", "copd"), friend(world, "Dora Calm", "asthma")
    alerts.acknowledge(alert_id=low_oxygen(world, low).id, by=world.viewer("doctor_in_team"), now=timezone.now())
    lim = world.client("doctor_in_team")
    desk.tag(patient_id=calm.id, name="home visits", by=world.viewer("nurse_in_team"), now=timezone.now())
    tag = Tag.objects.get().id
    for query, expected in {
        "": {"Ana Silva", "Carl Low", "Dora Calm"},
        "owner=mine": {"Carl Low"},
        "owner=nobody": {"Ana Silva"},
        "condition=asthma": {"Dora Calm"},
        f"tag={tag}": {"Dora Calm"},
        "silent=1": {"Dora Calm"},
        "severity=silent": {"Dora Calm"},
        "q=carl": {"Carl Low"},
        "q=nobody-is-called-so": set(),
        "owner=nobody&condition=copd": set(),
    }.items():
        answer = lim.get(f"/worklist?{query}")
        assert set(names(answer)) == expected, query
    assert "Nobody fits these filters" in lim.get("/worklist?q=zzz").content.decode()
    assert lim.get("/worklist?severity=purple").status_code == 400
    typed = lim.get("/worklist?q=carl&severity=&owner=", headers={"HX-Request": "true", "HX-Target": "list"})
    assert typed["HX-Push-Url"] == "/worklist?q=carl"


def test_the_calm_are_counted_and_folded_until_asked_for(world: World) -> None:
    give(world, reading(minutes_ago=60))
    lim = world.client("doctor_in_team")
    folded = lim.get("/worklist")
    assert names(folded) == []
    assert "Show them" in folded.content.decode()
    assert names(lim.get("/worklist?severity=calm")) == ["Ana Silva"]


def test_a_view_is_hers_alone(world: World) -> None:
    lim, mei = world.client("doctor_in_team"), world.client("nurse_in_team")
    saved = lim.post("/worklist/views", {"name": "COPD  mine", "query": "condition=copd&nonsense=1&owner=mine"})
    assert saved["Location"] == "/worklist?condition=copd&owner=mine"
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("COPD mine", "condition=copd&owner=mine")
    assert "COPD mine" in lim.get("/worklist").content.decode()
    assert "COPD mine" not in mei.get("/worklist").content.decode()
    assert lim.post("/worklist/views", {"name": "COPD mine", "query": ""}).status_code == 409
    assert lim.post("/worklist/views", {"name": "\x00", "query": ""}).status_code == 400
    assert mei.post(f"/worklist/views/{view.id}", {"act": "delete"}).status_code == 404
    lim.post(f"/worklist/views/{view.id}", {"act": "rename", "name": "Lungs"})
    assert SavedView.objects.get().name == "Lungs"
    lim.post(f"/worklist/views/{view.id}", {"act": "delete"})
    assert not SavedView.objects.exists()


def test_tags_are_the_organisation_s_and_go_with_their_last_use(world: World) -> None:
    lim, quinn = world.client("doctor_in_team"), world.client("doctor_break_glass")
    lim.post(f"/worklist/{world.ana.id}/mark", {"act": "tag", "tag": "home visits"})
    assert "home visits" in world.client("nurse_in_team").get(f"/worklist/{world.ana.id}").content.decode()
    assert "home visits" not in quinn.get(f"/worklist/{world.ana.id}").content.decode()  # another hospital's doctor
    tag = Tag.objects.get()
    foreign = desk.tag(patient_id=world.ben.id, name="theirs", by=world.viewer("doctor_elsewhere"), now=timezone.now())
    assert lim.post(f"/worklist/{world.ana.id}/mark", {"act": "untag", "tag": str(foreign.id)}).status_code == 404
    assert lim.post(f"/worklist/{world.ana.id}/mark", {"act": "untag", "tag": "no id"}).status_code == 404
    lim.post(f"/worklist/{world.ana.id}/mark", {"act": "untag", "tag": str(tag.id)})
    assert list(Tag.objects.values_list("name", flat=True)) == ["theirs"]


def test_an_act_for_many_tells_each_result_and_one_refusal_stops_no_other(world: World) -> None:
    mine, taken, calm, readonly = (friend(world, name, "copd") for name in ("Carl Low", "Eve Taken", "Dora Calm", "Finn Readonly"))
    first, second = low_oxygen(world, mine), low_oxygen(world, taken)
    alerts.acknowledge(alert_id=second.id, by=world.viewer("nurse_in_team"), now=timezone.now())
    chosen = [str(one.id) for one in (mine, taken, calm, readonly)] + [str(world.ben.id)]
    lim = world.client("doctor_in_team")
    answer = lim.post("/worklist/bulk", {"act": "take", "patient": chosen}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "1 done, 4 refused" in re.sub(r"\s+", " ", text)
    assert "Eve Taken: Mei Tan has it" in text
    assert "Dora Calm: She has no open alert." in text
    assert "Somebody: There is nothing here that you may see." in text
    assert "Ben Zhou" not in text
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.acknowledged_by, second.acknowledged_by) == (world.users["doctor_in_team"], world.users["nurse_in_team"])
    assert set(re.findall(r'id="row-([^"]+)"[^>]*hx-swap-oob', text)) == set(chosen[:4])
    page = lim.post("/worklist/bulk", {"act": "tag", "tag": "spring", "patient": chosen[:2]})
    assert "2 done" in page.content.decode()
    assert Tagged.objects.count() == 2
    assert lim.post("/worklist/bulk", {"act": "snooze", "hours": "9999", "patient": chosen}).status_code == 400
    assert lim.post("/worklist/bulk", {"act": "take", "patient": ["not an id"]}).status_code == 404
    assert lim.post("/worklist/bulk", {"act": "take"}).status_code == 400


def test_for_one_patient_it_is_all_or_nothing(world: World) -> None:
    low = friend(world, "Carl Low", "copd", "hypertension")
    low_oxygen(world, low)
    rows = [reading(value=190, value2=115, minutes_ago=6), reading(value=191, value2=116, minutes_ago=2)]
    intake.receive(patient_id=low.id, readings=rows, by=world.viewer("doctor_in_team"), now=timezone.now())
    two = list(Alert.objects.filter(patient=low))
    assert len(two) >= 2
    alerts.acknowledge(alert_id=two[-1].id, by=world.viewer("nurse_in_team"), now=timezone.now())
    done = bulk.carry_out(patient_ids=[low.id], act="take", by=world.viewer("doctor_in_team"), now=timezone.now())
    assert [one.refused.code for one in done if one.refused] == ["already_taken"]
    assert not Step.objects.filter(did="acknowledged", by=world.users["doctor_in_team"]).exists()


def statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


@pytest.mark.parametrize("path", ["/worklist", "/worklist?severity=calm", "/burden"])
def test_the_number_of_statements_does_not_grow_with_the_panel(world: World, path: str) -> None:
    client = world.client("doctor_in_team")
    crisis(world)
    low_oxygen(world, friend(world, "Carl Low", "hypertension"))
    client.get(path)
    few = statements(client, path)
    for number in range(12):
        one = friend(world, f"Friend {number}", "hypertension")
        if number % 2:
            low_oxygen(world, one)
    assert statements(client, path) == few


def bp_days(world: World, days: int, *, high: int, low: int) -> None:
    """One pair of readings a day, an hour before noon of the patient's day, high or calm in turn."""
    noon = timezone.now().replace(hour=3, minute=0, second=0, microsecond=0)
    rows = [
        {"kind": "bp", "at": (noon - timedelta(days=day, minutes=ago)).isoformat(), "value": high if day % 2 else low, "value2": 80,
         "unit": "mm[Hg]", "source": "cuff", "method": "device"}
        for day in range(1, days + 1) for ago in (3, 1)
    ]  # fmt: skip
    intake.receive(patient_id=world.ana.id, readings=rows, by=world.viewer("patient_self"), now=timezone.now())


def test_a_limit_is_tried_then_saved_with_a_reason(world: World) -> None:
    bp_days(world, 10, high=185, low=120)
    lim, path = world.client("doctor_in_team"), f"/patients/{world.ana.id}/limits"
    form = lim.get(f"{path}?rule=BP-01").content.decode()
    assert 'name="limit-sbp"' in form
    body = {"rule": "BP-01", "limit-sbp": "190", "limit-dbp": "110", "reason": "known for years", "span": "90"}
    tried = lim.post(path, body | {"act": "try"}).content.decode()
    assert "Would have fired <b>0</b> times" in tried
    assert "5 times, 0 at night" in tried
    assert 'value="known for years"' in tried
    assert not Limit.objects.exists()
    assert lim.post(path, body | {"act": "save"}).status_code == 302
    limit = Limit.objects.get()
    assert (limit.changes, limit.reason) == ({"sbp": {"value": 190.0, "unit": "mm[Hg]"}}, "known for years")
    assert limit.expires_at is not None
    assert "Systolic 190 mmHg" in lim.get(path).content.decode()
    assert lim.post(f"{path}/{limit.id}/end").status_code == 302
    assert not Limit.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"limit-sbp": "500"}, "help-sbp", "between 90 and 360"),
        ({"limit-sbp": "high"}, "help-sbp", "is a number"),
        ({"limit-sbp": "nan"}, "help-sbp", "is a number"),
        ({"limit-dbp": ""}, "help-dbp", "is a number"),
        ({"reason": "no"}, "reason-problem", "in a few words why"),
    ],
)
def test_a_refused_limit_says_so_next_to_the_field_and_loses_nothing(world: World, typed: dict[str, str], field: str, words: str) -> None:
    body = {"rule": "BP-01", "limit-sbp": "185", "limit-dbp": "110", "reason": "known for years", "act": "save"} | typed
    answer = world.client("doctor_in_team").post(f"/patients/{world.ana.id}/limits", body)
    assert answer.status_code == 422
    problem = re.search(rf'<p class="problem" id="{field}">([^<]*)', answer.content.decode())
    assert problem
    assert words in problem[1]
    for name in ("limit-sbp", "limit-dbp", "reason"):
        assert f'value="{body[name]}"' in answer.content.decode()
    assert not Limit.objects.exists()


def test_what_warns_of_danger_cannot_be_switched_off(world: World) -> None:
    body = {"rule": "BP-02", "limit-sbp": "180", "limit-dbp": "110", "limit-symptom": "1", "limit-headache": "2", "off": "yes"}
    answer = world.client("doctor_in_team").post(f"/patients/{world.ana.id}/limits", body | {"act": "save", "reason": "too loud"})
    assert (answer.status_code, Limit.objects.count()) == (422, 0)


def test_the_emergency_is_a_short_word_with_its_act(world: World) -> None:
    alert = crisis(world)
    news = world.client("doctor_in_team").get(f"/worklist/{world.ana.id}?as=news").content.decode()
    assert f"/alerts/{alert}/take" in news
    assert "row-" not in news


def test_a_caregiver_takes_over_and_hands_back(world: World) -> None:
    alert = crisis(world)
    cleo = world.client("caregiver_with_consent")
    text = cleo.get("/people").content.decode()
    assert "Needs you" in text
    assert "191/116" in text
    assert "You may take over alerts." in text
    path = f"/people/{world.ana.id}/alerts/{alert}"
    cleo.post(f"{path}/take")
    assert Alert.objects.get(id=alert).acknowledged_by == world.users["caregiver_with_consent"]
    assert "Hand back" in cleo.get("/people/list").content.decode()
    cleo.post(f"{path}/give-back")
    assert Alert.objects.get(id=alert).acknowledged_by is None
    assert cleo.post(f"{path}/close").status_code == 404
    assert world.client("doctor_in_team").post(f"{path}/take").status_code == 403
    assert cleo.post(f"/people/{world.ben.id}/alerts/{alert}/take").status_code == 404
    assert cleo.post(f"/people/{world.ana.id}/alerts/{uuid4()}/take").status_code == 404


def test_silence_is_never_called_well_and_only_what_was_agreed_is_shown(world: World) -> None:
    cleo = world.client("caregiver_with_consent")
    assert "No data yet" in cleo.get("/people").content.decode()
    give(world, reading(minutes_ago=60), reading("glucose", 6.1, None, minutes_ago=50))
    text = cleo.get("/people").content.decode()
    assert "All well" in text
    assert "128/78" in text
    assert "6.1" in text
    consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=timezone.now())
    consent.grant(
        patient=world.ana, grantee_kind="person", grantee_id=world.users["caregiver_with_consent"].id, data_classes=["vitals"],
        purpose="caregiving", rights=["read"], document_version="2", by=world.viewer("patient_self"), now=timezone.now(),
    )  # fmt: skip
    text = cleo.get("/people").content.decode()
    assert "128/78" in text
    assert "6.1" not in text
    assert "You may see: vital signs." in text
    assert "take over" not in text


def test_ids_of_the_bulk_are_told_once(world: World) -> None:
    results = bulk.carry_out(patient_ids=[world.ana.id] * 3, act="review", by=world.viewer("doctor_in_team"), now=timezone.now())
    assert [(one.patient_id, one.refused) for one in results] == [(world.ana.id, None)]
    assert Review.objects.count() == 1
    assert Entry.objects.filter(did="patient.review", patient_id=world.ana.id, actor_id=world.users["doctor_in_team"].id).count() == 1
    assert isinstance(results[0].patient_id, UUID)
