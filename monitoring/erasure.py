"""What monitoring forgets of a person: open episodes end, evidence is taken out of alerts, and nobody waits for her readings any more."""

from datetime import datetime
from uuid import UUID

from monitoring import uploads
from monitoring.models import LIVE_STATES, Alert, AlertState, Connection, Delivery, Expected, Import, Limit, Snooze, Subscription, Tagged

NOTHING: dict[str, object] = {"erased": True, "inputs": [], "limits": [], "texts": {}}


def erase(*, patient_id: UUID, now: datetime) -> None:
    """This function will do so in the caller's transaction. That there was an alert, when, and what the team did, stays."""
    hers = Alert.objects.filter(patient=patient_id)
    hers.filter(state__in=LIVE_STATES).update(
        state=AlertState.RESOLVED, closed_at=now, outcome="no_action_needed", acknowledged_by=None, acknowledged_until=None
    )
    hers.update(evidence=NOTHING, note="", due_at=None, chain=[])
    Snooze.objects.filter(alert__patient=patient_id).delete()
    Expected.objects.filter(patient=patient_id).delete()
    Subscription.objects.filter(patient=patient_id).delete()
    Delivery.objects.filter(patient=patient_id).delete()
    uploads.forget(Import.objects.filter(patient=patient_id))
    Tagged.objects.filter(patient=patient_id).delete()
    Limit.objects.filter(patient=patient_id).update(changes={}, reason="–")
    Limit.objects.filter(patient=patient_id, ended_at=None).update(ended_at=now)
    # What a maker's cloud has is hers to erase there; we keep no way in.
    Connection.objects.filter(patient=patient_id).update(
        state=Connection.State.REVOKED, due_at=None, access="", refresh="", account="", page="", scopes=""
    )
