"""Health Connect's export: a SQLite database (`health_connect_export.db`, in a zip), read table by table from a copy on disk.

By the columns of Android's own source; no recording was at hand. Times are milliseconds since 1970, offsets seconds, an id is 16 bytes.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta, timezone, tzinfo
from typing import Any, BinaryIO, NamedTuple

from healthhub.dialects.files.record import Record, Records, bad, epoch, named, not_kept, number
from healthhub.lib.refused import Invalid

MAGIC = b"SQLite format 3\x00"
MEMBER = "health_connect_export.db"
MANUAL = 3
STAGES = {2: (), 4: ("sleep_light",), 5: ("sleep_deep",), 6: ("sleep_rem",)}
WRONG = (KeyError, ValueError, TypeError, OverflowError, AttributeError)
Row = Mapping[str, Any]


class Table(NamedTuple):
    """A table of one kind: its column, our kind and unit, and what its numbers are multiplied by; `spans`: it has a start and an end."""

    name: str
    column: str
    kind: str
    unit: str
    factor: float = 1
    spans: bool = False


TABLES = (
    Table("weight_record_table", "weight", "weight", "kg", 0.001),
    Table("height_record_table", "height", "height", "m"),
    Table("body_fat_record_table", "percentage", "body_fat", "%"),
    Table("resting_heart_rate_record_table", "beats_per_minute", "rhr", "/min"),
    Table("heart_rate_variability_rmssd_record_table", "heart_rate_variability_millis", "hrv_rmssd", "ms"),
    Table("oxygen_saturation_record_table", "percentage", "spo2", "%"),
    Table("respiratory_rate_record_table", "rate", "rr", "/min"),
    Table("blood_glucose_record_table", "level", "glucose", "mmol/L"),
    Table("body_temperature_record_table", "temperature", "temp", "Cel"),
    Table("vo2_max_record_table", "vo2_milliliters_per_minute_kilogram", "vo2max", "mL/(kg.min)"),
    Table("steps_record_table", "count", "steps", "{steps}", spans=True),
    Table("distance_record_table", "distance", "distance", "m", spans=True),
    Table("active_calories_burned_record_table", "energy", "active_energy", "kcal", 0.001, spans=True),
)
PRESSURE, BEATS, NIGHTS = "blood_pressure_record_table", "heart_rate_record_table", "sleep_session_record_table"
SERIES, STAGED = "heart_rate_record_series_table", "sleep_stages_table"
# Of these the catalogue has no kind: said once for each table that has rows.
LEFT_OUT = ("exercise_session_record_table", "hydration_record_table", "nutrition_record_table", "total_calories_burned_record_table")
INSTANT = "r.time AS start_time, NULL AS end_time, r.zone_offset AS zone_offset"
SPAN = "r.start_time AS start_time, r.end_time AS end_time, r.start_zone_offset AS zone_offset"
COMMON = "r.uuid AS uuid, r.recording_method AS recording_method, r.app_info_id AS app, r.device_info_id AS device"


def read(stream: BinaryIO, zone: tzinfo) -> Records:
    """This function will yield the records of every table that is known; `where` numbers them from 1; no offset means `zone`.

    Raises Invalid `broken_database`, `unknown_file` for a database without any of the tables.
    """
    with tempfile.NamedTemporaryFile(suffix=".db") as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        try:
            with closing(sqlite3.connect(f"file:{copy.name}?mode=ro&immutable=1", uri=True)) as database:
                database.row_factory = sqlite3.Row
                database.text_factory = lambda raw: raw.decode("utf-8", "replace")
                database.execute("PRAGMA trusted_schema = OFF")
                for where, record in enumerate(_records(database, zone), start=1):
                    yield record._replace(where=where)
        except (sqlite3.Error, UnicodeDecodeError) as error:  # of its own messages SQLite quotes what stands in the file
            raise Invalid("The database is broken.", code="broken_database") from error


def _records(database: sqlite3.Connection, zone: tzinfo) -> Iterator[Record]:
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")}
    if not there & {PRESSURE, BEATS, NIGHTS, *(table.name for table in TABLES)}:
        raise Invalid("The database holds no table of Health Connect.", code="unknown_file", field=", ".join(sorted(there))[:80])
    sources = _sources(database, there)
    for table in TABLES:
        if table.name in there:
            columns = f"{SPAN if table.spans else INSTANT}, {COMMON}, r.{table.column} AS value"
            yield from _rows(database, f"SELECT {columns} FROM {table.name} r", _plain(table), sources, zone)
    if PRESSURE in there:
        columns = f"{INSTANT}, {COMMON}, r.systolic AS value, r.diastolic AS value2"
        yield from _rows(database, f"SELECT {columns} FROM {PRESSURE} r", _pressure, sources, zone)
    if {BEATS, SERIES} <= there:
        columns = (
            f"s.epoch_millis AS start_time, NULL AS end_time, r.start_zone_offset AS zone_offset, {COMMON}, s.beats_per_minute AS value"
        )
        yield from _rows(database, f"SELECT {columns} FROM {SERIES} s JOIN {BEATS} r ON s.parent_key = r.row_id", _beat, sources, zone)
    if {NIGHTS, STAGED} <= there:
        ends = "s.stage_start_time AS start_time, s.stage_end_time AS end_time, r.start_zone_offset AS zone_offset"
        columns = f"{ends}, {COMMON}, s.stage_type AS value"
        yield from _rows(database, f"SELECT {columns} FROM {STAGED} s JOIN {NIGHTS} r ON s.parent_key = r.row_id", _stage, sources, zone)
    for name in LEFT_OUT:
        if name in there and database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():
            yield not_kept(0, name)


def _sources(database: sqlite3.Connection, there: set[str]) -> dict[tuple[str, Any], str]:
    """Names of devices and apps by their numbers."""
    found: dict[tuple[str, Any], str] = {}
    if "device_info_table" in there:
        for row in database.execute("SELECT row_id, manufacturer, model FROM device_info_table"):
            found["device", row["row_id"]] = " ".join(str(part) for part in (row["manufacturer"], row["model"]) if part)
    if "application_info_table" in there:
        for row in database.execute("SELECT row_id, app_name, package_name FROM application_info_table"):
            found["app", row["row_id"]] = str(row["app_name"] or row["package_name"] or "")
    return found


def _rows(
    database: sqlite3.Connection,
    select: str,
    translate: Callable[[Row, dict[str, Any]], list[dict[str, Any]]],
    sources: Mapping[tuple[str, Any], str],
    zone: tzinfo,
) -> Iterator[Record]:
    try:
        rows = database.execute(select)
    except sqlite3.OperationalError as error:  # a column that this version does not have
        yield bad(0, str(error), "unknown_columns")
        return
    for row in rows:
        try:
            for reading in translate(row, _frame(row, sources, zone)):
                yield Record(0, reading)
        except WRONG:
            yield bad(0, select.rpartition(" FROM ")[2][:60])


def _frame(row: Row, sources: Mapping[tuple[str, Any], str], zone: tzinfo) -> dict[str, Any]:
    start, end, offset = row["start_time"], row["end_time"], row["zone_offset"]
    where = zone if offset is None else timezone(timedelta(seconds=offset))
    name = sources.get(("device", row["device"])) or sources.get(("app", row["app"])) or ""
    frame: dict[str, Any] = {"at": epoch(start / 1000, where), "source": named(name, "Health Connect"), "key": row["uuid"].hex()[:64]}
    if row["recording_method"] == MANUAL:
        frame["method"] = "self_reported"
    seconds = 0 if end is None else (end - start) // 1000
    if seconds < 0:
        raise ValueError("ends before it starts")
    return frame | ({"seconds": seconds} if seconds else {})


def _plain(table: Table) -> Callable[[Row, dict[str, Any]], list[dict[str, Any]]]:
    def translate(row: Row, frame: dict[str, Any]) -> list[dict[str, Any]]:
        return [frame | {"kind": table.kind, "value": round(number(row["value"]) * table.factor, 6), "unit": table.unit}]

    return translate


def _pressure(row: Row, frame: dict[str, Any]) -> list[dict[str, Any]]:
    return [frame | {"kind": "bp", "value": number(row["value"]), "value2": number(row["value2"]), "unit": "mm[Hg]"}]


def _beat(row: Row, frame: dict[str, Any]) -> list[dict[str, Any]]:
    return [frame | {"kind": "hr", "value": number(row["value"]), "unit": "/min"}]


def _stage(row: Row, frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Time asleep, and of which stage; being awake is not sleep and no reading."""
    kinds = STAGES.get(row["value"])
    if kinds is None:
        return []
    length = {"value": frame["seconds"] / 60, "unit": "min"}
    return [frame | length | {"kind": kind} for kind in ("sleep", *kinds)]
