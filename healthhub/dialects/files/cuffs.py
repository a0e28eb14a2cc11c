"""Tables that makers of blood-pressure cuffs export: OMRON connect and iHealth, one measurement a line. Pure.

By their documented columns: no recording of either was at hand.
"""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from healthhub.dialects.files.record import Record, bad, key_of, local, named, number

UPPER, LOWER = "SYS(mmHg)", "DIA(mmHg)"
OMRON, IHEALTH = "Measurement Date", "Pulse(Beats/Min)"
OMRON_TIMES = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S")
IHEALTH_TIMES = ("%b %d, %Y %H:%M", "%b %d, %Y %I:%M %p", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
IRREGULAR = "Irregular heartbeat"
NOTHING = ("", "-", "0", "no", "none", "not detected")
Row = Mapping[str, str]


def is_omron(heading: str) -> bool:
    """This function will tell a heading of OMRON connect's table."""
    return all(name in heading for name in (OMRON, UPPER, LOWER))


def is_ihealth(heading: str) -> bool:
    """This function will tell a heading of iHealth's table."""
    return all(name in heading for name in (UPPER, LOWER, IHEALTH))


def omron(where: int, row: Row, zone: tzinfo) -> list[Record]:
    """This function will translate a row of OMRON connect; its zone, where it names one, is taken for hers."""
    told = _cell(row, "Timezone", "Time Zone")
    try:
        zone = ZoneInfo(told) if "/" in told else zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [bad(where, "Timezone", "bad_time")]
    source = named(f"OMRON {_cell(row, 'Device', 'Device Model Name')}", "OMRON")
    context: dict[str, object] = {} if _cell(row, IRREGULAR).lower() in NOTHING else {"irregular_heartbeat": True}
    return _measured(where, row, (OMRON, row.get(OMRON, ""), OMRON_TIMES, zone), source, "Pulse(bpm)", context)


def ihealth(where: int, row: Row, zone: tzinfo) -> list[Record]:
    """This function will translate a row of iHealth's table; its times are of the patient's zone."""
    note = row.get("Note", "").strip()
    when = ("Date", f"{row.get('Date', '')} {row.get('Time', '')}", IHEALTH_TIMES, zone)
    return _measured(where, row, when, "iHealth", IHEALTH, {"note": note[:400]} if note else {})


def _cell(row: Row, *names: str) -> str:
    return next((row[name].strip() for name in names if name in row), "")


def _measured(
    where: int, row: Row, when: tuple[str, str, tuple[str, ...], tzinfo], source: str, pulse: str, context: dict[str, object]
) -> list[Record]:
    column, text, forms, zone = when
    at = _time(text, forms, zone)
    if at is None:
        return [bad(where, column, "bad_time")]
    frame: dict[str, object] = {"at": at, "source": source} | ({"context": context} if context else {})
    found = []
    try:
        values = {"value": number(row.get(UPPER, "")), "value2": number(row.get(LOWER, ""))}
        found.append(Record(where, frame | values | {"kind": "bp", "unit": "mm[Hg]", "key": key_of("bp", at, source)}))
    except ValueError:
        found.append(bad(where, UPPER))
    if beats := row.get(pulse, "").strip().strip("-"):
        try:
            found.append(Record(where, frame | {"kind": "hr", "value": number(beats), "unit": "/min", "key": key_of("hr", at, source)}))
        except ValueError:
            found.append(bad(where, pulse))
    return found


def _time(text: str, forms: tuple[str, ...], zone: tzinfo) -> str | None:
    text = re.sub(r"\s+", " ", text).strip()
    for form in forms:
        try:
            return local(text, form, zone)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()
