"""For whom a recording is played in the demo: an invented patient per recorded person, cared for by the demo's first team."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from healthhub.config.demo_people import DOCTOR
from healthhub.config.recordings import Recording
from healthhub.config.seed import DOCUMENT, herself
from healthhub.lib.refused import Conflict
from healthhub.people import consent, tokens
from healthhub.people.models import DeviceToken, Patient, Team, User
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY, DATA_CLASSES

TOKEN_NAME = "replay"


def named(name_or_id: str) -> Patient:
    """This function will find a patient by id or by her whole name. Raises Conflict when there is none, or more than one."""
    _only_in_a_demo()
    try:
        found = list(Patient.objects.filter(id=name_or_id))
    except ValidationError:
        found = list(Patient.objects.filter(name=name_or_id)[:2])
    if len(found) != 1:
        raise Conflict(f"There is {'no' if not found else 'more than one'} patient {name_or_id!r}.", code="which_patient")
    return found[0]


@transaction.atomic
def of(recording: Recording, *, now: datetime) -> Patient:
    """This function will give the demo patient of a recorded person, made when she is not there yet."""
    _only_in_a_demo()
    email = "recording-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in recording.name.lower()) + "@demo.example"
    found = Patient.objects.filter(user__email=email).first()
    if found is not None:
        return found
    team = Team.objects.filter(lead__email=DOCTOR.email).first()
    if team is None:
        raise Conflict("The demo's people are not here: run `manage.py seed` first, or name a patient or a token.", code="not_a_demo")
    user = User.objects.create_user(email, None, name=recording.name, language="en")
    patient = Patient.objects.create(
        user=user,
        name=recording.name,
        time_zone=recording.time_zone,
        locale=recording.locale,
        conditions=list(recording.conditions),
        team=team,
        is_simulated=True,  # the readings are real, the person is not
    )
    consent.grant(
        patient=patient,
        grantee_kind="team",
        grantee_id=team.pk,
        data_classes=list(DATA_CLASSES),
        purpose="care",
        rights=["read", "notify", "write", "act"],
        document_version=DOCUMENT,
        by=herself(patient),
        now=now,
    )
    return patient


def token_for(patient: Patient, *, now: datetime) -> str:
    """This function will issue a token that may replay; the one of the run before is revoked, so no secret is ever written down."""
    by = herself(patient)
    for old in DeviceToken.objects.filter(patient=patient, name=TOKEN_NAME, revoked_at=None):
        tokens.revoke(token=old, by=by, now=now)
    _, secret = tokens.issue(patient=patient, name=TOKEN_NAME, kinds=[], may_write=True, may_read=True, may_replay=True, by=by, now=now)
    return secret


def _only_in_a_demo() -> None:
    if not settings.REPLAY_CLOCK:
        raise Conflict("Recordings are replayed in a demo only; here, give a device's token with --token and --speed 1.", code="not_a_demo")


def last_played(patient: Patient, recording: Recording, *, now: datetime) -> tuple[int, datetime] | None:
    """This function will give the number and time of the newest reading that an earlier run played for her; None when none did."""
    wires = [recorded.wire for recorded in recording.readings]
    kinds = {BY_KEY[wire["kind"]].number for wire in wires}
    sources = {wire["source"] for wire in wires}
    latest = timeline.latest(patient_ids=[patient.pk], kinds=sorted(kinds), now=now)[patient.pk]
    played = [(row["at"], int(row["key"])) for row in latest if row["source"] in sources and row["key"].isdigit()]
    if not played:
        return None
    at, position = max(played)
    return (position, at) if position < len(wires) else None
