"""One run: readings stream in, everything is hurt in turn, and then it is counted."""

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from healthhub.records import partitions
from notifications.models import Notice
from tests.faults import judgement, people, scenes
from tests.faults.devices import Device, Heard
from tests.faults.house import House
from tests.faults.judgement import Verdict
from tests.notifications.gateway import CUTS, Gateway, running

CLIENTS = 3
POOL_WAIT = 5.0  # seconds a request waits for a connection before it is told to come back (settings)


@dataclass(frozen=True)
class Size:
    """How hard to hit."""

    kills: int
    patients: int
    outages: int  # of Redis and of PostgreSQL each
    away: float  # seconds of an outage
    pause: float  # seconds between two batches of one device
    drain: float  # seconds that notices may take at the end


def gateway_script(chance: random.Random) -> list[int]:
    """This function will give answers of a gateway that fails now and then, and sometimes does its work and loses the answer."""
    return [chance.choices((200, 500, CUTS), (94, 4, 2))[0] for _ in range(20_000)]


def run(house: House, size: Size, seed: int) -> Verdict:
    """This function will do one run in an open database and give its counts and faults."""
    began = time.monotonic()
    with running() as gateway:
        gateway.script = gateway_script(random.Random(seed))
        now = timezone.now()
        partitions.ensure_ahead(now=now)
        everyone = people.build(patients=size.patients, gateway=gateway.url, now=now)
        let_go()
        house.open()
        heard = Heard()
        start = scenes.days_ago(now, 28)
        devices = [
            # The last patient belongs to the scene of the two devices.
            Device(url=house.url, watched=everyone.watched[n:-1:CLIENTS], heard=heard, start=start, pause=size.pause, seed=seed + n)
            for n in range(CLIENTS)
        ]
        for device in devices:
            device.start()
        told = hurt(house, heard, size)
        for device in devices:
            device.stopping.set()
        house.until(lambda: not any(device.is_alive() for device in devices), within=120, what="the devices to be acknowledged")
        told["two devices at once"] = scenes.two_devices(house, everyone, heard, batches=10, start=start)
        told["two doctors at once"] = scenes.two_doctors(house, everyone, alerts=20)
        drained = house.until(nothing_waits, within=size.drain)
        verdict = judged(house, everyone, heard, gateway, told)
        verdict.must(drained, "notices are still waiting")
        verdict.counts["seconds"] = round(time.monotonic() - began)
    return verdict


def hurt(house: House, heard: Heard, size: Size) -> dict[str, Any]:
    """This function will kill at random moments, and let the servers go away in between."""
    told: dict[str, Any] = {}
    breaks = {round(size.kills * (n + 1) / (2 * size.outages + 1)): n for n in range(2 * size.outages)}
    killed = 0
    while killed < size.kills:
        taken = heard.statuses["201"]
        house.until(lambda: heard.statuses["201"] > taken + 3, within=20)  # noqa: B023 - asked and answered before it changes
        house.rest(house.chance.uniform(0.0, 1.0))
        if house.kill_one():
            killed += 1
            if killed in breaks:
                break_servers(house, heard, size, breaks[killed], told)
    house.until(house.answers, within=60, what="the web process after the last kill")
    return told


def break_servers(house: House, heard: Heard, size: Size, number: int, told: dict[str, Any]) -> None:
    """This function will stop one of the servers for a while, on a house that is up: PostgreSQL fast and immediate in turn."""
    taken = heard.statuses["201"]
    up = lambda: all(kept.age > 3 for kept in house.kept.values()) and heard.statuses["201"] > taken + 5  # noqa: E731
    house.until(up, within=90, what="the house to be up")
    if number % 2 == 0:
        told[f"Redis away ({number // 2 + 1})"] = scenes.redis_goes_away(house, heard, seconds=size.away)
    else:
        how = signal.SIGINT if number % 4 == 1 else signal.SIGQUIT
        name = f"PostgreSQL away, {'fast' if how == signal.SIGINT else 'immediate'} ({number // 2 + 1})"
        told[name] = scenes.postgres_goes_away(house, heard, seconds=size.away + POOL_WAIT, how=how)


def nothing_waits() -> bool:
    """This function will tell whether every notice is settled."""
    return not Notice.objects.filter(state=Notice.State.PENDING).exists()


def let_go() -> None:
    """This function will give up our own connections: they would not outlive the server that is stopped."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def judged(house: House, everyone: people.People, heard: Heard, gateway: Gateway, told: dict[str, Any]) -> Verdict:
    """This function will count everything."""
    verdict = Verdict()
    now = timezone.now()
    kills = {f"kill -9 of {name}": kept.killed for name, kept in house.kept.items()}
    own_ends = {name: kept.ended_by_itself for name, kept in house.kept.items() if kept.ended_by_itself}
    verdict.counts |= {"kills": sum(kills.values()), **kills, "ended by themselves": own_ends or 0, **told}
    verdict.counts |= {"answers to the devices": dict(heard.statuses), "sent again": heard.tried_again, "fates": dict(heard.fates)}
    judgement.readings(everyone, heard, verdict)
    judgement.alerts(everyone, verdict, now)
    with gateway.lock:
        received = list(gateway.received)
    judgement.notices(everyone, received, verdict)
    judgement.log_is_whole(verdict)
    verdict.must(not heard.wrong, f"wrong answers: {Counter(heard.wrong).most_common(3)}")
    told_wrong(told, verdict)
    return verdict


def told_wrong(told: dict[str, Any], verdict: Verdict) -> None:
    """This function will find what the scenes should not have seen."""
    for name, saw in told.items():
        if name.startswith("Redis"):
            verdict.must(saw["taken"] > 0 and saw["not taken"] == 0, f"{name}: {saw}")
        if name.startswith("PostgreSQL"):
            bad = [status for status in (*saw["devices"], *saw["pages"]) if status.startswith("5") and status != "503"]
            verdict.must(not bad and "503" in saw["devices"], f"{name}: {saw}")
    two = told["two devices at once"]
    verdict.must(two.get("stored") == two["sent by each"] == two.get("duplicate"), f"two devices: {two}")
    doctors = told["two doctors at once"]
    verdict.must(set(doctors) == {"one has it, one was told"}, f"two doctors: {doctors}")
