"""A maker's cloud of ours, over real HTTP: pages, past, tokens that turn, limits, faults, silence, ending."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import tokens
from healthhub.records.models import Observation
from monitoring import erasure, pulling, pulls, vendors
from monitoring.models import Connection
from notifications import sealed
from notifications.models import Notice
from tests.monitoring.fake_withings import Cloud, running
from tests.world import World

pytestmark = pytest.mark.django_db
BACK = "http://testserver/back"
HOUR, DAY = 3600, 86400


@pytest.fixture
def cloud(settings: Any) -> Iterator[Cloud]:
    with running() as made:
        settings.VENDORS = {"withings": {"client_id": "id", "client_secret": "secret", "api": made.url, "accounts": made.url}}
        yield made


@pytest.fixture
def row(world: World, cloud: Cloud) -> Connection:
    cloud.updated = int(world.now.timestamp())
    return connected(world)


def connected(world: World, code: str = "good") -> Connection:
    return pulls.finish(
        patient=world.ana, vendor="withings", code=code, redirect=BACK, verifier="", by=world.viewer("patient_self"), now=world.now
    )


def worked(world: World, **later: float) -> Connection:
    """Works until nothing is due at that moment."""
    now = world.now + timedelta(**later)
    for _ in range(20):
        if not pulls.work(now=now):
            return Connection.objects.get(patient=world.ana)
    raise AssertionError("it never comes to an end")


def weights(world: World) -> list[float]:
    found = Observation.objects.filter(patient=world.ana, context__isnull=True, kind=50, source__key="Withings")
    return sorted(found.values_list("value", flat=True))


def test_the_past_comes_newest_first_in_slices_and_a_second_time_stores_nothing(world: World, cloud: Cloud, row: Connection) -> None:
    now = int(world.now.timestamp())
    for number in range(5):
        cloud.weigh(number, now - (number + 1) * HOUR, 70 + number)
    cloud.weigh(9, now - 200 * DAY, 80)
    done = worked(world)
    assert weights(world) == [70, 71, 72, 73, 74, 80]
    past = [int(one["enddate"]) for one in cloud.asked if "enddate" in one]
    assert past == sorted(past, reverse=True)
    assert done.past_until == done.past_from
    assert done.due_at == world.now + timedelta(hours=1)
    assert [one["appli"] for one in cloud.asked if one["path"] == "/notify"] == ["1", "2", "4"]
    Connection.objects.update(past_until=world.now, stage="past", due_at=world.now)
    worked(world)
    assert len(weights(world)) == 6


def test_news_are_fetched_page_by_page_from_the_cursor(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    cloud.asked.clear()
    now = int(world.now.timestamp())
    for number in range(7):
        cloud.weigh(100 + number, now + HOUR + number, 60 + number)
    cloud.updated = now + 2 * HOUR
    done = worked(world, hours=2)
    assert len(weights(world)) == 7
    assert [one.get("offset") for one in cloud.asked] == [None, "3", "6"]
    assert done.cursor == now + 2 * HOUR - pulling.OVERLAP
    assert done.last_data_at is not None


def test_an_ended_token_is_refreshed_and_both_are_sealed(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    before = sealed.unseal(Connection.objects.get().refresh)
    done = worked(world, hours=4)
    assert sealed.unseal(done.refresh) == cloud.refresh[-1] != before
    assert cloud.refresh[-1] not in done.refresh
    assert done.failures == 0


def test_a_process_killed_between_the_answer_and_the_commit_loses_no_token(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    own = Connection.objects.get()
    lost = vendors.vendor_of("withings")
    # The maker gave a new pair, and we died before it was committed.
    lost.read_tokens(vendors.fetch(lost.ask_refresh(refresh=sealed.unseal(own.refresh))))
    done = worked(world, hours=4)
    assert done.state == "active"
    assert sealed.unseal(done.access) == cloud.access


def test_a_token_not_taken_is_refreshed_once_and_then_she_is_asked_to_sign_in(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    cloud.access = "other"
    assert worked(world, hours=1.1).state == "active"
    cloud.access, cloud.refresh = "other", []
    done = worked(world, hours=2.5)
    assert (done.state, done.due_at, done.error) == ("needs_login", None, "status_503")
    assert Notice.objects.get(about=f"connection:{row.id}").person_id == world.ana.user_id
    cloud.refresh = ["x"]
    again = connected(world)
    assert (again.id, again.state, again.cursor) == (row.id, "active", done.cursor)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [((429, {}, {"Retry-After": "120"}), (120, 120)), ((200, {"status": 601, "body": {}}, {}), (60, 60)), ((502, {}, {}), (24, 36))],
)
def test_limits_and_faults_put_the_row_off(world: World, cloud: Cloud, row: Connection, answer: Any, seconds: tuple[int, int]) -> None:
    worked(world)
    cloud.next = [answer]
    now = world.now + timedelta(hours=1)
    assert pulls.work(now=now) == 1
    held = Connection.objects.get()
    assert held.due_at is not None
    assert seconds[0] <= (held.due_at - now).total_seconds() <= seconds[1]
    assert (held.state, held.failures) == ("active", 1)
    assert pulls.called(vendor="withings", account="77", now=now) == 0  # a call does not break the maker's own limit
    assert worked(world, hours=1.1).failures == 0


def test_a_refusal_that_stays_pauses_it(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    cloud.next = [(200, {"status": 293, "body": {}}, {})] * 5
    for number in range(5):
        Connection.objects.update(due_at=world.now)
        pulls.work(now=world.now + timedelta(minutes=number))
    assert Connection.objects.get().state == "paused"


def test_nobody_answers_at_all(world: World, cloud: Cloud, row: Connection, settings: Any) -> None:
    settings.VENDORS = {"withings": settings.VENDORS["withings"] | {"api": "http://127.0.0.1:9"}}
    pulls.work(now=world.now)
    held = Connection.objects.get()
    assert (held.state, held.error) == ("active", "ConnectError")


def test_a_call_makes_it_due_and_says_nothing_else(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    now = world.now + timedelta(minutes=5)
    assert [pulls.called(vendor="withings", account=account, now=now) for account in ("77", "77", "78", "")] == [1, 1, 0, 0]
    assert pulls.work(now=now + timedelta(seconds=1)) == 1
    assert pulls.work(now=now + timedelta(seconds=1)) == 0


def test_silence_is_told_once_to_her_and_to_her_team(world: World, cloud: Cloud, row: Connection) -> None:
    later = world.now + timedelta(days=8)
    assert pulls.hand_out(now=world.now + timedelta(days=6)) == 0
    assert [pulls.hand_out(now=later), pulls.hand_out(now=later)] == [1, 0]
    people = set(Notice.objects.filter(about=f"connection:{row.id}").values_list("person_id", flat=True))
    assert world.ana.user_id in people
    assert len(people) > 1


def test_ending_it_ends_it_there_and_here(world: World, cloud: Cloud, row: Connection) -> None:
    worked(world)
    assert pulls.end(row=Connection.objects.get(), by=world.viewer("patient_self"), now=world.now)
    held = Connection.objects.get()
    assert (held.state, held.access, held.refresh, held.account) == ("revoked", "", "", "")
    assert held.device.revoked_at is not None
    assert [one["action"] for one in cloud.asked[-3:]] == ["revoke"] * 3
    assert Entry.objects.filter(did="connection.end", patient_id=world.ana.id).exists()
    assert connected(world).id != row.id


def test_a_device_shut_out_ends_the_connection(world: World, cloud: Cloud, row: Connection) -> None:
    cloud.weigh(1, int(world.now.timestamp()) - HOUR, 70)
    tokens.revoke(token=row.device, by=world.viewer("patient_self"), now=world.now)
    worked(world)
    assert weights(world) == []
    assert Connection.objects.get().state == "revoked"


def test_erasure_leaves_no_way_in(world: World, cloud: Cloud, row: Connection) -> None:
    erasure.erase(patient_id=world.ana.id, now=world.now)
    held = Connection.objects.get()
    assert (held.access, held.refresh, held.account, held.state, held.due_at) == ("", "", "", "revoked", None)


def test_no_code_no_tokens_and_no_second_account(world: World, cloud: Cloud) -> None:
    with pytest.raises(Invalid) as refused:
        connected(world, code="bad")
    assert refused.value.code == "vendor_said_no"
    connected(world)
    Connection.objects.update(account="78")
    with pytest.raises(Conflict):
        connected(world)


def test_without_a_registration_nothing_is_offered(settings: Any) -> None:
    assert settings.VENDORS["withings"]["client_id"] == ""
    assert vendors.offered() == {}
    with pytest.raises(Invalid):
        pulls.begin(vendor="withings", redirect=BACK)
