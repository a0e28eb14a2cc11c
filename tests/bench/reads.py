"""(d) What pages and apps read most: one patient's last 30 days, and the worklist of a doctor with 1,000 patients."""

import json
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from tests.bench import people as everyone
from tests.bench.house import House
from tests.bench.load import Took, closed_loop, request
from tests.bench.people import People
from tests.bench.table import Table

CLIENTS = 2
ALARMED = range(850, 1000)  # patients of whom an alert is open when the worklist is read


def alarm(house: House, people: People) -> None:
    """This function will send two readings of too little oxygen for some patients: their alerts are opened as everybody's are."""
    now = timezone.now()
    requests = []
    for who in ALARMED:
        low = [
            {"kind": "spo2", "at": (now - timedelta(minutes=ago)).isoformat(), "value": 86, "unit": "%", "source": everyone.SOURCE}
            for ago in (4, 1)
        ]
        body = json.dumps({"observations": low}).encode()
        requests.append(request("POST", "/api/v1/observations", body=body, Authorization=f"Bearer {people.secrets[who]}"))
    closed_loop(house.ports["web"], iter(requests), clients=CLIENTS)


def _months(people: People, count: int) -> Iterator[bytes]:
    """Her last 30 days, raw: 300 readings, each time of another patient, asked by her own device."""
    since = (timezone.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(count):
        who = number * 37 % len(people.patients)
        yield request("GET", f"/api/v1/patients/{people.patients[who].id}/observations?from={since}&limit=1000",
                      Authorization=f"Bearer {people.secrets[who]}")  # fmt: skip


def _days(people: People, count: int) -> Iterator[bytes]:
    """The same days as daily buckets of her pulse, from the summaries."""
    since = (timezone.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(count):
        who = number * 37 % len(people.patients)
        yield request("GET", f"/api/v1/patients/{people.patients[who].id}/observations?kind=hr&resolution=1d&from={since}",
                      Authorization=f"Bearer {people.secrets[who]}")  # fmt: skip


def _worklists(path: str, cookie: str, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield request("GET", path, Cookie=f"sessionid={cookie}")


WORKLISTS = (
    ("worklist of 1,000 patients, first 100 as JSON", "/api/v1/worklist?limit=100", 100.0),
    ("worklist of 1,000 patients, the doctor's page", "/worklist", None),
)


def _ask(house: House, requests: Iterator[bytes], clients: int) -> Took:
    took = closed_loop(house.ports["web"], requests, clients=clients)
    if took.statuses.keys() != {200}:
        raise RuntimeError(f"reads were answered {dict(took.statuses)}")
    return took


def measure(house: House, people: People, table: Table, *, rows: int, count: int) -> dict[str, float]:
    """This function will print the times with this many readings in the table, and give the p99 of each question."""
    table.part(f"(d) reading, {rows / 1e6:g} million readings in the table, 1,000 patients")
    cookie = everyone.sessions([people.chief])[0]
    found: dict[str, float] = {}
    asked = (
        ("last 30 days, raw JSON (300 readings)", _months, 50.0),
        ("last 30 days, daily buckets", _days, None),
    )
    for name, make, goal in asked:
        _ask(house, make(people, 40), CLIENTS)
        took = _ask(house, make(people, count), 1)
        table.add(f"{name}: p50", took.ms(50), "ms")
        table.add(f"{name}: p99", took.ms(99), "ms", goal=goal)
        found[name] = took.ms(50)
    for name, path, goal in WORKLISTS:
        _ask(house, _worklists(path, cookie, 20), CLIENTS)
        took = _ask(house, _worklists(path, cookie, count // 2), 1)
        table.add(f"{name}: p50", took.ms(50), "ms")
        table.add(f"{name}: p99", took.ms(99), "ms", goal=goal)
        found[name] = took.ms(50)
    return found


def flat(before: dict[str, float], after: dict[str, float], table: Table, *, times: int) -> None:
    """This function will print how much slower the questions became with `times` as many readings (medians)."""
    for name, was in before.items():
        table.add(f"{name}: p50 with {times} times the readings, over p50 before", after[name] / was, goal=1.5)
