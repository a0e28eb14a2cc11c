"""长辈版: chosen by a plain button, kept for a year, and every page still fits a narrow phone with the largest letters."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from healthhub.people.models import User
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import crisis
from tests.world import World

# What must be at least 60 px high and wide in large type: everything one presses with the thumb, links inside sentences aside.
MEASURE = """() => ({
    body: parseFloat(getComputedStyle(document.body).fontSize),
    line: parseFloat(getComputedStyle(document.body).lineHeight) / parseFloat(getComputedStyle(document.body).fontSize),
    wide: document.documentElement.scrollWidth,
    small: [...document.querySelectorAll(".button, .bar a, .bar button, .chip, summary, .kinds a")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width > 0 && Math.min(box.width, box.height) < 59.5;
    }).map((one) => one.outerHTML.slice(0, 80)),
    cut: [...document.querySelectorAll("h1, h2, h3, p, a, button, label, span, b, dt, dd")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && box.right > innerWidth + 0.5;
    }).map((one) => one.outerHTML.slice(0, 80)),
})"""
PAGES = ("/", "/people/{ana}/log", "/people/{ana}/log/bp", "/people/{ana}/log/glucose", "/people/{ana}/log/symptoms", "/settings")


@pytest.mark.django_db
def test_the_button_works_without_javascript_and_stays_a_year(world: World) -> None:
    client = world.client("patient_self")
    client.cookies["django_language"] = "zh-hans"
    for words, size in (("长辈版", "large"), ("特大字", "largest"), ("标准字", "normal")):
        page = client.get("/")
        assert f'name="type" value="{size}">{words}</button>' in page.content.decode()
        answer = client.post("/preferences", {"type": size, "next": "/settings"})
        assert answer["Location"] == "/settings"
        assert client.cookies["hh_type"].value == size
        assert client.cookies["hh_type"]["max-age"] >= 365 * 24 * 3600
        assert f'data-type="{size}"' in client.get("/settings").content.decode()
    assert 'value="large">长辈版' in Client(headers={"accept-language": "zh-hans"}).get("/accounts/login/").content.decode()


@pytest.mark.django_db
def test_units_are_hers(world: World) -> None:
    client = world.client("patient_self")
    client.post("/preferences", {"weight": "[jin_ch]", "glucose": "mg/dL", "temp": "nonsense"})
    assert client.cookies["hh_unit_weight"].value == "[jin_ch]"
    assert "hh_unit_temp" not in client.cookies
    assert User.objects.get(email="patient_self@example.org").glucose_unit == "mg/dL"


class TestInTheBrowser:
    pytestmark = IN_A_BROWSER

    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_letters_targets_and_width(self, browser: Browser, web: Web, served: World, language: str) -> None:
        crisis(served)
        for size, letters in (("large", 22), ("largest", 30)):
            reader = Reader(
                browser,
                web,
                served.client("patient_self"),
                language=language,
                cookies={"hh_type": size},
                viewport={"width": 390, "height": 844},
            )
            for path in PAGES:
                found: dict[str, Any] = reader.open(path.format(ana=served.ana.id)).evaluate(MEASURE)
                assert found["body"] >= letters, path
                assert found["line"] >= 1.3, path
                assert found["wide"] <= 390, path
                assert found["small"] == [], path
                assert found["cut"] == [], path
            assert reader.complaints == []
            reader.context.close()
