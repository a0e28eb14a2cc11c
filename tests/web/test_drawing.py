"""Every chart is strict XML whatever is said in it; words stay apart and inside, and no value is left out."""

import math
import re
from collections.abc import Callable
from itertools import combinations, pairwise
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings, strategies as st

from healthhub.web.drawing.canvas import LINE, SIZE, Svg, page, paper, spread, width_of
from healthhub.web.drawing.course import Axis, Limit, Mark, Point, Ribbon, Scene, course
from healthhub.web.drawing.profile import Slot, one_day, profile
from healthhub.web.drawing.shares import Share, shares

few = settings(max_examples=60, deadline=None)
DAY = 86400.0
SPACE = "{http://www.w3.org/2000/svg}"
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Mn")), max_size=24) | st.sampled_from(["<3.0 & \"'", "很低 <3.0", ""])
NUMBERS = st.floats(-1e5, 1e5)
MOMENTS = st.floats(-2 * DAY, 32 * DAY)
POINTS = st.lists(
    st.builds(Point, at=MOMENTS, value=NUMBERS, value2=st.none() | NUMBERS, odd=st.booleans(), says=WORDS)
    | st.builds(Point, at=MOMENTS, value=NUMBERS, low=NUMBERS, high=NUMBERS),
    max_size=60,
).map(lambda points: sorted(points, key=lambda point: point.at))
SCENES = st.builds(
    Scene,
    label=WORDS,
    since=st.just(0.0),
    until=st.just(30 * DAY),
    axis=st.just(Axis(2, 20, (3.9, 7, 10, 13.9))) | st.builds(Axis, st.floats(-50, 0), st.floats(1, 90), st.lists(NUMBERS, max_size=8)),
    points=POINTS,
    gap=st.just(2 * DAY),
    ticks=st.lists(st.tuples(MOMENTS, WORDS), max_size=12),
    target=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=2),
    limits=st.lists(st.builds(Limit, NUMBERS | st.floats(2, 20), st.sampled_from(["target", "watch", "amber", "red"]), WORDS), max_size=30),
    ribbons=st.lists(st.builds(Ribbon, st.just("ribbon"), st.lists(st.tuples(MOMENTS, NUMBERS, NUMBERS, NUMBERS), max_size=5)), max_size=2),
    marks=st.lists(st.builds(Mark, MOMENTS, st.sampled_from(["pill", "missed", "change", "amber", "red"]), WORDS), max_size=20),
    bars=st.booleans(),
    other=POINTS,
)


def boxes(root: Element) -> list[tuple[float, float, float, float]]:
    """Where words stand: left, top, right, bottom in px."""
    found = []
    for text in root.iter(f"{SPACE}text"):
        wide, x, y = width_of(text.text or ""), float(text.get("x", "nan")), float(text.get("y", "nan")) - SIZE * 0.36
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[text.get("text-anchor", "start")]
        found.append((left, y - SIZE / 2, left + wide, y + SIZE / 2))
        assert int(text.get("font-size", "0")) >= 12
    return found


def sound(svg: Svg) -> Element:
    """Parsed strictly; everything finite and inside, no words over words; and the same on paper, without classes."""
    root = fromstring(page(svg))
    assert root.get("role") == "img"
    for element in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            assert -0.2 <= float(element.get(name, "0")) <= svg.width + 0.2, (element.tag, element.attrib)
        for name in ("y", "y1", "y2", "cy"):
            assert -0.2 <= float(element.get(name, "0")) <= svg.height + 0.2, (element.tag, element.attrib)
        for x, y in re.findall(r"[ML](\S+) (\S+)", element.get("d", "")):
            assert math.isfinite(float(x))
            assert -0.2 <= float(x) <= svg.width + 0.2
            assert math.isfinite(float(y))
            assert -0.2 <= float(y) <= svg.height + 0.2
    for one, other in combinations(boxes(root), 2):
        assert one[2] <= other[0] + 0.2 or other[2] <= one[0] + 0.2 or one[3] <= other[1] + 0.2 or other[3] <= one[1] + 0.2, (one, other)
    assert all(left >= -0.2 and right <= svg.width + 0.2 for left, _, right, _ in boxes(root))
    printed = paper(svg)
    assert "class=" not in printed
    assert len(list(fromstring(printed).iter(f"{SPACE}text"))) == len(list(root.iter(f"{SPACE}text")))
    return root


@few
@given(SCENES, st.booleans())
def test_a_course(scene: Scene, wide: bool) -> None:
    root = sound(course(scene, wide=wide))
    assert root.get("aria-label") == scene.label
    looks = [element.get("class") for element in root]
    if scene.bars:
        assert looks.count("draw-bar") == len(scene.points)
    else:
        assert looks.count("draw-pair") + looks.count("draw-faint") == sum(point.value2 is not None for point in scene.points)
        assert looks.count("draw-odd") == sum(point.odd for point in scene.points)


@pytest.mark.parametrize("count", [3, 1000])
def test_a_value_alone_between_holes_is_seen(count: int) -> None:
    """Among so many that dots are left out too."""
    points = [Point(n * 60, 5) for n in range(count)]
    lonely = Point(points[-1].at + 3 * DAY, 1.9)
    scene = Scene(label="", since=0, until=9 * DAY, axis=Axis(1, 20), points=[*points, lonely, Point(8 * DAY, 5)], gap=3600)
    root = sound(course(scene))
    assert any(float(dot.get("cy", 0)) > 200 for dot in root if dot.get("class") == "draw-dot")
    lines = [element.get("d", "") for element in root if element.get("class") == "draw-line"]
    assert len(lines) == 1  # nothing crosses the holes
    assert lines[0].count("L") == count - 1


def test_what_explains_lies_under_what_was_measured() -> None:
    scene = Scene(
        label="", since=0, until=DAY, axis=Axis(2, 20), points=[Point(60, 1.8), Point(120, 6)], gap=600, target=[(3.9, 10)],
        limits=[Limit(3.9, "amber", "3.9")], marks=[Mark(60, "red", "very low")],
        ribbons=[Ribbon("ribbon", [(0, 5, 6, 7), (DAY, 5, 6, 7)])],
    )  # fmt: skip
    looks = [element.get("class", "") for element in course(scene).root]
    data = min(looks.index("draw-line"), looks.index("draw-dot"))
    assert all(looks.index(name) < data for name in ("draw-target", "draw-limit-amber", "draw-mark-red", "draw-ribbon", "draw-limit-red"))


@few
@given(st.lists(st.tuples(st.floats(0, 100), WORDS), min_size=1, max_size=8))
def test_shares_keep_every_label(parts: list[tuple[float, str]]) -> None:
    drawn = [Share("in", percent, f"<{words}", f"{percent:.0f} %") for percent, words in parts]
    root = sound(shares(drawn, label="time in range"))
    texts = [text.text or "" for text in root.iter(f"{SPACE}text")]
    assert sum(text.startswith("<") for text in texts) == len(parts)
    assert sum(text.endswith("%") for text in texts) >= len(parts)
    assert sum(element.get("class") == "draw-share-in" for element in root) == sum(percent > 0 for percent, _ in parts)


@few
@given(st.lists(st.none() | st.tuples(*[NUMBERS] * 5), min_size=1, max_size=96), st.booleans())
def test_a_usual_day(lines: list[tuple[float, float, float, float, float] | None], wide: bool) -> None:
    slots = [Slot(7.5 + 15 * number, one) for number, one in enumerate(lines)]
    sound(profile(slots, axis=Axis(2, 20, (3.9, 10, 13.9)), target=(3.9, 10), label="a usual day", wide=wide))


@few
@given(st.lists(st.tuples(st.floats(0, 1440), NUMBERS), max_size=50).map(sorted))
def test_a_small_day(values: list[tuple[float, float]]) -> None:
    root = sound(one_day(values, axis=Axis(2, 20), target=(3.9, 10), label="Monday"))
    assert sum(element.tag == f"{SPACE}circle" for element in root) == sum(not 3.9 <= value <= 10 for _, value in values)


@given(st.lists(st.floats(0, 100), max_size=7).map(sorted))
def test_labels_are_moved_apart_and_keep_their_order(wanted: list[float]) -> None:
    places = spread(wanted, gap=LINE, low=0, high=120)
    assert all(later - earlier >= LINE - 1e-6 for earlier, later in pairwise(places))
    assert all(-1e-6 <= place <= 120 + 1e-6 for place in places)
    apart = all(later - earlier >= LINE for earlier, later in pairwise(wanted))
    assert not apart or places == pytest.approx(wanted)


def test_paper_needs_no_sheet_of_styles() -> None:
    """Every look that a chart can have is known to the palette."""
    scene = Scene(
        label="", since=0, until=9 * DAY, axis=Axis(0, 9, (3, 6)), points=[Point(DAY, 4, 2), Point(2 * DAY, 3, low=2, high=4, odd=True)],
        gap=DAY,
        limits=[Limit(5, tone, "x") for tone in ("target", "watch", "amber", "urgent", "red")], target=[(3, 5)],
        marks=[Mark(DAY, tone, "x") for tone in ("pill", "missed", "change", "watch", "amber", "urgent", "red")],
        ribbons=[Ribbon(look, [(0, 1, 2, 3), (DAY, 1, 2, 3)]) for look in ("baseline", "ribbon")], ticks=[(DAY, "x")],
        other=[Point(0, 1), Point(3600, 2)],
    )  # fmt: skip
    drawings: list[Callable[[], Svg]] = [
        lambda: course(scene),
        lambda: shares([Share(look, 20, "x", "20 %") for look in ("very-low", "low", "in", "high", "very-high")], label=""),
        lambda: profile([Slot(n * 15.0, (1, 2, 3, 4, 5)) for n in range(4)], axis=Axis(0, 9), target=(2, 4), label=""),
    ]
    for draw in drawings:
        for element in fromstring(paper(draw())):
            assert {"fill", "stroke"} & element.attrib.keys(), (element.tag, element.attrib)
