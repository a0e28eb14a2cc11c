"""What alerts cost and bring: how many per patient and month, and how many led somebody to act; by rule, models' alerts among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.audit import log
from healthhub.lib.refused import Invalid
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.people.panel import panel_of
from monitoring import backtest, packs, plans
from monitoring.backtest import Compared
from monitoring.judge import Rule
from monitoring.models import SavedRule
from monitoring.need import BUCKETS
from risk import cards

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


PERIODS = (7, 30, 90)
NEVER_LOOSER = ("red", "urgent")
AS_MANY = 5  # patients a suggestion is about
LEAST = 3  # alerts of one patient, before her limits are looked at
# By how much a suggestion moves a limit, by unit; other units by a twentieth.
STEPS = {"mm[Hg]": 5.0, "mmol/L": 0.5, "mg/dL": 10.0, "/min": 5.0, "%": 1.0, "kg": 0.5, "{score}": 1.0}

_COSTS = """
    WITH panel AS (
        SELECT w.id, w.classes::text[] AS classes, p.time_zone
        FROM unnest(%(patients)s::uuid[], %(classes)s::text[]) AS w(id, classes) JOIN people_patient p ON p.id = w.id
    ), fired AS (
        SELECT a.rule_id, a.patient_id, a.severity, a.state, a.outcome, a.opened_at, s.taken, s.touched, s.acted,
               extract(hour FROM a.opened_at AT TIME ZONE panel.time_zone) AS hour
        FROM panel JOIN monitoring_alert a ON a.patient_id = panel.id AND a.opened_at > %(since)s AND a.opened_at <= %(now)s
             AND string_to_array(a.data_class, '+') <@ panel.classes
        CROSS JOIN LATERAL (
            SELECT min(t.at) FILTER (WHERE t.did = 'acknowledged') AS taken, coalesce(bool_or(t.by_id IS NOT NULL), false) AS touched,
                   coalesce(bool_or(t.did = 'resolved' AND t.detail->>'outcome' IN ('acted', 'contacted', 'referred')), false) AS acted
            FROM monitoring_step t WHERE t.alert_id = a.id
        ) s
    )
"""
_BY_RULE = (
    _COSTS
    + """
    SELECT rule_id, (array_agg(severity ORDER BY opened_at DESC))[1], count(*), count(DISTINCT patient_id),
           count(*) FILTER (WHERE taken IS NOT NULL), count(*) FILTER (WHERE acted),
           count(*) FILTER (WHERE state = 'cleared' AND NOT touched), count(*) FILTER (WHERE outcome = 'false_alarm'),
           count(*) FILTER (WHERE hour >= 22 OR hour < 6),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM taken - opened_at)) FILTER (WHERE taken IS NOT NULL)
    FROM fired GROUP BY rule_id ORDER BY count(*) DESC, rule_id
"""
)
_BY_PATIENT = (
    _COSTS
    + """
    SELECT patient_id, count(*) FROM fired WHERE rule_id = %(rule)s
    GROUP BY patient_id HAVING count(*) >= %(least)s AND count(*) FILTER (WHERE acted) * 2 < count(*)
    ORDER BY count(*) DESC, patient_id LIMIT %(most)s
"""
)
_BY_SEVERITY = (
    _COSTS
    + """
    SELECT severity, count(*), count(DISTINCT patient_id), count(*) FILTER (WHERE taken IS NOT NULL), count(*) FILTER (WHERE acted),
           count(*) FILTER (WHERE NOT touched), count(*) FILTER (WHERE hour >= 22 OR hour < 6),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM taken - opened_at)) FILTER (WHERE taken IS NOT NULL)
    FROM fired GROUP BY severity
"""
)
_SENDING = "SELECT count(*) FROM records_timeline WHERE patient_id = ANY(%s::uuid[]) AND last_received_at > %s"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one rule, or one model, cost and brought in a period. `ignored` cleared by itself with nobody touching it; `wait` is the
    median from firing to somebody taking it; `nights` fired from 22 to 6 of the patient's day."""

    rule_id: str
    name: Mapping[str, str]
    severity: str
    fired: int
    patients: int
    taken: int
    acted: int
    ignored: int
    false_alarms: int
    nights: int
    wait: timedelta | None
    per_patient_month: float

    @property
    def by_model(self) -> bool:
        """Whether a model raised it, not a rule."""
        return self.rule_id.startswith("RISK-")

    @property
    def advice(self) -> str:
        """What to look at, as a code: `rare` (nothing), `fine`, `urgent` (check the measuring), `model`, `limits` (a few patients')."""
        if self.fired < LEAST:
            return "rare"
        if self.acted * 2 >= self.fired:
            return "fine"
        if self.severity in NEVER_LOOSER:
            return "urgent"
        return "model" if self.by_model else "limits"


@dataclass(frozen=True, slots=True)
class BySeverity:
    """The alerts of one severity in a period, on how many patients; `untouched` by any person; `wait` is the median until one was taken."""

    severity: str
    fired: int
    patients: int
    taken: int
    acted: int
    untouched: int
    nights: int
    wait: timedelta | None


@dataclass(frozen=True, slots=True)
class Burden:
    """The cost of all alerts on a panel in a period; `watched` patients sent readings in it."""

    days: int
    watched: int
    costs: list[Cost]

    @property
    def fired(self) -> int:
        return sum(cost.fired for cost in self.costs)

    @property
    def acted(self) -> int:
        return sum(cost.acted for cost in self.costs)

    @property
    def ignored(self) -> int:
        return sum(cost.ignored for cost in self.costs)

    @property
    def nights(self) -> int:
        return sum(cost.nights for cost in self.costs)

    @property
    def per_patient_month(self) -> float:
        """Alerts per patient and month among those who sent readings."""
        return round(self.fired / months, 2) if (months := self.watched * self.days / MONTH_DAYS) else 0.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A limit moved a little for the few patients who make most alerts that lead to nothing, tried on their past 90 days."""

    rule: Rule
    limit: str
    unit: str
    before: float
    after: float
    patients: list[tuple[Patient, int, Compared]]

    @property
    def was(self) -> int:
        return sum(compared.today.episodes for _, _, compared in self.patients)

    @property
    def would_be(self) -> int:
        return sum(compared.wanted.episodes for _, _, compared in self.patients)


def of_panel(*, viewer: Viewer, now: datetime, days: int = 30) -> Burden:
    """This function will give what alerts cost on the viewer's panel in the last `days` days, rule by rule, the most frequent first.

    Only patients on whom she may try rules count, and of them only alerts she may see. Raises Invalid for a period not in PERIODS.
    """
    panel = _panel(viewer, now, days)
    since = now - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(_BY_RULE, _given(panel, since, now))
        rows = cursor.fetchall()
        cursor.execute(_SENDING, [list(panel), since])
        watched = int(cursor.fetchone()[0])
    months = watched * days / MONTH_DAYS
    known = dict(names()) | {rule.rule_id: rule.definition["name"] for rule in SavedRule.objects.filter(active=True)}
    log.record(by=viewer, did="burden.read", now=now)
    return Burden(days, watched, [_cost(row, known, months) for row in rows])


def by_severity(*, panel: Mapping[UUID, Sequence[str]], since: datetime, until: datetime) -> list[BySeverity]:
    """This function will count a panel's alerts (patient -> classes open to the reader) after `since` up to `until`, the worst first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_SEVERITY, _given(panel, since, until))
        rows = cursor.fetchall()
    return sorted(map(_of_severity, rows), key=lambda one: BUCKETS.index(one.severity))


def _of_severity(row: tuple[Any, ...]) -> BySeverity:
    severity, fired, patients, taken, acted, untouched, nights, wait = row
    waited = None if wait is None else timedelta(seconds=float(wait))
    return BySeverity(severity, fired, patients, taken, acted, untouched, nights, waited)


def _panel(viewer: Viewer, now: datetime, days: int) -> dict[UUID, list[str]]:
    if days not in PERIODS:
        raise Invalid("Choose one of the periods offered.", code="out_of_range", field="days")
    mine = set(access.patients_visible_to(viewer, now=now, action="backtest").values_list("id", flat=True))
    return {patient_id: classes for patient_id, classes in panel_of(viewer, now=now).items() if patient_id in mine}


def _given(panel: Mapping[UUID, Sequence[str]], since: datetime, now: datetime, **more: Any) -> dict[str, Any]:
    classes = ["{" + ",".join(found) + "}" for found in panel.values()]
    return {"patients": list(panel), "classes": classes, "since": since, "now": now} | more


def _cost(row: tuple[Any, ...], known: Mapping[str, Mapping[str, str]], months: float) -> Cost:
    rule_id, severity, fired, patients, taken, acted, ignored, false_alarms, nights, wait = row
    name = known.get(rule_id, {"zh-hans": rule_id, "en": rule_id})
    waited = None if wait is None else timedelta(seconds=float(wait))
    per_month = round(fired / months, 3) if months else 0.0
    return Cost(rule_id, name, severity, fired, patients, taken, acted, ignored, false_alarms, nights, waited, per_month)


@cache
def names() -> Mapping[str, Mapping[str, str]]:
    """This function will give the names of the packs' rules and of the released models' alerts, by rule id."""
    rules = {rule.id: rule.name for locale in sorted(packs.LOCALES) for rule in packs.load(locale)}
    return {rule_id: dict(name) for rule_id, name in rules.items()} | {
        f"RISK-{key}"[:40]: told["name"] for key, told in cards.released().items()
    }


def suggest(*, viewer: Viewer, rule_id: str, now: datetime, days: int = 90) -> Suggestion | None:
    """This function will look for the few patients whose alerts of a rule mostly lead to nothing, and try a limit a little wider on
    their past. None where there are none, or the rule has no limit that can be wider. Never for emergencies (Invalid `not_looser`).

    It judges up to five patients' readings twice: some seconds with a CGM.
    """
    panel = _panel(viewer, now, days)
    given = _given(panel, now - timedelta(days=days), now, rule=rule_id, least=LEAST, most=AS_MANY)
    with connection.cursor() as cursor:
        cursor.execute(_BY_PATIENT, given)
        counts = dict(cursor.fetchall())
    people = Patient.objects.in_bulk(list(counts))
    if not people:
        return None
    ordered = [people[patient_id] for patient_id in counts]
    rule = plans.unlimited(patient=ordered[0], rule_id=rule_id)
    if rule.severity in NEVER_LOOSER:
        raise Invalid("The limits of emergencies are not made wider for the sake of quiet.", code="not_looser", field="rule")
    wider = _wider(rule)
    if wider is None or rule.condition is None:
        return None
    limit, unit, before, after = wider
    change = {limit: {"value": after, "unit": unit}}
    tried = [
        (one, counts[one.id], backtest.compare(viewer=viewer, patient_id=one.id, rule_id=rule_id, changes=change, now=now, days=days))
        for one in ordered
    ]
    return Suggestion(rule, limit, unit, before, after, tried)


def _wider(rule: Rule) -> tuple[str, str, float, float] | None:
    """The first limit of a rule that has a direction, one step further out: (name, unit, before, after)."""
    for name, up in _directions(rule.definition.get("when")):
        if name in rule.limits:
            unit, figure = next(iter(rule.limits[name].items()))
            step = STEPS.get(unit, abs(figure) / 20)
            return name, unit, figure, round(figure + step if up else figure - step, 3)
    return None


def _directions(node: Any) -> list[tuple[str, bool]]:
    """Every `{at_least: name}` of a condition with whether further out is up, in the order they stand."""
    found: list[tuple[str, bool]] = []
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("at_least", "above", "at_most", "below") and isinstance(value, str):
                found.append((value, key in ("at_least", "above")))
            else:
                found += _directions(value)
    elif isinstance(node, list | tuple):
        for part in node:
            found += _directions(part)
    return found
