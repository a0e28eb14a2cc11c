"""Versions of models, what they said of whom and why, what people thought of it, what then happened, and baselines."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7
from healthhub.people.models import Patient, User
from risk.forecast_rows import Baseline as Baseline


class Version(models.Model):
    """One trained artefact, kept for good: its files are in the row, so every assessment can be made again from its stored inputs.

    One version of a model is the champion: it speaks. A challenger was trained here and waits for a person's approval.
    """

    class State(models.TextChoices):
        CHALLENGER = "challenger"
        CHAMPION = "champion"
        RETIRED = "retired"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    released = models.BooleanField()  # came with a release of HealthHub; else trained inside this house
    files = models.JSONField()  # name -> text
    about = models.JSONField()  # names, bands, inputs, figures: what pages tell of it
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField()
    trained_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: the release
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    # Set while observed over expected leaves its corridor: the model still speaks, but raises no alert (the rules do).
    marked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "version"], name="risk_version_once"),
            models.UniqueConstraint(fields=["model"], condition=Q(state="champion"), name="risk_one_champion"),
        ]


class Assessment(models.Model):
    """What one model said of one patient at one moment, or why it abstained: immutable."""

    class Why(models.TextChoices):
        READING = "reading"
        NIGHTLY = "nightly"
        ASKED = "asked"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="assessments", db_index=False)
    model = models.CharField(max_length=40)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    data_class = models.CharField(max_length=80)  # what a viewer's consent must cover: `a+b` where inputs are of both
    as_of = models.DateTimeField()  # what was known until then counts
    made_at = models.DateTimeField()
    why = models.CharField(max_length=8, choices=Why.choices)
    # Of the main head; null when the model abstained.
    raw = models.FloatField(null=True)
    base = models.FloatField(null=True)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    unit = models.CharField(max_length=20, blank=True)
    band = models.CharField(max_length=20, blank=True)
    was_band = models.CharField(max_length=20, blank=True)  # before this assessment
    contributions = models.JSONField(default=dict)  # input -> its share of the raw score
    inputs = models.JSONField(default=dict)  # input -> [value, moment of measuring or null]
    heads = models.JSONField(default=dict)  # further heads: name -> {value, low, high, unit}
    problems = models.JSONField(default=list)  # why it abstained: [{code, field, words, how}]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(value__isnull=False, raw__isnull=False, problems=[]) | (Q(value__isnull=True) & ~Q(problems=[])),
                name="risk_value_or_reason",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["patient", "model", "-as_of"], name="risk_of_patient")]


class Standing(models.Model):
    """Where a patient stands with one model: the newest assessment, its band, and when it must be made again."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="risk_standings")
    model = models.CharField(max_length=40)
    assessment = models.ForeignKey(Assessment, models.PROTECT, null=True, related_name="+")
    band = models.CharField(max_length=20, blank=True)
    band_since = models.DateTimeField(null=True)
    assessed_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=8, choices=Assessment.Why.choices, default=Assessment.Why.NIGHTLY)
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "model"], name="risk_standing_once")]
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="risk_due")]


class Opinion(models.Model):
    """What a clinician thinks of an assessment: the newest of each person counts."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="opinions")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    reason = models.CharField(max_length=400)
    at = models.DateTimeField()


class Outcome(models.Model):
    """What happened to a patient: the labels of training inside the house, and what calibration is measured against."""

    class Kind(models.TextChoices):
        ADMISSION = "admission"
        EMERGENCY_VISIT = "emergency_visit"
        DEATH = "death"
        CONFIRMED_ALERT = "confirmed_alert"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    at = models.DateTimeField()
    source = models.CharField(max_length=80)  # person | import | the alert it comes from
    note = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "kind", "at"], name="outcome_once")]


class Watch(models.Model):
    """One day's look at a version in use: drift of its inputs, calibration in the large, and what its alerts cost and bring."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="watches")
    day = models.DateField()
    n = models.IntegerField()
    abstained = models.IntegerField()
    psi = models.JSONField(default=dict)  # input -> population stability index against the training sample
    observed = models.FloatField(null=True)  # events that followed
    expected = models.FloatField(null=True)  # sum of the probabilities given
    burden = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "day"], name="risk_watch_once")]
