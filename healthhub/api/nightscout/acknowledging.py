"""Taking alarms in hand with a token that has this right, over HTTP and sockets alike."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from healthhub.api.nightscout.door import Caller, Door, answer
from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed
from healthhub.people import tokens
from healthhub.people.access import Viewer
from monitoring import alerts
from monitoring.models import LIVE_STATES, Alert, Severity

LEVELS = {Severity.RED: 2, Severity.URGENT: 2, Severity.AMBER: 1, Severity.WATCH: 0, Severity.INFO: 0}
USUAL, LONGEST = timedelta(minutes=30), timedelta(hours=24)


def acknowledge(caller: Caller, *, level: int, silence: timedelta) -> int:
    """This function will take the alerts of a level that nobody has in hand for so long, and give how many there were.

    It is done in the name of the person who gave the token this right, and she must have it herself at this moment. Raises NotAllowed.
    """
    viewer = caller.viewer
    person = tokens.person_behind(viewer.token_id) if viewer.token_id and not viewer.kinds else None
    if person is None:
        raise NotAllowed
    severities = [severity for severity, its in LEVELS.items() if its == level]
    open_ = Alert.objects.filter(patient_id=caller.patient_id, state__in=LIVE_STATES, severity__in=severities, acknowledged_by=None)
    return sum([_taken(viewer, person, alert, until=caller.now + silence, now=caller.now) for alert in open_])


def _taken(token: Viewer, person: Viewer, alert: Alert, *, until: datetime, now: datetime) -> bool:
    try:
        alerts.acknowledge(alert_id=alert.id, by=person, until=until, now=now)
    except Conflict:
        return False
    log.record(by=token, did="alert.acknowledge", patient_id=alert.patient_id, about=alerts.about(alert), now=now)
    return True


class Acknowledge(Door):
    """GET notifications/ack?level=1|2&group=default&time=ms."""

    needs: ClassVar = {"GET": "any"}

    def get(self, request: HttpRequest) -> HttpResponse:
        level, lasts = request.GET.get("level", ""), request.GET.get("time", str(USUAL // timedelta(milliseconds=1)))
        if level not in ("1", "2"):
            raise Invalid("The level is 1 or 2.", code="bad_level", field="level")
        if not (lasts.isascii() and lasts.isdigit() and len(lasts) < 10 and timedelta() < timedelta(milliseconds=int(lasts)) <= LONGEST):
            raise Invalid("The time is at most a day, in milliseconds.", code="out_of_range", field="time")
        acknowledge(self.caller, level=int(level), silence=timedelta(milliseconds=int(lasts)))
        return answer({})
