"""Made-up people for the bench: a clinic, ten teams of four clinicians, a chief who works in all of them, and 1,000 patients.

They are put in by bulk statements, as no clinic ever gets them: the bench measures readings, not enrolment. All are marked as
simulated, and nothing of this can be reached from a clinic's database (the bench starts its own).
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import secrets
from healthhub.people.models import ConsentEntry, DeviceToken, Grant, Membership, Organisation, Patient, Role, Team, User
from healthhub.records.models import Source, Timeline
from monitoring import expected, plans
from monitoring.models import Expected
from notifications.models import Inbox

PATIENTS, TEAMS, STAFF = 1000, 10, 4
SOURCE = "bench-device"
CONDITIONS = (["hypertension"], ["diabetes_t2", "hypertension"], ["copd"], ["heart_failure"], [])
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class People:
    """Who is there: patients with their device's secret and source, clinicians by team, the chief."""

    patients: list[Patient] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    staff: list[list[User]] = field(default_factory=list)
    chief: User = field(default_factory=User)

    def team_of(self, number: int) -> int:
        """This function will give the team of the patient with this number."""
        return number % TEAMS


def _user(name: str) -> User:
    return User(email=f"{name}@bench.example", name=f"Bench {name}", language="en", password="!")


@transaction.atomic
def settle(now: datetime) -> People:
    """This function will put everybody in."""
    people = People()
    before = now - timedelta(days=400)
    clinic = Organisation.objects.create(name="Bench clinic", kind=Organisation.Kind.CLINIC)
    teams = [Team.objects.create(organisation=clinic, name=f"Bench team {n}") for n in range(TEAMS)]
    people.chief = _user("chief")
    people.staff = [[_user(f"staff-{n}-{m}") for m in range(STAFF)] for n in range(TEAMS)]
    selves = [_user(f"patient-{n}") for n in range(PATIENTS)]
    User.objects.bulk_create([people.chief, *(user for team in people.staff for user in team), *selves])
    Inbox.objects.bulk_create(Inbox(person=user) for user in [people.chief, *(u for team in people.staff for u in team), *selves])
    Membership.objects.bulk_create(
        Membership(user=user, organisation=clinic, team=team, role=Role.DOCTOR, since=before, on_duty=place == 0)
        for n, team in enumerate(teams)
        for place, user in enumerate([*people.staff[n], people.chief])
    )
    people.patients = Patient.objects.bulk_create(
        Patient(
            user=user,
            name=user.name,
            birth_date=date(1950, 1, 1) + timedelta(days=7 * n),
            sex="female" if n % 2 else "male",
            conditions=CONDITIONS[n % len(CONDITIONS)],
            team=teams[people.team_of(n)],
            is_simulated=True,
        )
        for n, user in enumerate(selves)
    )
    _consent(people, teams, before)
    _devices(people, before)
    _clocks(people.patients, now)
    return people


def _consent(people: People, teams: list[Team], before: datetime) -> None:
    given = {
        "grantee_kind": "team",
        "data_classes": sorted(DATA_CLASSES),
        "purpose": "care",
        "rights": ["read", "notify", "write", "act"],
        "starts_at": before,
    }
    entries = ConsentEntry.objects.bulk_create(
        ConsentEntry(
            patient=patient,
            grantee_id=teams[people.team_of(n)].id,
            document_version="bench",
            given_by_id=patient.user_id,
            entered_at=before,
            **given,
        )
        for n, patient in enumerate(people.patients)
    )
    Grant.objects.bulk_create(Grant(entry=e, patient_id=e.patient_id, grantee_id=e.grantee_id, **given) for e in entries)


def _devices(people: People, before: datetime) -> None:
    people.secrets = [secrets.fresh() for _ in people.patients]
    DeviceToken.objects.bulk_create(
        DeviceToken(
            patient=patient,
            name="bench",
            prefix=secret[: secrets.SHOWN],
            secret_sha256=secrets.digest(secret),
            sha1_sha256=secrets.digest_of_sha1(secrets.sha1_of(secret)),
            may_read=True,
            created_by_id=patient.user_id,
            created_at=before,
        )
        for patient, secret in zip(people.patients, people.secrets, strict=True)
    )
    Timeline.objects.bulk_create(Timeline(patient=patient, last_seq=0) for patient in people.patients)
    sources = Source.objects.bulk_create(Source(patient=patient, key=SOURCE) for patient in people.patients)
    people.sources = [source.id for source in sources]


def _clocks(patients: list[Patient], now: datetime) -> None:
    """The clocks of missing data, worked out once per set of conditions."""
    rows: list[Expected] = []
    for first in patients[: len(CONDITIONS)]:
        expected.begin(patient=first, now=now)
        made = list(Expected.objects.filter(patient=first))
        alike = [p for p in patients if p.conditions == first.conditions and p.id != first.id]
        rows += [
            Expected(
                patient=p,
                rule_id=row.rule_id,
                kinds=row.kinds,
                first_after=row.first_after,
                due_at=row.due_at,
                last_received_at=row.last_received_at,
            )
            for p in alike
            for row in made
        ]
    Expected.objects.bulk_create(rows)
    plans.situation(patient_id=patients[0].id, now=now)


@transaction.atomic
def sessions(users: list[User]) -> list[str]:
    """This function will sign people in and give their cookies' values."""
    keys = []
    for user in users:
        store = SessionStore()
        store[SESSION_KEY], store[BACKEND_SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), BACKEND, user.get_session_auth_hash()
        store.create()
        keys.append(str(store.session_key))
    return keys


def shuffled(ids: list[UUID], seed: int = 7) -> list[UUID]:
    """This function will give the ids in an order that repeats from run to run."""
    chance = random.Random(seed)
    return chance.sample(ids, len(ids))
