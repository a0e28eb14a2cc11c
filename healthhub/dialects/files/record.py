"""What every file reader yields: one record of the file, as a reading for the one way in or as a coded refusal. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from hashlib import blake2s
from typing import Any, NamedTuple

from healthhub.lib.refused import Invalid

MOST_LINES = 1_000_000
# What cannot be understood in a record raises one of these in its translator; nothing else is lost with it. OverflowError: moments and
# spans beyond the calendar. OSError: a zone's name that is a directory of the zone files, or too long for one.
WRONG = (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, OSError)


class Record(NamedTuple):
    """`where` is the line or the record's number in the file; exactly one of `reading` and `refused` is set."""

    where: int
    reading: dict[str, Any] | None = None
    refused: Invalid | None = None


Records = Iterator[Record]


def not_kept(where: int, what: str) -> Record:
    """This function will give the refusal of a record of a kind that the catalogue has no place for."""
    return Record(where, refused=_not_kept(what[:80]))


@lru_cache(1024)
def _not_kept(what: str) -> Invalid:
    return Invalid("Readings of this type are not kept here.", code="not_kept", field=what)


def bad(where: int, field: str, code: str = "bad_value") -> Record:
    """This function will give the refusal of a record whose `field` cannot be understood."""
    return Record(where, refused=Invalid("This field of the record cannot be understood.", code=code, field=field[:80]))


def key_of(*parts: object) -> str:
    """This function will give a stable key for a record that has no id of its own: the same record has the same key in every export."""
    return key_of_text("\x1f".join(map(str, parts)))


def key_of_text(text: str) -> str:
    """This function will do the same for parts that are joined already."""
    return blake2s(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


@lru_cache(1024)
def named(text: str, otherwise: str) -> str:
    """This function will make a source's name fit: printable, 80 characters at most, never empty."""
    return "".join(char for char in text if char.isprintable()).strip()[:80] or otherwise


def number(raw: object) -> float:
    """This function will read a finite number. Raises ValueError for anything else, true and false included."""
    if isinstance(raw, str):
        if len(raw) > 40:
            raise ValueError("too long for a number")
    elif isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError("not a number")
    value = float(raw)
    if not -1e15 < value < 1e15:
        raise ValueError("not a finite number")
    return value


def local(text: str, form: str, zone: tzinfo) -> str:
    """This function will read a wall-clock time without zone as of `zone`, to ISO 8601 with offset. Raises ValueError."""
    return datetime.strptime(text.strip(), form).replace(tzinfo=zone).isoformat()


def epoch(seconds: float, zone: tzinfo = UTC) -> str:
    """This function will give seconds since 1970 as ISO 8601 in `zone`. Raises ValueError where no calendar has that moment."""
    try:
        return datetime.fromtimestamp(seconds, tz=zone).isoformat()
    except (OverflowError, OSError) as error:
        raise ValueError("no such moment") from error
