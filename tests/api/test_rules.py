"""Plans, limits, team rules and back-tests over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from monitoring import intake
from monitoring.models import Alert
from tests.world import World

pytestmark = pytest.mark.django_db


def bp(world: World, minutes_ago: float, value: float, value2: float) -> dict[str, Any]:
    at = (world.now - timedelta(minutes=minutes_ago)).isoformat()
    return {"kind": "bp", "at": at, "value": value, "value2": value2, "unit": "mm[Hg]", "source": "cuff"}


def send(world: World, *readings: dict[str, Any]) -> intake.Receipt:
    return intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("token_write"), now=world.now)


def test_a_limit_changes_the_rule_for_one_patient_until_it_ends(world: World) -> None:
    doctor = world.client("doctor_in_team")
    base = f"/api/v1/patients/{world.ana.id}"
    rule = next(r for r in doctor.get(f"{base}/plan").json() if r["rule"] == "BP-01")
    name = next(iter(rule["limits"]))
    body = {"rule": "BP-01", "changes": {name: {"value": 200, "unit": "mm[Hg]"}}, "reason": "known white-coat effect"}
    answer = doctor.post(f"{base}/limits", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    send(world, bp(world, 4, 190, 95), bp(world, 2, 190, 95))
    assert not Alert.objects.filter(rule_id="BP-01").exists()
    assert doctor.post(f"/api/v1/limits/{answer.json()['id']}/end").status_code == 200
    assert doctor.post(f"/api/v1/limits/{answer.json()['id']}/end").status_code == 409
    send(world, bp(world, 1.5, 190, 95), bp(world, 0, 190, 95))
    assert Alert.objects.filter(rule_id="BP-01").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rule": "XX-9", "changes": {"off": True}, "reason": "because I say so"}, "rule"),
        ({"rule": "BP-01", "changes": {"colour": 3}, "reason": "because I say so"}, "changes.colour"),
        ({"rule": "BP-01", "changes": {"off": True}, "reason": "no"}, "reason"),
        ({"rule": "BP-01", "changes": {"off": True}, "reason": "a good reason", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_limits_that_cannot_be(world: World, body: dict[str, Any], field: str) -> None:
    answer = world.client("doctor_in_team").post(f"/api/v1/patients/{world.ana.id}/limits", body, content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_a_rule_is_tried_on_the_past_before_anybody_is_woken(world: World) -> None:
    rows = [
        r
        for day in range(1, 11)
        for r in (bp(world, day * 1440 + 3, 185, 95), bp(world, day * 1440, 186, 96), bp(world, day * 1440 - 600, 120, 70))
    ]
    send(world, *rows)
    assert not Alert.objects.exists()
    answer = world.client("doctor_in_team").post("/api/v1/rules/backtest", {"rule": "BP-01", "days": 30}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["patients_with_readings"], told["episodes"]) == (1, 10)
    assert told["per_patient_month"] == pytest.approx(10.13, abs=0.05)
    assert not Alert.objects.exists()
    foreign = {"rule": "BP-01", "days": 30, "patients": [str(world.ben.id)]}
    assert world.client("doctor_in_team").post("/api/v1/rules/backtest", foreign, content_type="application/json").status_code == 404
