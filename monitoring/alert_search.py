"""A patient's alerts by when they were opened, for whoever may see them, a page at a time."""

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from healthhub.audit import log
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records.stretch import Stretch, rows_of
from monitoring.models import Alert, Step


def search(*, viewer: Viewer, patient_id: UUID | str, wanted: Stretch, now: datetime) -> list[Alert]:
    """This function will give the alerts, live and closed, of the classes of data open to the viewer, with their steps."""
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="alerts.read", patient_id=patient, now=now)
    found = Alert.objects.filter(patient_id=patient).extra(
        where=["string_to_array(monitoring_alert.data_class, '+') <@ %s"], params=[sorted(classes)]
    )
    steps = Prefetch("steps", Step.objects.select_related("by").order_by("id"))
    return rows_of(found.prefetch_related(steps), "opened_at", wanted)
