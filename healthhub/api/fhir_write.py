"""FHIR resources in: one Observation, or a bundle of them; everything goes through the one way in, one call per patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse

from healthhub.api.fhir_answers import READER, Several, Unprocessable, answer, issue_of
from healthhub.api.parsers import strict_json
from healthhub.dialects import fhir_capability
from healthhub.dialects.fhir_in import Taken, key_of
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible, Refused
from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.records import exports, found, timeline
from healthhub.records.catalogue import KINDS
from monitoring import intake

ETAG = 'W/"1"'
STATUS = {"stored": "201 Created", "corrected": "201 Created", "duplicate": "200 OK"}
WORDS = {"stored": "Stored.", "corrected": "Stored in place of an earlier one.", "duplicate": "It was there already."}


class MoreThanOne(Refused):
    code = "ambiguous"
    sentence = "More than one observation carries this identifier."
    status = 412


class Shape(msgspec.Struct):
    """Just enough of a bundle to count it before it is read."""

    entry: list[msgspec.Raw] = []


@dataclass(slots=True)
class Incoming:
    """One resource on its way: what was understood of it, or why not; then what became of it."""

    taken: Taken | None = None
    unless: str | None = None  # the key of If-None-Exist
    refused: Refused | None = None
    fate: dict[str, Any] = field(default_factory=dict)

    def location(self) -> str:
        """This function will give the address of what is kept, relative to the endpoint."""
        return f"Observation/{self.taken.patient if self.taken else ''}-{self.fate['seq']}"


def create(resource: Any, *, viewer: Viewer, headers: Mapping[str, str], base: str, now: datetime) -> HttpResponse:
    """This function will take one Observation in and answer as FHIR's create: 201, 200 for what was there already, or raise the refusal."""
    taken = READER.observation(resource)
    one = Incoming(taken, _unless(headers.get("If-None-Exist"), taken))
    _receive([one], viewer=viewer, now=now)
    if one.refused is not None:
        raise one.refused
    location = f"{base}/{one.location()}"
    said = {"Location": f"{location}/_history/1", "ETag": ETAG, "X-HealthHub-Fate": one.fate["fate"]}
    status = int(STATUS[one.fate["fate"]][:3])
    prefer = headers.get("Prefer", "")
    if "return=minimal" in prefer:
        return answer(None, status=status, headers=said)
    if "return=OperationOutcome" in prefer:
        return answer(_told(one), status=status, headers=said)
    return answer(_kept(one, resource, viewer, now), status=status, headers=said)


def _kept(one: Incoming, resource: Mapping[str, Any], viewer: Viewer, now: datetime) -> dict[str, Any]:
    """What is on file, for whoever may read it; to another its own words, with the id they have now."""
    patient_id = access.parsed_id(one.taken.patient if one.taken else "")
    row = timeline.one(patient_id=patient_id, seq=one.fate["seq"])
    kind = next(kind for kind in KINDS if kind.number == row["kind"])
    if access.may(viewer, patient_id, action="read", now=now, data_class=kind.data_class) and viewer.covers(kind.key):
        return exports.observation_of(patient_id, row)
    return _told(one) if one.fate.get("found") else {**resource, "id": one.location().removeprefix("Observation/")}


def bundle(body: bytes, *, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """This function will take a batch or a transaction in and write the answer: one outcome for each entry.

    Raises for a body that is none, and for a transaction of which anything cannot be kept (nothing is then).
    """
    try:
        count = len(msgspec.json.decode(body, type=Shape).entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        count = 0  # the strict reading below says what is wrong
    if count > settings.OBSERVATIONS_MAX_COUNT:
        raise Invalid(f"Send at most {settings.OBSERVATIONS_MAX_COUNT} entries at a time.", code="too_many", field="Bundle.entry")
    whole = strict_json(body)
    if not isinstance(whole, Mapping) or whole.get("resourceType") != "Bundle" or whole.get("type") not in ("batch", "transaction"):
        raise Invalid("Send a Bundle of type batch or transaction.", code="not_supported", field="Bundle.type")
    entries = whole.get("entry", [])
    if not isinstance(entries, list):
        raise Invalid("The entries are a list.", code="bad_value", field="Bundle.entry")
    incoming = [_entry(entry) for entry in entries]
    _same_twice(incoming)
    if whole["type"] == "batch":
        _receive(incoming, viewer=viewer, now=now)
    else:
        _all_or_nothing(incoming, viewer=viewer, now=now)
    return {"resourceType": "Bundle", "type": f"{whole['type']}-response", "entry": [_response(i, one) for i, one in enumerate(incoming)]}


def _entry(entry: Any) -> Incoming:
    try:
        request = entry.get("request") if isinstance(entry, Mapping) else None
        if not isinstance(request, Mapping):
            raise Invalid("An entry needs its request.", code="missing_field", field="request")
        if (request.get("method"), request.get("url")) != ("POST", "Observation"):
            raise Invalid("A bundle takes POST Observation and nothing else.", code="not_supported", field="request")
        if request.keys() - {"method", "url", "ifNoneExist"}:
            raise Invalid("This condition is not taken here.", code="not_supported", field="request")
        taken = READER.observation(entry.get("resource"))
        return Incoming(taken, _unless(request.get("ifNoneExist"), taken))
    except Invalid as refused:
        return Incoming(refused=refused)


def _unless(text: Any, taken: Taken) -> str | None:
    """The key of If-None-Exist, which can only be the Observation's own identifier (and patient)."""
    if text is None:
        return None
    given = parse_qsl(str(text).lstrip("?"), keep_blank_values=True)
    asked = dict(given)
    if len(asked) != len(given) or not asked.get("identifier") or asked.keys() - {"identifier", "patient"}:
        raise Invalid("If-None-Exist takes identifier, and patient.", code="not_supported", field="If-None-Exist")
    if asked.get("patient", taken.patient).removeprefix("Patient/") != taken.patient:
        raise Invalid("This is another patient than the subject.", code="not_supported", field="If-None-Exist")
    system, _, value = asked["identifier"].rpartition("|")
    key = key_of(system, value)
    if key != taken.reading["key"]:
        raise Invalid("The condition must name the identifier of what is sent.", code="not_supported", field="If-None-Exist")
    return key


def _same_twice(incoming: Sequence[Incoming]) -> None:
    """Two conditional creates of one identifier: which of them is the one that does not exist yet?"""
    seen: set[tuple[str, str]] = set()
    for one in incoming:
        if one.taken is not None and one.unless is not None:
            if (one.taken.patient, one.unless) in seen:
                one.refused = Conflict("This identifier stands twice in the bundle.", code="ambiguous", field="request.ifNoneExist")
            seen.add((one.taken.patient, one.unless))


def _all_or_nothing(incoming: Sequence[Incoming], *, viewer: Viewer, now: datetime) -> None:
    if len({one.taken.patient for one in incoming if one.taken}) > 1:
        raise Unprocessable("A transaction holds one patient's observations.", code="not_supported", field="Bundle.entry")
    if not any(one.refused for one in incoming):
        with transaction.atomic():
            _receive(incoming, viewer=viewer, now=now, whole=True)
            if any(one.refused for one in incoming):
                transaction.set_rollback(True)
    refused = [(index, one.refused) for index, one in enumerate(incoming) if one.refused]
    if refused:
        raise Several([issue_of(why, at=f"Bundle.entry[{index}]") for index, why in refused])


def _receive(incoming: Sequence[Incoming], *, viewer: Viewer, now: datetime, whole: bool = False) -> None:
    """One call of the way in for each patient; `whole` lets her own refusal through instead of telling it entry by entry."""
    groups: dict[str, list[Incoming]] = {}
    for one in incoming:
        if one.taken is not None and one.refused is None:
            groups.setdefault(one.taken.patient, []).append(one)
    for patient, ones in groups.items():
        try:
            patient_id, classes = access.classes_open(viewer, patient, action="write", now=now)
            kinds = [kind.number for kind in KINDS if kind.data_class in classes and viewer.covers(kind.key)]
            new = [one for one in ones if not _there_already(one, patient_id, kinds)]
            sent = [one.taken.reading for one in new if one.taken]
            receipt = intake.receive(patient_id=patient_id, readings=sent, by=viewer, now=now)
        except (NotVisible, NotAllowed) as refused:
            if whole or len(incoming) == 1:
                raise
            for one in ones:
                one.refused = refused
            continue
        for one, fate in zip(new, receipt.fates, strict=True):
            one.fate = fate
            one.refused = one.refused or _why(fate)


def _there_already(one: Incoming, patient_id: UUID, kinds: Sequence[int]) -> bool:
    rows = found.by_key(patient_id=patient_id, key=one.unless, kinds=kinds) if one.unless else []
    if len(rows) > 1:
        one.refused = MoreThanOne()
    elif rows:
        one.fate = {"fate": "duplicate", "seq": rows[0]["seq"], "found": True}
    return bool(rows)


def _why(fate: Mapping[str, Any]) -> Refused | None:
    if fate["fate"] == "outside_consent":
        return NotAllowed("This kind is outside the consent or the token's scope.", code="outside_consent", field="Observation.code")
    if fate["fate"] == "rejected":
        return Unprocessable(fate["sentence"], code=fate["code"], field=f"Observation.{fate['field']}" if fate.get("field") else None)
    return None


def _told(one: Incoming) -> dict[str, Any]:
    fate = one.fate["fate"]
    issues = [fhir_capability.issue(code=fate, sentence=WORDS[fate], severity="information")]
    for name in one.taken.not_kept if one.taken else ():
        issues.append(fhir_capability.issue(code="not_kept", sentence="Read past.", field=f"Observation.{name}", severity="information"))
    return fhir_capability.outcome(issues)


def _response(index: int, one: Incoming) -> dict[str, Any]:
    if one.refused is not None:
        status, issues = one.refused.status, [issue_of(one.refused, at=f"Bundle.entry[{index}]")]
        return {"response": {"status": str(status), "outcome": fhir_capability.outcome(issues)}}
    where = {"location": f"{one.location()}/_history/1", "etag": ETAG}
    return {"response": {"status": STATUS[one.fate["fate"]], **where, "outcome": _told(one)}}
