"""What a chart says about readings besides their values: the limits that count for her, and the alerts they raised.

Who may see her is asked here for alerts, whose classes differ; limits are asked for by a caller who has opened her record already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from healthhub.people import access
from healthhub.people.access import Viewer
from monitoring import plans
from monitoring.judging.bounds import UPWARD, Bound
from monitoring.judging.bundles import Week
from monitoring.judging.rules import Rule
from monitoring.judging.sustained import Sustained
from monitoring.judging.thresholds import Threshold
from monitoring.judging.trends import Mean
from monitoring.judging.values import RANK
from monitoring.models import Alert, Limit

MOST = 500  # alerts of one chart


@dataclass(frozen=True, slots=True)
class Line:
    """One limit on a component (value or value2) of a kind: `limit` canonical, `native` in units with a published figure of their own.

    `tone` is target for means (the home threshold of a week), else the severity that lies beyond; `own`: set for her by her team.
    """

    component: str
    upward: bool
    limit: float
    native: Mapping[str, float]
    tone: str
    rule_id: str
    name: Mapping[str, str]
    own: bool


def lines(*, patient_id: UUID, kind: str, now: datetime) -> list[Line]:
    """This function will give the limits on single values and means of a kind that are in force for a patient.

    Of rules that share a figure the target speaks, else the mildest: what lies beyond is at least that.
    """
    found = plans.situation(patient_id=patient_id, now=now)
    own = set(Limit.objects.filter(patient_id=patient_id, ended_at=None).exclude(expires_at__lt=now).values_list("rule_id", flat=True))
    told: dict[tuple[str, bool, float], Line] = {}
    rules = [rule for rule in found.plan.rules if kind in rule.kinds and not rule.off and rule.population.has(found.context.conditions)]
    for rule in sorted(rules, key=lambda rule: (not _aims(rule), rule.rank)):
        for bound in _bounds(rule):
            line = _line(rule, bound, own=rule.id in own)
            told.setdefault((line.component, line.upward, line.limit), line)
    return sorted(told.values(), key=lambda line: (line.component, line.upward, line.limit))


def _aims(rule: Rule) -> bool:
    """Its limits are on means, which is what one aims at."""
    return type(rule.condition) in (Week, Mean)


def _bounds(rule: Rule) -> tuple[Bound, ...]:
    """Of conditions in which a value stands for itself; what needs a certain context, or two limits at once, is no line on a chart."""
    condition = rule.condition
    if type(condition) is Week:
        return condition.bounds
    if type(condition) not in (Threshold, Sustained, Mean) or not isinstance(condition, Threshold):
        return ()
    plain = not condition.where and not condition.unless and (not condition.every or len(condition.bounds) == 1)
    return condition.bounds if plain and rule.rank >= RANK["watch"] else ()


def _line(rule: Rule, bound: Bound, *, own: bool) -> Line:
    tone = "target" if _aims(rule) else rule.severity
    return Line(bound.component, bound.op in UPWARD, bound.limit, bound.native, tone, rule.id, rule.name, own)


def alerts_about(*, viewer: Viewer, patient_id: UUID, kind: str, since: datetime, until: datetime, now: datetime) -> list[Alert]:
    """This function will give the alerts, open and closed, that rest on readings of a kind between two moments, oldest first.

    Only those whose classes are all open to the viewer. The caller writes the reading of the chart into the access log.
    """
    patient, classes = access.classes_open(viewer, patient_id, action="read", now=now)
    found = Alert.objects.filter(patient_id=patient, last_evidence_at__gte=since, evidence_at__lt=until)
    found = found.filter(evidence__contains={"inputs": [{"kind": kind}]})
    seen = found.extra(where=["string_to_array(monitoring_alert.data_class, '+') <@ %s"], params=[sorted(classes)])
    return list(seen.order_by("evidence_at", "id")[:MOST])
