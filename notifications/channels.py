"""How a person wants to hear: her channels, in her order."""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people.access import Viewer
from notifications import sealed
from notifications.models import Channel, Inbox
from notifications.post import post
from notifications.transports import TransportError, http

MOST_CHANNELS = 10
FORMER_HOLDS = timedelta(days=1)
_KEY = re.compile(r"[A-Za-z0-9_-]{20,120}={0,2}")
_SERVICE = re.compile(r"([a-z0-9]{2,20})://[!-~]{1,1500}")


@dataclass(frozen=True)
class Added:
    """A new channel, and the webhook's signing secret, which is shown this once."""

    channel: Channel
    secret: str | None = None


def of(*, person: UUID) -> list[Channel]:
    """This function will list her channels in her order, the disabled ones too."""
    return list(Channel.objects.filter(person=person))


def add(*, person: UUID, transport: str, given: Mapping[str, Any], now: datetime, by: Viewer | None = None) -> Added:
    """This function will add one way to reach her, behind those she has.

    `given` holds, by transport: email {details?}; web_push {subscription}; webhook {url}; apprise {url, details?}.
    The same browser or address again replaces the former row. Raises Invalid, and Conflict(code="too_many_channels").
    """
    secret = _new_secret() if transport == Channel.Transport.WEBHOOK else None
    address = _address(transport, given, secret)
    with transaction.atomic():
        Inbox.objects.get_or_create(person_id=person)
        Inbox.objects.select_for_update(no_key=True).get(person_id=person)  # one change of her channels at a time
        _remove_same(person, transport, address)
        hers = Channel.objects.filter(person=person)
        if hers.count() >= MOST_CHANNELS:
            raise Conflict("Remove a channel first: there are too many.", code="too_many_channels")
        rank = (hers.aggregate(last=Max("rank"))["last"] or 0) + 1
        channel = Channel.objects.create(person_id=person, transport=transport, address=address, rank=rank, created_at=now)
        log.record(
            by=by, did="channel.added", now=now, about=f"channel:{channel.id}", detail={"transport": transport, "person": str(person)}
        )
    return Added(channel=channel, secret=secret)


def _new_secret() -> str:
    """A key of 256 bits as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def change_secret(*, person: UUID, channel_id: UUID, now: datetime, by: Viewer | None = None) -> Added:
    """This function will give one of her webhooks a new secret, shown this once; the former one signs beside it for a day.

    Raises NotVisible for a channel that is not hers or no webhook.
    """
    with transaction.atomic():
        channel = Channel.objects.select_for_update().filter(person=person, id=channel_id, transport=Channel.Transport.WEBHOOK).first()
        if channel is None:
            raise NotVisible
        secret, until = _new_secret(), (now + FORMER_HOLDS).isoformat()
        channel.address |= {"secret": sealed.seal(secret), "former": channel.address["secret"], "former_until": until}
        channel.save(update_fields=["address"])
        log.record(by=by, did="channel.secret", now=now, about=f"channel:{channel.id}", detail={"person": str(person)})
    return Added(channel=channel, secret=secret)


def remove(*, person: UUID, channel_id: UUID, now: datetime, by: Viewer | None = None) -> None:
    """This function will remove one of her channels. Raises NotVisible for one that is not hers."""
    with transaction.atomic():
        deleted, _ = Channel.objects.filter(person=person, id=channel_id).delete()
        if not deleted:
            raise NotVisible
        log.record(by=by, did="channel.removed", now=now, about=f"channel:{channel_id}", detail={"person": str(person)})


def disable(*, channel: Channel, because: str, now: datetime) -> None:
    """This function will shut a channel that will never work again and tell its person, who may not know."""
    changed = Channel.objects.filter(id=channel.id, disabled_at=None).update(disabled_at=now, disabled_because=because[:200])
    if changed:
        post(
            people=[channel.person_id],
            about=f"channel:{channel.id}",
            reason="disabled",
            severity="amber",
            texts=_shut_texts(channel),
            now=now,
        )


def leads_to(channel: Channel) -> str:
    """This function will name where a channel leads, for its person to know it by; no secret is in it."""
    if channel.transport == Channel.Transport.APPRISE:
        return str(channel.address["service"])
    return urlsplit(channel.address.get("url") or channel.address.get("endpoint") or "").hostname or ""


def _shut_texts(channel: Channel) -> dict[str, dict[str, str]]:
    names = {"email": "电子邮件", "web_push": "浏览器推送", "webhook": "Webhook", "apprise": "消息服务"}
    name = channel.get_transport_display()
    return {
        "zh-hans": {
            "title": "一个通知渠道已停用",
            "body": f"{names[channel.transport]}渠道不再可用。请在设置中重新添加，否则您可能收不到提醒。",
        },
        "en": {
            "title": "One of your channels was shut",
            "body": f"{name} does not work any more. Set it up again so that warnings reach you.",
        },
    }


def _address(transport: str, given: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
    if transport == Channel.Transport.EMAIL:
        return {"details": _flag(given)}
    if transport == Channel.Transport.WEB_PUSH:
        return _subscription(given.get("subscription"))
    if transport == Channel.Transport.WEBHOOK and secret is not None:
        return {"url": _url(given.get("url"), field="url"), "secret": sealed.seal(secret)}
    if transport == Channel.Transport.APPRISE:
        return _gateway(given.get("url")) | {"details": _flag(given)}
    raise Invalid("There is no such way to be told.", code="unknown_transport", field="transport")


def _flag(given: Mapping[str, Any]) -> bool:
    details = given.get("details", False)
    if not isinstance(details, bool):
        raise Invalid("details is true or false.", code="not_a_flag", field="details")
    return details


def _url(url: object, *, field: str) -> str:
    if not isinstance(url, str):
        raise Invalid("An address is missing.", code="bad_url", field=field)
    try:
        parts = http.checked(url)
        http.public_address(parts.hostname or "", parts.port or 443)
    except (http.Unsafe, TransportError) as error:
        raise Invalid(f"This address cannot be called. {error}", code="bad_url", field=field) from error
    return url


def _subscription(subscription: object) -> dict[str, Any]:
    if not isinstance(subscription, Mapping) or not isinstance(subscription.get("keys"), Mapping):
        raise Invalid("This is not a browser's push subscription.", code="bad_subscription", field="subscription")
    keys = {name: subscription["keys"].get(name) for name in ("p256dh", "auth")}
    if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in keys.values()):
        raise Invalid("The subscription's keys are not usable.", code="bad_subscription", field="subscription")
    return {"endpoint": _url(subscription.get("endpoint"), field="subscription"), "keys": keys}


def _gateway(url: object) -> dict[str, Any]:
    found = _SERVICE.fullmatch(url) if isinstance(url, str) else None
    if found is None or found[1] not in settings.APPRISE_SERVICES:
        allowed = ", ".join(settings.APPRISE_SERVICES)
        raise Invalid(f"The address must be of one of these services: {allowed}.", code="bad_url", field="url")
    return {"url": sealed.seal(found[0]), "service": found[1]}


def _remove_same(person: UUID, transport: str, address: Mapping[str, Any]) -> None:
    if transport == Channel.Transport.WEB_PUSH:
        # One browser, one person: whoever signed in there before must not be told hers.
        Channel.objects.filter(transport=transport, address__endpoint=address["endpoint"]).delete()
    elif transport == Channel.Transport.EMAIL:
        Channel.objects.filter(person=person, transport=transport).delete()
    elif transport == Channel.Transport.WEBHOOK:
        Channel.objects.filter(person=person, transport=transport, address__url=address["url"]).delete()
