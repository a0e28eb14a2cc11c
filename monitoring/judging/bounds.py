"""A bound is one limit a value is held against, natively in each unit it was published in.

70 mg/dL and 3.9 mmol/L are two published figures, not one figure converted: a value sent in mg/dL is compared with the
first as sent, every other value with the second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import ge, gt, le, lt

from monitoring.judging.values import Item

OPS: dict[str, Callable[[float, float], bool]] = {"at_least": ge, "above": gt, "at_most": le, "below": lt}
UPWARD = frozenset({"at_least", "above"})
# Differences of decimal figures (71.36 - 70.0) must not miss their limit by a binary hair.
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Bound:
    """`value` or `value2` against a limit: `limit` in the canonical `unit`, `native` in other units (every spelling of them).

    `margin` says how far inside, per unit, a value must be before it counts as back; units not named there use `share` of the limit.
    """

    name: str
    op: str
    unit: str
    limit: float
    component: str = "value"
    native: Mapping[str, float] = field(default_factory=dict)
    margin: Mapping[str, float] = field(default_factory=dict)
    share: float = 0.05

    def _taken(self, item: Item) -> tuple[float | None, float, str]:
        """This function will give the item's value, the limit and their common unit."""
        if self.component == "value2":
            return item.value2, self.limit, self.unit
        if item.unit:
            native = self.native.get(item.unit)
            if native is not None:
                return item.sent, native, item.unit
        return item.value, self.limit, self.unit

    def holds(self, item: Item) -> bool:
        """This function will tell whether the item lies beyond the limit."""
        if item.unit or self.component == "value2":
            value, limit, _ = self._taken(item)
            return value is not None and OPS[self.op](value, limit)
        return OPS[self.op](item.value, self.limit)

    def inside(self, item: Item) -> bool:
        """This function will tell whether the item is back inside the limit by the margin; a missing component counts as inside."""
        value, limit, unit = self._taken(item)
        return value is None or self.back(value, limit, unit)

    def back(self, value: float, limit: float, unit: str) -> bool:
        """This function will tell whether `value` is back inside `limit` (same `unit`) by the margin."""
        margin = self.margin.get(unit)
        if margin is None:
            margin = abs(limit) * self.share
        if margin == 0:
            return not OPS[self.op](value, limit)
        target = limit - margin if self.op in UPWARD else limit + margin
        return round(value - target, DIGITS) <= 0 if self.op in UPWARD else round(value - target, DIGITS) >= 0

    def passes(self, figure: float, unit: str = "") -> bool:
        """This function will tell whether a derived figure (a difference, a rate, a mean) lies beyond the limit of `unit`."""
        return OPS[self.op](round(figure, DIGITS), self.of_unit(unit))

    def of_unit(self, unit: str) -> float:
        """This function will give the limit in a unit, or the canonical one where that unit has none of its own."""
        return self.native.get(unit, self.limit) if unit else self.limit

    def said(self, item: Item) -> dict[str, object]:
        """This function will give the limit as used for the item: `{name, op, component, value, unit}`, for the evidence."""
        _, limit, unit = self._taken(item)
        return {"name": self.name, "op": self.op, "component": self.component, "value": limit, "unit": unit}
