"""The row a model is given: what is taken from a history, what never may be, and when there is no answer."""

from datetime import UTC, date, datetime, timedelta
from math import isnan
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from healthhub.lib.refused import Invalid
from healthhub.records.catalogue import CUFFLESS, SUSPICIOUS
from risk import features
from risk.history import History, Reading
from risk.learned.card import About
from risk.learned.inputs import Feature, Take
from risk.learned.registry import MODELS
from risk.learned.shape import Band, Learned
from risk.learned.taking import taken
from risk.scores.words import words

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WAYS = ("latest", "mean", "median", "low", "high", "spread", "slope", "count", "change")
RANGES: dict[str, Any] = {
    "reach": 0.5,
    "features": [{"name": name, "low": 50.0, "high": 200.0} for name in ("systolic", "diastolic")]
    + [{"name": "age", "low": 18.0, "high": 90.0}, {"name": "heart_failure", "low": 0.0, "high": 1.0}],
}


def feature(name: str, take: Take, **more: Any) -> Feature:
    return Feature(name=name, label=words(name, name), unit="mm[Hg]", group="blood_pressure", take=take, **more)


LEARNED = Learned(
    key="tried",
    about=About(name=words("试", "tried"), what=words("", ""), data=words("", ""), not_for=words("", ""), limits=(), use=words("", "")),
    features=(
        feature("systolic", Take(kind="bp", how="mean", within=30 * DAY, fresh=10 * DAY), required=True),
        feature("diastolic", Take(kind="bp", part="value2", how="mean", within=30 * DAY, fresh=10 * DAY)),
        feature("age", Take(fact="age")),
        feature("heart_failure", Take(condition="heart_failure")),
    ),
    bands=(Band("low", 0.0), Band("high", 0.2, "watch", 0.02)),
    files=(),
    train=lambda files, say: pytest.fail("not trained here"),
    evaluate=lambda files, artefact: pytest.fail("not judged here"),
)


def pressure(days_ago: float, value: float, value2: float = 80.0, **more: Any) -> Reading:
    return Reading(NOW - days_ago * DAY, value, value2, **more)


def person(*readings: Reading) -> History:
    return History({"bp": sorted(readings, key=lambda one: one.at)}, date(1960, 5, 1), "female", frozenset({"heart_failure"}))


def codes(row: features.Row) -> list[str]:
    return [problem.code for problem in row.problems]


def test_it_takes_means_facts_and_conditions() -> None:
    row = features.build(LEARNED, person(pressure(1, 150), pressure(3, 130), pressure(40, 90)), NOW, trained=RANGES)
    assert row.problems == ()
    assert row.known["systolic"].value == 140
    assert row.known["systolic"].at == NOW - DAY
    assert row.known["age"].value == pytest.approx(66.56, abs=0.01)
    assert row.values(["heart_failure", "diastolic", "unheard_of"])[:2] == [1.0, 80.0]
    assert isnan(row.values(["unheard_of"])[0])


def test_it_refuses_tomorrow() -> None:
    with pytest.raises(Invalid) as refused:
        features.build(LEARNED, person(pressure(1, 150), pressure(-1, 130)), NOW, trained=RANGES)
    assert (refused.value.code, refused.value.field) == ("after_as_of", "bp")


def test_it_refuses_what_became_known_only_tomorrow() -> None:
    late = pressure(1, 150, received_at=NOW + DAY)
    with pytest.raises(Invalid):
        features.build(LEARNED, person(late), NOW, trained=RANGES)
    assert codes(features.build(LEARNED, person(late).up_to(NOW), NOW, trained=RANGES)) == ["missing_input"]


def test_it_abstains_on_what_is_missing_stale_or_unlike_the_training() -> None:
    assert codes(features.build(LEARNED, person(), NOW, trained=RANGES)) == ["missing_input"]
    assert codes(features.build(LEARNED, person(pressure(12, 150)), NOW, trained=RANGES)) == ["stale_input"]
    row = features.build(LEARNED, person(pressure(1, 240)), NOW, trained=RANGES)
    assert codes(row) == ["outside_training"]
    assert "240" in row.problems[0].words["en"]
    assert "200" in row.problems[0].words["zh-hans"]
    assert row.problems[0].field == "systolic"


def test_it_abstains_when_too_little_is_known() -> None:
    nobody = History({"bp": [Reading(NOW - DAY, 150.0, 250.0)]})
    strict = RANGES | {"reach": 0.75}
    assert codes(features.build(LEARNED, nobody, NOW, trained=strict)) == ["too_little_known"]


@pytest.mark.parametrize("flag", [SUSPICIOUS, CUFFLESS])
def test_doubtful_readings_are_left_out(flag: int) -> None:
    row = features.build(LEARNED, person(pressure(1, 190, flags=flag), pressure(2, 130)), NOW, trained=RANGES)
    assert row.known["systolic"].value == 130


moments = st.floats(-20, 60, allow_nan=False)
readings = st.lists(st.builds(pressure, moments, st.floats(60, 190)), max_size=20)


@settings(deadline=None)
@given(readings, st.sampled_from(WAYS))
def test_nothing_after_the_moment_is_taken(found: list[Reading], how: str) -> None:
    take = Take(kind="bp", how=how, within=30 * DAY)
    history = person(*found)
    past = taken(take, history.up_to(NOW), NOW)
    assert taken(take, history, NOW) == past
    assert past is None or past.at is None or past.at <= NOW


@pytest.mark.parametrize("learned", MODELS, ids=lambda learned: learned.key)
@settings(deadline=None)
@given(data=st.data())
def test_no_model_sees_past_the_moment(learned: Learned, data: st.DataObject) -> None:
    """What a model derives from a history that goes on is what it derives from the history up to the moment."""
    if learned.derive is None:
        assert all(one.take is not None for one in learned.features if one.required)
        return
    kinds = sorted(learned.derives_from)
    assert kinds, "a model that derives says from what"
    series = {
        kind: sorted(
            (
                Reading(NOW - timedelta(minutes=ago), data.draw(st.floats(1, 30)), 1.0)
                for ago in data.draw(st.lists(st.integers(-240, 600), max_size=30, unique=True))
            ),
            key=lambda one: one.at,
        )
        for kind in kinds[:3]
    }
    history = History(series, date(1960, 5, 1), "male", frozenset())
    told, untold = dict(learned.derive(history.up_to(NOW), NOW)), dict(learned.derive(history, NOW))
    assert told.keys() == untold.keys()
    for name, one in told.items():
        assert one.at == untold[name].at, name
        assert one.value == untold[name].value or isnan(one.value), name
