"""A file sent in, and a real Celery worker that is killed in the middle of it."""

import signal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from healthhub.records.models import Observation
from monitoring import spool, uploads
from monitoring.models import Import
from tests.monitoring.test_uploads import export
from tests.servers import running_worker, wait_for
from tests.world import build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
N = 30_000  # the worker must not be done before it is killed


def now_of(row: Import) -> Import:
    row.refresh_from_db()
    return row


def test_a_worker_killed_in_the_middle_is_followed_by_another_and_nothing_is_doubled(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_ROOT = tmp_path
    world = build()
    with running_worker(queues="deliver,import", IMPORT_ROOT=str(tmp_path)) as worker:
        row = uploads.accept(patient_id=world.ana.id, chunks=[export(N)], by=world.viewer("patient_self"), now=world.now)
        uploads.hand_out(now=timezone.now())
        wait_for(lambda: 0 < now_of(row).taken < N, within=40)
        worker.kill(signal.SIGKILL)
    now_of(row)
    assert (row.state, row.counts) == ("running", {"stored": row.taken})
    assert Observation.objects.filter(patient=world.ana).count() == row.taken < N
    assert spool.path_of(row.id).exists()
    Import.objects.filter(id=row.id).update(due_at=timezone.now())  # the lease of the dead one is over
    with running_worker(queues="deliver,import", IMPORT_ROOT=str(tmp_path)):
        uploads.hand_out(now=timezone.now())
        wait_for(lambda: now_of(row).state == "done", within=60)
    assert row.counts == {"stored": N}
    assert Observation.objects.filter(patient=world.ana).count() == N
    assert list(tmp_path.iterdir()) == []
