"""A viewer's whole panel at once: every patient she may read, with the classes of data open to her. One statement."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people.access import HATS, LIVE_GRANT, OPEN_GLASS
from healthhub.people.relations import grants_that_open
from healthhub.people.viewers import Viewer

# One row a grant; they are put together below: to unnest and sort the classes of 1,000 patients takes PostgreSQL five times as long.
_PANEL = f"""
    SELECT g.patient_id, g.data_classes::text[]
    FROM people_grant g JOIN ({HATS}) hats ON hats.kind = g.grantee_kind AND hats.id = g.grantee_id
    WHERE {LIVE_GRANT} AND g.grantee_kind || ':' || g.purpose = ANY(%(grants)s) AND 'read' = ANY(g.rights::text[])
    UNION ALL
    SELECT b.patient_id, %(classes)s::text[] FROM people_breakglass b
    JOIN people_user u ON u.id = b.opened_by_id AND u.is_active WHERE {OPEN_GLASS}
"""


def panel_of(viewer: Viewer, *, now: datetime) -> dict[UUID, list[str]]:
    """This function will give the patients others have opened to this person (not herself): id -> readable data classes."""
    if viewer.kind != "user":
        return {}
    given = {"user": viewer.user_id, "organisation": None, "now": now, "grants": grants_that_open("read"), "classes": sorted(DATA_CLASSES)}
    with connection.cursor() as cursor:
        cursor.execute(_PANEL, given)
        found: dict[UUID, set[str]] = {}
        for patient_id, classes in cursor.fetchall():
            found.setdefault(patient_id, set()).update(DATA_CLASSES.intersection(classes))
    return {patient_id: sorted(classes) for patient_id, classes in found.items() if classes}
