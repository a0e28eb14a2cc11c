"""Training in the hospital: labels from outcomes that were recorded or imported here, features as of moments before them.

Nothing leaves the database host: the table is built in this process's memory, the artefact goes into a row.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from django.db import transaction

from healthhub.lib.refused import Invalid
from risk import features, load
from risk.champions import champion
from risk.history import History
from risk.learned.boosting import Say
from risk.learned.inside import challenger
from risk.learned.registry import model
from risk.learned.report import Report
from risk.learned.shape import Learned
from risk.models import Outcome, Version

CHUNK = 200
LOOK_BACK = timedelta(days=730)
EVERY = timedelta(days=7)  # between two moments of one person
MOST_MOMENTS = 26  # of one person, the newest
HORIZON = timedelta(days=7)
# The release's deterioration model knows these as its event; other models are trained on files.
TRAINABLE = ("deterioration",)


def train(*, key: str, now: datetime, say: Say, horizon: timedelta = HORIZON, by: UUID | None = None) -> tuple[Version, Report]:
    """This function will train a challenger from this database and keep it for a person to approve.

    Label: an outcome within `horizon` after the moment. Raises Invalid: `not_trained_inside`, `too_few_outcomes` (with the number
    needed), `nothing_to_train_on`.
    """
    if key not in TRAINABLE:
        raise Invalid(f"Only {', '.join(TRAINABLE)} can be trained inside.", code="not_trained_inside", field="model")
    learned = model(key)
    speaking = champion(key, now=now)
    ranges = _unlimited(learned)
    rows: list[list[float]] = []
    labels: list[float] = []
    people: list[str] = []
    for patient_id, known, label in moments(learned, ranges, now=now, horizon=horizon):
        rows.append(known)
        labels.append(label)
        people.append(str(patient_id))
    say(f"{len(rows):,} moments with the inputs that {key} requires")
    if not rows:
        raise Invalid("No patient has the inputs this model requires.", code="nothing_to_train_on", field="model")
    table = pd.DataFrame(rows, columns=[one.name for one in learned.features])
    version = f"inside-{now:%Y%m%d%H%M}"
    artefact, report = challenger(
        learned,
        table,
        np.array(labels),
        np.array(people),
        version=version,
        trained_at=now.isoformat(timespec="seconds"),
        champion=None if speaking is None else speaking.artefact,
        say=say,
    )
    return _kept(learned, artefact.files(), report, now=now, by=by), report


def moments(learned: Learned, ranges: dict[str, Any], *, now: datetime, horizon: timedelta) -> Iterator[tuple[UUID, list[float], float]]:
    """This function will go through (patient, row, label): a moment each week, at the last reading before it.

    Only moments whose horizon is over count, and none within the horizon after an outcome: what follows one is another question.
    """
    names = [one.name for one in learned.features]
    happened = outcomes(since=now - LOOK_BACK)
    reach_back = {kind: LOOK_BACK + far for kind, far in learned.reach_back().items()}
    for patient_ids in _chunks(load.with_readings(kinds=list(reach_back), since=now - LOOK_BACK)):
        for patient_id, history in load.histories(patient_ids=patient_ids, reach_back=reach_back, as_of=now).items():
            mine = happened.get(patient_id, [])
            for moment in _moments_of(history, mine, now=now, horizon=horizon):
                row = features.build(learned, history.up_to(moment), moment, trained=ranges)
                if not row.problems:
                    yield patient_id, row.values(names), _label(mine, moment, horizon)


def outcomes(*, since: datetime) -> dict[UUID, list[datetime]]:
    """This function will give the moments of each patient's outcomes, in order; withdrawn ones do not count."""
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for patient_id, at in Outcome.objects.filter(withdrawn_at=None, at__gte=since).order_by("at").values_list("patient_id", "at"):
        found[patient_id].append(at)
    return dict(found)


def _moments_of(history: History, happened: Sequence[datetime], *, now: datetime, horizon: timedelta) -> list[datetime]:
    known = sorted({one.known_at for readings in history.readings.values() for one in readings if one.known_at <= now - horizon})
    # An even grid: asking more often before outcomes would teach the model that they are common.
    wanted = [known[-1] - step * EVERY for step in range(MOST_MOMENTS)] if known else []
    found = {known[place - 1] for at in wanted if (place := bisect_right(known, at)) > 0}
    return sorted(at for at in found if not any(timedelta(0) <= at - event < horizon for event in happened))


def _label(happened: Sequence[datetime], moment: datetime, horizon: timedelta) -> float:
    place = bisect_right(happened, moment)
    return 1.0 if place < len(happened) and happened[place] <= moment + horizon else 0.0


def _unlimited(learned: Learned) -> dict[str, Any]:
    """In training nothing is outside the training range yet."""
    return {"reach": learned.reach, "features": [{"name": one.name, "low": one.low, "high": one.high} for one in learned.features]}


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


@transaction.atomic
def _kept(learned: Learned, files: dict[str, str], report: Report, *, now: datetime, by: UUID | None) -> Version:
    about = learned.as_dict() | {"figures": dict(report.figures), "comparators": {k: dict(v) for k, v in report.comparators.items()}}
    return Version.objects.create(
        model=learned.key,
        version=report.version,
        released=False,
        files=files,
        about=about,
        state=Version.State.CHALLENGER,
        since=now,
        trained_by_id=by,
    )
