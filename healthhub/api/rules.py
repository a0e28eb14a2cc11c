"""Limits, plans, team rules and back-tests over HTTP."""

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.alert_shapes import (
    BacktestSerializer,
    BacktestShape,
    LimitSerializer,
    LimitShape,
    PlanRuleSerializer,
    RuleShape,
    SavedRuleSerializer,
)
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path
from monitoring import backtest, plans

PATIENT = id_in_path("patient_id", "The patient.")
TEAM = id_in_path("team_id", "A team you work in.")


class PlanView(APIView):
    """GET /api/v1/patients/{id}/plan."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="plan_read", parameters=[PATIENT], responses=answers(PlanRuleSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """The rules that watch her, with their limits, whose they are, and where they come from."""
        found = plans.in_force(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response(PlanRuleSerializer(found, many=True).data)


class Limits(APIView):
    """/api/v1/patients/{id}/limits."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read", "POST": "limits"}

    @extend_schema(operation_id="limits_list", parameters=[PATIENT], responses=answers(LimitSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """The history of her limits, newest first."""
        found = plans.limits_of(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response(LimitSerializer(found, many=True).data)

    @extend_schema(
        operation_id="limit_set", request=LimitShape, parameters=[PATIENT], responses=answers(LimitSerializer, *WITH_BODY, 404, status=201)
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Change one rule for her, with a reason and until when; the limit before it ends."""
        body = body_of(request, LimitShape)
        limit = plans.set_limit(
            patient_id=patient_id,
            rule_id=body["rule"],
            changes=body["changes"],
            reason=body["reason"],
            expires_at=body.get("expires_at"),
            by=request.viewer,
            now=timezone.now(),
        )
        return Response(LimitSerializer(limit).data, status=201)


class EndLimit(APIView):
    """POST /api/v1/limits/{id}/end."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "limits"}

    @extend_schema(
        operation_id="limit_end",
        request=None,
        parameters=[id_in_path("limit_id", "The limit.")],
        responses=answers(LimitSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, limit_id: str) -> Response:
        """End a limit: the rule speaks as the pack says again."""
        return Response(LimitSerializer(plans.end_limit(limit_id=limit_id, by=request.viewer, now=timezone.now())).data)


class TeamRules(APIView):
    """/api/v1/teams/{id}/rules."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "limits", "POST": "limits"}

    @extend_schema(operation_id="rules_list", parameters=[TEAM], responses=answers(SavedRuleSerializer(many=True), 404))
    def get(self, request: Asked, team_id: str) -> Response:
        """The rules the team wrote itself, every version."""
        found = plans.rules_of(team_id=team_id, by=request.viewer, now=timezone.now())
        return Response(SavedRuleSerializer(found, many=True).data)

    @extend_schema(
        operation_id="rule_save",
        request=RuleShape,
        parameters=[TEAM],
        responses=answers(SavedRuleSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, team_id: str) -> Response:
        """Save a rule for the team's patients. Try it first: POST /api/v1/rules/backtest."""
        body = body_of(request, RuleShape)
        saved = plans.save_rule(
            team_id=team_id, definition=body["definition"], reason=body["reason"], by=request.viewer, now=timezone.now()
        )
        return Response(SavedRuleSerializer(saved).data, status=201)


class Backtest(APIView):
    """POST /api/v1/rules/backtest."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "backtest"}

    @extend_schema(operation_id="rule_backtest", request=BacktestShape, responses=answers(BacktestSerializer, *WITH_BODY, 404))
    def post(self, request: Asked) -> Response:
        """What a rule would have done over the past: how often, by night or day, for whom, before it is saved."""
        body = body_of(request, BacktestShape)
        return Response(BacktestSerializer(backtest.run(viewer=request.viewer, now=timezone.now(), **body)).data)
