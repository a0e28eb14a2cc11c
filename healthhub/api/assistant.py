"""What a patient's own assistant may look up with a device token of hers: readings, trends, alerts, risk. It changes nothing.

Every look asks for the token anew and stands in the access log.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from healthhub.api import readings
from healthhub.lib.refused import Invalid, NotAllowed
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records.stretch import Stretch
from monitoring import alert_search
from monitoring.models import Alert
from risk import standings

MOST_DAYS, MOST = 366, 500
LANGUAGES = ("en", "zh-hans")


def viewer(secret: str, *, now: datetime) -> Viewer:
    """This function will give the token as it is now. Raises BadToken; NotAllowed `not_read_only` for one that could write."""
    found = access.viewer_of_token(secret, now)
    if found.may_write or not found.may_read:
        raise NotAllowed("An assistant is given a token that may read and not write.", code="not_read_only")
    return found


def look_readings(secret: str, *, now: datetime, kind: str = "", days: int = 30, limit: int = 200) -> dict[str, Any]:
    """This function will give her readings of so many days, newest first, of one kind of the catalogue or of all."""
    by, since = viewer(secret, now=now), _since(days, now)
    _check("limit", limit, MOST)
    opened = readings.open_for(by, str(by.patient_id), kinds=[kind] if kind else None, now=now)
    return _plain(readings.page(opened, since=since, until=now, limit=limit, before=None))


def look_trend(secret: str, *, now: datetime, kind: str, days: int = 90) -> dict[str, Any]:
    """This function will give count, lowest, mean and highest of each of her days, of one kind."""
    by, since = viewer(secret, now=now), _since(days, now)
    opened = readings.open_for(by, str(by.patient_id), kinds=[kind], now=now)
    return _plain(readings.buckets(opened, resolution="1d", since=since, until=now, unit=None))


def look_alerts(secret: str, *, now: datetime, days: int = 90, limit: int = 50) -> dict[str, Any]:
    """This function will give her alerts of so many days, newest first, in the words that she herself is told."""
    by = _unlimited(viewer(secret, now=now))
    _check("limit", limit, MOST)
    wanted = Stretch(limit=limit, since=_since(days, now))
    found = alert_search.search(viewer=by, patient_id=str(by.patient_id), wanted=wanted, now=now)
    return _plain({"alerts": [_alert(one) for one in found]})


def look_risk(secret: str, *, now: datetime) -> dict[str, Any]:
    """This function will say where she stands with each model that speaks to patients: value, 90 % interval, band, sentence."""
    by = _unlimited(viewer(secret, now=now))
    return _plain({"models": standings.current(viewer=by, patient_id=str(by.patient_id), now=now)})


def _unlimited(by: Viewer) -> Viewer:
    """An alert or a risk may rest on any kind of reading."""
    if by.kinds:
        raise NotAllowed("A token limited to some kinds of readings hears neither alerts nor risks.", code="outside_scope")
    return by


def _alert(one: Alert) -> dict[str, Any]:
    told = one.evidence.get("texts", {}).get("patient", {})
    return {
        "id": one.id,
        "severity": one.severity,
        "state": one.state,
        "opened_at": one.opened_at,
        "closed_at": one.closed_at,
        "text": {language: told.get(language, "") for language in LANGUAGES},
    }


def _since(days: int, now: datetime) -> datetime:
    _check("days", days, MOST_DAYS)
    return now - timedelta(days=days)


def _check(name: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise Invalid(f"This must be from 1 to {most}.", code="out_of_range", field=name)


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain
