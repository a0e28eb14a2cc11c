"""What is released with the code: an artefact and two cards for every model, small, and told to pages as the code knows it."""

import json
from pathlib import Path

import numpy as np
import pytest

from risk import cards
from risk.cards import HERE
from risk.learned.artefact import Artefact, committed
from risk.learned.goals import FILES, GOALS
from risk.learned.registry import BY_KEY, MODELS
from risk.learned.shape import Learned

EVERY = pytest.mark.parametrize("learned", MODELS, ids=lambda one: one.key)
MOST_EACH, MOST_ALL = 2_000_000, 10_000_000


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_every_model_has_its_artefact_and_none_is_left_over() -> None:
    assert {folder.name for folder in HERE.iterdir() if folder.is_dir()} == set(BY_KEY) == set(FILES) == set(cards.released())
    assert {goal.model for goal in GOALS} <= set(BY_KEY)
    assert size(HERE) < MOST_ALL


@EVERY
def test_it_is_small(learned: Learned) -> None:
    assert size(HERE / learned.key) < MOST_EACH


@EVERY
def test_pages_are_told_what_the_code_knows(learned: Learned) -> None:
    told = dict(cards.about(learned.key))
    assert told.pop("figures")["version"] == committed(learned.key).version
    assert told == json.loads(json.dumps(learned.as_dict()))


@EVERY
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_its_card_says_whom_it_does_not_cover(learned: Learned, language: str) -> None:
    text = cards.card(learned.key, language)
    assert learned.about.not_for[language] in text
    assert committed(learned.key).version in text
    assert all(one.label[language] in text for one in learned.features)


@EVERY
def test_it_survives_the_way_through_text(learned: Learned) -> None:
    before = committed(learned.key)
    after = Artefact.of(before.files())
    rows = np.random.default_rng(5).uniform(0, 100, (40, len(before.names)))
    rows[rows < 30] = np.nan
    for head in before.heads:
        first, second = before.score(rows, head=head), after.score(rows, head=head)
        assert np.array_equal(first.raw, second.raw)
        assert np.array_equal(first.high, second.high, equal_nan=True)  # a forecast needs the value it starts from
        assert np.allclose(first.base + first.contributions.sum(axis=1), first.raw, atol=1e-6)
        there = ~np.isnan(first.value)
        assert (first.low <= first.value)[there].all()
        assert (first.value <= first.high)[there].all()
