"""SMART App Launch 2.2 and OAuth 2: where an app finds the addresses, turns its code into a key, renews it and gives it back.

The page on which a person allows an app is one of `healthhub.web`; what a key may read is decided by `people.smart` and `people.access`.
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST
from oauth2_provider.oauth2_backends import get_oauthlib_core

from healthhub.people import smart
from healthhub.people.access import BadToken

CAPABILITIES = (
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "context-standalone-patient",
    "permission-offline",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)


@require_GET
def configuration(request: HttpRequest) -> HttpResponse:
    """GET /fhir/R4/.well-known/smart-configuration: open to everyone, as the standard asks."""
    token_uri, authorise, revocation = (
        request.build_absolute_uri(reverse(name)) for name in ("oauth-token", "app_authorise", "oauth-revoke")
    )
    answer = JsonResponse(
        {
            "authorization_endpoint": authorise,
            "token_endpoint": token_uri,
            "revocation_endpoint": revocation,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": smart.every_scope(),
            "capabilities": CAPABILITIES,
        }
    )
    answer["Access-Control-Allow-Origin"] = "*"  # apps in a browser read it before they know anybody here
    return answer


@csrf_exempt
@require_POST
@sensitive_post_parameters()
def token(request: HttpRequest) -> HttpResponse:
    """POST /oauth/token: a code and its PKCE verifier, a refresh token, or a system's secret, for a key of one hour."""
    _, headers, body, status = get_oauthlib_core().create_token_response(request)
    said = json.loads(body)
    if status != 200:
        return _answer(headers, said, status)
    try:
        return _answer(headers, _told(said), status)
    except BadToken:  # the person ended the access in this very moment
        return _answer(headers, {"error": "invalid_grant"}, 400)


@csrf_exempt
@require_POST
@sensitive_post_parameters()
def revoke(request: HttpRequest) -> HttpResponse:
    """POST /oauth/revoke: the app gives a key or a refresh token back (RFC 7009)."""
    _, headers, body, status = get_oauthlib_core().create_revocation_response(request)
    return _answer(headers, json.loads(body) if body else {}, status)


def _told(said: dict[str, Any]) -> dict[str, Any]:
    """What SMART adds: the patient who was chosen. The name of the access stays ours."""
    viewer = smart.viewer_of_app(said["access_token"], timezone.now())
    scopes = [scope for scope in said["scope"].split() if not smart.ACCESS.fullmatch(scope)]
    return {**said, "scope": " ".join(scopes), **({"patient": str(viewer.patient_id)} if viewer.patient_id else {})}


def _answer(headers: dict[str, str], body: dict[str, Any], status: int) -> HttpResponse:
    kept = {name: text for name, text in headers.items() if name.lower() != "content-type"}
    return JsonResponse(body, status=status, headers={**kept, "Cache-Control": "no-store", "Pragma": "no-cache"})
