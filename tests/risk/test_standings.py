"""What is told of assessments, to whom, and what clinicians say to them."""

from datetime import timedelta
from typing import Any

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.people import consent
from healthhub.people.models import Patient
from risk import cards, standings
from risk.models import Opinion, Standing
from tests.risk import said
from tests.world import World

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def seen(world: World, principal: str, **more: Any) -> list[dict[str, Any]]:
    return standings.assessments(viewer=world.viewer(principal), patient_id=world.ana.id, now=world.now, **more)


def only_vitals(world: World) -> None:
    """The North team's consent shrinks to vitals."""
    ana = world.viewer("patient_self")
    consent.withdraw(entry=world.entries["north"], by=ana, now=world.now)
    consent.grant(
        patient=world.ana,
        grantee_kind="team",
        grantee_id=world.north.id,
        data_classes=["vitals"],
        purpose="care",
        rights=["read", "act"],
        document_version="2026-02",
        by=ana,
        now=world.now - HOUR,
    )


def test_contributions_by_group_sum_to_the_raw_score(world: World) -> None:
    said.assessment(world.ana, said.version(now=world.now), now=world.now)
    one = seen(world, "doctor_in_team")[0]
    assert one["base"] + sum(share["share"] for share in one["contributions"]) == pytest.approx(one["raw"], abs=1e-6)
    assert {share["group"] for share in one["contributions"]} == {"age", "blood_pressure", "glucose"}
    assert one["contributions"] == sorted(one["contributions"], key=lambda share: -abs(share["share"]))
    assert one["low"] < one["value"] < one["high"]
    assert one["band"]["words"]["en"] in one["sentence"]["en"]
    assert one["heads"][0]["name"] == "tomorrow"


def test_inputs_with_their_age(world: World) -> None:
    said.assessment(world.ana, said.version(now=world.now), now=world.now)
    inputs = {one["name"]: one for one in seen(world, "doctor_in_team")[0]["inputs"]}
    assert (inputs["systolic"]["value"], inputs["systolic"]["unit"], inputs["systolic"]["age_hours"]) == (150.0, "mm[Hg]", 12.0)
    assert inputs["systolic"]["measured_at"] == world.now - 12 * HOUR
    assert (inputs["age"]["measured_at"], inputs["age"]["age_hours"]) == (None, None)


def test_the_patient_hears_no_figure_unless_she_reads_on(world: World) -> None:
    kept = said.version(now=world.now)
    said.assessment(world.ana, kept, now=world.now, was_band="low", band="high")
    for principal in ("patient_self", "caregiver_with_consent"):
        sentence = seen(world, principal)[0]["sentence"]["en"]
        assert "needs more attention" in sentence
        assert "%" not in sentence
    assert "%" in seen(world, "doctor_in_team")[0]["sentence"]["en"]
    assert "%" in seen(world, "doctor_break_glass")[0]["sentence"]["zh-hans"]
    said.assessment(world.ana, kept, now=world.now + HOUR, was_band="high", band="medium")
    assert "attention" not in seen(world, "patient_self")[0]["sentence"]["en"]
    said.assessment(world.ana, kept, now=world.now + 2 * HOUR, was_band="medium", band="")
    assert "nothing has changed" in seen(world, "patient_self")[0]["sentence"]["en"]


def test_newest_first_by_model_and_since(world: World) -> None:
    kept, other = said.version(now=world.now), said.version(now=world.now, key="other")
    for hours in (5, 3, 1):
        said.assessment(world.ana, kept, now=world.now - hours * HOUR)
    said.assessment(world.ana, other, now=world.now)
    moments = [one["as_of"] for one in seen(world, "doctor_in_team", model="tried")]
    assert moments == [world.now - hours * HOUR for hours in (1, 3, 5)]
    assert len(seen(world, "doctor_in_team", since=world.now - 3 * HOUR)) == 3
    assert [one["model"] for one in seen(world, "doctor_in_team", limit=1)] == ["other"]


def test_an_abstention_says_what_is_missing_and_how(world: World) -> None:
    said.abstention(world.ana, said.version(now=world.now), now=world.now)
    one = seen(world, "patient_self")[0]
    assert (one["value"], one["band"], one["contributions"]) == (None, None, [])
    assert (one["problems"][0]["code"], one["problems"][0]["how"]) == ("missing_input", "measure")
    assert "Missing: systolic" in one["sentence"]["en"]


def test_what_rests_on_several_classes_is_for_those_to_whom_all_are_open(world: World) -> None:
    kept = said.version(now=world.now)
    one = said.assessment(world.ana, kept, now=world.now)
    only_vitals(world)
    doctor = world.viewer("doctor_in_team")
    assert seen(world, "doctor_in_team") == []
    assert standings.current(viewer=doctor, patient_id=world.ana.id, now=world.now) == []
    assert standings.panel(viewer=doctor, model=said.KEY, now=world.now)[0] == []
    with pytest.raises(NotVisible):
        standings.opine(assessment_id=one.id, agrees=True, reason="", by=doctor, now=world.now)
    said.assessment(world.ana, kept, now=world.now, data_class="vitals")
    assert len(seen(world, "doctor_in_team")) == 1
    assert len(seen(world, "patient_self")) == 2


def test_models_for_clinicians_are_not_told_to_others(world: World) -> None:
    said.assessment(world.ana, said.version(now=world.now, staff_only=True), now=world.now)
    for principal, count in (("patient_self", 0), ("caregiver_with_consent", 0), ("doctor_in_team", 1), ("doctor_break_glass", 1)):
        assert len(seen(world, principal)) == count, principal
        found = standings.current(viewer=world.viewer(principal), patient_id=world.ana.id, now=world.now)
        assert len(found) == count, principal
        if principal != "patient_self":  # whose panel has only others on it
            assert len(standings.panel(viewer=world.viewer(principal), model=said.KEY, now=world.now)[0]) == count, principal


def test_where_she_stands_keeps_the_band_while_the_model_abstains(world: World) -> None:
    kept = said.version(now=world.now)
    said.assessment(world.ana, kept, now=world.now - HOUR, band="high")
    said.abstention(world.ana, kept, now=world.now)
    (one,) = standings.current(viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, now=world.now)
    assert (one["band"]["key"], one["band_since"], one["assessment"]["value"]) == ("high", world.now - HOUR, None)


def test_an_opinion_is_kept_with_its_reason(world: World) -> None:
    one = said.assessment(world.ana, said.version(now=world.now), now=world.now)
    doctor = world.viewer("doctor_in_team")
    standings.opine(assessment_id=one.id, agrees=False, reason=" measured in pain ", by=doctor, now=world.now)
    assert Opinion.objects.get().reason == "measured in pain"
    assert Entry.objects.get(patient_id=world.ana.id, did="assessment.opinion").detail == {"agrees": False}  # the patient reads the log
    with pytest.raises(Invalid) as refused:
        standings.opine(assessment_id=one.id, agrees=False, reason="  ", by=doctor, now=world.now)
    assert refused.value.code == "reason_needed"
    for principal in ("patient_self", "caregiver_with_consent", "doctor_break_glass"):
        with pytest.raises(NotAllowed):
            standings.opine(assessment_id=one.id, agrees=True, reason="", by=world.viewer(principal), now=world.now)


def released(*, staff_only: bool) -> list[str]:
    return [key for key, about in cards.released().items() if about["staff_only"] is staff_only]


def test_asking_makes_her_due_now(world: World) -> None:
    doctor, ana = world.viewer("doctor_in_team"), world.viewer("patient_self")
    live = {key for key, about in cards.released().items() if about["live"]}
    assert set(standings.ask_again(patient_id=world.ana.id, models=[], by=doctor, now=world.now)) == live
    assert {one.model for one in Standing.objects.filter(patient=world.ana, due_at=world.now, why="asked")} == live
    assert set(standings.ask_again(patient_id=world.ana.id, models=[], by=ana, now=world.now)) == live & set(released(staff_only=False))
    with pytest.raises(Invalid) as refused:
        standings.ask_again(patient_id=world.ana.id, models=["no-such-model"], by=doctor, now=world.now)
    assert (refused.value.code, refused.value.field) == ("unknown_model", "models.0")
    with pytest.raises(NotAllowed):
        standings.ask_again(patient_id=world.ana.id, models=released(staff_only=True)[:1], by=ana, now=world.now)


def three_more(world: World) -> list[Patient]:
    people = [Patient.objects.create(name=f"P{n}", birth_date=world.ana.birth_date, sex="male", team=world.north) for n in range(3)]
    for one in people:
        consent.grant(
            patient=one,
            grantee_kind="team",
            grantee_id=world.north.id,
            data_classes=["vitals", "labs"],
            purpose="care",
            rights=["read", "act"],
            document_version="1",
            by=world.viewer("patient_self"),
            now=world.now - HOUR,
        )
    return people


def test_the_panel_is_ordered_worst_first_and_pages(world: World, django_assert_num_queries: Any) -> None:
    kept = said.version(now=world.now)
    first, second, third = three_more(world)
    said.assessment(first, kept, now=world.now, value=0.2, band="low")
    said.assessment(second, kept, now=world.now, value=0.9, band="high")
    said.abstention(third, kept, now=world.now)
    said.assessment(world.ana, kept, now=world.now, value=0.5, band="medium")
    said.assessment(world.ben, kept, now=world.now, value=0.99, band="high")
    doctor = world.viewer("doctor_in_team")
    with django_assert_num_queries(4):  # which model, whose panel, who stands where, the log
        rows, after = standings.panel(viewer=doctor, model=said.KEY, now=world.now, limit=3)
    assert ([row["patient"]["id"] for row in rows], after) == ([second.id, world.ana.id, first.id], "3")
    rest, after = standings.panel(viewer=doctor, model=said.KEY, now=world.now, limit=3, after=after)
    assert ([row["patient"]["id"] for row in rest], after) == ([third.id], None)
    assert (rest[0]["value"], rest[0]["problems"][0]["code"]) == (None, "missing_input")
    (only,), _ = standings.panel(viewer=doctor, model=said.KEY, now=world.now, band="medium")
    assert only["patient"]["id"] == world.ana.id
    for bad in ("-1", "x", "9" * 8, ""):
        with pytest.raises(Invalid) as refused:
            standings.panel(viewer=doctor, model=said.KEY, now=world.now, after=bad)
        assert refused.value.code == "bad_cursor"


def test_a_panel_is_asked_for_at_once(world: World) -> None:
    people = three_more(world)
    key, doctor = next(iter(cards.released())), world.viewer("doctor_in_team")
    assert standings.ask_panel(viewer=doctor, model=key, now=world.now) == 4
    assert Standing.objects.filter(model=key, due_at=world.now).count() == 4
    assert standings.ask_panel(viewer=doctor, model=key, now=world.now, patients=[people[0].id, people[0].id]) == 1
    with pytest.raises(NotVisible):
        standings.ask_panel(viewer=doctor, model=key, now=world.now, patients=[world.ana.id, world.ben.id])
    assert standings.ask_panel(viewer=world.viewer("patient_self"), model=key, now=world.now) == 0


def test_forecasts_only_of_kinds_that_are_open(world: World) -> None:
    assert standings.forecasts(viewer=world.viewer("doctor_in_team"), patient_id=world.ana.id, now=world.now) == []
    assert Entry.objects.filter(patient_id=world.ana.id, did="forecasts.read").count() == 1
