"""What alerts cost, against cases counted by hand; and a change tried on the past, against the engine's own replay."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people.models import Patient
from monitoring import backtest, burden, intake, judge, packs
from monitoring.judge import PatientContext, Reading
from monitoring.models import Alert, Step
from tests.world import World, build

pytestmark = pytest.mark.django_db
NOON_IN_SHANGHAI = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return build(now=NOON_IN_SHANGHAI)


def fired(patient: Patient, at: datetime, *, rule: str = "BP-05", state: str = "cleared", severity: str = "amber", **more: Any) -> Alert:
    """An alert as the past left it."""
    alert = Alert.objects.create(
        patient=patient, rule_id=rule, rule_version="1", data_class="vitals", severity=severity, state=state, opened_at=at,
        evidence_at=at, last_evidence_at=at, evidence={}, closed_at=at + timedelta(hours=5), **more,
    )  # fmt: skip
    Step.objects.create(alert=alert, at=at, did="opened", to_state="open")
    return alert


def step(world: World, alert: Alert, did: str, minutes: int, **detail: Any) -> None:
    at = alert.opened_at + timedelta(minutes=minutes)
    Step.objects.create(alert=alert, at=at, did=did, by=world.users["doctor_in_team"], to_state=alert.state, detail=detail)


def test_the_figures_are_those_counted_by_hand(world: World) -> None:
    noon, night = world.now - timedelta(days=3), world.now - timedelta(days=4, hours=13)  # 23:00 in Shanghai
    acted = fired(world.ana, noon, state="resolved", outcome="contacted")
    step(world, acted, "acknowledged", 10)
    step(world, acted, "resolved", 40, outcome="contacted")
    false = fired(world.ana, noon, state="resolved", outcome="false_alarm")
    step(world, false, "acknowledged", 30)
    step(world, false, "resolved", 31, outcome="false_alarm")
    fired(world.ana, night)  # cleared, nobody touched it
    seen = fired(world.ana, night)
    step(world, seen, "noted", 5)  # cleared, but somebody looked
    fired(world.ana, noon, rule="RISK-deterioration", severity="watch")
    fired(world.ana, world.now - timedelta(days=31))  # before the period
    fired(world.ben, noon)  # not on this panel
    fire_reading(world)
    found = burden.of_panel(viewer=world.viewer("doctor_in_team"), now=world.now, days=30)
    rule, model = found.costs
    assert (rule.rule_id, rule.fired, rule.patients, rule.taken, rule.acted, rule.ignored, rule.false_alarms, rule.nights) == (
        "BP-05", 4, 1, 2, 1, 1, 1, 2,
    )  # fmt: skip
    assert rule.wait == timedelta(minutes=20)
    assert rule.per_patient_month == pytest.approx(4 / (30 / 30.44), abs=0.001)
    assert (model.rule_id, model.by_model, model.ignored, model.wait) == ("RISK-deterioration", True, 1, None)
    assert (found.watched, found.fired, found.nights) == (1, 5, 2)
    assert rule.name["en"] != "BP-05"


def fire_reading(world: World) -> None:
    at = (world.now - timedelta(minutes=9)).isoformat()
    one = {"kind": "hr", "at": at, "value": 71, "unit": "/min", "source": "watch"}
    intake.receive(patient_id=world.ana.id, readings=[one], by=world.viewer("patient_self"), now=world.now)


def test_only_the_panel_s_alerts_that_she_may_see(world: World) -> None:
    fired(world.ana, world.now - timedelta(days=1))
    for who, count in {"doctor_in_team": 1, "doctor_elsewhere": 0, "caregiver_with_consent": 0, "patient_self": 0}.items():
        assert burden.of_panel(viewer=world.viewer(who), now=world.now).fired == count, who
    with pytest.raises(Invalid):
        burden.of_panel(viewer=world.viewer("doctor_in_team"), now=world.now, days=31)


def pressures(world: World, days: int) -> list[dict[str, Any]]:
    """Pairs of readings, morning (calm) and night (high on two days of three)."""
    midnight = world.now - timedelta(hours=12)
    return [
        {"kind": "bp", "at": (midnight - timedelta(days=day, minutes=ago)).isoformat(), "value": 142 + day % 3 * 25, "value2": 85,
         "unit": "mm[Hg]", "source": "cuff", "method": "device"}
        for day in range(1, days + 1) for ago in (3, 1)
    ] + [
        {"kind": "bp", "at": (midnight - timedelta(days=day, hours=14)).isoformat(), "value": 118, "value2": 75, "unit": "mm[Hg]",
         "source": "cuff", "method": "device"}
        for day in range(1, days + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("systolic", [165.0, 180.0, 190.0, 200.0])
def test_a_change_is_tried_as_the_engine_would_have_judged(world: World, systolic: float) -> None:
    rows = pressures(world, 20)
    intake.receive(patient_id=world.ana.id, readings=rows, by=world.viewer("patient_self"), now=world.now)
    changes = {"sbp": {"value": systolic, "unit": "mm[Hg]"}} if systolic != 180 else {}
    found = backtest.compare(
        viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, rule_id="BP-01", changes=changes, now=world.now
    )
    base = next(rule for rule in packs.load("CN") if rule.id == "BP-01")
    rule = packs.with_limits([base], {"BP-01": changes})[0] if changes else base
    context = PatientContext(frozenset(world.ana.conditions), "CN", {})
    readings = [
        Reading("bp", datetime.fromisoformat(row["at"]), row["value"], row["value2"], 0, {}, number, 0, 480, 1)
        for number, row in enumerate(sorted(rows, key=lambda row: row["at"]))
    ]
    replay = judge.backtest(rule, readings, context, ZoneInfo("Asia/Shanghai"))
    assert (found.wanted.episodes, found.wanted.nights) == (len(replay.episodes), replay.nights)
    assert found.readings == len(rows)
    assert found.today.episodes == len(judge.backtest(base, readings, context, ZoneInfo("Asia/Shanghai")).episodes)
    if systolic == 165:
        assert (found.wanted.episodes, found.wanted.nights) == (14, 14)  # of three days two are above, each from 23:57 on


def test_a_rule_that_is_off_says_nothing_and_strangers_try_nothing(world: World) -> None:
    found = backtest.compare(
        viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, rule_id="BP-05", changes={"off": True}, now=world.now
    )
    assert (found.wanted.off, found.wanted.episodes, found.today.off) == (True, 0, False)
    with pytest.raises(NotVisible):
        backtest.compare(viewer=world.viewer("doctor_elsewhere"), patient_id=world.ana.id, rule_id="BP-05", changes={}, now=world.now)


def test_a_suggestion_is_tried_and_never_about_danger(world: World) -> None:
    rows = [
        {"kind": "bp", "at": (world.now - timedelta(days=day, minutes=ago)).isoformat(), "value": 168, "value2": 80, "unit": "mm[Hg]",
         "source": "cuff", "method": "device"}
        for day in range(1, 9) for ago in (3, 1)
    ]  # fmt: skip
    intake.receive(patient_id=world.ana.id, readings=rows, by=world.viewer("patient_self"), now=world.now)
    Alert.objects.all().delete()
    mild = [one for one in packs.load("CN") if one.severity in ("amber", "watch") and "sbp" in one.limits]
    rule = next(one for one in mild if one.population.has(frozenset(world.ana.conditions)))
    for day in range(1, 5):
        fired(world.ana, world.now - timedelta(days=day), rule=rule.id)
    found = burden.suggest(viewer=world.viewer("doctor_in_team"), rule_id=rule.id, now=world.now)
    assert found is not None
    assert [(patient.id, count) for patient, count, _ in found.patients] == [(world.ana.id, 4)]
    assert found.after - found.before == 5
    assert found.would_be <= found.was
    for day in range(1, 5):
        fired(world.ana, world.now - timedelta(days=day), rule="BP-01", severity="urgent")
    with pytest.raises(Invalid) as refused:
        burden.suggest(viewer=world.viewer("doctor_in_team"), rule_id="BP-01", now=world.now)
    assert refused.value.code == "not_looser"
    assert burden.suggest(viewer=world.viewer("doctor_elsewhere"), rule_id=rule.id, now=world.now) is None
