"""What an evaluation found, and how it is printed: the same table from training and from `evaluate_risk`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one model on one set of people: its own, their 95 % intervals, those of comparators, and further tables.

    `tables` holds lists of flat rows by title (subgroups, calibration, decision curve, learning curve). `remarks` say what a reader
    must know: how it was split, what was left out, where a goal was missed and what was tried.
    """

    model: str
    version: str
    figures: Figures
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    comparators: Mapping[str, Figures] = field(default_factory=dict)
    tables: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def as_json(self) -> str:
        """This function will give one line of JSON: model, version, figures, intervals, comparators (NaN as null)."""
        body: dict[str, Any] = {"model": self.model, "version": self.version}
        body |= {name: _plain(value) for name, value in self.figures.items()}
        body["intervals"] = {name: [_plain(low), _plain(high)] for name, (low, high) in self.intervals.items()}
        body["comparators"] = {name: {key: _plain(value) for key, value in row.items()} for name, row in self.comparators.items()}
        return json.dumps(body, ensure_ascii=False, allow_nan=False)

    def as_text(self) -> str:
        """This function will give the tables as text for a terminal."""
        names = list(dict.fromkeys([*self.figures, *(key for row in self.comparators.values() for key in row)]))
        rows = [["", *names], [f"{self.model} {self.version}", *(_shown(self.figures.get(name), name) for name in names)]]
        if self.intervals:
            rows.append(["  95 % interval", *(_span(self.intervals.get(name)) for name in names)])
        rows += [[who, *(_shown(row.get(name), name) for name in names)] for who, row in self.comparators.items()]
        parts = [grid(rows)]
        for title, lines in self.tables.items():
            if lines:
                heads = list(lines[0])
                parts.append(f"\n{title}\n" + grid([heads, *([_shown(line.get(head), head) for head in heads] for line in lines)]))
        return "\n".join([*parts, *(f"- {remark}" for remark in self.remarks)])


def grid(rows: list[list[str]]) -> str:
    """This function will line up the columns of rows of text: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )


def _plain(value: float) -> float | int | None:
    if isnan(value):
        return None
    return int(value) if value == int(value) and abs(value) >= 1000 else round(float(value), 6)


def _shown(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or name in ("n", "events"):
        return f"{value:,.0f}"
    return "-" if isnan(value) else f"{value:.2f}" if abs(value) >= 2 else f"{value:.4f}"


def _span(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else "-".join(_shown(end, "") for end in pair)
