"""One look a day at every model in use: have its inputs drifted, does what it said come true. What leaves the corridor is marked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from healthhub.records.catalogue import BY_KEY
from risk.champions import artefact_of
from risk.models import Assessment, Version, Watch

WINDOW = timedelta(days=30)
MOST = 20_000  # assessments looked at, the newest
CORRIDOR = (0.8, 1.25)  # of observed over expected; outside of it a model is marked
EXPECTED_NEEDED = 10.0  # events: below, observed over expected is chance
PSI_FLOOR = 1e-4  # a share of zero would make the index infinite


@dataclass(frozen=True, slots=True)
class Followed:
    """What a model's risk is of: outcomes of these kinds within the horizon, or a reading below a limit (canonical unit)."""

    horizon: timedelta
    outcomes: tuple[str, ...] = ()
    kind: str = ""
    below: float = 0.0


YEAR = timedelta(days=365.25)
FOLLOWED: Mapping[str, Followed] = {
    "glucose": Followed(timedelta(minutes=60), kind="cgm", below=70 / 18.016),
    "mortality-home": Followed(5 * YEAR, ("death",)),
    "mortality-labs": Followed(5 * YEAR, ("death",)),
    "deterioration": Followed(timedelta(days=7), ("death", "admission", "emergency_visit")),
    "readmission": Followed(timedelta(days=30), ("admission",)),
}

_BELOW = """
SELECT count(*) FROM unnest(%s::uuid[], %s::timestamptz[]) AS w(patient, at)
WHERE EXISTS (SELECT 1 FROM records_observation o WHERE o.patient_id = w.patient AND o.state = 0 AND o.kind = %s
              AND o.at > w.at AND o.at <= w.at + %s AND o.value < %s)
"""
_HAPPENED = """
SELECT count(*) FROM unnest(%s::uuid[], %s::timestamptz[]) AS w(patient, at)
WHERE EXISTS (SELECT 1 FROM risk_outcome o WHERE o.patient_id = w.patient AND o.withdrawn_at IS NULL AND o.kind = ANY(%s)
              AND o.at > w.at AND o.at <= least(w.at + %s, %s))
"""


def look(*, version: Version, now: datetime, burden: Mapping[str, Any]) -> Watch:
    """This function will write today's look at a version over the last 30 days, and mark or unmark it."""
    made = list(
        Assessment.objects.filter(version=version, as_of__gt=now - WINDOW, as_of__lte=now)
        .order_by("-as_of")
        .values_list("patient_id", "as_of", "value", "inputs")[:MOST]
    )
    spoken = [(patient_id, as_of, value) for patient_id, as_of, value, _ in made if value is not None]
    observed, expected = calibration(version.model, spoken, now)
    with transaction.atomic():
        watch, _ = Watch.objects.update_or_create(
            version=version,
            day=now.date(),
            defaults={
                "n": len(made),
                "abstained": len(made) - len(spoken),
                "psi": drift(artefact_of(version.id).meta, [inputs for *_, inputs in made]) if made else {},
                "observed": observed,
                "expected": expected,
                "burden": dict(burden),
            },
        )
        _mark(version, observed, expected, now)
    return watch


def champions() -> Iterable[Version]:
    """This function will give the versions that speak."""
    return Version.objects.filter(state=Version.State.CHAMPION).defer("files").order_by("model")


def drift(meta: Mapping[str, Any], inputs: list[Mapping[str, Any]]) -> dict[str, float]:
    """This function will give the population stability index of each input against the training sample, missing values as a bin.

    Below 0.1 nothing moved, above 0.25 the people are others than those the model learned from (usual reading of the index).
    """
    found = {}
    for one in meta["features"]:
        values = np.array([row[one["name"]][0] if one["name"] in row else np.nan for row in inputs], dtype=np.float64)
        known = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(one["edges"], known, side="right"), minlength=len(one["edges"]) + 1)
        shares = [*(counts / len(values)), 1 - len(known) / len(values)]
        found[one["name"]] = round(psi(one["shares"], shares), 4)
    return found


def psi(before: Iterable[float], now: Iterable[float]) -> float:
    """This function will give the population stability index of two lists of shares over the same bins."""
    pairs = [(max(b, PSI_FLOOR), max(n, PSI_FLOOR)) for b, n in zip(before, now, strict=True)]
    return sum((n - b) * log(n / b) for b, n in pairs)


def calibration(model: str, spoken: list[tuple[UUID, datetime, float]], now: datetime) -> tuple[float | None, float | None]:
    """This function will give (observed, expected) events after the assessments: (None, None) where nothing can be followed.

    Where the horizon is not over, the share of the risk that belongs to the time gone by is expected (constant hazard within it).
    """
    followed = FOLLOWED.get(model)
    if followed is None or not spoken:
        return None, None
    if followed.kind:
        spoken = [one for one in spoken if one[1] + followed.horizon <= now]
    patients, moments = [one[0] for one in spoken], [one[1] for one in spoken]
    gone = [min(1.0, (now - moment) / followed.horizon) for moment in moments]
    expected = sum(1 - (1 - min(value, 0.9999)) ** share for (_, _, value), share in zip(spoken, gone, strict=True))
    given: list[Any] = [patients, moments]
    if followed.kind:
        statement, given = _BELOW, [*given, BY_KEY[followed.kind].number, followed.horizon, followed.below]
    else:
        statement, given = _HAPPENED, [*given, list(followed.outcomes), followed.horizon, now]
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return float(cursor.fetchone()[0]), float(expected)


def _mark(version: Version, observed: float | None, expected: float | None, now: datetime) -> None:
    if observed is None or expected is None or expected < EXPECTED_NEEDED:
        return
    outside = not CORRIDOR[0] <= observed / expected <= CORRIDOR[1]
    wanted = Version.objects.filter(id=version.id, marked_at__isnull=outside)
    wanted.update(marked_at=now if outside else None)
