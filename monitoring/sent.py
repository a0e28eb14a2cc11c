"""One reading as a sender gives it, and what becomes of it before it reaches the database. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from healthhub.lib.refused import Invalid
from healthhub.lib.units import to_canonical, ucum
from healthhub.records import catalogue
from healthhub.records.catalogue import BY_KEY, Kind, plausible

FUTURE = timedelta(minutes=10)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
Text = Annotated[str, msgspec.Meta(max_length=400)]
Scalar = Text | int | float | bool | None
FLAGS = {
    "cuffless": catalogue.CUFFLESS,
    "censored_low": catalogue.CENSORED_LOW,
    "censored_high": catalogue.CENSORED_HIGH,
    "simulated": catalogue.SIMULATED,
}
# Written into the context at the door when a value came in another unit.
RESERVED = frozenset({"unit", "sent", "sent2"})
METHODS = {"device": 1, "self_reported": 2, "derived": 3}


class TooOld(Invalid):
    """A reading from before its person."""

    code = "too_old"
    sentence = "The time lies before this person's readings can begin."

    def __init__(self) -> None:
        super().__init__(field="at")


class Sent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A reading on the wire. `value` (and `value2`: diastolic) are in `unit`; `at` carries its zone."""

    kind: Annotated[str, msgspec.Meta(max_length=40)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    value: float
    value2: float | None = None
    unit: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    patient: UUID | None = None
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] = "default"
    key: Annotated[str, msgspec.Meta(max_length=64)] = ""
    method: Literal["device", "self_reported", "derived"] = "device"
    seconds: Annotated[int, msgspec.Meta(ge=0, le=8 * 86400)] | None = None
    flags: Annotated[list[Literal["cuffless", "censored_low", "censored_high", "simulated"]], msgspec.Meta(max_length=4)] = []
    context: Annotated[dict[Annotated[str, msgspec.Meta(max_length=40)], Scalar], msgspec.Meta(max_length=20)] | None = None


@dataclass(slots=True)
class Settled:
    """A reading in canonical units, ready for a row."""

    kind: Kind
    at: datetime
    utc_offset: int
    value: float
    value2: float | None
    flags: int
    context: dict[str, Any] | None


def read(raw: Mapping[str, Any]) -> Sent:
    """This function will turn plain data into a `Sent`. Raises Invalid with the field's name."""
    try:
        return msgspec.convert(raw, Sent, str_keys=True)
    except msgspec.ValidationError as error:
        raise refusal(error) from error


def refusal(error: msgspec.ValidationError) -> Invalid:
    """This function will name the field of msgspec's error: `Expected ... - at `$.value`` becomes field `value`."""
    text = str(error)
    reason, _, where = text.partition(" - at `$")
    field = where.rstrip("`").lstrip(".") or None
    if field is None and "field `" in reason:
        field = reason.split("`")[1]
    if "required field" in reason:
        return Invalid("A field is missing.", code="missing_field", field=field)
    if "unknown field" in reason:
        return Invalid("There is no such field.", code="unknown_field", field=field)
    if field == "at":
        code = "no_zone" if "timezone" in reason else "bad_time"
        return Invalid("The time must be RFC 3339 with a zone, such as 2026-11-23T07:12:00+08:00.", code=code, field=field)
    return Invalid(reason, code="bad_value", field=field)


def settle(sent: Sent, *, as_of: datetime) -> Settled:
    """This function will check a reading and express it in canonical units.

    Raises Invalid: unknown_kind, missing_unit, unknown_unit, impossible_value, future_time, too_old, bad_character, not_finite.
    """
    kind = BY_KEY.get(sent.kind)
    if kind is None:
        raise Invalid("The catalogue does not know this kind.", code="unknown_kind", field="kind")
    at = sent.at
    if at > as_of + FUTURE:
        raise Invalid("The time lies in the future: is the device's clock right?", code="future_time", field="at")
    if at < EARLIEST:
        raise TooOld
    unit = sent.unit
    if unit is None:
        if kind.units.get("") is None:
            raise Invalid("A number needs its unit.", code="missing_unit", field="unit")
        unit = kind.unit
    value = to_canonical(sent.value, unit=unit, kind=kind)
    value2 = None if sent.value2 is None else to_canonical(sent.value2, unit=unit, kind=kind)
    flags = 0
    for name in sent.flags:
        flags |= FLAGS[name]
    if plausible(kind, value, value2, unit=unit) != "ok":
        flags |= catalogue.SUSPICIOUS
    context: dict[str, Any] | None = dict(sent.context) if sent.context else None
    if unit != kind.unit and value != sent.value:
        # The limit is judged in the unit that was measured: 70 mg/dL and 3.9 mmol/L both lie exactly on it.
        context = (context or {}) | {"unit": ucum(unit, kind=kind), "sent": sent.value}
        if sent.value2 is not None:
            context["sent2"] = sent.value2
    _check_texts(sent, context)
    offset = at.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return Settled(kind, at.astimezone(UTC), minutes, value, value2, flags, context)


def _check_texts(sent: Sent, context: dict[str, Any] | None) -> None:
    """PostgreSQL keeps no NUL; half a surrogate pair cannot be written as UTF-8."""
    for field, text in (("source", sent.source), ("key", sent.key)):
        if not text.isprintable():
            raise Invalid("The text holds a character that no name may hold.", code="bad_character", field=field)
    for name in RESERVED & (sent.context or {}).keys():
        raise Invalid("This name is kept for what the unit was.", code="reserved", field=f"context.{name}")
    for name, value in (context or {}).items():
        if "\x00" in name or (isinstance(value, str) and "\x00" in value):
            raise Invalid("The text holds a character that no text may hold.", code="bad_character", field=f"context.{name[:40]}")
        if isinstance(value, float) and not -1e300 < value < 1e300:
            raise Invalid("The number is not finite.", code="not_finite", field=f"context.{name[:40]}")


def before_birth(settled: Settled, born: date | None) -> bool:
    """This function will tell whether a reading lies before this person's readings can begin (a day is granted to the zones)."""
    return born is not None and (settled.at + timedelta(minutes=settled.utc_offset)).date() < born - timedelta(days=1)
