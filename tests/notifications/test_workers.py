"""Delivery by real workers: real Celery processes on a real broker, killed at the worst moment."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import connections, transaction
from django.utils import timezone

from healthhub.live import bell
from healthhub.people.models import User
from notifications import channels, liveness
from notifications.deliver import deliver, sweep
from notifications.models import Inbox, Notice, Pulse
from notifications.post import Message, post, post_all
from tests.notifications.gateway import HANGS, Gateway
from tests.servers import directory, running_worker, wait_for, worker_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TEXTS = {"en": {"title": "Low oxygen", "body": "88 %"}}


@pytest.fixture
def people(transactional_db: None, gateway: Gateway) -> list[User]:
    made = [User.objects.create_user(f"p{n}@example.org", name=f"Person {n}") for n in range(8)]
    for person in made:
        channels.add(person=person.id, transport="webhook", given={"url": f"{gateway.url}/{person.id}"}, now=timezone.now())
    return made


def tell(people: list[User], about: str, severity: str = "urgent") -> list[Notice]:
    ids = [person.id for person in people]
    return post(people=ids, about=about, reason="opened", severity=severity, texts=TEXTS, now=timezone.now())


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    def one(n: int) -> Any:
        try:
            return work(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def ids_received(gateway: Gateway) -> Counter[str]:
    return Counter(request.headers["webhook-id"] for request in gateway.received)


def test_eight_workers_at_once_send_each_notice_once(people: list[User], gateway: Gateway) -> None:
    notices = [notice for n in range(10) for notice in tell(people, f"alert:{n}")]
    in_threads(8, lambda _: [deliver(notice_id=notice.id, now=timezone.now()) for notice in notices])
    assert set(ids_received(gateway).values()) == {1}
    assert len(gateway.received) == len(notices) == 80
    assert not Notice.objects.exclude(state="delivered").exists()


def test_opposite_orders_neither_deadlock_nor_leave_gaps(people: list[User]) -> None:
    def work(n: int) -> None:
        order = [person.id for person in (people if n % 2 else people[::-1])]
        for turn in range(15):
            with transaction.atomic():
                messages = [Message([p], f"alert:{n}:{turn}:{i}", "opened", "amber", TEXTS) for i, p in enumerate(order)]
                post_all(messages=messages, now=timezone.now())

    in_threads(8, work)
    for person in people:
        numbers = list(Notice.objects.filter(person=person).order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, 8 * 15 + 1))
        assert Inbox.objects.get(person=person).last_seq == len(numbers)


def test_the_same_news_from_eight_sides_is_one_notice(people: list[User]) -> None:
    made = in_threads(8, lambda _: tell(people, "alert:1"))
    assert sum(len(notices) for notices in made) == len(people)
    assert set(Inbox.objects.values_list("last_seq", flat=True)) == {1}


def test_numbers_become_visible_in_order(people: list[User]) -> None:
    """Who has read up to N never finds a number below N later, however transactions overlap."""
    ana = people[0]

    def write_or_read(n: int) -> list[int]:
        seen: list[int] = []
        for turn in range(40):
            if n:
                with transaction.atomic():
                    tell([ana], f"alert:{n}:{turn}")
                    time.sleep(0.001 * (turn % 3))
            else:
                after = seen[-1] if seen else 0
                seen += Notice.objects.filter(person=ana, seq__gt=after).order_by("seq").values_list("seq", flat=True)
                time.sleep(0.01)
        return seen

    read = in_threads(4, write_or_read)[0]
    read += Notice.objects.filter(person=ana, seq__gt=read[-1] if read else 0).order_by("seq").values_list("seq", flat=True)
    assert read == list(range(1, 121))


def test_a_worker_killed_between_send_and_close_leaves_it_to_the_next_with_the_same_id(people: list[User], gateway: Gateway) -> None:
    gateway.script = [HANGS]
    with directory() as place:
        first = worker_process(place, name="first")
        notice = tell(people[:1], "alert:1")[0]
        try:
            wait_for(lambda: gateway.received, within=60)
        finally:
            first.kill()
        assert Notice.objects.get(id=notice.id).state == "pending"
        second = worker_process(place, name="second")
        try:
            wait_for(lambda: sweep(now=timezone.now()) and Notice.objects.get(id=notice.id).state == "delivered", within=40)
        finally:
            second.kill()
    assert ids_received(gateway) == {str(notice.id): 2}
    assert Notice.objects.get(id=notice.id).attempts.filter(outcome="accepted").count() == 1


def test_a_worker_delivers_what_was_posted_within_a_second(people: list[User], gateway: Gateway) -> None:
    with running_worker(concurrency=2):
        took = []
        for n in range(9):
            began = time.monotonic()
            tell(people, f"alert:{n}")
            wait_for(lambda n=n: len(gateway.received) == 8 * (n + 1), within=10)
            took.append(time.monotonic() - began)
        assert sorted(took)[4] < 1
    assert set(ids_received(gateway).values()) == {1}


def test_without_a_worker_the_sweep_sends_by_itself(people: list[User], gateway: Gateway) -> None:
    tell(people, "alert:1")
    now = timezone.now()
    assert sweep(now=now).sent == 0
    assert sweep(now=now + timedelta(seconds=11)).sent == 8
    assert len(gateway.received) == 8


def test_a_dead_broker_holds_nobody_up(people: list[User], settings: Any) -> None:
    broker = current_app.conf.broker_url
    current_app.conf.broker_url = settings.REDIS_URL = "redis://127.0.0.1:1/0"
    bell._redis.cache_clear()
    try:
        took = []
        for n in range(30):
            began = time.perf_counter()
            tell(people, f"alert:{n}")
            took.append(time.perf_counter() - began)
        assert max(took) < 0.25
        assert sorted(took)[15] < 0.05
    finally:
        current_app.conf.broker_url = broker
        bell._redis.cache_clear()
        bell._resting["until"] = 0.0
        time.sleep(1.1)  # the waker rests after a failed publish
    assert Notice.objects.count() == 30 * 8


def test_the_canary_sings_and_its_silence_is_heard(transactional_db: None) -> None:
    now = timezone.now()
    liveness.ask(now=now)
    assert liveness.silent(now=now) == {"deliver": None}
    with running_worker():
        assert Pulse.objects.get(name="deliver").ran_at is not None
        assert liveness.silent(now=timezone.now()) == {}
    assert list(liveness.silent(now=timezone.now() + timedelta(minutes=2))) == ["deliver"]
