"""Web push: encrypted for her browser (RFC 8291), so the push service between us reads nothing.

`Topic` is made of the notice id: a push service that still holds an earlier try replaces it; the page's service worker shows
one notification per `tag`.
"""

import base64
import binascii
import json

from pywebpush import WebPusher, WebPushException

from notifications import vapid
from notifications.transports import Address, Letter, TransportError, http

KEEP_SECONDS = 24 * 3600  # how long the push service keeps it for a phone that is off
NEVER_AGAIN = frozenset({404, 410})  # RFC 8030: the subscription has ended
URGENCY = {"red": "high", "urgent": "high", "amber": "normal", "watch": "low", "info": "low"}


def send(letter: Letter, address: Address) -> str:
    """This function will hand one encrypted message to the browser's push service."""
    endpoint = address["endpoint"]
    text = json.dumps(
        {
            "tag": str(letter.notice_id),
            "seq": letter.seq,
            "severity": letter.severity,
            "title": letter.title,
            "body": letter.body,
            "url": letter.url,
        }
    )
    headers = {
        "TTL": str(KEEP_SECONDS),
        "Urgency": URGENCY.get(letter.severity, "normal"),
        "Topic": base64.urlsafe_b64encode(letter.notice_id.bytes).rstrip(b"=").decode(),
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "Authorization": vapid.authorization(endpoint, at=int(letter.sent_at.timestamp())),
    }
    answer = http.send(endpoint, body=encrypted(text, address), headers=headers)
    if answer.is_taken:
        return f"{answer.status}"
    raise TransportError(f"{answer.status} {answer.text}", permanent=answer.status in NEVER_AGAIN)


def encrypted(text: str, address: Address) -> bytes:
    """This function will encrypt for the subscription's keys; keys that are none end the channel."""
    try:
        pusher = WebPusher({"endpoint": address["endpoint"], "keys": dict(address["keys"])})
        return bytes(pusher.encode(text.encode(), content_encoding="aes128gcm")["body"])
    except (WebPushException, KeyError, ValueError, binascii.Error) as error:
        raise TransportError(f"The subscription's keys are not usable: {error}", permanent=True) from error
