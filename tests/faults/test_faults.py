"""Everything is hurt while readings stream in, and nothing is lost. The long form: `python -m tests.faults --kills 200`."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthhub.config.servers import ROOT
from healthhub.people.models import User
from notifications import channels
from notifications.models import Notice, QuietHours
from notifications.post import post
from tests.notifications.gateway import Gateway, running
from tests.servers import Process, close_left_over, directory, environment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.slow
def test_twenty_kills_and_two_outages_lose_nothing() -> None:
    words = ["tests.faults", "--kills", "20", "--outages", "1", "--away", "3", "--patients", "7", "--seed", "20"]
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    counts = dict(re.findall(r"^(\S.*?)  +(.*)$", done.stdout, re.MULTILINE))
    assert counts["kills"] == "20"
    assert counts["lost"] == counts["stored twice"] == counts["letters to strangers"] == "0"


def next_change(after: datetime, *, spring: bool) -> datetime:
    """The next moment at which Berlin's clocks are put forward (spring) or back, in UTC."""
    at = after.replace(minute=0, second=0, microsecond=0)
    while True:
        before, then = (one.astimezone(BERLIN).utcoffset() for one in (at - timedelta(hours=1), at))
        if before is not None and then is not None and (then > before if spring else then < before):
            return at
        at += timedelta(hours=1)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running() as one:
        yield one


def started_at(moment: datetime, place: Path, stack: ExitStack) -> None:
    """A worker and a sweep whose clocks stand at that moment and go on from there."""
    env = environment(LIVE_GRACE_SECONDS="0", SWEEP_SECONDS="0.5")
    worker = ["celery", "--quiet", "-A", "healthhub.config", "worker", "--queues", "deliver", "--concurrency", "1", "--loglevel", "WARNING"]
    for name, words in (("worker", worker), ("sweep", ["manage.py", "sweep"])):
        process = Process(["tests.faults.at", moment.isoformat(), *words], log=place / f"{name}.log", env=env)
        stack.callback(close_left_over)
        stack.callback(process.kill, signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.parametrize("spring", [True, pytest.param(False, marks=pytest.mark.long)])
def test_quiet_hours_end_by_the_wall_clock_after_the_clocks_changed(transactional_db: None, gateway: Gateway, spring: bool) -> None:
    change = next_change(datetime(2027, 1, 1, tzinfo=UTC), spring=spring)
    person = User.objects.create_user("sleeper@example.org", None, name="Sleeper", language="en", time_zone="Europe/Berlin")
    QuietHours.objects.create(person=person, start="22:00", end="07:00")
    evening = change - timedelta(minutes=30)
    channels.add(person=person.pk, transport="webhook", given={"url": f"{gateway.url}/sleeper"}, now=evening)
    texts = {"en": {"title": "Later", "body": "It can wait."}, "zh-hans": {"title": "稍后", "body": "不急。"}}
    (notice,) = post(people=[person.pk], about="alert:1", reason="opened", severity="amber", texts=texts, now=evening)
    seven = change.astimezone(BERLIN).replace(hour=7, minute=0).astimezone(UTC)
    assert notice.due_at == seven
    # Berlin changes at 1:00 UTC; seven o'clock there is 5:00 UTC in summer and 6:00 UTC in winter.
    assert seven - change == timedelta(hours=4 if spring else 5)
    with directory() as place, ExitStack() as stack:
        started_at(seven - timedelta(seconds=12), place, stack)
        until = time.monotonic() + 60
        while time.monotonic() < until and not Notice.objects.filter(state=Notice.State.DELIVERED).exists():
            time.sleep(0.1)
    told = Notice.objects.get()
    assert told.state == Notice.State.DELIVERED
    assert told.delivered_at is not None
    assert told.delivered_at >= seven
    assert len(gateway.received) == 1
