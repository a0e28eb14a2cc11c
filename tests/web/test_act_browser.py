"""After a dangerous value, as a person does it: the countdown runs, a red flag leads to the telephone, nothing complains."""

from playwright.sync_api import Browser, expect

from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.world import World

pytestmark = IN_A_BROWSER


def test_confirm_and_act(browser: Browser, web: Web, served: World) -> None:
    reader = Reader(browser, web, served.client("patient_self"), viewport={"width": 390, "height": 844})
    page = reader.open(f"/people/{served.ana.id}/log/bp")
    for digit in "188112":
        page.locator(f"[data-pad] button[value='{digit}']").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="What to do now, step by step").click()
    expect(page.locator("[data-countdown]")).to_contain_text("4:5")
    page.get_by_label("Chest pain or tightness").check()
    page.get_by_role("button", name="Yes, what I ticked").click()
    expect(page.get_by_role("heading", name="Call 120 now")).to_be_visible()
    assert page.locator("a[href='tel:120']").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert reader.complaints == []
