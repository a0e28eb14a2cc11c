"""Recordings of real people, as published, read into readings. Pure: files in, readings out; no database, no network, no clock.

A file is known by its columns, not by its name. Times are the wall clock of the recording, without a zone: only their distances
are used. What cannot be timed or has no unit is refused with a sentence instead of being guessed.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Row = Mapping[str, str]
Wire = dict[str, Any]  # a reading as the API takes it, without its time


class NoRecording(Exception):
    """This file cannot be replayed; the text says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One reading and the wall-clock time at which it was recorded."""

    at: datetime
    wire: Wire


@dataclass(slots=True)
class Recording:
    """Everything recorded of one person in one study, in time order."""

    study: str
    subject: str
    conditions: tuple[str, ...]
    locale: str
    time_zone: str
    readings: list[Recorded] = field(default_factory=list)
    left_out: int = 0  # rows that cannot be read: a 31st of June, a word in place of a number

    @property
    def name(self) -> str:
        return f"{self.study} {self.subject}"

    @property
    def length(self) -> timedelta:
        return self.readings[-1].at - self.readings[0].at


@dataclass(frozen=True)
class Format:
    """A kind of file: the columns it is known by, and what one row of it says."""

    study: str
    columns: frozenset[str]
    read: Callable[[Row], Iterable[Recorded]] | None
    subject: str = ""  # the column that names the person
    person: Callable[[Row], tuple[str, ...]] = lambda row: ()  # condition codes
    locale: str = "US"
    time_zone: str = "America/New_York"
    because: str = ""  # why it cannot be replayed


def _wire(kind: str, value: float, unit: str, source: str, **more: Any) -> Wire:
    return {"kind": kind, "value": value, "unit": unit, "source": source, **more}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None  # an empty cell, or a word in place of a number


def _broll(row: Row) -> Iterator[Recorded]:
    yield Recorded(datetime.fromisoformat(row["time"]), _wire("cgm", float(row["gl"]), "mg/dL", "Dexcom G4"))


def _shanghai(row: Row) -> Iterator[Recorded]:
    yield Recorded(datetime.fromisoformat(row["time"]), _wire("cgm", float(row["gl"]), "mg/dL", "FreeStyle Libre"))


def _shanghai_person(row: Row) -> tuple[str, ...]:
    return ("diabetes_t1", "insulin") if row["type"] == "T1DM" else ("diabetes_t2",)


def _jackson(row: Row) -> Iterator[Recorded]:
    at = datetime.fromisoformat(row["DateTime"])
    yield Recorded(at, _wire("bp", float(row["Sys.mmHg."]), "mm[Hg]", "home cuff", value2=float(row["Dias.mmHg."])))
    yield Recorded(at, _wire("hr", float(row["Pulse.bpm."]), "/min", "home cuff"))


_FITBIT_STUDY = (datetime(2016, 4, 12), datetime(2016, 5, 13))  # noqa: DTZ001 - see the top


def _fitbit_time(day: str, clock: str = "12:00:00 AM") -> datetime:
    """The copies write days as month-day-year or day-month-year, even within one file: only one of them lies in the study."""
    for form in ("%m-%d-%Y", "%d-%m-%Y"):
        try:
            at = datetime.strptime(f"{day} {clock}", f"{form} %I:%M:%S %p")  # noqa: DTZ007
        except ValueError:
            continue
        if _FITBIT_STUDY[0] <= at < _FITBIT_STUDY[1]:
            return at
    raise ValueError(f"{day} {clock} lies outside the study")


def _fitbit_hours(row: Row) -> Iterator[Recorded]:
    start = _fitbit_time(row["Date"], row["ActivityHour"])
    yield Recorded(start, _wire("steps", float(row["StepTotal"]), "{steps}", "Fitbit", seconds=3600))


def _fitbit_sleep(row: Row) -> Iterator[Recorded]:
    # The file tells the day of the waking only; the night is put at seven in the morning of that day.
    woke = _fitbit_time(row["SleepDay"]) + timedelta(hours=7)
    yield Recorded(woke, _wire("sleep", float(row["TotalMinutesAsleep"]), "min", "Fitbit"))


def _fitbit_weight(row: Row) -> Iterator[Recorded]:
    at = _fitbit_time(row["Date"], row["Unnamed: 2"])
    method = "self_reported" if row["IsManualReport"] == "True" else "device"
    yield Recorded(at, _wire("weight", round(float(row["WeightKg"]), 2), "kg", "Fitbit Aria", method=method))


# Column, kind, unit; the units are those that the data set's description tells.
_LIFESNAPS = (
    ("resting_hr", "rhr", "/min"),
    ("rmssd", "hrv_rmssd", "ms"),
    ("nightly_temperature", "skin_temp", "Cel"),
    ("minutesAsleep", "sleep", "min"),
)


def _lifesnaps(row: Row) -> Iterator[Recorded]:
    day = datetime.fromisoformat(row["date"])
    for column, kind, unit in _LIFESNAPS:
        value = _number(row[column])
        if value is not None and value > 0:
            yield Recorded(day + timedelta(hours=7), _wire(kind, round(value, 2), unit, "Fitbit Sense"))
    steps = _number(row["steps"])
    if steps is not None:
        # A day's total, spoken of the whole day.
        yield Recorded(day, _wire("steps", steps, "{steps}", "Fitbit Sense", seconds=86400))


# Glucose by meal slot; the other codes are insulin doses and events.
_AIM94 = frozenset({"48", *map(str, range(57, 65))})


def _aim94(row: Row) -> Iterator[Recorded]:
    value = _number(row["value"])
    if row["code"] in _AIM94 and value:
        at = datetime.strptime(f"{row['date_mdy']} {row['time']}", "%m-%d-%Y %H:%M")  # noqa: DTZ007
        yield Recorded(at, _wire("glucose", value, "mg/dL", "glucose meter"))


FORMATS = (
    Format("Broll CGM", frozenset({"id", "time", "gl"}), _broll, "id", lambda row: ("diabetes_t2",)),
    Format("Shanghai CGM", frozenset({"type", "pid", "rec", "time", "gl"}), _shanghai, "rec", _shanghai_person, "CN", "Asia/Shanghai"),
    Format("Home BP", frozenset({"DateTime", "Sys.mmHg.", "Dias.mmHg.", "Pulse.bpm."}), _jackson, "", lambda row: ("hypertension",)),
    Format("Fitbit", frozenset({"Id", "Date", "ActivityHour", "StepTotal"}), _fitbit_hours, "Id"),
    Format("Fitbit", frozenset({"Id", "SleepDay", "TotalMinutesAsleep"}), _fitbit_sleep, "Id"),
    Format("Fitbit", frozenset({"Id", "Date", "Unnamed: 2", "WeightKg"}), _fitbit_weight, "Id"),
    Format("LifeSnaps", frozenset({"id", "date", "resting_hr", "minutesAsleep"}), _lifesnaps, "id", locale="EU", time_zone="Europe/Athens"),
    Format(
        "AIM-94", frozenset({"patient", "date_mdy", "time", "code", "value"}), _aim94, "patient", lambda row: ("diabetes_t1", "insulin")
    ),
    Format("", frozenset({"Time_Elapsed", "SBP"}), None, because="it tells visits (baseline, 6 and 12 months), not times"),
    Format("", frozenset({"ActivityDate", "TotalSteps"}), None, because="it sums up by day what the hourly files tell by hour"),
    Format("", frozenset({"RecordID", "minute"}), None, because="it holds minutes of hospital stays, not of a life at home"),
)


def read(path: Path) -> list[Recording]:
    """This function will read a file into recordings, one per person, in the file's order of persons.

    Raises NoRecording, with the reason, for a file that is none or that cannot be timed.
    """
    try:
        with _opened(path) as lines:
            rows = csv.DictReader(lines)
            form = _format_of(frozenset(rows.fieldnames or ()))
            return _persons(form, rows)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile) as error:
        raise NoRecording("it is not a table of text") from error
    except KeyError as error:
        raise NoRecording(f"the column {error} is missing") from error


def _opened(path: Path) -> io.TextIOWrapper:
    raw = path.open("rb")
    return io.TextIOWrapper(gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw, encoding="utf-8-sig", newline="")


def _format_of(columns: frozenset[str]) -> Format:
    # The most telling first: the columns of one format may all stand in another.
    for form in sorted(FORMATS, key=lambda form: -len(form.columns)):
        if form.columns <= columns:
            if form.read is None:
                raise NoRecording(form.because)
            return form
    raise NoRecording("no known recording has these columns")


def _persons(form: Format, rows: Iterable[Row]) -> list[Recording]:
    found: dict[str, Recording] = {}
    for row in rows:
        subject = row[form.subject] if form.subject else ""
        if subject not in found:
            found[subject] = Recording(form.study, subject, form.person(row), form.locale, form.time_zone)
        try:
            found[subject].readings += form.read(row) if form.read is not None else ()
        except ValueError:
            found[subject].left_out += 1
    for recording in found.values():
        recording.readings.sort(key=lambda recorded: recorded.at)
    return [recording for recording in found.values() if recording.readings]


def together(recordings: Iterable[Recording]) -> list[Recording]:
    """This function will join recordings of one person of one study that came in several files."""
    found: dict[str, Recording] = {}
    for recording in recordings:
        if recording.name in found:
            one = found[recording.name]
            one.left_out += recording.left_out
            one.readings = sorted([*one.readings, *recording.readings], key=lambda recorded: recorded.at)
        else:
            found[recording.name] = recording
    return list(found.values())
