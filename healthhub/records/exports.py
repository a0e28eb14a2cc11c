"""Her readings to take with her: asked for, made piece by piece by a worker, fetched as one ZIP, gone after a week.

A piece is one short transaction, so an export of any length survives a killed worker and shows how far it is.
"""

import csv
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from healthhub.audit import log
from healthhub.dialects import fhir_out
from healthhub.dialects.fhir_in import UNNAMED
from healthhub.lib.refused import Conflict, NotVisible
from healthhub.live import wake
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import timeline
from healthhub.records.catalogue import BY_NUMBER, CENSORED_HIGH, CENSORED_LOW, CUFFLESS, KINDS, LATE, SIMULATED, SUSPICIOUS
from healthhub.records.models import Export, ExportPart, Method, State

EXPORT = "records.export"
PIECE = 10_000  # readings a transaction
KEPT = timedelta(days=7)
LEASE = timedelta(seconds=90)
MOST_TRIES = 6
FLAGS = {
    SUSPICIOUS: "suspicious", LATE: "late", CUFFLESS: "cuffless", CENSORED_LOW: "censored-low", CENSORED_HIGH: "censored-high",
    SIMULATED: "simulated",
}  # fmt: skip
ENDINGS = {"parquet": "parquet", "excel": "xlsx"}
Table = Callable[[Sequence[Mapping[str, Any]]], bytes]
COLUMNS = ("number", "kind", "name", "at", "value", "value2", "unit", "seconds", "source", "method", "flags", "context", "received_at")


def ask(*, patient_id: UUID | str, by: Viewer, now: datetime) -> Export:
    """This function will ask for an export of everything that counts today. Raises as `access.patient_for`; Conflict `export_under_way`."""
    patient = access.patient_for(by, patient_id, action="export", now=now)
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(id=patient.id)
        if Export.objects.filter(patient=patient, state__in=(Export.State.WAITING, Export.State.WORKING)).exists():
            raise Conflict("An export is being made already.", code="export_under_way")
        last = timeline.last_seq(patient_id=patient.id)
        export = Export.objects.create(patient=patient, asked_by_id=by.person, asked_at=now, last_seq=last, due_at=now)
        log.record(by=by, did="export.ask", patient_id=patient.id, about=f"export:{export.id}", now=now)
        wake.worker_on_commit(task=EXPORT, each=[{}], queue="assess")
    return export


def exports_of(*, patient: Patient, limit: int = 5) -> list[Export]:
    """This function will list her newest exports, without what is in them."""
    return list(Export.objects.filter(patient=patient).order_by("-asked_at", "-id")[:limit])


def fetch(*, export_id: UUID | str, by: Viewer, now: datetime) -> tuple[Export, IO[bytes]]:
    """This function will give a finished export as a ZIP to read from, and log that it was taken.

    Raises as `access.row_for`; Conflict `not_ready`, NotVisible once it has expired.
    """
    export = access.row_for(by, Export.objects.select_related("patient"), export_id, action="export", now=now)
    if export.state == Export.State.EXPIRED or (export.expires_at is not None and export.expires_at <= now):
        raise NotVisible
    if export.state != Export.State.READY:
        raise Conflict("The export is not ready yet.", code="not_ready")
    log.record(by=by, did="export.fetch", patient_id=export.patient_id, about=f"export:{export.id}", now=now)
    file = tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024)  # noqa: SIM115 (whoever sends it on closes it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", ABOUT)
        for part in ExportPart.objects.filter(export=export).order_by("number").iterator(chunk_size=1):
            archive.writestr(f"fhir/bundle-{part.number:04}.json", zlib.decompress(part.fhir))
            for name, content in (("parquet", part.parquet), ("excel", part.excel)):
                if content:
                    archive.writestr(f"{name}/readings-{part.number:04}.{ENDINGS[name]}", content, zipfile.ZIP_STORED)
        with archive.open("readings.csv", "w") as table:
            for part in ExportPart.objects.filter(export=export).order_by("number").iterator(chunk_size=1):
                table.write(zlib.decompress(part.csv))
    file.seek(0)
    return export, file


ABOUT = (
    "HealthHub: your readings / 您的测量数据\n\n"
    "readings.csv  every reading that counts, one a line, UTF-8; times carry their zone, units are UCUM.\n"
    "              每行一条有效的测量数据，UTF-8 编码；时间带时区，单位为 UCUM。\n"
    "excel/        the same as workbooks of 10,000 readings at most / 同样的数据，Excel 工作簿（每个最多 10,000 条）\n"
    "parquet/      the same as typed columns for analysis / 同样的数据，便于分析的 Parquet 列式文件\n"
    "fhir/         the same as HL7 FHIR R4 bundles (Patient, Observation).\n"
    "              同样的数据，HL7 FHIR R4 格式（Patient、Observation）。\n"
)


def work(*, now: datetime, tables: Mapping[str, Table], pieces: int = 40) -> int:
    """This function will make up to `pieces` pieces of exports that are due, each in its own transaction; for a worker.

    `tables` write a piece's readings as the files `parquet` and `excel`.
    """
    made = 0
    while made < pieces:
        export_id = _claim(now)
        if export_id is None:
            break
        _one_piece(export_id, tables, now)
        made += 1
    if made == pieces:
        wake.worker_on_commit(task=EXPORT, each=[{}], queue="assess")
    return made


@transaction.atomic
def _claim(now: datetime) -> UUID | None:
    """Takes the next one that is due and puts it off by a lease: a worker that dies leaves it due again."""
    due = Export.objects.select_for_update(skip_locked=True).filter(due_at__lte=now).order_by("due_at").first()
    if due is None:
        return None
    due.tries += 1
    due.due_at = None if due.tries > MOST_TRIES else now + LEASE
    due.state = Export.State.FAILED if due.tries > MOST_TRIES else Export.State.WORKING
    due.save(update_fields=["tries", "due_at", "state"])
    return due.id if due.due_at else None


@transaction.atomic
def _one_piece(export_id: UUID, tables: Mapping[str, Table], now: datetime) -> None:
    export = Export.objects.select_for_update(of=("self",)).select_related("patient", "patient__user").get(id=export_id)
    numbers = [kind.number for kind in KINDS]
    rows = timeline.after(patient_id=export.patient_id, kinds=numbers, seq=export.done_seq, limit=PIECE)
    found = [row for row in rows if row["seq"] <= export.last_seq and row["state"] == State.CURRENT]
    if found or export.parts == 0:
        _keep(export, found, tables, now)
    finished = len(rows) < PIECE or rows[-1]["seq"] >= export.last_seq
    export.done_seq = export.last_seq if finished else rows[-1]["seq"]
    export.tries = 0
    export.due_at = None if finished else now
    if finished:
        export.state, export.ready_at, export.expires_at = Export.State.READY, now, now + KEPT
    export.save()


def _keep(export: Export, rows: Sequence[Mapping[str, Any]], tables: Mapping[str, Table], now: datetime) -> None:
    resources: list[Mapping[str, Any]] = [patient_of(export.patient)] if export.parts == 0 else []
    resources += [observation_of(export.patient_id, row) for row in rows]
    bundle = fhir_out.bundle(resources, id_=f"{export.id}-{export.parts + 1}", at=now)
    export.parts += 1
    export.readings += len(rows)
    ExportPart.objects.create(
        export=export,
        number=export.parts,
        fhir=zlib.compress(msgspec.json.encode(bundle)),
        csv=zlib.compress(csv_of(rows, header=export.parts == 1).encode()),
        **{name: write(rows) if rows else b"" for name, write in tables.items()},
    )


def patient_of(patient: Patient) -> dict[str, Any]:
    """This function will write a patient as a FHIR R4 Patient."""
    language = {"zh-hans": "zh-CN"}.get(patient.user.language, patient.user.language) if patient.user else settings.LANGUAGE_CODE
    return fhir_out.patient(id_=patient.id, name=patient.name, birth_date=patient.birth_date, sex=patient.sex, language=language)


def observation_of(patient_id: UUID, row: Mapping[str, Any], *, devices: Mapping[str, str] | None = None) -> dict[str, Any]:
    """This function will write one row of `timeline` as a FHIR R4 Observation; `devices` are ids of Devices by the source's own name."""
    flags = row["flags"]
    return fhir_out.observation(
        kind=BY_NUMBER[row["kind"]],
        patient_id=patient_id,
        seq=row["seq"],
        at=row["at"],
        utc_offset=row["utc_offset"],
        value=row["value"],
        value2=row["value2"],
        seconds=row["seconds"],
        source="" if row["source"] == UNNAMED else row["source"],
        self_reported=row["method"] == Method.SELF_REPORTED,
        comparator="<" if flags & CENSORED_LOW else ">" if flags & CENSORED_HIGH else None,
        flags=flag_names(flags),
        context=row["context"],
        received_at=row["received_at"],
        key=row["key"],
        device=(devices or {}).get(row["source"]),
        counts=row["state"] == State.CURRENT,
    )


def csv_of(rows: Sequence[Mapping[str, Any]], *, header: bool) -> str:
    """This function will write rows of `timeline` as CSV: numbers as they are kept, text so that no spreadsheet takes it for a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    if header:
        table.writerow(COLUMNS)
    for row in rows:
        kind = BY_NUMBER[row["kind"]]
        measured = [kind.key, kind.name["en"], fhir_out.local(row["at"], row["utc_offset"]).isoformat()]
        values = [row["value"], _blank(row["value2"]), kind.unit, _blank(row["seconds"])]
        context = msgspec.json.encode(row["context"]).decode() if row["context"] else ""
        origin = [harmless(row["source"]), Method(row["method"]).name.lower(), " ".join(flag_names(row["flags"])), harmless(context)]
        table.writerow([row["seq"], *measured, *values, *origin, row["received_at"].isoformat()])
    return text.getvalue()


def flag_names(flags: int) -> list[str]:
    """This function will spell out what is known of a reading's quality."""
    return [name for bit, name in FLAGS.items() if flags & bit]


def _blank(value: float | None) -> float | str:
    return "" if value is None else value


def harmless(text: str) -> str:
    """This function will write a text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def hand_out(*, now: datetime) -> int:
    """This function will wake a worker for what is due and forget what has expired; the sweep calls it. Gives how many expired."""
    if Export.objects.filter(due_at__lte=now).exists():
        wake.worker_on_commit(task=EXPORT, each=[{}], queue="assess")
    with transaction.atomic():
        old = list(Export.objects.select_for_update(skip_locked=True).filter(state=Export.State.READY, expires_at__lte=now)[:50])
        ExportPart.objects.filter(export__in=old).delete()
        return Export.objects.filter(id__in=[one.id for one in old]).update(state=Export.State.EXPIRED)
