"""`times` and `slice`: entries by the beginning and the pattern of their written moment, such as 2026-11-{23,24} and T{07..09}:.*"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from healthhub.dialects.nightscout.asked import FIRST, LAST
from healthhub.lib.refused import Invalid

MOST_WORDS = 1000
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,4})\.\.(\d{1,4})")
_ALLOWED = re.compile(r"[\d\-T:.Z*{},]*")


@dataclass(frozen=True, slots=True)
class Slice:
    """Moments that begin with one of the words and go on with one of the others, within a span of time."""

    pattern: re.Pattern[str]
    since: datetime
    until: datetime

    def matches(self, written: str) -> bool:
        return self.pattern.match(written) is not None


def read(prefix: str, rest: str) -> Slice:
    """This function will read a prefix and a pattern. Raises Invalid (`bad_pattern`)."""
    heads, tails = _words(prefix, "prefix"), _words(rest, "pattern")
    spans = [_span(head) for head in heads]
    # Digits, dashes and `.*` only: nothing in it can run away.
    head, tail = ("|".join(_escaped(word) for word in words) for words in (heads, tails))
    return Slice(re.compile(f"(?:{head}).*?(?:{tail})"), min(since for since, _ in spans), max(until for _, until in spans))


def _words(text: str, field: str) -> list[str]:
    if not _ALLOWED.fullmatch(text) or len(text) > 100:
        raise Invalid("A pattern is made of digits, braces and .* only.", code="bad_pattern", field=field)
    words = []
    for word in _unfolded(text):
        words.append(word)
        if len(words) > MOST_WORDS:
            raise Invalid("The pattern stands for too many words.", code="bad_pattern", field=field)
    return words


def _unfolded(text: str) -> Iterator[str]:
    found = _BRACES.search(text)
    if found is None:
        yield text
        return
    ends = _RANGE.fullmatch(found[1])
    if ends:
        width = len(ends[1])
        choices = [f"{number:0{width}d}" for number in range(int(ends[1]), int(ends[2]) + 1)]
    else:
        choices = found[1].split(",")
    for choice in choices:
        yield from _unfolded(text[: found.start()] + choice + text[found.end() :])


def _escaped(word: str) -> str:
    return re.escape(word.strip("{}")).replace(r"\.\*", ".*").replace(r"\.", ".").replace(r"\*", ".*")


def _span(head: str) -> tuple[datetime, datetime]:
    """The time in which moments can begin with this; a day more at either end costs nothing."""
    parts = [int(part) for part in re.findall(r"\d+", head.partition("T")[0])[:3]]
    if not parts or not 1990 <= parts[0] < 2200:
        return FIRST, LAST
    try:
        first = date(*[*parts, 1, 1][:3])
    except ValueError:
        return FIRST, LAST
    length = timedelta(days=(366, 31, 1)[len(parts) - 1] + 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    return since, since + length + timedelta(days=1)
