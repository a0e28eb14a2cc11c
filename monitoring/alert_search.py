"""A patient's alerts by when they were opened, for whoever may see them, a page at a time."""

from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from healthhub.audit import log
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records.stretch import Stretch, rows_of
from monitoring.models import Alert, Step


def search(*, viewer: Viewer, patient_id: UUID | str, wanted: Stretch, now: datetime) -> list[Alert]:
    """This function will give the alerts, live and closed, of the classes of data open to the viewer, with their steps."""
    return rows_of(_open(viewer, patient_id, now), "opened_at", wanted)


def changed(*, viewer: Viewer, patient_id: UUID | str, since: datetime, now: datetime) -> list[Alert]:
    """This function will give those with a step since a moment, in the order of their opening."""
    stepped = Step.objects.filter(at__gt=since, alert__patient_id=patient_id).values("alert_id")
    return list(_open(viewer, patient_id, now).filter(id__in=stepped).order_by("opened_at", "id"))


def _open(viewer: Viewer, patient_id: UUID | str, now: datetime) -> QuerySet[Alert]:
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="alerts.read", patient_id=patient, now=now)
    found = Alert.objects.filter(patient_id=patient).extra(
        where=["string_to_array(monitoring_alert.data_class, '+') <@ %s"], params=[sorted(classes)]
    )
    steps = Prefetch("steps", Step.objects.select_related("by").order_by("id"))
    return found.prefetch_related(steps)
