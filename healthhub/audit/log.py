"""The append-only log: who did or read what of whom, written in the transaction of the act itself.

Writing costs one INSERT. Every few seconds the sweep seals what is new into one hash chain per patient (see chain.py).
Below `people` on purpose: whoever acts is duck-typed, so that every room can write here.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection

from healthhub.audit.chain import Report, anchor, seal, verify
from healthhub.audit.models import Entry
from healthhub.lib.asked import told

__all__ = ["Actor", "Report", "anchor", "entries_of", "record", "record_reads", "seal", "verify"]

_ENTRY = "INSERT INTO audit_entry (patient_id, at, actor_kind, actor_id, did, about, detail) VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb)"

# The same entry as a part of a longer statement: `{detail}` is SQL that may name what the other parts returned (see `values_beside`).
BESIDE = (
    "INSERT INTO audit_entry (patient_id, at, actor_kind, actor_id, did, about, detail) "
    "SELECT %s::uuid, %s::timestamptz, %s::text, %s::uuid, %s::text, %s::text, {detail}"
)


class Actor(Protocol):
    """Whoever acts: a signed-in person, a device token, or nobody we know. `healthhub.people.access.Viewer` is one."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """One of user, token, app, anonymous."""

    @property
    @abstractmethod
    def user_id(self) -> UUID | None:
        """The signed-in person."""

    @property
    @abstractmethod
    def token_id(self) -> UUID | None:
        """The device token."""

    @property
    @abstractmethod
    def organisation_id(self) -> UUID | None:
        """The organisation in whose name an app asks."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the actor is called."""


def record(
    *,
    by: Actor | None,
    did: str,
    now: datetime,
    patient_id: UUID | None = None,
    about: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """This function will write one act down, in the caller's transaction (one INSERT).

    `by` is None for the system itself; `did` is a dotted word of at most 40 characters (see words.py); `about` names the
    thing (`alert:<id>`); `detail` is JSON-able and must hold neither secrets nor values of readings.
    """
    kind, actor_id = _actor(by)
    told(connection, _ENTRY, [patient_id, now, kind, actor_id, did, about, json.dumps({**(detail or {}), **_through(by)})])


def values_beside(*, by: Actor | None, did: str, patient_id: UUID, now: datetime, about: str = "") -> list[Any]:
    """This function will give the values for `BESIDE`, for a door that writes its entry in the statement of the act itself."""
    kind, actor_id = _actor(by)
    return [patient_id, now, kind, actor_id, did, about]


def record_reads(*, by: Actor | None, did: str, patient_ids: Iterable[UUID], now: datetime, about: str = "") -> None:
    """This function will write down that the data of these patients were read: one row each, one INSERT in all."""
    ids = list(patient_ids)
    if not ids:
        return
    kind, actor_id = _actor(by)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (patient_id, at, actor_kind, actor_id, did, about, detail)"
            " SELECT patient_id, %s, %s, %s, %s, %s, %s::jsonb FROM unnest(%s::uuid[]) AS patient_id",
            [now, kind, actor_id, did, about, json.dumps(_through(by)), ids],
        )


def entries_of(*, patient_id: UUID, before: int | None = None, limit: int = 50, but: UUID | None = None) -> Sequence[Entry]:
    """This function will give a patient's entries, newest first, before the entry numbered `before`; none that `but` did herself."""
    rows = Entry.objects.filter(patient_id=patient_id)
    if but is not None:
        rows = rows.exclude(actor_id=but, actor_kind="user")  # what the system did, and apps in her name, stays
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def _actor(by: Actor | None) -> tuple[str, UUID | None]:
    if by is None:
        return "system", None
    return by.kind, by.user_id or by.token_id or by.organisation_id


def _through(by: Actor | None) -> dict[str, str]:
    """The app's name beside the one in whose name it asked."""
    return {"app": by.name} if by is not None and by.kind == "app" else {}
