"""The gate against a plain reading of its promise, and against the clock."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from healthhub.care.careplans.content import CLASS_OF
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.people import access, conditions, consent, memberships, tokens
from healthhub.people.access import Viewer
from healthhub.people.models import ConsentEntry, Grant, Membership, Organisation, Patient, Team, User
from healthhub.people.relations import RIGHT_FOR, RIGHTS
from healthhub.records import catalogue
from monitoring.packs import CONDITIONS
from risk.scores.registry import SCORES
from tests.world import World, at

NOW = at("2026-03-01 08:00")
ACTIONS = sorted(RIGHT_FOR)
pytestmark = pytest.mark.django_db


def plainly_open(user: User, patient: Patient, action: str, data_class: str) -> bool:
    """The promise, read slowly: no SQL, no table, one sentence after the other."""
    if patient.user_id == user.id and user.is_active:
        return action not in ("limits", "break_glass", "backtest", "clinical", "judge")
    if not user.is_active:
        return False
    for grant in Grant.objects.filter(patient=patient):
        if grant.withdrawn_at or grant.starts_at > NOW or (grant.ends_at and grant.ends_at <= NOW) or data_class not in grant.data_classes:
            continue
        working = [
            m
            for m in Membership.objects.filter(user=user, role__in=["doctor", "nurse"])
            if m.since <= NOW and (not m.until or m.until > NOW)
        ]
        names_her = grant.grantee_kind == "person" and grant.grantee_id == user.id and grant.purpose in ("care", "caregiving")
        if names_her and action in ("read", "write", "act", "snooze") and action.replace("snooze", "notify") in grant.rights:
            return True
        if grant.purpose == "care" and (
            (grant.grantee_kind == "team" and grant.grantee_id in [m.team_id for m in working])
            or (grant.grantee_kind == "organisation" and grant.grantee_id in [m.organisation_id for m in working])
        ):
            needed = {"backtest": "read", "clinical": "read", "limits": "act", "judge": "act", "snooze": "notify"}.get(action, action)
            if needed in grant.rights:
                return True
    return False


def a_random_town(dice: random.Random) -> tuple[list[User], list[Patient]]:
    users = [User.objects.create_user(f"u{i}@example.org", name=f"U{i}", is_active=i != 7) for i in range(8)]
    homes = [Organisation.objects.create(name=f"O{i}", kind="clinic") for i in range(2)]
    teams = [Team.objects.create(organisation=homes[i % 2], name=f"T{i}") for i in range(3)]
    patients = [Patient.objects.create(user=users[i] if i < 2 else None, name=f"P{i}") for i in range(4)]

    def moment() -> object:
        return NOW + timedelta(hours=dice.choice([-48, -1, 0, 1, 48]))

    for user in users:
        for team in dice.sample(teams, dice.randint(0, 2)):
            until = dice.choice([None, moment()])
            Membership.objects.create(
                user=user,
                organisation=team.organisation,
                team=team,
                role=dice.choice(["doctor", "nurse", "operator"]),
                since=moment(),
                until=until,
            )
    for patient in patients:
        for _ in range(4):
            kind, ids = dice.choice([("person", users), ("team", teams), ("organisation", homes), ("programme", homes)])
            line = {
                "patient": patient,
                "grantee_kind": kind,
                "grantee_id": dice.choice(ids).id,
                "data_classes": dice.sample(sorted(DATA_CLASSES), dice.randint(1, 3)),
                "purpose": dice.choice(["care", "caregiving", "programme", "research"]),
                "rights": dice.sample(RIGHTS, dice.randint(1, 4)),
                "starts_at": moment(),
                "ends_at": dice.choice([None, moment()]),
            }
            entry = ConsentEntry.objects.create(**line, document_version="1", given_by=users[0], entered_at=NOW)
            Grant.objects.create(**line, entry=entry, withdrawn_at=dice.choice([None, None, None, NOW]))
    return users, patients


@pytest.mark.parametrize("seed", range(8))
def test_list_one_and_classes_agree_with_a_plain_reading(seed: int) -> None:
    users, patients = a_random_town(random.Random(seed))
    for user in users:
        viewer = access.viewer_of(user)
        for action in ACTIONS:
            expected = {p.id: {c for c in DATA_CLASSES if plainly_open(user, p, action, c)} for p in patients}
            listed = set(access.patients_visible_to(viewer, now=NOW, action=action).values_list("id", flat=True))
            assert listed == {patient_id for patient_id, classes in expected.items() if classes}
            for patient in patients:
                assert access.classes_allowed(viewer, patient, action=action, now=NOW) == expected[patient.id]
        for_glucose = access.patients_visible_to(viewer, now=NOW, data_class="glucose")
        assert {p.id for p in for_glucose} == {p.id for p in patients if plainly_open(user, p, "read", "glucose")}


@pytest.mark.parametrize("seed", range(4))
def test_watchers_are_who_could_look_for_themselves(seed: int) -> None:
    users, patients = a_random_town(random.Random(seed))
    for patient in patients:
        for data_class in sorted(DATA_CLASSES):
            watching = set(access.watchers_of(patient.id, data_class=data_class, now=NOW, right="read"))
            assert watching == {user.id for user in users if plainly_open(user, patient, "read", data_class)}


def test_one_statement_answers(world: World) -> None:
    viewer = world.viewer("doctor_in_team")
    with CaptureQueriesContext(connection) as sql:
        assert list(access.patients_visible_to(viewer, now=world.now)) == [world.ana]
    assert len(sql) == 1
    with CaptureQueriesContext(connection) as sql:
        assert access.may(viewer, world.ana.id, action="read", now=world.now)
    assert len(sql) == 1
    with CaptureQueriesContext(connection) as sql:
        assert world.users["doctor_in_team"].id in access.watchers_of(world.ana.id, data_class="vitals", now=world.now)
    assert len(sql) == 1


def test_a_token_is_looked_up_by_one_statement_and_asked_by_none(world: World) -> None:
    secret = world.secrets["token_write"]
    access.viewer_of_token(secret, world.now)
    with CaptureQueriesContext(connection) as sql:
        viewer = access.viewer_of_token(secret, world.now + timedelta(seconds=59))
    assert len(sql) == 1
    with CaptureQueriesContext(connection) as sql:
        assert access.classes_allowed(viewer, world.ana, action="write", now=world.now) == DATA_CLASSES
        assert access.classes_allowed(viewer, world.ana, action="read", now=world.now) == frozenset()
        assert access.classes_allowed(viewer, world.ben, action="write", now=world.now) == frozenset()
    assert len(sql) == 0


def test_last_used_is_noted_once_a_minute(world: World) -> None:
    secret, token_id = world.secrets["token_write"], world.token_ids["token_write"]

    def last_used() -> object:
        return tokens.all_tokens().get(id=token_id).last_used_at

    access.viewer_of_token(secret, world.now)
    access.viewer_of_token(secret, world.now + timedelta(seconds=30))
    assert last_used() == world.now
    access.viewer_of_token(secret, world.now + timedelta(seconds=61))
    assert last_used() == world.now + timedelta(seconds=61)


def test_foreign_and_unknown_raise_the_same(world: World) -> None:
    viewer = world.viewer("doctor_elsewhere")
    for patient_id in (world.ana.id, str(world.ana.id), uuid7(), "x", "", str(world.ana.id).upper(), "0" * 36):
        with pytest.raises(NotVisible) as refused:
            access.patient_for(viewer, patient_id, action="read", now=world.now)
        assert refused.value.as_dict() == NotVisible().as_dict()


def test_seen_but_not_allowed(world: World) -> None:
    cleo = world.viewer("caregiver_with_consent")
    assert access.patient_for(cleo, world.ana.id, action="read", now=world.now) == world.ana
    for action in ("write", "limits", "consent", "tokens", "audit", "export", "break_glass", "backtest"):
        with pytest.raises(NotAllowed):
            access.patient_for(cleo, world.ana.id, action=action, now=world.now)


def test_every_right_ends_with_the_clock(world: World) -> None:
    viewer, quinn = world.viewer("doctor_in_team"), world.viewer("doctor_break_glass")
    assert access.may(quinn, world.ana.id, action="read", now=world.now)
    assert not access.may(quinn, world.ana.id, action="read", now=world.now + timedelta(hours=4))
    consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=world.now)
    assert not access.may(viewer, world.ana.id, action="read", now=world.now)


def test_a_deactivated_account_opens_nothing(world: World) -> None:
    lim = world.users["doctor_in_team"]
    User.objects.filter(id=lim.id).update(is_active=False)
    viewer = access.viewer_of(lim)
    assert not access.may(viewer, world.ana.id, action="read", now=world.now)
    assert not access.patients_visible_to(viewer, now=world.now).exists()
    assert access.epoch_of(viewer) is None
    assert lim.id not in access.watchers_of(world.ana.id, data_class="vitals", now=world.now)


def test_nobody_sees_nobody(world: World) -> None:
    nobody = Viewer(kind="anonymous")
    assert not access.patients_visible_to(nobody, now=world.now).exists()
    assert not access.may(nobody, world.ana.id, action="read", now=world.now)
    assert access.epoch_of(nobody) is None


def test_rows_follow_their_patient(world: World) -> None:
    entry = world.entries["cleo"]
    ana, lim, osei = world.viewer("patient_self"), world.viewer("doctor_in_team"), world.viewer("doctor_elsewhere")
    assert access.row_for(ana, consent.entries(), entry.id, action="consent", now=world.now) == entry
    with pytest.raises(NotAllowed):
        access.row_for(lim, consent.entries(), entry.id, action="consent", now=world.now)
    for viewer, row_id in ((osei, entry.id), (osei, uuid7()), (ana, uuid7()), (ana, "nonsense")):
        with pytest.raises(NotVisible):
            access.row_for(viewer, consent.entries(), row_id, action="consent", now=world.now)


def test_the_catalogue_and_consent_speak_of_the_same_classes() -> None:
    assert {kind.data_class for kind in catalogue.BY_KEY.values()} <= DATA_CLASSES == set(catalogue.DATA_CLASSES)


def epochs(*ids: UUID) -> list[int]:
    users = dict(User.objects.filter(id__in=ids).values_list("id", "authz_epoch"))
    return [users[user_id] for user_id in ids]


def test_epochs_move_when_rights_do(world: World) -> None:
    lim, mei, cleo, osei = (
        world.users[who].id for who in ("doctor_in_team", "nurse_in_team", "caregiver_with_consent", "doctor_elsewhere")
    )
    before, by = epochs(lim, mei, cleo, osei), world.viewer("patient_self")
    consent.withdraw(entry=world.entries["north"], by=by, now=world.now)
    assert epochs(lim, mei, cleo, osei) == [before[0] + 1, before[1] + 1, before[2], before[3]]
    memberships.end(membership=world.memberships["nurse_in_team"], by=None, now=world.now)
    assert epochs(mei) == [before[1] + 2]
    patient_epoch = Patient.objects.get(id=world.ana.id).authz_epoch
    reader = world.viewer("token_read")
    assert access.epoch_of(reader) == patient_epoch
    tokens.revoke(token=tokens.all_tokens().get(id=reader.token_id), by=by, now=world.now)
    assert access.epoch_of(reader) is None
    assert Patient.objects.get(id=world.ana.id).authz_epoch == patient_epoch + 1


def test_rules_scores_plans_and_records_speak_of_the_same_conditions() -> None:
    asked_by_scores = {code for score in SCORES for code in score.not_for}
    assert conditions.CONDITIONS.keys() == CONDITIONS | asked_by_scores | CLASS_OF.keys()
    assert conditions.checked(["copd", "asthma", "copd"]) == ["asthma", "copd"]
    with pytest.raises(Invalid):
        conditions.checked(["tired"])
