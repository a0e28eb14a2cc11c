"""(a) A thousand readings a request through HTTP, rules on, against a raw COPY of the same rows into the same table with its indexes.

The readings are of the present: a watch that sends its last quarter of an hour, second by second, and an oximeter beside it.
So every one of them is current, is judged, and answered with its fate. The COPY gets finished bytes, in one transaction; it
checks nothing, judges nothing, logs nothing and answers nothing.
"""

import json
import os
import time
from datetime import datetime, timedelta

import psycopg
from django.db import connection
from django.utils import timezone

from healthhub.records.catalogue import BY_KEY
from tests.bench.bulk import READINGS
from tests.bench.house import House
from tests.bench.load import Took, closed_loop, request
from tests.bench.people import SOURCE, People
from tests.bench.table import Table

A_REQUEST = 1000
FIRST = 300  # the patients before this one are left to the other parts


def _values(number: int) -> tuple[str, str, int]:
    """Kind, unit and value: mostly a pulse, now and then an oxygen saturation."""
    return ("spo2", "%", 95 + number % 4) if number % 10 == 9 else ("hr", "/min", 64 + number * 7 % 15)


def _moment(number: int, newest: datetime) -> datetime:
    return newest - timedelta(milliseconds=800 * (A_REQUEST - number))


def body(newest: datetime) -> bytes:
    """This function will make one request's body: 1,000 readings of the 13 minutes before `newest`."""
    readings = []
    for number in range(A_REQUEST):
        kind, unit, value = _values(number)
        readings.append({"kind": kind, "at": _moment(number, newest).isoformat(), "value": value, "unit": unit, "source": SOURCE})
    return json.dumps({"observations": readings}).encode()


def _copied(people: People, patients: range, newest: datetime, *, key: str) -> float:
    """Rows a second of COPY; `key` tells the rows apart from those that came through HTTP."""
    blocks = []
    for who in patients:
        lines = []
        for number in range(A_REQUEST):
            kind, _, value = _values(number)
            at = _moment(number, newest).isoformat()
            lines.append(
                f"{people.patients[who].id}\t{500_000 + number}\t{at}\t{at}\t{value}\t\\N\t{people.sources[who]}\t\\N\t0\t"
                f"{BY_KEY[kind].number}\t1\t0\t0\t{key}\n"
            )
        blocks.append("".join(lines).encode())
    with psycopg.connect(os.environ["DATABASE_URL"]) as database, database.cursor() as cursor:
        began = time.perf_counter()
        with cursor.copy(READINGS.format(table="records_observation")) as copy:
            for block in blocks:
                copy.write(block)
        database.commit()
        return len(patients) * A_REQUEST / (time.perf_counter() - began)


def _sent(house: House, people: People, patients: range, newest: datetime, clients: int) -> Took:
    requests = [
        request("POST", "/api/v1/observations", body=body(newest), Authorization=f"Bearer {people.secrets[who]}") for who in patients
    ]
    took = closed_loop(house.ports["web"], iter(requests), clients=clients)
    if took.statuses.keys() != {201}:
        raise RuntimeError(f"batches were answered {dict(took.statuses)}")
    return took


def measure(house: House, people: People, table: Table, *, batches: int) -> None:
    """This function will print rows a second of both, one stream each and two, and their ratios."""
    table.part(f"(a) batches of {A_REQUEST:,} current readings, and raw COPY of the same rows")
    _sent(house, people, range(FIRST, FIRST + 4), timezone.now(), 2)
    first = FIRST + 4
    copied, sent = [], []
    for turn in range(2):
        patients = range(first, first + batches // 2)
        first += batches // 2
        newest = timezone.now()
        copied.append(_copied(people, patients, newest, key=f"copy{turn}"))
        sent.append(_sent(house, people, patients, newest, 1))
    two = _sent(house, people, range(first, first + batches), timezone.now(), 2)
    rate = A_REQUEST * sum(len(took.each) for took in sent) / sum(took.seconds for took in sent)
    copy = sum(copied) / len(copied)
    table.add("COPY, one stream: rows/s", copy, "/s")
    table.add("batch intake, one client: readings/s", rate, "/s")
    table.add("ratio, one stream each", rate / copy, goal=0.25, at_least=True)
    table.add("batch intake, one client: p50 of a request", sent[-1].ms(50), "ms")
    table.add("batch intake, two clients: readings/s", two.rate * A_REQUEST, "/s")
    _check_judged(people, FIRST)


def _check_judged(people: People, who: int) -> None:
    """A figure of readings that were set aside as late would flatter us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE flags = 0), count(*) FROM records_observation "
            "WHERE patient_id = %s AND at > now() - interval '1 hour'",
            [people.patients[who].id],
        )
        unflagged, all_of_them = cursor.fetchone()
    if unflagged < A_REQUEST:
        raise RuntimeError(f"only {unflagged} of {all_of_them} readings were judged as current")
