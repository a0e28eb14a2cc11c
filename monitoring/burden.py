"""What alerts cost and bring: how many per patient and month, and how many led somebody to act; by rule, models' alerts among them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

WINDOW = timedelta(days=30)
MONTH_DAYS = 30.44

_COUNTS = """
SELECT a.rule_id, count(*), count(DISTINCT a.patient_id),
       count(*) FILTER (WHERE EXISTS (SELECT 1 FROM monitoring_step s WHERE s.alert_id = a.id AND s.by_id IS NOT NULL
                                      AND s.did IN ('acknowledged', 'noted', 'resolved'))),
       count(*) FILTER (WHERE a.state = 'cleared')
FROM monitoring_alert a WHERE a.opened_at > %s AND a.opened_at <= %s GROUP BY a.rule_id
"""
_PATIENTS = "SELECT count(*) FROM records_timeline WHERE last_received_at > %s"


def by_rule(*, now: datetime) -> Mapping[str, Mapping[str, Any]]:
    """This function will give, by rule, of the last 30 days: alerts, patients, alerts per patient-month among those who send
    readings, the share on which a person acted, and the share that cleared by itself."""
    with connection.cursor() as cursor:
        cursor.execute(_PATIENTS, [now - WINDOW])
        watched = int(cursor.fetchone()[0])
        cursor.execute(_COUNTS, [now - WINDOW, now])
        rows = cursor.fetchall()
    months = watched * (WINDOW.days / MONTH_DAYS)
    return {
        rule_id: {
            "alerts": alerts,
            "patients": patients,
            "per_patient_month": round(alerts / months, 4) if months else 0.0,
            "acted": round(acted / alerts, 4),
            "cleared": round(cleared / alerts, 4),
        }
        for rule_id, alerts, patients, acted, cleared in rows
    }
