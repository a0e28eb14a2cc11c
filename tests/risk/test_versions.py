"""Versions: one speaks, a person decides about the next, and everybody who works there can see how it holds up."""

from datetime import timedelta

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people.models import Organisation
from risk import cards, standings, versions
from risk.champions import register_release
from risk.models import Version, Watch
from tests.risk import said
from tests.world import World

pytestmark = pytest.mark.django_db
DECIDE = ("operator", "doctor_elsewhere")  # she leads the South team
STAFF = (*DECIDE, "doctor_in_team", "nurse_in_team")
OTHERS = ("patient_self", "caregiver_with_consent", "programme_manager", "doctor_removed")


@pytest.mark.parametrize("principal", DECIDE)
def test_approval_lets_the_challenger_speak_and_keeps_the_old_one(world: World, principal: str) -> None:
    old, new = said.version(now=world.now), said.version(now=world.now, name="2", state="challenger")
    later = world.now + timedelta(days=1)
    versions.approve(version_id=new.id, by=world.viewer(principal), now=later, reason=" better here ")
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state, new.since, new.decided_at) == ("retired", "champion", later, later)
    assert (new.decided_by_id, new.reason) == (world.users[principal].id, "better here")
    entry = Entry.objects.get(did="model.approve")
    assert (entry.actor_id, entry.detail["version"]) == (world.users[principal].id, "2")
    with pytest.raises(Conflict):
        versions.refuse(version_id=new.id, by=world.viewer(principal), now=later, reason="after all")


def test_a_refused_challenger_never_speaks(world: World) -> None:
    old, new = said.version(now=world.now), said.version(now=world.now, name="2", state="challenger")
    operator = world.viewer("operator")
    for decide in (versions.approve, versions.refuse):
        with pytest.raises(Invalid) as refused:
            decide(version_id=new.id, by=operator, now=world.now, reason=" ")
        assert refused.value.code == "reason_needed"
    versions.refuse(version_id=new.id, by=operator, now=world.now, reason="worse at night")
    assert Version.objects.get(id=old.id).state == "champion"
    assert Version.objects.get(id=new.id).state == "refused"
    with pytest.raises(Conflict):
        versions.approve(version_id=new.id, by=operator, now=world.now, reason="after all")


def test_who_decides(world: World) -> None:
    new = said.version(now=world.now, state="challenger")
    for principal in (*OTHERS, "doctor_in_team", "nurse_in_team"):  # the nurse leads her team, but is no doctor
        with pytest.raises(NotAllowed):
            versions.approve(version_id=new.id, by=world.viewer(principal), now=world.now, reason="it is better")
    world.clinic.kind = Organisation.Kind.INSURER
    world.clinic.save()
    with pytest.raises(NotAllowed):
        versions.approve(version_id=new.id, by=world.viewer("operator"), now=world.now, reason="it is better")
    with pytest.raises(NotVisible):
        versions.approve(version_id=world.ana.id, by=world.viewer("doctor_elsewhere"), now=world.now, reason="it is better")


def test_who_sees_versions(world: World) -> None:
    said.version(now=world.now)
    said.version(now=world.now + timedelta(hours=1), name="2", state="challenger")
    for principal in STAFF:
        found = versions.versions_of(viewer=world.viewer(principal), key=said.KEY, now=world.now)
        assert [one.version for one in found] == ["2", "1"]
    for principal in OTHERS:
        with pytest.raises(NotAllowed):
            versions.versions_of(viewer=world.viewer(principal), key=said.KEY, now=world.now)
    with pytest.raises(NotVisible):
        versions.versions_of(viewer=world.viewer("operator"), key="no-such-model", now=world.now)


def test_the_watch_tells_drift_calibration_and_the_newest_opinions(world: World) -> None:
    kept = said.version(now=world.now)
    day = world.now.date()
    Watch.objects.create(version=kept, day=day, n=40, abstained=4, psi={"age": 0.02}, observed=6.0, expected=5.0, burden={"alerts": 3})
    Watch.objects.create(version=kept, day=day - timedelta(days=200), n=1, abstained=0)
    one, other = (said.assessment(patient, kept, now=world.now) for patient in (world.ana, world.ben))
    for by, agrees in (("doctor_in_team", True), ("doctor_in_team", False), ("nurse_in_team", True)):
        standings.opine(assessment_id=one.id, agrees=agrees, reason="seen her", by=world.viewer(by), now=world.now)
    standings.opine(assessment_id=other.id, agrees=True, reason="", by=world.viewer("doctor_elsewhere"), now=world.now)
    (told,) = versions.watch(viewer=world.viewer("operator"), key=said.KEY, now=world.now)
    assert (told["agreed"], told["disagreed"]) == (2, 1)
    assert [(row["day"], row["oe"], row["psi"]) for row in told["days"]] == [(day, 1.2, {"age": 0.02})]
    with pytest.raises(NotAllowed):
        versions.watch(viewer=world.viewer("patient_self"), key=said.KEY, now=world.now)


def test_models_are_told_before_and_after_they_were_first_used(world: World) -> None:
    before = {one["key"]: one for one in versions.models()}
    assert before.keys() == cards.released().keys()
    assert all(one["version_id"] is None and one["version"] for one in before.values())
    register_release(now=world.now)
    for one in versions.models():
        assert one["version"] == before[one["key"]]["version"]
        assert one["version_id"] is not None
        assert one["released"]
        assert all(given["trained"]["low"] <= given["trained"]["high"] for given in one["inputs"] if given["trained"])
        assert any(given["trained"] for given in one["inputs"])
        assert all(band["words"]["en"] for band in one["bands"])
