"""What a viewer has before her: her panel ordered by need, one patient's alerts, a caregiver's people."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Prefetch, QuerySet

from healthhub.audit import log
from healthhub.lib.data_classes import parts
from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.people.panel import panel_of
from healthhub.records import shown
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from monitoring.models import LIVE_STATES, Alert, Snooze, Step

SILENT_AFTER = timedelta(days=7)
SPARK_DAYS = 14
RANKED = "CASE a.severity WHEN 'red' THEN 0 WHEN 'urgent' THEN 1 WHEN 'amber' THEN 2 WHEN 'watch' THEN 3 ELSE 4 END"
BUCKETS = ("red", "urgent", "amber", "watch", "info", "silent", "calm")

# Need, in this order: severity; of one severity, what nobody has before what somebody has; the older first; then silence; then the rest.
_ORDERED = f"""
    SELECT s.patient_id, coalesce(need.rank, CASE WHEN t.last_received_at IS NULL OR t.last_received_at < %s THEN 5 ELSE 6 END) AS bucket,
           t.last_received_at
    FROM unnest(%s::uuid[], %s::text[]) AS s(patient_id, classes)
    JOIN people_patient p ON p.id = s.patient_id
    LEFT JOIN records_timeline t ON t.patient_id = s.patient_id
    LEFT JOIN LATERAL (
        SELECT {RANKED} AS rank, a.acknowledged_by_id IS NOT NULL AS held, a.opened_at
        FROM monitoring_alert a
        WHERE a.patient_id = s.patient_id AND a.state IN ('open', 'acknowledged', 'escalated')
          AND string_to_array(a.data_class, '+') <@ s.classes::text[]
          AND NOT EXISTS (SELECT 1 FROM monitoring_snooze z
                          WHERE z.alert_id = a.id AND z.person_id = %s AND z.undone_at IS NULL AND z.until > %s)
        ORDER BY 1, 2, 3 LIMIT 1
    ) need ON true
    ORDER BY bucket, need.held, need.opened_at, t.last_received_at NULLS FIRST, p.name, p.id
"""


@dataclass(slots=True)
class Row:
    """One patient of the list: her live alerts that this viewer may see, her last reading, 14 days of it, since when she is silent."""

    patient: Patient
    bucket: str
    alerts: list[Alert] = field(default_factory=list)
    snoozed: dict[UUID, datetime] = field(default_factory=dict)
    last: Seen | None = None
    last_received_at: datetime | None = None
    silent_since: datetime | None = None
    spark: tuple[str, list[Bucket]] | None = None


@dataclass(slots=True)
class Worklist:
    rows: list[Row]
    counts: dict[str, int]
    next: str | None


def worklist(*, viewer: Viewer, now: datetime, limit: int = 100, after: str | None = None, sparks: bool = True) -> Worklist:
    """This function will give a page of the viewer's panel, ordered by need; `after` is the `next` of the page before.

    Without `sparks` rows have neither last reading nor the days before it: they are half of the work, for those who draw them.
    Every patient on the page is written into the access log. Raises Invalid for an `after` that no page gave.
    """
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 8):
        raise Invalid("There is no such page.", code="bad_cursor", field="after")
    start = int(after or 0)
    panel = panel_of(viewer, now=now)
    ordered = _ordered(viewer, panel, now)
    counts = dict.fromkeys(BUCKETS, 0) | {"all": len(ordered)}
    for _, bucket, _ in ordered:
        counts[BUCKETS[bucket]] += 1
    page = ordered[start : start + limit]
    rows = _rows(viewer, page, panel, now)
    if sparks:
        _add_sparks(rows, panel, now)
    log.record_reads(by=viewer, did="worklist.read", patient_ids=[row.patient.id for row in rows], now=now)
    return Worklist(rows, counts, str(start + limit) if start + limit < len(ordered) else None)


def worklist_row(*, viewer: Viewer, patient_id: UUID, now: datetime) -> Row:
    """This function will give one row afresh. Raises NotVisible when the patient is not (or no longer) on the panel."""
    panel = {pid: classes for pid, classes in panel_of(viewer, now=now).items() if pid == patient_id}
    if not panel:
        raise NotVisible
    rows = _rows(viewer, _ordered(viewer, panel, now), panel, now)
    _add_sparks(rows, panel, now)
    log.record(by=viewer, did="worklist.read", patient_id=patient_id, now=now)
    return rows[0]


def _ordered(viewer: Viewer, panel: dict[UUID, list[str]], now: datetime) -> list[tuple[UUID, int, datetime | None]]:
    classes = ["{" + ",".join(found) + "}" for found in panel.values()]
    with connection.cursor() as cursor:
        cursor.execute(_ORDERED, [now - SILENT_AFTER, list(panel), classes, viewer.user_id, now])
        return list(cursor.fetchall())


def _rows(viewer: Viewer, page: list[tuple[UUID, int, datetime | None]], panel: dict[UUID, list[str]], now: datetime) -> list[Row]:
    ids = [patient_id for patient_id, _, _ in page]
    patients = Patient.objects.in_bulk(ids)
    alerts = defaultdict(list)
    for alert in Alert.objects.filter(patient_id__in=ids, state__in=LIVE_STATES).select_related("acknowledged_by").order_by("opened_at"):
        alert.patient = patients[alert.patient_id]
        if parts(alert.data_class) <= set(panel[alert.patient_id]):
            alerts[alert.patient_id].append(alert)
    snoozes = {s.alert_id: s.until for s in _snoozes(viewer, [a for found in alerts.values() for a in found], now)}
    rows = []
    for patient_id, bucket, received in page:
        mine = sorted(alerts[patient_id], key=lambda a: (a.id in snoozes, _rank(a), a.opened_at))
        row = Row(
            patients[patient_id], BUCKETS[bucket], mine, {a.id: snoozes[a.id] for a in mine if a.id in snoozes}, last_received_at=received
        )
        if received is None or received < now - SILENT_AFTER:
            row.silent_since = received
        rows.append(row)
    return rows


def _kind_of(row: Row) -> str:
    """The kind a row is about: that of its first alert's evidence, else blood pressure or glucose by her conditions."""
    for alert in row.alerts[:1]:
        for one in alert.evidence.get("inputs", []):
            return str(one["kind"])
    conditions = set(row.patient.conditions)
    for kind, codes in (("cgm", {"diabetes_t1"}), ("glucose", {"diabetes_t2"}), ("weight", {"heart_failure"}), ("spo2", {"copd"})):
        if conditions & codes:
            return kind
    return "bp"


def _add_sparks(rows: list[Row], panel: dict[UUID, list[str]], now: datetime) -> None:
    pairs = {row.patient.id: _kind_of(row) for row in rows}
    visible = [(pid, kind) for pid, kind in pairs.items() if shown.numbers_of(classes=panel[pid], kinds=[kind])]
    days = shown.days_of_many(pairs=visible, since=(now - timedelta(days=SPARK_DAYS)).date(), until=now.date() + timedelta(days=1))
    last = shown.latest_of_many(pairs=visible, now=now)
    for row in rows:
        pair = (row.patient.id, pairs[row.patient.id])
        row.spark = (pair[1], days[pair]) if pair in days else None
        row.last = last.get(pair)


def _rank(alert: Alert) -> int:
    return BUCKETS.index(alert.severity)


def _snoozes(viewer: Viewer, alerts: list[Alert], now: datetime) -> list[Snooze]:
    return list(Snooze.objects.filter(alert__in=alerts, person_id=viewer.user_id, undone_at=None, until__gt=now))


def snoozed_until(*, viewer: Viewer, alerts: list[Alert], now: datetime) -> dict[UUID, datetime]:
    """This function will give the viewer's own live snoozes: alert id -> until."""
    return {snooze.alert_id: snooze.until for snooze in _snoozes(viewer, alerts, now)}


def open_alerts(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[Alert]:
    """This function will give a patient's live alerts that the viewer may see, the most severe first, with their steps."""
    return sorted(_alerts(viewer, patient_id, now, live=True), key=lambda a: (_rank(a), a.opened_at))


def past_alerts(*, viewer: Viewer, patient_id: UUID | str, now: datetime, limit: int = 20) -> list[Alert]:
    """This function will give a patient's closed alerts that the viewer may see, newest first, with their steps."""
    return list(_alerts(viewer, patient_id, now, live=False)[:limit])


def _alerts(viewer: Viewer, patient_id: UUID | str, now: datetime, *, live: bool) -> QuerySet[Alert]:
    patient = access.patient_for(viewer, patient_id, action="read", now=now)
    classes = access.classes_allowed(viewer, patient, action="read", now=now)
    log.record(by=viewer, did="alerts.read", patient_id=patient.id, now=now)
    found = Alert.objects.filter(patient_id=patient.id).extra(
        where=["string_to_array(monitoring_alert.data_class, '+') <@ %s"], params=[sorted(classes)]
    )
    found = found.filter(state__in=LIVE_STATES) if live else found.exclude(state__in=LIVE_STATES)
    steps = Prefetch("steps", Step.objects.select_related("by").order_by("id"))
    return found.select_related("acknowledged_by", "closed_by", "patient").prefetch_related(steps).order_by("-opened_at")


def standing(*, viewer: Viewer, now: datetime) -> list[tuple[Patient, str]]:
    """This function will give a caregiver's people, each with `needs_you`, `no_data` or `all_well`; need first.

    `all_well` is only said of a person from whom something came within the last 7 days.
    """
    panel = panel_of(viewer, now=now)
    words: dict[str, Any] = {"silent": "no_data", "calm": "all_well"}
    ordered = _ordered(viewer, panel, now)
    patients = Patient.objects.in_bulk([patient_id for patient_id, _, _ in ordered])
    log.record_reads(by=viewer, did="standing.read", patient_ids=list(patients), now=now)
    return [(patients[pid], words.get(BUCKETS[bucket], "needs_you")) for pid, bucket, _ in ordered]
