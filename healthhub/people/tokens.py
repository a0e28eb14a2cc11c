"""Device tokens: a device's right to write or read some kinds of one patient. The secret is shown once and never kept."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import secrets
from healthhub.people.access import Viewer, bump_epochs, viewer_of
from healthhub.people.models import DeviceToken, Patient

# More than anyone's devices; keeps a script from filling the table.
LIVE_AT_MOST = 50


def issue(
    *,
    patient: Patient,
    name: str,
    kinds: Iterable[str],
    may_write: bool,
    may_read: bool,
    by: Viewer,
    now: datetime,
    may_replay: bool = False,
    may_acknowledge: bool = False,
) -> tuple[DeviceToken, str]:
    """This function will give a new token and its secret, which exists nowhere else.

    Who may ask for it is asked before, of `access` (action "tokens"); kinds are keys of the catalogue, none means every kind.
    """
    if not name.strip():
        raise Invalid("Give the token a name: the device it is for.", field="name")
    if not (may_write or may_read):
        raise Invalid("A token must be allowed to write or to read.", code="no_right", field="may_write")
    if may_replay and not settings.REPLAY_CLOCK:
        raise Invalid("Replays are not played here.", code="no_replay", field="may_replay")
    secret = secrets.fresh()
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(id=patient.id)
        if patient.device_tokens.filter(revoked_at=None).count() >= LIVE_AT_MOST:
            raise Conflict("There are 50 tokens already: revoke one first.", code="too_many_tokens")
        token = DeviceToken.objects.create(
            patient=patient,
            name=name.strip(),
            prefix=secret[: secrets.SHOWN],
            secret_sha256=secrets.digest(secret),
            sha1_sha256=secrets.digest_of_sha1(secrets.sha1_of(secret)),
            mqtt_password=secrets.mosquitto_hash(secret),
            kinds=sorted({*kinds}),
            may_write=may_write,
            may_read=may_read,
            may_replay=may_replay,
            may_acknowledge=may_acknowledge,
            created_by_id=by.person,
            created_at=now,
        )
        log.record(by=by, did="token.issue", patient_id=patient.id, about=f"token:{token.id}", now=now, detail={"name": token.name})
    return token, secret


def revoke(*, token: DeviceToken, by: Viewer, now: datetime) -> None:
    """This function will end a token for good; its next request is refused. Raises `Conflict` when it was revoked before."""
    with transaction.atomic():
        if not DeviceToken.objects.filter(id=token.id, revoked_at=None).update(revoked_at=now):
            raise Conflict("This token was revoked before.", code="already_revoked")
        log.record(by=by, did="token.revoke", patient_id=token.patient_id, about=f"token:{token.id}", now=now, detail={"name": token.name})
        own = Patient.objects.filter(id=token.patient_id).values_list("user_id", flat=True)
        bump_epochs(users=[user_id for user_id in own if user_id], patients=[token.patient_id])


def person_behind(token_id: UUID) -> Viewer | None:
    """This function will give the person in whose name a living token may take alerts in hand; None where it may not."""
    token = DeviceToken.objects.select_related("created_by").filter(id=token_id, revoked_at=None, may_acknowledge=True).first()
    if token is None or not token.created_by.is_active:
        return None
    return viewer_of(token.created_by)


def all_tokens() -> QuerySet[DeviceToken]:
    """This function will give all tokens there are, for `access.row_for` to choose from."""
    return DeviceToken.objects.all()


def tokens_of(*, patient: Patient) -> list[DeviceToken]:
    """This function will give a patient's tokens, the living first, newest first."""
    return sorted(patient.device_tokens.order_by("-created_at", "-id"), key=lambda token: token.revoked_at is not None)
