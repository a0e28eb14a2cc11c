"""The translator of Nightscout, by property: what goes in comes out, and nothing makes it fall over."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from healthhub.dialects.nightscout import asked, common, devices, entries, slices, treatments
from healthhub.dialects.nightscout.common import NotKept
from healthhub.lib.refused import Invalid
from healthhub.lib.units import from_canonical
from healthhub.records.catalogue import BY_KEY
from monitoring import sent

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
moments = st.integers(978_307_200_000, 1_795_392_000_000).map(common.from_ms)
offsets = st.integers(-14 * 60, 14 * 60)
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=80).map(str.strip)
names = st.text(st.characters(whitelist_categories=("L", "N", "P")), min_size=1, max_size=40)


def stored(reading: dict[str, Any], *, seq: int = 7) -> dict[str, Any]:
    """A reading as the record gives it back: through the same door as everybody's."""
    one = sent.settle(sent.read(reading), as_of=NOW)
    return {
        "seq": seq, "kind": one.kind.key, "at": one.at, "utc_offset": one.utc_offset, "value": one.value, "key": reading["key"], "state": 0,
        "source": reading["source"], "context": one.context, "received_at": NOW,
    }  # fmt: skip


def mgdl(row: dict[str, Any]) -> float:
    return from_canonical(row["value"], unit="mg/dL", kind=BY_KEY[row["kind"]])


entry_docs = st.fixed_dictionaries(
    {"type": st.sampled_from(["sgv", "mbg"]), "value": st.integers(40, 400), "at": moments, "utcOffset": offsets, "device": names},
    optional={
        "direction": st.sampled_from(entries.DIRECTIONS),
        "delta": st.floats(-50, 50, allow_nan=False),
        "noise": st.integers(0, 5),
        "filtered": st.floats(0, 1e6),
        "identifier": st.uuids().map(str),
    },
)


@given(entry_docs)
def test_an_entry_comes_back_as_it_went(parts: dict[str, Any]) -> None:
    at, value = parts.pop("at"), parts.pop("value")
    doc = {**parts, parts["type"]: value, "date": common.ms_of(at)}
    back = entries.entry_out(row := stored(entries.entry_in(doc, zone=SHANGHAI)), mgdl=mgdl(row))
    assert {name: back[name] for name in doc} == doc
    assert back["dateString"] == common.iso(at)
    again = entries.entry_in(json.loads(json.dumps(back)), zone=SHANGHAI)
    assert (again["at"], again["value"], again["source"], again["kind"]) == (at, value, parts["device"], row["kind"])
    assert again["key"] == parts.get("identifier", "")


@given(
    carbs=st.one_of(st.none(), st.floats(1, 300).map(lambda x: round(x, 1))),
    insulin=st.one_of(st.none(), st.floats(0.05, 80).map(lambda x: round(x, 2))),
    glucose=st.one_of(st.none(), st.integers(40, 400)),
    at=moments,
    offset=offsets,
    notes=texts,
    by=names,
)
def test_a_treatment_comes_back_as_it_went(
    carbs: float | None, insulin: float | None, glucose: int | None, at: datetime, offset: int, notes: str, by: str
) -> None:
    doc = {"eventType": "Meal Bolus", "created_at": common.iso(at), "utcOffset": offset, "enteredBy": by, "notes": notes}
    doc |= {name: value for name, value in (("carbs", carbs), ("insulin", insulin), ("glucose", glucose)) if value is not None}
    if carbs is None and insulin is None and glucose is None:
        with pytest.raises(NotKept):
            treatments.treatment_in(doc, zone=SHANGHAI)
        return
    rows = [stored(reading, seq=n) for n, reading in enumerate(treatments.treatment_in(doc, zone=SHANGHAI), start=1)]
    (group,) = treatments.grouped(rows)
    back = treatments.treatment_out(group, mgdl=lambda row: mgdl(dict(row)))
    assert {name: back.get(name, "" if name == "notes" else None) for name in doc} == doc


def tried(read: Callable[[], Any]) -> tuple[Any, str, str | None]:
    """What was read, or the code and field of the refusal."""
    try:
        return read(), "", None
    except Invalid as refused:
        return None, refused.code, refused.field


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)
fields = st.sampled_from(
    sorted(entries.READ | treatments.READ | devices.KEPT | {"mbg", "battery", "uploader", "pump"}),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(fields, anything, max_size=5))
def test_whatever_comes_is_read_or_refused_by_its_field(doc: dict[str, Any]) -> None:
    for read in (
        lambda: [entries.entry_in(doc, zone=SHANGHAI)],
        lambda: treatments.treatment_in(doc, zone=SHANGHAI),
        lambda: devices.batteries_in(doc, zone=SHANGHAI, now=NOW),
    ):
        found, code, field = tried(read)
        assert found or (code and field)
        for reading in found or ():
            if isinstance(reading, dict):
                assert reading["at"].tzinfo is not None
    assert len(common.phantom_id(doc)) == 24


@given(
    st.lists(
        st.tuples(
            st.text(max_size=20) | st.sampled_from(["count", "find[date][$gte]", "find[sgv][$in]", "find[x][$regex]"]), st.text(max_size=30)
        )
    )
)
def test_whatever_is_asked_is_understood_or_refused(params: list[tuple[str, str]]) -> None:
    for read in (lambda: asked.of_v1(params, count=10), lambda: asked.of_v3(params)):
        question, _, field = tried(read)
        assert question or field is not None
        doc = {"sgv": 100, "date": 1, "dateString": "2026-01-01T00:00:00.000Z", "device": "x"}
        if question:
            asked.answered([doc], question)


@given(st.text(st.sampled_from("0123456789{}.,-T:*"), max_size=40), st.text(st.sampled_from("0123456789{}.,-T:*"), max_size=40))
def test_whatever_slice_is_asked(prefix: str, rest: str) -> None:
    wanted, code, _ = tried(lambda: slices.read(prefix, rest))
    assert code == "bad_pattern" or wanted.matches("2026-11-24T08:00:00.000Z") in (True, False)


@given(st.integers(1, 2**62 - 1))
def test_our_ids_lead_back(seq: int) -> None:
    assert common.seq_of(common.own_id(seq)) == seq
    assert len(common.own_id(seq)) == 24


@pytest.mark.parametrize(
    ("doc", "at"),
    [
        ({"dateString": "2026-03-01T10:00:00.000+0800"}, datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=8)))),
        ({"date": "1772330400000"}, datetime(2026, 3, 1, 10, tzinfo=SHANGHAI)),
        ({"dateString": "2026-03-01T02:00:00Z", "utcOffset": -300}, datetime(2026, 2, 28, 21, tzinfo=timezone(timedelta(hours=-5)))),
        ({"date": 1772330400000, "dateString": "2026-03-01T03:00:00+01:00"}, datetime(2026, 3, 1, 3, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_the_moment_keeps_its_place_on_earth(doc: dict[str, Any], at: datetime) -> None:
    found = common.moment_of(doc, "dateString", zone=SHANGHAI)
    assert (found, found.utcoffset()) == (at, at.utcoffset())


@pytest.mark.parametrize(
    ("doc", "code"),
    [
        ({}, "missing_field"),
        ({"dateString": "2026-03-01T10:00:00"}, "no_zone"),
        ({"dateString": "yesterday"}, "bad_time"),
        ({"date": 1772330400}, "bad_time"),
        ({"date": 1772330400000, "utcOffset": 900}, "bad_offset"),
    ],
)
def test_a_moment_that_is_none_is_refused(doc: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        common.moment_of(doc, "dateString", zone=SHANGHAI)
    assert refused.value.code == code


@pytest.mark.parametrize(("sgv", "flags"), [(39, ["censored_low"]), (40, []), (400, []), (401, ["censored_high"])])
def test_a_sensor_says_lo_and_hi(sgv: int, flags: list[str]) -> None:
    assert entries.entry_in({"sgv": sgv, "date": 1772330400000}, zone=SHANGHAI)["flags"] == flags
