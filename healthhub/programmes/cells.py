"""Which cells of a table of counts may be shown. Pure.

A count below K (11, zero included) is hidden: it would be about a few people. Further cells are hidden until none of the hidden
ones can be worked out from what is shown: rows and columns add up to their totals, so one gap alone in a line closes itself.

Whether a hidden cell can be worked out is decided exactly: it can not if there is another table of whole numbers, none below zero,
that shows the same and has another figure there. In tables with totals that is a closed walk over hidden cells along which one unit
can be moved (Gusfield 1988, SIAM J Comput 17:552); totals count as cells of a line of their own, with the opposite sign.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

K = 11
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as it may be shown: None for a hidden cell. `rows` without totals, then the totals of rows, of columns, and of all."""

    rows: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None


def protect(counts: Sequence[Sequence[int]], *, k: int = K) -> Shown:
    """This function will hide what must be hidden of a table of counts (none below zero, at least one row and column).

    The totals of columns and of all are hidden only by their own values (see `totals`): several tables of the same people share
    them, and what one hides another must not show.
    """
    table = _with_totals(counts)
    last_row, last_column = len(counts), len(counts[0])
    hidden = {cell for cell, value in table.items() if value < k and cell[0] < last_row}
    bottom = totals([table[last_row, column] for column in range(last_column)], k=k)
    hidden |= {(last_row, column) for column, value in enumerate(bottom[0]) if value is None}
    if bottom[1] is None:
        hidden.add((last_row, last_column))
    _close(table, hidden, last_row, last_column)
    shown = {cell: None if cell in hidden else value for cell, value in table.items()}
    return Shown(
        rows=tuple(tuple(shown[row, column] for column in range(last_column)) for row in range(last_row)),
        row_totals=tuple(shown[row, last_column] for row in range(last_row)),
        column_totals=tuple(shown[last_row, column] for column in range(last_column)),
        total=shown[last_row, last_column],
    )


def totals(parts: Sequence[int], *, k: int = K) -> tuple[tuple[int | None, ...], int | None]:
    """This function will hide parts of a whole, and the whole where it is below K: decided by these figures alone.

    The parts add up to the whole, so one hidden part takes the smallest other one with it; where only one part exists they are equal.
    """
    whole = sum(parts)
    if whole < k:
        return (None,) * len(parts), None
    hidden = {place for place, value in enumerate(parts) if value < k}
    while hidden and (len(hidden) == 1 or sum(parts[place] for place in hidden) < k) and len(hidden) < len(parts):
        hidden.add(min((place for place in range(len(parts)) if place not in hidden), key=lambda place: parts[place]))
    return tuple(None if place in hidden else value for place, value in enumerate(parts)), whole


def steps(values: Sequence[int], *, k: int = K) -> list[int | None]:
    """This function will hide steps of a funnel: those below K, and those from which fewer than K fell out since the step shown before."""
    shown: list[int | None] = []
    before: int | None = None
    for value in values:
        near = before is not None and 0 < before - value < k
        shown.append(None if value < k or near else value)
        before = before if shown[-1] is None else value
    return shown


def _with_totals(counts: Sequence[Sequence[int]]) -> dict[Cell, int]:
    table = {(row, column): value for row, line in enumerate(counts) for column, value in enumerate(line)}
    last_row, last_column = len(counts), len(counts[0])
    table |= {(row, last_column): sum(line) for row, line in enumerate(counts)}
    table |= {(last_row, column): sum(line[column] for line in counts) for column in range(last_column)}
    table[last_row, last_column] = sum(table[row, last_column] for row in range(last_row))
    return table


def _close(table: Mapping[Cell, int], hidden: set[Cell], last_row: int, last_column: int) -> None:
    """Hide further cells, the smallest that help first, until nothing hidden can be worked out."""
    while open_ := exposed(table, hidden, last_row, last_column):
        movable = sorted(
            (cell for cell in table if cell not in hidden and cell[0] < last_row), key=lambda cell: (_cost(cell, last_column), table[cell])
        )
        if not movable:
            # Only totals are left in sight, and they close the last gap: then they go too.
            hidden |= {cell for cell in table if cell[0] == last_row and cell[1] < last_column}
            return
        fewer = [cell for cell in movable if len(exposed(table, hidden | {cell}, last_row, last_column)) < len(open_)]
        row, column = min(open_)
        beside = [cell for cell in movable if cell[0] == row or cell[1] == column]
        hidden.add((fewer or beside or movable)[0])


def _cost(cell: Cell, last_column: int) -> int:
    return 1 if cell[1] == last_column else 0


def exposed(table: Mapping[Cell, int], hidden: Iterable[Cell], last_row: int, last_column: int) -> list[Cell]:
    """This function will name the hidden cells that can be worked out from those shown."""
    ways = _ways(table, hidden, last_row, last_column)
    return [cell for cell in sorted(hidden) if not _moves(cell, ways)]


def _ways(table: Mapping[Cell, int], hidden: Iterable[Cell], last_row: int, last_column: int) -> dict[str, set[tuple[str, Cell]]]:
    """Along which hidden cells one unit can go: row to column raises a cell, column to row lowers it (not below zero)."""
    ways: dict[str, set[tuple[str, Cell]]] = {}
    for cell in hidden:
        row, column = f"r{cell[0]}", f"c{cell[1]}"
        total = (cell[0] == last_row) != (cell[1] == last_column)  # enters its line with the opposite sign
        up, down = ((column, row), (row, column)) if total else ((row, column), (column, row))
        ways.setdefault(up[0], set()).add((up[1], cell))
        if table[cell] > 0:
            ways.setdefault(down[0], set()).add((down[1], cell))
    return ways


def _moves(cell: Cell, ways: Mapping[str, set[tuple[str, Cell]]]) -> bool:
    """Whether a closed walk passes through the cell and comes back by others."""
    row, column = f"r{cell[0]}", f"c{cell[1]}"
    both = ((row, column), (column, row))
    return any((end, cell) in ways.get(start, set()) and _reaches(end, start, cell, ways) for start, end in both)


def _reaches(start: str, goal: str, without: Cell, ways: Mapping[str, set[tuple[str, Cell]]]) -> bool:
    seen, queue = {start}, [start]
    while queue:
        for place, cell in ways.get(queue.pop(), ()):
            if cell != without and place not in seen:
                if place == goal:
                    return True
                seen.add(place)
                queue.append(place)
    return False
