"""The bell: tells open pages that something changed, after the commit that changed it.

A ring is a hint and nothing more. It carries ids and numbers, never a value of a reading; whoever hears it asks the
database, and whoever does not hear it finds the gap by `seq`. So a dead Redis costs delay, never a fact.

On the wire: channel layer group `user.<32 hex>` (and `patient.<32 hex>`), message `{"type": "ring", "event": {...}}`, one event
as in `ring_on_commit`. `ears` hears it in the processes that hold sockets.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, cast
from uuid import UUID

from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

# After a failed ring the next ones are skipped for this long, so that a dead Redis does not hold up every request in turn.
REST_SECONDS = 1.0
TIMEOUT_SECONDS = 0.5

_resting = {"until": 0.0}  # shared by the threads of this process; a lost race costs one more try


def group_of(user_id: UUID) -> str:
    """This function will name the channel layer group that all sockets of this person join."""
    return f"user.{user_id.hex}"


def group_of_patient(patient_id: UUID) -> str:
    """This function will name the group that sockets of devices join: a token belongs to a patient, not to a person."""
    return f"patient.{patient_id.hex}"


def ring_on_commit(*, users: Iterable[UUID], event: Mapping[str, Any]) -> None:
    """This function will ring for these people once the present transaction is committed (at once outside of one).

    `event` is one of
        {"type": "reading", "patient": id, "data_class": c, "kinds": [key, ...], "after": n, "seq": n}
        {"type": "alert", "alert": id, "patient": id, "data_class": c, "version": n, "state": s, "severity": s}
        {"type": "assessment", "assessment": id, "patient": id, "data_class": c, "model": m}
        {"type": "contact", "contact": id, "patient": id}
        {"type": "notice"}      there are new ones in the inbox
        {"type": "authz"}       what these people may see has changed
    UUIDs become text. An event that names a patient also rings for her devices that may read. Never raises for Redis'
    sake: a failed ring is logged.
    """
    groups = [group_of(person) for person in sorted({*users})]
    if "patient" in event:
        groups.append(group_of_patient(UUID(str(event["patient"]))))
    if not groups:
        return
    message = {"type": "ring", "event": {name: str(value) if isinstance(value, UUID) else value for name, value in event.items()}}

    def ring_now() -> None:
        ring(groups, message)

    transaction.on_commit(ring_now, robust=True)


def ring(groups: Iterable[str], message: Mapping[str, Any]) -> None:
    """This function will publish one message to each group in one round trip, or log why it could not."""
    if time.monotonic() < _resting["until"]:
        return
    layer = cast(RedisPubSubChannelLayer, get_channel_layer())
    body = layer.serialize(message)
    # `group_send` from a thread without a loop would open a connection per call (3 ms); this pool keeps one (0.1 ms).
    before = f"{prefix()}__group__"
    try:
        _publish([("PUBLISH", before + group, body) for group in groups])
    except RedisError as error:
        _resting["until"] = time.monotonic() + REST_SECONDS
        logger.warning("The bell did not ring (%s): open pages will catch up by themselves.", error)


def _publish(commands: list[tuple[str, str, bytes]]) -> None:
    """On the bare connection: the client's own pipeline takes twice as long to put these few bytes together."""
    pool = _redis().connection_pool
    connection = pool.get_connection()
    try:
        connection.retry.call_with_retry(lambda: _say(connection, commands), lambda _: connection.disconnect())  # type: ignore[no-untyped-call]
    finally:
        pool.release(connection)


def _say(connection: AbstractConnection, commands: list[tuple[str, str, bytes]]) -> None:
    connection.send_packed_command(connection.pack_commands(commands), check_health=False)  # type: ignore[no-untyped-call]
    for _ in commands:
        connection.read_response()


@cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 1)
    )


def prefix() -> str:
    """This function will give what all our names in Redis begin with."""
    return str(cast(dict[str, Any], settings.CHANNEL_LAYERS["default"])["CONFIG"]["prefix"])
