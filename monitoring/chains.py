"""Who hears of an alert, and when the next people do: worked out once, when the alert fires, and kept in it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthhub.people import access
from healthhub.people.models import CLINICIANS, Membership, Patient
from monitoring.models import Alert, Chain, Severity

# Clinical.md §2.13.7: unacknowledged URGENT climbs at 30, 60 and 120 minutes; RED goes to everybody's phone at once.
# WATCH and INFO are shown on the trend and disturb nobody.
DEFAULTS: dict[str, list[dict[str, Any]]] = {
    Severity.RED: [
        {"after_minutes": 0, "who": ["patient", "persons", "on_duty"]},
        {"after_minutes": 5, "who": ["team"]},
        {"after_minutes": 15, "who": ["team", "lead", "persons"]},
        {"after_minutes": 30, "who": ["team", "lead", "persons"]},
    ],
    Severity.URGENT: [
        {"after_minutes": 0, "who": ["patient", "persons", "on_duty"]},
        {"after_minutes": 30, "who": ["team"]},
        {"after_minutes": 60, "who": ["team", "lead"]},
        {"after_minutes": 120, "who": ["team", "lead"]},
    ],
    Severity.AMBER: [
        {"after_minutes": 0, "who": ["patient", "on_duty"]},
        {"after_minutes": 24 * 60, "who": ["team"]},
        {"after_minutes": 72 * 60, "who": ["team", "lead"]},
    ],
    Severity.WATCH: [],
    Severity.INFO: [],
}
# How long an acknowledgement holds before the alert comes back, in minutes.
HOLDS = {Severity.RED: 15, Severity.URGENT: 60, Severity.AMBER: 24 * 60, Severity.WATCH: 7 * 24 * 60, Severity.INFO: 7 * 24 * 60}


def _steps(patient: Patient, severity: str) -> list[dict[str, Any]]:
    if patient.team_id is not None:
        own = Chain.objects.filter(team_id=patient.team_id, severity=severity).values_list("steps", flat=True).first()
        if own is not None:
            return list(own)
    return DEFAULTS[severity]


def frozen(*, patient: Patient, severity: str, data_class: str, now: datetime) -> list[dict[str, Any]]:
    """This function will give `[{after_minutes, people: [user id]}]`: names, not roles, so that a later roster changes nothing."""
    steps = _steps(patient, severity)
    if not steps:
        return []
    by_name = groups(patient=patient, data_class=data_class, now=now)
    return [
        {
            "after_minutes": step["after_minutes"],
            "people": [str(p) for p in dict.fromkeys(p for who in step["who"] for p in by_name[who])],
        }
        for step in steps
    ]


def groups(*, patient: Patient, data_class: str, now: datetime) -> dict[str, list[UUID]]:
    """This function will give the people whom consent lets be told: patient, persons (caregivers), on_duty, team, lead.

    Where nobody of the team is on duty, the whole team is: an alert must not fall between two rosters.
    """
    may_know = list(access.watchers_of(patient.id, data_class=data_class, now=now))
    staff = staff_of(patient, now)
    clinicians = [p for p in may_know if p in staff]
    return {
        "patient": [p for p in may_know if p == patient.user_id],
        "team": clinicians,
        "on_duty": [p for p in clinicians if staff[p]] or clinicians,
        "lead": [p for p in may_know if patient.team is not None and p == patient.team.lead_id],
        "persons": [p for p in may_know if p not in staff and p != patient.user_id],
    }


def staff_of(patient: Patient, now: datetime) -> dict[UUID, bool]:
    """This function will give the clinicians of the patient's own team: user id -> on duty."""
    if patient.team_id is None:
        return {}
    rows = Membership.objects.filter(team_id=patient.team_id, role__in=CLINICIANS, since__lte=now).exclude(until__lte=now)
    return dict(rows.values_list("user_id", "on_duty"))


def target_of(alert: Alert) -> datetime | None:
    """This function will tell until when somebody should have taken an alert: when its frozen chain calls the next people."""
    waits = [step["after_minutes"] for step in alert.chain if step["after_minutes"] > 0]
    return alert.opened_at + timedelta(minutes=min(waits)) if waits else None
