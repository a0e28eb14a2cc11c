"""The yardstick: a bare DRF view that puts the reading of its body into one plain table, in one statement, and commits."""

from django.db import connection
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

TABLE = """
CREATE TABLE IF NOT EXISTS bench_bare (
    id bigserial PRIMARY KEY, kind text NOT NULL, at timestamptz NOT NULL, value double precision NOT NULL, unit text, source text
)
"""


class Bare(APIView):
    """POST: one INSERT. Knows no people, no consent, no rules, no duplicates, no log."""

    def post(self, request: Request) -> Response:
        """Store one reading."""
        sent = request.data
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_bare (kind, at, value, unit, source) VALUES (%s, %s, %s, %s, %s) RETURNING id",
                [sent["kind"], sent["at"], sent["value"], sent["unit"], sent["source"]],
            )
            number = cursor.fetchone()[0]
        return Response({"id": number}, status=201)


urlpatterns = [path("bare", Bare.as_view())]
