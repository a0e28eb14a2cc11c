"""Cases of unit conversions: one input, whose name says what is measured and in which unit; the answer is in the other unit."""

from collections.abc import Mapping
from typing import Any

from healthhub.lib.refused import Invalid
from healthhub.lib.units import from_canonical, to_canonical
from healthhub.records.catalogue import BY_KEY

# How an input's name begins -> kind. A name without a measure is glucose in either unit, or names its unit alone.
MEASURES: Mapping[str, str] = {
    "glu": "glucose",
    "glucose": "glucose",
    "ua": "uric_acid",
    "uric_acid": "uric_acid",
    "acr": "uacr",
    "uacr": "uacr",
    "bhb": "ketone",
    "ketone": "ketone",
    "tc": "cholesterol",
    "chol": "cholesterol",
    "cholesterol": "cholesterol",
    "ldl": "ldl",
    "hdl": "hdl",
    "tg": "triglycerides",
    "triglycerides": "triglycerides",
    "cr": "creatinine",
    "scr": "creatinine",
    "crea": "creatinine",
    "creat": "creatinine",
    "creatinine": "creatinine",
    "a1c": "hba1c",
    "pef": "pef",
    "temp": "temp",
    "weight": "weight",
    "height": "height",
    "bp": "map",
    "sbp": "map",
}
# How an input's name ends -> its unit, the unit of the answer, and the kind where the unit alone tells.
UNITS: Mapping[str, tuple[str, str, str]] = {
    "mmol_l": ("mmol/L", "mg/dL", "glucose"),
    "mg_dl": ("mg/dL", "mmol/L", "glucose"),
    "umol_l": ("umol/L", "mg/dL", ""),
    "mg_mmol": ("mg/mmol", "mg/g", "uacr"),
    "mg_g": ("mg/g", "mg/mmol", "uacr"),
    "mmol_mol": ("mmol/mol", "%", "hba1c"),
    "pct": ("%", "mmol/mol", "hba1c"),
    "cel": ("Cel", "[degF]", "temp"),
    "degf": ("[degF]", "Cel", "temp"),
    "fahrenheit": ("[degF]", "Cel", "temp"),
    "l_min": ("L/min", "L/s", "pef"),
    "l_s": ("L/s", "L/min", "pef"),
    "lb": ("[lb_av]", "kg", "weight"),
    "kg": ("kg", "[lb_av]", "weight"),
    "inch": ("[in_i]", "cm", "height"),
    "in": ("[in_i]", "cm", "height"),
    "cm": ("cm", "[in_i]", "height"),
    "kpa": ("kPa", "mm[Hg]", "map"),
    "mmhg": ("mm[Hg]", "kPa", "map"),
    "kj": ("kJ", "kcal", "active_energy"),
    "kcal": ("kcal", "kJ", "active_energy"),
}


def conversion(case: Mapping[str, Any]) -> float:
    """This function will convert the case's one input to its counterpart unit through the catalogue."""
    ((name, value),) = case["inputs"].items()
    unit, other, key = _meant(name.lower())
    kind = BY_KEY[key]
    return from_canonical(to_canonical(value, unit=unit, kind=kind), unit=other, kind=kind)


def _meant(name: str) -> tuple[str, str, str]:
    for ending, (unit, other, kind) in UNITS.items():
        measure = name.removesuffix(ending).rstrip("_")
        if not name.endswith(ending) or (measure and measure not in MEASURES):
            continue
        key = MEASURES.get(measure, kind)
        # Creatinine and uric acid are kept in umol/L, so their mg/dL turns into that and not into mmol/L.
        if unit == "mg/dL" and key in ("creatinine", "uric_acid"):
            other = "umol/L"
        if key:
            return unit, other, key
    raise Invalid(f"It is not known what {name} measures.", code="unknown_input", field=name)
