"""A chart in words: the sentence that is read first, which way it goes, what the lines mean, and the table of the same data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from django.utils.translation import gettext, gettext_noop as _n, ngettext

from healthhub.care.models import Medication
from healthhub.lib.units import from_canonical
from healthhub.records.catalogue import CUFFLESS, OUT_OF_ORDER
from healthhub.records.shown import Seen
from healthhub.records.summaries import Bucket
from healthhub.web import shown
from healthhub.web.trends.found import Asked, Found
from monitoring.marks import Line
from monitoring.models import Alert

# A change of means by less than this (canonical unit) is none; of kinds not named here a tenth of the mean.
NOTICEABLE: Mapping[str, float] = {
    "bp": 5, "glucose": 0.5, "cgm": 0.5, "weight": 1, "hr": 5, "rhr": 3, "spo2": 1, "temp": 0.3, "rr": 2, "pef": 20,
}  # fmt: skip
FEWEST_DAYS = 3  # in each half
LINE_WORDS: Mapping[str, str] = {
    "amber": _n("Attention"),
    "urgent": _n("Urgent"),
    "red": _n("Emergency"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: when (a moment or words), the cells beside it, remarks, and the alerts that rest on it."""

    when: datetime | None
    day: str
    cells: tuple[str, ...]
    remarks: str = ""
    alerts: tuple[Alert, ...] = ()
    undo: str = ""  # what takes it back, where the reader may


@dataclass(frozen=True, slots=True)
class Legend:
    """What one look on the chart means; `look` is the class of its swatch."""

    look: str
    words: str


def figure(value: float, asked: Asked) -> str:
    """This function will write one canonical value in the reader's unit, without it."""
    return shown.figure(value, kind=asked.kind, unit=asked.unit)


def unit(asked: Asked) -> str:
    return shown.unit_words(asked.unit)


def reading(one: Seen, asked: Asked) -> str:
    """This function will write a reading with its unit."""
    told = shown.value_words(one, glucose_unit=asked.visit.glucose_unit, own=dict(asked.visit.own_units) | {asked.kind.key: asked.unit})
    return f"{told.figure} {told.unit}".strip()


def pair(value: float, value2: float | None, asked: Asked) -> str:
    """This function will write a value, or both: 131/82."""
    return figure(value, asked) if value2 is None else f"{figure(value, asked)}/{figure(value2, asked)}"


def when(start: date | datetime, asked: Asked) -> str:
    """This function will name a day, or the hour of a day."""
    if isinstance(start, datetime):
        return f"{start:%H}:00"
    return shown.day_words(start, today=asked.window.today)


def bucket(one: Bucket, asked: Asked) -> str:
    """This function will say a day or an hour: its sum, or its mean between its extremes."""
    if asked.kind.cumulative:
        return f"{when(one.start, asked)}: {figure(one.total, asked)} {unit(asked)}".strip()
    words = gettext("%(when)s: mean %(mean)s %(unit)s, from %(low)s to %(high)s")
    low, high = pair(one.low, one.low2, asked), pair(one.high, one.high2, asked)
    return words % {
        "when": when(one.start, asked), "mean": pair(one.mean, one.mean2, asked), "unit": unit(asked), "low": low, "high": high,
    }  # fmt: skip


def alert(one: Alert, *, now: datetime) -> str:
    """This function will say an alert shortly: how severe, and when."""
    return f"{gettext(shown.SEVERITIES.get(one.severity, one.severity))}, {shown.clock_words(one.evidence_at, now=now)}"


def taken(one: Seen, *, now: datetime) -> str:
    """This function will say whether a medication was taken."""
    words = gettext("Medication taken") if one.value else gettext("Medication missed")
    return f"{words}, {shown.clock_words(one.at, now=now)}"


def change(medicine: Medication, begun: bool) -> str:
    """This function will say that a medicine was begun or stopped: "Started: amlodipine 5 mg"."""
    name = f"{medicine.name} {medicine.dose}".strip()
    return gettext("Started: %(name)s") % {"name": name} if begun else gettext("Stopped: %(name)s") % {"name": name}


def sentence(found: Found) -> str:
    """This function will say the chart: how many readings, their mean, the share in the target, and which way they go."""
    asked = found.asked
    if not found.figures.n or found.figures.mean is None:
        return gettext("No readings in this time.")
    parts = [_sums(found) if asked.kind.cumulative else _means(found, found.figures.mean)]
    share = in_target(found)
    if share is not None:
        parts.append(gettext("%(share)s %% in the target") % {"share": share})
    told = gettext(", ").join(parts) + gettext(".")
    way = direction(found)
    return shown.joined(told, way) if way else told


def _means(found: Found, mean: float) -> str:
    asked, n = found.asked, found.figures.n
    words = ngettext("%(n)s reading, mean %(mean)s %(unit)s", "%(n)s readings, mean %(mean)s %(unit)s", n)
    return words % {"n": f"{n:,}", "mean": pair(mean, found.figures.mean2, asked), "unit": unit(asked)}


def _sums(found: Found) -> str:
    """Of days; of one day its sum."""
    asked = found.asked
    if asked.window.span.days == 1:
        words = {"total": figure(sum(one.total for one in found.days), asked), "unit": unit(asked)}
        return gettext("%(total)s %(unit)s on this day") % words
    days = len(found.days)
    words = {"n": str(days), "mean": figure(fmean(one.total for one in found.days), asked), "unit": unit(asked)}
    return ngettext("%(n)s day, %(mean)s %(unit)s a day", "%(n)s days, on average %(mean)s %(unit)s a day", days) % words


def in_target(found: Found) -> int | None:
    """This function will give the whole percent of readings in the target; None where there is no target or nothing to count."""
    if found.asked.kind.cumulative or not found.target.known or not found.figures.n:
        return None
    return round(100 * found.figures.inside / found.figures.n)


def direction(found: Found) -> str:
    """This function will say how the second half of the time compares with the first; nothing where either has under three days."""
    asked, days = found.asked, found.days
    if asked.window.span.days < 7:
        return ""
    half = asked.window.first + (asked.window.last - asked.window.first) / 2
    early = [one for one in days if not isinstance(one.start, datetime) and one.start <= half]
    late = [one for one in days if not isinstance(one.start, datetime) and one.start > half]
    if len(early) < FEWEST_DAYS or len(late) < FEWEST_DAYS:
        return ""
    before, after = (fmean(one.total if asked.kind.cumulative else one.mean for one in some) for some in (early, late))
    if abs(after - before) < NOTICEABLE.get(asked.kind.key, abs(before) / 10):
        return gettext("About the same in the second half of this time as in the first.")
    words = {"by": _difference(after - before, asked), "unit": unit(asked)}
    if after > before:
        return gettext("In the second half of this time higher by %(by)s %(unit)s than in the first.") % words
    return gettext("In the second half of this time lower by %(by)s %(unit)s than in the first.") % words


def _difference(by: float, asked: Asked) -> str:
    """A difference has no zero point: 1 K is 1.8 °F, not 33.8."""
    digits = asked.kind.precision_in.get(asked.unit, asked.kind.precision)
    shift = from_canonical(by, unit=asked.unit, kind=asked.kind) - from_canonical(0.0, unit=asked.unit, kind=asked.kind)
    return f"{abs(shift):,.{digits}f}"


def compared(found: Found) -> str:
    """This function will say the mean of the day compared with; nothing where none was asked for."""
    asked, other = found.asked, found.other
    if other is None:
        return ""
    day = when(asked.window.first - timedelta(days=7), asked)
    if not other.values:
        return gettext("Nothing was measured on %(day)s.") % {"day": day}
    seconds = [value for value in other.values2 if value is not None]
    mean = pair(fmean(other.values), fmean(seconds) if seconds else None, asked)
    return gettext("Dashed: %(day)s, mean %(mean)s %(unit)s.") % {"day": day, "mean": mean, "unit": unit(asked)}


def legend(found: Found, lines: Sequence[Line], texts: Sequence[str]) -> list[Legend]:
    """This function will say what the looks of the chart mean; `texts` are the lines' figures as drawn."""
    asked, told = found.asked, []
    aims = [text for line, text in zip(lines, texts, strict=True) if line.tone == "target"]
    if aims:
        words = {"figure": "/".join(sorted(aims, key=lambda text: -float(text.strip("*")))), "unit": unit(asked)}
        told.append(Legend("limit-target", gettext("target: below %(figure)s %(unit)s on average") % words))
    for line, text in zip(lines, texts, strict=True):
        if line.tone != "target":
            side = gettext("%(figure)s %(unit)s or more") if line.upward else gettext("below %(figure)s %(unit)s")
            told_words = f"{side % {'figure': text, 'unit': unit(asked)}} · {gettext(LINE_WORDS[line.tone])}: {shown.both(line.name)}"
            told.append(Legend(f"limit-{line.tone}", told_words + (gettext(" (set for this person)") if line.own else "")))
    if asked.kind.key in ("glucose", "cgm"):
        ends = {"low": figure(found.target.low or 0, asked), "high": figure(found.target.high or 0, asked), "unit": unit(asked)}
        told.insert(0, Legend("target", gettext("%(low)s–%(high)s %(unit)s · target range") % ends))
    for one in found.forecasts:
        told += _forecast(one, asked)
    if not (found.single or found.stream or asked.kind.cumulative):
        told.append(Legend("span", gettext("thin lines: from the lowest to the highest reading of a day")))
    return told + _shapes(found)


def _forecast(one: Mapping[str, Any], asked: Asked) -> list[Legend]:
    """Her usual range and what is expected; or why nothing is."""
    label, usual = shown.both(one["label"]), one["baseline"]
    ends = {"label": label, "low": figure(usual["low"], asked), "high": figure(usual["high"], asked), "unit": unit(asked)}
    told = [Legend("baseline", gettext("usual %(label)s: %(low)s–%(high)s %(unit)s") % ends)]
    if one["abstained"]:
        return [*told, Legend("ribbon", gettext("No forecast: %(why)s") % {"why": shown.both(one["abstained"])})]
    if one["days"]:
        words = {
            "label": label, "unit": unit(asked), "low": figure(one["low80"][-1], asked), "high": figure(one["high80"][-1], asked),
            "day": shown.day_words(date.fromisoformat(one["days"][-1]), today=asked.window.today),
        }  # fmt: skip
        told.append(Legend("ribbon", gettext("expected %(label)s until %(day)s: %(low)s–%(high)s %(unit)s (4 times out of 5)") % words))
    return told


def _shapes(found: Found) -> list[Legend]:
    told = []
    if found.alerts:
        told.append(Legend("mark-amber", gettext("triangle: an alert")))
    if found.changes:
        told.append(Legend("mark-change", gettext("diamond: a medicine started or stopped")))
    if any(one.value for one in found.medication):
        told.append(Legend("mark-pill", gettext("filled bar below: medication taken")))
    if any(not one.value for one in found.medication):
        told.append(Legend("mark-missed", gettext("empty bar below: medication missed")))
    return told


def notes(found: Found) -> list[str]:
    """This function will give what the forecasts found worth saying."""
    return [shown.both(finding["words"]) for one in found.forecasts for finding in one["findings"]]


def heads(found: Found) -> tuple[str, ...]:
    """This function will name the columns of the table."""
    if found.single:
        return (gettext("When"), shown.both(found.asked.kind.name), gettext("Source"), gettext("Remarks"))
    first = gettext("Hour") if found.asked.window.span.days == 1 else gettext("Day")
    if found.asked.kind.cumulative:
        return (first, shown.both(found.asked.kind.name))
    return (first, gettext("Mean"), gettext("Lowest"), gettext("Highest"), gettext("Readings"))


def table(found: Found) -> list[Row]:
    """This function will give the data of the chart, newest first: readings, or the days (hours) that it draws or covers."""
    if found.single:
        return readings_table(found.readings[::-1], found.asked, found.alerts)
    return [_bucket_row(one, found.asked) for one in found.days[::-1]]


def _bucket_row(one: Bucket, asked: Asked) -> Row:
    day = when(one.start, asked)
    if asked.kind.cumulative:
        return Row(None, day, (f"{figure(one.total, asked)} {unit(asked)}".strip(),))
    mean, low, high = (one.mean, one.mean2), (one.low, one.low2), (one.high, one.high2)
    return Row(None, day, (*(pair(*both, asked) for both in (mean, low, high)), f"{one.n:,}"))


def readings_table(some: Sequence[Seen], asked: Asked, alerts: Sequence[Alert] = ()) -> list[Row]:
    """This function will give readings as lines, each with how it was made, what is doubtful about it, and its alerts."""
    rows = []
    for one in some:
        source = gettext(shown.METHODS.get(one.method, ""))
        if one.source != "web":
            source = f"{source} · {one.source}"
        about = tuple(alert for alert in alerts if _rests_on(alert, one))
        rows.append(Row(one.at, "", (reading(one, asked), source), remarks(one, asked), about))
    return rows


def remarks(one: Seen, asked: Asked) -> str:
    """This function will say the quality and the circumstances of a reading."""
    told = list(shown.value_words(one, glucose_unit=asked.visit.glucose_unit).doubts)
    if one.flags & CUFFLESS:
        told.append(gettext("without a cuff: for trends only"))
    if one.flags & OUT_OF_ORDER:
        told.append(gettext("entered afterwards"))
    meal = (one.context or {}).get("meal")
    if isinstance(meal, str):
        told.append(gettext(shown.MEALS.get(meal, meal)))
    return " · ".join(told)


def _rests_on(one: Alert, reading: Seen) -> bool:
    """Its evidence names the reading by kind and moment."""
    return any(
        given["kind"] == reading.kind and datetime.fromisoformat(given["at"]) == reading.at for given in one.evidence.get("inputs", [])
    )
