"""The one translator of refusals into HTTP."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response

from healthhub.lib.refused import NotVisible, Refused

_DRF_CODES = {
    exceptions.NotAuthenticated: "sign_in_first",
    exceptions.AuthenticationFailed: "bad_credentials",
    exceptions.PermissionDenied: "not_allowed",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.Throttled: "slow_down",
    exceptions.ParseError: "not_json",
}


def body_of(refused: Refused) -> dict[str, Any]:
    """This function will give the answer's body, its sentence in the reader's language where we have one."""
    body = refused.as_dict()
    body["sentence"] = gettext(refused.sentence)
    return body


def handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """This function will answer refusals as `{code, sentence, field?}`; anything else is ours and stays a 500."""
    if isinstance(exc, Refused):
        return Response(body_of(exc), status=exc.status, headers=getattr(exc, "headers", None))
    if isinstance(exc, Http404):
        refused = NotVisible()
        return Response(body_of(refused), status=refused.status)
    if isinstance(exc, RequestDataTooBig):
        return Response({"code": "too_large", "sentence": gettext("The body is larger than this address takes.")}, status=413)
    if isinstance(exc, exceptions.APIException):
        code = next((c for kind, c in _DRF_CODES.items() if isinstance(exc, kind)), "refused")
        headers = {}
        if getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
        return Response({"code": code, "sentence": str(exc.detail)}, status=exc.status_code, headers=headers)
    return None


def refused_response(refused: Refused) -> JsonResponse:
    """This function will do the same for a plain Django view."""
    return JsonResponse(body_of(refused), status=refused.status)
