"""Cases of derived figures: heart-rate variability, body mass, pressures; and of NEWS2."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from healthhub.lib import derived
from healthhub.lib.units import round_half_up
from risk.scores.news2 import news2

# Decimals in which the cases report variability; their tolerance is finer than that.
DECIMALS = {"mean_hr": 2, "sdnn": 3, "rmssd": 3, "pnn50": 2}


def derived_metrics(case: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give variability, body mass with its classes, or mean and pulse pressure, as the inputs ask."""
    inputs = case["inputs"]
    if "rr_ms" in inputs:
        variability = asdict(derived.heart_rate_variability(inputs["rr_ms"]))
        return {name: round_half_up(value, DECIMALS[name]) for name, value in variability.items()}
    if "sbp" in inputs:
        pressures = {"systolic": inputs["sbp"], "diastolic": inputs["dbp"]}
        return {"map": derived.mean_pressure(**pressures), "pp": derived.pulse_pressure(**pressures)}
    height = inputs["height_cm"] if "height_cm" in inputs else 100 * inputs["height_m"]
    bmi = derived.bmi(weight_kg=inputs["weight_kg"], height_cm=height)
    return {"bmi": bmi, "cn": derived.bmi_class(bmi, standard="cn"), "who": derived.bmi_class(bmi, standard="who")}


def early_warning(case: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give the NEWS2 total, band and points of the inputs."""
    return asdict(news2(**case["inputs"]))
