"""Connections to makers' clouds: made, worked, called, ended. A row says what is due; workers take it with SKIP LOCKED and a lease."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.dialects.vendors.form import Call, Tokens, Trouble
from healthhub.lib.refused import Conflict, Invalid
from healthhub.live import wake
from healthhub.people import tokens as devices
from healthhub.people.access import Viewer
from healthhub.people.models import DeviceToken, Patient
from monitoring import chains, pulling, vendors
from monitoring.models import Connection
from monitoring.vendors import Vendor
from notifications import post, sealed

PULL = "monitoring.pull"
LEASE = timedelta(seconds=60)  # longer than a task may live
STEPS = 5
ACTIVE, REVOKED = Connection.State.ACTIVE, Connection.State.REVOKED
SILENT = {
    "en": {
        "title": "Nothing from {name} for {days} days",
        "body": "No new reading came from {name}. Is the device in use and its app signed in?",
    },
    "zh-hans": {"title": "{name} 已 {days} 天没有数据", "body": "没有收到 {name} 的新测量数据。设备是否在使用？其应用是否已登录？"},
}


def begin(*, vendor: str, redirect: str) -> tuple[str, str, str]:
    """This function will give the address where she allows us in, with the `state` and `verifier` to be kept in her session."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return vendors.vendor_of(vendor).authorize_url(state=state, redirect=redirect, challenge=challenge), state, verifier


def finish(*, patient: Patient, vendor: str, code: str, redirect: str, verifier: str, by: Viewer, now: datetime) -> Connection:
    """This function will trade the code for tokens and connect her, or let a connection that needs a login go on where it was.

    Raises Invalid (vendor_said_no) where the maker does not give tokens, Conflict (other_account) where it is another account's.
    Who may do so is asked before, of `access` (action "tokens").
    """
    maker = vendors.vendor_of(vendor)
    try:
        pair = _named(maker, maker.read_tokens(vendors.fetch(maker.ask_tokens(code=code, redirect=redirect, verifier=verifier))))
    except Trouble as trouble:
        raise Invalid("The maker did not let us in. Please try again.", code="vendor_said_no", field="code") from trouble
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(id=patient.id)
        row = Connection.objects.exclude(state=REVOKED).filter(patient=patient, vendor=vendor).first()
        if row is not None and row.account != pair.account:
            raise Conflict("Another account of this maker is connected: disconnect it first.", code="other_account")
        row = row or _new(patient, maker, pair, by=by, now=now)
        row.state, row.due_at, row.failures, row.error, row.stage, row.page = ACTIVE, now, 0, "", "call", ""
        row.save()
        pulling.keep_tokens(row, pair, now=now)
        log.record(by=by, did="connection.make", patient_id=patient.id, about=f"connection:{row.id}", now=now, detail={"vendor": vendor})
        wake.worker_on_commit(task=PULL, each=[{}], queue="assess")
    return row


def _named(maker: Vendor, pair: Tokens) -> Tokens:
    """The tokens with their account: makers whose tokens do not name it are asked."""
    ask = None if pair.account else maker.ask_account(access=pair.access)
    return pair if ask is None else replace(pair, account=maker.read_account(vendors.fetch(ask))[:80])


def _new(patient: Patient, maker: Vendor, pair: Tokens, *, by: Viewer, now: datetime) -> Connection:
    """Readings come in by a device of hers, whose secret nobody ever knew: disconnecting that device ends the connection too."""
    device, _ = devices.issue(patient=patient, name=maker.name, kinds=[], may_write=True, may_read=False, by=by, now=now)
    return Connection(
        patient=patient,
        vendor=maker.key,
        account=pair.account,
        device=device,
        scopes=pair.scopes[:400],
        expires_at=now,
        cursor=int(now.timestamp()),
        past_until=now,
        past_from=now - maker.back,
        connected_at=now,
    )


def of(*, patient: Patient) -> list[Connection]:
    """This function will give her connections that were not ended."""
    return list(Connection.objects.exclude(state=REVOKED).filter(patient=patient).order_by("connected_at"))


def end(*, row: Connection, by: Viewer, now: datetime) -> bool:
    """This function will end a connection: here for certain, and at the maker where it lets us (False where that failed)."""
    told = True
    if row.access and row.vendor in vendors.offered():
        maker = vendors.vendor_of(row.vendor)
        pair = {"access": sealed.unseal(row.access), "refresh": sealed.unseal(row.refresh)}
        for ask in maker.ask_revoke(**pair, callback=pulling.callback_of(maker.key)):
            try:
                maker.check(vendors.fetch(ask))
            except Trouble:
                told = False
    with transaction.atomic():
        pulling.forget(row)
        if DeviceToken.objects.filter(id=row.device_id, revoked_at=None).exists():
            devices.revoke(token=row.device, by=by, now=now)
        detail = {"vendor": row.vendor, "told": told}
        log.record(by=by, did="connection.end", patient_id=row.patient_id, about=f"connection:{row.id}", now=now, detail=detail)
    return told


def knows(*, vendor: str, mac: str) -> bool:
    """This function will tell whether a caller knows the address that we gave to this maker."""
    return vendor in vendors.offered() and hmac.compare_digest(pulling.mac_of(vendor).encode(), mac.encode())


def heard(*, vendor: str, call: Call, now: datetime) -> int:
    """This function will hear a maker's call, if it is its own, and make due what has news. Raises Trouble for a forged one."""
    return called(vendor=vendor, account=vendors.vendor_of(vendor).heard(call)[:80], now=now)


def called(*, vendor: str, account: str, now: datetime) -> int:
    """This function will make due what a maker says has news; said twice it is due once. Nothing in the call is taken for a reading."""
    with transaction.atomic():
        waiting = Connection.objects.filter(vendor=vendor, account=account, state=ACTIVE).exclude(account="")
        found = waiting.filter(failures=0).update(called_at=now, due_at=now)
        if found:
            wake.worker_on_commit(task=PULL, each=[{}], queue="assess")
    return found


def hand_out(*, now: datetime) -> int:
    """This function will wake a worker for what is due, and tell of connections that fell silent; the sweep calls it."""
    if Connection.objects.filter(due_at__lte=now).exists():
        wake.worker_on_commit(task=PULL, each=[{}], queue="assess")
    return sum(_tell_silence(maker, now) for maker in vendors.offered().values())


def work(*, now: datetime) -> int:
    """This function will do up to five steps of what is due; for a worker. Gives how many."""
    done = 0
    while done < STEPS and (row_id := _claim(now)) is not None:
        pulling.step(pulling.claimed(row_id), now=now)
        done += 1
    if done == STEPS:
        wake.worker_on_commit(task=PULL, each=[{}], queue="assess")
    return done


@transaction.atomic
def _claim(now: datetime) -> UUID | None:
    rows = Connection.objects.select_for_update(skip_locked=True).filter(state=ACTIVE, due_at__lte=now, vendor__in=vendors.offered())
    row = rows.order_by("due_at").first()
    if row is None:
        return None
    row.due_at = now + LEASE
    row.save(update_fields=["due_at"])
    return row.id


@transaction.atomic
def _tell_silence(maker: Vendor, now: datetime) -> int:
    """A cloud that answers and has nothing new is silent too: judged on when we last kept a reading, or were connected."""
    since = now - maker.silent_after
    rows = Connection.objects.select_for_update(of=("self",), skip_locked=True).select_related("patient", "patient__team")
    quiet = (
        rows.filter(vendor=maker.key, silence_told_at=None, connected_at__lte=since).exclude(state=REVOKED).exclude(last_data_at__gt=since)
    )
    found = list(quiet[:50])
    texts = pulling.said(SILENT, name=maker.name, days=str(maker.silent_after.days))
    for row in found:
        row.silence_told_at = now
        row.save(update_fields=["silence_told_at"])
        groups = chains.groups(patient=row.patient, data_class="vitals", now=now)
        post.post(
            people=list(dict.fromkeys(groups["patient"] + groups["on_duty"])),
            about=f"connection:{row.id}",
            reason=f"silent_{now.date().isoformat()}",
            severity="watch",
            texts=texts,
            now=now,
            patient_id=row.patient_id,
            data_class="vitals",
        )
    return len(found)
