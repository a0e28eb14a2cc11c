"""Drawings are strict XML whatever the words and values, and never leave out a value."""

import math
from xml.etree.ElementTree import fromstring

from hypothesis import given, strategies as st

from healthhub.web.svg import Dot, Scale, sparkline, trend

NUMBERS = st.floats(-1e6, 1e6)
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)
DOTS = st.lists(st.builds(Dot, x=st.floats(0, 30), value=NUMBERS, low=st.none() | NUMBERS, odd=st.booleans(), says=WORDS), max_size=40)
SPACE = "{http://www.w3.org/2000/svg}"


def coordinates(root: object) -> list[float]:
    names = ("x1", "x2", "y1", "y2", "cx", "cy", "x", "y")
    return [float(element.get(name)) for element in root.iter() for name in names if element.get(name)]  # type: ignore[attr-defined]


@given(dots=DOTS, label=WORDS)
def test_sparkline(dots: list[Dot], label: str) -> None:
    root = fromstring(sparkline(dots, since=0, until=30, scale=Scale(40, 220), limits=(85, 135), label=label))
    assert root.get("aria-label") == label
    assert root.get("role") == "img"
    marks = [one for one in root if one.get("class") in {"draw-bar", "draw-dot", "draw-odd", "draw-last"}]
    assert len(marks) == len(dots)
    assert all(math.isfinite(at) and -1 <= at <= 241 for at in coordinates(root))


@given(dots=DOTS, words=WORDS, wide=st.booleans())
def test_trend(dots: list[Dot], words: str, wide: bool) -> None:
    drawing = trend(
        dots, since=0, until=30, scale=Scale(2, 20, (3.9, 10)), limits=(3.0, 10), days=[(5, words), (25, "<3.0")], wide=wide, label=words
    )
    root = fromstring(drawing)
    assert "<3.0" in [text.text for text in root.iter(f"{SPACE}text")]
    assert all(math.isfinite(at) and -1 <= at <= 761 for at in coordinates(root))


def test_days_without_a_value_stay_empty() -> None:
    root = fromstring(sparkline([Dot(1, 5), Dot(2, 6), Dot(9, 7)], since=0, until=14, scale=Scale(0, 10), label=""))
    assert sum(line.get("class") == "draw-line" for line in root) == 1
