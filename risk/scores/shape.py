"""The one shape of a score: what it asks, for whom it holds, and what it answers. A score refuses; it never clamps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from healthhub.lib.refused import Invalid
from risk.scores.inputs import Input, Plain, Problem, Quantity, Value
from risk.scores.words import BANDS, Words, words

Part = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Band:
    """A band of the value: a stable key, the lowest value in it, and its words."""

    key: str
    lowest: float

    @property
    def words(self) -> Words:
        return BANDS[self.key]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a formula gives: the value, the parts it is made of or comes with, a band where the value alone does not tell, remarks."""

    value: float
    parts: Mapping[str, Part] = field(default_factory=dict)
    band: Band | None = None
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Used:
    """An input as it entered the formula."""

    name: str
    value: Plain
    unit: str


@dataclass(frozen=True, slots=True)
class Result:
    """A score of one person: unrounded value in `unit`, its band, parts, remarks in both languages, and what it came from."""

    score: str
    value: float
    unit: str
    band: Band | None
    parts: Mapping[str, Part]
    notes: tuple[Words, ...]
    inputs: tuple[Used, ...]
    version: str
    citation: str

    def as_dict(self) -> dict[str, Any]:
        """This function will give the result as JSON-able data."""
        band = None if self.band is None else {"key": self.band.key, "words": dict(self.band.words)}
        return {
            "score": self.score,
            "value": self.value,
            "unit": self.unit,
            "band": band,
            "parts": dict(self.parts),
            "notes": [dict(note) for note in self.notes],
            "inputs": [{"name": one.name, "value": one.value, "unit": one.unit} for one in self.inputs],
            "version": self.version,
            "citation": self.citation,
        }


Rule = Callable[[Mapping[str, Any]], Problem | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A published score. `not_for` maps a condition under which it must not be used to the reason."""

    key: str
    version: str
    name: Words
    citation: str
    population: Words
    unit: str
    inputs: tuple[Input, ...]
    formula: Callable[..., Outcome]
    bands: tuple[Band, ...] = ()
    notes: tuple[Words, ...] = ()
    not_for: Mapping[str, Words] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def problems(self, given: Mapping[str, Value | None], *, conditions: Iterable[str] = ()) -> tuple[Problem, ...]:
        """This function will list everything that stands against this score: nothing when it can be had.

        `given` may hold more than the score asks for. Codes: not_for, missing_input (with `how`), out_of_range, unit_needed,
        unknown_unit, not_a_number, not_whole, not_a_choice, not_yes_no, not_items, and those of the score's own rules.
        """
        return self._read(given, conditions)[1]

    def result(self, given: Mapping[str, Value | None], *, conditions: Iterable[str] = ()) -> Result:
        """This function will give the score. Raises Invalid with the code and field of the first problem, and all in `problems`."""
        values, problems = self._read(given, conditions)
        if problems:
            first = problems[0]
            listed = [{"code": one.code, "field": one.field, "words": dict(one.words), "how": one.how} for one in problems]
            raise Invalid(first.words["en"], code=first.code, field=first.field, problems=listed)
        outcome = self.formula(**values)
        return Result(
            score=self.key,
            value=outcome.value,
            unit=self.unit,
            band=outcome.band or self._band(outcome.value),
            parts=MappingProxyType(dict(outcome.parts)),
            notes=self.notes + outcome.notes,
            inputs=tuple(Used(one.name, values[one.name], one.unit) for one in self.inputs if values[one.name] is not None),
            version=self.version,
            citation=self.citation,
        )

    def in_own_units(self, **values: Plain | None) -> dict[str, Value | None]:
        """This function will say of bare values that they are in the units this score declares."""
        units = {one.name: one.unit for one in self.inputs if one.form == "number"}
        return {
            name: Quantity(value, units[name])
            if name in units and isinstance(value, int | float) and not isinstance(value, bool)
            else value
            for name, value in values.items()
        }

    def input(self, name: str) -> Input:
        """This function will give the declared input of that name."""
        return next(one for one in self.inputs if one.name == name)

    def _read(self, given: Mapping[str, Value | None], conditions: Iterable[str]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        values: dict[str, Any] = {}
        problems = [Problem("not_for", one, self.not_for[one]) for one in conditions if one in self.not_for]
        for one in self.inputs:
            value = given.get(one.name)
            read = None if value is None else one.read(value)
            if isinstance(read, Problem):
                problems.append(read)
            elif read is None and not one.optional:
                problems.append(one.missing())
            values[one.name] = read
        if not problems:
            problems.extend(problem for rule in self.rules if (problem := rule(values)) is not None)
        return values, tuple(problems)

    def _band(self, value: float) -> Band | None:
        return next((band for band in reversed(self.bands) if value >= band.lowest), None)


def against(code: str, field_name: str, zh: str, en: str) -> Problem:
    """This function will make the problem that a score's own rule found."""
    return Problem(code, field_name, words(zh, en))
