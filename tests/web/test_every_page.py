"""Every page, as its readers see it: judged by axe-core, walked by keyboard, at 400 % zoom, and kept as pictures under var/screenshots."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from healthhub.people.models import Patient
from healthhub.web import urls
from tests.servers import Web, running_web
from tests.web import walking
from tests.web.browsing import IN_A_BROWSER, Reader

pytestmark = IN_A_BROWSER
# Addresses that are no page of their own: parts of pages, forms' targets, data, files and what machines ask.
NO_PAGES = {
    "livez",
    "readyz",
    "manifest",
    "worker",
    "session",
    "log_own",
    "pad",
    "preferences",
    "first",
    "people_list",
    "people_act",
    "heard",
    "home_state",
    "home_values",
    "home_tasks",
    "trend_part",
    "trend_data",
    "log_undo",
    "medication_stop",
    "medication_said",
    "sharing_end",
    "sharing_again",
    "device_revoke",
    "connection_make",
    "connection_end",
    "connection_back",
    "vendor_called",
    "export_file",
    "my_import_refused",
    "my_import_mapping",  # needs a file that waits: tests/web/test_mapping_page.py looks at it in the same way
    "my_import_discard",
    "erase_keep",
    "app_authorise",  # needs an app that asks: tests/web/test_smart_page.py looks at it in the same way
    "app_end",
    "told_add",
    "told_quiet",
    "told_test",
    "told_remove",
    "work_row",
    "work_mark",
    "work_bulk",
    "work_views",
    "work_view",
    "alert_act",
    "chart_alerts",
    "chart_trend",
    "chart_still",
    "chart_models",
    "chart_again",
    "chart_scores",
    "chart_forecasts",
    "chart_what_if",
    "chart_opinion",
    "chart_contact",
    "chart_contacts",
    "chart_summary",
    "chart_glass",
    "limit_back",
    "burden_suggestion",
    "report",
    "month_report",
    "model_decide",
    "operations_part",
    "operations_verify",
    "operations_try_again",
}


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    return walking.live(now=timezone.now())


@pytest.fixture
def web(patient: Patient) -> Iterator[Web]:
    with running_web() as running:
        yield running


@pytest.mark.parametrize("roles", [("patient",), ("doctor",), ("", "caregiver", "operator", "manager")], ids=lambda roles: roles[-1])
def test_looked_at_from_all_sides(browser: Browser, web: Web, patient: Patient, roles: tuple[str, ...]) -> None:
    found: dict[str, list[str]] = {}
    for role in roles:
        found |= looked_at(browser, web, patient, role)
    assert not any(found.values()), walking.told(found)


def looked_at(browser: Browser, web: Web, patient: Patient, role: str) -> dict[str, list[str]]:
    """What is wrong with each page of a role, in each shape; pictures are kept."""
    found: dict[str, list[str]] = {}
    for reading in walking.READERS:
        cookies = {"hh_type": reading.type_size}
        reader = Reader(browser, web, walking.client(role), language=reading.language, cookies=cookies)
        for name in walking.walk(reader.page, role=role, patient=patient):
            for shape in reading.shapes:
                walking.take_shape(reader.page, shape)
                key = f"{name} {shape.name} {reading.language} {shape.theme} {reading.type_size}"
                walking.shot(reader.page, walking.SHOTS / f"{key.replace(' ', '-')}.png")
                found[key] = walking.axe(reader.page)
                if shape.name == "phone":
                    found[key] += walking.targets(reader.page, least=44 if reading.type_size == "normal" else 60)
        # A page that is refused says so in the console too: the browser counts its status as an error of the network.
        found[f"console {role} {reading.language} {reading.type_size}"] = [
            one for one in reader.complaints if "status of 404" not in one and "status of 403" not in one
        ]
        reader.context.close()
    return found


def test_by_keyboard_and_at_four_times_the_size(browser: Browser, web: Web, patient: Patient) -> None:
    found: dict[str, list[str]] = {}
    for role in walking.ACCOUNTS:
        found |= walked(browser, web, patient, role)
    assert not any(found.values()), walking.told(found)


def walked(browser: Browser, web: Web, patient: Patient, role: str) -> dict[str, list[str]]:
    """Where the focus cannot be seen on each page of a role, on a desktop and at 400 %, and what then scrolls sideways."""
    found: dict[str, list[str]] = {}
    reader = Reader(browser, web, walking.client(role), viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    for name in walking.walk(reader.page, role=role, patient=patient):
        found[name] = walking.keyboard(reader.page)
        reader.page.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 %
        found[f"{name} at 400 %"] = walking.keyboard(reader.page)
        width = reader.page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            found[f"{name} at 400 %"].append(f"scrolls sideways: {width} px")
        reader.page.set_viewport_size({"width": 1280, "height": 800})
    reader.context.close()
    return found


def test_no_page_is_left_out() -> None:
    addresses = {pattern.name: str(pattern.pattern) for pattern in urls.urlpatterns}
    shapes = {address.strip("/").format(id="<uuid:patient_id>") for _, address in walking.PAGES.values()}
    missing = [name for name, pattern in addresses.items() if name not in NO_PAGES and not _looked_at(pattern, shapes)]
    assert missing == []
    assert not NO_PAGES - set(addresses)


def _looked_at(pattern: str, shapes: set[str]) -> bool:
    """Whether one of the pages is an example of this pattern, whatever stands for its slug."""
    head, _, rest = pattern.partition("<slug:")
    tail = rest.partition(">")[2]
    return any(shape == pattern or (rest and shape.startswith(head) and shape.endswith(tail)) for shape in shapes)
