"""The order of the worklist: properties that hold for any panel."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from monitoring.need import BUCKETS, Need, Pressing, bucket, ordered

ANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MOMENTS = st.integers(0, 20 * 24).map(lambda hours: NOW - timedelta(hours=hours))
ALERTS = st.builds(Pressing, st.sampled_from(BUCKETS[:5]), MOMENTS, st.none() | st.uuids())
NEEDS = st.builds(
    Need, st.uuids(), st.sampled_from("ABC"), st.lists(ALERTS, max_size=3).map(tuple), st.integers(0, 3), st.booleans(),
    st.none() | MOMENTS, st.integers(0, 2),
)  # fmt: skip


@ANY
@given(st.lists(NEEDS, max_size=12, unique_by=lambda need: need.patient_id))
def test_everybody_is_there_once_in_groups_and_risk_never_crosses_a_group(needs: list[Need]) -> None:
    found = ordered(needs, now=NOW)
    assert {need.patient_id for need, _ in found} == {need.patient_id for need in needs}
    assert len(found) == len(needs)
    for (one, group), (after, next_group) in pairwise(found):
        assert BUCKETS.index(group) <= BUCKETS.index(next_group)
        if group != next_group:
            continue
        if one.first is not None and after.first is not None and one.first.severity == after.first.severity == group:
            assert (one.first.holder is not None, one.first.opened_at) <= (after.first.holder is not None, after.first.opened_at)
        elif not any(need.first is not None and need.first.severity == group for need in (one, after)):
            assert one.band >= after.band


@ANY
@given(NEEDS, ALERTS)
def test_one_more_alert_never_moves_her_down(need: Need, alert: Pressing) -> None:
    worse = Need(need.patient_id, need.name, (*need.alerts, alert), need.band, need.rose, need.received_at, need.missed)
    assert BUCKETS.index(bucket(worse, now=NOW)) <= BUCKETS.index(bucket(need, now=NOW))


@ANY
@given(st.lists(NEEDS, max_size=8, unique_by=lambda need: need.patient_id))
def test_the_order_does_not_depend_on_the_order_asked(needs: list[Need]) -> None:
    assert ordered(needs, now=NOW) == ordered(reversed(needs), now=NOW)


def test_silence_is_not_calm_and_a_risk_that_rose_is_watched() -> None:
    long_ago, lately = NOW - timedelta(days=8), NOW - timedelta(days=1)
    one = UUID(int=1)
    assert bucket(Need(one, "A", received_at=None), now=NOW) == "silent"
    assert bucket(Need(one, "A", received_at=long_ago), now=NOW) == "silent"
    assert bucket(Need(one, "A", received_at=lately), now=NOW) == "calm"
    assert bucket(Need(one, "A", received_at=lately, band=3), now=NOW) == "calm"
    assert bucket(Need(one, "A", received_at=lately, band=2, rose=True), now=NOW) == "watch"
