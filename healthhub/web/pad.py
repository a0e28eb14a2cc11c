"""What the logging page must know to answer at once, also without network: ranges, units, what is usual for her, and the rules."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, Kind
from healthhub.records.shown import Seen
from healthhub.web import shown
from healthhub.web.pages import Visit
from monitoring import plans

# How far from the middle of the last seven a value may lie before the page asks "really?".
FAR: Mapping[str, float] = {"bp": 40, "weight": 5, "hr": 50, "glucose": 10}
LAST = 7
RECENT = timedelta(hours=2)


def knowledge(visit: Visit, patient: Patient, kinds: Sequence[str], *, emergency: str) -> dict[str, Any]:
    """This function will gather the page's JSON for these kinds of one patient; what the viewer may not read is left out."""
    allowed = access.classes_allowed(visit.viewer, patient, action="read", now=visit.now)
    since = visit.now - timedelta(days=60)
    return {
        "patient": str(patient.id),
        "emergency": emergency,
        "kinds": {key: _kind(BY_KEY[key]) for key in kinds},
        "rules": plans.at_once(patient_id=patient.id, kinds=kinds, now=visit.now),
        "before": {
            key: _before(
                readings.history(patient_id=patient.id, classes=allowed, since=since, until=visit.now, limit=LAST, kinds=[key]), visit, key
            )
            for key in kinds
        },
    }


def _kind(kind: Kind) -> dict[str, Any]:
    units = {}
    for unit in shown.OWN_UNITS.get(kind.key, (kind.unit,)):
        factor, offset = kind.units[unit]
        units[unit] = {
            "word": shown.unit_words(unit),
            "digits": kind.precision_in.get(unit, kind.precision),
            "factor": factor,
            "offset": offset,
            "limits": kind.limits_in.get(unit, kind.limits),
        }
    return {
        "name": dict(kind.name),
        "unit": kind.unit,
        "units": units,
        "hard2": kind.hard2,
        "soft2": kind.soft2,
        "gap": None if kind.gap is None else [kind.gap[0], min(kind.gap[1], 1e6)],
        "far": FAR.get(kind.key),
    }


def _before(found: Sequence[Seen], visit: Visit, key: str) -> dict[str, Any]:
    """The middle of her last values, and those so fresh that one more of the same confirms them (canonical)."""
    recent = [{"at": one.at.isoformat(), "value": one.value, "value2": one.value2} for one in found if visit.now - one.at < RECENT]
    return {"usual": median(one.value for one in found) if len(found) == LAST else None, "recent": recent}


def ghost(last: Seen | None, kind: Kind, unit: str, *, second: bool) -> str:
    """This function will give the last value as it stands grey in an empty box, in the unit she types in."""
    value = None if last is None else last.value2 if second else last.value
    if value is None:
        return ""
    digits = kind.precision_in.get(unit, kind.precision)
    return f"{from_canonical(value, unit=unit, kind=kind):.{digits}f}"
