"""What the sockets of FHIR subscriptions ask of the house (see healthhub.live.subscriptions)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from healthhub.config import sockets
from healthhub.lib.refused import Refused
from healthhub.live import bell
from healthhub.live.doors import Who
from healthhub.live.subscriptions import Asking, Bound
from healthhub.people import smart
from healthhub.people.models import User
from healthhub.records.catalogue import BY_NUMBER
from monitoring import subscriptions


def authenticate(scope: dict[str, Any], now: datetime) -> Who | None:
    """This function will tell who holds the socket: as at /ws/, or an app by its key, in the name of the person who allowed it."""
    who = sockets.authenticate(scope, now)
    key = sockets.bearer_of(scope)
    if who is not None or key is None:
        return who
    try:
        viewer = smart.viewer_of_app(key, now)
    except Refused:
        return None
    if viewer.user_id is None:
        return None
    seat = f"app:{viewer.access_id}"
    user = User.objects.get(id=viewer.user_id)
    group = bell.group_of(viewer.user_id)
    return Who(key=seat, seat=seat, group=group, stamp=sockets.stamp_of(user), user_id=viewer.user_id, access_id=viewer.access_id)


def bind(who: Who, subscription_id: UUID) -> Bound | None:
    """This function will find the living subscription of this person, device or app; None where it is not hers."""
    person = None if who.access_id else who.user_id
    owner = {"user_id": person, "token_id": who.token_id, "app_id": who.access_id}
    row = subscriptions.bound(subscription_id=subscription_id, owner=owner)
    if row is None:
        return None
    return Bound(row.id, row.patient_id, row.resource, frozenset(BY_NUMBER[number].key for number in row.kinds))


ASKING = Asking(authenticate=authenticate, bind=bind)
