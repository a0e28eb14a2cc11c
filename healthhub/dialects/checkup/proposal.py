"""What a table seems to say: which column or item is which kind, in which unit; whatever is only likely is asked, never taken. Pure."""

from collections.abc import Iterable, Mapping as Table
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from math import log
from statistics import median
from typing import Any, BinaryIO, Literal

from healthhub.dialects.checkup import cells, grid, words
from healthhub.dialects.checkup.cells import Kind
from healthhub.dialects.checkup.mapping import MOST_PLACES
from healthhub.dialects.files.record import WRONG
from healthhub.lib import units

PREVIEW, LOOKED_AT, SAMPLES, MOST_PEOPLE = 20, 5000, 5, 200
NEAR = log(1.6)
# An adult's usual value in the canonical unit: by it a unit is thought likely, which is still asked.
USUAL = {
    "weight": 65, "height": 165, "waist": 85, "temp": 36.6, "fpg": 5.6, "glucose": 6, "glucose_2h": 7, "hba1c": 5.8, "cholesterol": 4.8,
    "ldl": 2.8, "hdl": 1.3, "triglycerides": 1.5, "creatinine": 75, "uric_acid": 340, "urea_nitrogen": 5, "albumin": 44, "bilirubin": 13,
    "haemoglobin": 140, "bp": 120, "spo2": 97, "body_fat": 25, "fev1": 3, "fvc": 4,
}  # fmt: skip
How = Literal["heading", "lines", "only", "asked", ""]


@dataclass(slots=True)
class Proposed:
    """A column or an item. `how` its unit is known: from the heading, told by each line, the kind's only one; or it is asked."""

    place: str
    name: str
    samples: list[str]
    kind: str | None = None
    part: int = 0
    unit: str | None = None
    how: How = ""


@dataclass(slots=True)
class Question:
    """`field`: kind or unit (of `place`), date, order, person. `likely` is the option that the values suggest, "" where none does."""

    field: Literal["kind", "unit", "date", "order", "person"]
    place: str
    name: str
    options: list[str]
    samples: list[str]
    likely: str = ""


@dataclass(slots=True)
class Proposal:
    """`mapping` is complete but for what the questions ask; `more` says that only the first `rows` lines were looked at."""

    mapping: dict[str, Any]
    heading: list[str]
    heading_line: int
    columns: list[Proposed]
    questions: list[Question]
    unmapped: list[str]
    preview: list[list[str]]
    rows: int
    more: bool = False
    lines: list[int] = field(default_factory=list)  # of the preview


def propose(stream: BinaryIO, kinds: Table[str, Kind]) -> Proposal:
    """This function will look at a table and propose a mapping with what must be asked. Raises Invalid as `grid.heading` does."""
    heading = grid.heading(stream)
    below = ((where, row) for where, row in grid.rows(stream) if where > heading.where and any(row))
    found = list(islice(below, LOOKED_AT + 1))
    more, found = len(found) > LOOKED_AT, found[:LOOKED_AT]
    width = max([len(heading.cells), *(len(row) for _, row in found[:PREVIEW])])
    table = [row + [""] * (width - len(row)) for _, row in found]
    names = heading.cells + [""] * (width - len(heading.cells))
    asked: list[Question] = []
    mapping: dict[str, Any] = {"layout": "wide", "day": None} | _day(names, table, asked) | _person(names, table, asked)
    columns = _items(names, table, mapping, kinds) if _is_long(names, mapping) else _columns(names, table, mapping, kinds)
    _pair_up(columns)
    for column in columns:
        asked += _asked(column, kinds)
    open_ = {question.place for question in asked if question.field == "kind"}
    mapping["columns"] = [
        {"place": one.place, "kind": None if one.place in open_ else one.kind, "part": one.part, "unit": one.unit}
        for one in columns
        if one.kind
    ]
    unmapped = [column.name for column in columns if not column.kind]
    shown = table[:PREVIEW]
    return Proposal(
        mapping, names, heading.where, columns, asked, unmapped, shown, len(table), more, [where for where, _ in found[:PREVIEW]]
    )


def _first(names: list[str], known: str) -> int | None:
    return next((index for index, name in enumerate(names) if words.is_one_of(name, known)), None)


def _filled(table: Iterable[list[str]], column: int) -> list[str]:
    return [row[column] for row in table if not cells.is_nothing(row[column])]


def _is_long(names: list[str], mapping: dict[str, Any]) -> bool:
    item, value = _first(names, words.ITEM), _first(names, words.VALUE)
    if item is None or value is None:
        return False
    mapping |= {"layout": "long", "item": item, "value": value, "unit": _first(names, words.UNIT)}
    return True


def _day(names: list[str], table: list[list[str]], asked: list[Question]) -> dict[str, Any]:
    """The column of the date: the one most of whose cells are dates; an exact name wins."""
    best, most = None, 0.0
    for index, name in enumerate(names):
        if not words.may_be_date(name):
            continue
        filled = _filled(table, index)
        share = sum(map(_is_date, filled)) / len(filled) if filled else 0.0
        share += 0.5 if share and words.is_one_of(name, words.DATE) else 0.0
        if share > most:
            best, most = index, share
    if best is None:
        asked.append(Question("date", "", "", [], []))
        return {"date": None, "order": ""}
    return {"date": best, "order": _order(names[best], _filled(table, best), best, asked)}


def _is_date(text: str) -> bool:
    return any(_reads(text, order) for order in ("dmy", "mdy"))


def _reads(text: str, order: str) -> bool:
    try:
        cells.moment(text, UTC, order)
    except WRONG:
        return False
    return True


def _order(name: str, filled: list[str], column: int, asked: list[Question]) -> str:
    """Day or month first, where the year stands last: told by the first number above 12, else asked."""
    last = [numbers for text in filled if (numbers := cells.year_last(text))]
    if not last:
        return ""
    day_first, month_first = any(one > 12 for one, _, _ in last), any(two > 12 for _, two, _ in last)
    if day_first != month_first:
        return "dmy" if day_first else "mdy"
    samples = [text for text in dict.fromkeys(filled) if cells.year_last(text) and all(_reads(text, order) for order in ("dmy", "mdy"))]
    if samples:
        asked.append(Question("order", str(column), name, ["dmy", "mdy"], samples[:SAMPLES]))
    return ""


def _person(names: list[str], table: list[list[str]], asked: list[Question]) -> dict[str, Any]:
    """Whose lines they are is asked where the table is of more than one person."""
    for index, name in enumerate(names):
        if words.is_one_of(name, words.PERSON):
            people = list(dict.fromkeys(_filled(table, index)))
            if len(people) > 1:
                asked.append(Question("person", str(index), name, people[:MOST_PEOPLE], people[:SAMPLES]))
                return {"person_column": index, "person": None}
    return {"person_column": None, "person": None}


def _columns(names: list[str], table: list[list[str]], mapping: dict[str, Any], kinds: Table[str, Kind]) -> list[Proposed]:
    others = {mapping["date"], mapping["person_column"]}
    found = []
    for index, heading in enumerate(names):
        filled = _filled(table, index)
        if index in others or not (heading or filled) or words.is_one_of(heading, words.PERSON):
            continue
        name, beside = grid.without_unit(heading)
        column = Proposed(str(index), heading, list(dict.fromkeys(filled))[:SAMPLES])
        meanings = words.meanings(name) or next((known for text in beside if (known := words.meanings(text))), ())
        _mean(column, meanings, beside, [(text, "") for text in filled], kinds)
        found.append(column)
    return found


def _items(names: list[str], table: list[list[str]], mapping: dict[str, Any], kinds: Table[str, Kind]) -> list[Proposed]:
    item, value, unit = mapping["item"], mapping["value"], mapping["unit"]
    lines: dict[str, list[tuple[str, str]]] = {}
    of: dict[str, str] = {}
    for row in table:
        if row[item] and not cells.is_nothing(row[value]):
            name = of.setdefault(words.plain(row[item]), row[item])
            lines.setdefault(name, []).append((row[value], row[unit] if unit is not None else ""))
    found: list[Proposed] = []
    for item_name, told in islice(lines.items(), MOST_PLACES):
        name, beside = grid.without_unit(item_name)
        samples = list(dict.fromkeys(f"{text} {said}".strip() for text, said in told))[:SAMPLES]
        column = Proposed(item_name, item_name, samples)
        _mean(column, words.meanings(name), beside, told, kinds)
        found.append(column)
    return found


Told = list[tuple[str, str]]  # each line's value, and what stands in its column of units


def _mean(column: Proposed, meanings: tuple[words.Meaning, ...], beside: list[str], told: Told, kinds: Table[str, Kind]) -> None:
    """What a column means, and how its unit is known."""
    known = [(kind, part) for kind, part in meanings if kind in kinds]
    if not known:
        return
    column.kind, column.part = known[0]
    kind = kinds[column.kind]
    column.how = "asked"
    if unit := next((code for text in beside if (code := cells.unit_of(text, kind))), None):
        column.unit, column.how = unit, "heading"
    elif told and all(cells.unit_of(said, kind) or _says_unit(text, kind, column.part) for text, said in told):
        column.how = "lines"
    elif len(options_of(kind)) == 1:
        column.unit, column.how = kind.unit, "only"


def _says_unit(text: str, kind: Kind, part: int) -> bool:
    try:
        return cells.value_of(text, kind, part).unit is not None
    except WRONG:
        return False


def _pair_up(columns: list[Proposed]) -> None:
    """A pair has one unit: where it is known of one half it is of the other, and it is asked once."""
    for lower in columns:
        upper = next((one for one in columns if lower.part == 2 and one.part == 1 and one.kind == lower.kind), None)
        if upper is not None and upper.how == "asked" and lower.how in ("heading", "lines"):
            upper.unit, upper.how = lower.unit, lower.how
        elif upper is not None and lower.how == "asked":
            lower.unit, lower.how = upper.unit, "" if upper.how == "asked" else upper.how


def options_of(kind: Kind) -> list[str]:
    """This function will give the UCUM codes in which a kind is measured, its own first, of equal ones (meq/L) one."""
    found: dict[tuple[float, float], str] = {}
    for code in (kind.unit, *kind.ucum.values()):
        found.setdefault(kind.units[code], code)
    return list(found.values())


def _asked(column: Proposed, kinds: Table[str, Kind]) -> list[Question]:
    """A kind that may be another, and a unit that nothing says: each with what the values suggest."""
    found: list[Question] = []
    meanings = [kind for kind, _ in words.meanings(grid.without_unit(column.name)[0]) if kind in kinds]
    if len(meanings) > 1:
        found.append(Question("kind", column.place, column.name, meanings, column.samples))
    if column.kind and column.how == "asked":
        kind = kinds[column.kind]
        likely = likely_unit(column, kind)
        found.append(Question("unit", column.place, column.name, options_of(kind), column.samples, likely))
    return found


def likely_unit(column: Proposed, kind: Kind) -> str:
    """This function will give the one unit in which the values are an adult's usual or at least possible ones, "" where several are."""
    values = []
    for text in column.samples:
        try:
            values.append(cells.value_of(text, kind, column.part).value)
        except WRONG:
            continue
    if not values:
        return ""
    middle = median(values)
    possible = {unit: value for unit in options_of(kind) if (value := _possible(middle, unit, kind)) is not None}
    usual = USUAL.get(kind.key)
    near = [unit for unit, value in possible.items() if usual and value > 0 and abs(log(value / usual)) < NEAR]
    if near:
        return near[0] if len(near) == 1 else ""
    return next(iter(possible)) if len(possible) == 1 else ""


def _possible(value: float, unit: str, kind: Kind) -> float | None:
    canonical = units.to_canonical(value, unit=unit, kind=kind)
    low, _, _, high = kind.limits_in.get(unit, kind.limits)
    return canonical if low <= canonical <= high else None


def unit_for(column: Proposed, kind: Kind, part: int) -> tuple[str | None, bool]:
    """This function will say in which unit a column would be as `kind`, and whether that is certain or must be asked.

    None and certain: every line says its own.
    """
    if column.kind == kind.key and column.how in ("heading", "lines", "only"):
        return column.unit, True
    if unit := next((code for text in grid.without_unit(column.name)[1] if (code := cells.unit_of(text, kind))), None):
        return unit, True
    if column.samples and all(_says_unit(text, kind, part) for text in column.samples):
        return None, True
    options = options_of(kind)
    return (options[0], True) if len(options) == 1 else (None, False)
