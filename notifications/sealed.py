"""Secrets of channels (signing secrets, gateway addresses with keys in them) are needed in clear to send, but lie sealed in
the database and its backups. The key follows from SECRET_KEY; former keys of SECRET_KEY_FALLBACKS still open.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PURPOSE = b"healthhub.notifications.channels"


class CannotOpen(Exception):
    """The text was sealed with a key that this service no longer has."""


def seal(text: str) -> str:
    """This function will give the text as only this service can read it."""
    return str(_box().encrypt(text.encode()), "ascii")


def unseal(sealed: str) -> str:
    """This function will give the text back, or raise CannotOpen."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise CannotOpen from error


def _box() -> MultiFernet:
    keys: list[str] = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    digests = (hashlib.blake2b(key.encode(), key=PURPOSE, digest_size=32).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
