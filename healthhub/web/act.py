"""A dangerous value: rest, look for red flags, measure again or call. And taking back what was just logged."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from healthhub.lib.refused import Conflict, NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import corrections, shown as readings
from healthhub.records.catalogue import BY_KEY
from healthhub.records.shown import Seen
from healthhub.web.felt import RED_FLAGS, SYMPTOMS
from healthhub.web.home import EMERGENCY
from healthhub.web.pages import PageRequest, Visit, page
from monitoring import intake, worklist as doors

SALT = "log-undo"
UNDO_FOR = timedelta(minutes=10)
REST = {"bp": 5 * 60, "hr": 5 * 60, "spo2": 2 * 60}  # seconds to sit before it is measured again
AGAIN_WITHIN = timedelta(minutes=30)


def undo_token(patient: Patient, seqs: list[int]) -> str:
    """This function will give what the undo button sends back: which readings of whom, signed, good for ten minutes."""
    return signing.dumps({"patient": str(patient.id), "seqs": seqs}, salt=SALT)


@page("patient", "caregiver", methods=("POST",))
def undo(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will take back what was just logged; the reason stays on file."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="write", now=visit.now)
    try:
        what = signing.loads(request.POST.get("undo", ""), salt=SALT, max_age=UNDO_FOR)
    except signing.SignatureExpired as late:
        raise Conflict("This can be undone for ten minutes only. Log it again with the right value.", code="too_late") from late
    except signing.BadSignature as error:
        raise NotVisible from error
    if what["patient"] != str(patient.id):
        raise NotVisible
    corrections.take_back(viewer=visit.viewer, patient_id=patient.id, seqs=what["seqs"], reason="undone at once", now=visit.now)
    messages.success(request, gettext("Taken back. It counts nowhere any more."))
    return redirect("first" if patient.user_id == visit.user.id else "home", *([] if patient.user_id == visit.user.id else [patient.id]))


@page("patient", "caregiver", methods=("GET", "POST"))
def act(request: PageRequest, patient_id: UUID, what: str) -> HttpResponse:
    """This function will lead through what to do after a dangerous value; red flags that are ticked are logged and judged at once."""
    if what not in BY_KEY:
        raise NotVisible
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="write", now=visit.now)
    flagged: list[str] = []
    if request.method == "POST":
        flagged = [key for key in RED_FLAGS if request.POST.get(key) == "yes"]
        if flagged:
            at = visit.now.astimezone(visit.zone).isoformat()
            sent = [
                {"kind": key, "at": at, "value": 2, "unit": BY_KEY[key].unit, "source": "web", "method": "self_reported"} for key in flagged
            ]
            intake.receive(patient_id=patient.id, readings=sent, by=visit.viewer, now=visit.now)
        elif request.POST.get("none") == "yes":
            return redirect("log_kind", patient.id, what)
    return render(request, "hh/act.html", _frame(visit, patient, what) | {"flagged": flagged, "asked": request.method == "POST"})


def _frame(visit: Visit, patient: Patient, what: str) -> dict[str, Any]:
    found = doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now)
    return {
        "patient": patient,
        "own": patient.user_id == visit.user.id,
        "what": what,
        "kind": BY_KEY[what],
        "rest": REST.get(what, 0),
        "flags": [(key, gettext(SYMPTOMS[key])) for key in RED_FLAGS],
        "emergency": EMERGENCY.get(patient.locale, "112"),
        "alerts": [alert for alert in found if alert.severity in ("red", "urgent")][:1],
    }


def mean_of_repeats(visit: Visit, patient: Patient) -> dict[str, Any] | None:
    """This function will give the mean of her pressures of the last half hour (mm[Hg]), None for fewer than two."""
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    found = readings.history(
        patient_id=patient.id,
        classes=allowed,
        since=visit.now - AGAIN_WITHIN,
        until=visit.now + timedelta(minutes=1),
        kinds=["bp"],
        limit=10,
    )
    return None if len(found) < 2 else {"n": len(found), "reading": _mean(found)}


def _mean(found: list[Seen]) -> dict[str, Any]:
    second = [one.value2 for one in found if one.value2 is not None]
    return {"kind": "bp", "value": sum(one.value for one in found) / len(found), "value2": sum(second) / len(second), "flags": 0}
