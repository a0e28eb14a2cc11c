"""How the house itself is: what waits and for how long, the log, the partitions, the database. Nothing about any person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from healthhub.audit import checks
from healthhub.audit.models import Check
from healthhub.lib.refused import NotAllowed
from healthhub.live import wake
from healthhub.people.access import Viewer
from healthhub.records import partitions
from monitoring import beats
from notifications import operators
from notifications.models import Pulse

WORKERS = ("deliver",)

# What is due or unfinished, by the room that looks after it: how many rows, and since when the oldest of them waits.
_WAITING = """
SELECT 'alerts', count(*), min(due_at) FROM monitoring_alert WHERE due_at <= %(now)s
UNION ALL SELECT 'notices', count(*), min(due_at) FROM notifications_notice WHERE state = 'pending' AND due_at <= %(now)s
UNION ALL SELECT 'assess', count(*), min(due_at) FROM risk_standing WHERE due_at <= %(now)s
UNION ALL SELECT 'silence', count(*), min(due_at) FROM monitoring_expected WHERE due_at <= %(now)s
UNION ALL SELECT 'seals', count(*), min(at) FROM audit_entry WHERE hash IS NULL
UNION ALL SELECT 'summaries', count(*), NULL FROM records_stale
"""
# The newest writes: what was sent, and how much of it was new. The rest was a repetition, a correction, or refused.
_TAKEN_IN = """
SELECT actor_kind, count(*), sum((detail->>'sent')::int), sum((detail->>'new')::int) FROM (
    SELECT actor_kind, did, detail, at FROM audit_entry WHERE id > (SELECT coalesce(max(id), 0) FROM audit_entry) - 20000
) newest WHERE did = 'observations.write' AND at > %s AND detail ? 'sent' GROUP BY actor_kind ORDER BY 2 DESC
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work: rows that wait, and since when the oldest does (None: nothing waits, or its age is not known)."""

    name: str
    rows: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one kind of sender (user, token) brought of late: requests, readings sent, readings that were new."""

    sender: str
    requests: int
    sent: int
    new: int


@dataclass(frozen=True, slots=True)
class House:
    """All an operator looks at. Times are moments; `pulses` and `beats` are of when something last ran well."""

    waiting: list[Waiting]
    pulses: dict[str, datetime | None]
    beats: dict[str, datetime | None]
    months: list[tuple[int, int]]
    months_missing: list[tuple[int, int]]
    last_sealed: datetime | None
    check: Check | None
    check_ended: Check | None
    taken_in: list[TakenIn]
    bytes: int
    postgres: str


def look(*, by: Viewer, now: datetime) -> House:
    """This function will look at the whole house; for operators (NotAllowed)."""
    _operator(by, now)
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"now": now})
        waiting = [Waiting(*row) for row in cursor.fetchall()]
        cursor.execute(_TAKEN_IN, [now - timedelta(days=1)])
        taken_in = [TakenIn(*row) for row in cursor.fetchall()]
        cursor.execute("SELECT at FROM audit_entry WHERE hash IS NOT NULL ORDER BY id DESC LIMIT 1")
        sealed = cursor.fetchone()
        cursor.execute("SELECT pg_database_size(current_database()), current_setting('server_version')")
        size, postgres = cursor.fetchone()
    pulses = dict(Pulse.objects.values_list("name", "ran_at"))
    months = partitions.present()
    return House(
        waiting=waiting,
        pulses={name: pulses.get(name) for name in WORKERS},
        beats={name: beats.last(name=name) for name in (beats.SWEEP, beats.LIVE, beats.RISK_WATCH, beats.PARTITIONS)},
        months=months,
        months_missing=[month for month in _ahead(now) if month not in months],
        last_sealed=sealed[0] if sealed else None,
        check=checks.last(),
        check_ended=checks.last_ended(),
        taken_in=taken_in,
        bytes=size,
        postgres=postgres,
    )


def verify_log(*, by: Viewer, now: datetime) -> Check:
    """This function will have a worker read the whole log; for operators (NotAllowed). Conflict while one is at it."""
    _operator(by, now)
    check = checks.ask(by=by, now=now)
    wake.worker_on_commit(task=checks.VERIFY, each=[{"check_id": str(check.id)}], queue="train")
    return check


def _ahead(now: datetime) -> list[tuple[int, int]]:
    """This month and the next: without them readings of tomorrow have no place."""
    today = now.astimezone(UTC)
    month = (today.year, today.month)
    return [month, (month[0] + month[1] // 12, month[1] % 12 + 1)]


def _operator(by: Viewer, now: datetime) -> None:
    if by.user_id not in operators.on_watch(now=now):
        raise NotAllowed("Only an operator may do this.", code="operators_only")
