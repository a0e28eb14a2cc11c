"""What came in becomes due, is claimed once, and stays due when it changed meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from healthhub.records.models import Fresh
from monitoring import intake, trends
from monitoring.models import LIVE_STATES, Alert
from risk import cards, due
from risk.models import Baseline, Standing
from tests.world import World

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def reading(world: World, **changes: Any) -> dict[str, Any]:
    return {"kind": "weight", "at": world.now.isoformat(), "value": 70, "unit": "kg", "source": "scale"} | changes


def send(world: World, *readings: dict[str, Any]) -> None:
    intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=world.now)


def standing(world: World) -> Standing:
    return Standing.objects.get(patient=world.ana, model=due.FORECAST)


def test_a_reading_leaves_a_row_that_is_taken_once(world: World) -> None:
    send(world, reading(world), reading(world, kind="hr", value=70, unit="/min"))
    assert Fresh.objects.filter(patient=world.ana).count() == 2
    assert due.note_fresh(now=world.now) >= 1
    assert not Fresh.objects.exists()
    assert standing(world).due_at == world.now
    assert due.note_fresh(now=world.now) == 0


def test_every_live_model_is_due_by_its_kinds(world: World) -> None:
    send(world, reading(world, kind="bp", value=150, value2=90, unit="mm[Hg]"))
    due.note_fresh(now=world.now)
    models = set(Standing.objects.filter(patient=world.ana).values_list("model", flat=True))
    assert models == {due.FORECAST, *cards.live_by_kind().get("bp", ())}


def test_it_is_claimed_by_one_and_kept_for_the_length_of_a_lease(world: World) -> None:
    send(world, reading(world))
    due.note_fresh(now=world.now)
    lease, found = due.claim(model=due.FORECAST, limit=10, now=world.now)
    assert found == {"reading": [world.ana.id]}
    assert due.claim(model=due.FORECAST, limit=10, now=world.now)[1] == {}
    assert due.claim(model=due.FORECAST, limit=10, now=lease)[1] == found  # who claimed it died


def test_settled_work_waits_for_the_night_and_new_readings_for_the_pace(world: World) -> None:
    send(world, reading(world))
    due.note_fresh(now=world.now)
    lease, _ = due.claim(model=due.FORECAST, limit=10, now=world.now)
    due.settle(model=due.FORECAST, patient_ids=[world.ana.id], lease=lease, now=world.now)
    night = standing(world).due_at
    assert night is not None
    assert world.now < night <= world.now + timedelta(days=1)
    send(world, reading(world, value=71))
    due.note_fresh(now=world.now)
    assert standing(world).due_at == world.now + due.FORECAST_EVERY


def test_what_changed_under_the_hand_stays_due(world: World) -> None:
    send(world, reading(world))
    due.note_fresh(now=world.now)
    lease, _ = due.claim(model=due.FORECAST, limit=10, now=world.now)
    due.ask(pairs=[(world.ana.id, due.FORECAST)], why="asked", now=world.now)
    due.settle(model=due.FORECAST, patient_ids=[world.ana.id], lease=lease, now=world.now)
    assert standing(world).due_at == world.now
    assert standing(world).assessed_at is None


def test_a_correction_and_a_removal_are_news_too(world: World) -> None:
    send(world, reading(world))
    due.note_fresh(now=world.now)
    send(world, reading(world, value=72))
    assert due.note_fresh(now=world.now) >= 1


def test_a_forecast_that_will_cross_a_limit_is_told_with_its_lead_time_and_ends_by_itself(world: World) -> None:
    series = {"kind": "bp", "part": "sys", "unit": "mm[Hg]"}
    words = {"zh-hans": "约 5 天后高于 135", "en": "above 135 in about 5 days"}
    found = {"kind": "limit", "code": "forecast-high", "words": words, "as_of": "2026-11-23", "lead_days": 5, "part": "sys"}
    told = [series | {"findings": [found | {"evidence": {"limit": 135.0, "probability": 0.6}}]}]
    assert trends.enter(patient_id=world.ana.id, told=told, now=world.now) == 1
    alert = Alert.objects.get(patient=world.ana, rule_id="FORECAST-bp")
    assert (alert.severity, alert.evidence["figures"]["lead_days"]) == ("watch", 5)
    assert alert.evidence["texts"]["clinician"] == words
    trends.enter(patient_id=world.ana.id, told=[series | {"findings": []}], now=world.now + HOUR)
    assert not Alert.objects.filter(patient=world.ana, state__in=LIVE_STATES).exists()


def test_three_rising_weeks_make_a_baseline_and_a_warning(world: World) -> None:
    days = [
        reading(
            world,
            kind="bp",
            at=(world.now - timedelta(days=back)).isoformat(),
            value=112 + (30 - back) * 0.72 + (back % 3 - 1),
            value2=75,
            unit="mm[Hg]",
            source="cuff",
        )
        for back in range(30, 0, -1)
    ]
    send(world, *days)
    due.note_fresh(now=world.now)
    assert trends.work(now=world.now) == 1
    assert Baseline.objects.get(patient=world.ana).days >= 25
    alert = Alert.objects.filter(patient=world.ana, rule_id="FORECAST-bp").first()
    assert alert is not None
    assert alert.evidence["figures"]["lead_days"] >= 1
