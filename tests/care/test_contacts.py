"""Contacts: who writes, who reads what of them, and that nothing written is ever lost."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from healthhub.care import contacts
from healthhub.care.models import Contact
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import consent
from tests.world import EVERYTHING, World

pytestmark = pytest.mark.django_db


def write(world: World, who: str = "doctor_in_team", kind: str = "visit", text: str = "pale, breathless", **more: Any) -> Contact:
    given: dict[str, Any] = {"patient_id": world.ana.id, "kind": kind, "at": world.now, "text": text, "now": world.now}
    return contacts.add(**given | {"by": world.viewer(who)} | more)


def read(world: World, who: str, **more: Any) -> list[contacts.Told]:
    return contacts.contacts_of(viewer=world.viewer(who), patient_id=world.ana.id, now=world.now, **more)


def test_a_note_is_among_colleagues(world: World) -> None:
    write(world, kind="note", text="depressed?")
    write(world, kind="call", text="told her to rest")
    assert {one.kind for one in read(world, "nurse_in_team")} == {"note", "call"}
    for who in ("patient_self", "caregiver_with_consent"):
        assert [(one.kind, one.text) for one in read(world, who)] == [("call", "told her to rest")]
    with pytest.raises(NotVisible):
        read(world, "doctor_elsewhere")


def test_words_are_for_those_to_whom_everything_is_open(world: World) -> None:
    write(world)
    ana, now = world.viewer("patient_self"), world.now
    consent.withdraw(entry=world.entries["north"], by=ana, now=now)
    grant = {"grantee_kind": "team", "grantee_id": world.north.id, "purpose": "care", "rights": EVERYTHING, "document_version": "2"}
    consent.grant(patient=world.ana, data_classes=["vitals"], by=ana, now=now, **grant)  # type: ignore[arg-type]
    assert [one.text for one in read(world, "nurse_in_team")] == [None]
    assert [one.text for one in read(world, "doctor_in_team")] == ["pale, breathless"]  # her own words


def test_a_correction_keeps_what_was_written(world: World) -> None:
    first = write(world, text="left leg")
    given: dict[str, Any] = {"kind": "visit", "at": world.now, "now": world.now}
    second = contacts.correct(contact_id=first.id, text="right leg", by=world.viewer("doctor_in_team"), **given)
    third = contacts.correct(contact_id=second.id, text="both legs", by=world.viewer("doctor_in_team"), **given)
    (one,) = read(world, "patient_self")
    assert (one.id, one.text, [old.text for old in one.was]) == (third.id, "both legs", ["right leg", "left leg"])
    with pytest.raises(Conflict) as refused:
        contacts.correct(contact_id=first.id, text="no leg", by=world.viewer("doctor_in_team"), **given)
    assert refused.value.code == "corrected_before"
    with pytest.raises(NotAllowed) as not_hers:
        contacts.correct(contact_id=third.id, text="no leg", by=world.viewer("nurse_in_team"), **given)
    assert not_hers.value.code == "not_yours"
    with pytest.raises(NotVisible):
        contacts.correct(contact_id=uuid4(), text="no leg", by=world.viewer("doctor_in_team"), **given)
    with pytest.raises(DatabaseError), transaction.atomic():
        Contact.objects.filter(id=first.id).update(text="never happened")
    with pytest.raises(DatabaseError), transaction.atomic():
        Contact.objects.filter(id=third.id).delete()


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"kind": "duel"}, "unknown_kind", "kind"),
        ({"text": "  "}, "bad_length", "text"),
        ({"text": "x" * 4001}, "bad_length", "text"),
        ({"at": timedelta(hours=1)}, "in_the_future", "at"),
        ({"at": -timedelta(days=4000)}, "too_old", "at"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(world: World, more: dict[str, Any], code: str, field: str) -> None:
    given: dict[str, Any] = {name: world.now + value if isinstance(value, timedelta) else value for name, value in more.items()}
    with pytest.raises(Invalid) as refused:
        write(world, **given)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("who", ["patient_self", "caregiver_with_consent", "doctor_break_glass"])
def test_who_sees_her_and_is_no_clinician_of_hers_writes_nothing(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        write(world, who)
