"""The people of the tests, introduced once. All are invented.

Ana Silva is a patient; the North team cares for her with her consent for everything. Ben Zhou is another patient, of the
South team, and has nothing to do with any of them.

    caregiver_with_consent   Cleo, Ana's daughter: may read, be told and act
    caregiver_withdrawn      Dmitri, her neighbour: his consent was withdrawn
    doctor_in_team           Dr Lim, North team, on duty
    nurse_in_team            Mei, nurse and lead of the North team
    doctor_removed           Dr Park, was in the North team until a moment ago
    doctor_elsewhere         Dr Osei, South team of another hospital: Ben's doctor
    doctor_break_glass       Dr Quinn, South team, broke the glass over Ana's record and may read it now
    doctor_break_glass_lapsed  Dr Rao, South team, did so yesterday
    programme_manager        Pia, of an insurer
    operator                 Omar, of the clinic
    token_write, token_read, token_revoked      Ana's devices
    token_other_patient      Ben's device

`World.client("doctor_in_team")` is a signed-in client; `build(now=...)` builds them all at a moment of your choice.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, breakglass, consent, memberships, tokens
from healthhub.people.access import Viewer
from healthhub.people.models import ConsentEntry, Membership, Organisation, Patient, Role, Team, User

USERS = (
    "patient_self",
    "other_patient",
    "caregiver_with_consent",
    "caregiver_withdrawn",
    "doctor_in_team",
    "doctor_elsewhere",
    "doctor_removed",
    "nurse_in_team",
    "programme_manager",
    "operator",
    "doctor_break_glass",
    "doctor_break_glass_lapsed",
)
TOKENS = ("token_write", "token_read", "token_revoked", "token_other_patient")
PRINCIPALS = ("anonymous", *USERS, *TOKENS)
EVERYTHING = ("read", "notify", "write", "act")
PASSWORD = "a long enough password 1"


@dataclass
class World:
    """Everyone by role; see the top of this file."""

    now: datetime
    mark: str = ""  # stands in every text that belongs to a patient: "<mark>-ana-..." and "<mark>-ben-..."
    users: dict[str, User] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    token_ids: dict[str, UUID] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    entries: dict[str, ConsentEntry] = field(default_factory=dict)
    openings: dict[str, Any] = field(default_factory=dict)
    ana: Patient = field(default_factory=Patient)
    ben: Patient = field(default_factory=Patient)
    north: Team = field(default_factory=Team)
    south: Team = field(default_factory=Team)
    clinic: Organisation = field(default_factory=Organisation)
    hospital: Organisation = field(default_factory=Organisation)
    insurer: Organisation = field(default_factory=Organisation)

    def said(self, whose: str, text: str) -> str:
        """This function will give a text of a patient, with the mark that must never reach a stranger."""
        return f"{text} {self.mark}-{whose}-" if self.mark else text

    def viewer(self, principal: str) -> Viewer:
        """This function will give the viewer that this principal is (a revoked token raises `BadToken`)."""
        if principal == "anonymous":
            return access.ANONYMOUS
        if principal in TOKENS:
            return access.viewer_of_token(self.secrets[principal], self.now)
        return access.viewer_of(self.users[principal])

    def client(self, principal: str, **options: Any) -> Client:
        """This function will give an HTTP client of this principal."""
        if principal in TOKENS:
            return Client(headers={"authorization": f"Bearer {self.secrets[principal]}"}, **options)
        client = Client(**options)
        if principal != "anonymous":
            client.force_login(self.users[principal], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


def build(*, now: datetime | None = None, mark: str = "") -> World:
    """This function will make all of them, at `now` (the real moment when not given). Call it with a database."""
    now = now or timezone.now()
    world = World(now=now, mark=mark)
    before = now - timedelta(days=2)
    _people(world)
    _work(world, before)
    _patients(world)
    _consents(world, before)
    _tokens(world, before)
    _broken_glass(world)
    memberships.end(membership=world.memberships["doctor_removed"], by=world.viewer("nurse_in_team"), now=now - timedelta(seconds=1))
    return world


NAMES = {
    "patient_self": "Ana Silva",
    "other_patient": "Ben Zhou",
    "caregiver_with_consent": "Cleo Silva",
    "caregiver_withdrawn": "Dmitri Novak",
    "doctor_in_team": "Dr Lim",
    "doctor_elsewhere": "Dr Osei",
    "doctor_removed": "Dr Park",
    "nurse_in_team": "Mei Tan",
    "programme_manager": "Pia Berg",
    "operator": "Omar Haddad",
    "doctor_break_glass": "Dr Quinn",
    "doctor_break_glass_lapsed": "Dr Rao",
}


def _people(world: World) -> None:
    for role in USERS:
        world.users[role] = User.objects.create_user(f"{role}@example.org", PASSWORD, name=NAMES[role], language="en")


def _work(world: World, before: datetime) -> None:
    world.clinic = Organisation.objects.create(name="Harbour Clinic", kind=Organisation.Kind.CLINIC)
    world.hospital = Organisation.objects.create(name="Hill Hospital", kind=Organisation.Kind.HOSPITAL)
    world.insurer = Organisation.objects.create(name="Fair Insurance", kind=Organisation.Kind.INSURER)
    world.north = Team.objects.create(organisation=world.clinic, name="North", lead=world.users["nurse_in_team"])
    world.south = Team.objects.create(organisation=world.hospital, name="South", lead=world.users["doctor_elsewhere"])
    for role, organisation, team, work in (
        ("doctor_in_team", world.clinic, world.north, Role.DOCTOR),
        ("nurse_in_team", world.clinic, world.north, Role.NURSE),
        ("doctor_removed", world.clinic, world.north, Role.DOCTOR),
        ("doctor_elsewhere", world.hospital, world.south, Role.DOCTOR),
        ("doctor_break_glass", world.hospital, world.south, Role.DOCTOR),
        ("doctor_break_glass_lapsed", world.hospital, world.south, Role.DOCTOR),
        ("programme_manager", world.insurer, None, Role.PROGRAMME_MANAGER),
        ("operator", world.clinic, None, Role.OPERATOR),
    ):
        world.memberships[role] = memberships.join(
            user=world.users[role],
            organisation=organisation,
            team=team,
            role=work,
            by=None,
            now=before,
            on_duty=role in ("doctor_in_team", "doctor_elsewhere"),
        )


def _patients(world: World) -> None:
    ana = {
        "name": world.said("ana", "Ana Silva"),
        "birth_date": date(1956, 4, 12),
        "sex": "female",
        "conditions": ["hypertension", "diabetes_t2"],
    }
    world.ana = Patient.objects.create(user=world.users["patient_self"], team=world.north, **ana)
    world.ben = Patient.objects.create(
        user=world.users["other_patient"], team=world.south, name=world.said("ben", "Ben Zhou"), birth_date=date(1960, 9, 1), sex="male"
    )


def _consents(world: World, before: datetime) -> None:
    ana, ben = world.viewer("patient_self"), world.viewer("other_patient")
    cleo, dmitri = world.users["caregiver_with_consent"].id, world.users["caregiver_withdrawn"].id
    for name, by, patient, kind, grantee, purpose, rights in (
        ("north", ana, world.ana, "team", world.north.id, "care", EVERYTHING),
        ("south", ben, world.ben, "team", world.south.id, "care", EVERYTHING),
        ("cleo", ana, world.ana, "person", cleo, "caregiving", ("read", "notify", "act")),
        ("dmitri", ana, world.ana, "person", dmitri, "caregiving", ("read", "notify", "act")),
        ("programme", ana, world.ana, "organisation", world.insurer.id, "programme", ("read",)),
    ):
        world.entries[name] = consent.grant(
            patient=patient,
            grantee_kind=kind,
            grantee_id=grantee,
            data_classes=DATA_CLASSES,
            purpose=purpose,
            rights=rights,
            document_version=world.said("ana" if patient == world.ana else "ben", "2026-01"),
            by=by,
            now=before,
        )
    consent.withdraw(entry=world.entries["dmitri"], by=ana, now=world.now - timedelta(seconds=1))


def _tokens(world: World, before: datetime) -> None:
    for name, patient, by, may_write, may_read in (
        ("token_write", world.ana, "patient_self", True, False),
        ("token_read", world.ana, "patient_self", False, True),
        ("token_revoked", world.ana, "patient_self", True, True),
        ("token_other_patient", world.ben, "other_patient", True, True),
    ):
        token, world.secrets[name] = tokens.issue(
            patient=patient,
            name=world.said("ana" if patient == world.ana else "ben", name),
            kinds=[],
            may_write=may_write,
            may_read=may_read,
            by=world.viewer(by),
            now=before,
        )
        world.token_ids[name] = token.id
        if name == "token_revoked":
            tokens.revoke(token=token, by=world.viewer(by), now=world.now)


def _broken_glass(world: World) -> None:
    for role, moment in (("doctor_break_glass", timedelta(minutes=5)), ("doctor_break_glass_lapsed", timedelta(days=1))):
        world.openings[role] = breakglass.open_record(
            patient_id=world.ana.id,
            reason=world.said("ana", f"Brought in unconscious, seen by {NAMES[role]}"),
            hours=4,
            by=world.viewer(role),
            now=world.now - moment,
        ).opening


def at(text: str) -> datetime:
    """This function will read "2026-03-01 08:00" as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
