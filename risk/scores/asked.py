"""Inputs that several scores ask for under the same name. Ranges differ from score to score and are given by each."""

from collections.abc import Mapping

from risk.scores.inputs import Input, Problem, choice, number, yes_no
from risk.scores.shape import against
from risk.scores.words import words

SEX = choice("sex", words("性别", "sex"), ("female", "male"))
DIABETES = yes_no("diabetes", words("糖尿病", "diabetes"))
SMOKER = yes_no("smoker", words("目前吸烟", "current smoking"))
BP_TREATED = yes_no("bp_treated", words("服用降压药", "blood pressure medication"))


def age(low: float, high: float, *, high_open: bool = False) -> Input:
    """This function will declare the age in years."""
    return number("age", words("年龄", "age"), "ask", "a", low, high, high_open=high_open)


def sbp(low: float, high: float) -> Input:
    """This function will declare the systolic pressure."""
    return number("sbp", words("收缩压", "systolic blood pressure"), "measure", "mm[Hg]", low, high, kind="map")


def total_c(low: float, high: float, unit: str = "mg/dL") -> Input:
    """This function will declare the total cholesterol."""
    return number("total_c", words("总胆固醇", "total cholesterol"), "order", unit, low, high, kind="cholesterol")


def hdl_c(low: float, high: float, unit: str = "mg/dL") -> Input:
    """This function will declare the HDL cholesterol."""
    return number("hdl_c", words("高密度脂蛋白胆固醇", "HDL cholesterol"), "order", unit, low, high, kind="hdl")


def bmi(low: float, high: float, *, high_open: bool = False) -> Input:
    """This function will declare the body mass index."""
    return number("bmi", words("体质指数", "body mass index"), "measure", "kg/m2", low, high, high_open=high_open, kind="bmi")


def waist(low: float, high: float) -> Input:
    """This function will declare the waist circumference."""
    return number("waist", words("腰围", "waist circumference"), "measure", "cm", low, high, kind="waist")


def egfr(low: float, high: float, *, low_open: bool = False, high_open: bool = False) -> Input:
    """This function will declare the estimated glomerular filtration rate."""
    label = words("估算肾小球滤过率（先测血肌酐）", "eGFR (from serum creatinine)")
    return number("egfr", label, "order", "mL/min/{1.73_m2}", low, high, low_open=low_open, high_open=high_open, kind="egfr")


def uacr(low: float, high: float, *, optional: bool = False) -> Input:
    """This function will declare the urine albumin-creatinine ratio."""
    label = words("尿白蛋白/肌酐比值", "urine albumin-creatinine ratio")
    return number("uacr", label, "order", "mg/g", low, high, kind="uacr", optional=optional)


def hba1c(low: float, high: float, unit: str = "%", *, optional: bool = False) -> Input:
    """This function will declare the HbA1c."""
    return number("hba1c", words("糖化血红蛋白", "HbA1c"), "order", unit, low, high, kind="hba1c", optional=optional)


def creatinine(low: float, high: float, unit: str = "mg/dL") -> Input:
    """This function will declare the serum creatinine."""
    return number("creatinine", words("血肌酐", "serum creatinine"), "order", unit, low, high, kind="creatinine")


def lipids(values: Mapping[str, float]) -> Problem | None:
    """This function will object to an HDL cholesterol that is not below the total."""
    if values["total_c"] > values["hdl_c"]:
        return None
    return against("inconsistent", "total_c", "总胆固醇须高于高密度脂蛋白胆固醇。", "Total cholesterol must be above HDL cholesterol.")
