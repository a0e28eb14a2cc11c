"""Translators for JSON of device makers: Withings, iHealth, LibreLinkUp, Nightscout entries. Wrong fields raise; see record.WRONG."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from healthhub.dialects.files.record import epoch, key_of, named, number

Found = list[dict[str, Any] | str]
MMHG = "mm[Hg]"
# Withings' measure types -> kind, unit.
MEASURES = {
    1: ("weight", "kg"),
    4: ("height", "m"),
    6: ("body_fat", "%"),
    11: ("hr", "/min"),
    54: ("spo2", "%"),
    71: ("temp", "Cel"),
}
MANUAL = (2, 4)


def withings_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the measure groups of Withings' getmeas answer, each with the account's zone."""
    body = document.get("body")
    if not isinstance(body, dict) or "measuregrps" not in body:
        return None
    return [(withings, {**group, "zone": body.get("timezone")}) for group in body["measuregrps"]]


def withings(group: Mapping[str, Any], zone: tzinfo) -> Found:
    """This function will translate one measure group; upper and lower pressure become one reading; goals are not kept."""
    if group["category"] != 1:
        return [f"category {group['category']}"]
    try:
        zone = ZoneInfo(group["zone"]) if group["zone"] else zone
    except ZoneInfoNotFoundError as error:
        raise KeyError("timezone") from error
    frame: dict[str, Any] = {"at": epoch(number(group["date"]), zone), "source": "Withings"}
    if group["attrib"] in MANUAL:
        frame["method"] = "self_reported"
    if group.get("comment"):
        frame["context"] = {"note": str(group["comment"])[:400]}
    # A power beyond these is no measure's: it would only make a number grow without end.
    if not all(-9 <= one["unit"] <= 3 for one in group["measures"]):
        raise KeyError("unit")
    values = {one["type"]: number(one["value"]) * 10.0 ** one["unit"] for one in group["measures"]}
    found: Found = []
    if 9 in values and 10 in values:
        pair = {"value": values.pop(10), "value2": values.pop(9)}
        found.append(frame | pair | {"kind": "bp", "unit": MMHG, "key": f"{int(group['grpid'])}:10"})
    for type_, value in values.items():
        if type_ not in MEASURES:
            found.append(f"measure type {type_}")
            continue
        kind, unit = MEASURES[type_]
        found.append(frame | {"kind": kind, "value": round(value, 6), "unit": unit, "key": f"{int(group['grpid'])}:{type_}"})
    return found


def ihealth_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the rows of iHealth's list of blood pressures, each with the list's unit."""
    if "BPDataList" not in document:
        return None
    return [(ihealth, {**row, "unit": document.get("BPUnit")}) for row in document["BPDataList"]]


def ihealth(row: Mapping[str, Any], _zone: tzinfo) -> Found:
    """This function will translate one row. MDate counts the seconds of the local clock, not of UTC."""
    text = row["TimeZone"]
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5])) * (-1 if text.startswith("-") else 1)
    wall = datetime.fromisoformat(epoch(number(row["MDate"])))
    at = wall.replace(tzinfo=timezone(offset)).isoformat()
    frame: dict[str, Any] = {"at": at, "source": "iHealth", "key": str(row["DataID"])[:64]}
    if row["DataSource"] != "FromDevice":
        frame["method"] = "self_reported"
    if row.get("Note"):
        frame["context"] = {"note": str(row["Note"])[:400]}
    unit = {0: MMHG, 1: "kPa"}[row["unit"]]
    found: Found = [frame | {"kind": "bp", "value": number(row["HP"]), "value2": number(row["LP"]), "unit": unit}]
    if number(row.get("HR", 0)) > 0:
        found.append(frame | {"kind": "hr", "value": number(row["HR"]), "unit": "/min"})
    return found


def librelinkup_frame(document: dict[str, Any]) -> list[Any] | None:
    """This function will give the points of LibreLinkUp's graph and its latest measurement."""
    data = document.get("data")
    if not isinstance(data, dict) or "graphData" not in data:
        return None
    latest = (data.get("connection") or {}).get("glucoseMeasurement")
    return [(librelinkup, point) for point in (*data["graphData"], *([latest] if latest else []))]


def librelinkup(point: Mapping[str, Any], _zone: tzinfo) -> Found:
    """This function will translate one point: FactoryTimestamp is UTC, and Timestamp tells the offset of the wearer's clock."""
    utc, wall = (datetime.strptime(point[name], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC) for name in ("FactoryTimestamp", "Timestamp"))
    at = utc.astimezone(timezone(wall - utc)).isoformat()
    value = number(point["ValueInMgPerDl"])
    return [{"kind": "cgm", "at": at, "value": value, "unit": "mg/dL", "source": "LibreLinkUp", "key": key_of(at, value)}]


def entry(row: Mapping[str, Any], _zone: tzinfo) -> Found:
    """This function will translate one Nightscout entry: sgv and mbg; below 39 mg/dL an sgv is a sensor's error code."""
    kind = {"sgv": "cgm", "mbg": "glucose"}.get(row["type"])
    if kind is None:
        return [f"type {row['type']}"]
    value = number(row[row["type"]])
    if kind == "cgm" and value < 39:
        return [f"sensor code {value:g}"]
    zone = timezone(timedelta(minutes=number(row.get("utcOffset") or 0)))
    frame = {"at": epoch(number(row["date"]) / 1000, zone), "source": named(str(row.get("device") or ""), "Nightscout")}
    return [frame | {"kind": kind, "value": value, "unit": "mg/dL", "key": str(row.get("_id") or key_of(row["date"], value))[:64]}]


FRAMES = (withings_frame, ihealth_frame, librelinkup_frame)
MARKS = ((frozenset({"type", "date"}), entry),)
