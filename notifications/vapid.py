"""The key by which push services know us (VAPID, RFC 8292): one key pair for the whole service, set by VAPID_PRIVATE_KEY.

Without the setting it follows from SECRET_KEY, so that a demo needs no set-up; a clinic sets its own, since a changed
key makes every subscription void.
"""

import base64
import hashlib
import json
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
VALID_SECONDS = 12 * 3600  # push services refuse more than 24 h


def public_key() -> str:
    """This function will give the application server key for `pushManager.subscribe` (base64url, uncompressed point)."""
    return _base64(_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def authorization(endpoint: str, *, at: int) -> str:
    """This function will give the Authorization header for one push service: a token signed with ES256, valid from `at` (unix seconds)."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": at + VALID_SECONDS, "sub": settings.VAPID_CONTACT}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_key().sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"vapid t={signed}.{_base64(r.to_bytes(32) + s.to_bytes(32))},k={public_key()}"


def _key() -> ec.EllipticCurvePrivateKey:
    """VAPID_PRIVATE_KEY is the 32 bytes of the private number, base64url, as every web-push tool makes it."""
    if settings.VAPID_PRIVATE_KEY:
        number = int.from_bytes(base64.urlsafe_b64decode(settings.VAPID_PRIVATE_KEY + "=="))
    else:
        seed = hashlib.sha512(f"vapid:{settings.SECRET_KEY}".encode()).digest()
        number = 1 + int.from_bytes(seed) % (ORDER - 1)
    return ec.derive_private_key(number, ec.SECP256R1())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
