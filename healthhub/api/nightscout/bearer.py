"""Bearers of API 3: a JSON Web Token that stands for one of our device tokens for eight hours, as long as that one lives."""

import base64
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.crypto import salted_hmac

from healthhub.dialects.nightscout.common import EPOCH
from healthhub.people import access
from healthhub.people.access import BadToken, Viewer

LIFE = timedelta(hours=8)
HEADER = {"alg": "HS256", "typ": "JWT"}
SALT = "healthhub.nightscout.bearer"


def given(viewer: Viewer, *, now: datetime) -> dict[str, Any]:
    """This function will give a bearer for the token that asks: `{token, sub, permissionGroups, iat, exp}`."""
    issued = (now - EPOCH) // timedelta(seconds=1)
    times = {"iat": issued, "exp": issued + int(LIFE.total_seconds())}
    signed = ".".join(_packed(part) for part in (HEADER, {"jti": str(viewer.token_id), **times}))
    return {"token": f"{signed}.{_signature(signed)}", "sub": str(viewer.token_id), "permissionGroups": [permissions(viewer)], **times}


def permissions(viewer: Viewer) -> list[str]:
    """This function will spell a token's rights as Nightscout does."""
    found = ["*:*:read"] if viewer.may_read else []
    return [*found, *(f"api:*:{word}" for word in ("create", "update", "delete"))] if viewer.may_write else found


def viewer_of(bearer: str, *, now: datetime) -> Viewer:
    """This function will give the viewer behind a bearer. Raises BadToken: malformed, not ours, out of time, or the token was revoked."""
    signed, _, signature = bearer.rpartition(".")
    if not (bearer.isascii() and hmac.compare_digest(signature, _signature(signed))):
        raise BadToken
    try:
        claims = json.loads(_unpacked(signed.split(".")[1]))
        token_id, ends = UUID(claims["jti"]), int(claims["exp"])
    except (ValueError, LookupError, TypeError) as error:
        raise BadToken from error
    if (now - EPOCH).total_seconds() >= ends:
        raise BadToken
    return access.viewer_of_token_id(token_id, now)


def _signature(signed: str) -> str:
    return _encoded(salted_hmac(SALT, signed, algorithm="sha256").digest())


def _packed(part: dict[str, Any]) -> str:
    return _encoded(json.dumps(part, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
