"""Strangers' clients of Nightscout, unmodified, against a running server. Those that cannot be installed: by hand."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import py_nightscout
import pytest
from aiohttp import ClientResponseError
from django.utils import timezone

from healthhub.dialects.nightscout import common
from healthhub.people import tokens
from healthhub.records.models import Observation
from tests.servers import Web
from tests.world import World, build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


def token_of(world: World, **rights: bool) -> str:
    given = {"may_write": True, "may_read": True} | rights
    by = world.viewer("patient_self")
    return tokens.issue(patient=world.ana, name="Phone", kinds=[], by=by, now=timezone.now(), **given)[1]


def base_of(web: Web, world: World) -> str:
    return f"{web.url}/nightscout/{world.ana.id}"


def uploaded(web: Web, world: World, secret: str, n: int = 3) -> list[dict[str, Any]]:
    """What nightscout-connect 0.0.12 does with Dexcom Share: asks for the newest entry, then posts entries and treatments."""
    headers = {"API-SECRET": hashlib.sha1(secret.encode()).hexdigest(), "Accept": "application/json, text/plain, */*"}
    base, now = base_of(web, world), timezone.now().replace(microsecond=0)
    gap = httpx.get(f"{base}/api/v1/entries.json", params={"count": 1}, headers=headers)
    assert (gap.status_code, gap.json()) == (200, [])
    entries = [
        {
            "sgv": 110 + i,
            "date": common.ms_of(at),
            "dateString": common.iso(at),
            "trend": 4,
            "direction": "Flat",
            "device": "share2",
            "type": "sgv",
        }
        for i in range(n)
        for at in [now - timedelta(minutes=5 * i)]
    ]
    sent = httpx.post(f"{base}/api/v1/entries.json", json=entries, headers=headers)
    assert sent.status_code == 200
    meal = {"eventType": "Meal Bolus", "carbs": 30, "insulin": 2.5, "created_at": common.iso(now), "enteredBy": "nightscout-connect"}
    assert httpx.post(f"{base}/api/v1/treatments.json", json=[meal], headers=headers).json()[0]["fate"] == "stored"
    battery = {"device": "Pixel", "created_at": common.iso(now), "uploader": {"battery": 83}}
    assert httpx.post(f"{base}/api/v1/devicestatus.json", json=battery, headers=headers).status_code == 200
    answer: list[dict[str, Any]] = sent.json()
    return answer


def test_py_nightscout_reads_what_a_bridge_wrote(web: Web, world: World) -> None:
    secret = token_of(world)
    sent = uploaded(web, world, secret)
    assert [doc["fate"] for doc in sent] == ["stored"] * 3

    async def read(api_secret: str) -> tuple[Any, ...]:
        api = py_nightscout.Api(base_of(web, world), api_secret=api_secret)
        return (
            await api.get_server_status(),
            await api.get_sgvs(),
            await api.get_treatments(),
            await api.get_devices_status(),
            await api.get_profiles(),
        )

    for api_secret in (secret, f"token=phone-{secret}"):
        status, sgvs, treatments, devices, profiles = asyncio.run(read(api_secret))
        assert (status.status, status.apiEnabled) == ("ok", True)
        assert [(one.sgv, one.delta, one.direction, one.device) for one in sgvs] == [
            (110, -1, "Flat", "share2"), (111, -1, "Flat", "share2"), (112, 0, "Flat", "share2"),
        ]  # fmt: skip
        assert sgvs[0].sgv_mmol == 6.1
        assert (treatments[0].carbs, treatments[0].insulin, treatments[0].enteredBy) == (30, 2.5, "nightscout-connect")
        assert (devices[0].device, devices[0].uploader.battery) == ("Pixel", 83)
        profile = profiles.get_profile_definition_active_at(datetime.now(UTC)).get_default_profile()
        assert profile.timezone.zone == "Asia/Shanghai"


@pytest.mark.parametrize("whose", ["nobody", "other", "revoked"])
def test_a_wrong_secret_is_refused_to_a_real_client(web: Web, world: World, whose: str) -> None:
    secret = {"nobody": "correct horse", "other": world.secrets["token_other_patient"], "revoked": world.secrets["token_revoked"]}[whose]

    async def read() -> None:
        await py_nightscout.Api(base_of(web, world), api_secret=secret).get_sgvs()

    with pytest.raises(ClientResponseError) as refused:
        asyncio.run(read())
    assert refused.value.status == 401


def test_librelink_up_sends_again_without_falling_over(web: Web, world: World) -> None:
    """Its API 3 client: a bearer for its token, the newest entry, then one POST after the other, each of which must be a 201."""
    base, secret = base_of(web, world), token_of(world)
    bearer = httpx.get(f"{base}/api/v2/authorization/request/{secret}").json()["token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    at = timezone.now().replace(microsecond=0)
    for _ in range(2):
        newest = httpx.get(f"{base}/api/v3/entries?sort$desc=date&limit=1&fields=dateString,date", headers=headers)
        assert newest.status_code == 200
        for i in range(3):
            doc = {"type": "sgv", "app": "nightscout-librelink-up", "device": "nightscout-librelink-up", "direction": "Flat"}
            doc |= {"sgv": 120 + i, "date": common.ms_of(at - timedelta(minutes=15 * i))}  # type: ignore[dict-item]
            assert httpx.post(f"{base}/api/v3/entries", json=doc, headers=headers).status_code == 201
    assert Observation.objects.filter(patient_id=world.ana.id).count() == 3
