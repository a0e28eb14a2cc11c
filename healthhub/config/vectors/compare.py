"""How an expected value of a case is held against what the product says."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from healthhub.lib.units import round_half_up

_PLACES = re.compile(r"\b(\d+) ?(?:dp|decimals?)\b")
# A tolerance is meant on paper; binary fractions must not miss it by a hair.
_HAIR = 1e-12


def places_named(*texts: str | None) -> int | None:
    """This function will find the decimals a text asks to round to ("3 dp", "nearest integer"), the first text that says so."""
    for text in texts:
        if text and "integer" in text:
            return 0
        if text and (found := _PLACES.search(text)):
            return int(found[1])
    return None


def agrees(expected: Any, got: Any, *, tolerance: float, places: int | None) -> bool:
    """This function will tell whether `got` is what was expected.

    Of a mapping every expected key must agree; further keys are no fault. Lists agree item by item, except lists of
    words (codes), whose order means nothing. Numbers agree within `tolerance`; with tolerance 0 they agree after
    rounding half up to `places` decimals, or to as many as `expected` is written with.
    """
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(
            key in got and agrees(value, got[key], tolerance=tolerance, places=places) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return _lists_agree(expected, got, tolerance=tolerance, places=places)
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        return type(expected) is type(got) and bool(expected == got)
    if isinstance(got, bool) or not isinstance(got, int | float):
        return False
    if tolerance:
        return abs(got - expected) <= tolerance + _HAIR * max(1.0, abs(expected))
    return round_half_up(got, _written(expected) if places is None else places) == expected


def _lists_agree(expected: Sequence[Any], got: Any, *, tolerance: float, places: int | None) -> bool:
    if not isinstance(got, list | tuple) or len(got) != len(expected):
        return False
    if all(isinstance(one, str) for one in (*expected, *got)):
        return sorted(expected) == sorted(got)
    return all(agrees(one, other, tolerance=tolerance, places=places) for one, other in zip(expected, got, strict=True))


def _written(number: float) -> int:
    """The decimals a number is written with: 1 for 3.0, none for 183."""
    exponent = Decimal(repr(number)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
