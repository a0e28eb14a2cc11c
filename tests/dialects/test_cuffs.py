"""Tables of cuffs' makers: hand-made rows by the documented columns, and whatever may stand in a cell."""

import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from healthhub.dialects.files import cuffs, sniff

SHANGHAI = ZoneInfo("Asia/Shanghai")
OMRON = "Measurement Date,Timezone,SYS(mmHg),DIA(mmHg),Pulse(bpm),Irregular heartbeat,Body Movement,Measurement Mode,Device\n"
IHEALTH = "Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note\n"


def read(text: str) -> list[Any]:
    return list(sniff.records(io.BytesIO(text.encode()), SHANGHAI))


def test_omron_names_its_zone_its_device_and_an_irregular_heartbeat() -> None:
    first, beats, second, _ = read(
        f"{OMRON}2026/03/01 07:12,Europe/Berlin,142,88,71,Detected,No,Single,HEM-7361T\n2026-03-02 07:15,,131,80,66,-,No,Single,HEM-7361T\n"
    )
    assert (first.reading["value"], first.reading["value2"], first.reading["unit"]) == (142, 88, "mm[Hg]")
    assert (first.reading["at"], first.reading["source"]) == ("2026-03-01T07:12:00+01:00", "OMRON HEM-7361T")
    assert first.reading["context"] == {"irregular_heartbeat": True}
    assert (beats.reading["kind"], beats.reading["value"]) == ("hr", 71)
    assert second.reading["at"] == "2026-03-02T07:15:00+08:00"
    assert "context" not in second.reading


def test_ihealth_has_months_in_words_and_notes() -> None:
    first, _, second = read(f'{IHEALTH}"Dec 28, 2025",18:40,133,82,70,饭后\n"Dec 29, 2025",7:05 AM,128,79,,\n')
    assert (first.reading["at"], first.reading["context"]) == ("2025-12-28T18:40:00+08:00", {"note": "饭后"})
    assert second.reading["at"] == "2025-12-29T07:05:00+08:00"


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("31/31/2026,,142,88,71,,,,X", "bad_time", "Measurement Date"),
        ("2026/03/01 07:12,Mars/Olympus,142,88,71,,,,X", "bad_time", "Timezone"),
        ("2026/03/01 07:12,,E2,88,,,,,X", "bad_value", "SYS(mmHg)"),
    ],
)
def test_a_bad_row_is_refused_by_its_column_and_the_next_is_read(row: str, code: str, field: str) -> None:
    refused, kept, _ = read(f"{OMRON}{row}\n2026/03/02 07:15,,131,80,66,,,,X\n")
    assert (refused.refused.code, refused.refused.field, refused.where) == (code, field, 2)
    assert kept.reading["value"] == 131


cells = st.text(max_size=30) | st.sampled_from(["2026/03/01 07:12", "Asia/", "/", "120", "..", "-1"])


@given(st.fixed_dictionaries(dict.fromkeys((*OMRON.strip().split(","), *IHEALTH.strip().split(",")), cells)))
def test_any_row_is_read_or_refused(row: dict[str, str]) -> None:
    for translate in (cuffs.omron, cuffs.ihealth):
        for record in translate(7, row, SHANGHAI):
            assert (record.reading is None) != (record.refused is None)
            assert record.refused is None or record.refused.field
