"""Questionnaires as FHIR: what is sent comes back as it was, and what cannot be kept is refused whole."""

from datetime import timedelta
from typing import Any

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given, strategies as st

from healthhub.dialects import fhir_questionnaire
from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import KINDS
from monitoring.models import Alert
from tests.world import World

BASE, FHIR = "/fhir/R4/QuestionnaireResponse", "application/fhir+json"


def filled(world: World, *answers: tuple[str, Any], minutes_ago: float = 5, **more: Any) -> dict[str, Any]:
    at = (world.now - timedelta(minutes=minutes_ago)).replace(microsecond=0)
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": f"Patient/{world.ana.id}"},
        "source": {"reference": f"Patient/{world.ana.id}"},
        "authored": at.isoformat(),
        "item": [{"linkId": link, "text": "总分", "answer": [{"valueInteger": value}]} for link, value in answers],
    } | more


def sent(world: World, resource: Any, who: str = "patient_self") -> Any:
    return world.client(who).post(BASE, resource, content_type=FHIR)


@pytest.mark.django_db
def test_a_score_and_its_ninth_item_go_in_and_come_back(world: World) -> None:
    first = sent(world, filled(world, ("44261-6", 12), ("44260-8", 2)))
    assert (first.status_code, first["X-HealthHub-Fate"]) == (201, "stored")
    assert sent(world, filled(world, ("44261-6", 12), ("44260-8", 2))).status_code == 200
    sent(world, filled(world, ("gad7", 7), minutes_ago=60))
    body = world.client("doctor_in_team").get(BASE, {"patient": str(world.ana.id)}).json()
    found = [entry["resource"] for entry in body["entry"]]
    for one in found:
        QuestionnaireResponse.model_validate(one)
    assert [one["questionnaire"].rpartition(":")[2] for one in found] == ["phq9", "gad7"]
    assert [(item["linkId"], item["answer"][0]["valueInteger"]) for item in found[0]["item"]] == [("44261-6", 12), ("44260-8", 2)]
    assert found[0]["source"] == {"reference": f"Patient/{world.ana.id}"}
    assert first["Location"].endswith(f"/QuestionnaireResponse/{found[0]['id']}/_history/1")
    read = world.client("token_read").get(f"{BASE}/{found[0]['id']}").json()
    assert read["item"] == found[0]["item"]
    narrowed = {"patient": str(world.ana.id), "questionnaire": "urn:healthhub:questionnaire:gad7", "_count": "1", "_sort": "authored"}
    assert len(world.client("patient_self").get(BASE, narrowed).json()["entry"]) == 1
    assert Alert.objects.filter(patient=world.ana).exists()  # thoughts of self-harm want a person the same day


@pytest.mark.django_db
def test_pages_are_whole(world: World) -> None:
    for n in range(5):
        sent(world, filled(world, ("44261-6", n), minutes_ago=10 * n + 5))
    seen, address = [], f"{BASE}?patient={world.ana.id}&_count=2"
    while address:
        body = world.client("patient_self").get(address).json()
        seen += [entry["resource"]["item"][0]["answer"][0]["valueInteger"] for entry in body["entry"]]
        address = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
    assert seen == [0, 1, 2, 3, 4]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"status": "in-progress"}, 400, "QuestionnaireResponse.status"),
    ({"item": []}, 400, "QuestionnaireResponse.item"),
    ({"item": [{"linkId": "44250-9", "answer": [{"valueInteger": 1}]}]}, 400, "QuestionnaireResponse.item[0].linkId"),
    ({"item": [{"linkId": "44260-8", "answer": [{"valueInteger": 1}]}]}, 400, "QuestionnaireResponse.item"),
    ({"item": [{"linkId": "44261-6", "answer": [{"valueString": "5"}]}]}, 400, "QuestionnaireResponse.item[0].answer"),
    ({"item": [{"linkId": "44261-6", "answer": [{"valueInteger": 99}]}]}, 422, "QuestionnaireResponse.item"),
    ({"item": [{"linkId": link, "answer": [{"valueInteger": 1}]} for link in ("44261-6", "gad7")]}, 400, "QuestionnaireResponse.item"),
    ({"questionnaire": "urn:healthhub:questionnaire:gad7"}, 400, "QuestionnaireResponse.questionnaire"),
    ({"authored": "2026-01-01"}, 400, "QuestionnaireResponse.authored"),
    ({"subject": {"display": "Ana"}}, 400, "QuestionnaireResponse.subject.reference"),
    ({"encounter": {"reference": "Encounter/1"}}, 400, "QuestionnaireResponse.encounter"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "status", "field"), WRONG)
def test_what_cannot_be_kept_is_refused_whole(world: World, change: dict[str, Any], status: int, field: str) -> None:
    answer = sent(world, filled(world, ("44261-6", 5)) | change)
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (status, [field])
    assert "entry" not in world.client("patient_self").get(BASE, {"patient": str(world.ana.id)}).json()


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.sampled_from(["44261-6", "cat"])
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3))
ANSWERS = st.lists(st.fixed_dictionaries({"valueInteger": LEAVES})) | ANYTHING
ITEM = st.fixed_dictionaries({}, optional={"linkId": LEAVES, "answer": ANSWERS})
RESPONSE = st.fixed_dictionaries(
    {"resourceType": st.just("QuestionnaireResponse"), "status": st.just("completed"), "subject": st.just({"reference": "Patient/x"})},
    optional={"authored": ANYTHING | st.just("2026-11-23T07:12:00+08:00"), "item": st.lists(ITEM, max_size=3) | ANYTHING},
)


@given(RESPONSE | ANYTHING)
def test_anything_is_read_or_refused(resource: Any) -> None:
    try:
        _, sent_ = fhir_questionnaire.read(resource, KINDS)
    except Invalid as refused:
        if not refused.field:
            raise
        return
    assert sent_[0]["kind"] in fhir_questionnaire.QUESTIONNAIRES
