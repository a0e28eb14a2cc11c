"""Several sweeps seal at once while acts are written: one unbroken chain comes out, and the verifier stays quiet meanwhile."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from healthhub.audit import log
from healthhub.audit.models import Entry
from healthhub.lib.ids import uuid7
from healthhub.people.access import Viewer
from tests.world import at

NOW = at("2026-03-01 08:00")


def in_thread(work: Callable[[], object], times: int) -> threading.Thread:
    def run() -> None:
        try:
            for _ in range(times):
                work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_sealing_at_once() -> None:
    by, patients, troubles = Viewer(kind="user", user_id=uuid7()), [uuid7() for _ in range(3)], []

    def write() -> None:
        log.record_reads(by=by, did="patient.read", patient_ids=patients, now=NOW)

    def seal() -> None:
        log.seal(now=NOW, limit=17)

    def check() -> None:
        troubles.extend(log.verify().troubles)

    for thread in [in_thread(work, times) for work, times in ((write, 20), (write, 20), (seal, 40), (seal, 40), (seal, 40), (check, 6))]:
        thread.join()
    while log.seal(now=NOW):
        continue
    report = log.verify()
    assert (report.rows, report.unsealed, report.troubles, troubles) == (120, 0, [], [])
    for patient in patients:
        assert sorted(Entry.objects.filter(patient_id=patient).values_list("n", flat=True)) == list(range(1, 41))
