"""The inbox: what a person was told, in order, for as long as she may still know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce

from healthhub.lib.refused import NotVisible
from healthhub.people import access
from notifications.models import Attempt, Inbox, Notice

MOST = 200


@dataclass(frozen=True)
class Page:
    """Notices in the order of `seq`. `upto` is the last number looked at, which may be beyond the last notice shown."""

    notices: list[Notice]
    upto: int
    more: bool


def since(*, person: UUID, after: int, limit: int = MOST, now: datetime) -> Page:
    """This function will give her notices numbered above `after`, oldest first, without those she may no longer know.

    Numbers become visible in order, so going on from `upto` misses nothing and repeats nothing.
    """
    rows = list(Notice.objects.filter(person=person, seq__gt=after).order_by("seq")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return Page(notices=known(rows, person=person, now=now), upto=rows[-1].seq if rows else after, more=more)


def newest(*, person: UUID, limit: int = 20, now: datetime) -> list[Notice]:
    """This function will give her newest notices, newest first, without those she may no longer know."""
    rows = list(Notice.objects.filter(person=person).order_by("-seq")[:limit])
    return known(rows, person=person, now=now)


def known(rows: Sequence[Notice], *, person: UUID, now: datetime) -> list[Notice]:
    """This function will leave out what speaks of data that consent no longer covers for her.

    Cancelled notices stay: no channel is tried any more, because the matter is in hand, but she may still read of it.
    """
    about = {(row.patient_id, row.data_class) for row in rows if row.patient_id is not None}
    covered = {pair for pair in about if person in access.watchers_of(pair[0], data_class=pair[1] or None, now=now)}
    return [row for row in rows if row.patient_id is None or (row.patient_id, row.data_class) in covered]


def last_seq(*, person: UUID) -> int:
    """This function will give the number of her newest notice, 0 when she has none."""
    return Inbox.objects.filter(person=person).values_list("last_seq", flat=True).first() or 0


def seen(*, person: UUID, notice_id: UUID, now: datetime) -> Notice:
    """This function will note that she saw it: what was still unsent is thereby delivered. Twice is once.

    Raises NotVisible for a notice that is not hers or that she may no longer know.
    """
    notice = _hers(person=person, notice_id=notice_id, now=now)
    Notice.objects.filter(id=notice.id, seen_at=None).update(seen_at=now)
    Notice.objects.filter(id=notice.id, state=Notice.State.PENDING).update(
        state=Notice.State.DELIVERED, delivered_at=Coalesce(F("delivered_at"), now), due_at=None
    )
    notice.refresh_from_db()
    return notice


def attempts(*, person: UUID, notice_id: UUID, now: datetime) -> list[Attempt]:
    """This function will tell her how we tried to reach her with one notice, in order. Raises NotVisible as `seen`."""
    return list(_hers(person=person, notice_id=notice_id, now=now).attempts.order_by("id"))


def _hers(*, person: UUID, notice_id: UUID, now: datetime) -> Notice:
    found = known(list(Notice.objects.filter(id=notice_id, person=person)), person=person, now=now)
    if not found:
        raise NotVisible
    return found[0]
