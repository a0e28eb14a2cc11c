"""Open mHealth / IEEE 1752.1 data points, in and out; each with its fate."""

from collections.abc import Mapping
from datetime import timedelta, timezone as fixed
from typing import Any, ClassVar
from uuid import UUID, uuid5

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from healthhub.api import batches, readings
from healthhub.api.auth import Asked
from healthhub.api.observations import cursor_in, cursor_out
from healthhub.api.parsers import strict_json
from healthhub.api.schema import WITH_BODY, answers, id_in_path, query_of
from healthhub.api.shapes import ReceiptSerializer
from healthhub.dialects.files import openmhealth
from healthhub.lib.refused import Invalid, Refused
from healthhub.people import access
from monitoring import intake

PATIENT = id_in_path("patient_id", "The patient.")


class DataPointSerializer(serializers.Serializer[Any]):
    """One data point: its header names the schema that its body follows."""

    header = serializers.DictField()
    body = serializers.DictField()


class DataPointsSerializer(serializers.Serializer[Any]):
    data_points = DataPointSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")


class DataPointsQuery(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=400, required=False, help_text="One or several kinds, separated by commas.")
    to = serializers.DateTimeField(required=False)
    cursor = serializers.CharField(required=False, max_length=200)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": serializers.DateTimeField(required=False)}


class DataPoints(APIView):
    """/api/v1/patients/{id}/datapoints."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read", "POST": "write"}

    @extend_schema(
        operation_id="datapoints_send",
        parameters=[PATIENT],
        request={"application/json": OpenApiTypes.ANY},
        responses={**answers(ReceiptSerializer, *WITH_BODY, 404), 201: ReceiptSerializer, 422: ReceiptSerializer},
    )
    def post(self, request: Asked, patient_id: str) -> HttpResponse:
        """Send one Open mHealth data point or a list of up to 10,000; the answer tells the fate of each. Sending again is safe.

        201: something new was stored; 200: all were there already; 422: nothing could be kept.
        """
        now = timezone.now()
        patient, _ = access.classes_open(request.viewer, patient_id, action="write", now=now)
        raw = request._request
        if not raw.content_type and raw.headers.get("Content-Length") in (None, "", "0"):
            raise Invalid("There is no reading in the body.", code="empty")
        if raw.content_type != "application/json":
            raise batches.WrongType
        whole = strict_json(batches.read_body(raw, encoding=raw.headers.get("Content-Encoding", "").strip().lower()))  # type: ignore[arg-type]
        points = whole if isinstance(whole, list) else [whole]
        if not points:
            raise Invalid("There is no reading in the body.", code="empty")
        if len(points) > settings.OBSERVATIONS_MAX_COUNT:
            raise Invalid(f"Send at most {settings.OBSERVATIONS_MAX_COUNT} readings at a time.", code="too_many")
        fates: list[dict[str, Any]] = []
        kept: dict[int, Mapping[str, Any]] = {}
        unread: list[Refused] = []
        for index, point in enumerate(points):
            try:
                kept[index] = openmhealth.take(point)
            except Invalid as refused:
                unread.append(refused)
                fates.append(intake.rejected(index, refused))
        receipt = intake.receive(patient_id=patient, readings=[*kept.values()], by=request.viewer, now=now, indexes=[*kept], unread=unread)
        receipt.fates = sorted(fates + receipt.fates, key=lambda fate: fate["index"])
        counts = receipt.counts()
        status = 201 if counts.keys() & {"stored", "corrected"} else 200 if "duplicate" in counts else 422
        answer = {"received_at": now, "counts": counts, "alerts": receipt.alerts, "fates": receipt.fates}
        return HttpResponse(msgspec.json.encode(answer), status=status, content_type="application/json")

    @extend_schema(operation_id="datapoints_read", parameters=[PATIENT, DataPointsQuery], responses=answers(DataPointsSerializer, 400, 404))
    def get(self, request: Asked, patient_id: str) -> HttpResponse:
        """Read her readings as Open mHealth data points, newest first, by cursor; in the unit they were measured in.

        Kinds for which there is no schema here, and a meter's bare LO or HI, are left out: a page may hold fewer than `limit`.
        """
        asked, now = query_of(request, DataPointsQuery), timezone.now()
        kinds = [key.strip() for key in asked["kind"].split(",")] if asked.get("kind") else None
        opened = readings.open_for(request.viewer, patient_id, kinds=kinds, now=now)
        until = asked.get("to") or now + timedelta(minutes=10)
        since = asked.get("from") or until - timedelta(days=30)
        before = cursor_in(asked.get("cursor"))
        rows = readings.page(opened, since=since, until=until, limit=asked["limit"], before=before)["observations"]
        points = [point for row in rows if (point := _point(opened.patient.id, row)) is not None]
        following = cursor_out(rows[-1]) if len(rows) == asked["limit"] else None
        return HttpResponse(msgspec.json.encode({"data_points": points, "next": following}), content_type="application/json")


def _point(patient_id: UUID, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """As it was sent: in its own unit and zone, under its own id where that is a UUID."""
    sent = row["context"] or {}
    said = {**row, "at": row["at"].astimezone(fixed(timedelta(minutes=row["utc_offset"])))}
    if "sent" in sent:
        said |= {"unit": sent["unit"], "value": sent["sent"], "value2": sent.get("sent2")}
    try:
        uuid = UUID(row["key"])
    except ValueError:
        uuid = uuid5(patient_id, str(row["seq"]))
    return openmhealth.write(said, uuid=str(uuid))
