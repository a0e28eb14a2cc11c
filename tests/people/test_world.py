"""The people of the tests stand to Ana as they say they do."""

import pytest

from healthhub.people import access
from tests.world import USERS, World

SEE_ANA = {"patient_self", "caregiver_with_consent", "doctor_in_team", "nurse_in_team", "doctor_break_glass"}


@pytest.mark.parametrize("role", USERS)
def test_who_sees_ana(world: World, role: str) -> None:
    visible = access.patients_visible_to(world.viewer(role), now=world.now)
    assert (world.ana in visible) == (role in SEE_ANA)
    assert access.may(world.viewer(role), world.ana.id, action="read", now=world.now) == (role in SEE_ANA)
