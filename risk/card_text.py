"""A model's card, taken apart: its sections, and the tables of figures in them. For pages, which draw them instead of printing them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from risk import cards

# The sections of every card, in their order, whatever the language calls them.
SECTIONS = ("answers", "trained_on", "not_for", "figures", "inputs", "limits", "use")
APART = re.compile(r"\s{2,}")


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as text: a title ("" for the first), the names of the columns, and rows as long as they."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: paragraphs, the items of its lists, and its tables."""

    title: str
    paragraphs: tuple[str, ...]
    items: tuple[str, ...]
    tables: tuple[Table, ...]


@lru_cache(maxsize=64)
def sections(key: str, language: str) -> dict[str, Section]:
    """This function will give a card's sections by their place (see SECTIONS). Raises NotVisible for a model that is not released."""
    parts = re.split(r"^## ", cards.card(key, language), flags=re.MULTILINE)[1:]
    return {name: _section(part) for name, part in zip(SECTIONS, parts, strict=False)}


def _section(text: str) -> Section:
    title, _, body = text.partition("\n")
    pieces = re.split(r"```(?:text)?\n?", body)
    prose, blocks = "\n".join(pieces[::2]), pieces[1::2]
    lines = [line.strip() for block in [prose, *blocks] for line in block.splitlines()]
    paragraphs = [" ".join(part.split()) for part in prose.split("\n\n")]
    return Section(
        title=title.strip(),
        paragraphs=tuple(part for part in paragraphs if part and not part.startswith("- ")),
        items=tuple(line[2:] for line in lines if line.startswith("- ")),
        tables=tuple(table for block in blocks for table in _tables(block)),
    )


def _tables(block: str) -> Iterator[Table]:
    for part in block.split("\n\n"):
        lines = [line for line in part.splitlines() if line.strip() and not line.startswith("- ")]
        if len(lines) < 2:
            continue
        title = lines.pop(0).strip() if len(APART.split(lines[0].strip())) < len(APART.split(lines[1].strip())) else ""
        head = tuple(APART.split(lines[0].strip()))
        rows = (tuple(APART.split(line.strip())) for line in lines[1:])
        yield Table(title, head, tuple(row for row in rows if len(row) == len(head)))


def calibration(key: str) -> list[tuple[int, float, float]]:
    """This function will give the calibration by tenths: (people, mean risk given, share that came true); empty where there is none."""
    for table in sections(key, "en")["figures"].tables:
        if table.title.lower().startswith("calibration") and table.head == ("n", "expected", "observed"):
            return [(int(n.replace(",", "")), float(expected), float(observed)) for n, expected, observed in table.rows]
    return []


def others(key: str) -> list[Table]:
    """This function will give the card's further tables: subgroups first, then the rest; not the calibration, which is drawn."""
    found = [table for table in sections(key, "en")["figures"].tables if table.title and not table.title.lower().startswith("calibration")]
    return sorted((table for table in found if table.rows), key=lambda table: not table.title.lower().startswith("subgroup"))
