"""Tables built to do harm are refused whole and at once; a table of anything at all gives records, or refusals with a code."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from healthhub.dialects.checkup import cells, mapping, proposal, readings, words
from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import BY_KEY
from tests.dialects.test_checkup import LONG, book, proposed

HOME = ZoneInfo("Asia/Shanghai")
NAMES = sorted(words.MEANINGS)


RELATION = '<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>'
LINKS = "<Relationships>" + RELATION % ("a", "worksheet", "worksheets/sheet1.xml") + RELATION % ("b", "styles", "styles.xml")
LINKS += RELATION % ("c", "sharedStrings", "sharedStrings.xml") + "</Relationships>"
# As spreadsheet programs write it: strings apart, in runs and with reading aids, days as numbers from 1904.
EXCEL = {
    "xl/workbook.xml": '<x:workbook xmlns:x="m" xmlns:r="r"><x:workbookPr date1904="1"/><x:sheets><x:sheet state="hidden" r:id="z"/>'
    '<x:sheet name="s" r:id="a"/></x:sheets></x:workbook>',
    "xl/_rels/workbook.xml.rels": LINKS,
    "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>',
    "xl/sharedStrings.xml": "<sst><si><t>日期</t></si><si><r><t>体重</t></r><r><t>(kg)</t></r><rPh><t>tizhong</t></rPh></si></sst>",
    "xl/worksheets/sheet1.xml": '<worksheet><sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c></row><row r="5">'
    '<c r="B5" s="1"><v>44620</v></c><c r="C5"><f>A1*2</f><v>65.299999999999997</v></c></row></sheetData></worksheet>',
}


def changed(**members: bytes) -> bytes:
    """A workbook in which some members hold something else."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as new:
        for name, said in EXCEL.items():
            new.writestr(name, members.get(name.rpartition("/")[2].partition(".")[0], said.encode()))
    return raw.getvalue()


def test_a_workbook_as_spreadsheet_programs_write_it() -> None:
    found = proposed(changed())
    assert (found.heading_line, found.lines, found.heading) == (2, [5], ["", "日期", "体重(kg)"])
    assert found.preview == [["", "2026-03-01", "65.3"]]
    assert found.questions == []


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
ENDLESS = b"<worksheet><sheetData><row><c><v>" + b"1" * 3_000_000
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities": (lambda: changed(sheet1=LAUGHS), "hostile_xml"),
    "entities in the strings": (lambda: changed(sharedStrings=LAUGHS), "hostile_xml"),
    "another encoding": (lambda: changed(sheet1=LAUGHS.decode().encode("utf-16")), "hostile_xml"),
    "a bomb": (lambda: changed(sheet1=b"<worksheet>" + b" " * 60_000_000), "zip_bomb"),
    "breaks off": (lambda: changed(sheet1=b"<worksheet><sheetData><row>"), "not_xml"),
    "a token without end": (lambda: changed(sheet1=ENDLESS), "zip_bomb"),
    "cut": (lambda: book(LONG).getvalue()[:-200], "broken_zip"),
    "five million lines": (lambda: b"date,weight (kg)\n" + b"2026-01-01,70\n" * 5_000_000, "too_many_lines"),
    "a line without end": (lambda: b"date,weight (kg)\n2026-01-01,70\n" + b"7" * 1_000_000, "broken_line"),
    "no text": (lambda: b"date,weight\n1,2\n\x00\x01", "unknown_file"),
    "empty": (lambda: b"", "unknown_file"),
    "prose": (lambda: b"hello there\nthis is no table", "unknown_file"),
    "another archive": (lambda: _archive(), "unknown_file"),
}


def _archive() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as new:
        new.writestr("a.txt", "a")
    return raw.getvalue()


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_tables_are_refused(what: str) -> None:
    make, code = HOSTILE[what]
    raw = io.BytesIO(make())
    with pytest.raises(Invalid) as error:
        proposal.propose(raw, BY_KEY)
    assert error.value.code == code


def test_a_sheet_that_claims_millions_of_rows_and_columns() -> None:
    cell = '<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c><c r="A%d"><v>1</v></c></row>'
    sheet = "<worksheet><sheetData>" + "".join(cell % (row, row, row) for row in (1, 1_048_576)) + "</sheetData></worksheet>"
    with pytest.raises(Invalid) as error:
        proposed(changed(sheet1=sheet.encode()))
    assert error.value.code == "unknown_file"


text = st.text(max_size=12) | st.sampled_from(
    [*NAMES, "2026-01-02", "03/04/2026", "128/76", "5.6↑", "<0.5", "1e999", "体重(kg)", "项目", "结果"]
)
tables_ = st.lists(st.lists(text, min_size=2, max_size=6), min_size=2, max_size=8)
place = st.integers(0, 6)
columns = st.lists(
    st.builds(
        mapping.Column,
        place=st.sampled_from([*"012345", *NAMES[:20]]),
        kind=st.sampled_from(["bp", "weight", "fpg", "ecg_rhythm"]),
        part=st.sampled_from([0, 1, 2]),
        unit=st.none() | st.sampled_from(["kg", "mmol/L", "mm[Hg]"]),
    ),
    min_size=1,
    max_size=6,
)
mappings = st.builds(
    mapping.Mapping,
    layout=st.sampled_from(["wide", "long"]),
    columns=columns,
    date=place,
    order=st.sampled_from(["", "dmy", "mdy"]),
    item=place,
    value=place,
    unit=place,
)


Got = TypeVar("Got")


def refused_or(ask: Callable[[], Got], *codes: str) -> Got | None:
    """What is given, or None where it was refused with one of the codes."""
    try:
        return ask()
    except Invalid as refused:
        if refused.code not in codes:
            raise
        return None


def written(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def carried_out(raw: bytes, told: mapping.Mapping) -> list[Record]:
    return list(readings.read(io.BytesIO(raw), HOME, told, BY_KEY))


@given(st.binary(max_size=200) | tables_.map(written))
def test_anything_is_proposed_or_refused(raw: bytes) -> None:
    found = refused_or(lambda: proposed(raw), "unknown_file", "broken_text", "broken_line", "broken_zip")
    if found is None:
        return
    places = {one.place for one in found.columns}
    assert all(one["place"] in places for one in found.mapping["columns"])
    # A unit is there because the heading, the lines or the catalogue said so.
    assert all(one.how in ("heading", "only") or (one.how in ("lines", "") and one.part) for one in found.columns if one.unit)


@given(tables_, mappings)
def test_any_mapping_of_any_table_gives_records_with_lines(rows: list[list[str]], told: mapping.Mapping) -> None:
    plain = mapping.plain(told)
    checked = refused_or(lambda: mapping.read(plain, BY_KEY), "bad_mapping", "unknown_unit")
    if checked is None:
        return
    for one in refused_or(lambda: carried_out(written(rows), checked), "unknown_file", "broken_line") or ():
        assert (one.reading is None) != (one.refused is None)
        assert one.where >= 2
        if one.reading:
            assert one.reading["unit"]
            assert ("value2" in one.reading) == (one.reading["kind"] == "bp")


@given(
    st.lists(
        st.tuples(
            st.dates(min_value=date(1990, 1, 1)),
            st.floats(30, 300).map(lambda value: round(value, 1)),
            st.integers(90, 200),
            st.integers(40, 80),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_what_is_written_is_read(days: list[tuple[object, float, int, int]]) -> None:
    raw = written([["日期", "体重(kg)", "收缩压(mmHg)", "舒张压(mmHg)"], *([str(cell) for cell in row] for row in days)])
    found = proposed(raw)
    assert found.questions == []
    records = carried_out(raw, mapping.read(found.mapping, BY_KEY))
    got = [(one.reading["at"][:10], one.reading["value"], one.reading.get("value2")) for one in records if one.reading]
    expected = [pair for day, weight, upper, lower in days for pair in ((str(day), weight, None), (str(day), upper, lower))]
    assert got == expected
    again = carried_out(raw, mapping.read(found.mapping, BY_KEY))
    assert [one.reading for one in again] == [one.reading for one in records]


@given(st.text(max_size=30), st.sampled_from(["weight", "bp", "wbc", "egfr"]), st.sampled_from([0, 1, 2]))
def test_cells_are_read_or_refused(said: str, kind: str, part: int) -> None:
    for ask in (lambda: cells.value_of(said, BY_KEY[kind], part), lambda: cells.moment(said, HOME, "dmy")):
        try:
            ask()
        except (ValueError, OverflowError):
            continue
    assert cells.unit_of(said, BY_KEY[kind]) in (None, *BY_KEY[kind].ucum.values())


@pytest.mark.parametrize(
    ("said", "kind", "value", "unit", "flag"),
    [("５．６", "fpg", 5.6, None, None), ("72次/分", "hr", 72, "/min", None), (">33.3 mmol/L", "fpg", 33.3, "mmol/L", "censored_high"),
     ("4.2×10⁹/L", "wbc", 4.2, "10*9/L", None), ("36.5℃", "temp", 36.5, "Cel", None), ("6.8 偏高", "fpg", 6.8, None, None),
     ("88 ml/min/1.73m²", "egfr", 88, "mL/min/{1.73_m2}", None), ("23 IU/L", "ggt", 23, "U/L", None)],
)  # fmt: skip
def test_how_laboratories_write(said: str, kind: str, value: float, unit: str | None, flag: str | None) -> None:
    assert cells.value_of(said, BY_KEY[kind]) == (value, unit, flag, None)


@pytest.mark.parametrize("said", ["5,6", "阴性", "5.6 apples", "1e3 kg kg", "--5", "12:30"])
def test_what_is_no_value(said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        cells.value_of(said, BY_KEY["weight"])
