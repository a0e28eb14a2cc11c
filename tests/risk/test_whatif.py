"""What-if: the plain reader equals the artefact, changes stay within what was trained, and only what may be changed changes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from monitoring import intake
from risk import standings, whatif
from risk.assess import assess
from risk.cards import HERE
from risk.learned.artefact import Artefact
from risk.models import Assessment, Version
from tests.risk import said
from tests.world import World

RELEASED = sorted(folder.parent.name for folder in HERE.glob("*/model.json"))


def rows_of(artefact: Artefact) -> Iterator[list[float]]:
    """Rows within, at and beyond the trained ranges, with holes."""
    dice = np.random.default_rng(11)
    for share in (0.0, 0.3, 0.9):
        for _ in range(8):
            row = [dice.uniform(one["low"] - 1, one["high"] + 1) for one in artefact.meta["features"]]
            yield [
                float("nan") if dice.random() < share and name not in _offsets(artefact) else x
                for name, x in zip(artefact.names, row, strict=True)
            ]


def _offsets(artefact: Artefact) -> set[str]:
    return {head.offset for head in artefact.heads.values()}


def equal(artefact: Artefact) -> None:
    kept = whatif.read(artefact.files())
    assert list(kept.names) == artefact.names
    for row in rows_of(artefact):
        for name in artefact.heads:
            scored = artefact.score(np.array([row]), head=name, explained=False)
            told = kept.heads[name].told(row, kept.names)
            expected = [float(part[0]) for part in (scored.raw, scored.value, scored.low, scored.high)]
            assert [told.raw, told.value, told.low, told.high] == pytest.approx(expected, abs=1e-9)


def test_a_kept_version_answers_as_the_artefact_does() -> None:
    equal(said.artefact())


@pytest.mark.skipif(not RELEASED, reason="no artefact is committed")
@pytest.mark.parametrize("key", RELEASED)
def test_released_models_answer_the_same_without_lightgbm(key: str) -> None:
    equal(Artefact.read(HERE / key))


@pytest.mark.parametrize("x", [-9.0, -3.0, -2.9, 0.0, 0.5, 2.0, 2.5, 9.0])
def test_curves_are_read_as_numpy_reads_them(x: float) -> None:
    knots, values = [-3.0, 0.0, 0.5, 2.0, 2.5], [0.1, 0.2, 0.2, 0.7, 0.9]
    assert whatif.interpolated(x, knots, values) == pytest.approx(np.interp(x, knots, values), abs=1e-15)


def asked(world: World, principal: str = "doctor_in_team", now: datetime | None = None, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"model": said.KEY, "changes": {"systolic": {"by": -10.0}}}
    return whatif.what_if(viewer=world.viewer(principal), patient_id=world.ana.id, now=now or world.now, **given | more)


@pytest.fixture
def assessed(world: World) -> Assessment:
    return said.assessment(world.ana, said.version(now=world.now), now=world.now)


@pytest.mark.django_db
def test_a_lower_pressure_is_a_lower_risk(world: World, assessed: Assessment) -> None:
    told = asked(world, changes={"systolic": {"by": -30.0}})
    assert told["before"]["value"] == pytest.approx(assessed.value)
    assert told["difference"] == pytest.approx(told["after"]["value"] - told["before"]["value"])
    assert told["difference"] < 0  # the model may only rise with pressure
    assert told["after"]["low"] <= told["after"]["value"] <= told["after"]["high"]
    assert [(one["name"], one["before"], one["after"]) for one in told["inputs"]] == [("systolic", 150.0, 120.0)]
    assert asked(world, changes={"systolic": {"to": 120.0}})["after"] == told["after"]
    assert Entry.objects.filter(patient_id=world.ana.id, did="risk.what_if").count() == 2


@pytest.mark.django_db
def test_another_head_in_its_own_unit(world: World, assessed: Assessment) -> None:
    told = asked(world, head="tomorrow", changes={"systolic": {"to": 120.0}})
    assert (told["head"], told["unit"]) == ("tomorrow", "mm[Hg]")
    assert told["before"]["value"] == pytest.approx(assessed.heads["tomorrow"]["value"])
    assert 100 < told["after"]["value"] < told["before"]["value"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({}, "nothing_changed", "changes"),
        ({"age": {"by": -10.0}}, "not_changeable", "changes.age"),
        ({"shoe": {"to": 43.0}}, "unknown_input", "changes.shoe"),
        ({"systolic": {}}, "by_or_to", "changes.systolic"),
        ({"systolic": {"by": 1.0, "to": 1.0}}, "by_or_to", "changes.systolic"),
        ({"systolic": {"to": 300.0}}, "outside_training", "changes.systolic"),
        ({"systolic": {"by": -100.0}}, "outside_training", "changes.systolic"),
        ({"systolic": {"to": float("nan")}}, "outside_training", "changes.systolic"),
    ],
)
def test_what_cannot_be_asked(world: World, assessed: Assessment, changes: Any, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        asked(world, changes=changes)
    assert (refused.value.code, refused.value.field) == (code, field)
    if code == "outside_training":
        assert refused.value.data["input"] == "systolic"
        assert refused.value.data["low"] < 100 < 180 < refused.value.data["high"]


@pytest.mark.django_db
def test_what_is_not_known_can_be_set_but_not_moved(world: World) -> None:
    said.assessment(world.ana, said.version(now=world.now), now=world.now, inputs={"age": 70.0, "systolic": 150.0})
    with pytest.raises(Invalid) as refused:
        asked(world, changes={"hba1c": {"by": 1.0}})
    assert refused.value.code == "missing_input"
    assert asked(world, changes={"hba1c": {"to": 7.0}})["inputs"][0]["before"] is None


@pytest.mark.django_db
def test_it_starts_from_the_latest_that_has_a_value_and_its_own_version(world: World, assessed: Assessment) -> None:
    said.abstention(world.ana, assessed.version, now=world.now)
    Version.objects.filter(id=assessed.version_id).update(state="retired")
    said.version(now=world.now, name="2")
    assert asked(world)["assessment"] == assessed.id
    assert asked(world)["version"] == "1"


@pytest.mark.django_db
def test_who_may_not_ask(world: World) -> None:
    for principal, error in (("doctor_elsewhere", NotVisible), ("doctor_in_team", Conflict), ("patient_self", Conflict)):
        said.version(now=world.now, name=principal, state="retired")
        with pytest.raises(error):
            asked(world, principal)
    with pytest.raises(Invalid) as refused:
        asked(world, model="no-such-model")
    assert refused.value.code == "unknown_model"
    said.assessment(world.ana, said.version(now=world.now, key="secret", staff_only=True), now=world.now)
    assert asked(world, "doctor_break_glass", model="secret")["difference"] < 0
    for principal in ("patient_self", "caregiver_with_consent"):
        with pytest.raises(NotAllowed):
            asked(world, principal, model="secret")


VITALS = (("hr", 88.0, "/min"), ("rr", 18.0, "/min"), ("spo2", 95.0, "%"), ("temp", 37.1, "Cel"), ("consciousness", 0.0, "{code}"))
LABS = (("creatinine", 90.0, "umol/L"), ("sodium", 139.0, "mmol/L"), ("potassium", 4.1, "mmol/L"), ("wbc", 8.0, "10*9/L"))


@pytest.mark.django_db
@pytest.mark.skipif("deterioration" not in RELEASED, reason="no artefact is committed")
def test_a_real_assessment_is_made_again_from_its_stored_inputs(world: World) -> None:
    """What LightGBM said in the worker, the plain reader says from the row; then the pressure falls."""
    readings = [
        {"kind": kind, "at": (world.now - timedelta(hours=hours)).isoformat(), "value": value + hours / 10, "unit": unit, "source": "ward"}
        for hours in (30, 20, 12, 6, 1)
        for kind, value, unit in VITALS[:4]
    ]
    readings += [
        {"kind": "bp", "at": one["at"], "value": 130.0, "value2": 75.0, "unit": "mm[Hg]", "source": "ward"}
        for one in readings[:: len(VITALS) - 1]
    ]
    readings += [
        {"kind": kind, "at": (world.now - timedelta(hours=5)).isoformat(), "value": value, "unit": unit, "source": "laboratory"}
        for kind, value, unit in (*VITALS[4:], *LABS)
    ]
    receipt = intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=world.now)
    assert {fate["fate"] for fate in receipt.fates} == {"stored"}, receipt.fates
    assess(patient_ids=[world.ana.id], key="deterioration", now=world.now)
    one = Assessment.objects.get(model="deterioration")
    assert one.value is not None, one.problems
    told = asked(world, model="deterioration", changes={"sbp_last": {"by": -30.0}})
    assert told["before"] == pytest.approx({"raw": one.raw, "value": one.value, "low": one.low, "high": one.high}, abs=1e-9)
    shown = standings.in_full(one, clinical=True)
    assert shown["base"] + sum(share["share"] for share in shown["contributions"]) == pytest.approx(shown["raw"], abs=1e-6)
    assert told["difference"] == pytest.approx(told["after"]["value"] - told["before"]["value"], abs=1e-9)
