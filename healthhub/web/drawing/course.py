"""Values over time: points, pairs or bars, over the bands, limits, ribbons and marks that give them a meaning.

What explains lies under what was measured: a line painted over the one low value would hide it. Gaps stay gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from healthhub.web.drawing.canvas import LINE, Svg, width_of

LANE = 16.0  # px below the plot for marks
NEAR = 9.0  # px within which marks of one look are one
SMALL = 160  # points beyond which dots shrink


@dataclass(frozen=True, slots=True)
class Point:
    """One reading, or one day: `value`, with `value2` a pair (diastolic), with `low`..`high` the extremes of what it is the mean of."""

    at: float
    value: float
    value2: float | None = None
    low: float | None = None
    high: float | None = None
    odd: bool = False  # doubtful: drawn hollow
    says: str = ""  # shown when pointed at


@dataclass(frozen=True, slots=True)
class Limit:
    """A line at `value`; `tone` is target, watch, amber, urgent or red; `words` stand at its right end."""

    value: float
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Ribbon:
    """An area over time from low to high with a dashed middle, `look` being baseline or ribbon: (at, low, middle, high)."""

    look: str
    corners: Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a medication taken (`pill`), missed, begun or stopped (`change`), or an alert (its severity)."""

    at: float
    tone: str
    says: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The fixed vertical range of a kind with its ticks: two patients compare by eye. Values beyond are drawn on its edge."""

    low: float
    high: float
    ticks: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that one chart shows between `since` and `until`. `gap`: seconds beyond which points are not joined."""

    label: str
    since: float
    until: float
    axis: Axis
    points: Sequence[Point]
    gap: float
    ticks: Sequence[tuple[float, str]] = ()
    target: Sequence[tuple[float, float]] = ()  # areas in the target
    limits: Sequence[Limit] = ()
    ribbons: Sequence[Ribbon] = ()
    marks: Sequence[Mark] = ()
    bars: bool = False  # sums, drawn from zero
    each: float = 86400.0  # seconds a bar stands for
    other: Sequence[Point] = ()  # to compare with: dashed


@dataclass(frozen=True, slots=True)
class _Plot:
    """The inner box of the drawing."""

    svg: Svg
    scene: Scene
    left: float
    right: float
    top: float
    bottom: float

    def x(self, at: float) -> float:
        share = (at - self.scene.since) / max(self.scene.until - self.scene.since, 1e-9)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, value: float) -> float:
        axis = self.scene.axis
        share = (value - axis.low) / max(axis.high - axis.low, 1e-9)
        return self.bottom - min(max(share, 0.0), 1.0) * (self.bottom - self.top)

    def inside(self, value: float) -> bool:
        return self.scene.axis.low < value < self.scene.axis.high


def course(scene: Scene, *, wide: bool = True, width: float | None = None, height: float | None = None) -> Svg:
    """This function will draw a scene, for a desk (680 x 290 px) or for a phone (280 x 230 px), or in a size of your own."""
    across, down = width or (680.0 if wide else 280.0), height or (290.0 if wide else 230.0)
    svg = Svg(across, down, label=scene.label, name="course")
    left = max([width_of(f"{tick:g}") for tick in scene.axis.ticks], default=0.0) + 10
    shown = [limit for limit in scene.limits if scene.axis.low < limit.value < scene.axis.high]
    right = max([width_of(limit.words) for limit in shown], default=0.0) + 8
    lane = LANE if scene.marks else 0.0
    plot = _Plot(svg, scene, min(left, across / 3), across - min(right, across / 3), 8, down - 22 - lane)
    _ground(plot)
    _limits(plot, shown)
    _ribbons(plot)
    _marks(plot)
    if scene.bars:
        _bars(plot)
    else:
        _joined(plot, scene.other, "draw-other")
        _joined(plot, scene.points, "draw-line")
        _points(plot)
    return svg


def _ground(plot: _Plot) -> None:
    svg, scene = plot.svg, plot.scene
    for low, high in scene.target:
        top, bottom = plot.y(max(low, high)), plot.y(min(low, high))
        svg.add("rect", "draw-target", x=plot.left, y=top, width=plot.right - plot.left, height=bottom - top)
    svg.add("rect", "draw-frame", x=plot.left, y=plot.top, width=plot.right - plot.left, height=plot.bottom - plot.top)
    for tick in scene.axis.ticks:
        inside = scene.axis.low <= tick <= scene.axis.high
        if inside and svg.text(f"{tick:g}", plot.left - 6, plot.y(tick), anchor="end", room=plot.left - 6):
            svg.add("line", "draw-grid", x1=plot.left, x2=plot.right, y1=plot.y(tick), y2=plot.y(tick))
    for at, words in scene.ticks:
        if scene.since <= at <= scene.until and svg.text(words, plot.x(at), svg.height - 9, anchor="middle", room=plot.right - plot.left):
            svg.add("line", "draw-grid", x1=plot.x(at), x2=plot.x(at), y1=plot.top, y2=plot.bottom)


def _limits(plot: _Plot, limits: Sequence[Limit]) -> None:
    """From the top down, so that labels keep the order of their lines."""
    ordered = sorted(limits, key=lambda limit: -limit.value)
    places = _label_places(plot, [plot.y(limit.value) for limit in ordered])
    for limit, place in zip(ordered, places, strict=True):
        y = plot.y(limit.value)
        plot.svg.add("line", f"draw-limit-{limit.tone}", x1=plot.left, x2=plot.right, y1=y, y2=y)
        if place is not None:
            plot.svg.text(limit.words, plot.right + 4, place, room=plot.svg.width - plot.right - 4)


def _label_places(plot: _Plot, wanted: Sequence[float]) -> list[float | None]:
    """Beside the plot; where there are more than fit, the last ones stay without."""
    fit = max(int((plot.bottom - plot.top) // LINE), 1)
    places: list[float | None] = []
    low = plot.top
    for number, y in enumerate(wanted[:fit]):
        left_over = min(len(wanted), fit) - number - 1
        place = min(max(y, low), plot.bottom - left_over * LINE)
        places.append(place)
        low = place + LINE
    return places + [None] * (len(wanted) - len(places))


def _ribbons(plot: _Plot) -> None:
    for ribbon in plot.scene.ribbons:
        inside = [corner for corner in ribbon.corners if plot.scene.since <= corner[0] <= plot.scene.until]
        if len(inside) < 2:
            continue
        upper = [(plot.x(at), plot.y(high)) for at, _, _, high in inside]
        lower = [(plot.x(at), plot.y(low)) for at, low, _, _ in reversed(inside)]
        plot.svg.path(f"draw-{ribbon.look}", [*upper, *lower], closed=True)
        plot.svg.path("draw-ahead", [(plot.x(at), plot.y(middle)) for at, _, middle, _ in inside])


def _marks(plot: _Plot) -> None:
    """A rounded bar for a medication, a diamond for its change, a triangle for an alert: known by their shape, said in the table."""
    last: dict[str, float] = {}
    y = plot.bottom + LANE / 2 + 1
    for mark in sorted(plot.scene.marks, key=lambda mark: mark.at):
        x = plot.x(mark.at)
        if not plot.scene.since <= mark.at <= plot.scene.until or x - last.get(mark.tone, -1e9) < NEAR:
            continue
        last[mark.tone] = x
        if mark.tone in ("pill", "missed"):
            drawn = plot.svg.add("rect", f"draw-mark-{mark.tone}", x=x - 4, y=y - 2.5, width=8, height=5, rx=2.5)
        elif mark.tone == "change":
            plot.svg.add("line", "draw-limit-watch", x1=x, x2=x, y1=plot.top, y2=plot.bottom)
            drawn = plot.svg.path("draw-mark-change", [(x, y - 6), (x + 5, y), (x, y + 6), (x - 5, y)], closed=True)
        else:
            plot.svg.add("line", f"draw-limit-{mark.tone}", x1=x, x2=x, y1=plot.top, y2=plot.bottom)
            drawn = plot.svg.path(f"draw-mark-{mark.tone}", [(x, y - 6), (x + 6, y + 5), (x - 6, y + 5)], closed=True)
        _says(drawn, mark.says)


def _says(drawn: Element, words: str) -> None:
    if words:
        SubElement(drawn, "title").text = words


def _joined(plot: _Plot, points: Sequence[Point], look: str) -> None:
    """One path per stretch without a hole; pairs are bars and are not joined."""
    stretch: list[tuple[float, float]] = []
    for one, following in [*pairwise(points), *((point, None) for point in points[-1:])]:
        stretch.append((plot.x(one.at), plot.y(one.value)))
        if following is None or following.at - one.at > plot.scene.gap or one.value2 is not None:
            if len(stretch) > 1:
                plot.svg.path(look, stretch)
            stretch = []


def _points(plot: _Plot) -> None:
    scene, many = plot.scene, len(plot.scene.points) > SMALL
    dense = len(scene.points) > (plot.right - plot.left) / (1.5 if not scene.points or scene.points[0].value2 is None else 5)
    for number, point in enumerate(scene.points, start=1):
        x, y = plot.x(point.at), plot.y(point.value)
        if point.low is not None and point.high is not None:
            plot.svg.add("line", "draw-span", x1=x, x2=x, y1=plot.y(point.high), y2=plot.y(point.low))
        if point.value2 is not None:
            _pair(plot, point, faint=dense or many)
            continue
        last = number == len(scene.points)
        if dense and not (point.odd or last or _alone(scene, number - 1)):
            continue
        dot = plot.svg.add("circle", "draw-odd" if point.odd else "draw-dot", cx=x, cy=y, r=3.6 if last else 1.6 if many else 2.6)
        _says(dot, point.says)


def _pair(plot: _Plot, point: Point, *, faint: bool) -> None:
    """A stem between two dots: the eye follows the upper and the lower ones each by themselves. Of many the stems are hardly seen."""
    x, r = plot.x(point.at), 1.6 if faint else 2.8
    upper, lower = plot.y(point.value), plot.y(point.value if point.value2 is None else point.value2)
    _says(plot.svg.add("line", "draw-faint" if faint else "draw-pair", x1=x, x2=x, y1=upper, y2=lower), point.says)
    for look, y in (("draw-odd" if point.odd else "draw-dot", upper), ("draw-lower", lower)):
        _says(plot.svg.add("circle", look, cx=x, cy=y, r=r), point.says)


def _alone(scene: Scene, index: int) -> bool:
    """No line reaches it: without a dot it would not be seen."""
    before = index > 0 and scene.points[index].at - scene.points[index - 1].at <= scene.gap
    after = index + 1 < len(scene.points) and scene.points[index + 1].at - scene.points[index].at <= scene.gap
    return not before and not after


def _bars(plot: _Plot) -> None:
    """Each stands in the middle of its time."""
    count = max((plot.scene.until - plot.scene.since) / max(plot.scene.each, 1.0), 1.0)
    wide = max((plot.right - plot.left) / count * 0.7, 1.0)
    for point in plot.scene.points:
        top = plot.y(point.value)
        left = min(max(plot.x(point.at) - wide / 2, plot.left), plot.right - wide)
        bar = plot.svg.add("rect", "draw-bar", x=left, y=top, width=wide, height=max(plot.bottom - top, 0.0), rx=min(wide / 4, 3.0))
        _says(bar, point.says)
