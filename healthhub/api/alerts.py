"""Alerts and the worklist over HTTP: each view reads its body and makes one domain call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.alert_shapes import (
    AcknowledgeShape,
    AlertSerializer,
    AlertsQuery,
    AlertWithStepsSerializer,
    NoteShape,
    ResolveShape,
    SnoozeShape,
    WorklistQuery,
    WorklistSerializer,
    worklist_shown,
)
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from healthhub.people.access import Viewer
from monitoring import alerts, worklist
from monitoring.models import Alert

ALERT = id_in_path("alert_id", "The alert.")
Shape = type[serializers.Serializer[Any]]


class PatientAlerts(APIView):
    """GET /api/v1/patients/{id}/alerts."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="patient_alerts",
        parameters=[id_in_path("patient_id", "The patient."), AlertsQuery],
        responses=answers(AlertWithStepsSerializer(many=True), 400, 404),
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """Her open alerts (the most severe first) or her closed ones (newest first), with every step."""
        asked = query_of(request, AlertsQuery)
        now = timezone.now()
        if asked["state"] == "open":
            found = worklist.open_alerts(viewer=request.viewer, patient_id=patient_id, now=now)[: asked["limit"]]
        else:
            found = worklist.past_alerts(viewer=request.viewer, patient_id=patient_id, now=now, limit=asked["limit"])
        return Response(AlertWithStepsSerializer(found, many=True).data)


class OneAlert(APIView):
    """GET /api/v1/alerts/{id}."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="alert_read", parameters=[ALERT], responses=answers(AlertWithStepsSerializer, 404))
    def get(self, request: Asked, alert_id: str) -> Response:
        """One alert with its evidence, its rule's source, and every step."""
        found = alerts.read(alert_id=alert_id, viewer=request.viewer, now=timezone.now())
        return Response(AlertWithStepsSerializer(found).data)


class _Step(APIView):
    """POST /api/v1/alerts/{id}/<step>: one step of one alert."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "act"}
    shape: ClassVar[Shape | None] = None
    door: ClassVar[Callable[..., Alert]]

    def take(self, alert_id: str, viewer: Viewer, now: datetime, body: dict[str, Any]) -> Alert:
        """This function will make the one domain call."""
        return type(self).door(alert_id=alert_id, by=viewer, now=now, **body)

    def post(self, request: Asked, alert_id: str) -> Response:
        body = body_of(request, self.shape) if self.shape is not None else {}
        return Response(AlertSerializer(self.take(alert_id, request.viewer, timezone.now(), body)).data)


def _described(name: str, shape: Shape | None) -> Any:
    described = extend_schema(
        operation_id=f"alert_{name}", request=shape, parameters=[ALERT], responses=answers(AlertSerializer, *WITH_BODY, 404, 409)
    )
    return extend_schema_view(post=described)


@_described("acknowledge", AcknowledgeShape)
class Acknowledge(_Step):
    """Take the alert: the others see who has it and until when; it comes back if nobody closes it. 409 when someone else has it."""

    shape, door = AcknowledgeShape, staticmethod(alerts.acknowledge)


@_described("hand_back", None)
class HandBack(_Step):
    """Give the alert back: it is open again and climbs on from where it was."""

    door = staticmethod(alerts.hand_back)


@_described("snooze", SnoozeShape)
class Snooze(_Step):
    """Keep the alert quiet for yourself until a time; the others still hear of it."""

    does: ClassVar = {"POST": "snooze"}
    shape, door = SnoozeShape, staticmethod(alerts.snooze)


@_described("unsnooze", None)
class Unsnooze(_Step):
    """Undo your snooze."""

    does: ClassVar = {"POST": "snooze"}
    door = staticmethod(alerts.unsnooze)


@_described("note", NoteShape)
class Note(_Step):
    """Add a note that everyone who sees the alert can read."""

    shape, door = NoteShape, staticmethod(alerts.note)


@_described("resolve", ResolveShape)
class Resolve(_Step):
    """Close the alert with what came of it."""

    shape, door = ResolveShape, staticmethod(alerts.resolve)


class WorklistView(APIView):
    """GET /api/v1/worklist."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="worklist", parameters=[WorklistQuery], responses=answers(WorklistSerializer, 400))
    def get(self, request: Asked) -> HttpResponse:
        """The patients opened to you, ordered by need."""
        asked = query_of(request, WorklistQuery)
        found = worklist.worklist(viewer=request.viewer, now=timezone.now(), limit=asked["limit"], after=asked.get("after"), sparks=False)
        return HttpResponse(msgspec.json.encode(worklist_shown(found)), content_type="application/json")
