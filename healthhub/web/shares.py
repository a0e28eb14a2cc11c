"""A bar of what became of things, drawn on the server: as long as there are many, each part with its own pattern of colour and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 200, 16


@dataclass(frozen=True, slots=True)
class Share:
    """One part: its class (`share-<name>` in the style sheet), how many, and its words."""

    name: str
    count: int
    words: str


def bar(shares: Sequence[Share], *, most: int, label: str) -> SafeString:
    """This function will draw the parts side by side; the whole width is `most`. `label` says the same to those who do not see it."""
    box = {"class": "sharebar", "width": str(WIDTH), "height": str(HEIGHT), "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": label, "preserveAspectRatio": "none", **box})
    x = 0.0
    for share in shares:
        if not share.count:
            continue
        width = WIDTH * share.count / max(most, 1)
        place = {"class": f"share-{share.name}", "x": f"{x:.1f}", "y": "0", "width": f"{max(width - 1, 0.5):.1f}", "height": str(HEIGHT)}
        SubElement(SubElement(root, "rect", place), "title").text = f"{share.words}: {share.count}"
        x += width
    return mark_safe(tostring(root, encoding="unicode"))
