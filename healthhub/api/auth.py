"""Who is asking, for every address of the API: a device token or a session; everything undeclared is denied.

A view says which kinds of viewer may come in and what each method does:

    viewer_kinds = frozenset({"user", "token"})
    does = {"GET": "read", "POST": "write"}      # or one word for all methods; actions are those of `people.relations`

`request.viewer` is then there. What she may do with whom is asked of `people.access`, in the view's first line.
"""

from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication as DjangoSession
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from healthhub.lib.refused import NotAllowed, Refused
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.memberships import owes_second_factor
from healthhub.people.models import User

REALM = 'Bearer realm="HealthHub"'


class Asked(Request):
    """The request as a view sees it: somebody was let in."""

    viewer: Viewer


class SignInFirst(Refused):
    """Nobody we know is asking."""

    code = "sign_in_first"
    sentence = "Sign in first."
    status = 401
    headers = {"WWW-Authenticate": REALM}  # noqa: RUF012 (read by the translator of refusals)


class SecondFactorRequired(NotAllowed):
    """Staff of an organisation that asks for it, without a second factor."""

    code = "second_factor_required"
    sentence = "Set up a second factor first: your organisation asks for it."


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer hh_...`: a device token."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Viewer] | None:
        secret = bearer_of(request)
        if secret is None:
            return None
        viewer = access.viewer_of_token(secret, timezone.now())
        cast(Asked, request).viewer = viewer
        return AnonymousUser(), viewer

    def authenticate_header(self, request: Request) -> str:
        return REALM


class SessionAuthentication(DjangoSession):
    """A signed-in person, with CSRF proof on everything that is not a read, and a second factor where it is asked for."""

    def authenticate(self, request: Request) -> tuple[User, Viewer] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user: User = found[0]
        if owes_second_factor(user, now=timezone.now()):
            raise SecondFactorRequired
        viewer = access.viewer_of(user)
        cast(Asked, request).viewer = viewer
        return user, viewer

    def enforce_csrf(self, request: Request) -> None:
        """Asks Django's own request: DRF's would read and parse the whole body to look for a form's field, and leave none to read."""
        super().enforce_csrf(getattr(request, "_request", request))


class DeniedByDefault(BasePermission):
    """Lets in whom the view declares, and nobody where it declares nothing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        viewer: Viewer = getattr(request, "viewer", access.ANONYMOUS)
        if viewer.kind == "anonymous":
            raise SignInFirst
        method = str(request.method)
        if method == "OPTIONS" or not hasattr(view, method.lower()):
            raise exceptions.MethodNotAllowed(method)
        if viewer.kind not in getattr(view, "viewer_kinds", frozenset()) or action_of(view, method) is None:
            raise NotAllowed
        return True


def action_of(view: Any, method: str) -> str | None:
    """This function will give what the view declares this method to do; None when it declares nothing."""
    declared = getattr(view, "does", None)
    if isinstance(declared, dict):
        declared = declared.get("GET" if method == "HEAD" else method)
    return declared if isinstance(declared, str) else None


def bearer_of(request: Request | HttpRequest) -> str | None:
    """This function will give the secret of the Authorization header; None without one, "" (which no token has) for another scheme.

    Whoever sends credentials is judged by them alone: bad ones beside a good session are refused, not passed over.
    """
    stated = request.headers.get("Authorization")
    if stated is None:
        return None
    scheme, _, secret = stated.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def viewer_of_request(request: HttpRequest, *, now: datetime, csrf: bool = True) -> Viewer:
    """This function will do the same for a plain Django view: token or session, 401 for nobody (`SignInFirst`, `BadToken`).

    `csrf`: prove a session's write here, for views that are exempt from the middleware because devices post to them.
    """
    secret = bearer_of(request)
    if secret is not None:
        return access.viewer_of_token(secret, now)
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise SignInFirst
    if csrf:
        try:
            SessionAuthentication().enforce_csrf(request)  # type: ignore[arg-type] # takes Django's request as well
        except exceptions.PermissionDenied as error:
            raise NotAllowed(str(error.detail), code="csrf_failed") from error
    if owes_second_factor(user, now=now):
        raise SecondFactorRequired
    return access.viewer_of(user)
