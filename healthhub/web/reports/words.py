"""How a report says days, moments and figures: whole dates, because paper is read in another year."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext

from healthhub.lib.units import from_canonical, round_half_up
from healthhub.records.catalogue import BY_KEY, Kind
from healthhub.web import shown
from healthhub.web.drawing.course import Axis
from healthhub.web.reports.gathered import Asked

DATES = 6


def day(one: date) -> str:
    """This function will write a date in full."""
    return date_format(one, "Y年n月j日" if shown.language() == "zh-hans" else "j M Y")


def short_day(one: date) -> str:
    return date_format(one, "n月j日" if shown.language() == "zh-hans" else "j M")


def moment(at: datetime, zone: ZoneInfo) -> str:
    """This function will write a day and time on the patient's wall, without its year."""
    local = at.astimezone(zone)
    return f"{short_day(local.date())} {local:%H:%M}"


def stamped(at: datetime, zone: ZoneInfo) -> str:
    """This function will write a moment with its date and the zone it is told in."""
    local = at.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M} ({zone.key}, UTC{local:%z})"


def percent(part: float, whole: float) -> str:
    return f"{round(100 * part / whole)} %" if whole else "–"


def number(value: float, kind: str, asked: Asked) -> str:
    """This function will write a canonical value in the reader's unit, without it."""
    one = BY_KEY[kind]
    return shown.figure(value, kind=one, unit=unit_of(one, asked))


def converted(value: float, kind: str, asked: Asked) -> float:
    """This function will give a canonical value in the reader's unit, unrounded: for drawings and differences."""
    return from_canonical(value, unit=unit_of(BY_KEY[kind], asked), kind=BY_KEY[kind])


def change(first: float, last: float, kind: str, asked: Asked) -> tuple[str, str]:
    """This function will give the difference of two canonical values in the reader's unit: its sign (empty: none) and its amount."""
    one = BY_KEY[kind]
    digits = one.precision_in.get(unit_of(one, asked), one.precision)
    by = round_half_up(converted(last, kind, asked) - converted(first, kind, asked), digits)
    return "+" if by > 0 else "−" if by < 0 else "", f"{abs(by):.{digits}f}"


def unit_of(kind: Kind, asked: Asked) -> str:
    return shown.unit_of(kind, asked.glucose_unit, asked.own_units)


def unit(kind: str, asked: Asked) -> str:
    return shown.unit_words(unit_of(BY_KEY[kind], asked))


def pair(systolic: float, diastolic: float) -> str:
    return f"{shown.figure(systolic, kind=BY_KEY['bp'], unit='mm[Hg]')}/{shown.figure(diastolic, kind=BY_KEY['bp'], unit='mm[Hg]')}"


def dates(asked: Asked) -> list[tuple[float, str]]:
    """This function will give the dates that stand under a drawing of the period: (seconds since the epoch, words)."""
    step = max(asked.days // DATES, 1)
    found = []
    for n in range(0, asked.days, step):
        noon = asked.since + timedelta(days=n, hours=12)
        found.append((noon.timestamp(), short_day(asked.first + timedelta(days=n))))
    return found


def around(values: list[float]) -> Axis:
    """This function will give an axis of whole steps that holds these values with some air."""
    low, high = min(values), max(values)
    step = next(size for size in (0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if (high - low) / size <= 5 or size == 1000)
    bottom, top = (low // step - 1) * step, (high // step + 2) * step
    return Axis(bottom, top, [bottom + step * n for n in range(1, round((top - bottom) / step))])


def joined(parts: list[str]) -> str:
    return gettext(", ").join(part for part in parts if part)
