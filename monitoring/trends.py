"""Where a patient's readings are heading: forecasts that will cross a limit, and slow drifts, become findings like any other.

For workers. A drift that a rule of the packs also knows joins that rule's episode; it never raises a second alert beside it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction

from healthhub.people.models import Patient
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY
from monitoring import alerts, plans
from monitoring.judge import Finding, Rule
from monitoring.models import LIVE_STATES, Alert
from notifications import post
from notifications.post import Message
from risk import baselines, due

VERSION = "1"
# Home limits of clinical.md 2.1 and 2.6 in canonical units; a forecast that reaches them while the present level does not is told.
LIMITS: Mapping[str, tuple[float | None, float | None]] = {"bp.sys": (90.0, 135.0), "bp.dia": (None, 85.0), "rhr": (40.0, 100.0)}
SOURCE = "HealthHub personal baseline (risk.forecast): exponential smoothing or unobserved components, conformal intervals"
OWN = "FORECAST-"


def work(*, now: datetime, limit: int = due.CHUNK) -> int:
    """This function will carry the baselines of one chunk of due patients forward and raise what they show. Gives how many."""
    lease, by_reason = due.claim(model=due.FORECAST, limit=limit, now=now)
    patient_ids = [one for ids in by_reason.values() for one in ids]
    baselines.refresh(patient_ids=patient_ids, now=now)
    for patient_id in patient_ids:
        enter(patient_id=patient_id, told=baselines.forecasts(patient_id=patient_id, now=now, limits=LIMITS), now=now)
    due.settle(model=due.FORECAST, patient_ids=patient_ids, lease=lease, now=now)
    return len(patient_ids)


def enter(*, patient_id: UUID, told: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """This function will open or join the alerts of what forecasts show, and clear those of ours that show no longer. Gives how many."""
    shown = {rule_id: (series, one) for series in told for one in series["findings"] if (rule_id := _rule_id(series, one)) is not None}
    ours = Alert.objects.filter(patient_id=patient_id, state__in=LIVE_STATES, rule_id__startswith=OWN)
    over = set(ours.values_list("rule_id", flat=True)) - shown.keys()
    if not shown and not over:
        return 0
    with transaction.atomic():
        timeline.lock(patient_id=patient_id)
        patient = Patient.objects.select_related("team").get(id=patient_id)
        situation = plans.situation(patient_id=patient_id, now=now)
        rules = {rule.id: rule for rule in situation.plan.rules if not rule.off and rule.population.has(situation.context.conditions)}
        outbox: list[Message] = []
        entered = 0
        for rule_id, (series, one) in shown.items():
            if rule_id.startswith(OWN) or rule_id in rules:
                alerts.open_for(_finding(rule_id, rules.get(rule_id), series, one), patient=patient, now=now, outbox=outbox)
                entered += 1
        for rule_id in over:
            alerts.clear(_ended(rule_id, now), patient=patient, now=now)
        post.post_all(messages=outbox, now=now)
    return entered


def _rule_id(series: Mapping[str, Any], one: Mapping[str, Any]) -> str | None:
    """Change points are told beside the forecast only: by themselves they say nothing about what to do."""
    if one["kind"] == "drift":
        return str(one["code"])
    return f"{OWN}{series['kind']}" if one["kind"] == "limit" else None


def _finding(rule_id: str, rule: Rule | None, series: Mapping[str, Any], one: Mapping[str, Any]) -> Finding:
    severity, version = ("watch", VERSION) if rule is None else (rule.severity, rule.version)
    at = datetime.combine(datetime.fromisoformat(one["as_of"]).date(), time(), UTC)
    source = SOURCE if rule is None else rule.source
    evidence = {
        "inputs": [],
        "limits": [
            {"name": name, "value": one["evidence"][name], "unit": series["unit"]} for name in ("limit",) if name in one["evidence"]
        ],
        "reasons": [one["kind"]],
        "figures": dict(one["evidence"]) | ({} if one["lead_days"] is None else {"lead_days": one["lead_days"]}),
        "rule": {"id": rule_id, "version": version, "source": source, "severity": severity},
        "source": source,
        "texts": {"patient": dict(one["words"]), "clinician": dict(one["words"])},
    }
    return Finding(rule_id, version, severity, BY_KEY[series["kind"]].data_class, at, evidence)


def _ended(rule_id: str, now: datetime) -> Finding:
    return Finding(rule_id, VERSION, "watch", BY_KEY[rule_id.removeprefix(OWN)].data_class, now, {"inputs": []}, clear=True)
