"""The doctor's worklist: who needs her, why, since when, and who has it. One row a patient; a row can be fetched alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from healthhub.lib.refused import Invalid, NotVisible
from healthhub.records.catalogue import BY_KEY
from healthhub.web import shown
from healthhub.web.chart import alert_card, choices
from healthhub.web.home import SPARK_DAYS, spark_of
from healthhub.web.pages import PageRequest, Visit, page
from monitoring import alerts as alert_doors, desk, worklist as doors
from monitoring.chains import target_of
from monitoring.models import Alert
from monitoring.need import BUCKETS
from monitoring.worklist import Row, Wanted, Worklist

PAGE = 100
# What the address may carry, in this order; anything else in it is dropped.
FILTERS = ("severity", "condition", "tag", "owner", "silent", "q")


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is drawn: the door's row and the fortnight of the kind the reason is about."""

    row: Row
    spark: SafeString | str
    quiet: list[tuple[Alert, datetime]]  # what this viewer snoozed, and until when
    head: int | None = None  # this line opens a group of so many

    @property
    def tone(self) -> str:
        """The severity of the alert the row shows, whoever has it; else what the door says of her."""
        return self.row.alerts[0].severity if self.row.alerts and self.row.alerts[0].id not in self.row.snoozed else self.row.bucket

    @property
    def more(self) -> int:
        """How many alerts the row does not show."""
        return max(len(self.row.alerts) - 1, 0)

    @property
    def stale(self) -> bool:
        """Whether she was looked through before the alert shown came up: such a look says nothing about it."""
        return bool(self.row.alerts and self.row.looked and self.row.looked.at < self.row.alerts[0].last_evidence_at)

    @property
    def target(self) -> datetime | None:
        """Until when somebody should have taken the alert shown; None where nobody need, or somebody has."""
        if not self.row.alerts or self.row.alerts[0].acknowledged_by_id is not None:
            return None
        return target_of(self.row.alerts[0])


@page("clinician")
def worklist(request: PageRequest) -> HttpResponse:
    """This function will show the list as the address asks for it, or, when asked by the list itself, its next hundred rows."""
    visit, wanted = request.visit, wanted_of(request.GET)
    fold, after = wanted == doors.EVERYBODY, request.GET.get("after") or None
    found = doors.worklist(viewer=visit.viewer, now=visit.now, limit=PAGE, after=after, wanted=wanted, fold=fold)
    lines = grouped(found.rows, found.counts, visit, after_group=request.GET.get("group", ""))
    context = {
        "lines": lines,
        "next": found.next,
        "group": found.rows[-1].bucket if found.rows else "",
        "query": query_of(request.GET),
        "calm": found.counts["calm"] if fold and found.next is None else 0,
    }
    if request.htmx and request.GET.get("after"):
        return render(request, "hh/work_rows.html", context)
    answer = render(request, "hh/worklist.html", context | choices() | _around(request, found, wanted))
    if request.htmx and request.htmx.target == "list":
        query = query_of(request.GET)
        answer["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    return answer


def _around(request: PageRequest, found: Worklist, wanted: Wanted) -> dict[str, Any]:
    """What stands around the rows: how many of each, the filters, her views."""
    visit = request.visit
    return {
        "tally": _tally(found.counts),
        "wanted": wanted,
        "filtered": wanted != doors.EVERYBODY,
        "severities": [(bucket, gettext(shown.SEVERITIES[bucket])) for bucket in BUCKETS],
        "conditions": sorted(((code, shown.condition_words(code)) for code in found.conditions), key=lambda pair: pair[1]),
        "tags": desk.tags_of(viewer=visit.viewer, now=visit.now),
        "views": desk.views_of(viewer=visit.viewer),
        "owners": [("mine", gettext("Mine")), ("nobody", gettext("Nobody has them"))],
    }


def wanted_of(asked: QueryDict) -> Wanted:
    """This function will read the filters out of an address. Raises Invalid for one that cannot be."""
    return Wanted(
        bucket=asked.get("severity", ""),
        condition=asked.get("condition", ""),
        tag=asked.get("tag", ""),
        owner=asked.get("owner", ""),
        silent=asked.get("silent", "") == "1",
        text=asked.get("q", "")[:80],
    )


def query_of(asked: QueryDict) -> str:
    """This function will write the filters of an address in their one form, without what is empty: what a saved view keeps."""
    return urlencode([(name, asked[name]) for name in FILTERS if asked.get(name)])


@page("clinician")
def row_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give one patient's row anew; for `as=news`, the short word about an emergency that has just come up."""
    return _row(request, patient_id, "hh/work_news.html" if request.GET.get("as") == "news" else "hh/work_row.html")


def _row(request: PageRequest, patient_id: UUID, template: str = "hh/work_row.html") -> HttpResponse:
    row = doors.worklist_row(viewer=request.visit.viewer, patient_id=patient_id, now=timezone.now())
    return render(request, template, {"line": line_of(row, request.visit), "fresh": True})


def _tally(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(bucket, counts.get(bucket, 0)) for bucket in BUCKETS if counts.get(bucket)]


def grouped(rows: list[Row], counts: dict[str, int], visit: Visit, *, after_group: str) -> list[Line]:
    """This function will draw the rows; the first of each group carries how many there are, unless the page before showed its head."""
    lines, group = [], after_group
    for row in rows:
        lines.append(line_of(row, visit, head=counts[row.bucket] if row.bucket != group else None))
        group = row.bucket
    return lines


def line_of(row: Row, visit: Visit, *, head: int | None = None) -> Line:
    """This function will add to a row what the eye needs."""
    spark: SafeString | str = ""
    if row.spark:
        key, days = row.spark
        today = timezone.localtime(visit.now, visit.zone).date()
        unit = shown.unit_of(BY_KEY[key], visit.glucose_unit)
        spark = spark_of(days, kind=BY_KEY[key], since=today - timedelta(days=SPARK_DAYS - 1), until=today, unit=unit)
    return Line(row, spark, [(alert, row.snoozed[alert.id]) for alert in row.alerts if alert.id in row.snoozed], head)


@page("clinician", methods=("POST",))
def act(request: PageRequest, alert_id: UUID, step: str) -> HttpResponse:
    """This function will carry out one step on one alert and give the row, or the alert's card, as it stands then."""
    visit, posted = request.visit, request.POST
    if step not in STEPS:
        raise NotVisible
    alert = STEPS[step](visit, alert_id, posted)
    if posted.get("on") == "chart":
        return alert_card(request, alert.patient_id, alert.id)
    return _row(request, alert.patient_id)


def _take(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    return alert_doors.acknowledge(alert_id=alert_id, by=visit.viewer, now=visit.now, take_over=posted.get("over") == "yes")


def _give_back(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    return alert_doors.hand_back(alert_id=alert_id, by=visit.viewer, now=visit.now)


def _snooze(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    hours = posted.get("hours", "")
    if hours not in shown.SNOOZES:
        raise Invalid("Choose for how long.", code="out_of_range", field="hours")
    return alert_doors.snooze(alert_id=alert_id, by=visit.viewer, until=visit.now + timedelta(hours=int(hours)), now=visit.now)


def _unsnooze(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    return alert_doors.unsnooze(alert_id=alert_id, by=visit.viewer, now=visit.now)


def _note(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    return alert_doors.note(alert_id=alert_id, by=visit.viewer, text=posted.get("text", ""), now=visit.now)


def _close(visit: Visit, alert_id: UUID, posted: QueryDict) -> Alert:
    return alert_doors.resolve(
        alert_id=alert_id, by=visit.viewer, outcome=posted.get("outcome", ""), text=posted.get("text", ""), now=visit.now
    )


STEPS = {"take": _take, "give-back": _give_back, "snooze": _snooze, "unsnooze": _unsnooze, "note": _note, "close": _close}
