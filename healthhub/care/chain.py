"""Who was told of an alert and whether it reached them, and who will be told next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import User
from monitoring import alerts as alert_doors
from monitoring.models import LIVE_STATES, Alert
from notifications import told
from notifications.told import Told


@dataclass(frozen=True, slots=True)
class Chain:
    """`told` so far, oldest first; `next_at` with `next_people` (names): whom the alert climbs to if nobody takes it."""

    told: list[Told]
    next_at: datetime | None
    next_people: list[str]


def of(*, viewer: Viewer, alerts: Sequence[Alert], now: datetime) -> dict[UUID, Chain]:
    """This function will give the chain of each of these alerts of one patient, to her clinicians; to others nothing.

    The caller got the alerts through a door that asked whether she may see them.
    """
    if not alerts or not access.may(viewer, alerts[0].patient_id, action="clinical", now=now):
        return {}
    notices = told.about([alert_doors.about(alert) for alert in alerts])
    ids = {UUID(person) for alert in alerts for step in alert.chain for person in step["people"]}
    names = dict(User.objects.filter(id__in=ids).values_list("id", "name"))
    return {alert.id: _chain(alert, notices.get(alert_doors.about(alert), []), names) for alert in alerts}


def _chain(alert: Alert, notices: list[Told], names: dict[UUID, str]) -> Chain:
    climbs = alert.state in LIVE_STATES and alert.acknowledged_by_id is None and alert.step < len(alert.chain)
    people = alert.chain[alert.step]["people"] if climbs else []
    return Chain(notices, alert.due_at if climbs else None, [names[UUID(one)] for one in people if UUID(one) in names])
