"""Care plans: begun from the right template, changed with author and reason, ended; and what FHIR says of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.careplan import CarePlan as CarePlanModel
from fhir.resources.R4B.goal import Goal as GoalModel

from healthhub.care import medications
from healthhub.care.careplans import content, doors
from healthhub.care.models import CarePlan, CareTask
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import consent
from healthhub.records.catalogue import BY_KEY
from tests.world import World


def started(world: World, condition: str = "hypertension", **more: Any) -> CarePlan:
    given = {"patient_id": world.ana.id, "by": world.viewer("doctor_in_team"), "now": world.now, "reason": "first visit"} | more
    return doors.start(condition=condition, **given)


@pytest.mark.parametrize(
    ("locale", "age", "target"),
    [
        ("CN", 60, {"kind": "bp", "below": 130, "below2": 80}),
        ("CN", 70, {"kind": "bp", "below": 140, "below2": 90}),
        ("CN", 84, {"kind": "bp", "below": 150, "below2": 90}),
        ("CN", None, {"kind": "bp", "below": 130, "below2": 80}),
        ("US", 84, {"kind": "bp", "below": 130, "below2": 80}),
        ("EU", 60, {"kind": "bp", "at_least": 120, "at_most": 129, "below2": 80}),
    ],
)
def test_a_blood_pressure_target_follows_the_guideline_of_her_country_and_age(locale: str, age: int | None, target: dict[str, Any]) -> None:
    assert content.template(condition="hypertension", locale=locale, age=age).content["targets"] == [target]


@pytest.mark.parametrize("condition", sorted(content.CLASS_OF))
@pytest.mark.parametrize("locale", ["CN", "US", "EU"])
def test_every_condition_has_a_template_in_both_languages(condition: str, locale: str) -> None:
    found = content.template(condition=condition, locale=locale, age=50)
    assert content.checked(found.content) == found.content
    assert found.source
    assert all(set(line) == {"en", "zh-hans"} and all(line.values()) for line in found.content["education"])
    assert all(what in content.TASKS for what, _ in found.tasks)


def test_a_birthday_counts_on_its_day() -> None:
    born = date(1956, 4, 12)
    assert [content.age_of(born, date(2026, 4, day)) for day in (11, 12)] == [69, 70]


WRONG = [
    ({"targets": [{"kind": "mana", "below": 1}]}, "unknown_kind", "targets.0.kind"),
    ({"targets": [{"kind": "bp"}]}, "missing_field", "targets.0"),
    ({"targets": [{"kind": "bp", "below": 130, "above": 90}]}, "bad_target", "targets.0"),
    ({"targets": [{"kind": "hba1c", "below": 7, "below2": 5}]}, "bad_target", "targets.0"),
    ({"targets": [{"kind": "bp", "below": 4000}]}, "impossible_value", "targets.0"),
    ({"targets": [{"kind": "fpg", "at_least": 7, "at_most": 5}]}, "impossible_value", "targets.0"),
    ({"targets": [{"kind": "bp", "below": 130}, {"kind": "bp", "below": 140}]}, "twice", "targets"),
    ({"schedule": [{"kind": "bp", "times": 25, "per": "day"}]}, "out_of_range", "schedule.0.times"),
    ({"schedule": [{"kind": "bp", "times": 1, "per": "hour"}]}, "bad_value", "schedule.0.per"),
    ({"education": [{"en": " "}]}, "bad_length", "education.0"),
    ({"education": [{"en": "x"}] * 21}, "too_many", "education"),
]


@pytest.mark.parametrize(("given", "code", "field"), WRONG)
def test_what_a_plan_cannot_say(given: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        content.checked(given)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.django_db
def test_a_plan_keeps_every_version_with_author_and_reason(world: World) -> None:
    plan = started(world)
    assert (plan.review_on - world.now.date()).days in (89, 90, 91)
    assert {task.what["en"] for task in plan.tasks.all()} == {"Visit at the practice"}
    with pytest.raises(Conflict) as twice:
        started(world)
    assert twice.value.code == "has_plan"
    new = {"targets": [{"kind": "bp", "below": 140, "below2": 90}], "schedule": [], "education": [{"zh-hans": "慢慢来"}]}
    later = world.now + timedelta(days=3)
    review = world.now.date() + timedelta(days=30)
    given = {"by": world.viewer("nurse_in_team"), "now": later, "reason": "dizzy", "review_on": review}
    changed = doors.change(plan_id=plan.id, content=new, **given)
    assert changed.content["education"] == [{"en": "慢慢来", "zh-hans": "慢慢来"}]
    said = [(one.version, one.by.name, one.reason) for one in plan.changes.order_by("version")]
    assert said == [(1, "Dr Lim", "first visit"), (2, "Mei Tan", "dizzy")]
    assert plan.changes.get(version=1).content["targets"][0]["below"] in (130, 140)
    doors.end(plan_id=plan.id, by=world.viewer("doctor_in_team"), now=later, reason="moved away")
    assert not CareTask.objects.filter(done_at=None).exists()
    with pytest.raises(Conflict):
        doors.change(plan_id=plan.id, content=new, **given)
    assert started(world, now=later).version == 1


@pytest.mark.django_db
def test_tasks_belong_to_the_patient_or_her_team(world: World) -> None:
    plan, due = started(world, "copd"), world.now.date() + timedelta(days=5)
    by = world.viewer("doctor_in_team")
    frame = {"plan_id": plan.id, "what": "ring her", "due_on": due, "by": by, "now": world.now}
    task = doors.add_task(**frame, owner_id=world.users["nurse_in_team"].id)
    with pytest.raises(Invalid) as stranger:
        doors.add_task(**frame, owner_id=world.users["doctor_elsewhere"].id)
    assert stranger.value.code == "unknown_person"
    with pytest.raises(Invalid):
        doors.add_task(**(frame | {"due_on": due - timedelta(days=30)}))
    own = doors.add_task(**frame)
    assert doors.done(task_id=own.id, by=world.viewer("patient_self"), now=world.now).done_by_id == world.users["patient_self"].id
    with pytest.raises(Conflict):
        doors.done(task_id=own.id, by=world.viewer("patient_self"), now=world.now)
    with pytest.raises(NotVisible):
        doors.done(task_id=task.id, by=world.viewer("other_patient"), now=world.now)


@pytest.mark.django_db
def test_a_plan_is_seen_with_its_class_of_data_only(world: World) -> None:
    plan, other = started(world), started(world, "diabetes_t2")
    consent.grant(
        patient=world.ana,
        grantee_kind="person",
        grantee_id=world.users["other_patient"].id,
        data_classes=["vitals"],
        purpose="caregiving",
        rights=["read"],
        document_version="1",
        by=world.viewer("patient_self"),
        now=world.now,
    )
    friend = world.viewer("other_patient")
    assert [one.id for one in doors.plans_open(viewer=friend, patient_id=world.ana.id, now=world.now)] == [plan.id]
    with pytest.raises(NotVisible):
        doors.plan(viewer=friend, plan_id=other.id, now=world.now)
    with pytest.raises(NotAllowed):
        started(world, "copd", by=friend)


@pytest.mark.django_db
def test_fhir_says_the_same_and_validates(world: World) -> None:
    plan = started(world, "diabetes_t2")
    medications.add(patient_id=world.ana.id, name="二甲双胍", dose="500 mg", times=[], by=world.viewer("patient_self"), now=world.now)
    client = world.client("doctor_in_team")
    client.cookies["django_language"] = "en"
    found = client.get("/fhir/R4/CarePlan", {"patient": str(world.ana.id), "_include": "CarePlan:patient"}).json()["entry"]
    told = found[0]["resource"]
    CarePlanModel.model_validate(told)
    assert [entry["resource"]["resourceType"] for entry in found] == ["CarePlan", "Patient"]
    assert (told["status"], told["title"], told["author"]["display"]) == ("active", "Type 2 diabetes", "Dr Lim")
    details = [one["detail"] for one in told["activity"]]
    assert details[0]["scheduledTiming"]["repeat"] == {"frequency": 1, "period": 1, "periodUnit": "d"}
    assert [one["productCodeableConcept"]["text"] for one in details if one["kind"] == "MedicationRequest"] == ["二甲双胍 500 mg"]
    assert {one["status"] for one in details if one["kind"] == "Task"} == {"scheduled"}
    goals: list[dict[str, Any]] = []
    address = f"/fhir/R4/Goal?patient={world.ana.id}&_count=2"
    while address:
        body = client.get(address).json()
        goals += [entry["resource"] for entry in body["entry"]]
        address = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
    for goal in goals:
        GoalModel.model_validate(goal)
        assert client.get(f"/fhir/R4/Goal/{goal['id']}").json() == goal
    assert {one["reference"] for one in told["goal"]} == {f"Goal/{goal['id']}" for goal in goals}
    assert len(goals) == 3
    fasting = next(goal for goal in goals if goal["id"] == f"{plan.id}-{BY_KEY['fpg'].number}")
    ends = fasting["target"][0]["detailRange"]
    assert (ends["low"]["value"], ends["high"]["value"], ends["low"]["code"]) == (4.4, 7, "mmol/L")
    doors.end(plan_id=plan.id, by=world.viewer("doctor_in_team"), now=world.now + timedelta(seconds=1), reason="moved")
    again = client.get(f"/fhir/R4/CarePlan/{plan.id}")
    CarePlanModel.model_validate(again.json())
    assert (again.json()["status"], again["ETag"]) == ("completed", 'W/"2"')
