"""Cases of glucose and HbA1c conversions: the inputs name the formula."""

from collections.abc import Mapping
from typing import Any

from healthhub.lib import derived
from risk.scores.gmi import gmi


def conversion(case: Mapping[str, Any]) -> float:
    """This function will give what the case's id asks of its inputs: GMI, eAG, eA1C, NGSP to IFCC or back, HOMA-IR or HOMA-B."""
    inputs, asked = case["inputs"], str(case["id"]).lower()
    if "insulin_uU_ml" in inputs:
        homa = derived.homa_beta if asked.startswith("homa-b") else derived.homa_ir
        return homa(glucose_mmol_l=inputs["glucose_mmol_l"], insulin_mu_l=inputs["insulin_uU_ml"])
    if "mean_mg_dl" in inputs:
        return derived.estimated_a1c(inputs["mean_mg_dl"]) if asked.startswith("ea1c") else gmi(mean_mg_dl=inputs["mean_mg_dl"])
    if "a1c_mmol_mol" in inputs:
        return derived.ngsp_of_ifcc(inputs["a1c_mmol_mol"])
    if asked.startswith("eag"):
        return derived.estimated_average_glucose(inputs["a1c_pct"])
    return derived.ifcc_of_ngsp(inputs["a1c_pct"])
