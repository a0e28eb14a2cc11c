"""Language and type size, and the plain pages of those who see no person's data."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from healthhub.people import access, profile
from healthhub.people.models import User
from healthhub.web.health import parts
from healthhub.web.pages import PageRequest, page
from healthhub.web.templatetags.hh import TYPE_SIZES
from monitoring import worklist as doors

YEAR = 365 * 24 * 3600


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """This function will set language or type size for this browser, the language also for the messages we send her.

    Open to everyone: the sign-in page must be readable first.
    """
    where = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(where, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        where = "/"
    answer = HttpResponseRedirect(where)
    language, size = request.POST.get("language", ""), request.POST.get("type", "")
    if language in dict(settings.LANGUAGES):
        _keep(answer, settings.LANGUAGE_COOKIE_NAME, language)
        if isinstance(request.user, User):
            profile.change(by=access.viewer_of(request.user), language=language, now=timezone.now())
    if size in TYPE_SIZES:
        _keep(answer, "hh_type", size)
    return answer


def _keep(answer: HttpResponse, name: str, value: str) -> None:
    answer.set_cookie(name, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax", httponly=True)


@page("caregiver")
def people(request: PageRequest) -> HttpResponse:
    """This function will list a caregiver's people: who needs her, who is silent, who is well."""
    return render(request, "hh/people.html", _people(request))


@page("caregiver")
def people_part(request: PageRequest) -> HttpResponse:
    """This function will give the list anew."""
    return render(request, "hh/people_list.html", _people(request))


def _people(request: PageRequest) -> dict[str, object]:
    words = {
        "needs_you": ("amber", gettext("Needs you")),
        "no_data": ("silent", gettext("No data")),
        "all_well": ("calm", gettext("All well")),
    }
    found = doors.standing(viewer=request.visit.viewer, now=request.visit.now)
    return {"people": [(patient, *words[standing]) for patient, standing in found]}


@page("programme_manager")
def programme(request: PageRequest) -> HttpResponse:
    """This function will say what a programme manager can do now. No person's data."""
    return render(request, "hh/programme.html")


@page("operator")
def operations(request: PageRequest) -> HttpResponse:
    """This function will show an operator whether the parts of the service answer. No person's data."""
    return render(request, "hh/operations.html", {"parts": parts(now=request.visit.now)})
