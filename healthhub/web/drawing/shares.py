"""A stacked bar of shares with a label for each, such as the time in the five ranges of glucose."""

from collections.abc import Sequence
from dataclasses import dataclass

from healthhub.web.drawing.canvas import LINE, Svg, shortened, spread, width_of


@dataclass(frozen=True, slots=True)
class Share:
    """`percent` of 100, from the bottom up; `look` is very-low, low, in, high or very-high; `figure` is how the share is said."""

    look: str
    percent: float
    words: str
    figure: str


def shares(parts: Sequence[Share], *, label: str, width: float = 260.0, height: float = 170.0) -> Svg:
    """This function will draw the parts from the bottom up; a part that is there at all is seen, and every label stands."""
    height = max(height, (len(parts) + 1) * LINE)
    svg = Svg(width, height, label=label, name="shares")
    thick, top, bottom = 36.0, 6.0, height - 6.0
    tops = _heights([part.percent for part in parts], bottom - top)
    middles, y = [], bottom
    for part, tall in zip(parts, tops, strict=True):
        if tall:
            svg.add("rect", f"draw-share-{part.look}", x=0, y=y - tall, width=thick, height=tall)
        middles.append(y - tall / 2)
        y -= tall
    places = spread(middles[::-1], gap=LINE + 2, low=top + LINE / 2, high=bottom - LINE / 2)[::-1]
    figures = max((width_of(part.figure) for part in parts), default=0.0)
    for part, middle, place in zip(parts, middles, places, strict=True):
        svg.path("draw-leader", [(thick + 2, middle), (thick + 12, place)])
        svg.text(part.figure, thick + 20 + figures, place, anchor="end", look="draw-strong", room=figures + 1)
        room = width - thick - 30 - figures
        svg.text(shortened(part.words, room), thick + 28 + figures, place, room=room)
    return svg


def _heights(wanted: Sequence[float], tall: float) -> list[float]:
    """At least 2 px for what is there; the tallest part gives them."""
    whole = sum(wanted) or 1.0
    found = [max(percent / whole * tall, 2.0) if percent > 0 else 0.0 for percent in wanted]
    over = sum(found) - tall
    if found and over > 0:
        biggest = found.index(max(found))
        found[biggest] = max(found[biggest] - over, 0.0)
    return found
