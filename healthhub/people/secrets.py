"""Secrets of device tokens: `hh_` + 32 random bytes in base32 + 6 characters of checksum, all lower case.

The prefix lets scanners of leaked secrets find them, the checksum lets us refuse a typing error without asking the database.
256 random bits need no slow hash: SHA-256 is what is kept.
"""

import base64
import hashlib
import hmac
import secrets as randomness

PREFIX = "hh_"
BODY, CHECK = 52, 6
MOSQUITTO_ROUNDS = 101  # Mosquitto's own number
SHOWN = 9  # characters of the secret that stay visible in lists, to tell tokens apart


def fresh() -> str:
    """This function will make a new secret."""
    body = base64.b32encode(randomness.token_bytes(32)).decode().rstrip("=").lower()
    return PREFIX + body + _check(body)


def well_formed(secret: str) -> bool:
    """This function will tell whether this can be one of our secrets at all."""
    if len(secret) != len(PREFIX) + BODY + CHECK or not secret.startswith(PREFIX) or not secret.isascii():
        return False
    body = secret[len(PREFIX) : -CHECK]
    return hmac.compare_digest(secret[-CHECK:], _check(body))


def digest(secret: str) -> bytes:
    """This function will give what is kept of a secret: its SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def digest_of_sha1(hexadecimal: str) -> bytes:
    """This function will give what is kept of a secret for dialects that send its SHA-1 (40 hexadecimal digits) instead of it.

    The SHA-1 opens the door like the secret itself, so it is not kept either. 256 random bits cannot be guessed back from it.
    """
    return hashlib.sha256(hexadecimal.lower().encode()).digest()


def sha1_of(secret: str) -> str:
    """This function will give the SHA-1 of a secret as such dialects send it."""
    return hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()


def mosquitto_hash(secret: str, *, salt: bytes | None = None) -> str:
    """This function will give what Mosquitto keeps of a password: `$7$rounds$salt$PBKDF2-SHA512`, the salt 12 bytes."""
    salt = salt or randomness.token_bytes(12)
    proof = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, MOSQUITTO_ROUNDS)
    return f"$7${MOSQUITTO_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(proof).decode()}"


def _check(body: str) -> str:
    return base64.b32encode(hashlib.sha256(body.encode()).digest()).decode()[:CHECK].lower()
