"""The small drawing beside an alert: the readings before it with the limits it went by."""

from datetime import timedelta

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY, SUSPICIOUS
from healthhub.web import shown
from healthhub.web.pages import Visit
from healthhub.web.svg import Dot, sparkline
from monitoring.models import Alert

BEFORE = timedelta(days=14)
MOST = 200


def spark(alert: Alert, visit: Visit) -> SafeString:
    """This function will draw two weeks of the kind the alert is about, up to its newest evidence; nothing where it rests on no reading."""
    kinds = [one["kind"] for one in alert.evidence.get("inputs", []) if one.get("kind") in BY_KEY]
    if not kinds or kinds[0].startswith("symptom_") or BY_KEY[kinds[0]].codes:
        return SafeString()
    kind = BY_KEY[kinds[0]]
    unit = shown.unit_of(kind, visit.glucose_unit, visit.own_units)
    _, classes = access.classes_open(visit.viewer, alert.patient_id, action="read", now=visit.now)
    until = alert.last_evidence_at + timedelta(hours=1)
    found = readings.history(patient_id=alert.patient_id, classes=classes, since=until - BEFORE, until=until, limit=MOST, kinds=[kind.key])
    if len(found) < 2:
        return SafeString()

    def dot(one: readings.Seen) -> Dot:
        low = None if one.value2 is None else from_canonical(one.value2, unit=unit, kind=kind)
        return Dot(shown.days_since_epoch(one.at), from_canonical(one.value, unit=unit, kind=kind), low, bool(one.flags & SUSPICIOUS))

    dots = [dot(one) for one in reversed(found)]
    limits = [float(limit["value"]) for limit in alert.evidence.get("limits", []) if limit.get("unit") == unit]
    label = gettext("%(kind)s in the two weeks before this alert") % {"kind": shown.both(kind.name)}
    scale = shown.scale_for(kind, unit=unit, dots=dots, small=True)
    start = max(dots[0].x - 0.5, shown.days_since_epoch(until - BEFORE))
    return sparkline(dots, since=start, until=dots[-1].x, scale=scale, limits=limits, label=label)
