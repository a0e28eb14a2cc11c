"""Single cells of a check-up's table: numbers with what stands beside them, units, dates. Pure."""

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple, Protocol

from healthhub.dialects.files.record import number
from healthhub.lib import units
from healthhub.lib.refused import Invalid

# Not measured: no reading and nothing wrong.
NOTHING = {"", "-", "--", "—", "——", "/", "\\", "无", "未查", "未检", "未测", "未做", "弃检", "拒检", "na", "n/a", "null", "none", "nan"}
NUMBER = re.compile(r"([<>≤≥]=?)?\s*([+-]?\d+(?:\.\d+)?)\s*(.*)", re.DOTALL)
# What laboratories write behind a value that is out of their range.
MARKS = re.compile(r"(?:[↑↓*+]+|\b[HL]{1,2}\b|偏高|偏低|高|低|\((?:H|L|高|低)\))+\s*$")
PAIR = re.compile(r"(\d+(?:\.\d+)?)\s*[/-]\s*(\d+(?:\.\d+)?)\s*(.*)", re.DOTALL)
SUPERSCRIPTS = str.maketrans({"⁰": "^0", "¹": "^1", "²": "2", "³": "^3", "⁶": "^6", "⁹": "^9"})
DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(.*)", re.DOTALL)
TIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})()")
YEAR_LAST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(.*)", re.DOTALL)
CLOCK = re.compile(r"[T\s]*(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?\s*[秒分]?(Z|[+-]\d{2}:?\d{2})?\s*(AM|PM)?", re.IGNORECASE)
MORNING = 8  # the hour of a check-up whose table tells the day alone


class Kind(units.Measured, Protocol):
    """What is needed of a kind of the catalogue."""

    @property
    @abstractmethod
    def limits(self) -> tuple[float, float, float, float]: ...

    @property
    @abstractmethod
    def limits_in(self) -> Mapping[str, tuple[float, float, float, float]]: ...

    @property
    @abstractmethod
    def components(self) -> int: ...


class Value(NamedTuple):
    """A cell's number; `unit` is the UCUM code where the cell says it itself, `flag` where it says "above" or "below"."""

    value: float
    unit: str | None = None
    flag: str | None = None
    value2: float | None = None


def is_nothing(text: str) -> bool:
    """This function will tell whether a cell says that nothing was measured."""
    return text.strip().casefold() in NOTHING


def unit_of(text: str, kind: Kind) -> str | None:
    """This function will give the UCUM code a laboratory's spelling stands for with this kind, None where there is none."""
    if not text.strip() or len(text) > 40:
        return None
    wide = unicodedata.normalize("NFKC", text.translate(SUPERSCRIPTS)).strip(" ()[]")
    powers = re.sub(r"^[x×*]?\s*10\s*(?:\^|\*\*|E)\s*(\d+)", r"10*\1", wide.replace("∧", "^"), flags=re.IGNORECASE)
    for spelling in (text, wide, powers, re.sub("^IU/", "U/", powers, flags=re.IGNORECASE), "%" if wide in ("%Hb", "%NGSP") else ""):
        try:
            return units.ucum(spelling, kind=kind) if spelling else None
        except Invalid:
            continue
    return None


def value_of(text: str, kind: Kind, part: int = 0) -> Value:
    """This function will read a cell: 6.8↑, <0.5, 72次/分, 128/76 (a pair, where `part` is 0 of two). Raises ValueError."""
    wide = unicodedata.normalize("NFKC", text.translate(SUPERSCRIPTS)).strip()
    if kind.components == 2 and part == 0:
        pair = PAIR.fullmatch(wide)
        if pair is None:
            raise ValueError("no pair")
        return Value(number(pair[1]), _beside(pair[3], kind), None, number(pair[2]))
    found = NUMBER.fullmatch(wide)
    if found is None:
        raise ValueError("no number")
    flag = {"<": "censored_low", "≤": "censored_low", ">": "censored_high", "≥": "censored_high"}.get((found[1] or " ")[0])
    return Value(number(found[2]), _beside(found[3], kind), flag)


def _beside(rest: str, kind: Kind) -> str | None:
    """The unit behind a number, where there is one. The L of mmol/L is no mark."""
    if not rest.strip():
        return None
    bare = MARKS.sub("", rest.strip()).strip()
    unit = unit_of(rest, kind) or unit_of(bare, kind)
    if unit is None and bare:
        raise ValueError("neither a unit nor a mark")
    return unit


def moment(text: str, zone: tzinfo, order: str) -> str:
    """This function will give a date, or a date with a time, as ISO 8601 with offset; a day alone is taken as 8 in the morning.

    `order` is "dmy" or "mdy" and tells how dates with the year last are read; "" refuses them. Raises ValueError.
    """
    wide = unicodedata.normalize("NFKC", text).strip()
    if len(wide) > 60:
        raise ValueError("too long for a date")
    found = DAY.fullmatch(wide) or TIGHT.fullmatch(wide)
    if found:
        year, month, day, rest = found[1], found[2], found[3], found[4]
    elif order and (found := YEAR_LAST.fullmatch(wide)):
        year, rest = found[3], found[4]
        day, month = (found[1], found[2]) if order == "dmy" else (found[2], found[1])
    else:
        raise ValueError("no date")
    hour, minute, second, own = _clock(rest)
    return datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=own or zone).isoformat()


def _clock(text: str) -> tuple[int, int, int, tzinfo | None]:
    if not text.strip():
        return MORNING, 0, 0, None
    found = CLOCK.fullmatch(text)
    if found is None:
        raise ValueError("no time")
    hour, half = int(found[1]), (found[5] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half == "PM" else 0)
    offset = found[4]
    own = None if offset is None else datetime.strptime(offset.upper(), "%z").tzinfo
    return hour, int(found[2]), int(found[3] or 0), own


def year_last(text: str) -> tuple[int, int, int] | None:
    """This function will give the numbers of a date with the year last, as they stand: only the table tells which is the month."""
    found = YEAR_LAST.fullmatch(unicodedata.normalize("NFKC", text).strip()[:60])
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
