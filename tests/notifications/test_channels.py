"""Ways to be told: what may be added, what may not, secrets at rest, quiet hours."""

import base64
import json
from datetime import UTC, datetime, time
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people.models import User
from notifications import channels, quiet, vapid
from notifications.deliver import deliver
from notifications.models import Channel, Notice
from notifications.post import post
from notifications.transports import TransportError, http
from tests.notifications.conftest import NOW
from tests.notifications.gateway import Gateway

pytestmark = pytest.mark.django_db
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": "88 %"}, "en": {"title": "Low oxygen", "body": "88 %"}}


def add(person: User, transport: str, **given: Any) -> channels.Added:
    return channels.add(person=person.id, transport=transport, given=given, now=NOW)


def told(person: User, **changes: Any) -> Notice:
    given = {"about": "alert:1", "reason": "opened", "severity": "urgent", "texts": TEXTS, "now": NOW} | changes
    return post(people=[person.id], **given)[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",  # not encrypted
        "https://127.0.0.1/hook",
        "https://10.0.0.8/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://localhost/",
        "https://user:word@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "file:///etc/passwd",
        "ftp://example.org/",
        "https://",
        "",
        "x" * 3000,
        None,
        7,
    ],
)
def test_addresses_that_a_webhook_must_not_call(ana: User, settings: Any, url: Any) -> None:
    settings.OUTBOUND_PRIVATE = False
    with pytest.raises(Invalid) as refused:
        add(ana, "webhook", url=url)
    assert refused.value.code == "bad_url"


def test_a_host_that_turns_private_later_is_not_called_and_the_channel_is_shut(ana: User, gateway: Gateway, settings: Any) -> None:
    channel = add(ana, "webhook", url=gateway.url).channel
    settings.OUTBOUND_PRIVATE = False
    channel.address["url"] = gateway.url.replace("http://", "https://")
    channel.save()
    assert deliver(notice_id=told(ana).id, now=NOW) == "failed"
    assert gateway.received == []
    channel.refresh_from_db()
    assert channel.disabled_at is not None


def test_public_addresses_are_public() -> None:
    assert all(http.is_public(address) for address in ("1.1.1.1", "114.114.114.114", "2606:4700:4700::1111"))


def test_secrets_lie_sealed(ana: User, gateway: Gateway) -> None:
    added = add(ana, "webhook", url=gateway.url)
    add(ana, "apprise", url="tgram://123456789:ABCdefGhIJKlmNoPQRsTUVwxyZ/4242")
    assert added.secret is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(address::text, ' ') FROM notifications_channel")
        stored = cursor.fetchone()[0]
    assert added.secret not in stored
    assert "ABCdef" not in stored
    assert [channels.leads_to(channel) for channel in channels.of(person=ana.id)] == ["127.0.0.1", "tgram"]


def test_a_lost_key_shuts_the_channel_instead_of_sending_unsigned(ana: User, gateway: Gateway, settings: Any) -> None:
    channel = add(ana, "webhook", url=gateway.url).channel
    settings.SECRET_KEY = "another key altogether, long enough to be one, really"
    assert deliver(notice_id=told(ana).id, now=NOW) == "failed"
    assert gateway.received == []
    channel.refresh_from_db()
    assert "set the webhook up again" in channel.disabled_because


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1/", "syslog://", "file:///x", "mailto://a:b@example.org", "tgram:nothing", "dbus://", "", None, "tgram://x y"]
)
def test_gateways_that_could_lead_inwards_are_refused(ana: User, url: Any) -> None:
    with pytest.raises(Invalid):
        add(ana, "apprise", url=url)


def test_apprise_hands_over_what_it_is_given(ana: User, gateway: Gateway, settings: Any) -> None:
    settings.APPRISE_SERVICES = ["json"]
    add(ana, "apprise", url=gateway.url.replace("http://", "json://") + "/a")
    assert deliver(notice_id=told(ana).id, now=NOW) == "accepted"
    sent = json.loads(gateway.received[0].body)
    assert "88 %" not in sent["message"] + sent["title"]
    gateway.script = [500]
    add(ana, "apprise", url=gateway.url.replace("http://", "json://") + "/b", details=True)
    Channel.objects.filter(person=ana).order_by("rank").first().delete()  # type: ignore[union-attr]
    second = told(ana, about="alert:2")
    assert deliver(notice_id=second.id, now=NOW) == "retry"
    second.refresh_from_db()
    assert second.due_at is not None
    assert deliver(notice_id=second.id, now=second.due_at) == "accepted"
    assert "88 %" in json.loads(gateway.received[2].body)["message"]


class Browser:
    """A browser's subscription, and its eyes."""

    def __init__(self, endpoint: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = bytes(range(16))
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = {"endpoint": endpoint, "keys": {"p256dh": b64(point), "auth": b64(self.auth)}}

    def read(self, body: bytes) -> dict[str, Any]:
        return json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"))


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_web_push_is_readable_by_her_browser_only_and_we_are_known(ana: User, gateway: Gateway) -> None:
    browser = Browser(f"{gateway.url}/push/1")
    add(ana, "web_push", subscription=browser.subscription)
    notice = told(ana)
    assert deliver(notice_id=notice.id, now=NOW) == "accepted"
    request = gateway.received[0]
    assert b"oxygen" not in request.body
    assert browser.read(request.body) == {
        "tag": str(notice.id),
        "seq": 1,
        "severity": "urgent",
        "title": "Low oxygen",
        "body": "88 %",
        "url": f"http://127.0.0.1:8000/?notice={notice.id}",
    }
    assert (request.headers["urgency"], request.headers["content-encoding"], len(request.headers["topic"])) == ("high", "aes128gcm", 22)
    token, _, key = request.headers["authorization"].removeprefix("vapid t=").partition(",k=")
    head, claims, signature = token.split(".")
    assert json.loads(raw(claims))["aud"] == gateway.url
    assert key == vapid.public_key()
    r, s = int.from_bytes(raw(signature)[:32]), int.from_bytes(raw(signature)[32:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(key))
    public.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))


@pytest.mark.parametrize(
    ("status", "step", "shut"), [(410, "failed", True), (404, "failed", True), (429, "retry", False), (503, "retry", False)]
)
def test_push_services_say_when_a_subscription_ended(ana: User, gateway: Gateway, status: int, step: str, shut: bool) -> None:
    channel = add(ana, "web_push", subscription=Browser(gateway.url).subscription).channel
    gateway.script = [status]
    assert deliver(notice_id=told(ana).id, now=NOW) == step
    channel.refresh_from_db()
    assert (channel.disabled_at is not None) == shut


def test_one_browser_belongs_to_who_came_last(ana: User, gateway: Gateway) -> None:
    ben = User.objects.create_user("ben@example.org", name="Ben")
    subscription = Browser(gateway.url).subscription
    add(ana, "web_push", subscription=subscription)
    add(ben, "web_push", subscription=subscription)
    assert [channel.person_id for channel in Channel.objects.all()] == [ben.id]


@pytest.mark.parametrize(
    "subscription", [None, {}, {"endpoint": "https://example.org"}, {"endpoint": 7, "keys": {"p256dh": "x", "auth": "y"}}]
)
def test_subscriptions_that_are_none(ana: User, subscription: Any) -> None:
    with pytest.raises(Invalid) as refused:
        add(ana, "web_push", subscription=subscription)
    assert refused.value.code == "bad_subscription"


def test_an_unusable_key_is_permanent(ana: User, gateway: Gateway) -> None:
    given = {"endpoint": gateway.url, "keys": {"p256dh": "A" * 87, "auth": "A" * 22}}
    add(ana, "web_push", subscription=given)
    assert deliver(notice_id=told(ana).id, now=NOW) == "failed"


def test_there_is_an_end_to_channels_and_each_is_its_person_s(ana: User, gateway: Gateway) -> None:
    for n in range(channels.MOST_CHANNELS):
        add(ana, "webhook", url=f"{gateway.url}/{n}")
    with pytest.raises(Conflict):
        add(ana, "email")
    ben = User.objects.create_user("ben@example.org", name="Ben")
    first = channels.of(person=ana.id)[0]
    with pytest.raises(NotVisible):
        channels.remove(person=ben.id, channel_id=first.id, now=NOW)
    channels.remove(person=ana.id, channel_id=first.id, now=NOW)
    assert len(channels.of(person=ana.id)) == channels.MOST_CHANNELS - 1
    assert [channel.rank for channel in channels.of(person=ana.id)] == list(range(2, 11))


def test_a_transport_that_is_none(ana: User) -> None:
    with pytest.raises(Invalid):
        add(ana, "pigeon")
    with pytest.raises(TransportError):
        http.send("https://nowhere.invalid/", body=b"", headers={})


# The zone, now (UTC), quiet hours by the wall clock, and when an amber notice may disturb (UTC).
QUIET = [
    ("Asia/Shanghai", "2026-03-10 13:59", "22:00", "07:00", "2026-03-10 13:59"),
    ("Asia/Shanghai", "2026-03-10 14:00", "22:00", "07:00", "2026-03-10 23:00"),
    ("Asia/Shanghai", "2026-03-10 22:59", "22:00", "07:00", "2026-03-10 23:00"),
    ("Asia/Shanghai", "2026-03-10 23:00", "22:00", "07:00", "2026-03-10 23:00"),
    ("Asia/Shanghai", "2026-03-10 05:30", "13:00", "14:30", "2026-03-10 06:30"),
    # New York: clocks go ahead on 8 March, the night has one hour less
    ("America/New_York", "2026-03-08 04:00", "22:00", "07:00", "2026-03-08 11:00"),
    ("America/New_York", "2026-03-07 04:00", "22:00", "07:00", "2026-03-07 12:00"),
    # and back on 1 November: one hour more, and 01:30 comes twice
    ("America/New_York", "2026-11-01 03:00", "22:00", "07:00", "2026-11-01 12:00"),
    ("America/New_York", "2026-11-01 05:15", "22:00", "01:30", "2026-11-01 05:30"),
    # Lord Howe: half an hour of summer time
    ("Australia/Lord_Howe", "2026-04-04 14:00", "22:00", "07:00", "2026-04-04 20:30"),
    ("Asia/Kathmandu", "2026-03-10 17:00", "22:00", "06:00", "2026-03-11 00:15"),
]


@pytest.mark.parametrize(("zone", "now", "start", "end", "allowed"), QUIET)
def test_quiet_hours(ana: User, zone: str, now: str, start: str, end: str, allowed: str) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    User.objects.filter(id=ana.id).update(time_zone=zone)
    quiet.set_hours(person=ana.id, start=time.fromisoformat(start), end=time.fromisoformat(end), now=moment(now))
    assert told(ana, severity="amber", now=moment(now)).due_at == moment(allowed)
    assert quiet.allowed_at(person=ana.id, severity="watch", now=moment(now)) == moment(allowed)
    for severity in ("urgent", "red"):
        assert told(ana, about=severity, severity=severity, now=moment(now)).due_at == moment(now)


def test_new_hours_move_what_waits(ana: User) -> None:
    quiet.set_hours(person=ana.id, start=time(22), end=time(7), now=NOW)
    notice = told(ana, severity="amber")
    quiet.set_hours(person=ana.id, start=time(22), end=time(6), now=NOW)
    notice.refresh_from_db()
    assert notice.due_at == datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
    quiet.set_hours(person=ana.id, start=None, end=None, now=NOW)
    notice.refresh_from_db()
    assert notice.due_at == NOW
    assert quiet.hours_of(person=ana.id) is None


@pytest.mark.parametrize(
    ("start", "end", "code"), [(time(22), None, "half_given"), (None, time(7), "half_given"), (time(7), time(7), "empty_hours")]
)
def test_hours_that_are_none(ana: User, start: time | None, end: time | None, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        quiet.set_hours(person=ana.id, start=start, end=end, now=NOW)
    assert refused.value.code == code
