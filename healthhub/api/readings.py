"""What the addresses of readings answer: checked, converted, audited. No HTTP here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from django.db import transaction

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.lib.units import from_canonical
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from healthhub.records import summaries, timeline
from healthhub.records.catalogue import BY_KEY, BY_NUMBER, Kind
from healthhub.records.models import Method, State
from healthhub.records.summaries import Bucket
from monitoring import intake

METHOD_NAMES = {Method.DEVICE: "device", Method.SELF_REPORTED: "self_reported", Method.DERIVED: "derived"}
LONGEST = {"5m": timedelta(days=14), "1h": timedelta(days=366), "1d": timedelta(days=366 * 30)}


@dataclass(frozen=True, slots=True)
class Opened:
    """A patient's readings as far as this viewer may read them."""

    viewer: Viewer
    patient: Patient
    numbers: list[int]
    now: datetime


def open_for(viewer: Viewer, patient_id: str, *, kinds: Sequence[str] | None, now: datetime) -> Opened:
    """This function will open the kinds for reading and write that into the access log.

    Kinds outside the consent or the token's scope are left out, as if she had none of them. Raises Invalid for unknown kinds.
    """
    patient, classes = access.opened(viewer, patient_id, action="read", now=now)
    for key in kinds or ():
        if key not in BY_KEY:
            raise Invalid("The catalogue does not know this kind.", code="unknown_kind", field="kind")
    wanted = [BY_KEY[key] for key in kinds] if kinds else list(BY_KEY.values())
    numbers = [kind.number for kind in wanted if kind.data_class in classes and viewer.covers(kind.key)]
    log.record(by=viewer, did="observations.read", patient_id=patient.id, now=now, detail={"kinds": list(kinds or [])})
    return Opened(viewer, patient, numbers, now)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """This function will give one stored reading as the API shows it."""
    kind = BY_NUMBER[row["kind"]]
    return {
        "seq": row["seq"],
        "kind": kind.key,
        "at": row["at"],
        "utc_offset": row["utc_offset"],
        "value": row["value"],
        "value2": row["value2"],
        "unit": kind.unit,
        "seconds": row["seconds"],
        "source": row["source"],
        "key": row["key"],
        "method": METHOD_NAMES[row["method"]],
        "flags": intake.names_of(row["flags"]),
        "state": State(row["state"]).name.lower(),
        "context": row["context"],
        "received_at": row["received_at"],
    }


def page(opened: Opened, *, since: datetime, until: datetime, limit: int, before: tuple[datetime, int] | None) -> dict[str, Any]:
    """This function will give readings newest first, `limit` at most."""
    rows = timeline.history(patient_id=opened.patient.id, kinds=opened.numbers, since=since, until=until, limit=limit, before=before)
    return {"last_seq": timeline.last_seq(patient_id=opened.patient.id), "observations": [shown(row) for row in rows]}


def arrived(opened: Opened, *, after: int, limit: int) -> dict[str, Any]:
    """This function will give what came in after a `seq`, oldest first: corrections and deletions show by their state."""
    rows = timeline.after(patient_id=opened.patient.id, kinds=opened.numbers, seq=after, limit=limit)
    last = timeline.last_seq(patient_id=opened.patient.id)
    return {"last_seq": rows[-1]["seq"] if len(rows) == limit else last, "observations": [shown(row) for row in rows], "next": None}


def buckets(opened: Opened, *, resolution: str, since: datetime, until: datetime, unit: str | None) -> dict[str, Any]:
    """This function will give min, mean, max, sum and count per bucket: local hours and days, or five minutes of UTC."""
    if not since < until:
        raise Invalid("The end must lie behind the start.", code="out_of_range", field="to")
    if until - since > LONGEST[resolution]:
        raise Invalid("This span is too long for this resolution.", code="out_of_range", field="resolution")
    if not opened.numbers:
        raise NotAllowed
    number = opened.numbers[0]
    kind = BY_NUMBER[number]
    if unit is not None:
        from_canonical(0.0, unit=unit, kind=kind)
    patient_id = opened.patient.id
    if resolution == "5m":
        found = summaries.five_minutes(patient_id=patient_id, kind=number, since=since, until=until)
    elif resolution == "1h":
        found = summaries.hourly(patient_id=patient_id, kind=number, since=since.date(), until=until.date())
    else:
        found = summaries.daily(patient_id=patient_id, kind=number, since=since.date(), until=until.date())
    return {
        "kind": kind.key,
        "unit": unit or kind.unit,
        "resolution": resolution,
        "cumulative": kind.cumulative,
        "last_seq": timeline.last_seq(patient_id=patient_id),
        "buckets": [_bucket(one, kind, unit) for one in found],
        "next": None,
    }


def _bucket(one: Bucket, kind: Kind, unit: str | None) -> dict[str, Any]:
    def said(value: float | None) -> float | None:
        return value if value is None or unit is None else from_canonical(value, unit=unit, kind=kind)

    return {
        "start": one.start.isoformat(),
        "count": one.n,
        "min": said(one.low),
        "max": said(one.high),
        "mean": said(one.mean),
        "sum": said(one.total) if kind.cumulative else None,
        "min2": said(one.low2),
        "max2": said(one.high2),
        "mean2": said(one.mean2),
    }


def visible_row(viewer: Viewer, patient_id: str, *, seq: int, action: str, now: datetime) -> tuple[Patient, dict[str, Any]]:
    """This function will give a stored reading with its patient, or refuse as `access` does; it writes no log."""
    patient, readable = access.opened(viewer, patient_id, action="read", now=now)
    row = timeline.one(patient_id=patient.id, seq=seq)
    kind = BY_NUMBER[row["kind"]]
    if kind.data_class not in readable or not viewer.covers(kind.key):
        raise NotVisible
    if action != "read":
        access.patient_for(viewer, patient_id, action=action, now=now, data_class=kind.data_class)
    return patient, row


def one(viewer: Viewer, patient_id: str, *, seq: int, now: datetime) -> dict[str, Any]:
    """This function will give one reading and its line of corrections."""
    patient, row = visible_row(viewer, patient_id, seq=seq, action="read", now=now)
    log.record(by=viewer, did="observation.read", patient_id=patient.id, about=f"observation:{seq}", now=now)
    return shown(row) | {"amendments": timeline.amendments(patient_id=patient.id, seq=seq)}


@transaction.atomic
def remove(viewer: Viewer, patient_id: str, *, seq: int, reason: str, now: datetime) -> dict[str, Any]:
    """This function will take a reading out; the access log and the amendment say who and why."""
    patient, _ = visible_row(viewer, patient_id, seq=seq, action="write", now=now)
    timeline.remove(patient_id=patient.id, seq=seq, reason=reason, by=viewer, now=now)
    log.record(by=viewer, did="observation.remove", patient_id=patient.id, about=f"observation:{seq}", now=now)
    return shown(timeline.one(patient_id=patient.id, seq=seq))


def correct(
    viewer: Viewer,
    patient_id: str,
    *,
    seq: int,
    value: float,
    reason: str,
    now: datetime,
    value2: float | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    """This function will send the reading again with another value, through the one way in, with the reason on file.

    Raises Invalid for an impossible value, Conflict for a reading that no longer counts or that has this value already.
    """
    patient, old = visible_row(viewer, patient_id, seq=seq, action="write", now=now)
    if old["state"] != State.CURRENT:
        raise Conflict("This reading was corrected or deleted before.", code="not_current")
    kind = BY_NUMBER[old["kind"]]
    again = {
        "kind": kind.key,
        "at": old["at"].astimezone(timezone(timedelta(minutes=old["utc_offset"]))).isoformat(),
        "value": value,
        "value2": value2,
        "unit": unit or kind.unit,
        "source": old["source"],
        "key": old["key"],
        "method": METHOD_NAMES[old["method"]],
        "seconds": old["seconds"],
    }
    receipt = intake.receive(patient_id=patient.id, readings=[again], by=viewer, now=now, reason=reason)
    fate = receipt.fates[0]
    if fate["fate"] == "rejected":
        raise Invalid(fate["sentence"], code=fate["code"], field=fate.get("field"))
    if fate["fate"] == "duplicate":
        raise Conflict("The reading has this value already.", code="same_value")
    return shown(timeline.one(patient_id=patient.id, seq=fate["seq"]))


def why(viewer: Viewer, patient_id: str, *, kind: str, day: date, now: datetime) -> dict[str, Any]:
    """This function will tell where a day's number comes from."""
    opened = open_for(viewer, patient_id, kinds=[kind], now=now)
    if not opened.numbers:
        raise NotVisible
    found = summaries.why(patient_id=opened.patient.id, kind=opened.numbers[0], day=day)
    bucket = found["bucket"]
    return {**found, "kind": kind, "unit": BY_KEY[kind].unit, "bucket": _bucket(bucket, BY_KEY[kind], None) if bucket else None}


def kind_shown(kind: Kind) -> dict[str, Any]:
    """This function will give one kind of the catalogue as the API shows it."""
    return {
        "kind": kind.key,
        "name": dict(kind.name),
        "loinc": kind.loinc,
        "loinc2": kind.loinc2,
        "unit": kind.unit,
        "units": sorted(set(kind.ucum.values())),
        "data_class": kind.data_class,
        "components": kind.components,
        "cumulative": kind.cumulative,
        "hard": [_finite(end) for end in kind.hard],
        "soft": [_finite(end) for end in kind.soft],
        "precision": kind.precision,
        "codes": list(kind.codes),
    }


def _finite(end: float) -> float | None:
    return None if end in (float("inf"), float("-inf")) else end
