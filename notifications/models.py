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
    data_class = models.CharField(max_length=20, blank=True)
    severity = models.CharField(max_length=8)
    texts = models.JSONField()  # {"zh-hans": {"title", "body"}, "en": {...}}
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    door = models.SmallIntegerField(default=0)  # index into the person's channels, in her order
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    delivered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "seq"], name="notice_seq_once"),
            models.UniqueConstraint(fields=["person", "about", "reason"], name="notice_once_per_reason"),
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(state="pending"), name="notice_due")]


class Attempt(models.Model):
    """One try to hand a notice to a transport, and what came of it."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    transport = models.CharField(max_length=12)
    outcome = models.CharField(max_length=12)  # accepted, retry, permanent
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
