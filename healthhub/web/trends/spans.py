"""Which days are asked for, and the dates that stand under a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, pgettext

from healthhub.web import shown


@dataclass(frozen=True, slots=True)
class Span:
    """So many days; `ticks` dates under a wide chart."""

    key: str
    days: int
    ticks: int

    @property
    def name(self) -> str:
        """What its tab says."""
        words = {"day": pgettext("span", "Day"), "week": pgettext("span", "Week"), "month": pgettext("span", "Month")}
        return (words | {"quarter": pgettext("span", "3 months"), "year": pgettext("span", "Year")})[self.key]


SPANS: Mapping[str, Span] = {
    span.key: span
    for span in (
        Span("day", 1, 8),
        Span("week", 7, 7),
        Span("month", 30, 6),
        Span("quarter", 91, 7),
        Span("year", 365, 12),
    )
}
USUAL = "month"
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """The days first..last of the reader's zone, and today there."""

    span: Span
    first: date
    last: date
    today: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        return self.midnight(self.first)

    @property
    def until(self) -> datetime:
        """The midnight after the last day."""
        return self.midnight(self.last + timedelta(days=1))

    @property
    def current(self) -> bool:
        return self.last == self.today

    def midnight(self, day: date) -> datetime:
        """This function will give the moment at which a day begins on the reader's wall."""
        return datetime.combine(day, time(), self.zone)

    @property
    def earlier(self) -> date:
        """The last day of the window before."""
        return max(self.first - timedelta(days=1), EARLIEST)

    @property
    def later(self) -> date | None:
        """The last day of the window after, None where that has not been yet."""
        return None if self.current else min(self.last + timedelta(days=self.span.days), self.today)

    @property
    def words(self) -> str:
        """The days in words: "3 Nov – 9 Nov"."""
        last = shown.day_words(self.last, today=self.today)
        if self.first == self.last:
            return gettext("today") if self.current else last
        return f"{shown.day_words(self.first, today=self.today)} – {last}"


def window_of(asked: Mapping[str, str], *, now: datetime, zone: ZoneInfo) -> Window:
    """This function will read `span` and `until` (ISO date of the last day); what cannot be meant is the usual span until today."""
    span = SPANS.get(asked.get("span", ""), SPANS[USUAL])
    today = now.astimezone(zone).date()
    last = today
    try:
        last = min(max(date.fromisoformat(asked.get("until", "")), EARLIEST + timedelta(days=366)), today)
    except ValueError:
        last = today
    return Window(span, last - timedelta(days=span.days - 1), last, today, zone)


def ticks(window: Window, *, until: datetime, wide: bool) -> list[tuple[float, str]]:
    """This function will give (seconds since the epoch, words) for the time axis up to `until`, half as many on a phone."""
    if window.span.days == 1:
        step = 3 if wide else 6
        hours = [window.since + timedelta(hours=hour) for hour in range(0, 25, step)]
        return [(at.timestamp(), f"{number * step:02d}:00") for number, at in enumerate(hours)]
    if window.span.days == 365 and wide:
        return _months(window, until)
    count = window.span.ticks if wide else 3
    whole = (until - window.since).days or 1
    every = max(round(whole / count), 1)
    days = [window.first + timedelta(days=number) for number in range(0, whole, every)]
    return [(window.midnight(day).timestamp(), _day(day, window)) for day in days]


def _months(window: Window, until: datetime) -> list[tuple[float, str]]:
    found, day = [], window.first.replace(day=1)
    while window.midnight(day) < until:
        if day >= window.first:
            words = gettext("%(n)d/%(year)d") % {"n": day.month, "year": day.year} if day.month == 1 else _day(day, window)
            found.append((window.midnight(day).timestamp(), words))
        day = (day + timedelta(days=32)).replace(day=1)
    return found


def _day(day: date, window: Window) -> str:
    """Short: the year stands in the words above the chart."""
    return shown.day_words(day.replace(year=window.today.year) if (day.month, day.day) != (2, 29) else day, today=window.today)
