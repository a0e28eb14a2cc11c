"""Two people and a gateway."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from healthhub.people.models import User
from tests.notifications.gateway import Gateway, running

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana@example.org", name="Ana", language="en")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running() as gateway:
        yield gateway
