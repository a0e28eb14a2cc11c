"""The demo's insurer has a programme: most of the demo's people agreed to it ten weeks ago and have measured now and then since."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from healthhub.config import demo_people as who
from healthhub.config.physiology import calm
from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import access, consent
from healthhub.people.models import Organisation, Patient
from healthhub.records import partitions, timeline
from healthhub.records.catalogue import BY_KEY, SIMULATED
from healthhub.records.models import Method
from healthhub.records.timeline import Row

ENROLLED = timedelta(days=75)
KINDS = ("bp", "glucose", "weight")
LAPSED, LAPSED_AFTER = 0.36, timedelta(days=16)  # how many of them stop measuring for the programme, and when
EVERY = 4  # days between two readings of those weeks
LEVEL = {"bp": (14.0, 6.0), "glucose": (1.6, 0.0), "weight": (0.0, 0.0)}  # how much above calm those measure who are not there yet


def partitions_needed(*, now: datetime) -> None:
    """This function will make the partitions that the earlier readings go to: before the transaction that writes them."""
    partitions.ensure({timeline.month_of(now - timedelta(days=back)) for back in range(ENROLLED.days + 1)})


def enrol(patient: Patient, *, insurer: Organisation, now: datetime) -> bool:
    """This function will have a person agree to the programme, unless she is one of the few who did not."""
    if patient.user is None or random.Random(f"programme of {patient.name}").random() < 0.1:
        return False
    consent.grant(
        patient=patient,
        grantee_kind="organisation",
        grantee_id=insurer.pk,
        data_classes=sorted(DATA_CLASSES),
        purpose="programme",
        rights=["read"],
        document_version="demo-programme-1",
        by=access.viewer_of(patient.user),
        now=now - ENROLLED,
    )
    return True


def earlier_readings(patient: Patient, *, since: datetime, until: datetime) -> int:
    """This function will store what she measured every few days between the two moments, unjudged: the past is no news."""
    chance = random.Random(f"earlier of {patient.name}")
    zone = ZoneInfo(patient.time_zone)
    kinds = [kind for kind in who.kinds_of(patient.conditions) if kind in KINDS]
    if not kinds:
        return 0
    after_seq = timeline.lock(patient_id=patient.pk)
    source = timeline.sources(patient_id=patient.pk, keys={"simulated-diary"})["simulated-diary"]
    worse = chance.random() < 0.4
    if chance.random() < LAPSED:
        until = min(until, since + LAPSED_AFTER)
    rows = []
    at = since + timedelta(hours=chance.uniform(0, 24))
    while at < until:
        for kind in kinds:
            rows.append(_row(patient, kind, at.astimezone(zone), source, worse=worse, chance=chance))
        at += timedelta(days=EVERY, hours=chance.uniform(-6, 6))
    return len(timeline.add(patient_id=patient.pk, rows=rows, after_seq=after_seq, now=until).stored)


def _row(patient: Patient, kind: str, local: datetime, source: int, *, worse: bool, chance: random.Random) -> Row:
    value, value2 = calm(kind, person=patient.name, conditions=patient.conditions, local=local, chance=chance)
    if worse:
        more, more2 = LEVEL[kind]
        value, value2 = value + more, None if value2 is None else value2 + more2
    offset = local.utcoffset() or timedelta()
    return Row(
        kind=BY_KEY[kind].number,
        at=local,
        utc_offset=int(offset.total_seconds() // 60),
        value=round(value, BY_KEY[kind].precision),
        value2=None if value2 is None else round(value2),
        seconds=None,
        source=source,
        key="",
        method=int(Method.SELF_REPORTED),
        flags=SIMULATED,
        context=None,
    )
