"""Baselines and forecasts as arithmetic: from days to a row, from a row to what is told. No database, no numpy at import.

A row is one patient and kind: {"v": version, "parts": {part: state}}, JSON-able, as kept in risk.forecast_rows. The nightly pass calls
`carried` with the days since; whoever shows forecasts calls `told`. `risk.forecasting.fitting` chooses methods, in workers only.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import quantiles
from typing import Any

from risk.forecasting.findings import Finding, Limits, found, silent
from risk.forecasting.series import BY_KIND, MOST_AHEAD, Seen
from risk.forecasting.state import VERSION, State, advance, begin, from_dict

KINDS: tuple[str, ...] = tuple(BY_KIND)
NO_LIMITS: Limits = (None, None)
Days = Mapping[str, Sequence[Seen]]


def states(kind: str, row: Mapping[str, Any] | None) -> dict[str, State]:
    """This function will read a row's states by part; a row of another version is as none: it is made anew from the readings."""
    if row is None or row.get("v") != VERSION:
        return {}
    return {part: from_dict(BY_KIND[kind][part], told) for part, told in row["parts"].items()}


def row_of(found: Mapping[str, State]) -> dict[str, Any]:
    """This function will give the row of states by part."""
    return {"v": VERSION, "parts": {part: state.as_dict() for part, state in found.items()}}


def carried(kind: str, before: Mapping[str, State], days: Days) -> dict[str, State]:
    """This function will carry states forward by the days of each part, beginning those that are new.

    Days that a state already holds are left out: late readings of them enter with the next fit. Cost: days, not history.
    """
    after = dict(before)
    for part, some in days.items():
        series = BY_KIND[kind][part]
        for seen in some:
            if part not in after:
                after[part] = begin(series, seen)
            elif seen.day > after[part].day:
                advance(after[part], seen)
    return after


def told(
    kind: str, found_states: Mapping[str, State], *, today: date, horizon: int = 14, limits: Mapping[str, Limits] | None = None
) -> Any:
    """This function will tell each part of a kind as JSON-able dicts: see `one`. `limits` are by kind, or by kind and part ("bp.sys")."""
    given = limits or {}
    return [
        one(state, today=today, horizon=horizon, limits=given.get(f"{kind}.{part}", given.get(kind, NO_LIMITS)))
        for part, state in sorted(found_states.items())
    ]


def one(state: State, *, today: date, horizon: int = 14, limits: Limits = NO_LIMITS) -> dict[str, Any]:
    """This function will tell one series: kind, part, label, unit, days (ISO, from `today`), value, low, high (90 %), low80, high80,
    method, baseline, coverage so far, findings, and abstained (words; then there are no days)."""
    series, now = state.series, today.toordinal()
    reason = silent(state, now)
    body: dict[str, Any] = {"kind": series.kind, "part": series.part, "label": dict(series.label), "unit": series.unit}
    body |= {"method": state.method, "baseline": usual(state), "last_day": date.fromordinal(state.day).isoformat()}
    body |= {"days": [], "value": [], "low": [], "high": [], "low80": [], "high80": []}
    if reason is None:
        for day in range(max(now, state.day + 1), now + min(horizon, MOST_AHEAD)):
            _one_day(body, state, day)
    hit80, hit90, n = state.hits
    body["coverage"] = {"n": n, "in80": round(hit80 / n, 3), "in90": round(hit90 / n, 3)} if n else {"n": 0}
    body["findings"] = [as_dict(each) for each in found(state, now, limits=limits, horizon=horizon)]
    body["abstained"] = None if reason is None else dict(reason)
    return body


def _one_day(body: dict[str, Any], state: State, day: int) -> None:
    series, steps = state.series, day - state.day
    mean, sd = state.outlook(steps)
    near, wide = (state.factor(steps, level) * sd for level in (0, 1))
    body["days"].append(date.fromordinal(day).isoformat())
    for name, calm in (("value", mean), ("low", mean - wide), ("high", mean + wide), ("low80", mean - near), ("high80", mean + near)):
        body[name].append(round(series.plain(calm), 2))


def usual(state: State) -> dict[str, Any]:
    """This function will give the personal baseline: median and the ends of the middle 80 % of the latest days, and how many those are."""
    values = [value for _, value in state.recent]
    if len(values) < 2:
        return {"usual": round(values[0], 2), "low": round(values[0], 2), "high": round(values[0], 2), "days": 1, "all_days": state.n}
    tenths = quantiles(values, n=10, method="inclusive")
    ends = {"usual": tenths[4], "low": tenths[0], "high": tenths[8]}
    return {name: round(value, 2) for name, value in ends.items()} | {"days": len(values), "all_days": state.n}


def as_dict(finding: Finding) -> dict[str, Any]:
    """This function will give a finding as JSON-able data."""
    return {
        "kind": finding.kind,
        "code": finding.code,
        "words": dict(finding.words),
        "evidence": dict(finding.evidence),
        "as_of": finding.as_of.isoformat(),
        "lead_days": finding.lead_days,
        "part": finding.part,
    }


def last_day(some: Iterable[State]) -> int:
    """This function will give the ordinal of the latest day in states."""
    return max(state.day for state in some)
