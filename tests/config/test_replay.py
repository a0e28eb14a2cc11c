"""Real recordings replayed over HTTP raise exactly the alerts that a plain, second reading of the rules finds in the same file."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from healthhub.config import recordings
from healthhub.config.player import Player
from healthhub.people import tokens
from healthhub.people.models import Patient
from tests.monitoring import oracle
from tests.servers import Web, running_web
from tests.world import World, build

DATA = Path(__file__).parents[3] / "shared" / "data"
BROLL = DATA / "cgm" / "broll_iglu_5_subjects.csv"
SHANGHAI = DATA / "cgm" / "shanghai_cgm_dev_84_patients.csv.gz"
JACKSON = DATA / "home_bp" / "bp_jhs_first_half.csv"
here = pytest.mark.skipif(not DATA.exists(), reason="the recordings are not on this machine")


@pytest.fixture
def web(transactional_db: None) -> Iterator[Web]:
    with running_web() as running:
        yield running


@pytest.fixture
def people(transactional_db: None) -> World:
    return build()


def token_of(people: World, patient: Patient) -> str:
    by = people.viewer("patient_self")
    return tokens.issue(
        patient=patient, name="replay", kinds=[], may_write=True, may_read=False, may_replay=True, by=by, now=timezone.now()
    )[1]


def replay(web: Web, path: Path, **options: Any) -> str:
    said = StringIO()
    call_command("replay", str(path), url=web.url, stdout=said, **options)
    return said.getvalue()


def alerts(people: World) -> list[dict[str, Any]]:
    """What Ana's page is told, open and closed."""
    client = people.client("patient_self")
    path = f"/api/v1/patients/{people.ana.id}/alerts"
    return [alert for state in ("open", "closed") for alert in client.get(path, {"state": state, "limit": 200}).json()]


def episodes(people: World, *, shift: timedelta) -> list[oracle.Episode]:
    """The alerts as (rule, start, end) by the clock of the recording."""
    found: list[oracle.Episode] = []
    for alert in alerts(people):
        cleared = [step["detail"]["inputs"][-1]["at"] for step in alert["steps"] if step["did"] == "cleared"]
        end = datetime.fromisoformat(cleared[0]) - shift if cleared else None
        found.append((alert["rule"], datetime.fromisoformat(alert["evidence_at"]) - shift, end))
    return sorted(found, key=lambda episode: (episode[1], episode[0]))


def shift_of(people: World, recording: recordings.Recording) -> timedelta:
    """How far the replay moved the recording, told by what was stored."""
    client = people.client("patient_self")
    newest = client.get(f"/api/v1/patients/{people.ana.id}/observations", {"limit": 1}).json()["observations"][0]
    return datetime.fromisoformat(newest["at"]) - recording.readings[-1].at.replace(tzinfo=UTC)


def one(path: Path, subject: str = "") -> recordings.Recording:
    return next(found for found in recordings.read(path) if found.subject == subject)


def compare(people: World, web: Web, path: Path, subject: str, *, limit: int) -> list[oracle.Episode]:
    """Replay one subject to Ana, and find exactly the episodes of the plain reading on her page."""
    high = {"rule": "CGM-H2", "changes": {"off": False}, "reason": "to be told of highs as well"}
    doctor = people.client("doctor_in_team")
    assert doctor.post(f"/api/v1/patients/{people.ana.id}/limits", high, content_type="application/json").status_code == 201
    said = replay(web, path, subject=[subject], speed=0, limit=limit, token=token_of(people, people.ana))
    recording = one(path, subject)
    recording.readings = recording.readings[: limit or None]
    assert f"stored {len(recording.readings)}" in said, said
    expected = oracle.cgm_episodes([(recorded.at.replace(tzinfo=UTC), recorded.wire["value"]) for recorded in recording.readings])
    assert episodes(people, shift=shift_of(people, recording)) == expected
    return expected


@here
@pytest.mark.slow
def test_a_replayed_cgm_raises_exactly_the_alerts_of_a_plain_reading(people: World, web: Web) -> None:
    assert len(compare(people, web, SHANGHAI, "1002_2_20210909", limit=0)) == 18  # an empty comparison would prove nothing


@here
@pytest.mark.long
@pytest.mark.parametrize("subject", [f"Subject {n}" for n in range(1, 6)])
def test_long_every_subject_of_a_five_minute_sensor(people: World, web: Web, subject: str) -> None:
    compare(people, web, BROLL, subject, limit=0)


@here
@pytest.mark.long
@pytest.mark.parametrize("number", range(0, 95, 6))
def test_long_every_sixth_recording_of_a_fifteen_minute_sensor(people: World, web: Web, number: int) -> None:
    compare(people, web, SHANGHAI, recordings.read(SHANGHAI)[number].subject, limit=0)


@here
@pytest.mark.slow
def test_a_five_minute_sensor_and_home_pressures(people: World, web: Web) -> None:
    assert len(compare(people, web, BROLL, "Subject 4", limit=500)) > 1
    replay(web, JACKSON, speed=0, token=token_of(people, people.ana))
    recording = one(JACKSON)
    shift = shift_of(people, recording)
    pressures = [(r.at.replace(tzinfo=UTC), r.wire["value"], r.wire["value2"]) for r in recording.readings if r.wire["kind"] == "bp"]
    found = episodes(people, shift=shift)
    assert [episode for episode in found if episode[0] in oracle.BP_RULES] == oracle.bp_episodes(pressures)
    # The week's rule counts local days: those on which the replay put the readings.
    local = [((at + shift).astimezone(ZoneInfo(recording.time_zone)).replace(tzinfo=UTC), sbp, dbp) for at, sbp, dbp in pressures]
    first = next((pressures[n][0] for n in range(len(local)) if oracle.week_is_high(local[: n + 1])), None)
    assert [start for rule, start, _ in found if rule == "BP-05"][:1] == ([first] if first else [])


@here
@pytest.mark.slow
def test_a_replay_outlives_the_service_and_stores_everything_once(people: World, web: Web) -> None:
    said: list[str] = []
    options = {"subject": ["Subject 1"], "speed": 0, "limit": 300, "token": token_of(people, people.ana)}
    player = threading.Thread(target=lambda: said.append(replay(web, BROLL, **options)))
    player.start()
    time.sleep(0.7)
    web.kill()
    with running_web(port=web.port):
        player.join(60)
    assert said, "the replay did not end"
    assert "tried again" in said[0]
    client = people.client("patient_self")
    stored = client.get(f"/api/v1/patients/{people.ana.id}/observations", {"limit": 1000, "kind": "cgm"}).json()["observations"]
    assert sorted(int(reading["key"]) for reading in stored) == list(range(300))


@here
def test_what_cannot_be_timed_is_named(tmp_path: Path) -> None:
    with pytest.raises(recordings.NoRecording, match="visits"):
        recordings.read(DATA / "home_bp" / "bp_ghana_dev.csv")
    with pytest.raises(CommandError, match="nothing at"):
        call_command("replay", str(tmp_path / "missing.csv"))
    steps = recordings.read(DATA / "wearables" / "fitbit_fitabase_2016_hourlySteps_merged.csv.gz")
    assert len(steps) == 33
    assert all(recording.left_out == 0 for recording in steps)


def played(now: datetime, speed: float) -> Player:
    start = datetime(2020, 1, 1)  # noqa: DTZ001 - the wall clock of a recording
    readings = [recordings.Recorded(start + timedelta(minutes=5 * n), {"kind": "cgm"}) for n in range(13)]
    recording = recordings.Recording("made up", "", (), "US", "UTC", readings)
    return Player(recording, token="", client=httpx.Client(), speed=speed, now=now)


@pytest.mark.parametrize("speed", [1, 2, 60])
def test_the_clock_of_a_replay_ends_with_ours_and_is_never_ahead(speed: float) -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    player = played(now, speed)
    ends = now + timedelta(hours=1) / speed
    assert player.at(12) == ends
    assert player.clock(ends) == ends
    assert all(player.clock(now + timedelta(seconds=s)) <= now + timedelta(seconds=s) for s in range(0, 4000, 7))
    assert player.due(now) == [0]


def test_a_later_run_goes_on_behind_the_last_reading_at_its_place() -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    player = played(now, 60)
    at = now - timedelta(minutes=30)
    assert player.go_on(after=4, at=at, now=now)
    assert (player.position, player.at(5)) == (5, at + timedelta(minutes=5))
    assert player.due(now) == []
    assert player.due(now + timedelta(seconds=5)) == [5]
