"""Everything else through Apprise: WeCom, DingTalk, Feishu, ntfy, Telegram, ... behind one address.

Only services on the open internet that the operator allows (`APPRISE_SERVICES`): most of Apprise's other addresses name a
host, a file or a device, which a stranger could point into our own network. Gateways cannot drop repeats by an id, so the
short end of the notice id stands in the text.
"""

import apprise

from notifications import sealed
from notifications.transports import Address, Letter, TransportError
from notifications.transports.plain import discreet

KINDS = {"red": apprise.NotifyType.FAILURE, "urgent": apprise.NotifyType.FAILURE, "amber": apprise.NotifyType.WARNING}


def send(letter: Letter, address: Address) -> str:
    """This function will hand the notice to one gateway; Apprise says yes or no and keeps the reason to itself."""
    try:
        url = sealed.unseal(address["url"])
    except sealed.CannotOpen as error:
        raise TransportError("The address was sealed with a key that is gone: set the channel up again.", permanent=True) from error
    gateway = apprise.Apprise()
    if not gateway.add(url):
        raise TransportError("Apprise does not understand this address.", permanent=True)
    title, body = (letter.title, letter.body) if address.get("details") else discreet(letter)
    text = f"{body}\n{letter.url}\n[{str(letter.notice_id)[-6:]}]"
    if not gateway.notify(title=title, body=text, notify_type=KINDS.get(letter.severity, apprise.NotifyType.INFO)):
        raise TransportError(f"{address.get('service', 'The gateway')} did not take it.")
    return f"taken by {address.get('service', 'the gateway')}"
