"""What a person confirmed of a table: which column or item is which kind, in which unit, and where the date stands. Pure."""

from collections.abc import Mapping as Table
from datetime import date as Day
from typing import Annotated, Any, Literal

import msgspec

from healthhub.dialects.checkup.cells import Kind
from healthhub.dialects.checkup.workbook import LONGEST_CELL, MOST_COLUMNS
from healthhub.lib import units
from healthhub.lib.refused import Invalid

MOST_PLACES = 500
Place = Annotated[int, msgspec.Meta(ge=0, lt=MOST_COLUMNS)]
Name = Annotated[str, msgspec.Meta(max_length=LONGEST_CELL)]


class Column(msgspec.Struct, forbid_unknown_fields=True):
    """One column (`place` is its number from 0, in digits) or one item (`place` is its name) and what it means.

    `part` is 1 for the upper, 2 for the lower value of a pair in two columns, 0 otherwise. `unit` None: every line says its own.
    """

    place: Name
    kind: Annotated[str, msgspec.Meta(max_length=40)]
    part: Literal[0, 1, 2] = 0
    unit: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class Mapping(msgspec.Struct, forbid_unknown_fields=True):
    """`layout` wide: a row per day with a column for each kind; long: a row per item. Columns are counted from 0.

    Either `date` (a column) or `day` (one date for all lines); `order` is how dates with the year last are read. Where the table is of
    several people, only lines with `person` in `person_column` are taken.
    """

    layout: Literal["wide", "long"]
    columns: Annotated[list[Column], msgspec.Meta(min_length=1, max_length=MOST_PLACES)]
    date: Place | None = None
    day: Day | None = None
    order: Literal["", "dmy", "mdy"] = ""
    person_column: Place | None = None
    person: Name | None = None
    item: Place | None = None
    value: Place | None = None
    unit: Place | None = None


def read(raw: Any, kinds: Table[str, Kind]) -> Mapping:
    """This function will turn plain data into a mapping that can be carried out. Raises Invalid with the field's name."""
    try:
        mapping = msgspec.convert(raw, Mapping, strict=True)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise Invalid(reason, code="bad_mapping", field=where.rstrip("`").lstrip(".")[:80] or "mapping") from error
    if (mapping.date is None) == (mapping.day is None):
        raise Invalid("Say which column has the date, or give one date for all.", code="no_date", field="date")
    if (mapping.person_column is None) != (mapping.person is None):
        raise Invalid("Say whose lines are to be taken.", code="no_person", field="person")
    if mapping.layout == "long" and (mapping.item is None or mapping.value is None):
        raise Invalid("Say which columns have the item and the result.", code="bad_mapping", field="item")
    for index, column in enumerate(mapping.columns):
        _check(column, f"columns[{index}]", mapping.layout, kinds)
    if len({column.place for column in mapping.columns}) < len(mapping.columns):
        raise Invalid("A column can be one thing only.", code="bad_mapping", field="columns")
    return mapping


def _check(column: Column, where: str, layout: str, kinds: Table[str, Kind]) -> None:
    kind = kinds.get(column.kind)
    if kind is None:
        raise Invalid("The catalogue does not know this kind.", code="unknown_kind", field=f"{where}.kind")
    if column.part and kind.components != 2:
        raise Invalid("This kind has one value only.", code="bad_mapping", field=f"{where}.part")
    if layout == "wide" and not (column.place.isascii() and column.place.isdigit() and int(column.place) < MOST_COLUMNS):
        raise Invalid("A column is given by its number, from 0.", code="bad_mapping", field=f"{where}.place")
    if column.unit is not None:
        try:
            units.ucum(column.unit, kind=kind)
        except Invalid as refused:
            raise Invalid(refused.sentence, code=refused.code, field=f"{where}.unit") from refused


def plain(mapping: Mapping) -> dict[str, Any]:
    """This function will give a mapping as plain data, as `read` takes it."""
    told: dict[str, Any] = msgspec.to_builtins(mapping)
    return told
