"""What is drawn of what was found: points, bands, limits, ribbons and marks in the reader's unit; and the same as columns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from math import ceil, floor, log10
from typing import Any
from zoneinfo import ZoneInfo

from healthhub.lib.units import from_canonical, round_half_up
from healthhub.records.catalogue import SUSPICIOUS
from healthhub.records.courses import Course
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.drawing.course import Axis, Limit, Mark, Point, Ribbon, Scene
from healthhub.web.trends import words
from healthhub.web.trends.found import Asked, Found, ahead
from healthhub.web.trends.spans import ticks
from monitoring.marks import Line

HOUR, DAY = 3600.0, 86400.0
# Beyond this nothing is joined: a night between two readings of a day is no line.
GAPS = {"day": 3 * HOUR, "week": 36 * HOUR, "month": 2.5 * DAY, "quarter": 4 * DAY, "year": 4 * DAY}
OFTEN = timedelta(minutes=30)  # a kind whose value is current no longer than this is measured all the time
STREAM_GAP = 45 * 60.0  # of a stream that speaks every few minutes
DIASTOLIC_FLOOR = 60.0  # where no limit says what is too low: the lower end of its band
MOST_LIMITS = 6
TONES = ("target", "red", "urgent", "amber")


def scenes(found: Found) -> tuple[Scene, Scene]:
    """This function will put together the drawings of a chart for a desk and for a phone, which has fewer dates."""
    asked, window = found.asked, found.asked.window
    until = ahead(window) if found.forecasts else window.until
    ribbons = _ribbons(found)
    wide = Scene(
        label=f"{shown.both(asked.kind.name)}, {window.words}. {words.sentence(found)}",
        since=window.since.timestamp(),
        until=until.timestamp(),
        axis=axis_of(found, ribbons),
        points=points_of(found),
        gap=gap_of(found),
        ticks=ticks(window, until=until, wide=True),
        target=areas(found),
        limits=limits(found),
        ribbons=ribbons,
        marks=marks(found),
        bars=asked.kind.cumulative,
        each=HOUR if window.span.days == 1 else DAY,
        other=[Point(point.at + 7 * DAY, point.value) for point in _stream(found.other, asked)] if found.other else (),
    )
    return wide, replace(wide, ticks=ticks(window, until=until, wide=False))


def gap_of(found: Found) -> float:
    """This function will give the seconds beyond which two neighbours are not joined."""
    flows = found.asked.kind.current_for <= OFTEN and (found.stream or found.single)
    return STREAM_GAP if flows else GAPS[found.asked.window.span.key]


def points_of(found: Found) -> list[Point]:
    """This function will give what was measured, oldest first, in the reader's unit."""
    asked = found.asked
    if found.single:
        return [_single(one, asked) for one in found.readings]
    if found.stream:
        return _stream(found.stream, asked)
    return [_bucket(one, asked) for one in found.days]


def convert(value: float, asked: Asked) -> float:
    """This function will express a canonical value as this reader sees it."""
    return from_canonical(value, unit=asked.unit, kind=asked.kind)


def _maybe(value: float | None, asked: Asked) -> float | None:
    return None if value is None else convert(value, asked)


def _single(one: Seen, asked: Asked) -> Point:
    says = f"{words.reading(one, asked)}, {shown.clock_words(one.at, now=asked.visit.now)}"
    return Point(one.at.timestamp(), convert(one.value, asked), _maybe(one.value2, asked), odd=bool(one.flags & SUSPICIOUS), says=says)


def _stream(course: Course, asked: Asked) -> list[Point]:
    return [
        Point(float(at), convert(value, asked), _maybe(value2, asked), odd=bool(flags & SUSPICIOUS))
        for at, value, value2, flags in zip(course.at, course.values, course.values2, course.flags, strict=True)
    ]


def _bucket(one: Bucket, asked: Asked) -> Point:
    """A sum; or the mean between its extremes, because a mean alone hides the one low glucose."""
    at, says = middle(one.start, asked).timestamp(), words.bucket(one, asked)
    if asked.kind.cumulative:
        return Point(at, convert(one.total, asked), says=says)
    low = one.low if one.low2 is None else one.low2
    return Point(at, convert(one.mean, asked), _maybe(one.mean2, asked), convert(low, asked), convert(one.high, asked), says=says)


def middle(start: date | datetime, asked: Asked) -> datetime:
    """This function will give the middle of a day or an hour of the patient's wall clock."""
    zone = ZoneInfo(asked.patient.time_zone)
    if isinstance(start, datetime):
        return start.replace(tzinfo=zone) + timedelta(minutes=30)
    return datetime.combine(start, time(12), zone)


def axis_of(found: Found, ribbons: Sequence[Ribbon] = ()) -> Axis:
    """This function will give the fixed clinical range of a kind, so that two patients compare by eye; else round figures around it."""
    asked, sums = found.asked, found.figures
    fixed = shown.SCALES.get((asked.kind.key, asked.unit))
    if fixed:
        return Axis(fixed.low, fixed.high, fixed.ticks)
    ends = [one.total for one in found.days] if asked.kind.cumulative else (sums.low, sums.high, sums.low2, sums.high2)
    values = [convert(value, asked) for value in ends if value is not None]
    values += [value for ribbon in ribbons for _, low, _, high in ribbon.corners for value in (low, high)]
    return _round_axis(values or [0.0, 1.0], from_zero=asked.kind.cumulative)


def _round_axis(values: Sequence[float], *, from_zero: bool) -> Axis:
    low, high = (0.0 if from_zero else min(values)), max(values)
    room = max(high - low, abs(high) * 0.04, 0.5)
    step = 10.0 ** floor(log10(room / 4))
    step *= next(times for times in (1, 2, 5, 10) if room / (step * times) <= 5)
    bottom = 0.0 if from_zero else floor(low / step) * step
    count = max(ceil((high - bottom) / step), 1)
    return Axis(bottom, bottom + count * step, tuple(round_half_up(bottom + number * step, 6) for number in range(count + 1)))


def areas(found: Found) -> list[tuple[float, float]]:
    """This function will give the bands of the target; of a pair one for each value."""
    asked, target = found.asked, found.target
    if asked.kind.components == 2:
        pair = [(target.low or DIASTOLIC_FLOOR, target.high), (DIASTOLIC_FLOOR, target.high2)]
        return [(convert(low, asked), convert(high, asked)) for low, high in pair if high is not None]
    if not target.known:
        return []
    axis = axis_of(found)
    low = axis.low if target.low is None else convert(target.low, asked)
    high = axis.high if target.high is None else convert(target.high, asked)
    return [(low, high)]


def limits(found: Found) -> list[Limit]:
    """This function will give the lines of a chart: the target's ends, then what alarms most, as many as can be told apart."""
    ordered = sorted(drawn_lines(found), key=lambda line: TONES.index(line.tone))
    return [Limit(limit_value(line, found.asked), line.tone, limit_words(line, found.asked)) for line in ordered]


def drawn_lines(found: Found) -> list[Line]:
    """This function will choose the lines: of the second value its target only, or the axis of both would be full of them."""
    some = [line for line in found.lines if line.tone in TONES and (line.component == "value" or line.tone == "target")]
    return sorted(some, key=lambda line: TONES.index(line.tone))[:MOST_LIMITS]


def limit_value(line: Line, asked: Asked) -> float:
    """This function will give a limit as published for the reader's unit, else converted."""
    return line.native.get(asked.unit, convert(line.limit, asked))


def limit_words(line: Line, asked: Asked) -> str:
    """This function will write a limit shortly; a star stands for one set for her."""
    return f"{limit_value(line, asked):.4g}{'*' if line.own else ''}"


def _ribbons(found: Found) -> list[Ribbon]:
    """Her own usual range until now, and where it is heading."""
    asked, ribbons = found.asked, []
    for told in found.forecasts:
        usual, since, now = told["baseline"], asked.window.since.timestamp(), asked.visit.now.timestamp()
        ends = tuple(convert(usual[name], asked) for name in ("low", "usual", "high"))
        ribbons.append(Ribbon("baseline", [(at, ends[0], ends[1], ends[2]) for at in (since, now)]))
        rows = zip(told["days"], told["low80"], told["value"], told["high80"], strict=True)
        ribbons.append(Ribbon("ribbon", [_corner(day, low, mid, high, asked) for day, low, mid, high in rows]))
    return ribbons


def _corner(day: str, low: float, mid: float, high: float, asked: Asked) -> tuple[float, float, float, float]:
    return (middle(date.fromisoformat(day), asked).timestamp(), convert(low, asked), convert(mid, asked), convert(high, asked))


def marks(found: Found) -> list[Mark]:
    """This function will give what happened: alerts by their severity, medicines begun or stopped, taken or missed."""
    now = found.asked.visit.now
    told = [Mark(one.evidence_at.timestamp(), _tone(one.severity), words.alert(one, now=now)) for one in found.alerts]
    told += [Mark(at.timestamp(), "change", words.change(medicine, begun)) for at, medicine, begun in found.changes]
    return told + [Mark(one.at.timestamp(), "pill" if one.value else "missed", words.taken(one, now=now)) for one in found.medication]


def _tone(severity: str) -> str:
    return severity if severity in ("red", "urgent", "amber") else "watch"


def columns(found: Found, course: Course) -> dict[str, Any]:
    """This function will give a dense chart as columns, made to be small: whole numbers, times as distances in seconds.

    A value is its number times `scale`. Bands, limits and marks are those of the drawing; `found` may be what `found.around` gave.
    """
    asked = found.asked
    digits = asked.kind.precision_in.get(asked.unit, asked.kind.precision)
    factor = 10.0**digits
    axis = axis_of(found)
    first = course.at[0] if course.at else 0
    return {
        "t0": first,
        "dt": [later - earlier for earlier, later in zip(course.at, course.at[1:], strict=False)],
        "scale": 1 / factor,
        "digits": digits,
        "v": _numbers(course.values, asked, factor),
        "unit": shown.unit_words(asked.unit),
        "axis": [axis.low, axis.high],
        "ticks": list(axis.ticks),
        "from": asked.window.since.timestamp(),
        "to": asked.window.until.timestamp(),
        "gap": STREAM_GAP,
        "zone": asked.window.zone.key,
        "target": areas(found),
        "limits": [[limit.value, limit.tone, limit.words] for limit in limits(found)],
        "marks": [[mark.at, mark.tone, mark.says] for mark in marks(found)],
    }


def _numbers(values: Sequence[float], asked: Asked, factor: float) -> list[int]:
    """A straight line of arithmetic, once for both ends: a year has 105,000 values."""
    base = convert(0.0, asked)
    slope = (convert(1.0, asked) - base) * factor
    start = base * factor
    return [int(value * slope + start + 0.5) for value in values]
