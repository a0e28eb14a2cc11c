"""Who is asking: a signed-in person, a device token, or nobody we know."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from healthhub.lib.asked import asked, told
from healthhub.lib.refused import NotAllowed, Refused
from healthhub.people import secrets
from healthhub.people.models import DeviceToken, Organisation, User

# How exact "last used" is: one write a minute at most, however many readings a device sends.
LAST_USED_EVERY = timedelta(minutes=1)

_LIVE_TOKEN = """
SELECT id, patient_id, name, kinds::text[], may_write, may_read, may_replay, last_used_at
FROM people_devicetoken WHERE secret_sha256 = %s AND revoked_at IS NULL
"""
_LIVE_BY_SHA1 = _LIVE_TOKEN.replace("secret_sha256", "sha1_sha256")
_LIVE_BY_ID = _LIVE_TOKEN.replace("secret_sha256", "id")
_SHA1 = re.compile("[0-9a-fA-F]{40}")
_USED = "UPDATE people_devicetoken SET last_used_at = %s WHERE id = %s AND last_used_at IS NOT DISTINCT FROM %s"
# Of this one transaction: a crash may take the note back, and the reading that follows need not wait for two commits to reach the disk.
_LIGHTLY = " AND set_config('synchronous_commit', 'off', true) = 'off'"


class BadToken(Refused):
    """The token is malformed, unknown or revoked; which of the three is nobody's business."""

    code = "bad_token"
    sentence = "This token is not valid."
    status = 401
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}  # noqa: RUF012 (read by the translator of refusals)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The one who asks. What she may do is asked of `access`, never read off this value."""

    kind: str  # user, token, app, anonymous
    user_id: UUID | None = None  # of an app: in whose name it asks
    token_id: UUID | None = None
    patient_id: UUID | None = None  # a token's patient; of an app: the only one it may ask about, None: no such limit
    kinds: frozenset[str] = frozenset()  # of a token; empty: every kind
    may_write: bool = False
    may_read: bool = False
    may_replay: bool = False
    name: str = ""
    access_id: UUID | None = None  # of an app: what it was allowed (see `smart`)
    organisation_id: UUID | None = None  # of an app that asks in the name of an organisation
    scopes: frozenset[str] = frozenset()

    @property
    def person(self) -> UUID:
        """This property will give the id of the signed-in person; raises `NotAllowed` where only a person may act."""
        if self.user_id is None or self.kind == "app":
            raise NotAllowed
        return self.user_id

    def covers(self, kind: str) -> bool:
        """This function will tell whether a token's scope has this kind of reading in it; a person has no such limit."""
        return not self.kinds or kind in self.kinds


ANONYMOUS = Viewer(kind="anonymous")


def names_of(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """This function will give the names of people, device tokens and organisations by their ids. Two SQL, three where some are neither."""
    wanted = {id_ for id_ in ids if id_ is not None}
    names: dict[UUID, str] = dict(DeviceToken.objects.filter(id__in=wanted).values_list("id", "name"))
    names |= dict(User.objects.filter(id__in=wanted).values_list("id", "name"))
    if rest := wanted - names.keys():
        names |= dict(Organisation.objects.filter(id__in=rest).values_list("id", "name"))
    return names


def viewer_of(user: User) -> Viewer:
    """This function will give the viewer that a signed-in person is."""
    return Viewer(kind="user", user_id=user.id, name=user.name)


def viewer_of_token(secret: str, now: datetime) -> Viewer:
    """This function will give the viewer that a device token is: one SQL. Raises `BadToken` (401).

    Once a minute at most a second statement notes that the token was used.
    """
    if not secrets.well_formed(secret):
        raise BadToken
    return _living(_LIVE_TOKEN, secrets.digest(secret), now)


def viewer_of_sha1(hexadecimal: str, now: datetime) -> Viewer:
    """This function will do the same for a dialect that sends the SHA-1 of the secret (40 hexadecimal digits)."""
    if not _SHA1.fullmatch(hexadecimal):
        raise BadToken
    return _living(_LIVE_BY_SHA1, secrets.digest_of_sha1(hexadecimal), now)


def viewer_of_token_id(token_id: UUID, now: datetime, *, used: bool = True) -> Viewer:
    """This function will do the same for a token whose secret was proved before: the id stands in something that we signed.

    `used`: note that it was used; not where we look it up of our own accord.
    """
    return _living(_LIVE_BY_ID, token_id, now, used=used)


def _living(statement: str, proof: bytes | UUID, now: datetime, *, used: bool = True) -> Viewer:
    rows = asked(connection, statement, [proof])()
    if not rows:
        raise BadToken
    token_id, patient_id, name, kinds, may_write, may_read, may_replay, last_used_at = rows[0]
    if used and (last_used_at is None or now - last_used_at > LAST_USED_EVERY):
        told(connection, _USED if connection.in_atomic_block else _USED + _LIGHTLY, [now, token_id, last_used_at])
    return Viewer(
        kind="token",
        token_id=token_id,
        patient_id=patient_id,
        kinds=frozenset(kinds),
        may_write=may_write,
        may_read=may_read,
        may_replay=may_replay,
        name=name,
    )
