"""Months of the table: made ahead, made for old data, dropped whole."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from healthhub.records import partitions

pytestmark = pytest.mark.django_db


def months() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'records_observation'::regclass")
        return {name for (name,) in cursor.fetchall()}


def test_made_ahead_over_the_turn_of_the_year() -> None:
    partitions.ensure_ahead(now=datetime(2031, 11, 30, 23, tzinfo=UTC), months=3)
    assert {f"records_observation_y{m}" for m in (203111, 203112, 203201, 203202)} <= months()
    partitions.ensure_ahead(now=datetime(2031, 11, 30, 23, tzinfo=UTC), months=3)


def test_retention_drops_whole_months_and_nothing_younger() -> None:
    partitions.ensure({(1999, 1), (1999, 2), (2035, 1)})
    dropped = partitions.drop_before(now=datetime(2001, 2, 15, tzinfo=UTC), months=24)
    assert dropped == ["records_observation_y199901"]
    assert "records_observation_y199902" in months()
    assert "records_observation_y203501" in months()


def test_every_partition_has_the_index_that_keeps_readings_single() -> None:
    partitions.ensure({(1998, 7)})
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'records_observation_y199807'")
        definitions = " ".join(row[0] for row in cursor.fetchall())
    assert "UNIQUE INDEX" in definitions
    assert "WHERE (state = 0)" in definitions
