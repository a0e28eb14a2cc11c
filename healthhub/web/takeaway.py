"""Taking it with her, and leaving: a copy of all readings, and the erasing of everything."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from healthhub.care import erasure
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import access
from healthhub.records import exports
from healthhub.records.models import Export
from healthhub.web.links import link_to
from healthhub.web.mydata import own
from healthhub.web.pages import PageRequest, page


@page("patient", methods=("GET", "POST"))
def export(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the copies that were made, and have a new one made."""
    visit = request.visit
    patient = own(request, patient_id, "export")
    if request.method == "POST":
        try:
            exports.ask(patient_id=patient.id, by=visit.viewer, now=visit.now)
        except Conflict as refused:
            messages.error(request, gettext(refused.sentence))
        return redirect("export", patient.id)
    context = {"patient": patient, "report": link_to("report", patient_id=patient.id)}
    template = "hh/my_exports.html" if request.htmx else "hh/my_export.html"
    return render(request, template, context | _made(exports.exports_of(patient=patient)))


def _made(found: list[Export]) -> dict[str, object]:
    under_way = any(one.state in (Export.State.WAITING, Export.State.WORKING) for one in found)
    return {"exports": found, "under_way": under_way}


@page("patient")
def download(request: PageRequest, patient_id: UUID, export_id: UUID) -> HttpResponse:
    """This function will hand over a finished copy."""
    own(request, patient_id, "export")
    made, file = exports.fetch(export_id=export_id, by=request.visit.viewer, now=request.visit.now)
    name = f"healthhub-{made.asked_at.astimezone(request.visit.zone):%Y-%m-%d}.zip"
    # A stream is no HttpResponse to Django; to whoever is answered it is one.
    return cast(HttpResponse, FileResponse(file, as_attachment=True, filename=name, content_type="application/zip"))


@page("patient", methods=("GET", "POST"))
def erase(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will say what erasing does and what stays, and set its day once her name was typed."""
    visit = request.visit
    patient = own(request, patient_id, "export")
    problem = ""
    if request.method == "POST":
        try:
            erasure.ask(patient_id=patient.id, typed=request.POST.get("typed", ""), by=visit.viewer, now=visit.now)
        except Invalid as refused:
            problem = gettext(refused.sentence)
        else:
            return redirect("erase", patient.id)
    context = {"patient": patient, "waiting": erasure.waiting(patient=patient), "days": settings.ERASURE_WAIT.days, "problem": problem}
    return render(request, "hh/my_erase.html", context, status=422 if problem else 200)


@page("patient", methods=("POST",))
def keep(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will call the erasing off."""
    access.patient_for(request.visit.viewer, patient_id, action="export", now=request.visit.now)
    erasure.cancel(patient_id=patient_id, by=request.visit.viewer, now=request.visit.now)
    messages.success(request, gettext("Called off. Everything stays as it is."))
    return redirect("my_data", patient_id)
