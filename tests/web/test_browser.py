"""The two pages in a real browser against the real stack: a pressure is logged, the doctor's open list shows it, both doctors agree."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import crisis
from tests.world import PASSWORD, World

pytestmark = IN_A_BROWSER


@pytest.fixture
def world(served: World) -> World:
    return served


def log_pressure(page: Page, high: int, low: int, *, minutes_ago: int = 0) -> None:
    expect(page.locator("[data-pad]")).to_be_visible()
    page.locator("#box-high").press_sequentially(str(high))
    expect(page.locator("#box-low")).to_be_focused()  # the hand stays on the digits
    page.locator("#box-low").press_sequentially(str(low))
    if minutes_ago:
        page.get_by_text("Measured earlier?").click()
        at = timezone.now().astimezone(ZoneInfo("Asia/Shanghai")) - timedelta(minutes=minutes_ago)
        page.get_by_label("Day and time").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{high}/{low}").first).to_be_visible()


def test_from_her_thumb_to_both_doctors(browser: Browser, web: Web, world: World) -> None:
    lim = Reader(browser, web, world.client("doctor_in_team"), viewport={"width": 1280, "height": 800})
    mei = Reader(browser, web, world.client("nurse_in_team"), viewport={"width": 1280, "height": 800})
    ana = Reader(browser, web, None, viewport={"width": 390, "height": 844})
    row = f"#row-{world.ana.id}"
    for doctor in (lim, mei):
        doctor.open("/worklist")
        expect(doctor.page.locator(row)).to_contain_text("Nothing was ever received")

    page = ana.open("/accounts/login/")
    page.get_by_label("E-mail address").fill("patient_self@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="No readings yet")).to_be_visible()
    page.get_by_role("link", name="Log a reading").click()
    page.get_by_role("link", name="Blood pressure").click()
    log_pressure(page, 190, 115, minutes_ago=5)
    expect(page.get_by_role("heading", name="Please measure once more")).to_be_visible()
    page.get_by_role("link", name="Measure again").click()
    log_pressure(page, 191, 116)
    expect(page.locator("article.alert.urgent")).to_be_visible()

    for doctor in (lim, mei):  # nobody loaded the page again
        expect(doctor.page.locator(row)).to_contain_text("191/116")
        expect(doctor.page.locator(f"{row}.urgent")).to_be_visible()
    lim.page.locator(row).focus()
    lim.page.keyboard.press("a")
    expect(lim.page.locator(row)).to_contain_text("Dr Lim has it until")
    expect(lim.page.locator(row)).to_be_focused()
    expect(mei.page.locator(row)).to_contain_text("Dr Lim has it until")
    page.get_by_role("link", name="Done").click()
    expect(page.locator("#state")).to_contain_text("Dr Lim has seen this")
    assert [*ana.complaints, *lim.complaints, *mei.complaints] == []


PAGES = {
    "patient_self": ("/", "/people/{ana}/log", "/people/{ana}/log/bp", "/people/{ana}/log/glucose", "/people/{ana}/log/symptoms"),
    "caregiver_with_consent": ("/people", "/people/{ana}"),
    "doctor_in_team": ("/worklist", "/patients/{ana}", "/accounts/2fa/"),
    "programme_manager": ("/programme",),
    "operator": ("/operations",),
    "anonymous": ("/accounts/login/", "/accounts/password/reset/"),
}
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")].filter((one) => {
    const ticked = one.matches("[type=checkbox], [type=radio]") && one.closest("label"); // its words are as good a target as its box
    const box = (ticked || one).getBoundingClientRect();
    const inText = getComputedStyle(one).display === "inline";
    return box.width > 0 && !one.matches(".skip") && !inText && Math.min(box.width, box.height) < LEAST;
}).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(("size", "least"), [("normal", 44), ("large", 60)])
def test_narrow_pages_do_not_scroll_sideways_and_targets_are_big(browser: Browser, web: Web, world: World, size: str, least: int) -> None:
    crisis(world)
    for who, pages in PAGES.items():
        reader = Reader(browser, web, None if who == "anonymous" else world.client(who), viewport={"width": 320, "height": 640})
        reader.context.add_cookies([{"name": "hh_type", "value": size, "url": web.url}])
        for path in pages:
            page = reader.open(path.format(ana=world.ana.id))
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            # Chips are inputs laid over their label; in large type the main targets count, links inside a table of values do not.
            found = page.evaluate(SMALL_TARGETS.replace("LEAST", str(least - 0.6)))
            assert [one for one in found if size == "normal" or "button main" in one] == [], path
        assert reader.complaints == []
        reader.context.close()


def test_lost_and_found_again(browser: Browser, web: Web, world: World) -> None:
    ana = Reader(browser, web, world.client("patient_self"), viewport={"width": 390, "height": 844})
    page = ana.open("/")
    expect(page.locator("#connection")).to_be_hidden()
    web.kill()
    expect(page.locator("#connection")).to_contain_text("Not connected since", timeout=30_000)
    with_new = type(web)(web.log.parent, port=web.port)
    try:
        crisis(world)
        expect(page.locator("#connection")).to_contain_text("Connected again", timeout=40_000)
        expect(page.get_by_role("heading", name="This needs attention today")).to_be_visible()  # nothing was missed
    finally:
        with_new.kill()


def test_keyboard_and_a_note_half_written(browser: Browser, web: Web, world: World) -> None:
    alert = crisis(world)
    lim = Reader(browser, web, world.client("doctor_in_team"), viewport={"width": 1280, "height": 800})
    page = lim.open("/worklist")
    row = page.locator(f"#row-{world.ana.id}")
    page.keyboard.press("j")
    expect(row).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("Called, no ans")
    world.client("nurse_in_team").post(f"/alerts/{alert}/take", {"on": "list"})
    page.wait_for_timeout(1_500)
    expect(row.locator("textarea").first).to_have_value("Called, no ans")  # the row was not taken from under the hand
    page.keyboard.type("wer")
    page.get_by_role("button", name="Save the note").click()
    expect(row).to_contain_text("Mei Tan has it until")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patients/{world.ana.id}")
    page.get_by_text("Why, and what was done").first.click()
    expect(page.get_by_text("Called, no answer")).to_be_visible()
    assert lim.complaints == []
