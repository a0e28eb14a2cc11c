"""How each address of the table is asked: the ids in its path and a body that the right person may send."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from healthhub.dialects.nightscout import common
from healthhub.records.catalogue import BY_KEY
from risk import cards
from tests.permissions.records import Records
from tests.risk import said
from tests.world import World

RELEASED = next(iter(cards.released()))

MAPPING = {"layout": "wide", "date": 0, "columns": [{"place": "1", "kind": "weight", "part": 0, "unit": "kg"}]}


@dataclass(frozen=True)
class Asking:
    """`ids` are the parameters of the path; `body` is JSON; `query` stands behind the question mark."""

    ids: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] | None = None


def asking(world: World, records: Records, method: str, name: str) -> Asking:
    """This function will give the request for one line of the table, aimed at what is Ana's."""
    asked = _people(world) | _readings(world, records) | _alerts(world, records) | _rules(world, records) | _notices(records)
    asked |= _fhir(world, records) | _care_plans(world, records)
    return (asked | _risk(world, records) | _models(records) | _desk(world, records) | _nightscout(world, records))[f"{method} {name}"]


def _readings(world: World, records: Records) -> dict[str, Asking]:
    ana = {"patient_id": str(world.ana.id)}
    one = {**ana, "seq": str(records.seq)}
    sent = {"patient": str(world.ana.id), "kind": "hr", "at": (world.now - timedelta(minutes=1)).isoformat(), "value": 71, "unit": "/min"}
    why = {"kind": "bp", "day": world.now.astimezone(UTC).date().isoformat()}
    frame = {"date_time": (world.now - timedelta(minutes=1)).isoformat()}
    point = {
        "header": {
            "uuid": "5e0b6f0c-9a54-4c8f-8d35-2f1f6d2f0001",
            "schema_id": {"namespace": "omh", "name": "heart-rate", "version": "2.0"},
        },
        "body": {"heart_rate": {"value": 72, "unit": "beats/min"}, "effective_time_frame": frame},
    }
    return {
        "POST observations": Asking(body=sent),
        "POST imports": Asking(ana, point),
        "POST datapoints": Asking(ana, point),
        "GET datapoints": Asking(ana, query={"limit": "50"}),
        "GET import": Asking(ana | {"import_id": str(records.sent)}),
        "GET import-refused": Asking(ana | {"import_id": str(records.sent)}),
        "POST tables": Asking(ana, point),
        "GET import-mapping": Asking(ana | {"import_id": str(records.table)}),
        "POST import-mapping": Asking(ana | {"import_id": str(records.table)}, MAPPING),
        "GET origins": Asking(ana),
        "GET kinds": Asking(),
        "GET history": Asking(ana, query={"limit": "50"}),
        "GET observation": Asking(one),
        "GET why": Asking(ana, query=why),
        "POST observation-correct": Asking(one, {"value": 180, "value2": 110, "unit": "mm[Hg]", "reason": "read from the wrong line"}),
        "POST observation-remove": Asking(one, {"reason": "the cuff was loose"}),
    }


def _subscription(world: World) -> dict[str, Any]:
    criteria = f"Observation?patient={world.ana.id}"
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "watch",
        "criteria": criteria,
        "channel": {"type": "websocket"},
    }


def _care_plans(world: World, records: Records) -> dict[str, Asking]:
    ana, plan = {"patient_id": str(world.ana.id)}, {"plan_id": str(records.plan)}
    soon = f"{world.now + timedelta(days=30):%Y-%m-%d}"
    content = {"targets": [{"kind": "bp", "below": 130}], "schedule": [], "education": []}
    return {
        "GET care-plans": Asking(ana),
        "POST care-plans": Asking(ana, {"condition": "diabetes_t2", "reason": "new"}),
        "GET care-plan-proposal": Asking(ana, query={"condition": "copd"}),
        "GET care-plan": Asking(plan),
        "POST care-plan-change": Asking(plan, {"content": content, "review_on": soon, "reason": "too low"}),
        "POST care-plan-end": Asking(plan, {"reason": "healed"}),
        "POST care-plan-tasks": Asking(plan, {"what": "call", "due_on": soon}),
        "POST care-task-done": Asking({"task_id": str(records.task)}),
    }


def _filled_in(world: World) -> dict[str, Any]:
    item = [{"linkId": "44261-6", "answer": [{"valueInteger": 3}]}]
    frame = {"status": "completed", "subject": {"reference": f"Patient/{world.ana.id}"}, "authored": world.now.isoformat()}
    return {"resourceType": "QuestionnaireResponse", "item": item} | frame


def _fhir(world: World, records: Records) -> dict[str, Asking]:
    ana, query = {"patient_id": str(world.ana.id)}, {"patient": str(world.ana.id)}
    rate = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{world.ana.id}"},
        "effectiveDateTime": (world.now - timedelta(minutes=1)).isoformat(timespec="seconds"),
        "valueQuantity": {"value": 71, "system": "http://unitsofmeasure.org", "code": "/min"},
    }
    later, export = {"Prefer": "respond-async"}, {"export_id": str(records.bulk)}
    entry = {"resource": rate, "request": {"method": "POST", "url": "Observation"}}
    return {
        "GET fhir-patient": Asking(ana),
        "GET fhir-everything": Asking(ana),
        "GET fhir-observations": Asking(query=query),
        "GET fhir-lastn": Asking(query=query),
        "GET fhir-observation": Asking(ana | {"seq": str(records.seq)}),
        "GET fhir-device": Asking(ana | {"number": str(records.source)}),
        "POST fhir-observations": Asking(body=rate),
        "POST fhir-bundle": Asking(body={"resourceType": "Bundle", "type": "transaction", "entry": [entry]}),
        "GET fhir-flags": Asking(query=query),
        "GET fhir-flag": Asking({"resource_id": str(records.open_alert)}),
        "GET fhir-issues": Asking(query=query),
        "GET fhir-issue": Asking({"resource_id": str(records.held_alert)}),
        "GET fhir-risks": Asking(query=query),
        "GET fhir-risk": Asking({"resource_id": str(records.assessment)}),
        "POST fhir-search": Asking({"type_": "Observation"}, form=query),
        "GET fhir-consents": Asking(query=query),
        "GET fhir-consent": Asking({"resource_id": str(world.entries["cleo"].id)}),
        "GET fhir-events": Asking(query=query),
        "GET fhir-communications": Asking(query=query),
        "GET fhir-communication": Asking({"resource_id": str(records.notice)}),
        "GET fhir-provenances": Asking(query={"target": f"Observation/{world.ana.id}-{records.seq}"}),
        "GET fhir-provenance": Asking(ana | {"number": str(records.seq)}),
        "GET fhir-export": Asking(headers=later),
        "GET fhir-export-patients": Asking(headers=later),
        "GET fhir-export-patient": Asking(ana, headers=later),
        "GET fhir-export-status": Asking(export),
        "DELETE fhir-export-status": Asking(export),
        "GET fhir-export-file": Asking(export | {"type_": "Observation"}),
        "GET fhir-plans": Asking(query=query),
        "GET fhir-plan": Asking({"resource_id": str(records.plan)}),
        "GET fhir-goals": Asking(query=query),
        "GET fhir-goal": Asking({"plan_id": str(records.plan), "number": str(BY_KEY["bp"].number)}),
        "GET fhir-questionnaires": Asking(query=query),
        "POST fhir-questionnaires": Asking(body=_filled_in(world)),
        "GET fhir-questionnaire": Asking(ana | {"seq": str(records.score)}),
        "GET fhir-subscriptions": Asking(),
        "POST fhir-subscriptions": Asking(body=_subscription(world)),
        "GET fhir-subscription": Asking({"resource_id": str(records.subscription)}),
        "DELETE fhir-subscription": Asking({"resource_id": str(records.subscription)}),
        "GET fhir-other": Asking({"rest": f"Condition/{world.ana.id}"}),
        "POST fhir-other": Asking({"rest": "Condition"}, body={}),
    }


def _alerts(world: World, records: Records) -> dict[str, Asking]:
    ana = {"patient_id": str(world.ana.id)}
    open_, held = {"alert_id": str(records.open_alert)}, {"alert_id": str(records.held_alert)}
    return {
        "GET patient-alerts": Asking(ana),
        "GET alert": Asking(open_),
        "POST alert-acknowledge": Asking(open_, {}),
        "POST alert-hand-back": Asking(held),
        "POST alert-snooze": Asking(open_, {"until": (world.now + timedelta(hours=1)).isoformat()}),
        "POST alert-unsnooze": Asking(held),
        "POST alert-note": Asking(open_, {"text": "spoke with her"}),
        "POST alert-resolve": Asking(open_, {"outcome": "acted", "text": "dose changed"}),
        "GET worklist-rows": Asking(),
    }


def _rules(world: World, records: Records) -> dict[str, Asking]:
    ana, north = {"patient_id": str(world.ana.id)}, {"team_id": str(world.north.id)}
    return {
        "GET plan": Asking(ana),
        "GET limits": Asking(ana),
        "POST limits": Asking(ana, {"rule": "BP-05", "changes": {"off": True}, "reason": "measured in pain"}),
        "POST limit-end": Asking({"limit_id": str(records.limit)}),
        "POST rule-backtest": Asking(body={"rule": "BP-01", "patients": [str(world.ana.id)], "days": 30}),
        "GET team-rules": Asking(north),
        "POST team-rules": Asking(north, {"definition": RULE, "reason": "tried on our own panel"}),
    }


def _desk(world: World, records: Records) -> dict[str, Asking]:
    ana, view = {"patient_id": str(world.ana.id)}, {"view_id": str(records.view)}
    return {
        "POST worklist-act": Asking(body={"patients": [str(world.ana.id)], "act": "review"}),
        "GET views": Asking(),
        "POST views": Asking(body={"name": "Lungs", "query": "condition=copd"}),
        "PATCH view": Asking(view, {"name": "All lungs"}),
        "DELETE view": Asking(view),
        "GET tags": Asking(),
        "GET patient-tags": Asking(ana),
        "POST patient-tags": Asking(ana, {"name": "home visits"}),
        "DELETE patient-tag": Asking(ana | {"tag_id": str(records.tag)}),
        "POST patient-reviews": Asking(ana),
    }


def _nightscout(world: World, records: Records) -> dict[str, Asking]:
    ana = {"slug": str(world.ana.id)}
    ms = common.ms_of(world.now) - 60_000
    sgv = {"type": "sgv", "sgv": 111, "date": ms, "device": "xDrip", "app": "xDrip"}
    meal = {"eventType": "Snack", "carbs": 12, "date": ms, "app": "AAPS"}
    phone = {"device": "phone", "date": ms, "uploaderBattery": 50, "app": "AAPS"}
    glucose, eaten = common.own_id(records.glucose), common.own_id(records.meal)
    col, one = ana | {"col": "treatments"}, ana | {"col": "treatments", "identifier": eaten}
    whole = {
        name: Asking(ana) for name in ("versions", "pebble", "status", "verifyauth", "adminnotifies", "properties", "ddata", "summary")
    }
    asked = {f"GET ns-{name}": asking for name, asking in whole.items()} | {
        "GET ns-ack": Asking(ana, query={"level": "2", "time": "60000"}),
        "GET ns-bearer": Asking(ana | {"secret": world.secrets["token_read"]}),
        "GET ns-times": Asking(ana | {"rest": f"{world.now.year}.json"}),
        "GET ns-slice": Asking(ana | {"collection": "entries", "field": "dateString", "rest": f"sgv/{world.now.year}.json"}),
        "GET ns-count": Asking(ana | {"collection": "entries"}),
        "GET ns-entries-of": Asking(ana | {"spec": glucose}),
        "DELETE ns-entries-of": Asking(ana | {"spec": glucose}),
        "GET ns-one": Asking(ana | {"collection": "treatments", "spec": eaten}),
        "DELETE ns-one": Asking(ana | {"collection": "treatments", "spec": eaten}),
        "GET ns-profile-current": Asking(ana),
        "GET ns-food": Asking(ana | {"collection": "food"}),
        "POST ns-food": Asking(ana | {"collection": "food"}, [{"name": "rice"}]),
        "GET ns3-status": Asking(ana),
        "GET ns3-last-modified": Asking(ana),
        "GET ns3-collection": Asking(col),
        "POST ns3-collection": Asking(col, meal),
        "GET ns3-history": Asking(col | {"since": "0"}),
        "GET ns3-document": Asking(one),
        "PUT ns3-document": Asking(one, meal),
        "PATCH ns3-document": Asking(one, {"carbs": 50}),
        "DELETE ns3-document": Asking(one),
    }
    for name, doc in (("entries", sgv), ("treatments", meal), ("devicestatus", phone), ("profile", {"defaultProfile": "Default"})):
        asked |= {f"GET ns-{name}": Asking(ana), f"POST ns-{name}": Asking(ana, [doc]), f"PUT ns-{name}": Asking(ana, doc)}
    return asked


def _risk(world: World, records: Records) -> dict[str, Asking]:
    ana = {"patient_id": str(world.ana.id)}
    happened = {"kind": "emergency_visit", "at": (world.now - timedelta(days=2)).isoformat(), "note": "chest pain"}
    dose = {"day": f"{world.now.astimezone(ZoneInfo(world.ana.time_zone)):%Y-%m-%d}", "at": "08:00", "taken": True}
    contact = {"kind": "visit", "at": (world.now - timedelta(hours=2)).isoformat(), "text": "seen at home"}
    return {
        "GET patient-risk": Asking(ana),
        "GET assessments": Asking(ana),
        "GET patient-scores": Asking(ana),
        "GET forecasts": Asking(ana),
        "POST what-if": Asking(ana, {"model": said.KEY, "changes": {"systolic": {"by": -10}}}),
        "POST patient-assess": Asking(ana, {"models": []}),
        "POST assessment-opinion": Asking({"assessment_id": str(records.assessment)}, {"agrees": True, "reason": "so it looks"}),
        "GET outcomes": Asking(ana),
        "POST outcomes": Asking(ana, happened),
        "POST outcome-withdraw": Asking({"outcome_id": str(records.outcome)}, {"reason": "this was her sister"}),
        "GET contacts": Asking(ana),
        "POST contacts": Asking(ana, contact),
        "POST contact-correct": Asking({"contact_id": str(records.contact)}, contact),
        "GET medications": Asking(ana),
        "POST medications": Asking(ana, {"name": "Metformin", "dose": "500 mg", "times": ["08:00", "20:00"]}),
        "POST medication-stop": Asking({"medication_id": str(records.medication)}),
        "POST medication-intake": Asking({"medication_id": str(records.medication)}, dose),
        "GET risk-panel": Asking(query={"model": said.KEY}),
        "POST risk-panel-assess": Asking(body={"model": RELEASED, "patients": [str(world.ana.id)]}),
    }


def _models(records: Records) -> dict[str, Asking]:
    waiting = {"version_id": str(records.version)}
    return {
        "GET risk-models": Asking(),
        "GET risk-model-card": Asking({"key": RELEASED}),
        "GET risk-model-versions": Asking({"key": said.KEY}),
        "GET risk-model-watch": Asking({"key": said.KEY}),
        "POST risk-version-approve": Asking(waiting, {"reason": "better on our own patients"}),
        "POST risk-version-refuse": Asking(waiting, {"reason": "too few outcomes yet"}),
    }


def _notices(records: Records) -> dict[str, Asking]:
    notice = {"notice_id": str(records.notice)}
    return {
        "GET notices": Asking(),
        "POST notice-seen": Asking(notice),
        "GET notice-attempts": Asking(notice),
        "GET channels": Asking(),
        "POST channels": Asking(body={"transport": "email"}),
        "POST channel-secret": Asking({"channel_id": str(records.channel)}),
        "POST channel-replay": Asking({"channel_id": str(records.channel)}, {"notice": str(records.notice)}),
        "DELETE channel": Asking({"channel_id": str(records.channel)}),
        "GET quiet-hours": Asking(),
        "PUT quiet-hours": Asking(body={"start": "22:00", "end": "07:00"}),
    }


def _people(world: World) -> dict[str, Asking]:
    ana = {"patient_id": str(world.ana.id)}
    duty = [str(world.users["nurse_in_team"].id), str(world.users["doctor_in_team"].id)]
    grant = {
        "grantee_kind": "person",
        "grantee_id": str(world.users["caregiver_withdrawn"].id),
        "data_classes": ["vitals"],
        "purpose": "caregiving",
        "rights": ["read"],
        "document_version": "2026-02",
        "ends_at": (world.now + timedelta(days=30)).isoformat(),
    }
    return {
        "GET me": Asking(),
        "GET patients": Asking(),
        "GET patient": Asking(ana),
        "GET consent": Asking(ana),
        "POST consent": Asking(ana, grant),
        "POST consent-withdraw": Asking({"entry_id": str(world.entries["cleo"].id)}),
        "GET tokens": Asking(ana),
        "POST tokens": Asking(ana, {"name": "Cuff", "kinds": ["bp"]}),
        "DELETE token": Asking({"token_id": str(world.token_ids["token_read"])}),
        "GET access-log": Asking(ana),
        "POST break-the-glass": Asking(ana, {"reason": "found unconscious in the lobby", "hours": 2}),
        "GET break-glass": Asking(),
        "POST break-glass-review": Asking({"opening_id": str(world.openings["doctor_break_glass_lapsed"].id)}, {"outcome": "justified"}),
        "GET teams": Asking(),
        "POST on-duty": Asking({"team_id": str(world.north.id)}, {"on_duty": duty}),
        "POST membership-end": Asking({"membership_id": str(world.memberships["nurse_in_team"].id)}),
    }


RULE = {
    "id": "NORTH-1",
    "version": "1",
    "severity": "amber",
    "name": {"zh-hans": "静息心率偏高", "en": "Raised resting heart rate"},
    "limits": {"above": {"/min": 105}},
    "when": {"type": "threshold", "kinds": ["hr"], "any": [{"at_least": "above"}]},
    "patient": {"zh-hans": "您的心率偏高。", "en": "Your heart rate is raised."},
    "clinician": {"zh-hans": "心率偏高。", "en": "Raised heart rate."},
    "source": "The North team's own",
}


def path_of(name: str, ids: dict[str, Any], query: dict[str, str] | None = None) -> str:
    """This function will give the path of an address."""
    return str(reverse(name, kwargs=ids, query=query))
