"""The form that every maker's module has: requests as plain data, answers read into readings or into a coded trouble. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One HTTP request; `form` goes as application/x-www-form-urlencoded, or `json` as JSON; `bearer` is the access token.

    `follow` is where the next page begins when this one is whole, `reach` the moment (seconds since 1970) before which everything is
    then known: for makers whose answers do not say so.
    """

    url: str
    form: Mapping[str, str] = field(default_factory=dict)
    bearer: str = ""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Json | None = None
    follow: str = ""
    reach: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """What a maker says at the address we gave it: its form or the bare body, and its headers (lower case)."""

    form: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. `body` is its JSON, an empty mapping where it is none; header names are lower case."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens, `seconds` of life for the access token, and whose `account` it is at the maker's."""

    access: str
    refresh: str
    seconds: int
    scopes: str
    account: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of readings, how many were of a kind not kept or not understood, and `more`: where the next page begins, or ""."""

    readings: list[dict[str, Any]]
    left_out: int
    more: str
    updated: int  # the maker's clock, seconds since 1970: everything changed before it was told, once there is no more


class Trouble(Exception):
    """An answer that is no answer. `kind`: login (the token is not taken), busy (asked too often; `wait` seconds), away, refused."""

    def __init__(self, kind: str, code: str, wait: int = 0) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind = kind
        self.code = code[:40]
        self.wait = wait


def waiting(answer: Answer, otherwise: int = 60) -> int:
    """This function will give the seconds that Retry-After demands, between 1 and 86,400; `otherwise` where it says no number."""
    told = answer.headers.get("retry-after", "")
    return min(max(int(told), 1), 86_400) if told.isascii() and told.isdigit() and len(told) < 10 else otherwise


def check_http(answer: Answer) -> None:
    """This function will raise Trouble for what HTTP itself says."""
    if answer.status == 401:
        raise Trouble("login", "http_401")
    if answer.status == 429:
        raise Trouble("busy", "http_429", waiting(answer))
    if answer.status >= 500 or answer.status in (408, 425):
        raise Trouble("away", f"http_{answer.status}", waiting(answer, 0))
    if answer.status >= 300:
        raise Trouble("refused", f"http_{answer.status}")
