"""Who comes in and how refusals are said: every view of this dialect is a `Door`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from healthhub.api import batches
from healthhub.api.nightscout import bearer
from healthhub.api.parsers import strict_json
from healthhub.dialects.nightscout.common import Document
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible, Refused
from healthhub.people import access
from healthhub.people.access import BadToken, Viewer
from healthhub.people.models import Patient

MOST_DOCUMENTS = 10_000
_SHA1 = re.compile("[0-9a-fA-F]{40}")
# `followers-hh_...`: clients put a name before a token; what counts stands behind the last dash.
_TOKEN = re.compile(r"(?:token=)?(?:.*-)?(hh_[a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Caller:
    """A token's owner at her own address."""

    viewer: Viewer
    patient_id: UUID
    now: datetime

    def patient(self) -> Patient:
        """This function will give the patient the token belongs to. One SQL."""
        return access.patient_asked(self.patient_id)()

    def zone(self) -> ZoneInfo:
        """This function will give the zone she is in now."""
        return ZoneInfo(self.patient().time_zone)


def viewer_of_secret(text: str, *, now: datetime) -> Viewer:
    """This function will give the viewer behind what a client calls secret or token: a token of ours, its SHA-1, or a bearer for it.

    Raises BadToken.
    """
    text = text.strip()
    if _SHA1.fullmatch(text):
        return access.viewer_of_sha1(text, now)
    if found := _TOKEN.fullmatch(text):
        return access.viewer_of_token(found[1], now)
    return bearer.viewer_of(text, now=now)


def secret_of(request: HttpRequest) -> str:
    """This function will give the secret a client brings: the first of Authorization, api-secret, ?token= and ?secret= that is there."""
    stated = request.headers.get("Authorization")
    if stated is not None:
        scheme, _, text = stated.partition(" ")
        return text if scheme.lower() == "bearer" else ""
    return str(request.headers.get("api-secret") or request.GET.get("token") or request.GET.get("secret") or "")


def caller_of(secret: str, slug: str, *, now: datetime) -> Caller:
    """This function will tell who asks.

    Raises BadToken for nobody, for a wrong or revoked secret, and for a token that belongs to another patient than the address.
    """
    viewer = viewer_of_secret(secret, now=now)
    if viewer.patient_id is None or str(viewer.patient_id) != slug:
        raise BadToken
    return Caller(viewer, viewer.patient_id, now)


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """This function will answer with JSON that no cache keeps."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/json", headers=kept)


def body_of(request: HttpRequest) -> Any:
    """This function will read a JSON body, gzip or plain, within the limits of `batches`. Raises Invalid, TooLarge, WrongType."""
    raw = batches.read_body(request, encoding=request.headers.get("Content-Encoding", "").strip().lower())  # type: ignore[arg-type]
    try:
        return strict_json(raw) if b"\\u" in raw else msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        strict_json(raw)  # says what is wrong with it
        raise Invalid("The body is not JSON.", code="not_json") from None


def params_of(request: HttpRequest) -> list[tuple[str, str]]:
    """This function will list the parameters behind the question mark; one that stands there twice comes twice."""
    return [(name, str(text)) for name, texts in request.GET.lists() for text in texts]


def documents_of(request: HttpRequest) -> tuple[list[Document], bool]:
    """This function will read one document or a list of them, and tell whether it was a list. What is no object raises Invalid."""
    body = body_of(request)
    docs = body if isinstance(body, list) else [body]
    if len(docs) > MOST_DOCUMENTS:
        raise Invalid(f"Send at most {MOST_DOCUMENTS} documents at a time.", code="too_many")
    if not all(isinstance(doc, dict) for doc in docs):
        raise Invalid("Send a document or a list of documents.", code="not_an_object")
    return docs, isinstance(body, list)


@method_decorator(csrf_exempt, name="dispatch")  # no cookie opens these addresses, so there is nothing for another site to ride on
class Door(View):
    """A view that knows its caller. `needs` names the right each method needs: read, write, acknowledge, or any."""

    needs: ClassVar[Mapping[str, str]] = {"GET": "read", "POST": "write", "PUT": "write", "PATCH": "write", "DELETE": "write"}
    collection: ClassVar[str] = ""
    caller: Caller

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        now = timezone.now()
        try:
            handler: Callable[..., HttpResponseBase] | None = getattr(self, str(request.method).lower(), None)
            if handler is None or request.method == "OPTIONS":
                return self.http_method_not_allowed(request)
            self.caller = caller_of(self.secret_of(request), kwargs.pop("slug"), now=now)
            self.check(self.needs["GET" if request.method == "HEAD" else str(request.method)])
            return handler(request, *args, **kwargs)
        except Refused as refused:
            return self.refuse(refused)

    def secret_of(self, request: HttpRequest) -> str:
        """This function will give the secret that opens this address."""
        return secret_of(request)

    def check(self, right: str) -> None:
        """This function will raise NotAllowed where the token has not this right."""
        viewer = self.caller.viewer
        has = {"read": viewer.may_read, "write": viewer.may_write, "any": True}
        if not has[right]:
            raise NotAllowed

    def refuse(self, refused: Refused) -> HttpResponse:
        """This function will say a refusal as API 1 and 2 do: `{status, message, description}`; ours beside it."""
        # Nightscout knows no 403 here: a client that may not do this is a client without the right secret.
        status = 401 if isinstance(refused, BadToken | NotAllowed) else refused.status
        words = ("Unauthorized", "Invalid/Missing") if status == 401 else (refused.sentence, refused.code)
        return answer({"status": status, "message": words[0], "description": words[1], **refused.as_dict()}, status=status)


class Door3(Door):
    """A view of API 3: `{status, message}`, and 403 names the permission that is missing."""

    def check(self, right: str) -> None:
        """This function will raise NotAllowed with the name of the permission."""
        try:
            super().check(right)
        except NotAllowed:
            raise NotAllowed(f"Missing permission api:{self.kwargs.get('col') or '*'}:{right}", code="missing_permission") from None

    def refuse(self, refused: Refused) -> HttpResponse:
        if isinstance(refused, BadToken):
            return answer({"status": 401, "message": "Missing or bad access token or JWT", "code": refused.code}, status=401)
        if isinstance(refused, NotVisible):
            return answer({"status": 404}, status=404)
        return answer({"status": refused.status, "message": refused.sentence, **refused.as_dict()}, status=refused.status)
