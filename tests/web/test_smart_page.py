"""SMART's own client (fhirclient) with a real browser: it sends a person to our page, she allows it, and it reads until she ends it."""

from typing import Any

import pytest
from fhirclient import client as smart_client
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRUnauthorizedException
from playwright.sync_api import Browser, Route, expect

from healthhub.people import smart
from tests.api.test_smart import measured
from tests.apps import BACK
from tests.servers import Web
from tests.web import walking
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.world import World

pytestmark = IN_A_BROWSER
SHAPES = [
    ("phone", "zh-hans", (390, 844)),
    ("desktop", "en", (1440, 900)),
    ("phone", "en", (390, 844)),
    ("desktop", "zh-hans", (1440, 900)),
]


def client_of(web: Web, name: str, scope: str, world: World) -> smart_client.FHIRClient:
    app, _ = smart.register(name=name, redirects=[BACK], now=world.now)
    settings = {"app_id": app.client_id, "api_base": f"{web.url}/fhir/R4/", "redirect_uri": BACK, "scope": scope}
    return smart_client.FHIRClient(settings=settings)


def led_back(reader: Reader, address: str, press: str) -> str:
    """Where the browser is led after the button; the app's own site is ours to answer for."""
    seen: list[str] = []

    def arrived(route: Route) -> None:
        seen.append(route.request.url)
        route.fulfill(body="<title>app</title>")

    reader.page.route(f"{BACK}*", arrived)
    reader.open(address)
    reader.page.get_by_role("button", name=press, exact=True).click()
    reader.page.wait_for_url(f"{BACK}*")
    return seen[0]


def test_fhirclient_is_allowed_reads_and_is_shut_out(browser: Browser, served: World, web: Web) -> None:
    measured(served)
    fhir: Any = client_of(web, "Chart in hand", "launch/patient patient/*.read offline_access", served)
    reader = Reader(browser, web, served.client("patient_self"), viewport={"width": 390, "height": 844})
    fhir.handle_callback(led_back(reader, fhir.authorize_url, "Allow"))
    assert fhir.patient_id == str(served.ana.id)
    assert fhir.patient.name[0].text == "Ana Silva"
    found = Observation.where({"patient": fhir.patient_id}).perform_resources(fhir.server)
    assert [one.valueQuantity.value for one in found] == [71]
    assert fhir.reauthorize()
    assert Patient.read(fhir.patient_id, fhir.server).id == fhir.patient_id
    reader.open("/settings/apps")
    reader.page.get_by_role("button", name="End the access of Chart in hand").click()
    expect(reader.page.locator("#said")).to_contain_text("Chart in hand may read nothing any more.")
    with pytest.raises(FHIRUnauthorizedException):
        Patient.read(fhir.patient_id, fhir.server)
    assert reader.complaints == []


def test_whoever_refuses_is_led_back_with_nothing(browser: Browser, served: World, web: Web) -> None:
    fhir: Any = client_of(web, "Chart in hand", "user/*.rs", served)
    reader = Reader(browser, web, served.client("doctor_in_team"))
    with pytest.raises(Exception, match="denied the request"):
        fhir.handle_callback(led_back(reader, fhir.authorize_url, "Do not allow"))
    assert reader.complaints == []


def test_the_page_in_every_shape(browser: Browser, served: World, web: Web) -> None:
    client = served.client("doctor_in_team")
    for name, language, (width, height) in SHAPES:
        fhir: Any = client_of(web, "健康笔记 Health Notes", "launch/patient patient/*.read offline_access", served)
        reader = Reader(browser, web, client, language=language, viewport={"width": width, "height": height})
        page = reader.open(fhir.authorize_url)
        assert walking.axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        walking.shot(page, walking.SHOTS / f"app-authorise-{name}-{language}.png")
        assert reader.complaints == []
        reader.context.close()
