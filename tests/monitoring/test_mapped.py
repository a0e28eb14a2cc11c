"""Tables of check-up centres: kept until their sender says what the columns are, then taken in; asked by nobody else."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.records.models import Observation
from monitoring import erasure, imports, mapped, spool, uploads
from monitoring.models import Import
from tests.monitoring.test_uploads import export
from tests.world import World

pytestmark = pytest.mark.django_db
TABLE = (
    "体检日期,体重,收缩压(mmHg),舒张压(mmHg),空腹血糖,谷丙转氨酶(U/L)\n"
    "2026-03-01,130,128,82,5.6,20\n2026-06-01,128,,,abc,21\n2026-09-01,126,131,79,99,20\n"
).encode("gb18030")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: Any) -> Path:
    settings.IMPORT_ROOT = tmp_path / "private"
    return tmp_path / "private"


def sent(world: World, raw: bytes = TABLE, principal: str = "token_write", tables: bool = True) -> Import:
    return uploads.accept(patient_id=world.ana.id, chunks=[raw], by=world.viewer(principal), now=world.now, name="体检.csv", tables=tables)


def answered(world: World, row: Import, principal: str = "token_write") -> dict[str, Any]:
    found = mapped.plain(mapped.propose(row, by=world.viewer(principal), now=world.now))
    answers = {(one["field"], one["place"]): one for one in found["questions"]}
    assert set(answers) == {("unit", "1"), ("unit", "4")}
    told: dict[str, Any] = found["mapping"]
    for column in told["columns"]:
        column["unit"] = {"1": "[jin_ch]", "4": "mmol/L"}.get(column["place"], column["unit"])
    return told


def work_off(world: World) -> None:
    later = world.now + timedelta(seconds=30)
    while uploads.work(clock=lambda: later):
        pass


def weights(world: World) -> list[float]:
    days = ("2026-03-01T00:00Z", "2026-06-01T00:00Z", "2026-09-01T00:00Z")  # 8 in the morning in Shanghai
    return [one.value for one in Observation.objects.filter(patient=world.ana, kind=50, at__in=days).order_by("at")]


def test_a_table_is_asked_about_and_then_taken_in(world: World) -> None:
    by = world.viewer("token_write")
    row = sent(world)
    assert (row.state, row.due_at) == ("unmapped", world.now + timedelta(days=1))
    work_off(world)
    assert not weights(world)
    told = answered(world, row)
    waits = mapped.confirm(row.id, told=told, by=by, now=world.now)
    assert waits.state == "waiting"
    with pytest.raises(Conflict) as error:
        mapped.confirm(row.id, told=told, by=by, now=world.now)
    assert error.value.code == "not_waiting"
    work_off(world)
    row.refresh_from_db()
    assert row.state == "done"
    assert row.counts == {"stored": 6, "rejected": 2}
    assert [(one["where"], one["code"], one["field"]) for one in row.refused] == [
        (3, "bad_value", "空腹血糖"),
        (4, "impossible_value", "value"),
    ]
    assert uploads.refused_csv(row).splitlines()[1].startswith("3,rejected,bad_value,空腹血糖,")
    assert weights(world) == [65, 64, 63]
    assert Entry.objects.filter(patient_id=world.ana.id, did="import.confirm").count() == 1


def test_again_stores_nothing_new_and_another_unit_corrects(world: World) -> None:
    by = world.viewer("token_write")
    outcomes = []
    for unit in ("[jin_ch]", "[jin_ch]", "[lb_av]"):
        row = sent(world)
        told = answered(world, row)
        told["columns"][0]["unit"] = unit
        mapped.confirm(row.id, told=told, by=by, now=world.now)
        work_off(world)
        row.refresh_from_db()
        outcomes.append({fate: n for fate, n in row.counts.items() if n and fate != "rejected"})
    assert outcomes == [{"stored": 6}, {"duplicate": 6}, {"duplicate": 3, "corrected": 3}]


def test_without_being_asked_for_a_table_is_unknown_as_before(world: World, place: Path) -> None:
    for raw, tables in ((TABLE, False), (b"hello there", True), (b"PK\x03\x04 no archive", True)):
        with pytest.raises(Invalid) as error:
            sent(world, raw, tables=tables)
        assert error.value.code in ("unknown_file", "broken_zip")
    with pytest.raises(spool.TooLarge):
        sent(world, TABLE + b"\n" * uploads.TABLE_BYTES)
    assert not Import.objects.exists()
    assert list(place.iterdir()) == []
    assert sent(world, export(3)).state == "waiting"


def test_only_its_sender_and_the_patient_speak_of_it(world: World) -> None:
    row = sent(world)
    told = answered(world, row)
    for principal, refusal in (("doctor_in_team", NotVisible), ("token_other_patient", NotVisible), ("token_read", NotAllowed)):
        with pytest.raises(refusal):
            mapped.confirm(row.id, told=told, by=world.viewer(principal), now=world.now)
        with pytest.raises(refusal):
            mapped.waiting(row.id, by=world.viewer(principal), now=world.now)
    assert mapped.confirm(row.id, told=told, by=world.viewer("patient_self"), now=world.now).state == "waiting"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"date": None}, "no_date", "date"),
        ({"layout": "long"}, "bad_mapping", "item"),
        ({"columns": []}, "bad_mapping", "columns"),
        ({"columns": [{"place": "1", "kind": "soul"}]}, "unknown_kind", "columns[0].kind"),
        ({"columns": [{"place": "1", "kind": "weight", "unit": "mmol/L"}]}, "unknown_unit", "columns[0].unit"),
        ({"columns": [{"place": "1", "kind": "weight"}, {"place": "1", "kind": "bmi"}]}, "bad_mapping", "columns"),
        ({"person": "A"}, "no_person", "person"),
        ({"sheet": 3}, "bad_mapping", "mapping"),
    ],
)
def test_a_mapping_that_cannot_be_carried_out_names_the_field(world: World, change: dict[str, Any], code: str, field: str) -> None:
    row = sent(world)
    told = answered(world, row) | change
    with pytest.raises(Invalid) as error:
        mapped.confirm(row.id, told=told, by=world.viewer("token_write"), now=world.now)
    assert (error.value.code, error.value.field) == (code, field)
    assert Import.objects.get().state == "unmapped"


def test_a_table_nobody_spoke_of_goes_after_a_day_and_a_newer_one_takes_its_place(world: World, place: Path) -> None:
    first, second = sent(world), sent(world)
    assert [row.id for row in Import.objects.all()] == [second.id]
    waits = Import.objects.get()
    assert waits.id != first.id
    assert uploads.hand_out(now=world.now + timedelta(hours=23)) == 0
    assert Import.objects.get().state == "unmapped"
    uploads.hand_out(now=world.now + timedelta(hours=25))
    row = Import.objects.get()
    assert (row.state, row.code, row.due_at) == ("failed", "not_confirmed", None)
    assert f"{second.id}.file" not in [path.name for path in place.iterdir()]


def test_it_can_be_discarded_and_goes_with_its_person(world: World, place: Path, django_capture_on_commit_callbacks: Any) -> None:
    row = sent(world)
    with django_capture_on_commit_callbacks(execute=True):
        mapped.discard(row.id, by=world.viewer("token_write"), now=world.now)
    assert list(place.iterdir()) == []
    sent(world)
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(patient_id=world.ana.id, now=world.now)
    assert not Import.objects.exists()
    assert list(place.iterdir()) == []


def test_an_import_of_a_known_file_needs_no_mapping(world: World) -> None:
    assert imports.CHUNK
    row = sent(world, export(2))
    with pytest.raises(Conflict):
        mapped.waiting(row.id, by=world.viewer("token_write"), now=world.now)
