"""Files of other products: small ones at once, with the fate of every record in the answer."""

from io import BytesIO
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from healthhub.api import batches
from healthhub.api.auth import Asked
from healthhub.api.schema import answers, id_in_path
from monitoring import imports

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


class Imports(APIView):
    """POST /api/v1/patients/<id>/imports."""

    viewer_kinds = frozenset({"user", "token"})
    does: ClassVar = {"POST": "write"}

    @extend_schema(
        operation_id="imports_send",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={**answers(ImportedSerializer, 400, 404, 413), 201: ImportedSerializer, 422: ImportedSerializer},
        parameters=[id_in_path("patient_id", "The patient.")],
    )
    def post(self, request: Asked, patient_id: str) -> Response:
        """Send a file as another product wrote it: the body is the file. Which product it is, is found out. Sending again is safe.

        201: something new was stored; 200: all were there already; 422: nothing could be kept. Files of more than 20,000 records
        or 8 MB are refused here; an operator imports them with `manage.py import`.
        """
        raw = batches.read_body(request._request, encoding="")  # type: ignore[arg-type]
        done = imports.take_in(patient_id=patient_id, stream=BytesIO(raw), by=request.viewer, now=timezone.now(), most=MOST_AT_ONCE)
        status = 201 if done.counts.keys() & {"stored", "corrected"} else 200 if "duplicate" in done.counts else 422
        answer = {"records": done.records, "counts": dict(done.counts), "reasons": dict(done.reasons), "refused": done.refused}
        return Response(answer, status=status)
