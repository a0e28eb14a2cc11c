"""What sockets must ask of the rooms above, as values: `live` knows ids and nothing else. The top of the house fills them in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Who:
    """Who holds a socket: a person, or a device token that may read its patient's data."""

    key: str  # the same for all sockets of one person or token
    seat: str  # what she came in with: a session or a token; it may be taken away by itself
    group: str  # the bell's group she listens to
    stamp: str  # changes when she must come in anew: rights, account, password, session, token
    user_id: UUID | None = None
    token_id: UUID | None = None
    access_id: UUID | None = None  # an app's, in the name of `user_id`
    patient_id: UUID | None = None  # a token's
    kinds: frozenset[str] = field(default_factory=frozenset)  # a token's; empty: every kind


@dataclass(frozen=True)
class Standing:
    """How a person or token stands now: the stamp to compare, and the number of her newest notice."""

    stamp: str
    last_seq: int


@dataclass(frozen=True)
class Replay:
    """Notices as frames, in the order of their numbers; `upto` is the last number looked at."""

    frames: Sequence[dict[str, Any]]
    upto: int
    more: bool


@dataclass(frozen=True)
class Doors:
    """All of these ask the database and are called in threads; each may raise `django.db.Error`, which shuts the socket."""

    origin_is_right: Callable[[dict[str, Any]], bool]  # of the scope; asks no database
    authenticate: Callable[[dict[str, Any], datetime], Who | None]
    # Who may be shown this class of this patient's data at this moment: user ids.
    audience: Callable[[UUID, str | None, datetime], frozenset[UUID]]
    # By `Who.seat`; who is missing may not come in any more.
    standing: Callable[[Sequence[Who], datetime], dict[str, Standing]]
    replay: Callable[[UUID, int, datetime], Replay]
    seen: Callable[[UUID, UUID, datetime], bool]
