"""What is read for one chart: few statements, each by the door of its room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthhub.care import medications
from healthhub.care.models import Medication
from healthhub.people.models import Patient
from healthhub.records import courses, shown as readings, summaries
from healthhub.records.catalogue import Kind
from healthhub.records.courses import Course, Figures, Target
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.pages import Visit
from healthhub.web.trends.spans import Window
from monitoring import marks, trends
from monitoring.marks import Line
from monitoring.models import Alert
from risk import standings

SINGLE = 400  # readings up to this many are drawn and listed one by one
PAIRS = 130  # of pairs, which take more room
STREAM = 3000  # readings of a day or a week up to this many are drawn one by one
RANGE = (3.9, 10.0)  # mmol/L, the consensus target of a glucose reading
FORECAST_DAYS = {"week": 3, "month": 10, "quarter": 14}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which kind of whom, over which days; she may read `classes`."""

    visit: Visit
    patient: Patient
    classes: frozenset[str]
    kind: Kind
    window: Window
    compare: bool = False  # a day with the same weekday of the week before

    @property
    def unit(self) -> str:
        return unit_for(self.visit, self.kind)


@dataclass(frozen=True, slots=True)
class Found:
    """All of one chart, canonical units. `single`: `readings` are drawn; else `stream` where it is, else `days` (hours on a day)."""

    asked: Asked
    days: Sequence[Bucket]
    figures: Figures
    single: bool
    readings: Sequence[Seen]
    stream: Course | None
    target: Target
    lines: Sequence[Line]
    alerts: Sequence[Alert]
    medication: Sequence[Seen]
    changes: Sequence[tuple[datetime, Medication, bool]]  # when a medicine was begun (true) or stopped
    forecasts: Sequence[dict[str, Any]]
    other: Course | None  # the day to compare with


def unit_for(visit: Visit, kind: Kind) -> str:
    """This function will give the unit in which this reader sees a kind."""
    return shown.unit_of(kind, visit.glucose_unit, visit.own_units)


def around(asked: Asked) -> Found:
    """This function will read what gives the readings a meaning, without them: figures, limits, alerts, medication."""
    window, kind, patient = asked.window, asked.kind, asked.patient.id
    lines = marks.lines(patient_id=patient, kind=kind.key, now=asked.visit.now)
    target = target_of(kind, lines)
    return Found(
        asked=asked,
        days=(),
        figures=courses.figures(patient_id=patient, kind=kind.number, since=window.since, until=window.until, target=target),
        single=False,
        readings=(),
        stream=None,
        target=target,
        lines=lines,
        alerts=marks.alerts_about(
            viewer=asked.visit.viewer, patient_id=patient, kind=kind.key, since=window.since, until=window.until, now=asked.visit.now
        ),
        medication=_readings(asked, ["medication_taken"]),
        changes=_changes(asked),
        forecasts=(),
        other=None,
    )


def found(asked: Asked) -> Found:
    """This function will read everything for a chart. The caller has opened the record and writes the access log."""
    window, kind = asked.window, asked.kind
    base = around(asked)
    n = base.figures.n
    single = n <= (PAIRS if kind.components == 2 else SINGLE) and not kind.cumulative
    stream = None
    if window.span.days <= 7 and n <= STREAM and not kind.cumulative and not single:
        stream = courses.course(patient_id=asked.patient.id, kind=kind.number, since=window.since, until=window.until)
    return replace(
        base,
        days=_buckets(asked),
        single=single,
        readings=_readings(asked, [kind.key]) if single else (),
        stream=stream,
        forecasts=_forecasts(asked),
        other=_week_before(asked),
    )


def _week_before(asked: Asked) -> Course | None:
    window = asked.window
    if not asked.compare or window.span.days > 1 or asked.kind.cumulative:
        return None
    since, until = (window.midnight(window.first + timedelta(days=days)) for days in (-7, -6))
    return courses.course(patient_id=asked.patient.id, kind=asked.kind.number, since=since, until=until)


def _buckets(asked: Asked) -> list[Bucket]:
    """Days; the hours of a single day."""
    window = asked.window
    read = summaries.hourly if window.span.days == 1 else summaries.daily
    return read(patient_id=asked.patient.id, kind=asked.kind.number, since=window.first, until=window.last)


def _readings(asked: Asked, kinds: list[str]) -> list[Seen]:
    window = asked.window
    newest_first = readings.history(
        patient_id=asked.patient.id, classes=asked.classes, since=window.since, until=window.until, limit=SINGLE, kinds=kinds
    )
    return newest_first[::-1]


def _changes(asked: Asked) -> list[tuple[datetime, Medication, bool]]:
    """Medicines begun or stopped in this time, by her own days."""
    if medications.CLASS not in asked.classes:
        return []
    window, zone = asked.window, ZoneInfo(asked.patient.time_zone)
    found_changes = []
    for one in medications.medications_of(viewer=asked.visit.viewer, patient_id=asked.patient.id, now=asked.visit.now, stopped=True):
        found_changes.append((datetime.combine(one.since, time(), zone), one, True))
        ended = one.stopped_at or (datetime.combine(one.until + timedelta(days=1), time(), zone) if one.until else None)
        if ended is not None and ended <= asked.visit.now:
            found_changes.append((ended, one, False))
    return [change for change in found_changes if window.since <= change[0] < window.until]


def _forecasts(asked: Asked) -> list[dict[str, Any]]:
    """Ahead of today only, and not on a single day or a whole year."""
    ahead = FORECAST_DAYS.get(asked.window.span.key)
    if ahead is None or not asked.window.current or asked.kind.key not in ("bp", "weight", "rhr", "steps"):
        return []
    told = standings.forecasts(
        viewer=asked.visit.viewer, patient_id=asked.patient.id, now=asked.visit.now, days=ahead, limits=trends.LIMITS
    )
    return [one for one in told if one["kind"] == asked.kind.key and one["part"] in ("", "sys", "dia")]


def target_of(kind: Kind, lines: Sequence[Line]) -> Target:
    """This function will give what counts as in the target: the consensus range of glucose, else inside the mildest limits that matter."""
    if kind.data_class == "glucose" and kind.unit == "mmol/L" and kind.key in ("glucose", "cgm"):
        return Target(*RANGE)

    def edge(component: str, upward: bool, tones: tuple[str, ...]) -> float | None:
        some = [line.limit for line in lines if (line.component, line.upward) == (component, upward) and line.tone in tones]
        return (min(some) if upward else max(some)) if some else None

    alarming = ("amber", "urgent", "red")
    return Target(
        low=edge("value", False, alarming),
        high=edge("value", True, ("target",)) or edge("value", True, alarming),
        high2=edge("value2", True, ("target",)) or edge("value2", True, alarming),
        open_ended=True,
    )


def ahead(window: Window) -> datetime:
    """This function will give where the chart ends: some days later than today where a forecast is shown."""
    days = FORECAST_DAYS.get(window.span.key, 0) if window.current else 0
    return window.until + timedelta(days=days)
