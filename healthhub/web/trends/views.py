"""The pages: all her kinds, one kind, its part for other pages, its columns for a dense chart, and its readings as a table or CSV."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from healthhub.audit import log
from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import courses, shown as readings, summaries, timeline
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS, Kind
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.act import undo_token
from healthhub.web.drawing.canvas import page as drawn
from healthhub.web.drawing.course import course
from healthhub.web.home import KINDS, SPARK_DAYS, spark_of
from healthhub.web.pages import PageRequest, Visit, page
from healthhub.web.trends import scene, words
from healthhub.web.trends.found import Asked, Found, around, found, unit_for
from healthhub.web.trends.glucose import glucose
from healthhub.web.trends.pressure import pressure
from healthhub.web.trends.spans import SPANS, Window, window_of

WHO = ("patient", "caregiver", "clinician")
SHOWN_ROWS = 60  # of the table below a chart
PAGE_ROWS = 100
GENERAL_DAYS = 30
BY_HAND = 2  # method of a reading that somebody typed in
OFTEN = 2  # days of them with readings make a trend


@dataclass(frozen=True, slots=True)
class Tile:
    """One kind of the overview: its newest reading, a fortnight of it, and a sentence about a month; `often` measured or rarely."""

    kind: Kind
    reading: Seen
    figure: str
    unit: str
    spark: SafeString
    sentence: str
    often: bool


@page(*WHO)
def trends(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show all kinds that she has and the viewer may see."""
    visit = request.visit
    patient, classes = access.opened(visit.viewer, patient_id, action="read", now=visit.now)
    tiles = _tiles(visit, patient, classes)
    log.record(by=visit.viewer, did="observations.read", patient_id=patient.id, now=visit.now)
    return render(
        request,
        "hh/trends.html",
        _frame(visit, patient) | {"tiles": tiles, "often": [t for t in tiles if t.often], "rare": [t for t in tiles if not t.often]},
    )


@page(*WHO)
def trend(request: PageRequest, patient_id: UUID, kind: str) -> HttpResponse:
    """This function will show one kind over the days asked for; with `view=table` its readings, page by page, with `view=csv` as a file."""
    asked = _asked(request, patient_id, kind)
    view = request.GET.get("view", "")
    if view == "csv":
        return _csv(asked)
    if view == "table":
        return render(request, "hh/trend_readings.html", _frame(request.visit, asked.patient) | _page_of(request, asked))
    return render(request, "hh/trend.html", _frame(request.visit, asked.patient) | _chart(request, asked) | _others(asked))


@page(*WHO)
def trend_part(request: PageRequest, patient_id: UUID, kind: str) -> HttpResponse:
    """This function will give the figure of one kind for other pages, and anew when something came in."""
    asked = _asked(request, patient_id, kind)
    return render(request, "hh/trend_part.html", _frame(request.visit, asked.patient) | _chart(request, asked))


@page(*WHO)
def trend_data(request: PageRequest, patient_id: UUID, kind: str) -> HttpResponse:
    """This function will give every reading of the days asked for as columns (see scene.columns)."""
    asked = _asked(request, patient_id, kind)
    window = asked.window
    every = courses.course(patient_id=asked.patient.id, kind=asked.kind.number, since=window.since, until=window.until)
    body = json.dumps(scene.columns(around(asked), every), separators=(",", ":"), ensure_ascii=False)
    return HttpResponse(body, content_type="application/json")


def _asked(request: PageRequest, patient_id: UUID, key: str) -> Asked:
    """Raises NotVisible for a kind the catalogue does not know, NotAllowed for one outside what she agreed to."""
    visit, kind = request.visit, BY_KEY.get(key)
    if kind is None or not draws(kind):
        raise NotVisible
    patient, classes = access.opened(visit.viewer, patient_id, action="read", now=visit.now, data_class=kind.data_class)
    log.record(by=visit.viewer, did="observations.read", patient_id=patient.id, now=visit.now, detail={"kinds": [key]})
    window = window_of(request.GET.dict(), now=visit.now, zone=visit.zone)
    return Asked(visit, patient, classes, kind, window, compare=request.GET.get("compare") == "week")


def draws(kind: Kind) -> bool:
    """This function will tell whether a kind is a figure that can be drawn, not a code or a symptom."""
    return not kind.codes and not kind.key.startswith("symptom_")


def _frame(visit: Visit, patient: Patient) -> dict[str, Any]:
    own = patient.user_id == visit.user.id
    return {"patient": patient, "own": own, "clinician": "clinician" in visit.roles and not own}


def _tiles(visit: Visit, patient: Patient, classes: frozenset[str]) -> list[Tile]:
    newest = {key: one for key, one in readings.latest(patient_id=patient.id, classes=classes, now=visit.now).items() if draws(BY_KEY[key])}
    today = visit.now.astimezone(visit.zone).date()
    summaries.refresh(patient_id=patient.id)
    pairs = [(patient.id, key) for key in newest]
    days = readings.days_of_many(pairs=pairs, since=today - timedelta(days=GENERAL_DAYS - 1), until=today)
    order = {key: number for number, key in enumerate(KINDS)}
    found_keys = sorted(newest, key=lambda key: (order.get(key, len(order)), BY_KEY[key].number))
    return [_tile(visit, newest[key], days.get((patient.id, key), []), today) for key in found_keys]


def _tile(visit: Visit, one: Seen, days: list[Bucket], today: Any) -> Tile:
    kind = BY_KEY[one.kind]
    unit = unit_for(visit, kind)
    spark = spark_of(days, kind=kind, since=today - timedelta(days=SPARK_DAYS - 1), until=today, unit=unit)
    told = shown.value_words(one, glucose_unit=visit.glucose_unit, own=dict(visit.own_units) | {kind.key: unit})
    # Of what adds up the day counts, not its last hour.
    figure = shown.figure(days[-1].total, kind=kind, unit=unit) if kind.cumulative and days else told.figure
    return Tile(kind, one, figure, told.unit, spark, _month(days, kind, unit), often=len(days) >= OFTEN)


def _month(days: list[Bucket], kind: Kind, unit: str) -> str:
    """One sentence about the last month."""
    if not days:
        return gettext("Nothing in the last 30 days")
    if kind.cumulative:
        mean = shown.figure(sum(day.total for day in days) / len(days), kind=kind, unit=unit)
        return gettext("30 days: on average %(mean)s %(unit)s a day") % {"mean": mean, "unit": shown.unit_words(unit)}
    n = sum(day.n for day in days)
    mean = shown.figure(sum(day.mean * day.n for day in days) / n, kind=kind, unit=unit)
    seconds = [(day.mean2, day.n) for day in days if day.mean2 is not None]
    if seconds:
        mean2 = sum(value * count for value, count in seconds) / sum(count for _, count in seconds)
        mean = f"{mean}/{shown.figure(mean2, kind=kind, unit=unit)}"
    told = ngettext("30 days: %(n)s reading, %(mean)s %(unit)s", "30 days: %(n)s readings, mean %(mean)s %(unit)s", n)
    return told % {"n": f"{n:,}", "mean": mean, "unit": shown.unit_words(unit)}


def _chart(request: PageRequest, asked: Asked) -> dict[str, Any]:
    """The context of hh/trend_part.html."""
    all_found = found(asked)
    lines = scene.drawn_lines(all_found)
    table = words.table(all_found)
    wide, narrow = scene.scenes(all_found)
    here = request.htmx.current_url_abs_path or ""
    return {
        "embedded": bool(request.htmx) and not here.startswith(reverse("trends", args=[asked.patient.id])),
        "kind": asked.kind,
        "unit": shown.unit_words(asked.unit),
        "window": asked.window,
        "spans": [(span.key, span.name, span.key == asked.window.span.key) for span in SPANS.values()],
        "query": _query(asked.window),
        "compare_query": _query(asked.window) + ("" if asked.compare else "&compare=week"),
        "compared": words.compared(all_found),
        "version": timeline.last_seq(patient_id=asked.patient.id),
        "found": all_found,
        "sentence": words.sentence(all_found),
        "wide": drawn(course(wide)),
        "narrow": drawn(course(narrow, wide=False)),
        "legend": words.legend(all_found, lines, [scene.limit_words(line, asked) for line in lines]),
        "notes": words.notes(all_found),
        "heads": words.heads(all_found),
        "rows": table[:SHOWN_ROWS],
        "more": len(table) > SHOWN_ROWS or not all_found.single,
        "events": _events(all_found),
        "dense": not all_found.single and not asked.kind.cumulative and asked.kind.components == 1,
        "pressure": pressure(asked),
        "glucose": glucose(asked),
    }


def _query(window: Window) -> str:
    """What the links of this window carry."""
    return urlencode({"span": window.span.key} | ({} if window.current else {"until": window.last.isoformat()}))


def _events(all_found: Found) -> list[tuple[datetime, str, str]]:
    """The marks in words, newest first: when, how severe (an alert) or nothing (a medication), what."""
    alerts = [(one.evidence_at, one.severity, one.evidence["texts"]["patient"]) for one in all_found.alerts]
    medication = [(one.at, "", gettext("Medication taken") if one.value else gettext("Medication missed")) for one in all_found.medication]
    changes = [(at, "", words.change(medicine, begun)) for at, medicine, begun in all_found.changes]
    return sorted(chain(alerts, changes, medication), key=lambda event: event[0], reverse=True)[:SHOWN_ROWS]


def _others(asked: Asked) -> dict[str, Any]:
    """What she measures day by day, to go to from here; the rest is reached by way of all trends."""
    newest = readings.latest(patient_id=asked.patient.id, classes=asked.classes, now=asked.visit.now, kinds=KINDS)
    keys = [key for key in KINDS if key in newest]
    return {"kinds": [(key, shown.both(BY_KEY[key].name), key == asked.kind.key) for key in dict.fromkeys([*keys, asked.kind.key])]}


def _page_of(request: PageRequest, asked: Asked) -> dict[str, Any]:
    """Readings newest first; `before` is the last one of the page before."""
    window = asked.window
    before = _before(request.GET.get("before", ""))
    some = timeline.history(
        patient_id=asked.patient.id,
        kinds=[asked.kind.number],
        since=window.since,
        until=window.until,
        limit=PAGE_ROWS + 1,
        before=before,
    )
    following = ""
    if len(some) > PAGE_ROWS:
        last = f"{some[PAGE_ROWS - 1]['at'].isoformat()} {some[PAGE_ROWS - 1]['seq']}"
        following = urlencode({"span": window.span.key, "until": window.last.isoformat(), "view": "table", "before": last})
    told = [readings.seen(one) for one in some[:PAGE_ROWS]]
    rows = words.readings_table(told, asked)
    if access.may(asked.visit.viewer, asked.patient.id, action="write", now=asked.visit.now):
        typed = (undo_token(asked.patient, [one.seq]) if one.method == BY_HAND else "" for one in told)
        rows = [replace(row, undo=undo) for row, undo in zip(rows, typed, strict=True)]
    return {
        "kind": asked.kind,
        "window": window,
        "query": _query(window),
        "rows": rows,
        "following": following,
        "first": before is None,
    }


def _before(text: str) -> tuple[datetime, int] | None:
    """Moment and number of a reading, as a page's link carries them; anything else begins at the newest."""
    moment, _, seq = text.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, int(seq)) if at.tzinfo and seq.isascii() and seq.isdigit() and len(seq) < 18 else None


def _csv(asked: Asked) -> HttpResponse:
    """Every reading of the window: moment with its offset, value(s), unit, whether it is doubtful."""
    window = asked.window
    every = courses.course(patient_id=asked.patient.id, kind=asked.kind.number, since=window.since, until=window.until)
    name = f"{asked.kind.key}-{window.first}-{window.last}.csv"
    answer = HttpResponse(_lines(every, asked), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


class _Line:
    """What csv writes to: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def _lines(every: courses.Course, asked: Asked) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"  # so that spreadsheets read Chinese
    yield writer.writerow(["at", asked.kind.key, f"{asked.kind.key}_2", "unit", "doubtful"])
    digits = asked.kind.precision_in.get(asked.unit, asked.kind.precision)
    for at, value, value2, flags in zip(every.at, every.values, every.values2, every.flags, strict=True):
        moment = datetime.fromtimestamp(at, tz=asked.window.zone).isoformat()
        second = "" if value2 is None else f"{scene.convert(value2, asked):.{digits}f}"
        row = [moment, f"{scene.convert(value, asked):.{digits}f}", second, asked.unit, "yes" if flags & SUSPICIOUS else ""]
        yield writer.writerow(row)
