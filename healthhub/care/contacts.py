"""Contacts: what was said and done between readings. Clinicians write them; the patient reads them, but for notes among colleagues."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.care.models import Contact
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Conflict, Invalid, NotAllowed
from healthhub.live import bell
from healthhub.people import access, memberships
from healthhub.people.access import Viewer
from healthhub.people.models import CLINICIANS, Patient

LONGEST_TEXT = 4000
FAST = timedelta(minutes=5)  # clocks differ a little
OLDEST = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Told:
    """A contact as one viewer may read it: `text` is None where not all of the patient's data is open to her; `was`: earlier wordings."""

    id: UUID
    kind: str
    at: datetime
    by_id: UUID
    by_name: str
    recorded_at: datetime
    text: str | None
    was: tuple["Told", ...] = ()


@transaction.atomic
def add(*, patient_id: UUID | str, kind: str, at: datetime, text: str, by: Viewer, now: datetime) -> Contact:
    """This function will write down a contact with the patient, by her clinician.

    Raises as `access.patient_for`; Invalid `unknown_kind`, `in_the_future`, `too_old`, `bad_length`.
    """
    patient = access.patient_for(by, patient_id, action="judge", now=now)
    return _written(patient, kind, at, text, by=by, now=now)


@transaction.atomic
def correct(*, contact_id: UUID | str, kind: str, at: datetime, text: str, by: Viewer, now: datetime) -> Contact:
    """This function will write a contact anew, by who wrote it; the earlier wording stays readable behind it.

    Raises as `access.row_for` and as `add`; NotAllowed `not_yours`, Conflict `corrected_before`.
    """
    rows = Contact.objects.select_for_update(of=("self",)).select_related("patient")
    old = access.row_for(by, rows, contact_id, action="judge", now=now)
    if old.by_id != by.user_id:
        raise NotAllowed("Only who wrote it may correct it.", code="not_yours")
    if Contact.objects.filter(corrects=old).exists():
        raise Conflict("This was corrected before: correct the newer one.", code="corrected_before")
    return _written(old.patient, kind, at, text, by=by, now=now, old=old)


def _written(patient: Patient, kind: str, at: datetime, text: str, *, by: Viewer, now: datetime, old: Contact | None = None) -> Contact:
    text = text.replace("\x00", "").strip()
    if kind not in Contact.Kind.values:
        raise Invalid("A contact is a visit, a call, a message or a note.", code="unknown_kind", field="kind")
    if at > now + FAST:
        raise Invalid("This moment has not come yet.", code="in_the_future", field="at")
    if at < now - OLDEST:
        raise Invalid("This is more than ten years ago.", code="too_old", field="at")
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise Invalid("Write between 1 and 4,000 characters.", code="bad_length", field="text")
    contact = Contact.objects.create(patient=patient, kind=kind, at=at, by_id=by.person, recorded_at=now, text=text, corrects=old)
    about, detail = f"contact:{contact.id}", {"kind": kind}
    if old is None:
        log.record(by=by, did="contact.add", patient_id=patient.id, about=about, now=now, detail=detail)
    else:
        log.record(by=by, did="contact.correct", patient_id=patient.id, about=about, now=now, detail=detail)
    bell.ring_on_commit(users=_hearers(contact, now), event={"type": "contact", "contact": contact.id, "patient": patient.id})
    return contact


def _hearers(contact: Contact, now: datetime) -> list[UUID]:
    """Everyone who may read it now: of a note among colleagues, clinicians only."""
    users = access.watchers_of(contact.patient_id, data_class=None, now=now, right="read")
    if contact.kind != Contact.Kind.NOTE:
        return users
    at_work = memberships.active(now).filter(user_id__in=users, role__in=CLINICIANS).exclude(user=contact.patient.user)
    return sorted(set(at_work.values_list("user_id", flat=True)))


def contacts_of(
    *,
    viewer: Viewer,
    patient_id: UUID | str,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> list[Told]:
    """This function will give a patient's contacts that the viewer may read, newest first, each as last corrected.

    Notes among colleagues are for clinicians; the words of any contact for those to whom all of her data is open (they may speak
    of anything), and for who wrote them. Raises as `access.patient_for`.
    """
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    found = Contact.objects.filter(patient_id=patient, corrected_by=None).select_related("by")
    if not access.may(viewer, patient, action="clinical", now=now):
        found = found.exclude(kind=Contact.Kind.NOTE)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    rows = list(found.order_by("-at", "-id")[:limit])
    log.record(by=viewer, did="contacts.read", patient_id=patient, now=now)
    return _told(rows, viewer=viewer, whole=classes == DATA_CLASSES)


def _told(rows: list[Contact], *, viewer: Viewer, whole: bool) -> list[Told]:
    earlier = _earlier([row.corrects_id for row in rows if row.corrects_id])

    def told(row: Contact, was: tuple[Told, ...]) -> Told:
        text = row.text if whole or row.by_id == viewer.user_id else None
        return Told(row.id, row.kind, row.at, row.by_id, row.by.name, row.recorded_at, text, was)

    made = []
    for row in rows:
        was: list[Told] = []
        old = row.corrects_id
        while old is not None:
            was.append(told(earlier[old], ()))
            old = earlier[old].corrects_id
        made.append(told(row, tuple(was)))
    return made


def _earlier(ids: list[UUID]) -> dict[UUID, Contact]:
    """The wordings before, by id: one statement for each time the most corrected one was corrected."""
    found: dict[UUID, Contact] = {}
    while ids:
        rows = Contact.objects.filter(id__in=ids).select_related("by")
        found |= {row.id: row for row in rows}
        ids = [row.corrects_id for row in rows if row.corrects_id and row.corrects_id not in found]
    return found


def as_dict(one: Told) -> dict[str, Any]:
    """This function will give a contact as plain data, its earlier wordings inside."""
    by = {"id": one.by_id, "name": one.by_name}
    parts = {"id": one.id, "kind": one.kind, "at": one.at, "by": by, "recorded_at": one.recorded_at, "text": one.text}
    return parts | {"was": [as_dict(old) for old in one.was]}


def own(*, contact_id: UUID | str, patient_id: UUID, viewer: Viewer, now: datetime) -> Contact:
    """This function will give a contact in the words it has now, to who wrote it.

    Raises as `access.row_for`; NotAllowed `not_yours` to whoever only reads it.
    """
    rows = Contact.objects.filter(patient_id=patient_id, corrected_by=None)
    found = access.row_for(viewer, rows, contact_id, action="judge", now=now)
    if found.by_id != viewer.user_id:
        raise NotAllowed("Only who wrote it may correct it.", code="not_yours")
    return found
