"""How worried to be about one patient, over HTTP: assessments, scores, forecasts, what-if questions, and what then happened."""

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.risk_shapes import (
    AskedSerializer,
    AskShape,
    AssessmentSerializer,
    AssessmentsQuery,
    ForecastSerializer,
    ForecastsQuery,
    NeedSerializer,
    OpinionSerializer,
    OpinionShape,
    OutcomeSerializer,
    OutcomeShape,
    ReasonShape,
    RiskSerializer,
    WhatIfSerializer,
    WhatIfShape,
)
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from monitoring import trends
from risk import outcomes, scored, standings, whatif

PATIENT = id_in_path("patient_id", "The patient.")


class PatientRisk(APIView):
    """GET /api/v1/patients/{id}/risk."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="patient_risk", parameters=[PATIENT], responses=answers(RiskSerializer, 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """Where she stands: the newest assessment of each model, and the default published score for each need."""
        now = timezone.now()
        models = standings.current(viewer=request.viewer, patient_id=patient_id, now=now)
        needs = scored.scores_of(viewer=request.viewer, patient_id=patient_id, now=now, defaults_only=True)
        return Response(RiskSerializer({"models": models, "scores": needs}).data)


class Assessments(APIView):
    """GET /api/v1/patients/{id}/assessments."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="assessments",
        parameters=[PATIENT, AssessmentsQuery],
        responses=answers(AssessmentSerializer(many=True), 400, 404),
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """What models said of her, newest first: value with interval, what weighed how much, from which inputs; or why they abstained."""
        asked = query_of(request, AssessmentsQuery)
        found = standings.assessments(viewer=request.viewer, patient_id=patient_id, now=timezone.now(), **asked)
        return Response(AssessmentSerializer(found, many=True).data)


class Opinion(APIView):
    """POST /api/v1/assessments/{id}/opinion."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "judge"}

    @extend_schema(
        operation_id="assessment_opinion",
        request=OpinionShape,
        parameters=[id_in_path("assessment_id", "The assessment.")],
        responses=answers(OpinionSerializer, *WITH_BODY, 404, status=201),
    )
    def post(self, request: Asked, assessment_id: str) -> Response:
        """Agree or disagree with an assessment, as her clinician; your newest opinion counts."""
        body = body_of(request, OpinionShape)
        opinion = standings.opine(assessment_id=assessment_id, by=request.viewer, now=timezone.now(), **body)
        return Response(OpinionSerializer(opinion).data, status=201)


class Assess(APIView):
    """POST /api/v1/patients/{id}/assess."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "act"}

    @extend_schema(
        operation_id="patient_assess",
        request=AskShape,
        parameters=[PATIENT],
        responses=answers(AskedSerializer, *WITH_BODY, 404, status=202),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Ask for new assessments now; workers make them within seconds."""
        body = body_of(request, AskShape)
        models = standings.ask_again(patient_id=patient_id, models=body["models"], by=request.viewer, now=timezone.now())
        return Response(AskedSerializer({"models": models}).data, status=202)


class WhatIf(APIView):
    """POST /api/v1/patients/{id}/what-if."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "read"}

    @extend_schema(
        operation_id="what_if", request=WhatIfShape, parameters=[PATIENT], responses=answers(WhatIfSerializer, *WITH_BODY, 404, 409)
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """What a model would say if some of the inputs of her latest assessment changed. Nothing is kept."""
        body = body_of(request, WhatIfShape)
        found = whatif.what_if(viewer=request.viewer, patient_id=patient_id, now=timezone.now(), **body)
        return Response(WhatIfSerializer(found).data)


class Scores(APIView):
    """GET /api/v1/patients/{id}/scores."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="patient_scores", parameters=[PATIENT], responses=answers(NeedSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """The published scores that fit her age, conditions and country, from her record; or what is missing for them."""
        found = scored.scores_of(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response(NeedSerializer(found, many=True).data)


class Forecasts(APIView):
    """GET /api/v1/patients/{id}/forecasts."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(
        operation_id="forecasts", parameters=[PATIENT, ForecastsQuery], responses=answers(ForecastSerializer(many=True), 400, 404)
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """Where her readings are heading, from her own baseline, with prediction intervals and findings."""
        asked = query_of(request, ForecastsQuery)
        found = standings.forecasts(
            viewer=request.viewer, patient_id=patient_id, now=timezone.now(), days=asked["days"], limits=trends.LIMITS
        )
        return Response(ForecastSerializer(found, many=True).data)


class Outcomes(APIView):
    """/api/v1/patients/{id}/outcomes."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "clinical", "POST": "judge"}

    @extend_schema(operation_id="outcomes_list", parameters=[PATIENT], responses=answers(OutcomeSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """What happened to her, newest first; for her clinicians."""
        found = outcomes.outcomes_of(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response(OutcomeSerializer(found, many=True).data)

    @extend_schema(
        operation_id="outcome_record",
        request=OutcomeShape,
        parameters=[PATIENT],
        responses=answers(OutcomeSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Record what happened to her: models are judged by it, and those trained here learn from it."""
        body = body_of(request, OutcomeShape)
        outcome = outcomes.record(patient_id=patient_id, by=request.viewer, now=timezone.now(), **body)
        return Response(OutcomeSerializer(outcome).data, status=201)


class OutcomeWithdraw(APIView):
    """POST /api/v1/outcomes/{id}/withdraw."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "judge"}

    @extend_schema(
        operation_id="outcome_withdraw",
        request=ReasonShape,
        parameters=[id_in_path("outcome_id", "The outcome.")],
        responses=answers(OutcomeSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, outcome_id: str) -> Response:
        """Withdraw what was recorded by mistake."""
        body = body_of(request, ReasonShape)
        outcome = outcomes.withdraw(outcome_id=outcome_id, reason=body["reason"], by=request.viewer, now=timezone.now())
        return Response(OutcomeSerializer(outcome).data)
