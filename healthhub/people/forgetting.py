"""Making a person nameless: consents end, devices are disconnected, and whatever says who she was is overwritten."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from healthhub.lib.refused import Conflict
from healthhub.people import consent, smart, tokens
from healthhub.people.access import bump_epochs, viewer_of
from healthhub.people.memberships import active
from healthhub.people.models import DeviceToken, Grant, Patient, User

NAMELESS = "–"


def check(*, patient: Patient, now: datetime) -> User:
    """This function will give the account that would be closed with the record.

    Raises Conflict `no_account` where she has none, `works_here` where she works for an organisation: her colleagues' records name her.
    """
    if patient.user is None:
        raise Conflict("This record has no account of its own: ask the care team.", code="no_account")
    if active(now).filter(user=patient.user).exists():
        raise Conflict("This account is also used for work here: leave the team first.", code="works_here")
    return patient.user


def forget(*, patient: Patient, now: datetime) -> None:
    """This function will end every consent and token of hers and overwrite who she was, in the caller's transaction.

    The ledger and the access log stay: they hold opaque ids and no readings. Raises as `check`.
    """
    user = check(patient=patient, now=now)
    her = viewer_of(user)
    for grant in Grant.objects.filter(patient=patient, withdrawn_at=None).select_related("entry"):
        consent.withdraw(entry=grant.entry, by=her, now=now)
    for token in DeviceToken.objects.filter(patient=patient, revoked_at=None):
        tokens.revoke(token=token, by=her, now=now)
    DeviceToken.objects.filter(patient=patient).update(name=NAMELESS)
    smart.end_all(user_id=user.id, now=now)
    smart.end_all(patient_id=patient.id, now=now)
    Patient.objects.filter(id=patient.id).update(
        user=None, name=NAMELESS, birth_date=None, sex=Patient.Sex.UNKNOWN, time_zone="UTC", conditions=[], team=None
    )
    _close(user)
    bump_epochs(users=[user.id], patients=[patient.id])


def _close(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.email, user.name = f"{user.id}@erased.invalid", NAMELESS
    user.time_zone, user.is_active = "UTC", False
    user.save(update_fields=["password", "email", "name", "time_zone", "is_active"])
