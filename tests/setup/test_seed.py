"""The demo's people stand in the right relations, have a past, and their stories are noticed by the rules."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings

from healthhub.audit import log
from healthhub.care import medications
from healthhub.config import demo_people as who, monday
from healthhub.config.demo_people import Account
from healthhub.config.seed import DAYS, seed
from healthhub.config.simulate import STORIES, TOKEN_NAME, Person, Story, Stream, people
from healthhub.lib.refused import Conflict
from healthhub.people import access
from healthhub.people.models import DeviceToken, Patient, User
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY, SIMULATED
from monitoring import burden, intake, worklist
from monitoring.models import LIVE_STATES, Alert

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def seen_by(account: Account, *, action: str = "read") -> set[str]:
    viewer = access.viewer_of(User.objects.get(email=account.email))
    return set(access.patients_visible_to(viewer, now=NOW + timedelta(minutes=1), action=action).values_list("name", flat=True))


def test_everyone_sees_whom_she_should_and_nobody_else() -> None:
    assert seed(now=NOW, days=2)
    team_a, team_b = {p.name for p in who.FAMILY_MEDICINE_A}, {p.name for p in who.FAMILY_MEDICINE_B}
    assert len(team_a) + len(team_b) == 40
    assert seen_by(who.DOCTOR) == seen_by(who.NURSE) == team_a
    assert seen_by(who.DOCTOR, action="act") == team_a
    assert seen_by(who.SECOND_DOCTOR) == team_b
    assert seen_by(who.PATIENT) == seen_by(who.CAREGIVER) == {"王秀英"}
    assert seen_by(who.CAREGIVER, action="act") == set()
    assert seen_by(who.MANAGER) == seen_by(who.OPERATOR) == set()


def test_a_second_run_changes_nothing() -> None:
    assert seed(now=NOW, days=2)
    users, patients = User.objects.count(), Patient.objects.count()
    assert not seed(now=NOW + timedelta(days=1))
    assert (User.objects.count(), Patient.objects.count()) == (users, patients)


def test_three_weeks_of_readings_are_labelled_as_simulated_and_raise_nothing() -> None:
    seed(now=NOW)
    patient = Patient.objects.get(name=who.PATIENT.name)
    past = timeline.history(patient_id=patient.pk, kinds=[1, 100], since=NOW - timedelta(days=DAYS + 1), until=NOW, limit=1000)
    assert len(past) > 3.5 * (DAYS - 1)
    assert all(reading["flags"] & SIMULATED for reading in past)
    assert not Alert.objects.exists()


def test_it_refuses_to_run_in_production_or_beside_real_people(settings: LazySettings) -> None:
    Patient.objects.create(name="not simulated")
    with pytest.raises(Conflict, match="not simulated"):
        seed(now=NOW)
    settings.MODE = "production"
    with pytest.raises(Conflict, match="production"):
        seed(now=NOW)


def test_a_new_stream_replaces_the_tokens_of_the_last() -> None:
    seed(now=NOW, days=2)
    people(now=NOW)
    people(now=NOW + timedelta(hours=1))
    assert DeviceToken.objects.filter(name=TOKEN_NAME, revoked_at=None).count() == Patient.objects.count()
    assert not DeviceToken.objects.filter(may_read=True).exists()


def test_every_story_is_noticed() -> None:
    """For three people with the condition each, whatever her own level is."""
    seed(now=NOW)
    everyone = people(now=NOW)
    for story in STORIES:
        for person in [one for one in everyone if story.condition in one.patient.conditions][-3:]:
            tell(story, person)
            assert Alert.objects.filter(patient=person.patient, data_class=BY_KEY[story.kind].data_class).exists(), (story, person.patient)


def tell(story: Story, person: Person) -> None:
    by = access.viewer_of_token(person.token, NOW)
    for ago, value, value2 in story.readings:
        reading = person.reading(story.kind, NOW - timedelta(seconds=ago), value, value2)
        receipt = intake.receive(patient_id=person.patient.pk, readings=[reading], by=by, now=NOW)
        assert [(fate["fate"], fate["flags"]) for fate in receipt.fates] == [("stored", ["simulated"])]


def test_calm_readings_are_accepted_and_mostly_quiet() -> None:
    seed(now=NOW)
    chance = random.Random(7)
    everyone = people(now=NOW)
    stream = Stream(url="http://127.0.0.1:9", everyone=everyone, chance=chance)
    for person in everyone:
        receive_calm(stream, person)
    assert Alert.objects.filter(severity__in=["red", "urgent"]).count() == 0
    assert Alert.objects.count() <= 6


def receive_calm(stream: Stream, person: Person) -> None:
    by = access.viewer_of_token(person.token, NOW)
    for minutes in (30, 20, 10, 1):
        readings = [stream.calm_reading(person, kind, NOW - timedelta(minutes=minutes)) for kind in person.kinds]
        receipt = intake.receive(patient_id=person.patient.pk, readings=readings, by=by, now=NOW)
        assert {fate["fate"] for fate in receipt.fates} == {"stored"}


def test_on_monday_morning_there_is_something_of_every_kind_and_a_past_to_look_at() -> None:
    seed(now=NOW)
    assert monday.before(now=NOW) >= 12
    assert not Alert.objects.filter(state__in=LIVE_STATES).exists()
    assert monday.morning(now=NOW) >= len(monday.MORNING)
    doctor = access.viewer_of(User.objects.get(email=who.DOCTOR.email))
    found = worklist.worklist(viewer=doctor, now=NOW)
    assert [row.patient.name for row in found.rows if row.silent_since and row.last and row.last.at > row.silent_since] == []
    for bucket in ("red", "urgent", "amber", "calm"):
        assert found.counts[bucket], (bucket, found.counts)
    held = [row for row in found.rows if row.alerts and row.alerts[0].acknowledged_by]
    assert {row.alerts[0].acknowledged_by.name for row in held} >= {who.NURSE.name, who.DOCTOR.name}
    assert any(row.tags for row in found.rows)
    cost = burden.of_panel(viewer=doctor, now=NOW, days=30)
    assert cost.acted
    assert cost.ignored


def test_the_two_patients_keep_medicines_devices_and_a_log() -> None:
    seed(now=NOW)
    for account, medicines in ((who.PATIENT, 2), (who.ENGLISH_PATIENT, 1)):
        patient = Patient.objects.get(user__email=account.email)
        viewer = access.viewer_of(User.objects.get(email=account.email))
        counted = medications.adherence_of(viewer=viewer, patient=patient, days=7, now=NOW)
        assert len(counted) == medicines
        assert all(0 < one.taken <= one.due and one.due >= 6 for one in counted.values())
        assert DeviceToken.objects.filter(patient=patient, last_used_at__isnull=False).count() >= 2
    looked = log.entries_of(patient_id=Patient.objects.get(user__email=who.PATIENT.email).id, but=viewer.user_id)
    assert {"patient.read", "worklist.read"} <= {entry.did for entry in looked}
