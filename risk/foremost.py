"""The one figure of risk a list shows of each patient: of many at once, in two statements, without loading a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from risk import cards
from risk.models import Version
from risk.told import PROBABILITY

# What can happen within days comes before what can happen within years; of the others the worst band.
ACUTE = ("deterioration", "glucose", "readmission")
RECENT = timedelta(days=14)
EARLIER = timedelta(days=7)
_RANK = "CASE {} WHEN 'moderate' THEN 1 WHEN 'medium' THEN 1 WHEN 'elevated' THEN 2 WHEN 'high' THEN 2 WHEN 'very_high' THEN 3 ELSE 0 END"

_FOREMOST = f"""
    SELECT DISTINCT ON (s.patient_id) s.patient_id, s.model, s.band, s.band_since, {_RANK.format("s.band")}, {_RANK.format("a.was_band")},
           a.was_band, a.value, a.low, a.high, a.unit, a.as_of, v.version
    FROM unnest(%(patients)s::uuid[], %(classes)s::text[], %(clinical)s::boolean[]) AS w(patient_id, classes, clinical)
    JOIN risk_standing s ON s.patient_id = w.patient_id AND (w.clinical OR NOT s.model = ANY(%(staff_only)s::text[]))
    JOIN risk_assessment a ON a.id = s.assessment_id AND string_to_array(a.data_class, '+') <@ w.classes::text[]
    JOIN risk_version v ON v.id = a.version_id AND v.marked_at IS NULL
    ORDER BY s.patient_id, a.value IS NULL, s.model = ANY(%(acute)s::text[]) DESC, {_RANK.format("s.band")} DESC,
             array_position(%(acute)s::text[], s.model::text), s.model
"""
_BEFORE = """
    SELECT w.patient_id, b.value
    FROM unnest(%(patients)s::uuid[], %(models)s::text[], %(until)s::timestamptz[]) AS w(patient_id, model, until)
    CROSS JOIN LATERAL (SELECT a.value FROM risk_assessment a
        WHERE a.patient_id = w.patient_id AND a.model = w.model AND a.as_of <= w.until AND a.value IS NOT NULL
        ORDER BY a.as_of DESC LIMIT 1) b
"""


@dataclass(frozen=True, slots=True)
class Foremost:
    """The newest answer of the model that matters most now: value with its 90 % interval, or None when the model abstained.

    `rank` is 0 (low) to 3 (very high); `rose` tells that the band is worse than the one before it, since `band_since`, at most 14 days ago.
    """

    model: str
    name: Mapping[str, str]
    version: str
    band: str
    rank: int
    rose: bool
    band_since: datetime | None
    value: float | None
    low: float | None
    high: float | None
    unit: str
    as_of: datetime

    @property
    def probability(self) -> bool:
        """Whether the value is a chance between 0 and 1, shown in percent."""
        return self.unit in PROBABILITY


def foremost(*, panel: Mapping[UUID, Sequence[str]], clinical: frozenset[UUID], now: datetime) -> dict[UUID, Foremost]:
    """This function will give one figure of each patient of a panel (id -> classes open to the viewer), where there is any.

    `clinical` are the patients of whom the viewer may see what is for clinicians only. The caller has proved the viewer's rights.
    """
    given: dict[str, Any] = {
        "patients": list(panel),
        "classes": ["{" + ",".join(classes) + "}" for classes in panel.values()],
        "clinical": [patient_id in clinical for patient_id in panel],
        "staff_only": sorted(_staff_only()),
        "acute": list(ACUTE),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOREMOST, given)
        rows = cursor.fetchall()
    names = _names({row[1] for row in rows})
    return {row[0]: _found(row, names, now) for row in rows}


def before(*, shown: Mapping[UUID, Foremost]) -> dict[UUID, float]:
    """This function will give the value a week (or more) before the one shown, of the same model, where there is one."""
    given: dict[str, Any] = {
        "patients": list(shown),
        "models": [one.model for one in shown.values()],
        "until": [one.as_of - EARLIER for one in shown.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, given)
        return dict(cursor.fetchall())


def _found(row: tuple[Any, ...], names: Mapping[str, Mapping[str, str]], now: datetime) -> Foremost:
    _, model, band, since, rank, was, was_band, value, low, high, unit, as_of, version = row
    rose = bool(was_band) and rank > was and since is not None and since > now - RECENT
    return Foremost(model, names[model], version, band, rank, rose, since, value, low, high, unit, as_of)


def _staff_only() -> set[str]:
    released = cards.released()
    kept = Version.objects.exclude(model__in=list(released)).filter(about__staff_only=True).order_by().distinct()
    return {key for key, about in released.items() if about["staff_only"]} | set(kept.values_list("model", flat=True))


def _names(models: set[str]) -> dict[str, Mapping[str, str]]:
    released = cards.released()
    others = models - released.keys()
    kept = Version.objects.filter(model__in=others).order_by("since").values_list("model", "about__name") if others else ()
    return {model: released[model]["name"] for model in models & released.keys()} | dict(kept)
