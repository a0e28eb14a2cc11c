"""A second, plain reading of the alert rules: written from the clinical text, slow on purpose, and free of the product's own code.

Every question is answered by looking at all readings up to the moment again. An episode is `(rule, start, end)`; `end` is None when
it lasts to the end of the recording. Glucose is in mg/dL.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import fmean

Glucose = tuple[datetime, float]
Pressure = tuple[datetime, float, float]
Past = Sequence[Glucose]
Episode = tuple[str, datetime, datetime | None]

MINUTE = timedelta(minutes=1)
HOLE = 30 * MINUTE


def lasted(past: Sequence[tuple[datetime, bool]], minutes: int) -> bool:
    """Has it been so, at every reading, for so many minutes, without a hole of more than half an hour?"""
    now = past[-1][0]
    later = now
    for at, so in reversed(past):
        if not so or later - at > HOLE:
            return False
        if now - at >= minutes * MINUTE:
            return True
        later = at
    return False


def pace(past: Past) -> float | None:
    """mg/dL per minute, from the newest reading 4 to 20 minutes ago to this one."""
    now, value = past[-1]
    for at, before in reversed(past[:-1]):
        if 4 * MINUTE <= now - at <= 20 * MINUTE:
            return (value - before) / ((now - at) / MINUTE)
    return None


def is_predicted(past: Past) -> bool:
    """Not below 54 yet, but the straight line is within 20 minutes."""
    value, per_minute = past[-1][1], pace(past)
    return value >= 54 and per_minute is not None and round(value + 20 * per_minute, 6) < 54


def is_falling(past: Past) -> bool:
    """Below 100 and falling by 3 mg/dL a minute or more."""
    per_minute = pace(past)
    return past[-1][1] < 100 and per_minute is not None and round(-per_minute, 6) >= 3


def at_each(past: Past, test: Callable[[Past], bool]) -> list[tuple[datetime, bool]]:
    """The answer to a question at each of the last readings that can matter."""
    first = next(index for index, (at, _) in enumerate(past) if past[-1][0] - at <= 3 * 60 * MINUTE)
    return [(past[index][0], test(past[: index + 1])) for index in range(first, len(past))]


def beyond(limit: float, *, above: bool = False) -> Callable[[Past], bool]:
    return lambda past: past[-1][1] > limit if above else past[-1][1] < limit


# rule: (what is true of a reading, for how many minutes until it counts)
CGM_RULES: dict[str, tuple[Callable[[Past], bool], int]] = {
    "CGM-L2": (beyond(54), 0),
    "CGM-L1": (beyond(70), 15),
    "CGM-H2": (beyond(250, above=True), 60),
    "CGM-PRED": (is_predicted, 0),
    "CGM-FALL": (is_falling, 0),
}


def cgm_episodes(readings: Past) -> list[Episode]:
    """All alarms of one continuous recording; each ends when its condition has been false for 15 minutes."""
    found: list[Episode] = []
    for rule, (test, minutes) in CGM_RULES.items():
        start = None
        for index in range(len(readings)):
            past = readings[max(0, index - 200) : index + 1]
            so = test(past)
            if start is None and so and (minutes == 0 or lasted(at_each(past, test), minutes)):
                start = past[-1][0]
            elif start is not None and not so and lasted([(at, not true) for at, true in at_each(past, test)], 15):
                found.append((rule, start, past[-1][0]))
                start = None
        if start is not None:
            found.append((rule, start, None))
    return sorted(found, key=lambda episode: (episode[1], episode[0]))


def high(reading: Pressure, systolic: float, diastolic: float) -> bool:
    return reading[1] >= systolic or reading[2] >= diastolic


def again(past: Sequence[Pressure], test: Callable[[Pressure], bool], apart: timedelta, within: timedelta) -> bool:
    """This one, and an earlier one at least so far apart but still within the time."""
    now = past[-1]
    return test(now) and any(test(one) and apart <= now[0] - one[0] <= within for one in past[:-1])


def week_is_high(past: Sequence[Pressure]) -> bool:
    """Seven days to the last one measured, the first dropped: at least 3 days, 12 readings, a mean of 135/85. A day begins at 3 a.m."""
    days = [((at - timedelta(hours=3)).date(), sbp, dbp) for at, sbp, dbp in past if past[-1][0] - at <= timedelta(days=8)]
    days = [one for one in days if one[0] > days[-1][0] - timedelta(days=7)]
    kept = [one for one in days if one[0] != days[0][0]]
    if len({day for day, _, _ in days}) < 3 or len({day for day, _, _ in kept}) < 2 or len(kept) < 12:
        return False
    return fmean(sbp for _, sbp, _ in kept) >= 135 or fmean(dbp for _, _, dbp in kept) >= 85


# In order of precedence within a family; at one reading only the most severe of a family speaks, and none below one that is open.
BP_RULES: dict[str, tuple[str, int, Callable[[Sequence[Pressure]], bool], Callable[[Pressure], bool]]] = {
    "BP-01": ("high", 3, lambda p: again(p, lambda r: high(r, 180, 110), MINUTE, HOLE), lambda r: r[1] <= 175 and r[2] <= 105),
    "BP-04": (
        "high",
        2,
        lambda p: again(p, lambda r: high(r, 160, 100), HOLE, timedelta(hours=48)),
        lambda r: r[1] <= 155 and r[2] <= 95,
    ),
    "BP-05W": ("high", 1, lambda p: high(p[-1], 135, 85), lambda r: r[1] <= 130 and r[2] <= 80),
    "BP-06": ("low", 2, lambda p: again(p, lambda r: r[1] < 90 or r[2] < 50, MINUTE, HOLE), lambda r: r[1] >= 95 and r[2] >= 55),
    "BP-06W": ("low", 1, lambda p: p[-1][1] < 100, lambda r: r[1] >= 105),
}


def bp_episodes(readings: Sequence[Pressure]) -> list[Episode]:
    """The blood pressure episodes on single readings, as if each ended when the pressure is back by 5 mmHg."""
    found: list[Episode] = []
    running: dict[str, datetime] = {}
    for index, now in enumerate(readings):
        past = readings[: index + 1]
        true = {rule for rule, (_, _, test, _) in BP_RULES.items() if test(past)}
        for rule in [rule for rule in running if rule not in true and BP_RULES[rule][3](now)]:
            found.append((rule, running.pop(rule), now[0]))
        speaking = true | set(running)
        for rule in true - set(running):
            family, severity, _, _ = BP_RULES[rule]
            if not any(BP_RULES[other][0] == family and BP_RULES[other][1] > severity for other in speaking):
                running[rule] = now[0]
    found += [(rule, start, None) for rule, start in running.items()]
    return sorted(found, key=lambda episode: (episode[1], episode[0]))
