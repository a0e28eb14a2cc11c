"""Contacts between a patient and those who care for her, and the medicines she takes."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7
from healthhub.people.models import Patient, User


class Contact(models.Model):
    """A visit, a call, a message, or a note among colleagues: never changed (the database refuses); a correction is a row of its own."""

    class Kind(models.TextChoices):
        VISIT = "visit"
        CALL = "call"
        MESSAGE = "message"
        NOTE = "note"  # among clinicians: not for the patient's eyes

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="contacts", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField()  # when it took place
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    text = models.TextField()
    corrects = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="corrected_by")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient", "-at"], name="contact_of_patient")]


class Medication(models.Model):
    """A medicine she takes: named and dosed in words, at times of her own day. Stopped, it stays on file with its intakes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="medications")
    name = models.CharField(max_length=120)
    dose = models.CharField(max_length=80, blank=True)
    times = ArrayField(models.TimeField())  # by the clock where she is; empty: only when needed
    since = models.DateField()  # her local days, both inclusive
    until = models.DateField(null=True, blank=True)
    prescribed_by = models.CharField(max_length=120, blank=True)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")


class Erasure(models.Model):
    """She wants her data erased: asked for, called off, or done once the waiting time is over."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="erasures")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient"], condition=Q(cancelled_at=None, done_at=None), name="erasure_one_at_a_time")
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(cancelled_at=None, done_at=None), name="erasure_due")]


class CarePlan(models.Model):
    """What is aimed at and done for one condition of a patient; each change is a row of its own, with author and reason."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="care_plans")
    condition = models.CharField(max_length=40)  # of careplans.content.CLASS_OF
    data_class = models.CharField(max_length=20)
    version = models.IntegerField(default=1)
    content = models.JSONField()  # targets, schedule, education: see careplans.content
    source = models.CharField(max_length=300, blank=True)  # of the template it began with
    review_on = models.DateField()  # her local day
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "condition"], condition=Q(ended_at=None), name="care_plan_one_of_a_condition")
        ]
        indexes: ClassVar = [models.Index(fields=["review_on"], condition=Q(ended_at=None), name="care_plan_review")]


class CarePlanChange(models.Model):
    """What a care plan said from a moment on: who wrote it and why. Never changed."""

    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="changes")
    version = models.IntegerField()
    content = models.JSONField()
    review_on = models.DateField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=400)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["plan", "version"], name="care_plan_version_once")]


class CareTask(models.Model):
    """Something to be done by a day, by the patient herself (no owner) or by one of her team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(CarePlan, models.PROTECT, related_name="tasks")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="care_tasks")
    data_class = models.CharField(max_length=20)
    what = models.JSONField()  # words in both languages
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    due_on = models.DateField()  # her local day
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
