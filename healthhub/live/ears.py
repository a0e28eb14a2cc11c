"""The ears: one subscription of this process to the bell, and who in it listens to which group.

Channels' own pub/sub layer hides a lost Redis: it comes back by itself and says nothing of what was missed. Sockets must
know, since they promise to pass on everything. So these ears hold the connection themselves: when it breaks, or Redis does not
answer a ping, everyone who listens is told, and the next one who joins connects anew.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from healthhub.live import bell

logger = logging.getLogger(__name__)

PING_EVERY = 2.0  # seconds
DEAF_AFTER = 5.0  # without any sound from Redis, not even the answer to a ping
CONNECT_WITHIN = 2.0

Listener = Callable[[dict[str, Any]], None]


class Deaf(Exception):
    """Redis is not reached: nothing can be heard now."""


class Ears:
    """One per event loop. A listener is called with each event, in order, and must return at once."""

    def __init__(self, *, on_lost: Callable[[], None]) -> None:
        self.on_lost = on_lost
        self.listeners: dict[str, set[Listener]] = {}
        self.confirmed: dict[str, asyncio.Future[None]] = {}
        self.connection: AbstractConnection | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.heard_at = 0.0
        self.lock = asyncio.Lock()

    async def join(self, group: str, listener: Listener) -> None:
        """This function will return once Redis has confirmed that every later ring of the group reaches the listener."""
        async with self.lock:
            try:
                async with asyncio.timeout(CONNECT_WITHIN):
                    await self._connect()
                    await self._subscribe(group)
            except (RedisError, OSError, TimeoutError) as error:
                self._lose()
                raise Deaf from error
            self.listeners.setdefault(group, set()).add(listener)

    async def leave(self, group: str, listener: Listener) -> None:
        """This function will stop calling the listener, and stop listening to a group that nobody else listens to."""
        async with self.lock:
            here = self.listeners.get(group, set())
            here.discard(listener)
            if here or self.listeners.pop(group, None) is None:
                return
            self.confirmed.pop(group, None)
            if self.connection is not None:
                try:
                    await self.connection.send_command("UNSUBSCRIBE", _wire_name(group))
                except (RedisError, OSError):
                    self._lose()

    async def _connect(self) -> None:
        if self.connection is not None:
            return
        pool = Redis.from_url(
            settings.REDIS_URL, protocol=2, retry=Retry(NoBackoff(), 0), socket_connect_timeout=CONNECT_WITHIN
        ).connection_pool
        connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()  # type: ignore[no-untyped-call]
        self.connection, self.heard_at = connection, time.monotonic()
        for work in (self._hear(connection), self._ping(connection)):
            task = asyncio.create_task(work)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _subscribe(self, group: str) -> None:
        confirmed = self.confirmed.get(group)
        if confirmed is None and self.connection is not None:
            confirmed = self.confirmed[group] = asyncio.get_running_loop().create_future()
            await self.connection.send_command("SUBSCRIBE", _wire_name(group))
        if confirmed is not None:
            await asyncio.shield(confirmed)

    async def _hear(self, connection: AbstractConnection) -> None:
        try:
            while True:
                answer = await connection.read_response(timeout=math.inf, push_request=True)
                self.heard_at = time.monotonic()
                self._take(answer)
        except (RedisError, OSError) as error:
            logger.warning("Redis is lost (%s): open sockets are closed and come again.", error)
        finally:
            if self.connection is connection:
                self._lose()
            await connection.disconnect(nowait=True)

    async def _ping(self, connection: AbstractConnection) -> None:
        while self.connection is connection:
            await asyncio.sleep(PING_EVERY)
            if time.monotonic() - self.heard_at > DEAF_AFTER:
                await connection.disconnect(nowait=True)  # the reader wakes with an error
                return
            try:
                await connection.send_command("PING", check_health=False)
            except (RedisError, OSError):
                return  # the reader meets the same

    def _take(self, answer: Any) -> None:
        if not isinstance(answer, list) or len(answer) < 3:
            return  # the answer to a ping
        kind, name, body = answer[:3]
        group = name.decode().removeprefix(_wire_name(""))
        if kind == b"subscribe":
            confirmed = self.confirmed.get(group)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        elif kind == b"message":
            event = get_channel_layer().deserialize(body)["event"]
            for listener in tuple(self.listeners.get(group, ())):
                listener(event)

    def _lose(self) -> None:
        was_connected = self.connection is not None
        self.connection = None
        self.listeners.clear()
        for confirmed in self.confirmed.values():
            if not confirmed.done():
                confirmed.set_exception(ConnectionError("Redis was lost before it confirmed"))
                confirmed.exception()  # whoever waits meets it; if nobody does, it is no news
        self.confirmed.clear()
        if was_connected:
            self.on_lost()


def _wire_name(group: str) -> str:
    return f"{bell.prefix()}__group__{group}"
