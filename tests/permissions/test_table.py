"""Walks the permission table in a world of real people and a real database.

Besides each cell's status: no foreign mark in any byte that comes back, nothing written by what was refused, foreign and
unknown ids not to be told apart, and no address that the table forgets.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from healthhub.audit.models import Entry
from healthhub.lib.ids import uuid7
from tests.permissions.records import Records, fill
from tests.permissions.requests import Asking, asking, path_of
from tests.permissions.table import Line, lines
from tests.world import PRINCIPALS, TOKENS, World, build

MARK = "CNRY"
pytestmark = pytest.mark.django_db
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LINES = lines()
SEES_ANA = {"patient_self", "caregiver_with_consent", "doctor_in_team", "nurse_in_team", "doctor_break_glass", "token_read"}
KNOWS_ANA = SEES_ANA | {"token_write"}  # her own device: it may not read, but she is no stranger to it
SEES_BEN = {"other_patient", "doctor_elsewhere", "doctor_break_glass", "doctor_break_glass_lapsed", "token_other_patient"}
# Signing in and using a token leave a trace of their own; everything else a refused request must leave alone.
OWN_TRACE = {"django_session", "usersessions_usersession", "people_devicetoken", "people_user"}


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """pytest-django's own opens a transaction for each test; here one lasts for the whole file, and each cell has a savepoint."""


@pytest.fixture(scope="module")
def marked(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all tests of this file."""
    with django_db_blocker.unblock(), undone():
        yield build(mark=MARK)


@pytest.fixture(scope="module")
def records(marked: World) -> Records:
    return fill(marked)


@pytest.fixture(scope="module")
def clients(marked: World) -> dict[str, Client]:
    return {principal: marked.client(principal) for principal in PRINCIPALS}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has never happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, name: str, how: Asking) -> HttpResponse:
    body: dict[str, Any] = {} if how.body is None else {"data": json.dumps(how.body), "content_type": "application/json"}
    return client.generic(method, path_of(name, how.ids, how.query), **body)  # type: ignore[return-value]


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


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.method}-{line.name}")
def test_every_cell(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    how, before, wrong = asking(marked, records, line.method, line.name), fingerprint(), []
    for principal in PRINCIPALS:
        with undone():
            response = ask(clients[principal], line.method, line.name, how)
            expected = line.expected[principal]
            if response.status_code != expected:
                wrong.append(f"{principal}: {response.status_code} instead of {expected}: {response.content[:200]!r}")
            if carries(response, "ana") and principal not in SEES_ANA:
                wrong.append(f"{principal} heard of Ana")
            if carries(response, "ben") and principal not in SEES_BEN:
                wrong.append(f"{principal} heard of Ben")
            if response.status_code >= 400 and fingerprint() != before:
                changed = {table for table, print_ in fingerprint().items() if before[table] != print_}
                wrong.append(f"{principal} was refused, and yet {changed} changed")
    assert not wrong, "\n".join(wrong)


WITH_ID = [line for line in LINES if 404 in line.expected.values()]
IN_PATH = [line for line in WITH_ID if line.name not in ("observations", "rule-backtest", "risk-panel-assess")]


@pytest.mark.parametrize("line", WITH_ID, ids=lambda line: f"{line.method}-{line.name}")
def test_foreign_and_unknown_ids_cannot_be_told_apart(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    """Same status, same body, same headers, same statements to the database: for everyone to whom Ana's is foreign."""
    how = asking(marked, records, line.method, line.name)
    unknown = respelt(how, lambda _: str(uuid7()), with_body=str(marked.ana.id))
    for principal, expected in line.expected.items():
        if expected not in (401, 403, 404) or principal in KNOWS_ANA:
            continue
        with undone(), CaptureQueriesContext(connection) as foreign_sql:
            foreign = ask(clients[principal], line.method, line.name, how)
        with undone(), CaptureQueriesContext(connection) as unknown_sql:
            never = ask(clients[principal], line.method, line.name, unknown)
        assert (foreign.status_code, foreign.content) == (never.status_code, never.content), principal
        assert foreign.headers == never.headers, principal
        assert shapes(foreign_sql) == shapes(unknown_sql), principal


def is_id(text: str) -> bool:
    return bool(UUID_TEXT.fullmatch(text))


def respelt(how: Asking, spell: Callable[[str], str], *, with_body: str | None = None) -> Asking:
    """The same request with every id in its path (and this one in its body) written otherwise."""
    body = json.loads(json.dumps(how.body).replace(with_body, spell(with_body))) if with_body else how.body
    return Asking({key: spell(value) if is_id(value) else value for key, value in how.ids.items()}, body, how.query)


def shapes(captured: CaptureQueriesContext) -> list[str]:
    """The statements without the ids and moments in them."""
    texts = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    return [re.sub(r"'20\d\d-[^']*'|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", "?", text) for text in texts]


SPELLINGS = {
    "upper case": str.upper,
    "no dashes": lambda text: text.replace("-", ""),
    "urn": lambda text: f"urn:uuid:{text}",
    "braces": lambda text: "{" + text + "}",
    "full width": lambda text: text.replace("0", "０"),
    "spaces": lambda text: f" {text} ",
    "quote": lambda text: f"{text}'",
    "nonsense": lambda text: "x",
}


@pytest.mark.parametrize("line", IN_PATH, ids=lambda line: f"{line.method}-{line.name}")
def test_an_id_has_one_spelling(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    how = asking(marked, records, line.method, line.name)
    for principal in ("patient_self", "doctor_in_team", "nurse_in_team", "doctor_elsewhere", "anonymous"):
        for spell in SPELLINGS.values():
            with undone():
                other = respelt(how, spell)
                response = ask(clients[principal], line.method, line.name, other)
            assert response.status_code == (401 if principal == "anonymous" else 404), (principal, other.ids, response.content[:200])


@pytest.mark.parametrize("line", [line for line in WITH_ID if line.method == "GET"], ids=lambda line: line.name)
def test_side_doors_stay_shut(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    how = asking(marked, records, line.method, line.name)
    path = path_of(line.name, how.ids, how.query)
    for principal in set(PRINCIPALS) - SEES_ANA:
        client = clients[principal]
        responses = [
            client.head(path),
            client.options(path),
            client.get(path + "/"),
            client.get(path + "?format=api&expand=*&fields=*"),
            client.get(path, headers={"accept": "text/html"}),
            client.get(path, headers={"range": "bytes=0-10", "if-none-match": "*"}),
            client.post(path, headers={"x-http-method-override": "GET"}),
        ]
        for response in responses:
            assert response.status_code >= 400, (principal, response.status_code)
            assert not carries(response, "ana"), principal


# Addresses whose good answer tells or changes nothing about a patient.
OWN_AFFAIRS = {"channels", "channel", "quiet-hours", "notice-seen", "notice-attempts", "views", "view", "tags"}
# Answered patient by patient: what was done is in the log (tests/web/test_desk.py), what was refused is not.
OWN_AFFAIRS |= {"worklist-act"}
MODELS = {"risk-models", "risk-model-card", "risk-model-versions", "risk-model-watch", "risk-version-approve", "risk-version-refuse"}
NOBODYS = MODELS | {"me", "kinds", "teams", "on-duty", "membership-end", "team-rules"} | OWN_AFFAIRS


@pytest.mark.parametrize("line", [line for line in LINES if line.name not in NOBODYS], ids=lambda line: f"{line.method}-{line.name}")
def test_whoever_saw_or_did_something_is_in_the_log(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    """Every good answer about Ana leaves a row with her, with whoever asked; every refusal leaves none."""
    how = asking(marked, records, line.method, line.name)
    for principal, expected in line.expected.items():
        with undone():
            last = Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0
            response = ask(clients[principal], line.method, line.name, how)
            written = Entry.objects.filter(id__gt=last)
            if expected >= 400:
                assert not written.exists(), principal
            elif how.ids or how.body or carries(response, "ana"):  # a list is about Ana where she is on it
                who = marked.token_ids[principal] if principal in TOKENS else marked.users[principal].id
                assert written.filter(patient_id=marked.ana.id, actor_id=who).exists(), principal


def addresses(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            yield path, pattern


# Addresses that answer everyone alike and know nobody.
OPEN = {"schema"}


def test_no_address_is_forgotten() -> None:
    served, without_methods = set(), set()
    for path, pattern in addresses():
        if not path.startswith("api/") or pattern.name in OPEN:
            continue
        view = getattr(pattern.callback, "view_class", getattr(pattern.callback, "cls", None))
        methods = [m.upper() for m in ("get", "post", "put", "patch", "delete") if hasattr(view, m)] if view else []
        methods = methods or list(getattr(pattern.callback, "methods", ()))
        served |= {(method, pattern.name) for method in methods}
        if not methods or not pattern.name:
            without_methods.add(path)
    assert not without_methods, "a plain function must say its `methods`, and every address needs a name"
    assert served == {(line.method, line.name) for line in LINES}


def test_every_cell_counts() -> None:
    assert len(LINES) * len(PRINCIPALS) == sum(len(line.expected) for line in LINES)
    assert all(set(line.expected) == set(PRINCIPALS) for line in LINES)
