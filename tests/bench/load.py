"""A light load client: HTTP/1.1 over raw asyncio connections, requests prepared as bytes. It says how much of a core it takes."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench.house import HOST


@dataclass(slots=True)
class Took:
    """What a run of requests took: seconds each, what was answered, and the client's own share of a core."""

    seconds: float = 0.0
    each: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    client_cores: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.each) / self.seconds

    def ms(self, percent: float) -> float:
        """This function will give a percentile in milliseconds."""
        return percentile(self.each, percent) * 1000


def percentile(values: Iterable[float], percent: float) -> float:
    """This function will give the smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else float("nan")


def request(method: str, path: str, *, body: bytes = b"", **headers: str) -> bytes:
    """This function will prepare a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Line(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self) -> None:
        self.came = bytearray()
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def to(cls, port: int) -> "Line":
        """This function will open a connection."""
        _, line = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.came += data
        head = self.came.find(b"\r\n\r\n")
        if head < 0 or self.answer is None or self.answer.done():
            return
        fields = bytes(self.came[:head]).lower()
        at = fields.find(b"content-length:")
        # Without a length the answer comes in chunks, and the last one is empty.
        length = int(fields[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else -1
        if len(self.came) >= head + 4 + length if length >= 0 else self.came.endswith(b"0\r\n\r\n"):
            self.answer.set_result((int(fields[9:12]), bytes(self.came[head + 4 :])))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("the server hung up"))

    async def ask(self, prepared: bytes) -> tuple[int, bytes]:
        """This function will send a request and wait for status and body."""
        if self.transport is None:
            raise ConnectionError("not connected")
        self.came.clear()
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(prepared)
        return await self.answer

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


async def _closed(port: int, requests: Iterator[bytes], clients: int, until: Callable[[], bool]) -> Took:
    took = Took()
    lines = [await Line.to(port) for _ in range(clients)]

    async def one(line: Line) -> None:
        while not until():
            prepared = next(requests, None)
            if prepared is None:
                return
            started = time.perf_counter()
            status, _ = await line.ask(prepared)
            took.each.append(time.perf_counter() - started)
            took.statuses[status] += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(line) for line in lines))
    took.seconds = time.perf_counter() - began
    took.client_cores = (time.process_time() - cpu) / took.seconds
    for line in lines:
        line.close()
    return took


def closed_loop(port: int, requests: Iterator[bytes], *, clients: int, seconds: float = 1e9) -> Took:
    """This function will let `clients` ask one request after the other, for some seconds or until there are no more."""
    until = time.monotonic() + seconds
    return asyncio.run(_closed(port, requests, clients, lambda: time.monotonic() >= until))


def round_robin(requests: Sequence[bytes]) -> Iterator[bytes]:
    """This function will give the requests over and over."""
    return itertools.cycle(requests)


async def open_loop(
    port: int, make: Callable[[], tuple[bytes, Callable[[float], None]]], *, rate: float, seconds: float, lines: int
) -> Took:
    """This function will send `rate` requests a second whatever the answers take; a request waits only when all lines are busy.

    `make` gives each request and a function that is told the moment at which it was due. Times count from that moment.
    """
    took = Took()
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(lines):
        free.put_nowait(await Line.to(port))

    async def one(due: float) -> None:
        prepared, told = make()
        told(due)
        line = await free.get()
        status, _ = await line.ask(prepared)
        took.each.append(time.perf_counter() - due)
        took.statuses[status] += 1
        free.put_nowait(line)

    began, cpu = time.perf_counter(), time.process_time()
    tasks: list[Awaitable[None]] = []
    for n in range(int(rate * seconds)):
        due = began + n / rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    took.seconds = time.perf_counter() - began
    took.client_cores = (time.process_time() - cpu) / took.seconds
    while not free.empty():
        free.get_nowait().close()
    return took
