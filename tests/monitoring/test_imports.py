"""Files through the one way in: fates, a second time, scope, consent, the command and the address."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from healthhub.audit.models import Entry
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.people import tokens
from healthhub.people.models import DeviceToken
from healthhub.records.models import Observation
from monitoring import imports
from monitoring.imports import Imported
from tests.world import World

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "device_files"
HEART = b'{"activities-heart":[{"dateTime":"2026-01-02"}],"activities-heart-intraday":{"dataset":[%s]}}'
POINTS = HEART % b",".join(b'{"time":"00:%02d:00","value":%d}' % (minute, 60 + minute) for minute in range(3))

pytestmark = pytest.mark.django_db


def taken(world: World, raw: bytes | Path, principal: str = "token_write", **options: Any) -> Imported:
    if isinstance(raw, Path) and not raw.exists():
        pytest.skip("the recordings are not on this machine")
    stream = io.BytesIO(raw.read_bytes() if isinstance(raw, Path) else raw)
    return imports.take_in(patient_id=world.ana.id, stream=stream, by=world.viewer(principal), now=world.now, **options)


def test_an_apple_export_is_stored_and_a_second_time_stores_nothing(world: World) -> None:
    world.ana.birth_date = date(1960, 1, 1)
    world.ana.save()
    before = Observation.objects.filter(patient=world.ana).count()
    first = taken(world, FOLDER / "apple_health/hkimport_export.xml")
    assert first.records == 11101
    assert first.reasons["not_kept"] == 793
    assert sum(first.counts.values()) == first.records
    assert first.counts["corrected"] == 0
    assert Observation.objects.filter(patient=world.ana).count() - before == first.counts["stored"] > 10_000
    again = taken(world, FOLDER / "apple_health/hkimport_export.xml")
    assert (again.counts["stored"], again.counts["corrected"]) == (0, 0)
    assert again.counts["rejected"] == first.counts["rejected"]
    weight = Observation.objects.filter(patient=world.ana, kind=50).order_by("at").first()
    assert weight is not None
    assert 30 < weight.value < 200


def test_readings_from_before_all_readings_are_refused_each(world: World) -> None:
    done = taken(world, FOLDER / "cgm/dexcom_clarity_synthetic.csv")
    assert done.reasons == {"too_old": 3969, "not_kept": 7}
    assert done.counts == {"rejected": 3976}
    assert len(done.refused) == imports.MOST_TOLD
    assert done.refused[0]["where"] == 5


def test_the_import_stands_in_the_access_log(world: World) -> None:
    assert taken(world, POINTS).counts == {"stored": 3}
    entry = Entry.objects.filter(patient_id=world.ana.id, did="file.import").get()
    assert entry.detail == {"records": 3, "stored": 3}


def test_times_without_a_zone_are_of_the_zone_she_is_in(world: World) -> None:
    world.ana.time_zone = "America/New_York"
    world.ana.save()
    taken(world, POINTS)
    first = Observation.objects.filter(patient=world.ana, kind=3, value=60).get()
    assert first.at.isoformat() == "2026-01-02T05:00:00+00:00"
    assert first.utc_offset == -300


def test_nothing_is_kept_of_a_file_that_breaks_off(world: World) -> None:
    before = Observation.objects.count()
    record = b'<Record type="HKQuantityTypeIdentifierHeartRate" unit="count/min" value="70" startDate="2026-01-02 03:%02d:05 +0800"'
    record += b' endDate="2026-01-02 03:%02d:05 +0800"/>'
    xml = b"<HealthData>" + b"".join(record % (minute, minute) for minute in range(60)) * 40 + b"<Rec"
    with pytest.raises(Invalid) as error:
        taken(world, xml)
    assert error.value.code == "not_xml"
    with pytest.raises(Invalid) as error:
        taken(world, POINTS, most=2)
    assert error.value.code == "too_many"
    assert Observation.objects.count() == before


def test_only_who_may_write_and_only_what_the_token_covers(world: World) -> None:
    for principal, refusal in (("token_other_patient", NotVisible), ("doctor_elsewhere", NotVisible), ("token_read", NotAllowed)):
        with pytest.raises(refusal):
            taken(world, POINTS, principal)
    by = world.viewer("patient_self")
    _, secret = tokens.issue(patient=world.ana, name="scale", kinds=["weight"], may_write=True, may_read=False, by=by, now=world.now)
    world.secrets["token_write"] = secret
    done = taken(world, POINTS)
    assert done.counts == {"outside_consent": 3}
    assert done.reasons == {"outside_consent": 3}


def test_the_address_tells_every_fate(world: World) -> None:
    client = world.client("token_write")
    path = f"/api/v1/patients/{world.ana.id}/imports"
    raw = HEART % b'{"time":"00:01:00","value":64},{"time":"25:01:00","value":64},{"time":"00:02:00","value":9000}'
    for status, fate in ((201, "stored"), (200, "duplicate")):
        answer = client.post(path, raw, content_type="application/octet-stream")
        assert answer.status_code == status, answer.content
        told = json.loads(answer.content)
        assert told["counts"] == {fate: 1, "rejected": 2}
        assert [(one["where"], one["code"]) for one in told["refused"]] == [(2, "bad_value"), (3, "impossible_value")]
    unknown = client.post(path, b"hello there", content_type="application/octet-stream")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_file")
    assert "hello there" in unknown.json()["field"]


def test_the_command_imports_and_says_what_became_of_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "heart.json"
    file.write_bytes(POINTS)
    out = io.StringIO()
    monkeypatch.setenv("HEALTHHUB_TOKEN", world.secrets["token_write"])
    call_command("import", str(file), patient=str(world.ana.id), stdout=out)
    assert out.getvalue().splitlines()[-1] == "3 records: 3 stored"
    with pytest.raises(CommandError, match="not_found"):
        call_command("import", str(file), patient=str(world.ben.id))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import", str(tmp_path / "none"), patient=str(world.ana.id))


def test_a_token_revoked_meanwhile_writes_no_more(world: World) -> None:
    """A file is read for minutes: what came before the revocation stays, and nothing comes after it."""
    many = HEART % b",".join(b'{"time":"%02d:%02d:%02d","value":70}' % (n // 3600, n // 60 % 60, n % 60) for n in range(imports.CHUNK + 10))
    token = DeviceToken.objects.get(id=world.viewer("token_write").token_id)

    def revoke(_: Imported) -> None:
        tokens.revoke(token=token, by=world.viewer("patient_self"), now=world.now)

    with pytest.raises(NotAllowed):
        taken(world, many, told=revoke)
    assert Observation.objects.filter(patient=world.ana).count() == imports.CHUNK
