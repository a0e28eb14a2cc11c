"""Is the process alive, and can it serve: for load balancers, and in words for the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _n
from django.views.decorators.cache import never_cache
from redis import Redis
from redis.exceptions import RedisError

from monitoring import beats

SWEEP_LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the service: whether it answers, and whether pages can be served without it."""

    name: str
    well: bool
    needed: bool
    detail: str = ""


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """This function will say that the process answers; it asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """This function will answer 200 when database, broker and sweep are well, else 503 and which of them is not.

    Without the broker pages are only slower to change, and without the sweep nothing that is due is done: both are a reason
    to call someone, so both count.
    """
    found = parts(now=timezone.now())
    body = {part.name: {"ok": part.well, "detail": part.detail} for part in found}
    return JsonResponse(body, status=200 if all(part.well for part in found) else 503)


def parts(*, now: datetime) -> list[Part]:
    """This function will ask each part of the service how it is."""
    database = _database()
    return [database, _broker(), _sweep(now) if database.well else Part("sweep", False, False, _n("unknown: the database does not answer"))]


def _database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Part("database", False, True, _n("does not answer"))
    return Part("database", True, True)


def _broker() -> Part:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            broker.ping()
    except RedisError:
        return Part("broker", False, False, _n("does not answer"))
    return Part("broker", True, False)


def _sweep(now: datetime) -> Part:
    last = beats.last(name=beats.SWEEP)
    if last is None:
        return Part("sweep", False, False, _n("never ran"))
    if now - last > SWEEP_LATE:
        return Part("sweep", False, False, _n("no successful round for over a minute"))
    return Part("sweep", True, False)
