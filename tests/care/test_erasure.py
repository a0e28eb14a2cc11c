"""Erasing: only she, only with her name typed, only after the wait; then nothing of her readings is left and nothing names her."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from healthhub.audit.models import Entry
from healthhub.care import erasure
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import access
from healthhub.people.models import Grant
from healthhub.records import exports
from healthhub.records.models import Observation
from healthhub.records.tasks import TABLES
from monitoring.models import LIVE_STATES, Alert
from tests.permissions.records import fill
from tests.world import World, build

pytestmark = pytest.mark.django_db
MARK = "CNRY"
# What stays by promise: what clinicians wrote of visits and steps, the ledger's document, and who broke the glass and why.
# Names of a team's tags and of a doctor's saved views are theirs; that a tag was hers is gone.
STAYS = {
    "monitoring_tag",
    "monitoring_savedview",
    "care_contact",
    "monitoring_step",
    "people_consententry",
    "people_breakglass",
    "risk_version",
    "audit_entry",
}


def ask(world: World, who: str = "patient_self", typed: str | None = None) -> None:
    erasure.ask(patient_id=world.ana.id, typed=world.ana.name if typed is None else typed, by=world.viewer(who), now=world.now)


def tables_that_say(text: str) -> set[str]:
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{text}%"])
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def test_nothing_is_left_that_names_her_or_tells_a_reading() -> None:
    world = build(mark=MARK)
    fill(world)
    user = world.users["patient_self"]
    exports.ask(patient_id=world.ana.id, by=world.viewer("patient_self"), now=world.now)
    exports.work(now=world.now, tables=TABLES)
    ask(world)
    readings = Observation.objects.filter(patient=world.ana).count()
    assert readings >= 3
    assert erasure.handle_due(now=world.now + settings.ERASURE_WAIT - timedelta(seconds=1)) == 0
    assert "records_observation" in {table.split("_2")[0] for table in tables_that_say(str(world.ana.id))}
    later = world.now + settings.ERASURE_WAIT
    assert erasure.handle_due(now=later) == 1
    assert erasure.handle_due(now=later) == 0
    assert tables_that_say(f"{MARK}-ana-") <= STAYS
    assert not [table for table in tables_that_say(str(world.ana.id)) if table.startswith(("records_", "notifications_", "risk_"))]
    assert "monitoring_tagged" not in tables_that_say(str(world.ana.id))
    assert tables_that_say("Ana Silva") == set()
    assert tables_that_say(user.email) == set()
    assert not Alert.objects.filter(patient=world.ana, state__in=LIVE_STATES).exists()
    assert not Grant.objects.filter(patient=world.ana, withdrawn_at=None).exists()
    for who in ("patient_self", "doctor_in_team", "caregiver_with_consent"):
        with pytest.raises(NotVisible):
            access.patient_for(world.viewer(who), world.ana.id, action="read", now=later)
    done = Entry.objects.get(patient_id=world.ana.id, did="erasure.done")
    assert done.detail["readings"] == readings
    assert f"{MARK}-ben-" in str(world.ben.name)
    assert "records_observation" in {table.split("_2")[0] for table in tables_that_say(str(world.ben.id))}


def test_she_may_call_it_off(world: World) -> None:
    ask(world)
    with pytest.raises(Conflict):
        ask(world)
    erasure.cancel(patient_id=world.ana.id, by=world.viewer("patient_self"), now=world.now)
    with pytest.raises(Conflict):
        erasure.cancel(patient_id=world.ana.id, by=world.viewer("patient_self"), now=world.now)
    assert erasure.handle_due(now=world.now + timedelta(days=400)) == 0
    ask(world)


@pytest.mark.parametrize("who", ["caregiver_with_consent", "doctor_in_team", "nurse_in_team", "doctor_break_glass"])
def test_nobody_else_may(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        ask(world, who)
    ask(world)
    with pytest.raises(NotAllowed):
        erasure.cancel(patient_id=world.ana.id, by=world.viewer(who), now=world.now)


def test_not_by_a_slip_and_not_an_account_that_works_here(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        ask(world, typed="Ana")
    assert (refused.value.code, refused.value.field) == ("not_confirmed", "typed")
    ask(world, typed="  ana   SILVA ")
    lim = world.users["doctor_in_team"]
    world.ben.user = lim
    world.ben.save()
    with pytest.raises(Conflict) as works:
        erasure.ask(patient_id=world.ben.id, typed="Ben Zhou", by=world.viewer("doctor_in_team"), now=world.now)
    assert works.value.code == "works_here"
