"""FHIR R4 at /fhir/R4/: Patient, Observation and Device read, Observations searched for. What is written goes through fhir_write."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from healthhub.api import fhir_search, fhir_write, readings
from healthhub.api.auth import Asked
from healthhub.api.fhir_answers import FHIRView, answer, base_of, body_in, bytes_in, patient_shown, searchset
from healthhub.audit import log
from healthhub.dialects import fhir_capability, fhir_out
from healthhub.lib.refused import NotVisible
from healthhub.people import access
from healthhub.records import exports, found
from healthhub.records.models import State

NARROWED = ("patient", "code", "category")


class Metadata(FHIRView):
    """GET /fhir/R4/metadata."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> HttpResponse:
        """What this endpoint honours; open to everyone, as the standard asks."""
        fhir_search.check_names(request.GET, ())
        authorise, token = (request.build_absolute_uri(reverse(name)) for name in ("app_authorise", "oauth-token"))
        url = base_of(request)
        websocket = f"{url.replace('http', 'ws', 1)}/$ws"
        told = fhir_capability.capability(url=url, at=timezone.now(), authorise=authorise, token=token, websocket=websocket)
        return answer(told)


class OnePatient(FHIRView):
    """GET /fhir/R4/Patient/{id}."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Patient",)

    def get(self, request: Asked, patient_id: str) -> HttpResponse:
        """A patient; for a device token her id alone."""
        fhir_search.check_names(request.GET, ())
        now = timezone.now()
        patient = access.patient_for(request.viewer, patient_id, action="read", now=now)
        log.record(by=request.viewer, did="patient.read", patient_id=patient.id, now=now)
        return answer(patient_shown(patient, request.viewer))


class Everything(FHIRView):
    """GET /fhir/R4/Patient/{id}/$everything."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Patient", "Device", "Observation")

    def get(self, request: Asked, patient_id: str) -> HttpResponse:
        """The Patient and her Devices on the first page, her Observations in order of arrival."""
        query = request.GET
        fhir_search.check_names(query, ("_since", "_count", "_page"))
        limit, viewer = fhir_search.count_in(query), request.viewer
        opened = readings.open_for(viewer, patient_id, kinds=None, now=timezone.now())
        behind = fhir_search.cursor_in(str(query["_page"])) if "_page" in query else None
        wanted = fhir_search.since_in(query, found.Wanted(opened.numbers, order="_lastUpdated", behind=behind))
        numbers = found.sources(patient_id=opened.patient.id, kinds=opened.numbers)
        first: list[Mapping[str, Any]] = []
        if behind is None:
            first = [
                patient_shown(opened.patient, viewer),
                *(device_shown(opened.patient.id, name, number) for name, number in numbers.items()),
            ]
        return answer(_found(request, opened, wanted, limit, before=first, devices=numbers))


class Observations(FHIRView):
    """GET and POST /fhir/R4/Observation."""

    does: ClassVar = {"GET": "read", "POST": "write"}
    for_apps = ("Observation",)

    def get(self, request: Asked) -> HttpResponse:
        """Search one patient's observations that count."""
        query = request.GET
        fhir_search.check_names(query, (*NARROWED, "date", "_lastUpdated", "_count", "_sort", "_include", "_page"))
        limit = fhir_search.count_in(query)
        opened = readings.open_for(request.viewer, fhir_search.patient_in(query, request.viewer), kinds=None, now=timezone.now())
        wanted = fhir_search.wanted_in(query, opened.numbers, zone=ZoneInfo(opened.patient.time_zone))
        included = [patient_shown(opened.patient, request.viewer)] if "_include" in query else []
        return answer(_found(request, opened, wanted, limit, included=included))

    def post(self, request: Asked) -> HttpResponse:
        """Take one Observation in; its fate is in the status and in X-HealthHub-Fate."""
        fhir_search.check_names(request.GET, ())
        raw = request._request
        return fhir_write.create(body_in(raw), viewer=request.viewer, headers=raw.headers, base=base_of(request), now=timezone.now())


class LastN(FHIRView):
    """GET /fhir/R4/Observation/$lastn."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Observation",)

    def get(self, request: Asked) -> HttpResponse:
        """The newest observations of each kind, `max` of each."""
        query = request.GET
        fhir_search.check_names(query, (*NARROWED, "max"))
        most = fhir_search.count_in(query, "max", usual=1, most=100)
        opened = readings.open_for(request.viewer, fhir_search.patient_in(query, request.viewer), kinds=None, now=timezone.now())
        kinds = fhir_search.kinds_in(query, opened.numbers)
        rows = found.last_of_each(patient_id=opened.patient.id, kinds=kinds, most=most)
        shown = observations_shown(opened.patient.id, rows, found.sources(patient_id=opened.patient.id, kinds=opened.numbers))
        return answer(searchset(request, shown, links={"self": request.build_absolute_uri()}))


class OneObservation(FHIRView):
    """GET /fhir/R4/Observation/{patient}-{seq}."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Observation",)

    def get(self, request: Asked, patient_id: str, seq: str) -> HttpResponse:
        """One observation, in whatever state: what was corrected or removed is entered-in-error."""
        fhir_search.check_names(request.GET, ())
        now = timezone.now()
        patient, row = readings.visible_row(request.viewer, patient_id, seq=fhir_search.number_in(seq), action="read", now=now)
        log.record(by=request.viewer, did="observation.read", patient_id=patient.id, about=f"observation:{row['seq']}", now=now)
        numbers = found.sources(patient_id=patient.id, kinds=[row["kind"]])
        etag = 'W/"1"' if row["state"] == State.CURRENT else 'W/"2"'
        if request.headers.get("If-None-Match") == etag:
            return answer(None, status=304, headers={"ETag": etag})
        return answer(observations_shown(patient.id, [row], numbers)[0], headers={"ETag": etag})


class OneDevice(FHIRView):
    """GET /fhir/R4/Device/{patient}-{number}."""

    does: ClassVar = {"GET": "read"}
    for_apps = ("Device",)

    def get(self, request: Asked, patient_id: str, number: str) -> HttpResponse:
        """A device whose readings the viewer may see."""
        fhir_search.check_names(request.GET, ())
        now, wanted = timezone.now(), fhir_search.number_in(number)
        opened = readings.open_for(request.viewer, patient_id, kinds=None, now=now)
        names = {n: name for name, n in found.sources(patient_id=opened.patient.id, kinds=opened.numbers).items()}
        if wanted not in names:
            raise NotVisible
        return answer(device_shown(opened.patient.id, names[wanted], wanted))


class Bundles(FHIRView):
    """POST /fhir/R4/."""

    does: ClassVar = {"POST": "write"}

    def post(self, request: Asked) -> HttpResponse:
        """A batch (each entry for itself) or a transaction (all or nothing) of creates."""
        fhir_search.check_names(request.GET, ())
        return answer(fhir_write.bundle(bytes_in(request._request), viewer=request.viewer, now=timezone.now()))


class Other(FHIRView):
    """Any other address under /fhir/R4/."""

    does: ClassVar = {"GET": "read", "POST": "write"}

    def get(self, request: Asked, rest: str) -> HttpResponse:
        """Nothing is here; the CapabilityStatement says what there is."""
        raise NotVisible

    def post(self, request: Asked, rest: str) -> HttpResponse:
        """Nothing is here."""
        raise NotVisible


def device_shown(patient_id: UUID, name: str, number: int) -> dict[str, Any]:
    return fhir_out.device(id_=f"{patient_id}-{number}", patient_id=patient_id, name=name)


def observations_shown(patient_id: UUID, rows: Iterable[Mapping[str, Any]], sources: Mapping[str, int]) -> list[dict[str, Any]]:
    ids = {name: f"{patient_id}-{number}" for name, number in sources.items()}
    return [_versioned(exports.observation_of(patient_id, row, devices=ids), row) for row in rows]


def _versioned(resource: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    current = row["state"] == State.CURRENT
    updated = {"lastUpdated": row["received_at"].isoformat()} if current else {}
    return resource | {"meta": {"versionId": "1" if current else "2", **updated, **resource.get("meta", {})}}


def _found(
    request: Request,
    opened: readings.Opened,
    wanted: found.Wanted,
    limit: int,
    *,
    before: Sequence[Mapping[str, Any]] = (),
    included: Sequence[Mapping[str, Any]] = (),
    devices: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """One page, and the link to the next where there is one more reading."""
    patient_id = opened.patient.id
    rows = found.search(patient_id=patient_id, wanted=wanted, limit=limit + 1)
    links = {"self": request.build_absolute_uri()}
    if len(rows) > limit:
        last, query = rows[limit - 1], QueryDict(request.META["QUERY_STRING"], mutable=True)
        moment: datetime = last[found.ORDERS[wanted.order][0]]
        query["_page"] = fhir_search.cursor_out(moment, last["seq"])
        links["next"] = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    sources = found.sources(patient_id=patient_id, kinds=opened.numbers) if devices is None else devices
    return searchset(request, [*before, *observations_shown(patient_id, rows[:limit], sources)], links=links, included=included)
