"""Tables of check-up centres: what such a file seems to say, and its sender's word on it, after which a worker takes it in."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.dialects.checkup import mapping as mappings, proposal
from healthhub.dialects.checkup.proposal import Proposal
from healthhub.lib.refused import Conflict
from healthhub.live import wake
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records.catalogue import BY_KEY
from monitoring import spool, uploads
from monitoring.models import Import


def waiting(import_id: UUID | str, *, by: Viewer, now: datetime) -> Import:
    """This function will give a table that waits for its sender's word. Raises as `uploads.one`; Conflict `not_waiting`."""
    row = uploads.one(import_id, by=by, now=now)
    _check(row)
    return row


def _check(row: Import) -> None:
    if row.state != Import.State.UNMAPPED:
        raise Conflict("This file does not wait for an answer any more.", code="not_waiting")


def propose(row: Import, *, by: Viewer, now: datetime) -> Proposal:
    """This function will say what a table seems to hold, and what must be asked; it shows lines of the file, so it is logged.

    Raises Invalid `file_gone`.
    """
    with spool.Watched(row.id, lambda _: None) as stream:
        found = proposal.propose(stream, BY_KEY)
    log.record(by=by, did="import.read", patient_id=row.patient_id, about=f"import:{row.id}", now=now)
    return found


def plain(found: Proposal) -> dict[str, Any]:
    """This function will give a proposal as plain data."""
    return asdict(found)


@transaction.atomic
def confirm(import_id: UUID | str, *, told: Any, by: Viewer, now: datetime) -> Import:
    """This function will keep what the sender says a table's columns are, and have a worker take it in.

    Raises as `waiting`; Invalid as `mapping.read`; Conflict `import_under_way`.
    """
    row = waiting(import_id, by=by, now=now)
    mapping = mappings.read(told, BY_KEY)
    Patient.objects.select_for_update(no_key=True).get(id=row.patient_id)
    uploads.check(patient_id=row.patient_id, by=by, now=now)
    row = Import.objects.select_for_update(of=("self",)).get(id=row.id)
    _check(row)
    row.state, row.mapping, row.due_at = Import.State.WAITING, mappings.plain(mapping), now
    row.save(update_fields=["state", "mapping", "due_at"])
    detail = {"layout": mapping.layout, "columns": len(mapping.columns)}
    log.record(by=by, did="import.confirm", patient_id=row.patient_id, about=f"import:{row.id}", now=now, detail=detail)
    wake.worker_on_commit(task=uploads.TASK, each=[{}], queue=uploads.QUEUE)
    return row


@transaction.atomic
def discard(import_id: UUID | str, *, by: Viewer, now: datetime) -> None:
    """This function will delete a table that waits, with its file; nothing of it was added. Raises as `waiting`."""
    row = waiting(import_id, by=by, now=now)
    log.record(by=by, did="import.end", patient_id=row.patient_id, about=f"import:{row.id}", now=now, detail={"code": "discarded"})
    uploads.forget(Import.objects.filter(id=row.id, state=Import.State.UNMAPPED))
