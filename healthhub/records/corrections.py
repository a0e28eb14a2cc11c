"""Taking back what was just logged: out of every history and summary, with the reason on file."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.lib.refused import NotAllowed
from healthhub.live import bell
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records import timeline
from healthhub.records.catalogue import BY_NUMBER


@transaction.atomic
def take_back(*, viewer: Viewer, patient_id: UUID, seqs: Sequence[int], reason: str, now: datetime) -> None:
    """This function will take readings back, all of them or none, and tell the open pages.

    Raises as `access.patient_for` (action write, for each reading's class); NotVisible for a seq that never was; Conflict for one
    that no longer counts. An alert that a reading opened stays open: whoever took it in hand closes it.
    """
    patient, classes = access.classes_open(viewer, patient_id, action="write", now=now)
    for seq in seqs:
        row = timeline.remove(patient_id=patient, seq=seq, reason=reason, by=viewer, now=now)
        kind = BY_NUMBER[row["kind"]]
        if kind.data_class not in classes:
            raise NotAllowed
        log.record(by=viewer, did="observation.remove", patient_id=patient, about=f"observation:{seq}", now=now)
        last = timeline.last_seq(patient_id=patient)
        event = {"type": "reading", "patient": str(patient), "data_class": kind.data_class, "kinds": [kind.key], "after": last, "seq": last}
        bell.ring_on_commit(users=access.watchers_of(patient, data_class=kind.data_class, now=now, right="read"), event=event)
