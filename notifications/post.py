"""Posting: writes down who must hear what, in the transaction of the fact itself. Sending is the worker's business.

A notice is stored if and only if its fact is. The per-person number `seq` is given under a lock on the person's small
Inbox row that is held until the commit, so numbers become visible in order: "everything after N" misses nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthhub.lib.ids import uuid7
from healthhub.live import bell, wake
from notifications.models import Notice
from notifications.quiet import put_off

DELIVER = "notifications.deliver"
IN_ONE_HINT = 20

# Always in the order of the ids: two transactions that post to the same people wait for each other, never in a circle.
_LOCK = """
SELECT i.person_id, u.is_active, COALESCE(p.time_zone, u.time_zone), q.start, q."end"
FROM notifications_inbox i
JOIN people_user u ON u.id = i.person_id
LEFT JOIN people_patient p ON p.user_id = u.id
LEFT JOIN notifications_quiethours q ON q.person_id = u.id
WHERE i.person_id = ANY(%s)
ORDER BY i.person_id
FOR NO KEY UPDATE OF i
"""
_OPEN = """
INSERT INTO notifications_inbox (person_id, last_seq)
SELECT id, 0 FROM people_user WHERE id = ANY(%s) ORDER BY id ON CONFLICT DO NOTHING
"""
_INSERT = """
WITH asked AS (
    SELECT * FROM unnest(%(id)s::uuid[], %(person)s::uuid[], %(about)s::text[], %(reason)s::text[], %(severity)s::text[],
                         %(texts)s::jsonb[], %(patient)s::uuid[], %(data_class)s::text[], %(due_at)s::timestamptz[])
    WITH ORDINALITY AS a(id, person, about, reason, severity, texts, patient, data_class, due_at, n)
), fresh AS (
    SELECT a.*, i.last_seq + row_number() OVER (PARTITION BY a.person ORDER BY a.n) AS seq
    FROM asked a JOIN notifications_inbox i ON i.person_id = a.person
    WHERE NOT EXISTS (SELECT 1 FROM notifications_notice o WHERE o.person_id = a.person AND o.about = a.about AND o.reason = a.reason)
), numbered AS (
    UPDATE notifications_inbox i SET last_seq = f.last
    FROM (SELECT person, max(seq) AS last FROM fresh GROUP BY person) f WHERE i.person_id = f.person
)
INSERT INTO notifications_notice
    (id, person_id, seq, about, reason, patient_id, data_class, severity, texts, created_at, due_at, tries, state)
SELECT id, person, seq, about, reason, patient, data_class, severity, texts, %(now)s, due_at, 0, 'pending' FROM fresh
RETURNING id, seq
"""


@dataclass(frozen=True)
class Message:
    """One matter for some people. `texts` is {"zh-hans": {"title", "body"}, "en": {...}}; `severity` red, urgent, amber, watch or info.

    `patient_id` and `data_class` say whose data the texts speak of: consent is asked again when they are sent. Without a
    patient the texts must not speak of anybody's data.
    """

    people: Sequence[UUID]
    about: str
    reason: str
    severity: str
    texts: Mapping[str, Any]
    patient_id: UUID | None = None
    data_class: str = ""


@dataclass(frozen=True)
class _Person:
    is_active: bool
    time_zone: str
    start: time | None = None
    end: time | None = None

    def due_at(self, severity: str, now: datetime) -> datetime:
        return put_off(severity, time_zone=self.time_zone, start=self.start, end=self.end, now=now)


def post(
    *,
    people: Sequence[UUID],
    about: str,
    reason: str,
    severity: str,
    texts: Mapping[str, Any],
    now: datetime,
    patient_id: UUID | None = None,
    data_class: str = "",
) -> list[Notice]:
    """This function will write one notice per person in the caller's transaction and give back those that are new.

    The same (person, about, reason) again is no news and writes nothing. Quiet hours put `due_at` off (not for urgent
    and red). After the commit open pages are rung and a worker is woken.
    """
    message = Message(
        people=people, about=about, reason=reason, severity=severity, texts=texts, patient_id=patient_id, data_class=data_class
    )
    return post_all(messages=[message], now=now)


def post_all(*, messages: Sequence[Message], now: datetime) -> list[Notice]:
    """This function will post several messages in two statements.

    A transaction that has several should post them together: inbox rows are then locked once, in one order.
    """
    everyone = sorted({person for message in messages for person in message.people})
    if not everyone:
        return []
    with transaction.atomic(savepoint=False):
        known = _lock_inboxes(everyone)
        notices = _insert(_drafts(messages, known, now), now)
        if notices:
            bell.ring_on_commit(users={notice.person_id for notice in notices}, event={"type": "notice"})
            wake_for([notice.id for notice in notices if notice.due_at is not None and notice.due_at <= now])
    return notices


def wake_for(notice_ids: Sequence[UUID]) -> None:
    """This function will ask for workers after the commit, one for every few notices: a hint costs its sender 0.7 ms."""
    chunks = [notice_ids[start : start + IN_ONE_HINT] for start in range(0, len(notice_ids), IN_ONE_HINT)]
    wake.worker_on_commit(task=DELIVER, each=[{"notice_ids": [str(one) for one in chunk]} for chunk in chunks])


def cancel(*, about: str, person: UUID | None = None, but: UUID | None = None) -> int:
    """This function will cancel what is still unsent about a matter (for one person, or for all `but` one), and count it."""
    waiting = Notice.objects.filter(about=about, state=Notice.State.PENDING)
    if person is not None:
        waiting = waiting.filter(person_id=person)
    if but is not None:
        waiting = waiting.exclude(person_id=but)
    return waiting.update(state=Notice.State.CANCELLED, due_at=None)


def _lock_inboxes(everyone: list[UUID]) -> dict[UUID, _Person]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [everyone])
        rows = cursor.fetchall()
        if len(rows) < len(everyone):
            cursor.execute(_OPEN, [everyone])
            cursor.execute(_LOCK, [everyone])
            rows = cursor.fetchall()
    return {person: _Person(*rest) for person, *rest in rows}


def _drafts(messages: Iterable[Message], known: Mapping[UUID, _Person], now: datetime) -> list[Notice]:
    drafts: dict[tuple[UUID, str, str], Notice] = {}
    for message in messages:
        for person in sorted({*message.people}):
            key = (person, message.about, message.reason)
            # Whoever left the house (or was never in it) is told nothing.
            if key in drafts or person not in known or not known[person].is_active:
                continue
            drafts[key] = Notice(
                id=uuid7(),
                person_id=person,
                about=message.about,
                reason=message.reason,
                patient_id=message.patient_id,
                data_class=message.data_class,
                severity=message.severity,
                texts=dict(message.texts),
                created_at=now,
                due_at=known[person].due_at(message.severity, now),
            )
    return list(drafts.values())


def _insert(drafts: list[Notice], now: datetime) -> list[Notice]:
    if not drafts:
        return []
    columns: dict[str, list[Any]] = {
        "id": [n.id for n in drafts],
        "person": [n.person_id for n in drafts],
        "about": [n.about for n in drafts],
        "reason": [n.reason for n in drafts],
        "severity": [n.severity for n in drafts],
        "texts": [json.dumps(n.texts, ensure_ascii=False) for n in drafts],
        "patient": [n.patient_id for n in drafts],
        "data_class": [n.data_class for n in drafts],
        "due_at": [n.due_at for n in drafts],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, {**columns, "now": now})
        numbers = dict(cursor.fetchall())
    for notice in drafts:
        notice.seq = numbers.get(notice.id, 0)
        notice._state.adding = False
    return [notice for notice in drafts if notice.id in numbers]
