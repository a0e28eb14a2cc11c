"""What a series shows that somebody should look at: a limit it will cross, a change point, a slow drift. Pure, without numpy.

The packs of monitoring already alert by HF-W4, BP-08 and HR-3 from the readings themselves. The drifts here carry those ids as `code`,
so that whoever joins them to alerts adds evidence to that rule's episode and raises none of her own beside it. HF-W4's second half
(a MACD over 14 days, Gyllensten 2016) exists here only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean, median, pstdev

from risk.forecasting.filter import chance_above
from risk.forecasting.series import ENOUGH_DAYS, MOST_AHEAD, STALE_AFTER
from risk.forecasting.state import FALSE_ALARM_DAYS, State
from risk.scores.words import Words, words

Limits = tuple[float | None, float | None]
LIKELY = 0.5  # the forecast crosses where a reading beyond the limit is likelier than not
TOLD_FOR = 28  # days for which a change point is told
FAST, SLOW = 3.0, 14.0  # days of the two averages of the MACD
MACD_SHARE, MACD_NOISE = 0.01, 3.0  # it tells from 1 % of the slow average, and three deviations of its own noise
BP_RISE, WEIGHT_GAIN = 15.0, 0.02


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is limit, change or drift; `code` a stable key, for drifts the rule's id in the packs; `lead_days` days until a limit is
    crossed (None: not about the future). `evidence` holds the numbers the words rest on, in the series' unit."""

    kind: str
    code: str
    words: Words
    evidence: Mapping[str, float]
    as_of: date
    lead_days: int | None = None
    part: str = ""


def silent(state: State, today: int) -> Words | None:
    """This function will say why nothing may be forecast from this state as of `today` (ordinal), or None where it may."""
    if state.n < ENOUGH_DAYS:
        return words(f"只有 {state.n} 天的读数，至少需要 {ENOUGH_DAYS} 天", f"only {state.n} days with readings, {ENOUGH_DAYS} are needed")
    old = today - state.day
    if old > STALE_AFTER:
        return words(f"最近一次读数在 {old} 天前", f"the last reading is {old} days old")
    return None


def found(state: State, today: int, *, limits: Limits = (None, None), horizon: int = 14) -> list[Finding]:
    """This function will give all findings as of `today` (ordinal of the local date); none where forecasts are silent."""
    if silent(state, today) is not None:
        return []
    return [*crossings(state, today, limits, horizon), *changes(state, today), *drifts(state, today)]


def crossings(state: State, today: int, limits: Limits, horizon: int) -> list[Finding]:
    """This function will give the first day on which a reading beyond a limit is likelier than not, for limits not already crossed.

    A limit that the present level lies beyond is not news of the future: that is for the rules.
    """
    series = state.series
    now, _ = state.outlook(1)  # the day after the last reading: what it already lies beyond is no news of the future
    findings = []
    for limit, above in ((limits[0], False), (limits[1], True)):
        if limit is None or (series.plain(now) >= limit if above else series.plain(now) <= limit):
            continue
        for day in range(max(today, state.day + 1), today + min(horizon, MOST_AHEAD)):
            steps = day - state.day
            mean, sd = state.outlook(steps)
            chance = chance_above(mean, sd * state.factor(steps, 1) / 1.645, series.calm(limit))
            chance = chance if above else 1 - chance
            if chance >= LIKELY:
                findings.append(_crossing(state, today, day, limit, above, chance, series.plain(mean)))
                break
    return findings


def _crossing(state: State, today: int, day: int, limit: float, above: bool, chance: float, value: float) -> Finding:
    lead, label = day - today, state.series.label
    zh = f"按目前走势，{label['zh-hans']}约 {lead} 天后将{'高于' if above else '低于'} {limit:g} {state.series.unit}"
    way = "above" if above else "below"
    en = f"On its present course {label['en']} will be {way} {limit:g} {state.series.unit} in about {lead} days"
    evidence = {"limit": limit, "value": round(value, 2), "probability": round(chance, 3)}
    return Finding("limit", f"forecast-{'high' if above else 'low'}", words(zh, en), evidence, _date(today), lead, state.series.part)


def changes(state: State, today: int) -> list[Finding]:
    """This function will give the last change point while it is recent; how often a calm series gives one stands in the evidence."""
    if not state.change or today - state.change[0] > TOLD_FOR:
        return []
    noticed, since, size = state.change
    before = [value for day, value in state.recent if day < since]
    after = [value for day, value in state.recent if day >= since]
    if not before or not after:
        return []
    change, label = fmean(after) - median(before), state.series.label
    zh = f"{label['zh-hans']}自 {_date(since)} 起{'升高' if size > 0 else '降低'}约 {abs(change):.3g} {state.series.unit}"
    en = f"{label['en'].capitalize()} {'rose' if size > 0 else 'fell'} by about {abs(change):.3g} {state.series.unit} from {_date(since)}"
    evidence = {"change": round(change, 2), "before": round(median(before), 2), "after": round(fmean(after), 2), "cusum": round(size, 2)}
    evidence |= {"days_since": today - since, "days_noticed": today - noticed, "false_alarm_days": FALSE_ALARM_DAYS}
    return [Finding("change", "change-point", words(zh, en), evidence, _date(today), None, state.series.part)]


def drifts(state: State, today: int) -> list[Finding]:
    """This function will give the slow drift of the kind's rule, if it is there: HF-W4 of weight, BP-08 of systolic pressure, HR-3."""
    kind, part = state.series.kind, state.series.part
    if kind == "weight":
        return _weight(state, today)
    if kind == "bp" and part == "sys":
        return _pressure(state, today)
    return _pulse(state, today) if kind == "rhr" else []


def _between(state: State, first: int, last: int) -> list[float]:
    return [value for day, value in state.recent if first <= day <= last]


def _weight(state: State, today: int) -> list[Finding]:
    recent, before = _between(state, today - 2, today), _between(state, today - 16, today - 3)
    gain = (fmean(recent) / median(before) - 1) if len(recent) >= 2 and len(before) >= 5 else 0.0
    macd, noise, slow = _macd(state.recent, today)
    if not (gain > WEIGHT_GAIN or (macd > MACD_SHARE * slow and macd > MACD_NOISE * noise)):
        return []
    zh, en = (
        f"体重两周来缓慢上升（{gain:+.1%}，快慢均线差 {macd:.1f} kg）",
        f"Weight has risen slowly over two weeks ({gain:+.1%}, MACD {macd:.1f} kg)",
    )
    evidence = {"gain_percent": round(100 * gain, 2), "macd_kg": round(macd, 2), "noise_kg": round(noise, 2)}
    return [Finding("drift", "HF-W4", words(zh, en), evidence, _date(today))]


def _macd(recent: Sequence[Sequence[float]], today: int) -> tuple[float, float, float]:
    """Fast minus slow average of the last days, the deviation noise alone would give that difference, and the slow average."""
    days = [(today - day, value) for day, value in recent if today - day <= 2 * SLOW]
    if len(days) < ENOUGH_DAYS:
        return 0.0, 1.0, 1.0
    shares = []
    for span in (FAST, SLOW):
        weights = [math.exp(-age / span) for age, _ in days]
        shares.append([one / sum(weights) for one in weights])
    fast, slow = (sum(share * value for share, (_, value) in zip(some, days, strict=True)) for some in shares)
    steps = [abs(one - other) for (_, one), (_, other) in zip(days[1:], days, strict=False)]
    noise = median(steps) / 0.954 * math.sqrt(sum((one - other) ** 2 for one, other in zip(*shares, strict=True)))
    return fast - slow, noise, slow


def _pressure(state: State, today: int) -> list[Finding]:
    recent, before = _between(state, today - 6, today), _between(state, today - 34, today - 7)
    if len(recent) < 3 or len(before) < 5 or fmean(recent) - fmean(before) < BP_RISE:
        return []
    rise = fmean(recent) - fmean(before)
    zh, en = f"近 7 天收缩压均值较平时高 {rise:.0f} mmHg", f"The 7-day systolic mean is {rise:.0f} mmHg above the own 28-day mean"
    evidence = {"mean_7d": round(fmean(recent), 1), "usual": round(fmean(before), 1), "rise": round(rise, 1)}
    return [Finding("drift", "BP-08", words(zh, en), evidence, _date(today), part="sys")]


def _pulse(state: State, today: int) -> list[Finding]:
    recent, before = _between(state, today - 6, today), _between(state, today - 66, today - 7)
    if len(recent) < 4 or len(before) < 14 or fmean(recent) <= fmean(before) + 2 * pstdev(before):
        return []
    zh = f"近 7 天静息心率 {fmean(recent):.0f}，高于平时 {fmean(before):.0f} + 2 SD"
    en = f"The 7-day resting heart rate of {fmean(recent):.0f} is above the usual {fmean(before):.0f} + 2 SD"
    evidence = {"mean_7d": round(fmean(recent), 1), "usual": round(fmean(before), 1), "sd": round(pstdev(before), 2)}
    return [Finding("drift", "HR-3", words(zh, en), evidence, _date(today))]


def _date(day: float) -> date:
    return date.fromordinal(int(day))
