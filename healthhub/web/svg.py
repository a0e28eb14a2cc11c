"""Small drawings made on the server: no script needed, the same on the page, in print and in a report.

Built with an XML builder, so that no name or note can break out of its place; colours come from classes (see app.css), because
the page's policy forbids inline styles. Every drawing has a sentence for those who do not see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True, slots=True)
class Dot:
    """One value (or the mean of a day) at `x`, in days since any epoch. `low` is the second value of a pair, such as diastolic."""

    x: float
    value: float
    low: float | None = None
    odd: bool = False  # suspicious or simulated doubt: drawn hollow
    says: str = ""  # shown when pointed at


@dataclass(frozen=True, slots=True)
class Scale:
    """The fixed vertical range of a kind, so that two patients compare by eye; values beyond are drawn on its edge."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things are: the drawing's size and its inner box, the time span and the scale."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    since: float
    until: float
    scale: Scale

    def x(self, at: float) -> str:
        share = (at - self.since) / max(self.until - self.since, 1e-9)
        return f"{self.left + min(max(share, 0.0), 1.0) * (self.width - self.left - self.right):.1f}"

    def y(self, value: float) -> str:
        share = (value - self.scale.low) / (self.scale.high - self.scale.low)
        return f"{self.height - self.bottom - min(max(share, 0.0), 1.0) * (self.height - self.top - self.bottom):.1f}"


def sparkline(dots: Sequence[Dot], *, since: float, until: float, scale: Scale, limits: Sequence[float] = (), label: str) -> SafeString:
    """This function will draw a row of days: a line for single values, a bar from low to high for pairs, the last one marked."""
    frame = Frame(220, 64, 4, 8, 6, 6, since, until, scale)
    root = _root(frame, label, "spark")
    _limits(root, frame, limits)
    _marks(root, frame, dots, gap=3.5)
    return _text(root)


def trend(
    dots: Sequence[Dot],
    *,
    since: float,
    until: float,
    scale: Scale,
    limits: Sequence[float],
    days: Sequence[tuple[float, str]],
    wide: bool,
    label: str,
) -> SafeString:
    """This function will draw values over time with the limits that count for this person, ticks and dates."""
    frame = Frame(760, 280, 44, 12, 10, 28, since, until, scale) if wide else Frame(360, 240, 38, 10, 10, 28, since, until, scale)
    root = _root(frame, label, "trend")
    for tick in scale.ticks:
        y = frame.y(tick)
        SubElement(root, "line", {"class": "draw-grid", "x1": str(frame.left), "x2": str(frame.width - frame.right), "y1": y, "y2": y})
        place = {"class": "draw-text", "x": str(frame.left - 6), "y": f"{float(y) + 4:.1f}", "text-anchor": "end"}
        SubElement(root, "text", place).text = f"{tick:g}"
    for at, words in days:
        place = {"class": "draw-text", "x": frame.x(at), "y": str(frame.height - 8), "text-anchor": "middle"}
        SubElement(root, "text", place).text = words
    _limits(root, frame, limits)
    _marks(root, frame, dots, gap=2.5)
    return _text(root)


def _root(frame: Frame, label: str, name: str) -> Element:
    size = {"width": str(frame.width), "height": str(frame.height), "viewBox": f"0 0 {frame.width} {frame.height}"}
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": name, "role": "img", "aria-label": label, **size})
    return root


def _limits(root: Element, frame: Frame, limits: Sequence[float]) -> None:
    """Under the data: a line painted over the one low value would hide it."""
    for limit in limits:
        if frame.scale.low < limit < frame.scale.high:
            y = frame.y(limit)
            SubElement(root, "line", {"class": "draw-limit", "x1": str(frame.left), "x2": str(frame.width - frame.right), "y1": y, "y2": y})


def _marks(root: Element, frame: Frame, dots: Sequence[Dot], *, gap: float) -> None:
    """Lines join neighbours only: days without a value stay empty, because silence is not a straight line."""
    for one, next_one in pairwise(dots):
        if one.low is None and next_one.low is None and next_one.x - one.x <= gap:
            ends = {"x1": frame.x(one.x), "y1": frame.y(one.value), "x2": frame.x(next_one.x), "y2": frame.y(next_one.value)}
            SubElement(root, "line", {"class": "draw-line", **ends})
    for number, dot in enumerate(dots, start=1):
        last = number == len(dots)
        if dot.low is not None:
            ends = {"x1": frame.x(dot.x), "x2": frame.x(dot.x), "y1": frame.y(dot.low), "y2": frame.y(dot.value)}
            mark = SubElement(root, "line", {"class": "draw-bar", **ends})
        else:
            mark = SubElement(root, "circle", {"class": "draw-dot", "cx": frame.x(dot.x), "cy": frame.y(dot.value), "r": "2.4"})
        if dot.odd:
            mark.set("class", "draw-odd")
        elif last and dot.low is None:
            mark.set("class", "draw-last")
            mark.set("r", "3.6")
        if dot.says:
            SubElement(mark, "title").text = dot.says


def _text(root: Element) -> SafeString:
    return mark_safe(tostring(root, encoding="unicode"))
