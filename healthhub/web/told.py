"""How she wants to be told: her ways in her order, quiet hours, and a message to try them."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import consent
from healthhub.web.mydata import holds
from healthhub.web.pages import EVERYONE, PageRequest, Visit, page
from healthhub.web.roles import own_patient
from notifications import channels, inbox, quiet
from notifications.models import Channel
from notifications.post import post

NAMES = {"email": _n("E-mail"), "web_push": _n("This browser"), "webhook": _n("A service of your own"), "apprise": _n("Message service")}
TEST = {
    "zh-hans": {"title": "测试消息", "body": "这是一条测试消息。收到它，说明预警也能通过这个渠道送达。"},
    "en": {"title": "Test message", "body": "This is only a test. Warnings will reach you this way too."},
}


@page(*EVERYONE)
def told(request: PageRequest) -> HttpResponse:
    """This function will show her ways to be told, her quiet hours, who is told besides, and her newest messages."""
    return _page(request, {}, status=200)


def _page(request: PageRequest, problems: Mapping[str, str], *, status: int) -> HttpResponse:
    visit = request.visit
    found = channels.of(person=visit.user.id)
    context = {
        "channels": [(one, gettext(NAMES[one.transport]), channels.leads_to(one)) for one in found],
        "has_mail": any(one.transport == Channel.Transport.EMAIL and one.disabled_at is None for one in found),
        "quiet": quiet.hours_of(person=visit.user.id),
        "others": _others(visit),
        "notices": inbox.newest(person=visit.user.id, limit=5, now=visit.now),
        "patient": own_patient(visit.viewer, now=visit.now),
        "problems": problems,
        "typed": request.POST,
    }
    return render(request, "hh/told.html", context, status=status)


def _others(visit: Visit) -> list[str]:
    """Who of her own hears of her warnings besides her."""
    patient = own_patient(visit.viewer, now=visit.now)
    if patient is None:
        return []
    entries = [one for one in consent.ledger_of(patient=patient) if holds(one, visit.now) and "notify" in one.rights]
    names = consent.grantee_names(entries)
    return sorted({names[one.grantee_id] for one in entries if one.grantee_id in names and one.purpose in ("care", "caregiving")})


@page(*EVERYONE, methods=("POST",))
def add_way(request: PageRequest) -> HttpResponse:
    """This function will add a way to be told."""
    posted, visit = request.POST, request.visit
    transport = posted.get("transport", "")
    given: dict[str, Any] = {"details": posted.get("details") == "yes"}
    if transport in (Channel.Transport.WEBHOOK, Channel.Transport.APPRISE):
        given["url"] = posted.get("url", "").strip()
    try:
        added = channels.add(person=visit.user.id, transport=transport, given=given, now=visit.now, by=visit.viewer)
    except (Invalid, Conflict) as refused:
        return _page(request, {refused.field or "transport": gettext(refused.sentence)}, status=422)
    if added.secret:
        messages.success(request, gettext("Added. Its signing secret, shown only now: %(secret)s") % {"secret": added.secret})
    else:
        messages.success(request, gettext("Added. Send yourself a test message to see that it works."))
    return redirect("told")


@page(*EVERYONE, methods=("POST",))
def remove_way(request: PageRequest, channel_id: UUID) -> HttpResponse:
    """This function will remove one of her ways."""
    channels.remove(person=request.visit.user.id, channel_id=channel_id, now=request.visit.now, by=request.visit.viewer)
    messages.success(request, gettext("Removed."))
    return redirect("told")


@page(*EVERYONE, methods=("POST",))
def set_quiet(request: PageRequest) -> HttpResponse:
    """This function will set or end her quiet hours."""
    visit = request.visit
    try:
        start, end = (None, None) if "none" in request.POST else (_clock(request, "start"), _clock(request, "end"))
        quiet.set_hours(person=visit.user.id, start=start, end=end, now=visit.now)
    except Invalid as refused:
        return _page(request, {refused.field or "end": gettext(refused.sentence)}, status=422)
    messages.success(request, gettext("Kept."))
    return redirect("told")


def _clock(request: PageRequest, field: str) -> time:
    try:
        return time.fromisoformat(request.POST.get(field, "")).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise Invalid("Give a time such as 22:00.", code="bad_time", field=field) from None


@page(*EVERYONE, methods=("POST",))
def test_message(request: PageRequest) -> HttpResponse:
    """This function will send her a message by every step a warning would take."""
    visit = request.visit
    post(people=[visit.user.id], about=f"test:{visit.now:%Y%m%d%H%M%S}", reason="test", severity="info", texts=TEST, now=visit.now)
    messages.success(request, gettext("On its way. It comes first to this page, then by your ways in their order."))
    return redirect("told")
