"""What both walks through a permission table need: the addresses there are, who may know what, and whether anything changed."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tests.permissions.requests import Asking

MARK = "CNRY"
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SEES_ANA = {"patient_self", "caregiver_with_consent", "doctor_in_team", "nurse_in_team", "doctor_break_glass", "token_read"}
KNOWS_ANA = SEES_ANA | {"token_write"}  # her own device: it may not read, but she is no stranger to it
SEES_BEN = {"other_patient", "doctor_elsewhere", "doctor_break_glass", "doctor_break_glass_lapsed", "token_other_patient"}
# Signing in and using a token leave a trace of their own; everything else a refused request must leave alone.
OWN_TRACE = {"django_session", "usersessions_usersession", "people_devicetoken", "people_user"}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has never happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fingerprint() -> dict[str, tuple[int, str]]:
    """Rows and their digest, table by table."""
    tables = [table for table in connection.introspection.table_names() if table not in OWN_TRACE]
    parts = [
        f"SELECT '{table}', count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" t" for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}


def carries(response: HttpResponse, whose: str) -> bool:
    spoken = response.content + repr(sorted(response.headers.items())).encode()
    return f"{MARK}-{whose}-".encode() in spoken


def is_id(text: str) -> bool:
    return bool(UUID_TEXT.fullmatch(text))


def respelt(how: Asking, spell: Callable[[str], str], *, with_body: str | None = None) -> Asking:
    """The same request with every id in its path (and this one in its body) written otherwise."""
    form = (
        {name: value.replace(with_body, spell(with_body)) if with_body else value for name, value in how.form.items()}
        if how.form
        else how.form
    )
    body = json.loads(json.dumps(how.body).replace(with_body, spell(with_body))) if with_body else how.body
    return Asking({key: spell(value) if is_id(value) else value for key, value in how.ids.items()}, body, how.query, how.headers, form)


def shapes(captured: CaptureQueriesContext) -> list[str]:
    """The statements without the ids, moments and signed sessions (a new signature every second) in them."""
    texts = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    return [re.sub(r"'20\d\d-[^']*'|'\.eJ[^']*'|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", "?", text) for text in texts]


def addresses(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            yield path, pattern
