"""Alerts and their steps, per-patient limits, saved rules, expected measurements."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7
from healthhub.people.models import ONE_OWNER, AppAccess, DeviceToken, Organisation, Patient, Team, User


class Severity(models.TextChoices):
    RED = "red"  # call 120/911 now
    URGENT = "urgent"  # clinician the same day, within 4 h
    AMBER = "amber"  # within 24-72 h
    WATCH = "watch"  # shown on the trend, reviewed at the next contact
    INFO = "info"


class AlertState(models.TextChoices):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CLEARED = "cleared"  # by readings back inside, not by a person


LIVE_STATES = ("open", "acknowledged", "escalated")


class Alert(models.Model):
    """One open episode per rule and patient. Everything due (come-back, escalation) is `due_at` on this row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="alerts")
    rule_id = models.CharField(max_length=40)
    rule_version = models.CharField(max_length=20)
    data_class = models.CharField(max_length=80)  # what a viewer's consent must cover to see it; `a+b` where evidence is of both
    severity = models.CharField(max_length=8, choices=Severity.choices)
    state = models.CharField(max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    opened_at = models.DateTimeField()
    evidence_at = models.DateTimeField()  # when the first reading that fired it was measured
    last_evidence_at = models.DateTimeField()
    count = models.IntegerField(default=1)  # findings joined to the episode
    # Exact inputs, limits, rule text as shown (zh and en), source of the rule.
    evidence = models.JSONField()
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    acknowledged_until = models.DateTimeField(null=True)
    # The escalation chain frozen as it stood when the alert fired: [{after_minutes, people: [user ids]}].
    chain = models.JSONField(default=list)
    step = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    version = models.IntegerField(default=1)  # grows with every step; sockets speak of it

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "rule_id"], condition=Q(state__in=LIVE_STATES), name="alert_one_open_episode"),
            models.CheckConstraint(
                condition=Q(acknowledged_by__isnull=True, acknowledged_until__isnull=True)
                | Q(acknowledged_by__isnull=False, acknowledged_until__isnull=False),
                name="alert_acknowledged_pair",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="alert_due"),
            models.Index(fields=["patient", "-opened_at"], name="alert_of_patient"),
        ]

    @property
    def ordered_steps(self) -> list["Step"]:
        """Every step, oldest first."""
        return sorted(self.steps.all(), key=lambda step: step.pk)


class Step(models.Model):
    """What happened to an alert: immutable, one row each (the database refuses update and delete)."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    did = models.CharField(max_length=20)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: the system
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    detail = models.JSONField(default=dict)


class Snooze(models.Model):
    """One person does not want to hear of one alert for a while; the others still do. Undone by `undone_at`."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="snoozes")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class Limit(models.Model):
    """A clinician's change of one rule for one patient: other thresholds, or off; with author, reason and expiry."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="limits")
    rule_id = models.CharField(max_length=40)
    changes = models.JSONField()  # {"off": true} or {"above": {"value": 170, "unit": "mm[Hg]"}, ...}
    reason = models.CharField(max_length=400)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "rule_id"], condition=Q(ended_at=None), name="limit_one_per_rule"),
        ]


class SavedRule(models.Model):
    """A rule a team wrote itself; versions are rows, the newest active one counts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="rules")
    rule_id = models.CharField(max_length=40)
    version = models.IntegerField()
    definition = models.JSONField()
    reason = models.CharField(max_length=400)
    saved_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["team", "rule_id", "version"], name="saved_rule_version")]


class Chain(models.Model):
    """How a team's alerts of one severity climb. Copied into each alert when it fires."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="chains")
    severity = models.CharField(max_length=8, choices=Severity.choices)
    steps = models.JSONField()  # [{"after_minutes": 0, "who": "on_duty"}, {"after_minutes": 30, "who": "team"}, ...]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["team", "severity"], name="chain_once")]


class Expected(models.Model):
    """A measurement that is expected at least every so often; silence past `due_at` is a finding."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="expected")
    rule_id = models.CharField(max_length=40)
    kinds = ArrayField(models.CharField(max_length=40))
    last_received_at = models.DateTimeField(null=True)  # server receive time, never the device's clock
    first_after = models.DurationField()  # silence of this length is the first finding
    due_at = models.DateTimeField(null=True)  # null: every tier was told
    tier = models.SmallIntegerField(default=0)  # the next tier of the rule to be told

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "rule_id"], name="expected_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="expected_due")]


class Beat(models.Model):
    """When something last went well all through: what /readyz and a waiting operator look at."""

    name = models.CharField(primary_key=True, max_length=20)
    at = models.DateTimeField()


class SavedView(models.Model):
    """A person's own way of looking at her worklist: a name and the part of the address behind the question mark."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "name"], name="saved_view_name_once")]


class Tag(models.Model):
    """A word an organisation sorts its patients by. Other organisations do not see it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="tag_name_once")]


class Tagged(models.Model):
    """A patient carries a tag; who put it there, and when."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="uses")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="tagged")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "tag"], name="tagged_once")]


class Review(models.Model):
    """A clinician of an organisation has looked at a patient as a whole; the newest counts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="reviews")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient", "organisation", "-at"], name="review_newest")]


class Connection(models.Model):
    """A maker's cloud that we ask for her readings. What is due is `due_at`; a worker that dies leaves it due again after its lease."""

    class State(models.TextChoices):
        ACTIVE = "active"
        NEEDS_LOGIN = "needs_login"  # the maker takes our tokens no more: only she can let us in again
        PAUSED = "paused"  # the maker refuses what we ask: an operator must look
        REVOKED = "revoked"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="connections")
    vendor = models.CharField(max_length=16)
    account = models.CharField(max_length=80, blank=True)  # whose it is at the maker's: their calls name it
    device = models.ForeignKey(DeviceToken, models.PROTECT, related_name="+")  # in whose name readings come in
    access = models.TextField(blank=True)  # sealed, as refresh
    refresh = models.TextField(blank=True)
    scopes = models.CharField(max_length=400, blank=True)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    stage = models.CharField(max_length=4, default="new")  # new, past: which of the two `page` is of
    page = models.CharField(max_length=400, blank=True)
    cursor = models.BigIntegerField()  # the maker's seconds since 1970 up to which everything new was fetched
    past_until = models.DateTimeField()  # back-fill goes from here downwards, to past_from
    past_from = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)  # when the maker last said that there is news
    failures = models.SmallIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True)
    connected_at = models.DateTimeField()
    last_ok_at = models.DateTimeField(null=True)
    last_data_at = models.DateTimeField(null=True)
    silence_told_at = models.DateTimeField(null=True)
    kept = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "vendor"], condition=~Q(state="revoked"), name="connection_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="connection_due"),
            models.Index(fields=["vendor", "account"], name="connection_account"),
        ]


class Import(models.Model):
    """A file of another product, sent in whole and taken in by a worker; the file is deleted when this ends, whichever way."""

    class State(models.TextChoices):
        UNMAPPED = "unmapped"  # a table nobody knows: its sender has to say what its columns are
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"  # the file's fault, or ours: `code` says
        STOPPED = "stopped"  # whoever sent it may no longer

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="imports")
    # Who sent it: exactly one of the two.
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey(DeviceToken, models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=80, blank=True)  # of the file, as she knows it
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    bytes_total = models.BigIntegerField()
    bytes_read = models.BigIntegerField(default=0)
    records = models.BigIntegerField(null=True)  # null until the file was read to its end
    taken = models.BigIntegerField(default=0)  # of the records
    next_batch = models.BigIntegerField(default=0)  # the byte of what was read at which it goes on
    counts = models.JSONField(default=dict)  # fate -> records
    reasons = models.JSONField(default=dict)  # code -> records
    refused = models.JSONField(default=list)  # the first 1,000: {where, fate, code, sentence?, field?}
    code = models.CharField(max_length=40, blank=True)  # why it failed or was stopped
    field = models.CharField(max_length=80, blank=True)
    mapping = models.JSONField(null=True)  # of a table, as its sender confirmed it
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claim = models.IntegerField(default=0)  # grows with every worker that takes it: an older one writes nothing any more
    tries = models.SmallIntegerField(default=0)  # without getting on
    due_at = models.DateTimeField(null=True)  # null: nothing more to do

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient"], condition=Q(state__in=("waiting", "running")), name="import_one_at_a_time"),
            models.CheckConstraint(condition=Q(user__isnull=True) ^ Q(token__isnull=True), name="import_has_a_sender"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="import_due"),
            models.Index(fields=["patient", "-asked_at"], name="import_of_patient"),
        ]

    @property
    def under_way(self) -> bool:
        """Whether there is more to come."""
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def progress(self) -> int:
        """Percent: reading the file is the first half, taking its records in the second."""
        if not self.under_way:
            return 100
        if self.records is None:
            return min(50, 50 * self.bytes_read // max(1, self.bytes_total))
        return min(100, 50 + 50 * self.taken // max(1, self.records))


class Delivery(models.Model):
    """What one sender delivered from one source on one day (UTC): how much was kept, how much refused and why. No values."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    day = models.DateField()
    source = models.CharField(max_length=80, blank=True)  # as the sender calls it; empty where that could not be read
    sender_kind = models.CharField(max_length=5)  # user or token
    sender = models.UUIDField()
    kept = models.IntegerField()  # stored or corrected
    repeated = models.IntegerField()
    refused = models.IntegerField()  # rejected or outside consent
    reasons = models.JSONField(default=dict)  # code -> refused readings
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "day", "source", "sender"], name="delivery_once")]


class Subscription(models.Model):
    """A standing question (FHIR Subscription): tell an address, or whoever holds a socket, what is new of one patient.

    What was told already is `place`: `{"seq": n}` for readings, `{"at": moment, "told": {alert: version}}` for alerts.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        ERROR = "error"  # the address did not answer for long: nothing is sent any more
        OFF = "off"  # ended by its owner, by its date, or because she may no longer; `error` says why

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="subscriptions")
    # Who asked: exactly one of the three.
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey(DeviceToken, models.PROTECT, null=True, related_name="+")
    app = models.ForeignKey(AppAccess, models.PROTECT, null=True, related_name="+")
    criteria = models.TextField()
    resource = models.CharField(max_length=20)  # Observation, Flag
    kinds = models.JSONField(default=list)  # numbers of the catalogue; empty: every kind
    channel = models.CharField(max_length=12)  # rest-hook, websocket
    endpoint = models.TextField(blank=True)
    headers = models.TextField(blank=True)  # sealed: they hold secrets
    payload = models.BooleanField(default=False)  # the resources themselves, or only that there is something
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    error = models.CharField(max_length=200, blank=True)
    place = models.JSONField()
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)  # in vain, since the last one that was taken
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=ONE_OWNER, name="subscription_has_an_owner")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="subscription_due"),
            models.Index(fields=["patient"], condition=Q(status="active"), name="subscription_active"),
        ]
