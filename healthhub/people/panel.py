"""A viewer's whole panel at once: every patient she may read, with the classes of data open to her. One statement."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people.access import HATS, LIVE_GRANT, OPEN_GLASS
from healthhub.people.relations import grants_that_open
from healthhub.people.viewers import Viewer

_PANEL = f"""
    SELECT found.patient_id, array_agg(DISTINCT class) FROM (
        SELECT g.patient_id, unnest(g.data_classes::text[]) AS class
        FROM people_grant g JOIN ({HATS}) hats ON hats.kind = g.grantee_kind AND hats.id = g.grantee_id
        WHERE {LIVE_GRANT} AND g.grantee_kind || ':' || g.purpose = ANY(%(grants)s) AND 'read' = ANY(g.rights::text[])
        UNION ALL
        SELECT b.patient_id, unnest(%(classes)s::text[]) FROM people_breakglass b
        JOIN people_user u ON u.id = b.opened_by_id AND u.is_active WHERE {OPEN_GLASS}
    ) found WHERE class = ANY(%(classes)s) GROUP BY found.patient_id
"""


def panel_of(viewer: Viewer, *, now: datetime) -> dict[UUID, list[str]]:
    """This function will give the patients others have opened to this person (not herself): id -> readable data classes."""
    if viewer.kind != "user":
        return {}
    given = {"user": viewer.user_id, "now": now, "grants": grants_that_open("read"), "classes": sorted(DATA_CLASSES)}
    with connection.cursor() as cursor:
        cursor.execute(_PANEL, given)
        return dict(cursor.fetchall())
