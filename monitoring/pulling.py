"""One step with one maker's cloud: refresh the tokens where they end, fetch one page, keep it, and say when to come again.

Steps are short, so that a lease outlives them. New tokens are committed before they are used: a process killed in between asks
again with the former refresh token, which makers still take so long.
"""

import logging
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from healthhub.dialects.vendors.form import Page, Tokens, Trouble
from healthhub.lib.refused import NotAllowed, NotVisible
from healthhub.people import access
from healthhub.people.access import BadToken
from monitoring import intake, vendors
from monitoring.models import Connection
from monitoring.vendors import Vendor
from notifications import post, sealed

logger = logging.getLogger(__name__)
EARLY = timedelta(minutes=2)
OVERLAP = 1  # seconds: the maker's clock may have told the second in which something else was still written
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
NEEDS_LOGIN = {
    "en": {
        "title": "{name}: please sign in again",
        "body": "{name} no longer lets HealthHub fetch your readings. Connect it again on the page Devices and connections.",
    },
    "zh-hans": {"title": "{name}：请重新登录", "body": "{name} 不再允许 HealthHub 获取您的测量数据。请在“设备与连接”页面重新连接。"},
}


def keep_tokens(row: Connection, tokens: Tokens, *, now: datetime) -> None:
    """This function will commit a new pair at once."""
    row.access, row.refresh = sealed.seal(tokens.access), sealed.seal(tokens.refresh)
    row.expires_at = now + timedelta(seconds=max(tokens.seconds, 60))
    # Ended meanwhile, it stays ended: no tokens lie in a row that nobody uses.
    live = Connection.objects.filter(id=row.id).exclude(state=Connection.State.REVOKED)
    live.update(access=row.access, refresh=row.refresh, expires_at=row.expires_at)


def step(row: Connection, *, now: datetime) -> None:
    """This function will do one step for a row that was claimed; whatever comes of it stands in the row. Not inside a transaction."""
    try:
        vendor = vendors.vendor_of(row.vendor)
        if row.stage == "call":
            _ask_to_be_called(row, vendor)
        _keep(row, vendor, _page(row, vendor, now), now)
    except Trouble as trouble:
        _bear(row, trouble, now)
    except (BadToken, NotVisible, NotAllowed) as refused:
        # Her device was disconnected, or she herself left: nobody may send in its name any more.
        forget(row, error=refused.code)


def _ask_to_be_called(row: Connection, vendor: Vendor) -> None:
    """Subscribes us to news, once after connecting. A maker that does not want to is asked by the clock alone; the row says why."""
    row.stage = "new"
    Connection.objects.filter(id=row.id).update(stage="new")
    for ask in vendor.ask_notify(access=sealed.unseal(row.access), callback=callback_of(vendor.key)):
        try:
            vendor.check(vendors.fetch(ask))
        except Trouble as trouble:
            logger.warning("%s does not call us: %s", vendor.name, trouble.code)
            return


def callback_of(vendor: str) -> str:
    """This function will give the address at which a maker calls us; what only it and we know is in it."""
    return f"{settings.PUBLIC_URL}/connections/{vendor}/called/{mac_of(vendor)}"


def mac_of(vendor: str) -> str:
    """This function will give the part of that address which cannot be guessed."""
    return salted_hmac("monitoring.pulls.called", vendor, algorithm="sha256").hexdigest()[:40]


def forget(row: Connection, *, error: str = "") -> None:
    """This function will end a connection on our side and drop its tokens."""
    Connection.objects.filter(id=row.id).update(
        state=Connection.State.REVOKED, due_at=None, access="", refresh="", account="", page="", error=error[:40]
    )


def _refresh(row: Connection, vendor: Vendor, now: datetime) -> None:
    refresh = sealed.unseal(row.refresh)
    tokens = vendor.read_tokens(vendors.fetch(vendor.ask_refresh(refresh=refresh)))
    keep_tokens(row, replace(tokens, refresh=tokens.refresh or refresh), now=now)


def _page(row: Connection, vendor: Vendor, now: datetime) -> Page:
    """One page; where the token is not taken although it should live, it is refreshed once."""
    fresh = row.expires_at - EARLY <= now
    if fresh:
        _refresh(row, vendor, now)
    try:
        return _asked(row, vendor, now)
    except Trouble as trouble:
        if trouble.kind != "login" or fresh:
            raise
    _refresh(row, vendor, now)
    return _asked(row, vendor, now)


def _asked(row: Connection, vendor: Vendor, now: datetime) -> Page:
    token, zone = sealed.unseal(row.access), ZoneInfo(row.patient.time_zone)
    if row.stage == "new":
        ask = vendor.ask_new(access=token, since=row.cursor, page=row.page, now=now)
    else:
        first = max(row.past_until - vendor.slice, row.past_from)
        ask = vendor.ask_past(access=token, first=first, last=row.past_until, page=row.page)
    return vendor.read_page(vendors.fetch(ask), zone, ask)


def _keep(row: Connection, vendor: Vendor, page: Page, now: datetime) -> None:
    """The readings and how far we are go in one after the other: killed in between, the page is fetched again and stores nothing twice."""
    viewer = access.viewer_of_token_id(row.device_id, now)
    receipt = intake.receive(patient_id=row.patient_id, readings=page.readings, by=viewer, now=now) if page.readings else None
    counts = receipt.counts() if receipt else {}
    taken = counts.get("stored", 0) + counts.get("corrected", 0)
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).get(id=row.id)
        row.kept += taken
        row.refused += counts.get("rejected", 0) + counts.get("outside_consent", 0) + page.left_out
        row.failures, row.error, row.last_ok_at = 0, "", now
        if row.stage == "new" and taken:
            row.last_data_at, row.silence_told_at = now, None
        more_soon = _advance(row, vendor, page)
        called = row.called_at is not None and row.called_at >= now
        if row.state == Connection.State.ACTIVE:
            row.due_at = now if more_soon or called else now + vendor.every
        row.save()


def _advance(row: Connection, vendor: Vendor, page: Page) -> bool:
    """Moves the row on by one page; tells whether more is to be fetched at once."""
    row.page = page.more
    if page.more:
        return True
    if row.stage == "new":
        row.cursor = max(row.cursor, page.updated - OVERLAP)
        row.stage = "past" if row.past_until > row.past_from else "new"
        return row.stage == "past"
    row.past_until = max(row.past_until - vendor.slice, row.past_from)
    row.stage = "new" if row.past_until <= row.past_from else "past"
    return row.stage == "past"


def _bear(row: Connection, trouble: Trouble, now: datetime) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).select_related("patient").get(id=row.id)
        if row.state != Connection.State.ACTIVE:
            return
        row.error, row.failures = trouble.code, min(row.failures + 1, 1000)
        if trouble.kind == "login":
            row.state, row.due_at = Connection.State.NEEDS_LOGIN, None
            _tell_login(row, now)
        elif trouble.kind == "refused" and row.failures >= 5:
            row.state, row.due_at = Connection.State.PAUSED, None
        else:
            row.due_at = now + (timedelta(seconds=trouble.wait) if trouble.wait else backoff(row.failures))
        row.save(update_fields=["error", "failures", "state", "due_at"])


def backoff(failures: int) -> timedelta:
    """This function will double the wait with every failure in a row, up to 6 hours, and spread it by a fifth."""
    doubled: int = 2 ** min(max(failures - 1, 0), 12)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT) * random.uniform(0.8, 1.2)


def _tell_login(row: Connection, now: datetime) -> None:
    if row.patient.user_id is not None:
        name = vendors.vendor_of(row.vendor).name
        texts = said(NEEDS_LOGIN, name=name)
        about = f"connection:{row.id}"
        post.post(people=[row.patient.user_id], about=about, reason=f"login_{_day(now)}", severity="amber", texts=texts, now=now)


def said(words: dict[str, dict[str, str]], **values: str) -> dict[str, dict[str, str]]:
    """This function will fill in both languages."""
    return {language: {part: text.format(**values) for part, text in texts.items()} for language, texts in words.items()}


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def claimed(row_id: UUID) -> Connection:
    """This function will read a row with its patient."""
    return Connection.objects.select_related("patient").get(id=row_id)
