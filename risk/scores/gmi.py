"""Glucose management indicator (Bergenstal 2018, Diabetes Care 41:2275): the HbA1c expected from a CGM mean."""

from math import inf

from healthhub.lib.refused import Invalid


def gmi(*, mean_mg_dl: float) -> float:
    """This function will give the GMI in % of a mean CGM glucose in mg/dL, unrounded. Raises Invalid(code="out_of_domain")."""
    if not 0 < mean_mg_dl < inf:
        raise Invalid("The mean glucose must be above zero.", code="out_of_domain", field="mean_mg_dl")
    return 3.31 + 0.02392 * mean_mg_dl


def gmi_mmol_mol(*, mean_mmol_l: float) -> float:
    """This function will give the GMI in mmol/mol of a mean CGM glucose in mmol/L, by the authors' own SI formula, unrounded."""
    if not 0 < mean_mmol_l < inf:
        raise Invalid("The mean glucose must be above zero.", code="out_of_domain", field="mean_mmol_l")
    return 12.71 + 4.70587 * mean_mmol_l
