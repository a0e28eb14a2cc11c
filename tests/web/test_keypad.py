"""Logging by our own keypad: few taps, honest questions, and the same judgement on the phone as on the server."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS, plausible
from monitoring import plans
from monitoring.judge import Reading, needs_repeat
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import give, reading
from tests.world import World

PHONE = {"width": 390, "height": 844}
KEY = "0b5e7d2a-8f0e-4bd5-9d0b-3a6c1c1f1a77"


def stored(world: World, kind: str) -> list[Any]:
    now = timezone.now()
    classes = {"vitals", "glucose", "body", "reported"}
    return readings.history(patient_id=world.ana.id, classes=classes, since=now - timedelta(days=90), until=now, kinds=[kind])


@pytest.mark.django_db
def test_the_form_alone_takes_units_medication_and_a_key_twice(world: World) -> None:
    client = world.client("patient_self")
    page = f"/people/{world.ana.id}/log"
    assert client.post(f"{page}/weight", {"value": "130", "unit": "[jin_ch]"}).status_code == 200
    assert stored(world, "weight")[0].value == 65
    assert client.cookies["hh_unit_weight"].value == "[jin_ch]"
    assert "130.0" in client.get(f"{page}/weight").content.decode()  # the ghost, in her unit
    assert client.post(f"{page}/medication", {}).status_code == 422
    assert client.post(f"{page}/medication", {"taken": "1"}).status_code == 200
    assert stored(world, "medication_taken")[0].value == 1
    moment = (timezone.now()).isoformat()
    for _ in range(2):  # the answer was lost and the page sent it again
        client.post(f"{page}/bp", {"high": "128", "low": "78", "key": KEY, "moment": moment})
    assert len(stored(world, "bp")) == 1
    tiles = client.get(page).content.decode()
    assert tiles.index("/log/bp") < tiles.index("/log/medication") < tiles.index("/log/glucose")  # last used first


def press(page: Page, digits: str) -> None:
    for digit in digits:
        page.locator("[data-pad] button").get_by_text(digit, exact=True).click()


JUDGED = """async ([kind, unit, values]) => {
    const { danger } = await import("/static/healthhub/log.js");
    const known = JSON.parse(document.getElementById("known").textContent);
    known.before[kind].recent = [];
    return values.map(([value, value2]) => {
        const found = danger(known, value2 === null ? { kind, unit, value } : { kind, unit, value, value2 });
        return found?.ask ? "ask" : found?.act ? "act" : null;
    });
}"""


class TestInTheBrowser:
    pytestmark = IN_A_BROWSER

    def test_taps_questions_and_dangers(self, browser: Browser, web: Web, served: World) -> None:
        give(served, *[reading(value=130 + n, value2=80, minutes_ago=2000 + n) for n in range(7)])
        ana = Reader(browser, web, served.client("patient_self"), viewport=PHONE, has_touch=True)
        page = ana.open("/")
        page.get_by_role("link", name="Log a reading").click()  # 1
        page.get_by_role("link", name="Blood pressure").click()  # 2
        high, low, pulse = page.locator("#box-high"), page.locator("#box-low"), page.locator("#box-pulse")
        expect(high).to_be_focused()
        expect(high).to_have_attribute("inputmode", "none")  # the phone's own keyboard stays away
        press(page, "138")
        expect(low).to_be_focused()
        press(page, "186")  # 18 might become 180
        press(page, "64")
        expect(pulse).to_have_value("64")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#problem-low")).to_contain_text("below the upper one")
        expect(low).to_be_focused()
        page.keyboard.type("86")  # a hardware keyboard
        page.get_by_role("button", name="Save").click()  # 3
        expect(page.get_by_text("138/86", exact=True)).to_be_visible()
        expect(page.locator("[data-countdown]")).to_contain_text("0:5")
        page.get_by_role("link", name="Log another").click()
        press(page, "18595")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_contain_text("185/95")
        page.get_by_role("button", name="Correct it").click()
        high.fill("999")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#problem-high")).to_contain_text("from 50 to 300 mmHg")
        high.fill("190")
        low.fill("115")
        ana.context.set_offline(True)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Yes, it is right").click()
        expect(page.locator("[data-danger]")).to_contain_text("sit quietly for 5 minutes")  # at once, without network
        ana.context.close()

    def test_a_second_reading_like_the_first_is_not_doubted_again(self, browser: Browser, web: Web, served: World) -> None:
        usual = [reading(value=130 + n, value2=80, minutes_ago=2000 + n) for n in range(6)]
        give(served, *usual, reading(value=186, value2=96, minutes_ago=3))
        ana = Reader(browser, web, served.client("patient_self"), viewport=PHONE, has_touch=True)
        page = ana.open(f"/people/{served.ana.id}/log/bp")
        press(page, "18494")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("184/94", exact=True)).to_be_visible()
        ana.context.close()

    def test_the_phone_judges_as_the_server_does(self, browser: Browser, web: Web, served: World) -> None:
        ana = Reader(browser, web, served.client("patient_self"), viewport=PHONE)
        situation = plans.situation(patient_id=served.ana.id, now=timezone.now())
        grids: dict[str, tuple[str, list[tuple[float, float | None]]]] = {
            "bp": (
                "mm[Hg]",
                [(high, low) for high in (84, 89, 90, 179, 180, 181, 230) for low in (45, 60, 109, 110, 119, 120, 121) if low < high],
            ),
            "glucose": ("mmol/L", [(value / 10, None) for value in (20, 29, 30, 31, 38, 39, 40, 99, 138, 139, 140, 166, 167, 168, 300)]),
            "spo2": ("%", [(value, None) for value in range(80, 100)]),
        }
        for kind, (unit, values) in grids.items():
            page = ana.open(f"/people/{served.ana.id}/log/{kind}")
            phone = page.evaluate(JUDGED, [kind, unit, values])
            for (value, value2), said in zip(values, phone, strict=True):
                flags = 0 if plausible(BY_KEY[kind], value, value2) == "ok" else SUSPICIOUS
                item = Reading(kind, timezone.now(), value, value2, flags, None, 0, 0, 0, 2)
                asks = needs_repeat(situation.plan, item, situation.context) is not None
                assert said != "ask" or asks, (kind, value, value2)
                assert said is not None or not asks, (kind, value, value2)
        assert ana.complaints == []
