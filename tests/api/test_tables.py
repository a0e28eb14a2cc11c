"""Tables of check-up centres by the API: proposed, confirmed, taken in; what is wrong is named."""

import json
from typing import Any

import pytest

from healthhub.audit.models import Entry
from monitoring.models import Import
from tests.dialects.test_checkup import LONG, book
from tests.monitoring.test_mapped import TABLE, place as place, work_off
from tests.world import World

pytestmark = pytest.mark.django_db


def send(world: World, raw: bytes, principal: str = "token_write") -> Any:
    path = f"/api/v1/patients/{world.ana.id}/tables"
    return world.client(principal).post(path, raw, content_type="application/octet-stream")


@pytest.mark.parametrize("raw", [TABLE, book(LONG).getvalue()])
def test_a_table_is_proposed_confirmed_and_taken_in(world: World, raw: bytes) -> None:
    client = world.client("token_write")
    sent = send(world, raw)
    assert sent.status_code == 201, sent.content
    told = sent.json()
    assert told["file"]["state"] == "unmapped"
    where = sent.headers["Location"]
    assert client.get(where).json() == told
    assert Entry.objects.filter(patient_id=world.ana.id, did="import.read").count() == 2
    mapping, questions = told["proposal"]["mapping"], told["proposal"]["questions"]
    assert {one["field"] for one in questions} == {"unit"}
    for one in questions:
        assert one["likely"] in (*one["options"], "")
        next(column for column in mapping["columns"] if column["place"] == one["place"])["unit"] = one["likely"] or "[jin_ch]"
    confirmed = client.post(where, json.dumps(mapping), content_type="application/json")
    assert confirmed.status_code == 202, confirmed.content
    assert confirmed.json()["state"] == "waiting"
    work_off(world)
    done = client.get(confirmed.headers["Location"]).json()
    assert done["state"] == "done"
    assert done["counts"]["stored"] == (6 if raw == TABLE else 4)
    again = client.post(where, json.dumps(mapping), content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")


def test_what_is_wrong_is_named(world: World) -> None:
    for raw, code in ((b"hello there", "unknown_file"), (b"", "empty"), (b"PK\x03\x04", "broken_zip")):
        refused = send(world, raw)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    sent = send(world, TABLE)
    where, mapping = sent.headers["Location"], sent.json()["proposal"]["mapping"]
    client = world.client("token_write")
    for body, field in ((mapping | {"date": 999}, "date"), ([], "mapping"), (mapping | {"columns": [{"place": "1"}]}, "columns[0]")):
        refused = client.post(where, json.dumps(body), content_type="application/json")
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (400, "bad_mapping", field)
    elsewhere = where.replace(str(world.ana.id), str(world.ben.id))
    assert client.get(elsewhere).status_code == client.post(elsewhere, "{}", content_type="application/json").status_code == 404
    assert Import.objects.get().state == "unmapped"


def test_a_known_file_needs_no_mapping(world: World) -> None:
    raw = b'{"activities-heart":[{"dateTime":"2026-01-02"}],"activities-heart-intraday":{"dataset":[{"time":"00:01:00","value":64}]}}'
    sent = send(world, raw)
    assert (sent.status_code, sent.json()["proposal"], sent.json()["file"]["state"]) == (202, None, "waiting")
