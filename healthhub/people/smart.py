"""What apps may read (SMART App Launch 2.2): scopes, who allowed which app, and the viewer that an app's key is.

`patient/X.rs` reads resources X of the one patient chosen when the app was allowed, `user/X.rs` those of everybody whom the person may
read, `system/X.rs` those of everybody who consented to the organisation. An app never reads more than the one in whose name it asks.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import AccessToken, Application, Grant, RefreshToken

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people.access import BadToken, Viewer, bump_epochs, parsed_id
from healthhub.people.models import AppAccess, Organisation

# Types of FHIR resources that are offered to apps; consents and the access log are for the patient's own eyes.
TYPES = (
    "Patient",
    "Device",
    "Observation",
    "Flag",
    "DetectedIssue",
    "RiskAssessment",
    "Communication",
    "Provenance",
    "QuestionnaireResponse",
    "CarePlan",
    "Goal",
)
CONTEXTS = ("patient", "user", "system")
LAUNCH, OFFLINE = "launch/patient", "offline_access"
FURTHER = (LAUNCH, OFFLINE, "online_access")
SCOPE = re.compile(r"(?P<context>patient|user|system)/(?P<type>[A-Za-z]+|\*)\.(?P<may>rs|read)")
ACCESS = re.compile(r"access/(?P<id>[0-9a-f-]{36})")
LAST_USED_EVERY = timedelta(minutes=1)
REFRESH_FOR = timedelta(days=settings.REFRESH_TOKEN_DAYS)
LIVE_AT_MOST = 50
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Scope(NotAllowed):
    """The app's key does not reach this far."""

    code = "insufficient_scope"
    sentence = "This app was not allowed to read this."


def known(scope: str) -> bool:
    """This function will tell whether a scope may be asked for at all."""
    found = SCOPE.fullmatch(scope)
    return scope in FURTHER or (found is not None and found["type"] in (*TYPES, "*"))


def every_scope() -> list[str]:
    """This function will list all scopes there are, in SMART's second spelling (`.rs`); the first (`.read`) means the same."""
    return [*(f"{context}/{type_}.rs" for context in CONTEXTS for type_ in ("*", *TYPES)), *FURTHER]


def second_spelling(scope: str) -> str:
    """This function will write a scope in SMART's second spelling."""
    found = SCOPE.fullmatch(scope)
    return f"{found['context']}/{found['type']}.rs" if found else scope


def with_narrower(scopes: Iterable[str]) -> list[str]:
    """This function will give these scopes and those that ask for a part of them: of `patient/*.rs` each type's."""
    given = list(scopes)
    wide = [context for context in CONTEXTS if f"{context}/*.rs" in given]
    return [*given, *(f"{context}/{type_}.rs" for context in wide for type_ in TYPES)]


def contexts_of(scopes: Iterable[str]) -> frozenset[str]:
    """This function will give in whose name the scopes ask: patient, user, system."""
    return frozenset(found["context"] for scope in scopes if (found := SCOPE.fullmatch(scope)))


def types_of(scopes: Iterable[str], context: str) -> tuple[str, ...]:
    """This function will give the types of resources that scopes of a context reach, in the order of `TYPES`."""
    named = {found["type"] for scope in scopes if (found := SCOPE.fullmatch(scope)) and found["context"] == context}
    return TYPES if "*" in named else tuple(type_ for type_ in TYPES if type_ in named)


def reaches(viewer: Viewer, types: Collection[str]) -> Viewer:
    """This function will give the viewer that an app is towards these types: of everybody open to it, or of its one patient only.

    Anybody but an app is given back as she is. Raises `Scope`.
    """
    if viewer.kind != "app":
        return viewer
    wide = {*types_of(viewer.scopes, "user"), *types_of(viewer.scopes, "system")}
    if types and wide.issuperset(types):
        return replace(viewer, patient_id=None)
    if types and viewer.patient_id and {*wide, *types_of(viewer.scopes, "patient")}.issuperset(types):
        return viewer
    raise Scope


def covers(viewer: Viewer, type_: str) -> bool:
    """This function will tell whether an app may read resources of this type at all."""
    return any(type_ in types_of(viewer.scopes, context) for context in CONTEXTS)


def allow(*, application: Application, scopes: Collection[str], by: Viewer, now: datetime, patient_id: UUID | None) -> AppAccess:
    """This function will let an app read in the person's name; `patient_id`: whom scopes `patient/...` are about.

    Whether she may read that patient is asked at every reading. Raises Invalid `unknown_scope`, `missing_patient`; Conflict
    `too_many_apps`.
    """
    if "system" in contexts_of(scopes) or not all(map(known, scopes)) or not contexts_of(scopes):
        raise Invalid("The app asks for something that is not offered here.", code="unknown_scope", field="scope")
    if wants_patient(scopes) and patient_id is None:
        raise Invalid("Say whose record the app may read.", code="missing_patient", field="patient")
    with transaction.atomic():
        if AppAccess.objects.filter(user_id=by.person, ended_at=None).count() >= LIVE_AT_MOST:
            raise Conflict("There are 50 apps with access already: end one first.", code="too_many_apps")
        row = AppAccess.objects.create(
            application=application, user_id=by.person, patient_id=patient_id, scopes=sorted(scopes), allowed_at=now
        )
        about = f"app:{row.id}"
        log.record(by=by, did="app.allow", patient_id=patient_id, about=about, now=now, detail={"name": application.name})
    return row


def wants_patient(scopes: Collection[str]) -> bool:
    """This function will tell whether one patient must be chosen for the app."""
    return LAUNCH in scopes or "patient" in contexts_of(scopes)


def accesses_of(*, person: UUID) -> QuerySet[AppAccess]:
    """This function will give what this person's apps may read now, newest first."""
    rows = AppAccess.objects.filter(user_id=person, ended_at=None).select_related("application", "patient")
    return rows.order_by("-allowed_at", "-id")


def end(*, access_id: UUID | str, by: Viewer, now: datetime) -> AppAccess:
    """This function will end what the person's app may read, with its keys. Raises NotVisible; Conflict `already_ended`."""
    row = AppAccess.objects.select_related("application").filter(id=parsed_id(access_id), user_id=by.person).first()
    if row is None:
        raise NotVisible
    with transaction.atomic():
        if not AppAccess.objects.filter(id=row.id, ended_at=None).update(ended_at=now):
            raise Conflict("This app's access was ended before.", code="already_ended")
        _burn(row)
        detail = {"name": row.application.name}
        log.record(by=by, did="app.end", patient_id=row.patient_id, about=f"app:{row.id}", now=now, detail=detail)
        bump_epochs(users=[by.person], patients=[])
    return row


def end_all(*, now: datetime, user_id: UUID | None = None, patient_id: UUID | None = None) -> None:
    """This function will end every app's access in a person's name, or to a patient who is forgotten, in the caller's transaction."""
    whose = {"user_id": user_id} if user_id else {"patient_id": patient_id}
    for row in AppAccess.objects.select_for_update().filter(**whose):
        _burn(row)
    AppAccess.objects.filter(**whose, ended_at=None).update(ended_at=now)
    AppAccess.objects.filter(**whose).update(patient=None)


def _burn(row: AppAccess) -> None:
    """Keys name the access they were made for (see `oauth.Validator`); an organisation's only its app."""
    named = {"scope__contains": f"access/{row.id}"}
    RefreshToken.objects.filter(access_token__scope__contains=f"access/{row.id}").delete()
    for model in (AccessToken, Grant):
        model.objects.filter(application_id=row.application_id, **named).delete()


@transaction.atomic
def forget_expired(*, now: datetime) -> int:
    """This function will delete keys that open nothing any more; a used refresh token stays, so that using it again is noticed."""
    RefreshToken.objects.filter(created__lt=now - REFRESH_FOR).delete()
    Grant.objects.filter(expires__lt=now).delete()
    return int(AccessToken.objects.filter(expires__lt=now, refresh_token=None).delete()[0])


def living(*, application: Application, scopes: Iterable[str]) -> AppAccess | None:
    """This function will give the access that a key's scopes name, or that of the organisation whose system this is."""
    rows = AppAccess.objects.filter(application_id=application.pk, ended_at=None).select_related("application", "user")
    named = next((found["id"] for scope in scopes if (found := ACCESS.fullmatch(scope))), None)
    if named is None:
        return rows.filter(organisation__isnull=False).first()
    return rows.filter(id=named, user__isnull=False).first()


def viewer_of_app(secret: str, now: datetime) -> Viewer:
    """This function will give the viewer that an app's key is. Raises `BadToken` (401)."""
    checksum = hashlib.sha256(secret.encode()).hexdigest()
    token = AccessToken.objects.select_related("application").filter(token_checksum=checksum, expires__gt=now).first()
    if token is None or token.application is None:
        raise BadToken
    row = living(application=token.application, scopes=token.scope.split())
    return _viewer(row, now, scopes=frozenset(map(second_spelling, token.scope.split())))


def viewer_of_access(access_id: UUID, now: datetime) -> Viewer:
    """This function will do the same for what was allowed, without a key: for work that goes on after the request. Raises `BadToken`."""
    row = AppAccess.objects.filter(id=access_id, ended_at=None).select_related("application", "user").first()
    return _viewer(row, now)


def _viewer(row: AppAccess | None, now: datetime, scopes: frozenset[str] | None = None) -> Viewer:
    if row is None or (row.user is not None and not row.user.is_active):
        raise BadToken
    if scopes is not None and (row.last_used_at is None or now - row.last_used_at > LAST_USED_EVERY):
        AppAccess.objects.filter(id=row.id).update(last_used_at=now)
    allowed = frozenset(with_narrower(row.scopes))
    return Viewer(
        kind="app",
        user_id=row.user_id,
        organisation_id=row.organisation_id,
        patient_id=row.patient_id,
        access_id=row.id,
        scopes=allowed if scopes is None else allowed & scopes,
        name=row.application.name,
    )


def register(*, name: str, redirects: Collection[str], now: datetime, confidential: bool = False) -> tuple[Application, str | None]:
    """This function will make an app known that people may allow to read: with the secret, shown once, of one that can keep it.

    Raises Invalid `bad_app` with what is wrong.
    """
    if any(urlsplit(one).scheme == "http" and urlsplit(one).hostname not in LOOPBACK for one in redirects):
        raise Invalid("Plain http would carry a code in the open: only this machine's own addresses may do without https.", code="bad_app")
    if not redirects:
        raise Invalid("Say where people are led back to.", code="bad_app", field="redirects")
    return _registered(name, Application.GRANT_AUTHORIZATION_CODE, redirects, generate_client_secret() if confidential else None, now)


@transaction.atomic
def register_system(*, name: str, organisation: Organisation, scopes: Collection[str], now: datetime) -> tuple[Application, str | None]:
    """This function will make a system known that reads for an organisation what patients consented to; its secret is shown once.

    Raises Invalid `bad_app`, `unknown_scope`.
    """
    if contexts_of(scopes) != {"system"} or not all(map(known, scopes)):
        raise Invalid("A system asks for scopes such as system/*.rs.", code="unknown_scope", field="scopes")
    app, secret = _registered(name, Application.GRANT_CLIENT_CREDENTIALS, (), generate_client_secret(), now)
    plain = sorted({second_spelling(scope) for scope in scopes})
    row = AppAccess.objects.create(application=app, organisation=organisation, scopes=plain, allowed_at=now)
    log.record(by=None, did="app.allow", about=f"app:{row.id}", now=now, detail={"name": app.name})
    return app, secret


def _registered(name: str, grant: str, redirects: Collection[str], secret: str | None, now: datetime) -> tuple[Application, str | None]:
    app = Application(
        name=name.strip(),
        redirect_uris=" ".join(redirects),
        client_type=Application.CLIENT_CONFIDENTIAL if secret else Application.CLIENT_PUBLIC,
        authorization_grant_type=grant,
        client_secret=secret or "",
    )
    try:
        app.full_clean(exclude=["client_secret"])
    except ValidationError as error:
        raise Invalid("; ".join(error.messages), code="bad_app", field="redirects") from error
    if not app.name:
        raise Invalid("Give the app a name.", code="bad_app", field="name")
    app.save()
    log.record(by=None, did="app.register", about=f"application:{app.client_id}", now=now, detail={"name": app.name})
    return app, secret


def registered() -> list[tuple[Application, int]]:
    """This function will list the apps known here, each with how many accesses it has now."""
    living_ = dict(AppAccess.objects.filter(ended_at=None).order_by().values_list("application_id").annotate(rows=Count("id")))
    return [(app, living_.get(app.pk, 0)) for app in Application.objects.order_by("name", "pk")]


def unregister(*, client_id: str, now: datetime) -> Application:
    """This function will forget an app, with everything it was allowed and all its keys. Raises Invalid `unknown_app`."""
    with transaction.atomic():
        app = Application.objects.select_for_update().filter(client_id=client_id).first()
        if app is None:
            raise Invalid("There is no app with this client id.", code="unknown_app", field="client_id")
        rows = AppAccess.objects.filter(application=app)
        people = list(rows.filter(ended_at=None, user__isnull=False).values_list("user_id", flat=True))
        rows.delete()
        app.delete()
        log.record(by=None, did="app.unregister", about=f"application:{client_id}", now=now, detail={"name": app.name})
        bump_epochs(users=people, patients=[])
    return app
