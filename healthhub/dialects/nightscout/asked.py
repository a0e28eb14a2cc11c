"""What a client asks for: `find[field][$op]=value` of API 1, `field$op=value` of API 3. What cannot be honoured is refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from healthhub.dialects.nightscout import common
from healthhub.lib import times
from healthhub.lib.refused import Invalid

MOMENTS = frozenset({"date", "dateString", "sysTime", "created_at", "timestamp", "srvModified", "srvCreated", "mills", "startDate"})
# Fields by which the database is asked; the others are looked at in what it gave.
MEASURED = frozenset({"date", "dateString", "sysTime", "created_at", "timestamp", "mills"})
OPERATORS = frozenset({"eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "regex", "re"})
MOST = 100_000
_FIND = re.compile(r"find\[([\w.]+)\](?:\[\$?(\w+)\])?(?:\[\w*\])?")
_FILTER = re.compile(r"([\w.]+)(?:\$(\w+))?")
_PLAIN = re.compile(r"[\w :/.,@\-\u0080-\uffff]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
V3_WORDS = frozenset({"limit", "skip", "sort", "sort$desc", "fields", "token", "secret", "now", "t", "_"})
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison with a field of a document; moments are compared as moments, numbers as numbers."""

    name: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class Question:
    """A whole question. `since` <= moment < `until` where it says so; `sort` is a field, `newest` its direction."""

    limit: int
    conditions: tuple[Condition, ...] = ()
    since: datetime = FIRST
    until: datetime = LAST
    dated: bool = False
    skip: int = 0
    sort: str = "date"
    newest: bool = True
    fields: tuple[str, ...] = ()
    rest: tuple[Condition, ...] = field(default=())  # what the database was not asked

    @property
    def plain(self) -> bool:
        """Whether the database's own order and span answer it all."""
        return not self.rest and self.sort in MEASURED


def of_v1(params: Iterable[tuple[str, str]], *, count: int, count_found: int | None = None) -> Question:
    """This function will read the parameters of API 1; `count` is taken where none is given (`count_found` beside a `find`).

    Raises Invalid: unknown_operator, bad_value, bad_count, bad_pattern.
    """
    conditions, limit = [], None
    for name, text in params:
        found = _FIND.fullmatch(name)
        if found:
            conditions.append(_condition(found[1], found[2] or "eq", text, field=name))
        elif name == "count":
            limit = _count(text, "count")
        elif name.startswith("find"):
            raise Invalid("A find names a field: find[date][$gte]=...", code="bad_find", field=name[:80])
    if not limit:  # 0 has always meant: as many as usual
        limit = count_found if conditions and count_found else count
    return _question(tuple(conditions), limit=limit)


def of_v3(params: Iterable[tuple[str, str]], *, limit_at_most: int = 1000) -> Question:
    """This function will read the parameters of API 3."""
    conditions, words = [], {}
    for name, text in params:
        if name in V3_WORDS:
            words[name] = text
            continue
        found = _FILTER.fullmatch(name)
        if not found:
            raise Invalid("There is no such parameter.", code="unknown_parameter", field=name[:80])
        conditions.append(_condition(found[1], found[2] or "eq", text, field=name))
    limit = _count(words["limit"], "limit") if "limit" in words else limit_at_most
    if not 0 < limit <= limit_at_most:
        raise Invalid(f"Ask for 1 to {limit_at_most} documents.", code="bad_count", field="limit")
    newest = "sort" not in words
    fields = tuple(name for name in words.get("fields", "").split(",") if name and name != "_all")
    sort = words.get("sort") or words.get("sort$desc") or "date"
    return _question(tuple(conditions), limit=limit, skip=_count(words.get("skip", "0"), "skip"), sort=sort, newest=newest, fields=fields)


def _question(conditions: tuple[Condition, ...], **rest: Any) -> Question:
    since, until, others = FIRST, LAST, []
    for one in conditions:
        if one.name in MEASURED and one.op in ("eq", "gt", "gte", "lt", "lte") and isinstance(one.value, datetime):
            if one.op in ("gt", "gte", "eq"):
                since = max(since, one.value + (STEP if one.op == "gt" else timedelta()))
            if one.op in ("lt", "lte", "eq"):
                until = min(until, one.value + (timedelta() if one.op == "lt" else STEP))
        else:
            others.append(one)
    dated = any(one.name in MEASURED for one in conditions)
    return Question(conditions=conditions, since=since, until=until, dated=dated, rest=tuple(others), **rest)


def _count(text: str, field: str) -> int:
    if text.lower() == "infinity":
        return MOST
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) > MOST:
        raise Invalid(f"Ask for a number from 0 to {MOST}.", code="bad_count", field=field)
    return int(text)


def _condition(name: str, op: str, text: str, *, field: str) -> Condition:
    if op not in OPERATORS:
        raise Invalid("There is no such comparison.", code="unknown_operator", field=field[:80])
    if op in ("in", "nin"):
        return Condition(name, op, tuple(_value(name, part, field) for part in re.split(r"[|,]", text)))
    if op == "exists":
        return Condition(name, op, text.lower() not in ("false", "0", ""))
    pattern = re.fullmatch(r"/(.*)/i?", text)
    if op in ("regex", "re") or (pattern and op == "eq"):
        wanted = pattern[1] if pattern else text
        # A stranger's pattern can keep a server busy for ever: plain words are looked for, anything more is refused.
        if not _PLAIN.fullmatch(wanted.strip("^$")):
            raise Invalid("Only plain words can be looked for.", code="bad_pattern", field=field[:80])
        return Condition(name, "re", wanted)
    return Condition(name, op, _value(name, text, field))


def _value(name: str, text: str, field: str) -> Any:
    if name in MOMENTS:
        return moment(text, field=field)
    try:
        return float(text) if text.strip().lower() not in ("nan", "inf", "-inf", "infinity") and "_" not in text else text
    except ValueError:
        return text


def moment(text: str, *, field: str) -> datetime:
    """This function will read a moment in a question: milliseconds, a day (its beginning in UTC), or RFC 3339; raises `bad_value`."""
    text = text.strip()
    if text.isascii() and text.lstrip("-").isdigit() and len(text) < 16:
        return min(LAST, max(FIRST, common.from_ms(int(text))))
    try:
        # In a query a plus sign that nobody escaped has become a blank.
        return times.parse(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    except Invalid:
        raise Invalid("The moment must look like 2026-03-01T08:30:00Z.", code="bad_value", field=field[:80]) from None


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda has, wanted: has == wanted,
    "gt": lambda has, wanted: has > wanted,
    "gte": lambda has, wanted: has >= wanted,
    "lt": lambda has, wanted: has < wanted,
    "lte": lambda has, wanted: has <= wanted,
}


def matches(doc: Mapping[str, Any], conditions: Iterable[Condition]) -> bool:
    """This function will tell whether a document meets all conditions. A field it has not meets only "is not" and "exists: no"."""
    return all(_meets(doc, one) for one in conditions)


def _meets(doc: Mapping[str, Any], one: Condition) -> bool:
    has = _comparable(one.name, doc.get(one.name))
    if one.op == "exists":
        return bool((one.name in doc) == one.value)
    if one.op == "ne":
        return bool(has != one.value)
    if one.op in ("in", "nin"):
        return (has in one.value) == (one.op == "in")
    if one.op == "re":
        return isinstance(has, str) and _found(one.value, has)
    if has is None or isinstance(has, str) != isinstance(one.value, str) or isinstance(has, datetime) != isinstance(one.value, datetime):
        return False
    return _COMPARE[one.op](has, one.value)


def _found(pattern: str, text: str) -> bool:
    words, text = pattern.strip("^$").lower(), text.lower()
    if pattern.startswith("^") and pattern.endswith("$"):
        return text == words
    return text.startswith(words) if pattern.startswith("^") else text.endswith(words) if pattern.endswith("$") else words in text


def _comparable(name: str, value: Any) -> Any:
    if value is None or name not in MOMENTS:
        return value
    return common.from_ms(value) if isinstance(value, int) else times.parse(value)


def answered(docs: list[dict[str, Any]], question: Question) -> list[dict[str, Any]]:
    """This function will choose, order, cut and trim documents as the question says."""
    found = [doc for doc in docs if matches(doc, question.rest)]
    if question.sort not in MEASURED:
        found = [doc for doc in found if question.sort in doc]
        found.sort(key=lambda doc: (isinstance(doc[question.sort], str), doc[question.sort]), reverse=question.newest)
    found = found[question.skip : question.skip + question.limit]
    if not question.fields:
        return found
    return [{name: doc[name] for name in question.fields if name in doc} for doc in found]
