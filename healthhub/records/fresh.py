"""What changed since anybody looked: rows that intake leaves behind and models take away, at no further statement of intake's own."""

from collections import defaultdict
from uuid import UUID

from django.db import connection

_SOME = "SELECT id FROM records_fresh ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED"
_TAKE = f"DELETE FROM records_fresh WHERE id IN ({_SOME}) RETURNING patient_id, kind"


def take(*, limit: int) -> dict[UUID, set[int]]:
    """This function will take up to `limit` rows away: patient -> numbers of the kinds that changed.

    Call it in a short transaction that writes down what must be looked at: intake of these patients waits for its end.
    """
    found: dict[UUID, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [limit])
        for patient_id, kind in cursor.fetchall():
            found[patient_id].add(kind)
    return dict(found)
