"""Who needs the doctor most: the order of the worklist, as arithmetic over what is known of each patient. No database in here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

SILENT_AFTER = timedelta(days=7)
BUCKETS = ("red", "urgent", "amber", "watch", "info", "silent", "calm")
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pressing:
    """One live alert: its severity, since when, and who has it."""

    severity: str
    opened_at: datetime
    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What is known of one patient at one moment: her live alerts (without those the viewer made quiet), risk, silence, what she missed.

    `band` is how bad the band of her risk is (0: low or none), `rose` whether it got worse and nobody has looked at her since.
    """

    patient_id: UUID
    name: str
    alerts: tuple[Pressing, ...] = ()
    band: int = 0
    rose: bool = False
    received_at: datetime | None = None
    missed: int = 0

    @property
    def first(self) -> Pressing | None:
        """The alert that presses most: of one severity, what nobody has before what somebody has; the older first."""
        return min(self.alerts, key=_pressing, default=None)


def silent(received_at: datetime | None, *, now: datetime) -> bool:
    """This function will tell whether nothing came for 7 days, or ever."""
    return received_at is None or received_at < now - SILENT_AFTER


def bucket(need: Need, *, now: datetime) -> str:
    """This function will give the group: the severity of her first alert, `watch` for a risk that rose unseen, `silent`, or `calm`."""
    groups = [alert.severity for alert in need.alerts]
    groups += ["watch"] if need.rose else []
    groups.append("silent" if silent(need.received_at, now=now) else "calm")
    return min(groups, key=BUCKETS.index)


def ordered(needs: Iterable[Need], *, now: datetime) -> list[tuple[Need, str]]:
    """This function will give the patients with their group, the one who needs most first.

    By group; within it alerts nobody has, the older first; then risk and whether it rose; then silence, the longest first; then what
    was missed; then the name. Risk orders within a group and never across.
    """
    found = [(need, bucket(need, now=now)) for need in needs]
    return sorted(found, key=lambda pair: _key(*pair))


def _pressing(alert: Pressing) -> tuple[int, bool, datetime]:
    return BUCKETS.index(alert.severity), alert.holder is not None, alert.opened_at


def _key(need: Need, group: str) -> tuple[int, bool, datetime, int, bool, datetime, int, str, str]:
    first = need.first if need.first is not None and need.first.severity == group else None
    held, opened = (first.holder is not None, first.opened_at) if first else (True, datetime.max.replace(tzinfo=UTC))
    received = (need.received_at or LONG_AGO) if group == "silent" else LONG_AGO
    return BUCKETS.index(group), held, opened, -need.band, not need.rose, received, -need.missed, need.name, str(need.patient_id)
