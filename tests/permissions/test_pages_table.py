"""Walks the permission table of the pages in the same world as the API's walk, with the same questions."""

import re
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthhub.lib.ids import uuid7
from healthhub.web import urls
from tests.permissions.page_requests import PageAsking, copy_asked, page_asking, send
from tests.permissions.pages import PageLine, page_lines
from tests.permissions.records import Records
from tests.permissions.walk import KNOWS_ANA, SEES_ANA, SEES_BEN, carries, fingerprint, shapes, undone
from tests.world import PRINCIPALS, TOKENS, World

pytestmark = pytest.mark.django_db
LINES = page_lines()
# Addresses that answer everyone alike and know nobody.
# A maker that calls proves itself by the address; without that there is nothing (tests/web/test_connections.py).
OPEN = {"livez", "readyz", "manifest", "worker", "offline", "vendor_called"}
REFUSED = {"in", "400", "403", "404", "409", "422"}
SIGN_IN = reverse("account_login")
# Masked anew in every answer, and the address one is led back to.
MASKED = re.compile(rb'[A-Za-z0-9]{64}|nonce-[\w+/=-]+|nonce="[^"]*"')


@pytest.fixture(scope="module")
def asked(marked: World, records: Records) -> dict[str, PageAsking]:
    """How each line is asked; the copy is asked for once, before anything is compared."""
    found = {f"{line.method} {line.name}": page_asking(marked, records, line.method, line.name) for line in LINES}
    found["GET export_file"] = copy_asked(marked)
    return found


def answered(response: HttpResponse) -> str:
    """The status, with a redirect to the sign-in page told from every other."""
    to_sign_in = response.status_code == 302 and response.headers["Location"].startswith(SIGN_IN)
    return "in" if to_sign_in else str(response.status_code)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.method}-{line.name}")
def test_every_cell(marked: World, asked: dict[str, PageAsking], clients: dict[str, Client], line: PageLine) -> None:
    how, before, wrong = asked[f"{line.method} {line.name}"], fingerprint(), []
    for principal in PRINCIPALS:
        with undone():
            response, expected = send(clients[principal], line.method, line.name, how), line.expected[principal]
            if answered(response) != expected:
                wrong.append(f"{principal}: {answered(response)} instead of {expected}: {response.content[:200]!r}")
            if carries(response, "ana") and principal not in SEES_ANA:
                wrong.append(f"{principal} heard of Ana")
            if carries(response, "ben") and principal not in SEES_BEN:
                wrong.append(f"{principal} heard of Ben")
            if expected in REFUSED and fingerprint() != before:
                changed = {table for table, print_ in fingerprint().items() if before[table] != print_}
                wrong.append(f"{principal} was refused, and yet {changed} changed")
    assert not wrong, "\n".join(wrong)


WITH_ID = [line for line in LINES if "404" in line.expected.values()]


@pytest.mark.parametrize("line", WITH_ID, ids=lambda line: f"{line.method}-{line.name}")
def test_foreign_and_unknown_ids_cannot_be_told_apart(
    marked: World, asked: dict[str, PageAsking], clients: dict[str, Client], line: PageLine
) -> None:
    """Same status, same words, same headers, same statements to the database: for everyone to whom Ana's is foreign."""
    how, stranger = asked[f"{line.method} {line.name}"], str(uuid7())
    unknown = how
    for real in how.ids.values():
        unknown = unknown.of(stranger, instead=real) if re.fullmatch(r"[0-9a-f-]{36}", real) else unknown
    for principal, expected in line.expected.items():
        if expected not in ("in", "403", "404") or principal in KNOWS_ANA:
            continue
        connection.queries_log.clear()  # it keeps the last 9,000 statements only, and a capture is a slice of it
        with undone(), CaptureQueriesContext(connection) as foreign_sql:
            foreign = send(clients[principal], line.method, line.name, how)
        with undone(), CaptureQueriesContext(connection) as unknown_sql:
            never = send(clients[principal], line.method, line.name, unknown)
        assert spoken(foreign, how) == spoken(never, unknown), principal
        assert about_people(foreign_sql) == about_people(unknown_sql), principal


def about_people(captured: CaptureQueriesContext) -> list[str]:
    """The statements without those of the visitor's own session, which notes how long it may lie still."""
    return [sql for sql in shapes(captured) if "django_session" not in sql]


def spoken(response: HttpResponse, how: PageAsking) -> tuple[Any, ...]:
    """What comes back, without what is drawn by lot and without the ids that were asked for."""
    text = MASKED.sub(b"?", response.content)
    headers = repr(sorted(response.headers.items()))
    for real in how.ids.values():
        text, headers = text.replace(real.encode(), b"?"), headers.replace(real, "?")
    return response.status_code, text, MASKED.sub(b"?", headers.encode())


def test_a_device_is_a_stranger_to_every_page() -> None:
    for line in LINES:
        assert {line.expected[token] for token in TOKENS} == {line.expected["anonymous"]}, line.name


# What is open to strangers does not come through `page`, which keeps a page's methods.
BY_HAND = {"preferences": ("POST",), "session": ("GET", "POST")}


def test_no_page_is_forgotten() -> None:
    own = {pattern.name: pattern.callback for pattern in urls.urlpatterns if pattern.name not in OPEN}
    served = {(method, name) for name, view in own.items() for method in BY_HAND.get(name, getattr(view, "methods", ("?",)))}
    assert served == {(line.method, line.name) for line in LINES if line.name in own}
    assert all(set(line.expected) == set(PRINCIPALS) for line in LINES)
