"""The models over HTTP: what they are, how they hold up, who lets which version speak, and a panel at once."""

from typing import ClassVar

from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.risk_shapes import (
    CardQuery,
    CardSerializer,
    CountSerializer,
    ModelSerializer,
    PanelAskShape,
    PanelQuery,
    PanelSerializer,
    ReasonShape,
    VersionSerializer,
    WatchQuery,
    WatchSerializer,
)
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from risk import cards, standings, versions

KEY = OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH, description="The model.")
VERSION = id_in_path("version_id", "The version.")


class Models(APIView):
    """GET /api/v1/risk/models."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="risk_models", responses=answers(ModelSerializer(many=True)))
    def get(self, request: Asked) -> Response:
        """Every model: what it answers, for whom not, its bands, its inputs with the range it was trained on, and which version speaks."""
        return Response(ModelSerializer(versions.models(), many=True).data)


class Card(APIView):
    """GET /api/v1/risk/models/{key}/card."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="risk_model_card", parameters=[KEY, CardQuery], responses=answers(CardSerializer, 400, 404))
    def get(self, request: Asked, key: str) -> Response:
        """The model's card as Markdown: data, population it does not cover, figures, limits."""
        language = query_of(request, CardQuery).get("language") or ("zh-hans" if (get_language() or "zh").startswith("zh") else "en")
        return Response(CardSerializer({"model": key, "language": language, "markdown": cards.card(key, language)}).data)


class Versions(APIView):
    """GET /api/v1/risk/models/{key}/versions."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="risk_model_versions", parameters=[KEY], responses=answers(VersionSerializer(many=True), 404))
    def get(self, request: Asked, key: str) -> Response:
        """Every version that was kept, newest first; for the staff of a clinic or hospital."""
        found = versions.versions_of(viewer=request.viewer, key=key, now=timezone.now())
        return Response(VersionSerializer(found, many=True).data)


class Watch(APIView):
    """GET /api/v1/risk/models/{key}/watch."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="risk_model_watch", parameters=[KEY, WatchQuery], responses=answers(WatchSerializer(many=True), 400, 404))
    def get(self, request: Asked, key: str) -> Response:
        """How the versions hold up: drift, calibration, burden, and what clinicians thought; for the staff of a clinic or hospital."""
        asked = query_of(request, WatchQuery)
        found = versions.watch(viewer=request.viewer, key=key, now=timezone.now(), days=asked["days"])
        return Response(WatchSerializer(found, many=True).data)


class Approve(APIView):
    """POST /api/v1/risk/versions/{id}/approve."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "approve"}

    @extend_schema(
        operation_id="risk_version_approve",
        request=ReasonShape,
        parameters=[VERSION],
        responses=answers(VersionSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, version_id: str) -> Response:
        """Let a challenger speak from now on, with a reason; for operators and doctors who lead their team."""
        body = body_of(request, ReasonShape)
        version = versions.approve(version_id=version_id, by=request.viewer, now=timezone.now(), reason=body["reason"])
        return Response(VersionSerializer(version).data)


class Refuse(APIView):
    """POST /api/v1/risk/versions/{id}/refuse."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "approve"}

    @extend_schema(
        operation_id="risk_version_refuse",
        request=ReasonShape,
        parameters=[VERSION],
        responses=answers(VersionSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, version_id: str) -> Response:
        """Refuse a challenger for good, with a reason; for operators and doctors who lead their team."""
        body = body_of(request, ReasonShape)
        version = versions.refuse(version_id=version_id, by=request.viewer, now=timezone.now(), reason=body["reason"])
        return Response(VersionSerializer(version).data)


class Panel(APIView):
    """GET /api/v1/risk/panel."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="risk_panel", parameters=[PanelQuery], responses=answers(PanelSerializer, 400))
    def get(self, request: Asked) -> Response:
        """The patients opened to you by where they stand with one model, worst first."""
        asked = query_of(request, PanelQuery)
        rows, after = standings.panel(viewer=request.viewer, now=timezone.now(), **asked)
        return Response(PanelSerializer({"rows": rows, "next": after}).data)


class AskPanel(APIView):
    """POST /api/v1/risk/panel/assess."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "judge"}

    @extend_schema(operation_id="risk_panel_assess", request=PanelAskShape, responses=answers(CountSerializer, *WITH_BODY, 404, status=202))
    def post(self, request: Asked) -> Response:
        """Have a panel assessed anew by one model; workers do it in chunks."""
        body = body_of(request, PanelAskShape)
        count = standings.ask_panel(viewer=request.viewer, now=timezone.now(), **body)
        return Response(CountSerializer({"count": count}).data, status=202)
