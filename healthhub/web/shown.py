"""How values, times and people are put in words: the viewer's language, unit and zone. No database in here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_noop as _n, ngettext, pgettext

from healthhub.lib.units import from_canonical, round_half_up
from healthhub.records.catalogue import BY_KEY, CENSORED_HIGH, CENSORED_LOW, LATE, SIMULATED, SUSPICIOUS, Kind
from healthhub.records.shown import Seen
from healthhub.web.svg import Dot, Scale

UNITS: Mapping[str, str] = {
    "mm[Hg]": "mmHg",
    "Cel": "°C",
    "umol/L": "µmol/L",
    "10*9/L": "10⁹/L",
    "10*12/L": "10¹²/L",
    "/min": _n("/min"),
    "{steps}": _n("steps"),
    "{score}": "",
    "{code}": "",
    "{points}": "",
    "{puffs}": _n("puffs"),
    "min": _n("min"),
    "h": _n("h"),
    "[degF]": "°F",
    "[jin_ch]": "斤",
    "[lb_av]": "lb",
    "[iU]": "U",
}
# Fixed ranges of the drawings in the unit shown: the same for everyone.
SCALES: Mapping[tuple[str, str], Scale] = {
    ("bp", "mm[Hg]"): Scale(40, 220, (60, 85, 110, 135, 160, 180, 200)),
    ("glucose", "mmol/L"): Scale(2, 20, (3.9, 7, 10, 13.9)),
    ("glucose", "mg/dL"): Scale(36, 360, (70, 126, 180, 250)),
    ("cgm", "mmol/L"): Scale(2, 20, (3.9, 7, 10, 13.9)),
    ("cgm", "mg/dL"): Scale(36, 360, (70, 126, 180, 250)),
    ("spo2", "%"): Scale(80, 100, (85, 88, 92, 96)),
    ("hr", "/min"): Scale(30, 180, (40, 60, 90, 120)),
    ("rhr", "/min"): Scale(30, 130, (40, 60, 80, 100)),
    ("temp", "Cel"): Scale(34, 42, (36, 37, 38, 39)),
    ("rr", "/min"): Scale(4, 40, (8, 12, 20, 25)),
}
SMALL: Mapping[tuple[str, str], Scale] = {
    ("bp", "mm[Hg]"): Scale(55, 195),
    ("glucose", "mmol/L"): Scale(2, 16),
    ("cgm", "mmol/L"): Scale(2, 16),
}
# Reference lines of the small drawings; what counts for one person stands in her limits and on her alerts.
LIMITS: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("bp", "mm[Hg]"): (85, 135),
    ("glucose", "mmol/L"): (3.9, 10),
    ("glucose", "mg/dL"): (70, 180),
    ("cgm", "mmol/L"): (3.9, 10),
    ("cgm", "mg/dL"): (70, 180),
    ("spo2", "%"): (92,),
    ("temp", "Cel"): (38,),
}
# What she may choose to read and type in; the first is the catalogue's own.
OWN_UNITS: Mapping[str, tuple[str, ...]] = {
    "glucose": ("mmol/L", "mg/dL"),
    "weight": ("kg", "[jin_ch]", "[lb_av]"),
    "temp": ("Cel", "[degF]"),
}
SEVERITIES: Mapping[str, str] = {
    "red": _n("Emergency"),
    "urgent": _n("Urgent"),
    "amber": _n("Attention"),
    "watch": _n("Watch"),
    "info": _n("For information"),
    "silent": _n("No data"),
    "calm": _n("Calm"),
}
SEXES: Mapping[str, str] = {"female": _n("woman"), "male": _n("man")}
METHODS: Mapping[int, str] = {1: _n("device"), 2: _n("by hand"), 3: _n("calculated")}
MEALS: Mapping[str, str] = {
    "fasting": _n("Fasting"),
    "before_meal": _n("Before a meal"),
    "after_meal": _n("2 h after a meal"),
    "bedtime": _n("Bedtime"),
    "random": _n("Any other time"),
}
OUTCOMES: Mapping[str, str] = {
    "contacted": _n("Spoke with the patient"),
    "acted": _n("Treatment changed"),
    "referred": _n("Referred"),
    "no_action_needed": _n("No action needed"),
    "false_alarm": _n("False alarm"),
    "duplicate": _n("Same as another alert"),
}
SNOOZES: Mapping[str, str] = {"1": _n("1 hour"), "4": _n("4 hours"), "24": _n("1 day"), "72": _n("3 days")}
STEPS: Mapping[str, str] = {
    "opened": _n("Opened"),
    "worsened": _n("Got worse"),
    "acknowledged": _n("Taken"),
    "handed_back": _n("Given back"),
    "came_back": _n("Came back: nobody closed it"),
    "escalated": _n("Passed on to the next people"),
    "noted": _n("Note"),
    "snoozed": _n("Made quiet for one person"),
    "unsnoozed": _n("Quiet undone"),
    "resolved": _n("Closed"),
    "cleared": _n("Cleared by readings back inside the limits"),
}
PARTS: Mapping[str, str] = {"database": _n("Database"), "broker": _n("Broker (live hints, tasks)"), "sweep": _n("Sweep (what is due)")}
BOUNDS: Mapping[str, str] = {
    "at_least": _n("at least %(value)s %(unit)s"),
    "above": _n("above %(value)s %(unit)s"),
    "at_most": _n("at most %(value)s %(unit)s"),
    "below": _n("below %(value)s %(unit)s"),
}
CONDITIONS: Mapping[str, str] = {
    "hypertension": _n("Hypertension"),
    "diabetes_t1": _n("Type 1 diabetes"),
    "diabetes_t2": _n("Type 2 diabetes"),
    "heart_failure": _n("Heart failure"),
    "copd": _n("COPD"),
    "asthma": _n("Asthma"),
    "ckd": _n("Chronic kidney disease"),
    "coronary_disease": _n("Coronary disease"),
    "atrial_fibrillation": _n("Atrial fibrillation"),
    "pregnant": _n("Pregnant"),
    "post_partum": _n("After childbirth"),
    "insulin": _n("on insulin"),
    "sulfonylurea": _n("on sulfonylurea"),
    "sglt2i": _n("on SGLT2 inhibitor"),
    "antihypertensive": _n("on antihypertensives"),
    "anticoagulant": _n("on anticoagulant"),
    "diuretic": _n("on diuretic"),
    "rate_control": _n("on rate control"),
    "on_oxygen": _n("on oxygen"),
    "target_spo2_88_92": _n("SpO₂ target 88–92 %"),
    "immunosuppressed": _n("Immunosuppressed"),
    "athlete": _n("Athlete"),
}
CLASSES: Mapping[str, str] = {
    "vitals": _n("vital signs"),
    "glucose": _n("blood glucose"),
    "body": _n("weight and body"),
    "labs": _n("laboratory results"),
    "respiratory": _n("breathing"),
    "activity": _n("activity"),
    "sleep": _n("sleep"),
    "reported": _n("what she reports herself"),
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shown:
    """One value in words: the figure, its unit, and what must be said about it."""

    figure: str
    unit: str
    doubts: tuple[str, ...]


def language() -> str:
    """This function will give the language of the present reader as the data know it: zh-hans or en."""
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


def both(texts: Any) -> str:
    """This function will pick the reader's language out of a text kept in both; a plain text is given as it is."""
    if isinstance(texts, Mapping):
        return str(texts.get(language()) or next(iter(texts.values()), ""))
    return str(texts or "")


def joined(first: str, second: str) -> str:
    """This function will set one sentence behind another as the reader's language does: with a space, or without."""
    return pgettext("two sentences", "%(first)s %(second)s") % {"first": first, "second": second}


def parts_of(reading: Seen | Mapping[str, Any]) -> Mapping[str, Any]:
    """This function will give `{kind, value, value2, flags}` of a reading: one from the timeline, or one kept as evidence."""
    if isinstance(reading, Seen):
        return {"kind": reading.kind, "value": reading.value, "value2": reading.value2, "flags": reading.flags}
    return reading


def kind_of(reading: Seen | Mapping[str, Any]) -> Kind:
    """This function will find the catalogue's kind of a reading."""
    return BY_KEY[parts_of(reading)["kind"]]


def unit_of(kind: Kind, glucose_unit: str, own: Mapping[str, str] = MappingProxyType({})) -> str:
    """This function will give the UCUM unit in which this reader sees the kind; sleep is told in hours."""
    if kind.data_class == "glucose":
        return glucose_unit if glucose_unit in kind.precision_in else kind.unit
    if kind.data_class == "sleep" and kind.unit == "min":
        return "h"
    return own.get(kind.key, kind.unit)


def unit_cookie(kind: str) -> str:
    return f"hh_unit_{kind}"


def unit_words(unit: str) -> str:
    words = UNITS.get(unit, unit)
    return gettext(words) if words else ""


def figure(value: float, *, kind: Kind, unit: str) -> str:
    """This function will write one number as the kind's table rounds it, without a unit."""
    digits = kind.precision_in.get(unit, kind.precision)
    rounded = round_half_up(from_canonical(value, unit=unit, kind=kind), digits)
    return f"{rounded:,.{digits}f}"


def value_words(reading: Seen | Mapping[str, Any], *, glucose_unit: str, own: Mapping[str, str] = MappingProxyType({})) -> Shown:
    """This function will put a reading `{kind, value, value2?, flags?}` (canonical) in words for this reader."""
    kind, parts = kind_of(reading), parts_of(reading)
    unit = unit_of(kind, glucose_unit, own)
    value, value2, flags = parts["value"], parts.get("value2"), parts.get("flags") or 0
    if kind.key.startswith("symptom_"):
        return Shown(symptom_words(value), "", ())
    text = figure(value, kind=kind, unit=unit)
    if value2 is not None:
        text = f"{text}/{figure(value2, kind=kind, unit=unit)}"
    if flags & CENSORED_LOW:
        text = f"< {text}"
    if flags & CENSORED_HIGH:
        text = f"> {text}"
    doubts = []
    if flags & SUSPICIOUS:
        doubts.append(gettext("unusual value, please measure again"))
    if flags & LATE:
        doubts.append(gettext("arrived late"))
    if flags & SIMULATED:
        doubts.append(gettext("simulated"))
    return Shown(text, unit_words(unit), tuple(doubts))


def symptom_words(value: float) -> str:
    grades = (pgettext("symptom", "none"), pgettext("symptom", "mild"), pgettext("symptom", "moderate"), pgettext("symptom", "severe"))
    return grades[min(max(int(value), 0), 3)]


def age_words(at: datetime, *, now: datetime) -> str:
    """This function will say how long ago a moment was: "3 minutes ago"."""
    seconds = int((now - at).total_seconds())
    if seconds < 60:
        return gettext("just now")
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return _ago(seconds // size, name)
    return gettext("just now")


def _ago(n: int, name: str) -> str:
    if name == "day":
        return ngettext("%(n)s day ago", "%(n)s days ago", n) % {"n": n}
    if name == "hour":
        return ngettext("%(n)s hour ago", "%(n)s hours ago", n) % {"n": n}
    return ngettext("%(n)s minute ago", "%(n)s minutes ago", n) % {"n": n}


def clock_words(at: datetime, *, now: datetime) -> str:
    """This function will give the time of day in the reader's zone, with the date where it is not today."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return gettext("yesterday %(time)s") % {"time": f"{local:%H:%M}"}
    if local.date() == today + timedelta(days=1):
        return gettext("tomorrow %(time)s") % {"time": f"{local:%H:%M}"}
    return f"{day_words(local.date(), today=today)} {local:%H:%M}"


def today_words(*, now: datetime) -> str:
    """This function will say the reader's day: "Tuesday 24 November"."""
    return date_format(timezone.localtime(now).date(), "n月j日 l" if language() == "zh-hans" else "l j F")


def day_words(day: date, *, today: date) -> str:
    if day.year == today.year:
        return date_format(day, "n月j日" if language() == "zh-hans" else "j M")
    return date_format(day, "Y年n月j日" if language() == "zh-hans" else "j M Y")


def limit_words(limit: Mapping[str, Any]) -> str:
    """This function will put a limit `{op, value, unit}` of evidence in words, natively in the unit it was used in."""
    words = gettext(BOUNDS.get(limit.get("op", ""), "%(value)s %(unit)s"))
    return words % {"value": f"{limit['value']:g}", "unit": unit_words(str(limit.get("unit", "")))}


def condition_words(code: str) -> str:
    """This function will name a condition or treatment; a code we have no word for is shown as it is."""
    return gettext(CONDITIONS[code]) if code in CONDITIONS else code.replace("_", " ")


def class_words(data_class: str) -> str:
    """This function will name a class of data that consent speaks of; of `a+b` each."""
    return gettext(", ").join(gettext(CLASSES[one]) if one in CLASSES else one for one in data_class.split("+"))


def years(birth: date | None, *, now: datetime) -> int | None:
    """This function will give a person's age in whole years, None where we do not know her birth date."""
    if birth is None:
        return None
    today = timezone.localtime(now).date()
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def person_words(patient: Any, *, now: datetime) -> str:
    """This function will say age and sex shortly: "woman, 68"."""
    parts = [gettext(SEXES[patient.sex])] if patient.sex in SEXES else []
    age = years(patient.birth_date, now=now)
    if age is not None:
        parts.append(pgettext("age in years", "%(n)s") % {"n": age})
    return gettext(", ").join(parts)


def scale_for(kind: Kind, *, unit: str, dots: Sequence[Dot], small: bool = False) -> Scale:
    """This function will give the fixed scale of a kind; kinds without one get round figures that hold their values."""
    fixed = SMALL.get((kind.key, unit)) if small else None
    fixed = fixed or SCALES.get((kind.key, unit))
    if fixed:
        return fixed
    values = [dot.value for dot in dots] or [0.0, 1.0]
    low, high = min(values), max(values)
    room = max((high - low) * 0.25, abs(high) * 0.03, 1.0)
    bottom = 0.0 if kind.cumulative else low - room
    return Scale(bottom, high + room, tuple(round_half_up(bottom + (high + room - bottom) * share) for share in (0.2, 0.5, 0.8)))


def days_since_epoch(at: datetime | date) -> float:
    """This function will give a moment, or the middle of a day, as days for the horizontal axis."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, 12, tzinfo=UTC)
    return (at - EPOCH).total_seconds() / 86400


def day_dots(buckets: Sequence[Any], *, kind: Kind, unit: str) -> list[Dot]:
    """This function will turn days into dots in the unit shown: what adds up as its sum, all else from the day's lowest to its highest.

    A mean would hide the one low glucose or the one high pressure that matters.
    """
    dots = []
    for day in buckets:
        top, bottom = (day.total, None) if kind.cumulative else (day.high, day.low if day.low2 is None else day.low2)
        value = from_canonical(top, unit=unit, kind=kind)
        low = None if bottom is None or bottom == top else from_canonical(bottom, unit=unit, kind=kind)
        dots.append(Dot(days_since_epoch(day.start), value, low))
    return dots
