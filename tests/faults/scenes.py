"""What is done to the house besides killing: its servers go away and come back; two do the same thing at once."""

import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx

from monitoring.models import Alert, Step
from tests.faults.devices import Heard, life, note
from tests.faults.house import House
from tests.faults.people import People, signed_in

TRUST = 2.0  # seconds a POST may take while Redis is away, on a machine that others use too


def redis_goes_away(house: House, heard: Heard, *, seconds: float) -> dict[str, Any]:
    """This function will stop Redis while readings stream in: every one must be taken, and none much later than before."""
    house.servers.valkey.stop()
    with heard.lock:
        before, heard.slowest = heard.statuses.copy(), 0.0
    house.rest(seconds)
    with heard.lock:
        during = Counter(heard.statuses)
        during.subtract(before)
        slowest = heard.slowest
    house.servers.valkey.start()
    house.servers.valkey.wait_ready()
    house.outages["redis"] += 1
    taken = during["201"] + during["200"]
    return {"taken": taken, "not taken": sum((+during).values()) - taken, "slowest": round(slowest, 2)}


def postgres_goes_away(house: House, heard: Heard, *, seconds: float, how: signal.Signals) -> dict[str, Any]:
    """This function will stop PostgreSQL (fast or immediate): devices and pages are told to come back, and later they are served."""
    postgres = house.servers.postgres
    if postgres.process is not None:
        postgres.process.send_signal(how)
        try:
            postgres.process.wait(20)
        except subprocess.TimeoutExpired:
            postgres.stop()
    with heard.lock:
        before = heard.statuses.copy()
    pages: Counter[str] = Counter()
    probe = threading.Thread(target=_ask_pages, args=(house.url, pages, seconds))
    probe.start()
    house.rest(seconds)
    postgres.start()
    postgres.wait_ready()
    back = time.monotonic()
    with heard.lock:
        during = Counter(heard.statuses)
        during.subtract(before)
        taken = heard.statuses["201"]
    house.until(lambda: heard.statuses["201"] > taken, within=60, what="a reading to be taken after PostgreSQL came back")
    probe.join()
    house.outages["postgres"] += 1
    return {"devices": dict(+during), "pages": dict(pages), "back after": round(time.monotonic() - back, 1)}


def _ask_pages(url: str, pages: Counter[str], seconds: float) -> None:
    """A page and an address of the API, as a person without an account meets them; both look for a session."""
    cookies = {"sessionid": "a-session-that-never-was"}
    until = time.monotonic() + seconds - 0.5
    while time.monotonic() < until:
        for path in ("/", "/api/v1/me"):
            try:
                answer = httpx.get(url + path, cookies=cookies, timeout=20)
            except httpx.TransportError:
                pages["no connection"] += 1
                continue
            pages[f"{answer.status_code}" + ("" if answer.headers.get("Retry-After") else " without Retry-After")] += 1
            time.sleep(0.1)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """This function will make the calls at the same moment and give their answers."""
    gate = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def go(index: int, call: Callable[[], Any]) -> None:
        gate.wait()
        answers[index] = call()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def two_devices(house: House, people: People, heard: Heard, *, batches: int, start: datetime) -> dict[str, int]:
    """This function will let both devices of a patient send the same batches at the same moments: each is stored by one of them."""
    watched = people.watched[-1]
    batch_of = life(99, start)
    counts: Counter[str] = Counter()
    with httpx.Client(base_url=house.url, timeout=30) as client:
        for _ in range(batches):
            batch = [reading for _ in range(3) for reading in next(batch_of)]  # 10 minutes: all still current
            send = partial(client.post, "/api/v1/observations", json=batch)
            asked = [{"Authorization": f"Bearer {token}", "X-Replay-Now": batch[-1]["at"]} for token in watched.tokens]
            for answer in at_once(*(partial(send, headers=headers) for headers in asked)):
                counts.update(answer.json()["counts"])
                note(heard, watched, batch, answer.json())
            counts["sent by each"] += len(batch)
    return dict(counts)


def two_doctors(house: House, people: People, *, alerts: int) -> dict[str, int]:
    """This function will let two doctors take the same alerts at the same moment: one has it, the other is told who has."""
    ids = list(Alert.objects.filter(state="open").order_by("-opened_at").values_list("pk", flat=True)[:alerts])
    found: Counter[str] = Counter()
    clients = []
    for doctor in people.doctors:
        cookies, headers = signed_in(doctor)
        clients.append(httpx.Client(base_url=house.url, cookies=cookies, headers=headers, timeout=30))
    for alert_id in ids:
        take = partial(httpx.Client.post, url=f"/api/v1/alerts/{alert_id}/acknowledge", json={})
        answers = at_once(*(partial(take, client) for client in clients))
        statuses = sorted(answer.status_code for answer in answers)
        holder = Alert.objects.get(pk=alert_id).acknowledged_by_id
        winner = people.doctors[[answer.status_code for answer in answers].index(200)].pk if 200 in statuses else None
        steps = Step.objects.filter(alert_id=alert_id, did="acknowledged").count()
        found["one has it, one was told" if statuses == [200, 409] and holder == winner and steps == 1 else f"wrong {statuses}"] += 1
    for client in clients:
        client.close()
    return dict(found)


def days_ago(now: datetime, days: int) -> datetime:
    """This function will give a past midnight, so that played lives begin at a round time."""
    return (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
