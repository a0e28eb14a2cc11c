"""Entries: what a sensor (sgv) or a meter (mbg) showed, in mg/dL."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthhub.dialects.nightscout import common
from healthhub.dialects.nightscout.common import Document, NotKept, Reading
from healthhub.lib.refused import Invalid

KIND_OF = {"sgv": "cgm", "mbg": "glucose"}
TYPE_OF = {kind: type_ for type_, kind in KIND_OF.items()}
DIRECTIONS = (
    "NONE",
    "DoubleUp",
    "SingleUp",
    "FortyFiveUp",
    "Flat",
    "FortyFiveDown",
    "SingleDown",
    "DoubleDown",
    "NOT COMPUTABLE",
    "RATE OUT OF RANGE",
)
NUMBERS = ("noise", "filtered", "unfiltered", "rssi", "delta", "trend")
TEXTS = ("direction", "app", "glucoseType")
EXTRAS = frozenset({*NUMBERS, *TEXTS})
# What we read, and what we give ourselves; of anything else the sender is told that it was left out.
READ = frozenset({"type", "sgv", "mbg", "date", "dateString", "utcOffset", "device", *common.KEYS, *NUMBERS, *TEXTS})
GIVEN = frozenset({"sysTime", "srvCreated", "srvModified", "subject", "isValid", "isReadOnly", "mills", "secret", "token", "created_at"})
KNOWN = READ | GIVEN
FIRST_GLUCOSE = 39  # a sensor says LO by this; below it stand its error codes
LAST_GLUCOSE = 400  # and HI above this
DELTA_WITHIN = timedelta(minutes=16)


def entry_in(doc: Document, *, zone: ZoneInfo) -> Reading:
    """This function will turn an entry into a reading for `intake`. `zone` is where she is when the entry does not say.

    Raises NotKept for types we have no place for, Invalid for what is wrong: missing_field, not_a_number, bad_time, no_zone,
    bad_offset, bad_identifier, sensor_error (the sensor sent a code and no value).
    """
    type_ = doc.get("type") or ("mbg" if "mbg" in doc and "sgv" not in doc else "sgv")
    if not isinstance(type_, str) or type_ not in KIND_OF:
        raise NotKept(field="type")
    value = common.number_of(doc, type_)
    if value is None:
        raise Invalid("A field is missing.", code="missing_field", field=type_)
    flags: list[str] = []
    if type_ == "sgv":
        if value < FIRST_GLUCOSE:
            raise Invalid("The sensor sent an error code and no value.", code="sensor_error", field="sgv")
        flags = ["censored_low"] if value == FIRST_GLUCOSE else ["censored_high"] if value > LAST_GLUCOSE else []
    context: dict[str, Any] = {}
    for name in doc.keys() & EXTRAS:
        extra = common.text_of(doc, name) if name in TEXTS else doc[name]
        if extra != "" and (name in TEXTS or _is_number(extra)):
            context[name] = extra
    return {
        "kind": KIND_OF[type_],
        "at": common.moment_of(doc, "dateString", zone=zone),
        "value": value,
        "unit": "mg/dL",
        "source": common.source_of(doc, "device", "enteredBy", "app"),
        "key": common.key_of(doc),
        "method": "device",
        "flags": flags,
        "context": context or None,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e15 < value < 1e15


def left_out(doc: Document) -> list[str]:
    """This function will name the fields of an entry that we do not keep."""
    names = doc.keys() - KNOWN
    return sorted(name[:40] for name in names)[:20] if names else []


def entry_out(row: Mapping[str, Any], *, mgdl: float) -> dict[str, Any]:
    """This function will write a stored reading (`timeline`'s fields, kind by its key, its value in mg/dL) as an entry."""
    type_ = TYPE_OF[row["kind"]]
    context = row["context"] or {}
    when = common.iso(row["at"])
    doc = common.ids(row) | {
        "type": type_,
        type_: whole(mgdl),
        "date": common.ms_of(row["at"]),
        "dateString": when,
        "sysTime": when,
        "device": row["source"],
    }
    doc |= {name: context[name] for name in (*NUMBERS, *TEXTS) if name in context}
    if type_ == "sgv":
        doc.setdefault("direction", "NONE")
        doc.setdefault("delta", 0)
    return doc


def whole(value: float) -> float:
    """This function will give a number as Nightscout writes it: 120 and not 120.0; one decimal at most."""
    shown = round(value, 1)
    return int(shown) if shown == int(shown) else shown


def with_deltas(docs: Sequence[dict[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
    """This function will give every sgv a number as `delta`: the sender's own, else the change since the one before (newest first).

    Clients fall over without. One with nothing in the sixteen minutes before it gets 0.
    """
    later: tuple[dict[str, Any], Mapping[str, Any]] | None = None
    for doc, row in zip(docs, rows, strict=True):
        if doc["type"] != "sgv":
            continue
        if later is not None and "delta" not in (later[1]["context"] or {}) and later[1]["at"] - row["at"] <= DELTA_WITHIN:
            later[0]["delta"] = whole(later[0]["sgv"] - doc["sgv"])
        later = (doc, row)


def lines(docs: Iterable[Mapping[str, Any]], *, between: str) -> str:
    """This function will write entries as lines: moment, milliseconds, value, direction, device."""
    rows = []
    for doc in docs:
        value = doc.get("sgv", doc.get("mbg", ""))
        rows.append([_quoted(doc["dateString"]), str(doc["date"]), str(value), _quoted(doc.get("direction", "")), _quoted(doc["device"])])
    return "".join(between.join(row) + "\r\n" for row in rows)


def _quoted(text: str) -> str:
    """A sender chose the device's name: it must not become a formula in a spreadsheet, nor end its own cell."""
    safe = f"'{text}" if text[:1] in "=+-@\t\r＝＋－＠" and text else text
    return '"' + safe.replace('"', '""').replace("\t", " ").replace("\n", " ").replace("\r", " ") + '"'
