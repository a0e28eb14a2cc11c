"""The dense chart in a real browser: read with the keyboard, zoomed by hand, and replaced by its drawing when it cannot be fetched."""

from datetime import timedelta

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from healthhub.records import partitions, summaries, timeline
from healthhub.records.catalogue import BY_KEY
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_trends import sensor
from tests.world import World

pytestmark = IN_A_BROWSER
AREA = "[role=application]"

_YEAR = """
INSERT INTO records_observation (patient_id, seq, kind, at, utc_offset, value, source_id, key, method, flags, received_at, state)
SELECT %s, g, %s, date_trunc('minute', %s::timestamptz) - g * interval '5 minutes', 480,
       round((7.2 + 2.4 * sin(g / 45.8) + 1.3 * sin(g / 7.1) + 0.9 * sin(g / 1310.0))::numeric, 1), %s, '', 1, 0, now(), 0
FROM generate_series(1, %s) g
"""


def shown_days(page: Page) -> str:
    """The dates and times under the chart are drawn on a canvas: what the cursor says at both ends tells the range."""
    said = []
    for key in ("Home", "End"):
        page.locator(AREA).press(key)
        said.append(page.locator(".dense-said").inner_text().split(" · ")[0])
    return " to ".join(said)


def test_a_dense_chart_is_read_and_zoomed_without_a_mouse(browser: Browser, web: Web, served: World) -> None:
    sensor(served, days=5)
    ana = Reader(browser, web, served.client("patient_self"), viewport={"width": 390, "height": 844})
    page = ana.open(f"/people/{served.ana.id}/trends/cgm?span=week")
    expect(page.locator("figure[data-state=drawn]")).to_be_visible()
    expect(page.locator("figure .drawn")).to_be_hidden()
    page.locator(AREA).focus()
    page.keyboard.press("End")
    expect(page.locator(".dense-said")).to_contain_text("5.0 mmol/L")  # the newest
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".dense-said")).to_contain_text("5.1 mmol/L")  # 5.05 before it
    week = shown_days(page)
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    zoomed = shown_days(page)
    assert zoomed != week
    page.get_by_role("button", name="Earlier", exact=True).click()
    assert shown_days(page) not in (week, zoomed)
    page.locator(AREA).press("Escape")
    assert shown_days(page) == week
    over = page.locator(".u-over").bounding_box()
    assert over
    page.mouse.move(over["x"] + over["width"] * 0.4, over["y"] + 40)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * 0.6, over["y"] + 40, steps=5)
    page.mouse.up()
    assert shown_days(page) != week
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not ana.complaints


def test_without_its_data_the_drawing_stays_and_says_so(browser: Browser, web: Web, served: World) -> None:
    sensor(served, days=3)
    ana = Reader(browser, web, served.client("patient_self"), viewport={"width": 1440, "height": 900})
    ana.page.route("**/data?*", lambda route: route.abort())
    page = ana.open(f"/people/{served.ana.id}/trends/cgm?span=week")
    expect(page.get_by_text("The detailed chart could not be loaded; this is its summary.")).to_be_visible()
    expect(page.locator("figure .drawn .only-wide svg")).to_be_visible()


@pytest.mark.long
def test_a_year_of_a_sensor_is_drawn(browser: Browser, web: Web, served: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints what 105,000 readings cost; `-m long -s`."""
    partitions.ensure({timeline.month_of(served.now - timedelta(days=back)) for back in range(0, 370, 5)})
    timeline.lock(patient_id=served.ana.id)
    source = timeline.sources(patient_id=served.ana.id, keys=["cgm"])["cgm"]
    with connection.cursor() as cursor:
        cursor.execute(_YEAR, [served.ana.id, BY_KEY["cgm"].number, served.now, source, 105_000])
        cursor.execute(
            "INSERT INTO records_stale (patient_id, kind, day) SELECT DISTINCT patient_id, kind, (at + interval '8 hours')::date "
            "FROM records_observation WHERE patient_id = %s",
            [served.ana.id],
        )
    summaries.refresh(patient_id=served.ana.id)
    reader = Reader(browser, web, served.client("doctor_in_team"), viewport={"width": 1440, "height": 900})
    for slower in (1, 4):
        reader.context.new_cdp_session(reader.page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page = reader.open(f"/people/{served.ana.id}/trends/cgm?span=year")
        page.wait_for_function("performance.getEntriesByName('hh-chart').length > 0")
        drawn = page.evaluate("performance.getEntriesByName('hh-chart')[0].duration")
        fetched = page.evaluate(
            "(() => { const e = performance.getEntriesByType('resource').find(e => e.name.includes('/data?'));"
            " return [e.responseEnd - e.requestStart, e.encodedBodySize] })()"
        )
        with capsys.disabled():
            print(
                f"\na year of a sensor, CPU 1/{slower}: {drawn:.0f} ms to draw, {fetched[0]:.0f} ms and {fetched[1] / 1000:.0f} kB to fetch"
            )
