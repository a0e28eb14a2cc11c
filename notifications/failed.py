"""Notices that no door took: an operator sees why, without whose they are, and has them tried again."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.lib.refused import Conflict, NotAllowed, NotVisible
from healthhub.people.access import Viewer, parsed_id
from notifications import operators
from notifications.models import Attempt, Notice
from notifications.post import wake_for

# Gateways quote addresses in their answers: who it was for is not the operator's business.
ADDRESS = re.compile(r"[^\s<>@]+@")


@dataclass(frozen=True, slots=True)
class Failed:
    """A notice that was given up: what it was about in one word, how severe, and what the last door answered."""

    id: UUID
    reason: str
    severity: str
    created_at: datetime
    tried_at: datetime | None
    tries: int
    transport: str
    because: str


def failed(*, by: Viewer, now: datetime, limit: int = 50) -> tuple[list[Failed], int]:
    """This function will give the newest notices that were given up, and how many there are. For operators (NotAllowed)."""
    _operator(by, now)
    rows = Notice.objects.filter(state=Notice.State.FAILED).order_by("-created_at")
    newest = list(rows[:limit])
    attempts: dict[UUID, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(notice__in=newest).exclude(outcome=Attempt.Outcome.OFFERED).order_by("id"):
        attempts.setdefault(attempt.notice_id, []).append(attempt)
    return [_failed(one, attempts.get(one.id, [])) for one in newest], rows.count()


def _failed(notice: Notice, tried: list[Attempt]) -> Failed:
    last = tried[-1] if tried else None
    return Failed(
        id=notice.id,
        reason=notice.reason,
        severity=notice.severity,
        created_at=notice.created_at,
        tried_at=last.at if last else None,
        tries=len(tried),
        transport=last.transport if last else "",
        because=ADDRESS.sub("…@", last.detail) if last else "",
    )


def try_again(*, notice_id: UUID | str, by: Viewer, now: datetime) -> None:
    """This function will make a notice that was given up due again, through every door that is open now.

    For operators (NotAllowed). Raises NotVisible, and Conflict (`not_failed`) where it is not given up (any more).
    """
    _operator(by, now)
    with transaction.atomic():
        notice = Notice.objects.select_for_update().filter(id=parsed_id(notice_id)).first()
        if notice is None:
            raise NotVisible
        if notice.state != Notice.State.FAILED:
            raise Conflict("This notice is on its way already, or done.", code="not_failed")
        notice.state, notice.due_at, notice.tries, notice.woken_at, notice.tried_again_at = Notice.State.PENDING, now, 0, None, now
        notice.save(update_fields=["state", "due_at", "tries", "woken_at", "tried_again_at"])
        log.record(by=by, did="notice.try_again", patient_id=notice.patient_id, about=f"notice:{notice.id}", now=now)
        wake_for([notice.id])


def _operator(by: Viewer, now: datetime) -> None:
    if by.user_id not in operators.on_watch(now=now):
        raise NotAllowed("Only an operator may do this.", code="operators_only")
