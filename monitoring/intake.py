"""The one way in for readings: stored, judged, alerted and audited in one transaction per patient.

Whatever dialect a reading arrives in, it ends here, and its sender learns what became of it.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthhub.audit import log
from healthhub.lib.refused import Invalid, Refused
from healthhub.live import bell
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import catalogue, partitions, timeline
from healthhub.records.catalogue import BY_KEY, BY_NUMBER, CUFFLESS, LATE, OUT_OF_ORDER, SUSPICIOUS
from healthhub.records.timeline import Added, Row
from monitoring import alerts, expected, plans
from monitoring.judge import Finding, Reading, findings, needs_repeat
from monitoring.plans import Situation
from monitoring.sent import METHODS, Sent, Settled, read, settle
from notifications import post
from notifications.post import Message

# Words that ask for a second reading are looked for in small batches only: nobody reads them in an upload.
ASK_UP_TO = 20


@dataclass(slots=True)
class Receipt:
    """What became of each reading, by its index: `{index, fate, seq?, corrects?, code?, field?, sentence?, flags?, repeat?}`.

    Fates: stored, duplicate, corrected, rejected, outside_consent. `alerts` are the ids opened or joined.
    """

    received_at: datetime
    fates: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[UUID] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """This function will count the fates."""
        return dict(Counter(fate["fate"] for fate in self.fates))


def rejected(index: int, refused: Refused) -> dict[str, Any]:
    """This function will give the fate of a reading that was refused."""
    return {"index": index, "fate": "rejected", **refused.as_dict()}


def receive(
    *,
    patient_id: UUID | str,
    readings: Sequence[Sent | Mapping[str, Any]],
    by: Viewer,
    now: datetime,
    as_of: datetime | None = None,
    indexes: Sequence[int] | None = None,
    reason: str = "sent again with another value",
) -> Receipt:
    """This function will take in one patient's readings and tell the fate of each.

    `as_of` is the moment to judge as (a replay's clock; `now` otherwise); `indexes` number the readings in the caller's batch;
    `reason` goes on file with every correction.
    Raises NotVisible where the viewer may not even know of the patient, NotAllowed where she may not write anything for her.
    Nothing else raises for a reading's sake: what cannot be kept is rejected by itself, and the rest is kept.
    """
    patient, may_write = access.opened(by, patient_id, action="write", now=now)
    receipt = Receipt(received_at=now)
    kept: list[tuple[int, Sent, Settled]] = []
    for position, raw in enumerate(readings):
        index = indexes[position] if indexes else position
        try:
            sent = raw if isinstance(raw, Sent) else read(raw)
            settled = settle(sent, as_of=as_of or now, born=patient.birth_date)
        except Invalid as refused:
            receipt.fates.append(rejected(index, refused))
            continue
        if settled.kind.data_class not in may_write or (by.kinds and settled.kind.key not in by.kinds):
            receipt.fates.append({"index": index, "fate": "outside_consent", "code": "outside_consent", "field": "kind"})
        else:
            kept.append((index, sent, settled))
    if kept:
        partitions.ensure({timeline.month_of(settled.at) for _, _, settled in kept})
        with transaction.atomic():
            _keep(patient, kept, receipt, by=by, now=now, as_of=as_of or now, reason=reason)
    receipt.fates.sort(key=lambda fate: fate["index"])
    return receipt


def _keep(
    patient: Patient, kept: list[tuple[int, Sent, Settled]], receipt: Receipt, *, by: Viewer, now: datetime, as_of: datetime, reason: str
) -> None:
    kept.sort(key=lambda one: (one[2].at, one[0]))
    after_seq = timeline.lock(patient_id=patient.id)
    source_ids = timeline.sources(patient_id=patient.id, keys={sent.source for _, sent, _ in kept})
    situation = plans.situation(patient_id=patient.id, now=now)
    history = History(patient.id, kept[0][2].at, after_seq, situation)
    rows = _rows(kept, source_ids, history, as_of)
    added = timeline.add(patient_id=patient.id, rows=rows, after_seq=after_seq, now=now)
    if added.corrected:
        pairs = [(old, rows[index].seq) for index, old in added.corrected.items()]
        timeline.amend(patient_id=patient.id, pairs=pairs, reason=reason, by=by, now=now)
    new = [position for position in range(len(rows)) if position not in added.duplicate]
    found = _judge(rows, new, history, situation)
    outbox: list[Message] = []
    for finding in found:
        if finding.clear:
            alerts.clear(finding, patient=patient, now=now)
        else:
            receipt.alerts.append(alerts.open_for(finding, patient=patient, now=now, outbox=outbox).id)
    post.post_all(messages=outbox, now=now)
    if new:
        expected.heard(patient=patient, kinds={BY_NUMBER[rows[p].kind].key for p in new}, situation=situation, now=now)
        _ring(patient, {rows[p].kind for p in new}, added, now)
    log.record(
        by=by,
        did="observations.write",
        patient_id=patient.id,
        now=now,
        detail={"sent": len(kept), "new": len(new), "last_seq": added.last_seq},
    )
    _tell_fates(receipt, kept, rows, added, situation)


def _rows(kept: list[tuple[int, Sent, Settled]], source_ids: dict[str, int], history: "History", as_of: datetime) -> list[Row]:
    newest = history.newest({settled.kind.number for _, _, settled in kept})
    rows = []
    for _, sent, settled in kept:
        kind, flags = settled.kind, settled.flags
        if as_of - settled.at > kind.current_for:
            flags |= LATE
        elif (latest := newest.get(kind.number)) is not None and settled.at < latest:
            flags |= OUT_OF_ORDER
        if kind.jump is not None and not flags & (LATE | OUT_OF_ORDER) and history.jumped(kind, settled):
            flags |= SUSPICIOUS
        rows.append(
            Row(
                kind=kind.number,
                at=settled.at,
                utc_offset=settled.utc_offset,
                value=settled.value,
                value2=settled.value2,
                seconds=sent.seconds,
                source=source_ids[sent.source],
                key=sent.key,
                method=METHODS[sent.method],
                flags=flags,
                context=settled.context,
            )
        )
    return rows


def reading_of(row: Row) -> Reading:
    """This function will give a stored row as the judge sees it."""
    return Reading(
        BY_NUMBER[row.kind].key, row.at, row.value, row.value2, row.flags, row.context, row.seq, row.source, row.utc_offset, row.method
    )


def _judge(rows: list[Row], new: list[int], history: "History", situation: Situation) -> list[Finding]:
    speaking = [rows[position] for position in new if not rows[position].flags & (LATE | OUT_OF_ORDER)]
    if not speaking:
        return []
    return findings(situation.plan, [reading_of(rows[p]) for p in new], history, situation.context, situation.open_rules)


def _ring(patient: Patient, numbers: set[int], added: Added, now: datetime) -> None:
    by_class: dict[str, list[str]] = {}
    for number in numbers:
        by_class.setdefault(BY_NUMBER[number].data_class, []).append(BY_NUMBER[number].key)
    for data_class, keys in by_class.items():
        event = {
            "type": "reading",
            "patient": str(patient.id),
            "data_class": data_class,
            "kinds": sorted(keys),
            # Numbers may have gaps; a client that has not seen `after` has missed something and asks again.
            "after": added.before_seq,
            "seq": added.last_seq,
        }
        bell.ring_on_commit(users=access.watchers_of(patient.id, data_class=data_class, now=now, right="read"), event=event)


def _tell_fates(receipt: Receipt, kept: list[tuple[int, Sent, Settled]], rows: list[Row], added: Added, situation: Situation) -> None:
    ask = len(rows) <= ASK_UP_TO
    for position, (index, _, _) in enumerate(kept):
        row = rows[position]
        fate: dict[str, Any] = {"index": index, "fate": "stored", "seq": row.seq}
        if position in added.duplicate:
            fate["fate"] = "duplicate"
        elif position in added.corrected:
            fate |= {"fate": "corrected", "corrects": added.corrected[position]}
        if row.flags:
            fate["flags"] = names_of(row.flags)
        if ask and fate["fate"] != "duplicate" and not row.flags & (LATE | OUT_OF_ORDER):
            words = needs_repeat(situation.plan, reading_of(row), situation.context)
            if words is not None:
                fate["repeat"] = dict(words)
        receipt.fates.append(fate)


FLAG_NAMES = {
    SUSPICIOUS: "suspicious",
    LATE: "late",
    CUFFLESS: "cuffless",
    catalogue.CENSORED_LOW: "censored_low",
    catalogue.CENSORED_HIGH: "censored_high",
    catalogue.SIMULATED: "simulated",
    OUT_OF_ORDER: "out_of_order",
}


def names_of(flags: int) -> list[str]:
    """This function will spell out an observation's flags."""
    return [name for bit, name in FLAG_NAMES.items() if flags & bit]


class History(Mapping[str, Sequence[Reading]]):
    """The patient's readings from before this batch, by kind, fetched when a rule asks and only as far back as its rules look."""

    def __init__(self, patient_id: UUID, first_at: datetime, last_seq: int, situation: Situation) -> None:
        self._patient_id, self._first_at, self._last_seq, self._situation = patient_id, first_at, last_seq, situation
        self._loaded: dict[str, list[Reading]] = {}
        self._earlier: dict[int, list[tuple[datetime, float]]] = {}

    def newest(self, numbers: set[int]) -> dict[int, datetime]:
        """This function will give the time of the newest reading of each kind that is newer than the batch's first."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT kind, max(at) FROM records_observation "
                "WHERE patient_id = %s AND state = 0 AND kind = ANY(%s) AND at > %s GROUP BY kind",
                [self._patient_id, list(numbers), self._first_at],
            )
            return dict(cursor.fetchall())

    def jumped(self, kind: catalogue.Kind, settled: Settled) -> bool:
        """This function will tell whether the value is too far from those just before it, the batch's own included."""
        if kind.jump is None:
            return False
        by, within = kind.jump
        earlier = self._earlier.get(kind.number)
        if earlier is None:
            earlier = self._earlier[kind.number] = self._values(kind.number, self._first_at - within)
        values = [value for _, value in earlier]
        # A median lies between the extremes, so that most values need none.
        far = bool(values) and max(settled.value - min(values), max(values) - settled.value) > by
        jumped = far and catalogue.leaps(kind, settled.value, settled.at, earlier)
        earlier.append((settled.at, settled.value))
        return jumped

    def _values(self, number: int, since: datetime) -> list[tuple[datetime, float]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT at, value FROM records_observation WHERE patient_id = %s AND kind = %s AND state = 0 AND at >= %s AND at < %s "
                "ORDER BY at",
                [self._patient_id, number, since, self._first_at],
            )
            return list(cursor.fetchall())

    def __getitem__(self, kind: str) -> Sequence[Reading]:
        if kind not in self._loaded:
            self._loaded[kind] = self._load(kind)
        return self._loaded[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._situation.plan.kinds())

    def __len__(self) -> int:
        return len(self._situation.plan.kinds())

    def _load(self, kind: str) -> list[Reading]:
        if kind not in BY_KEY:
            return []
        window = self._situation.plan.window(kind, self._situation.context.conditions)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT at, value, value2, flags, context, seq, source_id, utc_offset, method FROM records_observation "
                "WHERE patient_id = %s AND kind = %s AND state = 0 AND at >= %s AND seq <= %s ORDER BY at, seq",
                [self._patient_id, BY_KEY[kind].number, self._first_at - window - timedelta(minutes=1), self._last_seq],
            )
            return [
                Reading(kind, at, value, value2, flags, json.loads(context) if context else None, *rest)
                for at, value, value2, flags, context, *rest in cursor.fetchall()
            ]
