"""The addresses to which the phone SDKs of Open Wearables sync: their shape in, their shape out, with the fate of each record besides."""

from collections import Counter
from typing import Any, ClassVar, cast

import msgspec
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from healthhub.api import batches
from healthhub.api.auth import REALM, Asked, SessionAuthentication, TokenAuthentication
from healthhub.api.parsers import strict_json
from healthhub.api.schema import WITH_BODY, answers, id_in_path
from healthhub.dialects import open_wearables
from healthhub.dialects.open_wearables import SECTIONS, Taken
from healthhub.lib.refused import Invalid
from healthhub.people import access
from healthhub.people.access import Viewer
from monitoring import intake

KEY_HEADER = "X-Open-Wearables-API-Key"
Fate = dict[str, Any]


class KeyAuthentication(BaseAuthentication):
    """A device token in the header in which the SDKs send an API key."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Viewer] | None:
        secret = request.headers.get(KEY_HEADER)
        if secret is None or "Authorization" in request.headers:
            return None
        viewer = access.viewer_of_token(secret.strip(), timezone.now())
        cast(Asked, request).viewer = viewer
        return AnonymousUser(), viewer

    def authenticate_header(self, request: Request) -> str:
        return REALM


class RecordFateSerializer(serializers.Serializer[Any]):
    section = serializers.ChoiceField(SECTIONS)
    index = serializers.IntegerField(help_text="Which record of the section, from 0.")
    id = serializers.CharField(help_text="The record's own id.")
    fate = serializers.CharField(help_text="stored, corrected, duplicate, rejected or outside_consent")
    code = serializers.CharField(required=False)
    field = serializers.CharField(required=False)


class SyncedSerializer(serializers.Serializer[Any]):
    status_code = serializers.IntegerField()
    response = serializers.CharField()
    user_id = serializers.UUIDField()
    received_at = serializers.DateTimeField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Records by their fate.")
    fates = RecordFateSerializer(many=True)


class Sync(APIView):
    """/api/v1/sdk/users/{id}/sync."""

    authentication_classes = (KeyAuthentication, TokenAuthentication, SessionAuthentication)
    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="open_wearables_sync",
        parameters=[id_in_path("patient_id", "The patient: the SDK's user.")],
        request={"application/json": OpenApiTypes.ANY},
        responses=answers(SyncedSerializer, *WITH_BODY, 404, status=202),
    )
    def post(self, request: Asked, patient_id: str) -> HttpResponse:
        """Take in what a phone collected. 202 once the body is understood: an SDK sends for ever again what is answered otherwise."""
        now = timezone.now()
        patient, _ = access.classes_open(request.viewer, patient_id, action="write", now=now)
        taken = [*open_wearables.read(_body(request))]
        sent = [(number, reading) for number, one in enumerate(taken) for reading in one.readings]
        unread = [one.refused for one in taken if one.refused]
        receipt = intake.receive(patient_id=patient, readings=[reading for _, reading in sent], by=request.viewer, now=now, unread=unread)
        fates = _fates(taken, [(sent[fate["index"]][0], fate) for fate in receipt.fates])
        answer = {
            "status_code": 202,
            "response": "taken in",
            "user_id": str(patient),
            "received_at": now,
            "counts": Counter(fate["fate"] for fate in fates),
            "fates": fates,
        }
        return HttpResponse(msgspec.json.encode(answer), status=202, content_type="application/json")


def _body(request: Asked) -> Any:
    raw = request._request
    if raw.content_type != "application/json":
        raise batches.WrongType
    body = strict_json(batches.read_body(raw, encoding=raw.headers.get("Content-Encoding", "").strip().lower()))  # type: ignore[arg-type]
    data = body.get("data") if isinstance(body, dict) else None
    count = sum(len(lines) for lines in data.values() if isinstance(lines, list)) if isinstance(data, dict) else 0
    if count > settings.OBSERVATIONS_MAX_COUNT:
        raise Invalid(f"Send at most {settings.OBSERVATIONS_MAX_COUNT} readings at a time.", code="too_many")
    return body


def _fates(taken: list[Taken], of_readings: list[tuple[int, Fate]]) -> list[Fate]:
    """A record of two readings has the fate of the first that was not kept, or of the first."""
    found: dict[int, Fate] = {}
    for number, fate in of_readings:
        if number not in found or fate["fate"] in ("rejected", "outside_consent"):
            found[number] = fate
    fates = []
    for number, one in enumerate(taken):
        fate = intake.rejected(number, one.refused) if one.refused else found[number]
        said = {name: fate[name] for name in ("fate", "code", "field") if fate.get(name) is not None}
        fates += [{"section": section, "index": index, "id": id_, **said} for section, index, id_ in one.records]
    return sorted(fates, key=lambda fate: (SECTIONS.index(fate["section"]), fate["index"]))
