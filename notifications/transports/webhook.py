"""A signed POST to a gateway of her choice (SMS, WeChat, a hospital's own system), in the form of Standard Webhooks 1.0:

    webhook-id: <notice id, the same at every try>
    webhook-timestamp: <unix seconds>
    webhook-signature: v1,<base64 of HMAC-SHA256(secret, "<id>.<timestamp>." + body)>, one for each secret that holds, parted by a space

The receiver recomputes the signature over the raw body, refuses a timestamp that is minutes old, and drops an id it has seen. After a
secret was changed, the former one signs too for a day.
"""

import json
from datetime import UTC, datetime

from standardwebhooks import Webhook

from notifications import sealed
from notifications.transports import Address, Letter, TransportError, http

GONE = 410


def send(letter: Letter, address: Address) -> str:
    """This function will post the notice once; 410 Gone is the gateway's way to end the channel."""
    try:
        secrets = [sealed.unseal(one) for one in _holding(address, letter.sent_at)]
    except sealed.CannotOpen as error:
        raise TransportError("The secret was sealed with a key that is gone: set the webhook up again.", permanent=True) from error
    body, id_ = payload(letter), str(letter.notice_id)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "HealthHub",
        "webhook-id": id_,
        "webhook-timestamp": str(int(letter.sent_at.timestamp())),
        "webhook-signature": " ".join(signature(secret, id_=id_, at=letter.sent_at, body=body) for secret in secrets),
    }
    answer = http.send(address["url"], body=body, headers=headers)
    if answer.is_taken:
        return f"{answer.status}"
    # A redirect is not followed: whoever may write at the old address could send the signed notice anywhere.
    raise TransportError(f"{answer.status} {answer.text}", permanent=answer.status == GONE)


def _holding(address: Address, now: datetime) -> list[str]:
    former = address.get("former")
    return [address["secret"], *([former] if former and now < datetime.fromisoformat(address["former_until"]) else [])]


def signature(secret: str, *, id_: str, at: datetime, body: bytes) -> str:
    """This function will sign id, time and body together, so that none can be replayed with another."""
    return Webhook(secret).sign(id_, at.astimezone(UTC), body.decode())


def payload(letter: Letter) -> bytes:
    """This function will give the body: id (the same at every try), seq, about, reason, severity, title, body, url, times."""
    return json.dumps(
        {
            "id": str(letter.notice_id),
            "seq": letter.seq,
            "about": letter.about,
            "reason": letter.reason,
            "severity": letter.severity,
            "title": letter.title,
            "body": letter.body,
            "language": letter.language,
            "url": letter.url,
            "created_at": letter.created_at.isoformat(),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
