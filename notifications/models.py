"""Who is told: notices with their leases and attempts, and how each person wants to hear."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7
from healthhub.people.models import User


class Inbox(models.Model):
    """One small row per person: the lock under which her notices get their numbers."""

    person = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="+")
    last_seq = models.BigIntegerField(default=0)


class Notice(models.Model):
    """One thing one person must hear, about something opaque (`alert:<id>`). At least once on the wire, shown once.

    Time lives in `due_at` (quiet hours, backoff, lease): a worker claims a due notice by moving `due_at` ahead, sends
    with the notice id as the receiver's de-duplication key, and only then closes it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"  # every door was tried; an operator has been paged
        CANCELLED = "cancelled"  # consent ended or the matter closed before it was sent

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="notices")
    seq = models.BigIntegerField()  # per person, without gaps: sockets replay by it
    about = models.CharField(max_length=80)
    reason = models.CharField(max_length=40)  # opened, escalated, came_back, break_glass, ...
    # Whose data it speaks of, and which class: consent is asked again when it is sent.
    patient_id = models.UUIDField(null=True)
    data_class = models.CharField(max_length=80, blank=True)  # one, or several as `a+b`
    severity = models.CharField(max_length=8)
    texts = models.JSONField()  # {"zh-hans": {"title", "body"}, "en": {...}}
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)  # claims so far: the lease doubles with each
    woken_at = models.DateTimeField(null=True)  # when the sweep last sent a worker: it does not send another at once
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    delivered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    tried_again_at = models.DateTimeField(null=True)  # by an operator: attempts from before no longer shut a door

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "seq"], name="notice_seq_once"),
            models.UniqueConstraint(fields=["person", "about", "reason"], name="notice_once_per_reason"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state="pending", due_at__isnull=False), name="notice_due"),
            models.Index(fields=["about"], condition=Q(state="pending"), name="notice_pending_about"),
        ]


class Attempt(models.Model):
    """One try to hand a notice to a transport, and what came of it."""

    class Outcome(models.TextChoices):
        OFFERED = "offered"  # the sockets were rung; only `seen` proves that somebody was there
        ACCEPTED = "accepted"
        RETRY = "retry"
        GIVEN_UP = "given_up"  # the last retry of this door
        PERMANENT = "permanent"  # this door will never open again: the channel was disabled
        REFUSED = "refused"  # sent again by hand, and not taken

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="attempts")
    channel = models.ForeignKey("Channel", models.SET_NULL, null=True, related_name="+")  # null: the socket, or a door since removed
    at = models.DateTimeField()
    transport = models.CharField(max_length=12)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    detail = models.CharField(max_length=400, blank=True)
    took_ms = models.IntegerField(default=0)


class Channel(models.Model):
    """One way to reach a person; tried in the order of `rank`. The socket needs no row: it is always tried first."""

    class Transport(models.TextChoices):
        EMAIL = "email"
        WEB_PUSH = "web_push"
        WEBHOOK = "webhook"
        APPRISE = "apprise"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="channels")
    transport = models.CharField(max_length=12, choices=Transport.choices)
    address = models.JSONField()  # e-mail: {}, web push: subscription, webhook: {url, secret}, apprise: {url}
    rank = models.SmallIntegerField(default=1)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)  # by her, or after a permanent error
    disabled_because = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["rank", "created_at"]


class QuietHours(models.Model):
    """When a person does not want to be disturbed, by the wall clock where she is. URGENT and RED pass."""

    person = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="quiet_hours")
    start = models.TimeField()
    end = models.TimeField()


class Pulse(models.Model):
    """The proof that a kind of worker is alive: a task that ran. A process that is up proves nothing."""

    name = models.CharField(max_length=40, primary_key=True)
    asked_at = models.DateTimeField()
    ran_at = models.DateTimeField(null=True)
