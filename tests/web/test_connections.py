"""Her makers' accounts: the way to the maker and back, what the page says, the call, and who is told nothing."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from monitoring import pulling, pulls
from monitoring.models import Connection
from tests.monitoring.fake_withings import Cloud, running
from tests.world import World

pytestmark = pytest.mark.django_db
BACK = "/connections/withings/back"


@pytest.fixture
def cloud(settings: Any) -> Iterator[Cloud]:
    with running() as made:
        settings.VENDORS = {"withings": {"client_id": "id", "client_secret": "secret", "api": made.url, "accounts": made.url}}
        yield made


def path(world: World, rest: str = "") -> str:
    return f"/people/{world.ana.id}/data/connections{rest}"


def led(world: World, client: Client) -> dict[str, str]:
    """What the maker is told in the address she is led to."""
    answer = client.get(path(world, "/withings"))
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def test_there_and_back_and_out_again(world: World, cloud: Cloud, settings: Any) -> None:
    ana = world.client("patient_self")
    assert "Withings" in ana.get(path(world)).content.decode()
    asked = led(world, ana)
    assert (asked["client_id"], asked["scope"], asked["redirect_uri"]) == ("id", "user.metrics", settings.PUBLIC_URL + BACK)
    answer = ana.get(BACK, {"code": "good", "state": asked["state"]})
    assert answer["Location"] == path(world)
    row = Connection.objects.get()
    assert (row.patient_id, row.account, row.scopes, row.state) == (world.ana.id, "77", "user.metrics", "active")
    assert ana.get(BACK, {"code": "good", "state": asked["state"]}).status_code == 400  # a state is good once
    page = ana.get(path(world)).content.decode()
    assert f"connections/{row.id}/end" in page
    assert ana.post(path(world, f"/{row.id}/end"))["Location"] == path(world)
    assert Connection.objects.get().state == "revoked"


@pytest.mark.parametrize("state", ["", "wrong"])
def test_a_state_that_is_not_hers_connects_nothing(world: World, cloud: Cloud, state: str) -> None:
    ana = world.client("patient_self")
    led(world, ana)
    assert ana.get(BACK, {"code": "good", "state": state}).status_code == 400
    assert not Connection.objects.exists()
    assert cloud.asked == []


def test_a_no_at_the_maker_is_no_fault(world: World, cloud: Cloud) -> None:
    ana = world.client("patient_self")
    assert ana.get(BACK, {"error": "access_denied", "state": led(world, ana)["state"]}).status_code == 302
    bad = ana.get(BACK, {"code": "bad", "state": led(world, ana)["state"]}, follow=True)
    assert "厂商未允许访问" in bad.content.decode() or "did not let us in" in bad.content.decode()
    assert not Connection.objects.exists()


def test_what_needs_her_stands_on_the_page(world: World, cloud: Cloud) -> None:
    ana = world.client("patient_self")
    ana.get(BACK, {"code": "good", "state": led(world, ana)["state"]})
    for state in ("needs_login", "paused"):
        Connection.objects.update(state=state)
        assert path(world, "/withings") in ana.get(path(world)).content.decode()


def test_only_the_known_address_makes_it_due(world: World, cloud: Cloud) -> None:
    ana, anybody = world.client("patient_self"), Client(enforce_csrf_checks=True)
    ana.get(BACK, {"code": "good", "state": led(world, ana)["state"]})
    pulls.work(now=world.now)
    Connection.objects.update(due_at=None, called_at=None)
    address = urlsplit(pulling.callback_of("withings")).path
    assert anybody.head(address).status_code == 204
    assert anybody.post(address[:-1] + "x", {"userid": "77"}).status_code == 404
    assert anybody.post(address.replace("withings", "other"), {"userid": "77"}).status_code == 404
    assert anybody.post(address, {"userid": "78", "appli": "4"}).status_code == 204
    assert Connection.objects.get().due_at is None
    assert anybody.post(address, {"userid": "77", "appli": "4"}).status_code == 204
    assert Connection.objects.get().due_at is not None


def test_without_a_registration_no_page_speaks_of_it(world: World) -> None:
    ana = world.client("patient_self")
    assert path(world) not in ana.get(f"/people/{world.ana.id}/data/devices").content.decode()
    assert ana.get(path(world, "/withings")).status_code == 404
