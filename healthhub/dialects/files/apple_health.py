"""Apple Health's export.xml, streamed: no tree, no entities, no network; memory does not grow with the file."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO
from xml.parsers import expat

from healthhub.dialects.files.record import Record, Records, bad, key_of_text, named, not_kept, number
from healthhub.lib.refused import Invalid

CHUNK = 64 * 1024
# Without a new element within this many bytes the file is not an export but an attack on the parser's buffer.
LONGEST = 1024 * 1024
QUANTITY, CATEGORY = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
KINDS = {
    "HeartRate": "hr",
    "RestingHeartRate": "rhr",
    "HeartRateVariabilitySDNN": "hrv_sdnn",
    "OxygenSaturation": "spo2",
    "RespiratoryRate": "rr",
    "BodyTemperature": "temp",
    "BodyMass": "weight",
    "Height": "height",
    "BodyMassIndex": "bmi",
    "WaistCircumference": "waist",
    "BodyFatPercentage": "body_fat",
    "BloodGlucose": "glucose",
    "StepCount": "steps",
    "DistanceWalkingRunning": "distance",
    "ActiveEnergyBurned": "active_energy",
    "BasalEnergyBurned": "basal_energy",
    "VO2Max": "vo2max",
}
KIND_OF = {QUANTITY + name: kind for name, kind in KINDS.items()}
UNITS = {
    "count/min": "/min",
    "degC": "Cel",
    "degF": "[degF]",
    "lb": "[lb_av]",
    "in": "[in_i]",
    "mi": "[mi_us]",
    "Cal": "kcal",
    "mL/min·kg": "mL/(kg.min)",
}
# What UCUM has no plain word for: (factor, unit).
FACTORS = {"ft": (0.3048, "m"), "st": (6.35029318, "kg"), "kJ": (1 / 4.184, "kcal")}
HALF_KEEPS = ("sourceName", "unit", "startDate", "endDate")
MOST_SINGLES = 50_000  # halves of blood pressures that wait for their other half
# HealthKit's fractions are written with a per cent sign: 0.97 %.
FRACTIONS = {"spo2", "body_fat"}
OWN_UNIT = {"steps": "{steps}", "bmi": "kg/m2"}
SLEEP = {f"HKCategoryValueSleepAnalysisAsleep{stage}" for stage in ("", "Unspecified", "Core", "Deep", "REM")}
PRESSURE = "HKCorrelationTypeIdentifierBloodPressure"
HALVES = {QUANTITY + "BloodPressureSystolic": "value", QUANTITY + "BloodPressureDiastolic": "value2"}


def read(stream: BinaryIO) -> Records:
    """This function will yield every Record, blood pressure as one reading. `where` numbers the records from 1.

    Raises Invalid: `hostile_xml` for entities, defaults in the DTD and endless tokens; `not_xml` for what breaks off or is none.
    """
    export = _Export()
    while True:
        chunk = stream.read(CHUNK)
        try:
            export.parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise Invalid("The XML is broken or breaks off.", code="not_xml", field=f"line {error.lineno}") from error
        if not chunk:
            export.tell_singles()
        yield from export.ready
        export.ready.clear()
        export.check_progress(len(chunk))
        if not chunk:
            return


class _Export:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.EntityDeclHandler = self._hostile
        self.parser.ExternalEntityRefHandler = self._outside
        self.parser.AttlistDeclHandler = self._attlist
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.ready: list[Record] = []
        self.count = 0
        self.silent = 0
        self.depth = 0
        self.pressure: dict[str, str] | None = None
        self.singles: dict[tuple[str, str], dict[str, str]] = {}
        self.told: set[tuple[str | None, ...]] = set()

    def check_progress(self, size: int) -> None:
        self.silent += size
        if self.silent > LONGEST:
            self._hostile()

    def _hostile(self, *_: Any) -> None:
        raise Invalid("The XML is built to do harm; no export looks like this.", code="hostile_xml")

    def _outside(self, _context: str, _base: str | None, _system: str | None, _public: str | None) -> int:
        self._hostile()
        return 0

    def _attlist(self, _element: str, _name: str, _type: str, default: str | None, _required: bool) -> None:
        if default is not None:
            self._hostile()

    def _start(self, name: str, given: dict[str, str]) -> None:
        self.silent = 0
        self.depth += 1
        if self.depth == 1 and name != "HealthData":
            raise Invalid("This is not Apple Health's export.xml.", code="unknown_file", field=name[:80])
        if name == "Record":
            half = HALVES.get(given.get("type", ""))
            if half is None:
                self.count += 1
                self.ready.append(translated(self.count, given))
            elif self.pressure is not None:
                self.pressure[half] = given.get("value", "")
                self.pressure["unit"] = given.get("unit", "")
            else:
                self._single(half, given)
        elif name == "Correlation" and given.get("type") == PRESSURE:
            self.pressure = given
        if self.depth > 16:
            self._hostile()

    def _single(self, half: str, given: dict[str, str]) -> None:
        """Both halves stand somewhere in the file, with the same source and start; with a Correlation they are told there already."""
        if len(self.singles) >= MOST_SINGLES:
            self.tell_singles()
        where = (given.get("sourceName", ""), given.get("startDate", ""))
        pair = self.singles.setdefault(where, {name: given[name] for name in HALF_KEEPS if name in given} | {"type": PRESSURE})
        pair[half] = given.get("value", "")

    def tell_singles(self) -> None:
        """This function will tell the pressures that no Correlation told, and refuse each half whose other half never came."""
        for (_, start), pair in self.singles.items():
            if (start, pair.get("value"), pair.get("value2")) not in self.told:
                self.count += 1
                whole = "value" in pair and "value2" in pair
                self.ready.append(_pair(self.count, pair) if whole else bad(self.count, "BloodPressure", "one_of_two"))
        self.singles.clear()
        self.told.clear()

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.pressure is not None and name == "Correlation":
            self.count += 1
            self.ready.append(_pair(self.count, self.pressure))
            if len(self.told) < MOST_SINGLES:
                self.told.add((self.pressure.get("startDate"), self.pressure.get("value"), self.pressure.get("value2")))
            self.pressure = None


def _iso(text: str) -> str:
    """`2014-09-13 10:27:54 +0100`, as ISO 8601. A file has millions of them: cutting is quicker than parsing and writing again."""
    if len(text) != 25:
        raise ValueError("not a time of an export")
    return f"{text[:10]}T{text[11:19]}{text[20:23]}:{text[23:]}"


def _frame(given: Mapping[str, str]) -> dict[str, Any]:
    get, began, ended = given.get, given["startDate"], given["endDate"]
    at = _iso(began)
    start = datetime.fromisoformat(at)
    same = f"{get('type')}\x1f{began}\x1f{ended}\x1f{get('value')}\x1f{get('value2')}\x1f{get('unit')}"
    frame: dict[str, Any] = {"at": at, "source": named(get("sourceName", ""), "Apple Health"), "key": key_of_text(same)}
    if ended != began:
        seconds = (datetime.fromisoformat(_iso(ended)) - start).total_seconds()
        if seconds < 0:
            raise ValueError("ends before it starts")
        frame["seconds"] = int(seconds)
    return frame


@lru_cache(1024)
def _unit(kind: str, unit: str) -> str:
    if unit.startswith("mmol<"):
        unit = "mmol/L"
    return "1" if kind in FRACTIONS and unit == "%" else OWN_UNIT.get(kind) or UNITS.get(unit, unit)


def translated(where: int, given: Mapping[str, str]) -> Record:
    """This function will turn one Record element's attributes into a reading or its refusal."""
    what = given.get("type", "")
    kind = KIND_OF.get(what)
    if kind is None and not (what == CATEGORY + "SleepAnalysis" and given.get("value") in SLEEP):
        return not_kept(where, what)
    try:
        frame = _frame(given)
    except (ValueError, KeyError):
        return bad(where, "startDate", "bad_time")
    if kind is None:
        frame["kind"], frame["value"], frame["unit"] = "sleep", frame.get("seconds", 0) / 60, "min"
        return Record(where, frame)
    try:
        frame["value"] = number(given.get("value"))
    except ValueError:
        return bad(where, "value")
    unit = given.get("unit", "")
    if unit in FACTORS:
        factor, unit = FACTORS[unit]
        frame["value"] = round(frame["value"] * factor, 6)
    frame["kind"], frame["unit"] = kind, _unit(kind, unit)
    return Record(where, frame)


def _pair(where: int, given: dict[str, str]) -> Record:
    try:
        frame = _frame(given)
    except (ValueError, KeyError):
        return bad(where, "startDate", "bad_time")
    try:
        pair = {"value": number(given.get("value")), "value2": number(given.get("value2"))}
    except ValueError:
        return bad(where, "BloodPressure")
    return Record(where, frame | pair | {"kind": "bp", "unit": {"mmHg": "mm[Hg]"}.get(given.get("unit", ""), given.get("unit", ""))})
