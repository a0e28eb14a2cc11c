"""The consent ledger: lines that say who may see or be told what, and lines that end them. Nothing is ever changed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people.access import Viewer, bump_epochs
from healthhub.people.memberships import active, clinicians_at
from healthhub.people.models import CLINICIANS, ConsentEntry, Grant, Organisation, Patient, Team, User
from healthhub.people.relations import RIGHTS

# Which purposes make sense for whom. Only care and caregiving open a person's data (see relations.py); the others are
# promises about figures over many people.
PURPOSES: dict[str, frozenset[str]] = {
    "person": frozenset({"care", "caregiving"}),
    "team": frozenset({"care"}),
    "organisation": frozenset({"care", "programme", "research"}),
    "programme": frozenset({"programme"}),
}
# Clocks differ a little; more than this would write a right into the past.
BACKDATED_AT_MOST = timedelta(minutes=10)


def grant(
    *,
    patient: Patient,
    grantee_kind: str,
    grantee_id: UUID,
    data_classes: Iterable[str],
    purpose: str,
    rights: Iterable[str],
    document_version: str,
    by: Viewer,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> ConsentEntry:
    """This function will write a grant into the ledger; it counts from `starts_at` (now) until `ends_at` or its withdrawal.

    Who may give it is asked before, of `access` (action "consent"). Raises `Invalid` with the field that is wrong.
    """
    classes, wanted = sorted({*data_classes}), sorted({*rights})
    starts_at = starts_at or now
    _check_words(grantee_kind, purpose, classes, wanted, document_version)
    _check_times(starts_at, ends_at, now)
    _check_grantee(grantee_kind, grantee_id, patient)
    with transaction.atomic():
        entry = ConsentEntry.objects.create(
            patient=patient,
            grantee_kind=grantee_kind,
            grantee_id=grantee_id,
            data_classes=classes,
            purpose=purpose,
            rights=wanted,
            starts_at=starts_at,
            ends_at=ends_at,
            document_version=document_version,
            given_by_id=by.person,
            entered_at=now,
        )
        Grant.objects.create(
            entry=entry,
            patient=patient,
            grantee_kind=grantee_kind,
            grantee_id=grantee_id,
            data_classes=classes,
            purpose=purpose,
            rights=wanted,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        _changed(entry, did="consent.grant", by=by, now=now)
    return entry


def withdraw(*, entry: ConsentEntry, by: Viewer, now: datetime) -> ConsentEntry:
    """This function will end a grant from this moment on, by a line of its own. Raises `Conflict` when it has ended already."""
    with transaction.atomic():
        current = Grant.objects.select_for_update().filter(entry=entry).first()
        if current is None:
            raise Conflict("This line is itself a withdrawal.", code="not_a_grant")
        if current.withdrawn_at is not None:
            raise Conflict("This consent was withdrawn before.", code="already_withdrawn")
        Grant.objects.filter(entry=entry).update(withdrawn_at=now)
        line = ConsentEntry.objects.create(
            patient_id=entry.patient_id,
            grantee_kind=entry.grantee_kind,
            grantee_id=entry.grantee_id,
            data_classes=entry.data_classes,
            purpose=entry.purpose,
            rights=entry.rights,
            starts_at=now,
            document_version=entry.document_version,
            given_by_id=by.person,
            entered_at=now,
            withdraws=entry,
        )
        _changed(line, did="consent.withdraw", by=by, now=now)
    return line


def given_to(*, email: str) -> User:
    """This function will find whom a consent is to be given to by the exact e-mail address. Raises Invalid `unknown_grantee`."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise Invalid("Nobody here signs in with this e-mail address.", code="unknown_grantee", field="email")
    return user


def again(*, entry: ConsentEntry, by: Viewer, now: datetime) -> ConsentEntry:
    """This function will give a consent that has ended once more, as it was, by a line of its own. Raises `Conflict` while it still holds.

    Who may do it is asked before, of `access` (action "consent"), as for `grant`.
    """
    current = Grant.objects.filter(entry=entry).first()
    if current is None or current.withdrawn_at is None:
        raise Conflict("This consent still holds.", code="still_holds")
    return grant(
        patient=Patient.objects.get(id=entry.patient_id),
        grantee_kind=entry.grantee_kind,
        grantee_id=entry.grantee_id,
        data_classes=entry.data_classes,
        purpose=entry.purpose,
        rights=entry.rights,
        document_version=entry.document_version,
        ends_at=entry.ends_at if entry.ends_at and entry.ends_at > now else None,
        by=by,
        now=now,
    )


def ledger_of(*, patient: Patient) -> list[ConsentEntry]:
    """This function will give every line of a patient's ledger, newest first, each grant with its withdrawal."""
    return list(patient.consent_entries.select_related("withdraws", "withdrawn_by", "given_by").order_by("-entered_at", "-id"))


def entries() -> QuerySet[ConsentEntry]:
    """This function will give all lines there are, for `access.row_for` to choose from."""
    return ConsentEntry.objects.select_related("given_by")


def grantee_names(entries: Iterable[ConsentEntry]) -> dict[UUID, str]:
    """This function will give the names of those whom these lines are about. Three SQL, however many lines."""
    ids: dict[str, set[UUID]] = {"person": set(), "team": set(), "organisation": set(), "programme": set()}
    for entry in entries:
        ids[entry.grantee_kind].add(entry.grantee_id)
    names: dict[UUID, str] = dict(User.objects.filter(id__in=ids["person"]).values_list("id", "name"))
    names |= dict(Team.objects.filter(id__in=ids["team"]).values_list("id", "name"))
    return names | dict(Organisation.objects.filter(id__in=ids["organisation"]).values_list("id", "name"))


def _changed(entry: ConsentEntry, *, did: str, by: Viewer, now: datetime) -> None:
    detail = {"grantee": f"{entry.grantee_kind}:{entry.grantee_id}", "classes": entry.data_classes, "rights": entry.rights}
    log.record(by=by, did=did, patient_id=entry.patient_id, about=f"consent:{entry.withdraws_id or entry.id}", now=now, detail=detail)
    bump_epochs(users=_people_behind(entry, now), patients=[entry.patient_id])


def _people_behind(entry: ConsentEntry, now: datetime) -> set[UUID]:
    """Everyone whose rights this line changes, and the patient, whose own pages show it."""
    people = {user_id for user_id in Patient.objects.filter(id=entry.patient_id).values_list("user_id", flat=True) if user_id}
    if entry.grantee_kind == "person":
        people.add(entry.grantee_id)
    elif entry.grantee_kind == "team":
        people |= clinicians_at(team_id=entry.grantee_id, now=now)
    elif entry.grantee_kind == "organisation":
        people |= clinicians_at(organisation_id=entry.grantee_id, now=now)
    return people


def _check_words(grantee_kind: str, purpose: str, classes: list[str], rights: list[str], document_version: str) -> None:
    if grantee_kind not in PURPOSES:
        raise Invalid("Consent can be given to a person, a team, an organisation or a programme.", field="grantee_kind")
    if purpose not in PURPOSES[grantee_kind]:
        raise Invalid("Consent for this purpose cannot be given to this kind of receiver.", code="wrong_purpose", field="purpose")
    if not classes or not DATA_CLASSES.issuperset(classes):
        raise Invalid("Name at least one data class, and only known ones.", field="data_classes")
    if not rights or not set(RIGHTS).issuperset(rights):
        raise Invalid("Name at least one right, and only read, notify, write and act.", field="rights")
    if not document_version.strip():
        raise Invalid("Name the version of the document that was shown.", field="document_version")


def _check_times(starts_at: datetime, ends_at: datetime | None, now: datetime) -> None:
    if starts_at < now - BACKDATED_AT_MOST:
        raise Invalid("Consent cannot begin in the past.", code="backdated", field="starts_at")
    if ends_at is not None and ends_at <= max(starts_at, now):
        raise Invalid("Consent must end after it begins, and in the future.", code="bad_times", field="ends_at")


def _check_grantee(kind: str, grantee_id: UUID, patient: Patient) -> None:
    known = {
        "person": User.objects.filter(id=grantee_id, is_active=True),
        "team": Team.objects.filter(id=grantee_id),
        "organisation": Organisation.objects.filter(id=grantee_id),
    }
    # Programmes have no rows yet: the ledger may name one, and it opens nobody's data.
    if kind in known and not known[kind].exists():
        raise Invalid("There is nobody by this id.", code="unknown_grantee", field="grantee_id")
    if kind == "person" and grantee_id == patient.user_id:
        raise Invalid("She needs no consent to see her own data.", code="own_data", field="grantee_id")


def basis(*, viewer: Viewer, patient_id: UUID, now: datetime) -> list[Grant]:
    """This function will give the live grants by which this viewer sees the patient (as herself or at work), newest first.

    That she may see the patient is asked before, of `access`. Two SQL.
    """
    at_work = active(now).filter(user_id=viewer.person, role__in=CLINICIANS).values_list("team_id", "organisation_id")
    hats = {viewer.person, *(hat for pair in at_work for hat in pair if hat)}
    live = Grant.objects.filter(patient_id=patient_id, withdrawn_at=None, starts_at__lte=now, grantee_id__in=hats)
    return list(live.exclude(ends_at__lte=now).select_related("entry").order_by("-starts_at"))
