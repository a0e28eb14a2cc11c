"""Sockets, from outside: a real server, real browsers' headers, a real Redis."""

import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from healthhub.live import bell
from healthhub.people import access, consent, tokens
from healthhub.people.models import User
from notifications.inbox import last_seq
from notifications.models import Notice
from notifications.post import post
from tests.servers import Web, frame, session_of
from tests.world import World, build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": ""}, "en": {"title": "Low oxygen", "body": ""}}


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


def opened(web: Web, world: World, principal: str, **options: Any) -> ClientConnection:
    return web.socket(cookie=session_of(world.client(principal)), **options)


def closed_with(sock: ClientConnection, *, within: float = 3.0) -> tuple[int, list[dict[str, Any]]]:
    """Read to the end; the close code, and what came before it."""
    frames = []
    until = time.monotonic() + within
    try:
        while True:
            frames.append(json.loads(sock.recv(timeout=max(0.01, until - time.monotonic()))))
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else 1006), frames


def tell(person: User | UUID, n: int = 1, **changes: Any) -> list[Notice]:
    person_id = person.id if isinstance(person, User) else person
    given = {"reason": "opened", "severity": "amber", "texts": TEXTS, "now": timezone.now()} | changes
    start = last_seq(person=person_id)
    return [post(people=[person_id], about=f"alert:{start + i}", **given)[0] for i in range(n)]


def ring_reading(world: World, seq: int, data_class: str = "vitals") -> None:
    event = {"type": "reading", "patient": world.ana.id, "data_class": data_class, "kinds": ["bp"], "after": seq - 1, "seq": seq}
    bell.ring_on_commit(users=access.watchers_of(world.ana.id, data_class=data_class, now=timezone.now(), right="read"), event=event)


def test_hello_then_a_notice_posted_later_then_seen(web: Web, world: World) -> None:
    ana = world.users["patient_self"]
    with opened(web, world, "patient_self") as sock:
        assert frame(sock) == {"type": "hello", "seq": 0, "heartbeat": 20}
        notice = tell(ana)[0]
        got = frame(sock)
        assert (got["type"], got["notice"], got["seq"], got["texts"]) == ("notice", str(notice.id), 1, TEXTS)
        sock.send(json.dumps({"type": "seen", "notice": got["notice"]}))
        assert frame(sock) == {"type": "seen", "notice": str(notice.id)}
        notice.refresh_from_db()
        assert notice.state == "delivered"
        assert notice.seen_at is not None


def test_after_replays_what_was_missed_in_order_without_gap_or_double(web: Web, world: World) -> None:
    ana = world.users["patient_self"]
    tell(ana, 250)
    with opened(web, world, "patient_self", after=20) as sock:
        tell(ana, 5)  # while the replay runs
        assert frame(sock)["type"] == "hello"
        assert [frame(sock)["seq"] for _ in range(235)] == list(range(21, 256))
        with pytest.raises(TimeoutError):
            frame(sock, timeout=1.5)


def test_without_after_nothing_old_is_sent(web: Web, world: World) -> None:
    tell(world.users["patient_self"], 3)
    with opened(web, world, "patient_self") as sock:
        assert frame(sock)["seq"] == 3
        with pytest.raises(TimeoutError):
            frame(sock, timeout=1.0)


def test_a_notice_whose_ring_was_lost_still_comes(web: Web, world: World) -> None:
    ana = world.users["patient_self"]
    with opened(web, world, "patient_self") as sock:
        frame(sock)
        bell._resting["until"] = time.monotonic() + 5
        tell(ana)
        assert frame(sock, timeout=3)["seq"] == 1
    bell._resting["until"] = 0.0


def test_readings_reach_who_may_see_them_and_nobody_else(web: Web, world: World) -> None:
    watchers = ["patient_self", "doctor_in_team", "nurse_in_team", "caregiver_with_consent", "doctor_break_glass"]
    others = ["other_patient", "doctor_elsewhere", "caregiver_withdrawn", "doctor_removed", "programme_manager", "operator"]
    socks = {name: opened(web, world, name) for name in watchers + others}
    for sock in socks.values():
        assert frame(sock)["type"] == "hello"
    ring_reading(world, 7)
    # Even a ring to the wrong people shows them nothing: the right is asked at send.
    wrong = {"type": "reading", "patient": world.ana.id, "data_class": "vitals", "kinds": ["bp"], "after": 7, "seq": 8}
    bell.ring_on_commit(users=[user.id for user in world.users.values()], event=wrong)
    for name in watchers:
        assert [frame(socks[name])["seq"] for _ in range(2)] == [7, 8]
    for name in others:
        with pytest.raises(TimeoutError):
            frame(socks[name], timeout=0.3)
    for sock in socks.values():
        sock.close()


def test_tokens_that_may_read_hear_their_patient_and_no_other_token_comes_in(web: Web, world: World) -> None:
    token, secret = tokens.issue(
        patient=world.ana,
        name="wall",
        kinds=["glucose"],
        may_write=False,
        may_read=True,
        by=world.viewer("patient_self"),
        now=timezone.now(),
    )
    with web.socket(token=world.secrets["token_read"]) as all_kinds, web.socket(token=secret) as glucose_only:
        frame(all_kinds), frame(glucose_only)
        ring_reading(world, 1)
        assert frame(all_kinds)["seq"] == 1
        with pytest.raises(TimeoutError):
            frame(glucose_only, timeout=0.3)
        tokens.revoke(token=token, by=world.viewer("patient_self"), now=timezone.now())
        assert closed_with(glucose_only, within=2)[0] == 4403
    for name in ("token_write", "token_revoked"):
        with web.socket(token=world.secrets[name]) as sock:
            assert closed_with(sock)[0] == 4401
    with web.socket(token="hh_nonsense") as sock:
        assert closed_with(sock)[0] == 4401


def test_a_browser_may_bring_a_token_as_subprotocol(web: Web, world: World) -> None:
    with web.socket(subprotocols=["healthhub", world.secrets["token_read"]]) as sock:
        assert sock.subprotocol == "healthhub"
        assert frame(sock)["type"] == "hello"


def test_anonymous_is_told_to_sign_in(web: Web, world: World) -> None:
    for cookie in (None, "0" * 32):
        with web.socket(cookie=cookie) as sock:
            assert closed_with(sock) == (4401, [])


@pytest.mark.parametrize(
    ("origin", "host", "comes_in"),
    [
        ("same", None, True),
        (None, None, False),
        ("null", None, False),
        ("https://evil.example", None, False),
        ("http://127.0.0.1:1", None, False),
        ("http://127.0.0.1", None, False),
        ("http://localhost.evil.example", None, False),
        ("http://evil.example", "evil.example", False),
        ("file://", None, False),
        ("", None, False),
    ],
)
def test_origins(web: Web, world: World, origin: str | None, host: str | None, comes_in: bool) -> None:
    given: dict[str, Any] = {"origin": web.url if origin == "same" else origin}
    cookie = session_of(world.client("patient_self"))
    if host is not None:
        given["additional_headers"] = {"Cookie": f"sessionid={cookie}", "Host": host}
    if comes_in:
        with web.socket(cookie=cookie, **given) as sock:
            assert frame(sock)["type"] == "hello"
    else:
        with pytest.raises(InvalidStatus) as refused:
            web.socket(cookie=cookie, **given)
        assert refused.value.response.status_code == 403
        if origin is not None:  # a token from a foreign page is no better
            with pytest.raises(InvalidStatus):
                web.socket(token=world.secrets["token_read"], origin=origin, **({"additional_headers": {"Host": host}} if host else {}))


@pytest.mark.parametrize("way", ["consent", "account", "session", "password"])
def test_twenty_sockets_are_closed_within_two_seconds_and_show_nothing_after_one(web: Web, world: World, way: str) -> None:
    cleo, client = world.users["caregiver_with_consent"], world.client("caregiver_with_consent")
    socks = [web.socket(cookie=session_of(client)) for _ in range(20)]
    for sock in socks:
        frame(sock)
    ring_reading(world, 1)
    assert {frame(sock)["seq"] for sock in socks} == {1}
    if way == "consent":
        consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=timezone.now())
    elif way == "account":
        User.objects.filter(id=cleo.id).update(is_active=False)
    elif way == "session":
        client.logout()
    else:
        cleo.set_password("another one, long enough 2")
        cleo.save()
    committed = time.monotonic()
    # Rings that went to her by mistake, until after the socket is gone.
    for n in range(2, 22):
        wrong = {"type": "reading", "patient": world.ana.id, "data_class": "vitals", "kinds": ["bp"], "after": n, "seq": n + 1}
        bell.ring_on_commit(users=[cleo.id], event=wrong)
        time.sleep(0.1)
    assert time.monotonic() - committed < 2.5
    for sock in socks:
        code, frames = closed_with(sock, within=0.5)
        assert code == 4403
        if way in ("consent", "account"):
            late = [got for got in frames if got.get("seq", 0) > 12]  # sent later than 1 s after the commit
            assert late == []


def test_withdrawn_consent_holds_when_no_authz_ring_is_heard(web: Web, world: World) -> None:
    cleo = world.users["caregiver_with_consent"]
    with opened(web, world, "caregiver_with_consent") as sock:
        frame(sock)
        bell._resting["until"] = time.monotonic() + 0.5  # as if Redis were dead at the moment of withdrawal
        consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=timezone.now())
        began = time.monotonic()
        tell(cleo, patient_id=world.ana.id, data_class="vitals")
        code, frames = closed_with(sock, within=2)
        assert (code, frames) == (4403, [])
        assert time.monotonic() - began < 2
    bell._resting["until"] = 0.0


def test_grants_that_end_by_themselves_end_in_open_sockets(web: Web, world: World) -> None:
    now = timezone.now()
    consent.grant(
        patient=world.ana,
        grantee_kind="person",
        grantee_id=world.users["operator"].id,
        data_classes=["vitals"],
        purpose="caregiving",
        rights=["read"],
        ends_at=now + timedelta(seconds=3),
        document_version="2026-01",
        by=world.viewer("patient_self"),
        now=now,
    )
    with opened(web, world, "operator") as sock:
        frame(sock)
        ring_reading(world, 1)
        assert frame(sock)["seq"] == 1
        time.sleep(max(0.0, 4 - (timezone.now() - now).total_seconds()))
        bell.ring_on_commit(
            users=[world.users["operator"].id],
            event={"type": "reading", "patient": world.ana.id, "data_class": "vitals", "kinds": ["bp"], "after": 1, "seq": 2},
        )
        with pytest.raises(TimeoutError):
            frame(sock, timeout=1)


def test_the_twenty_first_socket_is_one_too_many(web: Web, world: World) -> None:
    cookie = session_of(world.client("patient_self"))
    socks = [web.socket(cookie=cookie) for _ in range(20)]
    for sock in socks:
        frame(sock)
    with web.socket(cookie=cookie) as sock:
        assert closed_with(sock)[0] == 4429
    socks[0].close()
    time.sleep(0.2)
    with web.socket(cookie=cookie) as sock:
        assert frame(sock)["type"] == "hello"
    for sock in socks:
        sock.close()


def test_what_clients_say(web: Web, world: World) -> None:
    foreign = tell(world.users["other_patient"])[0]
    with opened(web, world, "patient_self") as sock:
        frame(sock)
        sock.send('{"type":"ping"}')
        assert frame(sock) == {"type": "pong"}
        for nonsense in ("", "[", "[" * 5000, "[]", '{"type":"join","group":"user.x"}', '{"type":"seen"}', '{"type":"seen","notice":"7"}'):
            sock.send(nonsense)
            assert frame(sock) == {"type": "error", "code": "not_understood"}
        for unknown in (foreign.id, UUID(int=7)):
            sock.send(json.dumps({"type": "seen", "notice": str(unknown)}))
            assert frame(sock) == {"type": "error", "code": "not_found"}
        sock.send(b"\x00\x01")
        assert frame(sock)["code"] == "not_understood"
    with opened(web, world, "patient_self") as sock:
        frame(sock)
        sock.send("x" * 70_000)
        assert closed_with(sock)[0] == 1009
    with opened(web, world, "patient_self") as sock:
        frame(sock)
        for _ in range(150):
            sock.send('{"type":"ping"}')
        assert closed_with(sock)[0] == 4429


@pytest.mark.parametrize("after", ["-1", "x", "", "1&after=2", "9" * 30])
def test_a_bad_after_is_named(web: Web, world: World, after: str) -> None:
    with opened(web, world, "patient_self", after=after) as sock:
        assert closed_with(sock)[0] == 4400
