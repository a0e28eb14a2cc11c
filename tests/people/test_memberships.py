"""Who works where and who is on duty; what follows when somebody leaves."""

from datetime import timedelta

import pytest
from django.test import override_settings

from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import access, memberships
from healthhub.people.models import Organisation
from tests.world import World

pytestmark = pytest.mark.django_db


def on_duty(world: World) -> set[str]:
    return {row.user.name for row in memberships.members_of([world.north], now=world.now) if row.on_duty}


def test_leaving_ends_every_right_in_the_same_moment(world: World) -> None:
    lim, mei = world.viewer("doctor_in_team"), world.users["nurse_in_team"].id
    memberships.hand_over(team=world.north, to=[mei], by=lim, now=world.now)
    memberships.end(membership=world.memberships["doctor_in_team"], by=lim, now=world.now)
    assert not access.may(lim, world.ana.id, action="read", now=world.now)
    assert lim.user_id not in access.watchers_of(world.ana.id, data_class="vitals", now=world.now)
    with pytest.raises(Conflict):
        memberships.end(membership=world.memberships["doctor_in_team"], by=lim, now=world.now)


def test_the_last_on_duty_hands_over_first(world: World) -> None:
    with pytest.raises(Conflict) as refused:
        memberships.end(membership=world.memberships["doctor_in_team"], by=None, now=world.now)
    assert refused.value.code == "last_on_duty"


def test_the_duty_is_handed_over(world: World) -> None:
    lim, mei = world.users["doctor_in_team"].id, world.users["nurse_in_team"].id
    assert on_duty(world) == {"Dr Lim"}
    assert memberships.hand_over(team=world.north, to=[mei], by=world.viewer("doctor_in_team"), now=world.now) == [mei]
    assert on_duty(world) == {"Mei Tan"}
    memberships.hand_over(team=world.north, to=[mei, lim], by=world.viewer("nurse_in_team"), now=world.now)
    assert on_duty(world) == {"Mei Tan", "Dr Lim"}


@pytest.mark.parametrize("who", [None, "doctor_elsewhere", "doctor_removed", "patient_self", "operator"])
def test_only_the_teams_clinicians_take_the_duty(world: World, who: str | None) -> None:
    to = [world.users[who].id] if who else []
    with pytest.raises(Invalid):
        memberships.hand_over(team=world.north, to=to, by=world.viewer("doctor_in_team"), now=world.now)
    assert on_duty(world) == {"Dr Lim"}


def test_who_may_end_whose_membership(world: World) -> None:
    lims, meis = world.memberships["doctor_in_team"].id, world.memberships["nurse_in_team"].id
    for who in ("doctor_in_team", "nurse_in_team"):
        assert memberships.membership_for(world.viewer(who), lims, now=world.now).id == lims
    with pytest.raises(NotAllowed):
        memberships.membership_for(world.viewer("doctor_in_team"), meis, now=world.now)
    for who, membership_id in (("doctor_elsewhere", lims), ("operator", lims), ("nurse_in_team", uuid7())):
        with pytest.raises(NotVisible):
            memberships.membership_for(world.viewer(who), membership_id, now=world.now)


def test_joining(world: World) -> None:
    park = world.users["doctor_removed"]
    assert not access.may(access.viewer_of(park), world.ana.id, action="read", now=world.now)
    memberships.join(user=park, organisation=world.clinic, team=world.north, role="doctor", by=None, now=world.now)
    assert access.may(access.viewer_of(park), world.ana.id, action="read", now=world.now)
    for wrong in ({"team": None}, {"team": world.south}):
        with pytest.raises(Invalid):
            memberships.join(**{"user": park, "organisation": world.clinic, "role": "doctor", "by": None, "now": world.now} | wrong)
    with pytest.raises(Conflict):
        memberships.join(user=park, organisation=world.clinic, team=world.north, role="nurse", by=None, now=world.now)


def test_a_membership_that_begins_tomorrow_opens_nothing_today(world: World) -> None:
    park = world.users["doctor_removed"]
    memberships.join(user=park, organisation=world.clinic, team=world.north, role="doctor", by=None, now=world.now + timedelta(days=1))
    assert not access.may(access.viewer_of(park), world.ana.id, action="read", now=world.now)


def test_who_owes_a_second_factor(world: World) -> None:
    def owing() -> set[str]:
        return {who for who, user in world.users.items() if memberships.owes_second_factor(user, now=world.now)}

    assert owing() == set()
    Organisation.objects.filter(id=world.clinic.id).update(requires_mfa=True)
    assert owing() == {"doctor_in_team", "nurse_in_team", "operator"}
    with override_settings(STAFF_MFA_REQUIRED=True):
        assert owing() == {who for who in world.users if who in world.memberships and who != "doctor_removed"}
