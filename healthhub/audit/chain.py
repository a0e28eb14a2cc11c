"""The hash chains of the log, one per patient: sealing, anchoring outside the database, and finding who tampered.

    hash(n) = SHA-256( hash(n-1) + n as 8 bytes, big end first + canonical JSON of the row )         hash(0) = 32 zero bytes

A chain proves that nothing inside was edited, removed, swapped or put between. It cannot prove that its tail was not cut
or written anew from some row on: for that the heads are appended every few minutes to a file that belongs on another machine.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection, transaction

from healthhub.audit.models import Head

# Acts that concern no patient have a chain of their own.
NOBODY = UUID(int=0)
GENESIS = bytes(32)
SEAL_LOCK = 0x68685F6C6F67  # any number that nobody else takes as an advisory lock
COLUMNS = "id, patient_id, at, actor_kind, actor_id, did, about, detail::text"
Row: TypeAlias = tuple[int, UUID | None, datetime, str, UUID | None, str, str, str]


@dataclass(frozen=True)
class Trouble:
    """One place where the log is not what it was. `n` is the position in the chain of this patient."""

    chain: UUID
    n: int | None
    what: str  # edited, missing, double, unlinked, head, headless, anchor

    def __str__(self) -> str:
        return f"chain {self.chain} at {self.n}: {self.what}"


@dataclass
class Report:
    """What a verification saw: chains and sealed rows read, rows that still wait for their seal, and every trouble."""

    chains: int = 0
    rows: int = 0
    unsealed: int = 0
    troubles: list[Trouble] = field(default_factory=list)


def canonical(row: Row) -> bytes:
    """This function will give the bytes of a row that its hash covers: sorted keys, no spaces, UTF-8, UTC to the microsecond."""
    id_, patient_id, at, actor_kind, actor_id, did, about, detail = row
    said = {
        "id": id_,
        "patient_id": patient_id and str(patient_id),
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_kind": actor_kind,
        "actor_id": actor_id and str(actor_id),
        "did": did,
        "about": about,
        "detail": json.loads(detail),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def link(previous: bytes, n: int, row: Row) -> bytes:
    """This function will give the hash of a row at position n after `previous`."""
    return hashlib.sha256(previous + n.to_bytes(8, "big") + canonical(row)).digest()


def seal(*, now: datetime, limit: int = 20_000) -> int:
    """This function will seal up to `limit` waiting rows and tell how many it did; 0 when another sweep is at it.

    The position in a chain is given here and not when the act is written: acts then never wait for each other.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(f"SELECT {COLUMNS} FROM audit_entry WHERE hash IS NULL ORDER BY id LIMIT %s", [limit])
        rows: list[Row] = cursor.fetchall()
        if not rows:
            return 0
        heads = _heads({row[1] or NOBODY for row in rows})
        sealed: list[tuple[int, int, bytes, bytes]] = []
        for row in rows:
            n, previous = heads.get(row[1] or NOBODY, (0, GENESIS))
            hash_ = link(previous, n + 1, row)
            heads[row[1] or NOBODY] = (n + 1, hash_)
            sealed.append((row[0], n + 1, previous, hash_))
        _write_seals(cursor, sealed, heads)
        return len(rows)


def _heads(chains: Iterable[UUID] | None = None) -> dict[UUID, tuple[int, bytes]]:
    heads = Head.objects.all() if chains is None else Head.objects.filter(patient_id__in=chains)
    return {chain: (n, bytes(hash_)) for chain, n, hash_ in heads.values_list("patient_id", "n", "hash").iterator(2000)}


def _write_seals(cursor: Any, sealed: Sequence[tuple[int, int, bytes, bytes]], heads: Mapping[UUID, tuple[int, bytes]]) -> None:
    cursor.execute(
        "UPDATE audit_entry e SET n = s.n, previous_hash = s.previous, hash = s.hash"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[]) AS s (id, n, previous, hash) WHERE e.id = s.id",
        [list(column) for column in zip(*sealed, strict=True)],
    )
    cursor.execute(
        "INSERT INTO audit_head (patient_id, n, hash, anchored_n) SELECT c, n, h, 0"
        " FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[]) AS s (c, n, h)"
        " ON CONFLICT (patient_id) DO UPDATE SET n = excluded.n, hash = excluded.hash",
        [list(heads), [n for n, _ in heads.values()], [hash_ for _, hash_ in heads.values()]],
    )


def anchor(*, path: Path, now: datetime, everything: bool = False) -> int:
    """This function will append the heads that moved since the last time to the anchor file, and tell how many.

    One JSON line per call: {"at": ..., "heads": {chain: [n, hash in hex]}}. Heads are committed before they are written
    down, so an anchor never speaks of a row that was rolled back; a crash in between only writes the same heads twice.
    `everything` writes every head, for a new file.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT patient_id, n, hash FROM audit_head WHERE %s OR n > anchored_n", [everything])
        heads = cursor.fetchall()
        if not heads:
            return 0
        line = {"at": now.astimezone(UTC).isoformat(), "heads": {str(chain): [n, bytes(hash_).hex()] for chain, n, hash_ in heads}}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        cursor.execute("UPDATE audit_head SET anchored_n = n WHERE n <> anchored_n")
        return len(heads)


def anchored(path: Path) -> dict[UUID, tuple[int, bytes]]:
    """This function will read the anchor file: the furthest head of each chain. A torn last line (a crash) is passed over."""
    furthest: dict[UUID, tuple[int, bytes]] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for line in lines[:-1]:
        for chain, (n, hash_) in json.loads(line)["heads"].items():
            key = UUID(chain)
            if n >= furthest.get(key, (0, b""))[0]:
                furthest[key] = (n, bytes.fromhex(hash_))
    return furthest


def verify(*, anchors: Path | None = None) -> Report:
    """This function will read the whole log and report every edit, gap, swap, inserted row and cut tail it can prove.

    Sealing may go on meanwhile: the heads are read before the rows and again after them, and a row and its head are
    committed together, so rows beyond the first reading must be covered by the second.
    """
    report = Report()
    promised = anchored(anchors) if anchors else {}
    before = _heads()
    last: dict[UUID, tuple[int, bytes]] = {}
    for chain, rows in _chains():
        report.chains += 1
        last[chain] = _walk(chain, rows, report, expected=(before.get(chain), promised.get(chain)))
    after = _heads()
    for chain in {*before, *last}:
        n, hash_ = last.get(chain, (0, GENESIS))
        head = after.get(chain)
        if head is None:
            report.troubles.append(Trouble(chain, n, "headless"))
        elif head[0] < n or (head[0] == n and head[1] != hash_):
            report.troubles.append(Trouble(chain, n, "head"))
    for chain, (n, _) in before.items():
        if n > last.get(chain, (0, GENESIS))[0]:
            report.troubles.append(Trouble(chain, n, "missing"))
    for chain, (n, _) in promised.items():
        if n > last.get(chain, (0, GENESIS))[0]:
            report.troubles.append(Trouble(chain, n, "anchor"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry WHERE hash IS NULL")
        report.unsealed = cursor.fetchone()[0]
        cursor.execute("SELECT patient_id, n FROM audit_entry WHERE hash IS NULL AND (n IS NOT NULL OR previous_hash IS NOT NULL)")
        report.troubles += [Trouble(chain or NOBODY, n, "edited") for chain, n in cursor.fetchall()]
    return report


Sealed: TypeAlias = tuple[int, bytes, bytes, Row]
Heads: TypeAlias = tuple[tuple[int, bytes] | None, ...]


def _walk(chain: UUID, rows: Iterable[Sealed], report: Report, *, expected: Heads) -> tuple[int, bytes]:
    """Follows one chain; gives where it ended. `expected` are heads that the chain must pass through."""
    milestones = [head for head in expected if head is not None]
    at_n, at_hash = 0, GENESIS
    for n, previous, hash_, row in rows:
        report.rows += 1
        if n is None or n <= at_n:
            report.troubles.append(Trouble(chain, n, "double"))
            continue
        if n != at_n + 1:
            report.troubles.append(Trouble(chain, at_n + 1, "missing"))
        elif previous != at_hash:
            report.troubles.append(Trouble(chain, n, "unlinked"))
        if link(previous, n, row) != hash_:
            report.troubles.append(Trouble(chain, n, "edited"))
        report.troubles += [Trouble(chain, n, "anchor") for at, promised in milestones if at == n and promised != hash_]
        at_n, at_hash = n, hash_
    return at_n, at_hash


def _chains() -> Iterator[tuple[UUID, Iterator[Sealed]]]:
    """Streams all sealed rows, chain by chain, in bounded memory."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.itersize = 5000  # type: ignore[attr-defined] # of psycopg's named cursor behind it
        cursor.execute(
            f"SELECT n, previous_hash, hash, {COLUMNS} FROM audit_entry WHERE hash IS NOT NULL"
            " ORDER BY patient_id NULLS FIRST, n NULLS FIRST, id"
        )
        stream = iter(cursor)
        waiting = next(stream, None)

        def rows_of(chain: UUID | None) -> Iterator[Sealed]:
            nonlocal waiting
            while waiting is not None and waiting[4] == chain:
                n, previous, hash_, *row = waiting
                yield n, bytes(previous or b""), bytes(hash_), tuple(row)
                waiting = next(stream, None)

        while waiting is not None:
            yield waiting[4] or NOBODY, rows_of(waiting[4])
