"""One web process for all tests of this folder that do not hurt it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers import Web, running_web


@pytest.fixture(scope="session")
def shared_web(django_db_setup: None, django_db_blocker: Any) -> Iterator[Web]:
    with running_web() as web:
        yield web


@pytest.fixture
def web(transactional_db: None, shared_web: Web) -> Web:
    return shared_web
