"""An assessment from readings to the alert: what is written adds up, can be made again, abstains, and crosses bands with hysteresis."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings, strategies as st

from healthhub.people.models import Patient
from healthhub.records.catalogue import BY_KEY
from monitoring import intake, risks
from monitoring.models import LIVE_STATES, Alert
from risk import due, told
from risk.assess import Crossing, assess, banded
from risk.champions import artefact_of
from risk.learned.registry import model
from risk.learned.shape import Band
from risk.models import Assessment, Standing
from tests.world import World

KEY = "deterioration"
WELL = {"hr": (72, None), "rr": (14, None), "spo2": (97, None), "bp": (124, 76), "temp": (36.7, None), "gcs": (15, None)}
ILL = {"hr": (138, None), "rr": (34, None), "spo2": (89, None), "bp": (82, 45), "temp": (39.4, None), "gcs": (9, None)}
BANDS = (Band("low", 0.0), Band("medium", 0.1, "watch", 0.02), Band("high", 0.3, "amber", 0.05))


@pytest.fixture
def ana(world: World) -> World:
    Patient.objects.filter(id=world.ana.id).update(birth_date=date(1950, 2, 1), sex="female")
    return world


def send(world: World, vitals: dict[str, tuple[float, float | None]], at: datetime) -> None:
    readings = [
        {"kind": kind, "at": at.isoformat(), "value": value, "unit": BY_KEY[kind].unit, "source": "monitor"}
        | ({} if second is None else {"value2": second})
        for kind, (value, second) in vitals.items()
    ]
    assert intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=at).counts() == {
        "stored": len(vitals)
    }


def assessed(world: World, now: datetime) -> tuple[Assessment, list[Crossing]]:
    crossings = assess(patient_ids=[world.ana.id], key=KEY, now=now)
    return Assessment.objects.filter(patient=world.ana).select_related("version").latest("as_of"), crossings


@pytest.mark.django_db
class TestOne:
    def test_contributions_sum_to_the_raw_score_and_the_groups_too(self, ana: World) -> None:
        send(ana, WELL, ana.now)
        one, _ = assessed(ana, ana.now)
        assert one.raw is not None
        assert one.base is not None
        assert one.base + sum(one.contributions.values()) == pytest.approx(one.raw, abs=1e-6)
        shares = told.shares(one, model(KEY).as_dict())
        assert one.base + sum(share.share for share in shares) == pytest.approx(one.raw, abs=1e-6)
        assert 0 < one.low <= one.value <= one.high < 1

    def test_it_can_be_made_again_from_what_is_stored(self, ana: World) -> None:
        send(ana, ILL, ana.now)
        one, _ = assessed(ana, ana.now)
        artefact = artefact_of(one.version_id)
        row = np.array([[one.inputs[name][0] if name in one.inputs else np.nan for name in artefact.names]])
        again = artefact.score(row)
        assert (again.raw[0], again.value[0]) == (one.raw, one.value)

    def test_it_says_when_each_input_was_measured(self, ana: World) -> None:
        send(ana, WELL, ana.now - timedelta(hours=3))
        one, _ = assessed(ana, ana.now)
        assert datetime.fromisoformat(one.inputs["hr_last"][1]) == ana.now - timedelta(hours=3)

    def test_worse_vitals_are_a_higher_risk_told_in_both_languages(self, ana: World) -> None:
        send(ana, WELL, ana.now - timedelta(hours=5))
        before, _ = assessed(ana, ana.now - timedelta(hours=5))
        send(ana, ILL, ana.now)
        after, _ = assessed(ana, ana.now)
        assert after.value > 2 * before.value
        for language in ("zh-hans", "en"):
            assert "%" in told.sentence(after, model(KEY).as_dict(), language)

    @pytest.mark.parametrize(
        ("vitals", "ago", "code"),
        [
            ({}, 0, "missing_input"),
            ({"hr": (72, None)}, 0, "missing_input"),
            (WELL, 72, "missing_input"),
        ],
        ids=["nothing", "too little", "too old"],
    )
    def test_it_abstains_and_says_what_is_missing(self, ana: World, vitals: dict[str, Any], ago: int, code: str) -> None:
        if vitals:
            send(ana, vitals, ana.now - timedelta(hours=ago))
        one, crossings = assessed(ana, ana.now)
        assert (one.value, one.raw, crossings) == (None, None, [])
        assert one.problems[0]["code"] == code
        assert set(one.problems[0]["words"]) == {"zh-hans", "en"}

    def test_what_was_missing_is_not_kept_waiting(self, ana: World) -> None:
        send(ana, {"hr": (72, None)}, ana.now)
        due.note_fresh(now=ana.now)
        risks.work(model=KEY, now=ana.now)
        send(ana, WELL, ana.now + timedelta(seconds=3))
        due.note_fresh(now=ana.now + timedelta(seconds=3))
        assert risks.work(model=KEY, now=ana.now + timedelta(seconds=3)) == 1
        assert Assessment.objects.filter(patient=ana.ana, model=KEY).latest("as_of").value is not None

    def test_what_streams_keeps_to_the_models_pace(self, ana: World) -> None:
        send(ana, WELL, ana.now)
        due.note_fresh(now=ana.now)
        assert risks.work(model=KEY, now=ana.now) == 1
        soon, later = ana.now + timedelta(minutes=1), ana.now + timedelta(hours=1)
        send(ana, {"hr": (74, None)}, soon)
        due.note_fresh(now=soon)
        assert risks.work(model=KEY, now=soon) == 0
        assert risks.work(model=KEY, now=later) == 1

    def test_silence_after_a_band_is_no_improvement(self, ana: World) -> None:
        send(ana, ILL, ana.now)
        one, _ = assessed(ana, ana.now)
        assessed(ana, ana.now + timedelta(days=4))
        standing = Standing.objects.get(patient=ana.ana, model=KEY)
        assert standing.band == one.band
        assert standing.assessment is not None
        assert standing.assessment.value is None


@pytest.mark.django_db
class TestCrossing:
    def crossing(self, world: World, key: str, was: str = "") -> Crossing:
        """The crossing of a real assessment, as if its band were `key`: bands of released models may be silent."""
        send(world, ILL, world.now)
        one, _ = assessed(world, world.now)
        bands = {band.key: band for band in BANDS}
        return Crossing(one, model(KEY), bands[key], bands.get(was))

    def alerts(self, world: World) -> list[Alert]:
        return list(Alert.objects.filter(patient=world.ana, rule_id=risks.rule_id(KEY), state__in=LIVE_STATES))

    def test_a_band_with_a_severity_opens_one_alert_with_its_reasons(self, ana: World) -> None:
        crossing = self.crossing(ana, "high")
        assert risks.enter([crossing], now=ana.now) == 1
        (alert,) = self.alerts(ana)
        assert (alert.severity, alert.evidence["assessment"]) == ("amber", str(crossing.assessment.id))
        assert alert.evidence["figures"]["value"] == crossing.assessment.value
        assert "Raised most by" in alert.evidence["texts"]["clinician"]["en"]
        assert alert.data_class == crossing.assessment.data_class

    def test_a_calmer_band_without_severity_clears_it(self, ana: World) -> None:
        risks.enter([self.crossing(ana, "high")], now=ana.now)
        calm = Crossing(Assessment.objects.select_related("version").latest("as_of"), model(KEY), BANDS[0], BANDS[2])
        risks.enter([calm], now=ana.now)
        assert self.alerts(ana) == []

    def test_a_marked_version_raises_nothing(self, ana: World) -> None:
        crossing = self.crossing(ana, "high")
        crossing.assessment.version.marked_at = ana.now
        assert risks.enter([crossing], now=ana.now) == 0
        assert self.alerts(ana) == []

    def test_work_takes_what_is_due_and_leaves_it_for_the_night(self, ana: World) -> None:
        send(ana, ILL, ana.now)
        due.note_fresh(now=ana.now)
        assert risks.work(model=KEY, now=ana.now) == 1
        standing = Standing.objects.get(patient=ana.ana, model=KEY)
        assert standing.assessment is not None
        assert standing.assessment.why == "reading"
        assert standing.due_at > ana.now
        assert risks.work(model=KEY, now=ana.now) == 0


@pytest.mark.django_db
def test_ten_patients_cost_as_many_statements_as_two(ana: World) -> None:
    people = Patient.objects.bulk_create(Patient(name=f"P {n}", birth_date=date(1950, 1, 1), sex="male") for n in range(12))
    ids = [one.id for one in people]
    assess(patient_ids=ids, key=KEY, now=ana.now, why="nightly")  # the release is kept, standings are there
    counts = []
    for chunk in (ids[:2], ids[2:]):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assess(patient_ids=chunk, key=KEY, now=ana.now + timedelta(minutes=1), why="nightly")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_band_is_entered_at_its_limit_and_left_below_its_margin(values: list[float]) -> None:
    was = ""
    for value in values:
        band = banded(value, BANDS, was)
        assert band is not None
        assert value >= band.lowest - band.margin
        plain = [one for one in BANDS if value >= one.lowest][-1]
        assert band.lowest >= plain.lowest  # never below where the value stands
        if band != plain:
            assert band.key == was  # held, and only by the one it was
        was = band.key
