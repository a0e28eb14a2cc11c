"""What models said of a patient, for whoever may see it; what clinicians think of it; who of a panel stands where.

Light: no model is loaded. Who is no clinician of hers is told in plain words, and nothing of models that are for clinicians only.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.live import wake
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.panel import panel_of
from healthhub.records.catalogue import BY_KEY
from healthhub.records.stretch import Stretch, rows_of
from risk import baselines, cards, due, told
from risk.forecasting.findings import Limits
from risk.models import Assessment, Opinion, Standing, Version
from risk.scores.words import BANDS, words

HOUR = timedelta(hours=1)
LANGUAGES = ("zh-hans", "en")

_PANEL = """
    SELECT s.patient_id, p.name, s.band, s.band_since, a.id, a.as_of, a.value, a.low, a.high, a.unit, a.problems, v.version
    FROM unnest(%(patients)s::uuid[], %(classes)s::text[]) AS w(patient_id, classes)
    JOIN risk_standing s ON s.patient_id = w.patient_id AND s.model = %(model)s
    JOIN risk_assessment a ON a.id = s.assessment_id AND string_to_array(a.data_class, '+') <@ w.classes::text[]
    JOIN risk_version v ON v.id = a.version_id
    JOIN people_patient p ON p.id = s.patient_id
    WHERE %(band)s = '' OR s.band = %(band)s
    ORDER BY a.value DESC NULLS LAST, s.patient_id
    LIMIT %(limit)s OFFSET %(start)s
"""


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a patient's assessments a viewer may see: of these classes of data, and whether also what is for clinicians only."""

    patient_id: UUID
    classes: frozenset[str]
    clinical: bool


def sight(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> Sight:
    """This function will find out what this viewer may see. Raises as `access.patient_for`. Two SQL."""
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    return Sight(patient, classes, access.may(viewer, patient, action="clinical", now=now))


def visible(seen: Sight) -> QuerySet[Assessment]:
    """This function will give the assessments that may be seen: those of data that is open, in full, to the viewer."""
    found = Assessment.objects.filter(patient_id=seen.patient_id).extra(
        where=["string_to_array(risk_assessment.data_class, '+') <@ %s::text[]"], params=[sorted(seen.classes)]
    )
    found = found if seen.clinical else found.filter(version__about__staff_only=False)
    return found.select_related("version").defer("version__files")


def assessments(
    *, viewer: Viewer, patient_id: UUID | str, now: datetime, model: str | None = None, since: datetime | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """This function will give a patient's assessments that the viewer may see, newest first, in full."""
    seen = sight(viewer=viewer, patient_id=patient_id, now=now)
    found = visible(seen)
    if model is not None:
        found = found.filter(model=model)
    if since is not None:
        found = found.filter(as_of__gte=since)
    made = list(found.order_by("-as_of", "-id")[:limit])
    log.record(by=viewer, did="assessments.read", patient_id=seen.patient_id, now=now)
    return [in_full(one, clinical=seen.clinical) for one in made]


def search(
    *, viewer: Viewer, patient_id: UUID | str, wanted: Stretch, now: datetime, model: str | None = None
) -> list[tuple[Assessment, dict[str, Any]]]:
    """This function will give a patient's assessments of a stretch of `as_of` that the viewer may see, each with its `in_full`."""
    seen = sight(viewer=viewer, patient_id=patient_id, now=now)
    found = visible(seen).filter(model=model) if model is not None else visible(seen)
    log.record(by=viewer, did="assessments.read", patient_id=seen.patient_id, now=now)
    return [(one, in_full(one, clinical=seen.clinical)) for one in rows_of(found, "as_of", wanted)]


def read(*, viewer: Viewer, assessment_id: UUID | str, now: datetime) -> tuple[Assessment, dict[str, Any]]:
    """This function will give one assessment with its `in_full`. Raises NotVisible for what the viewer may not see."""
    row = access.row_for(viewer, Assessment.objects.only("patient_id", "data_class"), assessment_id, action="read", now=now, by_class=True)
    seen = sight(viewer=viewer, patient_id=row.patient_id, now=now)
    one = visible(seen).filter(pk=row.pk).first()
    if one is None:
        raise NotVisible
    log.record(by=viewer, did="assessments.read", patient_id=seen.patient_id, about=f"assessment:{one.id}", now=now)
    return one, in_full(one, clinical=seen.clinical)


def current(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[dict[str, Any]]:
    """This function will give where a patient stands with each model: the newest assessment in short, its band and since when."""
    seen = sight(viewer=viewer, patient_id=patient_id, now=now)
    standings = Standing.objects.filter(patient_id=seen.patient_id, assessment__in=visible(seen).order_by())
    found = list(standings.select_related("assessment__version").defer("assessment__version__files").order_by("model"))
    log.record(by=viewer, did="risk.read", patient_id=seen.patient_id, now=now)
    return [_standing(one, seen) for one in found if one.assessment is not None]


def _standing(one: Standing, seen: Sight) -> dict[str, Any]:
    assert one.assessment is not None
    return {
        "model": one.model,
        "name": one.assessment.version.about["name"],
        "band": banded(one.band),
        "band_since": one.band_since,
        "due_at": one.due_at,
        "assessment": in_short(one.assessment, clinical=seen.clinical),
    }


def banded(key: str) -> dict[str, Any] | None:
    """This function will give a band with its words; None for no band."""
    return {"key": key, "words": dict(BANDS.get(key, words(key, key)))} if key else None


def in_short(one: Assessment, *, clinical: bool) -> dict[str, Any]:
    """This function will give the value, its 90 % interval and band, in words as well; or why the model abstained."""
    return {
        "id": one.id,
        "model": one.model,
        "version": one.version.version,
        "as_of": one.as_of,
        "why": one.why,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "unit": one.unit,
        "band": banded(one.band),
        "was_band": one.was_band,
        "sentence": _sentence(one, clinical=clinical),
        "problems": one.problems,
    }


def in_full(one: Assessment, *, clinical: bool) -> dict[str, Any]:
    """This function will add what the value came from: contributions by group (with `base` they sum to `raw`), inputs with their age."""
    return in_short(one, clinical=clinical) | {
        "data_class": one.data_class,
        "base": one.base,
        "raw": one.raw,
        "contributions": [
            {"group": share.group, "label": dict(share.label), "share": share.share, "inputs": list(share.inputs)}
            for share in told.shares(one, one.version.about)
        ],
        "inputs": [_input(feature, one) for feature in one.version.about["features"] if feature["name"] in one.inputs],
        "heads": [{"name": name, **head} for name, head in one.heads.items()],
    }


def _input(feature: Mapping[str, Any], one: Assessment) -> dict[str, Any]:
    value, at = one.inputs[feature["name"]]
    measured = None if at is None else datetime.fromisoformat(at)
    age = None if measured is None else round((one.as_of - measured) / HOUR, 1)
    return {
        "name": feature["name"],
        "label": feature["label"],
        "unit": feature["unit"],
        "value": value,
        "measured_at": measured,
        "age_hours": age,
    }


def _sentence(one: Assessment, *, clinical: bool) -> dict[str, str]:
    facts = one.version.about
    if clinical:
        return {language: told.sentence(one, facts, language) for language in LANGUAGES}
    if one.value is None or _rose(one):
        return {language: told.plainly(one, facts, language) for language in LANGUAGES}
    name, band = facts["name"], banded(one.band)
    if band is None:
        return {"zh-hans": f"{name['zh-hans']}：没有需要特别留意的变化。", "en": f"{name['en']}: nothing has changed that needs attention."}
    return {
        "zh-hans": f"{name['zh-hans']}：目前为{band['words']['zh-hans']}。",
        "en": f"{name['en']}: at present {band['words']['en']}.",
    }


def _rose(one: Assessment) -> bool:
    """Whether the band is worse than the one before it."""
    places = {band["key"]: place for place, band in enumerate(one.version.about["bands"])}
    return one.was_band in places and places.get(one.band, 0) > places[one.was_band]


def opine(*, assessment_id: UUID | str, agrees: bool, reason: str, by: Viewer, now: datetime) -> Opinion:
    """This function will write down what a clinician thinks of an assessment; her newest opinion counts.

    Raises as `access.row_for`, and Invalid(code="reason_needed") where she disagrees without saying why.
    """
    rows = Assessment.objects.select_related("version").defer("version__files")
    one = access.row_for(by, rows, assessment_id, action="judge", now=now, by_class=True)
    if not agrees and not reason.strip():
        raise Invalid("Say why you disagree.", code="reason_needed", field="reason")
    with transaction.atomic():
        opinion = Opinion.objects.create(assessment=one, by_id=by.person, agrees=agrees, reason=reason.strip(), at=now)
        # The reason stays with the opinion: the log is the patient's to read, and the model may be for clinicians only.
        about_it, detail = f"assessment:{one.id}", {"agrees": agrees}
        log.record(by=by, did="assessment.opinion", patient_id=one.patient_id, about=about_it, now=now, detail=detail)
    return opinion


def known_model(key: str, *, field: str = "model") -> Mapping[str, Any]:
    """This function will give what is told of a model that a request names. Raises Invalid(code="unknown_model")."""
    if key not in cards.released():
        raise Invalid("There is no such model.", code="unknown_model", field=field)
    return cards.released()[key]


def about(key: str) -> Mapping[str, Any]:
    """This function will give what is told of a model that was ever used here, released today or not. Raises as `known_model`."""
    kept = None if key in cards.released() else Version.objects.filter(model=key).order_by("-since").values_list("about", flat=True).first()
    return known_model(key) if kept is None else kept


def ask_again(*, patient_id: UUID | str, models: Sequence[str], by: Viewer, now: datetime) -> list[str]:
    """This function will make a patient due with these models now (without any: with all that are computed for her); workers do it.

    Gives the models. Raises as `access.patient_for`; NotAllowed for a model that is not for her to see; Invalid `unknown_model`.
    """
    patient, _ = access.classes_open(by, patient_id, action="act", now=now)
    clinical = access.may(by, patient, action="clinical", now=now)
    for place, key in enumerate(models):
        if known_model(key, field=f"models.{place}")["staff_only"] and not clinical:
            raise NotAllowed("This model is for clinicians only.", code="clinicians_only")
    own = [key for key, one in cards.released().items() if one["live"] and (clinical or not one["staff_only"])]
    wanted = sorted({*models} or {*own})
    with transaction.atomic():
        _make_due([(patient, key) for key in wanted], now)
        log.record(by=by, did="risk.ask", patient_id=patient, now=now, detail={"models": wanted})
    return wanted


def _make_due(pairs: Collection[tuple[UUID, str]], now: datetime) -> None:
    due.ask(pairs=pairs, why=Assessment.Why.ASKED, now=now)
    wake.worker_on_commit(task=due.ASSESS, each=[{"model": key} for key in sorted({key for _, key in pairs})], queue="assess")


def panel(
    *, viewer: Viewer, now: datetime, model: str, band: str = "", limit: int = 100, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """This function will give the viewer's patients by where they stand with one model, worst first, and what to ask `after` next.

    Patients of whom the model abstains come last, with the reason. Raises Invalid `unknown_model`, `bad_cursor`.
    """
    staff_only = about(model)["staff_only"]
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 8):
        raise Invalid("There is no such page.", code="bad_cursor", field="after")
    people = _people(viewer, staff_only=staff_only, now=now)
    start = int(after or 0)
    given: dict[str, Any] = {
        "patients": list(people),
        "classes": ["{" + ",".join(classes) + "}" for classes in people.values()],
        "model": model,
        "band": band,
        "limit": limit + 1,
        "start": start,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PANEL, given)
        found = cursor.fetchall()
    log.record_reads(by=viewer, did="risk_panel.read", patient_ids=[row[0] for row in found[:limit]], now=now, about=f"model:{model}")
    return [_row(row) for row in found[:limit]], str(start + limit) if len(found) > limit else None


def _people(viewer: Viewer, *, staff_only: bool, now: datetime) -> dict[UUID, list[str]]:
    people = panel_of(viewer, now=now)
    if not staff_only:
        return people
    clinical = set(access.patients_visible_to(viewer, now=now, action="clinical").values_list("id", flat=True))
    return {patient_id: classes for patient_id, classes in people.items() if patient_id in clinical}


def _row(row: tuple[Any, ...]) -> dict[str, Any]:
    patient_id, name, band, band_since, assessment_id, as_of, value, low, high, unit, problems, version = row
    return {
        "patient": {"id": patient_id, "name": name},
        "band": banded(band),
        "band_since": band_since,
        "assessment": assessment_id,
        "as_of": as_of,
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "problems": json.loads(problems),
        "version": version,
    }


def ask_panel(*, viewer: Viewer, model: str, now: datetime, patients: Sequence[UUID] | None = None) -> int:
    """This function will make patients due with a model: these, or all of the viewer's care. Workers score them in chunks. Gives how many.

    Raises NotVisible and NotAllowed as `access.patient_for` for any of the patients, Invalid `unknown_model`.
    """
    if patients is None:
        chosen = list(access.patients_visible_to(viewer, now=now, action="judge").order_by("id").values_list("id", flat=True))
    else:
        chosen = [access.classes_open(viewer, one, action="judge", now=now)[0] for one in dict.fromkeys(patients)]
    known_model(model)
    with transaction.atomic():
        _make_due([(one, model) for one in chosen], now)
        log.record_reads(by=viewer, did="risk.ask", patient_ids=chosen, now=now, about=f"model:{model}")
    return len(chosen)


def forecasts(
    *, viewer: Viewer, patient_id: UUID | str, now: datetime, days: int = 14, limits: Mapping[str, Limits] | None = None
) -> list[dict[str, Any]]:
    """This function will give the forecasts of a patient's readings, of the kinds whose class is open to the viewer.

    `limits` as in `baselines.forecasts`: what counts as a finding when it is reached.
    """
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="forecasts.read", patient_id=patient, now=now)
    found = baselines.forecasts(patient_id=patient, now=now, horizon_days=days, limits=limits)
    return [one for one in found if BY_KEY[one["kind"]].data_class in classes]
