"""The table of figures, printed as it grows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, what came out, what it should be (None: for information)."""

    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value < self.goal

    def line(self) -> str:
        """This function will give the line of a Markdown table."""
        digits = 2 if abs(self.value) < 10 else 1 if abs(self.value) < 100 else 0
        goal = "" if self.goal is None else f"{'>=' if self.at_least else '<'} {self.goal:g} {self.unit}".rstrip()
        verdict = {None: "", True: "yes", False: "NO"}[self.met]
        return f"| {self.name} | {f'{self.value:,.{digits}f} {self.unit}'.rstrip()} | {goal} | {verdict} |"


class Table:
    """Figures in the order in which they were found."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def part(self, title: str) -> None:
        print(f"| **{title}** | | | |", flush=True)

    def add(self, name: str, value: float, unit: str = "", *, goal: float | None = None, at_least: bool = False) -> None:
        """This function will note and print a figure."""
        figure = Figure(name, value, unit, goal, at_least)
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if figure.met is False]
