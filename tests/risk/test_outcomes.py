"""Outcomes: recorded once, by her clinicians or from a file, through one door."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from healthhub.audit.models import Entry
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people import consent
from risk import outcomes
from risk.models import Outcome
from tests.world import World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def recorded(world: World, principal: str = "doctor_in_team", kind: str = "admission", days_ago: float = 3) -> Outcome:
    at = world.now - days_ago * DAY
    return outcomes.record(patient_id=world.ana.id, kind=kind, at=at, note="fell", by=world.viewer(principal), now=world.now)


def test_recorded_once_and_withdrawn_with_a_reason(world: World) -> None:
    doctor = world.viewer("doctor_in_team")
    one = recorded(world)
    assert (one.source, one.by_id) == ("person", doctor.user_id)
    with pytest.raises(Conflict) as refused:
        recorded(world, "nurse_in_team")
    assert refused.value.code == "already_recorded"
    outcomes.withdraw(outcome_id=one.id, reason="her sister", by=world.viewer("nurse_in_team"), now=world.now)
    assert Entry.objects.get(did="outcome.withdraw").detail == {"kind": "admission", "reason": "her sister"}
    assert outcomes.outcomes_of(viewer=doctor, patient_id=world.ana.id, now=world.now) == []
    with pytest.raises(Conflict):
        outcomes.withdraw(outcome_id=one.id, reason="again", by=doctor, now=world.now)
    assert recorded(world, "nurse_in_team").id == one.id  # stands again, said by another
    assert Outcome.objects.get().withdrawn_at is None
    assert Outcome.objects.get().by_id == world.users["nurse_in_team"].id


def test_nobody_dies_twice(world: World) -> None:
    recorded(world, kind="death", days_ago=2)
    with pytest.raises(Conflict):
        recorded(world, kind="death", days_ago=1)
    recorded(world, kind="emergency_visit", days_ago=2)
    listed = outcomes.outcomes_of(viewer=world.viewer("doctor_break_glass"), patient_id=world.ana.id, now=world.now)
    assert {one.kind for one in listed} == {"death", "emergency_visit"}


@pytest.mark.parametrize(
    ("kind", "days_ago", "code"), [("holiday", 1, "unknown_kind"), ("death", -1, "future_time"), ("admission", 365.25 * 90, "too_old")]
)
def test_what_cannot_have_happened(world: World, kind: str, days_ago: float, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        recorded(world, kind=kind, days_ago=days_ago)
    assert refused.value.code == code


def test_only_her_clinicians_to_whom_everything_is_open(world: World) -> None:
    for principal in ("patient_self", "caregiver_with_consent", "doctor_break_glass"):
        with pytest.raises(NotAllowed):
            recorded(world, principal)
    with pytest.raises(NotVisible):
        recorded(world, "doctor_elsewhere")
    one = recorded(world)
    ana = world.viewer("patient_self")
    consent.withdraw(entry=world.entries["north"], by=ana, now=world.now)
    consent.grant(
        patient=world.ana,
        grantee_kind="team",
        grantee_id=world.north.id,
        data_classes=["vitals", "labs"],
        purpose="care",
        rights=["read", "act"],
        document_version="2",
        by=ana,
        now=world.now - DAY,
    )
    doctor = world.viewer("doctor_in_team")
    with pytest.raises(NotAllowed):
        outcomes.outcomes_of(viewer=doctor, patient_id=world.ana.id, now=world.now)
    with pytest.raises(NotAllowed):
        recorded(world, days_ago=9)
    with pytest.raises(NotAllowed):
        outcomes.withdraw(outcome_id=one.id, reason="her sister", by=doctor, now=world.now)


def test_a_file_tells_the_fate_of_each_line(world: World, tmp_path: Path) -> None:
    ana, at = str(world.ana.id), "2026-01-05T08:30:00+08:00"
    lines = [
        "patient,kind,at,note",
        f"{ana},admission,{at},pneumonia",
        f"{ana.upper()},admission,2026-01-05T00:30:00Z,the same moment",
        f"{ana},admission,2026-01-06 08:30,no zone",
        f"{ana},admission,soon,",
        f"{ana},holiday,{at},",
        f"{world.ana.team_id},admission,{at},",
        f"nobody,admission,{at},",
        f"{ana},death,9999-01-01T00:00:00Z,",
        f"{ana},emergency_visit,{at},{'x' * 401}",
        f"{ana},emergency_visit",
        f'{ana},emergency_visit,{at},"two\nlines"',
    ]
    file = tmp_path / "outcomes.csv"
    file.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    out = StringIO()
    call_command("import_outcomes", file, stdout=out)
    told = [line.split()[2] for line in out.getvalue().splitlines() if line.startswith("line ")]
    assert told == [
        "stored", "already_recorded", "bad_time", "bad_time", "unknown_kind", "not_found", "not_found", "future_time", "too_long",
        "bad_time", "stored",
    ]  # fmt: skip
    assert out.getvalue().splitlines()[-1].endswith("stored: 2, too_long: 1, unknown_kind: 1")
    one = Outcome.objects.get(kind="admission")
    assert (one.source, one.by_id, one.note) == ("import", None, "pneumonia")
    assert Entry.objects.filter(patient_id=world.ana.id, did="outcome.record", actor_kind="system").count() == 2


@pytest.mark.parametrize("content", [b"", b"who,what\n1,2\n", b"\xff\xfe\x00p"])
def test_files_that_are_none(world: World, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("import_outcomes", file, stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("import_outcomes", tmp_path / "none.csv", stdout=StringIO())
