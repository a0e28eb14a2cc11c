"""Where only breaking the glass opens a record, the page is a form: what it does is said before it is done."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from healthhub.care import glass
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people import breakglass
from healthhub.web.pages import PageRequest, View, page

HOURS = tuple(range(1, breakglass.LONGEST_HOURS + 1))


def or_glass(view: Callable[..., HttpResponse]) -> View:
    """This function will show, in the place of a patient this clinician may not see (or who never was), the way of an emergency."""

    @wraps(view)
    def guarded(request: PageRequest, patient_id: UUID, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, patient_id, **kwargs)
        except NotVisible:
            if request.htmx:
                raise
            return _form(request, patient_id, status=404)

    return cast(View, guarded)


@page("clinician", methods=("GET", "POST"))
def emergency(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the form, or open the record with the reason given and go to it."""
    visit = request.visit
    if request.method != "POST":
        return _form(request, patient_id)
    reason, hours = request.POST.get("reason", ""), request.POST.get("hours", "")
    try:
        wanted = int(hours) if hours.isascii() and hours.isdigit() else 0
        glass.open_and_tell(patient_id=patient_id, reason=reason, hours=wanted, by=visit.viewer, now=visit.now)
    except Invalid as refused:
        return _form(request, patient_id, refused=refused, status=refused.status)
    except Conflict:
        return redirect("chart", patient_id)  # it is open to her already
    return redirect("chart", patient_id)


def _form(request: PageRequest, patient_id: UUID, *, refused: Invalid | None = None, status: int = 200) -> HttpResponse:
    asked = request.POST
    context = {
        "patient_id": patient_id,
        "locked": status == 404,
        "reason": asked.get("reason", ""),
        "hours": [(str(n), str(n) == asked.get("hours", "1")) for n in HOURS],
        "problems": {refused.field: gettext(refused.sentence)} if refused else {},
        "code": refused.code if refused else "",
    }
    return render(request, "hh/chart_glass.html", context, status=status)
