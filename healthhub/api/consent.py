"""A patient's consent ledger: read it, add a grant, withdraw one. Hers alone."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, body_of, id_in_path
from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, consent
from healthhub.people.models import ConsentEntry
from healthhub.people.relations import RIGHTS


class GrantSerializer(serializers.Serializer[Any]):
    grantee_kind = serializers.ChoiceField(sorted(consent.PURPOSES))
    grantee_id = serializers.UUIDField()
    data_classes = serializers.ListField(child=serializers.ChoiceField(sorted(DATA_CLASSES)), min_length=1, max_length=20)
    purpose = serializers.ChoiceField(sorted(frozenset().union(*consent.PURPOSES.values())))
    rights = serializers.ListField(child=serializers.ChoiceField(RIGHTS), min_length=1, max_length=10)
    document_version = serializers.CharField(max_length=40)
    starts_at = serializers.DateTimeField(required=False, help_text="Now, when not given.")
    ends_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Until withdrawn, when not given.")


class EntrySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    grantee_kind = serializers.CharField()
    grantee_id = serializers.UUIDField()
    grantee_name = serializers.CharField(allow_null=True)
    data_classes = serializers.ListField(child=serializers.CharField())
    purpose = serializers.CharField()
    rights = serializers.ListField(child=serializers.CharField())
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    document_version = serializers.CharField()
    given_by = serializers.CharField()
    entered_at = serializers.DateTimeField()
    withdraws = serializers.UUIDField(allow_null=True, help_text="This line ends that grant.")
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class LedgerSerializer(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True)


class Consent(APIView):
    viewer_kinds = USERS
    does = "consent"

    @extend_schema(
        summary="The consent ledger", parameters=[id_in_path("patient_id", "The patient.")], responses=answers(LedgerSerializer, 404)
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="consent", now=now)
        entries = consent.ledger_of(patient=patient)
        names = consent.grantee_names(entries)
        log.record(by=request.viewer, did="consent.read", patient_id=patient.id, now=now)
        return Response({"entries": [_entry(entry, names) for entry in entries]})

    @extend_schema(
        summary="Give consent",
        parameters=[id_in_path("patient_id", "The patient.")],
        request=GrantSerializer,
        responses=answers(EntrySerializer, 400, 404, 413, 415, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="consent", now=now)
        entry = consent.grant(patient=patient, by=request.viewer, now=now, **body_of(request, GrantSerializer))
        return Response(_entry(entry, consent.grantee_names([entry])), status=201)


class Withdraw(APIView):
    viewer_kinds = USERS
    does = "consent"

    @extend_schema(
        summary="Withdraw consent, from this moment on",
        parameters=[id_in_path("entry_id", "The line of the grant.")],
        request=None,
        responses=answers(EntrySerializer, 404, 409, status=201),
    )
    def post(self, request: Asked, entry_id: str) -> Response:
        now = timezone.now()
        given = access.row_for(request.viewer, consent.entries(), entry_id, action="consent", now=now)
        line = consent.withdraw(entry=given, by=request.viewer, now=now)
        return Response(_entry(line, consent.grantee_names([line])), status=201)


def _entry(entry: ConsentEntry, names: dict[UUID, str]) -> dict[str, Any]:
    ended = getattr(entry, "withdrawn_by", None)
    return {
        "id": entry.id,
        "grantee_kind": entry.grantee_kind,
        "grantee_id": entry.grantee_id,
        "grantee_name": names.get(entry.grantee_id),
        "data_classes": entry.data_classes,
        "purpose": entry.purpose,
        "rights": entry.rights,
        "starts_at": entry.starts_at,
        "ends_at": entry.ends_at,
        "document_version": entry.document_version,
        "given_by": entry.given_by.name,
        "entered_at": entry.entered_at,
        "withdraws": entry.withdraws_id,
        "withdrawn_at": ended.entered_at if ended else None,
    }
