"""A patient's device tokens: list, issue (the secret is shown once), revoke."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, body_of, id_in_path
from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.people import access, tokens
from healthhub.people.models import DeviceToken
from healthhub.records import catalogue


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, help_text="The device it is for.")
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=40), default=list, max_length=100, help_text="Keys of kinds; none means every kind."
    )
    may_write = serializers.BooleanField(default=True)
    may_read = serializers.BooleanField(default=False)
    may_acknowledge = serializers.BooleanField(default=False, help_text="May take alerts in hand in your name (Nightscout followers).")
    may_replay = serializers.BooleanField(default=False, help_text="May state the moment it plays; refused in production.")


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The beginning of the secret, to tell tokens apart.")
    kinds = serializers.ListField(child=serializers.CharField())
    may_write = serializers.BooleanField()
    may_read = serializers.BooleanField()
    may_acknowledge = serializers.BooleanField()
    may_replay = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class IssuedSerializer(TokenSerializer):
    secret = serializers.CharField(help_text="Shown now and never again.")


class TokensSerializer(serializers.Serializer[Any]):
    tokens = TokenSerializer(many=True)


class Tokens(APIView):
    viewer_kinds = USERS
    does = "tokens"

    @extend_schema(summary="Device tokens", parameters=[id_in_path("patient_id", "The patient.")], responses=answers(TokensSerializer, 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="tokens", now=now)
        log.record(by=request.viewer, did="token.list", patient_id=patient.id, now=now)
        return Response({"tokens": [_token(token) for token in tokens.tokens_of(patient=patient)]})

    @extend_schema(
        summary="Issue a device token",
        parameters=[id_in_path("patient_id", "The patient.")],
        request=NewTokenSerializer,
        responses=answers(IssuedSerializer, 400, 404, 409, 413, 415, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="tokens", now=now)
        wanted = body_of(request, NewTokenSerializer)
        if not set(wanted["kinds"]) <= catalogue.BY_KEY.keys():
            raise Invalid("There is no such kind of reading.", code="unknown_kind", field="kinds")
        token, secret = tokens.issue(patient=patient, by=request.viewer, now=now, **wanted)
        return Response({**_token(token), "secret": secret}, status=201, headers={"Cache-Control": "no-store"})


class OneToken(APIView):
    viewer_kinds = USERS
    does = "tokens"
    responses: ClassVar = {204: None, **{code: answer for code, answer in answers(None, 404, 409).items() if code != 200}}

    @extend_schema(summary="Revoke a device token", parameters=[id_in_path("token_id", "The token.")], request=None, responses=responses)
    def delete(self, request: Asked, token_id: str) -> Response:
        now = timezone.now()
        token = access.row_for(request.viewer, tokens.all_tokens(), token_id, action="tokens", now=now)
        tokens.revoke(token=token, by=request.viewer, now=now)
        return Response(status=204)


def _token(token: DeviceToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "kinds": token.kinds,
        "may_write": token.may_write,
        "may_read": token.may_read,
        "may_acknowledge": token.may_acknowledge,
        "may_replay": token.may_replay,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
