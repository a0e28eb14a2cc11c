"""Cases of the home blood pressure week."""

from collections.abc import Mapping
from typing import Any

from healthhub.lib.units import round_half_up
from monitoring.home_bp import Entry, average


def week(case: Mapping[str, Any]) -> dict[str, Any]:
    """This function will average the diary of the case and class it."""
    inputs = dict(case["inputs"])
    found = average([Entry(*line) for line in inputs.pop("readings")], **inputs)
    mean = found.mean
    return {
        "valid": found.state == "valid",
        "state": found.state,
        "reason": found.reason,
        "n": mean.n if mean else 0,
        "sbp": round_half_up(mean.systolic, 1) if mean else None,
        "dbp": round_half_up(mean.diastolic, 1) if mean else None,
        "cn_hypertension": found.cn_hypertension,
        "esc": found.esc,
        "us_hypertension": found.us_hypertension,
        "morning_hypertension": found.morning_hypertension,
    }
