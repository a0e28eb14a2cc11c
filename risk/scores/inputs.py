"""What a score asks for: each input with its name, UCUM unit, valid range, and how to come by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from healthhub.lib.refused import Invalid
from healthhub.lib.units import DUST, folded, from_canonical, spellings, to_canonical
from healthhub.records.catalogue import BY_KEY
from risk.scores.words import HOW, Words, words


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with the unit it is in. Inputs that are met in several units are only taken like this."""

    value: float
    unit: str


Plain = float | bool | str | tuple[int, ...]
Value = Plain | Quantity


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a score cannot be had: a stable code, the input it is about, a sentence, and how to come by what is missing."""

    code: str
    field: str
    words: Words
    how: str | None = None


def missing(name: str, label: Words, how: str) -> Problem:
    """This function will say that an input is missing, and, by `how`, the way to come by it."""
    zh, en = f"缺少：{label['zh-hans']}。{HOW[how]['zh-hans']}。", f"Missing: {label['en']}: {HOW[how]['en']}."
    return Problem("missing_input", name, words(zh, en), how)


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `low` and `high` belong to the valid range unless marked open. `kind` is its kind in the catalogue."""

    name: str
    label: Words
    how: str
    form: str  # number | yes_no | choice | items
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()
    count: int = 0
    optional: bool = False
    kind: str | None = None
    units: Mapping[str, float] = field(default_factory=dict)  # another unit -> factor to `unit`, where the catalogue does not say

    @property
    def convertible(self) -> bool:
        """Whether the input is met in more than one unit, so that a bare number would mean nothing."""
        return bool(self.units) or (self.kind is not None and len(set(BY_KEY[self.kind].ucum.values())) > 1)

    def read(self, value: Value) -> Plain | Problem:
        """This function will give the value in the input's own unit, or say what is wrong with it. Nothing is clamped."""
        if self.form == "number":
            return self._number(value)
        if self.form == "yes_no":
            return value if isinstance(value, bool) else self._problem("not_yes_no", "需要“是”或“否”", "must be yes or no")
        if self.form == "choice":
            return value if isinstance(value, str) and value in self.choices else self._not_a_choice()
        return self._items(value)

    def missing(self) -> Problem:
        """This function will say that the input is missing and how to come by it."""
        return missing(self.name, self.label, self.how)

    def _number(self, value: Value) -> float | Problem:
        bare = value.value if isinstance(value, Quantity) else value
        if isinstance(bare, bool) or not isinstance(bare, int | float) or not isfinite(bare):
            return self._problem("not_a_number", "需要数值", "must be a number")
        if self.convertible and not isinstance(value, Quantity):
            return self._problem("unit_needed", "需要注明单位", "needs its unit")
        try:
            number = self._converted(value) if isinstance(value, Quantity) else float(bare)
        except Invalid as refused:
            return self._problem(refused.code, "单位不适用", "is not measured in this unit")
        if self.whole and number != int(number):
            return self._problem("not_whole", "需要整数", "must be a whole number")
        return number if self._within(number) else self._outside(number)

    def _converted(self, quantity: Quantity) -> float:
        if quantity.unit in spellings(self.unit) or folded(quantity.unit) in spellings(self.unit):
            return float(quantity.value)
        for unit, factor in self.units.items():
            if quantity.unit in spellings(unit) or folded(quantity.unit) in spellings(unit):
                return round(quantity.value * factor, DUST)
        if self.kind is None:
            raise Invalid(f"{self.name} is not measured in {quantity.unit[:40]!r}.", code="unknown_unit", field=self.name)
        kind = BY_KEY[self.kind]
        return from_canonical(to_canonical(quantity.value, unit=quantity.unit, kind=kind), unit=self.unit, kind=kind)

    def _within(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    def _items(self, value: Value) -> tuple[int, ...] | Problem:
        if not isinstance(value, list | tuple) or len(value) != self.count:
            return self._problem("not_items", f"需要{self.count}项回答", f"needs {self.count} answers")
        for one in value:
            if isinstance(one, bool) or not isinstance(one, int) or not self.low <= one <= self.high:
                span = f"{self.low:g}-{self.high:g}"
                return self._problem("out_of_range", f"每项为{span}", f"takes answers of {span}")
        return tuple(value)

    def range_text(self) -> str:
        """This function will write the valid range: "18.5 <= bmi < 40 kg/m2"."""
        left, right = "<" if self.low_open else "<=", "<" if self.high_open else "<="
        return f"{self.low:g} {left} {self.name} {right} {self.high:g} {self.unit}".rstrip()

    def _outside(self, number: float) -> Problem:
        zh = f"数值{number:g}超出该评分的适用范围（{self.range_text()}）"
        return self._problem("out_of_range", zh, f"of {number:g} is outside the valid range of this score ({self.range_text()})")

    def _not_a_choice(self) -> Problem:
        listed = ", ".join(self.choices)
        return self._problem("not_a_choice", f"只能是：{listed}", f"is one of {listed}")

    def _problem(self, code: str, zh: str, en: str) -> Problem:
        return Problem(code, self.name, words(f"{self.label['zh-hans']}：{zh}。", f"{self.label['en']} {en}."))


def number(name: str, label: Words, how: str, unit: str, low: float, high: float, **more: object) -> Input:
    """This function will declare a number within a range, in a unit."""
    return Input(name, label, how, "number", unit, low, high, **more)  # type: ignore[arg-type]


def yes_no(name: str, label: Words, how: str = "ask", *, optional: bool = False) -> Input:
    """This function will declare a question of yes or no."""
    return Input(name, label, how, "yes_no", optional=optional)


def choice(name: str, label: Words, choices: tuple[str, ...], how: str = "ask") -> Input:
    """This function will declare a choice of one among several words."""
    return Input(name, label, how, "choice", choices=choices)


def answers(name: str, label: Words, count: int, highest: int) -> Input:
    """This function will declare the answers of a questionnaire, each from 0 to `highest`."""
    return Input(name, label, "ask", "items", unit="{score}", high=highest, count=count)
