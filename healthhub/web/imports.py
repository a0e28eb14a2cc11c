"""Bringing readings along from another product: she chooses a file, sees how far it is, and what became of every record."""

from dataclasses import dataclass
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n, ngettext

from healthhub.audit import log
from healthhub.lib.refused import Invalid, Refused
from healthhub.people.models import Patient
from healthhub.web.mydata import own
from healthhub.web.pages import PageRequest, page
from monitoring import uploads
from monitoring.models import Import

CHUNK = 256 * 1024
REASONS = {
    "not_kept": _n("of a kind that is not kept here"),
    "too_old": _n("from before your readings can begin"),
    "future_time": _n("dated in the future"),
    "impossible_value": _n("with a value that cannot be right"),
    "bad_time": _n("without a time that can be read"),
    "bad_value": _n("without a value that can be read"),
    "unknown_unit": _n("in a unit that is not known here"),
    "missing_unit": _n("without a unit"),
    "one_of_two": _n("with only one of the two values of a blood pressure"),
    "other_person": _n("of another person"),
    "outside_consent": _n("of a kind that its sender may not add"),
}
OTHERWISE = _n("for another reason, see the table")
ENDS = {
    "token_revoked": _n("Stopped: the device that sent it was disconnected."),
    "consent_withdrawn": _n("Stopped: whoever sent it may no longer add readings for you."),
    "account_closed": _n("Stopped: the account that sent it was closed."),
    "not_confirmed": _n("Nobody said within a day what its columns mean. Please send it again."),
    "gave_up": _n("It failed several times. Please send it again later."),
    "file_gone": _n("The file is no longer here. Please send it again."),
    "unknown_file": _n("No reader here is for this file."),
    "too_many_lines": _n("The table has more lines than are taken here."),
    "zip_bomb": _n("The archive is built to do harm."),
    "hostile_xml": _n("The file is built to do harm."),
}
BROKEN = _n("The file is broken or breaks off. Please export it again; nothing of it was added.")


@dataclass(frozen=True, slots=True)
class Fate:
    """One line of what became of the records: how it looks, and the words with their number."""

    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """One file in words."""

    row: Import
    fates: list[Fate]
    reasons: list[tuple[str, str]]
    ended: str


@page("patient", methods=("GET", "POST"))
def imports(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will take a file in, and show what became of those before it."""
    patient = own(request, patient_id, "export")
    if request.method != "POST":
        return _page(request, patient)
    try:
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise Invalid("Choose a file first.", code="no_file", field="file")
        chunks = file.chunks(CHUNK)
        visit, name = request.visit, file.name or ""
        row = uploads.accept(patient_id=patient.id, chunks=chunks, by=visit.viewer, now=visit.now, name=name, tables=True)
    except Refused as refused:
        return _page(request, patient, problem=gettext(refused.sentence), status=422 if refused.status == 400 else refused.status)
    return redirect("my_import_mapping", patient.id, row.id) if row.state == Import.State.UNMAPPED else redirect("my_imports", patient.id)


def _page(request: PageRequest, patient: Patient, *, problem: str = "", status: int = 200) -> HttpResponse:
    found = uploads.imports_of(patient=patient)
    under_way = any(row.under_way for row in found)
    context = {"patient": patient, "files": [told(row) for row in found], "under_way": under_way, "problem": problem}
    template = "hh/my_import_list.html" if request.htmx and request.method == "GET" else "hh/my_import.html"
    return render(request, template, context, status=status)


def told(row: Import) -> Told:
    """This function will say what became of a file, in the reader's language."""
    counts = row.counts
    fates = []
    if n := counts.get("stored", 0):
        fates.append(Fate("calm", ngettext("%(n)s reading was added", "%(n)s readings were added", n) % {"n": f"{n:,}"}))
    if n := counts.get("corrected", 0):
        words = ngettext("%(n)s reading replaced an earlier value", "%(n)s readings replaced an earlier value", n)
        fates.append(Fate("calm", words % {"n": f"{n:,}"}))
    if n := counts.get("duplicate", 0):
        fates.append(Fate("info", ngettext("%(n)s was here already", "%(n)s were here already", n) % {"n": f"{n:,}"}))
    if n := counts.get("rejected", 0) + counts.get("outside_consent", 0):
        fates.append(Fate("amber", ngettext("%(n)s record was not kept:", "%(n)s records were not kept:", n) % {"n": f"{n:,}"}))
    known = [(f"{n:,}", gettext(REASONS[code])) for code, n in sorted(row.reasons.items(), key=lambda one: -one[1]) if code in REASONS]
    other = sum(n for code, n in row.reasons.items() if code not in REASONS)
    ended = gettext(ENDS.get(row.code, BROKEN)) if row.code else ""
    return Told(row, fates, known + ([(f"{other:,}", gettext(OTHERWISE))] if other else []), ended)


@page("patient")
def refused(request: PageRequest, patient_id: UUID, import_id: UUID) -> HttpResponse:
    """This function will hand over the records of a file that were not kept, as a table."""
    visit = request.visit
    patient = own(request, patient_id, "export")
    row = uploads.one(import_id, by=visit.viewer, now=visit.now)
    log.record(by=visit.viewer, did="import.read", patient_id=patient.id, about=f"import:{row.id}", now=visit.now)
    name = f"not-kept-{row.asked_at.astimezone(visit.zone):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse("\ufeff" + uploads.refused_csv(row), content_type="text/csv; charset=utf-8", headers=headers)
