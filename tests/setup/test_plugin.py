"""The tests run on the real servers, and on nobody else's."""

import os

import pytest
from django.conf import settings
from django.db import connection
from redis import Redis


@pytest.mark.django_db
def test_database_is_the_embedded_postgresql_18() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (version,) = cursor.fetchone()
        cursor.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
        name, is_superuser = cursor.fetchone()
    assert version == 18
    assert (name, is_superuser) == ("healthhub", False) or "hh-" not in os.environ["DATABASE_URL"]


def test_redis_answers_under_its_own_address() -> None:
    client = Redis.from_url(settings.REDIS_URL)
    client.set("plugin", "here", ex=5)
    assert client.get("plugin") == b"here"


def test_workers_do_not_share_a_redis_database() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        assert settings.REDIS_URL.endswith(str(1 + int(worker.removeprefix("gw"))))
        assert os.environ["LIVE_PREFIX"] == f"test-{worker}"
