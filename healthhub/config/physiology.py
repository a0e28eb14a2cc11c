"""Made-up but lifelike values for the demo: each person has her own level, days have their shape, and chance does the rest."""

import math
import random
from datetime import datetime

# kind: (level, spread between people, spread between readings), in the canonical unit
_LEVELS = {
    "bp": (120.0, 5.0, 4.0),
    "glucose": (6.9, 0.7, 0.9),
    "cgm": (7.4, 0.6, 0.25),
    "weight": (69.0, 9.0, 0.25),
    "spo2": (96.8, 0.2, 0.3),
    "hr": (72.0, 5.0, 4.0),
    "rr": (15.0, 1.0, 1.0),
    "pef": (430.0, 30.0, 12.0),
    "steps": (340.0, 90.0, 120.0),
    "sleep": (405.0, 25.0, 35.0),
}
_DIGITS = {"glucose": 1, "cgm": 1, "weight": 1}
_MEALS = (7.5, 12.3, 18.5)  # hours of the local day


def calm(kind: str, *, person: str, conditions: list[str], local: datetime, chance: random.Random) -> tuple[float, float | None]:
    """This function will give an unremarkable (value, second value) of the kind, in its canonical unit, for a local time of day."""
    level, between, within = _LEVELS[kind]
    own = random.Random(f"{person} {kind}")
    value = level + own.gauss(0, between) + chance.gauss(0, within) + _shape(kind, local.hour + local.minute / 60)
    if kind == "spo2":
        value = min(97.0, value) - (6.0 if "copd" in conditions else 0.0)
    if kind == "bp":
        systolic = round(min(max(value, 104), 138))
        return float(systolic), float(round(systolic * 0.61 + chance.gauss(0, 2)))
    floor = {"steps": 0.0, "cgm": 4.4, "glucose": 4.6}.get(kind, -math.inf)
    return round(max(value, floor), _DIGITS.get(kind, 0)), None


def _shape(kind: str, hour: float) -> float:
    """Glucose rises after meals, pressure and pulse dip at night, steps are for the day."""
    if kind in ("cgm", "glucose"):
        return sum(2.6 * math.exp(-((hour - meal - 0.9) ** 2) / 0.9) for meal in _MEALS)
    night = math.cos((hour - 3) / 24 * 2 * math.pi)  # 1 at three in the morning, -1 in mid-afternoon
    return {"bp": -5.0, "hr": -6.0, "steps": -330.0}.get(kind, 0.0) * night


def lately(kind: str, value: float, *, days_ago: int, hour: float) -> float:
    """This function will give a calm value the course of months: pressure that a treatment brought down, days better and worse.

    The last two days stay as they are: what is current raises alarms by itself only.
    """
    if days_ago < 2:
        return value
    day = random.Random(f"{kind} {days_ago}")
    if kind == "cgm":
        swing = value + (value - 8.1) * day.uniform(-0.1, 1.0)
        low = -5.6 * math.exp(-((hour - day.uniform(1, 5)) ** 2) / 0.6) if day.random() < 0.2 else 0.0
        return round(max(swing + low, 2.4), 1)
    if kind == "weight":
        return round(value + days_ago / 50, 1)
    return value + min(max(days_ago - 30, 0) / 5, 16) if kind == "bp" else value
