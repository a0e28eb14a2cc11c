"""Nightscout's three namespaces, from outside: a real server, python-socketio's client and the one of npm."""

import asyncio
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import socketio
from django.db import connections
from django.utils import timezone

from healthhub.config.servers import ROOT
from healthhub.people import consent, tokens
from healthhub.people.models import DeviceToken
from healthhub.records import corrections
from monitoring import intake
from monitoring.models import Alert
from tests.servers import Web
from tests.world import World, build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SOON = 5.0


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


def issued(world: World, **rights: Any) -> tuple[DeviceToken, str]:
    given = {"may_write": True, "may_read": True, "kinds": []} | rights
    return tokens.issue(patient=world.ana, name="Follower", by=world.viewer("patient_self"), now=timezone.now(), **given)


def measured(world: World, value: float, *, minutes_ago: float = 0, kind: str = "cgm") -> dict[str, Any]:
    now = timezone.now()
    at = (now - timedelta(minutes=minutes_ago)).isoformat()
    reading = {"kind": kind, "at": at, "value": value, "unit": "mg/dL", "source": "sensor"}
    return intake.receive(patient_id=world.ana.id, readings=[reading], by=world.viewer("patient_self"), now=now).fates[0]


class Client:
    """One client in one namespace; every event goes into one queue."""

    def __init__(self, web: Web, world: World, role: str, *, by_namespace: bool = False) -> None:
        place = f"/nightscout/{world.ana.id}"
        self.url, self.path = web.url, "socket.io" if by_namespace else f"{place[1:]}/socket.io"
        self.namespace = (place if by_namespace else "") + role or "/"
        self.io = socketio.AsyncClient(reconnection=False)
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.io.on("*", self.heard, namespace=self.namespace)
        self.io.on("disconnect", self.left, namespace=self.namespace)

    async def heard(self, event: str, *data: Any) -> None:
        await self.events.put((event, data[0] if data else None))

    async def left(self, *reason: Any) -> None:
        await self.events.put(("disconnect", None))

    async def __aenter__(self) -> "Client":
        await self.io.connect(self.url, socketio_path=self.path, namespaces=[self.namespace], transports=["websocket"])
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.io.disconnect()

    async def call(self, event: str, *said: Any) -> Any:
        return await self.io.call(event, said if len(said) > 1 else said[0], namespace=self.namespace, timeout=SOON)

    async def next(self, wanted: str, *, within: float = SOON) -> Any:
        async with asyncio.timeout(within):
            while True:
                event, data = await self.events.get()
                if event == wanted:
                    return data


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Django's connections belong to the loop's own context: what is opened in it must be closed in it."""

    async def whole() -> None:
        try:
            await work()
        finally:
            connections.close_all()

    asyncio.run(whole())


@pytest.mark.parametrize("by_namespace", [False, True])
def test_a_follower_gets_everything_then_what_is_new(web: Web, world: World, by_namespace: bool) -> None:
    measured(world, 110, minutes_ago=10)
    secret = issued(world)[1]

    async def work() -> None:
        async with Client(web, world, "", by_namespace=by_namespace) as client:
            await client.next("connected")
            sha1 = hashlib.sha1(secret.encode()).hexdigest()
            rights = await client.call("authorize", {"client": "web", "secret": sha1, "history": 48, "status": True})
            assert rights == {"read": True, "write": True, "write_treatment": True}
            first = await client.next("dataUpdate")
            assert ([doc["sgv"] for doc in first["sgvs"]], first["status"]["status"]) == ([110], "ok")
            fate = measured(world, 121)
            delta = await client.next("dataUpdate")
            assert (delta["delta"], [doc["sgv"] for doc in delta["sgvs"]]) == (True, [121])
            assert delta["sgvs"][0]["mgdl"] == 121
            corrections.take_back(
                viewer=world.viewer("patient_self"), patient_id=world.ana.id, seqs=[fate["seq"]], reason="not hers", now=timezone.now()
            )
            gone = await client.next("dataUpdate")
            assert gone["sgvs"] == [{"_id": delta["sgvs"][0]["_id"], "action": "remove"}]

    run(work)


def test_strangers_hear_and_do_nothing(web: Web, world: World) -> None:
    measured(world, 110, minutes_ago=10)
    no = {"read": False, "write": False, "write_treatment": False}

    async def work() -> None:
        for secret in (None, "0" * 40, world.secrets["token_other_patient"], world.secrets["token_revoked"]):
            async with Client(web, world, "") as client:
                assert await client.call("authorize", {"secret": secret}) == no
                assert await client.call("dbAdd", {"collection": "entries", "data": {}}) == {"result": "Not authorized"}
                measured(world, 111, minutes_ago=5)
                with pytest.raises(TimeoutError):
                    await client.next("dataUpdate", within=0.5)
            for role in ("/storage", "/alarm"):
                async with Client(web, world, role) as client:
                    answer = await client.call("subscribe", {"accessToken": secret})
                    assert answer == {"success": False, "message": "Missing or bad access token or JWT"}

    run(work)


def test_documents_are_added_changed_and_removed(web: Web, world: World) -> None:
    secret = issued(world)[1]
    reader = issued(world, may_write=False)[1]
    now = timezone.now().replace(microsecond=0)
    meal = {"eventType": "Snack", "carbs": 20, "created_at": (now - timedelta(minutes=5)).isoformat(), "enteredBy": "Cleo"}

    async def work() -> None:
        async with Client(web, world, "") as client, Client(web, world, "/storage") as storage, Client(web, world, "") as other:
            assert (await other.call("authorize", {"token": reader}))["write"] is False
            assert await other.call("dbAdd", {"collection": "treatments", "data": meal}) == {"result": "Not permitted"}
            subscribed = await storage.call("subscribe", {"accessToken": reader, "collections": ["treatments", "settings"]})
            assert subscribed == {"success": True, "collections": ["treatments"]}
            await client.call("authorize", {"secret": secret})
            (added,) = await client.call("dbAdd", {"collection": "treatments", "data": meal})
            assert added["fate"] == "stored"
            created = await storage.next("create")
            assert (created["colName"], created["doc"]["carbs"], created["doc"]["_id"]) == ("treatments", 20, added["_id"])
            change = {"collection": "treatments", "_id": added["_id"], "data": {"carbs": 35}}
            assert await client.call("dbUpdate", change) == {"result": "success"}
            updated = await storage.next("update")
            assert updated["doc"]["carbs"] == 35
            assert await client.call("dbRemove", {"collection": "treatments", "_id": added["_id"]}) == {"result": "success"}
            assert (await storage.next("delete"))["identifier"] == updated["doc"]["identifier"]
            assert await client.call("dbRemove", {"collection": "treatments", "_id": added["_id"]}) == {"result": "Missing _id"}
            assert await client.call("dbRemove", {"collection": "treatments"}) == {"result": "Missing _id"}
            assert await client.call("dbUpdate", {"collection": "users", "_id": "x"}) == {"result": "Wrong collection"}

    run(work)


def test_alarms_sound_and_are_taken_in_hand_with_the_right_to(web: Web, world: World) -> None:
    plain, may = issued(world)[1], issued(world, may_acknowledge=True)[1]

    async def work() -> None:
        async with Client(web, world, "/alarm") as looks, Client(web, world, "/alarm") as acts:
            assert (await looks.call("subscribe", {"accessToken": plain}))["ack"] is False
            assert (await acts.call("subscribe", {"secret": may}))["ack"] is True
            for minutes in (20, 15, 10, 5, 0):
                measured(world, 48, minutes_ago=minutes)
            alert = Alert.objects.get(patient=world.ana, severity__in=("red", "urgent"))
            for client in (looks, acts):
                sounding = await client.next("urgent_alarm")
                assert (sounding["level"], sounding["key"], sounding["group"]) == (2, str(alert.id), "default")
                assert sounding["message"]
            assert await looks.call("ack", 2, "default", 600_000) == {"success": False, "message": "Not permitted"}
            alert.refresh_from_db()
            assert alert.acknowledged_by is None
            assert (await acts.call("ack", 2, "default", 600_000))["success"] is True
            alert.refresh_from_db()
            assert alert.acknowledged_by == world.users["patient_self"]
            assert (await looks.next("clear_alarm"))["clear"] is True
        async with Client(web, world, "/alarm") as late:
            await late.call("subscribe", {"accessToken": plain})
            with pytest.raises(TimeoutError):
                await late.next("urgent_alarm", within=0.5)

    run(work)


def test_revoking_the_token_cuts_the_socket(web: Web, world: World) -> None:
    token, secret = issued(world)

    async def work() -> None:
        async with Client(web, world, "") as client, Client(web, world, "/storage") as storage, Client(web, world, "/alarm") as alarm:
            await client.call("authorize", {"secret": secret})
            await storage.call("subscribe", {"accessToken": secret})
            await alarm.call("subscribe", {"accessToken": secret})
            await client.next("dataUpdate")
            tokens.revoke(token=token, by=world.viewer("patient_self"), now=timezone.now())
            measured(world, 99)
            for one in (client, storage, alarm):
                await one.next("disconnect")
                assert not [event for event, _ in one.events._queue if event in ("dataUpdate", "create")]  # type: ignore[attr-defined]

    run(work)


NODE = """
import { io } from "socket.io-client";
const [url, place, secret] = process.argv.slice(1);
const done = (said) => { console.log(JSON.stringify(said)); process.exit(0); };
setTimeout(() => done({ timeout: true }), 8000);
const alarm = io(`${url}${place}/alarm`), root = io(url, { path: `${place}/socket.io` }), wrong = io(`${url}${place}/storage`);
const said = {};
const tell = () => { if (said.rights && said.sgvs && said.alarm && said.wrong) done(said); };
const set = (name) => (answer) => { said[name] = answer; tell(); };
root.on("connect", () => root.emit("authorize", { client: "web", token: secret, history: 48 }, set("rights")));
root.on("dataUpdate", (data) => set("sgvs")(data.sgvs.map((one) => one.sgv)));
alarm.on("connect", () => alarm.emit("subscribe", { accessToken: secret }, set("alarm")));
wrong.on("connect", () => wrong.emit("subscribe", { accessToken: "nobody" }, set("wrong")));
"""


@pytest.mark.skipif(not (ROOT / "node_modules" / "socket.io-client").is_dir(), reason="socket.io-client is not installed: make install")
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_the_client_of_npm(web: Web, world: World, tmp_path: Path) -> None:
    """Polling first, then a websocket, as browsers and phones do."""
    measured(world, 110, minutes_ago=10)
    words = ["node", "--input-type=module", "-e", NODE, "--", web.url, f"/nightscout/{world.ana.id}", issued(world)[1]]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    said = json.loads(answer.stdout)
    assert said["rights"] == {"read": True, "write": True, "write_treatment": True}
    assert (said["sgvs"], said["alarm"]["success"], said["wrong"]["success"]) == ([110], True, False)


def test_a_token_outlives_no_consent_it_does_not_rest_on(web: Web, world: World) -> None:
    """Her own device speaks for herself: withdrawing the team's consent does not cut it."""
    secret = issued(world)[1]

    async def work() -> None:
        async with Client(web, world, "") as client:
            await client.call("authorize", {"secret": secret})
            await client.next("dataUpdate")
            consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=timezone.now())
            measured(world, 105)
            assert [doc["sgv"] for doc in (await client.next("dataUpdate"))["sgvs"]] == [105]

    run(work)
