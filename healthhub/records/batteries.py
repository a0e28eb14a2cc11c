"""How full the batteries of a patient's sources are, where the sources tell it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from healthhub.records.models import Source


@dataclass(frozen=True, slots=True)
class Charge:
    """Percent of a source's battery at a moment."""

    source: str
    percent: int
    at: datetime


def note(*, patient_id: UUID, charges: Iterable[Charge]) -> int:
    """This function will keep the newest charge of each source, making sources that are new, and give how many were news."""
    newest: dict[str, Charge] = {}
    for charge in charges:
        if charge.source not in newest or newest[charge.source].at < charge.at:
            newest[charge.source] = charge
    rows = [newest[key] for key in sorted(newest)]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_source (patient_id, key, name, priority, battery, battery_at) "
            "SELECT %s::uuid, key, '', 50, percent, at FROM unnest(%s::text[], %s::smallint[], %s::timestamptz[]) AS c(key, percent, at) "
            "ON CONFLICT (patient_id, key) DO UPDATE SET battery = excluded.battery, battery_at = excluded.battery_at "
            "WHERE records_source.battery_at IS NULL OR records_source.battery_at < excluded.battery_at RETURNING id",
            [patient_id, [row.source for row in rows], [row.percent for row in rows], [row.at for row in rows]],
        )
        return len(cursor.fetchall())


def of(*, patient_id: UUID) -> list[Charge]:
    """This function will give the newest charge of each of her sources that told one, newest first."""
    rows = Source.objects.filter(patient_id=patient_id, battery__isnull=False).order_by("-battery_at", "key")
    return [Charge(row.key, row.battery, row.battery_at) for row in rows if row.battery is not None and row.battery_at is not None]
