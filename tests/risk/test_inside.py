"""Training inside the house: labels from outcomes, features as of moments before them, a challenger that waits for a person."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import BY_KEY
from monitoring import intake
from risk import inside
from risk.champions import artefact_of, champion
from risk.history import History, Reading
from risk.learned.boosting import matrix
from risk.learned.inside import EVENTS_NEEDED, challenger
from risk.learned.registry import model
from risk.models import Outcome, Version
from tests.world import World

KEY = "deterioration"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
VITALS = {"hr": (88, None), "rr": (20, None), "spo2": (94, None), "bp": (118, 70), "temp": (37.1, None)}


def quiet(_: str) -> None:
    pass


def sick(people: int, each: int = 6, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows of people, half of whom have a fast pulse and an outcome more often: shapes only, no claim about patients."""
    chance = np.random.default_rng(seed)
    learned = model(KEY)
    table = pd.DataFrame(np.nan, index=range(people * each), columns=[one.name for one in learned.features])
    table["hr_last"] = chance.normal(80, 15, len(table))
    table["sbp_last"] = chance.normal(125, 18, len(table))
    table["spo2_last"] = chance.normal(96, 2, len(table))
    table["age"] = 70.0
    outcome = (chance.random(len(table)) < 1 / (1 + np.exp(-(table["hr_last"] - 100) / 6))).astype(float).to_numpy()
    return table, outcome, np.repeat([f"person {n}" for n in range(people)], each)


def test_too_few_outcomes_are_refused_with_the_number_needed() -> None:
    table, outcome, people = sick(20)
    with pytest.raises(Invalid) as refused:
        challenger(model(KEY), table, outcome, people, version="v", trained_at="", champion=None, say=quiet)
    assert refused.value.code == "too_few_outcomes"
    assert refused.value.data["needed"]["events"] == EVENTS_NEEDED
    assert refused.value.data["found"]["events"] == int(outcome.sum())


def test_a_challenger_is_judged_by_person_beside_the_champion(transactional_db: None) -> None:
    table, outcome, people = sick(300)
    speaking = champion(KEY, now=NOW)
    assert speaking is not None
    artefact, report = challenger(model(KEY), table, outcome, people, version="v", trained_at="", champion=speaking.artefact, say=quiet)
    ours, (named, theirs) = report.figures, next(iter(report.comparators.items()))
    assert named == f"champion {speaking.artefact.version}"
    assert ours["auroc"] > 0.75
    assert ours["auroc"] > theirs["auroc"]
    assert 0.8 < ours["oe"] < 1.25
    scored = artefact.score(matrix(table, model(KEY).features))
    assert np.allclose(scored.base + scored.contributions.sum(axis=1), scored.raw, atol=1e-6)
    assert artefact.names == speaking.artefact.names


@pytest.mark.django_db
class TestLabels:
    def vitals(self, world: World, ago: timedelta) -> None:
        readings = [
            {"kind": kind, "at": (world.now - ago).isoformat(), "value": value, "value2": second, "unit": BY_KEY[kind].unit, "source": "x"}
            for kind, (value, second) in VITALS.items()
        ]
        readings = [{name: one for name, one in reading.items() if one is not None} for reading in readings]
        receipt = intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=world.now - ago)
        assert receipt.counts() == {"stored": len(VITALS)}

    def happened(self, world: World, ago: timedelta, **more: object) -> None:
        Outcome.objects.create(patient=world.ana, kind="admission", at=world.now - ago, source="import", recorded_at=world.now, **more)

    def labels(self, world: World) -> list[float]:
        learned = model(KEY)
        ranges = {"reach": learned.reach, "features": [{"name": f.name, "low": f.low, "high": f.high} for f in learned.features]}
        return [label for _, _, label in inside.moments(learned, ranges, now=world.now, horizon=WEEK)]

    def test_the_week_before_an_outcome_is_an_event_and_the_week_after_is_none(self, world: World) -> None:
        for weeks in (2, 3, 4, 6):  # of three weeks ago: just after the outcome, another question
            self.vitals(world, weeks * WEEK)
        self.happened(world, 4 * WEEK - timedelta(days=2))
        assert sorted(self.labels(world)) == [0.0, 0.0, 1.0]

    def test_what_has_no_end_yet_does_not_count(self, world: World) -> None:
        self.vitals(world, timedelta(days=2))
        assert self.labels(world) == []

    def test_a_withdrawn_outcome_is_none(self, world: World) -> None:
        self.vitals(world, 4 * WEEK)
        self.happened(world, 4 * WEEK - timedelta(days=2), withdrawn_at=world.now)
        assert self.labels(world) == [0.0]

    def test_a_house_without_outcomes_is_refused(self, world: World) -> None:
        self.vitals(world, 2 * WEEK)
        with pytest.raises(Invalid) as refused:
            inside.train(key=KEY, now=world.now, say=quiet)
        assert refused.value.code == "too_few_outcomes"
        assert not Version.objects.filter(released=False).exists()

    def test_other_models_are_trained_on_files(self, world: World) -> None:
        with pytest.raises(Invalid) as refused:
            inside.train(key="triage", now=world.now, say=quiet)
        assert refused.value.code == "not_trained_inside"


@pytest.mark.django_db
def test_a_challenger_waits_and_the_champion_goes_on_speaking(world: World) -> None:
    speaking = champion(KEY, now=world.now)
    assert speaking is not None
    files = speaking.artefact.files()
    waiting = Version.objects.create(
        model=KEY, version="inside-1", released=False, files=files, about={}, state="challenger", since=world.now
    )
    assert champion(KEY, now=world.now) == speaking
    Version.objects.filter(id=speaking.version.id).update(state="retired")
    Version.objects.filter(id=waiting.id).update(state="champion")
    again = champion(KEY, now=world.now)
    assert again is not None
    assert again.version.id == waiting.id  # and the release does not take its place back
    assert artefact_of(speaking.version.id).version == speaking.artefact.version  # kept, to make old assessments again


def test_moments_are_those_at_which_something_was_known() -> None:
    readings = [Reading(NOW - days * timedelta(days=1), 80.0) for days in (30, 20, 9)]
    found = inside._moments_of(History({"hr": readings}), [], now=NOW, horizon=WEEK)
    assert found == [one.at for one in readings]
