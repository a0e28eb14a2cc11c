"""The app without network, in a real browser: what is logged waits, is sent once, and only in its own person's session."""

import signal

from playwright.sync_api import Browser, Page, expect

from healthhub.records.models import Observation
from tests.servers import Web, running_web, session_of, wait_for
from tests.web.browsing import IN_A_BROWSER, Reader
from tests.web.test_keypad import press
from tests.world import World

pytestmark = IN_A_BROWSER
PHONE = {"width": 390, "height": 844}
OPENED = """new Promise((done) => {
    const asked = indexedDB.open("healthhub");
    asked.onsuccess = () => done(asked.result);
})"""
READY = f"""async ([user, patient]) => {{
    const workers = navigator.serviceWorker;
    await workers.ready;
    if (!workers.controller) await new Promise((done) => workers.addEventListener("controllerchange", done));
    const opened = await {OPENED};
    const has = () => new Promise((done) => {{
        const asked = opened.transaction("pads").objectStore("pads").get([user, patient]);
        asked.onsuccess = () => done(asked.result !== undefined);
    }});
    while (!await has()) await new Promise((done) => setTimeout(done, 50));
    opened.close();
}}"""
PUT = f"""async ([user, patient]) => {{
    const opened = await {OPENED};
    const figures = {{kind: "bp", value: 121, value2: 79, unit: "mm[Hg]", source: "web", method: "self_reported"}};
    const reading = {{...figures, patient, at: new Date().toISOString(), key: "k-ana"}};
    const store = opened.transaction("waiting", "readwrite").objectStore("waiting");
    const put = store.put({{id: "ana-1", user, reading, what: "Blood pressure 121/79"}});
    await new Promise((done) => {{ put.onsuccess = done; }});
    opened.close();
}}"""
KEPT = """async () => {
    const names = (await indexedDB.databases()).map((one) => one.name);
    return [names.length, (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length, localStorage.length];
}"""


def learned(page: Page, who: str, world: World) -> None:
    """A good visit: the worker is in charge and the phone knows what it must."""
    page.evaluate(READY, [str(world.users[who].id), str((world.ana if who == "patient_self" else world.ben).id)])


def log_offline(page: Page, high: str, low: str) -> None:
    page.get_by_role("link", name="Blood pressure").click()
    press(page, high)
    press(page, low)
    page.get_by_role("button", name="Save").click()


def stored(world: World) -> list[tuple[float, float | None]]:
    """Systolic and diastolic of what the server has of both patients."""
    return sorted(Observation.objects.filter(patient__in=[world.ana, world.ben]).values_list("value", "value2"))


def test_logged_without_network_and_sent_once_after_the_app_was_closed(browser: Browser, web: Web, served: World) -> None:
    ana = Reader(browser, web, served.client("patient_self"), viewport=PHONE, has_touch=True)
    learned(ana.open("/"), "patient_self", served)
    web.kill()
    page = ana.page
    page.goto("/")
    expect(page.get_by_role("heading", name="No network just now")).to_be_visible()
    assert "Ana" not in page.content()
    log_offline(page, "188", "112")
    expect(page.get_by_role("heading", name="Kept on this phone")).to_be_visible()
    expect(page.locator("#log [data-danger]")).to_be_visible()
    expect(page.locator("#waiting")).to_contain_text("1 reading waits to be sent")
    page.close()  # the app is closed while it waits
    with_new = type(web)(web.log.parent, port=web.port)
    try:
        again = ana.context.new_page()
        again.goto("/")
        wait_for(lambda: stored(served) == [(188, 112)])
        again.reload()
        expect(again.locator("#values")).to_contain_text("188/112")
        expect(again.locator("#waiting")).to_be_hidden()
        assert stored(served) == [(188, 112)]
    finally:
        with_new.kill()


def test_two_people_on_one_phone_and_signing_out(browser: Browser, web: Web, served: World) -> None:
    phone = Reader(browser, web, served.client("patient_self"), viewport=PHONE, has_touch=True)
    page = phone.open("/")
    learned(page, "patient_self", served)
    page.route("**/api/v1/observations", lambda route: route.abort())  # reached, but nothing can be sent
    page.evaluate(PUT, [str(served.users["patient_self"].id), str(served.ana.id)])
    # Ben takes the phone: Ana's reading is not his, and is not sent in his session.
    phone.context.add_cookies([{"name": "sessionid", "value": session_of(served.client("other_patient")), "url": web.url}])
    page.unroute("**/api/v1/observations")
    page.goto("/")
    learned(page, "other_patient", served)
    expect(page.locator("#waiting")).to_be_hidden()
    page.goto("/offline")
    expect(page.locator("#waiting-list")).to_contain_text("of another person on this phone")
    expect(page.locator("#waiting-list")).not_to_contain_text("121/79")
    assert stored(served) == []
    # Signing out would delete it: he is warned on a page of its own.
    page.goto("/settings")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-out-warning")).to_contain_text("1 reading has not been sent yet")
    # Ana comes back: now it goes, by the page or by the worker, whichever comes first.
    phone.context.add_cookies([{"name": "sessionid", "value": session_of(served.client("patient_self")), "url": web.url}])
    page.goto("/")
    wait_for(lambda: stored(served) == [(121, 79)])
    page.goto("/offline")
    expect(page.locator("#waiting-list")).to_contain_text("everything you logged has been sent")
    # Signing out takes everything with it.
    assert page.evaluate(KEPT) != [0, 0, 0, 0]
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("async () => (await caches.keys()).length") == 0
    assert page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0


def test_the_session_asks_then_covers_the_page(browser: Browser, served: World) -> None:
    with running_web(SESSION_IDLE_MINUTES="0.2") as web:
        lim = Reader(browser, web, served.client("doctor_in_team"), viewport={"width": 1280, "height": 800})
        page = lim.open(f"/patients/{served.ana.id}")
        dialog = page.get_by_role("dialog", name="Are you still there?")
        expect(dialog).to_be_visible()
        expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("heading", name="Ana Silva").first).to_be_visible()
        expect(dialog).to_be_visible()  # nobody moves: it asks again, and then ends it
        expect(page.get_by_text("Ana Silva")).to_have_count(0)
        expect(page.get_by_role("heading", name="You were signed out").or_(page.get_by_role("heading", name="Sign in"))).to_be_visible()
        assert page.request.get("/api/v1/me").status == 401


def test_a_socket_that_only_looks_open_is_not_called_connected(browser: Browser, web: Web, served: World) -> None:
    ana = Reader(browser, web, served.client("patient_self"), viewport=PHONE)
    ana.page.clock.install()
    page = ana.open("/")
    expect(page.locator("#connection")).to_be_hidden()
    web.popen.send_signal(signal.SIGSTOP)  # nothing answers and nothing closes
    try:
        page.clock.fast_forward(50_000)
        expect(page.locator("#connection")).to_contain_text("Not connected since")
    finally:
        web.popen.send_signal(signal.SIGCONT)
