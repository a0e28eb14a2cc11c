"""Me, the patients I may see, my teams and who is on duty in them."""

from typing import Any, ClassVar, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.schema import answers, body_of, id_in_path, query_of
from healthhub.audit import log
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, memberships
from healthhub.people.models import Membership, Patient, Team, User

USERS = frozenset({"user"})


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class MembershipSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    role = serializers.CharField()
    organisation = NamedSerializer()
    team = NamedSerializer(allow_null=True)
    leads = serializers.BooleanField(help_text="She is the team's lead: reviews of emergency openings fall to her.")
    on_duty = serializers.BooleanField()
    since = serializers.DateTimeField()


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.CharField()
    time_zone = serializers.CharField()
    glucose_unit = serializers.CharField()
    patient = serializers.UUIDField(allow_null=True, help_text="Her own record, if she has one.")
    memberships = MembershipSerializer(many=True)


class PatientLineSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_simulated = serializers.BooleanField()


class PatientsSerializer(serializers.Serializer[Any]):
    patients = PatientLineSerializer(many=True)
    next = serializers.UUIDField(allow_null=True, help_text="Send it as `after` for the next page; null on the last.")


class PatientsQuerySerializer(serializers.Serializer[Any]):
    after = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)


class PatientSerializer(PatientLineSerializer):
    birth_date = serializers.DateField(allow_null=True)
    sex = serializers.CharField()
    time_zone = serializers.CharField()
    locale = serializers.CharField()
    team = NamedSerializer(allow_null=True)
    data_classes = serializers.ListField(child=serializers.CharField(), help_text="The classes of data that are open to you.")
    conditions = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Codes of diagnoses and treatment; null unless every class is open to you.",
    )


class MemberSerializer(serializers.Serializer[Any]):
    membership = serializers.UUIDField()
    user = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    on_duty = serializers.BooleanField()


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    organisation = serializers.CharField()
    lead = serializers.UUIDField(allow_null=True)
    members = MemberSerializer(many=True)


class TeamsSerializer(serializers.Serializer[Any]):
    teams = TeamSerializer(many=True)


class DutySerializer(serializers.Serializer[Any]):
    on_duty = serializers.ListField(
        child=serializers.UUIDField(), max_length=100, help_text="Who is on duty from now on: all of them, and only they."
    )


class Me(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="Who I am", responses=answers(MeSerializer))
    def get(self, request: Asked) -> Response:
        now = timezone.now()
        user, viewer = cast(User, request.user), request.viewer
        own = access.patients_visible_to(viewer, now=now, action="consent").first()
        return Response(
            {
                "id": user.id,
                "name": user.name,
                "email": user.email,
                "language": user.language,
                "time_zone": user.time_zone,
                "glucose_unit": user.glucose_unit,
                "patient": own.id if own else None,
                "memberships": [_membership(row) for row in memberships.memberships_of(viewer, now=now)],
            }
        )


class Patients(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(
        summary="The patients I may read",
        operation_id="v1_patients_list",
        parameters=[PatientsQuerySerializer],
        responses=answers(PatientsSerializer, 400),
    )
    def get(self, request: Asked) -> Response:
        now, asked = timezone.now(), query_of(request, PatientsQuerySerializer)
        rows = access.patients_visible_to(request.viewer, now=now).order_by("id")
        if "after" in asked:
            rows = rows.filter(id__gt=asked["after"])
        page = list(rows[: asked["limit"]])
        log.record_reads(by=request.viewer, did="patient.list", patient_ids=[patient.id for patient in page], now=now)
        return Response({"patients": [_line(patient) for patient in page], "next": page[-1].id if len(page) == asked["limit"] else None})


class OnePatient(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="One patient", parameters=[id_in_path("patient_id", "The patient.")], responses=answers(PatientSerializer, 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        now = timezone.now()
        patient, classes = access.opened(request.viewer, patient_id, action="read", now=now)
        log.record(by=request.viewer, did="patient.read", patient_id=patient.id, now=now)
        return Response(
            {
                **_line(patient),
                "birth_date": patient.birth_date,
                "sex": patient.sex,
                "time_zone": patient.time_zone,
                "locale": patient.locale,
                "team": _named(patient.team),
                "data_classes": sorted(classes),
                # A diagnosis says more than the readings of one class: whoever sees only a part is not told.
                "conditions": patient.conditions if classes == DATA_CLASSES else None,
            }
        )


class Teams(APIView):
    viewer_kinds = USERS
    does = "read"

    @extend_schema(summary="The teams I work in, and who is on duty", responses=answers(TeamsSerializer))
    def get(self, request: Asked) -> Response:
        now = timezone.now()
        teams = list(memberships.teams_of(request.viewer, now=now))
        members = memberships.members_of(teams, now=now)
        return Response({"teams": [_team(team, [row for row in members if row.team_id == team.id]) for team in teams]})


class OnDuty(APIView):
    viewer_kinds = USERS
    does = "act"

    @extend_schema(
        summary="Hand over the duty",
        parameters=[id_in_path("team_id", "A team I work in.")],
        request=DutySerializer,
        responses=answers(DutySerializer, 400, 404, 413, 415),
    )
    def post(self, request: Asked, team_id: str) -> Response:
        now = timezone.now()
        team = memberships.team_for(request.viewer, team_id, now=now)
        wanted = body_of(request, DutySerializer)["on_duty"]
        return Response({"on_duty": memberships.hand_over(team=team, to=wanted, by=request.viewer, now=now)})


class EndMembership(APIView):
    viewer_kinds = USERS
    does = "act"
    responses: ClassVar = {204: None, **{code: answer for code, answer in answers(None, 404, 409).items() if code != 200}}

    @extend_schema(
        summary="Leave a team, or remove a member of a team I lead",
        parameters=[id_in_path("membership_id", "The membership.")],
        request=None,
        responses=responses,
    )
    def post(self, request: Asked, membership_id: str) -> Response:
        now = timezone.now()
        membership = memberships.membership_for(request.viewer, membership_id, now=now)
        memberships.end(membership=membership, by=request.viewer, now=now)
        return Response(status=204)


def _named(thing: Any) -> dict[str, Any] | None:
    return {"id": thing.id, "name": thing.name} if thing else None


def _line(patient: Patient) -> dict[str, Any]:
    return {"id": patient.id, "name": patient.name, "is_simulated": patient.is_simulated}


def _membership(row: Membership) -> dict[str, Any]:
    return {
        "id": row.id,
        "role": row.role,
        "organisation": _named(row.organisation),
        "team": _named(row.team),
        "leads": row.team is not None and row.team.lead_id == row.user_id,
        "on_duty": row.on_duty,
        "since": row.since,
    }


def _team(team: Team, members: list[Membership]) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "organisation": team.organisation.name,
        "lead": team.lead_id,
        "members": [
            {"membership": row.id, "user": row.user_id, "name": row.user.name, "role": row.role, "on_duty": row.on_duty} for row in members
        ],
    }
