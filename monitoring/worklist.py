"""What a viewer has before her: her panel ordered by need, one patient's alerts, a caregiver's people."""

from collections import defaultdict
from collections.abc import Collection, Mapping
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
from monitoring.desk import Looked, organisations_of, reviews_of_many, tags_on_many
from monitoring.models import LIVE_STATES, Alert, Snooze, Step, Tag
from monitoring.need import BUCKETS, Need, Pressing, ordered, silent
from risk.foremost import Foremost, before, foremost

SPARK_DAYS = 14
OWNERS = ("mine", "nobody")

_FACTS = """
    SELECT p.id, p.name, p.conditions, t.last_received_at,
           (SELECT count(*) FROM monitoring_expected e WHERE e.patient_id = p.id AND e.tier > 0),
           ARRAY(SELECT u.tag_id FROM monitoring_tagged u JOIN monitoring_tag g ON g.id = u.tag_id
                 WHERE u.patient_id = p.id AND g.organisation_id = ANY(%s::uuid[]))
    FROM people_patient p LEFT JOIN records_timeline t ON t.patient_id = p.id WHERE p.id = ANY(%s::uuid[])
"""
# Of each live alert what orders the list; what the viewer made quiet for herself is left out.
_PRESSING = f"""
    SELECT a.patient_id, a.data_class, a.severity, a.opened_at, a.acknowledged_by_id FROM monitoring_alert a
    WHERE a.patient_id = ANY(%s::uuid[]) AND a.state IN {LIVE_STATES}
      AND NOT EXISTS (SELECT 1 FROM monitoring_snooze z
                      WHERE z.alert_id = a.id AND z.person_id = %s AND z.undone_at IS NULL AND z.until > %s)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a viewer wants to see of her list; empty means everything. `silent`: only those from whom nothing came for 7 days."""

    bucket: str = ""
    condition: str = ""
    tag: str = ""
    owner: str = ""  # mine, nobody
    silent: bool = False
    text: str = ""  # part of a name

    def __post_init__(self) -> None:
        for field_, value, known in (("severity", self.bucket, BUCKETS), ("owner", self.owner, OWNERS)):
            if value and value not in known:
                raise Invalid("There is no such filter.", code="unknown_filter", field=field_)


EVERYBODY = Wanted()


@dataclass(frozen=True, slots=True)
class Placed:
    """One patient in her place of the list, with what filters ask about."""

    need: Need
    bucket: str
    conditions: tuple[str, ...]
    tags: frozenset[str]
    risk: Foremost | None
    looked: Looked | None


@dataclass(slots=True)
class Row:
    """One patient of the list: her live alerts that this viewer may see, her last reading, 14 days of it, since when she is silent,
    her risk and its change within a week, her tags, and who looked at her last."""

    patient: Patient
    bucket: str
    alerts: list[Alert] = field(default_factory=list)
    snoozed: dict[UUID, datetime] = field(default_factory=dict)
    last: Seen | None = None
    last_received_at: datetime | None = None
    silent_since: datetime | None = None
    spark: tuple[str, list[Bucket]] | None = None
    risk: Foremost | None = None
    risk_change: float | None = None
    rose: bool = False
    missed: int = 0
    tags: list[Tag] = field(default_factory=list)
    looked: Looked | None = None


@dataclass(slots=True)
class Worklist:
    """A page of the list; `counts` are of all whom the filter lets through, `conditions` of everybody on the panel."""

    rows: list[Row]
    counts: dict[str, int]
    next: str | None
    conditions: list[str] = field(default_factory=list)


def worklist(
    *,
    viewer: Viewer,
    now: datetime,
    limit: int = 100,
    after: str | None = None,
    sparks: bool = True,
    wanted: Wanted = EVERYBODY,
    fold: bool = False,
) -> Worklist:
    """This function will give a page of the viewer's panel, ordered by need; `after` is the `next` of the page before.

    Without `sparks` rows have neither last reading nor the days before it: they are half of the work, for those who draw them. With
    `fold` the calm are counted and not listed. Every patient on the page is written into the access log. Raises Invalid for an
    `after` that no page gave.
    """
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 8):
        raise Invalid("There is no such page.", code="bad_cursor", field="after")
    start = int(after or 0)
    panel = panel_of(viewer, now=now)
    placed = _placed(viewer, panel, now)
    conditions = sorted({condition for one in placed for condition in one.conditions})
    placed = [one for one in placed if _fits(one, wanted, viewer, now)]
    counts = dict.fromkeys(BUCKETS, 0) | {"all": len(placed)}
    for one in placed:
        counts[one.bucket] += 1
    listed = [one for one in placed if one.bucket != "calm"] if fold else placed
    page = listed[start : start + limit]
    rows = _rows(viewer, page, panel, now)
    if sparks:
        _add_sparks(rows, panel, now)
    log.record_reads(by=viewer, did="worklist.read", patient_ids=[row.patient.id for row in rows], now=now)
    return Worklist(rows, counts, str(start + limit) if start + limit < len(listed) else None, conditions)


def worklist_rows(*, viewer: Viewer, patient_ids: Collection[UUID], now: datetime) -> list[Row]:
    """This function will give some rows afresh, in the order of need; patients who are not on the panel (any more) are left out."""
    asked = set(patient_ids)
    panel = {pid: classes for pid, classes in panel_of(viewer, now=now).items() if pid in asked}
    rows = _rows(viewer, _placed(viewer, panel, now), panel, now)
    _add_sparks(rows, panel, now)
    log.record_reads(by=viewer, did="worklist.read", patient_ids=[row.patient.id for row in rows], now=now)
    return rows


def worklist_row(*, viewer: Viewer, patient_id: UUID, now: datetime) -> Row:
    """This function will give one row afresh. Raises NotVisible when the patient is not (or no longer) on the panel."""
    rows = worklist_rows(viewer=viewer, patient_ids=[patient_id], now=now)
    if not rows:
        raise NotVisible
    return rows[0]


def _fits(one: Placed, wanted: Wanted, viewer: Viewer, now: datetime) -> bool:
    holders = [alert.holder for alert in one.need.alerts]
    owned = {"": True, "mine": viewer.user_id in holders, "nobody": None in holders}[wanted.owner]
    return (
        owned
        and wanted.bucket in ("", one.bucket)
        and (not wanted.condition or wanted.condition in one.conditions)
        and (not wanted.tag or wanted.tag in one.tags)
        and (not wanted.silent or silent(one.need.received_at, now=now))
        and wanted.text.strip().casefold() in one.need.name.casefold()
    )


def _placed(viewer: Viewer, panel: dict[UUID, list[str]], now: datetime) -> list[Placed]:
    """Everybody of the panel in the order of need, in a number of statements that does not grow with the panel."""
    ids, mine = list(panel), organisations_of(viewer, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [mine, ids])
        facts = {row[0]: row for row in cursor.fetchall()}
        cursor.execute(_PRESSING, [ids, viewer.user_id, now])
        pressing = defaultdict(list)
        for patient_id, data_class, severity, opened_at, holder in cursor.fetchall():
            if parts(data_class) <= set(panel[patient_id]):
                pressing[patient_id].append(Pressing(severity, opened_at, holder))
    clinical = frozenset(access.patients_visible_to(viewer, now=now, action="clinical").values_list("id", flat=True))
    risks = foremost(panel=panel, clinical=clinical, now=now)
    looked = reviews_of_many(patient_ids=ids, organisations=mine)
    needs = [_need(facts[pid], tuple(pressing[pid]), risks.get(pid), looked.get(pid)) for pid in ids if pid in facts]
    return [
        Placed(
            need,
            bucket,
            tuple(facts[need.patient_id][2]),
            frozenset(map(str, facts[need.patient_id][5])),
            risks.get(need.patient_id),
            looked.get(need.patient_id),
        )
        for need, bucket in ordered(needs, now=now)
    ]


def _need(fact: tuple[Any, ...], alerts: tuple[Pressing, ...], risk: Foremost | None, looked: Looked | None) -> Need:
    patient_id, name, _, received_at, missed, _ = fact
    # A rise that a colleague has looked at is no news any more.
    rose = risk is not None and risk.rose and risk.band_since is not None and (looked is None or looked.at < risk.band_since)
    return Need(patient_id, name, alerts, risk.rank if risk else 0, rose, received_at, missed)


def _rows(viewer: Viewer, page: list[Placed], panel: dict[UUID, list[str]], now: datetime) -> list[Row]:
    ids = [one.need.patient_id for one in page]
    patients = Patient.objects.in_bulk(ids)
    alerts = _live_alerts(patients, panel)
    snoozes = {s.alert_id: s.until for s in _snoozes(viewer, [a for found in alerts.values() for a in found], now)}
    tags = tags_on_many(patient_ids=ids, organisations=organisations_of(viewer, now=now))
    earlier = before(shown={one.need.patient_id: one.risk for one in page if one.risk is not None and one.risk.value is not None})
    rows = []
    for one in page:
        patient_id, received = one.need.patient_id, one.need.received_at
        mine = sorted(alerts[patient_id], key=lambda a: (a.id in snoozes, _rank(a), a.acknowledged_by_id is not None, a.opened_at))
        row = Row(
            patients[patient_id],
            one.bucket,
            mine,
            {a.id: snoozes[a.id] for a in mine if a.id in snoozes},
            last_received_at=received,
            silent_since=received if silent(received, now=now) else None,
            risk=one.risk,
            rose=one.need.rose,
            missed=one.need.missed,
            tags=tags.get(patient_id, []),
            looked=one.looked,
        )
        if one.risk is not None and one.risk.value is not None and patient_id in earlier:
            row.risk_change = one.risk.value - earlier[patient_id]
        rows.append(row)
    return rows


def _live_alerts(patients: Mapping[UUID, Patient], panel: dict[UUID, list[str]]) -> dict[UUID, list[Alert]]:
    alerts: dict[UUID, list[Alert]] = defaultdict(list)
    found = Alert.objects.filter(patient_id__in=list(patients), state__in=LIVE_STATES)
    for alert in found.select_related("acknowledged_by").order_by("opened_at"):
        alert.patient = patients[alert.patient_id]
        if parts(alert.data_class) <= set(panel[alert.patient_id]):
            alerts[alert.patient_id].append(alert)
    return alerts


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


@dataclass(slots=True)
class Standing:
    """One of a caregiver's people: how she stands (`needs_you`, `no_data`, `all_well`), what presses, her last values, what was agreed."""

    patient: Patient
    stands: str
    alerts: list[Alert]
    snoozed: dict[UUID, datetime]
    newest: list[Seen]
    received_at: datetime | None
    classes: list[str]
    may_act: bool
    may_write: bool


def standing(*, viewer: Viewer, now: datetime) -> list[Standing]:
    """This function will give a caregiver's people, each with `needs_you`, `no_data` or `all_well`; need first.

    `all_well` is only said of a person from whom something came within the last 7 days. Last values, newest first, are those of the
    kinds whose class is open to the viewer.
    """
    panel = panel_of(viewer, now=now)
    words = {"silent": "no_data", "calm": "all_well"}
    may = {
        action: set(access.patients_visible_to(viewer, now=now, action=action).values_list("id", flat=True)) for action in ("act", "write")
    }
    found = []
    for row in _rows(viewer, _placed(viewer, panel, now), panel, now):
        pid = row.patient.id
        newest = shown.latest(patient_id=pid, classes=panel[pid], now=now)
        stands = words.get(row.bucket, "needs_you")
        values = sorted(newest.values(), key=lambda one: one.at, reverse=True)
        act, write = pid in may["act"], pid in may["write"]
        found.append(Standing(row.patient, stands, row.alerts, row.snoozed, values, row.last_received_at, panel[pid], act, write))
    log.record_reads(by=viewer, did="standing.read", patient_ids=[one.patient.id for one in found], now=now)
    return found
