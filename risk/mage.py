"""MAGE, the mean amplitude of glycaemic excursions (Service 1970), found where a short and a long moving average cross.

Method: Fernandes NJ et al. J Diabetes Sci Technol 2022;16:576-577, with the average of rising and falling excursions.
Between two crossings lies a turning point; an excursion counts when it is larger than one standard deviation on both
sides. Courses are cut at gaps of more than three hours; each piece counts by its length.
"""

from itertools import pairwise

import numpy as np

from risk.cgm_grid import Floats, Trace

STEP = 5
SHORT, LONG = 5, 32
LONGEST_GAP = 180


def mage(readings: Trace) -> float | None:
    """This function will give MAGE in mg/dL, or None when no excursion is large enough or the course is too short."""
    course = readings.elapsed_every(STEP).course
    known = np.flatnonzero(~np.isnan(course))
    if not len(known):
        return None
    found = [
        (amplitude, len(piece) - 1)
        for piece in _pieces(course[known[0] : known[-1] + 1])
        if len(piece) >= LONG
        for amplitude in _amplitudes(piece)
        if amplitude is not None
    ]
    weight = sum(length for _, length in found)
    return sum(amplitude * length for amplitude, length in found) / weight if weight else None


def _pieces(course: Floats) -> list[Floats]:
    """The course cut at long gaps; short gaps stay in as NaN."""
    missing = np.isnan(course)
    edges = np.flatnonzero(np.diff(missing)) + 1
    bounds = [0, *edges.tolist(), len(course)]
    pieces: list[Floats] = []
    start = 0
    for left, right in pairwise(bounds):
        if missing[left] and (right - left) * STEP > LONGEST_GAP:
            pieces.append(course[start:left])
            start = right
    return [*pieces, course[start:]]


def _moving(values: Floats, width: int) -> Floats:
    """Means of the last `width` values known, the first filled in backwards."""
    known = ~np.isnan(values)
    sums = np.cumsum(np.concatenate(([0.0], np.where(known, values, 0.0))))
    counts = np.cumsum(np.concatenate(([0], known)))
    with np.errstate(invalid="ignore"):
        means = (sums[width:] - sums[:-width]) / (counts[width:] - counts[:-width])
    return np.concatenate((np.full(width - 1, means[0]), means))


def _amplitudes(piece: Floats) -> tuple[float | None, float | None]:
    """The mean height of rising and of falling excursions of a piece."""
    turns = _turning_points(piece)
    least = float(np.nanstd(piece, ddof=1))
    if not least:
        return None, None
    return _mean_height(turns, least, rest_at_turn=False), _mean_height(-turns, least, rest_at_turn=True)


def _turning_points(piece: Floats) -> Floats:
    """Peaks and nadirs in turn, each the extreme between the last turning point and the next crossing."""
    ahead = _moving(piece, SHORT) - _moving(piece, LONG)
    crossings, rising = _crossings(piece, ahead)
    turns = np.empty(len(rising))
    left = crossings[0]
    for number, up in enumerate(rising):
        window = piece[left : crossings[number + 1] + 1]
        if np.isnan(window).all():
            turns[number] = np.nan
            continue
        left += int(np.nanargmax(window) if up else np.nanargmin(window))
        turns[number] = piece[left]
    return turns[~np.isnan(turns)]


def _crossings(piece: Floats, ahead: Floats) -> tuple[list[int], list[bool]]:
    """Where the averages cross (first and last value included), and whether the short one is above thereafter."""
    usable = ~np.isnan(piece) & ~np.isnan(ahead)
    inner = np.flatnonzero(usable[1:] & usable[:-1]) + 1
    signs = np.sign(ahead[inner])
    # Only where the sign differs from the one before can there be a crossing; a few points instead of thousands.
    changed = np.concatenate(([True], signs[1:] != signs[:-1])) if len(inner) else np.zeros(0, dtype=bool)
    crossings, rising = [0], [bool(ahead[0] > 0)]
    last = 0
    for at in inner[changed | (ahead[inner] * ahead[inner - 1] < 0)].tolist():
        before = ahead[at - 1] if ahead[at] * ahead[at - 1] < 0 else ahead[last]
        if ahead[at] * before < 0:
            crossings.append(at)
            rising.append(bool(ahead[at] >= before))
            last = at
    return [*crossings, len(piece) - 1], rising


def _mean_height(turns: Floats, least: float, *, rest_at_turn: bool) -> float | None:
    """The mean height of excursions upwards: from the lowest turning point, over at least `least`, to a peak that is left by as much.

    The next search begins at the peak (`rest_at_turn`) or where the peak was left.
    """
    heights: list[float] = []
    start = at = 0
    while at < len(turns):
        lowest = start + int(np.argmin(turns[start : at + 1]))
        if turns[at] - turns[lowest] < least:
            at += 1
            continue
        peak = at
        for after in range(at, len(turns)):
            if turns[after] > turns[peak]:
                peak = after
            if turns[peak] - turns[after] > least or after == len(turns) - 1:
                heights.append(float(turns[peak] - turns[lowest]))
                start, at = (peak if rest_at_turn else after), after
                break
        else:
            break
        if at == len(turns) - 1:
            break
    return float(np.mean(heights)) if heights else None
