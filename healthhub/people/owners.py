"""Who asked for work that goes on without her (exports, subscriptions): a person, a device token, or an app, as she is at each step.

A row of such work has three foreign keys, `user`, `token` and `app`, of which exactly one is set.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from healthhub.lib.refused import NotVisible
from healthhub.people import access, smart
from healthhub.people.access import Viewer
from healthhub.people.models import User


class Owned(Protocol):
    """A row with an owner."""

    user_id: UUID | None
    token_id: UUID | None
    app_id: UUID | None


def owned(by: Viewer) -> dict[str, UUID | None]:
    """This function will give the three foreign keys of what this viewer asks for."""
    if by.kind == "app":
        return {"user_id": None, "token_id": None, "app_id": by.access_id}
    return {"user_id": by.user_id, "token_id": by.token_id, "app_id": None}


def owner_of(row: Owned, *, types: Collection[str], now: datetime) -> Viewer:
    """This function will give whoever asked, as she is now; `types`: of FHIR resources, of which an app must still be allowed each.

    Raises BadToken for a token or an app whose access ended, NotVisible for a person who was shut out, `smart.Scope`.
    """
    if row.token_id is not None:
        return access.viewer_of_token_id(row.token_id, now, used=False)
    if row.app_id is not None:
        return smart.reaches(smart.viewer_of_access(row.app_id, now), types)
    user = User.objects.get(id=row.user_id) if row.user_id else None
    if user is None or not user.is_active:
        raise NotVisible
    return access.viewer_of(user)
