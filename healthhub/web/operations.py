"""The operator's page: is every part of the house well, since when, and what to do when it is not. Never a person's data."""

import platform
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n, ngettext
from redis import Redis
from redis.exceptions import RedisError

from healthhub.audit.models import Check
from healthhub.people import memberships
from healthhub.web.health import Part, parts
from healthhub.web.pages import PageRequest, page
from monitoring import beats, house
from monitoring.house import House, Waiting
from notifications import failed as given_up

BROKER_QUEUES = ("deliver", "assess", "import", "train")
WORKER_LATE, LIVE_LATE, SEAL_LATE = timedelta(seconds=60), timedelta(minutes=2), timedelta(minutes=5)
# Beyond the first a kind of work is slow, beyond the second somebody should look.
SLOW: dict[str, tuple[timedelta, timedelta]] = {
    "alerts": (timedelta(seconds=30), timedelta(minutes=2)),
    "notices": (timedelta(seconds=30), timedelta(minutes=2)),
    "silence": (timedelta(minutes=2), timedelta(minutes=15)),
    "assess": (timedelta(minutes=10), timedelta(hours=2)),
    "seals": (timedelta(minutes=2), timedelta(minutes=15)),
}
NAMES = {
    "web": _n("Web pages"),
    "database": _n("Database"),
    "broker": _n("Task broker"),
    "sweep": _n("Sweep"),
    "worker": _n("Worker"),
    "live": _n("Live connections"),
    "queues": _n("Work that is due"),
    "notices": _n("Notices"),
    "backup": _n("Backup"),
    "partitions": _n("Room for readings"),
    "log": _n("Access log"),
    "models": _n("Daily look at the models"),
}
# What to do when it is red: one or two sentences each, in the order in which one would try.
DO = {
    "database": _n(
        "Look whether PostgreSQL runs and its disk has room, then at its log. "
        "Nothing was acknowledged that is not stored; devices send again."
    ),
    "broker": _n("Start Redis or Valkey again; losing what it held is harmless. Until then the sweep does the work, a little later."),
    "sweep": _n(
        "Start the sweep process again (manage.py sweep). Nothing is lost: what is due stays due, "
        "but alerts climb and silence is noticed only when it runs."
    ),
    "worker": _n("Start the worker again and look at its log. Until then the sweep sends notices itself, more slowly; assessments wait."),
    "live": _n("Start the live process again. Open pages say that they are not connected, and catch up by themselves."),
    "queues": _n(
        "Look at the worker first: is it alive, is one task failing again and again? Add a second worker if there is simply too much."
    ),
    "notices": _n("Look at the reasons below, mend the gateway or address, then try again. Who was not reached may have to be phoned."),
    "backup": _n("Make a backup now, find out why the last one did not end, and let its last step touch the stamp file."),
    "partitions": _n("Run manage.py sweep --once; look at its output. Readings of next month could not be stored otherwise."),
    "log": _n(
        "Keep a copy of the database as it is, compare it with the anchor file on the other machine, and tell the data protection officer."
    ),
    "models": _n("Look at the worker's log. The models still answer; only their drift and calibration are not known."),
}
WAITING = {
    "alerts": _n("alerts to come back or climb"),
    "notices": _n("notices to be sent"),
    "assess": _n("risk assessments"),
    "silence": _n("silences to be told"),
    "seals": _n("log entries without their seal"),
    "summaries": _n("days to be summed up again"),
}
REASONS = {
    "opened": _n("a new alert"),
    "escalated": _n("an alert that climbed"),
    "came_back": _n("an alert that came back"),
    "break_glass": _n("a record opened in an emergency"),
    "undelivered": _n("undelivered notices"),
}
SENDERS = {"user": _n("People, by hand"), "token": _n("Devices and uploaders"), "system": _n("The system itself")}


@dataclass(frozen=True, slots=True)
class Light:
    """One part of the house: calm, amber, red or silent (not known), a sentence, since when, and what to do."""

    key: str
    tone: str
    says: str
    at: datetime | None = None

    @property
    def name(self) -> str:
        return gettext(NAMES[self.key])

    @property
    def do(self) -> str:
        return gettext(DO[self.key]) if self.tone in ("red", "amber") and self.key in DO else ""


@page("operator")
def operations(request: PageRequest) -> HttpResponse:
    """This function will show the whole page."""
    return render(request, "hh/operations.html", _context(request))


@page("operator")
def operations_part(request: PageRequest) -> HttpResponse:
    """This function will give what changes anew."""
    return render(request, "hh/operations_part.html", _context(request))


@page("operator", methods=("POST",))
def verify(request: PageRequest) -> HttpResponse:
    """This function will have the access log read by a worker."""
    house.verify_log(by=request.visit.viewer, now=request.visit.now)
    return render(request, "hh/operations_part.html", _context(request)) if request.htmx else redirect("operations")


@page("operator", methods=("POST",))
def try_again(request: PageRequest, notice_id: str) -> HttpResponse:
    """This function will have a notice tried again that was given up."""
    given_up.try_again(notice_id=notice_id, by=request.visit.viewer, now=request.visit.now)
    return render(request, "hh/operations_part.html", _context(request)) if request.htmx else redirect("operations")


def _context(request: PageRequest) -> dict[str, object]:
    visit = request.visit
    found = house.look(by=visit.viewer, now=visit.now)
    failed, count = given_up.failed(by=visit.viewer, now=visit.now)
    lights = [*_parts(visit.now), *_processes(found, visit.now), _queues(found, visit.now), _notices(count), *_keeping(found, visit.now)]
    order = {"red": 0, "amber": 1, "silent": 2, "calm": 3}
    return {
        "now": visit.now,
        "lights": sorted(lights, key=lambda light: order[light.tone]),
        "worst": min((light.tone for light in lights if light.tone != "silent"), key=lambda tone: order[tone]),
        "waiting": [(gettext(WAITING[one.name]), one, _tone(one, visit.now)) for one in found.waiting],
        "broker": _broker_lengths(),
        "failed": [(one, gettext(REASONS[one.reason]) if one.reason in REASONS else one.reason.replace("_", " ")) for one in failed],
        "failed_count": count,
        "taken_in": [(gettext(SENDERS.get(one.sender, one.sender)), one) for one in found.taken_in],
        "months": _months(found.months),
        "check": found.check,
        "checking": found.check is not None and found.check.ended_at is None and visit.now - found.check.asked_at < timedelta(minutes=30),
        "check_ended": found.check_ended,
        "facts": _facts(found),
        "second_factor": memberships.has_second_factor(visit.user),
    }


def _parts(now: datetime) -> list[Light]:
    """The web process answers, or this page would not be here."""
    lights = [Light("web", "calm", gettext("answers; you are reading it"), now)]
    for part in parts(now=now):
        if part.name != "sweep":
            lights.append(_part(part))
    return lights


def _part(part: Part) -> Light:
    return Light(part.name, "calm" if part.well else "red", gettext("answers") if part.well else gettext(part.detail))


def _processes(found: House, now: datetime) -> list[Light]:
    lights = []
    sweep = found.beats[beats.SWEEP]
    late = sweep is None or now - sweep > timedelta(seconds=60)
    lights.append(Light("sweep", "red" if late else "calm", gettext("last good round") if sweep else gettext("never ran"), sweep))
    ran = found.pulses["deliver"]
    late = ran is None or now - ran > WORKER_LATE
    lights.append(Light("worker", "red" if late else "calm", gettext("last task that ran") if ran else gettext("no task ever ran"), ran))
    live = found.beats[beats.LIVE]
    if live is None:
        lights.append(Light("live", "silent", gettext("nobody was ever connected, so there is no proof")))
    else:
        tone = "calm" if now - live < LIVE_LATE else "amber"
        lights.append(Light("live", tone, gettext("last proof: an open page was served"), live))
    looked = found.beats[beats.RISK_WATCH]
    late = looked is not None and now - looked > timedelta(hours=30)
    tone = "silent" if looked is None else "amber" if late else "calm"
    lights.append(Light("models", tone, gettext("last look") if looked else gettext("has not been done yet"), looked))
    return lights


def _tone(one: Waiting, now: datetime) -> str:
    if one.since is None or one.name not in SLOW:
        return "calm"
    slow, stuck = SLOW[one.name]
    age = now - one.since
    return "red" if age > stuck else "amber" if age > slow else "calm"


def _queues(found: House, now: datetime) -> Light:
    tones = {_tone(one, now): one for one in found.waiting}
    for tone in ("red", "amber"):
        if tone in tones:
            one = tones[tone]
            says = gettext("%(n)s %(what)s wait, the oldest since") % {"n": one.rows, "what": gettext(WAITING[one.name])}
            return Light("queues", tone, says, one.since)
    return Light("queues", "calm", gettext("nothing waits longer than it should"))


def _notices(count: int) -> Light:
    if count == 0:
        return Light("notices", "calm", gettext("none was given up"))
    return Light(
        "notices", "red", ngettext("%(n)s notice could not be delivered", "%(n)s notices could not be delivered", count) % {"n": count}
    )


def _keeping(found: House, now: datetime) -> list[Light]:
    return [_backup(now), _room(found), _log(found.check_ended, found, now)]


def _backup(now: datetime) -> Light:
    """The file is touched by whoever makes the backup; this service cannot know more than that."""
    if not settings.BACKUP_STAMP_FILE:
        return Light("backup", "amber", gettext("nobody tells this service of backups: set BACKUP_STAMP_FILE (see docs/settings.md)"))
    stamp = Path(settings.BACKUP_STAMP_FILE)
    if not stamp.exists():
        return Light("backup", "red", gettext("none has ended yet: the stamp file is not there"))
    at = datetime.fromtimestamp(stamp.stat().st_mtime, UTC)
    late = now - at > timedelta(hours=settings.BACKUP_MAX_HOURS)
    return Light("backup", "red" if late else "calm", gettext("the last one is too old") if late else gettext("last one ended"), at)


def _room(found: House) -> Light:
    if found.months_missing:
        return Light("partitions", "red", gettext("no partition for %(months)s") % {"months": _months(found.months_missing)})
    return Light("partitions", "calm", gettext("partitions until %(month)s") % {"month": _months(found.months[-1:])})


def _log(check: Check | None, found: House, now: datetime) -> Light:
    if check is not None and check.trouble_count:
        n = check.trouble_count
        says = ngettext("%(n)s place is not as it was written", "%(n)s places are not as they were written", n) % {"n": n}
        return Light("log", "red", says, check.ended_at)
    waiting = next(one for one in found.waiting if one.name == "seals")
    if waiting.since is not None and now - waiting.since > SEAL_LATE:
        return Light("log", "amber", gettext("entries wait for their seal"), waiting.since)
    if check is None:
        return Light("log", "silent", gettext("sealed, but never checked as a whole yet"), found.last_sealed)
    return Light("log", "calm", gettext("checked as a whole, nothing was changed"), check.ended_at)


def _months(months: list[tuple[int, int]]) -> str:
    return gettext(", ").join(f"{year}-{month:02d}" for year, month in months)


def _broker_lengths() -> list[tuple[str, int]]:
    """Hints in the broker; none where it does not answer, which the lights say already."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as broker:
            return [(queue, int(broker.llen(queue))) for queue in BROKER_QUEUES]
    except RedisError:
        return []


def _facts(found: House) -> list[tuple[str, str]]:
    return [
        (gettext("Database size"), f"{found.bytes / 1e6:,.0f} MB"),
        ("PostgreSQL", found.postgres.split(" ")[0]),
        ("Django", django.get_version()),
        ("Python", platform.python_version()),
        (gettext("Mode"), settings.MODE),
    ]
