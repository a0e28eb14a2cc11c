"""Hours and days stay right however readings arrive: late, out of order, corrected, deleted, from two devices, across DST."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from healthhub.people.models import Patient
from healthhub.records import partitions, summaries, timeline
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import Observation, State
from healthhub.records.timeline import Row

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, tzinfo=UTC)
HR, STEPS = BY_KEY["hr"].number, BY_KEY["steps"].number
START = datetime(2026, 3, 27, tzinfo=UTC)  # Lisbon changes its clocks on 29 March 2026


def row(source: int, at: datetime, value: float, *, zone: str = "Europe/Lisbon", kind: int = HR, seconds: int | None = None) -> Row:
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return Row(kind, at, int(offset.total_seconds() // 60), value, None, seconds, source, "", 1, 0, None)


def put(patient_id: UUID, rows: list[Row]) -> None:
    partitions.ensure({timeline.month_of(r.at) for r in rows})
    seq = timeline.lock(patient_id=patient_id)
    timeline.add(patient_id=patient_id, rows=rows, after_seq=seq, now=NOW)


def sources(patient_id: UUID) -> dict[str, int]:
    timeline.lock(patient_id=patient_id)
    return timeline.sources(patient_id=patient_id, keys=["watch", "phone"])


def recomputed(patient_id: UUID) -> dict[date, tuple[int, float, float, float]]:
    """The plain reading of all current rows: local day -> count, min, max, sum."""
    days: dict[date, list[float]] = defaultdict(list)
    for one in Observation.objects.filter(patient_id=patient_id, state=State.CURRENT):
        days[one.at.astimezone(timezone(timedelta(minutes=one.utc_offset))).date()].append(one.value)
    return {day: (len(v), min(v), max(v), pytest.approx(sum(v))) for day, v in days.items()}


moments = st.integers(0, 6 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "correct", "remove", "read"]),
        moments,
        st.integers(40, 180),
        st.sampled_from(["watch", "phone"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_summaries_equal_recomputation_after_any_history(steps: list[tuple[str, datetime, int, str]]) -> None:
    patient = Patient.objects.create(name="Ana")
    ids = sources(patient.id)
    by_actor: Any = type("By", (), {"kind": "user", "user_id": None, "token_id": None})
    for did, at, value, source in steps:
        current = list(Observation.objects.filter(patient=patient, state=State.CURRENT).order_by("seq"))
        if did == "add" or not current:
            put(patient.id, [row(ids[source], at, float(value))])
        elif did == "correct":
            old = current[value % len(current)]
            put(patient.id, [row(old.source_id, old.at, float(value))])
        elif did == "remove":
            seq = current[value % len(current)].seq
            timeline.remove(patient_id=patient.id, seq=seq, reason="test", by=by_actor, now=NOW)
        else:
            summaries.refresh(patient_id=patient.id)
    days = summaries.daily(patient_id=patient.id, kind=HR, since=date(2026, 3, 1), until=date(2026, 5, 1))
    assert {b.start: (b.n, b.low, b.high, b.total) for b in days} == recomputed(patient.id)
    hours = summaries.hourly(patient_id=patient.id, kind=HR, since=date(2026, 3, 1), until=date(2026, 5, 1))
    assert sum(b.n for b in hours) == sum(b.n for b in days)


def test_a_day_is_the_wall_clock_day_where_it_was_measured() -> None:
    patient = Patient.objects.create(name="Ana")
    ids = sources(patient.id)
    late_evening_in_shanghai = datetime(2026, 3, 30, 15, 30, tzinfo=UTC)
    put(patient.id, [row(ids["watch"], late_evening_in_shanghai, 60, zone="Asia/Shanghai")])
    put(patient.id, [row(ids["phone"], late_evening_in_shanghai, 80, zone="America/Los_Angeles")])
    hours = summaries.hours(patient_id=patient.id, kind=HR, since=date(2026, 3, 29), until=date(2026, 3, 31))
    assert [(h.day.day, h.hour, h.low) for h in hours] == [(30, 8, 80), (30, 23, 60)]


def test_steps_of_two_devices_are_counted_once_and_why_is_told() -> None:
    patient = Patient.objects.create(name="Ana")
    ids = sources(patient.id)
    from_db = {s.key: s for s in patient.sources.all()}
    from_db["watch"].priority = 10
    from_db["watch"].save()
    noon, one = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 28, 13, tzinfo=UTC)
    put(
        patient.id,
        [
            row(ids["watch"], noon, 900, kind=STEPS, seconds=3600),
            row(ids["phone"], noon, 1100, kind=STEPS, seconds=3600),
            row(ids["phone"], one, 300, kind=STEPS, seconds=3600),
        ],
    )
    told = summaries.why(patient_id=patient.id, kind=STEPS, day=date(2026, 3, 28))
    assert told["bucket"].total == 1200
    assert [(p["source"], p["counts"]) for p in told["parts"]] == [("watch", True), ("phone", False), ("phone", True)]


def test_a_source_of_whole_days_is_not_added_to_one_of_hours() -> None:
    patient = Patient.objects.create(name="Ana")
    ids = sources(patient.id)
    midnight = datetime(2026, 3, 28, tzinfo=UTC)
    put(patient.id, [row(ids["watch"], midnight, 8000, kind=STEPS, seconds=86400)])
    put(patient.id, [row(ids["phone"], midnight + timedelta(hours=h), 100, kind=STEPS, seconds=3600) for h in range(8, 20)])
    (day,) = summaries.daily(patient_id=patient.id, kind=STEPS, since=date(2026, 3, 28), until=date(2026, 3, 28))
    assert day.total == 8000
