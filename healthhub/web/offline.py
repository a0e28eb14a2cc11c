"""What makes the pages an app: manifest, service worker, the one page it keeps, and what a phone must know to log without network."""

import json
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, gettext_noop as _n
from django.views.decorators.cache import cache_control

from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.web.home import EMERGENCY
from healthhub.web.log import BOXES, NUMBERS_ON_TILES, TILES, Filled, form_context
from healthhub.web.pad import knowledge
from healthhub.web.pages import PageRequest, page

NAME = _n("HealthHub")
# What the kept page loads, each by the name (with its hash) under which it is served.
KEPT = ("tokens.css", "app.css", "shell.css", "home.css", "offline.js", "shell.js", "icon.svg")
SIZES = (192, 512)


@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """This function will describe the app to the phone that installs it, in the reader's language."""
    icons: list[dict[str, str]] = [
        {"src": static(f"healthhub/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in SIZES
        for purpose in ("any", "maskable")
    ]
    described = {
        "id": "/",
        "name": gettext(NAME),
        "short_name": gettext(NAME),
        "description": gettext("Your readings, watched over between visits."),
        "lang": translation.get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f4f6f4",
        "theme_color": "#0a6558",
        "icons": icons,
        "shortcuts": [{"name": gettext("Log a reading"), "url": reverse("log_own"), "icons": icons[:1]}],
    }
    return HttpResponse(json.dumps(described, ensure_ascii=False), content_type="application/manifest+json")


def worker(request: HttpRequest) -> HttpResponse:
    """This function will serve the service worker at the root, whose scope it takes, with the names of what it keeps in front."""
    return HttpResponse(_worker(), content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _worker() -> str:
    built = finders.find("healthhub/sw.js")
    if not isinstance(built, str):
        raise FileNotFoundError("healthhub/sw.js is not built: run `make install`.")
    script = "\n".join(line for line in Path(built).read_text().splitlines() if not line.startswith("//# sourceMappingURL"))
    kept = [static(f"healthhub/{name}") for name in KEPT] + [f"{reverse('offline')}?language={code}" for code, _ in settings.LANGUAGES]
    version = sha256((script + "".join(kept)).encode()).hexdigest()[:12]
    shell = json.dumps({"version": version, "kept": kept, "icon": static("healthhub/icon-192.png")})
    return f"self.SHELL={shell};\n{script}\n"


@cache_control(max_age=0, no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    """This function will give the page that opens without network: the same for everybody, nobody's data in it."""
    language = request.GET.get("language", "")
    with translation.override(language if language in dict(settings.LANGUAGES) else translation.get_language()):
        return render(request, "hh/offline.html")


@page("patient", "caregiver")
def pad(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give what a phone keeps to log for this patient without network: the forms, ranges, units and rules."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="write", now=request.visit.now)
    emergency = EMERGENCY.get(patient.locale, "112")
    numbers = sorted({box.kind for boxes in BOXES.values() for box in boxes})
    return JsonResponse(
        {
            "user": str(request.visit.user.id),
            "patient": str(patient.id),
            "name": "" if patient.user_id == request.visit.user.id else patient.name,
            "language": translation.get_language(),
            "phone": patient.team.phone if patient.team else "",
            "emergency": emergency,
            "kinds": list(_forms(request, patient, emergency)),
            "known": knowledge(request.visit, patient, numbers, emergency=emergency),
        }
    )


def _forms(request: PageRequest, patient: Patient, emergency: str) -> Iterator[dict[str, str]]:
    """What to log, its name, drawing and form as on the page; without a token, which would be stale, and the shared knowledge."""
    visit = request.visit
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    last = readings.latest(patient_id=patient.id, classes=allowed, now=visit.now, kinds=NUMBERS_ON_TILES)
    for what, drawing, name in TILES:
        context = form_context(request, patient, what, Filled(), last=last.get(what), known={"emergency": emergency})
        form = render_to_string("hh/log_form.html", context | {"request": request, "kept": True})
        yield {"what": what, "name": gettext(name), "drawing": render_to_string("hh/icon.html", {"name": drawing}), "form": form}


@page("patient")
def log_own(request: PageRequest) -> HttpResponse:
    """This function will lead a patient to her own tiles, from an address that is the same for everybody."""
    own = request.visit.own
    if own is None:
        raise NotVisible
    return redirect("log", own.id)
