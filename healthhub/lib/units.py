"""Units of measure: UCUM codes with the spellings people and devices use, and conversion to a kind's canonical unit.

A conversion is `canonical = value * factor + offset`. The table of a kind holds every accepted spelling, so that
the usual reading costs one dictionary look-up.
"""

from abc import abstractmethod
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from healthhub.lib.refused import Invalid

DUST = 12  # decimals beyond which a converted value is only floating-point dust

# UCUM code -> other spellings met in the field. Folding (case, blanks, micro sign) is done by `folded`, so only
# spellings that differ otherwise are listed.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "mm[Hg]": ("mmHg", "mm_hg", "millimeterofmercury", "毫米汞柱"),
    "kPa": ("千帕",),
    "/min": ("bpm", "1/min", "{beats}/min", "{breaths}/min", "count/min", "beats/min", "breaths/min", "min-1", "次/分", "次/分钟"),
    "%": ("percent", "pct", "{percent}", "vol%", "%{vol}"),
    "Cel": ("°C", "℃", "degC", "C", "celsius", "摄氏度"),
    "[degF]": ("°F", "℉", "degF", "F", "fahrenheit", "华氏度"),
    "K": ("{delta}Cel", "deltaCel", "delta°C"),
    "ms": ("msec", "毫秒"),
    "s": ("sec", "秒"),
    "kg": ("kgs", "公斤", "千克"),
    "g": ("克",),
    "[iU]": ("U", "IU", "units", "国际单位"),
    "[lb_av]": ("lb", "lbs", "pound", "pounds", "磅"),
    "[jin_ch]": ("jin", "市斤", "斤"),
    "cm": ("厘米",),
    "m": ("米", "meter", "meters", "metre", "metres"),
    "[in_i]": ("in", "inch", "inches", "英寸"),
    "kg/m2": ("kg/m^2", "kg/m²"),
    "mmol/L": ("毫摩尔/升",),
    "mg/dL": ("毫克/分升", "mg%"),
    "umol/L": ("micromol/L", "微摩尔/升"),
    "mmol/mol": ("mmol/molHb",),
    "mg/g": ("mg/gCr", "mg/g{creat}"),
    "mg/mmol": ("mg/mmol{creat}",),
    "L/min": ("lpm", "升/分"),
    "L/s": ("l/sec", "升/秒"),
    "L": ("litre", "liter", "升"),
    "mL": ("毫升",),
    "mL/(kg.min)": ("mL/kg/min", "mL/min/kg", "mL/(kg*min)", "mL/min·kg"),
    "mL/min/{1.73_m2}": ("mL/min/1.73m2", "mL/min/1.73m^2", "mL/min/1.73m²"),
    "min": ("minute", "minutes", "分钟"),
    "h": ("hr", "hrs", "hour", "hours", "小时"),
    "d": ("day", "days", "天"),
    "km": ("kilometer", "公里"),
    "[mi_us]": ("mi", "mile", "miles", "[mi_i]"),
    "kcal": ("Cal", "千卡", "大卡"),
    "kJ": ("千焦",),
    "{steps}": ("steps", "step", "count", "{count}", "步"),
    "{puffs}": ("puffs", "puff", "count", "喷"),
    "{INR}": ("INR", "1", "ratio", "{ratio}"),
    "{score}": ("", "1", "score", "points", "{points}", "分"),
    "{code}": ("", "1", "code", "{bool}", "{event}"),
    "{drinks}/d": ("drinks/d", "drinks/day", "/d"),
}


class Measured(Protocol):
    """What a conversion needs to know of a kind: its canonical unit, and what the accepted spellings mean."""

    @property
    @abstractmethod
    def key(self) -> str: ...

    @property
    @abstractmethod
    def unit(self) -> str: ...

    @property
    @abstractmethod
    def units(self) -> Mapping[str, tuple[float, float]]: ...

    @property
    @abstractmethod
    def ucum(self) -> Mapping[str, str]: ...


def folded(unit: str) -> str:
    """This function will give the form of a spelling in which case, blanks and the two micro signs do not count."""
    return "".join(unit.split()).replace("µ", "u").replace("μ", "u").casefold()


def spellings(code: str) -> frozenset[str]:
    """This function will give all spellings of a UCUM code, the folded ones included."""
    known = {code, *SPELLINGS.get(code, ())}
    return frozenset(known | {folded(one) for one in known})


def ucum(unit: str, *, kind: Measured) -> str:
    """This function will give the UCUM code that a spelling stands for. Raises Invalid(code="unknown_unit", field="unit")."""
    code = kind.ucum.get(unit) or kind.ucum.get(folded(unit))
    if code is None:
        raise _unknown(unit, kind)
    return code


def _unknown(unit: str, kind: Measured) -> Invalid:
    return Invalid(f"{kind.key} is not measured in {unit[:40]!r}; its unit is {kind.unit}.", code="unknown_unit", field="unit")


def _conversion(unit: str, kind: Measured) -> tuple[float, float]:
    found = kind.units.get(unit) or kind.units.get(folded(unit))
    if found is None:
        raise _unknown(unit, kind)
    return found


def to_canonical(value: float, *, unit: str, kind: Measured) -> float:
    """This function will express `value`, given in `unit`, in the canonical unit of `kind`.

    A converted value is cut to twelve decimals: 100.4 degF must be 38 Cel and not a hair less, because limits are
    compared with it. Raises Invalid(code="unknown_unit", field="unit").
    """
    if unit == kind.unit:
        return value
    factor, offset = kind.units.get(unit) or _conversion(unit, kind)
    if factor == 1.0 and not offset:
        return value
    return round(value * factor + offset, DUST)


def from_canonical(value: float, *, unit: str, kind: Measured) -> float:
    """This function will express a canonical `value` of `kind` in `unit`, unrounded to within 1e-9 (see `round_half_up`).

    Raises Invalid(code="unknown_unit", field="unit").
    """
    if unit == kind.unit:
        return value
    factor, offset = kind.units.get(unit) or _conversion(unit, kind)
    if factor == 1.0 and not offset:
        return value
    return round((value - offset) / factor, 9)


def round_half_up(value: float, digits: int = 0) -> float:
    """This function will round to `digits` decimals with halves away from zero, as clinical tables do.

    Floating-point dust is swept first (28.7 * 6 - 46.7 is 125.5 and becomes 126). Finite values only.
    """
    clean = Decimal(repr(round(value, digits + 9)))
    return float(clean.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
