"""What the phone SDKs of Open Wearables send (Apple Health, Samsung Health, Health Connect in one shape), as readings. Pure.

A body is `{provider, sdkVersion, syncTimestamp, data: {records, sleep, workouts}}`: a record is one value, a blood pressure two records
that share their parent or their moment and source, a sleep entry one stage of a night.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from healthhub.dialects.files.apple_health import KIND_OF, QUANTITY
from healthhub.dialects.files.record import WRONG, key_of_text, named, number
from healthhub.lib.refused import Invalid

SECTIONS = ("records", "sleep", "workouts")
# The SDKs' own words; those of HealthKit are known from its export.
KINDS = {
    "HEART_RATE": "hr",
    "RESTING_HEART_RATE": "rhr",
    "RESPIRATORY_RATE": "rr",
    "OXYGEN_SATURATION": "spo2",
    "BODY_TEMPERATURE": "temp",
    "WEIGHT": "weight",
    "HEIGHT": "height",
    "BMI": "bmi",
    "BODY_FAT": "body_fat",
    "BLOOD_GLUCOSE": "glucose",
    "STEP_COUNT": "steps",
    "DISTANCE": "distance",
    "ACTIVE_CALORIES_BURNED": "active_energy",
    "BASAL_CALORIES_BURNED": "basal_energy",
    "VO2_MAX": "vo2max",
}
VARIABILITY = {"sdnn": "hrv_sdnn", "rmssd": "hrv_rmssd"}
HALVES = {"BLOOD_PRESSURE_SYSTOLIC": "value", "BLOOD_PRESSURE_DIASTOLIC": "value2"}
HALVES |= {f"{QUANTITY}BloodPressureSystolic": "value", f"{QUANTITY}BloodPressureDiastolic": "value2"}
STAGES = {"sleeping": (), "light": ("sleep_light",), "deep": ("sleep_deep",), "rem": ("sleep_rem",)}
UNITS = {
    "bpm": "/min",
    "count/min": "/min",
    "breaths/min": "/min",
    "mmHg": "mm[Hg]",
    "°C": "Cel",
    "degC": "Cel",
    "°F": "[degF]",
    "degF": "[degF]",
    "kg/m²": "kg/m2",
    "mL/kg/min": "mL/(kg.min)",
    "mL/min·kg": "mL/(kg.min)",
    "lb": "[lb_av]",
}
OWN_UNIT = {"steps": "{steps}", "bmi": "kg/m2"}
# HealthKit tells these as a part of one; nobody has one per cent of either.
FRACTIONS = {"spo2", "body_fat"}
MANUAL = {"manual", "manual_entry"}


class Taken(NamedTuple):
    """What became of records on their way: which ones (section, index, id), and their readings or why there are none."""

    records: tuple[tuple[str, int, str], ...]
    readings: tuple[dict[str, Any], ...] = ()
    refused: Invalid | None = None


def read(body: Any) -> Iterator[Taken]:
    """This function will yield every record's readings or refusal, in the order of the body; a blood pressure with its two records.

    Raises Invalid `not_supported` for a body of another shape.
    """
    data = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(body.get("provider"), str):
        raise Invalid("A body of the Open Wearables SDKs has a provider and data.", code="not_supported", field="data")
    sections = {name: data.get(name) or [] for name in SECTIONS}
    for name, lines in sections.items():
        if not isinstance(lines, list):
            raise Invalid("A list is wanted here.", code="not_supported", field=f"data.{name}")
    provider = named(body["provider"], "Open Wearables")
    waiting: dict[tuple[str, ...], tuple[int, Any]] = {}
    for index, record in enumerate(sections["records"]):
        yield from _record(index, record, provider, waiting)
    for index, record in waiting.values():
        refused = Invalid("A blood pressure needs both values.", code="one_of_two", field="type")
        yield Taken((_who("records", index, record),), refused=refused)
    for index, record in enumerate(sections["sleep"]):
        yield _one("sleep", index, record, lambda one: _stage(one, provider))
    for index, record in enumerate(sections["workouts"]):
        yield Taken((_who("workouts", index, record),), refused=_not_kept("workout"))


def _record(index: int, record: Any, provider: str, waiting: dict[tuple[str, ...], tuple[int, Any]]) -> Iterator[Taken]:
    half = HALVES.get(str(record.get("type"))) if isinstance(record, Mapping) else None
    if half is None:
        yield _one("records", index, record, lambda one: (_value(one, provider),))
        return
    other = "value2" if half == "value" else "value"
    source = record.get("source") if isinstance(record.get("source"), Mapping) else {}
    same = str(record.get("parentId") or f"{record.get('startDate')} {source.get('appId')} {source.get('deviceId')}")
    if (other, same) not in waiting:
        waiting[half, same if (half, same) not in waiting else f"{same} {index}"] = (index, record)
        return
    first, found = waiting.pop((other, same))
    pair = {half: record, other: found}
    ends = _one("records", index, record, lambda _: (_pressure(pair["value"], pair["value2"], provider),))
    yield ends._replace(records=(_who("records", first, found), *ends.records))


def _one(section: str, index: int, record: Any, translate: Any) -> Taken:
    who = (_who(section, index, record),)
    try:
        return Taken(who, tuple(translate(record)))
    except Invalid as refused:
        return Taken(who, refused=refused)
    except WRONG as error:
        field = str(error.args[0])[:80] if isinstance(error, KeyError) and error.args else "record"
        return Taken(who, refused=Invalid("This field of the record cannot be understood.", code="bad_value", field=field))


def _who(section: str, index: int, record: Any) -> tuple[str, int, str]:
    return section, index, str(record.get("id", ""))[:80] if isinstance(record, Mapping) else ""


def _not_kept(what: str) -> Invalid:
    return Invalid("Readings of this type are not kept here.", code="not_kept", field=what[:80])


def _value(record: Mapping[str, Any], provider: str) -> dict[str, Any]:
    type_ = record["type"]
    kind = KIND_OF.get(type_) or KINDS.get(type_.upper())
    if kind is None and type_.upper() == "HEART_RATE_VARIABILITY":
        method = (record.get("metadata") or {}).get("method", "rmssd")
        kind = VARIABILITY.get(method)
    if kind is None:
        raise _not_kept(type_)
    value, unit = number(record["value"]), _unit(record, kind)
    if kind in FRACTIONS and unit == "%" and 0 < value <= 1:
        value = round(value * 100, 4)
    return _frame(record, provider) | {"kind": kind, "value": value, "unit": unit}


def _unit(record: Mapping[str, Any], kind: str) -> str:
    if kind in OWN_UNIT:
        return OWN_UNIT[kind]
    unit = record["unit"]
    if not isinstance(unit, str) or not unit:
        raise KeyError("unit")
    return UNITS.get(unit, unit)


def _pressure(upper: Mapping[str, Any], lower: Mapping[str, Any], provider: str) -> dict[str, Any]:
    first, second = _frame(upper, provider), _frame(lower, provider)
    if first["at"] != second["at"] or _unit(upper, "bp") != _unit(lower, "bp"):
        raise KeyError("startDate")
    whole = {"kind": "bp", "value": number(upper["value"]), "value2": number(lower["value"]), "unit": _unit(upper, "bp")}
    return {**first, "key": _key(upper.get("parentId") or upper["id"])} | whole


def _stage(entry: Mapping[str, Any], provider: str) -> tuple[dict[str, Any], ...]:
    """Time asleep, and of which stage; lying awake is not sleep."""
    if entry["stage"] not in STAGES:
        raise _not_kept(str(entry["stage"]))
    frame = _frame(entry, provider)
    if "seconds" not in frame:
        raise KeyError("endDate")
    length = {"value": frame["seconds"] / 60, "unit": "min"}
    return tuple(frame | length | {"kind": kind} for kind in ("sleep", *STAGES[entry["stage"]]))


def _frame(record: Mapping[str, Any], provider: str) -> dict[str, Any]:
    start, end = (_moment(record[name], record.get("zoneOffset")) for name in ("startDate", "endDate"))
    source = record.get("source") or {}
    name = source.get("deviceName") or source.get("deviceModel") or source.get("appId") or ""
    found: dict[str, Any] = {"at": start.isoformat(), "source": named(str(name), provider), "key": _key(record["id"])}
    if source.get("recordingMethod") in MANUAL:
        found["method"] = "self_reported"
    seconds = int((end - start).total_seconds())
    if seconds < 0:
        raise KeyError("endDate")
    return found | ({"seconds": seconds} if seconds else {})


def _key(id_: Any) -> str:
    text = str(id_)
    return text if 0 < len(text) <= 64 else key_of_text(text)


def _moment(text: str, offset: Any) -> datetime:
    """The moment, by the clock of where it was measured."""
    moment = datetime.fromisoformat(text)
    if isinstance(offset, str) and len(offset) == 6 and offset[0] in "+-":
        minutes = int(offset[1:3]) * 60 + int(offset[4:])
        zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    if moment.tzinfo is None:
        raise KeyError("zoneOffset")
    return moment
