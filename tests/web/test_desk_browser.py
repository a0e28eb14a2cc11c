"""The worklist under the hand: keys, focus that stays through live swaps, news that waits, and an emergency that does not."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from healthhub.people.models import Patient
from monitoring import intake
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_desk import friend, low_oxygen
from tests.web.test_pages import crisis
from tests.world import World

pytestmark = IN_A_BROWSER


@pytest.fixture
def world(served: World) -> World:
    return served


def no_air(world: World, patient: Patient) -> None:
    readings = [
        {"kind": "spo2", "at": (timezone.now() - timedelta(minutes=ago)).isoformat(), "value": 82, "unit": "%", "source": "oximeter"}
        for ago in (4, 1)
    ]
    intake.receive(patient_id=patient.id, readings=readings, by=world.viewer("doctor_in_team"), now=timezone.now())


def test_keys_news_and_an_emergency(browser: Browser, web: Web, world: World) -> None:
    crisis(world)
    carl, dora = friend(world, "Carl Low", "hypertension"), friend(world, "Dora Calm", "hypertension")
    lim = Reader(browser, web, world.client("doctor_in_team"), viewport={"width": 1440, "height": 900})
    page = lim.open("/worklist")
    ana = page.locator(f"#row-{world.ana.id}")
    page.keyboard.press("j")
    expect(ana).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#bulk .label")).to_have_text("1 selected")
    page.keyboard.press("a")
    expect(ana).to_contain_text("Dr Lim has it until")
    expect(ana).to_be_focused()
    expect(ana.locator("[data-key=x]")).to_be_checked()  # selected still, though the row was drawn anew
    page.keyboard.press("r")
    expect(ana.locator("form.panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(ana).to_be_focused()
    before = ana.bounding_box()
    low_oxygen(world, carl)  # she was silent below: now she has an alert, and stays where she is
    expect(page.locator("#changed")).to_contain_text("1 patient has news: show")
    no_air(world, dora)
    expect(page.locator("#emergency")).to_contain_text("Dora Calm")
    assert ana.bounding_box() == before  # nothing moved under the hand
    expect(ana).to_be_focused()
    page.keyboard.press(".")
    expect(page.locator("#rows > .row").first).to_have_attribute("data-patient", str(dora.id))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("carl")
    expect(page.locator("#rows > .row")).to_have_count(1)
    assert page.url.endswith("/worklist?q=carl")
    expect(page.locator("#find")).to_be_focused()
    assert lim.complaints == []
