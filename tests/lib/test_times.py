"""Moments, local days and quiet hours, against tables and against an oracle that walks the clock minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings, strategies as st

from healthhub.lib import times
from healthhub.lib.refused import Invalid

# Ordinary zones, half and quarter hours, a half-hour DST change, gaps at midnight, and an island that skipped a day.
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/St_Johns",
)
FIRST = datetime(2010, 1, 1, tzinfo=UTC)
zones = st.sampled_from(ZONES)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
moments = st.builds(lambda seconds: FIRST + timedelta(microseconds=seconds), st.integers(0, 18 * 365 * 86_400_000_000))


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a moment within two days of one of its clock changes, where the mistakes live."""
    name = draw(zones.filter(lambda one: one not in ("Asia/Shanghai", "Asia/Kathmandu")))
    zone = ZoneInfo(name)
    day = datetime(draw(st.integers(2010, 2018)), 1, 1, tzinfo=UTC)
    changes = [
        day + timedelta(days=n)
        for n in range(365)
        if (day + timedelta(days=n)).astimezone(zone).utcoffset() != (day + timedelta(days=n + 1)).astimezone(zone).utcoffset()
    ]
    base = draw(st.sampled_from(changes)) if changes else day
    return name, base + timedelta(seconds=draw(st.integers(-172_800, 172_800)), microseconds=draw(st.integers(0, 999_999)))


@pytest.mark.parametrize(
    ("text", "utc", "offset"),
    [
        ("2026-03-01T08:30:00+08:00", datetime(2026, 3, 1, 0, 30, tzinfo=UTC), 480),
        ("2026-03-01t08:30:00z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC), 0),
        ("2026-03-01 08:30:00.5-03:30", datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC), -210),
        ("2026-03-01T08:30:00.123456789Z", datetime(2026, 3, 1, 8, 30, 0, 123_456, tzinfo=UTC), 0),
        ("2026-03-01T08:30:00-00:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC), 0),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC), 0),
        ("2024-02-29T00:00:00+14:00", datetime(2024, 2, 28, 10, 0, tzinfo=UTC), 840),
    ],
)
def test_reads_rfc_3339_and_keeps_the_offset(text: str, utc: datetime, offset: int) -> None:
    moment = times.parse(text)
    assert moment == utc
    assert times.utc_offset(moment) == offset


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-03-01T08:30:00", "no_zone"),
        ("2026-03-01T08:30:00.250", "no_zone"),
        ("2026-03-01", "bad_time"),
        ("20260301T083000Z", "bad_time"),
        ("2026-W09-7T08:30:00Z", "bad_time"),
        ("2026-03-01T08:30Z", "bad_time"),
        ("2026-03-01T08:30:00,5Z", "bad_time"),
        ("2026-03-01T24:00:00Z", "bad_time"),
        ("2026-02-30T08:30:00Z", "bad_time"),
        ("2026-03-01T08:30:61Z", "bad_time"),
        ("2026-03-01T08:30:00+08:60", "bad_time"),
        ("2026-03-01T08:30:00+15:00", "bad_time"),
        ("2026-03-01T08:30:00+08:00:30", "bad_time"),
        ("0001-01-01T00:00:00+14:00", "bad_time"),
        ("9999-12-31T23:59:59-14:00", "bad_time"),
        ("２０２６-03-01T08:30:00Z", "bad_time"),
        (" 2026-03-01T08:30:00Z", "bad_time"),
        ("2026-03-01T08:30:00Z\n", "bad_time"),
        ("", "bad_time"),
        ("1772353800", "bad_time"),
    ],
)
def test_refuses_what_is_no_moment(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        times.parse(text, field="from")
    assert (refused.value.code, refused.value.field) == (code, "from")


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        moment = times.parse(text)
    except Invalid:
        return
    assert moment.tzinfo is not None


@given(st.datetimes().filter(lambda wall: 1900 <= wall.year < 9000), st.integers(-840, 840))
def test_writing_and_reading_a_moment_is_lossless(wall: datetime, offset: int) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    moment = times.parse(f"{wall.isoformat(timespec='microseconds')}{sign}{minutes // 60:02}:{minutes % 60:02}")
    assert moment.replace(tzinfo=None) == wall
    assert times.utc_offset(moment) == offset
    assert times.local_clock(moment, offset) == wall
    assert times.local_day(moment, offset) == wall.date()


def test_a_moment_without_zone_is_our_own_mistake() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    for broken in (times.aware, times.utc_offset, lambda moment: times.local_day(moment, 480)):
        with pytest.raises(ValueError, match="without zone"):
            broken(naive)


@pytest.mark.parametrize("name", ["", "Nowhere/Town", "../../etc/passwd", "/etc/localtime", "Asia", "\x00", "Asia/Shanghai\x00"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        times.zone(name)
    assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 3, 8), 24),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Africa/Cairo", date(2026, 4, 24), 23),  # midnight itself does not exist
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the day that never was
    ],
)
def test_a_local_day_is_as_long_as_it_was(name: str, day: date, hours: float) -> None:
    start, end = times.day_bounds(day, times.zone(name))
    assert end - start == timedelta(hours=hours)


@given(zones, st.dates(date(2010, 1, 1), date(2027, 12, 31)))
def test_days_follow_each_other_and_hold_only_their_own_moments(name: str, day: date) -> None:
    zone = times.zone(name)
    start, end = times.day_bounds(day, zone)
    assert end == times.day_bounds(day + timedelta(days=1), zone)[0]
    second = timedelta(seconds=1)
    assert times.wall_clock(start - second, zone).date() < day <= times.wall_clock(start, zone).date()
    if start < end:
        assert times.wall_clock(end - second, zone).date() == day


@pytest.mark.parametrize(
    ("clock", "start", "end", "quiet"),
    [
        ("21:59", "22:00", "07:00", False),
        ("22:00", "22:00", "07:00", True),
        ("06:59", "22:00", "07:00", True),
        ("07:00", "22:00", "07:00", False),
        ("13:00", "12:30", "14:00", True),
        ("14:00", "12:30", "14:00", False),
        ("03:00", "00:00", "00:00", False),  # equal ends silence nobody
        ("23:59", "22:00", "00:00", True),
        ("00:00", "22:00", "00:00", False),
    ],
)
def test_quiet_hours_by_the_wall_clock(clock: str, start: str, end: str, quiet: bool) -> None:
    now = datetime.combine(date(2026, 6, 1), time.fromisoformat(clock), tzinfo=times.zone("Asia/Shanghai"))
    assert times.in_quiet_hours(now, times.zone("Asia/Shanghai"), time.fromisoformat(start), time.fromisoformat(end)) is quiet


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("name", "now", "start", "end", "allowed"),
    [
        ("Asia/Shanghai", "2026-06-01T15:00Z", "22:00", "07:00", "2026-06-01T23:00Z"),
        ("Asia/Shanghai", "2026-06-01T03:00Z", "22:00", "07:00", "2026-06-01T03:00Z"),
        # A night of 23 hours: seven o'clock comes an hour sooner; a quarter past two does not come, the jump ends it.
        (NEW_YORK, "2026-03-08T04:00Z", "22:00", "07:00", "2026-03-08T11:00Z"),
        (NEW_YORK, "2026-03-08T04:00Z", "22:00", "02:15", "2026-03-08T07:00Z"),
        # A night of 25 hours: half past one comes twice. The first ends quiet hours; within the second they are back.
        (NEW_YORK, "2026-11-01T04:00Z", "22:00", "01:30", "2026-11-01T05:30Z"),
        (NEW_YORK, "2026-11-01T06:10Z", "22:00", "01:30", "2026-11-01T06:30Z"),
        # Quiet from half past one: the clock going back to one wakes her for half an hour.
        (NEW_YORK, "2026-11-01T05:45Z", "01:30", "05:00", "2026-11-01T06:00Z"),
        # Two days' travel, the same hours: the zone is the one she is in.
        ("Europe/Berlin", "2026-06-01T21:00Z", "22:00", "07:00", "2026-06-02T05:00Z"),
        # The island's skipped day.
        ("Pacific/Apia", "2011-12-30T09:30Z", "22:00", "07:00", "2011-12-30T17:00Z"),
    ],
)
def test_when_quiet_hours_end(name: str, now: str, start: str, end: str, allowed: str) -> None:
    got = times.next_allowed(datetime.fromisoformat(now), times.zone(name), time.fromisoformat(start), time.fromisoformat(end))
    assert got == datetime.fromisoformat(allowed)


def walk(now: datetime, zone: ZoneInfo, start: time, end: time) -> datetime:
    """The oracle: look at the clock on the wall now and then at every full minute."""

    def quiet(moment: datetime) -> bool:
        clock = moment.astimezone(zone)
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6
        first, last = start.hour * 3600 + start.minute * 60, end.hour * 3600 + end.minute * 60
        return first <= seconds < last if first <= last else not last <= seconds < first

    if not quiet(now):
        return now
    moment = now.replace(second=0, microsecond=0)
    while True:
        moment += timedelta(minutes=1)
        if not quiet(moment):
            return moment


@settings(max_examples=400, deadline=None)
@given(near_a_change() | st.tuples(zones, moments), clocks, clocks)
@example((NEW_YORK, datetime(2026, 11, 1, 5, 45, tzinfo=UTC)), time(1, 30), time(5))
@example(("Pacific/Apia", datetime(2011, 12, 30, 9, 59, 59, 999_999, tzinfo=UTC)), time(0, 1), time(0))
@example(("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 50, tzinfo=UTC)), time(1, 45), time(1, 40))
def test_the_end_of_quiet_hours_agrees_with_a_walk_along_the_clock(where: tuple[str, datetime], start: time, end: time) -> None:
    name, now = where
    zone = times.zone(name)
    assert times.next_allowed(now, zone, start, end) == walk(now, zone, start, end)
