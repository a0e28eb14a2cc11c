"""The MQTT gateway at a real Mosquitto: who may speak, what becomes of each reading, and what happens when somebody dies."""

import json
import queue
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings as how, strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from healthhub.api import mqtt_messages
from healthhub.people import mqtt_accounts, tokens
from healthhub.people.mqtt_accounts import GATEWAY
from healthhub.records.models import Observation
from tests.servers import Process, cut, directory, environment, free_port, wait_for
from tests.world import World

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
PASSWORD = "the gateway's own long password"
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed")


class Client:
    """A device (or an impostor) with paho, as a hub would use it."""

    def __init__(self, port: int, name: str, password: str, *, listen: tuple[str, ...] = (), **options: Any) -> None:
        self.heard: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.answer: queue.Queue[Any] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, **options)
        self.client.username_pw_set(name, password)
        self.client.on_message = lambda _client, _data, message: self.heard.put(message)
        self.client.on_connect = lambda _client, _data, _flags, code, _more: self.answer.put(code)
        self.client.on_subscribe = lambda _client, _data, _mid, codes, _more: self.answer.put(codes)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.refused = self.answer.get(timeout=10).is_failure
        for topic in listen:
            self.client.subscribe(topic, qos=1)
            self.answer.get(timeout=10)

    def say(self, topic: str, what: Any) -> None:
        payload = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.client.publish(topic, payload, qos=1).wait_for_publish(10)

    def hear(self, within: float = 20) -> Any:
        message = self.heard.get(timeout=within)
        return json.loads(message.payload) if message.payload else None

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Broker:
    def __init__(self, place: Path, *, guarded: bool = True) -> None:
        self.place, self.port = place, free_port()
        mqtt_accounts.write(place, gateway_password=PASSWORD)
        guard = f"allow_anonymous false\npassword_file {place}/passwords\nacl_file {place}/access\n"
        lines = f"listener {self.port} 127.0.0.1\nuser root\n" + (guard if guarded else "allow_anonymous true\n")
        (place / "mosquitto.conf").write_text(lines)
        self.popen = subprocess.Popen([str(MOSQUITTO), "-c", str(place / "mosquitto.conf")], stderr=subprocess.DEVNULL)
        wait_for(self._up)
        self.gateways: list[Process] = []

    def _up(self) -> bool:
        probe = paho.Client(CallbackAPIVersion.VERSION2)
        try:
            probe.connect("127.0.0.1", self.port)
        except OSError:
            return False
        probe.disconnect()
        return True

    def environment(self) -> dict[str, str]:
        return environment(MQTT_URL=f"mqtt://127.0.0.1:{self.port}", MQTT_PASSWORD=PASSWORD)

    def gateway(self) -> Process:
        process = Process(["manage", "mqtt", "--limits-every", "0.2"], log=self.place / "gateway.log", env=self.environment())
        self.gateways.append(process)
        return process

    def close(self) -> None:
        for process in self.gateways:
            process.kill()
            print(process.output())
            cut(process)
        self.popen.terminate()
        self.popen.wait(10)


class Hub:
    """Ana's hub: a token of hers, and how it signs in."""

    def __init__(self, world: World, *, name: str = "hub", may_read: bool = True, kinds: tuple[str, ...] = ()) -> None:
        self.by = world.viewer("patient_self")
        self.token, self.secret = tokens.issue(
            patient=world.ana, name=name, kinds=kinds, may_write=True, may_read=may_read, by=self.by, now=timezone.now()
        )
        self.id = str(self.token.id)
        self.readings, self.fates, self.limits = (f"healthhub/{self.id}/{what}" for what in ("readings", "fates", "limits"))

    def client(self, broker: Broker, *listen: str) -> Client:
        return Client(broker.port, self.id, self.secret, listen=listen)


def pressure(value: float = 128, *, minutes_ago: int = 5, **more: Any) -> dict[str, Any]:
    at = (timezone.now() - timedelta(minutes=minutes_ago)).isoformat()
    return {"kind": "bp", "at": at, "value": value, "value2": 80, "unit": "mmHg", "source": "cuff"} | more


@pytest.fixture
def place() -> Iterator[Path]:
    with directory() as made:
        made.chmod(0o755)
        yield made


def broker_of(place: Path, **options: Any) -> Iterator[Broker]:
    broker = Broker(place, **options)
    try:
        yield broker
    finally:
        broker.close()


@pytest.mark.django_db
class TestOneMessage:
    def test_each_reading_has_its_fate_and_its_key(self, world: World) -> None:
        hub = Hub(world)
        sent = [pressure(key="a"), pressure(900, key="b"), {"kind": "bp"}, pressure(patient=str(world.ben.id))]
        said = json.loads(mqtt_messages.take(hub.token.id, json.dumps(sent).encode(), now=timezone.now()))
        assert [(fate["fate"], fate.get("code"), fate.get("key")) for fate in said["fates"]] == [
            ("stored", None, "a"),
            ("rejected", "impossible_value", "b"),
            ("rejected", "missing_field", None),
            ("rejected", "not_found", None),
        ]
        assert said["counts"] == {"stored": 1, "rejected": 3}
        assert not Observation.objects.filter(patient=world.ben).exists()

    @pytest.mark.parametrize(
        ("payload", "code"), [(b"", "empty"), (b"\xff\x00", "not_utf8"), (b"[" * 300_000, "too_large"), (b"3", "not_json")]
    )
    def test_a_bad_message_is_refused_in_words(self, world: World, payload: bytes, code: str) -> None:
        said = json.loads(mqtt_messages.take(Hub(world).token.id, payload, now=timezone.now()))
        assert said["refused"]["code"] == code
        assert said["fates"] == []

    def test_a_token_may_be_revoked_or_limited(self, world: World) -> None:
        hub, narrow = Hub(world), Hub(world, kinds=("weight",))
        body = json.dumps(pressure()).encode()
        assert json.loads(mqtt_messages.take(narrow.token.id, body, now=timezone.now()))["counts"] == {"outside_consent": 1}
        tokens.revoke(token=hub.token, by=hub.by, now=timezone.now())
        assert json.loads(mqtt_messages.take(hub.token.id, body, now=timezone.now()))["refused"]["code"] == "bad_token"
        assert not Observation.objects.filter(patient=world.ana, source__key="cuff").exists()

    def test_limits_are_for_who_may_read_and_told_when_they_changed(self, world: World) -> None:
        hub, blind = Hub(world), Hub(world, may_read=False)
        now = timezone.now()
        told = mqtt_messages.limits(hub.token.id, told=None, now=now)
        assert told
        assert any(rule["kind"] == "bp" for rule in json.loads(told)["rules"])
        assert mqtt_messages.limits(hub.token.id, told=told, now=now) is None
        assert mqtt_messages.limits(blind.token.id, told=None, now=now) is None
        tokens.revoke(token=hub.token, by=hub.by, now=now)
        assert mqtt_messages.limits(hub.token.id, told=told, now=now) == b""

    def test_nothing_but_its_own_topic_names_a_device(self, world: World) -> None:
        token = Hub(world).token.id
        assert mqtt_messages.device_of(f"healthhub/{token}/readings") == token
        for topic in ("healthhub/x/readings", f"healthhub/{str(token).upper()}/readings", "healthhub/status", "", "///"):
            assert mqtt_messages.device_of(topic) is None

    @how(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        payload=st.one_of(
            st.binary(max_size=200),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
                lambda inner: (
                    st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*pressure()]) | st.text(max_size=8), inner, max_size=6)
                ),
                max_leaves=12,
            ).map(lambda what: json.dumps(what).encode()),
        )
    )
    def test_whatever_is_sent_is_answered(self, world: World, payload: bytes) -> None:
        hub = getattr(world, "hub", None) or Hub(world)
        world.hub = hub  # type: ignore[attr-defined]
        said = json.loads(mqtt_messages.take(hub.token.id, payload, now=timezone.now()))
        assert ("refused" in said) != bool(said["fates"])
        assert all("code" in fate for fate in said["fates"] if fate["fate"] == "rejected")


@needs_broker
@pytest.mark.django_db(transaction=True)
class TestAtTheBroker:
    @pytest.fixture
    def hub(self, world: World) -> Hub:
        return Hub(world)

    @pytest.fixture
    def other(self, world: World) -> Hub:
        return Hub(world, name="another")

    @pytest.fixture
    def broker(self, place: Path, hub: Hub, other: Hub) -> Iterator[Broker]:
        yield from broker_of(place)

    def test_a_hub_sends_and_hears_and_cannot_be_another(self, broker: Broker, hub: Hub, other: Hub, world: World) -> None:
        broker.gateway()
        device, wrong = hub.client(broker, hub.fates, other.fates, "healthhub/status"), Client(broker.port, hub.id, other.secret)
        assert wrong.refused
        wait_for(lambda: device.hear()["state"] == "online", within=30)
        device.say(other.readings, pressure(key="as-another"))
        device.say(hub.readings, b"{not json")
        device.say(hub.readings, [pressure(key="mine"), pressure(900)])
        assert device.hear()["refused"]["code"] == "not_json"
        assert device.hear()["counts"] == {"stored": 1, "rejected": 1}
        assert [*Observation.objects.filter(patient=world.ana, source__key="cuff").values_list("key", flat=True)] == ["mine"]

        late = hub.client(broker, hub.limits)  # retained: it is there for who comes later
        assert any(rule["kind"] == "bp" for rule in late.hear()["rules"])
        tokens.revoke(token=hub.token, by=hub.by, now=timezone.now())
        device.say(hub.readings, pressure(140, key="after"))
        assert device.hear()["refused"]["code"] == "bad_token"
        wait_for(lambda: late.hear() is None)  # cleared, after what its own readings changed
        mqtt_accounts.write(broker.place, gateway_password=PASSWORD)
        assert hub.id not in (broker.place / "passwords").read_text()
        for client in (device, late, wrong):
            client.close()

    def test_what_was_committed_and_not_acknowledged_comes_again_and_is_kept_once(self, broker: Broker, hub: Hub, world: World) -> None:
        listen = ("healthhub/+/readings",)
        held = Client(broker.port, GATEWAY, PASSWORD, listen=listen, client_id=GATEWAY, clean_session=False, manual_ack=True)
        device = hub.client(broker, hub.fates)
        device.say(hub.readings, pressure(key="once"))
        message = held.heard.get(timeout=10)
        mqtt_messages.take(hub.token.id, bytes(message.payload), now=timezone.now())
        held.client.loop_stop()  # dies without a word: committed, not acknowledged
        held.client.socket().close()  # type: ignore[union-attr]
        broker.gateway()
        assert device.hear(30)["counts"] == {"duplicate": 1}
        assert Observation.objects.filter(patient=world.ana, source__key="cuff").count() == 1
        device.close()

    def test_a_gateway_that_is_killed_or_alone_comes_back(self, broker: Broker, hub: Hub, world: World) -> None:
        first = broker.gateway()
        device = hub.client(broker, hub.fates, "healthhub/status")
        wait_for(lambda: device.hear()["state"] == "online", within=30)
        first.kill()
        assert device.hear()["state"] == "offline"  # its will
        device.say(hub.readings, pressure(key="meanwhile"))
        broker.gateway()
        heard = [device.hear(30) for _ in range(3)]
        assert [said["counts"] for said in heard if "counts" in said] == [{"stored": 1}]
        device.close()


@needs_broker
@pytest.mark.django_db(transaction=True)
def test_a_broker_where_anybody_may_be_anybody_is_refused(place: Path, world: World) -> None:
    for broker in broker_of(place, guarded=False):
        gateway = broker.gateway()
        assert gateway.popen.wait(30) != 0
        assert "as another" in gateway.output()
