"""What is known of one person, as the models see it. Plain values, so that features are arithmetic and can be proven not to look ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from healthhub.lib.refused import Invalid


class Reading(NamedTuple):
    """One reading: canonical units of the catalogue, moment of measuring and moment at which it became known (both with zone)."""

    at: datetime
    value: float
    value2: float | None = None
    received_at: datetime | None = None  # None: known at once
    utc_offset: int = 0  # minutes
    flags: int = 0  # bits of healthhub.records.catalogue

    @property
    def known_at(self) -> datetime:
        return self.at if self.received_at is None else max(self.at, self.received_at)


@dataclass(frozen=True, slots=True)
class History:
    """A person's readings by kind (each list in time order), and who she is."""

    readings: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    birth_date: date | None = None
    sex: str = ""  # female | male | ""
    conditions: frozenset[str] = frozenset()

    def refuse_later_than(self, as_of: datetime) -> None:
        """This function will raise Invalid(code="after_as_of") if anything here was measured, or became known, after `as_of`."""
        for kind, readings in self.readings.items():
            if any(one.at > as_of or (one.received_at is not None and one.received_at > as_of) for one in readings):
                raise Invalid(f"There are readings of {kind} from after {as_of.isoformat()}.", code="after_as_of", field=kind)

    def up_to(self, as_of: datetime) -> "History":
        """This function will give what was known at `as_of`: how a replay asks about the past."""
        kept = {kind: [one for one in readings if one.known_at <= as_of] for kind, readings in self.readings.items()}
        return History(kept, self.birth_date, self.sex, self.conditions)


@dataclass(frozen=True, slots=True)
class Known:
    """An input as it stood: its value in the model's unit, and when what it rests on was measured (None: a fact without a date)."""

    value: float
    at: datetime | None = None
