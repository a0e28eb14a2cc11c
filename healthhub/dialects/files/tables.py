"""CSV exports: Dexcom Clarity, LibreView / LibreLink, Withings, cuffs. Line by line, with every limit before anything is kept."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import BinaryIO

from healthhub.dialects.files import cuffs
from healthhub.dialects.files.record import MOST_LINES, Record, Records, bad, key_of, local, named, not_kept, number
from healthhub.lib.refused import Invalid

CHUNK = 1024 * 1024
LONGEST_LINE = 16 * 1024
MOST_BREAKS = 20  # within one quoted cell
Row = dict[str, str]
CLARITY, LIBRE = "Event Type", "Record Type"
# (low, high) in mg/dL beyond which the maker writes a word and no number.
CLARITY_ENDS, LIBRE_ENDS = (40.0, 400.0), (40.0, 500.0)
WITHINGS = {"Weight (kg)": ("weight", "kg"), "Heart rate": ("hr", "/min"), "Weight (lb)": ("weight", "[lb_av]")}
WITHINGS_WORDS = {
    "Date", "Weight", "Fat mass", "Bone mass", "Muscle mass", "Hydration", "Heart rate", "Systolic", "Diastolic", "Comments", "",
}  # fmt: skip
AMOUNTS = {"Insulin": ("Insulin Value (u)", "insulin", "[iU]"), "Carbs": ("Carb Value (grams)", "carbs", "g")}
LIBRE_AMOUNTS = {
    "4": (("Rapid-Acting Insulin (units)", "insulin", "[iU]"), ("Long-Acting Insulin (units)", "insulin", "[iU]"),
          ("Long-Acting Insulin Value (units)", "insulin", "[iU]")),
    "5": (("Carbohydrates (grams)", "carbs", "g"),),
}  # fmt: skip
Known = tuple[str, Callable[[int, Row, tzinfo], list[Record]]]


def known(first_lines: str) -> Known | None:
    """This function will tell whose table this is by its heading: (the heading's mark, the translator of a row)."""
    for line in first_lines.splitlines()[:3]:
        if "Event Type" in line and "Glucose Value (" in line:
            return CLARITY, clarity
        if "Record Type" in line and "Historic Glucose" in line:
            return LIBRE, libre
        if cuffs.is_omron(line):
            return cuffs.OMRON, cuffs.omron
        if cuffs.is_ihealth(line):
            return cuffs.UPPER, cuffs.ihealth
        if _of_withings(line):
            return "Date", withings
    return None


def _of_withings(line: str) -> bool:
    """Its words and no others: a table of a check-up may begin like it."""
    cells = [cell.strip(' \ufeff"') for cell in line.split(",")]
    return cells[0] == "Date" and len(cells) > 1 and all(re.sub(r" \((kg|lb)\)$", "", cell) in WITHINGS_WORDS for cell in cells)


def read(stream: BinaryIO, zone: tzinfo) -> Records:
    """This function will yield the records of a table; times without a zone are of `zone`. `where` is the line in the file.

    Raises Invalid: too_many_lines (before the first record), unknown_file, broken_text, broken_line.
    """
    count_lines(stream)
    translate: Callable[[int, Row, tzinfo], list[Record]] | None = None
    heading: list[str] = []
    for where, cells in lines(stream):
        if translate is None:
            found = known(",".join(cells))
            if found is not None:
                heading, translate = [cell.strip("\ufeff ") for cell in cells], found[1]
            elif where > 3:
                raise Invalid("The table has no heading that is known here.", code="unknown_file")
        elif any(cells):
            yield from translate(where, dict(zip(heading, cells, strict=False)), zone)


def count_lines(stream: BinaryIO) -> None:
    """This function will refuse a table of more lines than are taken, in one fast pass, and go back to its beginning."""
    lines = 0
    while chunk := stream.read(CHUNK):
        lines += chunk.count(b"\n")
        if lines > MOST_LINES:
            raise Invalid(f"The table has more than {MOST_LINES} lines.", code="too_many_lines")
    stream.seek(0)


def text_of(raw: bytes) -> str:
    """This function will read UTF-8, or else GBK as Chinese spreadsheets save it. Raises UnicodeDecodeError."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def lines(stream: BinaryIO, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """This function will yield each row with the line on which it begins; a quoted cell may hold line breaks.

    Raises Invalid: broken_text, broken_line.
    """
    line = 0
    while raw := _line(stream, line := line + 1):
        where = line
        while raw.count(b'"') % 2 and line - where < MOST_BREAKS and (more := _line(stream, line + 1)):
            raw, line = raw + more, line + 1
        try:
            cells = next(csv.reader(text_of(raw).splitlines(keepends=True), delimiter=delimiter), [])
        except UnicodeDecodeError as error:
            raise Invalid("The file is neither UTF-8 nor GBK.", code="broken_text", field=f"line {where}") from error
        except csv.Error as error:
            raise Invalid("A line of the table is broken.", code="broken_line", field=f"line {where}") from error
        yield where, cells


def _line(stream: BinaryIO, where: int) -> bytes:
    raw = stream.readline(LONGEST_LINE)
    if len(raw) == LONGEST_LINE:
        raise Invalid("A line of the table is too long.", code="broken_line", field=f"line {where}")
    return raw


def _column(row: Row, start: str) -> tuple[str, str]:
    """The cell whose heading begins so, and the unit in the heading."""
    for name, cell in row.items():
        if name.startswith(start):
            return cell.strip(), "mmol/L" if "mmol" in name else "mg/dL"
    return "", "mg/dL"


def _glucose(where: int, row: Row, column: str, kind: str, frame: dict[str, str], ends: tuple[float, float]) -> Record:
    raw, unit = _column(row, column)
    reading: dict[str, object] = {**frame, "kind": kind, "unit": unit, "key": key_of(kind, frame["at"], frame["source"], raw)}
    word = raw.lower()
    if word in ("low", "lo"):
        return Record(where, reading | {"value": ends[0], "unit": "mg/dL", "flags": ["censored_low"]})
    if word in ("high", "hi"):
        return Record(where, reading | {"value": ends[1], "unit": "mg/dL", "flags": ["censored_high"]})
    try:
        return Record(where, reading | {"value": number(raw)})
    except ValueError:
        return bad(where, column)


def clarity(where: int, row: Row, zone: tzinfo) -> list[Record]:
    """This function will translate a row of Dexcom Clarity; rows about the person and the device are no readings and carry none."""
    event = row.get(CLARITY, "")
    if event in ("FirstName", "LastName", "DateOfBirth", "Device"):
        return []
    if event not in ("EGV", "Calibration", "Insulin", "Carbs"):
        return [not_kept(where, event or CLARITY)]
    raw, _ = _column(row, "Timestamp")
    try:
        at = local(raw.replace("T", " "), "%Y-%m-%d %H:%M:%S", zone)
    except ValueError:
        return [bad(where, "Timestamp", "bad_time")]
    frame = {"at": at, "source": named("Dexcom " + row.get("Source Device ID", ""), "Dexcom")}
    if event in AMOUNTS:
        return _amounts(where, row, (AMOUNTS[event],), frame)
    return [_glucose(where, row, "Glucose Value", "cgm" if event == "EGV" else "glucose", frame, CLARITY_ENDS)]


def _amounts(where: int, row: Row, columns: tuple[tuple[str, str, str], ...], frame: dict[str, str]) -> list[Record]:
    """Insulin and carbohydrates: (heading, kind, unit) each; which insulin it was stands in the key, so that both at once are two."""
    found = []
    for column, kind, unit in columns:
        raw = row.get(column, "").strip()
        if raw:
            key = key_of(kind, frame["at"], frame["source"], column, row.get("Event Subtype", ""), raw)
            found.append(_plain(where, column, frame | {"kind": kind, "unit": unit, "key": key}, raw))
    return found or [not_kept(where, "an amount in words")]


def libre_time(text: str, zone: tzinfo) -> str:
    """This function will read LibreView's times: with dashes the month leads only where AM/PM stands; with slashes it always leads."""
    half = text.strip().upper().endswith("M")
    clock = "%I:%M %p" if half else "%H:%M"
    if "-" in text:
        return local(text, ("%m-%d-%Y " if half else "%d-%m-%Y ") + clock, zone)
    year = "%Y" if re.match(r"\d+/\d+/\d{4} ", text.strip()) else "%y"
    return local(text, f"%m/%d/{year} {clock}", zone)


def libre(where: int, row: Row, zone: tzinfo) -> list[Record]:
    """This function will translate a row of LibreView or LibreLink: 0 history, 1 scan, 2 strip, 3 ketone, 4 insulin, 5 food."""
    what = row.get(LIBRE, "").strip()
    column, kind = {
        "0": ("Historic Glucose", "cgm"),
        "1": ("Scan Glucose", "cgm"),
        "2": ("Strip Glucose", "glucose"),
        "3": ("Ketone", "ketone"),
    }.get(what, ("", ""))
    if not kind and what not in LIBRE_AMOUNTS:
        return [not_kept(where, f"{LIBRE} {row.get(LIBRE, '')}")]
    try:
        at = libre_time(row.get("Device Timestamp", ""), zone)
    except ValueError:
        return [bad(where, "Device Timestamp", "bad_time")]
    frame = {"at": at, "source": named(row.get("Device", ""), "FreeStyle Libre")}
    if what in LIBRE_AMOUNTS:
        return _amounts(where, row, LIBRE_AMOUNTS[what], frame)
    return [_glucose(where, row, column, kind, frame, LIBRE_ENDS)]


def withings(where: int, row: Row, zone: tzinfo) -> list[Record]:
    """This function will translate a row of Withings' weight.csv or bp.csv; empty cells are no readings."""
    try:
        at = local(row.get("Date", ""), "%Y-%m-%d %H:%M:%S", zone)
    except ValueError:
        return [bad(where, "Date", "bad_time")]
    frame = {"at": at, "source": "Withings"}
    found: list[Record] = []
    for column, (kind, unit) in WITHINGS.items():
        if raw := row.get(column, "").strip():
            found.append(_plain(where, column, frame | {"kind": kind, "unit": unit, "key": key_of(at, raw)}, raw))
    if row.get("Systolic") or row.get("Diastolic"):
        upper, lower = row.get("Systolic", ""), row.get("Diastolic", "")
        found.append(_plain(where, "Systolic", frame | {"kind": "bp", "unit": "mm[Hg]", "key": key_of(at, upper, lower)}, upper, lower))
    return found


def _plain(where: int, column: str, frame: dict[str, str], raw: str, raw2: str | None = None) -> Record:
    try:
        values = {"value": number(raw)} | ({} if raw2 is None else {"value2": number(raw2)})
    except ValueError:
        return bad(where, column)
    return Record(where, {**frame, **values})
