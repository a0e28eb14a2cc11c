"""No hidden cell can be worked out: tried by brute force against every table that shows the same."""

from itertools import product

from hypothesis import given, settings, strategies as st

from healthhub.programmes.cells import K, Shown, protect, steps, totals

SMALL_K = 3
tables = st.integers(1, 3).flatmap(
    lambda rows: st.integers(1, 3).flatmap(
        lambda columns: st.lists(st.lists(st.integers(0, 9), min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
)
big_tables = st.integers(1, 6).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 60), min_size=columns, max_size=columns), min_size=1, max_size=7)
)


def flat(shown: Shown) -> list[int | None]:
    cells = [value for row in shown.rows for value in row]
    return [*cells, *shown.row_totals, *shown.column_totals, shown.total]


def all_of(counts: list[list[int]]) -> list[int]:
    row_totals = [sum(row) for row in counts]
    column_totals = [sum(column) for column in zip(*counts, strict=True)]
    return [*(value for row in counts for value in row), *row_totals, *column_totals, sum(row_totals)]


@given(tables)
@settings(max_examples=60, deadline=None)
def test_what_is_shown_is_true_and_large(counts: list[list[int]]) -> None:
    for value, true in zip(flat(protect(counts, k=SMALL_K)), all_of(counts), strict=True):
        assert value is None or (value == true and value >= SMALL_K)


@given(st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
def test_every_hidden_figure_has_another_possible_value(counts: list[list[int]]) -> None:
    shown = flat(protect(counts, k=SMALL_K))
    possible: list[set[int]] = [set() for _ in shown]
    most = max(max(row) for row in counts) + 3
    for a, b, c, d in product(range(most + 1), repeat=4):
        every = all_of([[a, b], [c, d]])
        if all(value is None or value == one for value, one in zip(shown, every, strict=True)):
            for place, one in enumerate(every):
                possible[place].add(one)
    for place, value in enumerate(shown):
        assert value is not None or len(possible[place]) > 1, (counts, place)


@given(big_tables)
@settings(max_examples=60, deadline=None)
def test_a_gap_is_never_alone_in_its_line(counts: list[list[int]]) -> None:
    shown = protect(counts)
    for row, total in zip(shown.rows, shown.row_totals, strict=True):
        assert [*row, total].count(None) != 1
    for number, total in enumerate(shown.column_totals):
        assert [*(row[number] for row in shown.rows), total].count(None) != 1
    for value in flat(shown):
        assert value is None or value >= K


@given(st.lists(st.integers(0, 60), min_size=2, max_size=5), st.lists(st.integers(0, 60), min_size=2, max_size=5))
def test_totals_are_decided_by_themselves(one: list[int], other: list[int]) -> None:
    """Tables of the same people by age and by sex agree on what they hide below the line."""
    met, missed = sum(one), sum(other)
    by_age = protect([[a, b] for a, b in zip(one, other, strict=False)] or [[met, missed]])
    assert by_age.column_totals == protect([[*map(sum, zip(*zip(one, other, strict=False), strict=True))]]).column_totals
    assert totals([met, missed])[1] == (None if met + missed < K else met + missed)


def test_known_tables() -> None:
    assert flat(protect([[20, 30], [40, 50]])) == [20, 30, 40, 50, 50, 90, 60, 80, 140]
    one_small = protect([[20, 30], [5, 50]])
    assert one_small.rows == ((None, None), (None, None))
    assert one_small.total == 105
    assert protect([[4, 3]]).total is None
    assert totals([30, 5, 12]) == ((30, None, None), 47)
    assert totals([5, 6, 40]) == ((None, None, 40), 51)


def test_a_funnel_hides_small_steps_and_small_losses() -> None:
    assert steps([100, 95, 60, 8]) == [100, None, 60, None]
    assert steps([100, 100, 40]) == [100, 100, 40]
    assert steps([9]) == [None]
