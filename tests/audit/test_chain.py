"""The log is whole until somebody touches it, and then it shows."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from healthhub.audit import chain, log
from healthhub.audit.models import Entry, Head
from healthhub.lib.ids import uuid7
from healthhub.people.access import Viewer
from tests.world import at

NOW = at("2026-03-01 08:00")
MEI = Viewer(kind="user", user_id=uuid7(), name="Mei")
ANA, BEN = uuid7(), uuid7()

pytestmark = pytest.mark.django_db


def written(acts: int = 60) -> None:
    for i in range(acts):
        who = (ANA, BEN, None)[i % 3]
        log.record(
            by=MEI, did="patient.read", patient_id=who, about=f"thing:{i}", now=NOW + timedelta(seconds=i), detail={"n": i, "x": 1.5}
        )


def sealed(acts: int = 60) -> None:
    written(acts)
    while log.seal(now=NOW, limit=25):
        continue


@contextmanager
def superuser() -> Iterator[Any]:
    """Somebody with every right and the triggers off; undone afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        yield cursor
        transaction.set_rollback(True)


def test_a_whole_log_raises_no_alarm(tmp_path: Path) -> None:
    sealed()
    anchors = tmp_path / "anchors"
    assert log.anchor(path=anchors, now=NOW) == 3
    assert log.anchor(path=anchors, now=NOW) == 0
    written(10)
    report = log.verify(anchors=anchors)
    assert (report.chains, report.rows, report.unsealed, report.troubles) == (3, 60, 10, [])
    while log.seal(now=NOW):
        continue
    log.anchor(path=anchors, now=NOW)
    assert log.verify(anchors=anchors).troubles == []


def test_sealing_twice_does_nothing() -> None:
    sealed()
    assert log.seal(now=NOW) == 0
    assert Head.objects.get(patient_id=chain.NOBODY).n == 20


def test_record_reads_writes_a_row_for_each_patient() -> None:
    log.record_reads(by=MEI, did="patient.list", patient_ids=[ANA, BEN], now=NOW)
    log.record_reads(by=MEI, did="patient.list", patient_ids=[], now=NOW)
    assert {(row.patient_id, row.actor_id, row.did) for row in Entry.objects.all()} == {
        (ANA, MEI.user_id, "patient.list"),
        (BEN, MEI.user_id, "patient.list"),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET did = 'x'",
        "UPDATE audit_entry SET hash = NULL",
        "UPDATE audit_entry SET n = n + 1",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_database_refuses_changes(statement: str) -> None:
    sealed(3)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_no_truncate")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.count() == 3


def test_an_unsealed_row_can_be_sealed_but_not_edited() -> None:
    written(1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.update(did="nothing.happened")
    assert log.seal(now=NOW) == 1


Mutation = Callable[[Any, random.Random, tuple[int, UUID | None, int]], None]


def edit(column: str, value: str) -> Mutation:
    def mutate(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
        cursor.execute(f"UPDATE audit_entry SET {column} = {value} WHERE id = %s", [row[0]])

    return mutate


def delete(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute("DELETE FROM audit_entry WHERE id = %s", [row[0]])


def swap(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    """Two acts of one chain change places."""
    cursor.execute(
        "UPDATE audit_entry a SET did = b.did, about = b.about, at = b.at, detail = b.detail FROM audit_entry b"
        " WHERE a.patient_id IS NOT DISTINCT FROM b.patient_id AND a.id <> b.id AND (a.id = %(id)s OR b.id = %(id)s)"
        "   AND abs(a.n - b.n) = 1",
        {"id": row[0]},
    )


def insert_between(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute(
        "INSERT INTO audit_entry (patient_id, at, actor_kind, actor_id, did, about, detail, n, previous_hash, hash)"
        " SELECT patient_id, at, actor_kind, actor_id, 'forged', about, detail, n, previous_hash, hash FROM audit_entry WHERE id = %s",
        [row[0]],
    )


def replay_at_the_end(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute(
        "INSERT INTO audit_entry (patient_id, at, actor_kind, actor_id, did, about, detail, n, previous_hash, hash)"
        " SELECT e.patient_id, e.at, e.actor_kind, e.actor_id, e.did, e.about, e.detail, h.n + 1, h.hash, e.hash FROM audit_entry e"
        " JOIN audit_head h ON h.patient_id = coalesce(e.patient_id, %s) WHERE e.id = %s",
        [chain.NOBODY, row[0]],
    )


def cut_tail(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    """The clever one: cuts the chain from here on and sets its head back. Only the anchor knows better."""
    cursor.execute("DELETE FROM audit_entry WHERE patient_id IS NOT DISTINCT FROM %s AND n >= %s", [row[1], row[2]])
    cursor.execute("DELETE FROM audit_head WHERE patient_id = %s", [row[1] or chain.NOBODY])
    cursor.execute(
        "INSERT INTO audit_head (patient_id, n, hash, anchored_n) SELECT coalesce(patient_id, %s), n, hash, n FROM audit_entry"
        " WHERE patient_id IS NOT DISTINCT FROM %s AND hash IS NOT NULL ORDER BY n DESC LIMIT 1",
        [chain.NOBODY, row[1]],
    )


def write_anew(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    """The cleverest: edits one row and hashes the whole rest of the chain again. Only the anchor knows better."""
    cursor.execute("UPDATE audit_entry SET did = 'harmless' WHERE id = %s", [row[0]])
    cursor.execute("UPDATE audit_entry SET n = NULL, hash = NULL, previous_hash = NULL WHERE patient_id IS NOT DISTINCT FROM %s", [row[1]])
    cursor.execute("DELETE FROM audit_head WHERE patient_id = %s", [row[1] or chain.NOBODY])
    log.seal(now=NOW)


def unseal(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute("UPDATE audit_entry SET hash = NULL WHERE id = %s", [row[0]])


def forget_head(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute("DELETE FROM audit_head WHERE patient_id = %s", [row[1] or chain.NOBODY])


def drop_chain(cursor: Any, dice: random.Random, row: tuple[int, UUID | None, int]) -> None:
    cursor.execute("DELETE FROM audit_entry WHERE patient_id IS NOT DISTINCT FROM %s", [row[1]])
    forget_head(cursor, dice, row)


MUTATIONS: dict[str, Mutation] = {
    "did": edit("did", "'x'"),
    "about": edit("about", "about || ' '"),
    "at": edit("at", "at - interval '1 microsecond'"),
    "actor": edit("actor_id", "gen_random_uuid()"),
    "no actor": edit("actor_id", "NULL"),
    "actor kind": edit("actor_kind", "'system'"),
    "detail": edit("detail", "detail || '{\"n\": -1}'"),
    "patient": edit("patient_id", f"'{uuid7()}'"),
    "position": edit("n", "n + 1"),
    "no position": edit("n", "NULL"),
    "previous": edit("previous_hash", "sha256('x')"),
    "hash": edit("hash", "sha256('x')"),
    "id": edit("id", "id + 100000"),
    "unseal": unseal,
    "delete": delete,
    "swap": swap,
    "insert": insert_between,
    "replay": replay_at_the_end,
    "cut tail": cut_tail,
    "write anew": write_anew,
    "forget head": forget_head,
    "drop chain": drop_chain,
}


def test_200_random_mutations_are_all_found(tmp_path: Path) -> None:
    sealed()
    anchors = tmp_path / "anchors"
    log.anchor(path=anchors, now=NOW)
    rows = list(Entry.objects.order_by("id").values_list("id", "patient_id", "n"))
    dice, names = random.Random(7), list(MUTATIONS)
    unseen = []
    for i in range(200):
        name, row = names[i % len(names)], dice.choice(rows)
        with superuser() as cursor:
            MUTATIONS[name](cursor, dice, row)
            if not log.verify(anchors=anchors).troubles:
                unseen.append((name, row))
        if i % 20 == 0:
            assert log.verify(anchors=anchors).troubles == [], "a false alarm"
    assert unseen == []


def test_the_command_answers_with_its_exit_status(tmp_path: Path) -> None:
    written(6)
    anchors, said = tmp_path / "anchors", StringIO()
    call_command("audit", "seal", stdout=said)
    call_command("audit", "anchor", anchors=anchors, stdout=said)
    call_command("audit", "verify", anchors=anchors, stdout=said)
    assert "6 entries sealed" in said.getvalue()
    assert "The log is whole." in said.getvalue()
    with superuser() as cursor:
        delete(cursor, random.Random(1), (Entry.objects.order_by("-id")[0].id, None, 0))
        with pytest.raises(CommandError, match="tampered"):
            call_command("audit", "verify", anchors=anchors, stdout=said, stderr=said)


def test_a_torn_last_anchor_is_passed_over(tmp_path: Path) -> None:
    sealed(9)
    anchors = tmp_path / "anchors"
    log.anchor(path=anchors, now=NOW)
    anchors.write_text(anchors.read_text() + '{"at": "2026-03-01T08:00:00+00:00", "hea')
    assert log.verify(anchors=anchors).troubles == []
