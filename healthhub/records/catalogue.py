"""The catalogue of kinds: what can be observed, in which unit, and which values are possible.

The kinds are data (`kinds/*.toml`), read once at import. Numbers are stored in rows and never change their meaning.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, Literal, NoReturn

from healthhub.lib import units as unit_table
from healthhub.lib.data_classes import DATA_CLASSES as DATA_CLASSES
from healthhub.lib.refused import Invalid

# Bits of an observation's flags.
SUSPICIOUS = 1  # outside the soft range: kept, shown with a question mark, no alert by itself
LATE = 2  # arrived too late to speak of now
CUFFLESS = 4  # a blood pressure without a cuff: for trends only
CENSORED_LOW = 8  # the meter said LO
CENSORED_HIGH = 16  # the meter said HI
SIMULATED = 32
OUT_OF_ORDER = 64  # older than what was already there of its kind

Range = tuple[float, float]
Limits = tuple[float, float, float, float]  # hard low, soft low, soft high, hard high, in the canonical unit
Verdict = Literal["ok", "suspicious"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Kind:
    """One kind of observation. All ranges are in the canonical `unit` (UCUM)."""

    number: int
    key: str
    name: Mapping[str, str]  # zh-hans, en
    loinc: str | None
    loinc2: str | None  # of the second component
    panel: str | None  # LOINC of the two components together
    loinc_in: Mapping[str, str]  # UCUM code -> LOINC, where mass and molar results have different codes
    loinc_also: frozenset[str]  # further codes under which this kind arrives
    unit: str
    units: Mapping[str, tuple[float, float]]  # accepted spelling -> (factor, offset)
    ucum: Mapping[str, str]  # accepted spelling -> UCUM code
    hard: Range
    hard2: Range | None
    soft: Range
    soft2: Range | None
    gap: Range | None  # soft range of first minus second component
    jump: tuple[float, timedelta] | None  # a larger change within this time is suspicious
    limits: Limits
    limits_in: Mapping[str, Limits]  # spelling -> limits stated natively for that unit (converted without rounding them)
    precision: int  # decimals shown in the canonical unit
    precision_in: Mapping[str, int]  # UCUM code -> decimals
    codes: tuple[str, ...]  # meaning of 0, 1, 2, ... for coded kinds
    whole: bool
    data_class: str
    cumulative: bool
    current_for: timedelta
    components: Literal[1, 2]


def plausible(kind: Kind, value: float, value2: float | None = None, *, unit: str | None = None) -> Verdict:
    """This function will say whether a value is "ok" or "suspicious", and refuse what cannot be.

    Values are canonical. `unit` is the unit as sent: kinds with ranges in both unit systems are judged by that unit's
    own range (10 mg/dL of glucose is possible although 0.6 mmol/L is the lowest possible in mmol/L).
    Raises Invalid(code="impossible_value", field="value"|"value2"), also for NaN and infinity, for a missing second
    component, for a second component the kind has not, and for fractions on a scale of whole numbers.
    """
    low, soft_low, soft_high, high = kind.limits
    if unit is not None and unit != kind.unit and kind.limits_in:
        low, soft_low, soft_high, high = kind.limits_in.get(unit) or kind.limits_in.get(unit_table.folded(unit), kind.limits)
    if not low <= value <= high:
        _impossible(kind, "value", (low, high))
    if kind.components == 2:
        return _pair(kind, value, value2)
    if value2 is not None:
        raise Invalid(f"{kind.key} has one value.", code="impossible_value", field="value2")
    if kind.whole and value % 1:
        raise Invalid(f"{kind.key} is a whole number.", code="impossible_value", field="value")
    return "ok" if soft_low <= value <= soft_high else "suspicious"


def leaps(kind: Kind, value: float, at: datetime, earlier: Iterable[tuple[datetime, float]]) -> bool:
    """This function will tell whether a value is too far from the median of those just before it (another person on the scale).

    `earlier` are (moment, canonical value); only those within the kind's own time before `at` count. A kind without
    such a limit, or a value without anything before it, never leaps.
    """
    if kind.jump is None:
        return False
    by, within = kind.jump
    near = [one for moment, one in earlier if at - within <= moment < at]
    return bool(near) and abs(value - median(near)) > by


def _pair(kind: Kind, value: float, value2: float | None) -> Verdict:
    hard2, soft2, gap = kind.hard2, kind.soft2, kind.gap
    if hard2 is None or soft2 is None or gap is None:
        raise TypeError(f"{kind.key} is declared with one component")
    if value2 is None:
        raise Invalid(f"{kind.key} needs both values.", code="impossible_value", field="value2")
    if not hard2[0] <= value2 <= hard2[1]:
        _impossible(kind, "value2", hard2)
    if value2 >= value:
        raise Invalid(f"The second value of {kind.key} must be below the first.", code="impossible_value", field="value2")
    usual = kind.soft[0] <= value <= kind.soft[1] and soft2[0] <= value2 <= soft2[1] and gap[0] <= value - value2 <= gap[1]
    return "ok" if usual else "suspicious"


def _impossible(kind: Kind, field: str, limits: Range) -> NoReturn:
    low, high = (f"{one:.4g}" for one in limits)
    raise Invalid(f"{kind.key} must be from {low} to {high} {kind.unit}.", code="impossible_value", field=field)


def _span(text: str) -> timedelta:
    names = {"m": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{names[text[-1]]: int(text[:-1])})


def _conversion(unit: Mapping[str, Any]) -> tuple[float, float]:
    """`from` is taken off before the factor (Fahrenheit's 32), `plus` is added after it (the 2.15 of IFCC to NGSP)."""
    factor = float(unit["factor"]) if "factor" in unit else 1.0 / float(unit["per"])
    return factor, float(unit.get("plus", 0)) - float(unit.get("from", 0)) * factor


def _range(pair: list[float] | None, otherwise: Range) -> Range:
    return otherwise if pair is None else (float(pair[0]), float(pair[1]))


def _meanings(own: str, accepts: Iterable[str]) -> dict[str, str]:
    """Spelling -> UCUM code. No spelling may mean two of the units a kind accepts."""
    table: dict[str, str] = {}
    for code in (own, *accepts):
        for spelling in unit_table.spellings(code):
            if table.setdefault(spelling, code) != code:
                raise ValueError(f"{spelling!r} would mean both {table[spelling]} and {code}")
    return table


def _units(own: str, accepts: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    conversions = {own: (1.0, 0.0)} | {code: _conversion(unit) for code, unit in accepts.items()}
    return {spelling: conversions[code] for spelling, code in _meanings(own, accepts).items()}


def _limits_in(accepts: Mapping[str, Mapping[str, Any]]) -> dict[str, Limits]:
    found: dict[str, Limits] = {}
    for code, unit in accepts.items():
        if "hard" in unit:
            factor, offset = _conversion(unit)
            ends = (unit["hard"][0], unit["soft"][0], unit["soft"][1], unit["hard"][1])
            # The same arithmetic as `to_canonical`, so that a value on the limit compares equal to it.
            low, soft_low, soft_high, high = (round(end * factor + offset, unit_table.DUST) for end in ends)
            found |= dict.fromkeys(unit_table.spellings(code), (low, soft_low, soft_high, high))
    return found


def _kind(key: str, row: Mapping[str, Any]) -> Kind:
    accepts: Mapping[str, Mapping[str, Any]] = row.get("accepts", {})
    hard = _range(row["hard"], (-inf, inf))
    soft = _range(row.get("soft"), hard)
    hard2 = _range(row["hard2"], hard) if "hard2" in row else None
    codes = tuple(row.get("codes", ()))
    jump = row.get("jump")
    if row["data_class"] not in DATA_CLASSES:
        raise ValueError(f"{key}: consent knows no data class {row['data_class']!r}")
    return Kind(
        number=row["number"],
        key=key,
        name=MappingProxyType(row["name"]),
        loinc=row.get("loinc"),
        loinc2=row.get("loinc2"),
        panel=row.get("panel"),
        loinc_in=MappingProxyType({code: unit["loinc"] for code, unit in accepts.items() if "loinc" in unit}),
        loinc_also=frozenset(row.get("loinc_also", ())),
        unit=row["unit"],
        units=MappingProxyType(_units(row["unit"], accepts)),
        ucum=MappingProxyType(_meanings(row["unit"], accepts)),
        hard=hard,
        hard2=hard2,
        soft=soft,
        soft2=None if hard2 is None else _range(row.get("soft2"), hard2),
        gap=_range(row.get("gap"), (0.0, inf)) if hard2 else None,
        jump=None if jump is None else (float(jump["by"]), _span(jump["within"])),
        limits=(hard[0], soft[0], soft[1], hard[1]),
        limits_in=MappingProxyType(_limits_in(accepts)),
        precision=row.get("digits", 0),
        precision_in=MappingProxyType({row["unit"]: row.get("digits", 0)} | {code: unit["digits"] for code, unit in accepts.items()}),
        codes=codes,
        whole=row.get("whole", bool(codes)),
        data_class=row["data_class"],
        cumulative=row.get("cumulative", False),
        current_for=_span(row["current"]),
        components=2 if hard2 else 1,
    )


def _load(folder: Path) -> tuple[Kind, ...]:
    kinds: list[Kind] = []
    for file in sorted(folder.glob("*.toml")):
        kinds += (_kind(key, row) for key, row in tomllib.loads(file.read_text(encoding="utf-8")).items())
    return tuple(kinds)


KINDS = _load(Path(__file__).with_name("kinds"))
BY_KEY: Mapping[str, Kind] = MappingProxyType({kind.key: kind for kind in KINDS})
BY_NUMBER: Mapping[int, Kind] = MappingProxyType({kind.number: kind for kind in KINDS})
