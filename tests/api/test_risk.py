"""Risk over HTTP: the shapes of answers and the codes of refusals; what is behind them is tested in tests/risk."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from monitoring import intake
from risk import baselines, cards
from risk.models import Assessment, Outcome, Standing
from tests.risk import said
from tests.world import World

pytestmark = pytest.mark.django_db
RELEASED = next(iter(cards.released()))
WHY = {"reason": "better on our own patients"}


@pytest.fixture
def assessed(world: World) -> Assessment:
    return said.assessment(world.ana, said.version(now=world.now), now=world.now)


def got(world: World, path: str, principal: str = "doctor_in_team", **query: Any) -> Any:
    answer = world.client(principal).get(f"/api/v1/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def sent(world: World, path: str, body: Any, principal: str = "doctor_in_team") -> HttpResponse:
    return world.client(principal).post(f"/api/v1/{path}", body, content_type="application/json")  # type: ignore[return-value]


def refused(answer: Any) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json().get("field")


def test_where_she_stands(world: World, assessed: Assessment) -> None:
    told = got(world, f"patients/{world.ana.id}/risk")
    (one,) = told["models"]
    assert one["assessment"]["value"] == pytest.approx(assessed.value)
    assert one["band"]["words"].keys() == {"zh-hans", "en"}
    assert {need["need"] for need in told["scores"]} >= {"cardiovascular", "kidney_function"}
    assert all(len(need["scores"]) <= 1 for need in told["scores"])
    assert "base" not in one["assessment"]  # in short


def test_assessments_in_full(world: World, assessed: Assessment) -> None:
    (one,) = got(world, f"patients/{world.ana.id}/assessments", model=said.KEY, limit=5)
    assert one["id"] == str(assessed.id)
    assert one["base"] + sum(share["share"] for share in one["contributions"]) == pytest.approx(one["raw"], abs=1e-6)
    assert [given["name"] for given in one["inputs"]] == list(said.NAMES)
    assert got(world, f"patients/{world.ana.id}/assessments", model="no-such-model") == []
    later = (world.now + timedelta(seconds=1)).isoformat()
    assert got(world, f"patients/{world.ana.id}/assessments", since=later) == []
    answer = world.client("doctor_in_team").get(f"/api/v1/patients/{world.ana.id}/assessments", {"limit": "0"})
    assert refused(answer) == (400, "invalid", "limit")


def test_a_doctor_disagrees(world: World, assessed: Assessment) -> None:
    path = f"assessments/{assessed.id}/opinion"
    assert refused(sent(world, path, {"agrees": False})) == (400, "reason_needed", "reason")
    answer = sent(world, path, {"agrees": False, "reason": "the cuff was too small"})
    assert (answer.status_code, answer.json()["reason"]) == (201, "the cuff was too small")
    assert refused(sent(world, path, {"agrees": "yes"})) == (400, "wrong_type", "agrees")
    assert refused(sent(world, path, {"agrees": True}, "patient_self"))[:2] == (403, "not_allowed")


def test_what_if_over_http(world: World, assessed: Assessment) -> None:
    path = f"patients/{world.ana.id}/what-if"
    told = sent(world, path, {"model": said.KEY, "changes": {"systolic": {"by": -10}}}).json()
    assert told["difference"] == pytest.approx(told["after"]["value"] - told["before"]["value"])
    outside = sent(world, path, {"model": said.KEY, "changes": {"systolic": {"to": 400}}})
    assert refused(outside) == (400, "outside_training", "changes.systolic")
    assert (outside.json()["input"], outside.json()["unit"]) == ("systolic", "mm[Hg]")
    assert outside.json()["words"]["zh-hans"].startswith("收缩压")
    for change in ({"by": True}, {"by": "10"}, 3, None, [10]):
        assert sent(world, path, {"model": said.KEY, "changes": {"systolic": change}}).status_code == 400, change
    assert refused(sent(world, path, {"model": said.KEY, "changes": {}})) == (400, "nothing_changed", "changes")
    assert refused(sent(world, path, {"model": RELEASED, "changes": {"age": {"by": 1}}}))[:2] == (409, "nothing_to_start_from")


def test_refusals_are_told_in_the_reader_s_language(world: World, assessed: Assessment) -> None:
    body = {"model": said.KEY, "changes": {"age": {"by": -10}}}
    for language, sentence in (("zh-hans", "这项输入不能改变。"), ("en", "This input cannot be changed.")):
        answer = world.client("patient_self", headers={"accept-language": language}).post(
            f"/api/v1/patients/{world.ana.id}/what-if", body, content_type="application/json"
        )
        assert (answer.json()["code"], answer.json()["sentence"]) == ("not_changeable", sentence)


def test_asking_for_a_new_assessment(world: World) -> None:
    answer = sent(world, f"patients/{world.ana.id}/assess", {"models": [RELEASED]})
    assert (answer.status_code, answer.json()) == (202, {"models": [RELEASED]})
    assert Standing.objects.get().why == "asked"
    assert sent(world, f"patients/{world.ana.id}/assess", {}).status_code == 202
    assert refused(sent(world, f"patients/{world.ana.id}/assess", {"models": ["x"]})) == (400, "unknown_model", "models.0")


def test_the_panel_and_its_batch(world: World, assessed: Assessment) -> None:
    told = got(world, "risk/panel", model=said.KEY)
    assert [row["patient"]["id"] for row in told["rows"]] == [str(world.ana.id)]
    assert got(world, "risk/panel", "doctor_elsewhere", model=said.KEY) == {"rows": [], "next": None}
    assert refused(world.client("doctor_in_team").get("/api/v1/risk/panel", {"model": "x"})) == (400, "unknown_model", "model")
    answer = sent(world, "risk/panel/assess", {"model": RELEASED})
    assert (answer.status_code, answer.json()) == (202, {"count": 1})
    foreign = {"model": RELEASED, "patients": [str(world.ana.id), str(world.ben.id)]}
    assert sent(world, "risk/panel/assess", foreign).status_code == 404


def test_models_cards_and_versions(world: World) -> None:
    told = {one["key"]: one for one in got(world, "risk/models", "patient_self")}
    assert told.keys() == cards.released().keys()
    assert told[RELEASED]["inputs"][0]["label"].keys() == {"zh-hans", "en"}
    card = got(world, f"risk/models/{RELEASED}/card", language="zh-hans")
    assert card["markdown"].startswith("#")
    assert card["markdown"] != got(world, f"risk/models/{RELEASED}/card", language="en")["markdown"]
    assert world.client("doctor_in_team").get("/api/v1/risk/models/no-such-model/card").status_code == 404
    assert world.client("doctor_in_team").get("/api/v1/risk/models/../card").status_code == 404
    assert got(world, f"risk/models/{RELEASED}/versions") == []
    said.version(now=world.now)
    assert [one["state"] for one in got(world, f"risk/models/{said.KEY}/versions")] == ["champion"]
    assert [one["days"] for one in got(world, f"risk/models/{said.KEY}/watch", days=30)] == [[]]


def test_approving_over_http(world: World) -> None:
    kept = said.version(now=world.now, state="challenger")
    assert refused(sent(world, f"risk/versions/{kept.id}/approve", WHY))[:2] == (403, "no_right_to_decide")
    assert refused(sent(world, f"risk/versions/{kept.id}/approve", {}, "operator"))[::2] == (400, "reason")
    answer = sent(world, f"risk/versions/{kept.id}/approve", WHY, "operator")
    assert (answer.status_code, answer.json()["state"]) == (200, "champion")
    assert answer.json()["decided_by"]["name"] == "Omar Haddad"
    assert refused(sent(world, f"risk/versions/{kept.id}/refuse", {"reason": "no, after all"}, "operator"))[:2] == (409, "not_a_challenger")


def test_outcomes_over_http(world: World) -> None:
    path, at = f"patients/{world.ana.id}/outcomes", (world.now - timedelta(days=2)).isoformat()
    answer = sent(world, path, {"kind": "admission", "at": at, "note": "pneumonia"})
    assert answer.status_code == 201, answer.content
    assert refused(sent(world, path, {"kind": "admission", "at": at}))[:2] == (409, "already_recorded")
    assert refused(sent(world, path, {"kind": "holiday", "at": at}))[2] == "kind"
    assert [one["note"] for one in got(world, path)] == ["pneumonia"]
    assert sent(world, f"outcomes/{answer.json()['id']}/withdraw", {"reason": "her sister"}).json()["withdrawn_at"]
    assert got(world, path) == []
    assert Outcome.objects.count() == 1


def test_scores_and_forecasts(world: World) -> None:
    needs = got(world, f"patients/{world.ana.id}/scores", "patient_self")
    assert all(need["scores"] or need["why"] for need in needs)
    assert got(world, f"patients/{world.ana.id}/forecasts", "patient_self", days=7) == []


def test_a_forecast_of_her_weight_over_http(world: World) -> None:
    readings = [
        {"kind": "weight", "at": (world.now - timedelta(days=n)).isoformat(), "value": 70 + n % 3 / 10, "unit": "kg", "source": "scale"}
        for n in range(1, 61)
    ]
    intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=world.now)
    baselines.refresh(patient_ids=[world.ana.id], now=world.now)
    (told,) = got(world, f"patients/{world.ana.id}/forecasts", "caregiver_with_consent", days=7)
    assert (told["kind"], told["unit"], told["abstained"]) == ("weight", "kg", None)
    assert len(told["days"]) == len(told["value"]) == len(told["low"]) == len(told["high80"]) == 7
    assert all(low < value < high for low, value, high in zip(told["low"], told["value"], told["high"], strict=True))
    assert all(69 < value < 71 for value in told["value"])
    assert got(world, f"patients/{world.ana.id}/forecasts", days=1)[0]["days"] == told["days"][:1]
