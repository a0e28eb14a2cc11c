"""Contacts between a patient and those who care for her."""

from typing import ClassVar

from django.db import models

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
