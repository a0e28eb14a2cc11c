"""Readings in and out. The hot path decodes with msgspec and makes one domain call per patient."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api import batches, readings
from healthhub.api.auth import Asked
from healthhub.api.schema import WITH_BODY, answers, body_of, id_in_path, query_of
from healthhub.api.shapes import (
    AmendShape,
    BucketsSerializer,
    CorrectShape,
    HistoryQuery,
    KindSerializer,
    ReadingSerializer,
    ReadingWithHistorySerializer,
    ReceiptSerializer,
    SentBatchSerializer,
    WhyQuery,
    WhySerializer,
)
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible, Refused
from healthhub.people.access import Viewer
from healthhub.records.catalogue import KINDS
from monitoring import intake
from monitoring.sent import Sent

REPLAY = "X-Replay-Now"
PATIENT = id_in_path("patient_id", "The patient.")
SEQ = OpenApiParameter("seq", OpenApiTypes.INT64, OpenApiParameter.PATH, description="The reading's number among hers.")


class Observations(APIView):
    """POST /api/v1/observations."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="observations_send",
        request={"application/json": SentBatchSerializer, "application/x-ndjson": OpenApiTypes.BINARY},
        responses={
            **answers(ReceiptSerializer, *WITH_BODY, 404),
            201: ReceiptSerializer,
            422: ReceiptSerializer,
        },
        parameters=[OpenApiParameter("Content-Encoding", OpenApiTypes.STR, OpenApiParameter.HEADER, enum=["identity", "gzip"])],
    )
    def post(self, request: Asked) -> HttpResponse:
        """Send one reading or up to 10,000; the answer tells the fate of each. Sending again is safe.

        201: something new was stored; 200: all were there already; 422: nothing could be kept. Each reading's fate is in the body.
        """
        raw = request._request
        now = timezone.now()
        body = batches.read_body(raw, encoding=raw.headers.get("Content-Encoding", "").strip().lower())  # type: ignore[arg-type]
        parts = batches.split(body, content_type=raw.content_type or "")
        fates, alerts = _receive(parts, viewer=request.viewer, now=now, as_of=_replay_clock(raw.headers, request.viewer))
        counts: dict[str, int] = {}
        for fate in fates:
            counts[fate["fate"]] = counts.get(fate["fate"], 0) + 1
        status = 201 if counts.keys() & {"stored", "corrected"} else 200 if "duplicate" in counts else 422
        answer = {"received_at": now, "counts": counts, "alerts": alerts, "fates": fates}
        return HttpResponse(msgspec.json.encode(answer), status=status, content_type="application/json")


def _replay_clock(headers: Mapping[str, str], viewer: Viewer) -> datetime | None:
    """A replay states the moment it plays; a service in production believes no client's clock."""
    stated = headers.get(REPLAY)
    if stated is None:
        return None
    if not (settings.REPLAY_CLOCK and viewer.may_replay):
        raise NotAllowed("This token may not replay.", code="no_replay")
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError as error:
        raise Invalid("The replay's moment must be RFC 3339 with a zone.", code="bad_time", field=REPLAY) from error
    if moment.tzinfo is None or moment > timezone.now() + timedelta(minutes=1):
        raise Invalid("The replay's moment must carry a zone and not lie in the future.", code="bad_time", field=REPLAY)
    return moment


def _receive(parts: Sequence[bytes], *, viewer: Viewer, now: datetime, as_of: datetime | None) -> tuple[list[dict[str, Any]], list[UUID]]:
    """Readings grouped by patient, in the order of the batch; each patient's are one transaction."""
    fates: list[dict[str, Any]] = []
    groups: dict[UUID, tuple[list[int], list[Sent | Mapping[str, Any]]]] = {}
    unread: list[Refused] = []
    known = batches.decode_all(parts)
    for index, part in enumerate(parts):
        try:
            sent = known[index] if known else batches.decode(part)
            patient_id = sent.patient if isinstance(sent, Sent) and sent.patient else viewer.patient_id
            if patient_id is None:
                raise Invalid("Say whose reading this is.", code="missing_field", field="patient")
        except Invalid as refused:
            unread.append(refused)
            fates.append(intake.rejected(index, refused))
            continue
        indexes, sents = groups.setdefault(patient_id, ([], []))
        indexes.append(index)
        sents.append(sent)
    if unread and viewer.patient_id:  # a device's readings can only be its patient's
        groups.setdefault(viewer.patient_id, ([], []))
    alerts: list[UUID] = []
    for patient_id, (indexes, sents) in groups.items():
        also = unread if patient_id == viewer.patient_id else []
        try:
            receipt = intake.receive(patient_id=patient_id, readings=sents, by=viewer, now=now, as_of=as_of, indexes=indexes, unread=also)
        except (NotVisible, NotAllowed) as refused:
            if len(groups) == 1:
                raise
            fates += [intake.rejected(index, refused) | {"field": "patient"} for index in indexes]
            continue
        fates += receipt.fates
        alerts += receipt.alerts
    fates.sort(key=lambda fate: fate["index"])
    return fates, list(dict.fromkeys(alerts))


def _answer(body: dict[str, Any]) -> HttpResponse:
    """A month of readings is hundreds of rows: msgspec writes them ten times faster than DRF's renderer."""
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")


class History(APIView):
    """GET /api/v1/patients/{id}/observations."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="observations_read", parameters=[PATIENT, HistoryQuery], responses=answers(BucketsSerializer, 400, 404))
    def get(self, request: Asked, patient_id: str) -> HttpResponse:
        """Read her readings: raw (newest first, by cursor; or in order of arrival with `after`) or as 5m, 1h, 1d buckets.

        Values are in each kind's canonical unit (UCUM), or for one kind in `unit`. Only the data classes you may see are there.
        """
        asked = query_of(request, HistoryQuery)
        now = timezone.now()
        kinds = [key.strip() for key in asked["kind"].split(",")] if asked.get("kind") else None
        opened = readings.open_for(request.viewer, patient_id, kinds=kinds, now=now)
        until = asked.get("to") or now + timedelta(minutes=10)
        since = asked.get("from") or until - timedelta(days=30)
        if asked["resolution"] != "raw":
            if kinds is None or len(kinds) != 1:
                raise Invalid("Ask for one kind at a time when you ask for buckets.", code="one_kind", field="kind")
            return _answer(readings.buckets(opened, resolution=asked["resolution"], since=since, until=until, unit=asked.get("unit")))
        if asked.get("after") is not None:
            return _answer(readings.arrived(opened, after=asked["after"], limit=asked["limit"]))
        before = cursor_in(asked.get("cursor"))
        page = readings.page(opened, since=since, until=until, limit=asked["limit"], before=before)
        last = page["observations"][-1] if len(page["observations"]) == asked["limit"] else None
        return _answer(page | {"next": cursor_out(last) if last else None})


def _seq(text: str) -> int:
    """A number that no reading can have is one that never was."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotVisible
    return int(text)


def cursor_out(last: Mapping[str, Any]) -> str:
    """This function will write where a page ended, for whoever asks for the next one."""
    return base64.urlsafe_b64encode(json.dumps([last["at"].isoformat(), last["seq"]]).encode()).decode()


def cursor_in(cursor: str | None) -> tuple[datetime, int] | None:
    """This function will read what `cursor_out` wrote. Raises Invalid (`bad_cursor`)."""
    if not cursor:
        return None
    try:
        at, seq = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(seq, int) or not 0 <= seq < 2**62:
            raise ValueError
        return moment.astimezone(UTC), seq
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("There is no such page.", code="bad_cursor", field="cursor") from error


class OneObservation(APIView):
    """GET /api/v1/patients/{id}/observations/{seq}."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="observation_read", parameters=[PATIENT, SEQ], responses=answers(ReadingWithHistorySerializer, 404))
    def get(self, request: Asked, patient_id: str, seq: str) -> Response:
        """One reading with what was sent, where it came from, and every correction it took part in."""
        return Response(readings.one(request.viewer, patient_id, seq=_seq(seq), now=timezone.now()))


class Correct(APIView):
    """POST /api/v1/patients/{id}/observations/{seq}/correct."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="observation_correct",
        request=CorrectShape,
        parameters=[PATIENT, SEQ],
        responses=answers(ReadingSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, patient_id: str, seq: str) -> Response:
        """Replace a reading by another value, with the reason; the old one stays on file."""
        body = body_of(request, CorrectShape)
        return Response(readings.correct(request.viewer, patient_id, seq=_seq(seq), now=timezone.now(), **body))


class Remove(APIView):
    """POST /api/v1/patients/{id}/observations/{seq}/remove."""

    viewer_kinds = frozenset({"user"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="observation_remove",
        request=AmendShape,
        parameters=[PATIENT, SEQ],
        responses=answers(ReadingSerializer, *WITH_BODY, 404, 409),
    )
    def post(self, request: Asked, patient_id: str, seq: str) -> Response:
        """Take a reading out of every history and summary, with the reason; it stays on file."""
        body = body_of(request, AmendShape)
        return Response(readings.remove(request.viewer, patient_id, seq=_seq(seq), reason=body["reason"], now=timezone.now()))


class Why(APIView):
    """GET /api/v1/patients/{id}/why."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="why_this_number", parameters=[PATIENT, WhyQuery], responses=answers(WhySerializer, 400, 404))
    def get(self, request: Asked, patient_id: str) -> Response:
        """Where a day's number comes from: every hour and source, and whether it counts."""
        asked = query_of(request, WhyQuery)
        day: date = asked["day"]
        return Response(readings.why(request.viewer, patient_id, kind=asked["kind"], day=day, now=timezone.now()))


class Kinds(APIView):
    """GET /api/v1/kinds."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "read"}

    @extend_schema(operation_id="kinds_list", responses=answers(KindSerializer(many=True)))
    def get(self, request: Asked) -> Response:
        """The catalogue: what can be sent, in which units, within which limits."""
        return Response([readings.kind_shown(kind) for kind in KINDS])
