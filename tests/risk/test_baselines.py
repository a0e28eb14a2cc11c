"""Baselines in the database: whole local days only, one pass a night, late and censored readings, and what is told of them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from healthhub.people.models import Patient
from healthhub.records import partitions, summaries, timeline
from healthhub.records.catalogue import BY_KEY, CENSORED_HIGH, SUSPICIOUS
from healthhub.records.timeline import Row
from risk import baselines, forecast
from risk.forecast_rows import Baseline

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 20, tzinfo=UTC)  # four in the morning of 2 June in Shanghai
OFFSET = 480
Reading = tuple[str, datetime, float, float | None, int]


def _person(name: str = "Lin") -> UUID:
    return Patient.objects.create(name=name, is_simulated=True).id


def _put(patient_id: UUID, readings: Sequence[Reading], source: str = "scale") -> None:
    last_seq = timeline.lock(patient_id=patient_id)
    number = timeline.sources(patient_id=patient_id, keys=[source])[source]
    rows = [
        Row(BY_KEY[kind].number, at, OFFSET, value, value2, None, number, "", 1, flags, None) for kind, at, value, value2, flags in readings
    ]
    partitions.ensure({timeline.month_of(row.at) for row in rows})
    timeline.add(patient_id=patient_id, rows=rows, after_seq=last_seq, now=NOW)


def _morning(days_ago: int) -> datetime:
    """Seven o'clock in Shanghai, that many local days before 2 June 2026."""
    return datetime(2026, 6, 1, 23, tzinfo=UTC) - timedelta(days=days_ago)


def _weights(first: int, last: int, *, seed: int = 1) -> list[Reading]:
    random = np.random.default_rng(seed)
    noise = random.normal(0, 0.3, 400)
    return [("weight", _morning(ago), round(80 + float(noise[ago]), 2), None, 0) for ago in range(first, last, -1)]


def _row(patient_id: UUID, kind: str = "weight") -> Any:
    return Baseline.objects.get(patient_id=patient_id, kind=BY_KEY[kind].number)


def test_two_nights_are_one_and_nothing_new_changes_nothing() -> None:
    ana, ben = _person("Ana"), _person("Ben")
    _put(ana, _weights(20, 5))
    _put(ben, _weights(20, 0))
    assert baselines.refresh(patient_ids=[ana, ben], now=NOW) == 2
    _put(ana, _weights(5, 0))
    assert baselines.refresh(patient_ids=[ana, ben], now=NOW) == 1
    assert baselines.refresh(patient_ids=[ana, ben], now=NOW) == 0
    one, other = (forecast.states("weight", _row(who).state)[""] for who in (ana, ben))
    assert one.a == pytest.approx(other.a, rel=1e-8)
    assert one.n == other.n == _row(ana).days == 20
    assert _row(ana).last_day.isoformat() == "2026-06-01"


def test_today_is_not_over_and_waits() -> None:
    ana = _person()
    _put(ana, [*_weights(9, 0), ("weight", NOW - timedelta(hours=1), 95.0, None, 0)])  # three in the morning of her today
    baselines.refresh(patient_ids=[ana], now=NOW)
    assert _row(ana).last_day.isoformat() == "2026-06-01"
    assert _row(ana).days == 9


def test_forecasts_tell_every_part_and_abstain_with_a_reason() -> None:
    ana = _person()
    pressures: list[Reading] = [("bp", _morning(ago), 130.0 + ago % 5, 80.0 + ago % 3, 0) for ago in range(12, 0, -1)]
    pressures += [("bp", _morning(ago) + timedelta(hours=13), 138.0 + ago % 4, 84.0, 0) for ago in range(12, 0, -1)]
    _put(ana, [*pressures, *_weights(40, 20)])
    baselines.refresh(patient_ids=[ana], now=NOW)
    told = baselines.forecasts(patient_id=ana, now=NOW, horizon_days=7, limits={"bp.sys": (90.0, 135.0)})
    json.dumps(told)
    by_part = {(one["kind"], one["part"]): one for one in told}
    assert set(by_part) == {("weight", ""), *(("bp", f"{part}{when}") for part in ("sys", "dia") for when in ("", "_am", "_pm"))}
    assert len(by_part["bp", "sys"]["days"]) == 7
    assert by_part["bp", "sys"]["days"][0] == "2026-06-02"
    assert by_part["bp", "sys_pm"]["value"][0] > by_part["bp", "sys_am"]["value"][0] + 3
    assert by_part["weight", ""]["abstained"]["en"].startswith("the last reading is 21 days old")
    assert by_part["weight", ""]["days"] == []
    (weight,) = baselines.of(ana, "weight")
    assert weight["usual"] == pytest.approx(80, abs=0.5)


def test_suspicious_readings_teach_nothing_and_censored_ones_are_bounds() -> None:
    ana = _person()
    usual: list[Reading] = [("glucose", _morning(ago), 7.0 + ago % 3 / 2, None, 0) for ago in range(15, 3, -1)]
    usual += [("glucose", _morning(ago), 33.3, None, CENSORED_HIGH) for ago in (3, 2)]
    _put(ana, [*usual, ("glucose", _morning(1), 1.0, None, SUSPICIOUS)])
    baselines.refresh(patient_ids=[ana], now=NOW)
    state = forecast.states("glucose", _row(ana, "glucose").state)["h06"]
    assert state.n == 14  # the suspicious day is no day
    assert state.recent[-1][1] >= 33.3
    assert state.series.plain(state.a[0]) > 7.6


def test_steps_of_two_devices_count_once() -> None:
    ana = _person()
    _put(ana, [("steps", _morning(ago), 5000.0, None, 0) for ago in range(10, 0, -1)], "watch")
    _put(ana, [("steps", _morning(ago), 4000.0, None, 0) for ago in range(10, 0, -1)], "phone")
    baselines.refresh(patient_ids=[ana], now=NOW)
    assert baselines.of(ana, "steps")[0]["usual"] == pytest.approx(5000, rel=0.01)


def test_a_grown_row_is_fitted_from_history_within_the_same_pass() -> None:
    ana = _person()
    _put(ana, _weights(60, 0))
    baselines.refresh(patient_ids=[ana], now=NOW)
    state = forecast.states("weight", _row(ana).state)[""]
    assert state.fitted_n == 60
    assert not _row(ana).refit_due


def test_a_chunk_is_a_fixed_number_of_statements() -> None:
    counts = []
    for size in (2, 8):
        people = [_person(f"P{n}") for n in range(size)]
        for who in people:
            _put(who, _weights(9, 1))
        baselines.refresh(patient_ids=people, now=NOW - timedelta(days=1))
        for who in people:
            _put(who, _weights(1, 0))
        for who in people:  # as the sweep has done by night
            summaries.refresh(patient_id=who)
        with CaptureQueriesContext(connection) as queries:
            assert baselines.refresh(patient_ids=people, now=NOW) == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_the_door_is_light() -> None:
    asked = (
        "import sys, django; django.setup(); import risk.baselines; "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'statsmodels', 'lightgbm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
