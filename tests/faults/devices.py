"""Devices that stream readings and never give up: a batch is sent again until it is acknowledged."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.faults.people import Watched

EVERY = timedelta(minutes=5)  # of the life that is played, between two batches
Identity = tuple[str, str, str]  # kind, at, source


@dataclass
class Heard:
    """What the devices were told: by status, in seconds, and the acknowledged readings of each patient."""

    statuses: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, dict[Identity, tuple[float, float | None]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    tried_again: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def readings(self) -> int:
        return sum(len(found) for found in self.acknowledged.values())


def life(seed: int, start: datetime) -> Iterator[list[dict[str, Any]]]:
    """This function will give batches of readings for ever: a sensor glucose that swings, pressures and oxygen that sometimes frighten."""
    chance = random.Random(seed)
    at, glucose, drift = start, 140.0, 0.0
    while True:
        at += EVERY
        drift = 0.8 * drift + chance.gauss(0, 5) + (130 - glucose) * 0.01
        glucose = min(395.0, max(41.0, glucose + drift))
        batch = [_wire("cgm", at, round(glucose), "mg/dL", "sensor")]
        if chance.random() < 0.1:
            systolic = round(chance.gauss(150, 25))
            batch.append(_wire("bp", at, min(230, max(80, systolic)), "mm[Hg]", "cuff", value2=round(max(45, min(125, systolic * 0.6)))))
        if chance.random() < 0.05:
            batch.append(_wire("spo2", at, min(100, round(chance.gauss(94, 3))), "%", "oximeter"))
        if chance.random() < 0.05:
            batch.append(_wire("glucose", at, round(min(480, max(48, chance.gauss(160, 90)))), "mg/dL", "meter"))
        yield batch


def _wire(kind: str, at: datetime, value: float, unit: str, source: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at": at.isoformat(), "value": value, "unit": unit, "source": source, **more}


class Device(threading.Thread):
    """One client with some patients, in turn. Stops at the end of a batch, so that nothing is left unsure."""

    def __init__(self, *, url: str, watched: list[Watched], heard: Heard, start: datetime, pause: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.url, self.heard, self.pause = url, heard, pause
        self.lives = [(one, life(seed * 1000 + number, start)) for number, one in enumerate(watched)]
        self.stopping = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self.stopping.is_set():
                for watched, batches in self.lives:
                    self.deliver(client, watched, next(batches))
                    time.sleep(self.pause)

    def deliver(self, client: httpx.Client, watched: Watched, batch: list[dict[str, Any]]) -> None:
        headers = {"Authorization": f"Bearer {watched.tokens[0]}", "X-Replay-Now": batch[-1]["at"]}
        while True:
            answer = post(client, batch, headers, self.heard)
            if answer is not None and answer.status_code in (200, 201):
                note(self.heard, watched, batch, answer.json())
                return
            self.heard.tried_again += 1
            time.sleep(0.2)


def post(client: httpx.Client, batch: list[dict[str, Any]], headers: dict[str, str], heard: Heard) -> httpx.Response | None:
    """This function will send once and note what came back; None when the line broke."""
    began = time.monotonic()
    try:
        answer = client.post("/api/v1/observations", json=batch, headers=headers)
    except httpx.TransportError as error:
        with heard.lock:
            heard.statuses["no connection" if isinstance(error, httpx.ConnectError) else "line broke"] += 1
        return None
    with heard.lock:
        heard.statuses[str(answer.status_code)] += 1
        if answer.status_code in (200, 201):
            heard.slowest = max(heard.slowest, time.monotonic() - began)
        elif answer.status_code != 503 or "Retry-After" not in answer.headers:
            heard.wrong.append(f"{answer.status_code} {answer.text[:200]}")
    return answer


def note(heard: Heard, watched: Watched, batch: list[dict[str, Any]], receipt: dict[str, Any]) -> None:
    """This function will write down what was acknowledged."""
    with heard.lock:
        heard.fates.update(receipt["counts"])
        if receipt["counts"].keys() - {"stored", "duplicate"}:
            heard.wrong.append(str(receipt["fates"])[:300])
        mine = heard.acknowledged.setdefault(str(watched.patient.pk), {})
        for reading in batch:
            mine[reading["kind"], reading["at"], reading["source"]] = (reading["value"], reading.get("value2"))
