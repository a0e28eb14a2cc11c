"""Published scores from a record: what fits, from which readings, and what is asked for instead of guessed."""

from datetime import date, timedelta
from typing import Any

import pytest

from healthhub.people import consent
from healthhub.records.catalogue import BY_KEY
from monitoring import intake
from risk import scored
from risk.scores import ckd_epi
from risk.scores.registry import SCORES
from tests.world import World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def measured(world: World, *readings: tuple[str, float, str] | tuple[str, float, str, float], days_ago: float = 1.0) -> None:
    at = (world.now - days_ago * DAY).isoformat()
    sent = [
        {"kind": kind, "at": at, "value": value, "unit": unit, "source": "lab"} | ({"value2": more[0]} if more else {})
        for kind, value, unit, *more in readings
    ]
    receipt = intake.receive(patient_id=world.ana.id, readings=sent, by=world.viewer("patient_self"), now=world.now)
    assert {fate["fate"] for fate in receipt.fates} == {"stored"}, receipt.fates


def found(world: World, principal: str = "doctor_in_team", **more: Any) -> dict[str, dict[str, Any]]:
    """The default score of each need."""
    needs = scored.scores_of(viewer=world.viewer(principal), patient_id=world.ana.id, now=world.now, **more)
    return {need["need"]: need["scores"][0] for need in needs if need["scores"]}


def codes(score: dict[str, Any]) -> dict[str, str]:
    return {problem["field"]: problem["code"] for problem in score["problems"]}


def test_a_score_from_readings_facts_and_conditions(world: World) -> None:
    lipids = (("cholesterol", 5.5, "mmol/L"), ("hdl", 1.3, "mmol/L"), ("creatinine", 80.0, "umol/L"))
    measured(world, ("bp", 142.0, "mm[Hg]", 84.0), ("smoking", 1, "{code}"), *lipids, ("weight", 70.0, "kg"))
    measured(world, ("height", 165.0, "cm"), days_ago=1500)
    world.ana.locale = "US"
    world.ana.save()
    score = found(world)["cardiovascular"]
    assert (score["score"], score["default"]) == ("prevent_10y", True)
    assert codes(score) == {"statin": "missing_input"}  # nothing in the record tells it
    used = {one["name"]: one for one in score["inputs"]}
    assert (used["sbp"]["value"], used["sbp"]["kind"], used["sbp"]["age_hours"]) == (142.0, "bp", 24.0)
    assert (used["diabetes"]["value"], used["smoker"]["value"], used["smoker"]["kind"]) == (True, False, "smoking")
    assert used["bmi"]["value"] == pytest.approx(70 / 1.65**2)
    assert used["egfr"]["value"] == pytest.approx(ckd_epi.egfr(age=used["age"]["value"], sex="female", creatinine=80 / 88.42), rel=1e-3)
    kidney = found(world)["kidney_function"]
    assert kidney["value"] == pytest.approx(used["egfr"]["value"])
    assert kidney["problems"] == []
    assert kidney["band"]["words"]["zh-hans"]


def test_what_is_missing_is_named_with_how_to_come_by_it(world: World) -> None:
    score = found(world)["kidney_risk"]
    assert score["value"] is None
    assert {problem["field"]: problem["how"] for problem in score["problems"]} == {"egfr": "order", "uacr": "order"}
    assert "Missing" in score["problems"][0]["words"]["en"]


def test_old_readings_and_doubtful_ones_are_missing(world: World) -> None:
    vitals = (("rr", 16, "/min"), ("spo2", 97, "%"), ("hr", 70, "/min"), ("temp", 36.8, "Cel"), ("consciousness", 0, "{code}"))
    measured(world, *vitals, ("bp", 120.0, "mm[Hg]", 80.0), ("oxygen_flow", 0, "L/min"), days_ago=3)
    assert set(codes(found(world)["acute"])) == {"rr", "spo2", "sbp", "pulse", "temp", "consciousness", "on_o2"}
    measured(world, *vitals, ("bp", 120.0, "mm[Hg]", 80.0), ("oxygen_flow", 0, "L/min"), days_ago=0.2)
    acute = found(world)["acute"]
    assert (acute["value"], acute["problems"]) == (0, [])
    measured(world, ("temp", 44.0, "Cel"), days_ago=0.1)  # possible, and hardly true: flagged
    assert set(codes(found(world)["acute"])) == {"temp"}


def test_classes_that_are_not_open_are_missing_and_so_are_diagnoses(world: World) -> None:
    measured(world, ("creatinine", 80.0, "umol/L"), ("smoking", 2, "{code}"))
    ana = world.viewer("patient_self")
    consent.withdraw(entry=world.entries["north"], by=ana, now=world.now)
    consent.grant(
        patient=world.ana,
        grantee_kind="team",
        grantee_id=world.north.id,
        data_classes=["vitals"],
        purpose="care",
        rights=["read"],
        document_version="2",
        by=ana,
        now=world.now - DAY,
    )
    hidden, own = found(world), found(world, "patient_self")
    assert codes(hidden["kidney_function"]) == {"conditions": "not_open", "creatinine": "missing_input"}
    assert own["kidney_function"]["value"] is not None
    assert "glucose" in own  # she has diabetes: that would tell
    assert "glucose" not in hidden
    assert all(one["name"] not in ("diabetes", "hypertension") for score in hidden.values() for one in score["inputs"])


def test_without_sex_or_birth_nothing_is_chosen(world: World) -> None:
    world.ana.birth_date, world.ana.sex = None, "unknown"
    world.ana.save()
    (need,) = scored.scores_of(viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, now=world.now)
    assert {problem["field"] for problem in need["problems"]} == {"sex", "birth_date"}


def test_a_need_that_no_score_answers_says_why(world: World) -> None:
    world.ana.conditions = ["cardiovascular_disease"]
    world.ana.save()
    needs = {one["need"]: one for one in scored.scores_of(viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, now=world.now)}
    assert needs["cardiovascular"]["scores"] == []
    assert needs["cardiovascular"]["why"]["en"]


@pytest.mark.parametrize("locale", ["CN", "US", "EU"])
@pytest.mark.parametrize("born", [date(1920, 1, 1), date(1956, 4, 12), date(2001, 1, 1), date(2020, 1, 1)])
def test_every_person_gets_an_answer(world: World, locale: str, born: date) -> None:
    everything = ["atrial_fibrillation", "ckd", "heart_failure", "copd", "diabetes_t1"]
    measured(world, ("bp", 142.0, "mm[Hg]", 84.0), ("hba1c", 7.1, "%"), ("cgm_mean", 8.0, "mmol/L"), ("nyha", 2, "{score}"))
    for conditions in ([], everything, ["pregnant", "dialysis"]):
        world.ana.locale, world.ana.birth_date, world.ana.conditions = locale, born, conditions
        world.ana.save()
        needs = scored.scores_of(viewer=world.viewer("patient_self"), patient_id=world.ana.id, now=world.now)
        for score in (score for need in needs for score in need["scores"]):
            assert (score["value"] is None) == bool(score["problems"]), score["score"]
        defaults = scored.scores_of(viewer=world.viewer("patient_self"), patient_id=world.ana.id, now=world.now, defaults_only=True)
        assert all(len(need["scores"]) <= 1 for need in defaults)


def test_the_mapping_speaks_of_inputs_and_kinds_that_exist() -> None:
    inputs = {one.name for score in SCORES for one in score.inputs}
    assert {*scored.READINGS, *scored.CONDITIONS, *scored.ONLY_YES} <= inputs
    assert {*scored.READINGS.values(), *scored.OTHER_KINDS} <= BY_KEY.keys()
    assert not scored.CONDITIONS.keys() & scored.ONLY_YES.keys()
    assert {*scored.FRESH} <= {score.key for score in SCORES}
    assert scored.SMOKING.keys() <= set(BY_KEY["smoking"].codes)
