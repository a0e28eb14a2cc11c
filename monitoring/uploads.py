"""Files too big for a request: kept as they come, read once by a worker, taken in batch by batch.

A worker may be killed at any moment: reading begins anew (nothing was kept by then), taking in goes on at the batch it had come to,
because a batch and how far it is are one transaction. One file at a time is worked on, so that notices never wait for files.
"""

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.dialects.checkup import mapping, proposal, readings
from healthhub.dialects.files import sniff
from healthhub.dialects.files.record import Record, named
from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.live import wake
from healthhub.people import access
from healthhub.people.access import BadToken, Viewer
from healthhub.people.models import Patient, User
from healthhub.records import exports, partitions, timeline
from healthhub.records.catalogue import BY_KEY
from monitoring import imports, spool
from monitoring.imports import Imported
from monitoring.models import Import
from monitoring.sent import EARLIEST, FUTURE

TASK = "monitoring.import"
QUEUE = "import"
LEASE = timedelta(seconds=60)
BEAT = 2.0  # seconds between two signs of life while a file is read
SLICE = 10.0  # seconds of taking in before the worker looks for other work
MOST_TRIES = 5
LOOK_BYTES = 1024 * 1024
TABLE_BYTES = 16 * 1024 * 1024
UNANSWERED = timedelta(days=1)  # for which a table waits for its sender's word
COLUMNS = ("where", "fate", "code", "field", "sentence")
LIVE = (Import.State.WAITING, Import.State.RUNNING)
Clock = Callable[[], datetime]


class _Enough(Exception):
    """So much was looked at before the file was taken that a worker may do the rest."""


class _Lost(Exception):
    """The row is another worker's now, or gone: whatever this one was about to write is void."""


def check(*, patient_id: UUID | str, by: Viewer, now: datetime) -> Patient:
    """This function will say before any byte is read whether a file may be sent, and give the patient.

    Raises as `access.patient_for`; Conflict `import_under_way`.
    """
    patient = access.patient_for(by, patient_id, action="write", now=now)
    if Import.objects.filter(patient=patient, state__in=LIVE).exists():
        raise Conflict("A file is being taken in already. Wait until it is done.", code="import_under_way")
    return patient


def accept(*, patient_id: UUID | str, chunks: Iterable[bytes], by: Viewer, now: datetime, name: str = "", tables: bool = False) -> Import:
    """This function will keep a file as it comes, look at its beginning and its end, and have a worker take it in.

    With `tables`, one that nobody here knows is kept for a day, `unmapped`, until `mapped.confirm` says what its columns are.
    Raises as `check`; TooLarge, NoRoom; Invalid as `sniff.records` does for what is seen at once. Nothing stays of a refused file.
    """
    patient = check(patient_id=patient_id, by=by, now=now)
    import_id, taken = uuid7(), False
    size = spool.keep(import_id, chunks)
    try:
        state = _looked_at(import_id, ZoneInfo(patient.time_zone), size, tables)
        row = _asked(import_id, patient, size, name, by, now, state)
        taken = True
    finally:
        if not taken:
            spool.remove(import_id)
    return row


def _look(import_id: UUID, zone: ZoneInfo) -> None:
    def enough(taken: int) -> None:
        if taken > LOOK_BYTES:
            raise _Enough

    try:
        with spool.Watched(import_id, enough) as stream:
            sniff.check_end(stream)
            with closing(cast(Generator[Record], sniff.records(stream, zone))) as found:
                next(found, None)
    except _Enough:
        return


def _looked_at(import_id: UUID, zone: ZoneInfo, size: int, tables: bool) -> Import.State:
    try:
        _look(import_id, zone)
    except Invalid as refused:
        if not tables or refused.code != "unknown_file":
            raise
        if size > TABLE_BYTES:
            raise spool.TooLarge from refused
        with spool.Watched(import_id, lambda _: None) as stream:
            proposal.propose(stream, BY_KEY)
        return Import.State.UNMAPPED
    return Import.State.WAITING


@transaction.atomic
def _asked(import_id: UUID, patient: Patient, size: int, name: str, by: Viewer, now: datetime, state: Import.State) -> Import:
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    check(patient_id=patient.id, by=by, now=now)
    sender = {"token_id": by.token_id} if by.token_id else {"user_id": by.person}
    forget(Import.objects.filter(patient=patient, state=Import.State.UNMAPPED, **sender))
    due_at = now + UNANSWERED if state == Import.State.UNMAPPED else now
    called = named(name, "") if name else ""
    row = Import.objects.create(
        id=import_id, patient=patient, name=called, state=state, bytes_total=size, asked_at=now, due_at=due_at, **sender
    )
    log.record(by=by, did="import.send", patient_id=patient.id, about=f"import:{row.id}", now=now, detail={"bytes": size})
    if state == Import.State.WAITING:
        wake.worker_on_commit(task=TASK, each=[{}], queue=QUEUE)
    return row


def one(import_id: UUID | str, *, by: Viewer, now: datetime) -> Import:
    """This function will give an import to whoever sent it and to the patient herself; to everybody else there is none (NotVisible)."""
    row = access.row_for(by, Import.objects.select_related("patient"), import_id, action="write", now=now)
    hers = by.user_id is not None and by.user_id in (row.user_id, row.patient.user_id)
    if not hers and (by.token_id is None or by.token_id != row.token_id):
        raise NotVisible
    return row


def imports_of(*, patient: Patient, limit: int = 10) -> list[Import]:
    """This function will list her newest imports."""
    return list(Import.objects.filter(patient=patient).order_by("-asked_at", "-id")[:limit])


def refused_csv(row: Import) -> str:
    """This function will write the records that were not kept as CSV, text so that no spreadsheet takes it for a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for told in row.refused:
        table.writerow([exports.harmless(str(told.get(name, ""))) for name in COLUMNS])
    return text.getvalue()


def work(*, clock: Clock) -> bool:
    """This function will read one file, or take in records for ten seconds; for a worker. Gives whether there was anything to do."""
    spool.orphans(Import.objects.filter(state__in=(*LIVE, Import.State.UNMAPPED)).values_list("id", flat=True))
    row = _claim(clock())
    if row is None:
        return False
    try:
        if row.records is None:
            _read(row, clock)
        else:
            _take(row, clock)
    except _Lost:
        return True
    except (BadToken, NotAllowed, NotVisible):
        _end(row, Import.State.STOPPED, _why(row), "", clock())
    except Invalid as refused:
        _end(row, Import.State.FAILED, refused.code, refused.field or "", clock())
    hand_out(now=clock())
    return True


@transaction.atomic
def _claim(now: datetime) -> Import | None:
    """Takes the next one that is due, if nobody is at one, and puts it off by a lease: a worker that dies leaves it due again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('one import at a time'))")
    if Import.objects.filter(state=Import.State.RUNNING, due_at__gt=now).exists():
        return None
    due = Import.objects.filter(due_at__lte=now, state__in=LIVE)
    row = due.select_for_update(of=("self",), skip_locked=True).order_by("due_at").first()
    if row is None:
        return None
    row.tries += 1
    row.claim += 1
    row.state, row.started_at, row.due_at = Import.State.RUNNING, row.started_at or now, now + LEASE
    row.save(update_fields=["tries", "claim", "state", "started_at", "due_at"])
    if row.tries > MOST_TRIES:
        _end(row, Import.State.FAILED, "gave_up", "", now)
        return None
    return row


def _sender(row: Import, now: datetime) -> Viewer:
    """Whoever sent the file, as she is now. Raises BadToken, NotVisible, NotAllowed: then it stops."""
    if row.token_id is not None:
        by = access.viewer_of_token_id(row.token_id, now)
    else:
        user = _person(row)
        if user is None:
            raise NotVisible
        by = access.viewer_of(user)
    access.classes_open(by, row.patient_id, action="write", now=now)
    return by


def _person(row: Import) -> User | None:
    return None if row.user_id is None else User.objects.filter(id=row.user_id, is_active=True).first()


def _why(row: Import) -> str:
    if row.token_id is not None:
        return "token_revoked"
    return "account_closed" if _person(row) is None else "consent_withdrawn"


def _keep(row: Import, **changes: Any) -> None:
    """Raises _Lost where the row is another's by now."""
    if not Import.objects.filter(id=row.id, claim=row.claim, state=Import.State.RUNNING).update(**changes):
        raise _Lost


def _read(row: Import, clock: Clock) -> None:
    """The whole file once, before anything is kept: what breaks off or is hostile leaves nothing half done."""
    last = time.monotonic()

    def told(taken: int) -> None:
        nonlocal last
        if time.monotonic() - last >= BEAT:
            last = time.monotonic()
            now = clock()
            _sender(row, now)
            _keep(row, bytes_read=min(taken, row.bytes_total), due_at=now + LEASE)

    _sender(row, clock())
    with spool.Watched(row.id, told) as stream:
        zone = ZoneInfo(Patient.objects.values_list("time_zone", flat=True).get(id=row.patient_id))
        found = spool.write(row.id, _batched(_records(row, stream, zone)))
    _keep(row, records=found, bytes_read=row.bytes_total, next_batch=0, tries=0, due_at=clock())


def _records(row: Import, stream: BinaryIO, zone: ZoneInfo) -> Iterator[Record]:
    if row.mapping is None:
        return sniff.records(stream, zone)
    return readings.read(stream, zone, mapping.read(row.mapping, BY_KEY), BY_KEY)


def _batched(found: Iterator[Record]) -> Iterator[tuple[Record, ...]]:
    while batch := tuple(islice(found, imports.CHUNK)):
        yield batch


def _take(row: Import, clock: Clock) -> None:
    until = time.monotonic() + SLICE
    for batch, after in spool.batches(row.id, start=row.next_batch):
        _batch(row, batch, after, clock())
        if time.monotonic() >= until:
            _keep(row, due_at=clock())
            return
    _end(row, Import.State.DONE, "", "", clock())


def _batch(row: Import, batch: list[Record], after: int, now: datetime) -> None:
    by = _sender(row, now)
    imported = Imported(row.taken, Counter(row.counts), Counter(row.reasons), row.refused)
    partitions.ensure(_months(batch, now))
    told = len(row.refused)
    with transaction.atomic():
        imports.send(batch, imported, patient_id=row.patient_id, by=by, now=now)
        row.taken, row.counts, row.reasons = imported.records, dict(imported.counts), dict(imported.reasons)
        more = {"refused": row.refused} if len(row.refused) > told else {}
        _keep(row, taken=row.taken, counts=row.counts, reasons=row.reasons, next_batch=after, tries=0, due_at=now + LEASE, **more)


def _months(batch: list[Record], now: datetime) -> set[tuple[int, int]]:
    """Partitions are made before a transaction takes locks; moments that will be refused anyway need none."""
    moments = []
    for one_ in batch:
        try:
            moments.append(datetime.fromisoformat(str((one_.reading or {})["at"])).astimezone(UTC))
        except (KeyError, ValueError, OverflowError):
            continue
    return {timeline.month_of(at) for at in moments if EARLIEST <= at <= now + FUTURE}


@transaction.atomic
def _end(row: Import, state: Import.State, code: str, field: str, now: datetime) -> None:
    _keep(row, state=state, code=code, field=field[:80], ended_at=now, due_at=None)
    by = Viewer(kind="token", token_id=row.token_id) if row.token_id else Viewer(kind="user", user_id=row.user_id)
    did = "file.import" if state == Import.State.DONE else "import.end"
    detail = dict(row.counts) | {"records": row.taken} | ({"code": code} if code else {})
    log.record(by=by, did=did, patient_id=row.patient_id, about=f"import:{row.id}", now=now, detail=detail)
    transaction.on_commit(lambda: spool.remove(row.id))


def hand_out(*, now: datetime) -> int:
    """This function will wake a worker for what is due, and give how many that are; the sweep calls it. Tables nobody spoke of end."""
    late = Import.objects.filter(due_at__lte=now, state=Import.State.UNMAPPED)
    for import_id in late.values_list("id", flat=True):
        ended = late.filter(id=import_id).update(state=Import.State.FAILED, code="not_confirmed", ended_at=now, due_at=None)
        if ended:
            spool.remove(import_id)
    due = Import.objects.filter(due_at__lte=now, state__in=LIVE).count()
    if due:
        wake.worker_on_commit(task=TASK, each=[{}], queue=QUEUE)
    return due


def forget(rows: QuerySet[Import]) -> None:
    """This function will erase imports, in the caller's transaction; their files go once it is committed."""
    ids = list(rows.values_list("id", flat=True))
    Import.objects.filter(id__in=ids).delete()

    def gone() -> None:
        for import_id in ids:
            spool.remove(import_id)

    transaction.on_commit(gone)
