"""Delivering: hands due notices to the doors of their people, at least once, and closes them only afterwards.

One notice, one step at a time:
1. claim it: one statement moves `due_at` ahead by a lease that doubles with every claim. A worker that dies leaves a
   notice that is due again when its lease ends; two workers never hold the same lease.
2. is it done already, may she not be told any more, is it quiet where she is now? Then nothing is sent.
3. ring her sockets, and give an open page a moment to say `seen` (none when it is urgent).
4. hand it to her first channel that has not failed for it, with the notice id as the receiver's de-duplication key.
5. record the attempt, and close, put off, or go on to the next channel. Behind the last one stand the operators.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from healthhub.audit import log
from healthhub.lib.refused import NotVisible
from healthhub.live import bell
from healthhub.people import access
from notifications import operators, quiet
from notifications.channels import disable
from notifications.models import Attempt, Channel, Notice
from notifications.post import wake_for
from notifications.transports import Letter, TransportError
from notifications.transports.doors import TRANSPORTS

LEASE = timedelta(seconds=5)
LONGEST_LEASE = 64  # times LEASE
TRIES_BEFORE_NEXT = 3  # at 0, 5 and 15 s: a second channel within the minute
TRIES_AT_LAST = 9  # about 17 minutes
MOST_CLAIMS = 40  # a notice that kills its workers ends here
WAKE_AGAIN = timedelta(seconds=10)
PATIENCE = 1.0  # seconds a worker spends on its hint before it asks for help
SWEEP_BUDGET = 10.0  # seconds a sweep may spend on sending by itself
SHUT = (Attempt.Outcome.GIVEN_UP, Attempt.Outcome.PERMANENT)

_CLAIM = """
UPDATE notifications_notice
SET tries = tries + 1, due_at = %(now)s + make_interval(secs => %(lease)s) * LEAST(power(2, LEAST(tries, 10)), %(longest)s)
WHERE id = (SELECT id FROM notifications_notice WHERE id = %(id)s AND state = 'pending' AND due_at <= %(now)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_DUE = """
WITH found AS (
    SELECT id, woken_at FROM notifications_notice
    WHERE state = 'pending' AND due_at <= %(now)s AND (woken_at IS NULL OR woken_at <= %(now)s - make_interval(secs => %(again)s))
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE notifications_notice n SET woken_at = %(now)s FROM found f WHERE n.id = f.id RETURNING n.id, f.woken_at IS NOT NULL
"""


@dataclass(frozen=True)
class Due:
    """A notice that waits; `again` when a worker was woken for it before and did not take it."""

    id: UUID
    again: bool


@dataclass(frozen=True)
class Swept:
    """What one round of the sweep found due, and how many of those it had to send itself."""

    woken: int
    sent: int


def due(*, now: datetime, limit: int = 500) -> list[Due]:
    """This function will name notices that are due and for which nobody was woken of late: one statement, any number of sweeps."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "again": WAKE_AGAIN.total_seconds(), "limit": limit})
        return [Due(*row) for row in cursor.fetchall()]


def sweep(*, now: datetime, limit: int = 500) -> Swept:
    """This function will wake workers for what is due, and send by itself what they did not take: the broker or they may be dead."""
    started = time.monotonic()
    waiting = due(now=now, limit=limit)
    wake_for([one.id for one in waiting])
    sent = 0
    for one in waiting:
        elapsed = time.monotonic() - started
        if one.again and elapsed < SWEEP_BUDGET:
            deliver(notice_id=one.id, now=now + timedelta(seconds=elapsed))
            sent += 1
    return Swept(woken=len(waiting), sent=sent)


def deliver_all(*, notice_ids: Sequence[UUID], now: datetime) -> None:
    """This function will deliver one after another; when that takes long, the rest is given to other workers."""
    started = time.monotonic()
    for position, notice_id in enumerate(notice_ids):
        elapsed = time.monotonic() - started
        if elapsed > PATIENCE:
            for rest in notice_ids[position:]:
                wake_for([rest])
            return
        deliver(notice_id=notice_id, now=now + timedelta(seconds=elapsed))


def deliver(*, notice_id: UUID, now: datetime) -> str:
    """This function will carry one notice one step on and name the step: "not due", "cancelled", "quiet", "offered",
    "waits", "accepted", "retry", "next" or "failed". Safe to run twice, at any moment, by several workers at once.
    """
    if not claim(notice_id=notice_id, now=now):
        return "not due"
    notice = Notice.objects.select_related("person").get(id=notice_id)
    if not may_be_told(notice, now=now):
        _settle(notice, state=Notice.State.CANCELLED, due_at=None)
        return "cancelled"
    allowed_at = quiet.allowed_at(person=notice.person_id, severity=notice.severity, now=now)
    if allowed_at > now:
        _settle(notice, due_at=allowed_at, tries=0, woken_at=None)
        return "quiet"
    past = [one for one in notice.attempts.all() if notice.tried_again_at is None or one.at >= notice.tried_again_at]
    if not any(attempt.outcome == Attempt.Outcome.OFFERED for attempt in past) and _offer_live(notice, now):
        return "offered"
    channels = _open_channels(notice, past)
    tried = [attempt for attempt in past if attempt.outcome != Attempt.Outcome.OFFERED]
    if not channels and not tried:
        # Nobody to hand it to: it stays in her inbox, and is delivered when she sees it there.
        _settle(notice, due_at=None)
        return "waits"
    if not channels or notice.tries > MOST_CLAIMS:
        return _fail(notice, "no channel is left" if not channels else "claimed too often: workers die of it", now)
    return _send(notice, channels, tried, now)


def replay(*, person: UUID, notice_id: UUID, channel_id: UUID, now: datetime) -> Attempt:
    """This function will send a notice of hers once more by one of her webhooks, at once and with the same id, and give the attempt.

    The notice's own way is not touched. Raises NotVisible where either is not hers, or consent has ended.
    """
    notice = Notice.objects.select_related("person").filter(id=notice_id, person=person).first()
    channel = Channel.objects.filter(id=channel_id, person=person, transport=Channel.Transport.WEBHOOK).first()
    if notice is None or channel is None or not may_be_told(notice, now=now):
        raise NotVisible
    started = time.monotonic()
    try:
        outcome, detail = Attempt.Outcome.ACCEPTED, TRANSPORTS[channel.transport](letter_of(notice, now=now), channel.address)
    except TransportError as error:
        outcome, detail = Attempt.Outcome.REFUSED, error.message
    with transaction.atomic():
        ended = now + timedelta(seconds=time.monotonic() - started)
        log.record(by=None, did="notice.sent", patient_id=notice.patient_id, about=f"notice:{notice.id}", now=now, detail={"by": "replay"})
        return _record(notice, channel, outcome, detail, began=now, ended=ended)


def claim(*, notice_id: UUID, now: datetime) -> bool:
    """This function will take the lease on a due notice, or say that it is done, not due, or another's."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"id": notice_id, "now": now, "lease": LEASE.total_seconds(), "longest": LONGEST_LEASE})
        return cursor.fetchone() is not None


def may_be_told(notice: Notice, *, now: datetime) -> bool:
    """This function will ask consent again: who may no longer be told is not told, however long the notice waited."""
    if not notice.person.is_active or notice.patient_id is None:
        return notice.person.is_active
    return notice.person_id in access.watchers_of(notice.patient_id, data_class=notice.data_class or None, now=now, right="notify")


def letter_of(notice: Notice, *, now: datetime) -> Letter:
    """This function will write the notice in its person's language (in another one when hers is missing)."""
    texts: dict[str, str] = notice.texts.get(notice.person.language) or next(iter(notice.texts.values()), {})
    return Letter(
        notice_id=notice.id,
        seq=notice.seq,
        about=notice.about,
        reason=notice.reason,
        severity=notice.severity,
        title=texts.get("title", ""),
        body=texts.get("body", ""),
        language=notice.person.language,
        email=notice.person.email,
        url=f"{settings.PUBLIC_URL}/?notice={notice.id}",
        created_at=notice.created_at,
        sent_at=now,
    )


def _offer_live(notice: Notice, now: datetime) -> bool:
    """Ring her sockets; True when an open page has a grace to say `seen` before the next door is tried."""
    grace = timedelta() if notice.severity in quiet.PASS_QUIET_HOURS else settings.LIVE_GRACE
    with transaction.atomic():
        Attempt.objects.create(notice=notice, at=now, transport="live", outcome=Attempt.Outcome.OFFERED)
        if grace:
            _settle(notice, due_at=now + grace, woken_at=None)
        bell.ring_on_commit(users=[notice.person_id], event={"type": "notice"})
    return bool(grace)


def _open_channels(notice: Notice, past: Sequence[Attempt]) -> list[Channel]:
    shut = {attempt.channel_id for attempt in past if attempt.outcome in SHUT}
    return [channel for channel in Channel.objects.filter(person=notice.person_id, disabled_at=None) if channel.id not in shut]


def _send(notice: Notice, channels: Sequence[Channel], past: Sequence[Attempt], now: datetime) -> str:
    channel = channels[0]
    letter = letter_of(notice, now=now)
    started = time.monotonic()
    try:
        answer = TRANSPORTS[channel.transport](letter, channel.address)
    except TransportError as error:
        return _refused(notice, channels, past, error, now=now + timedelta(seconds=time.monotonic() - started))
    ended = now + timedelta(seconds=time.monotonic() - started)
    with transaction.atomic():
        _record(notice, channel, Attempt.Outcome.ACCEPTED, answer, began=now, ended=ended)
        _settle(notice, state=Notice.State.DELIVERED, delivered_at=ended, due_at=None)
        about = f"notice:{notice.id}"
        log.record(by=None, did="notice.sent", patient_id=notice.patient_id, about=about, now=ended, detail={"by": channel.transport})
    return "accepted"


def _refused(notice: Notice, channels: Sequence[Channel], past: Sequence[Attempt], error: TransportError, *, now: datetime) -> str:
    channel, is_last = channels[0], len(channels) == 1
    tries = 1 + sum(attempt.channel_id == channel.id for attempt in past)
    spent = tries >= (TRIES_AT_LAST if is_last else TRIES_BEFORE_NEXT)
    outcome = Attempt.Outcome.PERMANENT if error.permanent else Attempt.Outcome.GIVEN_UP if spent else Attempt.Outcome.RETRY
    with transaction.atomic():
        _record(notice, channel, outcome, error.message, began=now, ended=now)
        if error.permanent:
            disable(channel=channel, because=error.message, now=now)
        if outcome == Attempt.Outcome.RETRY:
            _settle(notice, due_at=now + LEASE * min(2 ** (tries - 1), LONGEST_LEASE), woken_at=None)
            return "retry"
        if is_last:
            return _fail(notice, error.message, now)
        _settle(notice, due_at=now, woken_at=None)
        wake_for([notice.id])
        return "next"


def _fail(notice: Notice, because: str, now: datetime) -> str:
    with transaction.atomic():
        if _settle(notice, state=Notice.State.FAILED, due_at=None):
            operators.page(notice=notice, because=because, now=now)
    return "failed"


def _record(notice: Notice, channel: Channel, outcome: str, detail: str, *, began: datetime, ended: datetime) -> Attempt:
    took = round((ended - began).total_seconds() * 1000)
    return Attempt.objects.create(
        notice=notice, channel=channel, at=began, transport=channel.transport, outcome=outcome, detail=detail[:400], took_ms=took
    )


def _settle(notice: Notice, **fields: object) -> int:
    """Only a pending notice is changed: `seen` or a cancellation may have come while it was being sent."""
    return Notice.objects.filter(id=notice.id, state=Notice.State.PENDING).update(**fields)
