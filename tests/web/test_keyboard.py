"""Ten main tasks without a mouse: after a page's first load only keys are pressed; each ends with a look at what came of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from healthhub.people.models import ConsentEntry
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import Observation
from monitoring import intake
from monitoring.models import Alert, Limit, SavedView, Tagged
from tests.servers import Web
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_pages import crisis
from tests.world import PASSWORD, World

pytestmark = IN_A_BROWSER
MOST = 120  # steps of the Tab key: whatever is further away nobody reaches


def reach(page: Page, selector: str) -> None:
    """Tab, until the focus is there."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the Tab key does not reach {selector} on {page.url}")


def stored(world: World, kind: str) -> list[tuple[float, float | None]]:
    found = Observation.objects.filter(patient=world.ana, kind=BY_KEY[kind].number, state=0)
    return list(found.order_by("seq").values_list("value", "value2"))


@pytest.fixture
def world(served: World) -> World:
    crisis(served)
    readings = [
        {
            "kind": "bp",
            "at": (timezone.now() - timedelta(days=day, hours=3)).isoformat(),
            "value": 138 + day % 5,
            "value2": 84,
            "unit": "mm[Hg]",
        }
        for day in range(1, 20)
    ]
    intake.receive(patient_id=served.ana.id, readings=readings, by=served.viewer("patient_self"), now=timezone.now())
    return served


@pytest.fixture
def opened() -> Iterator[list[Reader]]:
    """The readers of a test: nothing may have been said in their consoles."""
    readers: list[Reader] = []
    yield readers
    assert [one.complaints for one in readers if one.complaints] == []


def test_a_patients_six(browser: Browser, web: Web, world: World, opened: list[Reader]) -> None:
    opened.append(Reader(browser, web, None, viewport={"width": 390, "height": 844}))
    page = opened[0].open("/accounts/login/")
    signs_in(page)
    logs_pressure(page, world)
    logs_glucose(page, world)
    says_what_she_feels(page, world)
    withdraws(page, world)
    reads_the_year(page, world)


def signs_in(page: Page) -> None:
    reach(page, "input[name=login]")
    page.keyboard.type("patient_self@example.org")
    reach(page, "input[name=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".answer").first).to_be_visible()


def logs_pressure(page: Page, world: World) -> None:
    page.goto(f"/people/{world.ana.id}/log/bp")
    expect(page.locator("#box-high")).to_be_focused()
    page.keyboard.type("128")
    if not page.evaluate("document.activeElement.matches('#box-low')"):  # the third digit leads on by itself
        page.keyboard.press("Tab")
    page.keyboard.type("82")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved").first).to_be_visible()
    assert stored(world, "bp")[-1] == (128, 82)


def logs_glucose(page: Page, world: World) -> None:
    page.goto(f"/people/{world.ana.id}/log/glucose")
    expect(page.locator("input.number").first).to_be_focused()
    page.keyboard.type("6.2")
    reach(page, "input[name=meal]")
    page.keyboard.press("Space")
    chosen = page.evaluate("document.querySelector('input[name=meal]:checked').value")
    reach(page, "form#log button.main")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved").first).to_be_visible()
    one = Observation.objects.get(patient=world.ana, kind=BY_KEY["glucose"].number)
    assert (one.value, one.context["meal"]) == (6.2, chosen)


def says_what_she_feels(page: Page, world: World) -> None:
    page.goto(f"/people/{world.ana.id}/act/bp")
    reach(page, "input[name=symptom_dyspnoea_rest]")
    page.keyboard.press("Space")
    reach(page, "button.main.red")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Call 120 now")).to_be_visible()
    assert stored(world, "symptom_dyspnoea_rest") == [(2, None)]


def withdraws(page: Page, world: World) -> None:
    page.goto(f"/people/{world.ana.id}/data/sharing")
    reach(page, "button[aria-label='Withdraw from Cleo Silva']")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Withdrawn. Open pages were closed at once.")).to_be_visible()
    assert ConsentEntry.objects.filter(withdraws=world.entries["cleo"]).exists()


def reads_the_year(page: Page, world: World) -> None:
    page.goto(f"/people/{world.ana.id}/trends/bp")
    reach(page, "nav.spans a[href*='span=year']")
    page.keyboard.press("Enter")
    expect(page.locator("nav.spans a[aria-current]")).to_have_text("Year")
    reach(page, "#trend-part summary, .table summary, details summary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Every reading")).to_be_visible()
    reach(page, "a[href*='view=table']")
    page.keyboard.press("Enter")
    expect(page.locator("table").first).to_contain_text("128/82")


def test_a_doctors_five(browser: Browser, web: Web, world: World, opened: list[Reader]) -> None:
    opened.append(Reader(browser, web, world.client("doctor_in_team"), viewport={"width": 1440, "height": 900}))
    page = opened[0].page
    takes_and_closes(page, world)
    changes_a_limit(page, world)
    saves_a_view(page, world)
    tags_many(page, world)
    prints_a_report(page, world)


def takes_and_closes(page: Page, world: World) -> None:
    page.goto("/worklist")
    page.wait_for_load_state("networkidle")
    row = page.locator(f"#row-{world.ana.id}")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(row).to_be_focused()
    page.keyboard.press("a")
    expect(row).to_contain_text("Dr Lim has it until")
    page.keyboard.press("r")
    expect(row.locator("form.panel")).to_be_visible()
    if not page.evaluate("document.activeElement.matches('[name=outcome]')"):
        reach(page, "[name=outcome]")
    page.keyboard.press("Space" if page.evaluate("document.activeElement.type") == "radio" else "ArrowDown")
    reach(page, "form.panel [name=text]")
    page.keyboard.type("dose changed")
    reach(page, "form.panel button.main")
    page.keyboard.press("Enter")
    expect(row).not_to_contain_text("Dr Lim has it until")
    alert = Alert.objects.get(patient=world.ana, state="resolved", closed_by=world.users["doctor_in_team"])
    assert (alert.outcome != "", alert.note) == (True, "dose changed")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ana Silva").first).to_be_visible()
    assert page.url.endswith(f"/patients/{world.ana.id}")


def changes_a_limit(page: Page, world: World) -> None:
    page.goto(f"/patients/{world.ana.id}/limits?rule=BP-05")
    reach(page, "#edit input[name^=limit-]")
    page.keyboard.press("Control+a")
    page.keyboard.type("140")
    reach(page, "#edit button[value=try]")
    page.keyboard.press("Enter")
    expect(page.locator(".tried")).to_contain_text("in the last 90 days")
    reach(page, "#edit input[name=reason]")
    page.keyboard.type("white coat")
    reach(page, "#edit button[value=save]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("are changed for Ana Silva")).to_be_visible()
    assert Limit.objects.get(patient=world.ana).reason == "white coat"


def saves_a_view(page: Page, world: World) -> None:
    page.goto("/worklist?condition=hypertension")
    reach(page, "nav.views summary")
    page.keyboard.press("Enter")
    reach(page, "#view-name")
    page.keyboard.type("Pressure")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as “Pressure”.")).to_be_visible()
    assert SavedView.objects.get().query == "condition=hypertension"


def tags_many(page: Page, world: World) -> None:
    page.goto("/worklist")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#bulk .label")).to_have_text("1 selected")
    reach(page, "#bulk-tag")
    page.keyboard.type("visit")
    reach(page, "#bulk button[value=tag]")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-said")).to_contain_text("1 done")
    assert Tagged.objects.filter(patient=world.ana).exists()


def prints_a_report(page: Page, world: World) -> None:
    page.goto(f"/patients/{world.ana.id}")
    reach(page, "a[href$='/reports']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(page.url.split("/patients")[0] + f"/patients/{world.ana.id}/reports")
    reach(page, "a[href*='/report?'], form[action*='/report'] button")
