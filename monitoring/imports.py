"""A file from another product, taken in: read through once before anything is kept, then sent in chunks through the one way in."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from healthhub.audit import log
from healthhub.dialects.files import sniff
from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid, NotAllowed
from healthhub.people import access
from healthhub.people.access import Viewer
from monitoring import intake

CHUNK = 1000
MOST_TOLD = 1000


@dataclass(slots=True)
class Imported:
    """What became of a file: `counts` by fate, `reasons` by code of refusal, and the first refused records, each
    `{where, fate, code, sentence?, field?}`."""

    records: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, where: int, fate: dict[str, Any]) -> None:
        """This function will count one record's fate, and keep it where it was refused."""
        self.counts[fate["fate"]] += 1
        if "code" in fate:
            self.reasons[fate["code"]] += 1
            if len(self.refused) < MOST_TOLD:
                told: dict[str, Any] = {name: fate[name] for name in ("fate", "code", "sentence", "field") if name in fate}
                self.refused.append({"where": where, **told})


def take_in(
    *,
    patient_id: UUID | str,
    stream: BinaryIO,
    by: Viewer,
    now: datetime,
    most: int | None = None,
    told: Callable[[Imported], None] | None = None,
) -> Imported:
    """This function will import a file for one patient; times without a zone are of the zone she is in.

    The whole file is read once before anything is kept, so that what breaks off or is hostile leaves nothing half done. `stream`
    can be wound back; `most` bounds the records; `told` hears of the progress after every chunk. Sending a file again is safe.
    Raises NotVisible, NotAllowed as `intake.receive` does, Invalid for the file as a whole, also `too_many`.
    """
    patient_id, _ = access.classes_open(by, patient_id, action="write", now=now)
    zone = ZoneInfo(access.patient_for(by, patient_id, action="write", now=now).time_zone)
    for number, _ in enumerate(sniff.records(stream, zone), start=1):
        if most is not None and number > most:
            raise Invalid(f"The file has more than {most} records.", code="too_many")
    imported = Imported()
    held: list[Record] = []
    for one in sniff.records(stream, zone):
        held.append(one)
        if len(held) == CHUNK:
            send(held, imported, patient_id=patient_id, by=by, now=now)
            held.clear()
            if told is not None:
                told(imported)
    send(held, imported, patient_id=patient_id, by=by, now=now)
    log.record(by=by, did="file.import", patient_id=patient_id, now=now, detail=dict(imported.counts) | {"records": imported.records})
    return imported


def send(held: list[Record], imported: Imported, *, patient_id: UUID, by: Viewer, now: datetime) -> None:
    """This function will send records through the one way in and tell their fates to `imported`.

    Each chunk is a transaction of its own, and whether the sender may still come in is asked anew: a file can take minutes.
    Raises as `intake.receive`; NotAllowed `token_revoked`.
    """
    if access.epoch_of(by) is None:
        raise NotAllowed("This token was revoked.", code="token_revoked")
    imported.records += len(held)
    readings = [(one.where, one.reading) for one in held if one.reading is not None]
    for one in held:
        if one.refused is not None:
            imported.tell(one.where, intake.rejected(one.where, one.refused))
    unread = [one.refused for one in held if one.refused is not None]
    if held:
        receipt = intake.receive(patient_id=patient_id, readings=[reading for _, reading in readings], by=by, now=now, unread=unread)
        for fate in receipt.fates:
            imported.tell(readings[fate["index"]][0], fate)
