"""Google Health's cloud, as it documents itself: types, filters, pages, tokens whose refresh stays, scopes that were unticked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from healthhub.records.models import Observation
from monitoring import pulling, pulls
from monitoring.models import Connection
from tests.monitoring import fake_clouds
from tests.monitoring.fake_clouds import Cloud
from tests.monitoring.test_pulls_dexcom_oura import ID, connected, worked
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(settings: Any) -> Iterator[Cloud]:
    with fake_clouds.running(fake_clouds.Google) as made:
        settings.VENDORS = {"google_health": ID | {"api": made.url, "accounts": made.url, "tokens": made.url}}
        yield made


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sample(type_: str, body: str, at: datetime, **values: Any) -> dict[str, Any]:
    time = {"physicalTime": stamp(at), "utcOffset": "28800s"}
    return {"type": type_, "when": stamp(at), "dataPointName": f"{type_}/{stamp(at)}", body: {"sampleTime": time} | values}


def span(type_: str, start: datetime, end: datetime, **values: Any) -> dict[str, Any]:
    interval = {"startTime": stamp(start), "startUtcOffset": "28800s", "endTime": stamp(end), "endUtcOffset": "28800s"}
    when = stamp(end if type_ == "sleep" else start)
    return {"type": type_, "when": when, "dataPointName": f"{type_}/{when}", type_: {"interval": interval} | values}


def history(now: datetime) -> list[dict[str, Any]]:
    ago = [now - timedelta(days=1, hours=n) for n in range(4)]
    day = ago[0].date()
    date = {"year": day.year, "month": day.month, "day": day.day}
    stages = [{"type": "DEEP", "minutes": "90"}, {"type": "AWAKE", "minutes": "20"}, {"type": "REM", "minutes": "100"}]
    return [
        *(sample("heart-rate", "heartRate", at, beatsPerMinute=str(60 + n)) for n, at in enumerate(ago)),
        sample("heart-rate", "heartRate", now - timedelta(days=20), beatsPerMinute="77"),
        sample("heart-rate", "heartRate", ago[0], beatsPerMinute="many"),
        sample("heart-rate-variability", "heartRateVariability", ago[0], rootMeanSquareOfSuccessiveDifferencesMilliseconds=41.5),
        sample("oxygen-saturation", "oxygenSaturation", ago[0], percentage=96.5),
        sample("weight", "weight", ago[0], weightGrams=70500) | {"dataSource": {"recordingMethod": "MANUAL"}},
        {"type": "daily-resting-heart-rate", "when": day.isoformat(), "dailyRestingHeartRate": {"date": date, "beatsPerMinute": "58"}},
        span("steps", ago[1], ago[0], count="812"),
        span("sleep", ago[0] - timedelta(hours=8), ago[0], summary={"minutesAsleep": "430", "stagesSummary": stages}),
    ]


def values() -> set[tuple[str, float]]:
    numbers = {one.number: one.key for one in pulling.intake.catalogue.KINDS}
    return {(numbers[one.kind], round(one.value, 2)) for one in Observation.objects.filter(state=0)}


def test_all_that_is_kept_comes_page_by_page_and_nothing_twice(world: World, google: Cloud) -> None:
    google.data = history(world.now)
    assert connected(world, "google_health").account == "111"
    row = worked(world)
    wanted = {("hr", 60), ("hr", 63), ("hr", 77), ("hrv_rmssd", 41.5), ("spo2", 96.5), ("weight", 70.5), ("rhr", 58), ("steps", 812)}
    assert values() >= wanted | {("sleep", 430), ("sleep_deep", 90), ("sleep_rem", 100)}
    assert (row.state, row.past_until) == ("active", row.past_from)
    before = Observation.objects.count()
    google.data[-2]["steps"]["count"] = "900"
    worked(world, hours=2)
    assert Observation.objects.count() == before + 1
    assert ("steps", 812) not in values()


def test_the_refresh_token_stays_and_limits_are_kept(world: World, google: Cloud) -> None:
    connected(world, "google_health")
    worked(world)
    for hours in (3, 6):
        assert worked(world, hours=hours).state == "active"
    assert google.number == 3
    google.next = [(429, {}, {"Retry-After": "90"})]
    now = world.now + timedelta(hours=8)
    pulls.work(now=now)
    held = Connection.objects.get()
    assert held.due_at is not None
    assert ((held.due_at - now).total_seconds(), held.state) == (90, "active")
    google.access, google.refresh = "other", "other"
    assert worked(world, hours=12).state == "needs_login"


def test_an_unticked_scope_loses_its_own_types_only(world: World, google: Cloud) -> None:
    google.data = history(world.now)
    connected(world, "google_health")
    reason = {"error": {"code": 403, "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}
    google.next = [(403, reason, {})]
    row = worked(world)
    assert (row.state, row.error) == ("active", "")
    assert ("hr", 60) in values()
    google.next = [(403, {"error": {"code": 403, "details": [{"reason": "SERVICE_DISABLED"}]}}, {})]
    assert worked(world, hours=2).error == "http_403"


def test_ending_it_ends_it_there(world: World, google: Cloud) -> None:
    row = connected(world, "google_health")
    assert pulls.end(row=row, by=world.viewer("patient_self"), now=world.now)
    assert google.asked[-1] == ("/revoke", {"token": "refresh-1"})
