"""Millions of made-up readings, by COPY straight into monthly partitions, with the summaries that the product would have made of them.

Every patient has ten readings a day: five of heart rate, three of oxygen, two of blood pressure. Days are put in one after the
other, as they would have come in, so that one patient's month lies scattered over the table.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import psycopg

from healthhub.records import partitions
from healthhub.records.catalogue import BY_KEY, SIMULATED
from tests.bench.people import People

A_DAY = 10
READINGS = (
    "COPY {table} (patient_id, seq, at, received_at, value, value2, source_id, seconds, utc_offset, kind, method, flags, state, key) "
    "FROM STDIN"
)
SUMMARIES = "COPY records_summary (patient_id, kind, day, hour, source_id, n, span, low, high, total, low2, high2, total2) FROM STDIN"
HR, SPO2, BP = (BY_KEY[key].number for key in ("hr", "spo2", "bp"))


def _readings_of(day: date, first_seq: int) -> str:
    """One patient's lines of a day; @P and @S stand for patient and source."""
    turn = day.toordinal()
    measured = [(HR, 5 * n, 68 + (turn + n) % 9, r"\N") for n in range(5)]
    measured += [(SPO2, 25 + 5 * n, 96 + (turn + n) % 3, r"\N") for n in range(3)]
    measured += [(BP, 40 + 5 * n, 124 + (turn + n) % 8, str(76 + turn % 5)) for n in range(2)]
    return "".join(
        f"@P\t{first_seq + n}\t{day} 00:{minute:02d}:00Z\t{day} 01:00:00Z\t{value}\t{value2}\t@S\t\\N\t480\t{kind}\t1\t{SIMULATED}\t0\t\n"
        for n, (kind, minute, value, value2) in enumerate(measured)
    )


def _summaries_of(day: date) -> str:
    turn = day.toordinal()
    nothing = r"\N" + "\t" + r"\N" + "\t" + r"\N"
    lines = ""
    for kind, values in ((HR, [68 + (turn + n) % 9 for n in range(5)]), (SPO2, [96 + (turn + n) % 3 for n in range(3)])):
        lines += f"@P\t{kind}\t{day}\t8\t@S\t{len(values)}\t0\t{min(values)}\t{max(values)}\t{sum(values)}\t{nothing}\n"
    tops, low = [124 + (turn + n) % 8 for n in range(2)], 76 + turn % 5
    return lines + f"@P\t{BP}\t{day}\t8\t@S\t2\t0\t{min(tops)}\t{max(tops)}\t{sum(tops)}\t{low}\t{low}\t{2 * low}\n"


def _for_everyone(people: People, template: str) -> str:
    return "".join(
        template.replace("@P", str(patient.id)).replace("@S", str(source))
        for patient, source in zip(people.patients, people.sources, strict=True)
    )


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ["DATABASE_URL"])


def _copy(statement: str, blocks: Iterator[str], *, before: str = "", after: str = "") -> None:
    with _connect() as connection, connection.cursor() as cursor:
        if before:
            cursor.execute(before)
        with cursor.copy(statement) as copy:
            for block in blocks:
                copy.write(block)
        if after:
            cursor.execute(after)


def _month(people: People, days: list[tuple[date, int]], known: set[str]) -> None:
    first = days[-1][0].replace(day=1)
    name = f"records_observation_y{first:%Y%m}"
    before = after = ""
    if name not in known:
        later = (first + timedelta(days=32)).replace(day=1)
        before = f"CREATE TABLE {name} (LIKE records_observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        after = f"ALTER TABLE records_observation ATTACH PARTITION {name} FOR VALUES FROM ('{first}Z') TO ('{later}Z')"
    blocks = (_for_everyone(people, _readings_of(day, seq)) for day, seq in reversed(days))
    _copy(READINGS.format(table=name), blocks, before=before, after=after)


def load(people: People, *, now: datetime, from_day: int, to_day: int) -> int:
    """This function will put in the readings of all patients from `from_day` to `to_day` days ago and give how many rows that is."""
    today = now.astimezone(UTC).date()
    days = [(today - timedelta(days=back), 1 + A_DAY * (back - from_day) + A_DAY * from_day) for back in range(from_day, to_day)]
    with _connect() as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'records_observation_y%'").fetchall()
        known = {str(row[0]) for row in rows}
    months = [list(group) for _, group in groupby(days, key=lambda one: (one[0].year, one[0].month))]
    summaries = (_for_everyone(people, _summaries_of(day)) for day, _ in reversed(days))
    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(_copy, SUMMARIES, summaries)]
        work += [threads.submit(_month, people, month, known) for month in months]
        for one in work:
            one.result()
    partitions.forget()
    with _connect() as connection:
        connection.execute(
            "UPDATE records_timeline SET last_seq = greatest(last_seq, 100000), last_received_at = coalesce(last_received_at, %s)", [now]
        )
    settle_down()
    return len(days) * A_DAY * len(people.patients)


def settle_down() -> None:
    """This function will do what autovacuum does within minutes, so that nothing of it falls into a measurement."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for table in (
            "records_observation",
            "records_summary",
            "records_timeline",
            "people_grant",
            "people_patient",
            "monitoring_expected",
        ):
            connection.execute(f"VACUUM ANALYZE {table}")
    with psycopg.connect(os.environ["DATABASE_URL"].replace("healthhub@", "postgres@", 1), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
