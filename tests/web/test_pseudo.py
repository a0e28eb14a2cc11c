"""In a language that is two fifths longer and nobody speaks: nothing scrolls sideways, no button is cut, and no word is hard-coded."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from healthhub.people.models import Patient
from tests.servers import Web, running_web
from tests.web import pseudo, walking
from tests.web.browsing import IN_A_BROWSER, Reader

pytestmark = IN_A_BROWSER
NAMES = {
    "patient": ("home", "log-bp", "log-glucose", "trend-bp", "my-data", "sharing", "settings"),
    "doctor": ("worklist", "chart", "limits", "burden"),
    "operator": ("operations",),
    "manager": ("programme",),
}
# The same in every language: units, proper names, and names that the demo's people gave in both languages at once.
DATA = re.compile(r"[\d.,–\s-]*(mmol/L|mmHg)|Django|PostgreSQL|Python|test|.*[\u4e00-\u9fff].*")
LOOK = """() => ({
    wide: document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")].filter((one) =>
        one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 0.5).slice(0, 5).map((one) => one.outerHTML.slice(0, 99)),
    cut: [...document.querySelectorAll("button, a.button")].filter((one) =>
        one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "hidden"
    ).map((one) => one.outerHTML.slice(0, 99)),
    words: (() => {
        const found = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const one = node.parentElement;
            if (one.closest("script, style, noscript, time, [lang]:not(html)") || !one.checkVisibility()) continue;
            const text = node.data.trim();
            if (/[a-z]{3}/.test(text) && !text.includes("⟦") && !text.includes("⟧")) found.add(text);
        }
        return [...found];
    })(),
})"""


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    return walking.live(now=timezone.now())


@pytest.fixture
def strange(patient: Patient, tmp_path: Path) -> Iterator[Web]:
    pseudo.write(tmp_path)
    with running_web(PSEUDO_LOCALE=str(tmp_path), DJANGO_SETTINGS_MODULE="tests.web.pseudo_settings") as running:
        yield running


def test_longer_words_fit_and_none_is_hard_coded(browser: Browser, strange: Web, patient: Patient) -> None:
    found: dict[str, list[str]] = {}
    for role, names in NAMES.items():
        there, here = (seen(browser, strange, role, names, patient, language) for language in ("en", "zh-hans"))
        for page, looked in there.items():
            same = set(looked["words"]) & set(here[page]["words"])
            found[page] = [f"hard-coded: {text}" for text in sorted(same) if not DATA.fullmatch(text)] + [
                f"cut: {one}" for one in looked["cut"]
            ]
            found[page] += [f"scrolls sideways: {one}" for one in looked["wide"]]
    assert not any(found.values()), walking.told(found)


def seen(browser: Browser, web: Web, role: str, names: tuple[str, ...], patient: Patient, language: str) -> dict[str, dict[str, list[str]]]:
    reader, looked = Reader(browser, web, walking.client(role), language=language), {}
    for name in names:
        reader.page.set_viewport_size({"width": 390, "height": 844})
        reader.open(walking.PAGES[name][1].format(id=patient.id))
        for width in (390, 1440):
            reader.page.set_viewport_size({"width": width, "height": 900})
            looked[f"{name} {width}"] = reader.page.evaluate(LOOK)
    reader.context.close()
    return looked
