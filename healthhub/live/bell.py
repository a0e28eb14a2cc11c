"""The bell: tells open pages that something changed, after the commit that changed it.

A ring is a hint and nothing more. It carries ids and numbers, never a value of a reading; whoever hears it asks the
database, and whoever does not hear it finds the gap by `seq`. So a dead Redis costs delay, never a fact.

On the wire: channel layer group `user.<32 hex>`, message `{"type": "ring", "event": {...}}`, one event as in `ring_on_commit`.
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


def ring_on_commit(*, users: Iterable[UUID], event: Mapping[str, Any]) -> None:
    """This function will ring for these people once the present transaction is committed (at once outside of one).

    `event` is one of
        {"type": "reading", "patient": id, "kind": key, "seq": n}
        {"type": "alert", "alert": id, "patient": id, "version": n, "state": s, "severity": s}
        {"type": "notice", "notice": id, "seq": n}
        {"type": "authz"}
    UUIDs become text. Never raises for Redis' sake: a failed ring is logged.
    """
    people = sorted({*users})
    if not people:
        return
    message = {"type": "ring", "event": {name: str(value) if isinstance(value, UUID) else value for name, value in event.items()}}

    def ring_now() -> None:
        ring(people, message)

    transaction.on_commit(ring_now, robust=True)


def ring(people: Iterable[UUID], message: Mapping[str, Any]) -> None:
    """This function will publish one message to each person's group in one round trip, or log why it could not."""
    if time.monotonic() < _resting["until"]:
        return
    layer = cast(RedisPubSubChannelLayer, get_channel_layer())
    body = layer.serialize(message)
    # `group_send` from a thread without a loop would open a connection per call (3 ms); this pool keeps one (0.1 ms).
    pipeline = _redis().pipeline(transaction=False)
    for person in people:
        pipeline.publish(f"{_prefix()}__group__{group_of(person)}", body)
    try:
        pipeline.execute()
    except RedisError as error:
        _resting["until"] = time.monotonic() + REST_SECONDS
        logger.warning("The bell did not ring (%s): open pages will catch up by themselves.", error)


@cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 1)
    )


def _prefix() -> str:
    return str(cast(dict[str, Any], settings.CHANNEL_LAYERS["default"])["CONFIG"]["prefix"])
