"""Tables of points: how many points a value is worth by the step it stands on."""

from bisect import bisect_right
from collections.abc import Sequence

# Points of values below the first step, then (first value of the step, its points).
Steps = tuple[float, Sequence[tuple[float, float]]]


def points(steps: Steps, value: float) -> float:
    """This function will give the points of the step that `value` stands on; a step includes its first value."""
    below, rest = steps
    index = bisect_right([first for first, _ in rest], value)
    return rest[index - 1][1] if index else below
