"""What the demo's two patients keep themselves: medicines with three weeks of intakes, devices, and a log that was not empty before."""

import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from healthhub.audit import log
from healthhub.care import medications
from healthhub.care.adherence import doses
from healthhub.care.models import Medication
from healthhub.config import demo_people as who
from healthhub.people import access, tokens
from healthhub.people.access import Viewer
from healthhub.people.models import Patient, User
from healthhub.records import timeline
from healthhub.records.catalogue import SIMULATED
from healthhub.records.models import Method
from healthhub.records.timeline import Row

DAYS = 20
MORNING, EVENING = time(8), time(20)
# name, dose, times, prescribed by, share of doses that are taken
MEDICINES = {
    who.PATIENT: (
        ("苯磺酸氨氯地平片", "5 毫克，1 片", (MORNING,), "李薇", 0.96),
        ("二甲双胍片", "0.5 克，1 片", (MORNING, EVENING), "李薇", 0.8),
    ),
    who.ENGLISH_PATIENT: (("Insulin glargine", "18 units", (time(22),), "Ana Costa", 0.95),),
}
DEVICES = {
    who.PATIENT: (("家里的血压计", ("bp", "hr")), ("血糖仪", ("glucose",))),
    who.ENGLISH_PATIENT: (("CGM", ("cgm",)), ("Watch", ("steps", "hr", "sleep"))),
}
# how many hours ago, who, what
LOOKS = (
    (2, who.DOCTOR, "patient.read"), (26, who.NURSE, "worklist.read"), (27, who.CAREGIVER, "alerts.read"), (50, who.DOCTOR, "patient.read"),
    (51, who.DOCTOR, "forecasts.read"), (75, who.CAREGIVER, "observations.read"), (98, who.NURSE, "patient.read"),
)  # fmt: skip


def arrange(*, patient: Patient, account: who.Account, now: datetime) -> None:
    """This function will put in what this patient keeps herself; nothing for an account without such things."""
    if account not in MEDICINES or patient.user is None:
        return
    her, chance = access.viewer_of(patient.user), random.Random(f"affairs of {patient.name}")
    begun = now - timedelta(days=DAYS)
    for name, dose, times, by, share in MEDICINES[account]:
        added = medications.add(
            patient_id=patient.id, name=name, dose=dose, times=times, prescribed_by=by, since=begun.date(), by=her, now=begun
        )
        _intakes(added, patient, share, chance, now)
    for name, kinds in DEVICES[account]:
        token, _ = tokens.issue(patient=patient, name=name, kinds=kinds, may_write=True, may_read=False, by=her, now=begun)
        token.last_used_at = now - timedelta(minutes=chance.randint(5, 300))
        token.save(update_fields=["last_used_at"])
    if account == who.PATIENT:
        _looks(patient, now)


def _intakes(medication: Medication, patient: Patient, share: float, chance: random.Random, now: datetime) -> None:
    """Unjudged, as all of the past is. Of today nothing is said yet: it stands among the day's tasks."""
    zone = ZoneInfo(patient.time_zone)
    today = now.astimezone(zone).date()
    yesterday = today - timedelta(days=1)
    planned = doses(times=medication.times, since=medication.since, until=None, first=medication.since, last=yesterday, zone=zone)
    after_seq = timeline.lock(patient_id=patient.id)
    source = timeline.sources(patient_id=patient.id, keys={medications.SOURCE})[medications.SOURCE]
    rows: Sequence[Row] = [
        Row(
            kind=medications.KIND.number,
            at=(at := dose.due_at + timedelta(minutes=chance.randint(0, 40))),
            utc_offset=int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds() // 60),
            value=1.0 if chance.random() < share else 0.0,
            value2=None,
            seconds=None,
            source=source,
            key=f"{medication.id.hex}:{dose.key}",
            method=int(Method.SELF_REPORTED),
            flags=SIMULATED,
            context={"medication": medication.name, "dose": medication.dose},
        )
        for dose in planned
    ]
    timeline.add(patient_id=patient.id, rows=rows, after_seq=after_seq, now=now)


def _looks(patient: Patient, now: datetime) -> None:
    for hours, account, did in sorted(LOOKS, key=lambda look: -look[0]):
        by: Viewer = access.viewer_of(User.objects.get(email=account.email))
        log.record(by=by, did=did, patient_id=patient.id, now=now - timedelta(hours=hours))
