"""Saved views, tags, reviews, and one act on many patients, over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, RefusalSerializer, answers, body_of, id_in_path
from monitoring import bulk, desk

PATIENT = id_in_path("patient_id", "The patient.")
VIEW = id_in_path("view_id", "One of your saved views.")
TAG = id_in_path("tag_id", "A tag of your organisation.")


class ViewShape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=40)
    query = serializers.CharField(max_length=400, allow_blank=True, default="", help_text="As behind the question mark of the worklist.")


class ViewChangeShape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=40, required=False)
    query = serializers.CharField(max_length=400, allow_blank=True, required=False)


class ViewSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    query = serializers.CharField(allow_blank=True)
    saved_at = serializers.DateTimeField()


class TagShape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=40)


class TagSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ReviewSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient_id")
    by = serializers.UUIDField(source="by_id")
    at = serializers.DateTimeField()


class BulkShape(serializers.Serializer[Any]):
    patients = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=bulk.MOST)
    act = serializers.ChoiceField(bulk.ACTS)
    until = serializers.DateTimeField(required=False, help_text="Of `snooze`: at most 7 days ahead.")
    tag = serializers.CharField(max_length=40, required=False, help_text="Of `tag`.")


class BulkResultSerializer(serializers.Serializer[Any]):
    patient = serializers.UUIDField(source="patient_id")
    name = serializers.CharField(allow_null=True, help_text="Null for a patient who is not yours to see.")
    refused = RefusalSerializer(allow_null=True, help_text="Null: it was done.")


class Views(APIView):
    """/api/v1/views."""

    viewer_kinds = frozenset({"user"})
    does = "read"

    @extend_schema(operation_id="views_list", responses=answers(ViewSerializer(many=True)))
    def get(self, request: Asked) -> Response:
        """Your saved views of the worklist, by name."""
        return Response(ViewSerializer(desk.views_of(viewer=request.viewer), many=True).data)

    @extend_schema(operation_id="view_save", request=ViewShape, responses=answers(ViewSerializer, *WITH_BODY, 409, status=201))
    def post(self, request: Asked) -> Response:
        """Save a view: a name for a query of the worklist."""
        view = desk.save_view(**body_of(request, ViewShape), by=request.viewer, now=timezone.now())
        return Response(ViewSerializer(view).data, status=201)


class OneView(APIView):
    """/api/v1/views/{id}."""

    viewer_kinds = frozenset({"user"})
    does = "read"

    @extend_schema(
        operation_id="view_change",
        request=ViewChangeShape,
        parameters=[VIEW],
        responses=answers(ViewSerializer, *WITH_BODY, 404, 409),
    )
    def patch(self, request: Asked, view_id: str) -> Response:
        """Rename a view or give it another query."""
        view = desk.change_view(view_id=view_id, **body_of(request, ViewChangeShape), by=request.viewer, now=timezone.now())
        return Response(ViewSerializer(view).data)

    @extend_schema(operation_id="view_delete", parameters=[VIEW], responses=answers(None, 404, status=204))
    def delete(self, request: Asked, view_id: str) -> Response:
        """Delete a view."""
        desk.delete_view(view_id=view_id, by=request.viewer)
        return Response(status=204)


class Tags(APIView):
    """GET /api/v1/tags."""

    viewer_kinds = frozenset({"user"})
    does = "read"

    @extend_schema(operation_id="tags_list", responses=answers(TagSerializer(many=True)))
    def get(self, request: Asked) -> Response:
        """The tags in use where you work as a clinician."""
        return Response(TagSerializer(desk.tags_of(viewer=request.viewer, now=timezone.now()), many=True).data)


class PatientTags(APIView):
    """/api/v1/patients/{id}/tags."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read", "POST": "judge"}

    @extend_schema(operation_id="patient_tags", parameters=[PATIENT], responses=answers(TagSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """The tags your organisations put on her."""
        return Response(TagSerializer(desk.tags_on(viewer=request.viewer, patient_id=patient_id, now=timezone.now()), many=True).data)

    @extend_schema(
        operation_id="patient_tag",
        request=TagShape,
        parameters=[PATIENT],
        responses=answers(TagSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Put a tag of your organisation on her; putting it again changes nothing."""
        tag = desk.tag(patient_id=patient_id, name=body_of(request, TagShape)["name"], by=request.viewer, now=timezone.now())
        return Response(TagSerializer(tag).data, status=201)


class PatientTag(APIView):
    """DELETE /api/v1/patients/{id}/tags/{id}."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"DELETE": "judge"}

    @extend_schema(operation_id="patient_untag", parameters=[PATIENT, TAG], responses=answers(None, 404, status=204))
    def delete(self, request: Asked, patient_id: str, tag_id: str) -> Response:
        """Take a tag off her."""
        desk.untag(patient_id=patient_id, tag_id=tag_id, by=request.viewer, now=timezone.now())
        return Response(status=204)


class Reviews(APIView):
    """POST /api/v1/patients/{id}/reviews."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "judge"}

    @extend_schema(
        operation_id="patient_review", request=None, parameters=[PATIENT], responses=answers(ReviewSerializer, *WITH_BODY, 404, status=201)
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Note that you have looked at her as a whole."""
        made = desk.review(patient_id=patient_id, by=request.viewer, now=timezone.now())
        return Response(ReviewSerializer(made).data, status=201)


class Bulk(APIView):
    """POST /api/v1/worklist/act."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "read"}

    @extend_schema(operation_id="worklist_act", request=BulkShape, responses=answers(BulkResultSerializer(many=True), *WITH_BODY))
    def post(self, request: Asked) -> Response:
        """One act on many patients: each is asked for herself, and one refusal stops no other."""
        body = body_of(request, BulkShape)
        results = bulk.carry_out(patient_ids=body.pop("patients"), by=request.viewer, now=timezone.now(), **body)
        told = [
            {"patient_id": one.patient_id, "name": one.name, "refused": one.refused.as_dict() if one.refused else None} for one in results
        ]
        return Response(BulkResultSerializer(told, many=True).data)
