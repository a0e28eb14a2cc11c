"""How regularly medicines are taken. Pure: doses by day and time, and what was said of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthhub.lib.times import first_moment

GRACE = timedelta(hours=2)  # a dose nobody spoke of is missed only after this


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose as it was meant: her local day and time, and the moment (UTC) that this is where she is."""

    day: date
    time: time
    due_at: datetime

    @property
    def key(self) -> str:
        """Which dose of its medicine this is: `20261123T0800`."""
        return f"{self.day:%Y%m%d}T{self.time:%H%M}"


@dataclass(frozen=True, slots=True)
class Adherence:
    """Doses that were due and those that were taken, over whole days."""

    due: int
    taken: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where nothing was due."""
        return self.taken / self.due if self.due else None


def doses(*, times: Iterable[time], since: date, until: date | None, first: date, last: date, zone: ZoneInfo) -> list[Dose]:
    """This function will give the doses of one medicine on the local days first..last on which it is taken, in order."""
    start, end = max(first, since), last if until is None else min(last, until)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    clocks = sorted(times)
    return [Dose(day, clock, first_moment(datetime.combine(day, clock), zone)) for day in days for clock in clocks]


def adherence(planned: Iterable[Dose], said: Mapping[str, bool], *, now: datetime, stopped_at: datetime | None = None) -> Adherence:
    """This function will count doses that were due, and of them those said to be taken (`said`: dose key -> taken).

    A dose counts once something was said of it, or once it is two hours late; one due after the medicine was stopped never does.
    """
    due = taken = 0
    for dose in planned:
        spoken = said.get(dose.key)
        stopped = stopped_at is not None and dose.due_at > stopped_at
        if spoken is None and (stopped or dose.due_at + GRACE > now):
            continue
        due += 1
        taken += bool(spoken)
    return Adherence(due, taken)
