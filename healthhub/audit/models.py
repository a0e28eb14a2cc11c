"""The append-only log: who did or read what of whom. Sealed into one hash chain per patient; the database refuses changes."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7


class Entry(models.Model):
    """One act. Written in the transaction of the act itself; the sweep seals it (chain, n, hashes) within seconds.

    A trigger refuses UPDATE (but for the one sealing of an unsealed row), DELETE and TRUNCATE.
    """

    id = models.BigAutoField(primary_key=True)
    # Not a foreign key: the log outlives the person's row and names an opaque id only.
    patient_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)  # user, token, app, system, anonymous
    actor_id = models.UUIDField(null=True)
    did = models.CharField(max_length=40)
    about = models.CharField(max_length=120, blank=True)
    detail = models.JSONField(default=dict)
    n = models.BigIntegerField(null=True)
    previous_hash = models.BinaryField(null=True, max_length=32)
    hash = models.BinaryField(null=True, max_length=32)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(hash=None), name="audit_unsealed"),
            models.Index(fields=["patient_id", "id"], name="audit_by_patient"),
        ]


class Head(models.Model):
    """The end of each chain. `patient_id` is the nil UUID for acts that concern no patient."""

    patient_id = models.UUIDField(primary_key=True)
    n = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    # Up to where this chain was written to the anchor file outside the database. A note for the writer; proof is the file.
    anchored_n = models.BigIntegerField(default=0)


class Check(models.Model):
    """One reading of the whole log for tampering: who asked, when it ended, and what it found (positions only, no person)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    chains = models.IntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    unsealed = models.IntegerField(default=0)
    trouble_count = models.IntegerField(default=0)
    troubles = models.JSONField(default=list)
