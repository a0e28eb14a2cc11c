"""Care plans: begun from a template, changed with author and reason, ended; with tasks. Clinicians write them, the patient reads hers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.care.careplans.content import CLASS_OF, TASKS, Template, age_of, checked, template
from healthhub.care.models import CarePlan, CarePlanChange, CareTask
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import access, memberships
from healthhub.people.access import Viewer
from healthhub.people.models import CLINICIANS, Patient

LONGEST_REASON = 400
LONGEST_TASK = 200
FURTHEST = timedelta(days=3 * 366)  # that a review or a task may lie ahead
MOST_TASKS = 50


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a plan would begin with for this patient, in the form in which it is kept."""

    condition: str
    template: Template
    review_on: date


def propose(*, patient_id: UUID | str, condition: str, viewer: Viewer, now: datetime) -> Proposal:
    """This function will give what a plan would begin with. Raises as `access.patient_for` (action limits), Invalid `unknown_condition`."""
    patient = access.patient_for(viewer, patient_id, action="limits", data_class=_class_of(condition), now=now)
    log.record(by=viewer, did="care_plan.read", patient_id=patient.id, now=now)
    return _proposal(patient, condition, now)


def _proposal(patient: Patient, condition: str, now: datetime) -> Proposal:
    today = _today(patient, now)
    found = template(condition=condition, locale=patient.locale, age=age_of(patient.birth_date, today))
    return Proposal(condition, found, today + timedelta(days=found.review_days))


def start(
    *,
    patient_id: UUID | str,
    condition: str,
    by: Viewer,
    now: datetime,
    reason: str,
    content: Mapping[str, Any] | None = None,
    review_on: date | None = None,
) -> CarePlan:
    """This function will begin a plan for a condition, from its template unless another content is given; the template's tasks come too.

    Raises as `access.patient_for` (action limits) for the condition's class of data; Invalid with the field; Conflict `has_plan`.
    """
    patient = access.patient_for(by, patient_id, action="limits", data_class=_class_of(condition), now=now)
    began = _proposal(patient, condition, now)
    kept = checked(began.template.content if content is None else content)
    review = _ahead(review_on or began.review_on, patient, now, "review_on")
    why = _reason(reason)
    try:
        with transaction.atomic():
            plan = CarePlan.objects.create(
                patient=patient,
                condition=condition,
                data_class=CLASS_OF[condition],
                content=kept,
                source=began.template.source,
                review_on=review,
                made_at=now,
                made_by_id=by.person,
                changed_at=now,
            )
            _keep_change(plan, by, now, why)
            for what, days in began.template.tasks:
                _new_task(plan, dict(TASKS[what]), None, _today(patient, now) + timedelta(days=days), by, now)
            log.record(by=by, did="care_plan.start", patient_id=patient.id, about=f"care_plan:{plan.id}", now=now)
    except IntegrityError as error:
        raise Conflict("She has a care plan for this condition already: change that one.", code="has_plan", field="condition") from error
    return plan


@transaction.atomic
def change(*, plan_id: UUID | str, content: Mapping[str, Any], by: Viewer, now: datetime, reason: str, review_on: date) -> CarePlan:
    """This function will write a plan anew; what it said before stays readable. Raises as `start`; Conflict `plan_ended`."""
    plan = _plan(plan_id, by, now)
    plan.content, plan.review_on, plan.changed_at = checked(content), _ahead(review_on, plan.patient, now, "review_on"), now
    plan.version += 1
    plan.save(update_fields=["content", "review_on", "changed_at", "version"])
    _keep_change(plan, by, now, _reason(reason))
    log.record(by=by, did="care_plan.change", patient_id=plan.patient_id, about=f"care_plan:{plan.id}", now=now)
    return plan


@transaction.atomic
def end(*, plan_id: UUID | str, by: Viewer, now: datetime, reason: str) -> CarePlan:
    """This function will end a plan; it stays on file, its open tasks do not. Raises as `change`."""
    plan = _plan(plan_id, by, now)
    plan.ended_at = plan.changed_at = now
    plan.version += 1
    plan.save(update_fields=["ended_at", "changed_at", "version"])
    _keep_change(plan, by, now, _reason(reason))
    CareTask.objects.filter(plan=plan, done_at=None).delete()
    log.record(by=by, did="care_plan.end", patient_id=plan.patient_id, about=f"care_plan:{plan.id}", now=now)
    return plan


def plans_open(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> QuerySet[CarePlan]:
    """This function will give her plans, ended ones too, of the classes of data open to the viewer; that they were read is logged."""
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="care_plan.read", patient_id=patient, now=now)
    rows = CarePlan.objects.filter(patient_id=patient, data_class__in=classes).select_related("made_by", "patient")
    return rows.prefetch_related("tasks__owner", "tasks__done_by", "changes__by")


def plan(*, viewer: Viewer, plan_id: UUID | str, now: datetime) -> CarePlan:
    """This function will give one plan with its changes and tasks. Raises NotVisible."""
    rows = CarePlan.objects.select_related("made_by", "patient").prefetch_related("tasks__owner", "tasks__done_by", "changes__by")
    found = access.row_for(viewer, rows, plan_id, action="read", now=now, by_class=True)
    log.record(by=viewer, did="care_plan.read", patient_id=found.patient_id, about=f"care_plan:{found.id}", now=now)
    return found


@transaction.atomic
def add_task(*, plan_id: UUID | str, what: str, due_on: date, by: Viewer, now: datetime, owner_id: UUID | None = None) -> CareTask:
    """This function will add a task to a plan: `owner_id` one of her team at work, None for the patient herself.

    Raises as `change`; Invalid `unknown_person`, `bad_length`; Conflict `too_many_tasks`.
    """
    plan_ = _plan(plan_id, by, now)
    said = what.replace("\x00", "").strip()
    if not 1 <= len(said) <= LONGEST_TASK:
        raise Invalid("Say the task in 1 to 200 characters.", code="bad_length", field="what")
    if owner_id is not None and not memberships.active(now).filter(user_id=owner_id, team=plan_.patient.team, role__in=CLINICIANS).exists():
        raise Invalid("The task can be given to the patient or to somebody of her team.", code="unknown_person", field="owner_id")
    if CareTask.objects.filter(plan=plan_, done_at=None).count() >= MOST_TASKS:
        raise Conflict("There are 50 open tasks already.", code="too_many_tasks")
    task = _new_task(plan_, {"en": said, "zh-hans": said}, owner_id, _ahead(due_on, plan_.patient, now, "due_on"), by, now)
    log.record(by=by, did="care_task.add", patient_id=plan_.patient_id, about=f"care_task:{task.id}", now=now)
    return task


@transaction.atomic
def done(*, task_id: UUID | str, by: Viewer, now: datetime) -> CareTask:
    """This function will say that a task was done: by the patient, or whoever may act for her. Raises Conflict `done_before`."""
    rows = CareTask.objects.select_for_update(of=("self",)).select_related("plan")
    task = access.row_for(by, rows, task_id, action="act", now=now, by_class=True)
    if task.done_at is not None:
        raise Conflict("This was done before.", code="done_before")
    task.done_at, task.done_by_id = now, by.person
    task.save(update_fields=["done_at", "done_by"])
    log.record(by=by, did="care_task.done", patient_id=task.patient_id, about=f"care_task:{task.id}", now=now)
    return task


def _plan(plan_id: UUID | str, by: Viewer, now: datetime) -> CarePlan:
    rows = CarePlan.objects.select_for_update(of=("self",)).select_related("patient")
    found = access.row_for(by, rows, plan_id, action="limits", now=now, by_class=True)
    if found.ended_at is not None:
        raise Conflict("This care plan has ended.", code="plan_ended")
    return found


def _new_task(plan_: CarePlan, what: dict[str, str], owner_id: UUID | None, due_on: date, by: Viewer, now: datetime) -> CareTask:
    given = {"what": what, "owner_id": owner_id, "due_on": due_on, "made_at": now, "made_by_id": by.person}
    return CareTask.objects.create(plan=plan_, patient_id=plan_.patient_id, data_class=plan_.data_class, **given)


def _keep_change(plan_: CarePlan, by: Viewer, now: datetime, reason: str) -> None:
    frame = {"version": plan_.version, "content": plan_.content, "review_on": plan_.review_on}
    CarePlanChange.objects.create(plan=plan_, by_id=by.person, at=now, reason=reason, **frame)


def _class_of(condition: str) -> str:
    if condition not in CLASS_OF:
        raise Invalid("For this condition there is no care plan.", code="unknown_condition", field="condition")
    return CLASS_OF[condition]


def _today(patient: Patient, now: datetime) -> date:
    return now.astimezone(ZoneInfo(patient.time_zone)).date()


def _ahead(day: date, patient: Patient, now: datetime, field: str) -> date:
    today = _today(patient, now)
    if not today <= day <= today + FURTHEST:
        raise Invalid("This day must lie within the next three years.", code="bad_day", field=field)
    return day


def _reason(text: str) -> str:
    said = text.replace("\x00", "").strip()
    if not 1 <= len(said) <= LONGEST_REASON:
        raise Invalid("Say why in 1 to 400 characters.", code="bad_length", field="reason")
    return said
