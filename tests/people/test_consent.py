"""The ledger: what may be written, what follows, and that it stays written."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from healthhub.audit.models import Entry
from healthhub.lib.ids import uuid7
from healthhub.lib.refused import Conflict, Invalid, NotAllowed
from healthhub.people import access, consent
from healthhub.people.models import ConsentEntry, Grant
from tests.world import World

pytestmark = pytest.mark.django_db


def give(world: World, **changes: Any) -> ConsentEntry:
    usual: dict[str, Any] = {
        "patient": world.ana,
        "grantee_kind": "person",
        "grantee_id": world.users["other_patient"].id,
        "data_classes": ["glucose"],
        "purpose": "caregiving",
        "rights": ["read"],
        "document_version": "2026-02",
        "by": world.viewer("patient_self"),
        "now": world.now,
    }
    return consent.grant(**usual | changes)


def test_a_grant_opens_its_classes_and_nothing_else(world: World) -> None:
    give(world)
    ben = world.viewer("other_patient")
    assert access.classes_allowed(ben, world.ana, action="read", now=world.now) == {"glucose"}
    assert access.classes_allowed(ben, world.ana, action="act", now=world.now) == frozenset()
    assert world.users["other_patient"].id not in access.watchers_of(world.ana.id, data_class="glucose", now=world.now)


def test_a_grant_of_being_told_does_not_let_her_read(world: World) -> None:
    give(world, rights=["notify"])
    ben = world.viewer("other_patient")
    assert world.users["other_patient"].id in access.watchers_of(world.ana.id, data_class="glucose", now=world.now)
    with pytest.raises(NotAllowed):
        access.patient_for(ben, world.ana.id, action="read", now=world.now)


def test_a_grant_begins_and_ends_by_the_clock(world: World) -> None:
    give(world, starts_at=world.now + timedelta(hours=1), ends_at=world.now + timedelta(hours=2))
    ben = world.viewer("other_patient")
    open_at = [access.may(ben, world.ana.id, action="read", now=world.now + timedelta(minutes=m)) for m in (0, 59, 60, 119, 120)]
    assert open_at == [False, False, True, True, False]


def test_withdrawing_counts_from_the_next_read(world: World) -> None:
    entry = give(world)
    line = consent.withdraw(entry=entry, by=world.viewer("patient_self"), now=world.now)
    assert line.withdraws == entry
    assert not access.may(world.viewer("other_patient"), world.ana.id, action="read", now=world.now)
    assert Grant.objects.get(entry=entry).withdrawn_at == world.now
    with pytest.raises(Conflict, match="before"):
        consent.withdraw(entry=entry, by=world.viewer("patient_self"), now=world.now)
    with pytest.raises(Conflict, match="itself"):
        consent.withdraw(entry=line, by=world.viewer("patient_self"), now=world.now)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"grantee_kind": "everyone"}, "grantee_kind"),
        ({"purpose": "care", "grantee_kind": "programme"}, "purpose"),
        ({"purpose": "programme"}, "purpose"),
        ({"data_classes": []}, "data_classes"),
        ({"data_classes": ["secrets"]}, "data_classes"),
        ({"rights": []}, "rights"),
        ({"rights": ["own"]}, "rights"),
        ({"document_version": " "}, "document_version"),
        ({"grantee_id": uuid7()}, "grantee_id"),
        ({"grantee_kind": "team", "purpose": "care"}, "grantee_id"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, changes: dict[str, Any], field: str) -> None:
    lines = ConsentEntry.objects.count()
    with pytest.raises(Invalid) as refused:
        give(world, **changes)
    assert refused.value.field == field
    assert ConsentEntry.objects.count() == lines


def test_consent_is_not_written_into_the_past(world: World) -> None:
    for times in ({"starts_at": world.now - timedelta(hours=1)}, {"ends_at": world.now}, {"ends_at": world.now - timedelta(days=1)}):
        with pytest.raises(Invalid):
            give(world, **times)


def test_a_device_gives_no_consent(world: World) -> None:
    with pytest.raises(NotAllowed):
        give(world, by=world.viewer("token_write"))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE people_consententry SET rights = '{act}'", "DELETE FROM people_consententry", "TRUNCATE people_consententry CASCADE"],
)
def test_the_database_keeps_the_ledger(world: World, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE people_consententry ENABLE TRIGGER consent_no_truncate")
    lines = ConsentEntry.objects.count()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert ConsentEntry.objects.count() == lines


def test_giving_and_withdrawing_are_in_the_log(world: World) -> None:
    entry = give(world)
    consent.withdraw(entry=entry, by=world.viewer("patient_self"), now=world.now)
    rows = Entry.objects.filter(patient_id=world.ana.id, about=f"consent:{entry.id}").order_by("id")
    assert [(row.did, row.actor_id) for row in rows] == [
        (did, world.users["patient_self"].id) for did in ("consent.grant", "consent.withdraw")
    ]
