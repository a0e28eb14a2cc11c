"""Search parameters of FHIR as what is wanted of the records: each is honoured or refused, none is passed over."""

import base64
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict

from healthhub.api.fhir_answers import READER
from healthhub.dialects.fhir_out import CATEGORIES, CATEGORY
from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people.access import Viewer
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from healthhub.records.found import FIRST, LAST, ORDERS, Wanted
from healthhub.records.stretch import Stretch

MOST, USUAL = 1000, 50
TWICE = frozenset({"date", "identified", "authored", "sent", "start-date", "_lastUpdated"})
FORMATS = ("json", "application/json", "application/fhir+json", "application/fhir json")  # an unescaped + arrives as a space
DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(?P<fraction>\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)


class Span(NamedTuple):
    since: datetime = FIRST
    until: datetime = LAST


def check_names(query: QueryDict, allowed: Collection[str]) -> None:
    """This function will refuse parameters that are not honoured, empty ones, and ones given twice that may stand once."""
    for name, values in query.lists():
        if name not in {*allowed, "_format"}:
            raise Invalid("This search parameter is not supported.", code="not_supported", field=name[:60])
        if not all(values) or (len(values) > 1 and name not in TWICE):
            raise Invalid("Give this parameter one value.", code="bad_value", field=name)
    if query.get("_format", "json") not in FORMATS:
        raise Invalid("Only JSON is spoken here.", code="not_supported", field="_format")


def patient_in(query: QueryDict, viewer: Viewer) -> str:
    """This function will give whose readings are meant: the one named, or a token's own patient."""
    named = query.get("patient")
    if named:
        return named.removeprefix("Patient/")
    if viewer.patient_id is None:
        raise Invalid("Say whose readings you mean.", code="missing_field", field="patient")
    return str(viewer.patient_id)


def kinds_in(query: QueryDict, numbers: Iterable[int]) -> list[int]:
    """This function will narrow the kinds that may be seen to those of `code` and `category`."""
    found = set(numbers)
    if "code" in query:
        tokens = [_token(text, "code") for text in str(query["code"]).split(",")]
        found &= {BY_KEY[kind.key].number for system, code in tokens for kind in READER.kinds_of(system, code)}
    if "category" in query:
        tokens = [_token(text, "category") for text in str(query["category"]).split(",")]
        codes = {code for system, code in tokens if system in (None, CATEGORIES)}
        found = {number for number in found if CATEGORY.get(BY_NUMBER[number].data_class) in codes}
    return sorted(found)


def _token(text: str, name: str) -> tuple[str | None, str]:
    system, bar, code = text.rpartition("|")
    if not code:
        raise Invalid("A code is wanted: code or system|code.", code="bad_value", field=name)
    return (system if bar else None), code


def wanted_in(query: QueryDict, numbers: Iterable[int], *, zone: ZoneInfo) -> Wanted:
    """This function will put everything together. `zone` is that of dates which name none."""
    measured, arrived = (_span(query.getlist(name), name, zone) for name in ("date", "_lastUpdated"))
    order = query.get("_sort", "-date")
    if order not in ORDERS:
        raise Invalid("Sort by date, -date, _lastUpdated or -_lastUpdated.", code="not_supported", field="_sort")
    if query.get("_include", "Observation:patient") != "Observation:patient":
        raise Invalid("Only Observation:patient can be included.", code="not_supported", field="_include")
    behind = cursor_in(str(query["_page"])) if "_page" in query else None
    return Wanted(kinds_in(query, numbers), *measured, *arrived, order=order, behind=behind)


def since_in(query: QueryDict, wanted: Wanted) -> Wanted:
    """This function will add `_since` of $everything: an instant, with its zone."""
    if "_since" not in query:
        return wanted
    span = _span([f"ge{query['_since']}"], "_since", None)
    return replace(wanted, arrived_since=span.since)


def count_in(query: QueryDict, name: str = "_count", *, usual: int = USUAL, most: int = MOST) -> int:
    """This function will give how many are wanted: from 1, and never more than `most`."""
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise Invalid("A whole number from 1 is wanted.", code="bad_value", field=name)
    return min(int(text), most)


def stretch_in(query: QueryDict, name: str, *, zone: ZoneInfo) -> Stretch:
    """This function will read the span `name`, its order and page: one row more than `_count`, to know whether there is a next page."""
    order = query.get("_sort", f"-{name}")
    if order not in (name, f"-{name}"):
        raise Invalid("This order is not supported.", code="not_supported", field="_sort")
    behind = None
    if "_page" in query:
        moment, number = cursor_in(str(query["_page"]), below=2**128)
        behind = moment, UUID(int=number)
    return Stretch(count_in(query) + 1, *_span(query.getlist(name), name, zone), newest_first=order[0] == "-", behind=behind)


def _span(texts: Iterable[str], name: str, zone: ZoneInfo | None) -> Span:
    since, until = FIRST, LAST
    for text in texts:
        prefix, (low, high) = _moments(text, name, zone)
        if prefix in ("eq", "ge"):
            since = max(since, low)
        if prefix in ("gt", "sa"):
            since = max(since, high)
        if prefix in ("eq", "le"):
            until = min(until, high)
        if prefix in ("lt", "eb"):
            until = min(until, low)
    return Span(since, until)


def _moments(text: str, name: str, zone: ZoneInfo | None) -> tuple[str, tuple[datetime, datetime]]:
    found = DATE.fullmatch(text)
    prefix = (found["prefix"] or "eq") if found else ""
    if found is None or prefix not in ("eq", "gt", "ge", "lt", "le", "sa", "eb"):
        raise Invalid("Give a date such as ge2026-11-23, with eq, gt, ge, lt, le, sa or eb before it.", code="bad_time", field=name)
    if found["zone"] is None and zone is None:
        raise Invalid("The time must have a zone.", code="no_zone", field=name)
    try:
        return prefix, _ends(found, zone)
    except (ValueError, OverflowError) as error:
        raise Invalid("There is no such date.", code="bad_time", field=name) from error


def _ends(found: re.Match[str], zone: ZoneInfo | None) -> tuple[datetime, datetime]:
    """The half-open span that a date of this precision means."""
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    here = datetime.fromisoformat(f"2000-01-01T00:00{found['zone']}").tzinfo if found["zone"] else zone
    micro = round(float(found["fraction"] or 0) * 1_000_000)
    low = datetime(year, month, day, int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0), micro, here)
    if found["fraction"]:
        long = timedelta(microseconds=1)
    elif found["second"] or found["minute"]:
        long = timedelta(seconds=1) if found["second"] else timedelta(minutes=1)
    else:
        next_day = datetime(year, month, day, tzinfo=here) + timedelta(days=1)
        next_month = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=here)
        high = next_day if found["day"] else next_month if found["month"] else datetime(year + 1, 1, 1, tzinfo=here)
        return _kept(low), _kept(high)
    return _kept(low), _kept(low.astimezone(UTC) + long)


def _kept(moment: datetime) -> datetime:
    return min(max(moment.astimezone(UTC), FIRST), LAST)


def number_in(text: str) -> int:
    """This function will read a number out of an id; one that nothing can have is one that never was (NotVisible)."""
    if not (text.isascii() and text.isdigit() and len(text) < 19) or (text[0] == "0" and text != "0"):
        raise NotVisible
    return int(text)


def cursor_out(moment: datetime, seq: int) -> str:
    """This function will name the place behind a reading, for the next link."""
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), seq]).encode()).decode().rstrip("=")


def cursor_in(text: str, *, below: int = 2**62) -> tuple[datetime, int]:
    """This function will read `cursor_out`'s text; its number lies `below`. Raises Invalid."""
    try:
        at, seq = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or type(seq) is not int or not 0 <= seq < below:
            raise ValueError
        return _kept(moment), seq
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("There is no such page.", code="bad_cursor", field="_page") from error
