"""Open mHealth data points: there and back, and nothing but coded refusals for what is none."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from healthhub.dialects.files import openmhealth
from healthhub.lib.refused import Invalid

zones = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
FIRST, LAST = (datetime(year, 1, 2, tzinfo=UTC).replace(tzinfo=None) for year in (1990, 2090))
names = st.text("aZ9é-_血压计", min_size=1, max_size=40)


@st.composite
def readings(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([*openmhealth.OUT]))
    found: dict[str, Any] = {
        "kind": kind,
        "at": draw(st.datetimes(timezones=zones, min_value=FIRST, max_value=LAST)),
        "value": draw(st.floats(-1e9, 1e9)),
        "value2": draw(st.floats(-1e9, 1e9)) if kind == "bp" else None,
        "unit": draw(st.sampled_from([*openmhealth.OUT[kind][3]])),
        "seconds": draw(st.none() | st.integers(1, 86400)),
        "source": draw(names),
        "method": draw(st.sampled_from(["device", "self_reported"])),
    }
    return found


@given(readings(), st.uuids())
def test_there_and_back(reading: dict[str, Any], uuid: UUID) -> None:
    point = openmhealth.write(reading, uuid=str(uuid))
    assert point is not None
    back = {"value2": None, "seconds": None, "method": "device"} | openmhealth.take(point)
    assert back == reading | {"at": reading["at"].isoformat(), "key": str(uuid)}


plain = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
READING = {
    "kind": "hr",
    "at": datetime(2026, 1, 1, tzinfo=UTC),
    "value": 70,
    "unit": "/min",
    "seconds": 60,
    "source": "x",
    "method": "device",
}


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for name, inner in items for place in places(inner, (*path, name)))]


@settings(max_examples=300)
@given(st.data())
def test_whatever_stands_in_its_place_is_read_or_refused(data: st.DataObject) -> None:
    point: Any = openmhealth.write(READING, uuid="u")
    path, junk = data.draw(st.sampled_from(places(point))), data.draw(plain)
    if path:
        node = point
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = junk
    else:
        point = junk
    try:
        found = openmhealth.take(point)
    except Invalid as refused:
        found = {"kind": refused.code, "field": refused.field}
    assert found["kind"] in {*openmhealth.OUT, "bad_value", "not_kept"}
    assert found.get("field", "-")


def test_a_nameless_type_is_not_kept_and_the_place_of_the_name_is_told() -> None:
    point: Any = openmhealth.write(READING, uuid="u")
    point["header"]["schema_id"]["name"] = ""
    with pytest.raises(Invalid) as refused:
        openmhealth.take(point)
    assert (refused.value.code, refused.value.field) == ("not_kept", "schema_id.name")


@pytest.mark.parametrize("changed", [{"kind": "cgm_mean"}, {"unit": "1/d"}, {"flags": ["censored_low"]}])
def test_what_no_schema_can_say_is_not_said(changed: dict[str, Any]) -> None:
    assert openmhealth.write(READING | changed, uuid="u") is None
