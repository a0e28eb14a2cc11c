"""Where a patient's readings come from over HTTP: each source's last sign of life, battery, days, gaps, and what was refused and why."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.schema import answers, id_in_path
from monitoring import deliveries
from monitoring.deliveries import DAYS, FromSource


class BatterySerializer(serializers.Serializer[Any]):
    percent = serializers.IntegerField()
    at = serializers.DateTimeField()


class GapSerializer(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()


class SenderSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["token", "user"], help_text="A device, or a person.")
    id = serializers.UUIDField()
    name = serializers.CharField()
    last_at = serializers.DateTimeField()
    kept = serializers.IntegerField()
    refused = serializers.IntegerField()


class SourceSerializer(serializers.Serializer[Any]):
    source = serializers.CharField(help_text="As its sender calls it; empty for what could not be read.")  # type: ignore[assignment]
    last_received_at = serializers.DateTimeField(allow_null=True)
    battery = BatterySerializer(allow_null=True, help_text="Null where it does not tell.")
    kept = serializers.IntegerField(help_text="Readings stored or corrected.")
    repeated = serializers.IntegerField(help_text="Readings that were here already.")
    refused = serializers.IntegerField(help_text="Readings rejected, or outside consent.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Code of a refusal -> readings.")
    days = serializers.ListField(child=serializers.DateField(), help_text="Her days with a reading.")
    gap = GapSerializer(allow_null=True, help_text="The longest run of two or more days without one.")
    senders = SenderSerializer(many=True)


class ConnectionsSerializer(serializers.Serializer[Any]):
    looked_at_days = serializers.IntegerField()
    sources = SourceSerializer(many=True)


class Connections(APIView):
    """/api/v1/patients/{id}/connections."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="connections_list",
        parameters=[id_in_path("patient_id", "The patient.")],
        responses=answers(ConnectionsSerializer, 404),
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """The sources whose readings you may see, and how they did in the last 30 days, the one heard of last first."""
        found = deliveries.of_patient(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response(ConnectionsSerializer({"looked_at_days": DAYS, "sources": [_shown(one) for one in found]}).data)


def _shown(one: FromSource) -> dict[str, Any]:
    gap = {"first": one.gap[0], "last": one.gap[1]} if one.gap else None
    return {
        "source": one.source,
        "last_received_at": one.last_received_at,
        "battery": one.battery,
        "kept": one.kept,
        "repeated": one.repeated,
        "refused": one.refused,
        "reasons": dict(one.reasons.most_common()),
        "days": sorted(one.days),
        "gap": gap,
        "senders": one.senders,
    }
