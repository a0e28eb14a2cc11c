"""The phone SDKs of Open Wearables: their documented body in, each record's fate out, nothing stored twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, strategies as st

from healthhub.dialects import open_wearables
from healthhub.lib.refused import Invalid
from healthhub.records import timeline
from healthhub.records.catalogue import BY_NUMBER
from tests.world import World

WATCH = {"appId": "com.sec.android.app.shealth", "deviceId": "w1", "deviceName": "王小明的手表", "recordingMethod": "automatic"}


def record(world: World, type_: str, value: float, unit: str, minutes_ago: float = 60, **more: Any) -> dict[str, Any]:
    at = (world.now - timedelta(minutes=minutes_ago)).replace(microsecond=0)
    moment = at.isoformat().replace("+00:00", "Z")
    frame = {"startDate": moment, "endDate": moment, "zoneOffset": "+08:00", "source": WATCH, "parentId": None, "metadata": None}
    return {"id": f"{type_}-{minutes_ago}", "type": type_, "value": value, "unit": unit} | frame | more


def night(world: World, stage: str, begins: float, minutes: float) -> dict[str, Any]:
    start = (world.now - timedelta(minutes=begins)).replace(microsecond=0)
    frame = {"id": f"{stage}-{begins}", "parentId": "n", "zoneOffset": "+08:00", "source": WATCH, "values": None}
    return frame | {"stage": stage, "startDate": start.isoformat(), "endDate": (start + timedelta(minutes=minutes)).isoformat()}


def body(records: Any, sleep: Any = (), workouts: Any = (), provider: str = "samsung_health") -> dict[str, Any]:
    data = {"records": list(records), "sleep": list(sleep), "workouts": list(workouts)}
    return {"provider": provider, "sdkVersion": "0.1.0", "syncTimestamp": "2026-02-18T12:00:00Z", "data": data}


def sync(world: World, sent: Any, who: str = "token_write", **options: Any) -> Any:
    return world.client(who).post(f"/api/v1/sdk/users/{world.ana.id}/sync", sent, content_type="application/json", **options)


def kept(world: World) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in timeline.after(patient_id=world.ana.id, kinds=[*BY_NUMBER], seq=0, limit=100):
        found.setdefault(BY_NUMBER[row["kind"]].key, []).append(row)
    return found


@pytest.mark.django_db
def test_what_a_phone_sends_is_kept_with_each_fate_told(world: World) -> None:
    pair = [
        record(world, f"BLOOD_PRESSURE_{half}", value, "mmHg", parentId="bp-1") for half, value in (("SYSTOLIC", 132), ("DIASTOLIC", 84))
    ]
    sent = body(
        [
            record(world, "HEART_RATE", 71, "bpm"),
            pair[0],
            record(world, "HKQuantityTypeIdentifierOxygenSaturation", 0.97, "%", 50),
            pair[1],
            record(world, "STEP_COUNT", 412, "count", 40),
            record(world, "HEART_RATE_VARIABILITY", 38, "ms", 30, metadata={"method": "sdnn"}),
            record(world, "BLOOD_GLUCOSE", 5.6, "mmol/L", 20, source=WATCH | {"recordingMethod": "manual"}),
            record(world, "HYDRATION", 250, "mL"),
            record(world, "HEART_RATE", 900, "bpm", 10),
            record(world, "BLOOD_PRESSURE_SYSTOLIC", 140, "mmHg", 5),
        ],
        sleep=[night(world, "light", 600, 30), night(world, "awake", 570, 10)],
        workouts=[{"id": "wrk-1", "type": "running"}],
    )
    answer = sync(world, sent)
    told = answer.json()
    assert (answer.status_code, told["status_code"], told["user_id"]) == (202, 202, str(world.ana.id))
    assert told["counts"] == {"stored": 8, "rejected": 5}
    fates = {(one["section"], one["index"]): (one["fate"], one.get("code")) for one in told["fates"]}
    assert fates["records", 1] == fates["records", 3] == ("stored", None)
    assert [fates["records", index][1] for index in (7, 8, 9)] == ["not_kept", "impossible_value", "one_of_two"]
    assert (fates["sleep", 0][0], fates["sleep", 1][1], fates["workouts", 0][1]) == ("stored", "not_kept", "not_kept")
    found = kept(world)
    assert set(found) == {"hr", "bp", "spo2", "steps", "hrv_sdnn", "glucose", "sleep", "sleep_light"}
    assert (found["bp"][0]["value"], found["bp"][0]["value2"], found["bp"][0]["utc_offset"]) == (132, 84, 480)
    assert (found["spo2"][0]["value"], found["sleep"][0]["value"], found["sleep_light"][0]["value"]) == (97, 30, 30)
    assert {row["source"] for rows in found.values() for row in rows} == {"王小明的手表"}
    again = sync(world, sent).json()
    assert again["counts"] == {"duplicate": 8, "rejected": 5}
    assert kept(world) == found


@pytest.mark.django_db
def test_its_api_key_header_is_a_device_token_and_a_wrong_one_is_refused(world: World) -> None:
    sent, path = body([record(world, "HEART_RATE", 71, "bpm")]), f"/api/v1/sdk/users/{world.ana.id}/sync"
    good = {"x-open-wearables-api-key": world.secrets["token_write"]}
    assert Client(headers=good).post(path, sent, content_type="application/json").json()["counts"] == {"stored": 1}
    for wrong in ({"x-open-wearables-api-key": "sk-wrong"}, {"authorization": "Bearer wrong"} | good):
        assert Client(headers=wrong).post(path, sent, content_type="application/json").status_code == 401
    foreign = {"x-open-wearables-api-key": world.secrets["token_other_patient"]}
    assert Client(headers=foreign).post(path, sent, content_type="application/json").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ([], 400, "not_supported"),
        ({"provider": "apple"}, 400, "not_supported"),
        ({"provider": "apple", "data": {"records": {}}}, 202, None),
        ({"provider": "apple", "data": {"records": "x"}}, 400, "not_supported"),
        ({"provider": "apple", "data": {"records": [None] * 10_001}}, 400, "too_many"),
    ],
)
def test_a_body_of_another_shape_is_refused(world: World, sent: Any, status: int, code: str | None) -> None:
    answer = sync(world, sent)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
WORDS = st.sampled_from(
    ["HEART_RATE", "BLOOD_PRESSURE_SYSTOLIC", "BLOOD_PRESSURE_DIASTOLIC", "light", "2026-02-18T12:00:00Z", "+08:00", "%"]
)
ANYTHING = st.recursive(LEAVES | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3))
NAMES = ("id", "type", "stage", "startDate", "endDate", "zoneOffset", "source", "value", "unit", "parentId", "metadata")
LINE = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANYTHING)) | ANYTHING
LINES = st.fixed_dictionaries({}, optional={name: st.lists(LINE, max_size=5) for name in ("records", "sleep", "workouts")})
BODY = st.fixed_dictionaries({"provider": st.text(max_size=5), "data": LINES})


@given(BODY | ANYTHING)
def test_every_record_has_one_fate_whatever_is_sent(sent: Any) -> None:
    try:
        taken = [*open_wearables.read(sent)]
    except Invalid:
        return
    named = [who[:2] for one in taken for who in one.records]
    data = sent["data"]
    assert sorted(named) == sorted((name, index) for name in ("records", "sleep", "workouts") for index in range(len(data.get(name) or [])))
    assert all(bool(one.readings) != bool(one.refused) for one in taken)
