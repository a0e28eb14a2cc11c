"""Rows of hospital stays of people with diabetes (UCI 296, Strack 2014): what is dropped, how diagnoses and codes are grouped."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Died, or went to a hospice: nobody of them can come back.
GONE = frozenset({11, 13, 14, 19, 20, 21})
# First three digits of ICD-9 by group, after Strack 2014, table 2; diabetes is 250.xx.
GROUPS_OF_ICD9: Mapping[str, tuple[tuple[int, int], ...]] = {
    "circulatory": ((390, 459), (785, 785)),
    "respiratory": ((460, 519), (786, 786)),
    "digestive": ((520, 579), (787, 787)),
    "diabetes": ((250, 250),),
    "injury": ((800, 999),),
    "musculoskeletal": ((710, 739),),
    "genitourinary": ((580, 629), (788, 788)),
    "neoplasms": ((140, 239),),
}
OTHER = "other"
DIAGNOSES = (*GROUPS_OF_ICD9, OTHER)
# Within the groups, what is known to bring people back.
SINGLED_OUT: Mapping[str, tuple[tuple[int, int], ...]] = {
    "heart_failure": ((428, 428),),
    "kidney_failure": ((584, 586),),
    "copd": ((490, 496),),
    "ischaemic_heart": ((410, 414),),
    "anaemia": ((280, 285),),
    "mental": ((290, 319),),
    "liver": ((570, 573),),
}
DISPOSITIONS: Mapping[str, frozenset[int]] = {
    "home": frozenset({1}),
    "home_care": frozenset({6, 8}),
    "nursing": frozenset({3, 4, 24}),
    "hospital": frozenset({2, 5, 9, 10, 15, 29}),
    "rehabilitation": frozenset({22, 23}),
    "psychiatry": frozenset({28}),
    "against_advice": frozenset({7}),
}
SOURCES: Mapping[str, frozenset[int]] = {
    "emergency_room": frozenset({7}),
    "referral": frozenset({1, 2, 3}),
    "transfer": frozenset({4, 5, 6, 10, 18, 22, 25, 26}),
}
ADMISSIONS: Mapping[str, frozenset[int]] = {"emergency": frozenset({1, 7}), "urgent": frozenset({2}), "elective": frozenset({3})}
SPECIALTIES = (
    "InternalMedicine", "Emergency/Trauma", "Family/GeneralPractice", "Cardiology", "Surgery-General", "Nephrology", "Orthopedics",
    "PhysicalMedicineandRehabilitation", "Psychiatry", "ObstetricsandGynecology", "Oncology", "Surgery-Cardiovascular/Thoracic",
)  # fmt: skip
COUNTS = (
    "time_in_hospital", "num_lab_procedures", "num_procedures", "num_medications", "number_outpatient", "number_emergency",
    "number_inpatient", "number_diagnoses",
)  # fmt: skip
PILLS = (
    "metformin", "repaglinide", "nateglinide", "chlorpropamide", "glimepiride", "acetohexamide", "glipizide", "glyburide", "tolbutamide",
    "pioglitazone", "rosiglitazone", "acarbose", "miglitol", "troglitazone", "tolazamide",
)  # fmt: skip
CHANGED = {"No": 0.0, "Down": 1.0, "Steady": 2.0, "Up": 3.0}
RESULTS = {"A1Cresult": {"Norm": 0.0, ">7": 1.0, ">8": 2.0}, "max_glu_serum": {"Norm": 0.0, ">200": 1.0, ">300": 2.0}}
COLUMNS = (
    "patient_nbr", "gender", "age", "race", "admission_type_id", "discharge_disposition_id", "admission_source_id", "medical_specialty",
    "diag_1", "diag_2", "diag_3", "insulin", "change", "diabetesMed", "readmitted", *RESULTS, *COUNTS, *PILLS,
)  # fmt: skip


def kept(raw: pd.DataFrame) -> pd.DataFrame:
    """This function will leave out the stays of those who died or went to a hospice, and those whose outcome is unknown."""
    gone = pd.to_numeric(raw["discharge_disposition_id"], errors="coerce").isin(GONE)
    return raw[~gone & raw["readmitted"].isin(["<30", ">30", "NO"])].reset_index(drop=True)


def rows(raw: pd.DataFrame) -> pd.DataFrame:
    """This function will give the features of stays (one row each), NaN where the file has a question mark."""
    found: dict[str, Floats] = {"age": _age(raw["age"]), "female": _flag(raw["gender"], {"Female": 1.0, "Male": 0.0})}
    found |= {name: _numbers(raw[name]) for name in COUNTS}
    found["visits_before"] = found["number_outpatient"] + found["number_emergency"] + found["number_inpatient"]
    found |= {f"diagnosis_{name}": flags for name, flags in _first_diagnosis(raw["diag_1"]).items()}
    found |= {f"also_{name}": flags for name, flags in _any_diagnosis(raw).items()}
    for prefix, column, groups in (
        ("to", "discharge_disposition_id", DISPOSITIONS),
        ("from", "admission_source_id", SOURCES),
        ("type", "admission_type_id", ADMISSIONS),
    ):
        code = _numbers(raw[column])
        found |= {f"{prefix}_{name}": np.isin(code, list(codes)).astype(np.float64) for name, codes in groups.items()}
    for name in SPECIALTIES:
        found[f"by_{slug(name)}"] = (raw["medical_specialty"] == name).to_numpy(dtype=np.float64)
    found |= {name: _flag(raw[name], known) for name, known in RESULTS.items()}
    found["insulin"] = _flag(raw["insulin"], CHANGED)
    found["metformin"] = _flag(raw["metformin"], CHANGED)
    found["pills"] = (raw[list(PILLS)] != "No").sum(axis=1).to_numpy(dtype=np.float64)
    found["changed"] = (raw["change"] == "Ch").to_numpy(dtype=np.float64)
    found["treated"] = (raw["diabetesMed"] == "Yes").to_numpy(dtype=np.float64)
    return pd.DataFrame(found)


def slug(specialty: str) -> str:
    """This function will give a specialty as a column's name."""
    return "".join(letter if letter.isalnum() else "_" for letter in specialty).lower()


def group_of(code: object) -> str:
    """This function will give Strack's group of an ICD-9 code such as 250.43, 428 or V27."""
    return _among(code, GROUPS_OF_ICD9) or OTHER


def _among(code: object, groups: Mapping[str, Sequence[tuple[int, int]]]) -> str:
    try:
        digits = int(float(str(code)))
    except ValueError:
        return ""
    return next((name for name, spans in groups.items() if any(low <= digits <= high for low, high in spans)), "")


def _first_diagnosis(codes: pd.Series) -> dict[str, Floats]:
    groups = codes.map({code: group_of(code) for code in codes.unique()})
    return {name: (groups == name).to_numpy(dtype=np.float64) for name in DIAGNOSES}


def _any_diagnosis(raw: pd.DataFrame) -> dict[str, Floats]:
    listed = [raw[name].map({code: _among(code, SINGLED_OUT) for code in raw[name].unique()}) for name in ("diag_1", "diag_2", "diag_3")]
    return {name: np.any([one == name for one in listed], axis=0).astype(np.float64) for name in SINGLED_OUT}


def _age(spans: pd.Series) -> Floats:
    """The middle of [60-70)."""
    ends = spans.astype(str).str.extract(r"\[(\d+)-(\d+)\)").astype(float)
    return np.asarray(ends.mean(axis=1, skipna=False), dtype=np.float64)


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def _flag(column: pd.Series, known: Mapping[str, float]) -> Floats:
    return np.asarray(column.map(known), dtype=np.float64)
