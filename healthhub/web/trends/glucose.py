"""What only a glucose sensor has: time in range, the usual day (daily glucose profile), and the single days beside each other.

Percentiles are refused, and said to be, with less than 10 days or 70 % of what the sensor sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.records import courses
from healthhub.records.courses import Course
from healthhub.web import shown
from healthhub.web.drawing.canvas import Svg, page
from healthhub.web.drawing.course import Axis
from healthhub.web.drawing.profile import Slot, one_day, profile
from healthhub.web.drawing.shares import Share, shares
from healthhub.web.trends.found import RANGE, Asked
from healthhub.web.trends.scene import convert
from healthhub.web.trends.words import figure, unit
from risk import glucose_profile
from risk.glucose_profile import Profile

LEAST, MOST = 14, 91  # days a profile looks back
SMALL_DAYS = 14
SMALL_AXIS = (2.0, 16.0)  # mmol/L
# From the bottom up: name of the share, its look.
BANDS: Sequence[tuple[str, str]] = tuple(zip(glucose_profile.NAMES, ("very-low", "low", "in", "high", "very-high"), strict=True))
NAMES: Mapping[str, str] = {
    "very_low": _n("Very low"),
    "low": _n("Low"),
    "in_range": _n("In range"),
    "high": _n("High"),
    "very_high": _n("Very high"),
}


@dataclass(frozen=True, slots=True)
class SmallDay:
    """One day beside others: its date, its words, its drawing."""

    day: date
    words: str
    says: str
    drawing: SafeString


@dataclass(frozen=True, slots=True)
class Glucose:
    """The section of a sensor: `why_not` says why there is no usual day, and then there is none."""

    days: str
    shares: SafeString
    share_rows: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, str, str], ...]  # name, figure, aim
    wide: SafeString
    narrow: SafeString
    hours: tuple[tuple[str, ...], ...]  # the usual day as a table: hour, then five percentiles
    why_not: str
    small: tuple[SmallDay, ...]


def glucose(asked: Asked) -> Glucose | None:
    """This function will make the section of a sensor; None for other kinds, for a single day, or with hardly a reading."""
    if asked.kind.key != "cgm" or asked.window.span.days == 1:
        return None
    days = min(max(asked.window.span.days, LEAST), MOST)
    first = asked.window.last - timedelta(days=days - 1)
    course = courses.course(
        patient_id=asked.patient.id, kind=asked.kind.number, since=asked.window.midnight(first), until=asked.window.until
    )
    found = glucose_profile.of(course)
    if found is None:
        return None
    said = glucose_profile.whole(found.shares)
    usual = found if found.enough else None
    return Glucose(
        days=f"{shown.day_words(first, today=asked.window.today)} – {shown.day_words(asked.window.last, today=asked.window.today)}",
        shares=page(bar(found, asked)),
        share_rows=tuple((band_words(name, asked), f"{said[name]} %") for name, _ in reversed(BANDS)),
        figures=figures(found, asked),
        wide=page(usual_day(usual, asked, wide=True)) if usual else SafeString(),
        narrow=page(usual_day(usual, asked, wide=False)) if usual else SafeString(),
        hours=_hours(found, asked) if found.enough else (),
        why_not=why_not(found),
        small=small_days(course, asked),
    )


def why_not(found: Profile) -> str:
    """This function will say why there is no usual day; nothing where there is one."""
    if found.enough:
        return ""
    words = {"days": f"{found.days:.0f}", "wear": f"{found.wear:.0f}"}
    return (
        gettext(
            "Not enough data for a usual day: it needs 10 days and 70 %% of the sensor's readings; here are %(days)s days and %(wear)s %%."
        )
        % words
    )


def band_words(name: str, asked: Asked) -> str:
    """This function will name a band with its limits in the reader's unit: "Very low <3.0"."""
    edges = {"very_low": 3.0, "low": 3.9, "high": 10.0, "very_high": 13.9}
    low, high = figure(RANGE[0], asked), figure(RANGE[1], asked)
    ranges = {
        "very_low": f"<{figure(edges['very_low'], asked)}",
        "low": f"{figure(edges['very_low'], asked)}–{low}",
        "in_range": f"{low}–{high}",
        "high": f"{high}–{figure(edges['very_high'], asked)}",
        "very_high": f">{figure(edges['very_high'], asked)}",
    }
    return f"{gettext(NAMES[name])} {ranges[name]}"


def bar(found: Profile, asked: Asked) -> Svg:
    """This function will draw the time in the five ranges."""
    said = glucose_profile.whole(found.shares)
    parts = [Share(look, found.shares[name], band_words(name, asked), f"{said[name]} %") for name, look in BANDS]
    label = gettext("Time in range: ") + gettext(", ").join(f"{part.words} {part.figure}" for part in reversed(parts))
    return shares(parts, label=label)


def usual_day(found: Profile, asked: Asked, *, wide: bool) -> Svg:
    """This function will draw the percentiles of the day."""
    slots = [Slot(slot.minute, slot.lines and _lines(slot.lines, asked)) for slot in found.slots]
    fixed = shown.SCALES[asked.kind.key, asked.unit]
    ends = (convert(RANGE[0], asked), convert(RANGE[1], asked))
    return profile(slots, axis=Axis(fixed.low, fixed.high, fixed.ticks), target=ends, label=_day_words(found, asked), wide=wide)


def _day_words(found: Profile, asked: Asked) -> str:
    """Where the middle line is lowest and highest."""
    middles = sorted((slot.lines[2], slot.minute) for slot in found.slots if slot.lines)
    if not middles:
        return gettext("Daily glucose profile")
    words = {"early": _clock(middles[0][1]), "low": figure(middles[0][0], asked), "unit": unit(asked)}
    words |= {"late": _clock(middles[-1][1]), "high": figure(middles[-1][0], asked)}
    told = gettext("Daily glucose profile: its middle is lowest at %(early)s with %(low)s and highest at %(late)s with %(high)s %(unit)s")
    return told % words


def _lines(lines: glucose_profile.Lines, asked: Asked) -> glucose_profile.Lines:
    five, quarter, half, three, most = (convert(value, asked) for value in lines)
    return five, quarter, half, three, most


def _clock(minute: float) -> str:
    return f"{int(minute) // 60:02d}:{int(minute) % 60 // 15 * 15:02d}"


def _hours(found: Profile, asked: Asked) -> tuple[tuple[str, ...], ...]:
    """The first quarter of every hour."""
    return tuple(
        (_clock(slot.minute), *(figure(value, asked) for value in slot.lines))
        for slot in found.slots[:: 60 // glucose_profile.SLOT]
        if slot.lines
    )


def figures(found: Profile, asked: Asked) -> tuple[tuple[str, str, str], ...]:
    """This function will give the figures beside the bar, each with what is aimed at."""
    told = [
        (gettext("Mean glucose"), f"{figure(found.mean, asked)} {unit(asked)}", ""),
        (gettext("Variation (CV)"), f"{found.cv:.0f} %", gettext("aim: 36 % or less")),
        (gettext("Sensor worn"), f"{found.wear:.0f} %", gettext("aim: 70 % or more")),
        (gettext("Lows"), _lows(found), ""),
    ]
    if found.gmi is not None:
        told.insert(1, (gettext("GMI (expected HbA1c)"), f"{found.gmi:.1f} %", ""))
    return tuple(told)


def _lows(found: Profile) -> str:
    if not found.lows:
        return gettext("none")
    return gettext("%(n)s, at night %(night)s, very low %(very)s") % {"n": found.lows, "night": found.night_lows, "very": found.very_lows}


def small_days(course: Course, asked: Asked) -> tuple[SmallDay, ...]:
    """This function will draw the last fourteen days of the patient's own clock, each by itself, days without a reading left out."""
    rows = [(at + offset * 60, value) for at, offset, value in zip(course.at, course.offsets, course.values, strict=True)]
    drawn: list[SmallDay] = []
    axis = Axis(convert(SMALL_AXIS[0], asked), convert(SMALL_AXIS[1], asked))
    ends = (convert(RANGE[0], asked), convert(RANGE[1], asked))
    by_day = [(number, list(some)) for number, some in groupby(rows, key=lambda row: row[0] // 86400)]
    for number, some in by_day[-SMALL_DAYS:]:
        day = datetime.fromtimestamp(number * 86400, tz=UTC).date()
        values = [(wall % 86400 / 60, convert(value, asked)) for wall, value in some]
        inside = round(100 * sum(RANGE[0] <= value <= RANGE[1] for _, value in some) / len(some))
        words = shown.day_words(day, today=asked.window.today)
        says = gettext("%(share)s %% in range") % {"share": inside}
        drawn.append(SmallDay(day, words, says, page(one_day(values, axis=axis, target=ends, label=f"{words}: {says}"))))
    return tuple(drawn)
