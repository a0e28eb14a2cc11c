"""What the fuzzed service is filled with, and who fuzzes it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import consent, tokens
from healthhub.people.models import Membership, Role, User
from monitoring.models import Alert
from risk import cards
from risk.models import Assessment, Outcome
from tests.permissions import records
from tests.risk import said
from tests.world import World, build

CSRF = "c" * 32


@dataclass(frozen=True)
class Fuzzed:
    """Headers of each viewer by name, and the ids that exist by the name of the parameter."""

    viewers: dict[str, dict[str, str]]
    ids: dict[str, list[str]]


def fill() -> Fuzzed:
    """This function will build the people of the tests with readings, alerts, limits and notices, and things to end and revoke."""
    world = build()
    found = records.fill(world)
    ana, now = str(world.ana.id), timezone.now()
    by = world.viewer("patient_self")
    grants = [
        consent.grant(
            patient=world.ana,
            grantee_kind="person",
            grantee_id=world.users["caregiver_withdrawn"].pk,
            data_classes=sorted(DATA_CLASSES),
            purpose="caregiving",
            rights=["read"],
            document_version="2",
            ends_at=now + timedelta(days=n + 1),
            by=by,
            now=now,
        )
        for n in range(20)
    ]
    spare = [
        tokens.issue(patient=world.ana, name=f"spare {n}", kinds=[], may_write=True, may_read=True, by=by, now=now)[0] for n in range(20)
    ]
    _, secret = tokens.issue(patient=world.ana, name="fuzzer", kinds=[], may_write=True, may_read=True, by=by, now=now)
    ids = {
        "patient_id": [ana, ana, ana, str(world.ben.id)],
        "alert_id": [str(alert) for alert in Alert.objects.filter(patient=world.ana).values_list("pk", flat=True)],
        "seq": ["1", "2", "3", str(found.seq)],
        "limit_id": [str(found.limit)],
        "notice_id": [str(found.notice)],
        "channel_id": [str(found.channel)],
        "team_id": [str(world.north.id)],
        "entry_id": [str(grant.pk) for grant in grants] + [str(uuid4())],
        "token_id": [str(token.pk) for token in spare],
        "membership_id": [str(one) for one in _leavers(world)] + [str(uuid4())],
        "assessment_id": [str(one) for one in Assessment.objects.filter(patient=world.ana).values_list("pk", flat=True)],
        "outcome_id": [str(one) for one in Outcome.objects.filter(patient=world.ana).values_list("pk", flat=True)],
        "contact_id": [str(found.contact)],
        "medication_id": [str(found.medication)],
        "version_id": [str(one) for one in _waiting(world)],
        "key": [said.KEY, *cards.released()],
        "opening_id": [str(opening.pk) for opening in world.openings.values()],
    }
    # The patient last: she can shut everyone else out.
    viewers = {role: _session(world, role) for role in ("doctor_in_team", "nurse_in_team", "doctor_elsewhere")}
    viewers |= {"token": {"Authorization": f"Bearer {secret}"}, "patient_self": _session(world, "patient_self")}
    return Fuzzed(viewers, ids)


def _leavers(world: World) -> list[object]:
    """Members whom nobody misses."""
    members = []
    for n in range(10):
        user = User.objects.create_user(f"leaver{n}@example.org", None, name=f"Leaver {n}", language="en")
        members.append(
            Membership.objects.create(user=user, organisation=world.clinic, team=world.north, role=Role.NURSE, since=world.now).pk
        )
    return members


def _waiting(world: World) -> list[object]:
    """Versions that wait for a decision, so that one decision does not end the fuzzing of it."""
    return [said.version(now=world.now, name=f"waiting {n}", state="challenger").pk for n in range(10)]


def _session(world: World, role: str) -> dict[str, str]:
    cookie = world.client(role).cookies[settings.SESSION_COOKIE_NAME].value
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
