"""What every test has: a database that may be emptied between tests, and a world of named people."""

from typing import Any

import pytest
from django.db import connection

from tests.world import World, build

# These refuse TRUNCATE, which is how a transactional test cleans up. `tests/audit` proves them with the triggers on.
NO_TRUNCATE = (
    ("people_consententry", "consent_no_truncate"),
    ("audit_entry", "audit_no_truncate"),
    ("monitoring_step", "step_no_truncate"),
    ("care_contact", "contact_no_truncate"),
)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table, trigger in NO_TRUNCATE:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture
def world(db: None) -> World:
    """Ana and everyone around her, see tests/world.py."""
    return build()
