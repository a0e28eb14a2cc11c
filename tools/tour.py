"""Makes the pictures of README.md and docs/tour.md from the demo: `make tour`, or beside a running demo `make tour PORT=8000`.

The tour: a patient logs a dangerous pressure, her doctor's open list shows it, the doctor takes it, and she sees that. Then the
pages one by one. All of it is demo data; the demo's stream goes on meanwhile.
"""

import argparse
import base64
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from healthhub.config import demo_people as who
from healthhub.config.demo_people import Account
from healthhub.config.servers import ROOT
from tools.scenes import PLACES, SCENE, STILLS, WORDS, Still

PICTURES = ROOT / "docs" / "pictures"
PHONE, DESK = (390, 844), (1240, 792)
WIDE = (1200, 690)  # of the tour, in pixels
HEAVIEST = 120_000  # bytes of a still picture
STARTS_WITHIN = 180.0  # seconds
REST = 61.0  # seconds between two measurements that a rule counts as two
CALM = {"kind": "glucose", "value": 6.4, "unit": "mmol/L", "source": "simulated-meter", "flags": ["simulated"]}


@contextlib.contextmanager
def demo(port: int) -> Iterator[str]:
    """This function will give the address of the demo: the one that runs on `port`, or (0) one of its own, which ends with the block."""
    if port:
        yield f"http://127.0.0.1:{port}"
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="healthhub-tour-") as state:
        Path(state).chmod(0o755)
        command = [sys.executable, "-m", "healthhub.config.demo", "--port", str(port), "--state", state]
        with (Path(state) / "demo.log").open("wb") as log:
            running = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_ready(f"http://127.0.0.1:{port}", running)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def wait_ready(url: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and running.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=20)
            time.sleep(45)  # the first alerts rise and the models look: pages full of life
            return
        time.sleep(0.5)
    raise SystemExit("The demo did not start; try `make demo` by hand.")


class Reader:
    """One of the demo's people in a browser of her own."""

    def __init__(self, browser: Browser, url: str, account: Account, still: Still) -> None:
        self.context: BrowserContext = browser.new_context(
            base_url=url,
            viewport={"width": still.size[0], "height": still.size[1]},
            color_scheme=still.theme,
            locale="zh-CN" if still.language == "zh-hans" else "en-GB",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        cookies = {"django_language": still.language, "hh_type": still.type_size}
        self.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        self.page: Page = self.context.new_page()
        self.page.goto("/accounts/login/")
        self.page.locator("input[name=login]").fill(account.email)
        self.page.locator("input[name=password]").fill(who.PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url(lambda address: "/accounts/login" not in address)
        self.open("/")

    def open(self, path: str) -> Page:
        """This function will open a page and wait until nothing of it is still on its way."""
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator(".skeleton:visible, .htmx-request:visible")).to_have_count(0)
        return self.page

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """This function will ask the API in her session."""
        token = next((one["value"] for one in self.context.cookies() if one["name"] == "csrftoken"), "")
        headers = {"X-CSRFToken": token, "Referer": self.page.url}
        answer = self.context.request.fetch(f"/api/v1{path}", method=method, data=body, headers=headers)
        if not answer.ok:
            raise SystemExit(f"{path} answered {answer.status}: {answer.text()[:300]}")
        return answer.json()


def place_of(patient: str) -> str:
    return f"/patients/{patient}"


def patient_on(page: Page) -> str:
    """This function will give the id of the patient whose home this is."""
    return page.locator("[data-live-patient]").first.get_attribute("data-live-patient") or ""


@dataclass
class Film:
    """The two screens side by side, frame after frame, each with its length in milliseconds."""

    stage: Page
    her: Page
    doctor: Page
    frames: list[Image.Image] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    words: tuple[str, str] = ("", "")

    def say(self, name: str) -> None:
        """This function will set what stands above the screens from now on."""
        self.words = WORDS[name]

    def take(self, seconds: float, finger: Locator | None = None, *, on: str = "her") -> None:
        """This function will take one frame; `finger` is what is touched on the screen `on`."""
        spot = finger.bounding_box() if finger else None
        at = [spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2] if spot else [-999, -999]
        screens = [as_address(page.screenshot(animations="disabled")) for page in (self.her, self.doctor)]
        self.stage.evaluate(PLACES, [*screens, *self.words, on, *at])
        shot = Image.open(io.BytesIO(self.stage.screenshot())).convert("RGB")
        self.frames.append(shot)
        self.lengths.append(int(seconds * 1000))

    def touch(self, what: Locator, seconds: float = 0.8, *, on: str = "her") -> None:
        """This function will show the finger on something, and press it."""
        what.scroll_into_view_if_needed()
        self.take(seconds, what, on=on)
        what.click()

    def save(self, path: Path) -> None:
        """This function will write the film as an animated WebP that goes on for ever."""
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.lengths, loop=0, quality=68, method=6, minimize_size=True)


def as_address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def measure(film: Film, high: str, low: str, *, fast: bool) -> None:
    """This function will type a blood pressure on the keypad and save it."""
    for digit in high + low:
        film.her.locator(f"[data-pad] button[value='{digit}']").click()
        film.take(0.25 if fast else 0.45)
    film.touch(film.her.get_by_role("button", name="Save", exact=True), 0.9)
    sure = film.her.get_by_role("button", name="Yes, it is right")
    saved = film.her.locator("#log .count, article.alert").first
    expect(sure.or_(saved).first).to_be_visible()
    if sure.is_visible() and fast:
        sure.click()
    elif sure.is_visible():
        film.say("really")
        film.touch(sure, 2.5)


def tour(browser: Browser, url: str) -> Film:
    """This function will play the journey on two screens and film it."""
    her = Reader(browser, url, who.PATIENT, Still("", "", PHONE))
    doctor = Reader(browser, url, who.DOCTOR, Still("", "", DESK))
    patient = make_calm(her, doctor)
    stage = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
    stage.set_content(SCENE)
    film = Film(stage, her.open("/"), doctor.open("/worklist"))
    film.say("well")
    film.take(4.5)
    film.say("logs")
    film.touch(film.her.locator("a.plus, a[href$='/log']").last, 1.2)
    film.her.wait_for_load_state("networkidle")
    film.touch(film.her.locator("main a[href$='/log/bp']"), 1.0)
    expect(film.her.locator("[data-pad]")).to_be_visible()
    measure(film, "188", "112", fast=False)
    again = film.her.get_by_role("link", name="Measure again")
    if film.her.locator("article.alert").count():
        raise SystemExit("She measured a high pressure less than half an hour ago (by the stream, or an earlier tour): try a fresh demo.")
    expect(again).to_be_visible()
    film.say("again")
    film.take(4.0)
    time.sleep(REST)
    film.touch(again)
    expect(film.her.locator("[data-pad]")).to_be_visible()
    measure(film, "186", "110", fast=True)
    reach(film, patient)
    return film


def reach(film: Film, patient: str) -> None:
    """This function will film the second half: the open list, the doctor who takes it, and the word that comes back."""
    expect(film.her.locator("article.alert").first).to_be_visible()
    row = film.doctor.locator(f"#row-{patient}")
    news = film.doctor.locator("#changed button")
    expect(news).to_be_visible(timeout=10_000)
    film.say("arrives")
    film.take(3.0)
    film.touch(news, 1.2, on="doctor")
    expect(film.doctor.locator(f"#row-{patient}.urgent")).to_be_visible(timeout=10_000)
    film.doctor.wait_for_load_state("networkidle")
    for away in film.doctor.locator("#toasts button").all():
        away.click()
    row.evaluate("(row) => { row.scrollIntoView({block: 'center'}); row.focus({preventScroll: true}); }")
    film.take(4.0)
    film.her.goto("/")
    film.her.wait_for_load_state("networkidle")
    film.say("taken")
    film.touch(row.get_by_role("button", name="Take", exact=True), 1.5, on="doctor")
    expect(row).to_contain_text("has it until")
    seen = film.her.locator("#state .note.good").first
    expect(seen).to_contain_text("has seen this")
    film.doctor.wait_for_timeout(500)
    row.evaluate("(row) => row.scrollIntoView({block: 'center'})")
    film.take(2.5)
    film.say("seen")
    seen.evaluate("(one) => one.scrollIntoView({block: 'center'})")
    film.take(4.5)
    film.say("looks")
    film.doctor.goto(place_of(patient))
    film.doctor.wait_for_load_state("networkidle")
    film.take(4.0)
    film.doctor.goto(f"{place_of(patient)}/risk")
    film.doctor.wait_for_load_state("networkidle")
    film.take(4.0)


def make_calm(her: Reader, doctor: Reader) -> str:
    """This function will close what the demo's stream may have raised about her, and give her id: the tour begins with "all is well"."""
    patient = patient_on(her.page)
    her.api(
        "POST", "/observations", {"observations": [CALM | {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "patient": patient}]}
    )
    for alert in doctor.api("GET", f"/patients/{patient}/alerts"):
        doctor.api("POST", f"/alerts/{alert['id']}/resolve", {"outcome": "contacted", "text": ""})
    return patient


def still(browser: Browser, url: str, one: Still) -> None:
    """This function will take one picture of a page and write it as WebP, as good as its weight allows."""
    reader = Reader(browser, url, one.account, one)
    if "{" in one.path:
        patient = patient_on(Reader(browser, url, one.whose, Still("", "", PHONE)).page)
        reader.open(one.path.format(id=patient))
    else:
        reader.open(one.path or "/")
    if one.type_on_pad:
        for digit in one.type_on_pad:
            reader.page.locator(f"[data-pad] button[value='{digit}']").click()
    if one.scroll_to:
        reader.page.locator(one.scroll_to).first.evaluate("(part) => window.scrollTo(0, part.getBoundingClientRect().top + scrollY - 16)")
    reader.page.wait_for_timeout(600)
    shot = Image.open(io.BytesIO(reader.page.screenshot(animations="disabled"))).convert("RGB")
    for quality in (86, 78, 70, 60):
        shot.save(PICTURES / f"{one.name}.webp", quality=quality, method=6)
        if (PICTURES / f"{one.name}.webp").stat().st_size < HEAVIEST:
            break
    reader.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make tour", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of a running demo; without it one is started, and stopped afterwards")
    parser.add_argument("--only", default="", help="the name of one picture, or `tour`")
    chosen = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with demo(chosen.port) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        for one in STILLS:
            if chosen.only in ("", one.name):
                still(browser, url, one)
                print(f"{one.name}: {(PICTURES / f'{one.name}.webp').stat().st_size // 1000} kB", flush=True)
        if chosen.only in ("", "tour"):
            film = tour(browser, url)
            film.save(PICTURES / "tour.webp")
            size = (PICTURES / "tour.webp").stat().st_size
            print(f"tour: {len(film.frames)} frames, {sum(film.lengths) / 1000:.0f} s, {size // 1000} kB", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
