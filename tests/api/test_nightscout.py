"""Nightscout over HTTP, as its clients use it: secrets, shapes, fates, ids, deletions."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from healthhub.dialects.nightscout import common
from healthhub.people import tokens
from healthhub.people.access import Viewer
from healthhub.records.models import Observation, Source
from monitoring.models import Alert
from tests.world import World

pytestmark = pytest.mark.django_db


class Site:
    """Ana's address, with a token of hers."""

    def __init__(self, world: World, *, may_write: bool = True, may_read: bool = True, kinds: tuple[str, ...] = ()) -> None:
        self.world = world
        self.base = f"/nightscout/{world.ana.id}"
        by: Viewer = world.viewer("patient_self")
        self.token, self.secret = tokens.issue(
            patient=world.ana, name="xDrip", kinds=kinds, may_write=may_write, may_read=may_read, by=by, now=timezone.now()
        )
        self.sha1 = hashlib.sha1(self.secret.encode()).hexdigest()
        self.client = Client()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return self.client.generic(method, self.base + path, headers={"api-secret": self.sha1} | headers, **sent)  # type: ignore[return-value]

    def get(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.content)
        return json.loads(answer.content)

    def bearer(self) -> dict[str, str]:
        found = json.loads(self.client.get(f"{self.base}/api/v2/authorization/request/{self.secret}").content)
        return {"authorization": f"Bearer {found['token']}"}


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def sgv(minutes_ago: float, value: int = 120, **more: Any) -> dict[str, Any]:
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=minutes_ago)
    return {
        "type": "sgv",
        "sgv": value,
        "date": common.ms_of(at),
        "dateString": common.iso(at),
        "direction": "Flat",
        "device": "xDrip",
    } | more


@pytest.mark.parametrize("how", ["sha1", "SHA1", "secret", "named", "token=", "query", "bearer"])
def test_every_way_to_say_the_secret(site: Site, how: str) -> None:
    headers = {
        "sha1": {"api-secret": site.sha1},
        "SHA1": {"api-secret": site.sha1.upper()},
        "secret": {"api-secret": site.secret},
        "named": {"api-secret": f"follower-{site.secret}"},
        "token=": {"api-secret": f"token=follower-{site.secret}"},
        "query": {},
        "bearer": site.bearer(),
    }[how]
    query = f"?token={site.secret}" if how == "query" else ""
    answer = site.client.get(f"{site.base}/api/v1/entries.json{query}", headers=headers)
    assert (answer.status_code, json.loads(answer.content)) == (200, [])


@pytest.mark.parametrize("secret", ["", "0" * 40, hashlib.sha1(b"a secret of nobody").hexdigest(), "hh_x", "a.b.c"])
def test_a_wrong_secret_opens_nothing(site: Site, secret: str) -> None:
    for path in ("/api/v1/entries.json", "/api/v1/treatments.json", "/api/v1/status.json", "/api/v2/properties", "/api/v2/ddata/at"):
        answer = site.client.get(site.base + path, headers={"api-secret": secret})
        assert answer.status_code == 401
        assert json.loads(answer.content) | {"sentence": ""} == {
            "status": 401, "message": "Unauthorized", "description": "Invalid/Missing", "code": "bad_token", "sentence": "",
        }  # fmt: skip
    answer = site.client.post(
        f"{site.base}/api/v1/entries.json", data=[sgv(1)], content_type="application/json", headers={"api-secret": secret}
    )
    assert answer.status_code == 401
    assert not Observation.objects.exists()
    verified = json.loads(site.client.get(f"{site.base}/api/v1/verifyauth", headers={"api-secret": secret}).content)
    assert verified["status"] == 200
    assert verified["message"] == {
        "canRead": False, "canWrite": False, "isAdmin": False, "message": "UNAUTHORIZED", "rolefound": "NOTFOUND", "permissions": "DEFAULT",
    }  # fmt: skip


def test_another_patients_token_and_an_unknown_address_look_alike(site: Site, world: World) -> None:
    bens = {"api-secret": world.secrets["token_other_patient"]}
    answers = [
        site.client.get(f"/nightscout/{slug}/api/v1/entries.json", headers=bens)
        for slug in (world.ana.id, "01990000-0000-7000-8000-000000000000")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert site.client.get(f"/nightscout/{world.ben.id}/api/v1/entries.json", headers=bens).status_code == 200


def test_a_revoked_token_and_its_bearer_end_at_once(site: Site, world: World) -> None:
    bearer = site.bearer()
    assert site.client.get(f"{site.base}/api/v3/entries", headers=bearer).status_code == 200
    tokens.revoke(token=site.token, by=world.viewer("patient_self"), now=timezone.now())
    assert site.client.get(f"{site.base}/api/v3/entries", headers=bearer).status_code == 401
    assert site.ask("GET", "/api/v1/entries.json").status_code == 401


def test_neither_secret_nor_sha1_is_kept_in_clear(site: Site) -> None:
    kept = [bytes(site.token.secret_sha256), bytes(site.token.sha1_sha256 or b"")]
    assert bytes.fromhex(site.sha1) not in kept
    assert all(len(one) == 32 for one in kept)
    assert kept[1] == hashlib.sha256(site.sha1.encode()).digest()


def test_a_token_may_do_what_it_may_and_no_more(world: World) -> None:
    writer, reader = Site(world, may_read=False), Site(world, may_write=False)
    assert writer.ask("POST", "/api/v1/entries.json", [sgv(5)]).status_code == 200
    assert writer.ask("GET", "/api/v1/entries.json").status_code == 401
    assert reader.ask("POST", "/api/v1/entries.json", [sgv(4)]).status_code == 401
    assert len(reader.get("/api/v1/entries.json")) == 1
    forbidden = reader.client.post(
        f"{reader.base}/api/v3/entries", data=sgv(3, app="x"), content_type="application/json", headers=reader.bearer()
    )
    assert forbidden.status_code == 403
    assert json.loads(forbidden.content)["message"] == "Missing permission api:entries:write"


def test_a_token_of_some_kinds_writes_and_sees_these_only(world: World) -> None:
    meter = Site(world, kinds=("glucose",))
    fates = json.loads(meter.ask("POST", "/api/v1/entries.json", [sgv(5), {"type": "mbg", "mbg": 99, "date": sgv(6)["date"]}]).content)
    assert [doc["fate"] for doc in fates] == ["outside_consent", "stored"]
    assert [doc["type"] for doc in meter.get("/api/v1/entries.json")] == ["mbg"]


def test_array_in_array_out_with_ids_and_fates(site: Site) -> None:
    batch = [sgv(15, 118), sgv(10, 121, delta=3.5), sgv(5, 5), {"type": "cal", "slope": 1, "date": 1}, sgv(0, "131"), {"sgv": 100}]
    answer = site.ask("POST", "/api/v1/entries.json", batch)
    docs = json.loads(answer.content)
    assert answer.status_code == 200
    assert [doc["fate"] for doc in docs] == ["stored", "stored", "rejected", "not_kept", "stored", "rejected"]
    assert [(doc.get("code"), doc.get("field")) for doc in docs] == [
        (None, None), (None, None), ("sensor_error", "sgv"), ("not_kept", "type"), (None, None), ("missing_field", "dateString"),
    ]  # fmt: skip
    assert all(len(doc["_id"]) == 24 for doc in docs)
    assert answer["X-HealthHub-Fates"] == "not_kept=1, rejected=2, stored=3"
    read = site.get("/api/v1/entries.json?count=10")
    assert [doc["sgv"] for doc in read] == [131, 121, 118]
    assert [doc["_id"] for doc in read] == [docs[i]["_id"] for i in (4, 1, 0)]
    assert [doc["delta"] for doc in read] == [10, 3.5, 0]
    assert read[0]["dateString"].endswith("Z")
    assert {doc["device"] for doc in read} == {"xDrip"}
    assert (read[0]["utcOffset"], Observation.objects.latest("seq").utc_offset) == (480, 480)  # she lives in Shanghai


def test_one_document_is_answered_in_a_list_too(site: Site) -> None:
    docs = json.loads(site.ask("POST", "/api/v1/entries", sgv(1)).content)
    assert [doc["fate"] for doc in docs] == ["stored"]


def test_sending_again_stores_nothing_new(site: Site) -> None:
    batch = [sgv(5 * i, 100 + i) for i in range(20)]
    first, again = (json.loads(site.ask("POST", "/api/v1/entries.json", batch).content) for _ in range(2))
    assert {doc["fate"] for doc in first} == {"stored"}
    assert {doc["fate"] for doc in again} == {"duplicate"}
    assert [doc["_id"] for doc in first] == [doc["_id"] for doc in again]
    assert Observation.objects.count() == 20


def test_a_batch_in_which_nothing_can_be_read_is_refused(site: Site) -> None:
    answer = site.ask("POST", "/api/v1/entries.json", [sgv(1, 3), sgv(2, -4)])
    assert answer.status_code == 422
    assert {doc["code"] for doc in json.loads(answer.content)} == {"sensor_error"}
    assert site.ask("POST", "/api/v1/entries.json", [1, 2]).status_code == 400
    assert site.ask("POST", "/api/v1/entries.json", []).status_code == 200
    deep = site.client.post(
        f"{site.base}/api/v1/entries.json", data="[" * 100_000, content_type="application/json", headers={"api-secret": site.sha1}
    )
    assert (deep.status_code, json.loads(deep.content)["code"]) == (400, "too_deep")


def test_a_low_value_opens_an_alert_like_any_other_reading(site: Site) -> None:
    site.ask("POST", "/api/v1/entries.json", [sgv(15, 50), sgv(10, 49), sgv(5, 47), sgv(0, 45)])
    assert Alert.objects.filter(patient=site.world.ana).exists()


def test_find_count_and_types(site: Site) -> None:
    site.ask("POST", "/api/v1/entries.json", [sgv(5 * i, 100 + 10 * i) for i in range(12)])
    site.ask("POST", "/api/v1/entries.json", {"type": "mbg", "mbg": 99, "date": sgv(7)["date"], "device": "Contour"})
    middle = sgv(30)["dateString"]
    assert len(site.get("/api/v1/entries.json")) == 10
    assert len(site.get("/api/v1/entries.json?count=0")) == 10
    assert [doc["sgv"] for doc in site.get("/api/v1/entries/sgv.json?count=2")] == [100, 110]
    assert [doc["mbg"] for doc in site.get("/api/v1/entries/mbg.json")] == [99]
    assert site.get("/api/v1/entries/cal.json") == []
    assert len(site.get("/api/v1/entries/current.json")) == 1
    since = site.get(f"/api/v1/entries.json?count=100&find[dateString][$gte]={middle}&find[type]=sgv")
    assert [doc["sgv"] for doc in since] == [100, 110, 120, 130, 140, 150, 160]
    assert [doc["sgv"] for doc in site.get("/api/v1/entries.json?find[sgv][$gte]=195")] == [200, 210]
    exact = site.get(f"/api/v1/entries.json?find[date]={since[2]['date']}")
    assert [doc["_id"] for doc in exact] == [since[2]["_id"]]
    assert site.get(f"/api/v1/entries/{since[2]['_id']}.json")[0]["sgv"] == 120
    assert site.get("/api/v1/count/entries/where?find[type]=sgv") == [{"_id": None, "count": 12}]
    for bad in ("find[sgv][$where]=1", "find[date][$gte]=soon", "count=many", "find[device][$regex]=(a%2B)%2B$"):
        assert site.ask("GET", f"/api/v1/entries.json?{bad}").status_code == 400, bad


def test_lines_are_the_default_and_no_formula_gets_out(site: Site) -> None:
    site.ask("POST", "/api/v1/entries.json", sgv(3, 111, device="=cmd()\t"))
    plain = site.ask("GET", "/api/v1/entries", accept="*/*")
    assert plain["Content-Type"].startswith("text/plain")
    moment, ms, value, direction, device = plain.content.decode().strip().split("\t")
    assert (value, direction, device) == ("111", '"Flat"', '"\'=cmd()"')
    assert moment.strip('"').endswith("Z")
    assert ms.isdigit()
    assert site.ask("GET", "/api/v1/entries.csv").content.decode().count(",") == 4
    assert json.loads(site.ask("GET", "/api/v1/entries", accept="application/json").content)[0]["sgv"] == 111
    again = site.ask("GET", "/api/v1/entries.json", **{"if-modified-since": plain["Last-Modified"]})
    assert again.status_code == 304


def test_times_and_slices(site: Site) -> None:
    site.ask("POST", "/api/v1/entries.json", [sgv(5 * i) for i in range(6)])
    docs = site.get("/api/v1/entries.json")
    day, hour = docs[0]["dateString"][:10], docs[0]["dateString"][:13]
    of_hour = [doc["_id"] for doc in docs if doc["dateString"].startswith(hour)]
    assert [doc["_id"] for doc in site.get(f"/api/v1/times/{day}/T{hour[11:]}:.*.json")] == of_hour
    assert [doc["_id"] for doc in site.get(f"/api/v1/slice/entries/dateString/sgv/{hour}.json")] == of_hour
    assert site.get("/api/v1/times/1999.json") == []
    assert len(site.get(f"/api/v1/times/{day[:4]}-{{01..12}}.json")) == 6
    assert site.ask("GET", "/api/v1/times/(a+)+$/x.json").status_code == 400


MEAL = {
    "eventType": "Meal Bolus",
    "carbs": 45,
    "insulin": 4.5,
    "notes": "面条和苹果",
    "enteredBy": "Cleo",
    "glucose": 126,
    "glucoseType": "Finger",
}


def test_a_meal_comes_back_whole(site: Site) -> None:
    at = common.iso(timezone.now() - timedelta(minutes=30))
    sent = [MEAL | {"created_at": at}, {"eventType": "Temp Basal", "rate": 0.5, "duration": 30, "created_at": at}]
    answer = json.loads(site.ask("POST", "/api/v1/treatments.json", sent).content)
    assert [doc["fate"] for doc in answer] == ["stored", "not_kept"]
    assert answer[1]["field"] == "eventType"
    (doc,) = site.get("/api/v1/treatments.json")
    assert {name: doc[name] for name in MEAL} == MEAL
    assert (doc["created_at"], doc["units"], doc["_id"]) == (at, "mg/dl", answer[0]["_id"])
    assert site.get("/api/v1/entries.json") == []  # her meter's value is the treatment's
    assert {row.kind for row in Observation.objects.all()} == {100, 115, 116}
    assert len(site.get(f"/api/v1/treatments.json?find[created_at][$gte]={at}")) == 1
    assert site.get("/api/v1/treatments.json?find[eventType]=/bolus/i")[0]["carbs"] == 45
    assert site.get("/api/v1/treatments.json?find[notes]=/bread/") == []


def test_a_treatment_is_replaced_and_deleted_by_its_id(site: Site) -> None:
    sent = MEAL | {"created_at": common.iso(timezone.now() - timedelta(minutes=30)), "glucose": None}
    (first,) = json.loads(site.ask("POST", "/api/v1/treatments", sent).content)
    (put,) = json.loads(site.ask("PUT", "/api/v1/treatments", sent | {"_id": first["_id"], "carbs": 60, "insulin": None}).content)
    assert put["fate"] == "corrected"
    (doc,) = site.get("/api/v1/treatments.json")
    assert (doc["carbs"], "insulin" in doc) == (60, False)
    assert site.ask("DELETE", "/api/v1/treatments/*").status_code == 404
    assert site.ask("DELETE", "/api/v1/treatments?find[carbs]=60").status_code == 405
    assert json.loads(site.ask("DELETE", f"/api/v1/treatments/{first['_id']}").content)["n"] == 1
    assert site.get("/api/v1/treatments.json") == []
    assert site.ask("DELETE", f"/api/v1/treatments/{first['_id']}").status_code == 404


def test_batteries_are_kept_and_told(site: Site) -> None:
    now = timezone.now().replace(microsecond=0)
    sent = [
        {"device": "xDrip-Pixel", "created_at": common.iso(now), "uploader": {"battery": 41}, "loop": {"iob": {"iob": 1}}},
        {"device": "xDrip-Pixel", "created_at": common.iso(now - timedelta(hours=1)), "uploaderBattery": 77},
        {"device": "openaps://rig", "created_at": common.iso(now), "pump": {"battery": {"percent": 55}, "status": {}}},
        {"device": "loop", "created_at": common.iso(now), "loop": {}},
        {"device": "x", "created_at": common.iso(now), "uploaderBattery": 400},
    ]
    answer = json.loads(site.ask("POST", "/api/v1/devicestatus.json", sent).content)
    assert [doc["fate"] for doc in answer] == ["stored", "stored", "stored", "not_kept", "rejected"]
    assert answer[0]["left_out"] == ["loop"]
    told = {doc["device"]: doc["uploader"]["battery"] for doc in site.get("/api/v1/devicestatus.json")}
    assert told == {"xDrip-Pixel": 41, "openaps://rig (pump)": 55}
    assert Source.objects.get(key="xDrip-Pixel").battery_at == now


def test_what_clients_ask_before_they_begin(site: Site) -> None:
    status = site.get("/api/v1/status.json")
    assert (status["status"], status["settings"]["units"], status["careportalEnabled"]) == ("ok", "mmol", True)
    assert site.ask("GET", "/api/v1/status.txt").content == b"STATUS OK"
    assert site.get("/api/v1/verifyauth")["message"]["canWrite"] is True
    (profile,) = site.get("/api/v1/profile.json")
    assert profile["store"][profile["defaultProfile"]]["timezone"] == "Asia/Shanghai"
    assert site.get("/api/v1/profile/current.json")["_id"] == profile["_id"]
    (fate,) = json.loads(site.ask("POST", "/api/v1/profile.json", profile).content)
    assert fate["fate"] == "not_kept"
    assert [one["url"] for one in json.loads(site.client.get(f"{site.base}/api/versions").content)] == ["/api/v1", "/api/v2", "/api/v3"]
    site.ask("POST", "/api/v1/entries.json", [sgv(5, 100), sgv(0, 108, direction="SingleUp")])
    pebble = site.get("/pebble?units=mmol&count=2")
    assert [(bg["sgv"], bg["bgdelta"], bg["trend"]) for bg in pebble["bgs"]] == [("6.0", 0.4, 2), ("5.5", 0.0, 4)]
    properties = site.get("/api/v2/properties/bgnow,delta,direction")
    assert (properties["bgnow"]["last"], properties["delta"]["display"], properties["direction"]["label"]) == (108, "+8", "↑")
    assert [doc["sgv"] for doc in site.get("/api/v2/ddata/at")["sgvs"]] == [100, 108]
    assert len(site.get("/api/v2/summary?hours=2")["sgvs"]) == 2


def test_a_thousand_entries_are_one_transaction(site: Site, django_assert_max_num_queries: Any) -> None:
    batch = [sgv(5 * i, 100 + i % 60) for i in range(1000)]
    with django_assert_max_num_queries(40):
        answer = site.ask("POST", "/api/v1/entries.json", batch)
    docs = json.loads(answer.content)
    assert (answer.status_code, len(docs), {doc["fate"] for doc in docs}) == (200, 1000, {"stored"})
    assert len({doc["_id"] for doc in docs}) == 1000


def test_alarms_are_taken_in_hand_with_the_right_to(site: Site) -> None:
    site.ask("POST", "/api/v1/entries.json", [sgv(5 * i, 48) for i in range(5)])
    alert = Alert.objects.get(patient=site.world.ana, severity__in=("red", "urgent"))
    assert site.ask("GET", "/api/v1/notifications/ack?level=2&time=600000").status_code == 401
    by = site.world.viewer("patient_self")
    given = {"kinds": (), "may_write": False, "may_read": True, "may_acknowledge": True}
    secret = tokens.issue(patient=site.world.ana, name="Watch", by=by, now=timezone.now(), **given)[1]  # type: ignore[arg-type]
    for bad in ("level=3", "level=2&time=-5", "level=2&time=99999999999"):
        assert site.ask("GET", f"/api/v1/notifications/ack?{bad}", **{"api-secret": secret}).status_code == 400
    assert site.ask("GET", "/api/v1/notifications/ack?level=2&group=default&time=600000", **{"api-secret": secret}).status_code == 200
    alert.refresh_from_db()
    assert alert.acknowledged_by == site.world.users["patient_self"]
    assert alert.acknowledged_until is not None
    assert timedelta(minutes=9) < alert.acknowledged_until - timezone.now() <= timedelta(minutes=10)
