"""The one way in for readings: stored, judged, alerted and audited in one transaction per patient.

Whatever dialect a reading arrives in, it ends here, and its sender learns what became of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from healthhub.audit import log
from healthhub.lib.refused import Invalid, Refused
from healthhub.live import bell
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import catalogue, partitions, timeline
from healthhub.records.catalogue import BY_NUMBER, CUFFLESS, LATE, OUT_OF_ORDER, SUSPICIOUS
from healthhub.records.timeline import Added, Row
from monitoring import alerts, before, deliveries, expected
from monitoring.before import History, Known
from monitoring.judge import Finding, Reading, findings, needs_repeat
from monitoring.plans import Situation
from monitoring.sent import METHODS, Sent, Settled, TooOld, before_birth, read, settle
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
    unread: Sequence[Refused] = (),
    reason: str = "sent again with another value",
) -> Receipt:
    """This function will take in one patient's readings and tell the fate of each.

    `as_of` is the moment to judge as (a replay's clock; `now` otherwise); `indexes` number the readings in the caller's batch;
    `unread` is what the caller could not make a reading of, and is counted with what was delivered; `reason` goes on file with every
    correction.
    Raises NotVisible where the viewer may not even know of the patient, NotAllowed where she may not write anything for her.
    Nothing else raises for a reading's sake: what cannot be kept is rejected by itself, and the rest is kept.
    """
    patient_id, may_write = access.classes_open(by, patient_id, action="write", now=now)
    receipt = Receipt(received_at=now)
    kept: list[tuple[int, Sent, Settled]] = []
    origins: dict[int, str] = {}
    for position, raw in enumerate(readings):
        index = indexes[position] if indexes else position
        origins[index] = deliveries.named(raw.source if isinstance(raw, Sent) else raw.get("source"))
        try:
            sent = raw if isinstance(raw, Sent) else read(raw)
            settled = settle(sent, as_of=as_of or now)
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
        if kept:
            _keep(patient_id, kept, receipt, by=by, now=now, as_of=as_of or now, reason=reason)
        delivered = [(origins[fate["index"]], fate) for fate in receipt.fates]
        deliveries.note(patient_id=patient_id, by=by, fates=delivered + [("", rejected(0, one)) for one in unread], now=now)
    receipt.fates.sort(key=lambda fate: fate["index"])
    return receipt


def _keep(
    patient_id: UUID, kept: list[tuple[int, Sent, Settled]], receipt: Receipt, *, by: Viewer, now: datetime, as_of: datetime, reason: str
) -> None:
    kept.sort(key=lambda one: (one[2].at, one[0]))
    known = before.locked(
        patient_id=patient_id,
        sources={sent.source for _, sent, _ in kept},
        kinds={settled.kind for _, _, settled in kept},
        first_at=kept[0][2].at,
        now=now,
    )
    situation, patient = known.situation, known.patient
    kept = _of_her_life(kept, patient, receipt)
    rows = _rows(kept, known, as_of)
    added = timeline.add(patient_id=patient.id, rows=rows, after_seq=known.last_seq, now=now, by=by)
    if added.corrected:
        pairs = [(old, rows[index].seq) for index, old in added.corrected.items()]
        timeline.amend(patient_id=patient.id, pairs=pairs, reason=reason, by=by, now=now)
        detail = {"corrected": len(pairs), "last_seq": added.last_seq}
        log.record(by=by, did="observations.write", patient_id=patient.id, now=now, detail=detail)
    new = [position for position in range(len(rows)) if position not in added.duplicate]
    found = _judge(rows, new, known.history, situation)
    outbox: list[Message] = []
    for finding in found:
        if finding.clear:
            alerts.clear(finding, patient=patient, now=now)
        else:
            receipt.alerts.append(alerts.open_for(finding, patient=patient, now=now, outbox=outbox).id)
    post.post_all(messages=outbox, now=now)
    if new:
        expected.heard(patient=patient, kinds={BY_NUMBER[rows[p].kind].key for p in new}, situation=situation, now=now)
        _ring(patient, {rows[p].kind for p in new}, added, known.watchers)
    _tell_fates(receipt, kept, rows, added, situation)


def _of_her_life(kept: list[tuple[int, Sent, Settled]], patient: Patient, receipt: Receipt) -> list[tuple[int, Sent, Settled]]:
    """What was measured before her birth cannot be hers."""
    too_old = [index for index, _, settled in kept if before_birth(settled, patient.birth_date)]
    receipt.fates += [rejected(index, TooOld()) for index in too_old]
    return [one for one in kept if one[0] not in too_old] if too_old else kept


def _rows(kept: list[tuple[int, Sent, Settled]], known: Known, as_of: datetime) -> list[Row]:
    newest, source_ids = known.newest, known.sources
    rows = []
    for _, sent, settled in kept:
        kind, flags = settled.kind, settled.flags
        if as_of - settled.at > kind.current_for:
            flags |= LATE
        elif (latest := newest.get(kind.number)) is not None and settled.at < latest:
            flags |= OUT_OF_ORDER
        if kind.jump is not None and not flags & (LATE | OUT_OF_ORDER) and known.jumped(kind, settled.at, settled.value):
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


def _judge(rows: list[Row], new: list[int], history: History, situation: Situation) -> list[Finding]:
    speaking = [rows[position] for position in new if not rows[position].flags & (LATE | OUT_OF_ORDER)]
    if not speaking:
        return []
    return findings(situation.plan, [reading_of(rows[p]) for p in new], history, situation.context, situation.open_rules)


def _ring(patient: Patient, numbers: set[int], added: Added, watchers: Mapping[str, Sequence[UUID]]) -> None:
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
        bell.ring_on_commit(users=watchers[data_class], event=event)


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
