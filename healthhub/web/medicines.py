"""Her medicines: the list with how regularly each is taken, adding and stopping one, and marking today's doses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from healthhub.care import medications
from healthhub.care.adherence import Adherence
from healthhub.care.models import Medication
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.web.pages import PageRequest, page

FIELDS = ("name", "dose", "since", "until", "prescribed_by")


@dataclass(frozen=True, slots=True)
class Listed:
    """One medicine with its two figures in words."""

    medication: Medication
    week: str
    month: str
    share: int | None  # percent of the last 30 days


@page("patient", "caregiver", methods=("GET", "POST"))
def medicines(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show her medicines, and put a new one on the list."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="read", data_class=medications.CLASS, now=visit.now)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            medications.add(patient_id=patient.id, by=visit.viewer, now=visit.now, **_typed(request))
        except (Invalid, Conflict) as refused:
            problems[refused.field or "name"] = gettext(refused.sentence)
        else:
            messages.success(request, gettext("It stands on the list now."))
            return redirect("medicines", patient.id)
    return _page(request, patient, problems)


def _typed(request: PageRequest) -> dict[str, Any]:
    posted = request.POST
    clocks = [text for text in posted.getlist("times") if text.strip()]
    return {
        "name": posted.get("name", ""),
        "dose": posted.get("dose", ""),
        "prescribed_by": posted.get("prescribed_by", ""),
        "times": [_clock(text) for text in clocks],
        "since": _day(posted, "since"),
        "until": _day(posted, "until"),
    }


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        raise Invalid("Give a time such as 22:00.", code="bad_time", field="times") from None


def _day(posted: Mapping[str, str], field: str) -> date | None:
    text = posted.get(field, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("Give a day such as 2026-03-01.", code="bad_day", field=field) from None


def _page(request: PageRequest, patient: Patient, problems: dict[str, str]) -> HttpResponse:
    visit = request.visit
    rows = medications.medications_of(viewer=visit.viewer, patient_id=patient.id, now=visit.now, stopped=True)
    week, month = (
        medications.adherence_of(viewer=visit.viewer, patient=patient, days=days, now=visit.now, stopped=False) for days in (7, 30)
    )
    listed = [Listed(row, words(week[row.id], 7), words(month[row.id], 30), percent(month[row.id])) for row in rows if row.id in week]
    context = {
        "patient": patient,
        "own": patient.user_id == visit.user.id,
        "may_write": access.may(visit.viewer, patient.id, action="write", data_class=medications.CLASS, now=visit.now),
        "listed": listed,
        "past": [row for row in rows if row.id not in week],
        "tasks": medications.tasks(viewer=visit.viewer, patient=patient, now=visit.now),
        "problems": problems,
        "typed": request.POST,
        "slots": [*request.POST.getlist("times"), "", "", "", ""][:4],
    }
    return render(request, "hh/medicines.html", context, status=422 if problems else 200)


def words(counted: Adherence, days: int) -> str:
    """This function will say how regularly a medicine was taken."""
    if not counted.due:
        return ngettext("last %(n)s day: nothing was due", "last %(n)s days: nothing was due", days) % {"n": days}
    said = ngettext("last %(days)s days: %(taken)s of %(n)s dose taken", "last %(days)s days: %(taken)s of %(n)s doses taken", counted.due)
    return said % {"days": days, "taken": counted.taken, "n": counted.due}


def percent(counted: Adherence) -> int | None:
    """This function will give the share of doses taken in whole percent, None where none was due."""
    return None if counted.share is None else round(100 * counted.share)


@page("patient", "caregiver", methods=("POST",))
def stop(request: PageRequest, patient_id: UUID, medication_id: UUID) -> HttpResponse:
    """This function will take a medicine off the list."""
    stopped = medications.stop(medication_id=medication_id, by=request.visit.viewer, now=request.visit.now)
    messages.success(request, gettext("%(name)s is off the list. What was taken stays on file.") % {"name": stopped.name})
    return redirect("medicines", patient_id)


@page("patient", "caregiver", methods=("POST",))
def intake(request: PageRequest, patient_id: UUID, medication_id: UUID) -> HttpResponse:
    """This function will note that a dose was taken, left out, or that neither was so (`said` is taken, missed or undo)."""
    visit, posted = request.visit, request.POST
    said = posted.get("said", "")
    day, at = _day(posted, "day"), _clock(posted.get("at", ""))
    if day is None or said not in ("taken", "missed", "undo"):
        raise NotVisible
    if said == "undo":
        medications.unsay(medication_id=medication_id, day=day, at=at, by=visit.viewer, now=visit.now)
    else:
        medications.say(medication_id=medication_id, day=day, at=at, taken=said == "taken", by=visit.viewer, now=visit.now)
    if request.htmx:
        return redirect("home_tasks", patient_id)
    return redirect("medicines", patient_id) if posted.get("on") == "medicines" else redirect("home", patient_id)
