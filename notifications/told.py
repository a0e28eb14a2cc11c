"""Who was told of a thing, and did it reach her: for those who work on it. Who may know that is the caller's to ask."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from notifications.models import Notice


@dataclass(frozen=True, slots=True)
class Told:
    """One notice to one person: `state` is pending, delivered, failed or cancelled; `seen_at` only where a page of hers said so."""

    about: str
    person_id: UUID
    name: str
    reason: str
    severity: str
    data_class: str
    at: datetime
    state: str
    delivered_at: datetime | None
    seen_at: datetime | None

    @property
    def came(self) -> str:
        """`seen`, or the state."""
        return "seen" if self.seen_at else self.state


_FIELDS = (
    "about", "person_id", "person__name", "reason", "severity", "data_class", "created_at", "state", "delivered_at", "seen_at",
)  # fmt: skip


def about(things: Collection[str]) -> dict[str, list[Told]]:
    """This function will give the notices about each thing (`alert:<id>`), oldest first. One statement."""
    found: dict[str, list[Told]] = defaultdict(list)
    for row in Notice.objects.filter(about__in=things).order_by("created_at", "seq").values_list(*_FIELDS):
        found[row[0]].append(Told(*row))
    return dict(found)


def of_patient(patient_id: UUID, *, since: datetime, until: datetime, limit: int = 300) -> list[Told]:
    """This function will give the notices that speak of a patient, since <= created < until, newest first."""
    rows = Notice.objects.filter(patient_id=patient_id, created_at__gte=since, created_at__lt=until).order_by("-created_at")
    return [Told(*row) for row in rows.values_list(*_FIELDS)[:limit]]
