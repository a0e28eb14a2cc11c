"""Breaking the glass: who, for how long, who is told, who reviews."""

from datetime import timedelta
from typing import Any

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import access, breakglass
from healthhub.people.breakglass import Opened
from healthhub.people.models import BreakGlass, Patient, Team
from tests.world import World

pytestmark = pytest.mark.django_db


def opened(world: World, who: str = "doctor_elsewhere", **changes: Any) -> Opened:
    usual = {"patient_id": world.ana.id, "reason": "collapsed at the bus stop", "hours": 2, "by": world.viewer(who), "now": world.now}
    return breakglass.open_record(**usual | changes)


def test_she_reads_everything_for_two_hours_and_does_nothing_else(world: World) -> None:
    opened(world)
    osei = world.viewer("doctor_elsewhere")
    assert access.may(osei, world.ana.id, action="read", now=world.now)
    assert not access.may(osei, world.ana.id, action="read", now=world.now + timedelta(hours=2))
    for action in ("write", "act", "limits", "consent", "tokens", "audit", "export", "backtest"):
        with pytest.raises(NotAllowed):
            access.patient_for(osei, world.ana.id, action=action, now=world.now)
    assert osei.user_id not in access.watchers_of(world.ana.id, data_class="vitals", now=world.now)
    assert osei.user_id in access.watchers_of(world.ana.id, data_class="vitals", now=world.now, right="read")


def test_the_patient_and_the_teams_lead_are_to_be_told(world: World) -> None:
    told = opened(world)
    assert told.tell_patient == (world.users["patient_self"].id,)
    assert told.tell_reviewers == (world.users["nurse_in_team"].id,)


@pytest.mark.parametrize("who", ["caregiver_with_consent", "patient_self"])
def test_who_sees_her_but_is_no_clinician_may_not(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        opened(world, who)


@pytest.mark.parametrize("who", ["programme_manager", "operator", "other_patient", "doctor_removed", "token_other_patient", "anonymous"])
def test_others_do_not_learn_that_she_exists(world: World, who: str) -> None:
    with pytest.raises(NotVisible):
        opened(world, who)
    with pytest.raises(NotVisible):
        opened(world, who, patient_id=uuid7())


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"reason": " too short "}, "reason"), ({"reason": "x" * 1001}, "reason"), ({"hours": 0}, "hours"), ({"hours": 5}, "hours")],
)
def test_reason_and_hours_are_bounded(world: World, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        opened(world, **changes)
    assert refused.value.field == field


def test_not_renewed_without_a_new_reason(world: World) -> None:
    opened(world)
    with pytest.raises(Conflict):
        opened(world, reason="another reason altogether")
    later = world.now + timedelta(hours=3)
    with pytest.raises(Invalid) as refused:
        opened(world, now=later)
    assert refused.value.code == "same_reason"
    assert opened(world, now=later, reason="still unconscious, now in surgery").opening.opened_at == later


def test_the_end_is_written_down_once(world: World) -> None:
    opening = opened(world).opening
    assert breakglass.end_due(now=world.now) == 1  # Dr Rao's, of yesterday
    assert breakglass.end_due(now=world.now) == 0
    assert breakglass.end_due(now=world.now + timedelta(hours=2)) == 1
    rows = Entry.objects.filter(about=f"break_glass:{opening.id}").order_by("id")
    assert [(row.did, row.actor_kind) for row in rows] == [("break_glass.open", "user"), ("break_glass.end", "system")]
    assert rows[0].detail["reason"] == "collapsed at the bus stop"


def reviewers(world: World, opening: BreakGlass) -> set[str]:
    return {who for who in world.users if breakglass.to_review(world.viewer(who), now=world.now).filter(id=opening.id).exists()}


def test_the_lead_reviews_once_and_nobody_else(world: World) -> None:
    opening = opened(world).opening
    assert reviewers(world, opening) == {"nurse_in_team"}
    mei = world.viewer("nurse_in_team")
    with pytest.raises(Invalid):
        breakglass.review(opening=opening, outcome="not_justified", note=" ", by=mei, now=world.now)
    done = breakglass.review(opening=opening, outcome="justified", note="", by=mei, now=world.now)
    assert (done.review_outcome, done.reviewed_by_id) == ("justified", mei.user_id)
    with pytest.raises(Conflict):
        breakglass.review(opening=opening, outcome="justified", note="", by=mei, now=world.now)


def test_without_a_lead_the_openers_lead_reviews(world: World) -> None:
    Patient.objects.filter(id=world.ana.id).update(team=None)
    told = opened(world, "doctor_break_glass_lapsed")
    assert told.tell_reviewers == (world.users["doctor_elsewhere"].id,)
    assert reviewers(world, told.opening) == {"doctor_elsewhere"}


def test_nobody_reviews_herself(world: World) -> None:
    Patient.objects.filter(id=world.ana.id).update(team=world.south)
    told = opened(world, "doctor_elsewhere")
    assert told.tell_reviewers == ()
    assert reviewers(world, told.opening) == set()
    Team.objects.filter(id=world.south.id).update(lead=world.users["doctor_break_glass"])
    assert reviewers(world, told.opening) == {"doctor_break_glass"}
