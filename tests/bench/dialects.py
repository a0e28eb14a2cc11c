"""(g) What a dialect costs: the same readings by Nightscout, by FHIR and by our plain batch; an Apple Health export against bare XML."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from healthhub.people import secrets
from tests.bench import files
from tests.bench.house import House
from tests.bench.load import closed_loop, request
from tests.bench.people import SOURCE, People
from tests.bench.table import Table

ENTRIES, OBSERVATIONS = 1000, 500
FIRST = 600  # the patients before this one are left to the other parts
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"

Bytes = Callable[[People, int, datetime], bytes]


def _plain(people: People, who: int, newest: datetime, *, count: int, kind: str, unit: str, step: timedelta) -> bytes:
    """The yardstick: one POST of our own batch."""
    readings = [
        {
            "kind": kind,
            "at": (newest - n * step).isoformat(),
            "value": 90 + n % 40,
            "unit": unit,
            "source": SOURCE,
            "key": f"{newest:%H%M%S}-{n}",
        }
        for n in range(count)
    ]
    body = json.dumps({"observations": readings}).encode()
    return request("POST", "/api/v1/observations", body=body, Authorization=f"Bearer {people.secrets[who]}")


def _nightscout(people: People, who: int, newest: datetime) -> bytes:
    """What an uploader sends after a day without a network."""
    entries = [
        {
            "type": "sgv",
            "sgv": 90 + n % 40,
            "direction": "Flat",
            "device": SOURCE,
            "date": int((newest - n * timedelta(minutes=1)).timestamp() * 1000),
            "dateString": f"{newest - n * timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}.000Z",
        }
        for n in range(ENTRIES)
    ]
    address = f"/nightscout/{people.patients[who].id}/api/v1/entries"
    return request("POST", address, body=json.dumps(entries).encode(), api_secret=secrets.sha1_of(people.secrets[who]))


def _observation(patient: str, at: datetime, n: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "identifier": [{"system": "urn:bench", "value": f"{at:%H%M%S}-{n}"}],
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at.isoformat(),
        "valueQuantity": {"value": 60 + n % 30, "unit": "/min", "system": UCUM, "code": "/min"},
        "device": {"display": SOURCE},
    }


def _fhir(people: People, who: int, newest: datetime) -> bytes:
    """A hospital's transaction."""
    patient = str(people.patients[who].id)
    entry = [
        {"resource": _observation(patient, newest - n * timedelta(seconds=1), n), "request": {"method": "POST", "url": "Observation"}}
        for n in range(OBSERVATIONS)
    ]
    body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entry}).encode()
    return request("POST", "/fhir/R4/", body=body, Authorization=f"Bearer {people.secrets[who]}")


def _rate(house: House, people: People, patients: range, make: Bytes, count: int) -> float:
    """Readings a second of one client that sends one request for each of these patients."""
    newest = timezone.now().replace(microsecond=0)
    took = closed_loop(house.ports["web"], iter([make(people, who, newest) for who in patients]), clients=1)
    if took.statuses.keys() - {200, 201}:
        raise RuntimeError(f"{make} was answered {dict(took.statuses)}")
    return count * len(took.each) / took.seconds


def _pair(house: House, people: People, first: int, makes: tuple[Bytes, Bytes], *, count: int, each: int) -> tuple[float, float]:
    """Two ways in, taken in turns, each with patients of its own; the first round only warms up."""
    rates: tuple[list[float], list[float]] = ([], [])
    for turn in range(4):
        for one, make in enumerate(makes):
            size = each if turn else 2
            rates[one].append(_rate(house, people, range(first, first + size), make, count))
            first += size
    return sum(rates[0][1:]) / 3, sum(rates[1][1:]) / 3


def measure(house: House, people: People, table: Table, *, long: bool) -> None:
    """This function will print the three ratios, and the memory of reading a small and a large export."""
    table.part("(g) dialects against our plain batch of the same readings, one client; Apple Health against a bare lxml iterparse")
    each = 16 if long else 8
    cgm = partial(_plain, count=ENTRIES, kind="cgm", unit="mg/dL", step=timedelta(minutes=1))
    nightscout, plain = _pair(house, people, FIRST, (_nightscout, cgm), count=ENTRIES, each=each)
    table.add(f"Nightscout v1, {ENTRIES:,} entries a request: readings/s", nightscout, "/s")
    table.add("plain batch of the same: readings/s", plain, "/s")
    table.add("ratio", nightscout / plain, goal=0.60, at_least=True)
    pulse = partial(_plain, count=OBSERVATIONS, kind="hr", unit="/min", step=timedelta(seconds=1))
    fhir, plain = _pair(house, people, FIRST + 150, (_fhir, pulse), count=OBSERVATIONS, each=each)
    table.add(f"FHIR transaction of {OBSERVATIONS}: readings/s", fhir, "/s")
    table.add("plain batch of the same: readings/s", plain, "/s")
    table.add("ratio", fhir / plain, goal=0.30, at_least=True)
    small = files.written(house.state / "small.xml", megabytes=16)
    large = files.written(house.state / "large.xml", megabytes=1000 if long else 128)
    ours, bare = files.rates(small)
    table.add("Apple Health export: MB/s", ours, "MB/s")
    table.add("bare lxml iterparse: MB/s", bare, "MB/s")
    table.add("ratio", ours / bare, goal=0.40, at_least=True)
    peaks = files.peak(small), files.peak(large)
    table.add(f"largest memory while {small.stat().st_size / files.MB:.0f} MB are read", peaks[0], "MB")
    table.add(f"largest memory while {large.stat().st_size / files.MB:.0f} MB are read", peaks[1], "MB", goal=300)
    table.add("the second by the first", peaks[1] / peaks[0], goal=1.1)
