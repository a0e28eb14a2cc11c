"""Drawings of the patient's page: what weighed how much, and how a score went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor

from django.utils.safestring import SafeString

from healthhub.web.drawing.canvas import Svg, page, shortened
from healthhub.web.drawing.course import Axis, Limit, Point, Ribbon, Scene, course

ROW, NAMES, HALF = 26.0, 150.0, 120.0
STEPS = tuple(part * 10.0**power for power in range(-3, 5) for part in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Weight:
    """What one group adds to the raw score: `share` above 0 raises it; `percent` of all that moves it, with its sign, in words."""

    name: str
    share: float
    percent: str


def weights(parts: Sequence[Weight], *, label: str) -> SafeString:
    """This function will draw bars to the right of a middle line for what raises, to the left for what lowers."""
    svg = Svg(NAMES + 2 * HALF + 56, max(len(parts), 1) * ROW + 4, label=label, name="weights")
    most = max((abs(part.share) for part in parts), default=0.0) or 1.0
    middle = NAMES + HALF
    for number, part in enumerate(parts):
        y = number * ROW + ROW / 2 + 2
        svg.text(shortened(part.name, NAMES - 10), NAMES - 8, y, anchor="end", room=NAMES - 10)
        wide = max(abs(part.share) / most * HALF, 1.5)
        left = middle if part.share > 0 else middle - wide
        svg.add("rect", "draw-up" if part.share > 0 else "draw-down", x=left, y=y - 8, width=wide, height=16, rx=3)
        svg.text(part.percent, NAMES + 2 * HALF + 8, y, room=48)
    svg.add("line", "draw-middle", x1=middle, x2=middle, y1=0, y2=svg.height)
    return page(svg)


def score_course(
    points: Sequence[tuple[datetime, float, float, float]], *, bands: Sequence[tuple[float, str]], label: str, percent: bool
) -> SafeString:
    """This function will draw (moment, value, low, high) with the limits at which bands begin; a risk in percent."""
    factor = 100.0 if percent else 1.0
    shown = [(at.timestamp(), value * factor, low * factor, high * factor) for at, value, low, high in points]
    top, bottom = max(high for _, _, _, high in shown), min(low for _, _, low, _ in shown)
    room = max((top - bottom) * 0.15, 0.5 if percent else abs(top) * 0.02, 1e-6)
    axis = Axis(max(bottom - room, 0.0) if percent else bottom - room, min(top + room, 100.0) if percent else top + room)
    axis = Axis(axis.low, axis.high, ticks(axis.low, axis.high))
    limits = [Limit(lowest * factor, "watch", words) for lowest, words in bands if lowest > 0]
    since, until = shown[0][0], max(shown[-1][0], shown[0][0] + 86400.0)
    scene = Scene(
        label=label,
        since=since - 3600,
        until=until + 3600,
        axis=axis,
        points=[Point(at, value) for at, value, _, _ in shown],
        gap=4 * 86400.0,
        limits=limits,
        ribbons=[Ribbon("ribbon", [(at, low, value, high) for at, value, low, high in shown])] if len(shown) > 1 else [],
    )
    return page(course(scene, width=420, height=150))


def ticks(low: float, high: float) -> tuple[float, ...]:
    """This function will give round figures between two ends: five at most."""
    step = next((step for step in STEPS if (high - low) / step <= 5), high - low)
    return tuple(round(number * step, 6) for number in range(ceil(low / step), floor(high / step) + 1))


def ahead(
    *, days: Sequence[float], value: Sequence[float], low: Sequence[float], high: Sequence[float], usual: tuple[float, float], label: str
) -> SafeString:
    """This function will draw a forecast over the usual range: days as seconds since the epoch, everything in the unit shown."""
    top, bottom = max(*high, usual[1]), min(*low, usual[0])
    room = max((top - bottom) * 0.1, 0.5)
    axis = Axis(bottom - room, top + room, ticks(bottom - room, top + room))
    scene = Scene(
        label=label,
        since=days[0],
        until=days[-1] + 1,
        axis=axis,
        points=[],
        gap=2 * 86400.0,
        target=[usual],
        ribbons=[Ribbon("ribbon", list(zip(days, low, value, high, strict=True)))],
    )
    return page(course(scene, width=300, height=120))
