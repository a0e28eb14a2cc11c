"""Tables of check-up centres: sent in, proposed what their columns are, and taken in once their sender has confirmed that."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, ClassVar, cast

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api.auth import Asked
from healthhub.api.imports import CHUNK, HERS, ImportSerializer
from healthhub.api.schema import RefusalSerializer, answers, id_in_path
from healthhub.lib.refused import NotVisible
from monitoring import mapped, spool, uploads
from monitoring.models import Import

COLUMN = "Of a wide table: the column's number from 0, in digits; of a long one: the item's name."
UNIT = "Null: every line says its own unit; lines that do not are refused."


class ColumnSerializer(serializers.Serializer[Any]):
    """One column or item, and what it means."""

    place = serializers.CharField(max_length=400, help_text=COLUMN)
    kind = serializers.CharField(max_length=40, help_text="A kind of the catalogue.")
    part = serializers.ChoiceField(choices=[0, 1, 2], required=False, help_text="Of a pair in two columns: 1 upper, 2 lower; otherwise 0.")
    unit = serializers.CharField(max_length=40, required=False, allow_null=True, help_text=UNIT)


class ProposedColumnSerializer(ColumnSerializer):
    """As confirmed, but for the kind where that is asked."""

    kind = serializers.CharField(allow_null=True, help_text="Null: see the questions.")


class MappingSerializer(serializers.Serializer[Any]):
    """What a table's sender says of it. Columns are counted from 0."""

    layout = serializers.ChoiceField(choices=["wide", "long"], help_text="wide: a column for each kind; long: a row for each item.")
    columns = ColumnSerializer(many=True)
    date = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=199, help_text="The column of the date.")
    day = serializers.DateField(required=False, allow_null=True, help_text="One date for all lines, where no column has it.")
    order = serializers.ChoiceField(choices=["", "dmy", "mdy"], required=False, help_text="How dates with the year last are read.")
    person_column = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=199)
    person = serializers.CharField(required=False, allow_null=True, max_length=400, help_text="Only this person's lines are taken.")
    item = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=199)
    value = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=199)
    unit = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=199)


class ProposedMappingSerializer(MappingSerializer):
    """A mapping to be completed with the answers to the questions."""

    columns = ProposedColumnSerializer(many=True)


class SeenColumnSerializer(ProposedColumnSerializer):
    """A column or item of the file."""

    name = serializers.CharField()
    samples = serializers.ListField(child=serializers.CharField())
    how = serializers.ChoiceField(choices=["heading", "lines", "only", "asked", ""], help_text="How the unit is known; asked: it is not.")


class QuestionSerializer(serializers.Serializer[Any]):
    """What is likely at most and never taken unasked."""

    field = serializers.ChoiceField(choices=["kind", "unit", "date", "order", "person"])
    place = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    options = serializers.ListField(child=serializers.CharField())
    samples = serializers.ListField(child=serializers.CharField())
    likely = serializers.CharField(allow_blank=True, help_text="The option that the values suggest; empty where none or several do.")


class ProposalSerializer(serializers.Serializer[Any]):
    """What a table seems to say."""

    mapping = ProposedMappingSerializer()
    heading = serializers.ListField(child=serializers.CharField(allow_blank=True))
    heading_line = serializers.IntegerField()
    columns = SeenColumnSerializer(many=True)
    questions = QuestionSerializer(many=True)
    unmapped = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="Columns or items that mean nothing here.")
    preview = serializers.ListField(child=serializers.ListField(child=serializers.CharField(allow_blank=True)))
    lines = serializers.ListField(child=serializers.IntegerField(), help_text="Of the preview's rows in the file.")
    rows = serializers.IntegerField(help_text="Rows that were looked at.")
    more = serializers.BooleanField(help_text="There are more rows than were looked at.")


class TableSerializer(serializers.Serializer[Any]):
    """A table sent in, and what it seems to say; null where the file is of a product that is known: then it is taken in already."""

    file = ImportSerializer()
    proposal = ProposalSerializer(allow_null=True)


class Tables(APIView):
    """POST /api/v1/patients/<id>/tables."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="tables_send",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            **answers(TableSerializer, 400, 404, 413, status=201),
            202: TableSerializer,
            409: RefusalSerializer,
            507: RefusalSerializer,
        },
        parameters=[id_in_path("patient_id", "The patient.")],
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Send a table of a check-up centre (CSV or .xlsx, up to 16 MB) as the body, and hear what its columns seem to be.

        Nothing of it is kept before the mapping is confirmed at `Location`, within a day. Units that only the values suggest are asked.
        202: the file is of a product that is known here, and is taken in without questions.
        """
        by, now = request.viewer, timezone.now()
        uploads.check(patient_id=patient_id, by=by, now=now)
        if int(request._request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
            raise spool.TooLarge
        stream = cast(BinaryIO, request._request)
        chunks: Iterator[bytes] = chain(iter(partial(stream.read, CHUNK), b""))
        row = uploads.accept(patient_id=patient_id, chunks=chunks, by=by, now=now, tables=True)
        if row.state != Import.State.UNMAPPED:
            where = reverse("import", args=[patient_id, row.id])
            return Response({"file": ImportSerializer(row).data, "proposal": None}, status=202, headers={"Location": where})
        where = reverse("import-mapping", args=[patient_id, row.id])
        return Response(_table(row, request), status=201, headers={"Location": where})


def _table(row: Import, request: Asked) -> dict[str, Any]:
    found = mapped.propose(row, by=request.viewer, now=timezone.now())
    return {"file": ImportSerializer(row).data, "proposal": ProposalSerializer(mapped.plain(found)).data}


def _waiting(request: Asked, patient_id: str, import_id: str) -> Import:
    row = mapped.waiting(import_id, by=request.viewer, now=timezone.now())
    if str(row.patient_id) != patient_id:
        raise NotVisible
    return row


class Mapping(APIView):
    """/api/v1/patients/<id>/imports/<id>/mapping."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"GET": "write", "POST": "write"}

    @extend_schema(operation_id="tables_proposal", responses=answers(TableSerializer, 404, 409), parameters=HERS)
    def get(self, request: Asked, patient_id: str, import_id: str) -> Response:
        """What a table that waits seems to say, with the questions: for whoever sent it, and for the patient herself."""
        return Response(_table(_waiting(request, patient_id, import_id), request))

    @extend_schema(
        operation_id="tables_confirm",
        request=MappingSerializer,
        responses=answers(ImportSerializer, 400, 404, 409, 413, 415, status=202),
        parameters=HERS,
    )
    def post(self, request: Asked, patient_id: str, import_id: str) -> Response:
        """Confirm what the columns mean. A worker then takes the table in; `Location` tells what became of every line."""
        _waiting(request, patient_id, import_id)
        row = mapped.confirm(import_id, told=request.data, by=request.viewer, now=timezone.now())
        return Response(ImportSerializer(row).data, status=202, headers={"Location": reverse("import", args=[patient_id, row.id])})
