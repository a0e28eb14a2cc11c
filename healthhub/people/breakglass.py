"""Breaking the glass: a clinician opens a foreign record with a reason, for hours; she is seen doing so, and reviewed.

`notifications` is above this room: `open_record` tells who must be told, and whoever calls it tells them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people.access import Viewer, bump_epochs, classes_allowed, parsed_id, patient_for
from healthhub.people.memberships import active, is_clinician
from healthhub.people.models import CLINICIANS, BreakGlass, Patient, Team

LONGEST_HOURS = 4
SHORTEST_REASON = 10
LONGEST_TEXT = 1000
REVIEW_WITHIN = timedelta(hours=72)
OUTCOMES = ("justified", "not_justified")


@dataclass(frozen=True)
class Opened:
    """An opening and who must be told of it: the patient (where she has an account), and who reviews it."""

    opening: BreakGlass
    patient: Patient
    opener: str
    tell_patient: tuple[UUID, ...]
    tell_reviewers: tuple[UUID, ...]


def check_may_open(viewer: Viewer, patient_id: UUID | str, *, now: datetime) -> None:
    """This function will refuse everyone but clinicians, in the words with which the gate refuses any other wish."""
    if not is_clinician(viewer, now=now):
        patient_for(viewer, patient_id, action="break_glass", now=now)


def open_record(*, patient_id: UUID | str, reason: str, hours: float, by: Viewer, now: datetime) -> Opened:
    """This function will open a record for reading, for `hours` (0 to 4), to a clinician who states her reason.

    To everyone else the gate answers as it answers her for any other wish: `NotVisible` for a foreign id, `NotAllowed` for
    a patient she sees. Raises `Invalid` for a short reason, `Conflict` when the record is open to her already.
    """
    check_may_open(by, patient_id, now=now)
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_TEXT:
        raise Invalid("State the reason in 10 to 1000 characters.", code="bad_length", field="reason")
    if not 0 < hours <= LONGEST_HOURS:
        raise Invalid("A record can be opened for 4 hours at most.", field="hours")
    with transaction.atomic():
        # One after the other: a double click must not open twice.
        patient = Patient.objects.select_for_update(no_key=True, of=("self",)).filter(id=parsed_id(patient_id)).first()
        if patient is None:
            raise NotVisible
        _check_needed(patient, reason, by, now)
        opening = BreakGlass.objects.create(
            patient=patient,
            opened_by_id=by.person,
            reason=reason,
            opened_at=now,
            ends_at=now + timedelta(hours=hours),
            review_due_at=now + REVIEW_WITHIN,
        )
        detail = {"reason": reason, "ends_at": opening.ends_at.isoformat()}
        log.record(by=by, did="break_glass.open", patient_id=patient.id, about=f"break_glass:{opening.id}", now=now, detail=detail)
        bump_epochs(users=[opening.opened_by_id], patients=[patient.id])
        told = _reviewers(opening, now)
    own = (patient.user_id,) if patient.user_id else ()
    return Opened(opening, patient, by.name, tell_patient=own, tell_reviewers=tuple(told))


def end_due(*, now: datetime, limit: int = 100) -> int:
    """This function will write down the end of openings that lapsed, and wake the sockets that looked through them.

    For the sweep; several may run at once. The right itself ended by the clock, whether or not anybody came by.
    """
    ended = 0
    with transaction.atomic():
        due = BreakGlass.objects.select_for_update(skip_locked=True).filter(ends_at__lte=now, ended_at=None).order_by("ends_at")
        for opening in due[:limit]:
            opening.ended_at = now
            opening.save(update_fields=["ended_at"])
            log.record(by=None, did="break_glass.end", patient_id=opening.patient_id, about=f"break_glass:{opening.id}", now=now)
            bump_epochs(users=[opening.opened_by_id], patients=[opening.patient_id])
            ended += 1
    return ended


def to_review(viewer: Viewer, *, now: datetime) -> QuerySet[BreakGlass]:
    """This function will give the openings whose review falls to this viewer, reviewed or not, oldest first.

    The lead of the patient's team reviews; where there is none, or where it was she who opened, the leads of the opener's teams do.
    Nobody reviews herself.
    """
    leads = active(now).filter(user_id=viewer.person, role__in=CLINICIANS, team__lead_id=viewer.person)
    of_patient = leads.filter(team=OuterRef("patient__team"))
    led_by_opener = active(now).filter(user_id=OuterRef("opened_by"), team__in=leads.values("team"))
    its_lead = active(now).filter(team=OuterRef("patient__team"), user_id=F("team__lead_id"), role__in=CLINICIANS)
    another = its_lead.exclude(user_id=OuterRef("opened_by"))
    mine = Q(Exists(of_patient)) | (~Q(Exists(another)) & Q(Exists(led_by_opener)))
    rows = BreakGlass.objects.filter(mine).exclude(opened_by_id=viewer.person)
    return rows.select_related("opened_by", "reviewed_by").order_by("opened_at", "id")


def opening_for_review(viewer: Viewer, opening_id: UUID | str, *, now: datetime) -> BreakGlass:
    """This function will give an opening whose review falls to this viewer; every other id is `NotVisible`."""
    opening = to_review(viewer, now=now).filter(id=parsed_id(opening_id)).first()
    if opening is None:
        raise NotVisible
    return opening


def review(*, opening: BreakGlass, outcome: str, note: str, by: Viewer, now: datetime) -> BreakGlass:
    """This function will record what the reviewer found. Raises `Conflict` the second time."""
    if outcome not in OUTCOMES:
        raise Invalid("The outcome is justified or not_justified.", field="outcome")
    if outcome == "not_justified" and not note.strip():
        raise Invalid("Say why the opening was not justified.", code="missing_note", field="note")
    with transaction.atomic():
        still_open = BreakGlass.objects.filter(id=opening.id, reviewed_at=None)
        found = {"reviewed_at": now, "reviewed_by": by.user_id, "review_outcome": outcome, "review_note": note.strip()[:LONGEST_TEXT]}
        if not still_open.update(**found):
            raise Conflict("This opening was reviewed before.", code="already_reviewed")
        detail = {"outcome": outcome}
        log.record(
            by=by, did="break_glass.review", patient_id=opening.patient_id, about=f"break_glass:{opening.id}", now=now, detail=detail
        )
    opening.refresh_from_db()
    return opening


def _check_needed(patient: Patient, reason: str, by: Viewer, now: datetime) -> None:
    if classes_allowed(by, patient, action="read", now=now) == DATA_CLASSES:
        raise Conflict("This record is open to you already.", code="already_open")
    last = BreakGlass.objects.filter(patient=patient, opened_by_id=by.user_id).order_by("-opened_at").first()
    if last is not None and last.reason == reason:
        raise Invalid("State a new reason: this one was given the last time.", code="same_reason", field="reason")


def _reviewers(opening: BreakGlass, now: datetime) -> list[UUID]:
    team = opening.patient.team
    candidates: set[UUID] = {team.lead_id} if team and team.lead_id else set()
    candidates &= _still_leads(candidates, [team] if team else [], now)
    if not candidates - {opening.opened_by_id}:
        own_teams = Team.objects.filter(id__in=active(now).filter(user_id=opening.opened_by_id).values("team"))
        leads = {lead for lead in own_teams.values_list("lead_id", flat=True) if lead}
        candidates = _still_leads(leads, list(own_teams), now)
    return sorted(candidates - {opening.opened_by_id})


def _still_leads(leads: set[UUID], teams: list[Team], now: datetime) -> set[UUID]:
    rows = active(now).filter(user_id__in=leads, team__in=teams, team__lead_id=F("user_id"), role__in=CLINICIANS)
    return set(rows.values_list("user_id", flat=True))


def open_to(viewer: Viewer, *, patient_id: UUID, now: datetime) -> BreakGlass | None:
    """This function will give the viewer's own opening of this record that holds now, for the banner on the page; None without one."""
    mine = BreakGlass.objects.filter(opened_by_id=viewer.person, patient_id=patient_id, opened_at__lte=now, ends_at__gt=now)
    return mine.order_by("-ends_at").first()
