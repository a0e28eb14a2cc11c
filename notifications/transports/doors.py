"""Which module sends by which transport."""

from collections.abc import Callable

from notifications.models import Channel
from notifications.transports import Address, Letter, apprise, email, web_push, webhook

TRANSPORTS: dict[str, Callable[[Letter, Address], str]] = {
    Channel.Transport.EMAIL: email.send,
    Channel.Transport.WEB_PUSH: web_push.send,
    Channel.Transport.WEBHOOK: webhook.send,
    Channel.Transport.APPRISE: apprise.send,
}
