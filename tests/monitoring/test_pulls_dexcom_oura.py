"""Dexcom's and Oura's clouds, as they document themselves: windows, late values, pages, tokens, signed calls."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from healthhub.records.models import Observation
from monitoring import pulling, pulls
from monitoring.models import Connection
from tests.monitoring import fake_clouds
from tests.monitoring.fake_clouds import Cloud
from tests.world import World

pytestmark = pytest.mark.django_db
ID = {"client_id": "id", "client_secret": "secret"}


@pytest.fixture
def dexcom(settings: Any) -> Iterator[Cloud]:
    with fake_clouds.running(fake_clouds.Dexcom) as made:
        settings.VENDORS = {"dexcom": ID | {"api": made.url}}
        yield made


@pytest.fixture
def oura(settings: Any) -> Iterator[Cloud]:
    with fake_clouds.running(fake_clouds.Oura) as made:
        settings.VENDORS = {"oura": ID | {"api": made.url, "accounts": made.url}}
        yield made


def connected(world: World, vendor: str) -> Connection:
    by = world.viewer("patient_self")
    return pulls.finish(patient=world.ana, vendor=vendor, code="good", redirect="http://x/back", verifier="", by=by, now=world.now)


def worked(world: World, **later: float) -> Connection:
    for _ in range(40):
        if not pulls.work(now=world.now + timedelta(**later)):
            return Connection.objects.get(patient=world.ana)
    raise AssertionError("it never comes to an end")


def kept(world: World) -> list[tuple[str, float, int, int]]:
    rows = Observation.objects.filter(patient=world.ana, state=0).select_related("source").order_by("at", "kind")
    return [(row.source.key, row.value, row.flags, row.utc_offset) for row in rows]


def egv(at: datetime, number: int, **changes: Any) -> dict[str, Any]:
    wall = (at - timedelta(hours=8)).replace(tzinfo=None).isoformat(timespec="seconds")
    record = {"recordId": f"r{number}", "systemTime": at.isoformat(timespec="seconds"), "displayTime": f"{wall}-08:00", "value": 120}
    return record | {"status": "ok", "trend": "flat", "unit": "mg/dL", "transmitterGeneration": "g7"} | changes


def test_dexcom_gives_three_months_and_its_limits_are_marked(world: World, dexcom: Cloud) -> None:
    at = world.now - timedelta(days=1)
    receiver = {"systemTime": at.replace(tzinfo=None).isoformat(timespec="seconds"), "displayTime": at.replace(tzinfo=None).isoformat()}
    dexcom.data = [
        egv(world.now - timedelta(days=80), 1, value=180),
        egv(world.now - timedelta(days=50), 2, value=None, status="low"),
        egv(world.now - timedelta(days=40), 3, value=None, status="high"),
        egv(at, 4) | receiver,
        egv(at, 5, value=None),
        egv(at, 6, unit="unknown"),
    ]
    connected(world, "dexcom")
    row = worked(world)
    found = kept(world)
    assert [(source, round(value * 18.0182), flags & 24) for source, value, flags, _ in found] == [
        ("Dexcom g7", 180, 0),
        ("Dexcom g7", 40, 8),
        ("Dexcom g7", 400, 16),
        ("Dexcom g7", 120, 0),
    ]
    assert [offset for *_, offset in found][:3] == [-480, -480, -480]
    assert (row.kept, row.refused, row.state, row.past_until) == (4, 2, "active", row.past_from)
    worked(world, hours=1)
    assert len(kept(world)) == 4


def test_dexcom_is_asked_again_for_what_may_come_late_and_a_long_silence_window_by_window(world: World, dexcom: Cloud) -> None:
    connected(world, "dexcom")
    worked(world)
    dexcom.data = [egv(world.now - timedelta(hours=6), 1)]  # a receiver that was plugged in
    worked(world, hours=1)
    assert len(kept(world)) == 1
    dexcom.data.append(egv(world.now + timedelta(days=64), 2))
    dexcom.asked.clear()
    row = worked(world, days=65)
    assert len(kept(world)) == 2
    spans = [(given["startDate"], given["endDate"]) for path, given in dexcom.asked if path.endswith("egvs")]
    assert len(spans) == 3
    assert [last for _, last in spans[:-1]] == [first for first, _ in spans[1:]]
    assert row.cursor == int((world.now + timedelta(days=65)).timestamp()) - pulling.OVERLAP


def test_dexcom_tokens_turn_and_limits_are_kept(world: World, dexcom: Cloud) -> None:
    connected(world, "dexcom")
    worked(world)
    worked(world, hours=3)
    assert dexcom.number == 2
    dexcom.next = [(429, {}, {"Retry-After": "90"})]
    now = world.now + timedelta(hours=4)
    assert pulls.work(now=now) == 1
    held = Connection.objects.get()
    assert held.due_at is not None
    assert ((held.due_at - now).total_seconds(), held.state) == (90, "active")
    dexcom.access, dexcom.refresh = "other", "other"
    assert worked(world, hours=5).state == "needs_login"


def night(world: World, number: int, **changes: Any) -> dict[str, Any]:
    start = (world.now - timedelta(days=number, hours=9)).astimezone(UTC)
    times = {"bedtime_start": start.isoformat(), "bedtime_end": (start + timedelta(hours=8)).isoformat(), "day": start.date().isoformat()}
    values = {
        "total_sleep_duration": 27000,
        "deep_sleep_duration": 5400,
        "lowest_heart_rate": 48,
        "average_hrv": 61,
        "average_breath": 14.5,
    }
    return {"collection": "sleep", "id": f"n{number}", "type": "long_sleep"} | times | values | changes


def test_oura_gives_nights_steps_and_heart_rates_page_by_page(world: World, oura: Cloud) -> None:
    day = (world.now - timedelta(days=1)).date().isoformat()
    oura.data = [night(world, number) for number in range(1, 6)]
    oura.data += [night(world, 6, type="deleted"), night(world, 7, bedtime_start=None), night(world, 8, type="late_nap")]
    oura.data.append({"collection": "daily_activity", "id": "a1", "day": day, "timestamp": f"{day}T04:00:00+08:00", "steps": 8000})
    beats = [(world.now - timedelta(hours=2, minutes=5 * n)).isoformat() for n in range(3)]
    oura.data += [{"collection": "heartrate", "bpm": 60 + n, "source": "awake", "timestamp": at} for n, at in enumerate(beats)]
    row = connected(world, "oura")
    assert row.account == "8f9a"
    row = worked(world)
    values = {(one.kind, round(one.value, 2)) for one in Observation.objects.filter(patient=world.ana, state=0)}
    numbers = {one.key: one.number for one in pulling.intake.catalogue.KINDS}
    for kind, value in (("sleep", 450), ("sleep_deep", 90), ("rhr", 48), ("hrv_rmssd", 61), ("rr", 14.5), ("steps", 8000), ("hr", 62)):
        assert (numbers[kind], value) in values, kind
    assert Observation.objects.filter(patient=world.ana, kind=numbers["sleep"], state=0).count() == 6
    assert Observation.objects.filter(patient=world.ana, kind=numbers["rhr"], state=0).count() == 5
    assert row.refused in (1, 2)  # the broken night, once or in both windows that touch its day
    oura.data[8]["steps"] = 9000
    worked(world, hours=3)
    steps = Observation.objects.filter(patient=world.ana, kind=numbers["steps"])
    assert sorted(steps.values_list("value", "state")) == [(8000, 1), (9000, 0)]


def test_oura_proves_itself_and_a_forged_call_is_refused(world: World, oura: Cloud) -> None:
    connected(world, "oura")
    worked(world)
    assert {(one["event_type"], one["data_type"]) for one in oura.posted} >= {("create", "sleep"), ("update", "daily_activity")}
    address, secret = oura.posted[0]["callback_url"].partition("/connections")[1:], oura.posted[0]["verification_token"]
    path, anybody = "".join(address), Client(enforce_csrf_checks=True)
    assert anybody.get(path, {"verification_token": secret, "challenge": "abc"}).json() == {"challenge": "abc"}
    assert anybody.get(path, {"verification_token": "x" * 40, "challenge": "abc"}).status_code == 401
    body = json.dumps({"event_type": "create", "data_type": "sleep", "object_id": "o", "user_id": "8f9a"}).encode()
    signed = hmac.new(b"secret", b"1700000000" + body, hashlib.sha256).hexdigest().upper()
    Connection.objects.update(due_at=None)
    for signature, status in (("", 401), (signed[:-1] + "G", 401), (signed, 204)):
        headers = {"x-oura-signature": signature, "x-oura-timestamp": "1700000000"}
        assert anybody.post(path, body, content_type="application/json", headers=headers).status_code == status
        assert (Connection.objects.get().due_at is not None) == (status == 204)
    assert anybody.post(path[:-1] + "0", body, content_type="application/json").status_code == 404


def test_ending_oura_ends_it_there(world: World, oura: Cloud) -> None:
    row = connected(world, "oura")
    assert pulls.end(row=row, by=world.viewer("patient_self"), now=world.now)
    assert oura.asked[-1][0] == "/oauth/revoke"
