"""Monthly partitions of the observations: made ahead by the sweep, made on demand for old data, dropped whole by retention."""

from datetime import UTC, date, datetime

from django.db import connection

# Names are built from numbers only, so the statements below may be put together as text.
_PREFIX = "records_observation_y"

# What this process has seen to exist. Partitions only ever go away by retention, which is months behind any write.
_known: set[tuple[int, int]] = set()


def forget() -> None:
    """This function will empty the process's memory of partitions (a new test database, a dropped month)."""
    _known.clear()


def _after(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def _existing() -> set[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'records_observation'::regclass"
        )
        names = [row[0] for row in cursor.fetchall()]
    return {(int(name[-6:-2]), int(name[-2:])) for name in names if name.startswith(_PREFIX)}


def present() -> list[tuple[int, int]]:
    """This function will give the (year, month) pairs that have a partition, the oldest first."""
    return sorted(_existing())


def _create(month: tuple[int, int]) -> None:
    """LIKE + ATTACH takes a lock that readers and writers of the other months do not feel; CREATE ... PARTITION OF would stop them."""
    first, last = date(*month, 1), date(*_after(month), 1)
    name = f"{_PREFIX}{month[0]:04d}{month[1]:02d}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (LIKE records_observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(f"ALTER TABLE records_observation ATTACH PARTITION {name} FOR VALUES FROM ('{first}Z') TO ('{last}Z')")


def ensure(moments: set[tuple[int, int]]) -> None:
    """This function will see to it that the (year, month) pairs, in UTC, have a partition.

    Call it before a transaction takes row locks: making a partition waits for nobody's rows, but for other makers.
    """
    if moments <= _known:
        return
    missing = sorted(moments - _existing())
    if missing:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('records_observation partitions'))")
            try:
                present = _existing()
                for month in missing:
                    if month not in present:
                        _create(month)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('records_observation partitions'))")
    if not connection.in_atomic_block:
        # Inside a transaction the partition may yet be rolled back, and this process would never look again.
        _known.update(moments)


def ensure_ahead(*, now: datetime, months: int = 3) -> None:
    """This function will make the partitions of this month and the next few."""
    month = (now.astimezone(UTC).year, now.astimezone(UTC).month)
    wanted = [month]
    for _ in range(months):
        wanted.append(_after(wanted[-1]))
    ensure(set(wanted))


def drop_before(*, now: datetime, months: int) -> list[str]:
    """This function will drop the partitions that ended `months` months ago or earlier and give their names."""
    today = now.astimezone(UTC)
    limit = today.year * 12 + (today.month - 1) - months
    dropped = []
    for year, number in sorted(_existing()):
        if year * 12 + (number - 1) < limit:
            name = f"{_PREFIX}{year:04d}{number:02d}"
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE records_observation DETACH PARTITION {name}")
                cursor.execute(f"DROP TABLE {name}")
            dropped.append(name)
            _known.discard((year, number))
    return dropped
