"""Where readings come from, to her and to her team: last sign of life, days and gaps, what was refused and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.people import access
from healthhub.web.pages import PageRequest, page
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import head
from monitoring import deliveries
from monitoring.deliveries import DAYS, FromSource

BY_HAND: Mapping[str, str] = {
    "web": _n("By hand, on these pages"),
    "medications": _n("My medicines"),
    "default": _n("A device without a name"),
}
REASONS: Mapping[str, str] = {
    "not_kept": _n("of a kind that is not kept here"),
    "unknown_kind": _n("of a kind that is not known here"),
    "too_old": _n("from before your readings can begin"),
    "future_time": _n("dated in the future: is its clock right?"),
    "no_zone": _n("without a time zone"),
    "bad_time": _n("without a time that can be read"),
    "impossible_value": _n("with a value that cannot be right"),
    "bad_value": _n("without a value that can be read"),
    "missing_field": _n("with a part missing"),
    "unknown_unit": _n("in a unit that is not known here"),
    "missing_unit": _n("without a unit"),
    "outside_consent": _n("of a kind that its sender may not add"),
}
OTHERWISE = _n("that could not be understood")


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the strip of 30 days."""

    day: date
    heard: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One source in words and cells."""

    name: str
    one: FromSource
    days: list[Day]
    gap: str
    silent: bool
    reasons: list[tuple[str, str]]


@page("patient", "caregiver")
def sources(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show her where her readings come from."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="read", now=visit.now)
    mine = visit.own is not None and visit.own.id == patient.id
    return render(request, "hh/my_sources.html", {"patient": patient, "mine": mine, "told": _told(request, patient_id), "span": DAYS})


@page("clinician")
@or_glass
def chart_sources(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show her team the same."""
    opened = head(request, patient_id, tab="chart_sources")
    return render(request, "hh/chart_sources.html", opened.context | {"told": _told(request, patient_id), "span": DAYS})


def _told(request: PageRequest, patient_id: UUID) -> list[Told]:
    visit = request.visit
    found = deliveries.of_patient(viewer=visit.viewer, patient_id=patient_id, now=visit.now)
    today = visit.now.astimezone(visit.zone).date()
    return [_one(one, today, visit.now) for one in found]


def _one(one: FromSource, today: date, now: datetime) -> Told:
    days = [Day(day, day in one.days) for day in (today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))]
    known = [(f"{n:,}", gettext(REASONS[code])) for code, n in one.reasons.most_common() if code in REASONS]
    other = sum(n for code, n in one.reasons.items() if code not in REASONS)
    name = gettext(BY_HAND[one.source]) if one.source in BY_HAND else one.source or gettext("Could not be read")
    return Told(
        name=name,
        one=one,
        days=days,
        gap=_gap(one),
        silent=one.last_received_at is not None and one.last_received_at < now - timedelta(days=7),
        reasons=known + ([(f"{other:,}", gettext(OTHERWISE))] if other else []),
    )


def _gap(one: FromSource) -> str:
    if one.gap is None:
        return ""
    first, last = (date_format(day, "MONTH_DAY_FORMAT") for day in one.gap)
    return gettext("nothing from %(first)s to %(last)s") % {"first": first, "last": last}
