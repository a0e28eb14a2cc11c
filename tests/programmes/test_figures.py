"""The programme's page: who sees it, who is counted, that figures are those of the readings, and that small groups stay hidden."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from healthhub.people import access, consent
from healthhub.people.models import Patient, User
from healthhub.programmes import figures
from healthhub.programmes.groups import Member, month
from healthhub.records import partitions, summaries, timeline
from healthhub.records.catalogue import BY_KEY
from healthhub.records.timeline import Row
from tests.web.test_pages import INLINE
from tests.world import USERS, World

pytestmark = pytest.mark.django_db
NOW = timezone.now()
FIRST = figures.months(now=NOW)[0]
MONTH_BEFORE = figures.months(now=NOW)[1]


def member(age: int | None = 70, sex: str = "female", **more: Any) -> Member:
    return Member(**({"age": age, "sex": sex, "sent": True, "weeks": (True,) * 4, "alerts": 0, "reached": {}} | more))


def enrol(world: World, number: int, *, systolic: float, classes: tuple[str, ...] = ("vitals", "glucose", "body"), year: int = 1950) -> Any:
    """One more person of the insurer's programme, with blood pressures on three days of the last whole month."""
    user = User.objects.create_user(f"member{number}@example.org", None, name=f"CNRY-{number}")
    sex = "female" if number % 2 else "male"
    patient = Patient.objects.create(user=user, name=f"CNRY-{number}", birth_date=date(year, 1, 1), sex=sex)
    before = datetime(FIRST.year, FIRST.month, 1, tzinfo=UTC)
    entry = consent.grant(
        patient=patient, grantee_kind="organisation", grantee_id=world.insurer.id, data_classes=classes, purpose="programme",
        rights=["read"], document_version="1", by=access.viewer_of(user), now=before,
    )  # fmt: skip
    partitions.ensure({(FIRST.year, FIRST.month)})
    seq = timeline.lock(patient_id=patient.id)
    source = timeline.sources(patient_id=patient.id, keys={"cuff"})["cuff"]
    rows = [
        Row(BY_KEY["bp"].number, datetime(FIRST.year, FIRST.month, day, 8, tzinfo=UTC), 0, systolic, 80.0, None, source, "", 1, 0, None)
        for day in (3, 4, 12)
    ]
    timeline.add(patient_id=patient.id, rows=rows, after_seq=seq, now=before)
    summaries.refresh(patient_id=patient.id)
    return entry


def seen(world: World) -> Any:
    return figures.programme(viewer=world.viewer("programme_manager"), now=NOW + timedelta(minutes=1), first=FIRST).figures


def test_only_programme_managers_see_it(world: World) -> None:
    for who in USERS:
        assert world.client(who).get("/programme").status_code == (200 if who == "programme_manager" else 403), who
    assert Client().get("/programme").status_code == 302


def test_one_person_is_no_programme(world: World) -> None:
    text = world.client("programme_manager").get("/programme").content.decode()
    assert "Too few people to show any figure" in text
    assert "Ana" not in text


def test_figures_are_those_of_the_people(world: World) -> None:
    consent.withdraw(entry=world.entries["programme"], by=world.viewer("patient_self"), now=NOW)
    entries = [enrol(world, number, systolic=120 if number < 25 else 150) for number in range(40)]
    found = seen(world)
    assert found.people == 40
    assert dict(found.funnel) == {"enrolled": 40, "sent": 40, "measured": 40, "reached": 25}
    pressure = found.measures[0]
    assert (pressure.overall.n, pressure.overall.share) == (40, 62.5)
    assert pressure.overall.low == pytest.approx(47.0, abs=0.1)
    assert pressure.overall.high == pytest.approx(75.8, abs=0.1)
    # 20 women: 12 reached, 8 not. Eight are too few, and the men (13 and 7) as well.
    assert [rate.share for _, rate in pressure.by_sex] == [None, None]
    assert [(rate.n, rate.share) for rate in found.weeks] == [(40, None)] * 4
    assert found.measures[1].overall.share is None
    consent.withdraw(entry=entries[0], by=access.viewer_of(entries[0].given_by), now=NOW)
    assert seen(world).people == 39


def test_a_class_that_was_not_agreed_to_is_not_counted(world: World) -> None:
    for number in range(24):
        enrol(world, number, systolic=120 if number < 12 else 150, classes=("vitals",) if number % 2 else ("body",))
    overall = seen(world).measures[0].overall
    assert overall.n == 12
    assert overall.share is None  # six of twelve


def test_who_joined_after_the_month_is_not_in_it(world: World) -> None:
    for number in range(12):
        enrol(world, number, systolic=120)
    viewer, now = world.viewer("programme_manager"), NOW + timedelta(minutes=1)
    assert figures.programme(viewer=viewer, now=now, first=MONTH_BEFORE).figures.people is None
    assert figures.programme(viewer=viewer, now=now, first=FIRST).figures.people == 12
    # The running month, and a day that begins none, are the last whole month.
    assert figures.programme(viewer=viewer, now=now, first=NOW.date().replace(day=1)).first == FIRST
    assert figures.programme(viewer=viewer, now=now, first=FIRST + timedelta(days=1)).first == FIRST


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_explains_what_it_hides_and_names_nobody(world: World, language: str) -> None:
    for number in range(30):
        enrol(world, number, systolic=120 if number < 15 else 150, year=1950 if number < 26 else 1990)
    client = world.client("programme_manager")
    client.cookies["django_language"] = language
    text = client.get(f"/programme?month={FIRST:%Y-%m}").content.decode()
    assert ("Why some figures are missing." if language == "en" else "为什么有些数字没有显示。") in text
    assert "CNRY" not in text
    assert not INLINE.search(text)
    assert client.get("/programme?month=2026-13").status_code == client.get("/programme?month=x").status_code == 200


def test_months_differ_by_more_than_a_few_or_say_nothing() -> None:
    """A single person more in a hidden step must not show in any figure about it."""
    one = month([*[member() for _ in range(30)], *[member(sex="male") for _ in range(5)]])
    other = month([*[member() for _ in range(31)], *[member(sex="male") for _ in range(4)]])
    assert one == other


def test_weeks_lie_within_the_month() -> None:
    assert figures.months(now=datetime(2026, 1, 1, tzinfo=UTC))[0] == date(2025, 12, 1)
    assert len(figures.months(now=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=40))) == 12
