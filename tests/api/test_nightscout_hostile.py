"""Whatever is sent or asked at Nightscout's addresses, the answer is one of ours: never a 500, and small refusals for large nonsense."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from healthhub.records.models import Observation
from tests.api.test_nightscout import Site
from tests.dialects.test_nightscout import anything, fields
from tests.world import World, build

pytestmark = pytest.mark.django_db
COLLECTIONS = st.sampled_from(["entries", "treatments", "devicestatus", "profile", "food"])
CALM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def site(db: None) -> Site:
    world: World = build()
    return Site(world)


@CALM
@given(
    docs=st.lists(st.dictionaries(fields, anything, max_size=5), max_size=3), collection=COLLECTIONS, old=st.sampled_from(["POST", "PUT"])
)
def test_any_documents_to_api_1(site: Site, docs: list[dict[str, Any]], collection: str, old: str) -> None:
    answer = site.ask("POST" if collection == "food" else old, f"/api/v1/{collection}.json", docs)
    assert answer.status_code in (200, 400, 422), answer.content
    if answer.status_code != 400:
        assert [len(doc["_id"]) > 0 for doc in json.loads(answer.content)] == [True] * len(docs)


@CALM
@given(doc=st.dictionaries(fields, anything, max_size=6) | anything, collection=COLLECTIONS, identifier=st.text(min_size=1, max_size=20))
def test_any_document_to_api_3(site: Site, doc: Any, collection: str, identifier: str) -> None:
    headers = site.bearer()
    one = quote(identifier, safe="")
    for method, path in (("POST", ""), ("PUT", f"/{one}"), ("PATCH", f"/{one}"), ("GET", f"/{one}"), ("DELETE", f"/{one}")):
        body = None if method in ("GET", "DELETE") else doc
        answer = site.ask(method, f"/api/v3/{collection}{path}", body, **headers)
        assert answer.status_code < 500, (method, path, answer.content)


@CALM
@given(
    name=st.sampled_from(["find[date]", "find[sgv][$gt]", "find[created_at][$lte]", "count", "date$gt", "sort", "limit", "fields"]),
    text=st.text(max_size=30),
    path=st.sampled_from(["v1/entries", "v1/treatments.json", "v1/times/", "v2/ddata/at/", "v3/entries", "v3/treatments/history/"]),
)
def test_any_question(site: Site, name: str, text: str, path: str) -> None:
    tail = quote(text, safe="") if path.endswith("/") else ""
    answer = site.ask("GET", f"/api/{path}{tail}?{quote(name)}={quote(text)}")
    assert answer.status_code < 500, answer.content


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[" + b"{}," * 100_000 + b"{}]", 400, "too_many"),
        (b"[" * 200_000, 400, "too_deep"),
        (b"[" + b'{"type":"sgv","sgv":100,"date":1772330400000,"device":"a long name of a phone"},' * 120_000 + b"{}]", 413, "too_large"),
        (gzip.compress(b"0" * 50_000_000), 413, "too_large"),
        (gzip.compress(b"[]" * 1000)[:-9], 400, "not_gzip"),
        (b'[{"sgv": 100, "device": "\xff"}]', 400, "not_utf8"),
        (b'[{"sgv": NaN}]', 400, "not_finite"),
        (b'{"sgv": 100, "device": "\\ud800", "date": 1772330400000}', 400, "bad_character"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_large_nonsense_is_refused_whole(site: Site, body: bytes, status: int, code: str) -> None:
    headers = {"api-secret": site.sha1} | ({"content-encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {})
    answer = site.client.generic("POST", f"{site.base}/api/v1/entries.json", data=body, content_type="application/json", headers=headers)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (status, code)
    assert not Observation.objects.filter(patient_id=site.world.ana.id).exists()
