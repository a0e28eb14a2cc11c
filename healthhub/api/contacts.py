"""Visits, calls, messages and notes over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.alert_shapes import PersonSerializer
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from healthhub.care import contacts
from healthhub.care.models import Contact

PATIENT = id_in_path("patient_id", "The patient.")


class ContactShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Contact.Kind.values, help_text="`note`: among clinicians; the patient does not see it.")
    at = serializers.DateTimeField(help_text="When it took place.")
    text = serializers.CharField(max_length=contacts.LONGEST_TEXT)


class WordingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Contact.Kind.values)
    at = serializers.DateTimeField()
    by = PersonSerializer()
    recorded_at = serializers.DateTimeField()
    text = serializers.CharField(allow_null=True, help_text="Null where not all of the patient's data is open to you.")


class ContactSerializer(WordingSerializer):
    was = WordingSerializer(many=True, help_text="Earlier wordings, the newest first.")


class WrittenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Contact.Kind.values)
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    text = serializers.CharField()
    corrects = serializers.UUIDField(source="corrects_id", allow_null=True)


class ContactsQuery(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class Contacts(APIView):
    """/api/v1/patients/{id}/contacts."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read", "POST": "judge"}

    @extend_schema(
        operation_id="contacts_list", parameters=[PATIENT, ContactsQuery], responses=answers(ContactSerializer(many=True), 400, 404)
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """What was said and done, newest first, each as last corrected; notes among colleagues for her clinicians only."""
        asked = query_of(request, ContactsQuery)
        found = contacts.contacts_of(viewer=request.viewer, patient_id=patient_id, now=timezone.now(), **asked)
        return Response(ContactSerializer([contacts.as_dict(one) for one in found], many=True).data)

    @extend_schema(
        operation_id="contact_add",
        request=ContactShape,
        parameters=[PATIENT],
        responses=answers(WrittenSerializer, *WITH_BODY, 404, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Write down a visit, a call, a message, or a note for colleagues."""
        body = body_of(request, ContactShape)
        contact = contacts.add(patient_id=patient_id, by=request.viewer, now=timezone.now(), **body)
        return Response(WrittenSerializer(contact).data, status=201)


class ContactCorrect(APIView):
    """POST /api/v1/contacts/{id}/correct."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "judge"}

    @extend_schema(
        operation_id="contact_correct",
        request=ContactShape,
        parameters=[id_in_path("contact_id", "The contact.")],
        responses=answers(WrittenSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, contact_id: str) -> Response:
        """Write anew what you wrote down; the earlier wording stays readable."""
        body = body_of(request, ContactShape)
        contact = contacts.correct(contact_id=contact_id, by=request.viewer, now=timezone.now(), **body)
        return Response(WrittenSerializer(contact).data, status=201)
