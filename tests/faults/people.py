"""Who lives in the house of the fault tests: patients with their carers, one team, and strangers who must hear nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.test import Client

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, consent, memberships, tokens
from healthhub.people.models import Organisation, Patient, Role, Team, User
from notifications import channels

CSRF = "c" * 32


@dataclass(frozen=True)
class Watched:
    """A patient with the tokens of her two devices."""

    patient: Patient
    carer: UUID
    tokens: tuple[str, str]

    @property
    def own(self) -> UUID:
        assert self.patient.user_id is not None
        return UUID(str(self.patient.user_id))


@dataclass
class People:
    watched: list[Watched] = field(default_factory=list)
    doctors: list[User] = field(default_factory=list)  # of the team: the first is on duty
    strangers: list[UUID] = field(default_factory=list)

    def may_hear(self, watched: Watched) -> set[UUID]:
        """This function will give everyone whom her consent lets be told."""
        return {watched.own, watched.carer, *(doctor.pk for doctor in self.doctors)}


def build(*, patients: int, gateway: str, now: datetime) -> People:
    """This function will make them; everyone, strangers too, has a webhook of her own at the gateway."""
    people = People()
    before = now - timedelta(days=60)
    clinic = Organisation.objects.create(name="Clinic", kind=Organisation.Kind.CLINIC)
    team, other = (Team.objects.create(organisation=clinic, name=name) for name in ("Own", "Other"))
    for number, (of, on_duty) in enumerate(((team, True), (team, False), (other, True))):
        doctor = _user(f"doctor{number}", gateway, now)
        memberships.join(user=doctor, organisation=clinic, team=of, role=Role.DOCTOR, by=None, now=before, on_duty=on_duty)
        if of is team:
            people.doctors.append(doctor)
        else:
            people.strangers.append(doctor.pk)
    for number in range(patients):
        people.watched.append(_watched(number, team, gateway, people, now))
    return people


def _user(name: str, gateway: str, now: datetime) -> User:
    user = User.objects.create_user(f"{name}@example.org", None, name=name, language="en")
    channels.add(person=user.pk, transport="webhook", given={"url": f"{gateway}/{user.pk}"}, now=now)
    return user


def _watched(number: int, team: Team, gateway: str, people: People, now: datetime) -> Watched:
    own, carer, neighbour = (_user(f"{role}{number}", gateway, now) for role in ("patient", "carer", "neighbour"))
    patient = Patient.objects.create(
        user=own, team=team, name=f"patient {number}", conditions=["diabetes_t1", "insulin", "hypertension"], locale="US"
    )
    by = access.viewer_of(own)
    rights = ("read", "notify", "act", "write")
    given = {"patient": patient, "data_classes": DATA_CLASSES, "document_version": "1", "by": by, "now": now}
    consent.grant(grantee_kind="team", grantee_id=team.pk, purpose="care", rights=rights, **given)
    consent.grant(grantee_kind="person", grantee_id=carer.pk, purpose="caregiving", rights=("read", "notify"), **given)
    once = consent.grant(grantee_kind="person", grantee_id=neighbour.pk, purpose="caregiving", rights=("read", "notify"), **given)
    consent.withdraw(entry=once, by=by, now=now)
    people.strangers.append(neighbour.pk)
    secrets = [
        tokens.issue(patient=patient, name=f"device {n}", kinds=[], may_write=True, may_read=False, may_replay=True, by=by, now=now)[1]
        for n in (1, 2)
    ]
    return Watched(patient, carer.pk, (secrets[0], secrets[1]))


def signed_in(user: User) -> tuple[dict[str, str], dict[str, str]]:
    """This function will give the cookies and headers of a signed-in page of this person."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, "csrftoken": CSRF}
    return cookies, {"X-CSRFToken": CSRF}
