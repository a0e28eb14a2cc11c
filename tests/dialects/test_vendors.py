"""Whatever a maker's cloud answers, its reader gives a page or a coded trouble, and nothing else is lost with a bad record."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from healthhub.dialects.vendors.dexcom import Dexcom
from healthhub.dialects.vendors.form import Answer, Call, Page, Trouble
from healthhub.dialects.vendors.google_health import TYPES, GoogleHealth
from healthhub.dialects.vendors.oura import COLLECTIONS, Oura
from healthhub.dialects.vendors.withings import Withings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAKERS = (Withings("id", "secret"), Dexcom("id", "secret"), Oura("id", "secret"), GoogleHealth("id", "secret"))
NAMES = (
    "records", "data", "next_token", "status", "body", "measuregrps", "systemTime", "displayTime", "value", "unit", "recordId", "timestamp",
    "bpm", "id", "type", "steps", "bedtime_start", "bedtime_end", "total_sleep_duration", "access_token", "refresh_token", "expires_in",
)  # fmt: skip
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("2026-11-24T10:00:00+08:00")
names = st.sampled_from(NAMES)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6), max_leaves=20)
bodies = st.dictionaries(names, values, max_size=6)
answers = st.builds(Answer, st.sampled_from([200, 200, 200, 400, 401, 429, 500]), bodies, st.just({"retry-after": "x"}))


@settings(max_examples=300)
@given(answers, st.sampled_from(MAKERS), st.sampled_from(["", *(f"{name}|" for name in COLLECTIONS)]))
def test_any_answer_is_a_page_or_a_trouble(answer: Answer, maker: Any, page: str) -> None:
    ask = maker.ask_new(access="a", since=int(NOW.timestamp()), page=page if isinstance(maker, Oura) else "", now=NOW)
    for read in (lambda: maker.read_page(answer, UTC, ask), lambda: maker.read_tokens(answer)):
        kind, found = "page", None
        try:
            found = read()
        except Trouble as trouble:
            kind = trouble.kind
        assert kind in ("page", "login", "busy", "away", "refused")
        assert not isinstance(found, Page) or all(isinstance(one["at"], str) for one in found.readings)


@given(st.binary(max_size=60), st.text(max_size=70))
def test_a_call_that_oura_did_not_sign_is_refused(body: bytes, signature: str) -> None:
    with pytest.raises(Trouble):
        MAKERS[2].heard(Call({}, body, {"x-oura-signature": signature, "x-oura-timestamp": "1"}))


GOOGLE_NAMES = (
    "sampleTime", "physicalTime", "utcOffset", "interval", "startTime", "endTime", "startUtcOffset", "count", "beatsPerMinute",
    "weightGrams",
    "percentage", "date", "year", "month", "day", "summary", "minutesAsleep", "stagesSummary", "type", "minutes",
    "dataSource", "device", "name",
)  # fmt: skip
google_values = st.recursive(
    plain | st.just("-14400s"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(GOOGLE_NAMES), inner),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.sampled_from(list(TYPES)), google_values, google_values, google_values)
def test_any_point_of_google_health_is_a_reading_or_left_out(type_: str, inner: Any, source: Any, error: Any) -> None:
    first, *others = type_.split("-")
    body = first + "".join(one.capitalize() for one in others)
    maker = GoogleHealth("id", "secret")
    ask = maker.ask_past(access="a", first=NOW, last=NOW, page=f"{type_}|")
    page = maker.read_page(Answer(200, {"dataPoints": [{body: inner, "dataSource": source}, inner]}), UTC, ask)
    assert len(page.readings) + page.left_out >= 2
    with pytest.raises(Trouble):
        maker.read_page(Answer(403, {"error": error}), UTC, ask)
