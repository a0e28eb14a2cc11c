"""Open mHealth / IEEE 1752.1 data points, in and out. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from healthhub.dialects.files.record import WRONG, named, number
from healthhub.lib.refused import Invalid

OMH = {
    "blood-glucose": ("glucose", "blood_glucose"),
    "heart-rate": ("hr", "heart_rate"),
    "body-weight": ("weight", "body_weight"),
    "body-height": ("height", "body_height"),
    "body-temperature": ("temp", "body_temperature"),
    "oxygen-saturation": ("spo2", "oxygen_saturation"),
    "respiratory-rate": ("rr", "respiratory_rate"),
}
OMH_UNITS = {"mmHg": "mm[Hg]", "beats/min": "/min", "breaths/min": "/min", "C": "Cel", "F": "[degF]", "lb": "[lb_av]", "in": "[in_i]"}
SPANS = {"sec": 1, "min": 60, "h": 3600, "d": 86400}
# kind -> (schema, version, field of the body, our unit -> theirs)
INTERSTITIAL = "interstitial fluid"
SUGAR = {"mmol/L": "mmol/L", "mg/dL": "mg/dL"}
OUT: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "bp": ("blood-pressure", "4.0", "", {"mm[Hg]": "mmHg"}),
    "glucose": ("blood-glucose", "4.0", "blood_glucose", SUGAR),
    "cgm": ("blood-glucose", "4.0", "blood_glucose", SUGAR),
    "hr": ("heart-rate", "2.0", "heart_rate", {"/min": "beats/min"}),
    "weight": ("body-weight", "2.0", "body_weight", {"kg": "kg", "[lb_av]": "lb", "g": "g"}),
    "height": ("body-height", "1.0", "body_height", {"cm": "cm", "m": "m", "[in_i]": "in"}),
    "temp": ("body-temperature", "4.0", "body_temperature", {"Cel": "C", "[degF]": "F"}),
    "spo2": ("oxygen-saturation", "2.0", "oxygen_saturation", {"%": "%"}),
    "rr": ("respiratory-rate", "2.0", "respiratory_rate", {"/min": "breaths/min"}),
    "steps": ("step-count", "3.0", "step_count", {"{steps}": "steps"}),
}


def take(point: Any) -> dict[str, Any]:
    """This function will turn one data point into a reading for the one way in. Raises Invalid: not_kept, bad_value, with the field."""
    try:
        found = read(point)[0]
    except WRONG as error:
        field = str(error.args[0])[:80] if isinstance(error, KeyError) else None
        raise Invalid("This field of the record cannot be understood.", code="bad_value", field=field or "record") from error
    if isinstance(found, str):
        raise Invalid("Readings of this type are not kept here.", code="not_kept", field=found[:80] or "schema_id.name")
    return found


def write(reading: Mapping[str, Any], *, uuid: str) -> dict[str, Any] | None:
    """This function will write a reading (`kind`, `at` aware, `value`, `value2`, `unit` in UCUM, `seconds`, `source`, `method`) as a point.

    None where no schema can hold it: another kind, another unit, a meter's bare LO or HI. `uuid` is the point's own.
    """
    if reading["kind"] not in OUT or {"censored_low", "censored_high"} & {*reading.get("flags", ())}:
        return None
    name, version, field, units = OUT[reading["kind"]]
    unit = units.get(reading["unit"])
    if unit is None:
        return None
    at: datetime = reading["at"]
    amount = {"value": reading["value"], "unit": unit}
    if reading["kind"] == "bp":
        body: dict[str, Any] = {"systolic_blood_pressure": amount, "diastolic_blood_pressure": amount | {"value": reading["value2"]}}
    else:
        body = {field: amount}
    if reading["kind"] == "cgm":
        body["specimen_source"] = INTERSTITIAL
    if reading["seconds"]:
        duration = {"value": reading["seconds"], "unit": "sec"}
        body["effective_time_frame"] = {"time_interval": {"start_date_time": at.isoformat(), "duration": duration}}
    else:
        body["effective_time_frame"] = {"date_time": at.isoformat()}
    header: dict[str, Any] = {
        "uuid": uuid,
        "schema_id": {"namespace": "omh", "name": name, "version": version},
        "source_creation_date_time": at.isoformat(),
        "external_datasheets": [{"datasheet_type": "manufacturer", "datasheet_reference": reading["source"]}],
    }
    if reading["method"] != "derived":
        header["modality"] = "self-reported" if reading["method"] == "self_reported" else "sensed"
    return {"header": header, "body": body}


def read(point: Mapping[str, Any], _zone: tzinfo = UTC) -> list[dict[str, Any] | str]:
    """This function will translate one data point; a text names a schema that is not kept. Wrong fields raise one of record.WRONG."""
    header, body = point["header"], point["body"]
    name = header["schema_id"]["name"]
    frame: dict[str, Any] = _framed(body["effective_time_frame"]) | {
        "key": str(header.get("uuid") or header["id"])[:64],
        "source": _maker(header),
    }
    if header.get("modality") == "self-reported":
        frame["method"] = "self_reported"
    if name == "blood-pressure":
        upper, lower = body["systolic_blood_pressure"], body["diastolic_blood_pressure"]
        if upper["unit"] != lower["unit"]:
            raise KeyError("unit")
        return [frame | {"kind": "bp", "value": number(upper["value"]), "value2": number(lower["value"]), "unit": _unit(upper)}]
    if name == "step-count":
        steps = body["step_count"]
        return [frame | {"kind": "steps", "value": number(steps["value"] if isinstance(steps, dict) else steps), "unit": "{steps}"}]
    if name not in OMH:
        return [str(name)]
    kind, field = OMH[name]
    if body.get("specimen_source") == INTERSTITIAL:
        kind = "cgm"
    return [frame | {"kind": kind, "value": number(body[field]["value"]), "unit": _unit(body[field])}]


def _unit(amount: Mapping[str, Any]) -> str:
    unit = str(amount["unit"])
    return OMH_UNITS.get(unit, unit)


def _maker(header: Mapping[str, Any]) -> str:
    sheets = header.get("external_datasheets") or [{}]
    return named(str(sheets[0].get("datasheet_reference") or ""), "Open mHealth")


def _framed(frame: Mapping[str, Any]) -> dict[str, Any]:
    if "date_time" in frame:
        return {"at": frame["date_time"]}
    span = frame["time_interval"]
    if "duration" in span:
        seconds = number(span["duration"]["value"]) * SPANS[span["duration"]["unit"]]
    else:
        seconds = (datetime.fromisoformat(span["end_date_time"]) - datetime.fromisoformat(span["start_date_time"])).total_seconds()
    if "start_date_time" in span:
        return {"at": span["start_date_time"], "seconds": int(seconds)}
    return {"at": (datetime.fromisoformat(span["end_date_time"]) - timedelta(seconds=seconds)).isoformat(), "seconds": int(seconds)}
