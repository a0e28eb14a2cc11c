"""Alerts: one open episode per rule and patient, and everything people and time do with it.

Every function runs in the caller's transaction or opens one; every step writes an immutable row; whoever may see the alert
gets a hint on her socket after commit. Locks are taken in the order timeline, alert, inbox.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid
from healthhub.live import bell
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from monitoring import chains, states, telling
from monitoring.judge import Finding
from monitoring.models import LIVE_STATES, Alert, Severity, Snooze, Step
from notifications import post
from notifications.post import Message
from risk import outcomes

RANK = {Severity.RED: 0, Severity.URGENT: 1, Severity.AMBER: 2, Severity.WATCH: 3, Severity.INFO: 4}
MAX_SNOOZE = timedelta(days=7)


def about(alert: Alert) -> str:
    """This function will give the alert's opaque name outside this room."""
    return f"alert:{alert.id}"


def _step(alert: Alert, did: str, *, now: datetime, by: UUID | None = None, to: str | None = None, **detail: Any) -> None:
    was = alert.state if did != "opened" else ""
    alert.state = to or states.after(alert.state, did)
    Step.objects.create(alert=alert, at=now, did=did, by_id=by, from_state=was, to_state=alert.state, detail=detail)


def _save(alert: Alert, *, now: datetime, state_was: str | None = None) -> None:
    alert.version += 1
    alert.save()
    _ring(alert, now)


def _ring(alert: Alert, now: datetime) -> None:
    watchers = access.watchers_of(alert.patient_id, data_class=alert.data_class, now=now, right="read")
    event = {
        "type": "alert",
        "alert": str(alert.id),
        "patient": str(alert.patient_id),
        "data_class": alert.data_class,
        "version": alert.version,
        "state": alert.state,
        "severity": alert.severity,
    }
    bell.ring_on_commit(users=watchers, event=event)


def _due_of_chain(alert: Alert, *, start: datetime) -> datetime | None:
    if alert.step >= len(alert.chain):
        return None
    return start + timedelta(minutes=alert.chain[alert.step]["after_minutes"])


def _words(alert: Alert, people: Iterable[UUID], *, reason: str, now: datetime, unanswered: bool = False) -> list[Message]:
    """What to tell whom, in the words of each (`telling`); not those who snoozed the alert."""
    snoozed = set(Snooze.objects.filter(alert=alert, undone_at=None, until__gt=now).values_list("person_id", flat=True))
    told = [person for person in people if person not in snoozed]
    waited = now - alert.opened_at if unanswered else None
    return [
        Message(
            people=who,
            about=about(alert),
            reason=reason,
            severity=alert.severity,
            texts=telling.texts(alert, audience, waited=waited),
            patient_id=alert.patient_id,
            data_class=alert.data_class,
        )
        for audience, who in telling.audiences(alert.patient, told, now=now)
    ]


def words_for_group(alert: Alert, group: str, *, reason: str, now: datetime) -> list[Message]:
    """This function will give what to tell one group (`chains.groups`) beside the chain: a silent patient first, her carer next."""
    people = chains.groups(patient=alert.patient, data_class=alert.data_class, now=now)[group]
    return _words(alert, people, reason=reason, now=now)


def open_for(finding: Finding, *, patient: Patient, now: datetime, outbox: list[Message]) -> Alert:
    """This function will open the rule's episode, or join the finding to the one that is open; the patient is locked.

    Opening freezes the escalation chain as it stands. What its first people must be told is put into `outbox`, which the caller
    posts once, in the same transaction: locking inboxes alert by alert would let two patients' writes wait for each other.
    """
    alert = Alert.objects.select_for_update(of=("self",)).filter(patient=patient, rule_id=finding.rule_id, state__in=LIVE_STATES).first()
    if alert is not None:
        alert.patient = patient
        return _join(alert, finding, now=now, outbox=outbox)
    alert = Alert(
        patient=patient,
        rule_id=finding.rule_id,
        rule_version=finding.rule_version,
        data_class=finding.data_class,
        severity=finding.severity,
        opened_at=now,
        evidence_at=finding.at,
        last_evidence_at=finding.at,
        evidence=finding.evidence,
        chain=chains.frozen(patient=patient, severity=finding.severity, data_class=finding.data_class, now=now),
    )
    first = _begin_chain(alert, now=now)
    alert.save(force_insert=True)
    _step(alert, "opened", now=now, to="open", rule=finding.rule_id, version=finding.rule_version)
    outbox += _words(alert, first, reason="opened", now=now)
    _ring(alert, now)
    return alert


def _begin_chain(alert: Alert, *, now: datetime) -> list[UUID]:
    """Sets `step` and `due_at` to the next people after the first, and gives the first."""
    alert.step, first = 0, []
    while alert.step < len(alert.chain) and alert.chain[alert.step]["after_minutes"] == 0:
        first += [UUID(p) for p in alert.chain[alert.step]["people"]]
        alert.step += 1
    alert.due_at = _due_of_chain(alert, start=now)
    return list(dict.fromkeys(first))


def _join(alert: Alert, finding: Finding, *, now: datetime, outbox: list[Message]) -> Alert:
    alert.count += 1
    alert.last_evidence_at = max(alert.last_evidence_at, finding.at)
    alert.evidence = alert.evidence | {"latest": finding.evidence["inputs"], "latest_at": finding.at.isoformat()}
    if RANK[Severity(finding.severity)] < RANK[Severity(alert.severity)]:
        _step(alert, "worsened", now=now, was=alert.severity, now_is=finding.severity)
        alert.severity = finding.severity
        alert.evidence = finding.evidence
        alert.acknowledged_by = alert.acknowledged_until = None
        alert.chain = chains.frozen(patient=alert.patient, severity=finding.severity, data_class=alert.data_class, now=now)
        outbox += _words(alert, _begin_chain(alert, now=now), reason=f"worsened_{finding.severity}", now=now)
    _save(alert, now=now)
    return alert


def clear(finding: Finding, *, patient: Patient, now: datetime) -> None:
    """This function will close the rule's open episode because readings are back inside; no person did it."""
    alert = Alert.objects.select_for_update(of=("self",)).filter(patient=patient, rule_id=finding.rule_id, state__in=LIVE_STATES).first()
    if alert is None:
        return
    _step(alert, "cleared", now=now, inputs=finding.evidence.get("inputs", []))
    _close(alert, now=now)


def _close(alert: Alert, *, now: datetime, by: UUID | None = None) -> None:
    alert.due_at = alert.acknowledged_by = alert.acknowledged_until = None
    alert.closed_at, alert.closed_by_id = now, by
    post.cancel(about=about(alert))
    _save(alert, now=now)


def for_viewer(*, alert_id: UUID | str, viewer: Viewer, now: datetime, action: str = "read", lock: bool = False) -> Alert:
    """This function will give an alert she may `action` on. Raises NotVisible or NotAllowed; unknown and foreign are the same."""
    found = Alert.objects.select_related("patient", "patient__team")
    # Whoever waited for the lock sees the new row but, of joined rows, those of before: the holder must be read afterwards.
    found = found.select_for_update(of=("self",)) if lock else found.select_related("acknowledged_by", "closed_by")
    return access.row_for(viewer, found, alert_id, action=action, now=now, by_class=True)


def read(*, alert_id: UUID | str, viewer: Viewer, now: datetime) -> Alert:
    """This function will give one alert with its steps, and write into the access log that it was read."""
    alert = for_viewer(alert_id=alert_id, viewer=viewer, now=now)
    log.record(by=viewer, did="alert.read", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


@transaction.atomic
def acknowledge(*, alert_id: UUID | str, by: Viewer, now: datetime, until: datetime | None = None, take_over: bool = False) -> Alert:
    """This function will put the alert into her hands until `until` (by severity if not given); then it comes back.

    Raises Conflict (`already_taken`, with who has it and until when) unless she says `take_over`.
    """
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="act", lock=True)
    holder = alert.acknowledged_by
    if holder is not None and holder.id != by.user_id and not take_over:
        raise Conflict(
            "Someone else has this alert.",
            code="already_taken",
            by=holder.name,
            until=alert.acknowledged_until.isoformat() if alert.acknowledged_until else None,
        )
    until = until or now + timedelta(minutes=chains.HOLDS[Severity(alert.severity)])
    if until <= now:
        raise Invalid("The end lies in the past.", code="in_the_past", field="until")
    _step(alert, "acknowledged", now=now, by=by.user_id, until=until.isoformat(), over=str(holder.id) if holder else None)
    alert.acknowledged_by_id, alert.acknowledged_until, alert.due_at = by.user_id, until, until
    # Colleagues need not be called any more; the patient must still hear what to do.
    post.cancel(about=about(alert), but=alert.patient.user_id)
    _save(alert, now=now)
    log.record(by=by, did="alert.acknowledge", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


@transaction.atomic
def hand_back(*, alert_id: UUID | str, by: Viewer, now: datetime) -> Alert:
    """This function will undo an acknowledgement: the alert is open again and climbs from where it was."""
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="act", lock=True)
    _step(alert, "handed_back", now=now, by=by.user_id)
    alert.acknowledged_by = alert.acknowledged_until = None
    alert.due_at = now if alert.chain else None
    _save(alert, now=now)
    log.record(by=by, did="alert.hand_back", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


@transaction.atomic
def snooze(*, alert_id: UUID | str, by: Viewer, until: datetime, now: datetime) -> Alert:
    """This function will keep the alert quiet for this one person until `until` (7 days at most); the others still hear."""
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="snooze", lock=True)
    if not now < until <= now + MAX_SNOOZE:
        raise Invalid("Snooze until a time within the next 7 days.", code="out_of_range", field="until")
    _end_snoozes(alert, by, now)
    Snooze.objects.create(alert=alert, person_id=by.person, since=now, until=until)
    _step(alert, "snoozed", now=now, by=by.user_id, until=until.isoformat())
    post.cancel(about=about(alert), person=by.user_id)
    _save(alert, now=now)
    log.record(by=by, did="alert.snooze", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


@transaction.atomic
def unsnooze(*, alert_id: UUID | str, by: Viewer, now: datetime) -> Alert:
    """This function will undo this person's snooze. Raises Conflict where there is none."""
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="snooze", lock=True)
    if not _end_snoozes(alert, by, now):
        raise Conflict("You have not snoozed this alert.", code="not_snoozed")
    _step(alert, "unsnoozed", now=now, by=by.user_id)
    _save(alert, now=now)
    log.record(by=by, did="alert.unsnooze", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


def _end_snoozes(alert: Alert, by: Viewer, now: datetime) -> int:
    return Snooze.objects.filter(alert=alert, person_id=by.user_id, undone_at=None, until__gt=now).update(undone_at=now)


@transaction.atomic
def note(*, alert_id: UUID | str, by: Viewer, text: str, now: datetime) -> Alert:
    """This function will add a note that everyone who sees the alert can read."""
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="act", lock=True)
    _step(alert, "noted", now=now, by=by.user_id, text=_sentence(text, "text"))
    _save(alert, now=now)
    log.record(by=by, did="alert.note", patient_id=alert.patient_id, about=about(alert), now=now)
    return alert


@transaction.atomic
def resolve(*, alert_id: UUID | str, by: Viewer, outcome: str, text: str, now: datetime) -> Alert:
    """This function will close the alert with what came of it (`states.OUTCOMES`) and a note."""
    alert = for_viewer(alert_id=alert_id, viewer=by, now=now, action="act", lock=True)
    if outcome not in states.OUTCOMES:
        raise Invalid(f"The outcome is one of {', '.join(states.OUTCOMES)}.", code="unknown_outcome", field="outcome")
    alert.outcome, alert.note = outcome, text.strip()[:2000]
    _step(alert, "resolved", now=now, by=by.user_id, outcome=outcome, text=alert.note)
    _close(alert, now=now, by=by.user_id)
    if outcome in states.CONFIRMING and alert.severity in (Severity.RED, Severity.URGENT):
        outcomes.confirm(patient=alert.patient, at=alert.evidence_at, about=about(alert), by=by, now=now)
    log.record(by=by, did="alert.resolve", patient_id=alert.patient_id, about=about(alert), now=now, detail={"outcome": outcome})
    return alert


def _sentence(text: str, field: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= 2000:
        raise Invalid("Write between 1 and 2,000 characters.", code="bad_length", field=field)
    return text


def handle_due(*, now: datetime, limit: int = 200) -> int:
    """This function will take up to `limit` alerts whose time has come one step further, each in its own transaction.

    An acknowledged one that nobody closed comes back; an open one climbs to the next people of its frozen chain. Any number of
    sweeps may run at once (SKIP LOCKED); a kill between two alerts loses nothing.
    """
    handled = 0
    while handled < limit and _handle_one(now):
        handled += 1
    return handled


@transaction.atomic
def _handle_one(now: datetime) -> bool:
    alert = (
        Alert.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("patient", "patient__team")
        .filter(due_at__lte=now, state__in=LIVE_STATES)
        .order_by("due_at")
        .first()
    )
    if alert is None:
        return False
    if alert.acknowledged_by_id is not None:
        holder = alert.acknowledged_by_id
        _step(alert, "came_back", now=now, held_by=str(holder))
        alert.acknowledged_by = alert.acknowledged_until = None
        people = list(dict.fromkeys([holder, *_begin_chain(alert, now=now)]))
        post.post_all(messages=_words(alert, people, reason=f"came_back_{alert.version}", now=now), now=now)
    else:
        people = [UUID(p) for p in alert.chain[alert.step]["people"]] if alert.step < len(alert.chain) else []
        _step(alert, "escalated", now=now, chain_step=alert.step, people=[str(p) for p in people])
        reason = f"escalated_{alert.step}_{alert.version}"
        post.post_all(messages=_words(alert, people, reason=reason, now=now, unanswered=True), now=now)
        waited = alert.chain[alert.step]["after_minutes"] if alert.step < len(alert.chain) else 0
        alert.step += 1
        alert.due_at = _due_of_chain(alert, start=now - timedelta(minutes=waited))
    _save(alert, now=now)
    return True
