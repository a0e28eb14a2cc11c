"""(b) One reading a request, against a bare view that makes one INSERT: same server, same number of workers and threads."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from tests.bench import bare_urls
from tests.bench.house import House
from tests.bench.load import Took, closed_loop, request, round_robin
from tests.bench.people import SOURCE, People
from tests.bench.table import Table

CLIENTS = (1, 16, 64)
KINDS = (("hr", "/min", 66, 12), ("spo2", "%", 96, 3), ("bp", "mm[Hg]", 122, 9))


def reading(number: int, at: datetime) -> dict[str, object]:
    """This function will make a calm reading of the moment; the kinds take turns."""
    kind, unit, low, spread = KINDS[number % len(KINDS)]
    made: dict[str, object] = {"kind": kind, "at": at.isoformat(), "value": low + number % spread, "unit": unit, "source": SOURCE}
    return made | {"value2": 78} if kind == "bp" else made


def posts(people: People) -> Iterator[bytes]:
    """This function will give requests of the patients' devices, one after the other, each with a fresh reading."""
    for number in itertools.count():
        who = number * 7 % len(people.patients)
        body = json.dumps(reading(number // len(people.patients) + number, timezone.now())).encode()
        yield request("POST", "/api/v1/observations", body=body, Authorization=f"Bearer {people.secrets[who]}")


def _expect(took: Took, status: int) -> None:
    wrong = {code: count for code, count in took.statuses.items() if code != status}
    if wrong:
        raise RuntimeError(f"answers that were not {status}: {wrong}")


def saturate(house: House, people: People, *, clients: int, seconds: float) -> Took:
    """This function will post single readings as fast as they are answered."""
    took = closed_loop(house.ports["web"], posts(people), clients=clients, seconds=seconds)
    _expect(took, 201)
    return took


def measure(house: House, people: People, table: Table, *, seconds: float) -> float:
    """This function will print both sides at 1, 16 and 64 clients and give our rate at 16."""
    with connection.cursor() as cursor:
        cursor.execute(bare_urls.TABLE)
    house.start("bare")
    body = json.dumps(reading(0, timezone.now() - timedelta(minutes=1))).encode()
    bare_requests = [request("POST", "/bare", body=body)]
    closed_loop(house.ports["bare"], round_robin(bare_requests), clients=16, seconds=1)
    saturate(house, people, clients=16, seconds=3)
    table.part("(b) one reading a request, and a bare DRF view with one INSERT (granian WSGI, 2 workers)")
    at_16 = 0.0
    for clients in CLIENTS:
        bare, ours = _in_turns(house, people, bare_requests, clients, seconds)
        for name, took in (("bare", bare), ("ours", ours)):
            table.add(f"{name}, {clients} clients: requests/s", took.rate, "/s")
            table.add(f"{name}, {clients} clients: p50", took.ms(50), "ms")
            goal = 100.0 if name == "ours" and clients == 16 else None
            table.add(f"{name}, {clients} clients: p99", took.ms(99), "ms", goal=goal)
        goal = None if clients == 1 else 0.35
        table.add(f"ratio, {clients} clients", ours.rate / bare.rate, goal=goal, at_least=True)
        if clients == 16:
            at_16 = ours.rate
            table.add("load client's share of a core, 16 clients", ours.client_cores, "cores")
    house.stop("bare")
    return at_16


def _in_turns(house: House, people: People, bare_requests: list[bytes], clients: int, seconds: float) -> tuple[Took, Took]:
    """Two turns each, interleaved: what else the machine does then falls on both."""
    sides = (Took(), Took())
    for _ in range(2):
        bare = closed_loop(house.ports["bare"], round_robin(bare_requests), clients=clients, seconds=seconds / 2)
        _expect(bare, 201)
        for total, part in zip(sides, (bare, saturate(house, people, clients=clients, seconds=seconds / 2)), strict=True):
            total.seconds += part.seconds
            total.each += part.each
            total.statuses += part.statuses
            total.client_cores = part.client_cores
    return sides
