"""Posting: in the caller's transaction, once per person and reason, numbered without gaps."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from healthhub.people.models import Patient, User
from notifications.models import Inbox, Notice, QuietHours
from notifications.post import Message, cancel, post, post_all

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
TEXTS = {"zh-hans": {"title": "血氧偏低", "body": "88 %"}, "en": {"title": "Low oxygen", "body": "88 %"}}


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.org", name="Ana")


@pytest.fixture
def doctor() -> User:
    return User.objects.create_user("lim@example.org", name="Dr Lim")


def say(people: list[UUID], **changes: Any) -> list[Notice]:
    return post(**{"people": people, "about": "alert:1", "reason": "opened", "severity": "amber", "texts": TEXTS, "now": NOW} | changes)


def test_each_person_gets_one_notice_with_her_own_numbers(ana: User, doctor: User) -> None:
    say([ana.id, doctor.id])
    say([doctor.id], about="alert:2")
    assert list(Notice.objects.filter(person=doctor).order_by("seq").values_list("seq", "about")) == [(1, "alert:1"), (2, "alert:2")]
    assert Notice.objects.get(person=ana).seq == 1
    assert Notice.objects.get(person=ana).texts == TEXTS
    assert Inbox.objects.get(person=doctor).last_seq == 2


def test_the_same_reason_again_is_no_news(ana: User, doctor: User) -> None:
    first = say([ana.id])
    again = say([ana.id, doctor.id, doctor.id])
    assert [n.person_id for n in first] == [ana.id]
    assert [n.person_id for n in again] == [doctor.id]
    assert Inbox.objects.get(person=ana).last_seq == 1


def test_a_lost_transaction_leaves_no_notice_and_no_gap(ana: User) -> None:
    with transaction.atomic():
        say([ana.id])
        transaction.set_rollback(True)
    assert [n.seq for n in say([ana.id])] == [1]


def test_several_messages_are_posted_in_two_statements(ana: User, doctor: User) -> None:
    say([ana.id, doctor.id])
    messages = [Message(people=[ana.id, doctor.id], about=f"alert:{n}", reason="opened", severity="red", texts=TEXTS) for n in range(2, 5)]
    with CaptureQueriesContext(connection) as queries:
        notices = post_all(messages=messages, now=NOW)
    assert len(queries) == 2
    assert sorted(n.seq for n in notices if n.person_id == ana.id) == [2, 3, 4]


def test_quiet_hours_put_amber_off_and_let_urgent_and_red_pass(ana: User) -> None:
    QuietHours.objects.create(person=ana, start=time(22), end=time(7))
    due = {severity: say([ana.id], about=severity, severity=severity)[0].due_at for severity in ("info", "watch", "amber", "urgent", "red")}
    morning = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
    assert due == {"info": morning, "watch": morning, "amber": morning, "urgent": NOW, "red": NOW}


def test_who_left_is_told_nothing(ana: User) -> None:
    User.objects.filter(id=ana.id).update(is_active=False)
    assert say([ana.id]) == []


def test_cancel_spares_other_matters_people_and_what_was_delivered(ana: User, doctor: User) -> None:
    say([ana.id, doctor.id])
    say([ana.id], about="alert:2")
    assert cancel(about="alert:1", person=ana.id) == 1
    assert sorted(Notice.objects.filter(state="pending").values_list("person__name", "about")) == [
        ("Ana", "alert:2"),
        ("Dr Lim", "alert:1"),
    ]
    Notice.objects.filter(about="alert:1").update(state="delivered")
    assert cancel(about="alert:1") == 0


def test_nobody_is_nothing(ana: User) -> None:
    assert say([]) == []
    assert say([UUID(int=7)]) == []


def test_a_zone_nobody_knows_does_not_silence_her(ana: User) -> None:
    QuietHours.objects.create(person=ana, start=time(22), end=time(7))
    User.objects.filter(id=ana.id).update(time_zone="Mars/Olympus")
    assert say([ana.id])[0].due_at == NOW


def test_quiet_hours_follow_the_patient_who_travels(ana: User) -> None:

    QuietHours.objects.create(person=ana, start=time(22), end=time(7))
    Patient.objects.create(user=ana, name="Ana", time_zone="Europe/London")
    assert say([ana.id])[0].due_at == NOW  # 15:00 in London
    assert say([ana.id], about="alert:2", now=NOW + timedelta(hours=8))[0].due_at == datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
