"""The models' pages: who comes in, that figures are those of the card, drift and calibration as they were seen here, decisions."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from healthhub.people.models import User
from healthhub.web.cards import figure, figure_name
from healthhub.web.drawing.calibration import Tenth
from risk import card_text, cards
from risk.models import Version, Watch
from tests.web.test_pages import INLINE
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
STAFF = {"doctor_in_team", "nurse_in_team", "doctor_elsewhere", "doctor_break_glass", "doctor_break_glass_lapsed", "operator"}
KEYS = sorted(cards.released())


def version(state: str, name: str, **more: Any) -> Version:
    about = dict(cards.released()["readmission"])
    files = {"model.json": (cards.HERE / "readmission" / "model.json").read_text(encoding="utf-8")}
    return Version.objects.create(
        model="readmission", version=name, released=False, files=files, about=about, state=state, since=timezone.now(), **more
    )


def test_staff_see_the_models_and_nobody_else(world: World) -> None:
    for who in USERS:
        wanted = 200 if who in STAFF else 403
        assert world.client(who).get("/models").status_code == wanted, who
        assert world.client(who).get("/models/readmission").status_code == wanted, who
    assert world.client("doctor_in_team").get("/models/no-such-model").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("key", KEYS)
def test_every_card_is_a_page_in_both_languages(world: World, key: str, language: str) -> None:
    client = world.client("doctor_in_team")
    client.cookies["django_language"] = language
    text = client.get(f"/models/{key}").content.decode()
    about = cards.released()[key]
    assert about["not_for"][language] in text.replace("&#x27;", "'")
    assert not INLINE.search(text)
    for name, value in about["figures"]["comparators"].items():
        if "auroc" in value and name != "glucose":
            assert figure(value["auroc"]) in text


def test_cards_are_taken_apart_without_losing_a_row() -> None:
    assert card_text.calibration("readmission")[0] == (7919, 0.0423, 0.0393)
    assert len(card_text.calibration("readmission")) == 10
    subgroups = card_text.others("readmission")[0]
    assert subgroups.head == ("group", "n", "events", "auroc", "oe")
    assert subgroups.rows[0] == ("female", "42,691", "4,853", "0.6704", "0.9955")
    assert len(subgroups.rows) == 11
    for key in KEYS:
        for language in ("en", "zh-hans"):
            assert {"answers", "trained_on", "figures", "limits", "use"} <= card_text.sections(key, language).keys(), key


def test_what_is_seen_here_stands_on_the_page(world: World) -> None:
    champion, today = version("champion", "here-1"), timezone.now().date()
    for back, (observed, expected) in enumerate(((30.0, 20.0), (20.0, 20.0))):
        Watch.objects.create(
            version=champion, day=today - timedelta(days=back), n=120, abstained=7, psi={"age": 0.31, "female": 0.02},
            observed=observed, expected=expected, burden={"per_patient_month": 0.25, "acted": 0.6},
        )  # fmt: skip
    text = world.client("doctor_in_team").get("/models/readmission").content.decode()
    assert "outside 0.8–1.25" in text
    assert "newest 1.500" in text
    assert "0.31" in text
    assert "other people" in text
    assert "60 %" in text
    Watch.objects.filter(day=today).delete()
    assert "outside 0.8–1.25" not in world.client("doctor_in_team").get("/models/readmission").content.decode()


def test_only_who_may_decide_decides_and_says_why(world: World) -> None:
    version("champion", "here-1")
    waiting = version("challenger", "here-2")
    doctor, operator = world.client("doctor_in_team"), world.client("operator")
    assert "Let it speak" not in doctor.get("/models/readmission").content.decode()
    assert "Let it speak" in operator.get("/models/readmission").content.decode()
    address = f"/models/versions/{waiting.id}/approve"
    assert doctor.post(address, {"reason": "better"}).status_code == 403
    assert operator.post(address, {"reason": " "}).status_code == 400
    assert operator.post(f"/models/versions/{waiting.id}/delete", {"reason": "x"}).status_code == 404
    assert Version.objects.get(id=waiting.id).state == "challenger"
    answer = operator.post(address, {"reason": "Better <b>calibrated</b> on our people"}, follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Better &lt;b&gt;calibrated&lt;/b&gt; on our people" in text
    assert Version.objects.get(id=waiting.id).state == "champion"
    assert Version.objects.get(id=waiting.id).decided_by == User.objects.get(name="Omar Haddad")
    assert operator.post(address, {"reason": "again"}).status_code == 409


def test_figures_are_named_and_written_as_the_field_does() -> None:
    assert figure_name("auroc_5y") == "AUROC 5y"
    assert figure_name("rmse_30min_t1d") == "RMSE 30min t1d"
    assert (figure(0.67135), figure(79186), figure([0.1, 12.34])) == ("0.671", "79,186", "0.100–12.34")


def test_intervals_of_shares_are_wilsons() -> None:
    low, high = Tenth(100, 0.1, 0.1).interval
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert Tenth(50, 0.0, 0.0).interval[0] == 0.0
