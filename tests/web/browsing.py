"""How a person of the tests opens pages in the real browser."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.servers import Web, session_of

expect.set_options(timeout=20_000)  # the first request of a fresh process loads the whole house, on two busy cores
CHROMIUM = os.environ.get("CHROMIUM") or next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") if Path(path).exists()), ""
)
IN_A_BROWSER = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    # Without a browser these tests cannot prove anything: by hand they are left out, in CI that is a failure.
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="no Chromium: set CHROMIUM or install Debian's chromium"),
]


class Reader:
    """One person's browser; every complaint of the console is kept, and none is allowed."""

    def __init__(
        self,
        browser: Browser,
        web: Web,
        client: Client | None,
        *,
        language: str = "en",
        cookies: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.context: BrowserContext = browser.new_context(base_url=web.url, locale="en-GB", **options)
        jar = {"django_language": language} | (cookies or {})
        if client is not None:
            jar["sessionid"] = session_of(client)
        self.context.add_cookies([{"name": name, "value": value, "url": web.url} for name, value in jar.items()])
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(path)
        if path != "/accounts/login/":
            self.page.wait_for_load_state("networkidle")
        return self.page
