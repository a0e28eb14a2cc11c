"""Who is looking, and the one decorator in front of every page: denied unless a page names the roles it is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from healthhub.lib.refused import Refused
from healthhub.people import access, memberships
from healthhub.people.access import Viewer
from healthhub.people.models import Patient, User
from healthhub.records.catalogue import Kind
from healthhub.web import session, shown
from healthhub.web.roles import own_patient, roles_of

EVERYONE = ("patient", "caregiver", "clinician", "programme_manager", "operator", "nobody")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one signed-in person: who, as what, when, and how she reads."""

    viewer: Viewer
    roles: frozenset[str]
    now: datetime
    user: User
    zone: ZoneInfo
    own_units: Mapping[str, str]  # kind -> UCUM unit, where this browser was set to another than the catalogue's
    own: Patient | None  # her own record, with its team
    idle: int  # seconds that her session may lie still

    @property
    def glucose_unit(self) -> str:
        return self.user.glucose_unit


class PageRequest(HttpRequest):
    """A request that came through `page`."""

    visit: Visit
    htmx: HtmxDetails


View = Callable[..., HttpResponse]


def unit_in_use(request: PageRequest, kind: Kind) -> str:
    """This function will give the UCUM unit in which this reader sees and types the kind: with glucose the person's, else the browser's."""
    return shown.unit_of(kind, request.visit.glucose_unit, request.visit.own_units)


def page(*roles: str, methods: tuple[str, ...] = ("GET",), before_second_factor: bool = False) -> Callable[[View], View]:
    """This function will let only these roles in: strangers go to the sign-in page, other roles get the page that says so.

    Inside, times are in the reader's zone and words in her language. Refusals become pages: what she may not see is the
    same 404 as what never was.
    """

    def around(view: View) -> View:
        @wraps(view)
        def guarded(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if request.method not in (*methods, "HEAD"):
                return HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            request.visit = _visit(request)
            if not before_second_factor and memberships.owes_second_factor(request.visit.user, now=request.visit.now):
                return redirect("mfa_index")
            with timezone.override(request.visit.zone):
                answer = _answer(view, roles, request, args, kwargs)
            # Phones are shared: nothing of a person stays in a cache after sign-out.
            patch_cache_control(answer, private=True, no_store=True)
            return answer

        guarded.methods = methods  # type: ignore[attr-defined]  # the permission table's walk reads it
        return cast(View, guarded)

    return around


def _visit(request: PageRequest) -> Visit:
    now = timezone.now()
    user = cast(User, request.user)
    viewer = access.viewer_of(user)
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(user.language)
    units = {kind: request.COOKIES.get(shown.unit_cookie(kind), "") for kind in shown.OWN_UNITS}
    own_units = {kind: unit for kind, unit in units.items() if unit in shown.OWN_UNITS[kind]}
    own = own_patient(viewer, now=now)
    roles = roles_of(viewer, own=own, now=now)
    idle = session.settle(request, roles)
    return Visit(viewer=viewer, roles=roles, now=now, user=user, zone=ZoneInfo(user.time_zone), own_units=own_units, own=own, idle=idle)


def _answer(view: View, roles: tuple[str, ...], request: PageRequest, args: Any, kwargs: Any) -> HttpResponse:
    try:
        if not request.visit.roles.intersection(roles):
            return render(request, "403.html", status=403)
        return view(request, *args, **kwargs)
    except Refused as refused:
        return refused_page(request, refused)


def _to_sign_in(request: PageRequest) -> HttpResponse:
    if request.htmx:
        here = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(f"{reverse(settings.LOGIN_URL)}?next={here}")
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def refused_page(request: PageRequest, refused: Refused) -> HttpResponse:
    """This function will answer a refusal with its page, or, to a part of a page, with its sentence alone."""
    sentence = gettext(refused.sentence)
    if request.htmx and request.method == "POST":
        answer = render(request, "hh/problem.html", {"sentence": sentence, "code": refused.code}, status=refused.status)
        answer["HX-Retarget"] = "#said"
        answer["HX-Reswap"] = "innerHTML"
        return answer
    if refused.status == 404:
        answer = render(request, "404.html", status=404)
        answer["HX-Reswap"] = "none"  # a part that is gone: the page loads itself anew (live.js)
        return answer
    return render(request, "hh/refused.html", {"sentence": sentence, "code": refused.code}, status=refused.status)
