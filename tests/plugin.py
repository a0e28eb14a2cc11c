"""Pytest starts the real servers before Django reads its settings (load it with `-p tests.plugin`).

A `conftest.py` would come too late: pytest-django has loaded the settings by then. Set DATABASE_URL and REDIS_URL to use
servers of your own. Workers of xdist inherit the addresses; each takes a Redis database and a live prefix for itself.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pytest

from healthhub.config.servers import Servers
from tools import bootstrap

STARTED: list[tuple[Servers, Path]] = []


def settle_environment() -> None:
    """This function will set what the settings demand, for tests only."""
    os.environ["HEALTHHUB_MODE"] = "test"
    os.environ["DJANGO_SETTINGS_MODULE"] = "healthhub.config.settings"
    os.environ["SECRET_KEY"] = "for-tests-only-" + "0123456789" * 5
    os.environ.setdefault("TZ", "UTC")
    hypothesis.settings.register_profile("house", deadline=None)  # a busy machine is slow, which no test is to judge
    hypothesis.settings.load_profile("house")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in the thread that runs the test


def take_own_share(worker: str) -> None:
    """This function will give an xdist worker (gw0, gw1, ...) a Redis database and a live prefix of its own."""
    number = 1 + int(worker.removeprefix("gw"))
    address = urlsplit(os.environ["REDIS_URL"])
    on_socket = address.scheme == "unix"
    own = address._replace(query=f"db={number}") if on_socket else address._replace(path=f"/{number}")
    os.environ["REDIS_URL"] = f"unix://{own.path}?{own.query}" if on_socket else own.geturl()
    os.environ["LIVE_PREFIX"] = f"test-{worker}"


def start_servers() -> None:
    """This function will start throw-away servers in a temporary directory; without fsync, which only power cuts would miss."""
    state = Path(tempfile.mkdtemp(prefix="healthhub-tests-"))
    state.chmod(0o711)
    servers = Servers(state, durable=False)
    servers.start()
    STARTED.append((servers, state))
    os.environ.update(servers.environment())
    os.environ["IMPORT_ROOT"] = str(state / "imports")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    settle_environment()
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker:
        with bootstrap.alone():  # pytest started by hand: pages without words and scripts would prove nothing
            bootstrap.compile_words()
            bootstrap.build_assets()
    if worker:
        take_own_share(worker)
    elif not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        start_servers()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_unconfigure() -> Generator[None]:
    yield
    while STARTED:
        servers, state = STARTED.pop()
        servers.stop()
        shutil.rmtree(state, ignore_errors=True)
