"""Why a socket was closed. docs/sockets.md says what a client should do about each."""

from enum import IntEnum


class Code(IntEnum):
    """Close codes; 4xxx are ours."""

    TOO_BIG = 1009
    COME_AGAIN = 1012  # Redis or the database is away; come again after the seconds in the reason
    BAD_REQUEST = 4400
    SIGN_IN = 4401
    RIGHTS_CHANGED = 4403  # come in anew at once
    TOO_SLOW = 4408
    TOO_MANY = 4429
