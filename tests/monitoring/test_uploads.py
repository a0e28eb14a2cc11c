"""Files too big for a request: kept privately, read once, taken in by a worker that may die; stopped with its sender; gone afterwards."""

import csv
import io
import os
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import consent, tokens
from healthhub.people.models import DeviceToken
from healthhub.records.models import Observation
from monitoring import erasure, imports, spool, uploads
from monitoring.models import Import
from tests.world import World

pytestmark = pytest.mark.django_db
RATE = '<Record type="HKQuantityTypeIdentifierHeartRate" unit="count/min" value="%s" startDate="%s +0800" endDate="%s +0800"/>\n'


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    settings.IMPORT_ROOT = tmp_path / "private"
    return tmp_path / "private"


def export(n: int, wrong: int = 0) -> bytes:
    """An Apple export of n heart rates a minute apart, and `wrong` without a number."""
    start, lines = datetime(2026, 1, 2, 3, tzinfo=UTC), []
    for one in range(n + wrong):
        at = f"{start + timedelta(minutes=one):%Y-%m-%d %H:%M:%S}"
        lines.append(RATE % (60 + one % 40 if one < n else "=1+1", at, at))
    return b"<HealthData>" + "".join(lines).encode() + b"</HealthData>"


def sent(world: World, raw: bytes, principal: str = "token_write") -> Import:
    return uploads.accept(patient_id=world.ana.id, chunks=[raw[:100], raw[100:]], by=world.viewer(principal), now=world.now)


def work_off(world: World) -> None:
    later = world.now + timedelta(seconds=30)
    while uploads.work(clock=lambda: later):
        pass


def stored(world: World) -> int:
    return Observation.objects.filter(patient=world.ana).count()


def test_a_file_is_taken_in_told_of_and_deleted(world: World, place: Path, django_capture_on_commit_callbacks: Any) -> None:
    before = stored(world)
    row = sent(world, export(2500, wrong=3))
    file = spool.path_of(row.id)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert uploads.work(clock=lambda: world.now)
    row.refresh_from_db()
    assert (row.state, row.records, row.taken, row.progress, stored(world)) == ("running", 2503, 0, 50, before)
    with django_capture_on_commit_callbacks(execute=True):
        work_off(world)
    row.refresh_from_db()
    assert (row.state, row.taken, row.counts, row.reasons) == ("done", 2503, {"stored": 2500, "rejected": 3}, {"bad_value": 3})
    assert [one["where"] for one in row.refused] == [2501, 2502, 2503]
    assert (stored(world) - before, list(place.iterdir()), row.due_at) == (2500, [], None)
    assert [one.did for one in Entry.objects.filter(patient_id=world.ana.id, did__contains="import")] == ["import.send", "file.import"]


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It dies after a batch was sent and before it was noted: the transaction takes both back."""
    before = stored(world)
    row = sent(world, export(2500))
    uploads.work(clock=lambda: world.now)
    real, calls = imports.send, []

    def dies(*args: Any, **options: Any) -> None:
        real(*args, **options)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(imports, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        uploads.work(clock=lambda: world.now)
    row.refresh_from_db()
    assert (row.state, row.taken, stored(world) - before) == ("running", 1000, 1000)
    assert not uploads.work(clock=lambda: world.now)  # leased
    monkeypatch.undo()
    settings.IMPORT_ROOT = spool.path_of(row.id).parent
    later = world.now + uploads.LEASE
    assert uploads.hand_out(now=later) == 1
    assert uploads.work(clock=lambda: later)
    row.refresh_from_db()
    assert (row.state, row.counts, stored(world) - before) == ("done", {"stored": 2500}, 2500)


def test_a_worker_that_lost_its_claim_writes_nothing(world: World) -> None:
    row = sent(world, export(10))
    uploads.work(clock=lambda: world.now)
    old = uploads._claim(world.now)
    assert old is not None
    newer = uploads._claim(world.now + uploads.LEASE)
    assert newer is not None
    before = stored(world)
    with pytest.raises(uploads._Lost):
        uploads._take(old, lambda: world.now)
    assert stored(world) == before
    uploads._take(newer, lambda: world.now)
    row.refresh_from_db()
    assert (row.state, stored(world) - before) == ("done", 10)


def test_one_that_always_dies_is_given_up(world: World) -> None:
    row, now = sent(world, export(3)), world.now
    for _ in range(uploads.MOST_TRIES):
        assert uploads._claim(now) is not None
        now += uploads.LEASE
    assert uploads._claim(now) is None
    row.refresh_from_db()
    assert (row.state, row.code) == ("failed", "gave_up")


def test_it_stops_when_the_token_is_revoked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before, row = stored(world), sent(world, export(1500))
    uploads.work(clock=lambda: world.now)
    real = imports.send

    def revoking(*args: Any, **options: Any) -> None:
        real(*args, **options)
        tokens.revoke(token=DeviceToken.objects.get(id=row.token_id), by=world.viewer("patient_self"), now=world.now)

    monkeypatch.setattr(imports, "send", revoking)
    uploads.work(clock=lambda: world.now)
    row.refresh_from_db()
    assert (row.state, row.code, row.taken, stored(world) - before) == ("stopped", "token_revoked", 1000, 1000)


def test_it_stops_when_consent_is_withdrawn_while_the_file_is_read(world: World) -> None:
    row = sent(world, export(1500), "doctor_in_team")
    consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=world.now)
    uploads.work(clock=lambda: world.now)
    row.refresh_from_db()
    assert (row.state, row.code, row.taken) == ("stopped", "consent_withdrawn", 0)


def test_it_is_its_senders_and_hers(world: World) -> None:
    row = sent(world, export(3))
    for principal in ("token_write", "patient_self"):
        assert uploads.one(row.id, by=world.viewer(principal), now=world.now) == row
    for principal, refusal in (("doctor_in_team", NotVisible), ("other_patient", NotVisible), ("caregiver_with_consent", NotAllowed)):
        with pytest.raises(refusal):
            uploads.one(row.id, by=world.viewer(principal), now=world.now)
    with pytest.raises(Conflict) as error:
        sent(world, export(3))
    assert error.value.code == "import_under_way"


def bomb() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made, made.open("export.xml", "w", force_zip64=True) as member:
        member.write(b"<HealthData>")
        for _ in range(512):
            member.write(b" " * 1024 * 1024)
    return archive.getvalue()


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE HealthData [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><HealthData>&b;</HealthData>'


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(bomb, "zip_bomb", id="bomb"),
        pytest.param(lambda: LAUGHS, "hostile_xml", id="laughs"),
        pytest.param(lambda: export(2000)[:-40], "not_xml", id="truncated"),
        pytest.param(lambda: b"PK\x03\x04" + b"\0" * 2000, "broken_zip", id="truncated zip"),
        pytest.param(lambda: b"Event Type,Glucose Value (mg/dL)\n" + b"\n" * 1_100_000, "too_many_lines", id="lines"),
    ],
)
def test_what_is_hostile_is_refused_at_once_and_nothing_stays(world: World, place: Path, raw: Any, code: str) -> None:
    with pytest.raises(Invalid) as error:
        sent(world, raw())
    assert error.value.code == code
    assert not Import.objects.exists()
    assert list(place.iterdir()) == []


def test_what_breaks_in_the_middle_is_found_before_anything_is_kept(world: World) -> None:
    before, whole = stored(world), export(9000)
    assert len(whole) > uploads.LOOK_BYTES
    row = sent(world, whole[:-100] + b"<Record" + whole[-100:])
    work_off(world)
    row.refresh_from_db()
    assert (row.state, row.code, row.records, stored(world)) == ("failed", "not_xml", None, before)


def test_sizes_are_bounded(world: World, place: Path, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    with pytest.raises(spool.TooLarge):
        sent(world, export(100))
    assert list(place.iterdir()) == []


def big(client: Client, world: World, raw: bytes) -> Any:
    return client.post(f"/api/v1/patients/{world.ana.id}/imports", raw, content_type="application/octet-stream")


def test_the_address_takes_a_big_file_and_tells_how_far_it_is(world: World, settings: Any) -> None:
    settings.OBSERVATIONS_MAX_BYTES = 1000
    client = world.client("token_write")
    answer = big(client, world, export(30, wrong=2))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    again = big(client, world, export(30))
    assert (again.status_code, again.json()["code"]) == (409, "import_under_way")
    work_off(world)
    told = client.get(answer.headers["Location"]).json()
    assert (told["state"], told["records"], told["counts"]) == ("done", 32, {"stored": 30, "rejected": 2})
    Import.objects.update(refused=[*Import.objects.get().refused, {"where": 9, "fate": "rejected", "code": "not_kept", "field": "=cmd|x"}])
    table = client.get(answer.headers["Location"] + "/refused.csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert [(one["where"], one["field"]) for one in rows] == [("31", "value"), ("32", "value"), ("9", "'=cmd|x")]
    assert client.get(f"/api/v1/patients/{world.ben.id}/imports/{told['id']}").status_code == 404
    refused = big(client, world, LAUGHS + b" " * 2000)
    assert (refused.status_code, refused.json()["code"]) == (400, "hostile_xml")


def test_a_body_said_to_be_too_large_is_not_even_read(world: World, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    answer = big(world.client("token_write"), world, export(30))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_erasing_takes_rows_and_files(world: World, place: Path, django_capture_on_commit_callbacks: Any) -> None:
    row = sent(world, export(30))
    assert spool.path_of(row.id).exists()
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(patient_id=world.ana.id, now=world.now)
    assert not Import.objects.filter(patient=world.ana).exists()
    assert list(place.iterdir()) == []


def test_files_that_nobody_owns_go(world: World, place: Path) -> None:
    row = sent(world, export(3))
    orphan = spool.path_of(world.ben.id)
    orphan.write_bytes(b"x")
    assert spool.orphans([row.id]) == 0
    for path in place.iterdir():
        old = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
        os.utime(path, (old, old))
    assert spool.orphans([row.id]) == 1
    assert [path.stem for path in place.iterdir()] == [str(row.id)]
