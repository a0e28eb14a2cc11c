"""Tables of check-up centres: what is proposed, what is asked, what is read; and nothing that a table holds breaks the reading."""

import io
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from healthhub.dialects.checkup import mapping, proposal, readings
from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import BY_KEY

HOME = ZoneInfo("Asia/Shanghai")
WIDE = (
    "某某体检中心\n姓名,体检日期,身高(cm),体重,收缩压,舒张压（mmHg）,空腹血糖,糖化血红蛋白[%],总胆固醇 mmol/L,谷丙转氨酶\n"
    "甲,2026-03-01,170,65,128,82,5.6,5.9%,4.8,20\n甲,2026年9月1日 9:30,170,64.5,130,,6.1↑,未检,abc,21\n"
)
LONG: list[tuple[Any, ...]] = [
    ("体检报告",),
    ("体检时间", "项目", "结果", "单位", "参考范围"),
    (datetime(2026, 3, 1, 8, 5), "收缩压", 128, "mmHg", "90-139"),  # noqa: DTZ001
    (datetime(2026, 3, 1, 8, 5), "舒张压", 82, "mmHg", "60-89"),  # noqa: DTZ001
    (date(2026, 3, 1), "白细胞计数", 5.6, "10^9/L", ""),
    (date(2026, 3, 1), "血肌酐", 75.3, None, ""),
    (date(2026, 3, 1), "甘油三酯(TG)", "2.31 H", "mmol/L", ""),
    (date(2026, 3, 1), "乙肝表面抗原", "阴性", None, ""),
]


def book(rows: list[tuple[Any, ...]], formats: dict[str, str] | None = None) -> io.BytesIO:
    work = openpyxl.Workbook()
    sheet = work.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for place, code in (formats or {}).items():
        sheet[place].number_format = code
    raw = io.BytesIO()
    work.save(raw)
    return raw


def proposed(raw: bytes | io.BytesIO) -> proposal.Proposal:
    return proposal.propose(io.BytesIO(raw) if isinstance(raw, bytes) else raw, BY_KEY)


def asked(found: proposal.Proposal) -> dict[tuple[str, str], tuple[list[str], str]]:
    return {(one.field, one.name): (one.options, one.likely) for one in found.questions}


def read(raw: bytes | io.BytesIO, told: dict[str, Any]) -> list[Record]:
    stream = io.BytesIO(raw) if isinstance(raw, bytes) else raw
    return list(readings.read(stream, HOME, mapping.read(told, BY_KEY), BY_KEY))


def short(found: list[Record]) -> list[tuple[Any, ...]]:
    """(line, kind, value[, value2], unit), or (line, code, field)."""
    told: list[tuple[Any, ...]] = []
    for one in found:
        if one.refused is not None:
            told.append((one.where, one.refused.code, one.refused.field))
        elif one.reading is not None:
            value2 = [one.reading["value2"]] if "value2" in one.reading else []
            told.append((one.where, one.reading["kind"], one.reading["value"], *value2, one.reading["unit"]))
    return told


def answered(found: proposal.Proposal, **units: str) -> dict[str, Any]:
    names = {one.place: one.name for one in found.columns}
    columns = [one | ({"unit": units[names[one["place"]]]} if names[one["place"]] in units else {}) for one in found.mapping["columns"]]
    return found.mapping | {"columns": columns}


@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_row_a_day(written: str, delimiter: str) -> None:
    raw = WIDE.replace(",", delimiter).encode(written)
    found = proposed(raw)
    assert found.mapping["date"] == 1
    assert {one.name: one.how for one in found.columns if one.kind} == {
        "身高(cm)": "heading", "体重": "asked", "收缩压": "heading", "舒张压（mmHg）": "heading", "空腹血糖": "asked",
        "糖化血红蛋白[%]": "heading", "总胆固醇 mmol/L": "heading",
    }  # fmt: skip
    assert asked(found) == {
        ("unit", "体重"): (["kg", "[lb_av]", "[jin_ch]", "g"], "kg"),
        ("unit", "空腹血糖"): (["mmol/L", "mg/dL"], "mmol/L"),
    }
    assert found.unmapped == ["谷丙转氨酶"]
    assert (found.rows, found.more, found.lines) == (2, False, [3, 4])
    assert found.preview[0][:3] == ["甲", "2026-03-01", "170"]
    records = read(raw, answered(found, 体重="[jin_ch]", 空腹血糖="mmol/L"))
    assert sorted(short(records)) == sorted([
        (3, "height", 170, "cm"), (3, "weight", 65, "[jin_ch]"), (3, "bp", 128, 82, "mm[Hg]"), (3, "fpg", 5.6, "mmol/L"),
        (3, "hba1c", 5.9, "%"), (3, "cholesterol", 4.8, "mmol/L"),
        (4, "height", 170, "cm"), (4, "weight", 64.5, "[jin_ch]"), (4, "one_of_two", "舒张压（mmHg）"), (4, "fpg", 6.1, "mmol/L"),
        (4, "bad_value", "总胆固醇 mmol/L"),
    ])  # fmt: skip
    moments = {one.reading["at"] for one in records if one.reading}
    assert moments == {"2026-03-01T08:00:00+08:00", "2026-09-01T09:30:00+08:00"}


def test_a_guess_is_never_taken() -> None:
    found = proposed(WIDE.encode())
    told = {one[0]: one for one in (line[1:] for line in short(read(WIDE.encode(), found.mapping)))}
    assert told["missing_unit"] == ("missing_unit", "空腹血糖")
    assert "weight" not in told
    assert "fpg" not in told


def test_a_row_an_item_from_a_workbook() -> None:
    raw = book([*LONG, (date(2026, 3, 1), "血氧", 0.97, None, "")], {"C9": "0%"})
    found = proposed(raw)
    assert {name: found.mapping[name] for name in ("layout", "date", "item", "value", "unit")} == {
        "layout": "long", "date": 0, "item": 1, "value": 2, "unit": 3,
    }  # fmt: skip
    assert asked(found) == {("unit", "血肌酐"): (["umol/L", "mg/dL"], "umol/L")}
    assert short(read(raw, answered(found, 血肌酐="umol/L"))) == [
        (4, "bp", 128, 82, "mm[Hg]"), (5, "wbc", 5.6, "10*9/L"), (6, "creatinine", 75.3, "umol/L"), (7, "triglycerides", 2.31, "mmol/L"),
        (8, "not_kept", "乙肝表面抗原"), (9, "spo2", 97, "%"),
    ]  # fmt: skip
    assert read(raw, answered(found))[2].refused is not None


@pytest.mark.parametrize(
    ("name", "values", "likely"),
    [
        ("Fasting glucose", ["5.6", "6.2"], "mmol/L"), ("Fasting glucose", ["100", "96"], "mg/dL"), ("Weight", ["62"], "kg"),
        ("Weight", ["130"], ""), ("体温", ["98.2"], "[degF]"), ("身高", ["1.72"], "m"), ("尿酸", ["5.2"], "mg/dL"),
        ("血红蛋白", ["14.1"], "g/dL"), ("糖化血红蛋白", ["38"], "mmol/mol"),
    ],
)  # fmt: skip
def test_a_unit_is_guessed_from_the_values_and_asked(name: str, values: list[str], likely: str) -> None:
    raw = "\n".join([f"date,{name}", *(f"2026-01-0{day},{value}" for day, value in enumerate(values, 1)), "2026-02-01,"]).encode()
    question = proposed(raw).questions[0]
    assert (question.field, question.name, question.likely, question.samples) == ("unit", name, likely, values)


def test_other_questions() -> None:
    raw = b"Name,Exam date,Glucose (mmol/L),bp\nA,03/04/2026,5.6,120/80\nB,05/06/2026,5.1,110/70 mmHg\n"
    found = proposed(raw)
    assert asked(found) == {
        ("order", "Exam date"): (["dmy", "mdy"], ""),
        ("person", "Name"): (["A", "B"], ""),
        ("kind", "Glucose (mmol/L)"): (["fpg", "glucose_2h", "glucose"], ""),
        ("unit", "bp"): (["mm[Hg]", "kPa"], "mm[Hg]"),
    }
    with pytest.raises(Invalid) as error:
        mapping.read(found.mapping, BY_KEY)
    assert error.value.code in ("bad_mapping", "no_person")
    columns = [{"place": "2", "kind": "fpg", "unit": "mmol/L"}, {"place": "3", "kind": "bp", "unit": "mm[Hg]"}]
    told = {"layout": "wide", "columns": columns, "date": 1, "order": "dmy", "person_column": 0, "person": "A"}
    records = read(raw, told)
    assert short(records) == [(2, "fpg", 5.6, "mmol/L"), (2, "bp", 120, 80, "mm[Hg]"), (3, "other_person", "person")]
    assert records[0].reading is not None
    assert records[0].reading["at"].startswith("2026-04-03")
    assert proposed(raw.replace(b"05/06", b"25/06")).mapping["order"] == "dmy"
    assert ("date", "") in asked(proposed(b"weight (kg),waist (cm)\n70,80\n71,81\n"))
    assert short(
        read(b"weight (kg),x\n70,1\n", {"layout": "wide", "day": "2026-02-03", "columns": [{"place": "0", "kind": "weight", "unit": "kg"}]})
    )


@pytest.mark.parametrize("order", ["ABab", "AaBb", "abAB"])
def test_two_pressures_of_one_day_stay_apart(order: str) -> None:
    said = {"A": "收缩压,140", "a": "舒张压,90", "B": "收缩压,120", "b": "舒张压,70"}
    lines = [f"2026-03-01,{said[one]},mmHg" for one in order]
    raw = "\n".join(["日期,项目,结果,单位", *lines, "2026-03-02,舒张压,80,mmHg"]).encode()
    found = read(raw, proposed(raw).mapping)
    assert sorted(one[1:] for one in short(found)[:2]) == [("bp", 120, 70, "mm[Hg]"), ("bp", 140, 90, "mm[Hg]")]
    assert short(found)[2:] == [(6, "one_of_two", "舒张压")]
