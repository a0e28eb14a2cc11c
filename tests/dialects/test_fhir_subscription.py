"""Subscriptions read from anything a client can send: understood or refused with the element named, never an accident."""

from typing import Any

from hypothesis import given, strategies as st

from healthhub.dialects import fhir_subscription
from healthhub.lib.refused import Invalid

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.sampled_from(["rest-hook", "websocket", "application/fhir+json"])
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4))
CHANNEL = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("type", "endpoint", "payload", "header"), ANYTHING) | {"type": st.sampled_from(["rest-hook", "websocket"])}
)
ASKED = st.fixed_dictionaries(
    {"resourceType": st.just("Subscription")},
    optional={
        "criteria": ANYTHING | st.text(max_size=40).map(lambda rest: f"Observation?{rest}"),
        "reason": ANYTHING,
        "end": ANYTHING,
        "channel": ANYTHING | CHANNEL,
    },
)


@given(ANYTHING | ASKED)
def test_anything_is_read_or_refused(resource: Any) -> None:
    try:
        asked = fhir_subscription.read(resource)
    except Invalid as refused:
        if not refused.field:
            raise
        return
    assert asked.resource in fhir_subscription.RESOURCES
    assert all("\r" not in line and "\n" not in line for line in asked.headers)


@given(st.lists(st.text(max_size=40), max_size=10))
def test_no_header_breaks_out_of_its_line(lines: list[str]) -> None:
    channel = {"type": "rest-hook", "endpoint": "https://example.org", "header": lines}
    resource = {"resourceType": "Subscription", "criteria": "Observation?patient=x", "reason": "x", "channel": channel}
    try:
        asked = fhir_subscription.read(resource)
    except Invalid:
        return
    assert all(line.isascii() and line.isprintable() for line in asked.headers)
