"""Blood pressure, glucose and heart failure: what guidelines ask about each, from the readings at home."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, CUFFLESS, SUSPICIOUS
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.patient.glass import or_glass
from healthhub.web.patient.head import Head, head
from monitoring import home_bp
from monitoring.home_bp import Average, Entry, Mean

WEEK = timedelta(days=home_bp.DAYS + 1)
STATES: Mapping[str, str] = {
    "valid": _n("Valid week"),
    "provisional": _n("Provisional: fewer than 12 readings count"),
    "insufficient": _n("Not enough: at least 3 days are needed"),
}
ESC: Mapping[str, str] = {"hypertension": _n("hypertension"), "elevated": _n("elevated"), "non_elevated": _n("not elevated")}
ESC_LOWEST = "non_elevated"
# Kinds of the heart failure panel besides weight.
SIGNS = ("bp", "hr", "rhr", "spo2", "symptom_dyspnoea", "symptom_orthopnoea", "symptom_pnd", "symptom_oedema", "symptom_fatigue", "nyha")
SPANS = (3, 7, 30)
# Weight gain that HF-W1 and HF-W2 of the packs speak of, kg within days.
GAINS: Mapping[int, float] = {3: 2.0, 7: 2.27}


@dataclass(frozen=True, slots=True)
class WeekDay:
    """One line of the diary: its morning and evening readings; the first day is dropped from the mean."""

    day: date
    words: str
    morning: list[str]
    evening: list[str]
    dropped: bool


@page("clinician")
@or_glass
def pressure(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show the diagnostic week day by day, its averages and whether it counts."""
    opened = head(request, patient_id, tab="chart_pressure")
    visit = request.visit
    some = _history(opened, ["bp"], visit, days=60)
    entries = home_bp.diary(some)
    found = home_bp.average(entries)
    context = {"trend_kind": "bp", "week": _week(entries), "found": found, "irregular": home_bp.low_confidence(some)}
    context |= {"state": gettext(STATES[found.state]), "means": _means(found), "verdicts": _verdicts(found, opened)}
    return render(request, "hh/chart_pressure.html", opened.context | context)


def _history(opened: Head, kinds: Sequence[str], visit: Visit, *, days: int) -> list[Seen]:
    since, until = visit.now - timedelta(days=days), visit.now + timedelta(minutes=10)
    return readings.history(patient_id=opened.patient.id, classes=opened.classes, since=since, until=until, limit=1000, kinds=kinds)


def _week(entries: Sequence[Entry]) -> list[WeekDay]:
    days: dict[date, dict[str, list[str]]] = defaultdict(lambda: {"am": [], "pm": []})
    for entry in reversed(entries):  # the newest reading came first
        if isinstance(entry.day, date):
            days[entry.day][entry.part].append(f"{entry.systolic:.0f}/{entry.diastolic:.0f}")
    first, today = min(days, default=None), timezone.localtime().date()
    return [WeekDay(day, shown.day_words(day, today=today), some["am"], some["pm"], day == first) for day, some in sorted(days.items())]


def _means(found: Average) -> list[tuple[str, str, int]]:
    pairs = ((gettext("Mean of the week"), found.mean), (gettext("Morning"), found.morning), (gettext("Evening"), found.evening))
    return [(name, pair(mean), mean.n) for name, mean in pairs if mean is not None]


def pair(mean: Mean) -> str:
    """This function will write a mean pressure: "133/84"."""
    return f"{mean.systolic:.0f}/{mean.diastolic:.0f}"


def _verdicts(found: Average, opened: Head) -> list[tuple[str, str, str]]:
    """Tone, guideline and verdict; none unless the week is valid. The guideline of her country stands first."""
    if found.state != "valid":
        return []
    yes, no, esc = gettext("hypertension"), gettext("below the threshold"), ESC[found.esc or ESC_LOWEST]
    told = {
        "CN": (gettext("China (home ≥ 135/85 mmHg)"), found.cn_hypertension, yes if found.cn_hypertension else no),
        "EU": (gettext("ESC (home ≥ 135/85 mmHg)"), found.esc == "hypertension", gettext(esc)),
        "US": (gettext("ACC/AHA (home ≥ 130/80 mmHg)"), found.us_hypertension, yes if found.us_hypertension else no),
    }
    ordered = sorted(told, key=lambda locale: locale != opened.patient.locale)
    rows = [("amber" if told[locale][1] else "calm", told[locale][0], told[locale][2]) for locale in ordered]
    if found.morning_hypertension:
        rows.append(("amber", gettext("Morning hypertension"), gettext("high in the morning only")))
    return rows


@page("clinician")
@or_glass
def glucose(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show what the sensor or the meter says; the drawings come from the trend pages."""
    opened = head(request, patient_id, tab="chart_glucose")
    visit = request.visit
    sensor = "cgm" in opened.newest and visit.now - opened.newest["cgm"].at < timedelta(days=14)
    kind = "cgm" if sensor else "glucose"
    some = _history(opened, ["glucose"], visit, days=30)
    labs = [one for key in ("hba1c", "gmi", "fpg", "ketone") if (one := opened.newest.get(key)) is not None]
    context = {"trend_kind": kind, "labs": labs, "meals": _meals(some, visit), "unit": shown.unit_words(visit.glucose_unit), "n": len(some)}
    return render(request, "hh/chart_glucose.html", opened.context | context)


def _meals(some: Sequence[Seen], visit: Visit) -> list[tuple[str, str, str, int]]:
    """Meter readings of 30 days by when they were taken: name, mean, from-to, how many."""
    groups: dict[str, list[float]] = defaultdict(list)
    for one in some:
        if not one.flags & SUSPICIOUS:
            groups[str((one.context or {}).get("meal", ""))].append(one.value)
    kind = BY_KEY["glucose"]

    def said(value: float) -> str:
        return shown.figure(value, kind=kind, unit=visit.glucose_unit)

    names = {**shown.MEALS, "": _n("Without a note when")}
    return [
        (gettext(name), said(fmean(groups[key])), f"{said(min(groups[key]))}–{said(max(groups[key]))}", len(groups[key]))
        for key, name in names.items()
        if key in groups
    ]


@page("clinician")
@or_glass
def heart(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show weight against days ago and dry weight, and the signs of congestion."""
    opened = head(request, patient_id, tab="chart_heart")
    visit = request.visit
    weights = [one for one in _history(opened, ["weight"], visit, days=40) if not one.flags & SUSPICIOUS]
    dry = opened.newest.get("dry_weight")
    context: dict[str, Any] = {
        "trend_kind": "weight",
        "weight": weights[0] if weights else None,
        "changes": changes(weights, visit.now),
        "dry": dry,
    }
    context |= {"over_dry": _over(weights, dry), "signs": [opened.newest[key] for key in SIGNS if key in opened.newest]}
    return render(request, "hh/chart_heart.html", opened.context | context)


def changes(weights: Sequence[Seen], now: datetime) -> list[dict[str, Any]]:
    """This function will give the newest weight (kg, newest first) against the one nearest to 3, 7 and 30 days before it.

    A weight counts for a span when it lies within a third of it (a day at least); `high`: as much as the packs' rules speak of.
    """
    told: list[dict[str, Any]] = []
    for days in SPANS:
        row: dict[str, Any] = {"days": days, "change": None, "high": False, "since": None}
        if len(weights) > 1:
            wanted, room = weights[0].at - timedelta(days=days), timedelta(days=max(days / 3, 1))
            earlier = [one for one in weights[1:] if abs(one.at - wanted) <= room]
            if earlier:
                then = min(earlier, key=lambda one: abs(one.at - wanted))
                by = weights[0].value - then.value
                row |= {"change": f"{by:+.1f}".replace("-", "−"), "since": then.at, "high": by >= GAINS.get(days, float("inf"))}
        told.append(row)
    return told


def _over(weights: Sequence[Seen], dry: Seen | None) -> str:
    if not weights or dry is None or dry.flags & CUFFLESS:
        return ""
    return f"{weights[0].value - dry.value:+.1f}".replace("-", "−")
