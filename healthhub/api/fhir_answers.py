"""Answers of the FHIR endpoint: application/fhir+json, an OperationOutcome for every refusal, and what every view there shares."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import msgspec
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from healthhub.api import batches, errors
from healthhub.api.auth import Asked, DeniedByDefault, SessionAuthentication, TokenAuthentication, bearer_of
from healthhub.api.parsers import strict_json
from healthhub.dialects import fhir_capability
from healthhub.dialects.fhir_in import Reader
from healthhub.lib.refused import NotAllowed, Refused
from healthhub.people import secrets, smart
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import exports
from healthhub.records.catalogue import KINDS

MEDIA = "application/fhir+json"
SPOKEN = (MEDIA, "application/json", "application/*", "*/*")
READER = Reader(KINDS)
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


class WrongType(Refused):
    code = "unsupported_media_type"
    sentence = "Send application/fhir+json, plain or gzip."
    status = 415


class Unprocessable(Refused):
    """A resource that was understood and cannot be kept."""

    status = 422


class Several(Unprocessable):
    """A transaction of which nothing was kept, with every reason."""

    sentence = "Nothing was kept."

    def __init__(self, issues: list[dict[str, Any]]) -> None:
        super().__init__(code="transaction_refused")
        self.issues = issues


class JSONOnly(BaseContentNegotiation):
    """JSON for whoever takes any of it; XML and pages are not spoken here."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        accepted = [part.split(";")[0].strip().lower() for part in request.headers.get("Accept", "*/*").split(",")]
        if not any(media in SPOKEN for media in accepted):
            raise exceptions.NotAcceptable
        return renderers[0], MEDIA


def answer(resource: Mapping[str, Any] | None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """This function will answer with a resource, or with nothing but a status."""
    content = b"" if resource is None else msgspec.json.encode(resource)
    return HttpResponse(content, status=status, content_type=f"{MEDIA}; charset=utf-8", headers=dict(headers or {}))


def issue_of(refused: Refused, *, at: str = "") -> dict[str, Any]:
    """This function will write a refusal as an issue; `at` is where in a bundle."""
    field = ".".join(part for part in (at, refused.field) if part) or None
    return fhir_capability.issue(code=refused.code, sentence=gettext(refused.sentence), field=field, status=refused.status)


def handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """This function will answer refusals as an OperationOutcome; anything else is ours and stays a 500."""
    if isinstance(exc, Several):
        return answer(fhir_capability.outcome(exc.issues), status=exc.status)
    plain = errors.handler(exc, context)
    if plain is None:
        return None
    said = plain.data
    one = fhir_capability.issue(code=said["code"], sentence=said["sentence"], field=said.get("field"), status=plain.status_code)
    return answer(
        fhir_capability.outcome([one]),
        status=plain.status_code,
        headers={name: text for name, text in plain.headers.items() if name.lower() != "content-type"},
    )


class KeyAuthentication(TokenAuthentication):
    """A device token, or the key of an app (SMART on FHIR): apps come in here and nowhere else."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Viewer] | None:
        secret = bearer_of(request)
        if secret is None or secret.startswith(secrets.PREFIX):
            return super().authenticate(request)
        viewer = smart.viewer_of_app(secret, timezone.now())
        cast(Asked, request).viewer = viewer
        return AnonymousUser(), viewer


class WithinScope(BasePermission):
    """Lets an app go as far as its scopes reach; after it `request.viewer` reaches no further."""

    def has_permission(self, request: Request, view: Any) -> bool:
        asked = cast(Asked, request)
        asked.viewer = within_scope(asked.viewer, view)
        return True


def within_scope(viewer: Viewer, view: Any) -> Viewer:
    """This function will give the viewer as far as an app's scopes reach for this view. Raises `smart.Scope`, NotAllowed."""
    if viewer.kind == "app" and not view.for_apps:
        raise NotAllowed
    return smart.reaches(viewer, view.for_apps)


class FHIRView(APIView):
    """What every address under /fhir/R4/ shares. The CapabilityStatement describes them, so the OpenAPI schema does not."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (KeyAuthentication, SessionAuthentication)
    permission_classes: Sequence[Any] = (DeniedByDefault, WithinScope)
    viewer_kinds = frozenset({"user", "token", "app"})
    # Types of resources whose scopes an app needs, all of them; none: no app comes in.
    for_apps: ClassVar[tuple[str, ...]] = ()
    content_negotiation_class = JSONOnly
    schema = None
    does: ClassVar[Mapping[str, str]] = {}

    def get_exception_handler(self) -> Any:
        return handler


def body_in(raw: HttpRequest) -> Any:
    """This function will read a resource: strict JSON, plain or gzip, within the limits of readings."""
    return strict_json(bytes_in(raw))


def bytes_in(raw: HttpRequest) -> bytes:
    """This function will read the body alone. Raises WrongType, TooLarge, Invalid."""
    if raw.content_type not in (MEDIA, "application/json"):
        raise WrongType
    return batches.read_body(raw, encoding=raw.headers.get("Content-Encoding", "").strip().lower())  # type: ignore[arg-type]


def base_of(request: Request) -> str:
    """This function will give the endpoint's own address, without a slash at its end."""
    return str(request.build_absolute_uri(reverse("fhir-bundle"))).rstrip("/")


def patient_shown(patient: Patient, viewer: Viewer) -> dict[str, Any]:
    """This function will write the Patient; for a device token, and an app that was not allowed more, her id alone."""
    if viewer.kind == "token" or (viewer.kind == "app" and not smart.covers(viewer, "Patient")):
        return {"resourceType": "Patient", "id": str(patient.id), "meta": {"tag": [SUBSETTED]}}
    return exports.patient_of(patient)


def searchset(
    request: Request, matches: Sequence[Mapping[str, Any]], *, links: Mapping[str, str], included: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """This function will write what was found as a Bundle of type searchset."""
    base = base_of(request)
    modes = [("match", one) for one in matches] + [("include", one) for one in included if matches]
    entry = [{"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one, "search": {"mode": mode}} for mode, one in modes]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
        **({"entry": entry} if entry else {}),
    }
