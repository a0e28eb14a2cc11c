"""Writing a visit, a call, a message or a note down, and correcting one's own words."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from healthhub.care import contacts
from healthhub.lib.refused import Invalid
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient import words
from healthhub.web.patient.head import head


def form_context(*, given: dict[str, str] | None = None, refused: Invalid | None = None, corrects: str = "") -> dict[str, Any]:
    """This function will give what the form shows: what was typed, and the sentence at the field that is wrong."""
    typed = given or {}
    kinds = [(key, gettext(label), key == typed.get("kind", "visit")) for key, label in words.CONTACTS.items()]
    at = typed.get("at") or f"{timezone.localtime():%Y-%m-%dT%H:%M}"
    problems = {refused.field: gettext(refused.sentence)} if refused else {}
    return {"contact_form": {"kinds": kinds, "at": at, "text": typed.get("text", ""), "problems": problems, "corrects": corrects}}


@page("clinician", methods=("POST",))
def write(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will write a contact down and go to the timeline; what cannot be is said at its field, and nothing typed is lost."""
    visit, posted = request.visit, request.POST
    given = {name: posted.get(name, "") for name in ("kind", "at", "text")}
    corrects = posted.get("corrects", "")
    try:
        asked: dict[str, Any] = {"kind": given["kind"], "at": _moment(given["at"], visit), "text": given["text"], "by": visit.viewer}
        if corrects:
            contacts.correct(contact_id=corrects, now=visit.now, **asked)
        else:
            contacts.add(patient_id=patient_id, now=visit.now, **asked)
    except Invalid as refused:
        opened = head(request, patient_id, tab="chart_course")
        context = opened.context | form_context(given=given, refused=refused, corrects=corrects)
        return render(request, "hh/chart_contact.html", context, status=refused.status)
    return redirect("chart_course", patient_id)


@page("clinician")
def correct(request: PageRequest, patient_id: UUID, contact_id: UUID) -> HttpResponse:
    """This function will show one's own words for correcting."""
    visit = request.visit
    one = contacts.own(contact_id=contact_id, patient_id=patient_id, viewer=visit.viewer, now=visit.now)
    opened = head(request, patient_id, tab="chart_course")
    given = {"kind": one.kind, "at": f"{timezone.localtime(one.at):%Y-%m-%dT%H:%M}", "text": one.text}
    return render(request, "hh/chart_contact.html", opened.context | form_context(given=given, corrects=str(one.id)))


def _moment(text: str, visit: Visit) -> datetime:
    """A wall-clock moment of the reader's zone, as browsers give it."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=visit.zone)
    except ValueError as error:
        raise Invalid("Give the day and the time.", code="bad_time", field="at") from error
