"""Health Connect's export: a database made here by the columns of Android's source, read from a zip or alone, and hostile ones refused."""

import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from healthhub.dialects.files import sniff
from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid
from healthhub.records import timeline
from healthhub.records.catalogue import BY_NUMBER
from monitoring import imports
from tests.world import World

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_767_225_600_000  # 2026-01-01T00:00:00Z
FRAME = "row_id INTEGER PRIMARY KEY, uuid BLOB, device_info_id INTEGER, app_info_id INTEGER, recording_method INTEGER"
INSTANT = f"{FRAME}, time INTEGER, zone_offset INTEGER"
SPAN = f"{FRAME}, start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER"
SCHEMA = f"""
CREATE TABLE application_info_table (row_id INTEGER PRIMARY KEY, package_name TEXT, app_name TEXT);
CREATE TABLE device_info_table (row_id INTEGER PRIMARY KEY, manufacturer TEXT, model TEXT, device_type INTEGER);
CREATE TABLE weight_record_table ({INSTANT}, weight REAL);
CREATE TABLE blood_pressure_record_table ({INSTANT}, systolic REAL, diastolic REAL);
CREATE TABLE oxygen_saturation_record_table ({INSTANT}, percentage REAL);
CREATE TABLE steps_record_table ({SPAN}, count INTEGER);
CREATE TABLE active_calories_burned_record_table ({SPAN}, energy REAL);
CREATE TABLE heart_rate_record_table ({SPAN});
CREATE TABLE heart_rate_record_series_table (parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER);
CREATE TABLE sleep_session_record_table ({SPAN}, notes TEXT, title TEXT);
CREATE TABLE sleep_stages_table (parent_key INTEGER, stage_start_time INTEGER, stage_end_time INTEGER, stage_type INTEGER);
CREATE TABLE exercise_session_record_table ({SPAN}, exercise_type INTEGER);
INSERT INTO application_info_table VALUES (1, 'com.example.scale', '体重秤');
INSERT INTO device_info_table VALUES (1, 'Google', 'Pixel Watch', 1);
INSERT INTO weight_record_table VALUES (1, x'0102', NULL, 1, 3, {NOON}, 28800, 81250.0);
INSERT INTO blood_pressure_record_table VALUES (1, x'0203', NULL, 1, 2, {NOON}, NULL, 132.0, 84.0);
INSERT INTO oxygen_saturation_record_table VALUES (1, x'0304', 1, 1, 2, {NOON}, -18000, 96.5), (2, x'0305', 1, 1, 2, {NOON}, 0, 'much');
INSERT INTO steps_record_table VALUES (1, x'0405', 1, 1, 2, {NOON}, 28800, {NOON + 60_000}, 28800, 112);
INSERT INTO active_calories_burned_record_table VALUES (1, x'0506', 1, 1, 2, {NOON}, 28800, {NOON + 60_000}, 28800, 5400.0);
INSERT INTO heart_rate_record_table VALUES (7, x'0607', 1, 1, 2, {NOON}, 28800, {NOON + 10_000}, 28800);
INSERT INTO heart_rate_record_series_table VALUES (7, 61, {NOON}), (7, 63, {NOON + 5_000});
INSERT INTO sleep_session_record_table VALUES (9, x'0708', 1, 1, 2, {NOON}, 28800, {NOON + 7_200_000}, 28800, NULL, NULL);
INSERT INTO sleep_stages_table VALUES (9, {NOON}, {NOON + 1_800_000}, 4), (9, {NOON + 1_800_000}, {NOON + 2_400_000}, 1);
INSERT INTO exercise_session_record_table VALUES (1, x'0809', 1, 1, 2, {NOON}, 28800, {NOON + 60_000}, 28800, 56);
"""


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], bytes]:
    def make(schema: str = SCHEMA) -> bytes:
        place = tmp_path / "made.db"
        place.unlink(missing_ok=True)
        database = sqlite3.connect(place)
        database.executescript(schema)
        database.close()
        return place.read_bytes()

    return make


def zipped(raw: bytes, name: str = "health_connect_export.db") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, raw)
    return packed.getvalue()


def read(raw: bytes) -> list[Record]:
    return [*sniff.records(io.BytesIO(raw), ZONE)]


def test_every_table_is_read_in_its_own_unit_and_zone(made: Callable[..., bytes]) -> None:
    records = read(zipped(made()))
    found: dict[str, dict[str, Any]] = {}
    for one in records:
        if one.reading:
            found.setdefault(one.reading["kind"], one.reading)
    values = {kind: (one["value"], one["unit"]) for kind, one in found.items()}
    assert values == {
        "weight": (81.25, "kg"),
        "bp": (132, "mm[Hg]"),
        "spo2": (96.5, "%"),
        "steps": (112, "{steps}"),
        "active_energy": (5.4, "kcal"),
        "hr": (61, "/min"),
        "sleep": (30, "min"),
        "sleep_light": (30, "min"),
    }
    assert found["bp"]["value2"] == 84
    assert (found["weight"]["at"], found["weight"]["source"]) == ("2026-01-01T08:00:00+08:00", "体重秤")
    assert (found["weight"]["method"], "method" in found["bp"], found["bp"]["at"]) == ("self_reported", False, "2026-01-01T08:00:00+08:00")
    assert (found["spo2"]["at"], found["spo2"]["source"]) == ("2025-12-31T19:00:00-05:00", "Google Pixel Watch")
    assert found["steps"]["seconds"] == 60
    assert [one.reading["value"] for one in records if one.reading and one.reading["kind"] == "hr"] == [61, 63]
    refused = [(one.refused.code, one.refused.field) for one in records if one.refused]
    assert refused == [("bad_value", "oxygen_saturation_record_table r"), ("not_kept", "exercise_session_record_table")]
    assert [one.where for one in records] == list(range(1, len(records) + 1))
    assert [one.reading for one in read(made())] == [one.reading for one in records]


@pytest.mark.django_db
def test_importing_twice_stores_nothing_new(world: World, made: Callable[..., bytes]) -> None:
    raw, by = zipped(made()), world.viewer("patient_self")
    for counts in ({"stored": 9, "rejected": 2}, {"duplicate": 9, "rejected": 2}):
        assert imports.take_in(stream=io.BytesIO(raw), patient_id=world.ana.id, by=by, now=world.now).counts == counts
    kept = {BY_NUMBER[row["kind"]].key for row in timeline.after(patient_id=world.ana.id, kinds=[*BY_NUMBER], seq=0, limit=50)}
    assert {"bp", "weight", "sleep_light"} <= kept


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
HOSTILE = [
    ("CREATE TABLE other (a)", "unknown_file"),
    (
        "CREATE VIEW weight_record_table AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS weight FROM n",
        "unknown_file",
    ),
    ("CREATE VIRTUAL TABLE weight_record_table USING fts5(weight)", "unknown_file"),
]


@pytest.mark.parametrize(("schema", "code"), HOSTILE)
def test_a_database_that_is_none_of_ours_is_refused(made: Callable[..., bytes], schema: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(made(schema))
    assert refused.value.code == code


def test_another_versions_columns_are_told_and_the_rest_is_read(made: Callable[..., bytes]) -> None:
    changed = SCHEMA.replace(f"({INSTANT}, weight REAL)", f"({INSTANT}, mass REAL)")
    records = read(made(changed))
    assert next(one.refused.code for one in records if one.refused) == "unknown_columns"
    assert any(one.reading and one.reading["kind"] == "bp" for one in records)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=200))
def test_a_damaged_database_ends_with_a_code(made: Callable[..., bytes], place: int, junk: bytes) -> None:
    raw = bytearray(made())
    at = 100 + place % (len(raw) - 100)
    raw[at : at + len(junk)] = junk
    try:
        read(bytes(raw))
    except Invalid as refused:
        if refused.code not in ("broken_database", "unknown_file"):
            raise
