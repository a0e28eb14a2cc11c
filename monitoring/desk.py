"""What clinicians keep on their desk: saved views of the worklist, the organisation's tags, and the mark that a patient was looked at."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import access, memberships
from healthhub.people.access import Viewer
from healthhub.people.models import CLINICIANS, Patient
from monitoring.models import Review, SavedView, Tag, Tagged

MOST_VIEWS = 30
MOST_TAGS = 12  # on one patient
LONGEST_NAME = 40
LONGEST_QUERY = 400


@dataclass(frozen=True, slots=True)
class Looked:
    """Who looked at a patient last, and when."""

    at: datetime
    by: str


def organisations_of(viewer: Viewer, *, now: datetime) -> list[UUID]:
    """This function will give the organisations in which the viewer works as a clinician now."""
    if viewer.kind != "user":
        return []
    found = memberships.memberships_of(viewer, now=now)
    return list(dict.fromkeys(one.organisation_id for one in found if one.role in CLINICIANS))


def views_of(*, viewer: Viewer) -> list[SavedView]:
    """This function will give the viewer's saved views by name."""
    return list(SavedView.objects.filter(person_id=viewer.person).order_by("name"))


def save_view(*, name: str, query: str, by: Viewer, now: datetime) -> SavedView:
    """This function will save a view of the viewer's own. Raises Invalid for name or query, Conflict (`taken`, `too_many`)."""
    name, query = named(name, "name"), _query(query)
    if SavedView.objects.filter(person_id=by.person).count() >= MOST_VIEWS:
        raise Conflict("You have 30 saved views: delete one first.", code="too_many", field="name")
    return _kept(SavedView(person_id=by.person, name=name, query=query, saved_at=now))


def change_view(*, view_id: UUID | str, by: Viewer, now: datetime, name: str | None = None, query: str | None = None) -> SavedView:
    """This function will rename a view or give it another query. Raises as `save_view`, and NotVisible for a view that is not hers."""
    view = _view(view_id, by)
    view.name = view.name if name is None else named(name, "name")
    view.query = view.query if query is None else _query(query)
    view.saved_at = now
    return _kept(view)


def delete_view(*, view_id: UUID | str, by: Viewer) -> None:
    """This function will delete one of the viewer's own views. Raises NotVisible."""
    _view(view_id, by).delete()


def _view(view_id: UUID | str, by: Viewer) -> SavedView:
    view = SavedView.objects.filter(id=access.parsed_id(view_id), person_id=by.person).first()
    if view is None:
        raise NotVisible
    return view


def _kept(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Conflict("You have a view of this name already.", code="taken", field="name") from None
    return view


def named(text: str, field: str) -> str:
    """This function will read a name of a tag or view: one line of 1 to 40 characters. Raises Invalid (`bad_length`)."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid("A name has between 1 and 40 characters.", code="bad_length", field=field)
    return name


def _query(text: str) -> str:
    query = text.strip().removeprefix("?")
    if len(query) > LONGEST_QUERY or not query.isascii() or not query.isprintable():
        raise Invalid("This is no address of the worklist.", code="bad_query", field="query")
    return query


def tags_of(*, viewer: Viewer, now: datetime) -> list[Tag]:
    """This function will give the tags of the organisations the viewer works in, by name."""
    return list(Tag.objects.filter(organisation_id__in=organisations_of(viewer, now=now)).order_by("name"))


def tags_on(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[Tag]:
    """This function will give the tags that the viewer's organisations put on a patient she may read."""
    patient = access.patient_for(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="tags.read", patient_id=patient.id, now=now)
    return tags_on_many(patient_ids=[patient.id], organisations=organisations_of(viewer, now=now))[patient.id]


def tags_on_many(*, patient_ids: Collection[UUID], organisations: Sequence[UUID]) -> dict[UUID, list[Tag]]:
    """This function will give the tags of several patients whose list is shown; one statement."""
    found: dict[UUID, list[Tag]] = defaultdict(list)
    rows = Tagged.objects.filter(patient_id__in=patient_ids, tag__organisation_id__in=organisations).select_related("tag")
    for use in rows.order_by("tag__name"):
        found[use.patient_id].append(use.tag)
    return found


@transaction.atomic
def tag(*, patient_id: UUID | str, name: str, by: Viewer, now: datetime) -> Tag:
    """This function will put a tag of the viewer's organisation on a patient; the tag is made when it is new.

    Raises as `access.patient_for`, Invalid for the name, Conflict (`too_many`) beyond 12 tags.
    """
    patient = access.patient_for(by, patient_id, action="judge", now=now)
    made, _ = Tag.objects.get_or_create(organisation_id=_own(by, patient, now), name=named(name, "name"))
    if Tagged.objects.filter(patient=patient, tag__organisation_id=made.organisation_id).exclude(tag=made).count() >= MOST_TAGS:
        raise Conflict("She carries 12 tags: take one off first.", code="too_many", field="name")
    _, new = Tagged.objects.get_or_create(tag=made, patient=patient, defaults={"by_id": by.person, "at": now})
    if new:
        log.record(by=by, did="tag.add", patient_id=patient.id, about=f"tag:{made.id}", now=now)
    return made


@transaction.atomic
def untag(*, patient_id: UUID | str, tag_id: UUID | str, by: Viewer, now: datetime) -> None:
    """This function will take a tag off a patient; a tag that nobody carries any more is gone. Raises NotVisible, NotAllowed."""
    patient = access.patient_for(by, patient_id, action="judge", now=now)
    uses = Tagged.objects.filter(patient=patient, tag_id=access.parsed_id(tag_id))
    if not uses.filter(tag__organisation_id__in=organisations_of(by, now=now)).delete()[0]:
        raise NotVisible
    Tag.objects.filter(id=access.parsed_id(tag_id), uses=None).delete()
    log.record(by=by, did="tag.remove", patient_id=patient.id, about=f"tag:{tag_id}", now=now)


@transaction.atomic
def review(*, patient_id: UUID | str, by: Viewer, now: datetime) -> Review:
    """This function will note that the viewer has looked at a patient as a whole. Raises as `access.patient_for`."""
    patient = access.patient_for(by, patient_id, action="judge", now=now)
    made = Review.objects.create(patient=patient, organisation_id=_own(by, patient, now), by_id=by.person, at=now)
    log.record(by=by, did="patient.review", patient_id=patient.id, now=now)
    return made


def reviews_of_many(*, patient_ids: Collection[UUID], organisations: Sequence[UUID]) -> dict[UUID, Looked]:
    """This function will give, of each patient, who of these organisations looked at her last; one statement."""
    rows: Any = Review.objects.filter(patient_id__in=patient_ids, organisation_id__in=organisations)
    newest = rows.order_by("patient_id", "-at").distinct("patient_id").values_list("patient_id", "at", "by__name")
    return {patient_id: Looked(at, by) for patient_id, at, by in newest}


def _own(by: Viewer, patient: Patient, now: datetime) -> UUID:
    """The organisation in whose name she writes: that of the patient's team where she works there, else her first."""
    mine = organisations_of(by, now=now)
    if not mine:
        raise NotAllowed
    return patient.team.organisation_id if patient.team is not None and patient.team.organisation_id in mine else mine[0]
