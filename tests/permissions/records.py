"""Readings, alerts, limits and assessments for the walk through the table: Ana's and Ben's, each marked in every text that can be."""

from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID

from healthhub.api import fhir_bulk
from healthhub.care import contacts, medications
from healthhub.care.careplans import doors as careplans
from healthhub.people import access, smart
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import bulk
from healthhub.records.models import Source
from monitoring import alerts, desk, intake, plans, spool, subscriptions
from monitoring.models import Alert, Import, Limit
from notifications import channels
from notifications.models import Notice
from risk import outcomes, standings
from risk.models import Version
from tests.apps import BACK
from tests.risk import said
from tests.world import World


@dataclass(frozen=True)
class Records:
    """What the addresses of the table are aimed at: Ana's open alert, the one Dr Lim holds and snoozed, her limit,
    the numbers of a reading and its source,
    a notice she was sent and the way she is told, what a model said of her, an event, a waiting version, a visit, a medicine,
    Dr Lim's saved view and a tag she carries, the numbers of a glucose and of a meal,
    a file her writing device sent in, a table of its that waits to be explained, what her reading device exported,
    what an app may read in her name, and that app,
    what her reading device is told of, the number of a questionnaire,
    her care plan for hypertension and a task of it."""

    open_alert: UUID
    held_alert: UUID
    limit: UUID
    seq: int
    source: int
    notice: UUID
    channel: UUID
    assessment: UUID
    outcome: UUID
    version: UUID
    contact: UUID
    medication: UUID
    view: UUID
    tag: UUID
    glucose: int
    meal: int
    sent: UUID
    table: UUID
    bulk: UUID
    app_access: UUID
    client_id: str
    subscription: UUID
    score: int
    plan: UUID
    task: UUID


def fill(world: World) -> Records:
    """This function will let both patients measure, alerts arise, and the doctors work with them."""
    speaking = said.version(now=world.now)
    waiting = said.version(now=world.now, name="2", state="challenger")
    hers = [_measured_and_treated(world, whose, speaking, waiting) for whose in ("ana", "ben")]
    return hers[0]


def _measured_and_treated(world: World, whose: str, speaking: Version, waiting: Version) -> Records:
    patient, self_, doctor, nurse = (
        (world.ana, "patient_self", "doctor_in_team", "nurse_in_team")
        if whose == "ana"
        else (world.ben, "other_patient", "doctor_elsewhere", "doctor_break_glass")
    )

    def reading(minutes_ago: int, kind: str, value: float, value2: float | None, unit: str) -> dict[str, object]:
        at = (world.now - timedelta(minutes=minutes_ago)).isoformat()
        marks = {
            "source": world.said(whose, "cuff"),
            "key": world.said(whose, str(minutes_ago)),
            "context": {"note": world.said(whose, "ill")},
        }
        return {"kind": kind, "at": at, "value": value, "value2": value2, "unit": unit, **marks}

    high = [reading(20, "bp", 190, 120, "mm[Hg]"), reading(15, "bp", 192, 121, "mm[Hg]")]
    low = [reading(10, "glucose", 2.4, None, "mmol/L")]
    receipt = intake.receive(patient_id=patient.id, readings=high + low, by=world.viewer(self_), now=world.now)
    assert [fate["fate"] for fate in receipt.fates] == ["stored"] * 3, receipt.fates
    found = {alert.data_class: alert.id for alert in Alert.objects.filter(patient=patient)}
    by, now = world.viewer(doctor), world.now
    alerts.acknowledge(alert_id=found["glucose"], by=by, now=now)
    alerts.note(alert_id=found["glucose"], by=by, text=world.said(whose, "called her"), now=now)
    alerts.snooze(alert_id=found["glucose"], by=by, until=now + timedelta(hours=2), now=now)
    alerts.note(alert_id=found["vitals"], by=world.viewer(nurse), text=world.said(whose, "will visit"), now=now)
    limit = plans.set_limit(
        patient_id=patient.id,
        rule_id="BP-05",
        changes={"off": True},
        reason=world.said(whose, "white coat"),
        expires_at=None,
        by=by,
        now=now,
    )
    assert Limit.objects.get(id=limit.id).ended_at is None
    person = world.users[self_].id
    channel = channels.add(person=person, transport="email", given={}, by=world.viewer(self_), now=now).channel
    notice = Notice.objects.filter(person=person).latest("seq")
    seq = int(receipt.fates[0]["seq"])
    source = Source.objects.filter(patient=patient).latest("id").id
    assessment, outcome = _judged(world, whose, patient, by, speaking)
    visit, note = (
        contacts.add(patient_id=patient.id, kind=kind, at=now, text=world.said(whose, "short of breath"), by=by, now=now)
        for kind in ("visit", "note")
    )
    assert note.kind == "note"
    medicine = medications.add(
        patient_id=patient.id, name=world.said(whose, "Amlodipine"), dose="5 mg", times=[time(8)], by=world.viewer(self_), now=now
    )
    alerts_ = (found["vitals"], found["glucose"])
    view = desk.save_view(name=world.said(whose, "mine"), query="owner=mine", by=by, now=now)
    tag = desk.tag(patient_id=patient.id, name=world.said(whose, "visit"), by=by, now=now)
    desk.review(patient_id=patient.id, by=by, now=now)
    eaten = intake.receive(patient_id=patient.id, readings=[reading(5, "carbs", 40, None, "g")], by=world.viewer(self_), now=world.now)
    filled = intake.receive(patient_id=patient.id, readings=[reading(9, "phq9", 3, None, "{score}")], by=world.viewer(self_), now=world.now)
    numbers = int(receipt.fates[2]["seq"]), int(eaten.fates[0]["seq"])
    rest_ = (
        view.id,
        tag.id,
        *numbers,
        *_sent_in(world, whose, patient),
        _exported(world, whose),
        *_allowed(world, whose, patient),
        _subscribed(world, whose, patient),
        int(filled.fates[0]["seq"]),
        *_planned(world, whose, patient, by),
    )
    said_ = (notice.id, channel.id, assessment, outcome, waiting.id, visit.id, medicine.id)
    return Records(*alerts_, limit.id, seq, source, *said_, *rest_)


def _sent_in(world: World, whose: str, patient: Patient) -> tuple[UUID, UUID]:
    token = world.token_ids["token_write" if whose == "ana" else "token_other_patient"]
    refused = [{"where": 3, "fate": "rejected", "code": "bad_value", "field": "=cell"}]
    frame = {"patient": patient, "token_id": token, "name": world.said(whose, "export.xml"), "bytes_total": 9, "asked_at": world.now}
    made = Import.objects.create(
        **frame, state="done", records=1, taken=1, counts={"rejected": 1}, reasons={"bad_value": 1}, refused=refused, ended_at=world.now
    )
    table = Import.objects.create(**frame, state="unmapped", due_at=world.now + timedelta(days=1))
    spool.keep(table.id, [b"date,weight\n2026-03-01,65\n"])
    return made.id, table.id


def _exported(world: World, whose: str) -> UUID:
    token = access.viewer_of_token_id(world.token_ids["token_read"], world.now)
    by = token if whose == "ana" else world.viewer("other_patient")
    row = bulk.ask(by=by, types=["Patient", "Observation"], request=world.said(whose, "$export"), now=world.now)
    while bulk.work(write=fhir_bulk.write, now=world.now):
        pass
    return row.id


def _subscribed(world: World, whose: str, patient: Patient) -> UUID:
    token = access.viewer_of_token_id(world.token_ids["token_read"], world.now)
    wanted = subscriptions.Wanted(
        patient_id=patient.id,
        criteria=world.said(whose, "Observation"),
        resource="Observation",
        kinds=[],
        channel="websocket",
        endpoint="",
        headers=[],
        payload=False,
        reason=world.said(whose, "watch"),
        ends_at=None,
    )
    place = subscriptions.start_of(patient_id=patient.id, resource="Observation", now=world.now)
    return subscriptions.ask(wanted, by=token if whose == "ana" else world.viewer("other_patient"), place=place, now=world.now).id


def _planned(world: World, whose: str, patient: Patient, by: Viewer) -> tuple[UUID, UUID]:
    reason, text = world.said(whose, "first visit"), world.said(whose, "walk")
    content = {"targets": [{"kind": "bp", "below": 130, "below2": 80}], "schedule": [], "education": [{"en": text}]}
    plan = careplans.start(patient_id=patient.id, condition="hypertension", by=by, now=world.now, reason=reason, content=content)
    soon = world.now.date() + timedelta(days=9)
    task = careplans.add_task(plan_id=plan.id, what=world.said(whose, "call"), due_on=soon, by=by, now=world.now)
    return plan.id, task.id


def _allowed(world: World, whose: str, patient: Patient) -> tuple[UUID, str]:
    by = world.viewer("patient_self" if whose == "ana" else "other_patient")
    made, _ = smart.register(name=f"Chart in hand {whose}", redirects=[BACK], now=world.now)
    row = smart.allow(application=made, scopes=["patient/*.rs"], by=by, now=world.now, patient_id=patient.id)
    return row.id, made.client_id


def _judged(world: World, whose: str, patient: Patient, by: Viewer, speaking: Version) -> tuple[UUID, UUID]:
    assessment = said.assessment(patient, speaking, now=world.now)
    standings.opine(assessment_id=assessment.id, agrees=False, reason=world.said(whose, "she is not herself"), by=by, now=world.now)
    at, note = world.now - timedelta(days=9), world.said(whose, "fell at home")
    outcome = outcomes.record(patient_id=patient.id, kind="admission", at=at, note=note, by=by, now=world.now)
    return assessment.id, outcome.id
