"""FHIR subscriptions: what is new reaches an address or a socket, each reading once and in order, and stops when it may no longer."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from fhir.resources.R4B.flag import Flag
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.subscription import Subscription as SubscriptionModel
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from healthhub.api import fhir_subscriptions
from healthhub.audit.models import Entry
from healthhub.people import consent, smart, tokens
from healthhub.people.models import AppAccess
from monitoring import alerts, intake, subscriptions
from monitoring.models import Alert, Subscription
from tests.apps import app, bearing
from tests.notifications.gateway import Gateway, running
from tests.servers import Web, running_web, running_worker, session_of, wait_for
from tests.world import World, build

FHIR = "application/fhir+json"
SECRET = "Authorization: Bearer ours-alone"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running() as one:
        yield one


def asking(world: World, channel: dict[str, Any], criteria: str = "", **more: Any) -> dict[str, Any]:
    criteria = criteria or f"Observation?patient={world.ana.id}"
    return {"resourceType": "Subscription", "status": "requested", "reason": "看护", "criteria": criteria, "channel": channel} | more


def hook(gateway: Gateway, **more: Any) -> dict[str, Any]:
    return {"type": "rest-hook", "endpoint": f"{gateway.url}/base", **more}


def made(client: Any, resource: dict[str, Any]) -> str:
    answer = client.post("/fhir/R4/Subscription", resource, content_type=FHIR)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    SubscriptionModel.model_validate(told)
    assert told["status"] == "active"
    assert answer["Location"].endswith(f"/Subscription/{told['id']}/_history/1")
    return str(told["id"])


def measured(world: World, value: float, minutes_ago: float = 5, **more: Any) -> int:
    at = (timezone.now() - timedelta(minutes=minutes_ago)).isoformat()
    reading = {"kind": "hr", "value": value, "unit": "/min", "at": at, "source": "手表"} | more
    receipt = intake.receive(patient_id=world.ana.id, readings=[reading], by=world.viewer("patient_self"), now=timezone.now())
    return int(receipt.fates[0]["seq"])


def swept(later: timedelta = timedelta()) -> int:
    def clock() -> datetime:
        return timezone.now() + later

    subscriptions.hand_out(now=clock())
    return subscriptions.work(write=fhir_subscriptions.write, clock=clock)


@pytest.mark.django_db
def test_each_new_reading_is_put_there_once_and_in_order(world: World, gateway: Gateway) -> None:
    measured(world, 60, 50)  # before she asked
    made(world.client("doctor_in_team"), asking(world, hook(gateway, payload=FHIR, header=[SECRET])))
    assert swept() == 0
    seqs = [measured(world, 61 + n, 40 - n) for n in range(10)]
    swept()
    assert swept() == 0
    assert [one.method for one in gateway.received] == ["PUT"] * 10
    assert [one.path for one in gateway.received] == [f"/base/Observation/{world.ana.id}-{seq}" for seq in seqs]
    sent = [json.loads(one.body) for one in gateway.received]
    assert [Observation.model_validate(one).valueQuantity.value for one in sent] == [61 + n for n in range(10)]
    assert sent[0]["device"]["display"] == "手表"
    assert {(one.headers["authorization"], one.headers["content-type"]) for one in gateway.received} == {("Bearer ours-alone", FHIR)}
    assert Entry.objects.filter(did="subscription.sent", patient_id=world.ana.id, actor_id=world.users["doctor_in_team"].id).exists()


@pytest.mark.django_db
def test_without_payload_it_is_a_hint_without_a_word(world: World, gateway: Gateway) -> None:
    made(world.client("token_read"), asking(world, hook(gateway), "Observation?code=http://loinc.org|8867-4"))
    measured(world, 36.6, kind="temp", unit="Cel")
    swept()
    assert gateway.received == []
    measured(world, 71)
    measured(world, 72, 4)
    swept()
    assert [(one.method, one.path, one.body) for one in gateway.received] == [("POST", "/base", b"")]


@pytest.mark.django_db
def test_what_was_not_taken_is_sent_again_and_nothing_is_lost(world: World, gateway: Gateway) -> None:
    hers = world.client("patient_self")
    id_ = made(hers, asking(world, hook(gateway, payload=FHIR)))
    first, second = measured(world, 71), measured(world, 72, 4)
    gateway.script = [200, 503]
    swept()
    told = hers.get(f"/fhir/R4/Subscription/{id_}").json()
    assert (told["status"], told["error"]) == ("active", "HTTP 503")
    assert swept() == 0  # it rests
    swept(timedelta(seconds=10))
    assert [one.path.rpartition("-")[2] for one in gateway.received] == [str(first), str(second), str(first), str(second)]
    assert "error" not in hers.get(f"/fhir/R4/Subscription/{id_}").json()


@pytest.mark.django_db
def test_an_address_that_is_silent_for_long_or_gone_is_given_up(world: World, gateway: Gateway) -> None:
    hers = world.client("patient_self")
    silent = made(hers, asking(world, hook(gateway)))
    measured(world, 71)
    gateway.script = [500] * 20
    for n in range(subscriptions.MOST_TRIES + 3):
        swept(timedelta(hours=2 * n))
    assert hers.get(f"/fhir/R4/Subscription/{silent}").json()["status"] == "error"
    assert len(gateway.received) == subscriptions.MOST_TRIES
    gone = made(hers, asking(world, hook(gateway)))
    measured(world, 72, 4)
    gateway.script = [410]
    swept(timedelta(hours=50))
    assert hers.get(f"/fhir/R4/Subscription/{gone}").json()["status"] == "off"


@pytest.mark.django_db
def test_alerts_are_told_by_what_became_of_them(world: World, gateway: Gateway) -> None:
    made(world.client("doctor_in_team"), asking(world, hook(gateway, payload=FHIR), f"Flag?patient={world.ana.id}"))
    measured(world, 190, kind="bp", value2=120, unit="mm[Hg]")
    swept()
    alert = Alert.objects.get()
    assert [one.path for one in gateway.received] == [f"/base/Flag/{alert.id}"]
    assert Flag.model_validate_json(gateway.received[0].body).status == "active"
    swept()
    assert len(gateway.received) == 1
    alerts.acknowledge(alert_id=alert.id, by=world.viewer("doctor_in_team"), now=timezone.now())
    alerts.resolve(alert_id=alert.id, outcome="no_action_needed", text="", by=world.viewer("doctor_in_team"), now=timezone.now())
    swept()
    assert Flag.model_validate_json(gateway.received[-1].body).status == "inactive"
    assert len(gateway.received) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["consent", "token", "app", "person"])
def test_whoever_may_no_longer_hears_nothing_more(world: World, gateway: Gateway, way: str) -> None:
    now, resource = timezone.now(), asking(world, hook(gateway, payload=FHIR))
    if way == "token":
        made(world.client("token_read"), resource)
        tokens.revoke(token=tokens.all_tokens().get(id=world.token_ids["token_read"]), by=world.viewer("patient_self"), now=now)
    elif way == "app":
        key = app().key(world.client("doctor_in_team"), "user/Observation.rs")["access_token"]
        made(bearing(key), resource)
        smart.end(access_id=AppAccess.objects.get().id, by=world.viewer("doctor_in_team"), now=now)
    else:
        made(world.client("doctor_in_team"), resource)
        if way == "consent":
            consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=now)
        else:
            world.users["doctor_in_team"].is_active = False
            world.users["doctor_in_team"].save()
    measured(world, 71)
    swept()
    assert gateway.received == []
    row = Subscription.objects.get()
    assert row.status == "off"
    assert row.error.startswith("no longer allowed")


WRONG = [
    ({"criteria": "Observation?patient={ana}&value-quantity=5"}, 400, "not_supported"),
    ({"criteria": "Observation"}, 400, "missing_field"),
    ({"criteria": "Patient?name=x"}, 400, "not_supported"),
    ({"criteria": "Observation?patient={ben}"}, 404, "not_found"),
    ({"criteria": "Observation?patient={ana}&code=http://loinc.org|1"}, 400, "unknown_code"),
    ({"channel": {"type": "email", "endpoint": "mailto:a@example.org"}}, 400, "not_supported"),
    ({"channel": {"type": "rest-hook"}}, 400, "missing_field"),
    ({"channel": {"type": "rest-hook", "endpoint": "ftp://example.org"}}, 400, "bad_address"),
    ({"channel": {"type": "rest-hook", "endpoint": "https://u:p@example.org"}}, 400, "bad_address"),
    ({"channel": {"type": "rest-hook", "endpoint": "https://example.org", "payload": "text/xml"}}, 400, "not_supported"),
    ({"channel": {"type": "rest-hook", "endpoint": "https://example.org", "header": ["Host: inside"]}}, 400, "bad_value"),
    ({"channel": {"type": "rest-hook", "endpoint": "https://example.org", "header": ["A: b\r\nC: d"]}}, 400, "bad_value"),
    ({"channel": {"type": "websocket", "endpoint": "wss://example.org"}}, 400, "bad_value"),
    ({"channel": 5}, 400, "missing_field"),
    ({"end": "2020-01-01T00:00:00Z"}, 400, "out_of_range"),
    ({"end": "soon"}, 400, "bad_time"),
    ({"reason": ""}, 400, "missing_field"),
    ({"extension": []}, 400, "not_supported"),
    ({"resourceType": "Topic"}, 400, "wrong_type"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "status", "code"), WRONG)
def test_what_cannot_be_asked_is_refused(world: World, change: dict[str, Any], status: int, code: str) -> None:
    text = json.dumps(asking(world, {"type": "websocket"}) | change).replace("{ana}", str(world.ana.id)).replace("{ben}", str(world.ben.id))
    answer = world.client("patient_self").post("/fhir/R4/Subscription", text, content_type=FHIR)
    assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (status, code)
    assert not Subscription.objects.exists()


@pytest.mark.django_db
def test_a_subscription_is_its_owners_alone_and_ends(world: World, gateway: Gateway) -> None:
    hers, doctor = world.client("patient_self"), world.client("doctor_in_team")
    id_ = made(doctor, asking(world, hook(gateway, header=[SECRET])))
    assert hers.get(f"/fhir/R4/Subscription/{id_}").status_code == 404
    assert "entry" not in hers.get("/fhir/R4/Subscription").json()
    found = doctor.get("/fhir/R4/Subscription").json()["entry"][0]["resource"]
    assert (found["id"], "header" in found["channel"]) == (id_, False)
    assert SECRET not in repr(list(Subscription.objects.values()))
    assert doctor.delete(f"/fhir/R4/Subscription/{id_}").status_code == 204
    measured(world, 71)
    swept()
    assert gateway.received == []
    dated = made(doctor, asking(world, hook(gateway), end=(timezone.now() + timedelta(hours=1)).isoformat()))
    swept(timedelta(hours=2))
    assert doctor.get(f"/fhir/R4/Subscription/{dated}").json()["status"] == "off"
    for _ in range(subscriptions.LIVE_AT_MOST):
        made(doctor, asking(world, {"type": "websocket"}))
    answer = doctor.post("/fhir/R4/Subscription", asking(world, {"type": "websocket"}), content_type=FHIR)
    assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (409, "too_many_subscriptions")


def test_a_real_worker_tells_a_real_address(transactional_db: None, gateway: Gateway) -> None:
    world = build()
    made(world.client("patient_self"), asking(world, hook(gateway, payload=FHIR)))
    with running_worker(queues="deliver"):
        seq = measured(world, 71)
        subscriptions.hand_out(now=timezone.now())
        wait_for(lambda: bool(gateway.received), within=20)
    assert gateway.received[0].path == f"/base/Observation/{world.ana.id}-{seq}"


def said(sock: ClientConnection) -> str:
    return str(sock.recv(timeout=5))


def bound(sock: ClientConnection, id_: str) -> ClientConnection:
    sock.send(f"bind {id_}")
    assert said(sock) == f"bound {id_}"
    return sock


def test_sockets_are_pinged_and_cut(transactional_db: None) -> None:
    world = build()
    with running_web() as web:
        _pings(web, world)


def _pings(web: Web, world: World) -> None:
    there = {"path": "/fhir/R4/$ws", "subprotocols": ["fhir"]}
    doctor = world.client("doctor_in_team")
    told = doctor.get("/fhir/R4/metadata").json()["rest"][0]["extension"][0]["valueUri"]
    assert told == "ws://testserver/fhir/R4/$ws"
    hers = made(world.client("token_read"), asking(world, {"type": "websocket"}, "Observation?category=vital-signs"))
    flags = made(doctor, asking(world, {"type": "websocket"}, f"Flag?patient={world.ana.id}"))
    key = app().key(doctor, "user/Observation.rs")["access_token"]
    apps = made(bearing(key), asking(world, {"type": "websocket"}))
    with (
        web.socket(token=world.secrets["token_read"], **there) as device,
        web.socket(cookie=session_of(doctor), **there) as person,
        web.socket(token=key, **there) as application,
    ):
        bound(device, hers), bound(person, flags), bound(application, apps)
        device.send(f"bind {flags}")
        assert said(device) == "error not_found"
        device.send("nonsense")
        assert said(device) == "error not_understood"
        measured(world, 71)
        assert (said(device), said(application)) == (f"ping {hers}", f"ping {apps}")
        measured(world, 190, kind="bp", value2=120, unit="mm[Hg]")
        assert (said(person), said(application)) == (f"ping {flags}", f"ping {apps}")
        smart.end(access_id=AppAccess.objects.get().id, by=world.viewer("doctor_in_team"), now=timezone.now())
        for sock in (application, person):  # her rights changed: she comes in anew
            with pytest.raises(ConnectionClosed):
                sock.recv(timeout=5)
        token = tokens.all_tokens().get(id=world.token_ids["token_read"])
        tokens.revoke(token=token, by=world.viewer("patient_self"), now=timezone.now())
        assert said(device) == f"ping {hers}"  # the blood pressure is a vital sign too
        with pytest.raises(ConnectionClosed):
            device.recv(timeout=5)
    with web.socket(token="not-a-key", **there) as stranger, pytest.raises(ConnectionClosed):
        stranger.recv(timeout=5)
