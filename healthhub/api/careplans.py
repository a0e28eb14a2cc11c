"""Care plans over HTTP: proposed, begun, changed, ended; and their tasks."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.alert_shapes import PersonSerializer
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from healthhub.api.shapes import WordsSerializer
from healthhub.care.careplans import doors
from healthhub.care.careplans.content import CLASS_OF, PERIODS
from healthhub.care.models import CarePlan, CareTask

PATIENT = id_in_path("patient_id", "The patient.")
PLAN = id_in_path("plan_id", "The care plan.")
TASK = id_in_path("task_id", "The task.")


def _bound(what: str) -> serializers.FloatField:
    return serializers.FloatField(required=False, help_text=what)


class TargetSerializer(serializers.Serializer[Any]):
    """In the unit of the kind; a 2 behind the word: of the second component (diastolic)."""

    kind = serializers.CharField(max_length=40)
    below = _bound("Excluded.")
    above = _bound("Excluded.")
    at_least = _bound("Included; with at_most.")
    at_most = _bound("Included; with at_least.")
    below2 = _bound("Excluded.")
    above2 = _bound("Excluded.")
    at_least2 = _bound("Included; with at_most2.")
    at_most2 = _bound("Included; with at_least2.")


class FrequencySerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    times = serializers.IntegerField(min_value=1, max_value=24)
    per = serializers.ChoiceField(sorted(PERIODS))


class AdviceSerializer(serializers.Serializer[Any]):
    """In both languages, or in one for both."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.CharField(max_length=400, allow_blank=True, default="") for name in ("zh-hans", "en")}


class PlanContentSerializer(serializers.Serializer[Any]):
    targets = TargetSerializer(many=True)
    schedule = FrequencySerializer(many=True)
    education = AdviceSerializer(many=True)


class NewPlanShape(serializers.Serializer[Any]):
    condition = serializers.ChoiceField(sorted(CLASS_OF))
    reason = serializers.CharField(max_length=doors.LONGEST_REASON)
    content = PlanContentSerializer(required=False, help_text="The template's, when not given.")
    review_on = serializers.DateField(required=False, help_text="Her local day; the template's, when not given.")


class PlanChangeShape(serializers.Serializer[Any]):
    content = PlanContentSerializer()
    review_on = serializers.DateField()
    reason = serializers.CharField(max_length=doors.LONGEST_REASON)


class PlanEndShape(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=doors.LONGEST_REASON)


class NewTaskShape(serializers.Serializer[Any]):
    what = serializers.CharField(max_length=doors.LONGEST_TASK)
    due_on = serializers.DateField(help_text="Her local day.")
    owner_id = serializers.UUIDField(required=False, allow_null=True, help_text="One of her team; none: the patient herself.")


class ConditionQuery(serializers.Serializer[Any]):
    condition = serializers.ChoiceField(sorted(CLASS_OF))


class PlanProposalSerializer(serializers.Serializer[Any]):
    condition = serializers.CharField()
    content = PlanContentSerializer()
    review_on = serializers.DateField()
    origin = serializers.CharField(help_text="Where the template comes from.")


class CareTaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    what = WordsSerializer()
    owner = PersonSerializer(allow_null=True, help_text="Null: the patient herself.")
    due_on = serializers.DateField()
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = PersonSerializer(allow_null=True)


class PlanVersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    by = PersonSerializer()
    reason = serializers.CharField()
    review_on = serializers.DateField()
    content = PlanContentSerializer()


class CarePlanSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    condition = serializers.CharField()
    version = serializers.IntegerField()
    content = PlanContentSerializer()
    origin = serializers.CharField(help_text="Where its template comes from.")
    review_on = serializers.DateField()
    made_at = serializers.DateTimeField()
    made_by = PersonSerializer()
    ended_at = serializers.DateTimeField(allow_null=True)
    tasks = CareTaskSerializer(many=True)
    changes = PlanVersionSerializer(many=True, help_text="What it said at each version, the newest first.")


class CarePlans(APIView):
    """/api/v1/patients/{id}/care-plans."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read", "POST": "limits"}

    @extend_schema(operation_id="care_plans_list", parameters=[PATIENT], responses=answers(CarePlanSerializer(many=True), 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """Her care plans, ended ones last."""
        rows = doors.plans_open(viewer=request.viewer, patient_id=patient_id, now=timezone.now())
        return Response([_told(row) for row in sorted(rows, key=lambda row: (row.ended_at is not None, row.made_at))])

    @extend_schema(
        operation_id="care_plan_start",
        request=NewPlanShape,
        parameters=[PATIENT],
        responses=answers(CarePlanSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Begin a care plan for a condition."""
        body, now = body_of(request, NewPlanShape), timezone.now()
        row = doors.start(patient_id=patient_id, by=request.viewer, now=now, **body)
        return Response(_told(doors.plan(viewer=request.viewer, plan_id=row.id, now=now)), status=201)


class Proposal(APIView):
    """GET /api/v1/patients/{id}/care-plans/proposal."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "limits"}

    @extend_schema(
        operation_id="care_plan_proposal", parameters=[PATIENT, ConditionQuery], responses=answers(PlanProposalSerializer, 400, 404)
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """What a plan would begin with for her."""
        condition = query_of(request, ConditionQuery)["condition"]
        found = doors.propose(patient_id=patient_id, condition=condition, viewer=request.viewer, now=timezone.now())
        told = {"condition": found.condition, "review_on": found.review_on, "origin": found.template.source}
        return Response({**told, "content": found.template.content})


class OneCarePlan(APIView):
    """GET /api/v1/care-plans/{id}."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="care_plan_read", parameters=[PLAN], responses=answers(CarePlanSerializer, 404))
    def get(self, request: Asked, plan_id: str) -> Response:
        """One plan with everything it ever said."""
        return Response(_told(doors.plan(viewer=request.viewer, plan_id=plan_id, now=timezone.now())))


class ChangePlan(APIView):
    """POST /api/v1/care-plans/{id}/change."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "limits"}

    @extend_schema(
        operation_id="care_plan_change",
        request=PlanChangeShape,
        parameters=[PLAN],
        responses=answers(CarePlanSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, plan_id: str) -> Response:
        """Write a plan anew, with a reason."""
        body, now = body_of(request, PlanChangeShape), timezone.now()
        doors.change(plan_id=plan_id, by=request.viewer, now=now, **body)
        return Response(_told(doors.plan(viewer=request.viewer, plan_id=plan_id, now=now)))


class EndPlan(APIView):
    """POST /api/v1/care-plans/{id}/end."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "limits"}

    @extend_schema(
        operation_id="care_plan_end", request=PlanEndShape, parameters=[PLAN], responses=answers(CarePlanSerializer, *WITH_BODY, 404, 409)
    )
    def post(self, request: Asked, plan_id: str) -> Response:
        """End a plan; it stays on file."""
        now = timezone.now()
        doors.end(plan_id=plan_id, by=request.viewer, now=now, **body_of(request, PlanEndShape))
        return Response(_told(doors.plan(viewer=request.viewer, plan_id=plan_id, now=now)))


class PlanTasks(APIView):
    """POST /api/v1/care-plans/{id}/tasks."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "limits"}

    @extend_schema(
        operation_id="care_task_add",
        request=NewTaskShape,
        parameters=[PLAN],
        responses=answers(CareTaskSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, plan_id: str) -> Response:
        """Add a task to a plan."""
        task = doors.add_task(plan_id=plan_id, by=request.viewer, now=timezone.now(), **body_of(request, NewTaskShape))
        return Response(_task_told(task), status=201)


class TaskDone(APIView):
    """POST /api/v1/care-tasks/{id}/done."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "act"}

    @extend_schema(operation_id="care_task_done", request=None, parameters=[TASK], responses=answers(CareTaskSerializer, 404, 409))
    def post(self, request: Asked, task_id: str) -> Response:
        """Say that a task was done."""
        return Response(_task_told(doors.done(task_id=task_id, by=request.viewer, now=timezone.now())))


def _task_told(task: CareTask) -> dict[str, Any]:
    return dict(CareTaskSerializer(task).data)


def _told(row: CarePlan) -> dict[str, Any]:
    changes = [
        {"version": one.version, "at": one.at, "by": PersonSerializer(one.by).data, "reason": one.reason, "review_on": one.review_on}
        | {"content": one.content}
        for one in sorted(row.changes.all(), key=lambda one: -one.version)
    ]
    tasks = [_task_told(task) for task in sorted(row.tasks.all(), key=lambda task: (task.due_on, task.id))]
    names = ("id", "condition", "version", "review_on", "made_at", "ended_at")
    plain = {name: getattr(row, name) for name in names}
    return {
        **plain,
        "made_by": PersonSerializer(row.made_by).data,
        "content": row.content,
        "origin": row.source,
        "tasks": tasks,
        "changes": changes,
    }
