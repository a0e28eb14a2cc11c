"""A person for each score, with everything it asks for in its own units. Invented."""

from typing import Any

HEART = {"age": 55, "sex": "male", "sbp": 140, "bp_treated": False, "total_c": 213, "hdl_c": 50, "smoker": False, "diabetes": False}
EUROPE = {"age": 60, "sex": "female", "region": "low", "smoker": False, "sbp": 140, "total_c": 5.5, "hdl_c": 1.3}
AMERICA = HEART | {"bmi": 27, "egfr": 90, "statin": False}
FIBRILLATION = {"age": 70, "heart_failure": False, "hypertension": True, "diabetes": False, "stroke": False, "vascular": False}
PEOPLE: dict[str, dict[str, Any]] = {
    "prevent_10y": AMERICA | {"hba1c": 5.4, "uacr": 10},
    "prevent_30y": AMERICA,
    "china_par": HEART | {"waist": 85, "north": True, "urban": True, "family_history": False},
    "score2": EUROPE,
    "score2_op": EUROPE | {"age": 75, "diabetes": False},
    "score2_diabetes": EUROPE | {"age_at_diagnosis": 55, "hba1c": 50, "egfr": 90},
    "score2_ap": EUROPE,
    "pce": HEART | {"race": "white"},
    "framingham_lipids": HEART,
    "framingham_bmi": {name: value for name, value in HEART.items() if not name.endswith("_c")} | {"bmi": 27},
    "ckd_epi": {"age": 50, "sex": "female", "creatinine": 0.9},
    "kdigo": {"egfr": 70, "uacr": 20},
    "kfre": {
        "age": 60, "sex": "male", "region": "elsewhere", "egfr": 30, "uacr": 300,
        "albumin": 4, "phosphate": 3.9, "bicarbonate": 25, "calcium": 9.4,
    },
    "cha2ds2_vasc": FIBRILLATION | {"sex": "female"},
    "cha2ds2_va": FIBRILLATION,
    "has_bled": {
        "age": 70, "sbp_above_160": False, "renal": False, "liver": False, "stroke": False, "bleeding": False, "labile_inr": False,
        "drugs": False, "alcohol": False,
    },
    "maggic": {
        "ejection_fraction": 32, "age": 68, "sex": "male", "sbp": 118, "bmi": 27, "creatinine": 120, "nyha": 2, "smoker": False,
        "diabetes": False, "copd": False, "diagnosed_18_months_ago": True, "beta_blocker": True, "acei_arb": True,
    },
    "bode": {"fev1_percent": 60, "walk": 300, "mmrc": 2, "bmi": 24},
    "findrisc": {
        "age": 50, "sex": "male", "bmi": 27, "waist": 95, "active": True, "daily_vegetables": True, "bp_treated_ever": False,
        "high_glucose_ever": False, "family": "none",
    },
    "cdrs": {"age": 45, "sex": "male", "sbp": 128, "waist": 86, "bmi": 23, "family_history": False},
    "ada": {
        "age": 45, "sex": "female", "asian": False, "bmi": 27, "gestational_diabetes": False, "family_first_degree": True,
        "hypertension": False, "active": True,
    },
    "phq9": {"items": (1, 1, 0, 0, 0, 0, 0, 0, 0)},
    "gad7": {"items": (1, 1, 0, 0, 0, 0, 0)},
    "news2": {"age": 60, "rr": 16, "spo2": 97, "on_o2": False, "sbp": 120, "pulse": 70, "consciousness": "A", "temp": 37, "scale2": False},
    "gmi": {"mean_glucose": 150, "days": 14, "wear": 90},
}  # fmt: skip
