"""What happened to patients: recorded by their clinicians or read from a file, withdrawn where it was a mistake. One door for both."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible, Refused
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from risk.models import Outcome

COLUMNS = ("patient", "kind", "at", "note")
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=10)


def outcomes_of(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[Outcome]:
    """This function will give a patient's outcomes that stand, newest first. For clinicians to whom all her data is open."""
    patient = _open(viewer, patient_id, action="clinical", now=now)
    found = list(_standing().filter(patient_id=patient.id).select_related("by").order_by("-at", "-id"))
    log.record(by=viewer, did="outcomes.read", patient_id=patient.id, now=now)
    return found


def record(*, patient_id: UUID | str, kind: str, at: datetime, by: Viewer, now: datetime, note: str = "") -> Outcome:
    """This function will record what happened, said by one of her clinicians.

    Raises as `access.patient_for`, and as `enter`.
    """
    patient = _open(by, patient_id, action="judge", now=now)
    return enter(patient=patient, kind=kind, at=at, note=note, source="person", by=by, now=now)


def enter(*, patient: Patient, kind: str, at: datetime, note: str, source: str, by: Viewer | None, now: datetime) -> Outcome:
    """This function will write an outcome down, whoever says it (None: a file). One that was withdrawn stands again.

    Raises Invalid (`unknown_kind`, `future_time`, `too_old`, `too_long`, `bad_character`) and Conflict (`already_recorded`: nobody
    dies twice).
    """
    _check(patient, kind, at, note, now)
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(id=patient.id)
        same = Outcome.objects.filter(patient=patient, kind=kind, at=at).first()
        dead = kind == Outcome.Kind.DEATH and _standing().filter(patient=patient, kind=kind).exists()
        if dead or (same is not None and same.withdrawn_at is None):
            raise Conflict("This is recorded already.", code="already_recorded")
        outcome = same or Outcome(patient=patient, kind=kind, at=at)
        outcome.source, outcome.note, outcome.recorded_at, outcome.withdrawn_at = source, note, now, None
        outcome.by_id = None if by is None else by.person
        outcome.save()
        log.record(by=by, did="outcome.record", patient_id=patient.id, about=f"outcome:{outcome.id}", now=now, detail={"kind": kind})
    return outcome


def confirm(*, patient: Patient, at: datetime, about: str, by: Viewer, now: datetime) -> Outcome | None:
    """This function will note that a clinician acted on an alert whose evidence is of `at`; None where that moment is confirmed already."""
    kind = Outcome.Kind.CONFIRMED_ALERT
    if _standing().filter(patient=patient, kind=kind, at=at).exists():
        return None
    return enter(patient=patient, kind=kind, at=at, note="", source=about, by=by, now=now)


def withdraw(*, outcome_id: UUID | str, reason: str, by: Viewer, now: datetime) -> Outcome:
    """This function will withdraw what was recorded by mistake; the row and the reason stay. Conflict when it is withdrawn already."""
    found = access.row_for(by, Outcome.objects.all(), outcome_id, action="judge", now=now)
    _open(by, found.patient_id, action="judge", now=now)
    with transaction.atomic():
        outcome = Outcome.objects.select_for_update(of=("self",)).select_related("by").get(id=found.id)
        if outcome.withdrawn_at is not None:
            raise Conflict("This is withdrawn already.", code="already_withdrawn")
        outcome.withdrawn_at = now
        outcome.save(update_fields=["withdrawn_at"])
        about, detail = f"outcome:{outcome.id}", {"kind": outcome.kind, "reason": reason.strip()}
        log.record(by=by, did="outcome.withdraw", patient_id=outcome.patient_id, about=about, now=now, detail=detail)
    return outcome


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one line of a file: its number (the header is 1), stored or the code of the refusal, and a sentence."""

    line: int
    code: str
    sentence: str = ""


def from_file(stream: TextIO, *, now: datetime) -> Iterator[Fate]:
    """This function will enter the lines of a CSV (patient id, kind, at with its zone, note), each in its own transaction.

    Raises Invalid(code="missing_columns") for another header; a line that cannot be entered costs no other line.
    """
    reader = csv.DictReader(stream)
    missing = [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]
    if missing:
        raise Invalid("The file must have the columns patient, kind and at.", code="missing_columns", field=missing[0])
    for row in reader:
        line = reader.line_num
        try:
            patient = Patient.objects.filter(id=access.parsed_id((row["patient"] or "").strip().lower())).first()
            if patient is None:
                raise NotVisible
            enter(
                patient=patient,
                kind=(row["kind"] or "").strip(),
                at=_moment(row["at"] or ""),
                note=(row.get("note") or "").strip(),
                source="import",
                by=None,
                now=now,
            )
        except Refused as refused:
            yield Fate(line, refused.code, refused.sentence)
        else:
            yield Fate(line, "stored")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid("This is no moment.", code="bad_time", field="at") from error
    if moment.tzinfo is None:
        raise Invalid("A moment needs its zone, such as +08:00.", code="bad_time", field="at")
    return moment


def _check(patient: Patient, kind: str, at: datetime, note: str, now: datetime) -> None:
    if kind not in Outcome.Kind.values:
        raise Invalid("There is no such kind of outcome.", code="unknown_kind", field="kind")
    if at > now + CLOCKS_DIFFER:
        raise Invalid("This has not happened yet.", code="future_time", field="at")
    born = patient.birth_date
    if at < EARLIEST or (born is not None and at.date() < born):
        raise Invalid("This was before her birth.", code="too_old", field="at")
    if "\x00" in note:
        raise Invalid("This character cannot be kept.", code="bad_character", field="note")
    if len(note) > 400:
        raise Invalid("The note is longer than 400 characters.", code="too_long", field="note")


def _open(viewer: Viewer, patient_id: UUID | str, *, action: str, now: datetime) -> Patient:
    """Why somebody was admitted may be told by no single class of data: all must be open, as for her conditions."""
    patient, classes = access.opened(viewer, patient_id, action=action, now=now)
    if classes != DATA_CLASSES:
        raise NotAllowed
    return patient


def _standing() -> QuerySet[Outcome]:
    return Outcome.objects.filter(withdrawn_at=None)
