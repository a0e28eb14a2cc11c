"""Figures that follow from readings by a fixed formula: body mass, pressures, heart-rate variability, glucose.

Every function gives the unrounded figure; rounding belongs to whoever shows it. Inputs out of the formula's domain
raise Invalid(code="out_of_domain") and are never clamped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, sqrt
from statistics import fmean, stdev
from typing import Literal

from healthhub.lib.refused import Invalid

BmiClass = Literal["underweight", "normal", "overweight", "obese"]
# First value of overweight and of obese: WS/T 428-2013, and WHO.
BMI_LIMITS: dict[str, tuple[float, float]] = {"cn": (24.0, 28.0), "who": (25.0, 30.0)}
UNDERWEIGHT_BELOW = 18.5
# Waist in cm from which obesity is central (WS/T 428-2013).
CENTRAL_FROM = {"male": 90.0, "female": 85.0}


def _demand(holds: bool, sentence: str, field: str) -> None:
    if not holds:
        raise Invalid(sentence, code="out_of_domain", field=field)


def bmi(*, weight_kg: float, height_cm: float) -> float:
    """This function will give the body mass index in kg/m2."""
    _demand(0 < weight_kg < inf, "The weight must be above zero.", "weight_kg")
    _demand(0 < height_cm < inf, "The height must be above zero.", "height_cm")
    return weight_kg / (height_cm / 100) ** 2


def bmi_class(bmi: float, *, standard: Literal["cn", "who"]) -> BmiClass:
    """This function will class a body mass index by the Chinese (24, 28) or the WHO (25, 30) limits."""
    _demand(0 < bmi < inf, "The body mass index must be above zero.", "bmi")
    overweight, obese = BMI_LIMITS[standard]
    if bmi < UNDERWEIGHT_BELOW:
        return "underweight"
    if bmi < overweight:
        return "normal"
    return "overweight" if bmi < obese else "obese"


def central_obesity(*, waist_cm: float, sex: Literal["male", "female"]) -> bool:
    """This function will tell whether the waist means central obesity by the Chinese limits."""
    return waist_cm >= CENTRAL_FROM[sex]


def mean_pressure(*, systolic: float, diastolic: float) -> float:
    """This function will give the mean arterial pressure, a third of the way from diastolic to systolic."""
    return (systolic + 2 * diastolic) / 3


def pulse_pressure(*, systolic: float, diastolic: float) -> float:
    """This function will give the pulse pressure, systolic minus diastolic."""
    return systolic - diastolic


@dataclass(frozen=True, slots=True)
class HeartRateVariability:
    """Time-domain figures of the Task Force of 1996: mean heart rate (/min), SDNN and RMSSD (ms), pNN50 (%)."""

    mean_hr: float
    sdnn: float
    rmssd: float
    pnn50: float


def heart_rate_variability(rr_ms: Sequence[float]) -> HeartRateVariability:
    """This function will give the time-domain variability of normal-to-normal intervals in ms, two or more, in order.

    SDNN is the sample deviation (n - 1); pNN50 is the share of successive differences above 50 ms.
    """
    _demand(len(rr_ms) >= 2, "At least two intervals are needed.", "rr_ms")
    _demand(all(0 < one < inf for one in rr_ms), "Intervals must be above zero.", "rr_ms")
    steps = [later - earlier for earlier, later in pairwise(rr_ms)]
    return HeartRateVariability(
        mean_hr=60_000 / fmean(rr_ms),
        sdnn=stdev(rr_ms),
        rmssd=sqrt(fmean(step * step for step in steps)),
        pnn50=100 * sum(abs(step) > 50 for step in steps) / len(steps),
    )


def estimated_average_glucose(a1c_percent: float) -> float:
    """This function will give the estimated average glucose in mg/dL of an HbA1c in NGSP % (ADAG, Nathan 2008)."""
    _demand(isfinite(a1c_percent) and a1c_percent > 46.7 / 28.7, "The HbA1c is too low for this formula.", "a1c_percent")
    return 28.7 * a1c_percent - 46.7


def estimated_a1c(mean_mg_dl: float) -> float:
    """This function will give the HbA1c in NGSP % that a mean glucose in mg/dL corresponds to (the inverse of ADAG)."""
    _demand(0 < mean_mg_dl < inf, "The mean glucose must be above zero.", "mean_mg_dl")
    return (46.7 + mean_mg_dl) / 28.7


def ifcc_of_ngsp(a1c_percent: float) -> float:
    """This function will express an HbA1c in NGSP % as IFCC mmol/mol."""
    return 10.929 * (a1c_percent - 2.15)


def ngsp_of_ifcc(a1c_mmol_mol: float) -> float:
    """This function will express an HbA1c in IFCC mmol/mol as NGSP %."""
    return a1c_mmol_mol / 10.929 + 2.15


def homa_ir(*, glucose_mmol_l: float, insulin_mu_l: float) -> float:
    """This function will give HOMA insulin resistance of fasting glucose (mmol/L) and insulin (mU/L, that is uU/mL)."""
    _demand(0 < glucose_mmol_l < inf and 0 < insulin_mu_l < inf, "Glucose and insulin must be above zero.", "glucose_mmol_l")
    return glucose_mmol_l * insulin_mu_l / 22.5


def homa_beta(*, glucose_mmol_l: float, insulin_mu_l: float) -> float:
    """This function will give HOMA beta-cell function in % of fasting glucose (mmol/L) and insulin (mU/L); needs glucose above 3.5."""
    _demand(3.5 < glucose_mmol_l < inf, "The formula needs a fasting glucose above 3.5 mmol/L.", "glucose_mmol_l")
    _demand(0 < insulin_mu_l < inf, "Insulin must be above zero.", "insulin_mu_l")
    return 20 * insulin_mu_l / (glucose_mmol_l - 3.5)
