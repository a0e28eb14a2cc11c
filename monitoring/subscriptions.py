"""Standing questions (FHIR Subscription, R4): what is new of one patient is told to an address, by a worker, or to open sockets.

Nothing is lost and nothing is told to whom it may not be told: what was told is a place in the patient's own order, which moves only when
the other side took it; rights are asked for again before each step. What is told twice has the same id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.live import wake
from healthhub.people import access
from healthhub.people.access import BadToken, Viewer
from healthhub.people.owners import owned, owner_of
from healthhub.records import timeline
from monitoring.models import Alert, Subscription
from notifications import sealed
from notifications.transports import TransportError, http

TASK = "monitoring.subscriptions"
MEDIA = "application/fhir+json"
LIVE_AT_MOST = 20  # of one owner
LEASE = timedelta(seconds=40)
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(hours=1)
MOST_TRIES = 14  # about seven hours
STEPS = 20  # before the worker looks for other work
GONE = 410
LATE_STEPS = timedelta(minutes=2)  # an alert's step may be committed a little after its moment; as in _DUE
Status = Subscription.Status

# What is new and told to nobody yet becomes due. An alert's step may be committed a little after its moment.
_DUE = """
UPDATE monitoring_subscription s SET due_at = %(now)s
WHERE s.status = 'active' AND s.channel = 'rest-hook' AND s.due_at IS NULL AND CASE s.resource
    WHEN 'Observation' THEN EXISTS (
        SELECT 1 FROM records_timeline t WHERE t.patient_id = s.patient_id AND t.last_seq > (s.place->>'seq')::bigint)
    ELSE EXISTS (
        SELECT 1 FROM monitoring_alert a WHERE a.patient_id = s.patient_id
        AND a.version > coalesce((s.place->'told'->>a.id::text)::int, 0)
        AND EXISTS (
            SELECT 1 FROM monitoring_step p WHERE p.alert_id = a.id AND p.at > (s.place->>'at')::timestamptz - interval '2 minutes'))
    END
"""


@dataclass(frozen=True, slots=True)
class News:
    """Resources in the order in which they are told, and the place behind them; `more`: there are further ones."""

    resources: Sequence[Mapping[str, Any]]
    place: Mapping[str, Any]
    more: bool = False


Write = Callable[[Subscription, Viewer, datetime], News]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, checked: see `Subscription`. `headers`: lines `Name: value` for the address."""

    patient_id: UUID
    criteria: str
    resource: str
    kinds: Sequence[int]
    channel: str
    endpoint: str
    headers: Sequence[str]
    payload: bool
    reason: str
    ends_at: datetime | None


def ask(wanted: Wanted, *, by: Viewer, place: Mapping[str, Any], now: datetime) -> Subscription:
    """This function will keep a standing question; that `by` may read what it is about was asked before.

    Raises Invalid `bad_address` for an address that may not be called, Conflict `too_many_subscriptions`.
    """
    if wanted.channel == "rest-hook":
        try:
            http.checked(wanted.endpoint)
        except http.Unsafe as error:
            raise Invalid(f"This address cannot be told. {error}", code="bad_address", field="channel.endpoint") from error
    with transaction.atomic():
        if Subscription.objects.filter(**owned(by), status=Status.ACTIVE).count() >= LIVE_AT_MOST:
            raise Conflict("There are 20 subscriptions already: end one first.", code="too_many_subscriptions")
        row = Subscription.objects.create(
            **owned(by),
            patient_id=wanted.patient_id,
            criteria=wanted.criteria,
            resource=wanted.resource,
            kinds=list(wanted.kinds),
            channel=wanted.channel,
            endpoint=wanted.endpoint,
            headers=sealed.seal("\n".join(wanted.headers)) if wanted.headers else "",
            payload=wanted.payload,
            reason=wanted.reason,
            place=dict(place),
            made_at=now,
            ends_at=wanted.ends_at,
        )
        log.record(by=by, did="subscription.make", patient_id=row.patient_id, about=f"subscription:{row.id}", now=now)
    return row


def start_of(*, patient_id: UUID, resource: str, now: datetime) -> dict[str, Any]:
    """This function will give the place from which on something is new."""
    if resource == "Observation":
        return {"seq": timeline.last_seq(patient_id=patient_id)}
    fresh = Alert.objects.filter(patient_id=patient_id, steps__at__gt=now - LATE_STEPS)
    return {"at": now.isoformat(), "told": {str(id_): version for id_, version in fresh.values_list("id", "version")}}


def mine(*, by: Viewer, now: datetime) -> list[Subscription]:
    """This function will give what this viewer asked for, newest first; of whom is logged."""
    rows = list(Subscription.objects.filter(**owned(by)).order_by("-id")[:200])
    log.record_reads(by=by, did="subscription.read", patient_ids={row.patient_id for row in rows}, now=now)
    return rows


def one(subscription_id: UUID | str, *, by: Viewer, now: datetime) -> Subscription:
    """This function will give one of them. Raises NotVisible."""
    row = Subscription.objects.filter(**owned(by), id=access.parsed_id(subscription_id)).first()
    if row is None:
        raise NotVisible
    log.record(by=by, did="subscription.read", patient_id=row.patient_id, about=f"subscription:{row.id}", now=now)
    return row


def end(subscription_id: UUID | str, *, by: Viewer, now: datetime) -> None:
    """This function will end one of them and forget it. Raises NotVisible."""
    with transaction.atomic():
        found = Subscription.objects.select_for_update().filter(**owned(by), id=access.parsed_id(subscription_id)).first()
        if found is None:
            raise NotVisible
        log.record(by=by, did="subscription.end", patient_id=found.patient_id, about=f"subscription:{found.id}", now=now)
        found.delete()


def hand_out(*, now: datetime) -> int:
    """This function will mark what has news, end what is over, and wake a worker; the sweep calls it. Gives how many are due."""
    Subscription.objects.filter(status=Status.ACTIVE, ends_at__lte=now).update(status=Status.OFF, error="ended by its date", due_at=None)
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now})
    due = Subscription.objects.filter(due_at__lte=now).count()
    if due:
        wake.worker_on_commit(task=TASK, each=[{}])
    return due


def work(*, write: Write, clock: Callable[[], datetime]) -> int:
    """This function will tell what is due, a few resources of one subscription at a time; for a worker. Gives how many steps it took."""
    done = 0
    while done < STEPS and (row := _claim(clock())) is not None:
        _step(row, write, clock)
        done += 1
    if done == STEPS:
        wake.worker_on_commit(task=TASK, each=[{}])
    return done


@transaction.atomic
def _claim(now: datetime) -> Subscription | None:
    row = Subscription.objects.select_for_update(skip_locked=True).filter(status=Status.ACTIVE, due_at__lte=now).order_by("due_at").first()
    if row is not None:
        row.due_at = now + LEASE
        row.save(update_fields=["due_at"])
    return row


def _step(row: Subscription, write: Write, clock: Callable[[], datetime]) -> None:
    now = clock()
    try:
        viewer = owner_of(row, types=[row.resource], now=now)
        with transaction.atomic():
            news = write(row, viewer, now)
            if news.resources:
                log.record(by=viewer, did="subscription.sent", patient_id=row.patient_id, about=f"subscription:{row.id}", now=now)
    except (BadToken, NotVisible, NotAllowed) as refused:
        _settle(row, status=Status.OFF, error=f"no longer allowed: {refused.code}", due_at=None)
        return
    try:
        _send(row, news.resources)
    except (TransportError, sealed.CannotOpen) as error:
        _failed(row, str(error), permanent=getattr(error, "permanent", True), now=clock())
        return
    told = {"told_at": now} if news.resources else {}
    _settle(row, place=dict(news.place), tries=0, error="", due_at=clock() if news.more else None, **told)


def _send(row: Subscription, resources: Sequence[Mapping[str, Any]]) -> None:
    """A hint is one POST; with payload, the address is the base of a FHIR endpoint, and each resource is PUT there (R4)."""
    lines = sealed.unseal(row.headers).split("\n") if row.headers else []
    headers = {"User-Agent": "HealthHub"} | {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not row.payload:
        if resources:
            _taken(http.send(row.endpoint, body=b"", headers=headers))
        return
    for one_ in resources:
        url = f"{row.endpoint.rstrip('/')}/{one_['resourceType']}/{one_['id']}"
        _taken(http.send(url, body=msgspec.json.encode(one_), headers=headers | {"Content-Type": MEDIA}, method="PUT"))


def _taken(answer: http.Answer) -> None:
    if not answer.is_taken:
        raise TransportError(f"HTTP {answer.status}", permanent=answer.status == GONE)


def _failed(row: Subscription, why: str, *, permanent: bool, now: datetime) -> None:
    tries = row.tries + 1
    if permanent or tries >= MOST_TRIES:
        _settle(row, status=Status.OFF if permanent else Status.ERROR, error=why[:200], tries=tries, due_at=None)
        return
    rest = min(FIRST_REST * 2 ** (tries - 1), LONGEST_REST)
    _settle(row, error=why[:200], tries=tries, due_at=now + rest)


def _settle(row: Subscription, **changes: Any) -> None:
    """Unless its owner ended it meanwhile."""
    Subscription.objects.filter(id=row.id, status=Status.ACTIVE).update(**changes)


def bound(*, subscription_id: UUID, owner: Mapping[str, UUID | None]) -> Subscription | None:
    """This function will give the living subscription by socket that this owner (see `owners.owned`) binds to; None where there is none."""
    return Subscription.objects.filter(id=subscription_id, status=Status.ACTIVE, channel="websocket", **owner).first()
