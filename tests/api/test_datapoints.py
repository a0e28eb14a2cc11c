"""Open mHealth data points over HTTP: the fate of each, and what was sent comes out again as it was."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from healthhub.people import tokens
from tests.world import World

pytestmark = pytest.mark.django_db


def point(schema: str, body: dict[str, Any], *, minutes_ago: int = 5) -> dict[str, Any]:
    at = (timezone.now() - timedelta(minutes=minutes_ago)).astimezone(timezone.get_fixed_timezone(480)).isoformat()
    sheet = {"datasheet_type": "manufacturer", "datasheet_reference": "血压计"}
    header = {"uuid": str(uuid4()), "schema_id": {"namespace": "omh", "name": schema, "version": "4.0"}, "external_datasheets": [sheet]}
    return {"header": header | {"modality": "sensed"}, "body": body | {"effective_time_frame": {"date_time": at}}}


class Site:
    def __init__(self, world: World) -> None:
        _, self.secret = tokens.issue(
            patient=world.ana, name="x", kinds=(), may_write=True, may_read=True, by=world.viewer("patient_self"), now=timezone.now()
        )
        self.path = f"/api/v1/patients/{world.ana.id}/datapoints"
        self.client = Client(headers={"authorization": f"Bearer {self.secret}"})

    def send(self, body: Any) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(self.path, body if isinstance(body, bytes) else json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    def read(self, query: str) -> dict[str, Any]:
        answer = self.client.get(f"{self.path}?{query}")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_each_point_has_its_fate_and_comes_out_as_it_went_in(site: Site) -> None:
    pressure = {"systolic_blood_pressure": {"value": 128, "unit": "mmHg"}, "diastolic_blood_pressure": {"value": 81, "unit": "mmHg"}}
    sugar = point("blood-glucose", {"blood_glucose": {"value": 95.0, "unit": "mg/dL"}}, minutes_ago=9)
    cuff = point("blood-pressure", pressure)
    status, said = site.send([cuff, sugar, point("moon-phase", {}), {"header": 3}])
    assert status == 201
    assert [(fate["fate"], fate.get("code")) for fate in said["fates"]] == [
        ("stored", None),
        ("stored", None),
        ("rejected", "not_kept"),
        ("rejected", "bad_value"),
    ]
    assert site.send([cuff, sugar])[1]["counts"] == {"duplicate": 2}
    found = site.read("kind=bp,glucose&limit=2")["data_points"]
    for one, back in zip((cuff, sugar), found, strict=True):
        assert back["body"] == one["body"]
        assert {name: back["header"][name] for name in one["header"]} == one["header"]


def test_pages_and_dates(site: Site) -> None:
    site.send([point("heart-rate", {"heart_rate": {"value": 60 + n, "unit": "beats/min"}}, minutes_ago=n + 1) for n in range(5)])
    first = site.read("kind=hr&limit=3")
    second = site.read(f"kind=hr&limit=3&cursor={first['next']}")
    beats = [one["body"]["heart_rate"]["value"] for one in first["data_points"] + second["data_points"]]
    assert beats[:5] == [60, 61, 62, 63, 64]
    since = (timezone.now() - timedelta(minutes=3, seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(site.read(f"kind=hr&from={since}")["data_points"]) == 3


@pytest.mark.parametrize(
    ("body", "code"), [(b"[]", "empty"), (b"{", "not_json"), (b"[" * 5000, None), (b"[" + b"1," * 10_000 + b"1]", "too_many")]
)
def test_a_bad_body_is_refused(site: Site, body: bytes, code: str | None) -> None:
    status, said = site.send(body)
    assert status == 400
    assert code is None or said["code"] == code


def test_nothing_sent_is_told_so(site: Site) -> None:
    answer = site.client.generic("POST", site.path)
    assert (answer.status_code, answer.json()["code"]) == (400, "empty")
