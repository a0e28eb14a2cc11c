"""What models say becomes alerts here: a band that was crossed is a finding, and enters the same room as a rule's.

For workers: it loads LightGBM through `risk.assess`. The sweep asks `risk.due`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from healthhub.people.models import Patient
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY
from monitoring import alerts, beats, burden
from monitoring.judge import Finding
from notifications import post
from notifications.post import Message
from risk import due, told, watching
from risk.assess import Crossing, assess
from risk.models import Assessment

SEVERITIES = ("info", "watch", "amber", "urgent", "red")
LANGUAGES = ("zh-hans", "en")
FOR_THE_PATIENT: Mapping[str, str] = {
    "zh-hans": "根据您最近的数据，护理团队会查看您的情况。如有不适，请与他们联系。",
    "en": "From your latest readings, your care team will look at how you are doing. If you feel unwell, contact them.",
}


def work(*, model: str, now: datetime, limit: int = due.CHUNK) -> int:
    """This function will assess one chunk of patients who are due with a model, and raise what was crossed. Gives how many."""
    lease, by_reason = due.claim(model=model, limit=limit, now=now)
    for why, patients in by_reason.items():
        enter(assess(patient_ids=patients, key=model, now=now, why=why, lease=lease), now=now)
    return sum(len(patients) for patients in by_reason.values())


def enter(crossings: Sequence[Crossing], *, now: datetime) -> int:
    """This function will open, worsen or clear the alerts of crossed bands, each patient in her own transaction. Gives how many."""
    entered = 0
    for crossing in crossings:
        if crossing.assessment.version.marked_at is not None:
            continue  # its calibration has left the corridor: the rules speak alone
        with transaction.atomic():
            timeline.lock(patient_id=crossing.assessment.patient_id)
            entered += _enter(crossing, now)
    return entered


def _enter(crossing: Crossing, now: datetime) -> int:
    patient = Patient.objects.select_related("team").get(id=crossing.assessment.patient_id)
    speaks = crossing.band.severity in SEVERITIES
    if not speaks:
        alerts.clear(finding(crossing, clear=True), patient=patient, now=now)
        return 0
    if not crossing.rose:
        return 0
    outbox: list[Message] = []
    alerts.open_for(finding(crossing), patient=patient, now=now, outbox=outbox)
    post.post_all(messages=outbox, now=now)
    return 1


def rule_id(model: str) -> str:
    """This function will give the name under which a model's alerts stand among the rules."""
    return f"RISK-{model}"[:40]


def finding(crossing: Crossing, *, clear: bool = False) -> Finding:
    """This function will give a crossed band as a finding: the inputs it rests on, what weighed most, the model and its version."""
    one, learned = crossing.assessment, crossing.learned
    version = one.version.version
    source = f"{learned.name['en']} ({learned.key} {version})"
    about = learned.as_dict()
    clinician = {language: told.sentence(one, about, language) for language in LANGUAGES}
    patient = FOR_THE_PATIENT if learned.staff_only else {language: told.plainly(one, about, language) for language in LANGUAGES}
    severity = crossing.band.severity if crossing.band.severity in SEVERITIES else "info"
    evidence = {
        "inputs": _inputs(one, crossing),
        "limits": [{"name": "band", "value": crossing.band.lowest, "unit": one.unit or "1"}],
        "reasons": ["risk_band"],
        "figures": {"value": one.value, "low": one.low, "high": one.high},
        "rule": {"id": rule_id(learned.key), "version": version[:20], "source": source, "severity": severity},
        "source": source,
        "assessment": str(one.id),
        "texts": {"patient": dict(patient), "clinician": clinician},
    }
    return Finding(rule_id(learned.key), version[:20], severity, one.data_class, one.as_of, evidence, clear=clear)


def _inputs(one: Assessment, crossing: Crossing) -> list[dict[str, Any]]:
    """The readings behind the five inputs that weighed most, in the units of the catalogue, as rules tell theirs."""
    takes = {feature.name: feature.take for feature in crossing.learned.features if feature.take is not None and feature.take.kind}
    found = []
    for name in sorted(one.contributions, key=lambda key: -abs(one.contributions[key])):
        take, (value, at) = takes.get(name), one.inputs.get(name, (None, None))
        if take is not None and at is not None and take.part == "value":
            canonical = (value - take.plus) / take.factor
            found.append({"kind": take.kind, "at": at, "value": canonical, "value2": None, "unit": BY_KEY[take.kind].unit, "seq": 0})
    return found[:5]


def look(*, now: datetime) -> int:
    """This function will take the day's look at every model that speaks: drift, calibration, and what its alerts cost. Gives how many."""
    counted = burden.by_rule(now=now)
    versions = list(watching.champions())
    for version in versions:
        watching.look(version=version, now=now, burden=counted.get(rule_id(version.model), {}))
    beats.went_well(name=beats.RISK_WATCH, now=now)
    return len(versions)
