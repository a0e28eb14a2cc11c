"""Apps that may read (SMART on FHIR): the page on which a person allows one, and the list of those she allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop as _n
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.models import Application
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauthlib.oauth2 import InvalidRequestError

from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.people import access, smart
from healthhub.people.models import AppAccess, Patient
from healthhub.web.pages import EVERYONE, PageRequest, page

MOST = 2000  # patients to choose from
# What a type of resource holds, in words.
HOLDS = {
    "Patient": _n("name, date of birth and sex"),
    "Device": _n("devices that readings come from"),
    "Observation": _n("readings"),
    "Flag": _n("alerts"),
    "DetectedIssue": _n("alerts"),
    "RiskAssessment": _n("what risk models say"),
    "Communication": _n("messages about alerts"),
    "QuestionnaireResponse": _n("scores of questionnaires"),
    "CarePlan": _n("care plans, with medicines and tasks"),
    "Goal": _n("what care plans aim at"),
    "Provenance": _n("where readings came from and how they were corrected"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asks for, found in order."""

    app: Application
    scopes: Sequence[str]
    credentials: dict[str, Any]

    @property
    def back(self) -> str:
        """Where the app wants her to be led back to."""
        return str(self.credentials["redirect_uri"])


@page(*EVERYONE, methods=("GET", "POST"))
def authorise(request: PageRequest) -> HttpResponse:
    """This function will ask the person whether an app may read, and lead her back to it with a code or a refusal."""
    try:
        asked = _asked(request)
        if request.method != "POST":
            return _page(request, asked)
        if request.POST.get("answer") != "allow":
            get_oauthlib_core().create_authorization_response(request, asked.scopes, asked.credentials, allow=False)
        return _allowed(request, asked)
    except Invalid as refused:
        if refused.field != "patient":
            raise
        return _page(request, asked, problem=gettext(refused.sentence))
    except FatalClientError as error:
        # Without an app that we know and its own address there is nowhere to lead her back to.
        raise Invalid("This app is not known here, or leads back to an address that is not its own.", code="bad_app") from error
    except OAuthToolkitError as error:
        return HttpResponseRedirect(error.oauthlib_error.in_uri(error.oauthlib_error.redirect_uri))


def _asked(request: PageRequest) -> Asked:
    """Raises FatalClientError, OAuthToolkitError as the toolkit; Invalid for another server's app."""
    scopes, credentials = get_oauthlib_core().validate_authorization_request(request)
    if request.GET.get("aud", "").rstrip("/") != request.build_absolute_uri(reverse("fhir-bundle")).rstrip("/"):
        raise Invalid("This app wants to read from another server.", code="wrong_server", field="aud")
    app = Application.objects.get(client_id=credentials["client_id"])
    if not request.GET.get("code_challenge") or request.GET.get("code_challenge_method") != "S256":
        # Asked here, because the toolkit takes an empty challenge for one and looks at the method only when the code comes back.
        wrong = InvalidRequestError(description="A code_challenge by S256 is required.", state=credentials.get("state"))
        raise OAuthToolkitError(error=wrong, redirect_uri=credentials["redirect_uri"])
    plain = sorted({smart.second_spelling(scope) for scope in scopes})
    if not smart.contexts_of(plain):
        raise Invalid("The app asks for something that is not offered here.", code="unknown_scope", field="scope")
    return Asked(app, plain, credentials)


def _allowed(request: PageRequest, asked: Asked) -> HttpResponse:
    visit = request.visit
    patient = None
    if smart.wants_patient(asked.scopes):
        chosen = request.POST.get("patient", "")
        patient = next((one for one in _patients(request) if str(one.id) == chosen), None)
    row = smart.allow(
        application=asked.app, scopes=asked.scopes, by=visit.viewer, now=visit.now, patient_id=patient.id if patient else None
    )
    uri, *_ = get_oauthlib_core().create_authorization_response(request, [*asked.scopes, f"access/{row.id}"], asked.credentials, allow=True)
    return HttpResponseRedirect(uri)


def _patients(request: PageRequest) -> list[Patient]:
    """Whom she may read, herself first."""
    visit = request.visit
    found = list(access.patients_visible_to(visit.viewer, now=visit.now).order_by("name", "id")[:MOST])
    return sorted(found, key=lambda one: visit.own is None or one.id != visit.own.id)


def _page(request: PageRequest, asked: Asked, *, problem: str = "") -> HttpResponse:
    visit = request.visit
    patients = _patients(request) if smart.wants_patient(asked.scopes) else []
    log.record_reads(by=visit.viewer, did="patient.list", patient_ids=[one.id for one in patients], now=visit.now)
    context = {
        "app": asked.app,
        "patients": patients,
        "needs_patient": smart.wants_patient(asked.scopes),
        "wide": "user" in smart.contexts_of(asked.scopes),
        "holds": holds(asked.scopes),
        "stays": smart.OFFLINE in asked.scopes,
        "back": urlsplit(asked.back).netloc,
        "problem": problem,
    }
    answer = render(request, "hh/app_authorise.html", context, status=422 if problem else 200)
    where = urlsplit(asked.back)
    # The answer leads on to the app's own address, which the browser counts as a form's target.
    cast(Any, answer)._csp_update = {"form-action": [f"{where.scheme}://{where.netloc}"]}
    return answer


def holds(scopes: Sequence[str]) -> list[str]:
    """This function will say in words what scopes let an app read, each thing once."""
    types = {type_ for context in smart.contexts_of(scopes) for type_ in smart.types_of(scopes, context)}
    return list(dict.fromkeys(gettext(HOLDS[type_]) for type_ in smart.TYPES if type_ in types))


@page(*EVERYONE)
def allowed(request: PageRequest) -> HttpResponse:
    """This function will list the apps that may read in her name."""
    rows = smart.accesses_of(person=request.visit.user.id)
    return render(request, "hh/apps_allowed.html", {"apps": [(row, _whose(row), holds(row.scopes)) for row in rows]})


def _whose(row: AppAccess) -> str:
    if "user" in smart.contexts_of(row.scopes):
        return gettext("every record that you may read")
    return row.patient.name if row.patient else ""


@page(*EVERYONE, methods=("POST",))
def end(request: PageRequest, access_id: UUID) -> HttpResponse:
    """This function will end what one of her apps may read."""
    row = smart.end(access_id=access_id, by=request.visit.viewer, now=request.visit.now)
    messages.success(request, gettext("%(name)s may read nothing any more.") % {"name": row.application.name})
    return redirect("apps_allowed")
