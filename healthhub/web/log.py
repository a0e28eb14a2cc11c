"""Logging a reading by hand: few fields, plain words, one call to the door that takes readings in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, Kind
from healthhub.records.shown import Seen
from healthhub.web import readers, shown
from healthhub.web.account import keep_unit
from healthhub.web.act import mean_of_repeats, undo_token
from healthhub.web.felt import GRADES, MOODS, SYMPTOMS, TAKEN, grades_in, spoken
from healthhub.web.home import EMERGENCY
from healthhub.web.pad import ghost, knowledge
from healthhub.web.pages import PageRequest, Visit, page, unit_in_use
from monitoring import intake, worklist as doors

KEY = re.compile(r"[0-9a-f-]{36}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")  # when the page was sent, by the page's clock


@dataclass(frozen=True, slots=True)
class Box:
    """One number to type: its name in the form, the kind it becomes, and which of a pair's two values it is."""

    name: str
    kind: str
    label: str
    optional: bool = False
    second: bool = False


BOXES: Mapping[str, tuple[Box, ...]] = {
    "bp": (
        Box("high", "bp", _n("Upper (SYS)")),
        Box("low", "bp", _n("Lower (DIA)"), second=True),
        Box("pulse", "hr", _n("Pulse, if shown"), optional=True),
    ),
    "glucose": (Box("value", "glucose", _n("Blood glucose")),),
    "weight": (Box("value", "weight", _n("Weight")),),
    "spo2": (Box("value", "spo2", _n("Blood oxygen")), Box("pulse", "hr", _n("Pulse, if shown"), optional=True)),
    "temp": (Box("value", "temp", _n("Body temperature")),),
    "hr": (Box("value", "hr", _n("Pulse")),),
    "pef": (Box("value", "pef", _n("Peak flow")),),
    "symptoms": (),
    "mood": (),
    "medication": (),
}
# Tiles of the chooser: what to log, its drawing, its name.
TILES = (
    ("bp", "bp", _n("Blood pressure")),
    ("glucose", "glucose", _n("Blood glucose")),
    ("weight", "weight", _n("Weight")),
    ("spo2", "spo2", _n("Blood oxygen")),
    ("temp", "temp", _n("Body temperature")),
    ("hr", "hr", _n("Pulse")),
    ("medication", "pill", _n("Medication")),
    ("symptoms", "symptoms", _n("How I feel")),
    ("mood", "mood", _n("Mood")),
)
NUMBERS_ON_TILES = [key for key, _, _ in TILES if BOXES[key]]
NAMES = {tile[0]: tile[2] for tile in TILES}


@dataclass(slots=True)
class Filled:
    """A form as it was sent: what was typed, what is wrong with it, and the readings in it."""

    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    readings: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)  # per reading: the box its refusal belongs to


@page("patient", "caregiver")
def choose(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will ask what to log."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="write", now=request.visit.now)
    return _chooser(request, patient)


def _chooser(request: PageRequest, patient: Patient, *, said: str = "", problem: str = "") -> HttpResponse:
    takes = {reader.takes for reader in readers.readers()}
    context = {"patient": patient, "own": patient.user_id == request.visit.user.id, "tiles": _last_used_first(request.visit, patient)}
    context |= {"dictation": "text" in takes, "photo": "image" in takes, "said": said, "problem": problem}
    return render(request, "hh/log.html", context, status=422 if problem else 200)


@page("patient", "caregiver", methods=("POST",))
def heard(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will fill in the form of what was dictated or photographed; saving it stays hers."""
    patient = access.patient_for(request.visit.viewer, patient_id, action="write", now=request.visit.now)
    said, picture = request.POST.get("said", "")[: readers.LONGEST_TEXT], request.FILES.get("picture")
    if picture is not None and picture.size is not None and picture.size <= readers.LARGEST_IMAGE:
        found = readers.heard("image", picture.read())
    else:
        found = readers.heard("text", said) if said.strip() else []
    if not found or found[0].kind not in BOXES:
        return _chooser(
            request, patient, said=said, problem=gettext("Nothing was understood. Say it like this: blood pressure 138 over 86.")
        )
    first = found[0]
    typed = {**first.boxes, **first.context} | ({"unit": first.unit} if first.unit in shown.OWN_UNITS.get(first.kind, ()) else {})
    return _form(request, patient, first.kind, Filled(typed=typed), status=200)


def _last_used_first(visit: Visit, patient: Patient) -> list[tuple[str, str, str]]:
    """The three kinds she logged last come first; the others keep their places, so that the eye finds them again."""
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    kinds = [*NUMBERS_ON_TILES, "mood", "medication_taken", *SYMPTOMS]
    newest = readings.latest(patient_id=patient.id, classes=allowed, now=visit.now, kinds=kinds, within=timedelta(days=60))
    at: dict[str, datetime] = {}
    for key, one in newest.items():
        tile = "medication" if key == "medication_taken" else "symptoms" if key in SYMPTOMS else key
        at[tile] = max(one.at, at.get(tile, one.at))
    first = sorted(at, key=lambda key: at[key], reverse=True)[:3]
    return sorted(TILES, key=lambda tile: first.index(tile[0]) if tile[0] in first else len(first))


@page("patient", "caregiver", methods=("GET", "POST"))
def log(request: PageRequest, patient_id: UUID, what: str) -> HttpResponse:
    """This function will show the form of one kind, or take what was typed in and say what became of it."""
    if what not in BOXES:
        raise NotVisible
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="write", now=visit.now)
    if request.method != "POST":
        return _form(request, patient, what, Filled(), status=200)
    units = {box.kind: unit_in_use(request, BY_KEY[box.kind]) for box in BOXES[what]}
    chosen = request.POST.get("unit", "")
    if chosen in shown.OWN_UNITS.get(what, ()):
        units[what] = chosen
    filled = fill(what, request.POST, now=visit.now, zone=visit.zone, units=units)
    if filled.problems or not filled.readings:
        return _form(request, patient, what, filled, status=422)
    receipt = intake.receive(patient_id=patient.id, readings=filled.readings, by=visit.viewer, now=visit.now)
    filled.problems = refusals(filled, receipt.fates)
    if filled.problems:
        return _form(request, patient, what, filled, status=422)
    return keep_unit(request, _saved(request, patient, what, filled, receipt), kind=what, unit=chosen)


def fill(what: str, posted: Mapping[str, str], *, now: datetime, zone: ZoneInfo, units: Mapping[str, str]) -> Filled:
    """This function will read a form into readings as the API takes them; what cannot be read becomes a problem of its box."""
    filled = Filled(typed={name: text for name, text in posted.items() if name != "csrfmiddlewaretoken"})
    at = _moment(filled, now, zone)
    if what == "symptoms":
        _symptoms(filled, posted, at)
    elif what == "medication":
        _chosen(filled, "taken", BY_KEY["medication_taken"], dict(TAKEN), at)
    elif what == "mood":
        _chosen(filled, "mood", BY_KEY["mood"], dict(MOODS), at)
    else:
        _numbers(filled, what, at, units)
    key = filled.typed.get("key", "")
    if KEY.fullmatch(key):
        # Made by the page: what is sent again after a lost answer is known again.
        for reading in filled.readings:
            reading["key"] = key
    return filled


def _chosen(filled: Filled, name: str, kind: Kind, offered: Mapping[str, str], at: str) -> None:
    """One of a few words, as medication and mood have them."""
    word = filled.typed.get(name, "")
    if word not in offered:
        filled.problems[name] = gettext("Please say whether you took it.") if name == "taken" else gettext("Please choose one.")
        return
    filled.readings.append(_reading(kind, at, kind.unit) | {"value": int(word)})
    filled.boxes.append(name)


def _numbers(filled: Filled, what: str, at: str, units: Mapping[str, str]) -> None:
    by_kind: dict[str, dict[str, Any]] = {}
    for box in BOXES[what]:
        number = _number(filled, box)
        if number is None:
            continue
        kind = BY_KEY[box.kind]
        if kind.key not in by_kind:
            by_kind[kind.key] = _reading(kind, at, units[kind.key])
            filled.boxes.append(box.name)
        by_kind[kind.key]["value2" if box.second else "value"] = number
    meal = filled.typed.get("meal", "")
    if meal in shown.MEALS and "glucose" in by_kind:
        by_kind["glucose"]["context"] = {"meal": meal}
    filled.readings = list(by_kind.values())


def _reading(kind: Kind, at: str, unit: str) -> dict[str, Any]:
    return {"kind": kind.key, "at": at, "unit": unit, "source": "web", "method": "self_reported"}


def _number(filled: Filled, box: Box) -> float | None:
    text = filled.typed.get(box.name, "").strip().replace(",", ".").replace("。", ".").replace("．", ".")
    if not text:
        if not box.optional:
            filled.problems[box.name] = gettext("Please fill this in.")
        return None
    try:
        number = float(text)
    except ValueError:
        filled.problems[box.name] = gettext("Please type a number, such as 120.")
        return None
    if abs(number) > 1e6 or number != number:
        filled.problems[box.name] = gettext("Please type a number, such as 120.")
        return None
    return number


def _symptoms(filled: Filled, posted: Mapping[str, str], at: str) -> None:
    graded = grades_in(posted)
    if not graded:
        filled.problems["symptoms"] = gettext("Please choose what you feel.")
    for key, grade in graded.items():
        filled.readings.append(_reading(BY_KEY[key], at, BY_KEY[key].unit) | {"value": grade})
        filled.boxes.append("symptoms")


def _moment(filled: Filled, now: datetime, zone: ZoneInfo) -> str:
    """Now, unless she says that she measured earlier (wall clock of her zone)."""
    text = filled.typed.get("at", "").strip()
    if not text:
        stated = filled.typed.get("moment", "")
        if MOMENT.fullmatch(stated):
            return stated
        return now.astimezone(zone).isoformat(timespec="seconds")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat(timespec="seconds")
    except ValueError:
        filled.problems["at"] = gettext("Please give day and time.")
        return now.astimezone(zone).isoformat(timespec="seconds")


def refusals(filled: Filled, fates: list[dict[str, Any]]) -> dict[str, str]:
    """This function will find the refused readings and say at their boxes why, in the reader's words."""
    problems = {}
    for fate in fates:
        if fate["fate"] in {"rejected", "outside_consent"}:
            reading = filled.readings[fate["index"]]
            box = filled.boxes[fate["index"]]
            if fate.get("field") == "value2":
                box = "low"
            elif fate.get("field") == "at":
                box = "at"
            problems[box] = refusal_words(fate, BY_KEY[reading["kind"]], reading["unit"])
    return problems


def refusal_words(fate: Mapping[str, Any], kind: Kind, unit: str) -> str:
    """This function will say why a reading was refused; ranges are told in the unit that was typed."""
    if fate.get("code") != "impossible_value":
        return gettext(fate.get("sentence") or "This cannot be done.")
    ends = kind.hard2 if fate.get("field") == "value2" and kind.hard2 else kind.hard
    if kind.key == "bp" and fate.get("field") == "value2":
        return gettext(
            "The lower value must be from %(low)s to %(high)s mmHg and below the upper one. Please look at the display again."
        ) % {
            "low": shown.figure(ends[0], kind=kind, unit=unit),
            "high": shown.figure(ends[1], kind=kind, unit=unit),
        }
    return gettext("%(kind)s can only be from %(low)s to %(high)s %(unit)s. Please look at the display again.") % {
        "kind": shown.both(kind.name),
        "low": shown.figure(ends[0], kind=kind, unit=unit),
        "high": shown.figure(ends[1], kind=kind, unit=unit),
        "unit": shown.unit_words(unit),
    }


def _form(request: PageRequest, patient: Patient, what: str, filled: Filled, *, status: int) -> HttpResponse:
    visit = request.visit
    known = knowledge(visit, patient, sorted({box.kind for box in BOXES[what]}), emergency=EMERGENCY.get(patient.locale, "112"))
    context = form_context(request, patient, what, filled, last=_last(visit, patient, what), known=known)
    return render(request, "hh/log_form.html" if request.htmx else "hh/log_kind.html", context, status=status)


def form_context(
    request: PageRequest, patient: Patient, what: str, filled: Filled, *, last: Seen | None, known: Mapping[str, Any]
) -> dict[str, Any]:
    """This function will gather what the form of one kind shows; `last` stands grey in its empty boxes."""
    visit = request.visit
    boxes = []
    for number, box in enumerate(BOXES[what]):
        kind = BY_KEY[box.kind]
        unit = _unit(request, what, box.kind, filled)
        whole = kind.precision_in.get(unit, kind.precision) == 0
        boxes.append(
            {
                "name": box.name,
                "label": gettext(box.label),
                "kind": box.kind,
                "second": box.second,
                "code": unit,
                "ghost": ghost(last, kind, unit, second=box.second) if box.kind == what else "",
                "unit": shown.unit_words(unit),
                "mode": "numeric" if whole else "decimal",
                "optional": box.optional,
                "typed": filled.typed.get(box.name, ""),
                "problem": filled.problems.get(box.name, ""),
                "first": number == 0,
            }
        )
    return {
        "patient": patient,
        "own": patient.user_id == visit.user.id,
        "what": what,
        "title": gettext(NAMES.get(what) or BOXES[what][0].label),
        "boxes": boxes,
        "filled": filled,
        "meals": [(code, gettext(words)) for code, words in shown.MEALS.items()],
        "symptoms": [(key, gettext(words), filled.typed.get(key, "")) for key, words in SYMPTOMS.items()],
        "grades": [(code, gettext(words)) for code, words in GRADES],
        "moods": [(code, gettext(words)) for code, words in MOODS],
        "taken": [(code, gettext(words)) for code, words in TAKEN],
        "units": [(unit, shown.unit_words(unit)) for unit in shown.OWN_UNITS.get(what, ())],
        "unit": _unit(request, what, what, filled) if what in BY_KEY else "",
        "known": known,
        "last": last,
        "latest_at": f"{timezone.localtime(visit.now, visit.zone):%Y-%m-%dT%H:%M}",
    }


def _unit(request: PageRequest, what: str, kind: str, filled: Filled) -> str:
    """The unit she has just typed in, or else the one she always does."""
    chosen = filled.typed.get("unit", "")
    return chosen if kind == what and chosen in shown.OWN_UNITS.get(what, ()) else unit_in_use(request, BY_KEY[kind])


def _last(visit: Visit, patient: Patient, what: str) -> Seen | None:
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    return readings.latest(patient_id=patient.id, classes=allowed, now=visit.now, kinds=[what]).get(what)


def _saved(request: PageRequest, patient: Patient, what: str, filled: Filled, receipt: intake.Receipt) -> HttpResponse:
    visit = request.visit
    told = set(receipt.alerts)
    found = [alert for alert in doors.open_alerts(viewer=visit.viewer, patient_id=patient.id, now=visit.now) if alert.id in told]
    pressing = any(alert.severity in {"red", "urgent"} for alert in found)
    context = {
        "patient": patient,
        "own": patient.user_id == visit.user.id,
        "what": what,
        "what_kind": what if what in BY_KEY else filled.readings[0]["kind"],
        "saved": [_spoken(reading, fate, visit) for reading, fate in zip(filled.readings, receipt.fates, strict=True)],
        # Once a danger is confirmed the card says what to do; another measurement would only hold her up.
        "again": what == "bp" and not pressing,
        "repeat": not pressing and any(fate.get("repeat") or "suspicious" in fate.get("flags", ()) for fate in receipt.fates),
        "advice": [fate["repeat"] for fate in receipt.fates if fate.get("repeat")],
        "mean": mean_of_repeats(visit, patient) if what == "bp" else None,
        "undo": undo_token(patient, [fate["seq"] for fate in receipt.fates if fate["fate"] == "stored"]),
        "alerts": found[:1],  # the most pressing; the first page has them all
        "emergency": EMERGENCY.get(patient.locale, "112"),
    }
    return render(request, "hh/log_saved.html" if request.htmx else "hh/log_saved_page.html", context)


def _spoken(reading: Mapping[str, Any], fate: Mapping[str, Any], visit: Visit) -> dict[str, str]:
    """What was saved, as it was typed, and what became of it."""
    kind = BY_KEY[reading["kind"]]
    words = {
        "stored": gettext("Saved"),
        "duplicate": gettext("Was saved before; nothing is doubled"),
        "corrected": gettext("Saved; it replaces the earlier value"),
    }
    figure = f"{reading['value']:g}" + (f"/{reading['value2']:g}" if reading.get("value2") is not None else "")
    unit = shown.unit_words(reading["unit"])
    name = shown.both(kind.name)
    if felt := spoken(kind.key, reading["value"]):
        (name, figure), unit = felt, ""
    return {"name": name, "figure": figure, "unit": unit, "fate": words.get(fate["fate"], gettext("Saved"))}
