"""Finger-stick and sensor glucose: limits natively in both units, alarms that last, end, predict."""

import pytest

from healthhub.records.catalogue import CENSORED_LOW, SUSPICIOUS
from monitoring import packs
from monitoring.judge import Plan, Reading
from tests.monitoring.judging_kit import DAY, HOUR, cleared, fired, judged, mg, one


def mmol(minute: float, value: float, kind: str = "glucose", **more: object) -> Reading:
    return one(kind, minute, value, **more)  # type: ignore[arg-type]


POINTS = [
    ("US", [mg(0, 53)], (), {"GL-L2"}, "53 mg/dL"),
    ("US", [mg(0, 54)], (), {"GL-L1"}, "54 mg/dL is level 1"),
    ("US", [mg(0, 69)], (), {"GL-L1"}, "69 mg/dL"),
    ("US", [mg(0, 70)], (), set(), "70 mg/dL sits on the limit, although it is 3.885 mmol/L"),
    ("US", [mmol(0, 3.9)], (), set(), "3.9 mmol/L sits on the limit"),
    ("US", [mmol(0, 3.89)], (), {"GL-L1"}, "just below, mmol/L"),
    ("US", [mmol(0, 3.0)], (), {"GL-L1"}, "3.0 mmol/L is not below 3.0"),
    ("US", [mmol(0, 2.9)], (), {"GL-L2"}, "2.9 mmol/L"),
    ("CN", [mmol(0, 3.9)], ("diabetes_t2",), {"GL-L1"}, "China: 3.9 counts in diabetes"),
    ("CN", [mg(0, 70)], ("diabetes_t2",), {"GL-L1"}, "China: so does 70 mg/dL"),
    ("CN", [mmol(0, 3.9)], (), set(), "China, no diabetes"),
    ("US", [mg(0, 65)], ("insulin",), {"GL-L1-INS"}, "AMBER on insulin"),
    ("US", [mg(0, 65)], ("sulfonylurea",), {"GL-L1-INS"}, "AMBER on a sulfonylurea"),
    ("US", [mg(0, 180)], (), set(), "180 mg/dL"),
    ("US", [mg(0, 181)], (), {"GL-H1"}, "181 mg/dL"),
    ("US", [mmol(0, 10.0)], (), set(), "10.0 mmol/L"),
    ("US", [mmol(0, 10.1)], (), {"GL-H1"}, "10.1 mmol/L"),
    ("US", [mg(0, 251)], (), {"GL-H1"}, "once is not twice"),
    ("US", [mg(0, 251), mg(2 * HOUR, 251)], (), {"GL-H2"}, "twice, 2 h apart"),
    ("US", [mg(0, 251), mg(2 * HOUR - 1, 251)], (), {"GL-H1"}, "less than 2 h apart"),
    ("US", [mg(0, 251)], ("diabetes_t1",), {"GL-H2-K"}, "type 1: once, with the word on ketones"),
    ("US", [mg(0, 250)], ("sglt2i",), {"GL-H1"}, "250 is not above 250"),
    ("US", [mg(0, 300), mg(5, 300)], (), {"GL-H3"}, "300 twice"),
    ("US", [mmol(0, 16.7), mmol(5, 16.7)], (), {"GL-H3"}, "16.7 mmol/L, the guideline's figure, not 16.65"),
    ("US", [mmol(0, 16.6), mmol(5, 16.6)], (), {"GL-H1"}, "16.6 mmol/L"),
    ("US", [mg(0, 300)], ("insulin_pump",), {"GL-H2-K"}, "not yet repeated"),
    ("CN", [one("needed_help", 0, 1)], (), {"GL-L3"}, "needed help, whatever the value"),
]


@pytest.mark.parametrize(("locale", "readings", "conditions", "rules", "why"), POINTS, ids=[row[4] for row in POINTS])
def test_finger_stick(locale: str, readings: list[Reading], conditions: tuple[str, ...], rules: set[str], why: str) -> None:
    assert fired(readings, *conditions, locale=locale, family="GL") == rules


def test_repeated_lows() -> None:
    assert "GL-L1-REC" in fired([mg(0, 65), mg(13 * DAY, 65)])
    assert "GL-L1-REC" not in fired([mg(0, 65), mg(15 * DAY, 65)])
    assert "GL-L1-REC" in fired([mg(0, 65), mg(15 * DAY, 65), mg(30 * DAY, 65)])
    assert "GL-L1-REC" not in fired([mg(0, 60), mg(15, 65)]), "a re-test of the same low"


def test_ketones_are_taken_at_their_word() -> None:
    levels = {0.5: set(), 0.6: {"GL-K1W"}, 1.4: {"GL-K1W"}, 1.5: {"GL-K1"}, 2.9: {"GL-K1"}, 3.0: {"GL-K1-RED"}}
    for value, rules in levels.items():
        assert fired([one("ketone", 0, value)]) == rules
    assert fired([one("ketone", 0, 4.1, flags=SUSPICIOUS)]) == {"GL-K1-RED"}, "the danger begins where the usual range ends"
    assert "SX-DKA" in fired([one("ketone", 0, 1.6), one("symptom_vomiting", 30, 1)])


def test_lo_of_a_meter_is_a_statement_a_doubtful_figure_is_not() -> None:
    assert fired([mmol(0, 1.1, flags=SUSPICIOUS | CENSORED_LOW)], family="GL") == {"GL-L2"}
    assert fired([mmol(0, 1.9, flags=SUSPICIOUS)], family="GL") == set()
    assert fired([mmol(0, 1.9, flags=SUSPICIOUS), mmol(3, 2.1, flags=SUSPICIOUS)], family="GL") == {"GL-L2"}


def test_laboratory() -> None:
    assert fired([one("hba1c", 0, 7.0)], "diabetes_t2") == {"GL-HBA1C"}
    assert fired([one("hba1c", 0, 6.9)], "diabetes_t2") == set()
    assert fired([one("hba1c", 0, 9.0)], "diabetes_t2") == {"GL-HBA1C-9"}
    assert "GL-HBA1C-UP" in fired([one("hba1c", 0, 6.1), one("hba1c", 90 * DAY, 7.1)])
    fasting = [one("fpg", day * 7 * DAY, value) for day, value in enumerate((6.8, 7.1, 7.0, 7.1))]
    assert "GL-FPG" in fired(fasting, "diabetes_t2")
    assert "GL-FPG" not in fired(fasting[:3], "diabetes_t2")
    assert "GL-FPG" not in fired(fasting, "diabetes_t2", locale="US")


def sensor(*values: float, step: float = 5, start: float = 0) -> list[Reading]:
    return [mg(start + n * step, value, "cgm") for n, value in enumerate(values)]


def test_very_low_is_immediate() -> None:
    assert "CGM-L2" in fired(sensor(53))
    assert "CGM-L2" not in fired(sensor(54))


def test_low_needs_fifteen_minutes() -> None:
    assert "CGM-L1" not in fired(sensor(69, 69, 69))
    assert "CGM-L1" in fired(sensor(69, 69, 69, 69))
    assert "CGM-L1" not in fired(sensor(69, 69, 70, 69))
    assert "CGM-L1" in fired(sensor(69, 69, step=15)), "a fifteen-minute sensor"
    assert "CGM-L1" in fired(sensor(69, 69, step=30)), "one reading lost"
    assert "CGM-L1" not in fired(sensor(69, 69, step=31)), "a hole"
    assert "CGM-L1" not in fired([*sensor(69, 69, 69), mg(14.9, 69, "cgm")])


def test_an_alarm_ends_after_fifteen_minutes_back() -> None:
    assert cleared(sensor(53, 54, 60, 60)) == set()
    assert "CGM-L2" in cleared(sensor(53, 54, 60, 60, 60))
    assert "CGM-L2" not in cleared(sensor(53, 60, 60, 53, 60, 60, 60))
    assert cleared(sensor(80, 80, 80, 80), opened=["CGM-L1"]) == {"CGM-L1"}
    assert cleared(sensor(80, 80, 80), opened=["CGM-L1"]) == set()


def test_each_excursion_is_an_episode_of_its_own() -> None:
    found = [(f.rule_id, f.hold, f.clear) for f in judged(sensor(53, 50, 60, 60, 60, 60, 53)) if f.rule_id == "CGM-L2"]
    assert found == [("CGM-L2", False, False), ("CGM-L2", True, False), ("CGM-L2", False, True), ("CGM-L2", False, False)]


def test_prediction() -> None:
    assert "CGM-PRED" in fired(sensor(100, 90)), "90 - 20 x 2 = 50"
    assert "CGM-PRED" not in fired(sensor(99, 90)), "90 - 20 x 1.8 = 54"
    assert "CGM-PRED" not in fired(sensor(60, 50)), "already there"
    assert "CGM-PRED" not in fired(sensor(100, 90, step=3)), "too close together for a slope"
    assert "CGM-PRED" not in fired(sensor(200, 60, step=21)), "too far apart"
    plan = Plan(packs.load("CN", device_mode=False))
    assert "CGM-PRED" not in fired(sensor(100, 90), plan=plan), "outside device mode nothing is predicted"


def test_falling_fast() -> None:
    assert "CGM-FALL" in fired(sensor(114, 99))
    assert "CGM-FALL" not in fired(sensor(113, 99))
    assert "CGM-FALL" not in fired(sensor(120, 100))


def test_high_for_an_hour_is_off_until_asked_for() -> None:
    high = sensor(*[251] * 13)
    assert fired(high) == set()
    plan = Plan(packs.with_limits(packs.load("CN"), {"CGM-H2": {"off": False}}))
    assert fired(high, plan=plan) == {"CGM-H2"}
    assert fired(high[:-1], plan=plan) == set()


def test_what_was_sent_must_agree_with_what_is_stored() -> None:
    forged = one("glucose", 0, 2.5, unit="mg/dL", sent=200)
    assert fired([forged], family="GL") == {"GL-L2"}
    for context in ({"unit": "mg/dL", "sent": "200"}, {"unit": "stones", "sent": 200}, {"sent": 200}, {"unit": "mg/dL", "sent": True}):
        assert fired([one("glucose", 0, 2.5, **context)], family="GL") == {"GL-L2"}
