"""What all documents of Nightscout have in common: moments, ids, texts, and what became of them."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from healthhub.lib import times
from healthhub.lib.refused import Invalid

Document = Mapping[str, Any]
Reading = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS, LAST_MS = 946_684_800_000, 7_258_118_400_000  # 2000 and 2200
WIDEST = 14 * 60  # minutes east or west
LONGEST_KEY = 64
LONGEST_SOURCE = 80
LONGEST_TEXT = 400
SOURCE = "nightscout"
# Names under which a document carries an id of its sender's, the surest first.
KEYS = ("identifier", "_id", "syncIdentifier", "NSCLIENT_ID")
NAMESPACE = UUID(bytes=b"NightscoutRocks!")
MARK = "68680000"  # our own `_id` is this and the reading's number in sixteen hexadecimal digits
_OWN = re.compile(rf"{MARK}([0-9a-f]{{16}})")
_SHORT_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")


class NotKept(Invalid):
    """A document we understand and have no place for."""

    code = "not_kept"
    sentence = "This is understood, but there is no place for it here."


def ms_of(at: datetime) -> int:
    """This function will give a moment as milliseconds since 1970."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """This function will give the moment (UTC) of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(at: datetime) -> str:
    """This function will write a moment as Nightscout does: `2026-03-01T00:30:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def number_of(doc: Document, name: str) -> float | None:
    """This function will read a number, also one that was sent as text. None where it is missing or empty. Raises `not_a_number`."""
    value = doc.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise Invalid("This is not a number.", code="not_a_number", field=name) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        raise Invalid("This is not a number.", code="not_a_number", field=name)
    return value


def text_of(doc: Document, name: str, *, longest: int = LONGEST_TEXT) -> str:
    """This function will read a text, cut to `longest` characters and freed of what no text may hold; "" where there is none."""
    value = doc.get(name)
    if not isinstance(value, str):
        return ""
    return (value.replace("\x00", "") if "\x00" in value else value).strip()[:longest]


def source_of(doc: Document, *names: str) -> str:
    """This function will name the device or app the document comes from, after the first of `names` that says so."""
    for name in names:
        text = text_of(doc, name)
        if not text.isprintable():
            text = "".join(char for char in text if char.isprintable()).strip()
        text = text[:LONGEST_SOURCE].strip()
        if text:
            return text
    return SOURCE


def own_id(seq: int) -> str:
    """This function will give the `_id` of a reading of ours: 24 hexadecimal digits."""
    return f"{MARK}{seq:016x}"


def seq_of(text: str) -> int | None:
    """This function will give the number of the reading that one of our `_id`s names; None for any other id."""
    found = _OWN.fullmatch(text)
    seq = int(found[1], 16) if found else 0
    return seq if 0 < seq < 2**62 else None


def phantom_id(doc: Document) -> str:
    """This function will give the `_id` of a document that was not kept: it leads nowhere."""
    digest = hashlib.sha256(json.dumps(doc, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()
    return "ffffffff" + digest[:16]


def key_of(doc: Document) -> str:
    """This function will give the sender's own id of a document, "" where it has none; our own ids are none of the sender's.

    Raises Invalid (`bad_identifier`) for one that no key can be.
    """
    for name in KEYS:
        value = doc.get(name)
        if not isinstance(value, str) or not value or seq_of(value) is not None:
            continue
        if len(value) > LONGEST_KEY or not value.isprintable():
            raise Invalid("An identifier has at most 64 printable characters.", code="bad_identifier", field=name)
        return value
    return ""


def identifier_of(doc: Document) -> str:
    """This function will give the identifier that API 3 gives a document without one."""
    parts = [str(doc.get("device") or ""), str(doc.get("date") or "")]
    if doc.get("eventType"):
        parts.append(str(doc["eventType"]))
    return str(uuid5(NAMESPACE, "_".join(parts)))


def moment_of(doc: Document, *names: str, zone: ZoneInfo) -> datetime:
    """This function will give the moment of a document with the offset of the place where it was taken.

    Milliseconds in `date` or a text under one of `names`. The offset is `utcOffset` (minutes), else the one of the text where it is
    not Z, else that of `zone` at the moment. Raises Invalid: missing_field, bad_time, no_zone, bad_offset.
    """
    date = doc.get("date")
    ms = number_of(doc, "date") if not isinstance(date, str) or _is_digits(date) else None
    stated = None
    if ms is None or "utcOffset" not in doc:
        named = _first_text(doc, *names, "date")
        # Beside milliseconds the text is asked for its offset only, and Z names none.
        if named and not (ms is not None and doc[named].endswith("Z")):
            stated = _read_text(named, doc[named])
    if ms is not None:
        if not FIRST_MS < ms < LAST_MS:
            raise Invalid("The date must be milliseconds since 1970.", code="bad_time", field="date")
        at = from_ms(int(ms))
    elif stated is not None:
        at = stated.astimezone(UTC)
    else:
        raise Invalid("A field is missing.", code="missing_field", field=(*names, "date")[0])
    return _placed(at, doc, stated, zone)


def _first_text(doc: Document, *names: str) -> str:
    for name in names:
        text = doc.get(name)
        if isinstance(text, str) and not _is_digits(text):
            return name
    return ""


def _is_digits(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit()


def _read_text(name: str, text: str) -> datetime:
    return times.parse(_SHORT_ZONE.sub(r"\1:\2", text.strip()), field=name)


def _placed(at: datetime, doc: Document, stated: datetime | None, zone: ZoneInfo) -> datetime:
    minutes = number_of(doc, "utcOffset")
    if minutes is not None:
        if not -WIDEST <= minutes <= WIDEST:
            raise Invalid("No place is that far from UTC.", code="bad_offset", field="utcOffset")
        return at.astimezone(timezone(timedelta(minutes=int(minutes))))
    if stated is not None and stated.utcoffset():
        return at.astimezone(stated.tzinfo)
    return at.astimezone(zone)


def ids(row: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give what every document of ours says of itself: ids, place on Earth, and when it came and changed."""
    own, key = own_id(row["seq"]), row["key"]
    received = ms_of(row["received_at"])
    changed = row.get("modified")
    return {
        "_id": key if re.fullmatch("[0-9a-f]{24}", key) else own,
        "identifier": key or own,
        "utcOffset": row["utc_offset"],
        "srvCreated": received,
        "srvModified": ms_of(changed) if changed else received,
    }
