"""Makers' clouds from which her readings are fetched: connected in her name at the maker's own page, looked after, ended."""

import secrets
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from healthhub.audit import log
from healthhub.dialects.vendors.form import Call, Trouble
from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.web.mydata import own
from healthhub.web.pages import PageRequest, page
from monitoring import pulls, vendors

HELD = "vendor_login"


@page("patient")
def connections(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show her connections, how each is doing, and the makers that can be connected."""
    patient = own(request, patient_id, "tokens")
    log.record(by=request.visit.viewer, did="token.list", patient_id=patient.id, now=request.visit.now)
    rows = pulls.of(patient=patient)
    offered = vendors.offered()
    names = {key: one.name for key, one in offered.items()}
    context = {
        "patient": patient,
        "rows": [(row, names.get(row.vendor, row.vendor)) for row in rows],
        "makers": [one for one in offered.values() if one.key not in {row.vendor for row in rows}],
    }
    return render(request, "hh/my_connections.html", context)


@page("patient")
def connect(request: PageRequest, patient_id: UUID, vendor: str) -> HttpResponse:
    """This function will lead her to the maker's sign-in page; what it must bring back is kept in her session."""
    patient = own(request, patient_id, "tokens")
    try:
        address, state, verifier = pulls.begin(vendor=vendor, redirect=_back(vendor))
    except Invalid as unknown:
        raise NotVisible from unknown
    request.session[HELD] = {"patient": str(patient.id), "vendor": vendor, "state": state, "verifier": verifier}
    return redirect(address)


@page("patient")
def back(request: PageRequest, vendor: str) -> HttpResponse:
    """This function will take her back from the maker: with the state of her own session, once, or not at all."""
    held = request.session.pop(HELD, None) or {"vendor": "", "state": "", "patient": ""}
    same = secrets.compare_digest(held["state"].encode(), request.GET.get("state", "").encode())
    if held["vendor"] != vendor or not held["state"] or not same:
        raise Invalid("This answer was not asked for from here. Please connect again.", code="bad_state", field="state")
    patient = own(request, UUID(held["patient"]), "tokens")
    code = request.GET.get("code", "")
    if not code:
        messages.info(request, gettext("Nothing was connected."))
        return redirect("connections", patient.id)
    try:
        pulls.finish(
            patient=patient,
            vendor=vendor,
            code=code[:2000],
            redirect=_back(vendor),
            verifier=held["verifier"],
            by=request.visit.viewer,
            now=request.visit.now,
        )
    except Refused as refused:
        messages.error(request, gettext(refused.sentence))
    else:
        messages.success(request, gettext("Connected. Your readings come in within a few minutes."))
    return redirect("connections", patient.id)


@page("patient", methods=("POST",))
def end(request: PageRequest, patient_id: UUID, connection_id: UUID) -> HttpResponse:
    """This function will end one of her connections; what came by it stays."""
    visit = request.visit
    patient = own(request, patient_id, "tokens")
    row = next((one for one in pulls.of(patient=patient) if one.id == connection_id), None)
    if row is None:
        raise NotVisible
    if pulls.end(row=row, by=visit.viewer, now=visit.now):
        messages.success(request, gettext("Disconnected. What came by it stays."))
    else:
        messages.success(request, gettext("Disconnected here. The maker did not answer: end it in the maker's app too."))
    return redirect("connections", patient.id)


@csrf_exempt
def called(request: HttpRequest, vendor: str, mac: str) -> HttpResponse:
    """This function will hear that a maker has news of an account. Whoever does not know this address is told nothing.

    Makers try the address with HEAD or GET first, some with a challenge to be sent back; a call for an account that nobody here has is
    answered alike.
    """
    if not pulls.knows(vendor=vendor, mac=mac):
        return HttpResponse(status=404)
    if "challenge" in request.GET:
        known = pulls.knows(vendor=vendor, mac=request.GET.get("verification_token", ""))
        return JsonResponse({"challenge": request.GET["challenge"][:200]}) if known else HttpResponse(status=401)
    if request.method == "POST":
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.body
        try:
            pulls.heard(vendor=vendor, call=Call(request.POST.dict(), body, headers), now=timezone.now())
        except Trouble:
            return HttpResponse(status=401)
    return HttpResponse(status=204)


def _back(vendor: str) -> str:
    """The address that is registered with the maker: ours as it is seen from outside."""
    return str(settings.PUBLIC_URL) + reverse("connection_back", args=[vendor])
