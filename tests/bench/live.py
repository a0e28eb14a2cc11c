"""(c) From POST to the frame on a watcher's socket, with 500 sockets open.

Every patient is watched by herself and by the clinicians of her team: 460 patients and 40 clinicians are here. Times count
from the moment at which the request was due, for every watcher of every reading, whatever the server had queued before.
"""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable

from django.utils import timezone

from tests.bench import people as everyone
from tests.bench.house import House
from tests.bench.load import Took, open_loop, percentile, request
from tests.bench.people import People
from tests.bench.single import reading
from tests.bench.sockets import Watcher
from tests.bench.table import Table

SOCKETS = 500
OPENING_AT_ONCE = 10
SETTLE = 3.0  # seconds for the last frames to come


class Watch:
    """What the watchers hear: for each reading sent, how long each frame took."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.due: dict[str, float] = {}  # of the newest request, by patient
        self.sent = 0
        self.frames: list[float] = []
        self.kinds: Counter[str] = Counter()
        self.turn = itertools.count()

    def hear(self, payload: bytes, now: float) -> None:
        """This function will take a frame."""
        event = json.loads(payload)
        self.kinds[event["type"]] += 1
        if event["type"] == "reading" and event["patient"] in self.due:
            self.frames.append(now - self.due[event["patient"]])

    def post(self) -> tuple[bytes, Callable[[float], None]]:
        """This function will give the next device's request, and note when it was due."""
        number = next(self.turn)
        watched = SOCKETS - everyone.TEAMS * everyone.STAFF
        who = number * 7 % watched
        patient = str(self.people.patients[who].id)
        self.sent += 1
        body = json.dumps(reading(number + number // watched, timezone.now())).encode()
        prepared = request("POST", "/api/v1/observations", body=body, Authorization=f"Bearer {self.people.secrets[who]}")
        return prepared, lambda due: self.due.__setitem__(patient, due)


async def _open(cookies: list[str], port: int, watch: Watch) -> list[Watcher]:
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(cookie: str) -> Watcher:
        async with gate:
            return await Watcher.open(cookie, port, watch.hear)

    return list(await asyncio.gather(*(one(cookie) for cookie in cookies)))


async def _run(house: House, watch: Watch, cookies: list[str], rates: list[float], seconds: float) -> list[tuple[Took, list[float], int]]:
    watchers = await _open(cookies, house.ports["live"], watch)
    results = []
    for rate in rates:
        await asyncio.sleep(SETTLE)
        watch.frames, watch.sent = [], 0
        took = await open_loop(house.ports["web"], watch.post, rate=rate, seconds=seconds, lines=64)
        await asyncio.sleep(SETTLE)
        results.append((took, watch.frames, watch.sent * (1 + everyone.STAFF)))
    lost = sum(watcher.closed for watcher in watchers)
    for watcher in watchers:
        watcher.close()
    if lost:
        raise RuntimeError(f"{lost} sockets were closed meanwhile; heard: {watch.kinds}")
    return results


def measure(house: House, people: People, table: Table, *, saturation: float, seconds: float) -> None:
    """This function will print the times at 50 readings a second and at half of what single POSTs reached."""
    table.part(f"(c) POST to frame, {SOCKETS} sockets open, 5 watchers of each reading")
    patients = people.patients[: SOCKETS - everyone.TEAMS * everyone.STAFF]
    users = [user for team in people.staff for user in team] + [patient.user for patient in patients if patient.user is not None]
    cookies = everyone.sessions(users)
    watch = Watch(people)
    rates = [50.0, saturation / 2]
    results = asyncio.run(_run(house, watch, cookies, rates, seconds))
    for (took, frames, expected), rate, goal in zip(results, rates, (250.0, 1000.0), strict=True):
        name = f"{rate:.0f}/s"
        for percent in (50, 95, 99):
            table.add(f"{name}: frame p{percent}", percentile(frames, percent) * 1000, "ms", goal=goal if percent == 99 else None)
        table.add(f"{name}: POST p99", took.ms(99), "ms")
        table.add(f"{name}: frames that came, of those due", len(frames) / expected, goal=0.999, at_least=True)
        table.add(f"{name}: load client's share of a core", took.client_cores, "cores")
