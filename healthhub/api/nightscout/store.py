"""Between Nightscout's documents and our readings: every way in goes through `intake`, every look is in the access log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from healthhub.api.nightscout.door import Caller
from healthhub.audit import log
from healthhub.dialects.nightscout import common, devices, entries, treatments
from healthhub.dialects.nightscout.asked import MOST, Question, answered
from healthhub.dialects.nightscout.common import Document, NotKept, Reading
from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.records import batteries, changes, corrections
from healthhub.records.catalogue import BY_KEY, BY_NUMBER
from healthhub.records.changes import Wanted
from healthhub.records.models import State
from monitoring import intake

USUAL = timedelta(days=4)  # how far back API 1 looks where a client names no date
SECRETS = ("secret", "token")  # some clients put them into the document
BEST_FIRST = ("stored", "corrected", "duplicate", "outside_consent", "rejected")
LISTED = ("entries", "treatments")


@dataclass(slots=True)
class Outcome:
    """What became of one document: its fate, our number for it, and why not."""

    fate: str
    reading: Reading | None = None
    seq: int | None = None
    why: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        return self.fate in ("stored", "corrected", "duplicate")

    def as_dict(self) -> dict[str, Any]:
        """This function will say it beside a document of the answer."""
        said: dict[str, Any] = {"fate": self.fate, **self.why}
        return said | {"left_out": self.left_out} if self.left_out else said


def wanted(caller: Caller, collection: str, *, action: str) -> Wanted:
    """This function will give the readings that a collection stands for, as far as the token reaches. Raises as `access.classes_open`."""
    patient_id, classes = access.classes_open(caller.viewer, caller.patient_id, action=action, now=caller.now)

    def numbers(*keys: str) -> list[int]:
        return [BY_KEY[key].number for key in keys if BY_KEY[key].data_class in classes and caller.viewer.covers(key)]

    if collection == "entries":
        return Wanted(patient_id, plain=numbers("cgm", "glucose"), marked=numbers("cgm"), mark=treatments.EVENT)
    amounts = numbers("carbs", "insulin")
    return Wanted(patient_id, plain=amounts, marked=[*amounts, *numbers("glucose")], mark=treatments.EVENT)


def receive(caller: Caller, collection: str, docs: Sequence[Document]) -> list[Outcome]:
    """This function will take in documents of a collection with one call to `intake` and tell the outcome of each, in their order."""
    zone = caller.zone()
    if collection == "devicestatus":
        return _receive_statuses(caller, docs, zone)
    translate = _TRANSLATE.get(collection, _no_place)
    outcomes: list[Outcome] = []
    readings: list[Reading] = []
    indexes: list[int] = []
    unread: list[Refused] = []
    for index, doc in enumerate(docs):
        try:
            found = translate(doc, zone)
        except NotKept as refused:
            unread.append(refused)
            outcomes.append(Outcome("not_kept", why=_why(refused)))
        except Invalid as refused:
            unread.append(refused)
            outcomes.append(Outcome("rejected", why=_why(refused)))
        else:
            readings += found
            indexes += [index] * len(found)
            left_out = (entries if collection == "entries" else treatments).left_out(doc)
            outcomes.append(Outcome("rejected", found[0], left_out=left_out))
    if readings or unread:
        receipt = intake.receive(
            patient_id=caller.patient_id, readings=readings, by=caller.viewer, now=caller.now, indexes=indexes, unread=unread
        )
        _tell(outcomes, receipt.fates)
    return outcomes


def _tell(outcomes: list[Outcome], fates: Sequence[Mapping[str, Any]]) -> None:
    """A treatment of several amounts has the best of their fates, the others beside it."""
    of_doc: dict[int, list[Mapping[str, Any]]] = {}
    for fate in fates:
        of_doc.setdefault(fate["index"], []).append(fate)
    for index, parts in of_doc.items():
        best = min(parts, key=lambda part: BEST_FIRST.index(part["fate"]))
        outcome = outcomes[index]
        outcome.fate = best["fate"]
        outcome.seq = min((part["seq"] for part in parts if "seq" in part), default=None)
        outcome.why = {name: best[name] for name in ("code", "sentence", "field", "flags") if name in best}
        if len(parts) > 1:
            outcome.why["parts"] = [{name: value for name, value in part.items() if name != "index"} for part in parts]


def _why(refused: Invalid) -> dict[str, Any]:
    return refused.as_dict()


def _no_place(doc: Document, zone: ZoneInfo) -> list[Reading]:
    raise NotKept


_TRANSLATE: dict[str, Callable[[Document, ZoneInfo], list[Reading]]] = {
    "entries": lambda doc, zone: [entries.entry_in(doc, zone=zone)],
    "treatments": lambda doc, zone: treatments.treatment_in(doc, zone=zone),
}


def _receive_statuses(caller: Caller, docs: Sequence[Document], zone: ZoneInfo) -> list[Outcome]:
    access.classes_open(caller.viewer, caller.patient_id, action="write", now=caller.now)
    outcomes, charges = [], []
    for doc in docs:
        try:
            found = devices.batteries_in(doc, zone=zone, now=caller.now)
            charges += [batteries.Charge(one.source, one.percent, one.at) for one in found]
            reading = {"source": found[0].source, "at": found[0].at, "key": devices.id_of(found[0].source)}
            outcomes.append(Outcome("stored", reading, left_out=devices.left_out(doc)))
        except NotKept as refused:
            outcomes.append(Outcome("not_kept", why=_why(refused)))
        except Invalid as refused:
            outcomes.append(Outcome("rejected", why=_why(refused)))
    if charges:
        with transaction.atomic():
            news = batteries.note(patient_id=caller.patient_id, charges=charges)
            log.record(by=caller.viewer, did="devices.write", patient_id=caller.patient_id, now=caller.now, detail={"new": news})
    return outcomes


def written(doc: Document, outcome: Outcome) -> dict[str, Any]:
    """This function will give a document as it is answered to its sender: with `_id`, moments, and its fate."""
    said = dict(doc)
    for secret in SECRETS:
        said.pop(secret, None)
    reading = outcome.reading
    if reading is None or not outcome.kept:
        own = said.get("_id")
        return {**said, "_id": own if isinstance(own, str) and own else common.phantom_id(doc), **outcome.as_dict()}
    at, key = reading["at"], reading["key"]
    own = common.own_id(outcome.seq) if outcome.seq is not None else key
    when = common.iso(at)
    said["_id"], said["identifier"] = own, key or own
    said["date"], said["utcOffset"] = common.ms_of(at), round(_minutes(at))
    if "kind" in reading and "event_type" not in (reading["context"] or {}):
        said["dateString"] = said["sysTime"] = when
    if "dateString" not in said:
        said["created_at"] = when
    said.update(outcome.as_dict())
    return said


def _minutes(at: datetime) -> float:
    offset = at.utcoffset()
    return offset.total_seconds() / 60 if offset else 0


def looked(caller: Caller, collection: str) -> None:
    """This function will write a look at a collection into the access log."""
    log.record(by=caller.viewer, did="observations.read", patient_id=caller.patient_id, now=caller.now, detail={"nightscout": collection})


def found(caller: Caller, collection: str, question: Question) -> list[dict[str, Any]]:
    """This function will give the documents of a collection that a question asks for."""
    looked(caller, collection)
    if collection == "devicestatus":
        return _by_moment(statuses(caller), question)
    if collection not in LISTED:
        return []
    reach = wanted(caller, collection, action="read")
    if not (reach.plain or reach.marked):
        return []
    # A treatment is made of up to three readings.
    most = min(MOST, (question.limit + question.skip) * (3 if collection == "treatments" else 1)) if question.plain else MOST
    rows = changes.span(reach, since=question.since, until=question.until, limit=most, newest_first=question.newest or not question.plain)
    return answered(documents(collection, rows), question)


def statuses(caller: Caller) -> list[dict[str, Any]]:
    """This function will give the newest device status of each source, newest first."""
    access.classes_open(caller.viewer, caller.patient_id, action="read", now=caller.now)
    told = batteries.of(patient_id=caller.patient_id)
    return [devices.status_out(devices.Battery(one.source, one.percent, one.at)) for one in told]


def _by_moment(docs: list[dict[str, Any]], question: Question) -> list[dict[str, Any]]:
    inside = [doc for doc in docs if question.since <= common.from_ms(doc["date"]) < question.until]
    return answered(inside if question.newest else inside[::-1], question)


def documents(collection: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """This function will write stored readings as documents, in the order they come; deleted ones say so."""
    named: list[Mapping[str, Any]] = [{**row, "kind": BY_NUMBER[row["kind"]].key} for row in rows]
    if collection == "treatments":
        groups = treatments.grouped(named)
        docs = [treatments.treatment_out(group, mgdl=mgdl) for group in groups]
        named = [group[0] for group in groups]
    else:
        docs = [entries.entry_out(row, mgdl=mgdl(row)) for row in named]
        forwards = len(named) > 1 and named[0]["at"] < named[-1]["at"]
        step = -1 if forwards else 1
        entries.with_deltas(docs[::step], named[::step])
    for doc, row in zip(docs, named, strict=True):
        doc["isValid"] = row["state"] != State.DELETED
    return docs


def mgdl(row: Mapping[str, Any]) -> float:
    """This function will give a stored glucose in mg/dL."""
    return from_canonical(row["value"], unit="mg/dL", kind=BY_KEY[row["kind"]])


def rows_of(caller: Caller, collection: str, identifier: str, *, action: str) -> list[dict[str, Any]]:
    """This function will give the readings of one document, by our id or its sender's; none where there is no such document."""
    reach = wanted(caller, collection, action=action)
    seq = common.seq_of(identifier)
    if seq is not None:
        return changes.beside(reach, seq=seq)
    if not 0 < len(identifier) <= common.LONGEST_KEY or "\x00" in identifier:
        return []
    rows = changes.by_key(reach, key=identifier)
    newest = rows[:1]
    return [row for row in rows if (row["at"], row["source"], row["state"]) == (newest[0]["at"], newest[0]["source"], newest[0]["state"])]


def one(caller: Caller, collection: str, identifier: str) -> dict[str, Any]:
    """This function will give one document, a deleted one too (`isValid` is false). Raises NotVisible."""
    looked(caller, collection)
    if collection == "devicestatus":
        docs = [doc for doc in statuses(caller) if doc["_id"] == identifier]
    else:
        docs = documents(collection, rows_of(caller, collection, identifier, action="read")) if collection in LISTED else []
    if not docs:
        raise NotVisible
    return docs[-1]


def remove(caller: Caller, collection: str, identifier: str) -> list[int]:
    """This function will take one document out of every history and summary, and give the numbers of its readings. Raises NotVisible."""
    if collection not in LISTED:
        raise NotVisible
    seqs = [row["seq"] for row in rows_of(caller, collection, identifier, action="write") if row["state"] == State.CURRENT]
    if not seqs:
        raise NotVisible
    reason = f"deleted by {caller.viewer.name}"[:400]
    corrections.take_back(viewer=caller.viewer, patient_id=caller.patient_id, seqs=seqs, reason=reason, now=caller.now)
    return seqs


@transaction.atomic
def replace(caller: Caller, collection: str, old: Sequence[dict[str, Any]], doc: Document) -> Outcome:
    """This function will let a document take the place of another: equal amounts stay, others are corrected, what is gone is taken out.

    Raises Invalid where the new one cannot be kept; then nothing has changed.
    """
    first = old[0]
    source = {"device": first["source"]} if not any(doc.get(name) for name in ("device", "enteredBy", "app")) else {}
    own = {name: value for name, value in doc.items() if name not in common.KEYS}
    outcome = receive(caller, collection, [{**own, **source, "identifier": first["key"]}])[0]
    if not outcome.kept:
        raise Invalid(outcome.why.get("sentence"), code=outcome.why.get("code", outcome.fate), field=outcome.why.get("field"))
    parts = outcome.why.get("parts", [{"seq": outcome.seq}])
    kept = {part.get("seq") for part in parts} | {part.get("corrects") for part in parts}
    here = {row["seq"] for row in rows_now(caller, collection, [row["seq"] for row in old])}
    gone = sorted(here - kept)
    if gone:
        reason = f"replaced by {caller.viewer.name}"[:400]
        corrections.take_back(viewer=caller.viewer, patient_id=caller.patient_id, seqs=gone, reason=reason, now=caller.now)
    return outcome


def rows_now(caller: Caller, collection: str, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """This function will give those of the numbered readings that still count."""
    reach = wanted(caller, collection, action="write")
    found = [row for seq in seqs for row in changes.beside(reach, seq=seq)]
    return [row for row in found if row["state"] == State.CURRENT and row["seq"] in seqs]
