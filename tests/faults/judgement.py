"""Afterwards: what must be there, worked out again from what the devices were told, against what is there."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import connection

from healthhub.audit import chain
from healthhub.lib.units import to_canonical
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from monitoring import plans
from monitoring.judge import Reading, findings
from monitoring.models import LIVE_STATES, Alert, Step
from notifications.models import Notice
from tests.faults.devices import Heard
from tests.faults.people import People, Watched
from tests.monitoring import oracle
from tests.notifications.gateway import Received

LOUD = ("red", "urgent", "amber")  # severities whose first people are told at once
Episode = tuple[str, datetime, datetime, int, bool]  # rule, first and last evidence, how often, still open


@dataclass
class Verdict:
    """Counts to print, and what is wrong: nothing, if all is well."""

    counts: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def must(self, so: bool, otherwise: str) -> None:
        if not so:
            self.wrong.append(otherwise)


def stored(watched: Watched) -> list[tuple[str, Reading]]:
    """This function will read a patient's stored readings with their sources, in the order in which they came."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.key, o.kind, o.at, o.value, o.value2, o.flags, o.context::text, o.seq FROM records_observation o "
            "JOIN records_source s ON s.id = o.source_id WHERE o.patient_id = %s AND o.state = 0 ORDER BY o.seq",
            [watched.patient.pk],
        )
        return [
            (source, Reading(BY_NUMBER[kind].key, at, value, value2, flags, json.loads(context) if context else None, seq))
            for source, kind, at, value, value2, flags, context, seq in cursor.fetchall()
        ]


def readings(people: People, heard: Heard, verdict: Verdict) -> None:
    """This function will count each acknowledged reading in the table: once, with its value, and nothing else beside them."""
    lost = double = other = extra = 0
    for watched in people.watched:
        told = heard.acknowledged.get(str(watched.patient.pk), {})
        there: Counter[Any] = Counter()
        values = {}
        for source, reading in stored(watched):
            identity = (reading.kind, reading.at, source)
            there[identity] += 1
            values[identity] = (reading.value, reading.value2)
        for (kind, at, source), (value, value2) in told.items():
            identity = (kind, datetime.fromisoformat(at), source)
            lost += identity not in there
            double += there[identity] > 1
            meant = tuple(None if v is None else to_canonical(v, unit=UNITS[kind], kind=BY_KEY[kind]) for v in (value, value2))
            other += identity in values and values[identity] != meant
        extra += len(there) - len(told)
    verdict.counts |= {
        "readings acknowledged": heard.readings, "lost": lost, "stored twice": double, "with another value": other, "never sent": extra
    }  # fmt: skip
    verdict.must(not (lost or double or other or extra), f"readings: {lost} lost, {double} double, {other} changed, {extra} never sent")


UNITS = {"cgm": "mg/dL", "bp": "mm[Hg]", "spo2": "%", "glucose": "mg/dL"}


def episodes(watched: Watched, now: datetime) -> list[Episode]:
    """This function will judge all stored readings of a patient again, in one go and from nothing, and keep the episodes by hand."""
    series = [reading for _, reading in stored(watched)]
    situation = plans.situation(patient_id=watched.patient.pk, now=now)
    done: list[Episode] = []
    running: dict[str, tuple[datetime, datetime, int]] = {}
    for finding in findings(situation.plan, series, {}, situation.context, frozenset()):
        if finding.clear:
            start, last, count = running.pop(finding.rule_id)
            done.append((finding.rule_id, start, last, count, False))
        else:
            start, last, count = running.get(finding.rule_id, (finding.at, finding.at, 0))
            running[finding.rule_id] = (start, max(last, finding.at), count + 1)
    return sorted([*done, *((rule, *rest, True) for rule, rest in running.items())])


def alerts(people: People, verdict: Verdict, now: datetime) -> None:
    """This function will compare the alerts with those of the offline judge, and those of the sensor with the plain oracle too."""
    demanded = there = 0
    for watched in people.watched:
        found = sorted(
            (alert.rule_id, alert.evidence_at, alert.last_evidence_at, alert.count, alert.state in LIVE_STATES)
            for alert in Alert.objects.filter(patient=watched.patient)
        )
        meant = episodes(watched, now)
        demanded, there = demanded + len(meant), there + len(found)
        differ = [e for e in meant if e not in found], [e for e in found if e not in meant]
        verdict.must(found == meant, f"alerts of {watched.patient.name}: missing {differ[0][:3]}, too many {differ[1][:3]}")
        glucose = [(r.at, float((r.context or {})["sent"])) for _, r in stored(watched) if r.kind == "cgm"]
        plain = sorted((rule, start) for rule, start, _ in oracle.cgm_episodes(glucose) if rule != "CGM-H2") if glucose else []
        ours = sorted((alert[0], alert[1]) for alert in found if alert[0] in oracle.CGM_RULES)
        verdict.must(ours == plain, f"sensor alerts of {watched.patient.name} differ from the plain oracle: {set(ours) ^ set(plain)}")
    opened = Step.objects.filter(did="opened").count()
    verdict.counts |= {
        "alerts demanded": demanded,
        "alerts there": there,
        "of them still open": Alert.objects.filter(state__in=LIVE_STATES).count(),
    }
    verdict.must(opened == there, f"{there} alerts have {opened} opening steps")
    verdict.must(demanded > 0, "no alert was demanded: this proves nothing")


def _told_at_opening(people: People) -> Iterable[tuple[UUID, str, str]]:
    """Who must have been told, by the people of the house and not by the product's own chains."""
    of = {watched.patient.pk: watched for watched in people.watched}
    worse: dict[UUID, list[Step]] = defaultdict(list)
    for step in Step.objects.filter(did="worsened").order_by("pk"):
        worse[step.alert_id].append(step)
    for alert in Alert.objects.all():
        watched = of[alert.patient_id]
        steps = worse.get(alert.pk, [])
        first = steps[0].detail["was"] if steps else alert.severity
        for severity, reason in [(first, "opened"), *((step.detail["now_is"], f"worsened_{step.detail['now_is']}") for step in steps)]:
            if severity in LOUD:
                carer = () if severity == "amber" else (watched.carer,)
                for person in (watched.own, people.doctors[0].pk, *carer):
                    yield person, f"alert:{alert.pk}", reason


def notices(people: People, received: list[Received], verdict: Verdict) -> None:
    """This function will look for every notice at the gateway, and for every letter's right to be there."""
    wanted = set(_told_at_opening(people))
    rows = {notice.pk: notice for notice in Notice.objects.all()}
    written = {(notice.person_id, notice.about, notice.reason) for notice in rows.values()}
    at_gateway: Counter[UUID] = Counter()
    strangers = wrong_person = 0
    allowed = {watched.patient.pk: people.may_hear(watched) for watched in people.watched}
    for letter in received:
        person, key = UUID(urlsplit(letter.path).path.strip("/")), UUID(letter.headers["webhook-id"])
        notice = rows.get(key)
        at_gateway[key] += 1
        strangers += person in people.strangers
        wrong_person += notice is None or notice.person_id != person or person not in allowed[notice.patient_id]  # type: ignore[index]
    states = Counter(notice.state for notice in rows.values())
    silent = [notice for notice in rows.values() if notice.state == Notice.State.DELIVERED and not at_gateway[notice.pk]]
    settled = {
        f"alert:{pk}" for pk in Step.objects.filter(did__in=("cleared", "acknowledged", "resolved")).values_list("alert_id", flat=True)
    }
    dropped = [n for n in rows.values() if n.state == Notice.State.CANCELLED and n.about not in settled]
    late = max(((n.delivered_at - n.created_at).total_seconds() for n in rows.values() if n.delivered_at), default=0.0)
    verdict.counts |= {
        "notices demanded": len(wanted), "of them not written": len(wanted - written),
        **{f"notices {state}": n for state, n in sorted(states.items())},
        "delivered but never heard": len(silent), "letters at the gateway": len(received),
        "of them repeats": len(received) - len(at_gateway),
        "letters to strangers": strangers, "letters to the wrong person": wrong_person, "longest from alert to letter": f"{late:.1f} s",
    }  # fmt: skip
    verdict.must(wanted <= written, f"{len(wanted - written)} notices were never written")
    verdict.must(not silent, f"{len(silent)} notices count as delivered and were not")
    verdict.must(not dropped, f"{len(dropped)} notices were cancelled although their alert is open and nobody has it")
    verdict.must(not states[Notice.State.PENDING] and not states[Notice.State.FAILED], f"notices are left over: {dict(states)}")
    verdict.must(not strangers and not wrong_person, f"{strangers} letters to strangers, {wrong_person} to the wrong person")
    verdict.must(states[Notice.State.DELIVERED] > 0, "no notice was delivered: this proves nothing")


def log_is_whole(verdict: Verdict) -> None:
    """This function will verify the audit log's chains."""
    report = chain.verify()
    verdict.counts |= {"rows of the audit log sealed": report.rows, "faults in it": len(report.troubles)}
    verdict.must(not report.troubles, f"the audit log: {[str(trouble) for trouble in report.troubles[:3]]}")
