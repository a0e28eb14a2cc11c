"""A patient's readings: how they are put in, corrected, taken out and read. Judging them is upstairs.

Every write holds the patient's one row of `Timeline`, so fates are settled one write at a time per patient; the partial unique
index `observation_current` keeps the promise should anything ever forget the lock.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from healthhub.audit import log
from healthhub.lib.asked import array, asked
from healthhub.lib.refused import Conflict, NotVisible
from healthhub.records.models import State

Identity = tuple[int, datetime, int, str]


@dataclass(slots=True)
class Row:
    """One reading ready to be stored: canonical unit, source known. `seq` is given by `add`."""

    kind: int
    at: datetime
    utc_offset: int
    value: float
    value2: float | None
    seconds: int | None
    source: int
    key: str
    method: int
    flags: int
    context: dict[str, Any] | None
    seq: int = 0

    @property
    def identity(self) -> Identity:
        return (self.kind, self.at, self.source, self.key)

    @property
    def local_day(self) -> Any:
        return (self.at + timedelta(minutes=self.utc_offset)).date()


@dataclass(slots=True)
class Added:
    """What became of rows: each index once in `stored`, `duplicate` (index -> seq it repeats) or `corrected` (index -> old seq)."""

    stored: list[int] = field(default_factory=list)
    duplicate: dict[int, int] = field(default_factory=dict)
    corrected: dict[int, int] = field(default_factory=dict)
    before_seq: int = 0
    last_seq: int = 0


_INSERT = """
WITH new AS (
    SELECT * FROM json_to_recordset(%s::json)
        AS r(seq bigint, kind smallint, at timestamptz, utc_offset smallint, value float8, value2 float8, seconds int,
             source bigint, key text, method smallint, flags smallint, context jsonb)
), stored AS (
    INSERT INTO records_observation (patient_id, seq, kind, at, utc_offset, value, value2, seconds, source_id, key, method, flags,
                                     context, received_at)
    SELECT %s::uuid, seq, kind, at, utc_offset, value, value2, seconds, source, key, method, flags, context, %s::timestamptz FROM new
    ON CONFLICT (patient_id, kind, at, source_id, key) WHERE state = 0 DO NOTHING
    RETURNING seq, kind, (at AT TIME ZONE 'UTC' + utc_offset * interval '1 minute')::date AS day
), stale AS (
    INSERT INTO records_stale (patient_id, kind, day) SELECT DISTINCT %s::uuid, kind, day FROM stored ON CONFLICT DO NOTHING
), fresh AS (
    INSERT INTO records_fresh (patient_id, kind) SELECT DISTINCT %s::uuid, kind FROM stored ON CONFLICT DO NOTHING
), moved AS (
    UPDATE records_timeline SET last_seq = GREATEST(last_seq, (SELECT coalesce(max(seq), 0) FROM stored)),
        last_received_at = GREATEST(last_received_at, %s)
    WHERE patient_id = %s
), heard AS (
    UPDATE records_source SET last_received_at = GREATEST(last_received_at, %s) WHERE id = ANY(%s::bigint[])
){logged}
SELECT seq FROM stored
"""


# What the statement stored is what its own entry tells; corrections, if any, follow by themselves.
_LOGGED = (
    ", logged AS ("
    + log.BESIDE.format(
        detail="jsonb_build_object('sent', %s::int, 'new', (SELECT count(*) FROM stored), "
        "'last_seq', greatest(%s::bigint, (SELECT max(seq) FROM stored)))"
    )
    + ")"
)
_PLAIN_INSERT, _LOGGED_INSERT = _INSERT.format(logged=""), _INSERT.format(logged=_LOGGED)
_LOCK = "SELECT last_seq FROM records_timeline WHERE patient_id = %s FOR UPDATE"
_OPEN = "INSERT INTO records_timeline (patient_id, last_seq) SELECT id, 0 FROM people_patient WHERE id = %s ON CONFLICT DO NOTHING"
_BETWEEN = "\x1f"  # stands in no key: it cannot be printed
_SOURCES = f"SELECT key, id FROM records_source WHERE patient_id = %s AND key = ANY(string_to_array(%s, '{_BETWEEN}'))"
_NEW_SOURCES = (
    "INSERT INTO records_source (patient_id, key, name, priority) SELECT %s, k, '', 50 FROM unnest(%s::text[]) k "
    "ON CONFLICT (patient_id, key) DO UPDATE SET key = excluded.key RETURNING key, id"
)


def lock(*, patient_id: UUID) -> int:
    """This function will take the patient's write lock until the end of the transaction and give the last `seq`.

    Raises NotVisible where there is no such patient.
    """
    last_seq = lock_asked(patient_id=patient_id)()
    if last_seq is None:
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [patient_id])
        last_seq = lock_asked(patient_id=patient_id)()
    if last_seq is None:
        raise NotVisible
    return last_seq


def lock_asked(*, patient_id: UUID) -> Callable[[], int | None]:
    """This function will ask for the lock; the answer is read by calling what it gives. None: nothing ever came, and nothing is locked."""
    answer = asked(connection, _LOCK, [patient_id])

    def read() -> int | None:
        rows = answer()
        return int(rows[0][0]) if rows else None

    return read


def sources(*, patient_id: UUID, keys: Iterable[str]) -> dict[str, int]:
    """This function will give the ids of the patient's sources by the sender's name for them, making those that are new."""
    return sources_asked(patient_id=patient_id, keys=keys)()


def sources_asked(*, patient_id: UUID, keys: Iterable[str]) -> Callable[[], dict[str, int]]:
    """This function will ask for the sources; what it gives reads the answer and makes those that are new."""
    wanted = set(keys)
    answer = asked(connection, _SOURCES, [patient_id, _BETWEEN.join(wanted)])

    def read() -> dict[str, int]:
        found: dict[str, int] = dict(answer())
        missing = sorted(wanted - found.keys())
        return found | dict(asked(connection, _NEW_SOURCES, [patient_id, missing])()) if missing else found

    return read


def add(*, patient_id: UUID, rows: Sequence[Row], after_seq: int, now: datetime, by: log.Actor | None = None) -> Added:
    """This function will store rows whose patient is locked (`after_seq` is what `lock` gave) and settle each one's fate.

    Rows with an identity that is already there are duplicates when every value is equal, else corrections: the old row is
    kept as SUPERSEDED, and an amendment says by which reading. Two rows of one identity in the batch: the first counts, and
    the second is its duplicate or correction. Partitions must exist (`partitions.ensure`).
    """
    done = Added(before_seq=after_seq, last_seq=after_seq)
    if not rows:
        return done
    waves = _waves(rows)
    for wave in waves:
        entry = log.values_beside(by=by, did="observations.write", patient_id=patient_id, now=now) if by and wave is waves[0] else []
        stored = _insert(patient_id, rows, wave, done.last_seq, now, entry)
        _settle(patient_id, rows, wave, stored, done, now)
    return done


def _waves(rows: Sequence[Row]) -> list[list[int]]:
    """Rows of one identity must meet the table one after the other; nearly always there is one wave."""
    waves: list[list[int]] = [[]]
    times_seen: dict[Identity, int] = {}
    for index, row in enumerate(rows):
        nth = times_seen.get(row.identity, 0)
        times_seen[row.identity] = nth + 1
        if nth == len(waves):
            waves.append([])
        waves[nth].append(index)
    return waves


def _insert(patient_id: UUID, rows: Sequence[Row], wave: list[int], after_seq: int, now: datetime, entry: Sequence[Any] = ()) -> set[int]:
    for n, index in enumerate(wave, start=1):
        rows[index].seq = after_seq + n
    batch = [rows[index] for index in wave]
    heard = sorted({r.source for r in batch})
    values = [msgspec.json.encode(batch).decode(), patient_id, now, patient_id, patient_id, now, patient_id, now, array(heard)]
    if entry:
        answer = asked(connection, _LOGGED_INSERT, [*values, *entry, len(rows), after_seq])
    else:
        answer = asked(connection, _PLAIN_INSERT, values)
    return {seq for (seq,) in answer()}


def _settle(patient_id: UUID, rows: Sequence[Row], wave: list[int], stored: set[int], done: Added, now: datetime) -> None:
    clashes = []
    for index in wave:
        if rows[index].seq in stored:
            done.stored.append(index)
        else:
            clashes.append(index)
    done.last_seq = max(stored, default=done.last_seq)
    if not clashes:
        return
    there = _current(patient_id, [rows[index].identity for index in clashes])
    changed = []
    for index in clashes:
        seq, value, value2, seconds = there[rows[index].identity]
        row = rows[index]
        if (value, value2, seconds) == (row.value, row.value2, row.seconds):
            row.seq = seq
            done.duplicate[index] = seq
        else:
            done.corrected[index] = seq
            changed.append(index)
    if changed:
        _end(patient_id, [done.corrected[index] for index in changed], State.SUPERSEDED)
        _insert(patient_id, rows, changed, done.last_seq, now)
        done.last_seq += len(changed)


def _current(patient_id: UUID, identities: Sequence[Identity]) -> dict[Identity, tuple[int, float, float | None, int | None]]:
    kinds, ats, source_ids, keys = (list(column) for column in zip(*identities, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.kind, o.at, o.source_id, o.key, o.seq, o.value, o.value2, o.seconds "
            "FROM unnest(%s::smallint[], %s::timestamptz[], %s::bigint[], %s::text[]) AS w(kind, at, source_id, key) "
            "JOIN records_observation o ON o.patient_id = %s AND o.state = 0 "
            "AND (o.kind, o.at, o.source_id, o.key) = (w.kind, w.at, w.source_id, w.key)",
            [kinds, ats, source_ids, keys, patient_id],
        )
        return {(k, at, s, key): (seq, v, v2, sec) for k, at, s, key, seq, v, v2, sec in cursor.fetchall()}


def _end(patient_id: UUID, seqs: Sequence[int], state: State) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH ended AS (UPDATE records_observation SET state = %s WHERE patient_id = %s AND seq = ANY(%s) AND state = 0 "
            "RETURNING kind, (at AT TIME ZONE 'UTC' + utc_offset * interval '1 minute')::date AS day), fresh AS ("
            "INSERT INTO records_fresh (patient_id, kind) SELECT DISTINCT %s::uuid, kind FROM ended ON CONFLICT DO NOTHING) "
            "INSERT INTO records_stale (patient_id, kind, day) SELECT DISTINCT %s::uuid, kind, day FROM ended ON CONFLICT DO NOTHING",
            [int(state), patient_id, list(seqs), patient_id, patient_id],
        )


def amend(*, patient_id: UUID, pairs: Sequence[tuple[int, int | None]], reason: str, by: Any, now: datetime) -> None:
    """This function will write down why readings no longer count: (old seq, new seq or None for a deletion) each."""
    actor = by.user_id or by.token_id
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_amendment (patient_id, seq, replaced_by_seq, reason, by_kind, by_id, at) "
            "SELECT %s, old, new, %s, %s, %s, %s FROM unnest(%s::bigint[], %s::bigint[]) AS p(old, new)",
            [patient_id, reason[:400], by.kind, actor, now, [old for old, _ in pairs], [new for _, new in pairs]],
        )


def remove(*, patient_id: UUID, seq: int, reason: str, by: Any, now: datetime) -> dict[str, Any]:
    """This function will take a reading out of every history and summary; it stays on file with the reason.

    Raises NotVisible for a seq that never was, Conflict for one that no longer counts.
    """
    lock(patient_id=patient_id)
    old = one(patient_id=patient_id, seq=seq)
    if old["state"] != State.CURRENT:
        raise Conflict("This reading was corrected or deleted before.", code="not_current")
    _end(patient_id, [seq], State.DELETED)
    amend(patient_id=patient_id, pairs=[(seq, None)], reason=reason, by=by, now=now)
    return old


COLUMNS = (
    "seq", "kind", "at", "utc_offset", "value", "value2", "seconds", "source", "key", "method", "flags", "state", "context", "received_at",
)  # fmt: skip
SELECT = (
    "SELECT o.seq, o.kind, o.at, o.utc_offset, o.value, o.value2, o.seconds, s.key, o.key, o.method, o.flags, o.state, o.context, "
    "o.received_at FROM records_observation o JOIN records_source s ON s.id = o.source_id "
)


def _dict(row: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(COLUMNS, row, strict=True))
    # Django reads jsonb as text so that its JSONField may decode it; there is no field here.
    found["context"] = json.loads(found["context"]) if found["context"] else None
    return found


def dicts(cursor: Any) -> list[dict[str, Any]]:
    """This function will give the rows of a statement that begins with `SELECT`, each by the names of its columns."""
    return [_dict(row) for row in cursor.fetchall()]


def one(*, patient_id: UUID, seq: int) -> dict[str, Any]:
    """This function will give one reading, in whatever state. Raises NotVisible where there is none of that `seq`."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT + "WHERE o.patient_id = %s AND o.seq = %s", [patient_id, seq])
        found = dicts(cursor)
    if not found:
        raise NotVisible
    return found[0]


def amendments(*, patient_id: UUID, seq: int) -> list[dict[str, Any]]:
    """This function will give the corrections and the deletion that `seq` took part in, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE line AS (SELECT a.* FROM records_amendment a WHERE patient_id = %s AND (seq = %s OR replaced_by_seq = %s) "
            "UNION SELECT a.* FROM records_amendment a JOIN line l ON a.patient_id = l.patient_id "
            "AND (a.replaced_by_seq = l.seq OR a.seq = l.replaced_by_seq)) "
            "SELECT seq, replaced_by_seq, reason, by_kind, by_id, at FROM line ORDER BY at, seq",
            [patient_id, seq, seq],
        )
        names = ("seq", "replaced_by_seq", "reason", "by_kind", "by_id", "at")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def history(
    *,
    patient_id: UUID,
    kinds: Sequence[int],
    since: datetime,
    until: datetime,
    limit: int,
    before: tuple[datetime, int] | None = None,
) -> list[dict[str, Any]]:
    """This function will give current readings of the kinds with since <= at < until, newest first, at most `limit`.

    `before` is the (at, seq) of the last reading of the page before.
    """
    at, seq = before or (until, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            SELECT + "WHERE o.patient_id = %s AND o.state = 0 AND o.kind = ANY(%s) AND o.at >= %s AND o.at <= %s "
            "AND (o.at, o.seq) < (%s, %s) ORDER BY o.at DESC, o.seq DESC LIMIT %s",
            [patient_id, list(kinds), since, until, at, seq, limit],
        )
        return dicts(cursor)


def after(*, patient_id: UUID, kinds: Sequence[int], seq: int, limit: int) -> list[dict[str, Any]]:
    """This function will give what came in after `seq`, in order of arrival: corrections and deletions too, by `state`."""
    with connection.cursor() as cursor:
        cursor.execute(
            SELECT + "WHERE o.patient_id = %s AND o.seq > %s AND o.kind = ANY(%s) ORDER BY o.seq LIMIT %s",
            [patient_id, seq, list(kinds), limit],
        )
        return dicts(cursor)


def latest(
    *, patient_ids: Sequence[UUID], kinds: Sequence[int], now: datetime, within: timedelta = timedelta(days=400)
) -> dict[UUID, list[dict[str, Any]]]:
    """This function will give the newest current reading of each kind for each patient, no older than `within`."""
    found: dict[UUID, list[dict[str, Any]]] = {patient_id: [] for patient_id in patient_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.patient_id, o.* FROM unnest(%s::uuid[]) AS w(patient_id) CROSS JOIN unnest(%s::smallint[]) AS k(kind) "
            "CROSS JOIN LATERAL (" + SELECT + "WHERE o.patient_id = w.patient_id AND o.state = 0 AND o.kind = k.kind "
            "AND o.at > %s AND o.at <= %s ORDER BY o.at DESC, o.seq DESC LIMIT 1) o",
            [list(patient_ids), list(kinds), now - within, now + timedelta(minutes=10)],
        )
        for patient_id, *row in cursor.fetchall():
            found[patient_id].append(_dict(row))
    return found


def last_seq(*, patient_id: UUID) -> int:
    """This function will give the patient's newest sequence number, 0 where nothing ever came."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_seq FROM records_timeline WHERE patient_id = %s", [patient_id])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def month_of(at: datetime) -> tuple[int, int]:
    """This function will give the UTC (year, month) whose partition holds `at`."""
    utc = at.astimezone(UTC)
    return (utc.year, utc.month)
