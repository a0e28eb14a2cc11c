"""Signing in: every page of it in both languages and under the strict policy, and a passkey from beginning to end in the real browser."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import INLINE
from tests.world import PASSWORD, World

SIGNED_IN = (
    "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/totp/activate/", "/accounts/sessions/",
    "/accounts/password/change/", "/accounts/reauthenticate/",
)  # fmt: skip
STRANGERS = ("/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/")
OURS = {"HealthHub", "English", "Linux", "Chrome", "Ana", "Silva", "Master"}


def words_of(page: str) -> list[str]:
    """What a person reads on a page, letter for letter."""
    main = page[page.index("<main") :]
    main = re.sub(r"<(script|code|textarea)\b.*?</\1>|<noscript>.*?</noscript>", " ", main, flags=re.DOTALL)
    return re.findall(r"[A-Za-z]{4,}", unescape(re.sub(r"<[^>]+>", " ", main)))


def pages(world: World, language: str) -> Iterator[tuple[str, str]]:
    hers = world.client("patient_self")
    stranger = Client()
    hers.post("/accounts/reauthenticate/", {"password": PASSWORD})  # some of them ask once more who she is
    for client, paths in ((hers, SIGNED_IN), (stranger, STRANGERS)):
        client.cookies["django_language"] = language
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            yield path, answer.content.decode()


@pytest.mark.django_db
def test_no_english_is_left_on_the_chinese_pages(world: World) -> None:
    for path, text in pages(world, "zh-hans"):
        assert '<html lang="zh-hans"' in text
        assert not [word for word in words_of(text) if word not in OURS and "@" not in word], path


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_nothing_is_inline(world: World, language: str) -> None:
    for path, text in pages(world, language):
        assert not INLINE.search(text), (path, INLINE.search(text))


@pytest.mark.django_db
def test_signed_in_places(world: World) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post(
            "/accounts/login/",
            {"login": "patient_self@example.org", "password": PASSWORD},
            headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537"},
        )
    assert "Chrome · Linux" in here.get("/accounts/sessions/").content.decode()
    assert here.post("/accounts/sessions/").status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


class TestPasskey:
    pytestmark = IN_A_BROWSER

    def test_from_enrolling_to_signing_in(self, browser: Browser, web: Web, served: World) -> None:
        reader = Reader(browser, web, None)
        page = reader.page
        house = web.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, never to an address of digits
        elsewhere: list[str] = []
        page.on("request", lambda request: None if request.url.startswith((house, "data:")) else elsewhere.append(request.url))
        session = reader.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

        page.goto(f"{house}/accounts/login/?next=/accounts/2fa/webauthn/add/")
        page.get_by_label("E-mail address").fill("patient_self@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_label("Name").or_(page.get_by_label("Password"))).to_be_visible()
        if page.get_by_label("Password").is_visible():  # who changes how she signs in proves once more that it is she
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Go on").click()
        page.get_by_label("Name").fill("My phone")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Recovery codes").or_(page.get_by_role("heading", name="Passkeys"))).to_be_visible()
        page.goto(f"{house}/accounts/2fa/webauthn/")
        expect(page.get_by_role("heading", name="My phone")).to_be_visible()
        page.goto(f"{house}/", wait_until="networkidle")
        page.get_by_role("button", name="Sign out").first.click()  # the phone is cleared first, then the form goes
        page.wait_for_url(f"{house}/accounts/**", wait_until="networkidle")
        page.goto(f"{house}/accounts/login/?next=/settings")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()
        page.goto(f"{house}/", wait_until="networkidle")
        expect(page.get_by_text("Ana Silva").first).to_be_visible()
        assert reader.complaints == []
        assert elsewhere == []
