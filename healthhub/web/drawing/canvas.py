"""The sheet all charts are drawn on: an XML builder that knows how wide words are, and where words already stand."""

from collections.abc import Mapping, Sequence
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.safestring import SafeString, mark_safe

SIZE = 12  # px: the smallest text a person of seventy reads on a phone
LINE = 14.0  # px between the middles of two lines of it
PAPER_FONT = "Noto Sans SC"
# What the classes of trend.css mean on paper: black and quiet colours that stay apart in grey.
PAPER: Mapping[str, Mapping[str, str]] = {
    "draw-frame": {"fill": "none", "stroke": "#b9c4bf"},
    "draw-grid": {"stroke": "#e2e8e5", "stroke-width": "1"},
    "draw-text": {"fill": "#3a4643"},
    "draw-strong": {"fill": "#14201d", "font-weight": "600"},
    "draw-target": {"fill": "#e5f3ea"},
    "draw-limit-target": {"stroke": "#1c6438", "stroke-width": "1", "stroke-dasharray": "4 3"},
    "draw-limit-watch": {"stroke": "#1f5588", "stroke-width": "1", "stroke-dasharray": "4 3"},
    "draw-limit-amber": {"stroke": "#7a5100", "stroke-width": "1", "stroke-dasharray": "6 3"},
    "draw-limit-urgent": {"stroke": "#a03a00", "stroke-width": "1", "stroke-dasharray": "8 3"},
    "draw-limit-red": {"stroke": "#a8160f", "stroke-width": "1.2", "stroke-dasharray": "8 2"},
    "draw-baseline": {"fill": "#1f5588", "fill-opacity": "0.10"},
    "draw-ribbon": {"fill": "#1f5588", "fill-opacity": "0.16"},
    "draw-ahead": {"fill": "none", "stroke": "#1f5588", "stroke-width": "1.5", "stroke-dasharray": "3 3"},
    "draw-line": {"fill": "none", "stroke": "#4c5a56", "stroke-width": "1.3", "stroke-linejoin": "round"},
    "draw-span": {"stroke": "#7c8a85", "stroke-width": "1.5", "stroke-linecap": "round"},
    "draw-pair": {"stroke": "#0a6558", "stroke-width": "1.4", "stroke-opacity": "0.5"},
    "draw-faint": {"stroke": "#0a6558", "stroke-width": "1", "stroke-opacity": "0.15"},
    "draw-lower": {"fill": "#ffffff", "stroke": "#0a6558", "stroke-width": "1.5"},
    "draw-dot": {"fill": "#0a6558"},
    "draw-odd": {"fill": "#ffffff", "stroke": "#7c8a85", "stroke-width": "1.5"},
    "draw-other": {"fill": "none", "stroke": "#7a5100", "stroke-width": "1.5", "stroke-dasharray": "2 2"},
    "draw-bar": {"fill": "#0a6558", "fill-opacity": "0.8"},
    "draw-mark-pill": {"fill": "#1f5588"},
    "draw-mark-missed": {"fill": "#ffffff", "stroke": "#1f5588", "stroke-width": "1.5"},
    "draw-mark-change": {"fill": "#1f5588"},
    "draw-mark-watch": {"fill": "#1f5588"},
    "draw-mark-amber": {"fill": "#7a5100"},
    "draw-mark-urgent": {"fill": "#a03a00"},
    "draw-mark-red": {"fill": "#a8160f"},
    "draw-outer": {"fill": "#0a6558", "fill-opacity": "0.14"},
    "draw-inner": {"fill": "#0a6558", "fill-opacity": "0.30"},
    "draw-median": {"fill": "none", "stroke": "#084f45", "stroke-width": "2.2", "stroke-linejoin": "round"},
    "draw-share-very-low": {"fill": "#a8160f"},
    "draw-share-low": {"fill": "#d9705c"},
    "draw-share-in": {"fill": "#2f8f57"},
    "draw-share-high": {"fill": "#e0b04a"},
    "draw-share-very-high": {"fill": "#b06a10"},
    "draw-leader": {"fill": "none", "stroke": "#7c8a85", "stroke-width": "1"},
}


def width_of(words: str, size: float = SIZE) -> float:
    """This function will estimate the width of words in px, rather too wide than too narrow: a Chinese character is a square."""
    return sum(size if east_asian_width(letter) in "WF" else size * 0.62 for letter in words)


def shortened(words: str, room: float, size: float = SIZE) -> str:
    """This function will cut words to the room in px, with a mark where something is missing."""
    if width_of(words, size) <= room:
        return words
    while words and width_of(words + "…", size) > room:
        words = words[:-1]
    return words + "…" if words else ""


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """This function will move ascending middles apart until neighbours are `gap` away, inside low..high, each moved as little as it can.

    When they do not fit at all they keep the gap and begin at `low`: the caller gives enough room.
    """
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap if places else low))
    limit = high
    for number in range(len(places) - 1, -1, -1):
        places[number] = min(places[number], limit)
        limit = places[number] - gap
    floor = low
    for number, place in enumerate(places):
        places[number] = max(place, floor)
        floor = places[number] + gap
    return places


class Svg:
    """One drawing of `width` x `height` px. `label` is the sentence that stands for it where it is not seen."""

    def __init__(self, width: float, height: float, *, label: str, name: str) -> None:
        self.width, self.height = width, height
        size = {"width": f"{width:g}", "height": f"{height:g}", "viewBox": f"0 0 {width:g} {height:g}"}
        self.root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": name, "role": "img", "aria-label": label, **size})
        self._taken: list[tuple[float, float, float, float]] = []

    def add(self, tag: str, look: str, **attributes: float | str) -> Element:
        """This function will add an element; `x1=3.14159` is written as 3.1, and `stroke_width` as stroke-width."""
        plain = {name.replace("_", "-"): one if isinstance(one, str) else f"{one:.1f}" for name, one in attributes.items()}
        return SubElement(self.root, tag, {"class": look, **plain})

    def path(self, look: str, corners: Sequence[tuple[float, float]], *, closed: bool = False) -> Element:
        """This function will draw a line through corners, or the area inside them."""
        steps = " ".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(corners))
        return SubElement(self.root, "path", {"class": look, "d": steps + (" Z" if closed else "")})

    def text(self, words: str, x: float, y: float, *, anchor: str = "start", look: str = "draw-text", room: float | None = None) -> bool:
        """This function will write words with their middle at `y`, kept inside the drawing; false: others stand there."""
        words = shortened(words, min(room or self.width, self.width))
        wide = width_of(words)
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        left = min(max(left, 0.0), max(self.width - wide, 0.0))
        y = min(max(y, SIZE / 2), self.height - SIZE / 2)
        box = (left, y - SIZE / 2, left + wide, y + SIZE / 2)
        if not words or any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in self._taken):
            return False
        self._taken.append(box)
        # Written from its left end: what the estimate leaves over then stands at the right.
        start = {"start": left, "middle": left + wide / 2, "end": left + wide}[anchor]
        self.add("text", look, x=start, y=y + SIZE * 0.36, text_anchor=anchor, font_size=str(SIZE)).text = words
        return True


def page(svg: Svg) -> SafeString:
    """This function will give the markup for a page, where trend.css gives the colours."""
    return mark_safe(tostring(svg.root, encoding="unicode"))


def paper(svg: Svg, *, font: str = PAPER_FONT, palette: Mapping[str, Mapping[str, str]] = PAPER) -> str:
    """This function will give the same drawing as a document of its own, with colours and font as attributes: for a PDF."""
    root = Element(svg.root.tag, {name: value for name, value in svg.root.attrib.items() if name != "class"} | {"font-family": font})
    for child in svg.root:
        looks = {name: value for name, value in child.attrib.items() if name != "class"} | dict(palette.get(child.get("class", ""), {}))
        copied = SubElement(root, child.tag, looks)
        copied.text = child.text
    return tostring(root, encoding="unicode")
