"""What sockets ask of the house (see healthhub.live.doors): who comes in, who may be shown what, what she missed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.models import Session
from django.http.request import split_domain_port, validate_host

from healthhub.lib.refused import NotVisible, Refused
from healthhub.live import bell
from healthhub.live.doors import Doors, Replay, Standing, Who
from healthhub.people import access
from healthhub.people.memberships import owes_second_factor
from healthhub.people.models import AppAccess, DeviceToken, User
from monitoring import beats
from notifications import inbox
from notifications.models import Inbox, Notice

TOKEN_PREFIX = "hh_"
PROOF_EVERY = timedelta(seconds=15)
Scope = dict[str, Any]
_proofs: list[datetime] = []  # when this process last gave one
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def origin_is_right(scope: Scope) -> bool:
    """This function will refuse pages of other sites: a browser sends our cookie along with their sockets too.

    The host must be ours, and the origin the same host (or one of CSRF_TRUSTED_ORIGINS). Without any origin it is no browser:
    it must then bring a token, never a cookie.
    """
    headers = _headers(scope)
    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get("origin")
    if origin is None:
        return bearer_of(scope) is not None or token_of(scope) is not None
    parts = urlsplit(origin)
    schemes = ("https",) if settings.PRODUCTION else ("https", "http")
    return origin in settings.CSRF_TRUSTED_ORIGINS or (parts.scheme in schemes and parts.netloc == host)


def token_of(scope: Scope) -> str | None:
    """This function will give the device token of the Authorization header, or of the subprotocols (browsers cannot set headers)."""
    secret = bearer_of(scope)
    if secret is not None and secret.startswith(TOKEN_PREFIX):
        return secret
    return next((name for name in scope["subprotocols"] if name.startswith(TOKEN_PREFIX)), None)


def bearer_of(scope: Scope) -> str | None:
    """This function will give the secret of the Authorization header, whatever it opens."""
    scheme, _, secret = _headers(scope).get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def authenticate(scope: Scope, now: datetime) -> Who | None:
    """This function will tell who holds the socket: a token that may read, or a signed-in person with her second factor; or nobody."""
    secret = token_of(scope)
    if secret is not None:
        return _device(secret, now)
    if bearer_of(scope) is not None:
        return None  # whoever sends credentials is judged by them alone
    cookie = _headers(scope).get("cookie", "")
    try:
        morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    session = SessionStore(morsel.value if morsel else None)
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type] # it only asks for the session
    if SESSION_KEY not in session or not isinstance(user, User) or owes_second_factor(user, now=now):
        return None
    return Who(
        key=f"user:{user.id}",
        seat=f"session:{session.session_key}",
        group=bell.group_of(user.id),
        stamp=stamp_of(user),
        user_id=user.id,
    )


def audience(patient_id: UUID, data_class: str | None, now: datetime) -> frozenset[UUID]:
    """This function will give the ids of all users who may be shown this class of the patient's data now."""
    return frozenset(access.watchers_of(patient_id, data_class=data_class, now=now, right="read"))


def standing(whos: Sequence[Who], now: datetime) -> dict[str, Standing]:
    """This function will tell how all of these stand now, in at most four statements; who is missing may not stay.

    That somebody asked is the proof that the live process works: it is noted for the operator every 15 s.
    """
    if not _proofs or now - _proofs[-1] >= PROOF_EVERY:
        _proofs[:] = [now]
        beats.went_well(name=beats.LIVE, now=now)
    return _people(whos, now) | _devices(whos) | _apps(whos)


def replay(user_id: UUID, after: int, now: datetime) -> Replay:
    """This function will give the next notices of a person as frames, without those she may no longer know."""
    page = inbox.since(person=user_id, after=after, limit=100, now=now)
    return Replay(frames=[frame_of(notice) for notice in page.notices], upto=page.upto, more=page.more)


def seen(user_id: UUID, notice_id: UUID, now: datetime) -> bool:
    """This function will note that she saw a notice; False when it is not hers."""
    try:
        inbox.seen(person=user_id, notice_id=notice_id, now=now)
    except NotVisible:
        return False
    return True


def frame_of(notice: Notice) -> dict[str, Any]:
    """This function will write a notice as sockets carry it."""
    return {
        "type": "notice",
        "notice": str(notice.id),
        "seq": notice.seq,
        "about": notice.about,
        "reason": notice.reason,
        "severity": notice.severity,
        "patient": str(notice.patient_id) if notice.patient_id else None,
        "texts": notice.texts,
        "created_at": notice.created_at.isoformat(),
        "seen": notice.seen_at is not None,
    }


def _device(secret: str, now: datetime) -> Who | None:
    try:
        viewer = access.viewer_of_token(secret, now)
    except Refused:
        return None
    if not viewer.may_read or viewer.patient_id is None:
        return None
    name = f"token:{viewer.token_id}"
    group = bell.group_of_patient(viewer.patient_id)
    return Who(key=name, seat=name, group=group, stamp="", token_id=viewer.token_id, patient_id=viewer.patient_id, kinds=viewer.kinds)


def _people(whos: Sequence[Who], now: datetime) -> dict[str, Standing]:
    ids = {who.user_id for who in whos if who.user_id is not None}
    if not ids:
        return {}
    keys = [who.seat.removeprefix("session:") for who in whos if who.user_id is not None]
    sessions = set(Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list("session_key", flat=True))
    rows = User.objects.filter(id__in=ids, is_active=True).values_list("id", "authz_epoch", "password")
    stamps = {user_id: _stamp(epoch, password) for user_id, epoch, password in rows}
    numbers = dict(Inbox.objects.filter(person__in=ids).values_list("person_id", "last_seq"))
    return {
        who.seat: Standing(stamp=stamps[who.user_id], last_seq=numbers.get(who.user_id, 0))
        for who in whos
        if who.user_id in stamps and who.seat.removeprefix("session:") in sessions
    }


def _devices(whos: Sequence[Who]) -> dict[str, Standing]:
    ids = {who.token_id for who in whos if who.token_id is not None}
    if not ids:
        return {}
    live = set(DeviceToken.objects.filter(id__in=ids, revoked_at=None, may_read=True).values_list("id", flat=True))
    return {who.seat: Standing(stamp="", last_seq=0) for who in whos if who.token_id in live}


def _apps(whos: Sequence[Who]) -> dict[str, Standing]:
    ids = {who.access_id for who in whos if who.access_id is not None}
    if not ids:
        return {}
    rows = AppAccess.objects.filter(id__in=ids, ended_at=None, user__is_active=True)
    stamps = {id_: _stamp(epoch, password) for id_, epoch, password in rows.values_list("id", "user__authz_epoch", "user__password")}
    return {who.seat: Standing(stamp=stamps[who.access_id], last_seq=0) for who in whos if who.access_id in stamps}


def stamp_of(user: User) -> str:
    """This function will give what changes when she must come in anew."""
    return _stamp(user.authz_epoch, user.password)


def _stamp(epoch: int, password: str) -> str:
    """Another one after a change of rights or of the password; it never leaves this process."""
    return f"{epoch}:{hashlib.sha256(password.encode()).hexdigest()[:16]}"


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


DOORS = Doors(
    origin_is_right=origin_is_right,
    authenticate=authenticate,
    audience=audience,
    standing=standing,
    replay=replay,
    seen=seen,
)
