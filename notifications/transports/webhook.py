"""A signed POST to a gateway of her choice: SMS, WeChat, a hospital's own system.

    X-HealthHub-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>
    Idempotency-Key: <notice id>

The receiver recomputes v1 over the raw body, refuses a `t` that is minutes old, and drops an Idempotency-Key it has seen.
"""

import hashlib
import hmac
import json

from notifications import sealed
from notifications.transports import Address, Letter, TransportError, http

GONE = 410


def send(letter: Letter, address: Address) -> str:
    """This function will post the notice once; 410 Gone is the gateway's way to end the channel."""
    try:
        secret = sealed.unseal(address["secret"])
    except sealed.CannotOpen as error:
        raise TransportError("The secret was sealed with a key that is gone: set the webhook up again.", permanent=True) from error
    body = payload(letter)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "HealthHub",
        "Idempotency-Key": str(letter.notice_id),
        "X-HealthHub-Signature": signature(secret, at=int(letter.sent_at.timestamp()), body=body),
    }
    answer = http.send(address["url"], body=body, headers=headers)
    if answer.is_taken:
        return f"{answer.status}"
    # A redirect is not followed: whoever may write at the old address could send the signed notice anywhere.
    raise TransportError(f"{answer.status} {answer.text}", permanent=answer.status == GONE)


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


def signature(secret: str, *, at: int, body: bytes) -> str:
    """This function will sign body and time (unix seconds) together, so that neither can be replayed with another."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
