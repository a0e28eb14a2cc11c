"""One run: people, readings, then part after part. Imported once the servers answer, because Django then knows where they are."""

import sys
import time
from datetime import datetime

import django
from django.core.management import call_command
from django.utils import timezone

from tests.bench.house import House
from tests.bench.table import Table

django.setup()

from healthhub.records import partitions  # noqa: E402 - models need Django set up
from tests.bench import assessing, batches, bulk, dialects, live, memory, people, reads, single  # noqa: E402

DAYS = 100  # of ten readings each, for 1,000 patients: a million
REST = 15.0  # seconds until every process has come up and has nothing more to do


def say(what: str, began: float) -> None:
    """This function will tell, beside the table, how far the run has come."""
    print(f"   {time.monotonic() - began:4.0f} s  {what}", file=sys.stderr, flush=True)


def everything(house: House, table: Table, *, long: bool, parts: set[str]) -> None:
    """This function will run the chosen parts and print their figures."""
    now, began = timezone.now(), time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    partitions.ensure_ahead(now=now)
    everyone = people.settle(now)
    say("people are there", began)
    for name in ("web", "live", "worker", "sweep"):
        house.start(name)
    time.sleep(REST)
    print("| what | figure | goal | met |\n|---|---:|---|---|", flush=True)
    if "e" in parts:
        memory.measure(house, table)
    rows = bulk.load(everyone, now=now, from_day=1, to_day=1 + DAYS)
    say(f"{rows:,} readings are there", began)
    _ways_in(house, everyone, table, long=long, parts=parts)
    if parts & {"b", "c"}:
        bulk.settle_down()
        at_16 = single.measure(house, everyone, table, seconds=12 if long else 4)
        if "c" in parts:
            live.measure(house, everyone, table, saturation=at_16, seconds=30 if long else 10)
    if "f" in parts:
        house.stop("worker")  # it would take the work away from under the watch
        assessing.measure(everyone, table, now=now)
        house.start("worker")
    if "d" in parts:
        _reads(house, everyone, table, now=now, long=long, began=began)
    for name, said in house.complaints().items():
        loud = [line for line in said.splitlines() if " ERROR " in line or " WARNING " in line]
        if loud:
            print(f"{name} said: {' / '.join(loud[-5:])}", file=sys.stderr)


def _ways_in(house: House, everyone: people.People, table: Table, *, long: bool, parts: set[str]) -> None:
    if "a" in parts:
        batches.measure(house, everyone, table, batches=120 if long else 60)
    if "g" in parts:
        dialects.measure(house, everyone, table, long=long)


def _reads(house: House, everyone: people.People, table: Table, *, now: datetime, long: bool, began: float) -> None:
    reads.alarm(house, everyone)
    bulk.settle_down()
    before = reads.measure(house, everyone, table, rows=DAYS * 10_000, count=600 if long else 200)
    bulk.load(everyone, now=now, from_day=1 + DAYS, to_day=1 + 10 * DAYS)
    say("ten times the readings are there", began)
    after = reads.measure(house, everyone, table, rows=10 * DAYS * 10_000, count=600 if long else 200)
    reads.flat(before, after, table, times=10)
