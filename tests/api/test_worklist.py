"""The worklist over HTTP: what is written by hand for speed is what the schema says."""

import json
from datetime import timedelta

import msgspec
import pytest
from rest_framework.renderers import JSONRenderer

from healthhub.api.alert_shapes import WorklistSerializer, worklist_shown
from monitoring import alerts, intake, worklist
from monitoring.models import Alert
from tests.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


def test_the_worklist_is_shown_as_its_schema_says(world: World) -> None:
    low = [
        {"kind": "spo2", "at": (world.now - timedelta(minutes=ago)).isoformat(), "value": 86, "unit": "%", "source": "oximeter"}
        for ago in (4, 1)
    ]
    intake.receive(patient_id=world.ana.id, readings=low, by=world.viewer("token_write"), now=world.now)
    doctor = world.viewer("doctor_in_team")
    alerts.acknowledge(alert_id=Alert.objects.filter(patient=world.ana).latest("opened_at").id, by=doctor, now=world.now)
    found = worklist.worklist(viewer=doctor, now=world.now, sparks=False)
    by_hand = json.loads(msgspec.json.encode(worklist_shown(found)))
    assert by_hand == json.loads(JSONRenderer().render(WorklistSerializer(found).data))
    assert [alert["acknowledged_by"] for row in by_hand["rows"] for alert in row["alerts"] if alert["acknowledged_by"]]
    assert world.client("doctor_in_team").get("/api/v1/worklist").json()["rows"][0]["alerts"] == by_hand["rows"][0]["alerts"]
