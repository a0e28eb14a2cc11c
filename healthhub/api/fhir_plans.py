"""FHIR R4 CarePlan and Goal at /fhir/R4/: her care plans and what they aim at, read and searched for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils.translation import get_language

from healthhub.api.auth import Asked
from healthhub.api.fhir_findings import Found, One, Search
from healthhub.care import medications
from healthhub.care.careplans import doors
from healthhub.care.careplans.content import PERIODS
from healthhub.care.models import CarePlan
from healthhub.dialects import fhir_plans
from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.conditions import CONDITIONS
from healthhub.records.catalogue import BY_KEY
from healthhub.records.stretch import Stretch, rows_of


def _language() -> str:
    return "zh-hans" if (get_language() or "en").startswith("zh") else "en"


class CarePlans(Search):
    """GET /fhir/R4/CarePlan."""

    kind, moment = "CarePlan", "date"
    for_apps = ("CarePlan",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """Her plans, ended ones too, by when they began."""
        rows = rows_of(doors.plans_open(viewer=viewer, patient_id=patient_id, now=now), "made_at", wanted)
        return [(row.made_at, row.id.int, _plan(row, viewer, now)) for row in rows]


class OneCarePlan(One):
    """GET /fhir/R4/CarePlan/{id}."""

    for_apps = ("CarePlan",)

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One plan."""
        return _plan(doors.plan(viewer=viewer, plan_id=id_, now=now), viewer, now)


class Goals(Search):
    """GET /fhir/R4/Goal."""

    kind, moment = "Goal", "start-date"
    for_apps = ("Goal",)

    def found(self, viewer: Viewer, patient_id: str, wanted: Stretch, now: datetime, query: QueryDict) -> Sequence[Found]:
        """What her plans aim at, by when the plan began."""
        rows = [
            row for row in doors.plans_open(viewer=viewer, patient_id=patient_id, now=now) if wanted.since <= row.made_at < wanted.until
        ]
        # The number of a goal is its plan's with the place among the goals as last byte.
        all_ = [(row.made_at, row.id.int >> 8 << 8 | place, goal) for row in rows for place, goal in enumerate(_goals(row))]
        all_.sort(key=lambda one: one[:2], reverse=wanted.newest_first)
        if wanted.behind is not None:
            last = wanted.behind[0], wanted.behind[1].int if isinstance(wanted.behind[1], UUID) else wanted.behind[1]
            all_ = [one for one in all_ if (one[:2] < last if wanted.newest_first else one[:2] > last)]
        return all_[: wanted.limit]


class OneGoal(One):
    """GET /fhir/R4/Goal/{plan}-{kind}."""

    for_apps = ("Goal",)

    def get(self, request: Asked, plan_id: str, number: str) -> HttpResponse:  # type: ignore[override]  # its id has two parts
        """One goal, with its plan's version as ETag."""
        return super().get(request, f"{plan_id}-{number}")

    def one(self, viewer: Viewer, id_: str, now: datetime) -> dict[str, Any]:
        """One goal of a plan."""
        plan = doors.plan(viewer=viewer, plan_id=id_.rpartition("-")[0], now=now)
        goal = next((goal for goal in _goals(plan) if goal["id"] == id_), None)
        if goal is None:
            raise NotVisible
        return goal


def _goals(row: CarePlan) -> list[dict[str, Any]]:
    return fhir_plans.goals(plan=vars(row), kinds=BY_KEY, language=_language())


def _plan(row: CarePlan, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Her medicines stand in a plan that holds, for whoever may see them."""
    shown = []
    if row.ended_at is None and access.may(viewer, row.patient_id, action="read", now=now, data_class=medications.CLASS):
        shown = medications.medications_of(viewer=viewer, patient_id=row.patient_id, now=now)
    language = _language()
    return fhir_plans.care_plan(
        plan=vars(row),
        title=CONDITIONS[row.condition][language],
        author=row.made_by.name,
        kinds=BY_KEY,
        periods=PERIODS,
        medications=map(vars, shown),
        tasks=[vars(task) | {"owner": task.owner.name if task.owner else ""} for task in row.tasks.all()],
        language=language,
    )
