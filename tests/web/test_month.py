"""The month's report of a clinician's patients: its figures are counted by hand, and nobody who is not open to her stands in it."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from healthhub.audit.models import Entry
from healthhub.people import consent
from monitoring import alerts, month
from monitoring.models import Alert
from tests.web.test_pages import crisis, give, reading
from tests.web.test_reports import opened, text_of
from tests.world import World

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("UTC")


def on_days(world: World, values: list[tuple[float, float]], kind: str = "bp") -> None:
    """Readings at noon of the 10th of last month and the days after it."""
    tenth = datetime.combine(month.months(now=timezone.now(), zone=ZONE)[1].replace(day=10), time(12), ZONE)
    for number, (value, value2) in enumerate(values):
        ago = (timezone.now() - tenth - timedelta(days=number)).total_seconds() / 60
        give(world, reading(kind, value, value2, minutes_ago=ago))


def counted(world: World, place: int) -> month.Month:
    """The month so many months ago, as the doctor sees it."""
    now = timezone.now()
    return month.month(viewer=world.viewer("doctor_in_team"), first=month.months(now=now, zone=ZONE)[place], zone=ZONE, now=now)


def test_days_and_goals_of_the_month(world: World) -> None:
    world.ana.conditions = ["diabetes_t2"]
    world.ana.save()
    on_days(world, [(130, 80), (136, 86), (138, 86)])  # 134.7/84
    on_days(world, [(8.0, 0), (9.0, 0), (9.4, 0)], "glucose")  # 8.8
    found = counted(world, 1)
    assert [(one.id, one.days, one.reached) for one in found.people] == [(world.ana.id, 3, {"bp": True, "glucose": False})]
    assert (found.measured, found.regular, found.rate("bp"), found.rate("glucose")) == (1, 0, (1, 1), (0, 1))
    before = counted(world, 2)
    assert (before.measured, before.rate("bp"), [one.name for one in before.silent]) == (0, (0, 0), [world.ana.name])


def test_two_days_are_too_few_and_sugar_counts_with_diabetes(world: World) -> None:
    on_days(world, [(130, 80), (132, 82)])
    on_days(world, [(6.0, 0), (6.1, 0), (6.2, 0)], "glucose")
    world.ana.conditions = ["hypertension"]
    world.ana.save()
    assert [one.reached for one in counted(world, 1).people] == [{}]


def test_what_became_of_alerts(world: World) -> None:
    alert = crisis(world)
    severity = Alert.objects.get(id=alert).severity
    worst = next(one for one in counted(world, 0).alerts if one.severity == severity)
    assert (worst.patients, worst.taken, worst.untouched, worst.wait) == (1, 0, worst.fired, None)
    alerts.acknowledge(alert_id=alert, by=world.viewer("doctor_in_team"), now=timezone.now() + timedelta(minutes=10))
    again = next(one for one in counted(world, 0).alerts if one.severity == severity)
    assert (again.taken, again.untouched) == (1, worst.untouched - 1)
    assert again.wait is not None
    assert timedelta(minutes=9) < again.wait < timedelta(minutes=12)


def test_who_withdrew_is_in_no_month(world: World) -> None:
    on_days(world, [(130, 80)])
    consent.withdraw(entry=world.entries["north"], by=world.viewer("patient_self"), now=timezone.now())
    found = counted(world, 1)
    assert found.people == found.alerts == []


@pytest.mark.parametrize(("language", "says"), [("en", "How this was counted"), ("zh-hans", "这些数字怎么来的")])
def test_the_paper(world: World, language: str, says: str) -> None:
    crisis(world)
    first = month.months(now=timezone.now(), zone=ZoneInfo(world.users["doctor_in_team"].time_zone))[0]
    answer = world.client("doctor_in_team").get(f"/month/report?month={first}&language={language}")
    text = text_of(answer)
    assert says in text
    assert world.ana.name in text
    assert world.ben.name not in text
    assert opened(answer).trailer["/Root"]["/StructTreeRoot"]
    entries = Entry.objects.filter(did="panel_report.read", patient_id=world.ana.id)
    assert f"month:{first:%Y-%m}" in {entry.about for entry in entries}


@pytest.mark.parametrize("query", ["month=1999-01-01", "month=2026-01-15", "month=soon", "language=fr"])
def test_what_is_not_offered_is_refused(world: World, query: str) -> None:
    answer = world.client("doctor_in_team").get(f"/month/report?{query}")
    assert answer.status_code == 400
