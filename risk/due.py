"""What must be assessed, and when: rows with a time. Light: the sweep and the web process use it, neither loads a model."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthhub.live import wake
from healthhub.records import fresh
from healthhub.records.catalogue import BY_NUMBER
from risk import cards, forecast
from risk.models import Standing

ASSESS = "risk.assess"  # the task that works off one chunk; routed to the queue `assess`
WATCH = "risk.watch"  # the task that takes the day's look at the models
FORECAST = "forecast"  # stands among the models: personal baselines, carried forward by risk.baselines
FORECAST_EVERY = timedelta(hours=6)
NIGHT_HOUR = 18  # UTC: 02:00 in China
CHUNK = 200
MOST_TASKS = 20  # asked for in one round of the sweep; the next round asks for more
# What devices send by themselves, every few minutes: these keep to the model's pace. Everything else a person measured, typed or
# ordered, now and then: she is looked at in the same round, for it may be what was missing.
STREAMS = frozenset(
    {
        "cgm",
        "hr",
        "hrv_sdnn",
        "hrv_rmssd",
        "rr",
        "spo2",
        "skin_temp",
        "steps",
        "distance",
        "active_minutes",
        "active_energy",
        "basal_energy",
    }
)
LEASE = timedelta(seconds=60)  # a worker that died loses its claim after this long

_ASK = """
INSERT INTO risk_standing (patient_id, model, band, why, due_at)
SELECT p, m, '', %(why)s, %(now)s FROM unnest(%(patients)s::uuid[], %(models)s::text[]) AS w(p, m)
ON CONFLICT (patient_id, model) DO UPDATE
SET why = excluded.why,
    due_at = greatest(%(now)s, coalesce(risk_standing.assessed_at + (%(every)s::jsonb ->> risk_standing.model)::interval, %(now)s))
"""

_CLAIM = """
UPDATE risk_standing s SET due_at = %(until)s
FROM (SELECT id FROM risk_standing WHERE due_at <= %(now)s AND model = %(model)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) c
WHERE s.id = c.id RETURNING s.patient_id, s.why
"""

_SETTLE = """
UPDATE risk_standing s SET assessed_at = %(now)s, due_at = w.night
FROM unnest(%(patients)s::uuid[], %(nights)s::timestamptz[]) AS w(patient, night)
WHERE s.patient_id = w.patient AND s.model = %(model)s AND s.due_at = %(lease)s
"""


@transaction.atomic
def note_fresh(*, now: datetime, limit: int = 5_000) -> int:
    """This function will make due what new readings concern: now, or for streams when the model's pace allows. Gives how many."""
    at_once: set[tuple[UUID, str]] = set()
    paced: set[tuple[UUID, str]] = set()
    for patient_id, numbers in fresh.take(limit=limit).items():
        for kind in (BY_NUMBER[number].key for number in numbers if number in BY_NUMBER):
            (paced if kind in STREAMS else at_once).update((patient_id, model) for model in cards.live_by_kind().get(kind, ()))
            if kind in forecast.KINDS:
                paced.add((patient_id, FORECAST))
    return ask(pairs=at_once, why="reading", now=now) + ask(pairs=paced - at_once, why="reading", now=now, paced=True)


def ask(*, pairs: Iterable[tuple[UUID, str]], why: str, now: datetime, paced: bool = False) -> int:
    """This function will make (patient, model) pairs due: now, or as soon as the model's pace allows. Gives how many."""
    wanted = sorted(pairs)
    if not wanted:
        return 0
    every = {key: f"{about['every_minutes'] if paced else 0} minutes" for key, about in cards.released().items()}
    every[FORECAST] = f"{FORECAST_EVERY.total_seconds() if paced else 0} seconds"
    given: dict[str, Any] = {
        "patients": [patient_id for patient_id, _ in wanted],
        "models": [model for _, model in wanted],
        "why": why,
        "now": now,
        "every": json.dumps(every),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASK, given)
    return len(wanted)


def waiting(*, now: datetime) -> dict[str, int]:
    """This function will count what is due, by model."""
    found: dict[str, int] = defaultdict(int)
    for model in Standing.objects.filter(due_at__lte=now).order_by().values_list("model", flat=True)[:20_000]:
        found[model] += 1
    return dict(found)


def hand_out(*, now: datetime) -> int:
    """This function will note what came in and wake workers for everything due. The sweep calls it. Gives how many are due."""
    note_fresh(now=now)
    counts = waiting(now=now)
    tasks = [{"model": model} for model, count in counts.items() for _ in range(-(-count // CHUNK))]
    with transaction.atomic():
        wake.worker_on_commit(task=ASSESS, each=tasks[:MOST_TASKS], queue="assess")
    return sum(counts.values())


def settle(*, model: str, patient_ids: Sequence[UUID], lease: datetime, now: datetime) -> None:
    """This function will note that claimed patients were looked at; whoever became due meanwhile stays due."""
    nights = [next_night(one, now) for one in patient_ids]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {"now": now, "lease": lease, "model": model, "patients": list(patient_ids), "nights": nights})


def next_night(patient_id: UUID, now: datetime) -> datetime:
    """This function will give the coming night's moment of this patient: the population is spread over three hours."""
    start = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    moment = start + timedelta(seconds=patient_id.int % 10_800)
    return moment if moment > now else moment + timedelta(days=1)


def claim(*, model: str, limit: int, now: datetime) -> tuple[datetime, dict[str, list[UUID]]]:
    """This function will claim up to `limit` due patients of a model: (the lease, why -> patients). Others pass them over."""
    until = now + LEASE
    found: dict[str, list[UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"until": until, "now": now, "model": model, "limit": limit})
        for patient_id, why in cursor.fetchall():
            found[why].append(patient_id)
    return until, dict(found)
