"""API 3 as its uploaders and followers use it."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.utils import timezone

from healthhub.dialects.nightscout import common
from healthhub.records.models import Observation
from tests.api.test_nightscout import Site, sgv
from tests.world import World

pytestmark = pytest.mark.django_db


class Site3:
    def __init__(self, world: World) -> None:
        self.site = Site(world)
        self.headers = self.site.bearer()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        found = self.site.client.generic(method, f"{self.site.base}/api/v3/{path}", headers=self.headers | headers, **sent)
        return found  # type: ignore[return-value]

    def result(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)["result"]


@pytest.fixture
def three(world: World) -> Site3:
    return Site3(world)


def doc(minutes_ago: float, value: int = 120, **more: Any) -> dict[str, Any]:
    return sgv(minutes_ago, value, app="librelinkup", utcOffset=480, **more)


def test_created_once_and_told_so_the_second_time(three: Site3) -> None:
    sent = doc(5)
    first, again = three.ask("POST", "entries", sent), three.ask("POST", "entries", sent)
    made, repeated = json.loads(first.content), json.loads(again.content)
    assert (first.status_code, again.status_code) == (201, 201)
    assert UUID(made["identifier"]).version == 5
    assert first["Location"].endswith(f"/api/v3/entries/{made['identifier']}")
    assert ("isDeduplication" in made, repeated["isDeduplication"], repeated["fate"]) == (False, True, "duplicate")
    assert repeated["identifier"] == made["identifier"]
    assert Observation.objects.count() == 1
    read = three.result(f"entries/{made['identifier']}")
    assert (read["sgv"], read["date"], read["app"], read["utcOffset"]) == (120, sent["date"], "librelinkup", 480)


def test_what_came_by_api_1_is_known_to_api_3(three: Site3) -> None:
    sent = sgv(5)
    (first,) = json.loads(three.site.ask("POST", "/api/v1/entries.json", [sent]).content)
    answer = json.loads(three.ask("POST", "entries", sent | {"app": "x", "device": "another"}).content)
    assert (answer["status"], answer["isDeduplication"], answer["identifier"]) == (201, True, first["_id"])
    assert Observation.objects.count() == 1
    assert three.result(f"entries/{first['_id']}")["identifier"] == first["_id"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"date": None}, "Bad or missing date field"),
        ({"date": 5}, "Bad or missing date field"),
        ({"utcOffset": 2000}, "Bad or missing utcOffset field"),
        ({"app": ""}, "Bad or missing app field"),
        ({"identifier": 7}, "Bad or missing identifier field"),
        ({"sgv": 5}, "The sensor sent an error code and no value."),
    ],
)
def test_a_document_that_lacks_something_is_refused(three: Site3, change: dict[str, Any], message: str) -> None:
    answer = three.ask("POST", "entries", doc(5) | change)
    assert (answer.status_code, json.loads(answer.content)["message"]) == (400, message)
    assert not Observation.objects.exists()


def test_search_sorts_filters_and_trims(three: Site3) -> None:
    for i in range(6):
        three.ask("POST", "entries", doc(5 * i, 100 + 10 * i))
    assert [one["sgv"] for one in three.result("entries?limit=2")] == [100, 110]
    assert [one["sgv"] for one in three.result("entries?sort=date&limit=2")] == [150, 140]
    assert [one["sgv"] for one in three.result("entries?sort$desc=sgv&limit=1&skip=1")] == [140]
    assert three.result("entries?sgv$gte=140&fields=sgv,type") == [{"sgv": 140, "type": "sgv"}, {"sgv": 150, "type": "sgv"}]
    middle = three.result("entries")[3]["date"]
    assert [one["sgv"] for one in three.result(f"entries?date$gt={middle}&sort=date&limit=1")] == [120]
    assert [one["sgv"] for one in three.result("entries?sgv$in=100|150")] == [100, 150]
    for bad in ("limit=0", "limit=1001", "sgv$near=1", "limit=x"):
        assert three.ask("GET", f"entries?{bad}").status_code == 400


def test_deleted_is_gone_and_history_tells(three: Site3) -> None:
    ids = [json.loads(three.ask("POST", "entries", doc(5 * i, 100 + i)).content)["identifier"] for i in range(3)]
    answer = three.ask("GET", "entries/history/0")
    assert [one["identifier"] for one in json.loads(answer.content)["result"]] == ids
    last = answer["ETag"].removeprefix('W/"').rstrip('"')
    assert three.result(f"entries/history/{last}") == []
    assert three.result("lastModified")["collections"]["entries"] == int(last)
    assert three.ask("DELETE", f"entries/{ids[1]}?permanent=true").status_code == 200
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        assert three.ask(method, f"entries/{ids[1]}", doc(5) if method in ("PUT", "PATCH") else None).status_code == 410
    (changed,) = three.result(f"entries/history/{last}")
    assert (changed["identifier"], changed["isValid"]) == (ids[1], False)
    assert [one["identifier"] for one in three.result("entries")] == [ids[0], ids[2]]
    assert three.result("lastModified")["collections"]["entries"] > int(last)
    assert Observation.objects.count() == 3  # it stays on file
    assert three.ask("GET", "entries/0000-never").status_code == 404
    assert three.ask("GET", "entries/history/soon").status_code == 400


def test_put_and_patch_correct(three: Site3) -> None:
    at = common.ms_of(timezone.now() - timedelta(minutes=40))
    meal = {"eventType": "Meal Bolus", "date": at, "app": "AAPS", "carbs": 30, "insulin": 3, "identifier": "meal-1", "notes": "粥"}
    assert three.ask("POST", "treatments", meal).status_code == 201
    assert three.ask("PATCH", "treatments/meal-1", {"carbs": 45}).status_code == 200
    (read,) = three.result("treatments")
    assert (read["carbs"], read["insulin"], read["notes"], read["identifier"]) == (45, 3, "粥", "meal-1")
    assert three.ask("PUT", "treatments/meal-1", meal | {"insulin": None, "date": at + 60_000}).status_code == 200
    (read,) = three.result("treatments")
    assert (read["carbs"], "insulin" in read, read["date"]) == (30, False, at + 60_000)
    assert three.ask("PUT", "treatments/meal-2", meal | {"date": at + 120_000}).status_code == 201
    refused = three.ask("PATCH", "treatments/meal-1", {"carbs": "many"})
    assert (refused.status_code, json.loads(refused.content)["field"]) == (400, "carbs")
    old = three.ask("PATCH", "treatments/meal-1", {"carbs": 1}, **{"if-unmodified-since": "Wed, 01 Jan 2025 00:00:00 GMT"})
    assert old.status_code == 412


def test_the_rest(three: Site3) -> None:
    assert json.loads(three.site.client.get(f"{three.site.base}/api/v3/version").content)["result"]["apiVersion"] == "3.0.3-alpha"
    assert three.result("status")["apiPermissions"]["entries"] == "crud"
    (profile,) = three.result("profile")
    assert three.result(f"profile/{profile['identifier']}")["defaultProfile"] == "Default"
    assert three.result("food") == []
    kept = json.loads(three.ask("POST", "treatments", {"eventType": "Site Change", "date": doc(1)["date"], "app": "AAPS"}).content)
    assert (kept["status"], kept["fate"], kept["code"]) == (201, "not_kept", "not_kept")
    assert three.ask("GET", "settings").status_code == 403
    unknown = three.ask("GET", "nonsense")
    assert (unknown.status_code, json.loads(unknown.content)["message"]) == (404, "Bad operation or collection")
    assert json.loads(three.ask("GET", "entries", authorization="Bearer x.y.z").content) == {
        "status": 401, "message": "Missing or bad access token or JWT", "code": "bad_token",
    }  # fmt: skip
    three.ask("POST", "devicestatus", {"device": "phone", "date": doc(1)["date"], "app": "AAPS", "uploaderBattery": 60})
    assert [one["uploaderBattery"] for one in three.result("devicestatus")] == [60]
