"""What a doctor does with her worklist besides its alerts: act on many rows, tag, mark as reviewed, keep views."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.web import shown
from healthhub.web.pages import PageRequest, page
from healthhub.web.worklist import line_of, query_of
from monitoring import bulk as bulk_doors, desk, worklist as doors
from monitoring.bulk import Result


@page("clinician", methods=("POST",))
def bulk(request: PageRequest) -> HttpResponse:
    """This function will do one act for every row that was selected, and tell of each patient what became of it."""
    visit, posted = request.visit, request.POST
    chosen = _ids(posted.getlist("patient"))
    act = posted.get("act", "")
    hours = posted.get("hours", "")
    until = visit.now + timedelta(hours=int(hours)) if hours in shown.SNOOZES else None
    results = bulk_doors.carry_out(patient_ids=chosen, act=act, by=visit.viewer, now=visit.now, until=until, tag=posted.get("tag", ""))
    context = {
        "done": [one for one in results if one.refused is None],
        "refused": [(one.name or gettext("Somebody"), reason(one)) for one in results if one.refused is not None],
    }
    if not request.htmx:
        return render(request, "hh/work_bulk_page.html", context | {"query": query_of(request.GET)})
    rows = doors.worklist_rows(viewer=visit.viewer, patient_ids=chosen, now=timezone.now())
    return render(request, "hh/work_bulk.html", context | {"lines": [line_of(row, visit) for row in rows], "apart": True})


def reason(result: Result) -> str:
    """This function will say why a patient's part was refused, with who has her alert where somebody has."""
    refused: Refused = result.refused or NotVisible()
    if refused.code == "already_taken":
        return gettext("%(name)s has it") % {"name": refused.data.get("by", "")}
    return gettext(refused.sentence)


def _ids(texts: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise NotVisible from None


@page("clinician", methods=("POST",))
def mark(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will mark a patient as looked at, put a tag on her or take one off, and give her row as it stands then."""
    visit, posted = request.visit, request.POST
    act = posted.get("act", "")
    if act == "review":
        desk.review(patient_id=patient_id, by=visit.viewer, now=visit.now)
    elif act == "tag":
        desk.tag(patient_id=patient_id, name=posted.get("tag", ""), by=visit.viewer, now=visit.now)
    elif act == "untag":
        desk.untag(patient_id=patient_id, tag_id=posted.get("tag", ""), by=visit.viewer, now=visit.now)
    else:
        raise Invalid("There is no such action.", code="unknown_act", field="act")
    if not request.htmx:
        return redirect("worklist")
    row = doors.worklist_row(viewer=visit.viewer, patient_id=patient_id, now=timezone.now())
    return render(request, "hh/work_row.html", {"line": line_of(row, visit), "fresh": True})


@page("clinician", methods=("POST",))
def save_view(request: PageRequest) -> HttpResponse:
    """This function will keep the filters of the address under a name, and show the list with them."""
    visit, posted = request.visit, request.POST
    query = query_of(QueryDict(posted.get("query", "")))
    view = desk.save_view(name=posted.get("name", ""), query=query, by=visit.viewer, now=visit.now)
    messages.success(request, gettext("Saved as “%(name)s”.") % {"name": view.name})
    return redirect(f"{reverse('worklist')}?{query}" if query else "worklist")


@page("clinician", methods=("POST",))
def change_view(request: PageRequest, view_id: UUID) -> HttpResponse:
    """This function will rename or delete one of her views."""
    visit, posted = request.visit, request.POST
    if posted.get("act") == "delete":
        desk.delete_view(view_id=view_id, by=visit.viewer)
        messages.success(request, gettext("The view is deleted."))
    else:
        view = desk.change_view(view_id=view_id, name=posted.get("name", ""), by=visit.viewer, now=visit.now)
        messages.success(request, gettext("Now called “%(name)s”.") % {"name": view.name})
    return redirect("worklist")
