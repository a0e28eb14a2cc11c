"""The usual day: percentiles of many days laid over each other by the time of day; and single small days."""

from collections.abc import Sequence
from dataclasses import dataclass

from healthhub.web.drawing.canvas import Svg, width_of
from healthhub.web.drawing.course import Axis

DAY = 1440.0
Lines = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of the clock: its middle in minutes since midnight, and percentiles 5, 25, 50, 75, 95 (None: too few days)."""

    minute: float
    lines: Lines | None


def profile(slots: Sequence[Slot], *, axis: Axis, target: tuple[float, float], label: str, wide: bool = True) -> Svg:
    """This function will draw the usual day, 680 x 290 px or, for a phone, 280 x 230 px."""
    across, down = (680.0, 290.0) if wide else (280.0, 230.0)
    svg = Svg(across, down, label=label, name="day-profile")
    left = max([width_of(f"{tick:g}") for tick in axis.ticks], default=0.0) + 10
    right, top, bottom = across - 12, 8.0, down - 22

    def x(minute: float) -> float:
        return left + min(max(minute / DAY, 0.0), 1.0) * (right - left)

    def y(value: float) -> float:
        share = (value - axis.low) / max(axis.high - axis.low, 1e-9)
        return bottom - min(max(share, 0.0), 1.0) * (bottom - top)

    svg.add("rect", "draw-target", x=left, y=y(target[1]), width=right - left, height=y(target[0]) - y(target[1]))
    svg.add("rect", "draw-frame", x=left, y=top, width=right - left, height=bottom - top)
    for tick in axis.ticks:
        if svg.text(f"{tick:g}", left - 6, y(tick), anchor="end"):
            svg.add("line", "draw-grid", x1=left, x2=right, y1=y(tick), y2=y(tick))
    for hour in range(0, 25, 3 if wide else 6):
        svg.text(f"{hour:02d}:00", x(hour * 60), down - 9, anchor="middle")
        svg.add("line", "draw-grid", x1=x(hour * 60), x2=x(hour * 60), y1=top, y2=bottom)
    for edge in target:
        svg.add("line", "draw-limit-target", x1=left, x2=right, y1=y(edge), y2=y(edge))
    for stretch in _stretches(slots):
        for look, low, high in (("draw-outer", 0, 4), ("draw-inner", 1, 3)):
            upper = [(x(minute), y(lines[high])) for minute, lines in stretch]
            svg.path(look, [*upper, *((x(minute), y(lines[low])) for minute, lines in reversed(stretch))], closed=True)
        svg.path("draw-median", [(x(minute), y(lines[2])) for minute, lines in stretch])
    return svg


def _stretches(slots: Sequence[Slot]) -> list[list[tuple[float, Lines]]]:
    """Runs of slots with enough days; where there were too few, nothing is drawn."""
    found: list[list[tuple[float, Lines]]] = [[]]
    for slot in slots:
        if slot.lines is None:
            found.append([])
        else:
            found[-1].append((slot.minute, slot.lines))
    return [stretch for stretch in found if len(stretch) > 1]


def one_day(values: Sequence[tuple[float, float]], *, axis: Axis, target: tuple[float, float], label: str, gap: float = 45.0) -> Svg:
    """This function will draw one day of (minute since midnight, value), 140 x 64 px and without words: they stand beside it."""
    svg = Svg(140, 64, label=label, name="small-day")

    def x(minute: float) -> float:
        return 2 + min(max(minute / DAY, 0.0), 1.0) * 136

    def y(value: float) -> float:
        share = (value - axis.low) / max(axis.high - axis.low, 1e-9)
        return 62 - min(max(share, 0.0), 1.0) * 60

    svg.add("rect", "draw-target", x=2, y=y(target[1]), width=136, height=y(target[0]) - y(target[1]))
    stretch: list[tuple[float, float]] = []
    before: float | None = None
    for minute, value in values:
        if before is not None and minute - before > gap:
            svg.path("draw-line", stretch)
            stretch = []
        stretch.append((x(minute), y(value)))
        before = minute
    if stretch:
        svg.path("draw-line", stretch)
    for minute, value in values:
        if not target[0] <= value <= target[1]:
            svg.add("circle", "draw-mark-red" if value < target[0] else "draw-mark-amber", cx=x(minute), cy=y(value), r=1.2)
    return svg
