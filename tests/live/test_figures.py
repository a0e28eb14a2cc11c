"""How long it takes, printed: `pytest -m long -s tests/live/test_figures.py`. Worth something on an idle machine only."""

import json
import time
from http.client import HTTPConnection
from statistics import quantiles

import pytest
from django.db import transaction
from django.utils import timezone

from healthhub.people.models import User
from notifications.post import Message, post, post_all
from tests.servers import Web, frame, session_of
from tests.world import build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": "88 %"}, "en": {"title": "Low oxygen", "body": "88 %"}}


def shown(name: str, seconds: list[float]) -> None:
    cuts = quantiles(seconds, n=100)
    print(f"{name}: n={len(seconds)} p50={cuts[49] * 1000:.1f} ms p95={cuts[94] * 1000:.1f} ms p99={cuts[98] * 1000:.1f} ms")


def test_a_thousand_notices(transactional_db: None) -> None:
    people = [User.objects.create_user(f"p{n}@example.org", name=f"P{n}") for n in range(1000)]
    ids = [person.id for person in people]
    for about in ("first", "again"):
        began = time.perf_counter()
        post(people=ids, about=about, reason="opened", severity="amber", texts=TEXTS, now=timezone.now())
        print(f"\n1000 people, one post ({about}): {(time.perf_counter() - began) * 1000:.0f} ms")
    began = time.perf_counter()
    messages = [Message(ids[:1], f"many:{n}", "opened", "amber", TEXTS) for n in range(1000)]
    post_all(messages=messages, now=timezone.now())
    print(f"1000 messages to one person, one post: {(time.perf_counter() - began) * 1000:.0f} ms")
    took = []
    for n in range(1000):
        began = time.perf_counter()
        with transaction.atomic():
            post(people=ids[n % 100 : n % 100 + 3], about=f"one:{n}", reason="opened", severity="amber", texts=TEXTS, now=timezone.now())
        took.append(time.perf_counter() - began)
    shown("1000 transactions with one post to 3 people", took)


def test_from_post_to_frame(web: Web) -> None:
    world = build()
    sock = web.socket(cookie=session_of(world.client("doctor_in_team")))
    frame(sock)
    line = HTTPConnection("127.0.0.1", web.port)
    headers = {"Authorization": f"Bearer {world.secrets['token_write']}", "Content-Type": "application/json"}
    to_frame, to_answer = [], []
    for n in range(300):
        body = {"patient": str(world.ana.id), "kind": "hr", "at": timezone.now().isoformat(), "value": 60 + n % 30, "unit": "/min"}
        began = time.perf_counter()
        line.request("POST", "/api/v1/observations", json.dumps(body), headers)
        answer = line.getresponse()
        answer.read()
        assert answer.status == 201
        to_answer.append(time.perf_counter() - began)
        frame(sock, kind="reading")
        to_frame.append(time.perf_counter() - began)
        time.sleep(0.02)
    shown("\nPOST of one reading to its answer", to_answer)
    shown("POST of one reading to the frame on a watcher's socket", to_frame)
    took = []
    for n in range(300):
        began = time.perf_counter()
        post(
            people=[world.users["doctor_in_team"].id], about=f"n:{n}", reason="opened", severity="amber", texts=TEXTS, now=timezone.now(),
            patient_id=world.ana.id, data_class="vitals",
        )  # fmt: skip
        frame(sock, kind="notice")
        took.append(time.perf_counter() - began)
    shown("post() to the notice's frame", took)
    sock.close()
