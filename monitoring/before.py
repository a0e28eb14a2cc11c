"""What is known of a patient before her new readings are kept and judged: asked together, behind her lock."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from healthhub.lib.asked import array, asked, together
from healthhub.people import access
from healthhub.people.models import Patient
from healthhub.records import catalogue, timeline
from healthhub.records.catalogue import BY_KEY, Kind
from monitoring import plans
from monitoring.judge import Reading
from monitoring.plans import Situation

Values = list[tuple[datetime, float]]

# Nothing that is stored lies further ahead than this: saying so spares PostgreSQL the planning of the months to come.
AHEAD = timedelta(minutes=15)

# Kinds that most people never have, and that rules of many kinds ask for first (NEWS2): that there are none is learnt in passing.
RARE = ("consciousness",)
RARE_WITHIN = timedelta(hours=1)

_NEWEST = (
    "SELECT kind, max(at) FROM records_observation "
    "WHERE patient_id = %s AND state = 0 AND kind = ANY(%s::smallint[]) AND at > %s AND at < %s GROUP BY kind "
    "UNION ALL SELECT DISTINCT kind, NULL::timestamptz FROM records_observation "
    f"WHERE patient_id = %s AND state = 0 AND kind = ANY('{array(BY_KEY[kind].number for kind in RARE)}') AND at >= %s AND at < %s"
)
_VALUES = (
    "SELECT kind, at, value FROM records_observation "
    "WHERE patient_id = %s AND kind = ANY(%s::smallint[]) AND state = 0 AND at >= %s AND at < %s ORDER BY at"
)
_HISTORY = (
    "SELECT at, value, value2, flags, context, seq, source_id, utc_offset, method FROM records_observation "
    "WHERE patient_id = %s AND kind = %s AND state = 0 AND at >= %s AND at < %s AND seq <= %s ORDER BY at, seq"
)


class History(Mapping[str, Sequence[Reading]]):
    """The patient's readings from before this batch, by kind, fetched when a rule asks and only as far back as its rules look."""

    def __init__(self, patient_id: UUID, first_at: datetime, now: datetime, last_seq: int, situation: Situation) -> None:
        self._patient_id, self._first_at, self._until = patient_id, first_at, now + AHEAD
        self._last_seq, self._situation = last_seq, situation
        self._loaded: dict[str, list[Reading]] = {}

    def nothing_near(self, kinds: Sequence[str]) -> None:
        """This function will note that of these kinds nothing came in the last RARE_WITHIN: rules that look no further need not ask."""
        for kind in kinds:
            if self._situation.plan.window(kind, self._situation.context.conditions) < RARE_WITHIN:
                self._loaded[kind] = []

    def __getitem__(self, kind: str) -> Sequence[Reading]:
        if kind not in self._loaded:
            self._loaded[kind] = self._read(kind)
        return self._loaded[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._situation.plan.kinds())

    def __len__(self) -> int:
        return len(self._situation.plan.kinds())

    def _read(self, kind: str) -> list[Reading]:
        if kind not in BY_KEY:
            return []
        window = self._situation.plan.window(kind, self._situation.context.conditions)
        since = self._first_at - window - timedelta(minutes=1)
        return [
            Reading(kind, at, value, value2, flags, json.loads(context) if context else None, *rest)
            for at, value, value2, flags, context, *rest in asked(
                connection, _HISTORY, [self._patient_id, BY_KEY[kind].number, since, self._until, self._last_seq]
            )()
        ]


@dataclass(slots=True)
class Known:
    """The patient as she stands, her lock held: last `seq`, sources by the sender's name, plan, who watches each class of data."""

    patient: Patient
    last_seq: int
    sources: dict[str, int]
    situation: Situation
    newest: dict[int, datetime]  # of each kind, where it is newer than the batch's first reading
    earlier: dict[int, Values]  # of kinds that may leap: what was measured shortly before the batch
    watchers: dict[str, list[UUID]]
    history: History
    extremes: dict[int, tuple[float, float]] = field(default_factory=dict)  # of `earlier`, as far as it was looked at

    def jumped(self, kind: Kind, at: datetime, value: float) -> bool:
        """This function will tell whether the value is too far from those just before it, the batch's own included."""
        if kind.jump is None:
            return False
        by, _ = kind.jump
        earlier = self.earlier[kind.number]
        # A median lies between the extremes, so that most values need none; and the extremes of a stream are not looked for each time.
        low, high = self.extremes.get(kind.number) or (
            (min(v for _, v in earlier), max(v for _, v in earlier)) if earlier else (value, value)
        )
        jumped = max(value - low, high - value) > by and catalogue.leaps(kind, value, at, earlier)
        self.extremes[kind.number] = min(low, value), max(high, value)
        earlier.append((at, value))
        return jumped


def locked(*, patient_id: UUID, sources: set[str], kinds: Collection[Kind], first_at: datetime, now: datetime) -> Known:
    """This function will take the patient's lock and tell what is known of her, in one round trip to the database.

    Raises NotVisible where there is no such patient. Call it in a transaction.
    """
    known = _asked(patient_id, sources, kinds, first_at, now)
    while known is None:
        # Her very first readings: there was no row to lock, so the answers may be another batch's past.
        timeline.lock(patient_id=patient_id)
        known = _asked(patient_id, sources, kinds, first_at, now)
    return known


def _asked(patient_id: UUID, sources: set[str], kinds: Collection[Kind], first_at: datetime, now: datetime) -> Known | None:
    with together(connection):
        last_seq = timeline.lock_asked(patient_id=patient_id)
        patient = access.patient_asked(patient_id)
        source_ids = timeline.sources_asked(patient_id=patient_id, keys=sources)
        situation = plans.situation_asked(patient_id=patient_id, now=now)
        newest = asked(connection, _NEWEST, _newest_of(patient_id, kinds, first_at, now + AHEAD))
        earlier = _earlier_asked(patient_id, [kind for kind in kinds if kind.jump is not None], first_at)
        watchers = {
            name: access.watchers_asked(patient_id, data_class=name, now=now, right="read") for name in {kind.data_class for kind in kinds}
        }
    seq = last_seq()
    if seq is None:
        return None
    told, found = situation(), newest()
    history = History(patient_id, first_at, now, seq, told)
    history.nothing_near([kind for kind in RARE if (BY_KEY[kind].number, None) not in found])
    return Known(
        patient=patient(),
        last_seq=seq,
        sources=source_ids(),
        situation=told,
        newest={number: at for number, at in found if at is not None},
        earlier=earlier(),
        watchers={name: read() for name, read in watchers.items()},
        history=history,
    )


def _newest_of(patient_id: UUID, kinds: Collection[Kind], first_at: datetime, until: datetime) -> list[Any]:
    since = first_at - RARE_WITHIN - timedelta(minutes=1)
    return [patient_id, array(kind.number for kind in kinds), first_at, until, patient_id, since, until]


def _earlier_asked(patient_id: UUID, kinds: Sequence[Kind], first_at: datetime) -> Callable[[], dict[int, Values]]:
    within = {kind.number: kind.jump[1] for kind in kinds if kind.jump is not None}
    if not within:
        return dict
    answer = asked(connection, _VALUES, [patient_id, array(within), first_at - max(within.values()), first_at])

    def read() -> dict[int, Values]:
        found: dict[int, Values] = {number: [] for number in within}
        for number, at, value in answer():
            if at >= first_at - within[number]:
                found[number].append((at, value))
        return found

    return read
