"""The socket at /ws/: what a person (or a device that may read) hears while her page is open. docs/sockets.md is its contract.

Every socket has one reader, one writer and a short queue between the bell and the writer. A client that does not read fills
its own queue and is shut; nobody waits for it. Notices are read from the database in the order of their numbers, rings only
say "look": so a notice is never sent twice over one socket, never out of order, and never missed.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.db import Error as DatabaseError
from django.utils import timezone

from healthhub.live.codes import Code
from healthhub.live.doors import Doors, Standing, Who
from healthhub.live.ears import Deaf
from healthhub.live.hub import Hub, TooMany

HEARTBEAT = 20  # seconds
LONGEST_QUEUE = 256
SEND_WITHIN = 5.0  # seconds that the network may take for one frame
LARGEST_MESSAGE = 64 * 1024
MOST_MESSAGES = 100  # from a client within WINDOW
WINDOW = 10.0
SUBPROTOCOL = "healthhub"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
NOTICES = {"type": "notice"}  # in the queue: look into the inbox


class Socket:
    """One open socket. `serve` is its life; the hub calls `hear`, `shut` and `look`, which return at once."""

    def __init__(self, *, hub: Hub, who: Who, receive: Receive, send: Send) -> None:
        self.hub = hub
        self.who = who
        self.receive = receive
        self.raw_send = send
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(LONGEST_QUEUE)
        self.ending: asyncio.Future[Code | None] = asyncio.get_running_loop().create_future()
        self.seq = 0
        self.looks_into_inbox = False
        self.next_beat = time.monotonic() + HEARTBEAT
        self.came: list[float] = []

    def hear(self, event: dict[str, Any]) -> None:
        """This function will take an event from the bell; never waits."""
        if event["type"] == "authz":
            self.shut(Code.RIGHTS_CHANGED)
        elif event["type"] == "notice":
            self._look_into_inbox()
        else:
            self._queue(event)

    def look(self, standing: Standing | None) -> None:
        """This function will take the hub's look of every second: shut when she may not stay, serve what was not heard."""
        if standing is None or standing.stamp != self.who.stamp:
            self.shut(Code.RIGHTS_CHANGED)
        elif self.who.user_id is not None and standing.last_seq > self.seq:
            self._look_into_inbox()
        if time.monotonic() >= self.next_beat:
            self.next_beat += HEARTBEAT
            self._queue({"type": "heartbeat", "seq": self.seq})

    def shut(self, code: Code | None) -> None:
        """This function will end the socket's life; the first reason counts, None when the client left by itself."""
        if not self.ending.done():
            self.ending.set_result(code)

    async def serve(self, after: int | None) -> Code | None:
        """This function will live until somebody shuts the socket, and tell the code to close with (None: already closed)."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self.hub.enter(self)
            tasks = [asyncio.create_task(self._guarded(work)) for work in (self._write(after), self._read())]
            ends: set[asyncio.Future[Any]] = {self.ending, *tasks}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()  # a fault of ours is not kept quiet: the server logs it and closes with 1011
            return await self.ending
        except TooMany:
            return Code.TOO_MANY
        except Deaf:
            return Code.COME_AGAIN
        finally:
            for task in tasks:
                task.cancel()
            await self.hub.leave(self)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except DatabaseError:
            self.shut(Code.COME_AGAIN)
        except TimeoutError:
            self.shut(Code.TOO_SLOW)
        except (OSError, RuntimeError):  # the server says either of a connection that is gone
            self.shut(None)

    async def _write(self, after: int | None) -> None:
        await self._begin(after)
        while True:
            event = await self.queue.get()
            if event is NOTICES:
                self.looks_into_inbox = False
                await self._send_notices()
            elif "patient" not in event or await self.hub.may_see(self.who, event):
                await self._send(event)

    async def _begin(self, after: int | None) -> None:
        """The group is joined already: what is written from now on rings, what was written before is read here."""
        standing = (await self.hub.ask(self.hub.doors.standing, [self.who], self.hub.clock())).get(self.who.seat)
        if standing is None or standing.stamp != self.who.stamp:
            self.shut(Code.RIGHTS_CHANGED)
            return
        self.seq = standing.last_seq if after is None else min(after, standing.last_seq)
        await self._send({"type": "hello", "seq": standing.last_seq, "heartbeat": HEARTBEAT})
        if self.seq < standing.last_seq:
            await self._send_notices()

    async def _send_notices(self) -> None:
        more = self.who.user_id is not None
        while more:
            found = await self.hub.ask(self.hub.doors.replay, self.who.user_id, self.seq, self.hub.clock())
            for frame in found.frames:
                await self._send(frame)
            self.seq, more = found.upto, found.more

    async def _read(self) -> None:
        while True:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                self.shut(None)
                return
            text = message.get("text") or ""
            if len(text) > LARGEST_MESSAGE or len(message.get("bytes") or b"") > LARGEST_MESSAGE:
                self.shut(Code.TOO_BIG)
            elif self._comes_too_often():
                self.shut(Code.TOO_MANY)
            else:
                await self._take(text)

    async def _take(self, text: str) -> None:
        said = _object(text)
        if said.get("type") == "ping":
            self._queue({"type": "pong"})
        elif said.get("type") == "seen" and self.who.user_id is not None and (notice_id := parsed(said.get("notice"))):
            known = await self.hub.ask(self.hub.doors.seen, self.who.user_id, notice_id, self.hub.clock())
            self._queue({"type": "seen", "notice": str(notice_id)} if known else {"type": "error", "code": "not_found"})
        else:
            self._queue({"type": "error", "code": "not_understood"})

    def _comes_too_often(self) -> bool:
        now = time.monotonic()
        self.came = [*(at for at in self.came if at > now - WINDOW), now]
        return len(self.came) > MOST_MESSAGES

    def _look_into_inbox(self) -> None:
        if not self.looks_into_inbox:
            self.looks_into_inbox = True
            self._queue(NOTICES)

    def _queue(self, event: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.shut(Code.TOO_SLOW)

    async def _send(self, event: dict[str, Any]) -> None:
        await self._send_text(json.dumps(event, ensure_ascii=False, separators=(",", ":")))

    async def _send_text(self, text: str) -> None:
        async with asyncio.timeout(SEND_WITHIN):
            await self.raw_send({"type": "websocket.send", "text": text})


class Sockets:
    """The ASGI application: checks the origin, asks who it is, opens the socket, and closes it with its code."""

    path, subprotocol = "/ws/", SUBPROTOCOL

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.hubs: dict[asyncio.AbstractEventLoop, Hub] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if scope["path"] != self.path or not self.doors.origin_is_right(scope):
            await send({"type": "websocket.close"})  # before accepting: the server answers 403
            return
        await send({"type": "websocket.accept", "subprotocol": self.subprotocol if self.subprotocol in scope["subprotocols"] else None})
        code = await self._live(scope, receive, send)
        if code is not None:
            reason = f"{random.uniform(0.5, 5):.1f}" if code is Code.COME_AGAIN else code.name.lower()
            try:
                async with asyncio.timeout(SEND_WITHIN):
                    await send({"type": "websocket.close", "code": int(code), "reason": reason})
            except (OSError, RuntimeError, TimeoutError):
                return  # the client was faster

    def hub(self) -> Hub:
        """This function will give the hub of this event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self.hubs:
            self.hubs[loop] = Hub(self.doors, timezone.now)
        return self.hubs[loop]

    async def _live(self, scope: dict[str, Any], receive: Receive, send: Send) -> Code | None:
        after = _after(scope)
        if after is not None and after < 0:
            return Code.BAD_REQUEST
        opened = partial(Socket, receive=receive, send=send)
        return await self._opened(scope, self.doors.authenticate, lambda hub, who: opened(hub=hub, who=who), after)

    async def _opened(
        self,
        scope: dict[str, Any],
        authenticate: Callable[[dict[str, Any], datetime], Who | None],
        socket: Callable[[Hub, Who], Socket],
        after: int | None = None,
    ) -> Code | None:
        hub = self.hub()
        try:
            who = await hub.ask(authenticate, scope, timezone.now())
        except DatabaseError:
            return Code.COME_AGAIN
        return Code.SIGN_IN if who is None else await socket(hub, who).serve(after)


def _after(scope: dict[str, Any]) -> int | None:
    """The number of the last notice the client has; None when it asks for no replay, -1 when it is no number."""
    asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("after")
    if asked is None:
        return None
    return int(asked[0]) if len(asked) == 1 and asked[0].isascii() and asked[0].isdigit() and len(asked[0]) < 19 else -1


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def parsed(text: object) -> UUID | None:
    """This function will read an id; None for anything else."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
