"""The demo's people, their consent and three weeks of readings: put in once, never touched again.

It refuses outside the demo and beside people who are not simulated: nobody's clinic is to wake up among invented patients.
"""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from healthhub.config import affairs, checkup, demo_care, demo_people as who, demo_programme
from healthhub.config.demo_people import Account, Person
from healthhub.config.physiology import calm, lately
from healthhub.lib.refused import Conflict
from healthhub.people import access, consent
from healthhub.people.access import Viewer
from healthhub.people.models import Membership, Organisation, Patient, Role, Team, User
from healthhub.records import partitions, timeline
from healthhub.records.catalogue import BY_KEY, DATA_CLASSES, SIMULATED
from healthhub.records.models import Method
from healthhub.records.timeline import Row

DAYS = 21
DOCUMENT = "demo-1"
# Hours of the local day at which a kind is measured; a CGM speaks every five minutes.
HOURS = {
    "bp": (7, 20),
    "glucose": (7, 14),
    "weight": (7,),
    "spo2": (8, 19),
    "hr": (9, 16, 21),
    "rr": (8,),
    "pef": (8, 20),
    "sleep": (6,),
    "medication_taken": (8,),
}
SOURCES = {
    "cgm": "simulated-cgm",
    "bp": "simulated-cuff",
    "weight": "simulated-scale",
    "glucose": "simulated-meter",
    "spo2": "simulated-oximeter",
}
OTHER_SOURCE = "simulated-watch"


def seed(*, now: datetime, days: int = DAYS) -> bool:
    """This function will put the demo's people in, with `days` of past readings; false when they are there already. All or nothing.

    Raises Conflict where it must not run.
    """
    if settings.MODE == "production":
        raise Conflict("Demo people belong in a demo only: HEALTHHUB_MODE is production.", code="not_a_demo")
    if User.objects.filter(email=who.DOCTOR.email).exists():
        return False
    if Patient.objects.filter(is_simulated=False).exists():
        raise Conflict("This database has people in it who are not simulated: the demo will not be mixed with them.", code="not_a_demo")
    partitions.ensure_ahead(now=now)
    partitions.ensure(
        {timeline.month_of(now - timedelta(days=back)) for back in range(max(days, *(long for long, _ in who.LONG.values())) + 2)}
    )
    demo_programme.partitions_needed(now=now)
    with transaction.atomic():
        patients = _people(now)
        for patient in patients:
            if demo_programme.enrol(patient, insurer=Organisation.objects.get(kind=Organisation.Kind.INSURER), now=now):
                demo_programme.earlier_readings(patient, since=now - demo_programme.ENROLLED, until=now - timedelta(days=days + 1))
            past_readings(patient=patient, now=now, days=days)
            for account in (who.PATIENT, who.ENGLISH_PATIENT):
                if patient.user is not None and patient.user.email == account.email:
                    affairs.arrange(patient=patient, account=account, now=now)
        demo_care.past_care(patients, now=now)
    return True


def _people(now: datetime) -> list[Patient]:
    password = make_password(who.PASSWORD)
    users = {account: _user(account, password) for account in who.ACCOUNTS}
    clinic = Organisation.objects.create(name="和安社区诊所 Harmony Clinic", kind=Organisation.Kind.CLINIC)
    insurer = Organisation.objects.create(name="安康保险 Ankang Insurance", kind=Organisation.Kind.INSURER)
    team_a = Team.objects.create(organisation=clinic, name="全科一组 Family medicine A", lead=users[who.DOCTOR], phone="010 5555 0123")
    team_b = Team.objects.create(
        organisation=clinic, name="全科二组 Family medicine B", lead=users[who.SECOND_DOCTOR], phone="010 5555 0145"
    )
    _works(users[who.DOCTOR], clinic, team_a, Role.DOCTOR, now)
    _works(users[who.NURSE], clinic, team_a, Role.NURSE, now)
    _works(users[who.SECOND_DOCTOR], clinic, team_b, Role.DOCTOR, now)
    _works(users[who.MANAGER], insurer, None, Role.PROGRAMME_MANAGER, now)
    _works(users[who.OPERATOR], clinic, None, Role.OPERATOR, now)
    User.objects.filter(pk=users[who.OPERATOR].pk).update(is_staff=True)  # the admin opens to her with a second factor
    patients = []
    for team, people in ((team_a, who.FAMILY_MEDICINE_A), (team_b, who.FAMILY_MEDICINE_B)):
        for number, person in enumerate(people):
            account = person.account or Account(f"patient-{'a' if team is team_a else 'b'}{number:02d}@demo.example", person.name, "")
            user = users.get(account) or _user(account, make_password(None))
            patient = _patient(person, user, team)
            agreed = now - timedelta(days=DAYS + 2)
            _consents(patient, "team", team, agreed)
            if account is who.PATIENT:
                _consents(patient, "person", users[who.CAREGIVER], agreed)
            patients.append(patient)
    return patients


def _user(account: Account, password: str) -> User:
    user = User(email=account.email, name=account.name, language=account.language, password=password)
    if account.language == "en":
        user.time_zone = "Europe/Berlin"
    user.save()
    return user


def _works(user: User, organisation: Organisation, team: Team | None, role: Role, now: datetime) -> None:
    Membership.objects.create(
        user=user, organisation=organisation, team=team, role=role, since=now - timedelta(days=365), on_duty=role == Role.DOCTOR
    )


def _patient(person: Person, user: User, team: Team) -> Patient:
    chance = random.Random(person.name)
    return Patient.objects.create(
        user=user,
        name=person.name,
        birth_date=date(person.born, chance.randint(1, 12), chance.randint(1, 28)),
        sex=person.sex,
        time_zone=person.time_zone,
        locale=person.locale,
        conditions=list(person.conditions),
        team=team,
        is_simulated=True,
    )


def _consents(patient: Patient, kind: str, to: Team | User, now: datetime) -> None:
    """The team hears, sees and acts on everything; the family hears and sees."""
    consent.grant(
        patient=patient,
        grantee_kind=kind,
        grantee_id=to.pk,
        data_classes=list(DATA_CLASSES),
        purpose="care" if kind == "team" else "caregiving",
        rights=["read", "notify", "write", "act"] if kind == "team" else ["read", "notify"],
        starts_at=now,
        ends_at=None,
        document_version=DOCUMENT,
        by=herself(patient),
        now=now,
    )


def herself(patient: Patient) -> Viewer:
    """This function will give the patient as the one who acts. Raises Conflict for one without an account."""
    if patient.user is None:
        raise Conflict("This patient has no account of her own.", code="no_account")
    return access.viewer_of(patient.user)


def past_readings(*, patient: Patient, now: datetime, days: int) -> int:
    """This function will store a check-up and calm readings of the last `days` up to an hour ago, unjudged: the past is no news.

    A whole past (`DAYS`) is months for those whose pages are shown first.
    """
    chance = random.Random(f"past of {patient.name}")
    zone = ZoneInfo(patient.time_zone)
    kinds = who.kinds_of(patient.conditions)
    if days == DAYS and patient.name in who.LONG:
        days, more = who.LONG[patient.name]
        kinds = sorted({*kinds, *more})
    after_seq = timeline.lock(patient_id=patient.pk)
    source_ids = timeline.sources(patient_id=patient.pk, keys={checkup.SOURCE, *(source_of(kind) for kind in kinds)})
    seen_at = now - timedelta(days=checkup.DAYS_AGO)
    found = checkup.values(person=patient.name, sex=patient.sex, conditions=patient.conditions)
    rows = [_row(kind, seen_at, zone, *pair, source_ids[checkup.SOURCE]) for kind, pair in found.items()]
    for kind in kinds:
        for at in _moments(kind, now, days, zone, chance):
            value, value2 = _value(kind, patient, at, now, zone, chance)
            rows.append(_row(kind, at, zone, value, value2, source_ids[source_of(kind)]))
    rows.sort(key=lambda row: row.at)
    return len(timeline.add(patient_id=patient.pk, rows=rows, after_seq=after_seq, now=now).stored)


def _value(kind: str, patient: Patient, at: datetime, now: datetime, zone: ZoneInfo, chance: random.Random) -> tuple[float, float | None]:
    if kind == "medication_taken":
        return float(chance.random() > 0.08), None
    local = at.astimezone(zone)
    value, value2 = calm(kind, person=patient.name, conditions=patient.conditions, local=local, chance=chance)
    if patient.name not in who.LONG:
        return value, value2
    course = lately(kind, value, days_ago=(now - at).days, hour=local.hour + local.minute / 60)
    return (
        (value, value2)
        if course == value
        else (round(course, 1 if value2 is None else 0), value2 and round(value2 + (course - value) * 0.6))
    )


def source_of(kind: str) -> str:
    return SOURCES.get(kind, OTHER_SOURCE)


def _moments(kind: str, now: datetime, days: int, zone: ZoneInfo, chance: random.Random) -> list[datetime]:
    last = now - timedelta(hours=1)
    if kind == "cgm":
        return [last - timedelta(minutes=5 * step) for step in range(days * 288)]
    if kind == "steps":
        whole = last.replace(minute=0, second=0, microsecond=0)
        hours = [whole - timedelta(hours=step + 1) for step in range(days * 24)]
        return [at for at in hours if 7 <= at.astimezone(zone).hour <= 21]
    moments = []
    for back in range(days):
        midnight = (now - timedelta(days=back)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        moments += [midnight + timedelta(hours=hour, minutes=chance.randint(0, 50), seconds=chance.randint(0, 59)) for hour in HOURS[kind]]
    return [at for at in moments if at < last]


def _row(kind: str, at: datetime, zone: ZoneInfo, value: float, value2: float | None, source: int) -> Row:
    offset = at.astimezone(zone).utcoffset() or timedelta()
    return Row(
        kind=BY_KEY[kind].number,
        at=at,
        utc_offset=int(offset.total_seconds() // 60),
        value=value,
        value2=value2,
        seconds={"steps": 3600, "sleep": 25200}.get(kind),
        source=source,
        key="",
        method=int(Method.DEVICE),
        flags=SIMULATED,
        context=None,
    )
