"""The patient's page in a real browser: what is new waits in the pill, the summary is copied, and an ended right closes any tab."""

from django.utils import timezone
from playwright.sync_api import Browser, expect

from healthhub.people import consent
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import crisis, give, reading
from tests.world import World

pytestmark = IN_A_BROWSER


def test_a_timeline_that_waits_and_closes(browser: Browser, web: Web, served: World) -> None:
    world = served
    give(world, reading(value=131))
    lim = Reader(browser, web, world.client("doctor_in_team"), viewport={"width": 1280, "height": 800})
    lim.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = lim.open(f"/patients/{world.ana.id}/timeline")
    expect(page.get_by_text("131/78 mmHg").last).to_be_visible()
    crisis(world)
    pill = page.locator("#fresh button")
    expect(pill).to_contain_text("new")
    expect(page.get_by_text("Severely raised blood pressure · Opened")).to_have_count(0)  # nothing moved under her eyes
    pill.click()
    expect(page.get_by_text("Severely raised blood pressure · Opened")).to_be_visible()
    expect(pill).to_be_hidden()
    lim.open(f"/patients/{world.ana.id}")
    page.get_by_text("Summary for the record").click()
    expect(page.locator("#summary-text")).to_contain_text("191/116 mmHg")
    page.get_by_role("button", name="Copy summary").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert "Open alerts" in page.evaluate("navigator.clipboard.readText()")
    lim.open(f"/patients/{world.ana.id}/plan")
    assert lim.complaints == []
    consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=timezone.now())
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
