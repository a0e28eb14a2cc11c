"""The whole way: a reading over HTTP, a real worker, the assessment, and the alert with its reason over a real socket."""

import json
import time
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from healthhub.people.models import Patient
from monitoring import sweep
from monitoring.models import Alert
from risk.models import Assessment
from tests.servers import Web, running_web, running_worker
from tests.world import World, build

MODEL = "glucose"
WITHIN = 40.0  # seconds of waiting before the test gives up; the machine that tests may be slow
# mmol/L every five minutes: steady through the night, then falling fast.
STEADY, FALLING = [6.2] * 72, [5.9, 5.5, 5.1, 4.7, 4.4]


def frames(socket: ClientConnection, kinds: set[str], until: float) -> dict[str, dict[str, Any]]:
    """The first frame of each kind that speaks of the model; rules may speak of the same readings."""
    found: dict[str, dict[str, Any]] = {}
    while kinds - found.keys() and time.monotonic() < until:
        sweep.one_round(now=timezone.now())
        try:
            frame = json.loads(socket.recv(timeout=1.0))
        except TimeoutError:
            continue
        except ConnectionClosed as closed:
            raise AssertionError(f"the socket was closed: {closed}") from closed
        of_rule = Alert.objects.filter(id=frame.get("alert"), rule_id=f"RISK-{MODEL}").exists()
        if frame.get("model") == MODEL or of_rule:
            found.setdefault(frame["type"], frame)
    return found


def send(web: Web, world: World, values: list[float]) -> None:
    now = timezone.now()
    readings = [
        {
            "kind": "cgm",
            "at": (now - timedelta(minutes=5 * (len(values) - 1 - n))).isoformat(),
            "value": v,
            "unit": "mmol/L",
            "source": "cgm",
        }
        for n, v in enumerate(values)
    ]
    headers = {"Authorization": f"Bearer {world.secrets['token_write']}"}
    answer = httpx.post(f"{web.url}/api/v1/observations", json={"observations": readings}, headers=headers, timeout=20)
    assert answer.json()["counts"] == {"stored": len(values)}


@pytest.mark.slow
def test_a_reading_changes_an_assessment_and_its_alert_arrives(transactional_db: None) -> None:
    world = build()
    Patient.objects.filter(id=world.ana.id).update(birth_date=date(1980, 1, 1), conditions=["diabetes_t1", "insulin"])
    doctor = world.client("doctor_in_team")
    cookie = doctor.cookies[settings.SESSION_COOKIE_NAME].value
    with running_web() as web, running_worker(queues="deliver,assess"), web.socket(cookie=cookie) as socket:
        send(web, world, STEADY + FALLING)
        heard = frames(socket, {"assessment", "alert"}, time.monotonic() + WITHIN)
        assert set(heard) == {"assessment", "alert"}
        body = doctor.get(f"/api/v1/patients/{world.ana.id}/assessments?model={MODEL}").json()
    newest = Assessment.objects.filter(patient=world.ana, model=MODEL).latest("as_of")
    assert newest.value is not None
    assert newest.why == "reading"
    assert str(newest.id) in json.dumps(body)
    alert = Alert.objects.get(patient=world.ana, rule_id=f"RISK-{MODEL}")
    assert alert.evidence["assessment"] in {str(one) for one in Assessment.objects.values_list("id", flat=True)}
    assert alert.evidence["texts"]["clinician"]["zh-hans"]
