"""The real MCP client over stdio: what it may look up, that it stands in the access log, and that a revoked token is refused at once."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from healthhub.api import assistant
from healthhub.audit.models import Entry
from healthhub.config.servers import ROOT
from healthhub.lib.refused import NotAllowed
from healthhub.people import tokens
from healthhub.people.models import DeviceToken
from monitoring import intake
from tests.permissions import records
from tests.servers import environment
from tests.world import World, build

LOOKS = ["readings", "trend", "alerts", "risk"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def told(answer: Any) -> Any:
    return json.loads(answer.content[0].text)


async def conversation(env: dict[str, str], errors: Path, revoke: Any) -> dict[str, Any]:
    server = StdioServerParameters(command=sys.executable, args=["manage.py", "mcp"], env=env, cwd=ROOT)
    found: dict[str, Any] = {}
    with errors.open("w") as log:
        async with stdio_client(server, errlog=log) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            found["tools"] = {one.name: one for one in (await session.list_tools()).tools}
            found["readings"] = await session.call_tool("readings", {"kind": "hr", "days": 2})
            found["trend"] = await session.call_tool("trend", {"kind": "hr", "days": 7})
            found["alerts"] = await session.call_tool("alerts", {})
            found["risk"] = await session.call_tool("risk", {})
            found["wrong"] = [
                await session.call_tool(name, given)
                for name, given in (("readings", {"kind": "soul"}), ("readings", {"days": 9999}), ("alerts", {"limit": 0}))
            ]
            await sync_to_async(revoke)()
            found["revoked"] = [await session.call_tool(name, {"kind": "hr"} if name == "trend" else {}) for name in LOOKS]
    return found


def test_an_assistant_looks_up_and_changes_nothing(transactional_db: None, tmp_path: Path) -> None:
    world = build(mark="CNRY")
    records.fill(world)
    by = world.viewer("patient_self")
    at = (world.now - timedelta(minutes=2)).isoformat()
    intake.receive(patient_id=world.ana.id, readings=[{"kind": "hr", "at": at, "value": 77, "unit": "/min"}], by=by, now=world.now)
    last = Entry.objects.latest("id")

    def revoke() -> None:
        tokens.revoke(token=DeviceToken.objects.get(id=world.token_ids["token_read"]), by=by, now=world.now)
        connection.close()  # of this thread

    env = environment(HEALTHHUB_TOKEN=world.secrets["token_read"])
    found = asyncio.run(conversation(env, tmp_path / "errors", revoke))
    assert sorted(found["tools"]) == sorted(LOOKS)
    assert all(one.annotations.read_only_hint for one in found["tools"].values())
    assert 77 in [one["value"] for one in told(found["readings"])["observations"]]
    assert {one["kind"] for one in told(found["readings"])["observations"]} == {"hr"}
    assert told(found["trend"])
    alerts = told(found["alerts"])["alerts"]
    assert alerts
    assert all(one["text"]["en"] and one["text"]["zh-hans"] for one in alerts)
    assert told(found["risk"])["models"]
    for answer, code in zip(found["wrong"], ("unknown_kind", "out_of_range", "out_of_range"), strict=True):
        assert answer.is_error
        assert f"[{code}]" in answer.content[0].text
    for answer in found["revoked"]:
        assert answer.is_error
        assert "[bad_token]" in answer.content[0].text
    assert "CNRY-ben-" not in repr(found)
    asked = Entry.objects.filter(patient_id=world.ana.id, actor_id=world.token_ids["token_read"], id__gt=last.id).order_by("id")
    assert [one.did for one in asked] == ["observations.read", "observations.read", "alerts.read", "risk.read"]


def refused(secret: str) -> str:
    words = [sys.executable, "manage.py", "mcp"]
    env = os.environ | environment(HEALTHHUB_TOKEN=secret)
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


def test_a_token_limited_to_some_kinds_hears_neither_alerts_nor_risks(world: World) -> None:
    by = world.viewer("patient_self")
    _, secret = tokens.issue(patient=world.ana, name="a", kinds=["weight"], may_write=False, may_read=True, by=by, now=world.now)
    for look in (assistant.look_alerts, assistant.look_risk):
        with pytest.raises(NotAllowed) as error:
            look(secret, now=world.now)
        assert error.value.code == "outside_scope"
    assert assistant.look_readings(secret, now=world.now, kind="weight")["observations"] == []
    with pytest.raises(NotAllowed):
        assistant.look_trend(secret, now=world.now, kind="hr")


def test_only_a_living_token_that_cannot_write_begins(transactional_db: None) -> None:
    world = build()
    assert "[not_read_only]" in refused(world.secrets["token_write"])
    for secret in (world.secrets["token_revoked"], "", "hh_wrong"):
        assert "[bad_token]" in refused(secret)
