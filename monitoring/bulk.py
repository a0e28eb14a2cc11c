"""One act on many patients of a worklist at once: each is asked for herself, and each result is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from healthhub.lib.refused import Conflict, Invalid, NotVisible, Refused
from healthhub.people.access import Viewer
from monitoring import alerts, desk
from monitoring.models import Alert
from monitoring.worklist import Row, worklist_rows

MOST = 200
ACTS = ("take", "snooze", "tag", "review")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the act for one patient: done, or refused and why. `name` is None for a patient who is not the viewer's to see."""

    patient_id: UUID
    name: str | None
    refused: Refused | None = None


def carry_out(
    *, patient_ids: Sequence[UUID], act: str, by: Viewer, now: datetime, until: datetime | None = None, tag: str = ""
) -> list[Result]:
    """This function will do one act for each patient: `take` every alert of hers that nobody has, `snooze` all of them until `until`
    for the viewer only, put a `tag` on her, or mark her as looked at (`review`).

    One patient is one transaction: for her it is done entirely or not at all, and a refusal of one stops no other. Gives the results
    in the order asked. Raises Invalid (`unknown_act`, `too_many`, or of the act's own input), and then nothing was done.
    """
    wanted = list(dict.fromkeys(patient_ids))
    if act not in ACTS:
        raise Invalid("There is no such action.", code="unknown_act", field="act")
    if not 1 <= len(wanted) <= MOST:
        raise Invalid("Choose between 1 and 200 patients.", code="too_many", field="patients")
    if act == "snooze" and (until is None or not now < until <= now + timedelta(days=7)):
        raise Invalid("Snooze until a time within the next 7 days.", code="out_of_range", field="until")
    if act == "tag":
        desk.named(tag, "tag")
    rows = {row.patient.id: row for row in worklist_rows(viewer=by, patient_ids=wanted, now=now)}

    def one(row: Row) -> None:
        if act == "take":
            _each(row, lambda alert: alerts.acknowledge(alert_id=alert.id, by=by, now=now), but_held_by=by)
        elif act == "snooze" and until is not None:
            _each(row, lambda alert: alerts.snooze(alert_id=alert.id, by=by, until=until, now=now))
        elif act == "tag":
            desk.tag(patient_id=row.patient.id, name=tag, by=by, now=now)
        else:
            desk.review(patient_id=row.patient.id, by=by, now=now)

    return [_result(patient_id, rows.get(patient_id), one) for patient_id in wanted]


def _result(patient_id: UUID, row: Row | None, one: Callable[[Row], None]) -> Result:
    if row is None:
        return Result(patient_id, None, NotVisible())
    try:
        with transaction.atomic():
            one(row)
    except Refused as refused:
        return Result(patient_id, row.patient.name, refused)
    return Result(patient_id, row.patient.name)


def _each(row: Row, step: Callable[[Alert], Alert], but_held_by: Viewer | None = None) -> None:
    pressing = [alert for alert in row.alerts if alert.id not in row.snoozed]
    if not pressing:
        raise Conflict("She has no open alert.", code="no_alert")
    for alert in pressing:
        if but_held_by is None or alert.acknowledged_by_id != but_held_by.user_id:
            step(alert)
