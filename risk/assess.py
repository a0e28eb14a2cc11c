"""How worried to be about these patients, why, or what is missing: the door to learned models. For workers: it loads LightGBM.

A chunk of patients is one statement for what is known of them, one `predict` per head, and two statements to write. Risk knows no
alerts: whoever calls hears which bands were crossed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from healthhub.lib.data_classes import DATA_CLASSES, joined
from healthhub.live import bell
from healthhub.people import access
from healthhub.records.catalogue import BY_KEY
from risk import due, features, load
from risk.champions import Champion, champion
from risk.history import History
from risk.learned.artefact import Scored
from risk.learned.registry import model
from risk.learned.shape import Band, Learned
from risk.models import Assessment, Standing
from risk.scores.inputs import Problem
from risk.scores.words import words


@dataclass(frozen=True, slots=True)
class Crossing:
    """A patient's band of one model changed: `band` now, `was` before (None: first assessment, or it had abstained)."""

    assessment: Assessment
    learned: Learned
    band: Band
    was: Band | None

    @property
    def rose(self) -> bool:
        return self.was is None or self.band.lowest > self.was.lowest


def assess(
    *, patient_ids: Sequence[UUID], key: str, now: datetime, why: str = Assessment.Why.ASKED, lease: datetime | None = None
) -> list[Crossing]:
    """This function will assess patients by one model as of `now`, write it down, and give the bands that were crossed.

    `lease`: the `due_at` under which the caller claimed the standings; one that changed meanwhile stays due. Patients who are unknown
    are passed over. Raises Invalid(code="unknown_model").
    """
    learned = model(key)
    speaking = champion(key, now=now)
    if speaking is None:
        return []
    known = load.histories(patient_ids=patient_ids, reach_back=learned.reach_back(), as_of=now)
    bands = dict(Standing.objects.filter(patient_id__in=list(known), model=key).values_list("patient_id", "band"))
    made = assessed(learned, speaking, known, now, why=why, bands=bands)
    crossings = [crossing for one in made if (crossing := _crossing(one, learned)) is not None]
    with transaction.atomic():
        _write(made, learned, now, why, lease)
        if why != Assessment.Why.NIGHTLY and not learned.staff_only:
            _ring(made, now)
    return crossings


def assessed(
    learned: Learned,
    speaking: Champion,
    known: Mapping[UUID, History],
    now: datetime,
    *,
    why: str,
    bands: Mapping[UUID, str],
) -> list[Assessment]:
    """This function will make the assessments without writing them: rows, one prediction per head, bands with hysteresis.

    `bands`: the key of the band in which each patient stood until now.
    """
    artefact = speaking.artefact
    data_class = joined(_classes(learned))
    rows = {one: features.build(learned, history, now, trained=artefact.meta) for one, history in known.items()}
    reasons = {one: _not_for(learned, history) or row.problems for (one, history), row in zip(known.items(), rows.values(), strict=True)}
    asked = [one for one in rows if not reasons[one]]
    scores: dict[str, Scored] = {}
    if asked:
        matrix = np.array([rows[one].values(artefact.names) for one in asked], dtype=np.float64)
        scores = {name: artefact.score(matrix, head=name, explained=head is artefact.main) for name, head in artefact.heads.items()}
    places = {one: place for place, one in enumerate(asked)}
    made = []
    for one, row in rows.items():
        was = bands.get(one, "")
        inputs = {name: [value.value, None if value.at is None else value.at.isoformat()] for name, value in row.known.items()}
        common = Assessment(
            patient_id=one, model=learned.key, version=speaking.version, data_class=data_class, as_of=now, made_at=now, why=why,
            inputs=inputs, was_band=was,
        )  # fmt: skip
        if one in places:
            _fill(common, learned, speaking, scores, places[one], was)
        else:
            common.problems = [{"code": p.code, "field": p.field, "words": dict(p.words), "how": p.how} for p in reasons[one]]
        made.append(common)
    return made


def _classes(learned: Learned) -> frozenset[str]:
    """What a viewer must be allowed to see: diagnoses among the inputs belong to no single class, so they ask for all."""
    if any(one.take is not None and one.take.condition for one in learned.features):
        return DATA_CLASSES
    return frozenset(BY_KEY[kind].data_class for kind in learned.reach_back())


def _not_for(learned: Learned, history: History) -> tuple[Problem, ...]:
    """The conditions under which the model must not be used at all."""
    wrong = sorted(learned.not_for & history.conditions)
    return tuple(Problem("not_for", one, words("此模型不适用于您的情况。", "This model is not for this condition.")) for one in wrong)


def _fill(one: Assessment, learned: Learned, speaking: Champion, scores: Mapping[str, Scored], place: int, was: str) -> None:
    heads = speaking.artefact.heads
    main = next(iter(heads))
    scored = scores[main]
    one.raw, one.base = float(scored.raw[place]), float(scored.base[place])
    one.value, one.low, one.high = (float(part[place]) for part in (scored.value, scored.low, scored.high))
    one.unit = heads[main].unit
    one.contributions = {
        name: float(share) for name, share in zip(speaking.artefact.names, scored.contributions[place], strict=True) if share
    }
    one.heads = {
        name: {"value": float(more.value[place]), "low": float(more.low[place]), "high": float(more.high[place]), "unit": heads[name].unit}
        for name, more in scores.items()
        if name != main
    }
    band = banded(one.value, learned.bands, was)
    one.band = "" if band is None else band.key


def banded(value: float, bands: Sequence[Band], was: str) -> Band | None:
    """This function will give the band of a value; a band held before is left downwards only by its margin (hysteresis)."""
    here = next((band for band in reversed(bands) if value >= band.lowest), None)
    held = next((band for band in bands if band.key == was), None)
    if held is not None and here is not None and here.lowest < held.lowest and value >= held.lowest - held.margin:
        return held
    return here


def _crossing(one: Assessment, learned: Learned) -> Crossing | None:
    if one.value is None or one.band == one.was_band:
        return None
    by_key = {band.key: band for band in learned.bands}
    return Crossing(one, learned, by_key[one.band], by_key.get(one.was_band)) if one.band in by_key else None


_DOCUMENTS = ("contributions", "inputs", "heads", "problems")
_PLAIN = tuple(field.attname for field in Assessment._meta.concrete_fields if field.attname not in _DOCUMENTS)
_COPY = f"COPY {Assessment._meta.db_table} ({', '.join(_PLAIN + _DOCUMENTS)}) FROM STDIN"
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode
_STAND = """
INSERT INTO risk_standing AS s (patient_id, model, assessment_id, band, band_since, assessed_at, why, due_at)
SELECT patient, %(model)s, assessment, coalesce(band, ''), CASE WHEN band IS NULL THEN NULL ELSE %(now)s END, %(now)s, %(why)s, night
FROM unnest(%(patients)s::uuid[], %(assessments)s::uuid[], %(bands)s::text[], %(nights)s::timestamptz[])
     AS w(patient, assessment, band, night)
ON CONFLICT (patient_id, model) DO UPDATE SET
    assessment_id = excluded.assessment_id, assessed_at = excluded.assessed_at,
    band = CASE WHEN excluded.band = '' THEN s.band ELSE excluded.band END,
    band_since = CASE WHEN excluded.band IN ('', s.band) THEN s.band_since ELSE excluded.band_since END,
    due_at = CASE WHEN s.due_at IS NULL OR s.due_at = %(lease)s OR %(lease)s::timestamptz IS NULL THEN excluded.due_at ELSE s.due_at END
"""


def _write(made: Sequence[Assessment], learned: Learned, now: datetime, why: str, lease: datetime | None) -> None:
    """Two statements. Who abstains keeps the band she had: silence is not an improvement, and its end is not a crossing.

    Whose `due_at` is not the lease any more became due meanwhile: she stays due.
    """
    made = sorted(made, key=lambda one: one.patient_id)  # one order for all workers: none waits for another in a ring
    _keep(made)
    given: dict[str, Any] = {
        "model": learned.key,
        "why": why,
        "now": now,
        "lease": lease,
        "patients": [one.patient_id for one in made],
        "assessments": [one.id for one in made],
        "bands": [one.band or None for one in made],
        "nights": [due.next_night(one.patient_id, now) for one in made],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAND, given)


def _keep(made: Sequence[Assessment]) -> None:
    """By COPY: escaping four documents a row for an INSERT costs as much as the model itself."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in made:
            row = [getattr(one, name) for name in _PLAIN]
            copy.write_row(row + [_AS_JSON(getattr(one, name)) for name in _DOCUMENTS])


def _ring(made: Sequence[Assessment], now: datetime) -> None:
    for one in made:
        event = {"type": "assessment", "assessment": str(one.id), "patient": str(one.patient_id)}
        event |= {"data_class": one.data_class, "model": one.model}
        bell.ring_on_commit(users=access.watchers_of(one.patient_id, data_class=one.data_class, now=now, right="read"), event=event)
