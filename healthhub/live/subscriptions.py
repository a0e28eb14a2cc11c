"""FHIR subscriptions by websocket (R4): a client binds to the ids of its subscriptions and hears `ping <id>` when there is something new.

    client: bind <id>      server: bound <id>, or error not_found
    server: ping <id>      whenever something that the subscription asks for came in; the client then reads it by REST

A ping carries nothing of a reading. Whether it may be sent is asked when it is sent; whose rights changed is shut out like at /ws/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from healthhub.live.codes import Code
from healthhub.live.consumers import Receive, Send, Socket, Sockets, parsed
from healthhub.live.doors import Standing, Who

PATH = "/fhir/R4/$ws"
SUBPROTOCOL = "fhir"
MOST_BOUND = 20
EVENTS = {"reading": "Observation", "alert": "Flag"}


@dataclass(frozen=True)
class Bound:
    """A subscription to which a socket is bound; no kinds: every kind."""

    id: UUID
    patient_id: UUID
    resource: str
    kinds: frozenset[str]

    def hears(self, event: dict[str, Any]) -> bool:
        """This function will tell whether this event is news for it."""
        if EVENTS.get(event["type"]) != self.resource or event.get("patient") != str(self.patient_id):
            return False
        return not self.kinds or event["type"] != "reading" or bool(self.kinds.intersection(event.get("kinds", ())))


@dataclass(frozen=True)
class Asking:
    """What these sockets ask of the house besides `Doors`; called in threads."""

    authenticate: Callable[[dict[str, Any], datetime], Who | None]
    bind: Callable[[Who, UUID], Bound | None]


class Listener(Socket):
    """One open socket of a FHIR client."""

    def __init__(self, *, asking: Asking, hub: Any, who: Who, receive: Receive, send: Send) -> None:
        super().__init__(hub=hub, who=who, receive=receive, send=send)
        self.asking = asking
        self.bound: dict[UUID, Bound] = {}

    def look(self, standing: Standing | None) -> None:
        """This function will shut out whoever may not stay; there are no notices and no heartbeat here."""
        if standing is None or standing.stamp != self.who.stamp:
            self.shut(Code.RIGHTS_CHANGED)

    def hear(self, event: dict[str, Any]) -> None:
        """This function will take an event from the bell; never waits."""
        if event["type"] == "authz":
            self.shut(Code.RIGHTS_CHANGED)
        elif event["type"] in EVENTS:
            self._queue(event)

    async def _write(self, after: int | None) -> None:
        while True:
            event = await self.queue.get()
            if event["type"] == "said":
                await self._send_text(event["text"])
                continue
            for one in [one for one in self.bound.values() if one.hears(event)]:
                if await self.hub.may_see(self.who, event):
                    await self._send_text(f"ping {one.id}")

    async def _take(self, text: str) -> None:
        word, _, rest = text.strip().partition(" ")
        id_ = parsed(rest) if word == "bind" else None
        if id_ is None:
            self._say("error not_understood")
        elif len(self.bound) >= MOST_BOUND and id_ not in self.bound:
            self._say("error too_many")
        else:
            found = await self.hub.ask(self.asking.bind, self.who, id_)
            if found is not None:
                self.bound[id_] = found
            self._say(f"bound {id_}" if found else "error not_found")

    def _say(self, text: str) -> None:
        self._queue({"type": "said", "text": text})


class Listeners(Sockets):
    """The ASGI application at PATH."""

    path, subprotocol = PATH, SUBPROTOCOL

    def __init__(self, sockets: Sockets, asking: Asking) -> None:
        super().__init__(sockets.doors)
        self.hub = sockets.hub  # type: ignore[method-assign]  # one hub for all sockets of an event loop
        self.asking = asking

    async def _live(self, scope: dict[str, Any], receive: Receive, send: Send) -> Code | None:
        return await self._opened(
            scope, self.asking.authenticate, lambda hub, who: Listener(asking=self.asking, hub=hub, who=who, receive=receive, send=send)
        )
