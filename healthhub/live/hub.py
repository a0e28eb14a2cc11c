"""The hub: all sockets of one process, what they ask in common, and the watch over who may still be here.

Whether an event may be shown is asked when it is sent, not when the socket was opened; the answer for one patient and class of
data serves all sockets for less than a second. Besides, every 0.7 s one look at the database covers every socket: whose
rights, account or session changed is shut out, and whose inbox grew unheard is served. So neither a dead Redis nor a lost
ring shows anything to anybody who may not see it, and no notice stays unsent for long.
"""

import asyncio
import logging
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import Error as DatabaseError, close_old_connections

from healthhub.live.codes import Code
from healthhub.live.doors import Doors, Standing, Who
from healthhub.live.ears import Ears

logger = logging.getLogger(__name__)

MOST_SOCKETS = 20  # of one person or token in one process
TRUST_SECONDS = 0.8  # how long an answer about one patient's audience is believed
LOOK_EVERY = 0.7
THREADS = 4
Answer = TypeVar("Answer")


class TooMany(Exception):
    """She has as many sockets here as anyone may have."""


class Member(Protocol):
    """A socket, as the hub sees it."""

    who: Who

    @abstractmethod
    def hear(self, event: dict[str, Any]) -> None:
        """Take an event into its queue."""

    @abstractmethod
    def shut(self, code: Code) -> None:
        """Close with this code."""

    @abstractmethod
    def look(self, standing: Standing | None) -> None:
        """Take note of what its person may do now; None: nothing any more."""


class Hub:
    """One per event loop."""

    def __init__(self, doors: Doors, clock: Callable[[], datetime]) -> None:
        self.doors = doors
        self.clock = clock
        self.members: set[Member] = set()
        self.count: Counter[str] = Counter()
        self.ears = Ears(on_lost=self._shut_all)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self.believed: dict[tuple[UUID, str | None], tuple[float, asyncio.Task[frozenset[UUID]]]] = {}
        self.watch: asyncio.Task[None] | None = None

    async def ask(self, door: Callable[..., Answer], *asked: object) -> Answer:
        """This function will call a door in a thread with a database connection of its own."""

        def call() -> Answer:
            close_old_connections()
            try:
                return door(*asked)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    async def enter(self, member: Member) -> None:
        """This function will let a socket in and have it hear its group. Raises TooMany, and Deaf without Redis."""
        key = member.who.key
        if self.count[key] >= MOST_SOCKETS:
            raise TooMany
        self.count[key] += 1
        self.members.add(member)
        if self.watch is None or self.watch.done():
            self.watch = asyncio.create_task(self._watch())
        await self.ears.join(member.who.group, member.hear)

    async def leave(self, member: Member) -> None:
        if member in self.members:
            self.members.discard(member)
            self.count[member.who.key] -= 1
            await self.ears.leave(member.who.group, member.hear)

    async def may_see(self, who: Who, event: dict[str, Any]) -> bool:
        """This function will tell whether an event that names a patient may be sent to `who` at this moment."""
        patient_id = UUID(event["patient"])
        if who.token_id is not None:
            return patient_id == who.patient_id and _covers(who, event)
        return who.user_id in await self._audience(patient_id, event.get("data_class"))

    async def _audience(self, patient_id: UUID, data_class: str | None) -> frozenset[UUID]:
        key = (patient_id, data_class)
        asked_at, answer = self.believed.get(key, (0.0, None))
        if answer is None or time.monotonic() - asked_at > TRUST_SECONDS:
            answer = asyncio.create_task(self.ask(self.doors.audience, patient_id, data_class, self.clock()))
            self.believed[key] = (time.monotonic(), answer)
        return await asyncio.shield(answer)

    async def _watch(self) -> None:
        while self.members:
            await asyncio.sleep(LOOK_EVERY)
            old = time.monotonic() - TRUST_SECONDS
            self.believed = {key: kept for key, kept in self.believed.items() if kept[0] > old}
            seats = {member.who.seat: member.who for member in self.members}
            try:
                standing = await self.ask(self.doors.standing, list(seats.values()), self.clock())
            except DatabaseError as error:
                logger.warning("The watch over sockets cannot ask the database: %s", error)
                self._shut_all()
                continue
            for member in tuple(self.members):
                # A socket that came in since the question was asked is looked at the next time.
                if member.who.seat in seats:
                    member.look(standing.get(member.who.seat))

    def _shut_all(self) -> None:
        for member in tuple(self.members):
            member.shut(Code.COME_AGAIN)


def _covers(who: Who, event: dict[str, Any]) -> bool:
    """A token of some kinds hears of readings of those only; alerts speak of more than one kind, so they are not for it."""
    return not who.kinds or (event["type"] == "reading" and bool(who.kinds.intersection(event.get("kinds", ()))))
