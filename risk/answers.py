"""What each model says of one patient, with everything a clinician asks next: since when, how it was before, who disagreed.

Light: no model is loaded.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthhub.audit import log
from healthhub.people.access import Viewer
from risk import standings
from risk.models import Assessment, Opinion, Standing

COURSE = timedelta(days=90)
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Point:
    """An earlier answer of a model: its value with the 90 % interval."""

    as_of: datetime
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Said:
    """What a clinician thinks of the newest assessment: her newest opinion of it."""

    name: str
    by_id: UUID
    agrees: bool
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """One model and one patient. `newest` is in full (see `standings.in_full`), and may be an abstention; then `held` is the band that
    stands from before. `before`: the answer that stood at the moment to compare with. `course`: 90 days, oldest first."""

    model: str
    about: Mapping[str, Any]
    newest: Mapping[str, Any]
    held: Mapping[str, Any] | None
    band_since: datetime | None
    due_at: datetime | None
    marked_at: datetime | None
    before: Point | None
    course: list[Point]
    said: list[Said]


def answers(*, viewer: Viewer, patient_id: UUID | str, now: datetime, compared_with: datetime, model: str | None = None) -> list[Answer]:
    """This function will give what every model (or one) says of a patient that the viewer may see, by key of the model.

    Raises as `access.patient_for`. Five SQL, however many models.
    """
    seen = standings.sight(viewer=viewer, patient_id=patient_id, now=now)
    rows = Standing.objects.filter(patient_id=seen.patient_id, assessment__in=standings.visible(seen).order_by())
    if model is not None:
        rows = rows.filter(model=model)
    found = list(rows.select_related("assessment__version").defer("assessment__version__files").order_by("model"))
    courses = _courses(seen, since=min(now - COURSE, compared_with - COURSE))
    opinions = _opinions([one.assessment_id for one in found if one.assessment_id])
    log.record(by=viewer, did="risk.read", patient_id=seen.patient_id, now=now)
    return [
        _answer(one, one.assessment, courses[one.model], opinions[one.assessment.id], compared_with, clinical=seen.clinical, now=now)
        for one in found
        if one.assessment is not None
    ]


def _answer(
    standing: Standing, newest: Assessment, course: list[Point], said: list[Said], then: datetime, *, clinical: bool, now: datetime
) -> Answer:
    before = [point for point in course if point.as_of <= then]
    return Answer(
        model=standing.model,
        about=newest.version.about,
        newest=standings.in_full(newest, clinical=clinical),
        held=standings.banded(standing.band),
        band_since=standing.band_since,
        due_at=standing.due_at,
        marked_at=newest.version.marked_at,
        before=before[-1] if before else None,
        course=[point for point in course if point.as_of > now - COURSE],
        said=said,
    )


def _courses(seen: standings.Sight, *, since: datetime) -> dict[str, list[Point]]:
    rows = standings.visible(seen).filter(as_of__gte=since, value__isnull=False).order_by("-as_of", "-id")
    found: dict[str, list[Point]] = defaultdict(list)
    for model, as_of, value, low, high in rows.values_list("model", "as_of", "value", "low", "high")[: MOST_POINTS * 4]:
        if value is not None and low is not None and high is not None and len(found[model]) < MOST_POINTS:
            found[model].append(Point(as_of, value, low, high))
    for points in found.values():
        points.reverse()
    return found


def _opinions(assessments: list[UUID]) -> dict[UUID, list[Said]]:
    newest: dict[tuple[UUID, UUID], Said] = {}
    rows = Opinion.objects.filter(assessment_id__in=assessments).order_by("at", "id")
    for assessment, by, name, agrees, reason, at in rows.values_list("assessment_id", "by_id", "by__name", "agrees", "reason", "at"):
        newest[assessment, by] = Said(name, by, agrees, reason, at)
    found: dict[UUID, list[Said]] = defaultdict(list)
    for (assessment, _), said in newest.items():
        found[assessment].append(said)
    return found
