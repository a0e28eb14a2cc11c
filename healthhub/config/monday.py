"""A Monday morning in the demo: three weeks in which alerts came and were dealt with, and a worklist with something of every kind.

All through the same doors as in a clinic: readings are judged by the rules as of their moment, and people act on what they raise.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from healthhub.config import demo_people as who
from healthhub.config.demo_people import Account
from healthhub.config.seed import herself, source_of
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient, User
from healthhub.records.catalogue import BY_KEY
from monitoring import alerts, desk, intake
from monitoring.models import LIVE_STATES, Alert

# What was measured: (minutes before, kind, value, second value) of a person by name, as the rules must notice it.
Course = tuple[tuple[int, str, float, float | None], ...]
HIGH: Course = ((6, "bp", 186, 112), (3, "bp", 188, 114))
RAISED: Course = ((6, "bp", 166, 98), (3, "bp", 168, 99))
NO_AIR: Course = ((7, "spo2", 84, None), (4, "spo2", 84, None))
LITTLE_AIR: Course = ((7, "spo2", 86, None), (4, "spo2", 86, None))
SWEET: Course = ((5, "glucose", 17.6, None),)
LOW: Course = ((15, "cgm", 3.6, None), (10, "cgm", 3.2, None), (5, "cgm", 2.7, None))
PAIN: Course = ((20, "bp", 192, 116), (16, "bp", 190, 115), (3, "symptom_chest_pain", 2, None))

# This morning: who, what, minutes ago, who has it (nobody if None).
MORNING: Sequence[tuple[str, Course, int, Account | None]] = (
    ("周国华", PAIN, 4, None),
    ("刘桂兰", HIGH, 25, None),
    ("宋玉兰", HIGH, 48, who.NURSE),
    ("何志远", LOW, 12, None),
    ("唐淑贤", LITTLE_AIR, 33, None),
    ("马振海", NO_AIR, 9, None),
    ("孙丽华", SWEET, 95, None),
    ("梁家辉", SWEET, 180, who.NURSE),
    ("黄玉珍", SWEET, 150, None),
    ("胡永福", RAISED, 70, None),
    ("罗桂芳", HIGH, 110, who.DOCTOR),
    ("韩大伟", RAISED, 130, None),
)
# The weeks before: who, what; days ago they are told at.
BEFORE: Sequence[tuple[str, Course]] = (
    ("刘桂兰", HIGH),
    ("程国栋", RAISED),
    ("孙丽华", SWEET),
    ("徐文斌", LOW),
    ("唐淑贤", LITTLE_AIR),
    ("韩大伟", RAISED),
)
OUTCOMES = ("contacted", "acted", "no_action_needed", "false_alarm", "contacted", "no_action_needed")
TAGS = {"家访": ("周国华", "杨淑芬", "高秀兰"), "新入组": ("董晓燕", "程国栋"), "低血糖风险": ("徐文斌", "何志远", "董晓燕")}
VIEWS = {"无人负责的急症": "severity=urgent&owner=nobody", "慢阻肺": "condition=copd", "低血糖风险": "condition=diabetes_t1"}
WEEKS = 20  # days


def before(*, now: datetime) -> int:
    """This function will let the weeks before happen: alerts that rose, and what was done about them. Gives how many."""
    chance = random.Random("the weeks before")
    team = [_viewer(who.DOCTOR), _viewer(who.NURSE)]
    raised = 0
    for day in range(WEEKS, 1, -1):
        name, course = BEFORE[day % len(BEFORE)]
        at = now - timedelta(days=day, minutes=chance.randint(0, 1200))
        for number, alert in enumerate(_told(name, course, at)):
            raised += 1
            if (day + number) % 4:
                _settled(alert, team[day % 2], at, chance)
            else:
                _calm_again(name, course, at + timedelta(hours=3))
    for alert in Alert.objects.filter(state__in=LIVE_STATES):  # nothing of it hangs over into this week
        outcome = OUTCOMES[raised % len(OUTCOMES)]
        alerts.resolve(alert_id=alert.id, by=team[1], outcome=outcome, text="", now=alert.opened_at + timedelta(hours=8))
    return raised


def morning(*, now: datetime) -> int:
    """This function will let this morning happen: alerts of every kind, some of them taken; tags, views and reviews. Gives how many."""
    raised = 0
    for name, course, minutes, holder in MORNING:
        at = now - timedelta(minutes=minutes)
        for alert in _told(name, course, at):
            raised += 1
            if holder is not None:
                alerts.acknowledge(alert_id=alert.id, by=_viewer(holder), now=at + timedelta(minutes=4), until=now + timedelta(hours=2))
    doctor, nurse = _viewer(who.DOCTOR), _viewer(who.NURSE)
    for tag, names in TAGS.items():
        for name in names:
            desk.tag(patient_id=_patient(name).id, name=tag, by=nurse, now=now)
    for name, query in VIEWS.items():
        desk.save_view(name=name, query=query, by=doctor, now=now)
    for number, person in enumerate(who.FAMILY_MEDICINE_A[::3]):
        desk.review(patient_id=_patient(person.name).id, by=(doctor, nurse)[number % 2], now=now - timedelta(days=number, hours=3))
    return raised


def _told(name: str, course: Course, at: datetime) -> list[Alert]:
    patient = _patient(name)
    readings = [_reading(kind, at - timedelta(minutes=minutes), value, value2) for minutes, kind, value, value2 in course]
    receipt = intake.receive(patient_id=patient.id, readings=readings, by=herself(patient), now=at)
    raised: list[UUID] = list(dict.fromkeys(receipt.alerts))
    return list(Alert.objects.filter(id__in=raised).order_by("opened_at", "id"))


def _calm_again(name: str, course: Course, at: datetime) -> None:
    """Later that day she measures again, and it is as it should be."""
    calm = {"bp": (126.0, 78.0), "glucose": (6.8, None), "cgm": (6.1, None), "spo2": (93.0, None)}
    patient = _patient(name)
    kinds = dict.fromkeys(kind for _, kind, _, _ in course if kind in calm)
    for minutes in (12, 6, 0):
        readings = [_reading(kind, at - timedelta(minutes=minutes), *calm[kind]) for kind in kinds]
        intake.receive(patient_id=patient.id, readings=readings, by=herself(patient), now=at - timedelta(minutes=minutes))


def _settled(alert: Alert, by: Viewer, at: datetime, chance: random.Random) -> None:
    taken = at + timedelta(minutes=chance.randint(3, 55))
    alerts.acknowledge(alert_id=alert.id, by=by, now=taken)
    outcome = OUTCOMES[chance.randrange(len(OUTCOMES))]
    alerts.resolve(alert_id=alert.id, by=by, outcome=outcome, text="", now=taken + timedelta(minutes=chance.randint(2, 30)))


def _reading(kind: str, at: datetime, value: float, value2: float | None) -> dict[str, Any]:
    body = {
        "kind": kind,
        "at": at.isoformat(),
        "value": value,
        "unit": BY_KEY[kind].unit,
        "source": source_of(kind),
        "flags": ["simulated"],
    }
    return body | ({"value2": value2} if value2 is not None else {})


def _patient(name: str) -> Patient:
    return Patient.objects.select_related("user").get(name=name, is_simulated=True)


def _viewer(account: Account) -> Viewer:
    return access.viewer_of(User.objects.get(email=account.email))
