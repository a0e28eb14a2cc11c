"""The reports over HTTP: what is asked for is read strictly, and a file comes back with a name that is safe on every disk."""

import re
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from healthhub.audit import log
from healthhub.lib.refused import Invalid, NotAllowed
from healthhub.people import access
from healthhub.web import shown
from healthhub.web.pages import PageRequest, page
from healthhub.web.reports import panel, paper, visit
from healthhub.web.reports.gathered import Asked
from monitoring import month

USUAL_DAYS, MOST_DAYS = 30, 366
PRESETS = (14, 30, 90)


@page("patient", "clinician")
def choose(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will let her choose the days and the language of a report."""
    patient, today = _asked(request, patient_id, first=None, last=None).patient, _today(request, patient_id)
    presets = [(days, (today - timedelta(days=days - 1)).isoformat(), today.isoformat()) for days in PRESETS]
    context = {
        "patient": patient,
        "presets": presets,
        "first": (today - timedelta(days=USUAL_DAYS - 1)).isoformat(),
        "last": today.isoformat(),
        "languages": settings.LANGUAGES,
        "language": shown.language(),
    }
    return render(request, "hh/report.html", context)


@page("patient", "clinician")
def report(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give one patient's report as a PDF: `from` and `to` are her local days, `language` is zh-hans or en."""
    asked = _asked(request, patient_id, first=_day(request, "from"), last=_day(request, "to"))
    language = _language(request)
    detail = {"from": asked.first.isoformat(), "to": asked.last.isoformat(), "language": language}
    log.record(by=asked.viewer, did="report.read", patient_id=asked.patient.id, now=asked.now, detail=detail)
    with translation.override(language), timezone.override(asked.zone):
        made = paper.pdf(visit.sheet(asked), now=asked.now)
    return as_file(made, f"healthhub-{asked.patient.name}-{asked.last:%Y%m%d}.pdf", inline="view" in request.GET)


@page("clinician")
def choose_month(request: PageRequest) -> HttpResponse:
    """This function will let a clinician choose the month and the language of the report of her patients."""
    offered = month.months(now=request.visit.now, zone=request.visit.zone)
    context = {
        "months": [(first.isoformat(), panel.month_words(first)) for first in offered],
        "chosen": offered[1].isoformat(),
        "languages": settings.LANGUAGES,
        "language": shown.language(),
    }
    return render(request, "hh/report_month.html", context)


@page("clinician")
def of_month(request: PageRequest) -> HttpResponse:
    """This function will give the report of a clinician's patients as a PDF: `month` is its first day, `language` zh-hans or en."""
    visited = request.visit
    first = _day(request, "month") or month.months(now=visited.now, zone=visited.zone)[1]
    asked = panel.Asked(visited.viewer, visited.user.name, first, visited.zone, visited.now)
    with translation.override(_language(request)):
        made = paper.pdf(panel.sheet(asked), now=visited.now)
    return as_file(made, f"healthhub-{first:%Y-%m}.pdf", inline="view" in request.GET)


def _today(request: PageRequest, patient_id: UUID) -> date:
    patient = access.patient_for(request.visit.viewer, patient_id, action="read", now=request.visit.now)
    return request.visit.now.astimezone(ZoneInfo(patient.time_zone)).date()


def _asked(request: PageRequest, patient_id: UUID, *, first: date | None, last: date | None) -> Asked:
    """For herself, and for clinicians: a whole report in hand is more than a caregiver's look at the home page."""
    now = request.visit.now
    patient, classes = access.opened(request.visit.viewer, patient_id, action="read", now=now)
    clinical = access.may(request.visit.viewer, patient.id, action="clinical", now=now)
    if not clinical and patient.user_id != request.visit.viewer.person:
        raise NotAllowed("Only the patient and her clinicians may make a report.", code="not_for_you")
    today = now.astimezone(ZoneInfo(patient.time_zone)).date()
    last = last or today
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    if last > today:
        raise Invalid("The last day has not come yet.", code="future_time", field="to")
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise Invalid("A report covers at least one day and at most a year.", code="bad_period", field="from")
    return Asked(request.visit.viewer, patient, classes, first, last, now, request.visit.glucose_unit, clinical, request.visit.own_units)


def _day(request: PageRequest, name: str) -> date | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else _no_day(name)
    except ValueError:
        return _no_day(name)


def _no_day(name: str) -> date:
    raise Invalid("This is no day: write it as 2026-11-24.", code="bad_day", field=name)


def _language(request: PageRequest) -> str:
    asked = request.GET.get("language", "") or shown.language()
    if asked not in dict(settings.LANGUAGES):
        raise Invalid("A report can be written in zh-hans or en.", code="unknown_language", field="language")
    return asked


def as_file(made: bytes, name: str, *, inline: bool = False) -> HttpResponse:
    """This function will answer with a PDF; of its name only letters, digits, dots and hyphens stay."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip(".-") or gettext("report")
    answer = HttpResponse(made, content_type="application/pdf")
    answer.headers["Content-Disposition"] = _disposition(safe, inline=inline)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _disposition(name: str, *, inline: bool) -> str:
    header: str = content_disposition_header(not inline, name) or "attachment"
    return header
