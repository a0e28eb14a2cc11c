"""Files of other products: small ones at once, with the fate of every record in the answer; big ones by a worker, asked after."""

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO, ClassVar, cast

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.schema import RefusalSerializer, answers, id_in_path
from healthhub.audit import log
from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people import access
from monitoring import imports, spool, uploads
from monitoring.models import Import

CHUNK = 256 * 1024
MOST_AT_ONCE = 20_000


class RefusedRecordSerializer(serializers.Serializer[Any]):
    """One record of the file that was not kept."""

    where = serializers.IntegerField(help_text="The line of a table; else the number of the record in the file, from 1.")
    fate = serializers.ChoiceField(choices=["rejected", "outside_consent"])
    code = serializers.CharField()
    sentence = serializers.CharField(required=False)
    field = serializers.CharField(required=False)


class ImportedSerializer(serializers.Serializer[Any]):
    """What became of a file."""

    records = serializers.IntegerField(help_text="How many records the file has.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="How many readings met which fate.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="How many were refused for which reason.")
    refused = RefusedRecordSerializer(many=True, help_text="The first 1,000 that were not kept.")


class ImportSerializer(serializers.ModelSerializer[Import]):
    """A file that a worker takes in."""

    state = serializers.ChoiceField(choices=Import.State.choices, help_text="waiting, running; then done, failed or stopped.")
    records = serializers.IntegerField(allow_null=True, help_text="How many records the file has; null until it was read to its end.")
    taken = serializers.IntegerField(help_text="How many of them met their fate so far.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="How many records met which fate.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="How many were refused for which reason.")
    code = serializers.CharField(help_text="Why it failed or was stopped; empty otherwise.")
    refused = RefusedRecordSerializer(many=True, help_text="The first 1,000 that were not kept.")

    class Meta:
        model = Import
        fields = (
            "id", "state", "bytes_total", "bytes_read", "records", "taken", "counts", "reasons", "code", "field", "refused", "asked_at",
            "started_at", "ended_at",
        )  # fmt: skip


class Imports(APIView):
    """POST /api/v1/patients/<id>/imports."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="imports_send",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            **answers(ImportedSerializer, 400, 404, 413),
            201: ImportedSerializer,
            202: ImportSerializer,
            409: RefusalSerializer,
            422: ImportedSerializer,
            507: RefusalSerializer,
        },
        parameters=[id_in_path("patient_id", "The patient.")],
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Send a file as another product wrote it: the body is the file. Which product it is, is found out. Sending again is safe.

        201: something new was stored; 200: all were there already; 422: nothing could be kept. A file of more than 20,000 records
        or 8 MB (and up to 2 GB) is taken in by a worker: 202, and `Location` is where to ask what became of it.
        """
        by, now = request.viewer, timezone.now()
        access.classes_open(by, patient_id, action="write", now=now)
        if int(request._request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
            raise spool.TooLarge
        stream = cast(BinaryIO, request._request)
        raw = stream.read(settings.OBSERVATIONS_MAX_BYTES + 1)
        if len(raw) <= settings.OBSERVATIONS_MAX_BYTES:
            try:
                return _at_once(imports.take_in(patient_id=patient_id, stream=BytesIO(raw), by=by, now=now, most=MOST_AT_ONCE))
            except Invalid as refused:
                if refused.code != "too_many":
                    raise
        chunks: Iterator[bytes] = chain([raw], iter(partial(stream.read, CHUNK), b""))
        row = uploads.accept(patient_id=patient_id, chunks=chunks, by=by, now=now)
        return Response(ImportSerializer(row).data, status=202, headers={"Location": reverse("import", args=[patient_id, row.id])})


def _at_once(done: imports.Imported) -> Response:
    status = 201 if done.counts.keys() & {"stored", "corrected"} else 200 if "duplicate" in done.counts else 422
    answer = {"records": done.records, "counts": dict(done.counts), "reasons": dict(done.reasons), "refused": done.refused}
    return Response(answer, status=status)


def _asked(request: Asked, patient_id: str, import_id: str) -> Import:
    now = timezone.now()
    row = uploads.one(import_id, by=request.viewer, now=now)
    if str(row.patient_id) != patient_id:
        raise NotVisible
    log.record(by=request.viewer, did="import.read", patient_id=row.patient_id, about=f"import:{row.id}", now=now)
    return row


HERS = [id_in_path("patient_id", "The patient."), id_in_path("import_id", "The file sent in.")]


class OneImport(APIView):
    """GET /api/v1/patients/<id>/imports/<id>."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "write"}

    @extend_schema(operation_id="imports_state", responses=answers(ImportSerializer, 404), parameters=HERS)
    def get(self, request: Asked, patient_id: str, import_id: str) -> Response:
        """How far a file is and what became of its records: for whoever sent it, and for the patient herself."""
        return Response(ImportSerializer(_asked(request, patient_id, import_id)).data)


class Table(BaseRenderer):
    """CSV, written by the view itself."""

    media_type, format, charset = "text/csv", "csv", "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data


TABLE_ANSWERS = {(code, "text/csv" if code == 200 else "application/json"): what for code, what in answers(str, 404).items()}


class RefusedRecords(APIView):
    """GET /api/v1/patients/<id>/imports/<id>/refused.csv."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "write"}
    renderer_classes = (*APIView.renderer_classes, Table)

    @extend_schema(operation_id="imports_refused", responses=TABLE_ANSWERS, parameters=HERS)
    def get(self, request: Asked, patient_id: str, import_id: str) -> HttpResponse:
        """The records that were not kept (the first 1,000) as a table: line or number, fate, code, field, sentence."""
        row = _asked(request, patient_id, import_id)
        headers = {"Content-Disposition": f'attachment; filename="refused-{row.id}.csv"'}
        return HttpResponse(uploads.refused_csv(row), content_type="text/csv; charset=utf-8", headers=headers)
