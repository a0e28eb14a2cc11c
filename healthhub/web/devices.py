"""Her devices: what may send readings in her name, when it was last heard of, and how a new one is let in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.people import access, tokens
from healthhub.people.models import DeviceToken, Patient
from healthhub.records.catalogue import BY_KEY
from healthhub.web import shown
from healthhub.web.mydata import own
from healthhub.web.pages import PageRequest, page
from monitoring import pulls, vendors

# What home devices measure; a device of another kind is given everything.
OFFERED = ("bp", "hr", "glucose", "cgm", "weight", "spo2", "temp", "pef", "steps", "sleep")


@page("patient", methods=("GET", "POST"))
def devices(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will list devices and sources, and let a new device in; its secret stands on this answer and nowhere else."""
    patient = own(request, patient_id, "tokens")
    if request.method != "POST":
        log.record(by=request.visit.viewer, did="token.list", patient_id=patient.id, now=request.visit.now)
        return _page(request, patient)
    posted = request.POST
    try:
        token, secret = tokens.issue(
            patient=patient,
            name=posted.get("name", "")[:80],
            kinds=[kind for kind in posted.getlist("kinds") if kind in OFFERED],
            may_write=True,
            may_read=False,
            by=request.visit.viewer,
            now=request.visit.now,
        )
    except Invalid as refused:
        return _page(request, patient, problem=gettext(refused.sentence))
    return _page(request, patient, new=token, secret=secret)


def _page(request: PageRequest, patient: Patient, *, problem: str = "", new: DeviceToken | None = None, secret: str = "") -> HttpResponse:
    found = tokens.tokens_of(patient=patient)
    context = {
        "patient": patient,
        "devices": [(token, _kinds(token)) for token in found if token.revoked_at is None],
        "revoked": [token for token in found if token.revoked_at is not None],
        "offered": [(key, shown.both(BY_KEY[key].name)) for key in OFFERED],
        "has_makers": bool(vendors.offered()) or bool(pulls.of(patient=patient)),
        "problem": problem,
        "new": new,
        "secret": secret,
    }
    return render(request, "hh/my_devices.html", context, status=422 if problem else 200)


def _kinds(token: DeviceToken) -> str:
    names = [shown.both(BY_KEY[key].name) for key in token.kinds if key in BY_KEY]
    return gettext(", ").join(names) or gettext("every kind of reading")


@page("patient", methods=("POST",))
def revoke(request: PageRequest, patient_id: UUID, token_id: UUID) -> HttpResponse:
    """This function will shut a device out; its next reading is refused."""
    visit = request.visit
    own(request, patient_id, "tokens")
    rows = tokens.all_tokens().filter(patient_id=patient_id)
    token = access.row_for(visit.viewer, rows, token_id, action="tokens", now=visit.now)
    tokens.revoke(token=token, by=visit.viewer, now=visit.now)
    messages.success(request, gettext("%(name)s was disconnected. What it sent before stays.") % {"name": token.name})
    return redirect("devices", patient_id)
