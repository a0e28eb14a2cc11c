"""What only blood pressure has: morning and evening by themselves, and the week that a diagnosis rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext, gettext_noop as _n, ngettext

from healthhub.records import shown as readings
from healthhub.web.trends.found import Asked
from healthhub.web.trends.words import figure, unit
from monitoring import home_bp
from monitoring.home_bp import Average, Mean

MOST = 3000  # readings of a year of two sessions a day, two readings each, and room
STATES: Mapping[str, str] = {
    "valid": _n("valid"),
    "provisional": _n("provisional: fewer than 12 readings count"),
    "insufficient": _n("not enough: at least 3 days are needed"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """The mean of mornings or evenings: "133/84", of how many readings."""

    name: str
    mean: str
    n: int


@dataclass(frozen=True, slots=True)
class Pressure:
    """Mornings and evenings of the time shown with their difference in words, and the home week that ends with its last reading."""

    parts: tuple[Part, ...]
    difference: str
    unit: str
    week: str
    week_state: str
    week_result: str
    irregular: bool


def pressure(asked: Asked) -> Pressure | None:
    """This function will sum up a person's cuff readings; None for other kinds, or without any."""
    if asked.kind.key != "bp":
        return None
    window = asked.window
    some = readings.history(
        patient_id=asked.patient.id,
        classes=asked.classes,
        since=min(window.since, window.until - timedelta(days=home_bp.DAYS + 1)),
        until=window.until,
        limit=MOST,
        kinds=["bp"],
    )
    inside = home_bp.average(home_bp.diary(some, until=window.last, days=window.span.days), drop_first_day=False)
    week = home_bp.average(home_bp.diary(some))
    if inside.mean is None and week.mean is None:
        return None
    parts = [Part(name, _pair(mean, asked), mean.n) for name, mean in _named(inside)]
    return Pressure(
        parts=tuple(parts),
        difference=_difference(inside, asked),
        unit=unit(asked),
        week=_week(week, asked),
        week_state=gettext(STATES[week.state]),
        week_result=_result(week, asked),
        irregular=home_bp.low_confidence(some),
    )


def _named(found: Average) -> list[tuple[str, Mean]]:
    pairs = ((gettext("Morning"), found.morning), (gettext("Evening"), found.evening))
    return [(name, mean) for name, mean in pairs if mean is not None]


def _pair(mean: Mean, asked: Asked) -> str:
    return f"{figure(mean.systolic, asked)}/{figure(mean.diastolic, asked)}"


def _difference(found: Average, asked: Asked) -> str:
    if found.morning is None or found.evening is None:
        return ""
    by = found.morning.systolic - found.evening.systolic
    words = {"by": figure(abs(by), asked), "unit": unit(asked)}
    if figure(abs(by), asked) == figure(0, asked):
        return gettext("Mornings and evenings are alike.")
    if by > 0:
        return gettext("Mornings are higher by %(by)s %(unit)s (upper value).") % words
    return gettext("Evenings are higher by %(by)s %(unit)s (upper value).") % words


def _week(week: Average, asked: Asked) -> str:
    if week.mean is None:
        return gettext("No readings in the last 7 days of this time.")
    words = {"mean": _pair(week.mean, asked), "unit": unit(asked), "n": week.mean.n}
    return ngettext("Mean %(mean)s %(unit)s of %(n)s reading", "Mean %(mean)s %(unit)s of %(n)s readings", week.mean.n) % words


def _result(week: Average, asked: Asked) -> str:
    """By the guideline of her country; a week that is not valid says nothing."""
    above = week.us_hypertension if asked.patient.locale == "US" else week.cn_hypertension
    if week.state != "valid" or above is None:
        return ""
    limit = home_bp.US_HYPERTENSION if asked.patient.locale == "US" else home_bp.CN_HYPERTENSION
    told = f"{figure(limit[0], asked)}/{figure(limit[1], asked)} {unit(asked)}"
    words = gettext("At or above the home threshold of %(limit)s.") if above else gettext("Below the home threshold of %(limit)s.")
    morning = gettext("High in the morning only.") if week.morning_hypertension else ""
    return f"{words % {'limit': told}} {morning}".strip()
