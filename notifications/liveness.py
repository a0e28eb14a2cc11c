"""Proof of life: a worker is alive when a task ran, not when its process is up; the service is, when somebody outside hears so."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from healthhub.live import wake
from notifications.models import Pulse
from notifications.transports import TransportError, http

logger = logging.getLogger(__name__)

CANARY = "notifications.canary"
ASK_EVERY = timedelta(seconds=15)
SILENT_AFTER = timedelta(seconds=60)
QUEUES = ("deliver",)


def ask(*, now: datetime, queues: Sequence[str] = QUEUES) -> None:
    """This function will send one small task to each queue that was not asked within the last 15 s. The sweep calls it."""
    with transaction.atomic():
        for queue in queues:
            Pulse.objects.get_or_create(name=queue, defaults={"asked_at": now - ASK_EVERY})
            asked = Pulse.objects.filter(name=queue, asked_at__lte=now - ASK_EVERY).update(asked_at=now)
            if asked:
                wake.worker_on_commit(task=CANARY, each=[{"name": queue}], queue=queue)


def sings(*, name: str, now: datetime) -> None:
    """This function will note that a worker of this queue ran a task just now."""
    Pulse.objects.filter(name=name).update(ran_at=now)


def silent(*, now: datetime) -> dict[str, timedelta | None]:
    """This function will name the queues whose workers ran nothing for a minute, and for how long (None: never yet)."""
    return {
        pulse.name: None if pulse.ran_at is None else now - pulse.ran_at
        for pulse in Pulse.objects.all()
        if pulse.ran_at is None or now - pulse.ran_at > SILENT_AFTER
    }


def ping_dead_man() -> bool:
    """This function will tell the watchman outside (DEAD_MAN_URL) that the sweep goes round; who hears nothing raises the alarm.

    True when there is none to tell, or he heard it. Never raises for the network's sake.
    """
    url = settings.DEAD_MAN_URL
    if not url:
        return True
    try:
        answer = http.send(url, body=b"", headers={"User-Agent": "HealthHub", "Content-Length": "0"})
    except TransportError as error:
        logger.warning("The dead-man's switch at %s was not reached: %s", urlsplit(url).hostname, error)
        return False
    return answer.is_taken
