"""Medicines: the list, what is said of each dose, and the arithmetic of how regularly they are taken."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthhub.care import medications
from healthhub.care.adherence import Adherence, adherence, doses
from healthhub.care.models import Medication
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import consent
from tests.world import World, at, build

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = at("2026-03-04 04:00")  # noon of 4 March in Shanghai
DAY = date(2026, 3, 4)


def plan(*clocks: time, since: date = date(2026, 1, 1), until: date | None = None, first: date = DAY, last: date = DAY) -> Any:
    return doses(times=clocks, since=since, until=until, first=first, last=last, zone=SHANGHAI)


def test_doses_are_at_her_own_clock_and_inside_the_course() -> None:
    found = plan(time(20), time(8), first=date(2026, 3, 1), last=date(2026, 3, 5), since=date(2026, 3, 2), until=date(2026, 3, 3))
    assert [one.key for one in found] == ["20260302T0800", "20260302T2000", "20260303T0800", "20260303T2000"]
    assert found[0].due_at == datetime(2026, 3, 2, 0, tzinfo=UTC)
    assert plan() == []


def test_a_dose_of_the_hour_that_a_zone_skips_is_due_at_the_jump() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    (one,) = doses(times=[time(2, 30)], since=DAY, until=None, first=date(2026, 3, 29), last=date(2026, 3, 29), zone=berlin)
    assert one.due_at == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, Adherence(due=1, taken=0)),  # 8:00 is four hours late at noon; 11:00 may still come, 20:00 will
        ({"20260304T0800": True}, Adherence(due=1, taken=1)),
        ({"20260304T0800": False}, Adherence(due=1, taken=0)),
        ({"20260304T0800": True, "20260304T2000": True}, Adherence(due=2, taken=2)),  # taken early counts
        ({"20260303T0800": True}, Adherence(due=1, taken=0)),  # another day's
    ],
)
def test_what_counts_as_due_and_taken(said: dict[str, bool], expected: Adherence) -> None:
    assert adherence(plan(time(8), time(11), time(20)), said, now=NOON) == expected


def test_after_the_stop_nothing_is_missed() -> None:
    planned = plan(time(6), time(9))
    assert adherence(planned, {}, now=NOON, stopped_at=at("2026-03-04 00:00")) == Adherence(due=1, taken=0)
    assert Adherence(0, 0).share is None
    assert Adherence(4, 3).share == 0.75


def pill(world: World, **more: Any) -> Medication:
    given: dict[str, Any] = {"name": "Amlodipine", "dose": "5 mg", "times": [time(8), time(20)]} | more
    return medications.add(patient_id=world.ana.id, by=world.viewer("patient_self"), now=world.now, **given)


@pytest.fixture
def noon(db: None) -> World:
    return build(now=NOON)


def say(world: World, medication: Medication, *, who: str = "patient_self", **more: Any) -> str:
    given: dict[str, Any] = {"day": DAY, "at": time(8), "taken": True} | more
    fate = medications.say(medication_id=medication.id, by=world.viewer(who), now=world.now, **given)
    return str(fate["fate"])


def states(world: World, now: datetime | None = None) -> list[tuple[str, bool | None]]:
    found = medications.tasks(viewer=world.viewer("patient_self"), patient=world.ana, now=now or world.now)
    return [(task.dose.key[-4:], task.taken) for task in found]


def test_a_day_from_morning_to_evening(noon: World) -> None:
    amlodipine = pill(noon)
    assert states(noon) == [("0800", None), ("2000", None)]
    assert say(noon, amlodipine) == "stored"
    assert states(noon) == [("0800", True), ("2000", None)]
    noon.now += timedelta(minutes=1)
    assert say(noon, amlodipine) == "duplicate"  # a second tap changes nothing
    assert say(noon, amlodipine, taken=False) == "corrected"
    assert states(noon) == [("0800", False), ("2000", None)]
    medications.unsay(medication_id=amlodipine.id, day=DAY, at=time(8), by=noon.viewer("patient_self"), now=noon.now)
    assert states(noon) == [("0800", None), ("2000", None)]
    with pytest.raises(NotVisible):
        medications.unsay(medication_id=amlodipine.id, day=DAY, at=time(8), by=noon.viewer("patient_self"), now=noon.now)


def test_adherence_begins_when_the_list_knows_the_medicine(noon: World) -> None:
    amlodipine = pill(noon, since=date(2025, 1, 1))
    say(noon, amlodipine)
    later = noon.now + timedelta(days=2)  # noon of the 6th: due were 8:00 and 20:00 on two days, and 8:00 of the third
    say(noon, amlodipine, day=date(2026, 3, 4), at=time(20))
    counted = medications.adherence_of(viewer=noon.viewer("nurse_in_team"), patient=noon.ana, days=7, now=later)
    assert counted == {amlodipine.id: Adherence(due=5, taken=2)}


def test_stopped_it_leaves_the_list_and_stays_on_file(noon: World) -> None:
    amlodipine = pill(noon)
    medications.stop(medication_id=amlodipine.id, by=noon.viewer("doctor_in_team"), now=noon.now)
    read: dict[str, Any] = {"viewer": noon.viewer("patient_self"), "patient_id": noon.ana.id, "now": noon.now}
    assert medications.medications_of(**read) == []
    (old,) = medications.medications_of(**read, stopped=True)
    assert old.stopped_by == noon.users["doctor_in_team"]
    assert states(noon) == []
    with pytest.raises(Conflict):
        say(noon, amlodipine)
    with pytest.raises(Conflict):
        medications.stop(medication_id=amlodipine.id, by=noon.viewer("patient_self"), now=noon.now)
    pill(noon)  # the same again is a new medicine


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"name": " "}, "bad_length", "name"),
        ({"dose": "x" * 81}, "bad_length", "dose"),
        ({"times": [time(hour) for hour in range(9)]}, "too_many_times", "times"),
        ({"since": DAY, "until": DAY - timedelta(days=1)}, "bad_day", "until"),
        ({"since": date(1800, 1, 1)}, "bad_day", "since"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(noon: World, more: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        pill(noon, **more)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Medication.objects.exists()


@pytest.mark.parametrize("more", [{"at": time(9)}, {"day": DAY + timedelta(days=1)}, {"day": DAY - timedelta(days=8)}])
def test_only_planned_doses_can_be_spoken_of(noon: World, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        say(noon, pill(noon, since=date(2026, 1, 1)), **more)


def test_twice_the_same_medicine_is_refused(noon: World) -> None:
    pill(noon)
    with pytest.raises(Conflict) as refused:
        pill(noon, name="AMLODIPINE")
    assert refused.value.code == "taken_already"
    pill(noon, dose="10 mg")


def test_who_may_say_and_who_may_read(noon: World) -> None:
    amlodipine = pill(noon)
    with pytest.raises(NotAllowed):
        say(noon, amlodipine, who="caregiver_with_consent")  # reads, is told, and acts; writes nothing
    with pytest.raises(NotVisible):
        say(noon, amlodipine, who="doctor_elsewhere")
    assert say(noon, amlodipine, who="nurse_in_team") == "stored"
    consent.withdraw(entry=noon.entries["cleo"], by=noon.viewer("patient_self"), now=noon.now)
    given: dict[str, Any] = {"grantee_kind": "person", "grantee_id": noon.users["caregiver_with_consent"].id, "purpose": "caregiving"}
    grant = given | {"rights": ["read"], "document_version": "2", "by": noon.viewer("patient_self"), "now": noon.now}
    consent.grant(patient=noon.ana, data_classes=["vitals"], **grant)
    assert medications.tasks(viewer=noon.viewer("caregiver_with_consent"), patient=noon.ana, now=noon.now) == []
    with pytest.raises(NotAllowed):
        medications.medications_of(viewer=noon.viewer("caregiver_with_consent"), patient_id=noon.ana.id, now=noon.now)
