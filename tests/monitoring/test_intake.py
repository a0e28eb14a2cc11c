"""What becomes of readings: each fate, the alerts they raise, and that nothing is lost with a bad one."""

from datetime import timedelta
from typing import Any

import pytest

from healthhub.audit.models import Entry
from healthhub.lib.refused import NotAllowed, NotVisible
from healthhub.people import consent
from healthhub.records import timeline
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import Observation
from monitoring import alerts, intake, worklist
from monitoring.models import Alert
from notifications.models import Notice
from tests.world import World

pytestmark = pytest.mark.django_db


def reading(world: World, minutes_ago: float = 0, **changes: Any) -> dict[str, Any]:
    at = (world.now - timedelta(minutes=minutes_ago)).isoformat()
    return {"kind": "spo2", "at": at, "value": 97, "unit": "%", "source": "oximeter"} | changes


def send(world: World, *readings: dict[str, Any], by: str = "token_write") -> intake.Receipt:
    return intake.receive(patient_id=world.ana.id, readings=readings, by=world.viewer(by), now=world.now)


def test_a_reading_is_stored_in_its_canonical_unit_and_numbered(world: World) -> None:
    receipt = send(world, reading(world, kind="weight", value=154.0, unit="lb"))
    assert receipt.counts() == {"stored": 1}
    row = timeline.one(patient_id=world.ana.id, seq=receipt.fates[0]["seq"])
    assert row["value"] == pytest.approx(69.853, abs=0.001)
    assert row["context"] == {"unit": "[lb_av]", "sent": 154.0}


def test_sending_again_is_safe(world: World) -> None:
    batch = [reading(world, minutes_ago=m) for m in (3, 2, 1)]
    first, second = send(world, *batch), send(world, *batch)
    assert first.counts() == {"stored": 3}
    assert second.counts() == {"duplicate": 3}
    assert [f["seq"] for f in second.fates] == [f["seq"] for f in first.fates]
    assert Observation.objects.filter(patient=world.ana).count() == 3


def test_another_value_at_the_same_moment_corrects_and_keeps_the_old(world: World) -> None:
    old = send(world, reading(world)).fates[0]["seq"]
    fate = send(world, reading(world, value=95)).fates[0]
    assert (fate["fate"], fate["corrects"]) == ("corrected", old)
    assert [
        row["value"]
        for row in timeline.history(
            patient_id=world.ana.id,
            kinds=[BY_KEY["spo2"].number],
            since=world.now - timedelta(days=1),
            until=world.now + timedelta(seconds=1),
            limit=9,
        )
    ] == [95]
    (amendment,) = timeline.amendments(patient_id=world.ana.id, seq=old)
    assert amendment["replaced_by_seq"] == fate["seq"]


def test_the_same_reading_twice_in_one_batch_counts_once(world: World) -> None:
    receipt = send(world, reading(world), reading(world), reading(world, value=90))
    assert [f["fate"] for f in receipt.fates] == ["stored", "duplicate", "corrected"]


def test_a_bad_reading_costs_the_others_nothing(world: World) -> None:
    receipt = send(
        world,
        reading(world, minutes_ago=5),
        reading(world, value=240),
        reading(world, kind="aura"),
        reading(world, unit="furlong"),
        reading(world, minutes_ago=-30),
        {"kind": "spo2", "at": "2026-01-01T10:00:00", "value": 97, "unit": "%"},
        reading(world, kind="bp", value=120, value2=80, unit=None),
        reading(world, minutes_ago=1),
    )
    assert [(f["fate"], f.get("code"), f.get("field")) for f in receipt.fates] == [
        ("stored", None, None),
        ("rejected", "impossible_value", "value"),
        ("rejected", "unknown_kind", "kind"),
        ("rejected", "unknown_unit", "unit"),
        ("rejected", "future_time", "at"),
        ("rejected", "no_zone", "at"),
        ("rejected", "missing_unit", "unit"),
        ("stored", None, None),
    ]


def test_two_low_oxygen_readings_open_one_alert_and_tell_the_right_people(world: World) -> None:
    send(world, reading(world, minutes_ago=4, value=88))
    receipt = send(world, reading(world, minutes_ago=1, value=88))
    alert = Alert.objects.get(patient=world.ana, severity="urgent")
    assert alert.id in receipt.alerts
    told = set(Notice.objects.filter(about=f"alert:{alert.id}").values_list("person__name", flat=True))
    assert {"Ana Silva", "Dr Lim", "Cleo Silva"} <= told
    assert told.isdisjoint({"Ben Zhou", "Dr Osei", "Dmitri Novak", "Pia Berg", "Omar Haddad", "Dr Park"})
    send(world, reading(world, value=87))
    assert Alert.objects.filter(patient=world.ana, rule_id=alert.rule_id).count() == 1


def test_old_readings_raise_nothing(world: World) -> None:
    receipt = send(world, *[reading(world, minutes_ago=60 * 24 * 30 + m, value=80) for m in range(5)])
    assert receipt.counts() == {"stored": 5}
    assert all("late" in f["flags"] for f in receipt.fates)
    assert not Alert.objects.exists()


def test_a_foreign_patient_is_nobody(world: World) -> None:
    with pytest.raises(NotVisible):
        intake.receive(patient_id=world.ben.id, readings=[reading(world)], by=world.viewer("token_write"), now=world.now)
    with pytest.raises(NotAllowed):
        send(world, reading(world), by="token_read")


def test_every_write_is_in_the_access_log(world: World) -> None:
    before = Entry.objects.filter(patient_id=world.ana.id).count()
    send(world, reading(world))
    entry = Entry.objects.filter(patient_id=world.ana.id).latest("id")
    assert Entry.objects.filter(patient_id=world.ana.id).count() == before + 1
    assert (entry.did, entry.actor_kind, entry.actor_id) == ("observations.write", "token", world.token_ids["token_write"])


def test_another_person_on_the_scale_is_marked_and_raises_nothing(world: World) -> None:
    world.ana.conditions = ["heart_failure"]
    world.ana.save()
    send(world, *[reading(world, 60 * h, kind="weight", value=70 + h / 100, unit="kg") for h in (20, 10, 5)])
    fate = send(world, reading(world, 1, kind="weight", value=88, unit="kg")).fates[0]
    assert fate["flags"] == ["suspicious"]
    assert not Alert.objects.filter(patient=world.ana).exists()


def test_the_ring_names_what_came_before(world: World) -> None:
    first = send(world, reading(world, 3))
    second = send(world, reading(world, 2), reading(world, 1))
    assert second.fates[-1]["seq"] == first.fates[0]["seq"] + 2


def test_an_alert_on_two_classes_of_data_is_for_those_who_may_see_both(world: World) -> None:
    partial = {"read", "notify"}
    consent.grant(
        patient=world.ana,
        grantee_kind="person",
        grantee_id=world.users["doctor_elsewhere"].id,
        data_classes=["vitals"],
        purpose="care",
        rights=sorted(partial),
        starts_at=world.now - timedelta(hours=1),
        ends_at=None,
        document_version="1",
        by=world.viewer("patient_self"),
        now=world.now - timedelta(hours=1),
    )
    chest_pain = reading(world, 3, kind="symptom_chest_pain", value=1, unit=None)
    send(
        world,
        chest_pain,
        reading(world, 2, kind="bp", value=190, value2=115, unit="mmHg"),
        reading(world, 0, kind="bp", value=190, value2=115, unit="mmHg"),
    )
    both = Alert.objects.get(rule_id="BP-02")
    assert both.data_class == "reported+vitals"
    elsewhere = world.viewer("doctor_elsewhere")
    assert [a.rule_id for a in worklist.open_alerts(viewer=elsewhere, patient_id=world.ana.id, now=world.now)] == []
    with pytest.raises(NotVisible):
        alerts.read(alert_id=both.id, viewer=elsewhere, now=world.now)
    assert [a.rule_id for row in worklist.worklist(viewer=elsewhere, now=world.now).rows for a in row.alerts] == []
    told = set(Notice.objects.filter(about=f"alert:{both.id}").values_list("person__name", flat=True))
    assert "Ana Silva" in told
    assert "Dr Osei" not in told


def test_the_names_of_units_are_not_for_senders(world: World) -> None:
    (fate,) = send(world, reading(world, context={"sent": 55})).fates
    assert (fate["code"], fate["field"]) == ("reserved", "context.sent")


def test_a_fall_from_ones_own_usual_is_believed_once_a_second_reading_agrees(world: World) -> None:
    send(world, *[reading(world, 60 * h, value=97) for h in (20, 12, 6, 3)])
    first = send(world, reading(world, 3, value=88)).fates[0]
    assert first["flags"] == ["suspicious"]
    assert "repeat" in first
    assert not Alert.objects.filter(patient=world.ana).exists()
    send(world, reading(world, 1, value=88))
    assert Alert.objects.get(patient=world.ana, severity="urgent").rule_id.startswith("OX-1")
