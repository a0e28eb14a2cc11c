"""Bulk exports: the records of everybody the owner may see, written piece by piece by a worker, cut as soon as she no longer may.

Rights are asked for again before every piece and before every line handed out: a revoked token or a withdrawn consent ends an export
under way, and takes from a finished one what is no longer open. A piece is one short transaction, so a killed worker loses one piece.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Sum

from healthhub.audit import log
from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.live import wake
from healthhub.people import access, smart
from healthhub.people.access import BadToken, Viewer
from healthhub.people.owners import owned, owner_of
from healthhub.records.models import BulkExport, BulkPiece

TASK = "records.bulk"
KEPT = timedelta(days=1)
LEASE = timedelta(seconds=90)
MOST_TRIES = 6
MOST_PATIENTS = 10_000
STEPS = 50  # pieces before the worker looks for other work
State = BulkExport.State
LIVE = (State.WAITING, State.WORKING)


@dataclass(frozen=True, slots=True)
class Piece:
    """Resources of one type and one patient, and `place`: where the next ones of them begin, "" where these were the last."""

    resources: Sequence[Mapping[str, Any]]
    place: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a writer is asked for: whose, which type, from which place, what came since and until."""

    viewer: Viewer
    patient_id: UUID
    type: str
    place: str
    since: datetime | None
    until: datetime
    now: datetime


Write = Callable[[Wanted], Piece]


def ask(
    *, by: Viewer, types: Sequence[str], request: str, now: datetime, patient_id: UUID | str | None = None, since: datetime | None = None
) -> BulkExport:
    """This function will ask for an export of one patient, or of all whom the owner may read.

    Raises as `access.patient_for` for a patient who is named; NotAllowed for a token that may not read; Conflict `export_under_way`;
    Invalid `too_many` beyond 10,000 patients.
    """
    by = smart.reaches(by, types)
    if patient_id is None and by.patient_id is not None:
        patient_id = by.patient_id
    if patient_id is not None:
        patients = [str(access.patient_for(by, patient_id, action="read", now=now).id)]
    else:
        seen = access.patients_visible_to(by, now=now, action="read").order_by("id").values_list("id", flat=True)
        patients = [str(one) for one in seen[: MOST_PATIENTS + 1]]
    if len(patients) > MOST_PATIENTS:
        raise Invalid("So many patients are not exported at once. Ask for them one by one.", code="too_many", field="patient")
    owner = owned(by)
    with transaction.atomic():
        if BulkExport.objects.filter(**owner, state__in=LIVE).exists():
            raise Conflict("An export is being made already.", code="export_under_way")
        row = BulkExport.objects.create(
            id=uuid7(),
            request=request,
            types=list(types),
            since=since,
            single=patient_id is not None,
            patients=patients,
            asked_at=now,
            due_at=now,
            **owner,
        )
        log.record_reads(by=by, did="bulk.ask", patient_ids=_whose(row), about=f"bulk:{row.id}", now=now)
        wake.worker_on_commit(task=TASK, each=[{}], queue="assess")
    return row


def one(export_id: UUID | str, *, by: Viewer, now: datetime) -> BulkExport:
    """This function will give an export to its owner; to everybody else, and once it has expired, there is none (NotVisible)."""
    row = BulkExport.objects.filter(id=access.parsed_id(export_id), **owned(by)).first()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise NotVisible
    return row


def cancel(export_id: UUID | str, *, by: Viewer, now: datetime) -> None:
    """This function will end an export and forget what was written. Raises as `one`."""
    row = one(export_id, by=by, now=now)
    with transaction.atomic():
        log.record_reads(by=by, did="bulk.cancel", patient_ids=_whose(row), about=f"bulk:{row.id}", now=now)
        BulkExport.objects.select_for_update().filter(id=row.id).delete()


def _whose(row: BulkExport) -> list[UUID]:
    return [UUID(one_) for one_ in row.patients]


def counts(row: BulkExport, *, by: Viewer, now: datetime) -> dict[str, int]:
    """This function will give how many resources of each type were written, and log that it was told."""
    log.record_reads(by=by, did="bulk.read", patient_ids=_whose(row), about=f"bulk:{row.id}", now=now)
    found = BulkPiece.objects.filter(export=row).order_by().values_list("type").annotate(resources=Sum("count"))
    written = dict(found)
    return {type_: written[type_] for type_ in row.types if written.get(type_)}


def lines(row: BulkExport, type_: str, *, by: Viewer, now: datetime) -> Iterator[bytes]:
    """This function will give the lines of one type as far as they are open to the owner now, a piece at a time; who is read is logged.

    Raises Conflict `not_ready`.
    """
    by = smart.reaches(by, row.types)
    if row.state != State.READY:
        raise Conflict("The export is not ready yet.", code="not_ready")
    pieces = BulkPiece.objects.filter(export=row, type=type_).order_by("id")
    open_: dict[UUID, frozenset[str]] = {}
    for patient_id in pieces.order_by("patient_id").values_list("patient_id", flat=True).distinct():
        try:
            open_[patient_id] = access.classes_open(by, patient_id, action="read", now=now)[1]
        except (NotVisible, NotAllowed):
            continue
    log.record_reads(by=by, did="bulk.fetch", patient_ids=open_, about=f"bulk:{row.id}", now=now)
    return _lines(pieces.filter(patient_id__in=open_), open_)


def _lines(pieces: Any, open_: Mapping[UUID, frozenset[str]]) -> Iterator[bytes]:
    for piece in pieces.iterator(chunk_size=1):
        if set(piece.classes) <= open_[piece.patient_id]:
            yield zlib.decompress(piece.lines)


def work(*, write: Write, now: datetime) -> int:
    """This function will write up to 50 pieces of what is due, each in its own transaction; for a worker. Gives how many."""
    done = 0
    while done < STEPS and (export_id := _claim(now)) is not None:
        _step(export_id, write, now)
        done += 1
    if done == STEPS:
        wake.worker_on_commit(task=TASK, each=[{}], queue="assess")
    return done


@transaction.atomic
def _claim(now: datetime) -> UUID | None:
    row = BulkExport.objects.select_for_update(skip_locked=True).filter(due_at__lte=now).order_by("due_at").first()
    if row is None:
        return None
    row.tries += 1
    row.state, row.due_at = State.WORKING, now + LEASE
    row.save(update_fields=["tries", "due_at", "state"])
    if row.tries > MOST_TRIES:
        _end(row, State.FAILED, "gave_up", now)
        return None
    return row.id


@transaction.atomic
def _step(export_id: UUID, write: Write, now: datetime) -> None:
    """One piece, or the end. Whoever cancels meanwhile waits for this transaction, and it for them."""
    row = BulkExport.objects.select_for_update().filter(id=export_id, state=State.WORKING).first()
    if row is None:
        return
    try:
        viewer = owner_of(row, types=row.types, now=now)
    except (BadToken, NotVisible) as refused:
        _end(row, State.STOPPED, "token_revoked" if isinstance(refused, BadToken) else "account_closed", now)
        return
    if row.patient_number >= len(row.patients):
        _end(row, State.READY, "", now)
        return
    try:
        _write(row, viewer, write, now)
    except (NotVisible, NotAllowed):
        if row.single:
            _end(row, State.STOPPED, "consent_withdrawn", now)
            return
        _leave_out(row)
    row.tries, row.due_at = 0, now
    row.save()


def _write(row: BulkExport, viewer: Viewer, write: Write, now: datetime) -> None:
    patient_id, type_ = UUID(row.patients[row.patient_number]), row.types[row.type_number]
    _, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    piece = write(Wanted(viewer, patient_id, type_, row.place, row.since, row.asked_at, now))
    if piece.resources:
        ndjson = b"".join(msgspec.json.encode(one) + b"\n" for one in piece.resources)
        BulkPiece.objects.create(
            export=row,
            patient_id=patient_id,
            type=type_,
            classes=sorted(classes),
            count=len(piece.resources),
            lines=zlib.compress(ndjson, 1),
        )
    row.place = piece.place
    if not piece.place:
        row.type_number += 1
    if row.type_number == len(row.types):
        row.patient_number, row.type_number = row.patient_number + 1, 0


def _leave_out(row: BulkExport) -> None:
    """What was written of her is forgotten, and the next one's turn is come."""
    BulkPiece.objects.filter(export=row, patient_id=UUID(row.patients[row.patient_number])).delete()
    row.left_out += 1
    row.patient_number, row.type_number, row.place = row.patient_number + 1, 0, ""


def _end(row: BulkExport, state: BulkExport.State, code: str, now: datetime) -> None:
    row.state, row.code, row.due_at, row.expires_at = state, code, None, now + KEPT
    if state != State.READY:
        BulkPiece.objects.filter(export=row).delete()
    row.save()
    log.record(by=None, did="bulk.end", about=f"bulk:{row.id}", now=now, detail={"state": state.value, "code": code})


def hand_out(*, now: datetime) -> int:
    """This function will wake a worker for what is due and forget what has expired; the sweep calls it. Gives how many expired."""
    if BulkExport.objects.filter(due_at__lte=now).exists():
        wake.worker_on_commit(task=TASK, each=[{}], queue="assess")
    with transaction.atomic():
        old = BulkExport.objects.select_for_update(skip_locked=True).filter(expires_at__lte=now).values_list("id", flat=True)[:50]
        return BulkExport.objects.filter(id__in=list(old)).delete()[0]
