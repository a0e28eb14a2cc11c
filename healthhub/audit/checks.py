"""Readings of the whole log for tampering: asked for by an operator, done by a worker, kept as rows with what they found."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from healthhub.audit import chain
from healthhub.audit.log import Actor, record
from healthhub.audit.models import Check
from healthhub.lib.refused import Conflict

VERIFY = "audit.verify"
PATIENCE = timedelta(minutes=30)  # a reading that took longer died with its worker
MOST_TROUBLES = 50


def ask(*, by: Actor, now: datetime) -> Check:
    """This function will write down that the log is to be read; who calls it wakes a worker. Conflict while another one is at it."""
    if Check.objects.filter(ended_at=None, asked_at__gt=now - PATIENCE).exists():
        raise Conflict("The log is being read already.", code="already_asked")
    check = Check.objects.create(asked_at=now, asked_by=by.user_id)
    record(by=by, did="audit.verify", now=now)
    return check


def run(*, check_id: UUID, anchors: Path | None, now: datetime) -> Check:
    """This function will read the log and keep what it found: chains, sealed rows, rows that wait, and at most 50 troubles."""
    report = chain.verify(anchors=anchors)
    check = Check.objects.get(id=check_id)
    check.ended_at, check.chains, check.rows, check.unsealed = now, report.chains, report.rows, report.unsealed
    check.troubles = [{"n": one.n, "what": one.what} for one in report.troubles[:MOST_TROUBLES]]
    check.trouble_count = len(report.troubles)
    check.save()
    return check


def last() -> Check | None:
    """This function will give the newest reading that was asked for."""
    return Check.objects.order_by("-asked_at").first()


def last_ended() -> Check | None:
    """This function will give the newest reading that came to its end."""
    return Check.objects.exclude(ended_at=None).order_by("-ended_at").first()
