"""Breaking the glass over a foreign record, and the review that follows."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.people import USERS
from healthhub.api.schema import answers, body_of, id_in_path
from healthhub.audit import log
from healthhub.people import access, breakglass
from healthhub.people.breakglass import Opened
from healthhub.people.models import BreakGlass
from notifications.post import post


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
        with transaction.atomic():
            opened = breakglass.open_record(patient_id=patient_id, by=request.viewer, now=now, **wanted)
            about = f"break_glass:{opened.opening.id}"
            post(
                people=opened.tell_patient,
                about=about,
                reason="break_glass",
                severity="urgent",  # passes quiet hours: she hears of it while it goes on
                texts=_to_patient(opened),
                patient_id=opened.patient.id,
                now=now,
            )
            post(people=opened.tell_reviewers, about=about, reason="review_due", severity="amber", texts=_to_reviewer(opened), now=now)
        return Response(_opened(opened.opening), status=201)


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


def _to_patient(opened: Opened) -> dict[str, dict[str, str]]:
    until = opened.opening.ends_at.astimezone(ZoneInfo(opened.patient.time_zone)).strftime("%H:%M")
    return {
        "zh-hans": {
            "title": "您的档案因紧急情况被打开",
            "body": f"{opened.opener} 打开了您的档案，可查看至 {until}。理由：{opened.opening.reason}",
        },
        "en": {
            "title": "Your record was opened in an emergency",
            "body": f"{opened.opener} opened your record and may read it until {until}. Reason given: {opened.opening.reason}",
        },
    }


def _to_reviewer(opened: Opened) -> dict[str, dict[str, str]]:
    """Names no patient: the reviewer need not have her consent."""
    return {
        "zh-hans": {"title": "有一次紧急打开档案待您审核", "body": f"{opened.opener} 因紧急情况打开了一份患者档案。请在三天内审核。"},
        "en": {
            "title": "An emergency opening awaits your review",
            "body": f"{opened.opener} opened a patient's record in an emergency. Please review it within three days.",
        },
    }
