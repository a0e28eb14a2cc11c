"""A browser, the stack behind it, and a small world, for every test that looks at pages as people do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers import Web, running_web
from tests.web.browsing import CHROMIUM
from tests.world import World, build


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield opened
        opened.close()


@pytest.fixture
def served(transactional_db: None) -> World:
    """A world that other processes see."""
    return build()


@pytest.fixture
def web(served: World) -> Iterator[Web]:
    with running_web() as running:
        yield running
