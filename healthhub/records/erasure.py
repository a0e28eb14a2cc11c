"""Erasing a person's readings for good: the rows themselves, what was made of them, and the copies she asked for."""

from uuid import UUID

from django.db import connection

# In the order in which they lean on each other. Names of tables, never input.
TABLES = (
    "records_observation",
    "records_summary",
    "records_stale",
    "records_fresh",
    "records_amendment",
    "records_source",
    "records_timeline",
)


def erase(*, patient_id: UUID) -> int:
    """This function will delete every reading of a patient and everything computed from it here, in the caller's transaction; gives how
    many readings there were. Nothing brings them back but a backup that is older.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM records_timeline WHERE patient_id = %s FOR UPDATE", [patient_id])  # nobody writes meanwhile
        cursor.execute(
            "DELETE FROM records_exportpart WHERE export_id IN (SELECT id FROM records_export WHERE patient_id = %s)", [patient_id]
        )
        cursor.execute("DELETE FROM records_export WHERE patient_id = %s", [patient_id])
        cursor.execute("DELETE FROM records_bulkpiece WHERE patient_id = %s", [patient_id])
        cursor.execute("DELETE FROM records_bulkexport WHERE single AND patients = jsonb_build_array(%s::text)", [str(patient_id)])
        gone = 0
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE patient_id = %s", [patient_id])
            gone = cursor.rowcount if table == "records_observation" else gone
    return gone
