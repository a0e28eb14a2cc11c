"""Every recording is read: counts, and values checked by hand against the file. Hostile files are refused."""

import csv
import io
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from healthhub.dialects.files import apple_health, record, sniff, tables
from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid

HOME = ZoneInfo("Asia/Shanghai")
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "device_files"
COUNTS: dict[str, dict[str, int]] = {
    "apple_health/export6s3sample.xml": {"steps": 10, "distance": 5},
    "apple_health/hkimport_export.xml": {
        "glucose": 35,
        "weight": 40,
        "hr": 2177,
        "steps": 3980,
        "distance": 3556,
        "basal_energy": 2,
        "active_energy": 411,
        "sleep": 107,
        "not_kept": 793,
    },
    "cgm/dexcom_clarity_synthetic.csv": {"cgm": 3922, "insulin": 47, "not_kept": 7},
    "cgm/librelink_freestyle.csv": {"cgm": 5210, "not_kept": 50},
    "cgm/librelinkup_graph.json": {"cgm": 142},
    "cgm/nightscout_entries_loop.json": {"cgm": 996, "not_kept": 4},
    "fitbit/fitbit-heart-intraday.json": {"hr": 5},
    "fitbit/fitbit-sleep-date-range.json": {"sleep": 2},
    "garmin/activity-small-fenix2-run.fit": {"hr": 2808, "distance": 1},
    "garmin/sample-activity.fit": {"hr": 3098, "not_kept": 1},
    "googlefit/googlefit-merge-heart-rate.json": {"hr": 2},
    "ihealth/ihealth-bp.json": {"bp": 2, "hr": 2},
    "openmhealth/omh_blood-glucose_4-0.json": {"glucose": 1},
    "openmhealth/omh_blood-pressure_4-0.json": {"bp": 1},
    "withings/withings-body-measures.json": {"bp": 1, "hr": 3, "weight": 2, "height": 1, "temp": 1, "not_kept": 3},
}
# File, number of the reading, and what a person sees when she looks into the file.
SEEN: list[tuple[str, int, dict[str, Any]]] = [
    ("apple_health/export6s3sample.xml", 0, {"kind": "steps", "value": 329, "at": "2014-09-13T10:27:54+01:00", "seconds": 5}),
    ("cgm/dexcom_clarity_synthetic.csv", 1, {"value": 143, "unit": "mg/dL", "at": "1961-04-12T01:01:47+08:00"}),
    ("cgm/librelink_freestyle.csv", 0, {"value": 97, "unit": "mg/dL", "at": "2020-06-02T08:02:00+08:00"}),
    ("cgm/librelinkup_graph.json", 141, {"value": 115, "at": "2022-12-30T17:47:40+01:00"}),
    (
        "cgm/nightscout_entries_loop.json",
        0,
        {"value": 162, "at": "2026-04-05T20:30:29+00:00", "key": "DE8B497C-82D7-49E4-B0C1-0DD0BFF92586"},
    ),
    ("fitbit/fitbit-heart-intraday.json", 1, {"value": 63, "at": "2015-08-21T00:02:00+08:00"}),
    ("fitbit/fitbit-sleep-date-range.json", 1, {"value": 112, "at": "2016-12-13T01:16:00+08:00", "seconds": 7080, "key": "13211507000"}),
    ("googlefit/googlefit-merge-heart-rate.json", 1, {"value": 58, "seconds": 1, "source": "si.modula.android.instantheartrate"}),
    ("ihealth/ihealth-bp.json", 2, {"value": 130, "value2": 95, "at": "2015-09-17T14:07:45-06:00", "method": "self_reported"}),
    ("openmhealth/omh_blood-glucose_4-0.json", 0, {"value": 129, "unit": "mg/dL", "at": "2025-01-01T00:01:00-08:00", "source": "iHealth"}),
    ("openmhealth/omh_blood-pressure_4-0.json", 0, {"value": 115, "value2": 60, "unit": "mm[Hg]"}),
    ("withings/withings-body-measures.json", 0, {"value": 104, "value2": 68, "at": "2015-05-30T23:06:23-07:00"}),
    ("withings/withings-body-measures.json", 2, {"kind": "weight", "value": 74.126, "unit": "kg"}),
]


def everything(name: str) -> list[Record]:
    if not (FOLDER / name).exists():
        pytest.skip("the recordings are not on this machine")
    with (FOLDER / name).open("rb") as stream:
        return list(sniff.records(stream, HOME))


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_of_a_recording_is_read_or_refused(name: str) -> None:
    found = everything(name)
    assert Counter(one.refused.code if one.refused else (one.reading or {})["kind"] for one in found) == COUNTS[name]


@pytest.mark.parametrize(("name", "position", "seen"), SEEN)
def test_values_are_what_a_person_sees_in_the_file(name: str, position: int, seen: dict[str, Any]) -> None:
    reading = [one.reading for one in everything(name) if one.reading][position]
    assert {field: reading[field] for field in seen} == seen


def test_words_of_a_sensor_become_censored_values() -> None:
    low = [one.reading for one in everything("cgm/dexcom_clarity_synthetic.csv") if one.where == 1651]
    assert low[0] is not None
    assert (low[0]["value"], low[0]["flags"]) == (40, ["censored_low"])


def refused(raw: bytes) -> str:
    with pytest.raises(Invalid) as error:
        list(sniff.records(io.BytesIO(raw), HOME))
    return error.value.code


DTD = '<?xml version="1.0"?><!DOCTYPE HealthData [{}]><HealthData>{}</HealthData>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        DTD.format('<!ENTITY l0 "ha">' + LAUGHS, "&l9;"),
        DTD.format('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
        DTD.format('<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;', ""),
        DTD.format(f'<!ATTLIST Record note CDATA "{"x" * 100}">', "<Record/>" * 3),
        DTD.format("", "<a>" * 50),
        "<HealthData><Record value='" + "9" * 3_000_000 + "'/></HealthData>",
    ],
)
def test_hostile_xml_is_refused(xml: str) -> None:
    assert refused(xml.encode()) == "hostile_xml"


def zipped(name: str, *chunks: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for chunk in chunks:
            member.write(chunk)
    return held.getvalue()


def test_a_zip_bomb_is_refused_by_its_own_directory_and_by_what_it_holds() -> None:
    bomb = zipped("export.xml", *[b" " * 1_000_000] * 64)
    assert refused(bomb) == "zip_bomb"
    directory = bomb.rfind(b"PK\x01\x02")
    lying = bytearray(bomb)
    struct.pack_into("<I", lying, directory + 24, 1000)
    assert refused(bytes(lying)) in ("not_xml", "broken_zip")
    assert refused(zipped("notes.txt", b"hello")) == "unknown_file"


@pytest.mark.parametrize("name", ["apple_health_export/export.xml", "apple_health_export/导出.xml"])
def test_an_export_in_a_zip_is_read(name: str) -> None:
    one = b'<HealthData><Record type="HKQuantityTypeIdentifierOxygenSaturation" unit="%" value="0.97" '
    one += b'startDate="2026-01-02 03:04:05 +0800" endDate="2026-01-02 03:04:05 +0800"/></HealthData>'
    (found,) = sniff.records(io.BytesIO(zipped(name, one)), HOME)
    assert found.reading is not None
    assert (found.reading["kind"], found.reading["value"], found.reading["unit"]) == ("spo2", 0.97, "1")


def test_blood_pressure_of_a_correlation_is_one_reading() -> None:
    dates = 'startDate="2026-01-02 03:04:05 +0800" endDate="2026-01-02 03:04:05 +0800"'
    half = '<Record type="HKQuantityTypeIdentifierBloodPressure{}" unit="mmHg" value="{}" ' + dates + "/>"
    xml = f'<HealthData><Correlation type="{apple_health.PRESSURE}" sourceName="Cuff" {dates}>'
    xml += half.format("Systolic", 131) + half.format("Diastolic", 82) + "</Correlation>"
    xml += half.format("Systolic", 131) + half.format("Diastolic", 82) + "</HealthData>"
    (found,) = sniff.records(io.BytesIO(xml.encode()), HOME)
    assert found.reading is not None
    assert (found.reading["value"], found.reading["value2"], found.reading["source"]) == (131, 82, "Cuff")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_fit_is_refused(share: float) -> None:
    everything("garmin/sample-activity.fit")
    raw = (FOLDER / "garmin/sample-activity.fit").read_bytes()
    assert refused(raw[: int(len(raw) * share)]) == "broken_fit"


def test_a_table_of_five_million_lines_is_refused_before_its_first_record() -> None:
    head = b"Event Type,Timestamp,Glucose Value (mg/dL)\n"
    rows: Iterator[Record] = tables.read(io.BytesIO(head + b"EGV,2026-01-01 00:00:00,100\n" * 5_000_000), HOME)
    with pytest.raises(Invalid) as error:
        next(rows)
    assert error.value.code == "too_many_lines"
    assert refused(head + b"E" * (tables.LONGEST_LINE + 1)) == "broken_line"


def test_json_that_is_too_deep_or_of_nobody_is_refused() -> None:
    assert refused(b"[" * 100_000) in ("too_nested", "broken_json")
    assert refused(b'{"a": 1}') == "unknown_file"
    assert refused(b'{"BPDataList": 5}') == "bad_frame"
    assert refused(b"") == "empty"
    assert refused(b"hello") == "unknown_file"


def test_a_bad_record_costs_no_other() -> None:
    raw = b'[{"type":"sgv","date":1775421029000,"sgv":"many"},{"type":"sgv","date":1775421029000,"sgv":100},{"type":"sgv","sgv":9},'
    raw += b'{"type":"sgv","date":1775421029000,"sgv":100,"utcOffset":1e14}]'
    found = list(sniff.records(io.BytesIO(raw), HOME))
    assert [one.refused.code if one.refused else "read" for one in found] == ["bad_value", "read", "not_kept", "bad_value"]


def test_libreviews_dashes_put_the_month_first_only_with_am_and_pm() -> None:
    assert tables.libre_time("01-06-2020 08:02 PM", HOME) == "2020-01-06T20:02:00+08:00"
    assert tables.libre_time("01-06-2020 20:02", HOME) == "2020-06-01T20:02:00+08:00"
    assert tables.libre_time("6/2/2020 8:02", HOME) == "2020-06-02T08:02:00+08:00"


def test_withings_tables_by_their_documented_columns() -> None:
    raw = b'Date,"Heart rate",Systolic,Diastolic,Comments\n"2026-01-02 07:00:00",61,128,79,\n2026-01-03 07:00:00,,x,79,\n'
    found = list(sniff.records(io.BytesIO(raw), HOME))
    assert [(one.where, one.reading["kind"] if one.reading else one.refused and one.refused.code) for one in found] == [
        (2, "hr"),
        (2, "bp"),
        (3, "bad_value"),
    ]


MARKS = [
    b"PK\x03\x04",
    b"\x0e\x10\x00\x00\x10\x00\x00\x00.FIT",
    b"<?xml version='1.0'?><HealthData>",
    b'{"BPDataList": [',
    b'[{"header": {}, "body": ',
]


@given(st.sampled_from(MARKS), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(mark: bytes, rest: bytes) -> None:
    with suppress(Invalid):
        for one in sniff.records(io.BytesIO(mark + rest), HOME):
            assert (one.reading is None) != (one.refused is None)


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"), max_size=30), min_size=3, max_size=3)
)
def test_any_cells_are_read_or_refused(cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["Event Type", "Timestamp", "Glucose Value (mg/dL)"], cells, ["EGV", "2026-01-01 00:00:00", "100"]])
    found = list(sniff.records(io.BytesIO(out.getvalue().encode()), HOME))
    assert found[-1].reading is not None
    assert found[-1].reading["value"] == 100


def test_numbers_are_finite_and_short() -> None:
    for raw in ("nan", "inf", "9" * 50, True, None, "1e300"):
        with pytest.raises(ValueError, match=r"number|finite|long|float"):
            record.number(raw)


ONE = '<Record type="HKQuantityTypeIdentifierBloodPressure%s" sourceName="%s" unit="mmHg" value="%d" startDate="%s" endDate="%s"/>'


def single(half: str, source: str, value: int, minute: int) -> str:
    at = f"2026-01-02 03:{minute:02}:00 +0800"
    return ONE % (half, source, value, at, at)


def test_halves_of_a_pressure_without_a_correlation_find_each_other() -> None:
    xml = "".join(
        [
            single("Systolic", "Cuff", 121, 1),
            single("Systolic", "Watch", 140, 1),
            single("Systolic", "Cuff", 125, 2),
            single("Diastolic", "Cuff", 82, 2),
            single("Diastolic", "Cuff", 81, 1),
        ]
    )
    found = list(apple_health.read(io.BytesIO(f"<HealthData>{xml}</HealthData>".encode())))
    assert [(one.reading["value"], one.reading["value2"]) for one in found if one.reading] == [(121, 81), (125, 82)]
    assert [(one.refused.code, one.refused.field) for one in found if one.refused] == [("one_of_two", "BloodPressure")]
    assert len({one.reading["key"] for one in found if one.reading}) == 2


def test_feet_and_stones_and_joules() -> None:
    attributes = {"startDate": "2026-01-02 03:01:00 +0800", "endDate": "2026-01-02 03:01:00 +0800"}
    for kind, value, unit, wanted, into in (("Height", "6", "ft", 1.8288, "m"), ("BodyMass", "11", "st", 69.853225, "kg")):
        one = apple_health.translated(1, attributes | {"type": f"HKQuantityTypeIdentifier{kind}", "value": value, "unit": unit})
        assert one.reading is not None
        assert (one.reading["value"], one.reading["unit"]) == (wanted, into)


LIBRE = "Device,Device Timestamp,Record Type,Historic Glucose mg/dL,Rapid-Acting Insulin (units),Carbohydrates (grams),Notes\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_note_with_a_line_break_is_one_row_whatever_the_encoding(encoding: str) -> None:
    raw = LIBRE + '瞬感,6/2/20 8:02,0,97,,,"早餐\n之后"\n瞬感,6/2/20 8:17,0,99,,,\n瞬感,6/2/20 8:20,4,,5.5,,\n瞬感,6/2/20 8:21,5,,,40,\n'
    found = list(sniff.records(io.BytesIO(raw.encode(encoding)), UTC))
    assert [one.refused for one in found] == [None] * 4
    readings = [one.reading for one in found if one.reading]
    assert [(one["kind"], one["value"]) for one in readings] == [("cgm", 97), ("cgm", 99), ("insulin", 5.5), ("carbs", 40)]
    assert [one.where for one in found] == [2, 4, 5, 6]
    assert readings[0]["source"] == "瞬感"
