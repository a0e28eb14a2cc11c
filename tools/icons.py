"""Draws the app's icons (PNG) from its own mark: `python -m tools.icons`. Run it when the mark changes; the drawings are committed."""

import os

from playwright.sync_api import sync_playwright

from healthhub.config.servers import ROOT

PLACE = ROOT / "healthhub" / "web" / "static" / "healthhub"
SIZES = (180, 192, 512)
ACCENT, WHITE = "#0a6558", "#fff"
# The mark inside the middle four fifths, which every shape of mask leaves: white on the accent colour.
FRAME = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -6.5 36 36" width="{size}" height="{size}">
<rect x="-6" y="-6.5" width="36" height="36" fill="{ground}"/>"""


def drawing(size: int) -> str:
    """This function will give the mark of icon.svg with its two colours exchanged, on a full ground of `size` pixels."""
    mark = (PLACE / "icon.svg").read_text().partition(">")[2]
    swapped = mark.replace(ACCENT, "GROUND").replace(WHITE, ACCENT).replace("GROUND", WHITE)
    return FRAME.format(size=size, ground=ACCENT) + swapped


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for size in SIZES:
            page.set_viewport_size({"width": size, "height": size})
            page.set_content(f'<body style="margin:0">{drawing(size)}')
            page.screenshot(path=PLACE / f"icon-{size}.png")
        browser.close()


if __name__ == "__main__":
    main()
