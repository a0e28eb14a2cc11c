"""Moments, local days and quiet hours.

A reading carries its own offset, so its local day needs no time zone. A person's day (quiet hours, "today") follows
her zone's wall clock, over gaps and folds.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthhub.lib.refused import Invalid

_HOUR = "(?:[01][0-9]|2[0-3])"
_RFC3339 = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_HOUR}:[0-5][0-9]:([0-9]{{2}})(?:\.[0-9]{{1,12}})?(?:Z|[+-]{_HOUR}:[0-5][0-9])",
)
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_WIDEST = 14 * 60  # minutes; no place on Earth is further from UTC
_LOOK = timedelta(days=4)  # quiet hours end within a day, or within two where a whole day was skipped


def parse(text: str, *, field: str = "at") -> datetime:
    """This function will read an RFC 3339 moment and keep its offset (see `utc_offset`).

    A moment without a zone is refused: guessing one moves a reading by hours. A leap second counts as the second
    after it; more than six decimals are cut. Raises Invalid(code="bad_time" | "no_zone", field=field).
    """
    text = text.upper()  # the standard lets t and z be small
    found = _RFC3339.fullmatch(text)
    if found is None:
        if _RFC3339.fullmatch(f"{text}Z"):
            raise Invalid("The time needs a zone, such as Z or +08:00.", code="no_zone", field=field)
        raise _bad(field)
    leap = found[1] == "60"
    try:
        moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
    except ValueError:
        raise _bad(field) from None
    if leap:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    # Years at either end would overflow when expressed in UTC.
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR or abs(utc_offset(moment)) > _WIDEST:
        raise _bad(field)
    return moment


def _bad(field: str) -> Invalid:
    return Invalid("The time must look like 2026-03-01T08:30:00+08:00.", code="bad_time", field=field)


def aware(moment: datetime) -> datetime:
    """This function will give back a moment in UTC, and raise ValueError on one without zone: that is our own mistake."""
    if moment.tzinfo is None:
        raise ValueError("a moment without zone")
    return moment.astimezone(UTC)


def utc_offset(moment: datetime) -> int:
    """This function will give the minutes east of UTC of an aware moment."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a moment without zone")
    return int(offset.total_seconds() // 60)


def local_clock(at: datetime, offset: int) -> datetime:
    """This function will give the naive wall clock at `at` (aware) where it was measured, `offset` minutes east of UTC."""
    return aware(at).replace(tzinfo=None) + timedelta(minutes=offset)


def local_day(at: datetime, offset: int) -> date:
    """This function will give the local date of a reading at `at` (aware), `offset` minutes east of UTC."""
    return local_clock(at, offset).date()


def zone(name: str, *, field: str = "zone") -> ZoneInfo:
    """This function will give the IANA zone of that name. Raises Invalid(code="unknown_zone", field=field)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; malformed or outside the folder; a folder of zones
        raise Invalid("This time zone is not known; use a name such as Asia/Shanghai.", code="unknown_zone", field=field) from None


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """This function will give the naive wall clock that a person in `zone` sees at `moment` (aware)."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """This function will give the first moment of `day` in `zone` and of the day after it, in UTC.

    Days of 23 and 25 hours come out as such, and a day the zone skipped as two equal moments.
    """
    return first_moment(datetime.combine(day, time()), zone), first_moment(datetime.combine(day + timedelta(days=1), time()), zone)


def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """This function will give the first moment (UTC) at which the clock of `zone` shows the naive `wall` or later.

    A clock time that comes twice gives the first; one that a gap leaves out gives the moment of the jump.
    """
    early, late = (_as_utc(wall, zone, fold) for fold in (1, 0))
    if wall_clock(late, zone) == wall:
        return late
    return _change_within(early, late, zone)


def in_quiet_hours(moment: datetime, zone: ZoneInfo, start: time, end: time) -> bool:
    """This function will tell whether the clock of `zone` is within [start, end) at `moment`; over midnight when end < start.

    Equal ends mean no quiet hours: a mistyped pair must not silence a person for ever.
    """
    clock = wall_clock(moment, zone).time()
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def next_allowed(now: datetime, zone: ZoneInfo, start: time, end: time) -> datetime:
    """This function will give the first moment (UTC) from `now` on that is outside the quiet hours [start, end) of `zone`.

    The wall clock decides: in a night of 23 hours quiet hours end at the jump or at `end`, and an hour that comes
    twice is quiet twice.
    """
    now = aware(now)
    if not in_quiet_hours(now, zone, start, end):
        return now
    today = wall_clock(now, zone).date()
    ends = (datetime.combine(today + timedelta(days=n), end) for n in range(-1, _LOOK.days))
    candidates = {_as_utc(wall, zone, fold) for wall in ends for fold in (0, 1)} | set(_changes(now, now + _LOOK, zone))
    return min(one for one in candidates if one > now and not in_quiet_hours(one, zone, start, end))


def _as_utc(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _changes(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments in (start, end] at which the zone's offset changes; changes are days apart at the least."""
    found = []
    start = start.replace(microsecond=0)  # offsets change on whole seconds
    while start < end:
        step = min(start + timedelta(hours=6), end)
        if step.astimezone(zone).utcoffset() != start.astimezone(zone).utcoffset():
            found.append(_change_within(start, step, zone))
        start = step
    return found


def _change_within(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The second in (start, end] at which the offset becomes that of `end`."""
    offset = end.astimezone(zone).utcoffset()
    low, high = 0, int((end - start).total_seconds())
    origin = end - timedelta(seconds=high)
    while high - low > 1:
        middle = (low + high) // 2
        if (origin + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return origin + timedelta(seconds=high)
