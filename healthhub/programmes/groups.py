"""People in, tables of groups out. Pure; what leaves has passed `cells`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from healthhub.programmes import cells
from healthhub.programmes.cells import Shown

Z = 1.96
BANDS = ("below_45", "45_64", "65_and_over", "unknown_age")
SEXES = ("female", "male", "unknown")
MEASURES = ("bp", "glucose", "weight")


@dataclass(frozen=True, slots=True)
class Member:
    """What is counted of one person in a month: no name, no id. `reached` only of measures she agreed to and measured enough."""

    age: int | None
    sex: str
    sent: bool  # at least one reading in the month
    weeks: tuple[bool, ...]  # in each whole week of the month
    alerts: int
    reached: dict[str, bool]  # measure -> whether the goal was reached

    @property
    def band(self) -> str:
        if self.age is None:
            return "unknown_age"
        return "below_45" if self.age < 45 else "45_64" if self.age < 65 else "65_and_over"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson), percent; `n` people. None where it is hidden."""

    n: int | None
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One measure: the rate of all, then by age band and by sex; groups without anybody are left out."""

    measure: str
    overall: Rate
    by_age: tuple[tuple[str, Rate], ...]
    by_sex: tuple[tuple[str, Rate], ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A programme's month, as it may be shown."""

    people: int | None
    age_and_sex: tuple[tuple[str, tuple[int | None, ...], int | None], ...]  # band, by sex, all
    sexes: tuple[str, ...]
    by_sex: tuple[int | None, ...]
    funnel: tuple[tuple[str, int | None], ...]
    weeks: tuple[Rate, ...]
    measures: tuple[Breakdown, ...]
    alerts: int | None
    with_alerts: Rate


def rate(part: int | None, n: int | None) -> Rate:
    """This function will give a share and its interval; hidden where either count is."""
    if part is None or not n:
        return Rate(n, None, None, None)
    share = part / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return Rate(n, 100 * share, 100 * max(middle - half, 0.0), 100 * min(middle + half, 1.0))


def month(members: Sequence[Member]) -> Month:
    """This function will count a month's members and hide what would be about a few of them."""
    bands = [band for band in BANDS if any(one.band == band for one in members)]
    sexes = [sex for sex in SEXES if any(one.sex == sex for one in members)]
    table = _protected([[sum(one.band == band and one.sex == sex for one in members) for sex in sexes] for band in bands])
    sent = [one for one in members if one.sent]
    funnel = ["enrolled", "sent", "measured", "reached"]
    measured, reached = ([one for one in sent if one.reached], [one for one in sent if one.reached and all(one.reached.values())])
    steps = cells.steps([len(members), len(sent), len(measured), len(reached)])
    weeks = max((len(one.weeks) for one in members), default=0)
    with_alerts = _share(members, lambda one: one.alerts > 0)
    return Month(
        people=table.total,
        age_and_sex=tuple(zip(bands, table.rows, table.row_totals, strict=True)),
        sexes=tuple(sexes),
        by_sex=table.column_totals,
        funnel=tuple(zip(funnel, steps, strict=True)),
        weeks=tuple(_share(members, lambda one, week=week: one.weeks[week]) for week in range(weeks)),  # type: ignore[misc]
        measures=tuple(_breakdown(measure, members) for measure in MEASURES),
        alerts=None if with_alerts.share is None else sum(one.alerts for one in members),
        with_alerts=with_alerts,
    )


def _protected(counts: list[list[int]]) -> Shown:
    return cells.protect(counts) if counts and counts[0] else Shown((), (), (), None)


def _share(members: Iterable[Member], holds: Callable[[Member], bool]) -> Rate:
    found = [holds(one) for one in members]
    (part, _), whole = cells.totals([sum(found), len(found) - sum(found)])
    return rate(part, whole)


def _breakdown(measure: str, members: Sequence[Member]) -> Breakdown:
    measured = [one for one in members if measure in one.reached]
    overall = _share(measured, lambda one: one.reached[measure])
    return Breakdown(
        measure,
        overall,
        _rates(measure, measured, BANDS, lambda one: one.band),
        _rates(measure, measured, SEXES, lambda one: one.sex),
    )


def _rates(measure: str, measured: Sequence[Member], names: Sequence[str], group: Callable[[Member], str]) -> tuple[tuple[str, Rate], ...]:
    """Reached and not reached are two cells of a table with totals: a share is shown only where both may be."""
    there = [name for name in names if any(group(one) == name for one in measured)]
    counts = []
    for name in there:
        inside = [one.reached[measure] for one in measured if group(one) == name]
        counts.append([sum(inside), len(inside) - sum(inside)])
    shown = _protected(counts)
    return tuple((name, rate(row[0], total)) for name, row, total in zip(there, shown.rows, shown.row_totals, strict=True))
