"""Delivering: leased, at least once with the same id, consent asked again, doors in order, operators behind the last."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from healthhub.lib.refused import NotVisible
from healthhub.people import consent
from healthhub.people.models import User
from notifications import channels, quiet
from notifications.deliver import LEASE, claim, deliver, due, replay, sweep
from notifications.inbox import seen
from notifications.models import Attempt, Channel, Notice
from notifications.post import post
from tests.notifications.conftest import NOW
from tests.notifications.gateway import CUTS, DRIPS, HANGS, Gateway
from tests.world import World

pytestmark = pytest.mark.django_db
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": "88 %"}, "en": {"title": "Low oxygen", "body": "SpO2 88 %"}}


def told(person: User, **changes: Any) -> Notice:
    given = {"about": "alert:1", "reason": "opened", "severity": "urgent", "texts": TEXTS, "now": NOW}
    return post(**{**given, "people": [person.id], **changes})[0]


def webhook(person: User, gateway: Gateway, path: str = "/hook") -> tuple[Channel, str]:
    added = channels.add(person=person.id, transport="webhook", given={"url": gateway.url + path}, now=NOW)
    assert added.secret is not None
    return added.channel, added.secret


def outcomes(notice: Notice) -> list[tuple[str, str]]:
    return list(notice.attempts.order_by("id").values_list("transport", "outcome"))


def run_until_settled(notice: Notice, *, start: datetime = NOW) -> list[str]:
    """Play the sweep with a clock that jumps to whatever is due next."""
    steps = []
    for _ in range(60):
        notice.refresh_from_db()
        if notice.state != "pending" or notice.due_at is None:
            return steps
        steps.append(deliver(notice_id=notice.id, now=max(start, notice.due_at)))
    raise AssertionError(steps)


def test_urgent_goes_to_the_first_channel_at_once_and_is_signed(ana: User, gateway: Gateway) -> None:
    _, secret = webhook(ana, gateway)
    notice = told(ana)
    assert deliver(notice_id=notice.id, now=NOW) == "accepted"
    request = gateway.received[0]
    id_, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    own = base64.b64encode(hmac.new(key, f"{id_}.{at}.".encode() + request.body, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{own}"
    assert int(at) == int(NOW.timestamp())
    assert id_ == str(notice.id) == json.loads(request.body)["id"]
    assert json.loads(request.body)["title"] == "Low oxygen"
    notice.refresh_from_db()
    assert (notice.state, notice.due_at, notice.seen_at) == ("delivered", None, None)
    assert outcomes(notice) == [("live", "offered"), ("webhook", "accepted")]


def test_a_changed_secret_signs_beside_the_former_one_for_a_day(ana: User, gateway: Gateway) -> None:
    channel, former = webhook(ana, gateway)
    now = timezone.now()
    changed = channels.change_secret(person=ana.id, channel_id=channel.id, now=now)
    assert changed.secret is not None
    notice = told(ana)
    assert deliver(notice_id=notice.id, now=now) == "accepted"
    request = gateway.received[-1]
    for secret in (changed.secret, former):
        assert Webhook(secret).verify(request.body, request.headers)["id"] == str(notice.id)
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(request.body + b" ", request.headers)
    again = replay(person=ana.id, notice_id=notice.id, channel_id=channel.id, now=now + timedelta(days=1))
    assert again.outcome == "accepted"
    request = gateway.received[-1]
    assert request.headers["webhook-id"] == str(notice.id)
    assert " " not in request.headers["webhook-signature"]


def test_a_notice_is_sent_again_by_hand_as_often_as_wanted_and_its_way_goes_on(ana: User, gateway: Gateway) -> None:
    channel, _ = webhook(ana, gateway)
    notice = told(ana)
    deliver(notice_id=notice.id, now=NOW)
    gateway.script = [500]
    assert replay(person=ana.id, notice_id=notice.id, channel_id=channel.id, now=NOW).outcome == "refused"
    assert replay(person=ana.id, notice_id=notice.id, channel_id=channel.id, now=NOW).outcome == "accepted"
    assert outcomes(notice)[1:] == [("webhook", "accepted"), ("webhook", "refused"), ("webhook", "accepted")]
    assert {request.headers["webhook-id"] for request in gateway.received} == {str(notice.id)}
    email = channels.add(person=ana.id, transport="email", given={}, now=NOW).channel
    for wrong in ({"channel_id": email.id}, {"notice_id": channel.id}, {"person": channel.id}):
        with pytest.raises(NotVisible):
            replay(**({"person": ana.id, "notice_id": notice.id, "channel_id": channel.id, "now": NOW} | wrong))


def test_amber_leaves_an_open_page_time_to_say_seen(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    notice = told(ana, severity="amber")
    assert deliver(notice_id=notice.id, now=NOW) == "offered"
    seen(person=ana.id, notice_id=notice.id, now=NOW + timedelta(seconds=2))
    assert deliver(notice_id=notice.id, now=NOW + timedelta(minutes=1)) == "not due"
    assert gateway.received == []
    notice.refresh_from_db()
    assert (notice.state, notice.delivered_at, notice.seen_at) == ("delivered", NOW + timedelta(seconds=2), NOW + timedelta(seconds=2))


def test_nobody_at_the_page_and_amber_goes_on_to_the_channel(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    notice = told(ana, severity="amber")
    assert run_until_settled(notice) == ["offered", "accepted"]


def test_without_any_channel_it_waits_in_the_inbox_until_seen(ana: User) -> None:
    notice = told(ana)
    assert run_until_settled(notice) == ["waits"]
    assert seen(person=ana.id, notice_id=notice.id, now=NOW).state == "delivered"


def test_a_lost_answer_is_sent_again_with_the_same_id(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    gateway.script = [CUTS, 500, 429]
    notice = told(ana)
    assert run_until_settled(notice) == ["retry", "retry", "retry", "accepted"]
    assert {request.headers["webhook-id"] for request in gateway.received} == {str(notice.id)}
    assert {json.loads(request.body)["id"] for request in gateway.received} == {str(notice.id)}
    assert outcomes(notice)[1:] == [("webhook", "retry")] * 3 + [("webhook", "accepted")]


@pytest.mark.slow
@pytest.mark.parametrize("how", [HANGS, DRIPS])
def test_a_slow_gateway_holds_a_worker_for_less_than_a_lease(ana: User, gateway: Gateway, how: int) -> None:
    webhook(ana, gateway)
    gateway.script = [how]
    began = timezone.now()
    assert deliver(notice_id=told(ana).id, now=NOW) == "retry"
    assert timezone.now() - began < LEASE


def test_redirects_are_not_followed(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    gateway.script = [302]
    assert deliver(notice_id=told(ana).id, now=NOW) == "retry"
    assert [request.path for request in gateway.received] == ["/hook"]


def test_a_gateway_that_is_gone_is_shut_and_the_next_one_takes_it(ana: User, gateway: Gateway) -> None:
    first, _ = webhook(ana, gateway, "/gone")
    webhook(ana, gateway, "/good")
    gateway.script = [410]
    notice = told(ana)
    assert run_until_settled(notice) == ["next", "accepted"]
    assert [request.path for request in gateway.received] == ["/gone", "/good"]
    first.refresh_from_db()
    assert first.disabled_at is not None
    assert first.disabled_because.startswith("410")
    assert Notice.objects.filter(person=ana, about=f"channel:{first.id}", reason="disabled").count() == 1


def test_the_second_channel_is_tried_within_a_minute(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway, "/down")
    webhook(ana, gateway, "/up")
    gateway.script = [500, 500, 500]
    notice = told(ana)
    assert run_until_settled(notice) == ["retry", "retry", "next", "accepted"]
    assert notice.attempts.order_by("id").last().at - NOW < timedelta(minutes=1)


def test_when_every_door_failed_operators_are_paged_once_and_the_page_pages_nobody(world: World, gateway: Gateway) -> None:
    ana, omar = world.users["patient_self"], world.users["operator"]
    webhook(ana, gateway)
    webhook(omar, gateway)
    gateway.script = [500] * 100
    for n in range(2):
        assert run_until_settled(told(ana, about=f"alert:{n}", now=world.now))[-1] == "failed"
    pages = Notice.objects.filter(reason="undelivered")
    assert [page.person_id for page in pages] == [omar.id]
    assert world.ana.name not in json.dumps(pages[0].texts)
    assert run_until_settled(pages[0])[-1] == "failed"
    assert Notice.objects.filter(reason="undelivered").count() == 1


def test_consent_withdrawn_between_post_and_send_cancels(world: World, gateway: Gateway) -> None:
    cleo = world.users["caregiver_with_consent"]
    webhook(cleo, gateway)
    about_ana = {"patient_id": world.ana.id, "data_class": "vitals", "now": world.now}
    before, after = (told(cleo, about=about, **about_ana) for about in ("alert:1", "alert:2"))
    assert deliver(notice_id=before.id, now=world.now) == "accepted"
    consent.withdraw(entry=world.entries["cleo"], by=world.viewer("patient_self"), now=world.now)
    assert deliver(notice_id=after.id, now=world.now + timedelta(seconds=1)) == "cancelled"
    assert len(gateway.received) == 1
    after.refresh_from_db()
    assert (after.state, after.due_at) == ("cancelled", None)


def test_quiet_hours_are_asked_again_at_send_where_she_is_now(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    quiet.set_hours(person=ana.id, start=time(22), end=time(7), now=NOW)
    ana.time_zone = "Europe/London"
    ana.save()
    in_london = told(ana, severity="amber")
    assert in_london.due_at == NOW
    ana.time_zone = "Asia/Shanghai"
    ana.save()
    assert deliver(notice_id=in_london.id, now=NOW) == "quiet"
    in_london.refresh_from_db()
    assert in_london.due_at == NOW + timedelta(hours=8)
    ana.time_zone = "Europe/London"
    ana.save()
    assert quiet.moved(person=ana.id, now=NOW) == 1
    assert deliver(notice_id=in_london.id, now=NOW) == "offered"


def test_mail_says_that_something_waits_but_not_what(ana: User) -> None:
    channels.add(person=ana.id, transport="email", given={}, now=NOW)
    notice = told(ana)
    assert deliver(notice_id=notice.id, now=NOW) == "accepted"
    message = mail.outbox[0]
    assert message.to == ["ana@example.org"]
    assert message.extra_headers["Message-ID"] == f"<{notice.id}@localhost>"
    said = message.body + message.subject
    assert "88 %" not in said  # the bare number may stand in a link by chance
    assert "SpO2" not in said
    assert "urgent" in message.subject
    channels.add(person=ana.id, transport="email", given={"details": True}, now=NOW)
    deliver(notice_id=told(ana, about="alert:2").id, now=NOW)
    assert "SpO2 88 %" in mail.outbox[1].body


def test_a_dead_worker_s_lease_ends_and_grows(ana: User) -> None:
    notice = told(ana)
    now = NOW
    for factor in (1, 2, 4, 8, 16, 32, 64, 64, 64):
        assert claim(notice_id=notice.id, now=now)
        assert not claim(notice_id=notice.id, now=now + LEASE * factor - timedelta(milliseconds=1))
        now += LEASE * factor


def test_the_sweep_wakes_a_worker_once_in_a_while_and_sends_by_itself_what_none_took(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    notice = told(ana)
    assert [(one.id, one.again) for one in due(now=NOW)] == [(notice.id, False)]
    assert due(now=NOW + timedelta(seconds=5)) == []
    assert gateway.received == []
    assert sweep(now=NOW + timedelta(seconds=10)).sent == 1
    assert len(gateway.received) == 1
    notice.refresh_from_db()
    assert notice.state == "delivered"


def test_a_notice_that_kills_its_workers_ends(ana: User, gateway: Gateway) -> None:
    webhook(ana, gateway)
    notice = told(ana)
    Attempt.objects.create(notice=notice, at=NOW, transport="live", outcome="offered")
    Notice.objects.filter(id=notice.id).update(tries=40)
    assert deliver(notice_id=notice.id, now=NOW) == "failed"
    assert gateway.received == []
