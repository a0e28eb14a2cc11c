"""Exports: what comes out is what went in, piece by piece; hers alone; gone after a week."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, NotAllowed, NotVisible
from healthhub.records import exports
from healthhub.records.models import Export, ExportPart
from healthhub.records.tasks import TABLES
from monitoring import intake
from tests.world import World

pytestmark = pytest.mark.django_db


def measured(world: World, n: int = 5) -> list[dict[str, Any]]:
    """A pressure a minute, the last of them corrected, with a source that a spreadsheet would take for a formula."""
    readings = [
        {"kind": "bp", "at": (world.now - timedelta(minutes=one + 1)).isoformat(), "value": 120 + one, "value2": 80.0, "unit": "mm[Hg]",
         "source": "=cuff()", "context": {"arm": "left"}}
        for one in range(n)
    ]  # fmt: skip
    for batch in (readings, [readings[0] | {"value": 150}]):
        intake.receive(patient_id=world.ana.id, readings=batch, by=world.viewer("patient_self"), now=world.now)
    return [readings[0] | {"value": 150}, *readings[1:]]


def ask(world: World, who: str = "patient_self") -> Export:
    return exports.ask(patient_id=world.ana.id, by=world.viewer(who), now=world.now)


def opened(world: World, export: Export) -> zipfile.ZipFile:
    _, file = exports.fetch(export_id=export.id, by=world.viewer("patient_self"), now=world.now)
    return zipfile.ZipFile(io.BytesIO(file.read()))


@pytest.mark.parametrize("piece", [2, 1000])
def test_what_comes_out_is_what_went_in(world: World, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(exports, "PIECE", piece)
    sent = measured(world)
    export = ask(world)
    assert exports.work(now=world.now, tables=TABLES) == (1 if piece > 6 else 3)
    archive = opened(world, export)
    rows = list(csv.DictReader(io.StringIO(archive.read("readings.csv").decode())))
    want = {(datetime.fromisoformat(one["at"]).astimezone(UTC), float(one["value"])) for one in sent}
    assert {(datetime.fromisoformat(row["at"]).astimezone(UTC), float(row["value"])) for row in rows} == want
    assert {row["source"] for row in rows} == {"'=cuff()"}
    assert {row["unit"] for row in rows} == {"mm[Hg]"}
    bundles = [json.loads(archive.read(name)) for name in sorted(archive.namelist()) if name.startswith("fhir/")]
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    assert [one["resourceType"] for one in resources].count("Patient") == 1
    found = {
        (datetime.fromisoformat(one["effectiveDateTime"]).astimezone(UTC), one["component"][0]["valueQuantity"]["value"])
        for one in resources
        if one["resourceType"] == "Observation"
    }
    assert found == want
    export.refresh_from_db()
    assert (export.state, export.readings, export.progress) == ("ready", 5, 100)


def test_excel_and_parquet_say_the_same_and_hold_no_formula(world: World) -> None:
    sent = measured(world)
    export = ask(world)
    exports.work(now=world.now, tables=TABLES)
    archive = opened(world, export)
    want = sorted((datetime.fromisoformat(one["at"]).astimezone(UTC), float(one["value"]), 80.0, "mm[Hg]") for one in sent)
    table = parquet.read_table(io.BytesIO(archive.read("parquet/readings-0001.parquet")))
    found = table.to_pylist()
    assert sorted((row["at"], row["value"], row["value2"], row["unit"]) for row in found) == want
    assert {(row["source"], row["context"], row["loinc"], row["loinc2"]) for row in found} == {
        ("=cuff()", '{"arm":"left"}', "8480-6", "8462-4")
    }
    book = openpyxl.load_workbook(io.BytesIO(archive.read("excel/readings-0001.xlsx")), read_only=True)
    head, *rows = book["readings"].iter_rows(values_only=True)
    assert head == exports.COLUMNS
    cells = [dict(zip(head, row, strict=True)) for row in rows]
    assert (
        sorted((datetime.fromisoformat(str(one["at"])).astimezone(UTC), one["value"], one["value2"], one["unit"]) for one in cells) == want
    )
    assert {one["source"] for one in cells} == {"'=cuff()"}
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(archive.read("excel/readings-0001.xlsx"))).read("xl/worksheets/sheet1.xml")


def test_what_came_after_she_asked_is_not_in_it(world: World) -> None:
    measured(world, n=1)
    export = ask(world)
    late = {"kind": "hr", "at": world.now.isoformat(), "value": 60, "unit": "/min"}
    intake.receive(patient_id=world.ana.id, readings=[late], by=world.viewer("patient_self"), now=world.now)
    exports.work(now=world.now, tables=TABLES)
    assert b"hr" not in opened(world, export).read("readings.csv").split(b"\n", 1)[1].replace(b"three", b"")


def test_without_readings_there_is_still_an_export(world: World) -> None:
    export = ask(world)
    exports.work(now=world.now, tables=TABLES)
    assert json.loads(opened(world, export).read("fhir/bundle-0001.json"))["entry"][0]["resource"]["resourceType"] == "Patient"


@pytest.mark.parametrize("who", ["caregiver_with_consent", "doctor_in_team", "doctor_break_glass"])
def test_it_is_hers_alone(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        ask(world, who)
    export = ask(world)
    exports.work(now=world.now, tables=TABLES)
    with pytest.raises(NotAllowed):
        exports.fetch(export_id=export.id, by=world.viewer(who), now=world.now)
    with pytest.raises(NotVisible):
        exports.fetch(export_id=export.id, by=world.viewer("other_patient"), now=world.now)


def test_one_at_a_time_and_gone_after_a_week(world: World) -> None:
    export = ask(world)
    with pytest.raises(Conflict):
        ask(world)
    with pytest.raises(Conflict):
        exports.fetch(export_id=export.id, by=world.viewer("patient_self"), now=world.now)
    exports.work(now=world.now, tables=TABLES)
    ask(world)
    week = world.now + exports.KEPT
    with pytest.raises(NotVisible):
        exports.fetch(export_id=export.id, by=world.viewer("patient_self"), now=week)
    assert exports.hand_out(now=week) == 1
    assert not ExportPart.objects.filter(export=export).exists()
    assert Entry.objects.filter(patient_id=world.ana.id, did="export.ask").count() == 2


def test_a_worker_that_dies_leaves_it_due_and_one_that_always_dies_is_given_up(world: World) -> None:
    export = ask(world)
    now = world.now
    for _ in range(exports.MOST_TRIES):
        assert exports._claim(now) == export.id
        assert exports._claim(now) is None  # leased
        now += exports.LEASE
    assert exports._claim(now) is None
    export.refresh_from_db()
    assert export.state == "failed"
    ask(world)  # and she may ask again
