"""One marked world for all tests of a file; what a test does in it has never happened."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.permissions.records import Records, fill
from tests.permissions.walk import MARK, undone
from tests.world import PRINCIPALS, World, build


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """pytest-django's own opens a transaction for each test; here one lasts for the whole file, and each cell has a savepoint."""


@pytest.fixture(scope="module")
def marked(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all tests of this file."""
    with django_db_blocker.unblock(), undone():
        yield build(mark=MARK)


@pytest.fixture(scope="module")
def records(marked: World) -> Records:
    return fill(marked)


@pytest.fixture(scope="module")
def clients(marked: World) -> dict[str, Client]:
    return {principal: marked.client(principal) for principal in PRINCIPALS}
