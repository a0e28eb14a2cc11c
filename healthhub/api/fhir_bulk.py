"""FHIR bulk data at /fhir/R4/: `$export` asked for, watched, fetched as NDJSON, cancelled (HL7 Bulk Data Access IG 2.0)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from rest_framework.request import Request

from healthhub.api import fhir_affairs, fhir_findings, fhir_plans, fhir_questionnaires, fhir_search, readings
from healthhub.api.auth import Asked
from healthhub.api.fhir import device_shown, observations_shown
from healthhub.api.fhir_answers import FHIRView, JSONOnly, answer, patient_shown
from healthhub.dialects import fhir_capability
from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.people import access, smart
from healthhub.people.models import User
from healthhub.records import bulk, found, timeline
from healthhub.records.bulk import Piece, Wanted
from healthhub.records.models import BulkExport, State
from healthhub.records.stretch import Stretch

NDJSON = "application/fhir+ndjson"
FORMATS = (NDJSON, "application/fhir ndjson", "application/ndjson", "ndjson")  # an unescaped + arrives as a space
OBSERVATIONS = 2000  # of a piece
FINDINGS = 500
RETRY_SECONDS = 2
FOR_DEVICES = ("Patient", "Device", "Observation")
FINDINGS_OF: Mapping[str, type[fhir_findings.Search]] = {
    "Flag": fhir_findings.Flags,
    "DetectedIssue": fhir_findings.DetectedIssues,
    "RiskAssessment": fhir_findings.RiskAssessments,
    "QuestionnaireResponse": fhir_questionnaires.QuestionnaireResponses,
    "CarePlan": fhir_plans.CarePlans,
    "Goal": fhir_plans.Goals,
    "Communication": fhir_affairs.Communications,
    "Consent": fhir_affairs.Consents,
    "AuditEvent": fhir_affairs.AuditEvents,
}


class NotWritten(Refused):
    """The export ended without being written."""

    code = "export_failed"
    sentence = "This export could not be written. Please ask for it again."
    status = 500


class Withdrawn(Refused):
    """The export ended because its owner may no longer."""

    code = "export_stopped"
    sentence = "This export was stopped: what it was to hold is no longer open to you."
    status = 403


class _NDJSON(JSONOnly):
    """Files are asked for by their own media type."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        stated = request.headers.get("Accept", "*/*")
        if any(media in stated for media in FORMATS):
            return renderers[0], NDJSON
        return super().select_renderer(request, renderers, format_suffix)


class Export(FHIRView):
    """GET /fhir/R4/$export, Patient/$export and Patient/{id}/$export."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Patient",)

    def get(self, request: Asked, patient_id: str | None = None) -> HttpResponse:
        """Ask for everything the viewer may read, of one patient or of all; the answer says where to look for it."""
        query, viewer = request.GET, request.viewer
        fhir_search.check_names(query, ("_type", "_since", "_outputFormat"))
        if "respond-async" not in request.headers.get("Prefer", "").lower():
            raise Invalid("A bulk export takes a while: send Prefer: respond-async.", code="missing_field", field="Prefer")
        if query.get("_outputFormat", NDJSON) not in FORMATS:
            raise Invalid("Only NDJSON is written here.", code="not_supported", field="_outputFormat")
        types = FOR_DEVICES if viewer.kind == "token" else (*FOR_DEVICES, *FINDINGS_OF)
        if viewer.kind == "app":
            types = tuple(type_ for type_ in types if smart.covers(viewer, type_))
        row = bulk.ask(
            by=viewer,
            types=_types_in(query, types),
            request=request.build_absolute_uri(),
            now=timezone.now(),
            patient_id=patient_id,
            since=fhir_search.since_in(query, found.Wanted([])).arrived_since if "_since" in query else None,
        )
        status = request.build_absolute_uri(reverse("fhir-export-status", args=[row.id]))
        return answer(None, status=202, headers={"Content-Location": status})


class Status(FHIRView):
    """GET and DELETE /fhir/R4/$export-status/{id}."""

    does: ClassVar = {"GET": "read", "DELETE": "read"}
    for_apps = ("Patient",)

    def get(self, request: Asked, export_id: str) -> HttpResponse:
        """How far it is, or where its files are."""
        fhir_search.check_names(request.GET, ())
        now = timezone.now()
        row = bulk.one(export_id, by=request.viewer, now=now)
        if row.under_way:
            return answer(None, status=202, headers={"X-Progress": f"{row.progress} %", "Retry-After": str(RETRY_SECONDS)})
        _check(row)
        counts = bulk.counts(row, by=request.viewer, now=now)
        expires = {"Expires": row.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")} if row.expires_at else {}
        return HttpResponse(msgspec.json.encode(_manifest(row, counts, request)), content_type="application/json", headers=expires)

    def delete(self, request: Asked, export_id: str) -> HttpResponse:
        """End it and forget what was written."""
        fhir_search.check_names(request.GET, ())
        bulk.cancel(export_id, by=request.viewer, now=timezone.now())
        return answer(None, status=202)


class File(FHIRView):
    """GET /fhir/R4/$export-file/{id}/{type}.ndjson."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Patient",)
    content_negotiation_class = _NDJSON

    def get(self, request: Asked, export_id: str, type_: str) -> HttpResponse:
        """All resources of one type that are still open to the viewer, one a line."""
        fhir_search.check_names(request.GET, ())
        now = timezone.now()
        row = bulk.one(export_id, by=request.viewer, now=now)
        if type_ == "OperationOutcome" and row.left_out:
            return HttpResponse(msgspec.json.encode(_left_out(row)) + b"\n", content_type=NDJSON)
        if type_ not in row.types:
            raise NotVisible
        if not row.under_way:
            _check(row)
        # A stream is no HttpResponse to Django; to whoever is answered it is one.
        return cast(HttpResponse, StreamingHttpResponse(bulk.lines(row, type_, by=request.viewer, now=now), content_type=NDJSON))


def _types_in(query: QueryDict, offered: Sequence[str]) -> list[str]:
    wanted = str(query.get("_type", ",".join(offered))).split(",")
    for name in wanted:
        if name not in offered:
            raise Invalid("This type is not exported to you.", code="not_supported", field="_type")
    return [name for name in offered if name in wanted]


def _check(row: BulkExport) -> None:
    if row.state == BulkExport.State.FAILED:
        raise NotWritten
    if row.state == BulkExport.State.STOPPED:
        raise Withdrawn(code=row.code)


def _manifest(row: BulkExport, counts: Mapping[str, int], request: Request) -> dict[str, Any]:
    def file(type_: str, count: int) -> dict[str, Any]:
        return {"type": type_, "url": request.build_absolute_uri(reverse("fhir-export-file", args=[row.id, type_])), "count": count}

    return {
        "transactionTime": row.asked_at.isoformat(),
        "request": row.request,
        "requiresAccessToken": True,
        "output": [file(type_, count) for type_, count in counts.items()],
        "deleted": [],
        "error": [file("OperationOutcome", 1)] if row.left_out else [],
    }


def _left_out(row: BulkExport) -> dict[str, Any]:
    sentence = f"{row.left_out} patients are left out: their records were closed to you while this was written."
    return fhir_capability.outcome([fhir_capability.issue(code="left_out", sentence=sentence, severity="warning", status=403)])


def write(wanted: Wanted) -> Piece:
    """This function will write the next resources of one patient and type; for `bulk.work`. Raises as the doors it asks."""
    person = User.objects.get(id=wanted.viewer.user_id) if wanted.viewer.user_id else None
    with translation.override(person.language if person else translation.get_language()):
        writer: Callable[[Wanted], Piece] = WRITERS.get(wanted.type, _findings)
        return writer(wanted)


def _patient(wanted: Wanted) -> Piece:
    patient = access.patient_for(wanted.viewer, wanted.patient_id, action="read", now=wanted.now)
    return Piece([patient_shown(patient, wanted.viewer)])


def _devices(wanted: Wanted) -> Piece:
    opened = readings.open_for(wanted.viewer, str(wanted.patient_id), kinds=None, now=wanted.now)
    sources = found.sources(patient_id=wanted.patient_id, kinds=opened.numbers)
    return Piece([device_shown(wanted.patient_id, name, number) for name, number in sources.items()])


def _observations(wanted: Wanted) -> Piece:
    """In order of arrival; `place` is the last one's number."""
    opened = readings.open_for(wanted.viewer, str(wanted.patient_id), kinds=None, now=wanted.now)
    rows = timeline.after(patient_id=wanted.patient_id, kinds=opened.numbers, seq=int(wanted.place or 0), limit=OBSERVATIONS)
    counting = [row for row in rows if row["state"] == State.CURRENT and _arrived(row["received_at"], wanted)]
    sources = found.sources(patient_id=wanted.patient_id, kinds=opened.numbers)
    place = str(rows[-1]["seq"]) if len(rows) == OBSERVATIONS else ""
    return Piece(observations_shown(wanted.patient_id, counting, sources), place)


def _arrived(moment: datetime, wanted: Wanted) -> bool:
    return (wanted.since is None or moment >= wanted.since) and moment <= wanted.until


def _findings(wanted: Wanted) -> Piece:
    """Oldest first; `place` is the cursor behind the last one. What is her own affair (consents, the log) only she exports."""
    search = FINDINGS_OF[wanted.type]()
    if not access.may(wanted.viewer, wanted.patient_id, action=search.action, now=wanted.now):
        return Piece([])
    behind = None
    if wanted.place:
        moment, number = fhir_search.cursor_in(wanted.place, below=2**128)
        behind = moment, UUID(int=number)
    stretch = Stretch(FINDINGS, until=wanted.until, newest_first=False, behind=behind)
    rows = search.found(wanted.viewer, str(wanted.patient_id), stretch, wanted.now, QueryDict())
    place = fhir_search.cursor_out(*rows[-1][:2]) if len(rows) == FINDINGS else ""
    return Piece([one for _, _, one in rows if _changed(one, wanted)], place)


def _changed(resource: Mapping[str, Any], wanted: Wanted) -> bool:
    """What does not say when it was last changed may have been."""
    told = resource["meta"].get("lastUpdated")
    return told is None or wanted.since is None or datetime.fromisoformat(told) >= wanted.since


WRITERS: Mapping[str, Callable[[Wanted], Piece]] = {"Patient": _patient, "Device": _devices, "Observation": _observations}
