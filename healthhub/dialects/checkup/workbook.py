"""Excel workbooks (.xlsx), streamed: the first sheet's rows as a person sees them. No DTD, no formulas; memory is bounded. Pure."""

import posixpath
import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO
from xml.parsers import expat

from healthhub.dialects.files import archives
from healthhub.lib.refused import Invalid

CHUNK = 64 * 1024
MOST_UNZIPPED = 48 * 1024**2  # all members together
MOST_COLUMNS, MOST_STRINGS, LONGEST_CELL = 200, 500_000, 400
LONGEST_SILENCE = 1024 * 1024  # bytes without an element's end: an attack on the parser's buffer
FIRST_DAY, FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet knows wall clocks only
DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
PER_CENTS = {9, 10}
Attributes = dict[str, str]
Row = tuple[int, list[str]]


def is_one(head: bytes) -> bool:
    """This function will tell from its first bytes whether a file may be a workbook."""
    return head.startswith(b"PK\x03\x04")


def rows(stream: BinaryIO) -> Iterator[Row]:
    """This function will yield each row's number in the sheet and its cells.

    Raises Invalid: zip_bomb, broken_zip, hostile_xml, not_xml, unknown_file (an archive that is no workbook).
    """
    with archives.opened(stream) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise Invalid("The archive is no workbook.", code="unknown_file")
        for info in archive.filelist:
            archives.check(info, MOST_UNZIPPED)
        if sum(info.file_size for info in archive.filelist) > MOST_UNZIPPED:
            raise archives.bomb()
        book = _Book()
        _read(archive, "xl/workbook.xml", book)
        links = _Links()
        _read(archive, "xl/_rels/workbook.xml.rels", links)
        sheet = links.path(book.first)
        strings, styles = _Strings(), _Styles()
        for kind, part in (("sharedStrings", strings), ("styles", styles)):
            if name := links.kinds.get(kind):
                _read(archive, name, part)
        yield from _rows(archive, sheet, _Sheet(strings.found, styles, book.first_day))


def _rows(archive: zipfile.ZipFile, name: str, sheet: "_Sheet") -> Iterator[Row]:
    for _ in _parse(archive, name, sheet):
        yield from sheet.ready
        sheet.ready.clear()


def _read(archive: zipfile.ZipFile, name: str, part: "_Part") -> None:
    for _ in _parse(archive, name, part):
        pass


def _parse(archive: zipfile.ZipFile, name: str, part: "_Part") -> Iterator[None]:
    try:
        member = archive.open(name)
    except KeyError as error:
        raise Invalid("The workbook lacks a part.", code="broken_zip", field=name[:80]) from error
    with member:
        while True:
            chunk = member.read(CHUNK)
            try:
                part.feed(chunk)
            except expat.ExpatError as error:
                raise Invalid("The XML is broken or breaks off.", code="not_xml", field=f"line {error.lineno}") from error
            yield
            if not chunk:
                return


class _Part(ABC):
    """One XML file of the workbook; names are taken without their namespace."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._hostile
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._said
        self.text: list[str] | None = None
        self.length = self.silent = 0

    def feed(self, chunk: bytes) -> None:
        self.silent += len(chunk)
        if self.silent > LONGEST_SILENCE:
            self._hostile()
        self.parser.Parse(chunk, not chunk)

    def _hostile(self, *_: object) -> None:
        raise Invalid("The XML is built to do harm; no workbook looks like this.", code="hostile_xml")

    def _start(self, name: str, has: Attributes) -> None:
        self.begins(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in has.items()})

    def _end(self, name: str) -> None:
        self.ends(name.rpartition(":")[2])

    def _said(self, text: str) -> None:
        if self.text is not None and self.length < LONGEST_CELL:
            self.text.append(text[: LONGEST_CELL - self.length])
            self.length += len(text)

    def listen(self) -> None:
        self.text, self.length = [], 0

    def heard(self) -> str:
        text, self.text = "".join(self.text or ()), None
        return text

    @abstractmethod
    def begins(self, name: str, has: Attributes) -> None:
        """What to do at an element's beginning."""

    def ends(self, name: str) -> None:
        """What to do at an element's end: the parser gets on."""
        self.silent = 0


class _Book(_Part):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.first_day = "", FIRST_DAY

    def begins(self, name: str, has: Attributes) -> None:
        if name == "workbookPr" and has.get("date1904") in ("1", "true"):
            self.first_day = FIRST_DAY_1904
        if name == "sheet" and not self.first and has.get("state", "visible") == "visible":
            self.first = has.get("id", "")


class _Links(_Part):
    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[str, str] = {}
        self.kinds: dict[str, str] = {}

    def begins(self, name: str, has: Attributes) -> None:
        if name == "Relationship" and has.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/xl", has.get("Target", ""))).lstrip("/")
            self.paths[has.get("Id", "")] = path
            self.kinds.setdefault(has.get("Type", "").rpartition("/")[2], path)

    def path(self, link: str) -> str:
        if link not in self.paths:
            raise Invalid("The workbook has no sheet to be read.", code="unknown_file")
        return self.paths[link]


class _Strings(_Part):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.spoken = False  # within a reading aid, which is no text

    def begins(self, name: str, has: Attributes) -> None:
        if name == "si":
            self.parts: list[str] = []
        elif name == "rPh":
            self.spoken = True
        elif name == "t" and not self.spoken:
            self.listen()

    def ends(self, name: str) -> None:
        super().ends(name)
        if name == "t" and not self.spoken:
            self.parts.append(self.heard())
        elif name == "rPh":
            self.spoken = False
        elif name == "si":
            if len(self.found) >= MOST_STRINGS:
                self._hostile()
            self.found.append("".join(self.parts)[:LONGEST_CELL])


class _Styles(_Part):
    """Which cells' numbers are shown as dates or per cent."""

    def __init__(self) -> None:
        super().__init__()
        self.dates, self.per_cents = set(DATES), set(PER_CENTS)
        self.formats: list[int] = []
        self.cells = False

    def begins(self, name: str, has: Attributes) -> None:
        if name == "numFmt":
            code = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", has.get("formatCode", "")[:200]).lower()
            if re.search("[ymdhs]", code):
                self.dates.add(_whole(has.get("numFmtId")))
            elif "%" in code:
                self.per_cents.add(_whole(has.get("numFmtId")))
        elif name == "cellXfs":
            self.cells = True
        elif name == "xf" and self.cells and len(self.formats) < MOST_STRINGS:
            self.formats.append(_whole(has.get("numFmtId")))

    def ends(self, name: str) -> None:
        super().ends(name)
        if name == "cellXfs":
            self.cells = False

    def shown_as(self, style: str | None) -> int:
        number = _whole(style)
        return self.formats[number] if 0 <= number < len(self.formats) else 0


class _Sheet(_Part):
    def __init__(self, strings: list[str], styles: _Styles, first_day: datetime) -> None:
        super().__init__()
        self.strings, self.styles, self.first_day = strings, styles, first_day
        self.ready: list[Row] = []
        self.number, self.column = 0, -1
        self.cells: list[str] = []
        self.kind, self.said = "n", ""
        self.style: str | None = None

    def begins(self, name: str, has: Attributes) -> None:
        if name == "row":
            self.number = _whole(has.get("r")) or self.number + 1
            self.cells, self.column = [], -1
        elif name == "c":
            self.column = _column(has.get("r", "")) if "r" in has else self.column + 1
            self.kind, self.style, self.said = has.get("t", "n"), has.get("s"), ""
        elif name in ("v", "t"):
            self.listen()

    def ends(self, name: str) -> None:
        super().ends(name)
        if name in ("v", "t") and self.text is not None:
            self.said += self.heard()
        elif name == "c" and 0 <= self.column < MOST_COLUMNS:
            self.cells += [""] * (self.column + 1 - len(self.cells))
            self.cells[self.column] = self._shown()[:LONGEST_CELL]
        elif name == "row":
            self.ready.append((self.number, self.cells))

    def _shown(self) -> str:
        if self.kind == "s":
            index = _whole(self.said)
            return self.strings[index] if 0 <= index < len(self.strings) else ""
        if self.kind == "e":
            return ""
        return self._number() if self.kind == "n" else self.said

    def _number(self) -> str:
        """As the sheet shows it: 0.97 in a cell of per cents is 97%, and a date is a number of days."""
        try:
            value = float(self.said)
        except ValueError:
            return self.said
        shown_as = self.styles.shown_as(self.style)
        if shown_as in self.styles.per_cents:
            return f"{value * 100:.15g}%"
        if shown_as in self.styles.dates:
            return _moment(self.first_day, value)
        return f"{value:.15g}"


def _moment(first_day: datetime, days: float) -> str:
    try:
        at = first_day + timedelta(seconds=round(days * 86400))
    except (OverflowError, ValueError):
        return ""
    return f"{at:%Y-%m-%d}" if days == int(days) else f"{at:%Y-%m-%d %H:%M:%S}"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0


def _column(place: str) -> int:
    """The column of a place such as AB12, from 0."""
    number = 0
    for char in place[:4]:
        if not "A" <= char <= "Z":
            break
        number = number * 26 + ord(char) - 64
    return number - 1
