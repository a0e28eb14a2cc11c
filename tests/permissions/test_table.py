"""Walks the permission table in a world of real people and a real database.

Besides each cell's status: no foreign mark in any byte that comes back, nothing written by what was refused, foreign and
unknown ids not to be told apart, and no address that the table forgets.
"""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from healthhub.audit.models import Entry
from healthhub.lib.ids import uuid7
from tests.permissions.records import Records
from tests.permissions.requests import Asking, asking, path_of
from tests.permissions.table import Line, lines
from tests.permissions.walk import KNOWS_ANA, SEES_ANA, SEES_BEN, addresses, carries, fingerprint, respelt, shapes, undone
from tests.world import PRINCIPALS, TOKENS, World

pytestmark = pytest.mark.django_db
LINES = lines()


def ask(client: Client, method: str, name: str, how: Asking) -> HttpResponse:
    body: dict[str, Any] = {} if how.body is None else {"data": json.dumps(how.body), "content_type": "application/json"}
    if how.form is not None:
        body = {"data": urlencode(how.form), "content_type": "application/x-www-form-urlencoded"}
    response = client.generic(method, path_of(name, how.ids, how.query), headers=how.headers, **body)
    if response.streaming:
        return HttpResponse(response.getvalue(), status=response.status_code, headers=dict(response.headers))  # type: ignore[attr-defined]
    return response  # type: ignore[return-value]


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
ELSEWHERE = {"observations", "rule-backtest", "risk-panel-assess", "fhir-observations", "fhir-lastn", "fhir-bundle"}
ELSEWHERE |= {"fhir-flags", "fhir-issues", "fhir-risks", "fhir-consents", "fhir-events", "fhir-communications", "fhir-provenances"}
ELSEWHERE |= {"fhir-search", "fhir-subscriptions", "fhir-questionnaires", "fhir-plans", "fhir-goals"}
IN_PATH = [line for line in WITH_ID if line.name not in ELSEWHERE]


@pytest.mark.parametrize("line", WITH_ID, ids=lambda line: f"{line.method}-{line.name}")
def test_foreign_and_unknown_ids_cannot_be_told_apart(marked: World, records: Records, clients: dict[str, Client], line: Line) -> None:
    """Same status, same body, same headers, same statements to the database: for everyone to whom Ana's is foreign."""
    how = asking(marked, records, line.method, line.name)
    unknown = respelt(how, lambda _: str(uuid7()), with_body=str(marked.ana.id))
    for principal, expected in line.expected.items():
        if expected not in (401, 403, 404) or principal in KNOWS_ANA:
            continue
        connection.queries_log.clear()  # it keeps the last 9,000 statements only, and a capture is a slice of it
        with undone(), CaptureQueriesContext(connection) as foreign_sql:
            foreign = ask(clients[principal], line.method, line.name, how)
        with undone(), CaptureQueriesContext(connection) as unknown_sql:
            never = ask(clients[principal], line.method, line.name, unknown)
        assert (foreign.status_code, foreign.content) == (never.status_code, never.content), principal
        assert foreign.headers == never.headers, principal
        assert shapes(foreign_sql) == shapes(unknown_sql), principal


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
        if line.expected[principal] < 400:
            continue  # a device asks after the file that it sent: the front door is open to it
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
# Nightscout: rights, settings and documents of which nothing is kept.
NOBODYS |= {"ns-status", "ns-verifyauth", "ns-adminnotifies", "ns-bearer", "ns-food", "ns-profile", "ns3-status"}


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


# Addresses that answer everyone alike and know nobody.
OPEN = {"schema", "ns-versions", "ns3-version", "fhir-metadata", "smart-configuration"}
# Opened by a code with its verifier, a refresh token or an app's secret (tests/api/test_smart.py).
OPEN |= {"oauth-token", "oauth-revoke"}


def test_no_address_is_forgotten() -> None:
    served, without_methods = set(), set()
    for path, pattern in addresses():
        if not path.startswith(("api/", "nightscout/", "fhir/", "oauth/token", "oauth/revoke")) or pattern.name in OPEN:
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
