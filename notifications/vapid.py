"""The key by which push services know us (VAPID, RFC 8292): one key pair for the whole service, set by VAPID_PRIVATE_KEY.

Without the setting it follows from SECRET_KEY, so that a demo needs no set-up; a clinic sets its own, since a changed
key makes every subscription void.
"""

import base64
import hashlib
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256
VALID_SECONDS = 12 * 3600  # push services refuse more than 24 h


def public_key() -> str:
    """This function will give the application server key for `pushManager.subscribe` (base64url, uncompressed point)."""
    point = _vapid().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def authorization(endpoint: str, *, at: int) -> str:
    """This function will give the Authorization header for one push service, valid from `at` (unix seconds)."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": settings.VAPID_CONTACT, "exp": at + VALID_SECONDS}
    return str(_vapid().sign(claims)["Authorization"])


def _vapid() -> Vapid02:
    if settings.VAPID_PRIVATE_KEY:
        return Vapid02.from_string(settings.VAPID_PRIVATE_KEY)
    seed = hashlib.sha512(f"vapid:{settings.SECRET_KEY}".encode()).digest()
    return Vapid02(ec.derive_private_key(1 + int.from_bytes(seed) % (ORDER - 1), ec.SECP256R1()))
