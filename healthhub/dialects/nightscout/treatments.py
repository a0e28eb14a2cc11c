"""Treatments: carbohydrates, insulin and meter values become readings; their notes go with them. Pumps' other business has no place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthhub.dialects.nightscout import common
from healthhub.dialects.nightscout.common import Document, NotKept, Reading
from healthhub.dialects.nightscout.entries import whole
from healthhub.lib.refused import Invalid

KINDS = ("carbs", "insulin", "glucose")
EVENT = "event_type"  # in the context of a reading: this is how a treatment's meter value is told from an entry's
MOMENTS = ("created_at", "timestamp", "dateString")
FINGER = frozenset({"finger", "manual", ""})
GLUCOSE_UNITS = {"mg/dl": "mg/dL", "mgdl": "mg/dL", "mg": "mg/dL", "mmol": "mmol/L", "mmol/l": "mmol/L", "": "mg/dL"}
READ = frozenset(
    {"eventType", "date", "utcOffset", "enteredBy", "device", "app", "notes", "carbs", "insulin", "glucose", "glucoseType", "units"}
    | {"preBolus", "pumpId", "pumpSerial", "pumpType", *MOMENTS, *common.KEYS}
)
GIVEN = frozenset({"srvCreated", "srvModified", "subject", "isValid", "isReadOnly", "mills", "secret", "token"})


def treatment_in(doc: Document, *, zone: ZoneInfo) -> list[Reading]:
    """This function will turn a treatment into one reading for each amount in it; its notes go into the context of each.

    Raises NotKept where it holds no amount we have a place for (temporary basal rates, sensor changes, a note alone), and Invalid.
    """
    carbs, insulin, glucose = (common.number_of(doc, name) for name in KINDS)
    amounts: list[tuple[str, float, str]] = []
    if carbs:
        amounts.append(("carbs", carbs, "g"))
    if insulin:
        amounts.append(("insulin", insulin, "[iU]"))
    if glucose and common.text_of(doc, "glucoseType").lower() in FINGER:
        amounts.append(("glucose", glucose, _glucose_unit(doc)))
    if not amounts:
        raise NotKept(field="eventType")
    at = common.moment_of(doc, *MOMENTS, zone=zone)
    later = timedelta(minutes=common.number_of(doc, "preBolus") or 0)
    if not timedelta(hours=-6) <= later <= timedelta(hours=6):
        raise Invalid("That is too long before the meal.", code="out_of_range", field="preBolus")
    context: dict[str, Any] = {EVENT: common.text_of(doc, "eventType", longest=80)}
    if notes := common.text_of(doc, "notes"):
        context["note"] = notes
    shared = {
        "source": common.source_of(doc, "device", "enteredBy", "app"),
        "key": common.key_of(doc),
        "method": "device" if doc.get("pumpId") or doc.get("pumpSerial") or doc.get("syncIdentifier") else "self_reported",
        "context": context,
    }
    return [
        {"kind": kind, "at": at + later if kind == "carbs" else at, "value": value, "unit": unit, **shared} for kind, value, unit in amounts
    ]


def _glucose_unit(doc: Document) -> str:
    stated = common.text_of(doc, "units").lower()
    if stated not in GLUCOSE_UNITS:
        raise Invalid("The unit is mg/dl or mmol.", code="unknown_unit", field="units")
    return GLUCOSE_UNITS[stated]


def left_out(doc: Document) -> list[str]:
    """This function will name the fields of a treatment that we do not keep; a meter value that the sensor gave is one."""
    names = doc.keys() - READ - GIVEN
    if doc.get("glucose") and common.text_of(doc, "glucoseType").lower() not in FINGER:
        names |= {"glucose"}
    return sorted(name[:40] for name in names)[:20]


def is_treatment(row: Mapping[str, Any]) -> bool:
    """This function will tell whether a stored reading is (a part of) a treatment."""
    return row["kind"] in ("carbs", "insulin") or (row["kind"] == "glucose" and EVENT in (row["context"] or {}))


def grouped(rows: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """This function will put the readings of one treatment together again: same moment, source and key; in the order they come."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if is_treatment(row):
            groups.setdefault((row["at"], row["source"], row["key"], row["state"]), []).append(row)
    return list(groups.values())


def treatment_out(rows: Sequence[Mapping[str, Any]], *, mgdl: Callable[[Mapping[str, Any]], float]) -> dict[str, Any]:
    """This function will write readings that belong together (see `grouped`) as one treatment."""
    first = min(rows, key=lambda row: row["seq"])
    when = common.iso(first["at"])
    doc = common.ids(first) | {"date": common.ms_of(first["at"]), "created_at": when, "timestamp": when, "enteredBy": first["source"]}
    for row in rows:
        if row["kind"] == "glucose":
            doc |= {"glucose": whole(mgdl(row)), "glucoseType": "Finger", "units": "mg/dl"}
        else:
            doc[row["kind"]] = int(row["value"]) if row["value"] == int(row["value"]) else row["value"]
    contexts = [row["context"] or {} for row in rows]
    note = next((context["note"] for context in contexts if context.get("note")), "")
    stated = next((context[EVENT] for context in contexts if context.get(EVENT)), "")
    return doc | {"eventType": stated or _event_of(doc)} | ({"notes": note} if note else {})


def _event_of(doc: Mapping[str, Any]) -> str:
    if "insulin" in doc:
        return "Meal Bolus" if "carbs" in doc else "Correction Bolus"
    return "Carb Correction" if "carbs" in doc else "BG Check"
