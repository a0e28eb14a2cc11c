"""Nightscout's sockets (socket.io): `/` for followers and uploaders, `/storage` for what changes, `/alarm` for alarms.

A client may be at `/nightscout/<patient>/socket.io/`, or at `/socket.io/` with the patient's address as its namespace, as socket.io
makes of a base address with a path. It is a stranger until its token is known; from then on it is a member of the hub like every
other socket: what it may still see is asked when something is sent, and it is cut when its token is taken away.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import socketio
from django.db import Error as DatabaseError

from healthhub.lib.refused import Refused
from healthhub.live.codes import Code
from healthhub.live.doors import Standing, Who
from healthhub.live.ears import Deaf
from healthhub.live.hub import Hub, TooMany

logger = logging.getLogger(__name__)

PATHS = re.compile(r"/(?:nightscout/(?P<slug>[^/]+)/)?socket\.io/?")
NAMESPACES = re.compile(r"(?:/nightscout/(?P<slug>[^/]+))?/?(?P<role>storage|alarm)?/?")
PATIENCE = 30.0  # seconds that a stranger may stay
LONGEST_QUEUE = 256
MOST_EVENTS, WINDOW = 100, 10.0
LARGEST = 1_000_000
NO = {"read": False, "write": False, "write_treatment": False}
ADDED, CHANGED, REMOVED = "create", "update", "delete"


@dataclass(frozen=True, slots=True)
class Guest:
    """A client whose token is known, and what it may."""

    who: Who
    may_read: bool
    may_write: bool
    may_acknowledge: bool


@dataclass(frozen=True, slots=True)
class News:
    """What happened since: (create, update or delete; collection; document), and the number up to which it is told."""

    upto: int
    changes: Sequence[tuple[str, str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tidings:
    """What these sockets ask of the house; called in threads. All may raise `Refused` once the token is gone."""

    authenticate: Callable[[str, str | None, datetime], Guest | None]  # secret, slug
    everything: Callable[[Who, datetime], tuple[int, dict[str, Any]]]
    news: Callable[[Who, int, frozenset[str], datetime], News]  # after, ids whose end was told
    alarms: Callable[[Who, datetime], list[tuple[str, dict[str, Any]]]]
    alarm: Callable[[Who, str, datetime], tuple[str, dict[str, Any]] | None]
    acknowledge: Callable[[Who, int, int, datetime], bool]  # level, milliseconds
    add: Callable[[Who, str, Any, datetime], list[dict[str, Any]]]
    change: Callable[[Who, str, str, Mapping[str, Any], bool, datetime], str]  # collection, id, fields, unset
    remove: Callable[[Who, str, str, datetime], str]
    newest: Callable[[Who, datetime], int]


@dataclass(eq=False, slots=True)
class Follower:
    """One client in one namespace, as the hub sees it."""

    who: Who
    guest: Guest
    cut: Callable[[], None]
    after: int = 0
    collections: frozenset[str] = frozenset()
    events: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))
    sounding: dict[str, str] = field(default_factory=dict)  # key of an alarm -> what was sent last
    gone: set[str] = field(default_factory=set)

    def hear(self, event: dict[str, Any]) -> None:
        """This function will take an event of the bell; one that reads too slowly is cut."""
        if event["type"] not in ("reading", "alert"):
            return
        try:
            self.events.put_nowait(event)
        except asyncio.QueueFull:
            self.cut()

    def shut(self, code: Code) -> None:
        self.cut()

    def look(self, standing: Standing | None) -> None:
        if standing is None or standing.stamp != self.who.stamp:
            self.cut()


@dataclass(eq=False, slots=True)
class Seat:
    """One client in one namespace from its first word on."""

    sid: str
    namespace: str
    slug: str | None
    role: str
    follower: Follower | None = None
    writer: asyncio.Task[None] | None = None
    came: list[float] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def too_often(self) -> bool:
        now = time.monotonic()
        self.came = [*(at for at in self.came if at > now - WINDOW), now]
        return len(self.came) > MOST_EVENTS


class Followers:
    """All of them in one process. `handle` is the ASGI application for the paths that `belongs` names."""

    def __init__(self, hub: Callable[[], Hub], tidings: Tidings) -> None:
        self.hub = hub
        self.tidings = tidings
        self.seats: dict[str, Seat] = {}
        self.server = socketio.AsyncServer(async_mode="asgi", namespaces="*", max_http_buffer_size=LARGEST)
        events = {
            "connect": self.connect,
            "disconnect": self.disconnect,
            "authorize": self.authorize,
            "subscribe": self.subscribe,
            "ack": self.ack,
            "dbAdd": self.add,
            "dbUpdate": self.update,
            "dbUpdateUnset": self.unset,
            "dbRemove": self.remove,
        }
        for name, handler in events.items():
            self.server.on(name, handler, namespace="*")

    @staticmethod
    def belongs(path: str) -> bool:
        """This function will tell whether a path is one of these sockets'."""
        return PATHS.fullmatch(path) is not None

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await self.server.handle_request(scope, receive, send)

    async def ask(self, door: Callable[..., Any], *asked: Any) -> Any:
        hub = self.hub()
        return await hub.ask(door, *asked, hub.clock())

    async def connect(self, namespace: str, sid: str, environ: Mapping[str, Any], auth: Any = None) -> bool:
        place, way = NAMESPACES.fullmatch(namespace), PATHS.fullmatch(str(environ["PATH_INFO"]))
        if place is None or way is None or (place["slug"] and way["slug"] and place["slug"] != way["slug"]):
            return False
        seat = self.seats[sid] = Seat(sid, namespace, place["slug"] or way["slug"], place["role"] or "")
        self._later(seat, self._greet(seat))
        return True

    async def _greet(self, seat: Seat) -> None:
        await asyncio.sleep(0)  # the client must have heard that it is connected
        if seat.role == "":
            await self.server.emit("connected", to=seat.sid, namespace=seat.namespace)
        await asyncio.sleep(PATIENCE)
        if seat.follower is None:
            await self.server.disconnect(seat.sid, namespace=seat.namespace)

    async def disconnect(self, namespace: str, sid: str, reason: Any = None) -> None:
        seat = self.seats.pop(sid, None)
        if seat is None:
            return
        for task in (*seat.tasks, *([seat.writer] if seat.writer else [])):
            if task is not asyncio.current_task():
                task.cancel()
        if seat.follower is not None:
            await self.hub().leave(seat.follower)

    def _later(self, seat: Seat, work: Any) -> None:
        task = asyncio.create_task(work)
        seat.tasks.add(task)
        task.add_done_callback(seat.tasks.discard)

    async def _seat(self, sid: str, *, role: str | None = None) -> Seat | None:
        seat = self.seats.get(sid)
        if seat is None or (role is not None and seat.role != role):
            return None
        if seat.too_often():
            await self.server.disconnect(sid, namespace=seat.namespace)
            return None
        return seat

    async def _come_in(self, seat: Seat, secrets: Sequence[object]) -> Guest | None:
        """The first time a right secret is said, the client becomes a member of the hub."""
        if seat.follower is not None:
            return seat.follower.guest
        for secret in secrets:
            if not isinstance(secret, str) or not secret:
                continue
            guest: Guest | None = await self.ask(self.tidings.authenticate, secret, seat.slug)
            if guest is not None and await self._enter(seat, guest):
                return guest
        return None

    async def _enter(self, seat: Seat, guest: Guest) -> bool:
        loop = asyncio.get_running_loop()

        def cut() -> None:
            if seat.sid in self.seats:
                loop.create_task(self.server.disconnect(seat.sid, namespace=seat.namespace))  # noqa: RUF006 (ends by itself)

        follower = Follower(guest.who, guest, cut)
        try:
            await self.hub().enter(follower)
        except (TooMany, Deaf):
            await self.hub().leave(follower)
            return False
        if seat.sid not in self.seats or seat.follower is not None:
            await self.hub().leave(follower)
            return False
        seat.follower = follower
        return True

    async def authorize(self, namespace: str, sid: str, said: Any = None, *more: Any) -> dict[str, bool]:
        seat = await self._seat(sid, role="")
        if seat is None or not isinstance(said, dict):
            return NO
        guest = await self._come_in(seat, [said.get("secret"), said.get("token")])
        if guest is None or seat.follower is None:
            return NO
        if guest.may_read and seat.writer is None:
            seat.writer = asyncio.create_task(self._write(seat, seat.follower, self._first_data))
        return {"read": guest.may_read, "write": guest.may_write, "write_treatment": guest.may_write}

    async def subscribe(self, namespace: str, sid: str, said: Any = None, *more: Any) -> dict[str, Any]:
        seat = await self._seat(sid)
        if seat is None or seat.role == "" or not isinstance(said, dict):
            return {"success": False, "message": "Missing or bad access token or JWT"}
        guest = await self._come_in(seat, [said.get("accessToken"), said.get("jwtToken"), said.get("secret")])
        follower = seat.follower
        if guest is None or follower is None or not guest.may_read:
            return {"success": False, "message": "Missing or bad access token or JWT"}
        if seat.role == "alarm":
            self._begin(seat, follower, self._first_alarms)
            return {"success": True, "message": "Subscribed for alarms", "read": True, "ack": guest.may_acknowledge}
        asked = said.get("collections")
        known = ("entries", "treatments")
        wanted = [name for name in (asked if isinstance(asked, list) else known) if name in known]
        follower.collections = frozenset(wanted)
        self._begin(seat, follower, self._first_number)
        return {"success": True, "collections": wanted}

    def _begin(self, seat: Seat, follower: Follower, first: Callable[[Seat, Follower], Any]) -> None:
        if seat.writer is None:
            seat.writer = asyncio.create_task(self._write(seat, follower, first))

    async def _write(self, seat: Seat, follower: Follower, first: Callable[[Seat, Follower], Any]) -> None:
        try:
            await first(seat, follower)
            while True:
                event = await follower.events.get()
                if not await self.hub().may_see(follower.who, event):
                    continue
                if event["type"] == "alert":
                    await self._sound(seat, follower, str(event["alert"]))
                else:
                    await self._tell(seat, follower)
        except (Refused, DatabaseError) as error:
            logger.info("A follower is cut: %s", error)
            await self.server.disconnect(seat.sid, namespace=seat.namespace)

    async def _first_data(self, seat: Seat, follower: Follower) -> None:
        follower.after, data = await self.ask(self.tidings.everything, follower.who)
        await self.server.emit("dataUpdate", data, to=seat.sid, namespace=seat.namespace)

    async def _first_number(self, seat: Seat, follower: Follower) -> None:
        follower.after = await self.ask(self.tidings.newest, follower.who)

    async def _first_alarms(self, seat: Seat, follower: Follower) -> None:
        for name, body in await self.ask(self.tidings.alarms, follower.who):
            follower.sounding[body["key"]] = name
            await self.server.emit(name, body, to=seat.sid, namespace=seat.namespace)

    async def _tell(self, seat: Seat, follower: Follower) -> None:
        if seat.role == "alarm":
            return
        news: News = await self.ask(self.tidings.news, follower.who, follower.after, frozenset(follower.gone))
        follower.after = news.upto
        follower.gone |= {doc["_id"] for did, _, doc in news.changes if did == REMOVED}
        if seat.role == "storage":
            for did, collection, doc in news.changes:
                if collection in follower.collections:
                    body = {"colName": collection, **({"identifier": doc["identifier"]} if did == REMOVED else {"doc": doc})}
                    await self.server.emit(did, body, to=seat.sid, namespace=seat.namespace)
        elif news.changes:
            await self.server.emit("dataUpdate", _delta(news), to=seat.sid, namespace=seat.namespace)

    async def _sound(self, seat: Seat, follower: Follower, alert: str) -> None:
        if seat.role != "alarm":
            return
        found = await self.ask(self.tidings.alarm, follower.who, alert)
        if found is None:
            return
        name, body = found
        if follower.sounding.get(alert, "clear_alarm") != name:
            follower.sounding[alert] = name
            await self.server.emit(name, body, to=seat.sid, namespace=seat.namespace)

    async def ack(self, namespace: str, sid: str, level: Any = None, group: Any = None, silence: Any = None, *more: Any) -> dict[str, Any]:
        seat = await self._seat(sid, role="alarm")
        follower = seat.follower if seat is not None else None
        if follower is None or not follower.guest.may_acknowledge or level not in (1, 2) or isinstance(level, bool):
            return {"success": False, "message": "Not permitted"}
        lasts = silence if isinstance(silence, int) and 0 < silence <= 24 * 3_600_000 else 30 * 60_000
        try:
            done = await self.ask(self.tidings.acknowledge, follower.who, level, lasts)
        except Refused:
            done = False
        return {"success": done, "message": "Acknowledged" if done else "Not permitted"}

    async def _writer(self, sid: str, said: Any, *, needs_id: bool) -> tuple[Follower | None, str]:
        seat = await self._seat(sid, role="")
        if seat is None or seat.follower is None or not isinstance(said, dict):
            return None, "Not authorized"
        if said.get("collection") not in ("entries", "treatments", "devicestatus", "profile", "food", "activity"):
            return None, "Wrong collection"
        if not seat.follower.guest.may_write:
            return None, "Not permitted"
        if needs_id and not isinstance(said.get("_id"), str):
            return None, "Missing _id"
        return seat.follower, ""

    async def add(self, namespace: str, sid: str, said: Any = None, *more: Any) -> Any:
        follower, why = await self._writer(sid, said, needs_id=False)
        if follower is None:
            return {"result": why}
        try:
            return await self.ask(self.tidings.add, follower.who, said["collection"], said.get("data"))
        except Refused as refused:
            return {"result": "Not permitted", **refused.as_dict()}

    async def update(self, namespace: str, sid: str, said: Any = None, *more: Any) -> dict[str, Any]:
        return await self._change(sid, said, unset=False)

    async def unset(self, namespace: str, sid: str, said: Any = None, *more: Any) -> dict[str, Any]:
        return await self._change(sid, said, unset=True)

    async def _change(self, sid: str, said: Any, *, unset: bool) -> dict[str, Any]:
        follower, why = await self._writer(sid, said, needs_id=True)
        if follower is None:
            return {"result": why}
        data = said.get("data") if isinstance(said.get("data"), dict) else {}
        return await self._done(self.tidings.change, follower.who, said["collection"], said["_id"], data, unset)

    async def remove(self, namespace: str, sid: str, said: Any = None, *more: Any) -> dict[str, Any]:
        follower, why = await self._writer(sid, said, needs_id=True)
        if follower is None:
            return {"result": why}
        return await self._done(self.tidings.remove, follower.who, said["collection"], said["_id"])

    async def _done(self, door: Callable[..., Any], *asked: Any) -> dict[str, Any]:
        try:
            return {"result": await self.ask(door, *asked)}
        except Refused as refused:
            return {"result": "Not permitted", **refused.as_dict()}


def _delta(news: News) -> dict[str, Any]:
    """What changed, sorted as followers keep it; a deletion is named by its id."""
    found: dict[str, Any] = {"delta": True, "lastUpdated": 0}
    for did, collection, doc in news.changes:
        name = "treatments" if collection == "treatments" else f"{doc.get('type', 'sgv')}s"
        found.setdefault(name, []).append({"_id": doc["_id"], "action": "remove"} if did == REMOVED else doc)
        found["lastUpdated"] = max(found["lastUpdated"], doc.get("srvModified", 0))
    return found
