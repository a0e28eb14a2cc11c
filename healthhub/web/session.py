"""How long a session lives without its person: counted by the server, told to the page, ended by whichever looks first.

Only what a person does herself counts: opening a page, or the page's own word that a hand moved (POST /session). Parts that
fetch themselves and the API do not, or an abandoned screen would stay signed in by its own liveliness.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from time import time

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

LIMIT, LAST = "hh_idle_limit", "hh_idle_last"
STEP = 30  # seconds: a session is not written at every click
STAFF = frozenset({"clinician", "programme_manager", "operator"})


class Idle:
    """Middleware, behind authentication: ends the session that lay still too long, and empties the browser at sign-out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = request.user.is_authenticated
        if signed_in and left(request) <= 0:
            logout(request)
        elif signed_in and counts(request) and time() - request.session.get(LAST, 0) >= step(request):
            request.session[LAST] = int(time())
        answer = self.get_response(request)
        if signed_in and request.path == reverse("account_logout") and not request.user.is_authenticated:
            # Phones are shared: limits, unsent readings and the worker go with her (she was warned of what waits).
            answer["Clear-Site-Data"] = '"cache", "storage"'
        return answer


def counts(request: HttpRequest) -> bool:
    """This function will tell whether a person did this, and not a page by itself."""
    if request.path == reverse("session"):
        return request.method == "POST"
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and not request.path.startswith("/api/")


def step(request: HttpRequest) -> float:
    """This function will give how old, in seconds, the last note of her presence may grow before it is written again."""
    limit: int = request.session.get(LIMIT, STEP)
    return min(STEP, limit / 8)


def limit_for(roles: Collection[str]) -> timedelta:
    """This function will give how long a session of these roles may lie still: staff see many people, a patient's phone only her."""
    idle: timedelta = settings.SESSION_IDLE_STAFF if STAFF.intersection(roles) else settings.SESSION_IDLE_PATIENT
    return idle


def settle(request: HttpRequest, roles: Collection[str]) -> int:
    """This function will note the limit that holds for her session, and give it in seconds."""
    seconds = int(limit_for(roles).total_seconds())
    if request.session.get(LIMIT) != seconds:
        request.session[LIMIT] = seconds
    return seconds


def left(request: HttpRequest) -> int:
    """This function will give the seconds that the session has left; before its first page the strictest limit holds."""
    limit: int = request.session.get(LIMIT, int(settings.SESSION_IDLE_STAFF.total_seconds()))
    last: int = request.session.get(LAST, int(time()))
    return limit - (int(time()) - last)


@never_cache
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """This function will say who is signed in (an opaque id), for how long yet, and give a fresh CSRF token. POST: she is there."""
    signed_in = request.user.is_authenticated
    return JsonResponse(
        {"user": str(request.user.pk) if signed_in else None, "left": left(request) if signed_in else 0, "csrf": get_token(request)}
    )
