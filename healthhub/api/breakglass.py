"""Breaking the glass over a foreign record, and the review that follows."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, body_of, id_in_path
from healthhub.audit import log
from healthhub.care import glass
from healthhub.people import access, breakglass
from healthhub.people.models import BreakGlass


class OpenSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(min_length=breakglass.SHORTEST_REASON, max_length=breakglass.LONGEST_TEXT)
    hours = serializers.IntegerField(min_value=1, max_value=breakglass.LONGEST_HOURS)


class OpenedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    patient = serializers.UUIDField()
    opened_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    review_due_at = serializers.DateTimeField()


class OpeningSerializer(OpenedSerializer):
    opened_by = serializers.CharField()
    patient_name = serializers.CharField(allow_null=True, help_text="Null where her name is not open to you.")
    reason = serializers.CharField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reviewed_by = serializers.CharField(allow_null=True)
    review_outcome = serializers.CharField(allow_blank=True)
    review_note = serializers.CharField(allow_blank=True)


class OpeningsSerializer(serializers.Serializer[Any]):
    openings = OpeningSerializer(many=True)


class ReviewSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(breakglass.OUTCOMES)
    note = serializers.CharField(default="", allow_blank=True, max_length=breakglass.LONGEST_TEXT)


class BreakTheGlass(APIView):
    viewer_kinds = USERS
    does = "break_glass"

    @extend_schema(
        summary="Open a foreign record in an emergency",
        description="For clinicians only; read only; the patient and the lead of her team are told, and a review is due.",
        parameters=[id_in_path("patient_id", "Any patient.")],
        request=OpenSerializer,
        responses=answers(OpenedSerializer, 400, 404, 409, 413, 415, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        breakglass.check_may_open(request.viewer, patient_id, now=now)
        wanted = body_of(request, OpenSerializer)
        opening = glass.open_and_tell(patient_id=patient_id, by=request.viewer, now=now, **wanted)
        return Response(_opened(opening), status=201)


class Openings(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="Emergency openings that fall to me to review", responses=answers(OpeningsSerializer))
    def get(self, request: Asked) -> Response:
        now = timezone.now()
        rows = list(breakglass.to_review(request.viewer, now=now)[:200])
        names = dict(
            access.patients_visible_to(request.viewer, now=now).filter(id__in={row.patient_id for row in rows}).values_list("id", "name")
        )
        log.record_reads(by=request.viewer, did="break_glass.list", patient_ids={row.patient_id for row in rows}, now=now)
        return Response({"openings": [_opening(row, names.get(row.patient_id)) for row in rows]})


class Review(APIView):
    viewer_kinds = USERS
    does = "act"

    @extend_schema(
        summary="Review an emergency opening",
        parameters=[id_in_path("opening_id", "The opening.")],
        request=ReviewSerializer,
        responses=answers(OpenedSerializer, 400, 404, 409, 413, 415),
    )
    def post(self, request: Asked, opening_id: str) -> Response:
        now = timezone.now()
        opening = breakglass.opening_for_review(request.viewer, opening_id, now=now)
        found = body_of(request, ReviewSerializer)
        return Response(_opened(breakglass.review(opening=opening, by=request.viewer, now=now, **found)))


def _opened(opening: BreakGlass) -> dict[str, Any]:
    return {
        "id": opening.id,
        "patient": opening.patient_id,
        "opened_at": opening.opened_at,
        "ends_at": opening.ends_at,
        "review_due_at": opening.review_due_at,
    }


def _opening(opening: BreakGlass, patient_name: str | None) -> dict[str, Any]:
    return {
        **_opened(opening),
        "opened_by": opening.opened_by.name,
        "patient_name": patient_name,
        "reason": opening.reason,
        "reviewed_at": opening.reviewed_at,
        "reviewed_by": opening.reviewed_by.name if opening.reviewed_by else None,
        "review_outcome": opening.review_outcome,
        "review_note": opening.review_note,
    }
