"""Personal baselines in the database: carried forward each night, read by whoever shows forecasts.

The door of forecasts. Importing it loads neither numpy nor statsmodels: web processes read forecasts from rows by plain arithmetic.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from healthhub.people.models import Patient
from healthhub.records import summaries
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from risk import forecast
from risk.forecast_rows import Baseline
from risk.forecasting.days import ODD, Hour, Odd, days
from risk.forecasting.findings import Limits
from risk.forecasting.state import State

WINDOW = 270  # days of readings that a new baseline, or a new choice of method, rests on
MOST_FITS = 100  # rows fitted in one call; the others stay marked and come with the next night
NUMBERS = [BY_KEY[kind].number for kind in forecast.KINDS]
Key = tuple[UUID, int]  # patient, number of the kind

# Whole local days only: today's are not over. A day's hours come first, then its flagged readings (the last column tells which).
# OFFSET 0 keeps each patient's kind a look into the index of its own: joined at large, the planner would read everybody's years.
_HOURS = f"""
WITH asked AS MATERIALIZED (
    SELECT a.patient_id, a.kind, a.since, (%s AT TIME ZONE p.time_zone)::date AS until
    FROM unnest(%s::uuid[], %s::smallint[], %s::date[]) AS a(patient_id, kind, since) JOIN people_patient p ON p.id = a.patient_id
)
SELECT asked.patient_id, asked.kind, m.day, m.hour, s.key, s.priority, m.n, m.span, m.total, m.total2, NULL::smallint AS flags
FROM asked CROSS JOIN LATERAL (
    SELECT * FROM records_summary m
    WHERE m.patient_id = asked.patient_id AND m.kind = asked.kind AND m.day > asked.since AND m.day < asked.until OFFSET 0
) m JOIN records_source s ON s.id = m.source_id
UNION ALL
SELECT asked.patient_id, asked.kind, o.local::date, extract(hour FROM o.local)::smallint, '', 0, 1, 0, o.value, o.value2, o.flags
FROM asked CROSS JOIN LATERAL (
    SELECT value, value2, flags, at AT TIME ZONE 'UTC' + utc_offset * interval '1 minute' AS local FROM records_observation
    WHERE patient_id = asked.patient_id AND kind = asked.kind AND state = 0 AND flags & {ODD} <> 0
      AND at >= (asked.since - interval '14 hours') AT TIME ZONE 'UTC' AND at < (asked.until + interval '14 hours') AT TIME ZONE 'UTC'
    OFFSET 0
) o
WHERE o.local::date > asked.since AND o.local::date < asked.until
"""


def refresh(*, patient_ids: Sequence[UUID], now: datetime) -> int:
    """This function will carry the baselines of these patients forward to yesterday (her own clock) and give how many rows changed.

    One statement reads what came since each row's last day, for all of them; states are updated, not fitted; rows are written in bulk.
    New rows rest on the last WINDOW days. At most MOST_FITS rows whose method lost, or that have grown, are fitted from history.
    To be called by workers, with a chunk of some hundreds of patients.
    """
    _settle_summaries(patient_ids)
    rows = {(row.patient_id, row.kind): row for row in Baseline.objects.filter(patient_id__in=patient_ids)}
    oldest = now.date() - timedelta(days=WINDOW)
    since = {(patient, kind): oldest for patient in patient_ids for kind in NUMBERS}
    since |= {key: max(row.last_day, oldest) for key, row in rows.items() if forecast.states(BY_NUMBER[row.kind].key, row.state)}
    changed: dict[Key, dict[str, State]] = {}
    for key, found in _read(since, now).items():
        kind = BY_NUMBER[key[1]].key
        before = forecast.states(kind, rows[key].state) if key in rows else {}
        changed[key] = forecast.carried(kind, before, found)
    for key, row in rows.items():
        if row.refit_due and key not in changed:
            changed[key] = forecast.states(BY_NUMBER[row.kind].key, row.state)
    _fit(changed, now)
    _write(changed, now)
    return len(changed)


def of(patient_id: UUID, kind: str) -> list[dict[str, Any]]:
    """This function will give the personal baseline of each part of a kind: part, label, unit, method, usual, low, high, days."""
    told = []
    for row in Baseline.objects.filter(patient_id=patient_id, kind=BY_KEY[kind].number):
        for part, state in sorted(forecast.states(kind, row.state).items()):
            named = {"kind": kind, "part": part, "label": dict(state.series.label), "unit": state.series.unit}
            told.append(named | {"method": state.method, "last_day": date.fromordinal(state.day).isoformat()} | forecast.usual(state))
    return told


def forecasts(
    *, patient_id: UUID, now: datetime, horizon_days: int = 14, limits: Mapping[str, Limits] | None = None
) -> list[dict[str, Any]]:
    """This function will tell all forecasts of a patient as JSON-able dicts (see risk.forecast.one), her own day being today.

    `limits` are (low, high) in the canonical unit, either None, by kind or by kind and part: {"weight": (None, 80), "bp.sys": (90, 135)}.
    Who may see her is the caller's to ask.
    """
    rows = list(Baseline.objects.filter(patient_id=patient_id).select_related("patient").order_by("kind"))
    told: list[dict[str, Any]] = []
    for row in rows:
        kind, today = BY_NUMBER[row.kind].key, now.astimezone(ZoneInfo(row.patient.time_zone)).date()
        told += forecast.told(kind, forecast.states(kind, row.state), today=today, horizon=horizon_days, limits=limits)
    return told


def everyone() -> list[UUID]:
    """This function will give the ids of all patients, for the nightly pass to cut into chunks."""
    return list(Patient.objects.order_by("id").values_list("id", flat=True))


def _settle_summaries(patient_ids: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT patient_id FROM records_stale WHERE patient_id = ANY(%s) AND kind = ANY(%s::smallint[])",
            [list(patient_ids), NUMBERS],
        )
        marked = [row[0] for row in cursor.fetchall()]
    for patient_id in marked:
        summaries.refresh(patient_id=patient_id)


def _read(since: Mapping[Key, date], now: datetime) -> dict[Key, dict[str, list[Any]]]:
    """The whole local days after `since`, by part; kinds that add up are counted once where two sources measured."""
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, [now, [key[0] for key in since], [key[1] for key in since], list(since.values())])
        rows = cursor.fetchall()
    hours: dict[Key, list[Any]] = defaultdict(list)
    odd: dict[Key, list[Odd]] = defaultdict(list)
    for patient_id, kind, day, hour, source, priority, n, span, total, total2, flags in rows:
        if flags is None:
            hours[patient_id, kind].append((day, hour, source, priority, n, span, total, total2))
        else:
            odd[patient_id, kind].append(Odd(day.toordinal(), hour, flags, total, total2))
    return {key: days(BY_NUMBER[key[1]].key, _once(found, key[1]), odd.get(key, ())) for key, found in hours.items()}


def _once(found: Iterable[tuple[Any, ...]], kind: int) -> list[Hour]:
    if not BY_NUMBER[kind].cumulative:
        pooled: dict[tuple[date, int], Hour] = {}
        for day, hour, _, _, n, _, total, total2 in found:
            old = pooled.get((day, hour))
            if old is not None:
                n, total, total2 = n + old.n, total + old.total, None if total2 is None else total2 + (old.total2 or 0.0)
            pooled[day, hour] = Hour(day.toordinal(), hour, n, total, total2)
        return list(pooled.values())
    whole = [
        summaries.Hour(day, hour, source, priority, n, span, 0.0, 0.0, total, None, None, None)
        for day, hour, source, priority, n, span, total, _ in found
    ]
    return [Hour(one.day.toordinal(), one.hour, one.n, one.total) for one in summaries.counted(whole, cumulative=True)]


def _fit(changed: dict[Key, dict[str, State]], now: datetime) -> None:
    due = [key for key, found in changed.items() if any(state.refit_due for state in found.values())][:MOST_FITS]
    if not due:
        return
    # Looked up here, in the worker: at the top it would load statsmodels into every web process.
    fitted = import_module("risk.forecasting.fitting").fitted
    for key, history in _read({key: now.date() - timedelta(days=WINDOW) for key in due}, now).items():
        for part, state in changed[key].items():
            if state.refit_due and part in history:
                changed[key][part] = fitted(state.series, history[part], before=state)


def _write(changed: Mapping[Key, dict[str, State]], now: datetime) -> None:
    rows = [
        Baseline(
            patient_id=patient_id,
            kind=kind,
            state=forecast.row_of(found),
            last_day=date.fromordinal(forecast.last_day(found.values())),
            days=max(state.n for state in found.values()),
            refit_due=any(state.refit_due for state in found.values()),
            updated_at=now,
        )
        for (patient_id, kind), found in changed.items()
        if found
    ]
    Baseline.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["patient", "kind"],
        update_fields=["state", "last_day", "days", "refit_due", "updated_at"],
    )
