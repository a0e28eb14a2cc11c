"""Rows of a table, whatever wrote it: CSV with its delimiter found out, in UTF-8 or GBK, or an Excel workbook. Pure."""

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

from healthhub.dialects.checkup import words, workbook
from healthhub.dialects.files import tables
from healthhub.lib.refused import Invalid

HEAD = 16 * 1024
DELIMITERS = ",\t;|"
MOST_ROWS = 100_000
HEADING_WITHIN = 20  # lines of title at most
KNOWN_BYTES = set(range(0x20, 0x100)) | {9, 10, 13}


class Heading(NamedTuple):
    """The row that heads the columns: its line in the file and its cells."""

    where: int
    cells: list[str]


def rows(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """This function will yield each row from the beginning, with its line (its number in a sheet), cells stripped.

    Raises Invalid: unknown_file (no table), too_many_lines, and as `workbook.rows` and `tables.lines` do.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    found = workbook.rows(stream) if workbook.is_one(head) else _csv(stream, head)
    for count, (where, cells) in enumerate(found):
        if count >= MOST_ROWS:
            raise Invalid(f"The table has more than {MOST_ROWS} rows.", code="too_many_lines")
        yield where, [cell.strip("\ufeff \t\r\n\u3000") for cell in cells[: workbook.MOST_COLUMNS]]


def heading(stream: BinaryIO) -> Heading:
    """This function will find the row that heads the columns: of the first rows the one with most words that are known here.

    Raises Invalid: unknown_file, where there are not two columns with two rows, and as `rows` does.
    """
    first = [Heading(where, cells) for where, cells in islice(rows(stream), HEADING_WITHIN + 1)]
    wide = [one for one in first if len([cell for cell in one.cells if cell]) > 1]
    if len(wide) < 2:
        raise Invalid("This is no table with a heading and rows.", code="unknown_file")
    return max(wide[:HEADING_WITHIN], key=_known)


def _known(row: Heading) -> int:
    return sum(_says_something(cell) for cell in row.cells if cell)


def _says_something(cell: str) -> bool:
    named = (words.DATE, words.ITEM, words.VALUE, words.UNIT, words.PERSON)
    return bool(words.meanings(without_unit(cell)[0])) or any(words.is_one_of(cell, one) for one in named)


def without_unit(cell: str) -> tuple[str, list[str]]:
    """This function will part a heading into its name and what stands in brackets, or behind a slash or a blank, perhaps a unit."""
    flat = cell.replace("（", "(").replace("）", ")").replace("【", "(").replace("】", ")").replace("[", "(").replace("]", ")")
    name, _, rest = flat.partition("(")
    beside = [part.strip() for part in rest.replace("(", ")").split(")") if part.strip()]
    if "[" in cell and cell.endswith("]"):
        beside.append(cell[cell.index("[") + 1 : -1])
    for mark in ("/", "，", ",", ":", "：", " "):
        if not rest and mark in name.strip():
            before, _, after = name.strip().partition(mark)
            if words.meanings(before):
                return before.strip(), [after.strip()]
    return name.strip(), beside


def _csv(stream: BinaryIO, head: bytes) -> Iterator[tuple[int, list[str]]]:
    if not head.strip() or not KNOWN_BYTES.issuperset(head):
        raise Invalid("This is no table.", code="unknown_file")
    tables.count_lines(stream)
    return tables.lines(stream, _delimiter(head))


def _delimiter(head: bytes) -> str:
    """The one that parts most lines into the same number of cells."""
    text = head.decode("utf-8", "replace")
    if "\ufffd" in text[:-4]:
        text = head.decode("gb18030", "replace")
    lines = text.splitlines()[: HEADING_WITHIN * 2]
    best, most = ",", 0
    for one in DELIMITERS:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=one) if len(row) > 1)
        (cells, times) = counts.most_common(1)[0] if counts else (0, 0)
        if times > 1 and cells * times > most:
            best, most = one, cells * times
    return best
