"""Medicines: what she takes and when, and whether she did. An intake is a reading like any other, sent in by the one door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from healthhub.audit import log
from healthhub.care.adherence import Adherence, Dose, adherence, doses
from healthhub.care.models import Medication
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import corrections, timeline
from healthhub.records.catalogue import BY_KEY
from monitoring import intake

KIND = BY_KEY["medication_taken"]
CLASS = KIND.data_class
MOST_LIVE = 40
MOST_TIMES = 8
BACK = 7  # days for which an intake can still be said
SOURCE = "medications"
MOST_INTAKES = 20_000


@dataclass(frozen=True, slots=True)
class Task:
    """One dose of a day: whose, when, and what was said of it (`taken` None: nothing yet); `seq` names the reading that says so."""

    medication: Medication
    dose: Dose
    taken: bool | None
    seq: int | None
    said_at: datetime | None


def medications_of(*, viewer: Viewer, patient_id: UUID | str, now: datetime, stopped: bool = False) -> list[Medication]:
    """This function will give her medicines as they stand, with `stopped` those of the past too; who reads is logged.

    Raises as `access.patient_for`, for her reported data.
    """
    patient = access.patient_for(viewer, patient_id, action="read", data_class=CLASS, now=now)
    log.record(by=viewer, did="medications.read", patient_id=patient.id, now=now)
    return _of(patient, stopped=stopped, now=now)


def _of(patient: Patient, *, stopped: bool, now: datetime) -> list[Medication]:
    rows = Medication.objects.filter(patient=patient).select_related("added_by", "stopped_by").order_by("name", "added_at")
    if not stopped:
        today = _today(patient, now)
        return [row for row in rows if row.stopped_at is None and (row.until is None or row.until >= today)]
    return list(rows)


def _today(patient: Patient, now: datetime) -> date:
    return now.astimezone(ZoneInfo(patient.time_zone)).date()


def add(
    *,
    patient_id: UUID | str,
    name: str,
    dose: str,
    times: Sequence[time],
    by: Viewer,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    prescribed_by: str = "",
) -> Medication:
    """This function will put a medicine on her list; `times` are by her wall clock, none means only when needed.

    Raises as `access.patient_for` (action write); Invalid with the field; Conflict `too_many_medications`, `taken_already`.
    """
    patient = access.patient_for(by, patient_id, action="write", data_class=CLASS, now=now)
    name, dose, prescribed_by = (text.replace("\x00", "").strip() for text in (name, dose, prescribed_by))
    clocks = sorted({one.replace(second=0, microsecond=0) for one in times})
    since = since or _today(patient, now)
    _check(name, dose, prescribed_by, clocks, since, until)
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(id=patient.id)
        live = _of(patient, stopped=False, now=now)
        if len(live) >= MOST_LIVE:
            raise Conflict("There are 40 medicines on the list already.", code="too_many_medications")
        if any(row.name.casefold() == name.casefold() and row.dose.casefold() == dose.casefold() for row in live):
            raise Conflict("This medicine with this dose is on the list already.", code="taken_already", field="name")
        medication = Medication.objects.create(
            patient=patient,
            name=name,
            dose=dose,
            times=clocks,
            since=since,
            until=until,
            prescribed_by=prescribed_by,
            added_by_id=by.person,
            added_at=now,
        )
        log.record(by=by, did="medication.add", patient_id=patient.id, about=f"medication:{medication.id}", now=now)
    return medication


def _check(name: str, dose: str, prescribed_by: str, times: Sequence[time], since: date, until: date | None) -> None:
    if not 1 <= len(name) <= 120:
        raise Invalid("Give the medicine's name.", code="bad_length", field="name")
    if len(dose) > 80:
        raise Invalid("Say the dose in at most 80 characters.", code="bad_length", field="dose")
    if len(prescribed_by) > 120:
        raise Invalid("Say in at most 120 characters who prescribed it.", code="bad_length", field="prescribed_by")
    if len(times) > MOST_TIMES:
        raise Invalid("At most eight times a day.", code="too_many_times", field="times")
    if not 1900 <= since.year <= 2200:
        raise Invalid("This day is too far away.", code="bad_day", field="since")
    if until is not None and not (since <= until and until.year <= 2200):
        raise Invalid("The last day cannot be before the first.", code="bad_day", field="until")


@transaction.atomic
def stop(*, medication_id: UUID | str, by: Viewer, now: datetime) -> Medication:
    """This function will take a medicine off her list from now on; it stays on file. Raises Conflict `stopped_before`."""
    rows = Medication.objects.select_for_update(of=("self",)).select_related("patient")
    medication = _row(medication_id, rows, by=by, now=now)
    if medication.stopped_at is not None:
        raise Conflict("This medicine was stopped before.", code="stopped_before")
    medication.stopped_at, medication.stopped_by_id = now, by.person
    medication.save(update_fields=["stopped_at", "stopped_by"])
    log.record(by=by, did="medication.stop", patient_id=medication.patient_id, about=f"medication:{medication.id}", now=now)
    return medication


def _row(medication_id: UUID | str, rows: Any, *, by: Viewer, now: datetime) -> Medication:
    medication: Medication = access.row_for(by, rows, medication_id, action="write", now=now)
    access.patient_for(by, medication.patient_id, action="write", data_class=CLASS, now=now)
    return medication


def say(*, medication_id: UUID | str, day: date, at: time, taken: bool, by: Viewer, now: datetime) -> dict[str, Any]:
    """This function will record that a dose was taken, or left out, and give the fate of the reading. Said again, it is a duplicate
    or a correction. Raises as `access.row_for`; Invalid `no_such_dose`; Conflict `stopped_before`.
    """
    medication = _row(medication_id, Medication.objects.select_related("patient"), by=by, now=now)
    if medication.stopped_at is not None:
        raise Conflict("This medicine was stopped before.", code="stopped_before")
    dose = _dose(medication, day, at, now)
    zone = ZoneInfo(medication.patient.time_zone)
    key = f"{medication.id.hex}:{dose.key}"
    before = _said(medication.patient, since=dose.due_at - timedelta(days=2), now=now).get(key)
    # A dose of today is taken now; of an earlier day nobody knows better than the plan. What was said before keeps its moment.
    moment = before[2] if before else now if day == _today(medication.patient, now) else dose.due_at
    reading = {
        "kind": KIND.key,
        "at": moment.astimezone(zone).isoformat(),
        "value": int(taken),
        "unit": KIND.unit,
        "source": SOURCE,
        "key": key,
        "method": "self_reported",
        "context": {"medication": medication.name, "dose": medication.dose, "planned": f"{day:%Y-%m-%d} {at:%H:%M}"},
    }
    receipt = intake.receive(patient_id=medication.patient_id, readings=[reading], by=by, now=now, reason="said otherwise")
    return receipt.fates[0]


def unsay(*, medication_id: UUID | str, day: date, at: time, by: Viewer, now: datetime) -> None:
    """This function will take back what was said of a dose. Raises as `say`, and NotVisible where nothing was."""
    medication = _row(medication_id, Medication.objects.select_related("patient"), by=by, now=now)
    dose = _dose(medication, day, at, now)
    before = _said(medication.patient, since=dose.due_at - timedelta(days=2), now=now).get(f"{medication.id.hex}:{dose.key}")
    if before is None:
        raise NotVisible
    corrections.take_back(viewer=by, patient_id=medication.patient_id, seqs=[before[1]], reason="taken back", now=now)


def _dose(medication: Medication, day: date, at: time, now: datetime) -> Dose:
    """The planned dose of that day and time, or for one taken when needed the moment that is named."""
    patient = medication.patient
    today = _today(patient, now)
    times = medication.times or [at]
    if not today - timedelta(days=BACK) <= day <= today or at not in times:
        raise Invalid("There is no such dose.", code="no_such_dose", field="at")
    zone = ZoneInfo(patient.time_zone)
    found = doses(times=[at], since=medication.since, until=medication.until, first=day, last=day, zone=zone)
    if not found:
        raise Invalid("There is no such dose.", code="no_such_dose", field="day")
    return found[0]


def _said(patient: Patient, *, since: datetime, now: datetime) -> dict[str, tuple[bool, int, datetime]]:
    """What was said of doses: reading key -> taken, seq, moment; the newest word counts."""
    rows = timeline.history(patient_id=patient.id, kinds=[KIND.number], since=since, until=now + timedelta(minutes=10), limit=MOST_INTAKES)
    return {row["key"]: (bool(row["value"]), row["seq"], row["at"].replace(tzinfo=row["at"].tzinfo or UTC)) for row in reversed(rows)}


def tasks(*, viewer: Viewer, patient: Patient, now: datetime, day: date | None = None) -> list[Task]:
    """This function will give the doses of a day (today, where she is) in order of time, with what was said of each.

    Nothing where her reported data are not open to the viewer. Whoever shows them has logged that her record was read.
    """
    if not access.may(viewer, patient.id, action="read", data_class=CLASS, now=now):
        return []
    zone, day = ZoneInfo(patient.time_zone), day or _today(patient, now)
    live = _of(patient, stopped=False, now=now)
    said = _said(patient, since=now - timedelta(days=BACK + 2), now=now) if live else {}
    found = []
    for medication in live:
        for dose in doses(times=medication.times, since=medication.since, until=medication.until, first=day, last=day, zone=zone):
            taken, seq, at = said.get(f"{medication.id.hex}:{dose.key}", (None, None, None))
            found.append(Task(medication, dose, taken, seq, at))
    return sorted(found, key=lambda task: (task.dose.due_at, task.medication.name))


def adherence_of(*, viewer: Viewer, patient: Patient, days: int, now: datetime, stopped: bool = False) -> dict[UUID, Adherence]:
    """This function will give, by medicine, the doses of the last `days` of hers (today among them) that were due and taken."""
    if not access.may(viewer, patient.id, action="read", data_class=CLASS, now=now):
        return {}
    zone, today = ZoneInfo(patient.time_zone), _today(patient, now)
    first = today - timedelta(days=days - 1)
    said = _said(patient, since=now - timedelta(days=days + 2), now=now)
    counted = {}
    for medication in _of(patient, stopped=stopped, now=now):
        # What was taken before it stood on the list here cannot be known.
        begun = max(medication.since, medication.added_at.astimezone(zone).date())
        planned = doses(times=medication.times, since=begun, until=medication.until, first=first, last=today, zone=zone)
        prefix = f"{medication.id.hex}:"
        hers = {key.removeprefix(prefix): taken for key, (taken, _, _) in said.items() if key.startswith(prefix)}
        counted[medication.id] = adherence(planned, hers, now=now, stopped_at=medication.stopped_at)
    return counted
