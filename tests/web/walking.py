"""Every page of the house, who opens it, and in which shapes it is looked at."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from django.test import Client
from playwright.sync_api import Page

from healthhub.config import demo_people as who, seed
from healthhub.config.servers import ROOT
from healthhub.people import access, smart
from healthhub.people.models import Patient, User
from monitoring import intake, risks
from risk import due

SHOTS = ROOT / "var" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE, TABLET, DESKTOP = (390, 844), (820, 1180), (1440, 900)
Theme = Literal["light", "dark"]

# Page -> who opens it: the address has the patient ({id}) filled in. The name is the file name of its screenshots.
PAGES: Mapping[str, tuple[str, str]] = {
    "sign-in": ("", "/accounts/login/"),
    "password-reset": ("", "/accounts/password/reset/"),
    "home": ("patient", "/people/{id}"),
    "log": ("patient", "/people/{id}/log"),
    "log-bp": ("patient", "/people/{id}/log/bp"),
    "log-glucose": ("patient", "/people/{id}/log/glucose"),
    "log-symptoms": ("patient", "/people/{id}/log/symptoms"),
    "trends": ("patient", "/people/{id}/trends"),
    "trend-bp": ("patient", "/people/{id}/trends/bp"),
    "trend-glucose": ("patient", "/people/{id}/trends/glucose"),
    "act": ("patient", "/people/{id}/act/bp"),
    "medications": ("patient", "/people/{id}/medications"),
    "my-data": ("patient", "/people/{id}/data"),
    "who-looked": ("patient", "/people/{id}/data/log"),
    "sharing": ("patient", "/people/{id}/data/sharing"),
    "devices": ("patient", "/people/{id}/data/devices"),
    "export": ("patient", "/people/{id}/data/export"),
    "imports": ("patient", "/people/{id}/data/imports"),
    "sources": ("patient", "/people/{id}/data/sources"),
    "makers": ("patient", "/people/{id}/data/connections"),
    "erase": ("patient", "/people/{id}/data/erase"),
    "settings": ("patient", "/settings"),
    "told": ("patient", "/settings/told"),
    "apps": ("patient", "/settings/apps"),
    "two-factor": ("patient", "/accounts/2fa/"),
    "sessions": ("patient", "/accounts/sessions/"),
    "people": ("caregiver", "/people"),
    "home-of-hers": ("caregiver", "/people/{id}"),
    "worklist": ("doctor", "/worklist"),
    "chart": ("doctor", "/patients/{id}"),
    "chart-timeline": ("doctor", "/patients/{id}/timeline"),
    "chart-risk": ("doctor", "/patients/{id}/risk"),
    "chart-pressure": ("doctor", "/patients/{id}/pressure"),
    "chart-glucose": ("doctor", "/patients/{id}/glucose"),
    "chart-heart": ("doctor", "/patients/{id}/heart"),
    "chart-plan": ("doctor", "/patients/{id}/plan"),
    "chart-history": ("doctor", "/patients/{id}/history"),
    "chart-sources": ("doctor", "/patients/{id}/sources"),
    "limits": ("doctor", "/patients/{id}/limits"),
    "rules": ("doctor", "/rules"),
    "burden": ("doctor", "/burden"),
    "month": ("doctor", "/month"),
    "reports": ("doctor", "/patients/{id}/reports"),
    "models": ("doctor", "/models"),
    "model": ("doctor", "/models/mortality-home"),
    "operations": ("operator", "/operations"),
    "programme": ("manager", "/programme"),
    "offline": ("patient", "/offline"),
    "not-found": ("patient", "/people/00000000-0000-7000-8000-000000000000"),
    "denied": ("patient", "/worklist"),
}
ACCOUNTS = {
    "patient": who.PATIENT,
    "caregiver": who.CAREGIVER,
    "doctor": who.DOCTOR,
    "operator": who.OPERATOR,
    "manager": who.MANAGER,
}


@dataclass(frozen=True)
class Shape:
    """One way of looking: width and height in CSS pixels, theme."""

    name: str
    size: tuple[int, int]
    theme: Theme


@dataclass(frozen=True)
class Reading:
    """Language and type size, both kept in cookies; the shapes in which this reader looks."""

    language: str
    type_size: str
    shapes: tuple[Shape, ...]


READERS = (
    Reading("zh-hans", "normal", (Shape("phone", PHONE, "light"), Shape("tablet", TABLET, "dark"), Shape("desktop", DESKTOP, "dark"))),
    Reading("en", "large", (Shape("phone", PHONE, "dark"), Shape("tablet", TABLET, "light"))),
    Reading("en", "normal", (Shape("desktop", DESKTOP, "light"), Shape("phone", PHONE, "light"))),
    Reading("zh-hans", "largest", (Shape("phone", PHONE, "light"),)),
)


def live(*, now: datetime, days: int = seed.DAYS) -> Patient:
    """This function will put the demo's people in, let a few things happen to them, and give the patient of the demo's tour."""
    seed.seed(now=now, days=days)
    her = Patient.objects.select_related("user").get(user__email=who.PATIENT.email)
    for minutes, high, low in ((6, 190, 115), (2, 191, 116)):
        send(her, now - timedelta(minutes=minutes), now, kind="bp", value=high, value2=low, unit="mm[Hg]", source="simulated-cuff")
    app, _ = smart.register(name="健康笔记 Health Notes", redirects=["https://notes.example.org/"], now=now)
    smart.allow(application=app, scopes=["patient/*.rs"], by=access.viewer_of(her.user), now=now, patient_id=her.id)
    due.note_fresh(now=now)
    for model in ("mortality-home", "deterioration"):
        while risks.work(model=model, now=now):
            pass
    return her


def send(patient: Patient, at: datetime, now: datetime, **reading: Any) -> None:
    """This function will let a patient's own device send one reading."""
    by = access.viewer_of(patient.user)
    intake.receive(patient_id=patient.id, readings=[{"at": at.isoformat(), "flags": ["simulated"]} | reading], by=by, now=now)


def client(role: str) -> Client | None:
    """This function will give the signed-in client of one of the demo's accounts; none for a stranger."""
    if not role:
        return None
    found = Client()
    found.force_login(User.objects.get(email=ACCOUNTS[role].email), backend="allauth.account.auth_backends.AuthenticationBackend")
    return found


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def axe(page: Page) -> list[str]:
    """This function will give what axe-core finds wrong with a page by WCAG 2.2 AA and its best practices: a line for each element."""
    page.evaluate(_axe())
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {one['help']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]


def shot(page: Page, path: Path) -> None:
    """This function will keep a picture of the whole page, for people to look at."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, animations="disabled")


def take_shape(page: Page, shape: Shape) -> None:
    """This function will give a page a reader's screen and theme; rows that are out of sight take a new theme only when drawn anew."""
    page.set_viewport_size({"width": shape.size[0], "height": shape.size[1]})
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme=shape.theme, reduced_motion="reduce")
    if dark != (shape.theme == "dark"):
        page.reload()
        page.wait_for_load_state("networkidle")


def walk(page: Page, *, role: str, patient: Patient) -> Iterator[str]:
    """This function will open each page of a role in turn and give its name; none asks another origin or loosens its policy."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    for name, (whose, address) in PAGES.items():
        if whose == role:
            answer = page.goto(address.format(id=patient.id))
            if answer is None or answer.status >= 500 or answer.status == 405:
                raise AssertionError(f"{name}: {answer and answer.status}")
            page.wait_for_load_state("networkidle")
            policy = answer.header_value("content-security-policy") or "none: unsafe-inline"
            home = "{0.scheme}://{0.netloc}/".format(urlsplit(answer.url))
            abroad = [url for url in asked if not url.startswith((home, "data:", "blob:"))]
            if abroad or "unsafe-" in policy:
                raise AssertionError(f"{name}: asked {abroad}, policy {policy}")
            yield name


# What the keyboard reaches, in its order: whether each place is visible, large enough and not covered by something else.
KEYBOARD = """() => {
    const seen = [];
    const told = (one) => one.outerHTML.slice(0, 120);
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((one) =>
        !one.disabled && one.tabIndex >= 0 && one.type !== "hidden" && one.checkVisibility({visibilityProperty: true}));
    for (const one of all) {
        if (one.tabIndex > 0) seen.push("positive tabindex: " + told(one));
        one.focus({focusVisible: true});
        if (document.activeElement !== one) continue;
        const box = one.getBoundingClientRect();
        if (box.width === 0 || one.matches(".skip")) continue;
        // Of what the screen can show of it (a table may be higher, a strip of links wider), some part must be seen: WCAG 2.4.11.
        const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
        const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
        const label = one.closest("label");
        const there = [0.5, 0.1, 0.9].map((part) => document.elementFromPoint(left + (right - left) * part, y));
        const its = (it) => one.contains(it) || it.contains(one) || label?.contains(it) || it.closest("label")?.control === one;
        if (!there.some((it) => it && its(it)))
            seen.push("covered or out of sight when focused: " + told(one) + " by " + (there[0] ? told(there[0]) : "nothing"));
        const style = getComputedStyle(one);
        const around = one.closest("label") ? getComputedStyle(one.closest("label")) : style;
        const ring = (s) => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
        if (!ring(style) && !ring(around) && !(one.nextElementSibling && ring(getComputedStyle(one.nextElementSibling))))
            seen.push("no visible focus: " + told(one));
    }
    return seen;
}"""


def keyboard(page: Page) -> list[str]:
    """This function will put the focus on everything that takes it, and say where it cannot be seen."""
    return list(page.evaluate(KEYBOARD))


# Everything that is pressed, but links inside sentences (WCAG 2.5.8); in large type the main targets, at more.
TARGETS = """(least) => [...document.querySelectorAll("a[href], button, summary, select, input:not([type=hidden])")].filter((one) => {
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    const there = box.width > 1 && box.height > 1 && one.checkVisibility({visibilityProperty: true});
    if (one.disabled || !there || one.matches(".skip")) return false;
    if (least > 44 && !one.matches(".button, .bar a, .bar button, .chip, summary, .kinds a")) return false;
    const inline = one.matches("a") && getComputedStyle(one).display === "inline";
    return !inline && Math.min(box.width, box.height) < least - 0.5;
}).map((one) => {
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    return Math.round(box.width) + " x " + Math.round(box.height) + ": " + one.outerHTML.slice(0, 140);
})"""


def targets(page: Page, *, least: int) -> list[str]:
    """This function will give what is smaller than `least` CSS pixels and yet to be pressed."""
    return list(page.evaluate(TARGETS, least))


def told(found: Mapping[str, list[str]]) -> str:
    """This function will give what was found, by page, as text for a failing test."""
    return json.dumps({page: lines for page, lines in found.items() if lines}, ensure_ascii=False, indent=1)
