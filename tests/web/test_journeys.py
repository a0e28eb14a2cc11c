"""Three stories, several people's browsers at once: a danger found without network, nobody who answers, a consent withdrawn.

Two seconds are the bound of what is pushed, counted from what the first person sees on her own page.
"""

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from healthhub.records.models import Observation
from monitoring import alerts, intake, sweep
from monitoring.models import Alert
from notifications import channels
from notifications.models import Notice
from tests.notifications.gateway import running
from tests.servers import Web, running_worker, wait_for
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_keypad import press
from tests.web.test_offline import learned
from tests.web.test_pages import crisis
from tests.world import World

pytestmark = IN_A_BROWSER
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
SHANGHAI = "Asia/Shanghai"
PUSHED = 2_000  # milliseconds


def desktop(browser: Browser, web: Web, world: World, who: str) -> Reader:
    return Reader(browser, web, world.client(who), viewport=DESKTOP)


def phone(browser: Browser, web: Web, world: World, who: str) -> Reader:
    return Reader(browser, web, world.client(who), viewport=PHONE, has_touch=True, timezone_id=SHANGHAI)


def log_without_network(page: Page, high: str, low: str, *, minutes_ago: int = 0) -> None:
    press(page, high)
    press(page, low)
    if minutes_ago:
        page.get_by_text("Measured earlier?").click()
        at = timezone.now().astimezone(ZoneInfo(SHANGHAI)) - timedelta(minutes=minutes_ago)
        page.get_by_label("Day and time").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Kept on this phone")).to_be_visible()


def test_a_danger_logged_without_network_reaches_the_open_worklist_and_comes_back(browser: Browser, web: Web, served: World) -> None:
    lim, ana = desktop(browser, web, served, "doctor_in_team"), phone(browser, web, served, "patient_self")
    row = lim.open("/worklist").locator(f"#row-{served.ana.id}")
    expect(row).to_contain_text("Nothing was ever received")
    page = ana.open("/")
    learned(page, "patient_self", served)
    ana.context.set_offline(True)
    page.goto("/")
    page.get_by_role("link", name="Blood pressure").click()
    log_without_network(page, "186", "111", minutes_ago=5)
    expect(page.locator("#log [data-danger]")).to_contain_text("Please measure once more")
    page.get_by_role("button", name="Measure again").click()
    log_without_network(page, "188", "112")
    expect(page.locator("#log [data-danger]")).to_contain_text("Without network your care team does not know of it yet")
    expect(page.locator("#waiting")).to_contain_text("2 readings wait to be sent")
    assert not Observation.objects.filter(patient=served.ana).exists()
    expect(row).to_contain_text("Nothing was ever received")

    ana.context.set_offline(False)
    wait_for(lambda: Observation.objects.filter(patient=served.ana).count() == 2)
    expect(row).to_contain_text("188/112", timeout=PUSHED)
    expect(lim.page.locator(f"#row-{served.ana.id}.urgent")).to_be_visible(timeout=PUSHED)

    expect(page.locator("#waiting")).to_contain_text("2 readings have been sent")
    expect(page.get_by_role("heading", name="This needs attention today")).to_be_visible()
    page.evaluate("window.notReloaded = true")
    row.get_by_role("button", name="Take", exact=True).click()
    expect(row).to_contain_text("Dr Lim has it until")
    expect(page.locator("#state")).to_contain_text("Dr Lim has seen this", timeout=PUSHED)
    assert page.evaluate("window.notReloaded")
    assert lim.complaints == []
    assert [one for one in ana.complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []


def no_air(world: World, at: datetime) -> Alert:
    """Oxygen of 82 %, twice: an emergency, told to everybody at `at`."""
    readings = [
        {"kind": "spo2", "at": (at - timedelta(minutes=ago)).isoformat(), "value": 82, "unit": "%", "source": "oximeter"} for ago in (4, 1)
    ]
    intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer("patient_self"), now=at)
    return Alert.objects.get(patient=world.ana)


def calls(alert: Alert, world: World) -> list[Notice]:
    """What her daughter was told because nobody answered, and has reached her; the newest last."""
    found = Notice.objects.filter(about=alerts.about(alert), person=world.users["caregiver_with_consent"], reason__startswith="escalated")
    return list(found.filter(state=Notice.State.DELIVERED).order_by("seq"))


def test_nobody_answers_and_her_daughter_is_called(browser: Browser, web: Web, served: World) -> None:
    cleo, ana = phone(browser, web, served, "caregiver_with_consent"), phone(browser, web, served, "patient_self")
    page = ana.open("/")
    with running() as gateway, running_worker():
        channels.add(person=served.users["caregiver_with_consent"].id, transport="webhook", given={"url": gateway.url}, now=timezone.now())
        # By the clock of the house half an hour passes, and nobody takes it; after a quarter her daughter has no page open.
        began = timezone.now() - timedelta(minutes=30)
        alert = no_air(served, began)
        expect(page.get_by_role("heading", name="This needs help now")).to_be_visible(timeout=PUSHED)
        for minutes in (5, 15):
            assert alerts.handle_due(now=began + timedelta(minutes=minutes)) == 1
        (first,) = wait_for(lambda: calls(alert, served))
        assert list(first.attempts.values_list("transport", "outcome").order_by("id")) == [("live", "offered"), ("webhook", "accepted")]
        letter = json.loads(gateway.received[-1].body)
        assert letter["title"] == "Ana Silva · Emergency: act now"
        assert letter["body"].startswith(
            "Raised 15 minutes ago, and nobody is looking after it. Please call Ana Silva now. Ana Silva is told: “"
        )

        cleo.open("/people")
        sweep.one_round(now=timezone.now())
        toast = cleo.page.locator("#toasts .toast.red")
        expect(toast).to_contain_text("Ana Silva · Emergency: act now", timeout=PUSHED)
        expect(toast).to_contain_text("Raised 30 minutes ago, and nobody is looking after it. Please call Ana Silva now.")
        expect(cleo.page.locator(f"#person-{served.ana.id}")).to_contain_text("Needs you")
        *_, second = wait_for(lambda: calls(alert, served)[1:])
        assert second.seen_at is not None
    cleo.page.get_by_role("button", name="I look after it").click()
    expect(page.locator("#state")).to_contain_text("Cleo Silva has seen this", timeout=PUSHED)
    assert [*ana.complaints, *cleo.complaints] == []


def test_a_consent_withdrawn_in_one_tap_closes_the_doctors_open_page(browser: Browser, web: Web, served: World) -> None:
    crisis(served)
    lim, mei = desktop(browser, web, served, "doctor_in_team"), desktop(browser, web, served, "nurse_in_team")
    ana = phone(browser, web, served, "patient_self")
    chart = lim.open(f"/patients/{served.ana.id}")
    expect(chart.get_by_role("heading", name="Ana Silva").first).to_be_visible()
    expect(chart.get_by_text("191/116").first).to_be_visible()
    expect(mei.open("/worklist").get_by_role("link", name="Ana Silva")).to_be_visible()
    page = ana.open(f"/people/{served.ana.id}/data/sharing")
    page.get_by_role("button", name="Withdraw from North").click()
    expect(page.locator("#said")).to_contain_text("Withdrawn. Open pages were closed at once.")
    expect(chart.get_by_role("heading", name="There is nothing here")).to_be_visible(timeout=PUSHED)
    expect(mei.page.get_by_text("Ana Silva")).to_have_count(0, timeout=PUSHED)
    left = chart.content()
    assert not re.search(r"Ana Silva|19[01]/11[56]|1956", left), left
    assert [*ana.complaints, *mei.complaints] == []
