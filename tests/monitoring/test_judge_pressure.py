"""Blood pressure rules: each row is readings, what holds at the last one, and why."""

import pytest

from healthhub.records.catalogue import CUFFLESS, LATE, OUT_OF_ORDER, SUSPICIOUS
from monitoring import packs
from monitoring.judge import PatientContext, Plan, Reading, at_face_value, needs_repeat
from tests.monitoring.judging_kit import DAY, HOUR, PLANS, bp, cleared, fired, judged, one

HIGH = [
    ("CN", [bp(0, 180)], {"BP-05W"}, "one reading is never enough for URGENT"),
    ("CN", [bp(0, 180), bp(1, 180)], {"BP-01"}, "repeated a minute later, exactly on the limit"),
    ("CN", [bp(0, 180), bp(0.9, 180)], {"BP-05W"}, "too soon to be a second reading"),
    ("CN", [bp(0, 180), bp(30, 180)], {"BP-01"}, "half an hour is the longest"),
    ("CN", [bp(0, 190), bp(31, 190)], {"BP-04"}, "later it is another session"),
    ("CN", [bp(0, 180), bp(2, 179)], {"BP-05W"}, "not still true"),
    ("CN", [bp(0, 150, 110), bp(2, 150, 110)], {"BP-01"}, "diastolic alone, on the limit"),
    ("CN", [bp(0, 150, 109), bp(2, 150, 109)], {"BP-05W"}, "diastolic just below"),
    ("US", [bp(0, 180, 120), bp(2, 180, 120)], {"BP-05W"}, "the US limit is beyond 180/120, not on it"),
    ("US", [bp(0, 181, 100), bp(2, 181, 100)], {"BP-01"}, "US, just above"),
    ("US", [bp(0, 170, 121), bp(2, 170, 121)], {"BP-01"}, "US, diastolic just above"),
    ("CN", [bp(0, 160), bp(30, 165)], {"BP-04"}, "two sessions half an hour apart"),
    ("CN", [bp(0, 160), bp(29, 165)], {"BP-05W"}, "the same session"),
    ("CN", [bp(0, 160), bp(48 * HOUR, 160)], {"BP-04"}, "48 h apart"),
    ("CN", [bp(0, 160), bp(48 * HOUR + 1, 160)], {"BP-05W"}, "more than 48 h apart"),
    ("CN", [bp(0, 140, 100), bp(60, 140, 100)], {"BP-04"}, "by diastolic"),
    ("CN", [bp(0, 134, 84)], set(), "just inside the home threshold"),
    ("CN", [bp(0, 135, 80)], {"BP-05W"}, "on the home threshold"),
    ("US", [bp(0, 130, 79)], {"BP-05W"}, "the US home threshold is 130/80"),
    ("EU", [bp(0, 134, 84)], set(), "EU as China"),
]


@pytest.mark.parametrize(("locale", "readings", "rules", "why"), HIGH, ids=[row[3] for row in HIGH])
def test_high(locale: str, readings: list[Reading], rules: set[str], why: str) -> None:
    assert fired(readings, locale=locale, family="BP") == rules


LOW = [
    ([bp(0, 99, 60)], (), {"BP-06W"}, "on the low side"),
    ([bp(0, 100, 60)], (), set(), "inside"),
    ([bp(0, 89, 60)], (), {"BP-06W"}, "low, not repeated"),
    ([bp(0, 89, 60), bp(1, 89, 60)], (), {"BP-06"}, "low, repeated"),
    ([bp(0, 90, 50), bp(1, 90, 50)], (), {"BP-06W"}, "on the limits is not below"),
    ([bp(0, 120, 49), bp(1, 120, 49)], (), {"BP-06"}, "diastolic below 50"),
    ([bp(0, 99, 60), bp(1, 99, 60)], ("antihypertensive",), {"BP-06-MED"}, "below 100 on treatment"),
    ([one("symptom_dizziness", 0, 1), bp(10, 99, 60)], (), {"BP-06-SYM"}, "below 100 with dizziness"),
    ([bp(0, 99, 60), one("symptom_dizziness", 60, 1)], (), {"BP-06-SYM"}, "the symptom may come after"),
    ([bp(0, 99, 60), one("symptom_dizziness", 61, 1)], (), set(), "an hour later they no longer belong together"),
    ([one("symptom_syncope", 0, 1), bp(5, 88, 50)], (), {"BP-06-RED"}, "fainted: RED needs no second reading"),
    ([bp(0, 99, 60), bp(9, 118, 75), one("symptom_dizziness", 20, 1)], (), set(), "the pressure has come up since"),
]


@pytest.mark.parametrize(("readings", "conditions", "rules", "why"), LOW, ids=[row[3] for row in LOW])
def test_low(readings: list[Reading], conditions: tuple[str, ...], rules: set[str], why: str) -> None:
    assert fired(readings, *conditions, family="BP") == rules


def test_danger_signs_make_it_red() -> None:
    for symptom in ("chest_pain", "dyspnoea", "neuro", "vision", "confusion"):
        assert "BP-02" in fired([one(f"symptom_{symptom}", 0, 1), bp(10, 185, 112)])
        assert "BP-02" in fired([bp(0, 185, 112), one(f"symptom_{symptom}", 10, 1)])
    assert "BP-02" in fired([one("symptom_headache", 0, 2), bp(10, 185, 112)])
    assert "BP-02" not in fired([one("symptom_headache", 0, 1), bp(10, 185, 112)])
    assert "BP-02" not in fired([one("symptom_chest_pain", 0, 0), bp(10, 185, 112)])


def test_pregnancy() -> None:
    assert fired([bp(0, 160, 100)], "pregnant", family="BP") == {"BP-03"}
    assert fired([bp(0, 140, 110)], "postpartum", family="BP") == {"BP-03"}
    assert fired([bp(0, 159, 109)], "pregnant", family="BP") == {"BP-05W"}


def test_standing_and_arms() -> None:
    sitting = bp(0, 140, 80, position="sitting")
    assert "BP-07" in fired([sitting, bp(3, 120, 78, position="standing")])
    assert "BP-07" in fired([sitting, bp(3, 135, 70, position="standing")])
    assert "BP-07" not in fired([sitting, bp(3, 121, 71, position="standing")])
    assert "BP-07" not in fired([sitting, bp(3, 110, 60, position="sitting")])
    assert "BP-07" not in fired([sitting, bp(11, 110, 60, position="standing")])
    assert "BP-09" in fired([bp(0, 140, arm="left"), bp(3, 160, arm="right")])
    assert "BP-09" in fired([bp(0, 160, arm="left"), bp(3, 140, arm="right")])
    assert "BP-09" not in fired([bp(0, 140, arm="left"), bp(3, 159, arm="right")])
    assert "BP-09" not in fired([bp(0, 140, arm="left"), bp(3, 170, arm="left"), bp(4, 175)])


def test_a_diagnostic_week() -> None:
    def week(sbp: float) -> list[Reading]:
        return [bp(day * DAY + part * HOUR + again, sbp, 80) for day in range(7) for part in (0, 12) for again in (0, 2)]

    assert "BP-05" in fired(week(135))
    assert "BP-05" not in fired(week(134))
    assert "BP-05" in fired(week(130), locale="US")
    assert "BP-05" not in fired(week(150)[:11])


def test_above_the_own_mean() -> None:
    usual = [bp(day * DAY, 120) for day in range(28)]
    assert "BP-08" in fired([*usual, *(bp((29 + day) * DAY, 135) for day in range(7))])
    assert "BP-08" not in fired([*usual, *(bp((29 + day) * DAY, 134) for day in range(7))])
    assert "BP-08" not in fired([*usual[-4:], *(bp((29 + day) * DAY, 150) for day in range(7))])


@pytest.mark.parametrize("flag", [SUSPICIOUS, LATE, CUFFLESS, OUT_OF_ORDER])
def test_readings_that_do_not_speak_of_now_open_and_clear_nothing(flag: int) -> None:
    assert judged([bp(0, 190, flags=flag), one("symptom_chest_pain", 0, 0)]) == []
    assert not judged([bp(0, 150, flags=flag)])
    assert not judged([bp(0, 110, flags=flag)], opened=["BP-05W"])
    assert cleared([bp(0, 110)], opened=["BP-05W"]) == {"BP-05W"}


def test_a_doubtful_value_counts_when_a_second_one_agrees() -> None:
    high = [bp(0, 231, 131, flags=SUSPICIOUS), bp(2, 228, 130, flags=SUSPICIOUS)]
    assert fired(high, family="BP") == {"BP-01"}
    assert fired([high[0]], family="BP") == set()
    assert fired([high[0], bp(11, 228, 130, flags=SUSPICIOUS)], family="BP") == set()
    assert fired([bp(0, 190, 100), bp(2, 228, 130, flags=SUSPICIOUS)], family="BP") == {"BP-01"}
    assert fired([bp(0, 231, 131, flags=CUFFLESS), bp(2, 228, 130, flags=SUSPICIOUS)], family="BP") == set()


def test_a_late_reading_is_a_fact_of_its_own_time() -> None:
    assert fired([bp(0, 185, flags=LATE), bp(5, 184)], family="BP") == {"BP-01"}


def test_hysteresis() -> None:
    assert cleared([bp(0, 131, 79)], opened=["BP-05W"]) == set()
    assert cleared([bp(0, 130, 80)], opened=["BP-05W"]) == {"BP-05W"}
    assert cleared([bp(0, 130, 81)], opened=["BP-05W"]) == set()
    assert cleared([bp(0, 120, 70)], opened=["BP-01", "BP-04"]) == set(), "a person closes these"
    assert cleared([bp(0, 120, 70)]) == set(), "nothing is open"


def test_a_family_speaks_once() -> None:
    assert fired([bp(0, 150)], opened=["BP-01"], family="BP") == set(), "a higher one is open"
    assert fired([bp(0, 185), bp(2, 186)], opened=["BP-05W"], family="BP") == {"BP-01"}
    holds = judged([bp(0, 185), bp(2, 186), bp(4, 187)])
    assert [(f.rule_id, f.hold) for f in holds] == [("BP-05W", False), ("BP-01", False), ("BP-01", True)]


def test_asking_for_a_second_reading() -> None:
    plan, nobody = PLANS["CN"], PatientContext()
    asked = needs_repeat(plan, bp(0, 185), nobody)
    assert asked is not None
    assert "5" in asked["en"]
    assert set(asked) == {"zh-hans", "en"}
    assert needs_repeat(plan, bp(0, 165), nobody) is None, "the next session is soon enough"
    assert needs_repeat(plan, bp(0, 120), nobody) is None
    assert needs_repeat(plan, bp(0, 231, flags=SUSPICIOUS), nobody) is not None
    assert needs_repeat(plan, bp(0, 185, flags=LATE), nobody) is None


def test_at_face_value() -> None:
    def ids(reading: Reading, *conditions: str) -> list[str]:
        return [rule.id for rule in at_face_value(PLANS["CN"], reading, {}, PatientContext(frozenset(conditions)))]

    assert ids(bp(0, 180, 95)) == ["BP-01"]
    assert ids(bp(0, 179, 109)) == ["BP-04"]
    assert ids(bp(0, 134, 84)) == []


def test_the_evidence_says_what_was_seen() -> None:
    last = judged([bp(0, 185, 95), bp(2, 182, 94)])[-1]
    assert [(i["value"], i["value2"], i["unit"]) for i in last.evidence["inputs"]] == [(185, 95, "mm[Hg]"), (182, 94, "mm[Hg]")]
    assert last.evidence["limits"] == [{"name": "sbp", "op": "at_least", "component": "value", "value": 180.0, "unit": "mm[Hg]"}]
    assert last.rule_version == last.evidence["rule"]["version"]
    assert last.evidence["source"]
    assert "182/94" in last.evidence["texts"]["patient"]["zh-hans"]
    assert "120" in last.evidence["texts"]["patient"]["en"]
    assert "911" in judged([bp(0, 185, 95), bp(2, 182, 94)], locale="US")[-1].evidence["texts"]["patient"]["en"]


def test_a_patients_own_limit() -> None:
    own = Plan(packs.with_limits(packs.load("CN"), {"BP-01": {"sbp": {"value": 170, "unit": "mm[Hg]"}}, "BP-05W": {"off": True}}))
    assert fired([bp(0, 171), bp(2, 170)], plan=own, family="BP") == {"BP-01"}
    assert fired([bp(0, 150)], plan=own, family="BP") == set()
