"""Users, organisations, teams, patients, the consent ledger, device tokens and break-glass openings."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from healthhub.lib.ids import uuid7


class Language(models.TextChoices):
    ZH = "zh-hans", "简体中文"
    EN = "en", "English"


class Locale(models.TextChoices):
    """Which rule pack is the default: thresholds differ between the guidelines of the three."""

    CN = "CN", "China"
    US = "US", "United States"
    EU = "EU", "Europe"


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Anyone who signs in. What she may see follows from memberships and the consent ledger, never from flags here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=8, choices=Language.choices, default=Language.ZH)
    time_zone = models.CharField(max_length=64, default="Asia/Shanghai")
    glucose_unit = models.CharField(max_length=8, default="mmol/L", choices=[("mmol/L", "mmol/L"), ("mg/dL", "mg/dL")])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    # Bumped in the transaction that changes what she may see; open sockets compare it at every send.
    authz_epoch = models.PositiveIntegerField(default=0)

    objects = Users()
    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    class Kind(models.TextChoices):
        CLINIC = "clinic"
        HOSPITAL = "hospital"
        INSURER = "insurer"
        CHECKUP = "checkup_centre"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    locale = models.CharField(max_length=2, choices=Locale.choices, default=Locale.CN)
    # Staff of this organisation must have a second factor before they see anyone.
    requires_mfa = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A care team: the people who share one worklist."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="teams")
    name = models.CharField(max_length=160)
    phone = models.CharField(max_length=24, blank=True)  # answered by a person of the team; its patients have it one tap away
    lead = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    DOCTOR = "doctor"
    NURSE = "nurse"
    PROGRAMME_MANAGER = "programme_manager"
    OPERATOR = "operator"


CLINICIANS = frozenset({Role.DOCTOR, Role.NURSE})


class Membership(models.Model):
    """A person's work for an organisation; clinicians work in a team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, models.PROTECT, related_name="memberships", null=True, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    # Who is called when an alert fires: set and handed over by the team itself.
    on_duty = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "team"], condition=Q(until=None), name="membership_once_per_team"),
            models.CheckConstraint(
                condition=~Q(role__in=["doctor", "nurse"]) | Q(team__isnull=False), name="membership_clinician_has_team"
            ),
        ]


class Patient(models.Model):
    """A person whose readings we keep. She may have an account of her own, or be looked after by others only."""

    class Sex(models.TextChoices):
        FEMALE = "female"
        MALE = "male"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="patient")
    name = models.CharField(max_length=120)
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    # The zone she is in now: days and quiet hours follow it when she travels.
    time_zone = models.CharField(max_length=64, default="Asia/Shanghai")
    locale = models.CharField(max_length=2, choices=Locale.choices, default=Locale.CN)
    # Codes of healthhub.people.conditions: hypertension, diabetes_t1, heart_failure, copd, ...
    conditions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # The team that answers for her; who may *see* her is the ledger's business.
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="patients")
    is_simulated = models.BooleanField(default=False)
    authz_epoch = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class ConsentEntry(models.Model):
    """One line of the consent ledger, never changed and never deleted (the database refuses both).

    A grant says who may see or be told which data classes for which purpose, from when until when, by which
    document version, given by whom. A withdrawal names the grant it ends.
    """

    class GranteeKind(models.TextChoices):
        PERSON = "person"
        TEAM = "team"
        ORGANISATION = "organisation"
        PROGRAMME = "programme"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="consent_entries")
    grantee_kind = models.CharField(max_length=12, choices=GranteeKind.choices)
    grantee_id = models.UUIDField()
    data_classes = ArrayField(models.CharField(max_length=20))
    purpose = models.CharField(max_length=20)  # care, caregiving, programme, research
    rights = ArrayField(models.CharField(max_length=10))  # read, notify, write, act
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    document_version = models.CharField(max_length=40)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    withdraws = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="withdrawn_by")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["patient", "entered_at"], name="consent_by_patient")]


class Grant(models.Model):
    """The ledger as it stands now: one row per grant, closed by its withdrawal. Written only beside a ledger entry."""

    entry = models.OneToOneField(ConsentEntry, models.PROTECT, primary_key=True, related_name="grant")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="grants")
    grantee_kind = models.CharField(max_length=12)
    grantee_id = models.UUIDField()
    data_classes = ArrayField(models.CharField(max_length=20))
    purpose = models.CharField(max_length=20)
    rights = ArrayField(models.CharField(max_length=10))
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["grantee_id", "patient"], condition=Q(withdrawn_at=None), name="grant_by_grantee"),
            models.Index(fields=["patient"], condition=Q(withdrawn_at=None), name="grant_by_patient"),
        ]


class BreakGlass(models.Model):
    """A clinician's opening of a foreign record, with a reason, for a limited time; the review is due afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="break_glass")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField()
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # When the end was written to the log and open pages were told; the right itself ends with `ends_at`, by the clock.
    ended_at = models.DateTimeField(null=True, blank=True)
    review_due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    review_outcome = models.CharField(max_length=20, blank=True)  # justified, not_justified
    review_note = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["opened_by", "ends_at"], name="break_glass_open"),
            models.Index(fields=["ends_at"], condition=Q(ended_at=None), name="break_glass_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True) | Q(reviewed_at__isnull=False, reviewed_by__isnull=False),
                name="break_glass_review_pair",
            )
        ]


class DeviceToken(models.Model):
    """A device's or uploader's right to write (or read) some kinds of one patient. Only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="device_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_sha256 = models.BinaryField(unique=True, max_length=32)
    # SHA-256 of the secret's SHA-1 in hexadecimal: some dialects send that instead. Tokens from before have none.
    sha1_sha256 = models.BinaryField(unique=True, max_length=32, null=True)
    # What an MQTT broker keeps of the secret. Tokens from before have none and cannot speak MQTT.
    mqtt_password = models.CharField(max_length=128, default="", blank=True)
    kinds = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # empty: every kind
    may_write = models.BooleanField(default=True)
    may_read = models.BooleanField(default=False)
    # Takes alerts in hand in the name of who issued it, as long as she may do so herself.
    may_acknowledge = models.BooleanField(default=False)
    # Replays may state the moment they play; only honoured where settings.REPLAY_CLOCK allows it.
    may_replay = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class AppAccess(models.Model):
    """What an app (SMART on FHIR) may read: in the name of the person who allowed it, or of an organisation. Ended ones stay, to be seen.

    The app's keys are rows of django-oauth-toolkit, which keeps their SHA-256 only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    application = models.ForeignKey(settings.OAUTH2_PROVIDER_APPLICATION_MODEL, models.PROTECT, related_name="+")
    # In whose name: exactly one of the two.
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="app_accesses")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="app_accesses")
    # Whom scopes `patient/...` are about.
    patient = models.ForeignKey(Patient, models.PROTECT, null=True, related_name="app_accesses")
    scopes = ArrayField(models.CharField(max_length=80))
    allowed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(user__isnull=True) ^ Q(organisation__isnull=True), name="app_access_has_a_principal"),
            models.UniqueConstraint(fields=["application", "organisation"], condition=Q(ended_at=None), name="app_access_once"),
        ]


# Of rows for work that goes on without whoever asked for it (see owners.py).
ONE_OWNER = (
    Q(user__isnull=False, token=None, app=None) | Q(user=None, token__isnull=False, app=None) | Q(user=None, token=None, app__isnull=False)
)
