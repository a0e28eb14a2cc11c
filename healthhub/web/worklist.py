"""The doctor's worklist: who needs her, why, since when, and who has it. One row a patient; a row can be fetched alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString

from healthhub.lib.refused import Invalid, NotVisible
from healthhub.records.catalogue import BY_KEY
from healthhub.web import shown
from healthhub.web.chart import alert_card, choices
from healthhub.web.home import SPARK_DAYS, spark_of
from healthhub.web.pages import PageRequest, Visit, page
from monitoring import alerts as alert_doors, worklist as doors
from monitoring.models import Alert
from monitoring.worklist import Row

PAGE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is drawn: the door's row and the fortnight of the kind the reason is about."""

    row: Row
    spark: SafeString | str
    quiet: list[tuple[Alert, datetime]]  # what this viewer snoozed, and until when

    @property
    def tone(self) -> str:
        """The severity of the alert the row shows, whoever has it; else what the door says of her."""
        return self.row.alerts[0].severity if self.row.alerts and self.row.alerts[0].id not in self.row.snoozed else self.row.bucket

    @property
    def more(self) -> int:
        """How many alerts the row does not show."""
        return max(len(self.row.alerts) - 1, 0)


@page("clinician")
def worklist(request: PageRequest) -> HttpResponse:
    """This function will show the list, or, when asked by the list itself, its next hundred rows."""
    visit = request.visit
    found = doors.worklist(viewer=visit.viewer, now=visit.now, limit=PAGE, after=request.GET.get("after") or None)
    context = {"lines": [line_of(row, visit) for row in found.rows], "next": found.next}
    if request.htmx and request.GET.get("after"):
        return render(request, "hh/work_rows.html", context)
    return render(request, "hh/worklist.html", context | choices() | {"tally": _tally(found.counts)})


@page("clinician")
def row_part(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will give one patient's row anew."""
    return _row(request, patient_id)


def _row(request: PageRequest, patient_id: UUID) -> HttpResponse:
    row = doors.worklist_row(viewer=request.visit.viewer, patient_id=patient_id, now=timezone.now())
    return render(request, "hh/work_row.html", {"line": line_of(row, request.visit), "fresh": True})


def _tally(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(bucket, counts.get(bucket, 0)) for bucket in doors.BUCKETS if counts.get(bucket)]


def line_of(row: Row, visit: Visit) -> Line:
    """This function will add to a row what the eye needs."""
    spark: SafeString | str = ""
    if row.spark:
        key, days = row.spark
        today = timezone.localtime(visit.now, visit.zone).date()
        unit = shown.unit_of(BY_KEY[key], visit.glucose_unit)
        spark = spark_of(days, kind=BY_KEY[key], since=today - timedelta(days=SPARK_DAYS - 1), until=today, unit=unit)
    return Line(row, spark, [(alert, row.snoozed[alert.id]) for alert in row.alerts if alert.id in row.snoozed])


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
