"""Language, type size and units, and the plain pages of those who see no person's data."""

from collections.abc import Collection

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop as _n
from django.views.decorators.http import require_POST

from healthhub.people import access, profile
from healthhub.people.models import User
from healthhub.records.catalogue import BY_KEY
from healthhub.web import shown
from healthhub.web.pages import EVERYONE, PageRequest, page, unit_in_use
from healthhub.web.templatetags.hh import TYPE_SIZES

YEAR = 365 * 24 * 3600
SIZE_WORDS = {"normal": _n("Normal type"), "large": _n("Large type"), "largest": _n("Largest type")}


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """This function will set language, type size or units: size and weight for this browser, language and glucose with the person.

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
        profile.change(
            by=access.viewer_of(request.user),
            language=language if language in dict(settings.LANGUAGES) else None,
            glucose_unit=_one_of(request, "glucose", shown.OWN_UNITS["glucose"]),
            now=timezone.now(),
        )
    if size in TYPE_SIZES:
        _keep(answer, "hh_type", size)
    for kind in ("weight", "temp"):
        unit = _one_of(request, kind, shown.OWN_UNITS[kind])
        if unit:
            _keep(answer, shown.unit_cookie(kind), unit)
    return answer


def _one_of(request: HttpRequest, name: str, offered: Collection[str]) -> str | None:
    chosen = request.POST.get(name, "")
    return chosen if chosen in offered else None


@page(*EVERYONE)
def settings_page(request: PageRequest) -> HttpResponse:
    """This function will show how she reads: type size, language, units."""
    units = [
        (kind, shown.both(BY_KEY[kind].name), unit_in_use(request, BY_KEY[kind]), [(unit, shown.unit_words(unit)) for unit in offered])
        for kind, offered in shown.OWN_UNITS.items()
    ]
    context = {"sizes": [(size, gettext(words)) for size, words in SIZE_WORDS.items()], "languages": settings.LANGUAGES, "units": units}
    return render(request, "hh/settings.html", context)


def keep_unit(request: PageRequest, answer: HttpResponse, *, kind: str, unit: str) -> HttpResponse:
    """This function will remember the unit in which she typed a value: with the person for glucose, else with this browser."""
    if unit in shown.OWN_UNITS.get(kind, ()):
        if kind == "glucose":
            profile.change(by=request.visit.viewer, glucose_unit=unit, now=request.visit.now)
        else:
            _keep(answer, shown.unit_cookie(kind), unit)
    return answer


def _keep(answer: HttpResponse, name: str, value: str) -> None:
    answer.set_cookie(name, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax", httponly=True)
