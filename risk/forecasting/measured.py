"""Do the intervals hold? People are walked through day by day, as by the nightly pass, and what came is held against what was said."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from risk.forecasting.fitting import fitted
from risk.forecasting.series import ENOUGH_DAYS, Seen, Series
from risk.forecasting.state import State, advance, begin


@dataclass(frozen=True, slots=True)
class Met:
    """One forecast and what came of it, `ahead` days on; misses and width in the unit, `last` is the miss of the value before it."""

    ahead: int
    miss: float
    last: float
    in80: bool
    in90: bool
    width: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of all forecasts at one horizon: how many, mean absolute error, that of the last value, share inside 80 and 90 %, mean 90 % width."""

    ahead: int
    n: int
    mae: float
    mae_last: float
    in80: float
    in90: float
    width: float


def walked(series: Series, days: Sequence[Seen], *, refit: bool = True) -> Iterator[Met]:
    """This function will forecast one person's days (rising) from what came before each, refitting when the state asks for it."""
    state = begin(series, days[0])
    said: list[tuple[int, int, list[float], float]] = []
    for place, seen in enumerate(days[1:], start=1):
        if seen.value is not None:
            yield from (_met(ahead, ends, last, seen.value) for due, ahead, ends, last in said if due == seen.day)
        said = [one for one in said if one[0] > seen.day]
        advance(state, seen)
        if refit and state.refit_due:
            state = fitted(series, days[: place + 1], before=state)
        if state.n >= ENOUGH_DAYS:
            said += [(seen.day + ahead, ahead, _ends(state, ahead), state.recent[-1][1]) for ahead in series.horizons]


def _ends(state: State, ahead: int) -> list[float]:
    """Middle, 80 % and 90 % ends in the unit."""
    mean, sd = state.outlook(ahead)
    wide = [state.factor(ahead, level) * sd for level in (0, 1)]
    return [state.series.plain(x) for x in (mean, mean - wide[0], mean + wide[0], mean - wide[1], mean + wide[1])]


def _met(ahead: int, ends: Sequence[float], last: float, came: float) -> Met:
    middle, low80, high80, low90, high90 = ends
    return Met(ahead, abs(came - middle), abs(came - last), low80 <= came <= high80, low90 <= came <= high90, high90 - low90)


def coverage(people: Iterable[tuple[Series, Sequence[Seen]]], *, refit: bool = True) -> list[Coverage]:
    """This function will measure coverage over people's days, by horizon; those with fewer than ENOUGH_DAYS + 1 days add nothing."""
    met = [one for series, days in people if days for one in walked(series, days, refit=refit)]
    rows = []
    for ahead in sorted({one.ahead for one in met}):
        some = [one for one in met if one.ahead == ahead]
        shares = [fmean(float(getattr(one, name)) for one in some) for name in ("miss", "last", "in80", "in90", "width")]
        rows.append(Coverage(ahead, len(some), *shares))
    return rows
