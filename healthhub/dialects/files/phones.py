"""Translators for JSON of phones and wrists: Fitbit and its Takeout, Google Fit. Wrong fields raise; see record.WRONG."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any

from healthhub.dialects.files import openmhealth
from healthhub.dialects.files.record import epoch, key_of, local, named, number

Found = list[dict[str, Any] | str]
GOOGLE = {
    "com.google.heart_rate.bpm": ("hr", "/min"),
    "com.google.step_count.delta": ("steps", "{steps}"),
    "com.google.weight": ("weight", "kg"),
    "com.google.height": ("height", "m"),
    "com.google.oxygen_saturation": ("spo2", "%"),
    "com.google.body.fat.percentage": ("body_fat", "%"),
}


def heart_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the points of Fitbit's heart rate within a day, each with the day."""
    if "activities-heart-intraday" not in document:
        return None
    day = document["activities-heart"][0]["dateTime"]
    return [(heart, {**point, "day": day}) for point in document["activities-heart-intraday"]["dataset"]]


def heart(point: Mapping[str, Any], zone: tzinfo) -> Found:
    """This function will translate one point, timed by the wearer's clock."""
    at = local(f"{point['day']} {point['time']}", "%Y-%m-%d %H:%M:%S", zone)
    return [
        {"kind": "hr", "at": at, "value": number(point["value"]), "unit": "/min", "source": "Fitbit", "key": key_of(at, point["value"])}
    ]


def sleep_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the nights of Fitbit's sleep log."""
    nights = document.get("sleep")
    return [(sleep, night) for night in nights] if isinstance(nights, list) else None


def sleep(night: Mapping[str, Any], zone: tzinfo) -> Found:
    """This function will translate one night, with its stages where the wrist told them apart."""
    start = local(night["startTime"].partition(".")[0], "%Y-%m-%dT%H:%M:%S", zone)
    frame = {
        "at": start,
        "seconds": int(number(night["duration"]) / 1000),
        "unit": "min",
        "source": "Fitbit",
        "key": str(night["logId"])[:64],
    }
    found: Found = [frame | {"kind": "sleep", "value": number(night["minutesAsleep"])}]
    if night.get("type") == "stages":
        stages = night["levels"]["summary"]
        found += [
            frame | {"kind": f"sleep_{name}", "value": number(stages[name]["minutes"])}
            for name in ("deep", "light", "rem")
            if name in stages
        ]
    return found


def takeout(row: Mapping[str, Any], _zone: tzinfo) -> Found:
    """This function will translate one row of Takeout's heart_rate or resting_heart_rate files, which are in UTC.

    A bare number is refused: only the file's name would say of what.
    """
    value = row["value"]
    if not isinstance(value, dict):
        return ["value"]
    at = local(row["dateTime"], "%m/%d/%y %H:%M:%S", UTC)
    kind, amount = ("hr", value["bpm"]) if "bpm" in value else ("rhr", value["value"])
    if number(amount) == 0:
        return ["no value"]
    return [{"kind": kind, "at": at, "value": number(amount), "unit": "/min", "source": "Fitbit", "key": key_of(at, amount)}]


def google_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the points of a Google Fit data set."""
    if "dataSourceId" not in document or "point" not in document:
        return None
    return [(google, point) for point in document["point"]]


def google(point: Mapping[str, Any], zone: tzinfo) -> Found:
    """This function will translate one point; the app that measured is its source."""
    if point["dataTypeName"] not in GOOGLE:
        return [point["dataTypeName"]]
    kind, unit = GOOGLE[point["dataTypeName"]]
    start, end = number(point["startTimeNanos"][:-6]) / 1000, number(point["endTimeNanos"][:-6]) / 1000
    value = point["value"][0]
    value = number(value["fpVal"] if "fpVal" in value else value["intVal"])
    origin = str(point.get("originDataSourceId") or "")
    parts = origin.split(":")
    found: dict[str, Any] = {"kind": kind, "at": epoch(start, zone), "value": value, "unit": unit}
    found |= {"source": named(parts[2] if len(parts) > 2 else "", "Google Fit"), "key": key_of(point["startTimeNanos"], end, origin, value)}
    if int(end - start) > 0:
        found["seconds"] = int(end - start)
    if "user_input" in origin:
        found["method"] = "self_reported"
    return [found]


FRAMES = (heart_frame, sleep_frame, google_frame)
MARKS = (
    (frozenset({"header", "body"}), openmhealth.read),
    (frozenset({"dateTime", "value"}), takeout),
    (frozenset({"logId", "minutesAsleep"}), sleep),
)
