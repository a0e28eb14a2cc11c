"""What was foretold against what came true: points with their 95 % intervals beside the diagonal on which they should lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from healthhub.web.drawing.canvas import Svg

Z = 1.96
SIDE = 340.0


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the people: how many, the mean risk they were given, and the share in whom it came true (0-1)."""

    n: int
    expected: float
    observed: float

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the observed share."""
        share, n = self.observed, self.n
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        return max(middle - half, 0.0), min(middle + half, 1.0)


def calibration(tenths: Sequence[Tenth], *, label: str, across: str, up: str) -> Svg:
    """This function will draw the tenths; `across` and `up` name the axes."""
    svg = Svg(SIDE + 70, SIDE + 54, label=label, name="plot")
    most = max(max(one.expected, one.interval[1]) for one in tenths)
    top = min(next(step for step in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if step >= min(most, 1.0)), 1.0)
    left, bottom = 50.0, SIDE + 10

    def x(share: float) -> float:
        return left + share / top * SIDE

    def y(share: float) -> float:
        return bottom - share / top * SIDE

    svg.add("rect", "plot-frame", x=left, y=10, width=SIDE, height=SIDE)
    svg.path("plot-diagonal", [(x(0), y(0)), (x(top), y(top))])
    for part in range(5):
        share = top * part / 4
        words = f"{100 * share:.3g} %"
        svg.text(words, left - 6, y(share), anchor="end", look="plot-text")
        svg.text(words, x(share), bottom + 14, anchor="middle", look="plot-text")
    svg.path("plot-line", [(x(one.expected), y(one.observed)) for one in tenths])
    for one in tenths:
        low, high = one.interval
        outside = not low <= one.expected <= high
        svg.add("line", "plot-range", x1=x(one.expected), x2=x(one.expected), y1=y(low), y2=y(min(high, top)))
        svg.add("circle", "plot-dot out" if outside else "plot-dot", cx=x(one.expected), cy=y(one.observed), r=4.2 if outside else 3.4)
    svg.text(across, left + SIDE / 2, bottom + 34, anchor="middle", look="plot-text")
    svg.text(up, 2, 6, look="plot-text")
    return svg
