"""What came from where: kept, repeated, refused with reasons, days and gaps, battery, senders; and who may see it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from healthhub.people import access
from healthhub.records import batteries
from healthhub.records.batteries import Charge
from monitoring import deliveries, erasure, intake
from monitoring.models import Delivery
from tests.world import World

pytestmark = pytest.mark.django_db


def reading(world: World, *, days: int = 0, **changes: Any) -> dict[str, Any]:
    at = (world.now - timedelta(days=days, minutes=5)).isoformat()
    return {"kind": "hr", "at": at, "value": 70, "unit": "/min", "source": "手环"} | changes


def send(world: World, *readings: dict[str, Any], by: str = "token_write") -> None:
    intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer(by), now=world.now)


def seen(world: World, principal: str = "patient_self") -> dict[str, dict[str, Any]]:
    answer = world.client(principal).get(f"/api/v1/patients/{world.ana.id}/connections")
    assert answer.status_code == 200, answer.content
    return {one["source"]: one for one in answer.json()["sources"]}


def test_each_source_tells_what_was_kept_and_what_was_not(world: World) -> None:
    send(
        world,
        *(reading(world, days=days) for days in (0, 1, 2, 7, 8)),
        reading(world, days=3, value=900),
        reading(world, days=3, unit="ml"),
    )
    send(world, reading(world), reading(world, days=1, value=71), reading(world, kind="aura"))
    found = seen(world)["手环"]
    assert (found["kept"], found["repeated"], found["refused"]) == (6, 1, 3)
    assert found["reasons"] == {"impossible_value": 1, "unknown_unit": 1, "unknown_kind": 1}
    assert len(found["days"]) == 5
    days = [world.now.date() - timedelta(days=n) for n in (6, 3)]
    assert [found["gap"]["first"], found["gap"]["last"]] == [day.isoformat() for day in days]
    [sender] = found["senders"]
    assert (sender["kind"], sender["id"], sender["kept"], sender["refused"]) == ("token", str(world.token_ids["token_write"]), 6, 3)
    assert Delivery.objects.count() == 1


def test_what_nobody_could_read_is_told_too(world: World) -> None:
    device = world.client("token_write")
    junk = [{"kind": "hr"}, {"kind": "hr", "at": "yesterday", "value": 1, "source": "x\x00y"}, 7, reading(world)]
    answer = device.post("/api/v1/observations", json.dumps(junk), content_type="application/json")
    assert answer.json()["counts"] == {"stored": 1, "rejected": 3}
    found = seen(world)
    assert found["手环"]["kept"] == 1
    assert (found[""]["refused"], found[""]["last_received_at"]) == (3, None)
    answer = device.post("/api/v1/observations", json.dumps([{"kind": "hr"}]), content_type="application/json")
    assert seen(world)[""]["refused"] == 4


def test_many_invented_sources_of_which_nothing_was_kept_are_one_line(world: World) -> None:
    send(world, reading(world), *(reading(world, source=f"s{n}", value=900) for n in range(deliveries.MOST_SOURCES + 1)))
    assert sorted(Delivery.objects.values_list("source", "refused")) == [("", deliveries.MOST_SOURCES + 1), ("手环", 0)]


def test_battery_and_people_who_typed_are_told(world: World) -> None:
    send(world, reading(world, source="web"), by="patient_self")
    batteries.note(patient_id=world.ana.id, charges=[Charge("web", 80, world.now)])
    found = seen(world, "doctor_in_team")["web"]
    assert found["battery"]["percent"] == 80
    assert [(one["kind"], one["name"]) for one in found["senders"]] == [("user", world.users["patient_self"].name)]


def test_a_source_of_what_is_closed_to_her_is_nobodys(world: World) -> None:
    send(world, reading(world), reading(world, kind="glucose", value=6, unit="mmol/L", source="meter"))
    by = access.viewer_of_token_id(world.token_ids["token_read"], world.now)
    narrow = type(by)(kind="token", token_id=by.token_id, patient_id=by.patient_id, kinds=frozenset({"hr"}), may_read=True)
    found = deliveries.of_patient(viewer=narrow, patient_id=world.ana.id, now=world.now)
    assert [one.source for one in found] == ["手环"]


def test_it_is_forgotten_with_her_and_with_time(world: World) -> None:
    send(world, reading(world))
    assert deliveries.drop_old(now=world.now + timedelta(days=deliveries.KEPT_DAYS)) == 0
    assert deliveries.drop_old(now=world.now + timedelta(days=deliveries.KEPT_DAYS + 1)) == 1
    send(world, reading(world))
    erasure.erase(patient_id=world.ana.id, now=world.now)
    assert not Delivery.objects.exists()


def test_the_pages_say_it_in_both_languages(world: World) -> None:
    send(world, reading(world), reading(world, value=900))
    for principal, address in (
        ("patient_self", f"/people/{world.ana.id}/data/sources"),
        ("doctor_in_team", f"/patients/{world.ana.id}/sources"),
    ):
        client = world.client(principal)
        for language, words in (("en", "with a value that cannot be right"), ("zh-hans", "数值不可能正确")):
            client.cookies["django_language"] = language
            page = client.get(address).content.decode()
            assert "手环" in page
            assert words in page
