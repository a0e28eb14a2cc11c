"""Heart failure, oxygen, heart rate, temperature, lungs, laboratory, scores: what holds at the last reading, and why."""

import pytest

from healthhub.records.catalogue import SUSPICIOUS
from monitoring.judge import Reading
from tests.monitoring.judging_kit import DAY, HOUR, cleared, fired, judged, one

HF = "heart_failure"


def weights(*days: tuple[float, float]) -> list[Reading]:
    return [one("weight", day * DAY, value) for day, value in days]


def gains(readings: list[Reading], *conditions: str) -> set[str]:
    last = readings[-1].at
    return {reason for f in judged(readings, HF, *conditions) if f.at == last for reason in f.evidence["reasons"]}


W1, W2D, W2W = "gain_gt2kg_3d", "gain_1.36kg_24h", "gain_2.27kg_7d"
WEIGHTS = [
    ([(1, 70), (2, 70), (3, 71.4)], {W2D}, "1.4 kg in a day"),
    ([(1, 70), (2, 71.36)], {W2D}, "exactly 1.36 kg, not missed by a binary hair"),
    ([(1, 70), (2, 71.35)], set(), "just below"),
    ([(1, 70), (2, 70.8), (3, 71.4), (4, 72.1)], {W1}, "2.1 kg in three days"),
    ([(1, 70), (2, 70.8), (3, 71.4), (4, 72.0)], set(), "2.0 kg is not more than 2"),
    ([(1, 70), (2, 70.3), (3, 70.6), (4, 71.0), (5, 71.4), (6, 71.8), (7, 72.3)], {W2W}, "slowly"),
    ([(1, 70), (5, 72.4)], {W2W}, "days missing"),
    ([(1, 70), (12, 73)], set(), "a stale baseline gives no alert"),
    ([(1, 70), (2.12, 71.4)], {W2D}, "three hours later in the morning is still a day"),
    ([(1, 70), (2.25, 71.4)], set(), "six hours later is not"),
    ([(1, 70), (8, 72.27)], {W2W}, "seven days to the minute"),
]


@pytest.mark.parametrize(("series", "expected", "why"), WEIGHTS, ids=[row[2] for row in WEIGHTS])
def test_weight_gain(series: list[tuple[float, float]], expected: set[str], why: str) -> None:
    assert gains(weights(*series)) == expected


def test_weight_rules_are_for_heart_failure() -> None:
    assert fired(weights((1, 70), (2, 74))) == set()


def test_against_the_median_of_the_week() -> None:
    assert "HF-W3" in fired(weights((1, 70), (2, 70), (3, 70), (4, 71.36)), HF)
    assert "HF-W3" not in fired(weights((1, 70), (2, 70), (4, 71.36)), HF), "needs four weights"
    assert "HF-W3" not in fired(weights((1, 70), (2, 70), (3, 70), (4, 71.35)), HF)


def test_someone_else_on_the_scale() -> None:
    jump = [*weights((1, 70), (2, 70.1)), one("weight", 3 * DAY, 84)]
    assert "HF-W1" in fired(jump, HF)
    undone = [*jump, one("weight", 3 * DAY + 5, 70.2)]
    assert fired(undone, HF) == set()
    assert cleared(undone, HF) == {"HF-W1", "HF-W2"}
    assert fired([*undone, *weights((4, 70.3))], HF) == set(), "the jump is no baseline either"
    assert cleared([*jump, one("weight", 3 * DAY + 61, 70.2)], HF) == set(), "an hour later it is a new weight"


def test_trend_and_loss() -> None:
    usual = [(day, 60.0) for day in range(14)]
    assert fired(weights(*usual, *((14 + day, 61.25) for day in range(3))), HF) == {"HF-W4"}
    assert fired(weights(*usual, *((14 + day, 61.2) for day in range(3))), HF) == set(), "2 % is not more than 2 %"
    lost = weights((1, 72), (3, 70))
    assert "HF-W5" in fired(lost, HF, "diuretic")
    assert "HF-W5" not in fired(lost, HF)
    assert "HF-W5" in fired([one("symptom_dizziness", 0, 1)], HF, "diuretic")


def test_resting_heart_rate_with_tiredness() -> None:
    calm = [one("rhr", day * DAY, 60) for day in range(7)]
    assert "HF-H1" in fired([*calm, one("symptom_fatigue", 6 * DAY + 60, 1), one("rhr", 7 * DAY, 75)], HF)
    assert "HF-H1" not in fired([*calm, one("symptom_fatigue", 6 * DAY + 60, 1), one("rhr", 7 * DAY, 74)], HF)
    assert "HF-H1" not in fired([*calm, one("rhr", 7 * DAY, 75)], HF)


def test_symptoms_that_are_new() -> None:
    assert "HF-S1" in fired([one("symptom_orthopnoea", 0, 1)], HF)
    assert "HF-S1" not in fired([one("symptom_oedema", 0, 1), one("symptom_oedema", DAY, 1)], HF)
    assert "HF-S1" in fired([one("symptom_oedema", 0, 1), one("symptom_oedema", DAY, 2)], HF)
    assert "HF-S1" not in fired([one("nyha", 0, 3)], HF)
    assert "HF-S1" in fired([one("nyha", 0, 2), one("nyha", 30 * DAY, 3)], HF)
    assert "HF-S1-RED" in fired([one("symptom_oedema", 0, 1), one("symptom_pink_sputum", 60, 1)], HF)


def test_a_bundle_outranks_its_parts() -> None:
    both = [*weights((1, 70), (2, 71.5)), one("symptom_oedema", 2 * DAY + 60, 1)]
    assert fired(both, HF, family="HF") == {"HF-C1"}
    assert fired(weights((1, 70), (2, 71.5)), HF, family="HF") == {"HF-W2"}
    late = [*weights((1, 70), (2, 71.5)), one("symptom_oedema", 5 * DAY + 60, 1)]
    assert fired(late, HF, family="HF") == {"HF-S1"}, "more than 72 h apart"


def test_half_the_usual_steps_are_a_signal() -> None:
    days = [one("steps", day * DAY + hour * HOUR, 500) for day in range(10) for hour in (0, 4, 8)]
    tired = [one("steps", 10 * DAY + hour * HOUR, 200) for hour in (0, 4, 8)]
    newest = [one("steps", 11 * DAY, 10), one("symptom_oedema", 11 * DAY + 5, 1)]
    assert "HF-C1" in fired([*days, *tired, *newest], HF)
    assert "HF-C1" not in fired([*days, *(one("steps", 10 * DAY + hour * HOUR, 300) for hour in (0, 4, 8)), *newest], HF)


OXYGEN = [
    ([91, 91], (), {"OX-1"}, "91 twice"),
    ([92, 92], (), {"OX-1A"}, "92 twice"),
    ([93, 93], (), {"OX-1A"}, "93 twice"),
    ([94], (), {"OX-1W"}, "94"),
    ([95], (), {"OX-1W"}, "95"),
    ([96], (), set(), "96"),
    ([91], (), {"OX-1W"}, "91 once is asked for again"),
    ([85], (), {"OX-4"}, "85: RED at once"),
    ([88, 88], ("target_spo2_88_92",), set(), "inside the target"),
    ([87, 87], ("target_spo2_88_92",), {"OX-2"}, "below the target"),
    ([93, 93], ("target_spo2_88_92", "on_oxygen"), {"OX-2O"}, "too much oxygen"),
    ([93, 93], ("target_spo2_88_92",), set(), "93 on air"),
    ([89, 89], ("copd",), {"COPD-O2"}, "COPD without a target"),
    ([91, 91], ("copd",), set(), "COPD, 91"),
]


@pytest.mark.parametrize(("values", "conditions", "rules", "why"), OXYGEN, ids=[row[3] for row in OXYGEN])
def test_oxygen(values: list[float], conditions: tuple[str, ...], rules: set[str], why: str) -> None:
    assert fired([one("spo2", n * 0.5, value) for n, value in enumerate(values)], *conditions) == rules


def test_oxygen_signs_and_doubt() -> None:
    assert fired([one("spo2", 0, 82, flags=SUSPICIOUS)]) == set()
    assert "OX-4" in fired([one("spo2", 0, 82, flags=SUSPICIOUS), one("spo2", 1, 83, flags=SUSPICIOUS)])
    assert "OX-4S" in fired([one("symptom_cyanosis", 0, 1)])
    assert cleared([one("spo2", 0, 95)], opened=["OX-1A", "OX-1"]) == {"OX-1A"}
    assert cleared([one("spo2", 0, 94)], opened=["OX-1A"]) == set()


def test_oxygen_below_the_own_median() -> None:
    usual = [one("spo2", day * DAY, 99) for day in range(7)]
    assert "OX-3" in fired([*usual, one("spo2", 7 * DAY, 95), one("spo2", 7 * DAY + 1, 95)])
    assert "OX-3" not in fired([*usual, one("spo2", 7 * DAY, 95)])
    assert "OX-3" not in fired([*usual, one("spo2", 7 * DAY, 96), one("spo2", 7 * DAY + 1, 96)])
    assert "OX-3" not in fired([*usual[:2], one("spo2", 7 * DAY, 90), one("spo2", 7 * DAY + 1, 90)])


ROUND = {"rr": 16.0, "spo2": 98.0, "hr": 70.0, "temp": 36.8, "consciousness": 0.0, "oxygen_flow": 0.0}


def spot(minute: float = 0, sbp: float = 120, **changes: float) -> list[Reading]:
    return [one("bp", minute, sbp, 75), *(one(kind, minute, value) for kind, value in (ROUND | changes).items())]


def test_early_warning_score() -> None:
    assert fired(spot(), family="NEWS2") == set()
    assert fired(spot(rr=22, hr=112, temp=38.5), family="NEWS2") == {"NEWS2-5"}, "2 + 2 + 1"
    assert fired(spot(sbp=85), family="NEWS2") == {"NEWS2-5"}, "a single 3"
    assert fired(spot(rr=25, spo2=92, hr=125), family="NEWS2") == {"NEWS2-7"}, "3 + 2 + 2"
    assert fired(spot(consciousness=1), family="NEWS2") == {"NEWS2-5"}
    assert fired([r for r in spot(rr=25, spo2=92, hr=125) if r.kind != "consciousness"], family="NEWS2") == set(), "nothing is imputed"
    assert fired([r for r in spot(rr=25, spo2=92, hr=125) if r.kind != "oxygen_flow"], family="NEWS2") == set()
    assert fired(spot(rr=25, spo2=92, hr=125), "pregnant", family="NEWS2") == set()
    apart = [*spot(rr=25, spo2=92, hr=125)[:-1], one("oxygen_flow", 0, 0)]
    apart[0] = one("bp", -31, 120, 75)
    assert fired(apart, family="NEWS2") == set(), "more than half an hour apart"
    assert fired(spot(spo2=89), "target_spo2_88_92", family="NEWS2") == set(), "scale 2"
    assert fired(spot(spo2=89), family="NEWS2") == {"NEWS2-5"}


def beats(value: float, minutes: int, *, step: float = 1, start: float = 0) -> list[Reading]:
    return [one("hr", start + n * step, value) for n in range(int(minutes / step) + 1)]


def test_heart_rate_at_rest() -> None:
    assert "HR-1" in fired(beats(121, 10))
    assert "HR-1" not in fired(beats(121, 9))
    assert "HR-1" not in fired(beats(120, 20))
    assert "HR-1" not in fired([one("steps", 5, 400), *beats(121, 10)]), "walking"
    assert "HR-1" not in fired([*beats(121, 9), one("hr", 10, 121, activity="exercise")])
    assert "HR-1L" in fired(beats(39, 10))
    assert "HR-1L" not in fired(beats(39, 10), "rate_control")
    assert "HR-1" in cleared([*beats(121, 10), *beats(100, 10, start=11)])
    assert "HR-1" not in cleared([*beats(121, 10), *beats(119, 10, start=11)]), "not 5 % inside"


def test_heart_rate_with_symptoms_and_rhythm() -> None:
    assert "HR-2" in fired([one("symptom_chest_pain", 0, 1), one("hr", 20, 131)])
    assert "HR-2" in fired([one("hr", 0, 40), one("symptom_syncope", 20, 1)])
    assert "HR-2" not in fired([one("symptom_chest_pain", 0, 1), one("hr", 20, 130)])
    assert "HR-2U" in fired([one("symptom_palpitations", 0, 1), one("hr", 20, 131)])
    assert fired([one("irregular_rhythm", 0, 1)]) == {"AF-1"}
    assert fired([one("irregular_rhythm", 0, 1)], "atrial_fibrillation") == set()
    assert fired([one("ecg_rhythm", 0, 2)]) == {"AF-2"}
    assert fired([one("ecg_rhythm", 0, 3)]) == set()
    assert "AF-3" in fired(beats(111, 24 * 60, step=30), "atrial_fibrillation")
    assert "AF-3" not in fired(beats(111, 23 * 60, step=30), "atrial_fibrillation")


def test_resting_heart_rate_above_the_own_mean() -> None:
    usual = [one("rhr", day * DAY, 60 + day % 2) for day in range(30)]
    assert "HR-3" in fired([*usual, *(one("rhr", (30 + day) * DAY, 63) for day in range(8))])
    assert "HR-3" not in fired([*usual, *(one("rhr", (30 + day) * DAY, 61) for day in range(8))])


def fahrenheit(minute: float, value: float) -> Reading:
    return one("temp", minute, (value - 32) / 1.8, unit="[degF]", sent=value)


def test_temperature() -> None:
    assert fired([one("temp", 0, 38.0)]) == {"T-1"}
    assert fired([one("temp", 0, 37.9)]) == set()
    assert fired([fahrenheit(0, 100.4)]) == {"T-1"}, "100.4 F sits on the limit as sent"
    assert fired([fahrenheit(0, 100.3)]) == set()
    assert fired([one("temp", 0, 38.0), one("temp", 10, 38.0)], "copd") == {"T-1A"}
    assert fired([one("temp", 0, 39.1), one("temp", 10, 39.1)]) == {"T-2"}
    assert fired([one("temp", 0, 40.0), one("temp", 10, 40.0)]) == {"T-3"}
    assert fired([one("temp", 0, 35.0), one("temp", 10, 35.0)]) == {"T-3L"}
    assert fired([one("temp", 0, 38.4), one("symptom_rigors", 30, 1)]) == {"T-4"}
    assert cleared([one("temp", 0, 37.5)], opened=["T-1"]) == {"T-1"}
    assert cleared([one("temp", 0, 37.6)], opened=["T-1"]) == set()


def test_peak_flow_zones() -> None:
    assert fired([one("pef", 0, 400)], pef_best=500) == set()
    assert fired([one("pef", 0, 399)], pef_best=500) == {"PEF-YW"}
    assert fired([one("pef", 0, 399), one("pef", 720, 399)], pef_best=500) == {"PEF-Y"}
    assert fired([one("pef", 0, 250)], pef_best=500) == {"PEF-YW"}
    assert fired([one("pef", 0, 249)], pef_best=500) == {"PEF-RU"}
    assert fired([one("pef", 0, 249), one("pef", 15, 249)], pef_best=500) == {"PEF-R"}, "no relief"
    assert fired([one("pef", 0, 399)]) == set(), "no personal best, no zone"
    well = [one("pef", day * DAY, 500) for day in range(3)]
    assert fired([*well, one("pef", 4 * DAY, 399)]) == {"PEF-YW"}, "the best of two weeks stands in"


def test_copd() -> None:
    two_days = [one(f"symptom_{sign}", day * DAY, 1) for day in range(2) for sign in ("dyspnoea", "sputum_volume")]
    assert "COPD-1" in fired(two_days, "copd")
    assert "COPD-1" not in fired(two_days[:2], "copd")
    assert "COPD-1" not in fired([r for r in two_days if r.kind == "symptom_dyspnoea"], "copd")
    lungs = [one("fev1", day * DAY, value) for day, value in enumerate((1.50, 1.52, 1.48, 1.51, 1.49))]
    assert "COPD-FEV1" in fired([*lungs, one("fev1", 5 * DAY, 1.40)], "copd")
    assert "COPD-FEV1" not in fired([*lungs, one("fev1", 5 * DAY, 1.49)], "copd")
    assert "COPD-CAT" in fired([one("cat", 0, 12), one("cat", 30 * DAY, 14)], "copd")


def test_laboratory_and_scores() -> None:
    assert fired([one("potassium", 0, 6.0)]) == {"CKD-K6"}
    assert fired([one("potassium", 0, 6.4, flags=SUSPICIOUS)]) == {"CKD-K6"}
    assert fired([one("potassium", 0, 5.5)], HF) == {"HF-L1"}
    assert fired([one("egfr", 0, 14)]) == {"CKD-G5"}
    assert fired([one("egfr", 0, 29)]) == {"CKD-G4"}
    assert "CKD-FALL" in fired([one("egfr", 0, 80), one("egfr", 200 * DAY, 60)])
    assert fired([one("inr", 0, 5)], "anticoagulant") == {"INR-1U"}
    assert fired([one("inr", 0, 1.4)], "anticoagulant") == {"INR-1"}
    assert fired([one("inr", 0, 1.0)]) == set()
    assert fired([one("pain", 0, 7)]) == {"PAIN-1"}
    assert fired([one("phq9", 0, 1), one("phq9_item9", 0, 1)]) == {"PHQ-I9"}, "whatever the total"


FLAGS = ["syncope", "seizure", "anaphylaxis", "suicidal", "neuro", "vision"]


@pytest.mark.parametrize("symptom", FLAGS)
def test_red_flags(symptom: str) -> None:
    for conditions in ((), ("atrial_fibrillation",)):
        found = judged([one(f"symptom_{symptom}", 0, 1)], *conditions)
        assert [f.severity for f in found] == ["red"]
    assert not judged([one(f"symptom_{symptom}", 0, 0)])


def test_chest_pain() -> None:
    assert fired([one("symptom_chest_pain", 0, 1)]) == set()
    assert fired([one("symptom_chest_pain", 0, 2)]) == {"SX-CHEST"}
    assert fired([one("symptom_chest_pain", 0, 1), one("symptom_chest_pain", 15, 1)]) == {"SX-CHEST"}
    assert fired([one("symptom_chest_pain", 0, 1), one("symptom_sweating", 5, 1)]) == {"SX-CHEST"}
