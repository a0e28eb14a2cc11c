"""The patient's own access log: who read or did what with her record, and when."""

from typing import Any

from django.core import signing
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, id_in_path, query_of
from healthhub.api.shapes import WordsSerializer
from healthhub.audit import log
from healthhub.audit.words import words_for
from healthhub.lib.refused import Invalid
from healthhub.people import access

SALT = "access-log"


class LogQuerySerializer(serializers.Serializer[Any]):
    before = serializers.CharField(required=False, max_length=200, help_text="`next` of the page before.")
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    others = serializers.BooleanField(default=False, help_text="Leave out what she did herself.")


class WhoSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="user, token, app or system")
    name = serializers.CharField(allow_null=True)
    app = serializers.CharField(allow_null=True, help_text="The app that asked in this name.")


class LineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    who = WhoSerializer()
    did = serializers.CharField()
    words = WordsSerializer(help_text="To stand behind the name.")
    reason = serializers.CharField(allow_null=True, help_text="What was given as reason, where one is asked for.")


class AccessLogSerializer(serializers.Serializer[Any]):
    entries = LineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class AccessLog(APIView):
    viewer_kinds = USERS
    does = "audit"

    @extend_schema(
        summary="Who looked at my record",
        parameters=[id_in_path("patient_id", "The patient."), LogQuerySerializer],
        responses=answers(AccessLogSerializer, 400, 404),
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="audit", now=now)
        asked = query_of(request, LogQuerySerializer)
        before = _number(asked["before"]) if "before" in asked else None
        but = request.viewer.user_id if asked["others"] else None
        entries = log.entries_of(patient_id=patient.id, before=before, limit=asked["limit"], but=but)
        names = access.names_of(entry.actor_id for entry in entries)
        log.record(by=request.viewer, did="access_log.read", patient_id=patient.id, now=now)
        lines = [
            {
                "at": entry.at,
                "who": {
                    "kind": entry.actor_kind,
                    "name": names.get(entry.actor_id) if entry.actor_id else None,
                    "app": entry.detail.get("app"),
                },
                "did": entry.did,
                "words": words_for(entry.did),
                "reason": entry.detail.get("reason"),
            }
            for entry in entries
        ]
        more = len(entries) == asked["limit"]
        return Response({"entries": lines, "next": signing.dumps(entries[-1].id, salt=SALT) if more else None})


def _number(cursor: str) -> int:
    try:
        return int(signing.loads(cursor, salt=SALT))
    except signing.BadSignature as error:
        raise Invalid("This is no cursor of this list.", code="bad_cursor", field="before") from error
