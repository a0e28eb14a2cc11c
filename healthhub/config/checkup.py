"""The yearly check-up of the demo's people: made-up but lifelike, one set of measurements and laboratory values each."""

import random
from collections.abc import Collection
from datetime import UTC, datetime

from healthhub.config.physiology import calm

SOURCE = "simulated-checkup"
DAYS_AGO = 12
MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)
# kind: (women, men, spread between people, decimals), in the canonical unit; conditions shift some of them below.
_LEVELS: dict[str, tuple[float, float, float, int]] = {
    "height": (158, 170, 5, 0),
    "albumin": (43, 43, 2, 0),
    "alp": (75, 72, 14, 0),
    "urea_nitrogen": (5.2, 5.8, 0.9, 1),
    "creatinine": (66, 82, 9, 0),
    "fpg": (5.3, 5.4, 0.3, 1),
    "hba1c": (5.6, 5.6, 0.2, 1),
    "cholesterol": (5.1, 4.8, 0.7, 2),
    "hdl": (1.45, 1.2, 0.2, 2),
    "ldl": (3.0, 2.9, 0.6, 2),
    "triglycerides": (1.4, 1.6, 0.4, 2),
    "bilirubin": (11, 12, 3, 0),
    "uric_acid": (290, 350, 45, 0),
    "wbc": (6.2, 6.4, 1.2, 1),
    "lymphocytes": (31, 30, 5, 1),
    "monocytes": (7, 7.5, 1, 1),
    "rbc": (4.5, 4.9, 0.3, 2),
    "mcv": (90, 91, 3, 1),
    "rdw": (13.1, 13.1, 0.5, 1),
    "crp": (1.8, 1.8, 0.7, 1),
    "ggt": (22, 30, 8, 0),
}
_SHIFTS: dict[str, dict[str, float]] = {
    "diabetes_t2": {"fpg": 2.2, "hba1c": 1.5, "triglycerides": 0.5},
    "diabetes_t1": {"fpg": 3.0, "hba1c": 1.9},
    "heart_failure": {"albumin": -3, "urea_nitrogen": 2.5, "rdw": 1.2, "creatinine": 18},
    "ckd": {"creatinine": 60, "urea_nitrogen": 5, "albumin": -2},
    "copd": {"crp": 4, "lymphocytes": -5},
}


def values(*, person: str, sex: str, conditions: Collection[str]) -> dict[str, tuple[float, float | None]]:
    """This function will give (value, second value) by kind, in canonical units: always the same for the same person."""
    own = random.Random(f"check-up of {person}")
    found: dict[str, tuple[float, float | None]] = {}
    for kind, (woman, man, spread, digits) in _LEVELS.items():
        level = (woman if sex == "female" else man) + sum(_SHIFTS.get(one, {}).get(kind, 0.0) for one in conditions)
        found[kind] = round(max(level + own.gauss(0, spread), level * 0.6), digits), None
    weight, _ = calm("weight", person=person, conditions=list(conditions), local=MORNING, chance=own)
    bmi = weight / (found["height"][0] / 100) ** 2
    found["weight"] = weight, None
    found["waist"] = float(round(34 + 2.2 * bmi + (4 if sex == "male" else 0))), None
    systolic = round(own.gauss(138 if "hypertension" in conditions else 122, 6))
    found["bp"] = float(systolic), float(round(systolic * 0.6))
    found["self_rated_health"] = float(own.choice((2, 3, 3, 4) if conditions else (2, 2, 3))), None
    return found
