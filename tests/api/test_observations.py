"""Readings over HTTP: every body, the fate of each reading, and what can be read back."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.world import World

pytestmark = pytest.mark.django_db
URL = "/api/v1/observations"


def reading(world: World, minutes_ago: float = 1, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "hr",
        "at": (world.now - timedelta(minutes=minutes_ago)).isoformat(),
        "value": 72,
        "unit": "/min",
        "source": "watch",
    } | changes


@pytest.fixture
def device(world: World) -> Client:
    return world.client("token_write")


def post(client: Client, body: Any, **more: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(URL, raw, content_type=more.pop("content_type", "application/json"), **more)


@pytest.mark.parametrize("wrap", [lambda r: r[0], lambda r: r, lambda r: {"observations": r}])
def test_json_in_three_shapes(world: World, device: Client, wrap: Any) -> None:
    answer = post(device, wrap([reading(world)]))
    assert answer.status_code == 201
    assert answer.json()["fates"][0]["fate"] == "stored"


def test_ndjson_and_gzip(world: World, device: Client) -> None:
    lines = b"\n".join(json.dumps(reading(world, m)).encode() for m in range(1, 6)) + b"\nnot json\n"
    answer = post(device, gzip.compress(lines), content_type="application/x-ndjson", headers={"content-encoding": "gzip"})
    assert answer.status_code == 201
    assert answer.json()["counts"] == {"stored": 5, "rejected": 1}
    assert answer.json()["fates"][5]["code"] == "not_json"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty"),
        (b"[]", 400, "empty"),
        (b"{", 400, "not_json"),
        (b"\xff\xfe{}", 400, "not_utf8"),
        (b"[" * 100_000, 400, "too_deep"),
        (b'{"a":' * 5000, 400, "too_deep"),
        (b"[" + b"{}," * 10_001 + b"{}]", 400, "too_many"),
        (b" " * (8 * 1024 * 1024 + 1), 413, "too_large"),
        (b'{"observations": 3}', 400, "not_json"),
    ],
)
def test_bodies_that_are_none(world: World, device: Client, body: bytes, status: int, code: str) -> None:
    answer = post(device, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ('"value": NaN', "not_finite", None),
        ('"value": 1e999', "bad_value", "value"),
        ('"value": "72"', "bad_value", "value"),
        ('"value": 72, "value": 73', "duplicate_key", "value"),
        ('"value": 72, "colour": "red"', "unknown_field", "colour"),
        ('"value": 72, "source": "' + "x" * 81 + '"', "bad_value", "source"),
        ('"value": 72, "key": "a\\u0000b"', "bad_character", None),
        ('"value": 72, "context": {"note": "\\ud800"}', "bad_character", None),
    ],
)
def test_readings_that_are_none(world: World, device: Client, changes: str, code: str, field: str | None) -> None:
    at = (world.now - timedelta(minutes=2)).isoformat()
    body = f'[{{"kind": "hr", "at": "{at}", "unit": "/min", {changes}}}, {json.dumps(reading(world))}]'
    answer = post(device, body.encode())
    if answer.status_code == 201:
        bad, good = answer.json()["fates"]
        assert (bad["fate"], bad["code"], bad.get("field")) == ("rejected", code, field)
        assert good["fate"] == "stored"
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_gzip_bombs_and_broken_gzip(device: Client) -> None:
    bomb = gzip.compress(b"[" + b" " * (200 * 1024 * 1024) + b"]")
    assert post(device, bomb, headers={"content-encoding": "gzip"}).status_code == 413
    assert post(device, b"no gzip", headers={"content-encoding": "gzip"}).json()["code"] == "not_gzip"
    assert post(device, gzip.compress(b"[]")[:-3], headers={"content-encoding": "gzip"}).json()["code"] == "not_gzip"
    assert post(device, b"[]", headers={"content-encoding": "br"}).status_code == 415


def test_scope_of_a_token(world: World) -> None:
    answer = post(world.client("token_other_patient"), reading(world, patient=str(world.ana.id)))
    assert answer.status_code == 404
    assert post(world.client("token_read"), reading(world)).status_code == 403
    assert post(world.client("token_revoked"), reading(world)).status_code == 401
    assert post(world.client("anonymous"), reading(world)).status_code == 401


def test_reading_back(world: World, device: Client) -> None:
    post(device, [reading(world, m, value=60 + m) for m in range(1, 13)])
    reader = world.client("token_read")
    base = f"/api/v1/patients/{world.ana.id}/observations"
    first = reader.get(base, {"kind": "hr", "limit": 5}).json()
    second = reader.get(base, {"kind": "hr", "limit": 5, "cursor": first["next"]}).json()
    third = reader.get(base, {"kind": "hr", "limit": 5, "cursor": second["next"]}).json()
    assert [o["value"] for page in (first, second, third) for o in page["observations"]] == [60 + m for m in range(1, 13)]
    assert third["next"] is None
    arrived = reader.get(base, {"kind": "hr", "after": first["last_seq"] - 3}).json()
    assert len(arrived["observations"]) == 3
    day = reader.get(base, {"kind": "hr", "resolution": "1d"}).json()
    assert sum(b["count"] for b in day["buckets"]) == 12
    assert (min(b["min"] for b in day["buckets"]), max(b["max"] for b in day["buckets"])) == (61, 72)
    five = reader.get(base, {"kind": "hr", "resolution": "5m", "from": (world.now - timedelta(hours=1)).isoformat()}).json()
    assert sum(b["count"] for b in five["buckets"]) == 12


def test_correcting_and_removing(world: World, device: Client) -> None:
    seq = post(device, reading(world)).json()["fates"][0]["seq"]
    ana = world.client("patient_self")
    base = f"/api/v1/patients/{world.ana.id}/observations"
    answer = ana.post(f"{base}/{seq}/correct", {"value": 75, "reason": "typed wrongly"}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    new = answer.json()["seq"]
    assert ana.post(f"{base}/{seq}/correct", {"value": 75, "reason": "again"}, content_type="application/json").status_code == 409
    assert ana.post(f"{base}/{new}/remove", {"reason": "not my watch"}, content_type="application/json").json()["state"] == "deleted"
    story = ana.get(f"{base}/{seq}").json()
    assert [(a["seq"], a["replaced_by_seq"], a["reason"]) for a in story["amendments"]] == [
        (seq, new, "typed wrongly"),
        (new, None, "not my watch"),
    ]
    assert ana.get(base, {"kind": "hr"}).json()["observations"] == []
    day = ana.get(base, {"kind": "hr", "resolution": "1d"}).json()
    assert day["buckets"] == []
