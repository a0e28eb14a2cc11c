"""A light websocket client: the handshake, frames from the server (which are never masked), answers to pings. Nothing else."""

import asyncio
import base64
import os
import time
from collections.abc import Callable

from tests.bench.house import HOST

Hear = Callable[[bytes, float], None]


class Watcher(asyncio.Protocol):
    """One open socket; `hear` gets each text frame and the moment at which it came."""

    def __init__(self, cookie: str, port: int, hear: Hear) -> None:
        self.cookie, self.port, self.hear = cookie, port, hear
        self.came = bytearray()
        self.transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.shaken = False
        self.closed = False

    @classmethod
    async def open(cls, cookie: str, port: int, hear: Hear) -> "Watcher":
        """This function will return once the server has said hello."""
        _, watcher = await asyncio.get_running_loop().create_connection(lambda: cls(cookie, port, hear), HOST, port)
        await asyncio.wait_for(watcher.opened, 60)
        return watcher

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
            key = base64.b64encode(os.urandom(16)).decode()
            transport.write(
                f"GET /ws/ HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nOrigin: http://{HOST}:{self.port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Cookie: sessionid={self.cookie}\r\n\r\n".encode()
            )

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.came += data
        if not self.shaken:
            head = self.came.find(b"\r\n\r\n")
            if head < 0:
                return
            if not self.came.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(bytes(self.came[:200]).decode(errors="replace")))
                return
            del self.came[: head + 4]
            self.shaken = True
        while self._frame(now):
            continue

    def _frame(self, now: float) -> bool:
        """Takes one whole frame out of the buffer; False when there is none yet."""
        came = self.came
        if len(came) < 2:
            return False
        length, start = came[1], 2
        if length == 126:
            length, start = int.from_bytes(came[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(came[2:10], "big"), 10
        if len(came) < start + length:
            return False
        kind, payload = came[0] & 15, bytes(came[start : start + length])
        del came[: start + length]
        if kind == 1 and not self.opened.done():
            self.opened.set_result(None)
        elif kind == 1:
            self.hear(payload, now)
        elif kind == 9 and self.transport is not None:
            self.transport.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)  # masked by zero: the same bytes
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("the server hung up"))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
