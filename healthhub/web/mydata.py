"""My data: what she has here and who had a look at it. Hers alone, whoever else cares for her."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from healthhub.audit import log
from healthhub.audit.words import words_for
from healthhub.care import erasure, medications
from healthhub.lib.refused import Invalid
from healthhub.people import access, consent, tokens
from healthhub.people.models import ConsentEntry, Patient
from healthhub.records import exports, shown as readings
from healthhub.web import shown
from healthhub.web.links import link_to
from healthhub.web.pages import PageRequest, page
from notifications import channels

SALT = "my-access-log"
LINES = 40
LOOKED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Line:
    """One act of the log in words: who, what, when, and the reason that was given."""

    at: datetime
    who: str
    did: str
    reason: str
    own: bool
    since: datetime | None = None  # of the first, where she did the same several times in a row
    times: int = 1


@page("patient")
def my_data(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will show what there is about her and lead on: sharing, log, devices, taking it with her, erasing."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="export", now=visit.now)
    grants = [entry for entry in consent.ledger_of(patient=patient) if holds(entry, visit.now)]
    looked = log.entries_of(patient_id=patient.id, limit=200, but=visit.viewer.user_id)
    lately = {entry.actor_id for entry in looked if entry.actor_kind == "user" and entry.at > visit.now - LOOKED}
    context = {
        "patient": patient,
        "shared_with": len({(entry.grantee_kind, entry.grantee_id) for entry in grants}),
        "looked": len(lately),
        "last_look": next((entry.at for entry in looked if entry.actor_kind == "user"), None),
        "devices": [token for token in tokens.tokens_of(patient=patient) if token.revoked_at is None],
        "origins": readings.origins_of(patient_id=patient.id),
        "exports": exports.exports_of(patient=patient, limit=1),
        "erasing": erasure.waiting(patient=patient),
        "channels": [one for one in channels.of(person=visit.user.id) if one.disabled_at is None],
        "medicines": len(medications.medications_of(viewer=visit.viewer, patient_id=patient.id, now=visit.now)),
        "report": link_to("report", patient_id=patient.id),
    }
    return render(request, "hh/my_data.html", context)


def holds(entry: ConsentEntry, now: datetime) -> bool:
    """This function will tell whether a line of the ledger is a grant that holds now."""
    return entry.withdraws_id is None and not hasattr(entry, "withdrawn_by") and (entry.ends_at is None or entry.ends_at > now)


@page("patient")
def access_log(request: PageRequest, patient_id: UUID) -> HttpResponse:
    """This function will say who looked at her record or did something with it, newest first."""
    visit = request.visit
    patient = access.patient_for(visit.viewer, patient_id, action="audit", now=visit.now)
    everyone = request.GET.get("all") == "yes"
    before = _number(request.GET["before"]) if "before" in request.GET else None
    entries = log.entries_of(patient_id=patient.id, before=before, limit=LINES, but=None if everyone else visit.viewer.user_id)
    names = access.names_of(entry.actor_id for entry in entries)
    log.record(by=visit.viewer, did="access_log.read", patient_id=patient.id, now=visit.now)
    lines = [_line(entry, names, visit.viewer.user_id) for entry in entries]
    context = {
        "patient": patient,
        "everyone": everyone,
        "days": _by_day(lines, visit.now),
        "next": signing.dumps(entries[-1].id, salt=SALT) if len(entries) == LINES else None,
    }
    return render(request, "hh/my_log.html", context)


def _line(entry: Any, names: dict[UUID, str], own: UUID | None) -> Line:
    hers = entry.actor_id is not None and entry.actor_id == own
    who = gettext("You") if hers else names.get(entry.actor_id, "") or gettext("HealthHub")
    if app := entry.detail.get("app"):
        who = gettext("%(who)s, through the app %(app)s") % {"who": who, "app": app}
    return Line(entry.at, who, words_for(entry.did)[shown.language()], str(entry.detail.get("reason") or ""), hers)


def _by_day(lines: list[Line], now: datetime) -> list[tuple[str, list[Line]]]:
    """What one person did several times in a row stands once, with how often."""
    days: dict[str, list[Line]] = {}
    today = timezone.localtime(now).date()
    for line in lines:
        day = days.setdefault(shown.day_words(timezone.localtime(line.at).date(), today=today), [])
        if day and (day[-1].who, day[-1].did, day[-1].reason) == (line.who, line.did, line.reason):
            day[-1] = replace(day[-1], since=line.at, times=day[-1].times + 1)
        else:
            day.append(line)
    return list(days.items())


def _number(cursor: str) -> int:
    try:
        return int(signing.loads(cursor, salt=SALT))
    except signing.BadSignature as error:
        raise Invalid("This is no cursor of this list.", code="bad_cursor", field="before") from error


def own(request: PageRequest, patient_id: UUID, action: str) -> Patient:
    """This function will give her own record for one of her affairs. Raises as `access.patient_for`."""
    return access.patient_for(request.visit.viewer, patient_id, action=action, now=request.visit.now)
