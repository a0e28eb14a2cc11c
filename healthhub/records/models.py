"""What was observed: sources, observations (monthly partitions), their amendments, and day and hour summaries."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7
from healthhub.people.models import ONE_OWNER, AppAccess, DeviceToken, Patient, User


class Timeline(models.Model):
    """One small row per patient: the lock every write takes, and the last sequence number given."""

    patient = models.OneToOneField(Patient, models.PROTECT, primary_key=True, related_name="timeline")
    last_seq = models.BigIntegerField(default=0)
    last_received_at = models.DateTimeField(null=True)


class Source(models.Model):
    """Where a patient's readings come from: a device, an app, or her own hand."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="sources")
    key = models.CharField(max_length=80)  # the sender's own name of the device; unique per patient
    name = models.CharField(max_length=120, blank=True)
    # Lower wins where two devices cover the same hour (watch before phone).
    priority = models.SmallIntegerField(default=50)
    last_received_at = models.DateTimeField(null=True)
    battery = models.SmallIntegerField(null=True)  # percent, where the source told it
    battery_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "key"], name="source_once")]


class Method(models.IntegerChoices):
    DEVICE = 1
    SELF_REPORTED = 2
    DERIVED = 3


class State(models.IntegerChoices):
    CURRENT = 0
    SUPERSEDED = 1
    DELETED = 2


class Observation(models.Model):
    """One reading. Blood pressure is one row of two values. PARTITION BY RANGE (at), monthly (see partitions.py).

    Identity: a source cannot measure the same kind twice at one moment unless it says so by `key`. Sending again is a
    duplicate when the values are equal and a correction when they are not; the old row stays as SUPERSEDED.
    """

    pk = models.CompositePrimaryKey("patient_id", "seq", "at")
    patient = models.ForeignKey(Patient, models.DO_NOTHING, related_name="+", db_index=False)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    utc_offset = models.SmallIntegerField()  # minutes east of UTC at the moment of measuring
    kind = models.SmallIntegerField()  # catalogue number, see catalogue.BY_NUMBER
    value = models.FloatField()  # canonical unit of the kind
    value2 = models.FloatField(null=True)  # diastolic
    seconds = models.IntegerField(null=True)  # length of the period that starts at `at` (steps, sleep)
    source = models.ForeignKey(Source, models.DO_NOTHING, related_name="+", db_index=False)
    key = models.CharField(max_length=64, default="")
    method = models.SmallIntegerField(choices=Method.choices)
    flags = models.SmallIntegerField(default=0)  # bits, see catalogue.SUSPICIOUS and its neighbours
    state = models.SmallIntegerField(choices=State.choices, default=State.CURRENT)
    context = models.JSONField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        managed = False  # created by RunSQL in 0001: Django cannot declare partitions
        db_table = "records_observation"


class Amendment(models.Model):
    """Why a reading was corrected or deleted, by whom: one immutable row each."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    seq = models.BigIntegerField()  # the reading that no longer counts
    replaced_by_seq = models.BigIntegerField(null=True)  # null: deleted
    reason = models.CharField(max_length=400)
    by_kind = models.CharField(max_length=10)
    by_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient", "seq"], name="amendment_of")]


class Stale(models.Model):
    """A local day of a patient and kind whose summaries must be made again; readers do it before they read."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    kind = models.SmallIntegerField()
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "kind", "day"], name="stale_once")]


class Fresh(models.Model):
    """A kind of a patient in which something changed that nobody upstairs has looked at since: who takes the row looks (fresh.py)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+", db_index=False)
    kind = models.SmallIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "kind"], name="fresh_once")]


class Summary(models.Model):
    """Count, extremes and sums of one kind and source over one local hour. A day is the sum of its hours."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+", db_index=False)
    kind = models.SmallIntegerField()
    day = models.DateField()  # the patient's local date at the moment of measuring
    hour = models.SmallIntegerField()  # 0-23, local wall clock
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    n = models.IntegerField()
    span = models.IntegerField(default=0)  # the longest period among its readings, seconds
    low = models.FloatField()
    high = models.FloatField()
    total = models.FloatField()
    low2 = models.FloatField(null=True)
    high2 = models.FloatField(null=True)
    total2 = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "kind", "day", "hour", "source"], name="summary_once"),
            models.CheckConstraint(condition=Q(n__gt=0), name="summary_of_something"),
        ]


class Export(models.Model):
    """Her readings to take with her, as asked for at one moment: made in pieces by a worker, fetched as a ZIP, forgotten after a week."""

    class State(models.TextChoices):
        WAITING = "waiting"
        WORKING = "working"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="exports")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    last_seq = models.BigIntegerField()  # what came later is not in it
    done_seq = models.BigIntegerField(default=0)
    parts = models.IntegerField(default=0)
    readings = models.BigIntegerField(default=0)
    tries = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)  # null: nothing more to do
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="export_due"),
            models.Index(fields=["patient", "-asked_at"], name="export_of_patient"),
        ]

    @property
    def progress(self) -> int:
        """Percent of the readings that were looked at."""
        return 100 if not self.last_seq else min(100, round(100 * self.done_seq / self.last_seq))


class ExportPart(models.Model):
    """A piece of an export: a FHIR bundle and lines of CSV, each deflated, and files of their own; empty where there is no reading."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="pieces")
    number = models.IntegerField()
    fhir = models.BinaryField()
    csv = models.BinaryField()
    parquet = models.BinaryField(default=bytes)
    excel = models.BinaryField(default=bytes)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]


class BulkExport(models.Model):
    """The records of everybody its owner may see, as FHIR NDJSON: asked for at one moment, written piece by piece by a worker, forgotten
    after a day.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        WORKING = "working"
        READY = "ready"
        FAILED = "failed"
        STOPPED = "stopped"  # whoever asked may no longer: `code` says why

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Who asked: exactly one of the three.
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey(DeviceToken, models.PROTECT, null=True, related_name="+")
    app = models.ForeignKey(AppAccess, models.PROTECT, null=True, related_name="+")
    request = models.TextField()  # the address as it was asked
    types = models.JSONField()  # of resources, in their order
    since = models.DateTimeField(null=True)
    single = models.BooleanField()  # one patient was named
    patients = models.JSONField()  # ids, in their order
    left_out = models.IntegerField(default=0)  # patients who withdrew while it was written
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    code = models.CharField(max_length=40, blank=True)
    # How far it is: the patient, the type, and where among those resources.
    patient_number = models.IntegerField(default=0)
    type_number = models.IntegerField(default=0)
    place = models.TextField(blank=True)
    tries = models.SmallIntegerField(default=0)  # without getting on
    due_at = models.DateTimeField(null=True)  # null: nothing more to do
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=ONE_OWNER, name="bulk_export_has_an_owner"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="bulk_export_due"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="bulk_export_expires"),
        ]

    @property
    def under_way(self) -> bool:
        """Whether there is more to come."""
        return self.state in (self.State.WAITING, self.State.WORKING)

    @property
    def progress(self) -> int:
        """Percent, of the patients."""
        return 100 * self.patient_number // max(1, len(self.patients))


class BulkPiece(models.Model):
    """A piece of a bulk export: lines of NDJSON about one patient, deflated, and the classes of data that were open when it was written."""

    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(BulkExport, models.CASCADE, related_name="pieces")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    type = models.CharField(max_length=40)
    classes = models.JSONField()
    count = models.IntegerField()
    lines = models.BinaryField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["export", "type", "id"], name="bulk_piece_in_order")]
