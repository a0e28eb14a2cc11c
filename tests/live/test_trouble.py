"""Sockets in trouble: a client that does not read, Redis stopped and started or frozen, database connections cut."""

import base64
import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from healthhub.config.servers import Servers
from healthhub.live import bell
from healthhub.people import consent
from notifications.models import Notice
from notifications.post import post
from tests.servers import Web, cut, directory, frame, running_web, session_of, wait_for
from tests.world import World, build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TEXTS = {"en": {"title": "Low oxygen", "body": ""}}


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


@pytest.fixture
def own_redis(settings: Any) -> Iterator[Servers]:
    """A Valkey of this test's own; our side rings there too."""
    with directory() as place:
        place.chmod(0o711)
        servers = Servers(place, database=False)
        servers.start()
        settings.REDIS_URL = servers.environment()["REDIS_URL"]
        bell._redis.cache_clear()
        try:
            yield servers
        finally:
            servers.stop()
            bell._redis.cache_clear()
            bell._resting["until"] = 0.0


@pytest.fixture
def own_web(transactional_db: None, own_redis: Servers) -> Iterator[Web]:
    with running_web(REDIS_URL=own_redis.environment()["REDIS_URL"]) as web:
        yield web


def opened(web: Web, world: World, principal: str, **options: Any) -> ClientConnection:
    return web.socket(cookie=session_of(world.client(principal)), **options)


def closing(sock: ClientConnection, *, within: float) -> tuple[int, str]:
    """Read to the end; the close code and its reason."""
    until = time.monotonic() + within
    try:
        while True:
            sock.recv(timeout=max(0.01, until - time.monotonic()))
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


def heard(sock: ClientConnection) -> list[Any]:
    """Everything until the socket is closed."""
    frames = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            frames.append(sock.recv(timeout=3))
    return frames


def tell(person_id: UUID, about: str, **changes: Any) -> Notice:
    given = {"reason": "opened", "severity": "amber", "texts": TEXTS, "now": timezone.now()} | changes
    return post(people=[person_id], about=about, **given)[0]


class Sleeper:
    """A client that opens a socket and then does not read. (Libraries read ahead into their own memory.)"""

    def __init__(self, web: Web, cookie: str) -> None:
        self.line = socket.socket()
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        self.line.connect(("127.0.0.1", web.port))
        key = base64.b64encode(bytes(16)).decode()
        headers = {
            "Host": f"127.0.0.1:{web.port}",
            "Origin": web.url,
            "Cookie": f"sessionid={cookie}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        }
        lines = [f"{name}: {value}" for name, value in headers.items()]
        self.line.sendall("\r\n".join(["GET /ws/ HTTP/1.1", *lines, "", ""]).encode())
        self.file = self.line.makefile("rb")
        while self.file.readline() not in (b"\r\n", b""):
            continue
        assert self.next() == (1, b'{"type":"hello","seq":0,"heartbeat":20}')

    def next(self) -> tuple[int, bytes]:
        """Read one frame: its opcode and what is in it."""
        opcode, length = self.file.read(2)
        if length >= 126:
            length = int.from_bytes(self.file.read(2 if length == 126 else 8))
        return opcode & 15, self.file.read(length)

    def wake(self) -> int:
        """Read to the end; the close code."""
        self.line.settimeout(10)
        while True:
            opcode, body = self.next()
            if opcode == 8:
                return int.from_bytes(body[:2])


def comes_in(web: Web, world: World, principal: str, after: int) -> ClientConnection | None:
    sock = opened(web, world, principal, after=after)
    try:
        frame(sock, kind="hello", timeout=3)
    except (ConnectionClosed, TimeoutError):
        sock.close()
        return None
    return sock


def test_redis_stopped_and_started(own_redis: Servers, own_web: Web, world: World) -> None:
    ana = world.users["patient_self"].id
    sock = opened(own_web, world, "patient_self")
    frame(sock)
    tell(ana, "alert:1")
    assert frame(sock)["seq"] == 1
    own_redis.valkey.stop()
    code, reason = closing(sock, within=2)
    assert code == 1012
    assert 0.5 <= float(reason) <= 5
    again = opened(own_web, world, "patient_self")
    assert closing(again, within=4)[0] == 1012
    began = time.monotonic()
    tell(ana, "alert:2")  # is stored all the same, and holds nobody up
    assert time.monotonic() - began < 0.5
    own_redis.valkey.start()
    own_redis.valkey.wait_ready()
    back = wait_for(lambda: comes_in(own_web, world, "patient_self", after=1))
    assert frame(back)["seq"] == 2
    bell._resting["until"] = 0.0
    tell(ana, "alert:3")
    assert frame(back)["seq"] == 3
    back.close()


def test_consent_withdrawn_while_redis_is_frozen(own_redis: Servers, own_web: Web, world: World) -> None:
    process = own_redis.valkey.process
    assert process is not None
    cleo = world.users["caregiver_with_consent"].id
    sock = opened(own_web, world, "caregiver_with_consent")
    frame(sock)
    process.send_signal(signal.SIGSTOP)
    try:
        consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=timezone.now())
        began = time.monotonic()
        tell(cleo, "alert:1", patient_id=world.ana.id, data_class="vitals")
        assert heard(sock) == []
        assert closing(sock, within=1)[0] == 4403
        assert time.monotonic() - began < 2
    finally:
        process.send_signal(signal.SIGCONT)


def test_frozen_redis_is_noticed(own_redis: Servers, own_web: Web, world: World) -> None:
    process = own_redis.valkey.process
    assert process is not None
    sock = opened(own_web, world, "patient_self")
    frame(sock)
    process.send_signal(signal.SIGSTOP)
    try:
        tell(world.users["patient_self"].id, "alert:1")
        assert frame(sock, timeout=3)["seq"] == 1  # found by the look at the database
        assert closing(sock, within=12)[0] == 1012
    finally:
        process.send_signal(signal.SIGCONT)
    back = wait_for(lambda: comes_in(own_web, world, "patient_self", after=1))
    back.close()


def test_a_client_that_does_not_read_is_shut_and_slows_nobody(web: Web, world: World) -> None:
    ana, doctor = world.users["patient_self"].id, world.users["doctor_in_team"].id
    sleeper = Sleeper(web, session_of(world.client("patient_self")))
    fast = opened(web, world, "doctor_in_team")
    frame(fast)
    long = {"en": {"title": "x", "body": "x" * 60_000}}
    for n in range(200):
        tell(ana, f"flood:{n}", texts=long)
    began, waits = time.monotonic(), []
    while time.monotonic() - began < 7:
        sent = time.monotonic()
        tell(doctor, f"tick:{len(waits)}")
        assert frame(fast, kind="notice")["about"] == f"tick:{len(waits)}"
        waits.append(time.monotonic() - sent)
    assert sorted(waits)[int(len(waits) * 0.95)] < 0.5
    assert sleeper.wake() == 4408
    fast.close()


def test_a_queue_that_overflows_is_shut_at_once(web: Web, world: World) -> None:
    ana = world.users["patient_self"].id
    sleeper = Sleeper(web, session_of(world.client("patient_self")))
    for n in range(200):
        tell(ana, f"flood:{n}", texts={"en": {"title": "x", "body": "x" * 60_000}})
    began = time.monotonic()
    event = {"type": "reading", "patient": world.ana.id, "data_class": "vitals", "kinds": ["bp"], "after": 0, "seq": 1}
    for _ in range(400):
        bell.ring_on_commit(users=[ana], event=event)
    assert sleeper.wake() == 4408
    assert time.monotonic() - began < 4  # before the five seconds of a single frame


def test_cut_database_connections_close_sockets_for_a_moment(own_web: Web, world: World) -> None:
    sock = opened(own_web, world, "patient_self")
    frame(sock)
    cut(own_web)  # what a restarting PostgreSQL does to its clients
    code, _ = closing(sock, within=3)
    assert code == 1012
    back = wait_for(lambda: comes_in(own_web, world, "patient_self", after=0))
    back.close()
