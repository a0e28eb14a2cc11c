"""The values judging works with: a reading as judged, the patient's context, and a finding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from healthhub.records.catalogue import BY_KEY, CENSORED_HIGH, CENSORED_LOW, CUFFLESS, LATE, OUT_OF_ORDER, SUSPICIOUS

CENSORED = CENSORED_LOW | CENSORED_HIGH
# A reading that does not speak of now may be evidence for a later one, but opens and clears nothing itself.
NOT_CURRENT = LATE | OUT_OF_ORDER

SEVERITIES = ("info", "watch", "amber", "urgent", "red")
RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
SAME = 0.002  # how far a value as sent may lie from the stored one, of its size: conversions are exact but for rounding
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation in canonical units. `context` may hold `{"unit": "mg/dL", "sent": 70}` when it was sent in another unit."""

    kind: str
    at: datetime
    value: float
    value2: float | None = None
    flags: int = 0
    context: Mapping[str, Any] | None = None
    seq: int = 0
    source: int = 0
    utc_offset: int = 0
    method: int = 1


@dataclass(frozen=True)
class PatientContext:
    """What the rules must know of the patient besides readings.

    `conditions` are codes of diagnoses, medication and targets (packs.CONDITIONS lists those that rules ask for);
    `values` are personal figures such as `pef_best` (L/min), in canonical units.
    """

    conditions: frozenset[str] = frozenset()
    locale: str = "CN"
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a rule says at one reading: its condition holds (`hold` when it already did), or it is over (`clear`)."""

    rule_id: str
    rule_version: str
    severity: str
    data_class: str
    at: datetime
    evidence: Mapping[str, Any]
    hold: bool = False
    clear: bool = False


class Item:
    """A reading as the engine holds it: its time as a number, and whether its value may be relied upon by itself."""

    __slots__ = ("reading", "sent", "sound", "t", "unit", "value", "value2")

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.t = reading.at.timestamp()
        self.value = reading.value
        self.value2 = reading.value2
        flags = reading.flags
        # "LO" and "HI" are statements of the meter, not doubtful figures.
        self.sound = not (flags & CUFFLESS or (flags & SUSPICIOUS and not flags & CENSORED))
        self.unit = ""
        self.sent = reading.value
        if reading.context is not None and "sent" in reading.context:
            self._as_sent(reading, reading.context)

    def _as_sent(self, reading: Reading, context: Mapping[str, Any]) -> None:
        """Take the value as sent, in its own unit; a context that contradicts the stored value is a sender's fancy and passed over."""
        sent, unit = context["sent"], str(context.get("unit", ""))
        kind = BY_KEY.get(reading.kind)
        conversion = kind.units.get(unit) if kind is not None else None
        if conversion is None or isinstance(sent, bool) or not isinstance(sent, int | float):
            return
        factor, offset = conversion
        if abs(sent * factor + offset - reading.value) <= SAME * max(1.0, abs(reading.value)):
            self.unit, self.sent = unit, float(sent)
