"""The one gate: which patients, may she, who watches. No other module decides.

A viewer stands in relations to a patient: she is the patient, a live grant of the ledger names her or one of the hats she
wears (her care teams, their organisations), or she has broken the glass. `relations.py` says what each relation opens;
the SQL below finds the relations. A patient to whom there is no relation does not exist for this viewer: `NotVisible`, by the
same statement and in the same words as for an id that never was.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from healthhub.lib.asked import array, asked
from healthhub.lib.data_classes import DATA_CLASSES, parts
from healthhub.lib.refused import NotAllowed, NotVisible
from healthhub.live import bell
from healthhub.people.models import AppAccess, DeviceToken, Patient, User
from healthhub.people.relations import (
    APP_MAY,
    GLASS_MAY,
    SELF_MAY,
    Relation,
    classes_of,
    grants_that_open,
    opens_existence,
    rights_that_open,
)
from healthhub.people.viewers import (
    ANONYMOUS,
    BadToken,
    Viewer,
    names_of,
    viewer_of,
    viewer_of_sha1,
    viewer_of_token,
    viewer_of_token_id,
)

__all__ = [
    "ANONYMOUS",
    "BadToken",
    "Viewer",
    "bump_epochs",
    "classes_allowed",
    "classes_open",
    "epoch_of",
    "may",
    "names_of",
    "opened",
    "parsed_id",
    "patient_asked",
    "patient_for",
    "patients_visible_to",
    "row_for",
    "seen_by",
    "viewer_of",
    "viewer_of_sha1",
    "viewer_of_token",
    "viewer_of_token_id",
    "watchers_asked",
    "watchers_of",
]

# Who she is to the ledger at this moment: herself, her care teams, and the organisations they belong to.
HATS = """
    SELECT 'person' AS kind, u.id FROM people_user u WHERE u.id = %(user)s AND u.is_active
    UNION ALL
    SELECT hat.kind, hat.id
    FROM people_membership m
    JOIN people_user u ON u.id = m.user_id AND u.is_active
    CROSS JOIN LATERAL (VALUES ('team', m.team_id), ('organisation', m.organisation_id)) AS hat (kind, id)
    WHERE m.user_id = %(user)s AND m.role IN ('doctor', 'nurse') AND m.since <= %(now)s AND (m.until IS NULL OR m.until > %(now)s)
    UNION ALL
    SELECT 'organisation', %(organisation)s::uuid
"""
LIVE_GRANT = "g.withdrawn_at IS NULL AND g.starts_at <= %(now)s AND (g.ends_at IS NULL OR g.ends_at > %(now)s)"
OPEN_GLASS = "b.opened_by_id = %(user)s AND b.opened_at <= %(now)s AND b.ends_at > %(now)s"

RELATIONS = f"""
    SELECT 'self', '', NULL::text[], NULL::text[]
    FROM people_patient p JOIN people_user u ON u.id = p.user_id AND u.is_active
    WHERE p.user_id = %(user)s AND p.id = %(patient)s
    UNION ALL
    SELECT g.grantee_kind, g.purpose, g.rights::text[], g.data_classes::text[]
    FROM people_grant g JOIN ({HATS}) hats ON hats.kind = g.grantee_kind AND hats.id = g.grantee_id
    WHERE g.patient_id = %(patient)s AND {LIVE_GRANT}
    UNION ALL
    SELECT 'break_glass', '', NULL, NULL
    FROM people_breakglass b JOIN people_user u ON u.id = b.opened_by_id AND u.is_active
    WHERE b.patient_id = %(patient)s AND {OPEN_GLASS}
"""

# One branch per relation, so that each finds its own index; a chain of ORs would read every patient there is.
VISIBLE = f"""
    SELECT p.id FROM people_patient p JOIN people_user u ON u.id = p.user_id AND u.is_active
    WHERE p.user_id = %(user)s AND %(as_self)s
    UNION ALL
    SELECT g.patient_id
    FROM people_grant g JOIN ({HATS}) hats ON hats.kind = g.grantee_kind AND hats.id = g.grantee_id
    WHERE {LIVE_GRANT} AND g.grantee_kind || ':' || g.purpose = ANY(%(grants)s)
      AND g.rights::text[] && %(rights)s::text[] AND g.data_classes::text[] && %(classes)s::text[]
    UNION ALL
    SELECT b.patient_id FROM people_breakglass b JOIN people_user u ON u.id = b.opened_by_id AND u.is_active
    WHERE {OPEN_GLASS} AND %(by_glass)s
"""

WATCHERS = f"""
    SELECT p.user_id FROM people_patient p JOIN people_user u ON u.id = p.user_id AND u.is_active WHERE p.id = %(patient)s
    UNION
    SELECT CASE g.grantee_kind WHEN 'person' THEN u.id ELSE m.user_id END
    FROM people_grant g
    LEFT JOIN people_membership m
      ON ((g.grantee_kind = 'team' AND m.team_id = g.grantee_id) OR (g.grantee_kind = 'organisation' AND m.organisation_id = g.grantee_id))
     AND m.role IN ('doctor', 'nurse') AND m.since <= %(now)s AND (m.until IS NULL OR m.until > %(now)s)
    JOIN people_user u ON u.is_active AND u.id = CASE g.grantee_kind WHEN 'person' THEN g.grantee_id ELSE m.user_id END
    WHERE g.patient_id = %(patient)s AND {LIVE_GRANT} AND g.grantee_kind || ':' || g.purpose = ANY(%(grants)s::text[])
      AND %(right)s = ANY(g.rights::text[]) AND g.data_classes::text[] && %(classes)s::text[]
    UNION
    SELECT b.opened_by_id FROM people_breakglass b JOIN people_user u ON u.id = b.opened_by_id AND u.is_active
    WHERE %(right)s = 'read' AND b.patient_id = %(patient)s AND b.opened_at <= %(now)s AND b.ends_at > %(now)s
"""

PATIENT_FIELDS = [field.attname for field in Patient._meta.concrete_fields]
PATIENT = f"SELECT {', '.join(PATIENT_FIELDS)} FROM people_patient WHERE id = %s"
PARAMETER = re.compile(r"%\((\w+)\)s")
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Row = TypeVar("Row", bound=Model)


def parsed_id(text: UUID | str) -> UUID:
    """This function will read an id in its one spelling; anything else is an id that never was (`NotVisible`)."""
    if isinstance(text, UUID):
        return text
    if not UUID_TEXT.fullmatch(text):
        raise NotVisible
    return UUID(text)


def patients_visible_to(viewer: Viewer, *, now: datetime, data_class: str | None = None, action: str = "read") -> QuerySet[Patient]:
    """This function will give the patients to whom this viewer may do `action` (for `data_class`, or for any class): one SQL."""
    if viewer.kind == "token":
        own = viewer.patient_id if _token_may(viewer, action) else None
        return Patient.objects.filter(id=own) if own else Patient.objects.none()
    if viewer.kind not in ("user", "app") or (viewer.kind == "app" and action not in APP_MAY):
        return Patient.objects.none()
    return Patient.objects.filter(id__in=_visible_sql(viewer, now, action, data_class))


def seen_by(viewer: Viewer, *, now: datetime) -> RawSQL:
    """This function will give the subquery of ids of all patients whose existence this viewer may know."""
    return _visible_sql(viewer, now, None, None)


def patient_for(viewer: Viewer, patient_id: UUID | str, *, action: str, now: datetime, data_class: str | None = None) -> Patient:
    """This function will give the patient if this viewer may do `action` with her.

    Raises `NotVisible` (404) when she may not even know that the patient exists, and `NotAllowed` (403) when she sees
    her but may not do this (with this class of data).
    """
    return opened(viewer, patient_id, action=action, now=now, data_class=data_class)[0]


def opened(
    viewer: Viewer, patient_id: UUID | str, *, action: str, now: datetime, data_class: str | None = None
) -> tuple[Patient, frozenset[str]]:
    """This function will do as `patient_for`, and tell the data classes that the action may touch. Two SQL."""
    patient_uuid, allowed = classes_open(viewer, patient_id, action=action, now=now)
    if data_class is not None and not parts(data_class) <= allowed:
        raise NotAllowed
    return patient_asked(patient_uuid)(), allowed


def patient_asked(patient_id: UUID) -> Callable[[], Patient]:
    """This function will ask for a patient to whom the way is open already (see `classes_open`); what it gives reads the answer.

    As text: the ORM takes longer to write this statement than PostgreSQL takes to answer it, at every reading.
    """
    answer = asked(connection, PATIENT, [patient_id])

    def read() -> Patient:
        rows = answer()
        if not rows:
            raise NotVisible
        return Patient.from_db("default", PATIENT_FIELDS, rows[0])

    return read


def classes_open(viewer: Viewer, patient_id: UUID | str, *, action: str, now: datetime) -> tuple[UUID, frozenset[str]]:
    """This function will give the patient's id and the data classes that the action may touch, and raise as `patient_for`.

    One SQL for a person, none for a token.
    """
    patient_uuid = parsed_id(patient_id)
    allowed = _allowed(viewer, patient_uuid, action=action, now=now)
    if not allowed:
        raise NotAllowed
    return patient_uuid, allowed


def classes_allowed(viewer: Viewer, patient: Patient, *, action: str, now: datetime) -> frozenset[str]:
    """This function will give the data classes of this patient with which the viewer may do `action`; none is an empty set.

    One SQL for a person, none for a token. A token may be limited to some kinds besides: ask `viewer.covers(kind)`.
    """
    try:
        return _allowed(viewer, patient.id, action=action, now=now)
    except NotVisible:
        return frozenset()


def may(viewer: Viewer, patient_id: UUID, *, action: str, now: datetime, data_class: str | None = None) -> bool:
    """This function will ask what `patient_for` demands, without the patient: for sockets, at every send. One SQL."""
    try:
        allowed = _allowed(viewer, patient_id, action=action, now=now)
    except NotVisible:
        return False
    return bool(allowed) if data_class is None else parts(data_class) <= allowed


def row_for(viewer: Viewer, rows: QuerySet[Row], row_id: UUID | str, *, action: str, now: datetime, by_class: bool = False) -> Row:
    """This function will give one row (with a `patient` foreign key) by its id, if the viewer may do `action` with it.

    `by_class`: the row has a `data_class`, and is invisible to whom that class is not open. Raises as `patient_for`.
    """
    seen = seen_by(viewer, now=now)
    row = rows.filter(pk=parsed_id(row_id), patient_id__in=seen).first()
    if row is None:
        raise NotVisible
    patient_id: UUID = row.patient_id  # type: ignore[attr-defined]
    data_class: str | None = row.data_class if by_class else None  # type: ignore[attr-defined]
    if by_class and not may(viewer, patient_id, action="read", now=now, data_class=data_class):
        raise NotVisible
    if action != "read" and not may(viewer, patient_id, action=action, now=now, data_class=data_class):
        raise NotAllowed
    return row


def watchers_of(patient_id: UUID, *, data_class: str | None, now: datetime, right: str = "notify") -> list[UUID]:
    """This function will give the ids of everyone who may be told (`notify`) or shown (`read`) this class of her data now.

    The patient herself, persons and team members with live grants; who broke the glass may be shown but is not told. Of
    `a+b` only those to whom both are open.
    """
    if data_class is not None and len(parts(data_class)) > 1:
        each = [set(watchers_of(patient_id, data_class=one, now=now, right=right)) for one in parts(data_class)]
        return sorted(set.intersection(*each))
    return watchers_asked(patient_id, data_class=data_class, now=now, right=right)()


def watchers_asked(patient_id: UUID, *, data_class: str | None, now: datetime, right: str = "notify") -> Callable[[], list[UUID]]:
    """This function will ask `watchers_of` about one class; what it gives reads the answer."""
    classes = [data_class] if data_class else sorted(DATA_CLASSES)
    grants = array(grants_that_open("read"))
    given: dict[str, Any] = {"patient": patient_id, "now": now, "right": right, "classes": array(classes), "grants": grants}
    answer = asked(connection, WATCHERS, given)
    return lambda: [user_id for (user_id,) in answer()]


def bump_epochs(*, users: Iterable[UUID], patients: Iterable[UUID]) -> None:
    """This function will mark, in the transaction that changes rights, whose rights changed; their sockets hear it at once.

    Sockets compare the epoch at every send, so a bell that nobody hears changes nothing.
    """
    people, subjects = sorted({*users}), sorted({*patients})
    with connection.cursor() as cursor:  # in the order of ids, so that two changes at once cannot wait for each other in a ring
        cursor.execute(
            "UPDATE people_user SET authz_epoch = authz_epoch + 1 WHERE id IN"
            " (SELECT id FROM people_user WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
            [people],
        )
        cursor.execute(
            "UPDATE people_patient SET authz_epoch = authz_epoch + 1 WHERE id IN"
            " (SELECT id FROM people_patient WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
            [subjects],
        )
    bell.ring_on_commit(users=people, event={"type": "authz"})


def epoch_of(viewer: Viewer) -> int | None:
    """This function will give a number that changes whenever this viewer's rights do; None once she may not come in at all."""
    if viewer.token_id is not None:
        live = DeviceToken.objects.filter(id=viewer.token_id, revoked_at=None)
        return live.values_list("patient__authz_epoch", flat=True).first()
    if viewer.access_id is not None:
        living = AppAccess.objects.filter(id=viewer.access_id, ended_at=None)
        return living.annotate(epoch=Coalesce("user__authz_epoch", 0)).values_list("epoch", flat=True).first()
    if viewer.user_id is None:
        return None
    return User.objects.filter(id=viewer.user_id, is_active=True).values_list("authz_epoch", flat=True).first()


def _visible_sql(viewer: Viewer, now: datetime, action: str | None, data_class: str | None) -> RawSQL:
    """The subquery of patient ids open to the action; action None: of all that the viewer may know of."""
    if viewer.kind == "token":
        return RawSQL("SELECT %s::uuid", [viewer.patient_id])
    given = {
        "user": viewer.user_id,  # NULL for nobody, which no row equals
        "organisation": viewer.organisation_id,
        "now": now,
        "as_self": action is None or action in SELF_MAY,
        "by_glass": action is None or action in GLASS_MAY,
        "grants": grants_that_open(action),
        "rights": rights_that_open(action),
        "classes": [data_class] if data_class else sorted(DATA_CLASSES),
    }
    statement = VISIBLE
    if viewer.kind == "app" and viewer.patient_id is not None:
        statement, given["only"] = f"SELECT visible.id FROM ({VISIBLE}) AS visible (id) WHERE visible.id = %(only)s", viewer.patient_id
    return RawSQL(PARAMETER.sub("%s", statement), [given[name] for name in PARAMETER.findall(statement)])


def _relations(viewer: Viewer, patient_id: UUID, *, now: datetime) -> list[Relation]:
    with connection.cursor() as cursor:
        given = {"user": viewer.user_id, "organisation": viewer.organisation_id, "patient": patient_id, "now": now}
        cursor.execute(RELATIONS, given)
        rows = cursor.fetchall()
    found = (Relation(kind, purpose, frozenset(rights or ()), frozenset(classes or ())) for kind, purpose, rights, classes in rows)
    return [relation for relation in found if opens_existence(relation)]


def _token_may(viewer: Viewer, action: str) -> bool:
    return viewer.may_read if action == "read" else viewer.may_write if action == "write" else False


def _allowed(viewer: Viewer, patient_id: UUID, *, action: str, now: datetime) -> frozenset[str]:
    """The classes open to the action; raises `NotVisible` without any relation."""
    if viewer.kind == "token":
        if viewer.patient_id != patient_id:
            raise NotVisible
        return DATA_CLASSES if _token_may(viewer, action) else frozenset()
    if viewer.kind not in ("user", "app") or (viewer.kind == "app" and viewer.patient_id not in (None, patient_id)):
        raise NotVisible
    found = _relations(viewer, patient_id, now=now)
    if not found:
        raise NotVisible
    if viewer.kind == "app" and action not in APP_MAY:
        return frozenset()
    return frozenset().union(*(classes_of(relation, action) for relation in found))
