"""A confirmed mapping carried out: readings for the one way in, and a coded refusal for every line that cannot be read. Pure."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping as Table
from datetime import tzinfo
from typing import Any, BinaryIO

from healthhub.dialects.checkup import cells, grid, words
from healthhub.dialects.checkup.cells import Kind, Value
from healthhub.dialects.checkup.mapping import Column, Mapping
from healthhub.dialects.files.record import WRONG, Record, Records, bad, key_of, not_kept
from healthhub.lib.refused import Invalid

SOURCE = "Check-up"
Half = tuple[int, str, Value]  # where, the column's or item's name, what it says


def read(stream: BinaryIO, zone: tzinfo, mapping: Mapping, kinds: Table[str, Kind]) -> Records:
    """This function will yield the records of a table; `where` is the line in the file. Dates without a zone are of `zone`.

    Raises Invalid as `grid.heading` does.
    """
    heading = grid.heading(stream)
    reader = _Long(mapping, zone, kinds) if mapping.layout == "long" else _Wide(mapping, zone, kinds, heading.cells)
    for where, row in grid.rows(stream):
        if where > heading.where and any(row):
            yield from _told(reader, where, row, mapping)
    yield from reader.left()


def _told(reader: "_Reader", where: int, row: list[str], mapping: Mapping) -> Iterator[Record]:
    if mapping.person_column is not None and _cell(row, mapping.person_column) != mapping.person:
        yield Record(where, refused=Invalid("This line is of another person.", code="other_person", field="person"))
    else:
        yield from reader.row(where, row)


def _cell(row: list[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


class _Reader(ABC):
    def __init__(self, mapping: Mapping, zone: tzinfo, kinds: Table[str, Kind]) -> None:
        self.mapping, self.zone, self.kinds = mapping, zone, kinds

    @abstractmethod
    def row(self, where: int, row: list[str]) -> Iterator[Record]:
        """The records of a line."""

    def left(self) -> Iterator[Record]:
        """What waits in vain at the end of the table."""
        return iter(())

    def at(self, row: list[str]) -> str:
        """Raises one of WRONG."""
        text = self.mapping.day.isoformat() if self.mapping.day else _cell(row, self.mapping.date)
        return cells.moment(text, self.zone, self.mapping.order)

    def one(self, where: int, name: str, column: Column, text: str, at: str, unit: str | None) -> Record:
        """A reading of one cell; `unit` is what the line says of itself."""
        try:
            value = cells.value_of(text, self.kinds[column.kind], column.part)
        except WRONG:
            return bad(where, name)
        return self.made(where, name, column, value, at, unit)

    def made(self, where: int, name: str, column: Column, value: Value, at: str, unit: str | None) -> Record:
        said = value.unit or unit or column.unit
        if said is None:
            return Record(where, refused=Invalid("The line does not say its unit.", code="missing_unit", field=name[:80]))
        reading: dict[str, Any] = {"kind": column.kind, "at": at, "source": SOURCE, "value": value.value, "unit": said}
        reading["key"] = key_of("check-up", column.kind, at, value.value, value.value2)
        if value.value2 is not None:
            reading["value2"] = value.value2
        if value.flag:
            reading["flags"] = [value.flag]
        return Record(where, reading)

    # A pair has one unit: what one half says is true of the other.
    def pair(self, where: int, column: Column, upper: Half, lower: Half, at: str, units: tuple[str | None, str | None]) -> Record:
        first, second = (half[2].unit or unit for half, unit in zip((upper, lower), units, strict=True))
        if (first and second and first != second) or upper[2].flag or lower[2].flag:
            return bad(where, upper[1])
        return self.made(where, upper[1], column, Value(upper[2].value, first or second, None, lower[2].value), at, None)


def _alone(where: int, name: str) -> Record:
    return Record(where, refused=Invalid("Of the two values of a pair only one is here.", code="one_of_two", field=name[:80]))


class _Wide(_Reader):
    def __init__(self, mapping: Mapping, zone: tzinfo, kinds: Table[str, Kind], heading: list[str]) -> None:
        super().__init__(mapping, zone, kinds)
        self.names = heading
        self.singles = [column for column in mapping.columns if not column.part]
        of: dict[tuple[str, int], list[Column]] = {}
        for column in mapping.columns:
            of.setdefault((column.kind, column.part), []).append(column)
        self.pairs = [both for kind, part in of if part == 1 for both in zip(of[kind, 1], of.get((kind, 2), []), strict=False)]
        taken = {column.place for both in self.pairs for column in both}
        self.halves = [column for column in mapping.columns if column.part and column.place not in taken]

    def row(self, where: int, row: list[str]) -> Iterator[Record]:
        filled = [column for column in self.mapping.columns if not cells.is_nothing(_cell(row, int(column.place)))]
        if not filled:
            return
        try:
            at = self.at(row)
        except WRONG:
            yield bad(where, _cell(self.names, self.mapping.date) or "date", "bad_time")
            return
        for column in self.singles:
            if column in filled:
                yield self.one(where, self.name(column), column, _cell(row, int(column.place)), at, None)
        for upper, lower in self.pairs:
            if upper in filled or lower in filled:
                yield self.both(where, upper, lower, row, at)
        yield from (_alone(where, self.name(column)) for column in self.halves if column in filled)

    def name(self, column: Column) -> str:
        return _cell(self.names, int(column.place)) or f"column {int(column.place) + 1}"

    def both(self, where: int, upper: Column, lower: Column, row: list[str], at: str) -> Record:
        found: list[Half] = []
        for column in (upper, lower):
            text, name = _cell(row, int(column.place)), self.name(column)
            if cells.is_nothing(text):
                return _alone(where, name)
            try:
                found.append((where, name, cells.value_of(text, self.kinds[column.kind], column.part)))
            except WRONG:
                return bad(where, name)
        return self.pair(where, upper, found[0], found[1], at, (upper.unit, lower.unit))


class _Long(_Reader):
    def __init__(self, mapping: Mapping, zone: tzinfo, kinds: Table[str, Kind]) -> None:
        super().__init__(mapping, zone, kinds)
        self.items = {words.plain(column.place): column for column in mapping.columns}
        # Halves of one moment, all upper or all lower: the first of them belongs to the first of the others.
        self.waiting: dict[tuple[str, str], deque[tuple[Column, Half, str | None]]] = {}

    def row(self, where: int, row: list[str]) -> Iterator[Record]:
        name, text = _cell(row, self.mapping.item), _cell(row, self.mapping.value)
        column = self.items.get(words.plain(name))
        if not name or cells.is_nothing(text):
            return
        if column is None:
            yield not_kept(where, name)
            return
        try:
            at = self.at(row)
        except WRONG:
            yield bad(where, "date", "bad_time")
            return
        said = _cell(row, self.mapping.unit)
        unit = cells.unit_of(said, self.kinds[column.kind])
        if unit is None and column.unit is None and not cells.is_nothing(said):
            yield Record(where, refused=Invalid("This unit is not known here.", code="unknown_unit", field=name[:80]))
        elif not column.part:
            yield self.one(where, name, column, text, at, unit)
        else:
            yield from self.half(where, name, column, text, at, unit)

    def half(self, where: int, name: str, column: Column, text: str, at: str, unit: str | None) -> Iterator[Record]:
        try:
            half = (where, name, cells.value_of(text, self.kinds[column.kind], column.part))
        except WRONG:
            yield bad(where, name)
            return
        waiting = self.waiting.setdefault((column.kind, at), deque())
        if not waiting or waiting[0][0].part == column.part:
            waiting.append((column, half, unit or column.unit))
            return
        mine, other = (half, unit or column.unit), waiting.popleft()[1:]
        upper, lower = (mine, other) if column.part == 1 else (other, mine)
        yield self.pair(where, column, upper[0], lower[0], at, (upper[1], lower[1]))

    def left(self) -> Iterator[Record]:
        return (_alone(half[0], half[1]) for halves in self.waiting.values() for _, half, _ in halves)
