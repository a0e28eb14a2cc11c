"""Medicines and intakes over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.alert_shapes import PersonSerializer
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from healthhub.care import medications
from healthhub.care.adherence import Adherence
from healthhub.people import access

PATIENT = id_in_path("patient_id", "The patient.")
MEDICATION = id_in_path("medication_id", "The medicine.")


@extend_schema_field({"type": "string", "pattern": r"^\d{2}:\d{2}$", "example": "08:00"})
class ClockField(serializers.TimeField):
    """A time of day where she is: the schema's own "time" would want a zone, which a daily dose has not."""

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class NewMedicationShape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    dose = serializers.CharField(max_length=80, allow_blank=True, default="", help_text="In words: one tablet of 500 mg.")
    times = serializers.ListField(
        child=serializers.TimeField(), max_length=medications.MOST_TIMES, help_text="By the clock where she is; none: only when needed."
    )
    since = serializers.DateField(required=False, help_text="Her local day; today, when not given.")
    until = serializers.DateField(required=False, allow_null=True, help_text="The last day.")
    prescribed_by = serializers.CharField(max_length=120, allow_blank=True, default="")


class MedicationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    dose = serializers.CharField()
    times = serializers.ListField(child=ClockField())
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    prescribed_by = serializers.CharField()
    added_by = PersonSerializer()
    added_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    stopped_by = PersonSerializer(allow_null=True)


class CountedSerializer(serializers.Serializer[Any]):
    due = serializers.IntegerField(help_text="Doses that were due.")
    taken = serializers.IntegerField(help_text="Of them, those said to be taken.")


class ListedSerializer(MedicationSerializer):
    days_7 = CountedSerializer(allow_null=True, help_text="Of the last 7 local days, today among them.")
    days_30 = CountedSerializer(allow_null=True)


class MedicationsQuery(serializers.Serializer[Any]):
    stopped = serializers.BooleanField(default=False, help_text="Those of the past too.")


class IntakeShape(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="Her local day; today or one of the seven days before.")
    at = serializers.TimeField(help_text="Which of the day's doses: its planned time; any time for a medicine taken when needed.")
    taken = serializers.BooleanField(help_text="False: left out.")


class IntakeSerializer(serializers.Serializer[Any]):
    fate = serializers.CharField(help_text="stored, duplicate or corrected")
    seq = serializers.IntegerField()


class Medications(APIView):
    """/api/v1/patients/{id}/medications."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"GET": "read", "POST": "write"}

    @extend_schema(
        operation_id="medications_list", parameters=[PATIENT, MedicationsQuery], responses=answers(ListedSerializer(many=True), 400, 404)
    )
    def get(self, request: Asked, patient_id: str) -> Response:
        """Her medicines, each with how many of its doses were taken."""
        now, stopped = timezone.now(), query_of(request, MedicationsQuery)["stopped"]
        found = medications.medications_of(viewer=request.viewer, patient_id=patient_id, now=now, stopped=stopped)
        patient = access.patient_for(request.viewer, patient_id, action="read", now=now)
        week, month = (
            medications.adherence_of(viewer=request.viewer, patient=patient, days=days, now=now, stopped=stopped) for days in (7, 30)
        )
        lines = [
            MedicationSerializer(row).data | {"days_7": _counted(week.get(row.id)), "days_30": _counted(month.get(row.id))} for row in found
        ]
        return Response(lines)

    @extend_schema(
        operation_id="medication_add",
        request=NewMedicationShape,
        parameters=[PATIENT],
        responses=answers(MedicationSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Put a medicine on her list."""
        body = body_of(request, NewMedicationShape)
        medication = medications.add(patient_id=patient_id, by=request.viewer, now=timezone.now(), **body)
        return Response(MedicationSerializer(medication).data, status=201)


class StopMedication(APIView):
    """POST /api/v1/medications/{id}/stop."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(operation_id="medication_stop", request=None, parameters=[MEDICATION], responses=answers(MedicationSerializer, 404, 409))
    def post(self, request: Asked, medication_id: str) -> Response:
        """Take a medicine off her list from now on; it stays on file."""
        medication = medications.stop(medication_id=medication_id, by=request.viewer, now=timezone.now())
        return Response(MedicationSerializer(medication).data)


class Intakes(APIView):
    """POST /api/v1/medications/{id}/intakes."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="medication_intake",
        request=IntakeShape,
        parameters=[MEDICATION],
        responses=answers(IntakeSerializer, *WITH_BODY, 404, 409, status=201),
    )
    def post(self, request: Asked, medication_id: str) -> Response:
        """Say that a dose was taken, or left out. It becomes a reading of kind medication_taken."""
        fate = medications.say(medication_id=medication_id, by=request.viewer, now=timezone.now(), **body_of(request, IntakeShape))
        return Response({"fate": fate["fate"], "seq": fate["seq"]}, status=201)


def _counted(one: Adherence | None) -> dict[str, int] | None:
    return None if one is None else {"due": one.due, "taken": one.taken}
