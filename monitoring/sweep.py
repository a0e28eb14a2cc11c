"""What is due: every few seconds, in any number of processes at once. Time lives in columns; this only looks at them.

Each part works in its own small transactions with SKIP LOCKED. One part that fails is logged and does not hold up the others;
it is tried again at the next round, and /readyz and the dead-man's switch tell when no round succeeds.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction

from healthhub.audit import log
from healthhub.live import wake
from healthhub.people import breakglass, smart
from healthhub.records import bulk, exports, partitions, summaries
from monitoring import alerts, beats, deliveries, expected, pulls, subscriptions, uploads
from notifications import deliver
from risk import due

logger = logging.getLogger(__name__)
PARTITIONS_EVERY = timedelta(hours=1)
WATCH_EVERY = timedelta(days=1)
ASK_AGAIN = timedelta(minutes=10)
ASKED_TO_WATCH = "watch_asked"


def parts(now: datetime) -> dict[str, Callable[[], object]]:
    """This function will name what one round does, in order: people's alerts first, housekeeping last."""
    return {
        "alerts": lambda: alerts.handle_due(now=now),
        "silence": lambda: expected.handle_due(now=now),
        "notices": lambda: deliver.sweep(now=now),
        "risk": lambda: due.hand_out(now=now),
        "models": lambda: _models(now),
        "break_glass": lambda: breakglass.end_due(now=now),
        "audit": lambda: log.seal(now=now),
        "summaries": lambda: summaries.refresh_some(limit=200),
        "pulls": lambda: pulls.hand_out(now=now),
        "exports": lambda: exports.hand_out(now=now),
        "bulk": lambda: bulk.hand_out(now=now),
        "subscriptions": lambda: subscriptions.hand_out(now=now),
        "imports": lambda: uploads.hand_out(now=now),
        "partitions": lambda: _partitions(now),
    }


def one_round(*, now: datetime, also: Mapping[str, Callable[..., object]] = MappingProxyType({})) -> dict[str, object]:
    """This function will do one round and give each part's count; a part that the database refused is None.

    `also` are parts of rooms above this one, each asked with `now`.

    Raises OperationalError when the database is away.
    """
    done: dict[str, object] = {}
    more = {name: partial(part, now=now) for name, part in also.items()}
    for name, part in (parts(now) | more).items():
        try:
            done[name] = part()
        except OperationalError:
            # The database is away: the rest of the round would only wait for it in vain.
            connection.close()
            raise
        except DatabaseError:
            logger.exception("sweep: %s failed; the next round tries again", name)
            connection.close()
            done[name] = None
    if all(result is not None for result in done.values()):
        beats.went_well(name=beats.SWEEP, now=now)
    return done


def _models(now: datetime) -> int:
    """The day's look at the models is asked for until it was taken, every ten minutes at most."""
    last, asked = beats.last(name=beats.RISK_WATCH), beats.last(name=ASKED_TO_WATCH)
    if (last is not None and last > now - WATCH_EVERY) or (asked is not None and asked > now - ASK_AGAIN):
        return 0
    beats.went_well(name=ASKED_TO_WATCH, now=now)
    with transaction.atomic():
        wake.worker_on_commit(task=due.WATCH, each=[{}], queue="assess")
    return 1


def _partitions(now: datetime) -> int:
    last = beats.last(name="partitions")
    if last is not None and last > now - PARTITIONS_EVERY:
        return 0
    partitions.ensure_ahead(now=now)
    deliveries.drop_old(now=now)
    smart.forget_expired(now=now)
    dropped = partitions.drop_before(now=now, months=settings.RETENTION_MONTHS) if settings.RETENTION_MONTHS else []
    beats.went_well(name="partitions", now=now)
    return len(dropped)
