"""Garmin FIT: heart rate second by second, what a session covered, scales and cuffs."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, BinaryIO

import fitdecode

from healthhub.dialects.files.record import Record, Records, bad, key_of, not_kept, number
from healthhub.lib.refused import Invalid

MOST_BYTES = 16 * 1024 * 1024
# FIT message -> field -> kind, unit.
KEPT = {
    "record": {"heart_rate": ("hr", "/min")},
    "session": {"total_distance": ("distance", "m")},
    "weight_scale": {"weight": ("weight", "kg")},
    "blood_pressure": {"heart_rate": ("hr", "/min")},
}
# The catalogue's distance is walked or run: what wheels, water and snow carried one over is none.
ON_FOOT = frozenset({"running", "walking", "hiking"})


def read(stream: BinaryIO, zone: tzinfo) -> Records:
    """This function will yield the readings of a FIT file, its check sums verified; `where` numbers its data messages from 1.

    Messages about the device, the course or the settings hold no readings and yield nothing; a moment without a heart rate neither.
    Raises Invalid: file_too_large, broken_fit (also where the file breaks off).
    """
    if len(raw := stream.read(MOST_BYTES + 1)) > MOST_BYTES:
        raise Invalid("A FIT file may have at most 16 MB.", code="file_too_large")
    where = 0
    try:
        with fitdecode.FitReader(raw, check_crc=fitdecode.CrcCheck.RAISE) as frames:
            for frame in frames:
                if isinstance(frame, fitdecode.FitDataMessage):
                    where += 1
                    yield from _message(where, frame.name, {field.name: field.value for field in frame.fields}, zone)
    except (fitdecode.FitError, ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise Invalid("The FIT file is broken or breaks off.", code="broken_fit", field=f"message {where + 1}") from error


def _message(where: int, name: str, fields: Mapping[str, Any], zone: tzinfo) -> list[Record]:
    if name not in KEPT:
        return [not_kept(where, name)] if name in ("monitoring", "hrv", "stress_level") else []
    if name == "session" and fields.get("sport") not in ON_FOOT:
        return [not_kept(where, f"session {fields.get('sport') or 'unknown'}")]
    start = fields.get("start_time") if name == "session" else fields.get("timestamp")
    if not isinstance(start, datetime) or start.tzinfo is None:
        return [bad(where, "timestamp", "bad_time")]
    frame: dict[str, Any] = {"at": start.astimezone(zone).isoformat(), "source": "Garmin"}
    if name == "session":
        frame["seconds"] = int(number(fields.get("total_elapsed_time") or 0))
    found = []
    if name == "blood_pressure":
        found.append(_pair(where, fields, frame))
    for field, (kind, unit) in KEPT[name].items():
        value = fields.get(field)
        if isinstance(value, int | float) and value > 0:
            found.append(Record(where, frame | {"kind": kind, "value": value, "unit": unit, "key": key_of(frame["at"], value)}))
    return found


def _pair(where: int, fields: Mapping[str, Any], frame: dict[str, Any]) -> Record:
    try:
        upper, lower = number(fields.get("systolic_pressure")), number(fields.get("diastolic_pressure"))
    except ValueError:
        return bad(where, "systolic_pressure")
    return Record(
        where, frame | {"kind": "bp", "value": upper, "value2": lower, "unit": "mm[Hg]", "key": key_of(frame["at"], upper, lower)}
    )
