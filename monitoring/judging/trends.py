"""Conditions on how values move: change over a window, a pair, a slope, against the person's own baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean, median, stdev

from healthhub.records.catalogue import CUFFLESS
from monitoring.judging.bounds import DIGITS, Bound
from monitoring.judging.thresholds import Back, Proof, Repeat, Threshold, fits, run_start
from monitoring.judging.trail import Moment
from monitoring.judging.values import Item

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """A change against earlier values of the last `within` seconds: up (`rise`), down (`fall`) or either way (`differ`).

    `bound` limits the size of the change, in the unit of the values or in percent of the earlier one.
    """

    way: str
    bound: Bound
    within: float
    percent: bool = False
    reason: str = ""

    def best(self, now: Item, earlier: list[Item]) -> tuple[Item, float] | None:
        """This function will give the earlier item with the largest change to `now`, and that change (positive)."""
        best: tuple[Item, float] | None = None
        for item in earlier:
            size = self._size(now, item)
            if size is not None and (best is None or size > best[1]):
                best = item, size
        return best

    def _size(self, now: Item, item: Item) -> float | None:
        new, old = (now.value2, item.value2) if self.bound.component == "value2" else (now.value, item.value)
        if new is None or old is None:
            return None
        size = {"rise": new - old, "fall": old - new, "differ": abs(new - old)}[self.way]
        if self.percent:
            return 100.0 * size / old if old else None
        return size


@dataclass(frozen=True)
class Change:
    """The newest value against earlier ones. Within one `session` the last value replaces the ones before (someone else on the scale).

    With `across` only readings count whose context differs under that key (the other arm). With `undo`, only a repeat that takes
    the jump back ends it.
    """

    kind: str
    steps: tuple[Step, ...]
    session: float = 0.0
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    earlier_where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    across: str = ""
    undo: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self.kind})

    @property
    def reach(self) -> Mapping[str, float]:
        return {self.kind: max(step.within for step in self.steps) + self.session}

    def screen(self, item: Item) -> bool:
        return item.sound and fits(self.where, item)

    def met(self, moment: Moment) -> Proof | None:
        now = moment.item
        if not now.sound or now.reading.kind != self.kind or not fits(self.where, now):
            return None
        proofs = [proof for step in self.steps if (proof := self._step(moment, step)) is not None]
        if not proofs:
            return None
        largest = proofs[0]
        reasons = tuple(reason for proof in proofs for reason in proof.reasons)
        bounds = tuple(bound for proof in proofs for bound in proof.bounds)
        items = {id(item): item for proof in proofs for item in proof.items}
        return Proof(tuple(sorted(items.values(), key=lambda item: item.t)), bounds, reasons, largest.figures)

    def _step(self, moment: Moment, step: Step) -> Proof | None:
        best = step.best(moment.item, self._earlier(moment, step.within))
        if best is None or not step.bound.passes(best[1]):
            return None
        hours = round((moment.item.t - best[0].t) / HOUR)
        figures = {"change": round(best[1], DIGITS), "baseline": best[0].value, "hours": hours}
        return Proof((best[0], moment.item), (step.bound,), (step.reason,) if step.reason else (), figures)

    def _earlier(self, moment: Moment, within: float) -> list[Item]:
        now = moment.item
        items = [item for item in moment.window(self.kind, within) if item is not now and item.sound and fits(self.earlier_where, item)]
        if self.across:
            items = [item for item in items if _differ(self.across, item, now)]
        return standing(items, now, self.session) if self.session else [item for item in items if item.t < now.t]

    def over(self, moment: Moment) -> bool:
        """A repeat within the session that takes the jump back ends it; so does a change back below the limit where the rule says so."""
        now = moment.item
        if not now.sound or now.reading.kind != self.kind or not fits(self.where, now) or self.met(moment) is not None:
            return False
        if not self.undo:
            return True
        replaced = [item for item in moment.window(self.kind, self.session) if item is not now and item.sound]
        jumped = bool(replaced) and self.met(moment.at(replaced[-1])) is not None
        before = standing([item for item in moment.window(self.kind, 2 * self.session + 7 * 24 * HOUR) if item.sound], now, self.session)
        return jumped and not (before and self.met(moment.at(before[-1])) is not None)


def _differ(key: str, one: Item, other: Item) -> bool:
    first, second = (one.reading.context or {}).get(key), (other.reading.context or {}).get(key)
    return first is not None and second is not None and first != second


def standing(items: list[Item], now: Item, session: float) -> list[Item]:
    """This function will drop every item that a later one, or `now`, replaced within `session` seconds."""
    kept = []
    later = now.t
    for item in reversed(items):
        if item is not now and later - item.t > session:
            kept.append(item)
        later = item.t
    return kept[::-1]


@dataclass(frozen=True)
class Slope(Threshold):
    """How fast the value falls, from the newest reading `nearest` to `farthest` seconds back to this one.

    Either the fall per minute passes `pace` (while the value meets the ordinary bounds), or the straight line goes beyond
    the bounds within `ahead` seconds (while the value does not yet).
    """

    pace: Bound | None = None
    ahead: float = 0.0
    nearest: float = 240.0
    farthest: float = 1200.0

    @property
    def reach(self) -> Mapping[str, float]:
        return dict.fromkeys(self.kind_set, max(self.farthest, self.back.seconds + self.back.gap))

    def screen(self, item: Item) -> bool:
        return self.beyond(item) if self.pace is not None else not self.beyond(item)

    def met(self, moment: Moment) -> Proof | None:
        item = moment.item
        if not item.sound or not self.screen(item):
            return None
        found = self._earlier(moment)
        if found is None:
            return None
        before, unit = found
        new, old = (item.sent, before.sent) if unit else (item.value, before.value)
        per_minute = (new - old) / ((item.t - before.t) / 60.0)
        figures = {"change": abs(round(per_minute, 3)), "minutes": round((item.t - before.t) / 60), "ahead": round(self.ahead / 60)}
        if self.pace is not None:
            if not self.pace.passes(-per_minute, unit):
                return None
            return Proof((before, item), (self.pace, *self.bounds), figures=figures)
        then = new + per_minute * self.ahead / 60.0
        if not any(bound.passes(then, unit) for bound in self.bounds):
            return None
        return Proof((before, item), self.bounds, figures=figures | {"total": round(then, 2)})

    def _earlier(self, moment: Moment) -> tuple[Item, str] | None:
        """This function will give the reading to compare with, and the unit both were sent in ("" for the canonical one)."""
        now = moment.item
        for item in reversed(moment.window(now.reading.kind, self.farthest)):
            if item.sound and now.t - item.t >= self.nearest:
                same = now.unit if now.unit == item.unit and all(now.unit in bound.native for bound in self.bounds) else ""
                return item, same
        return None

    def over(self, moment: Moment) -> bool:
        return self._calm(moment, moment.item) and run_start(moment, self._calm, self.back.seconds, self.back.gap, id(self)) is not None

    def _calm(self, moment: Moment, item: Item) -> bool:
        return item.sound and self.met(moment.at(item)) is None


@dataclass(frozen=True)
class Baseline:
    """The newest value, or the mean of the last `recent` seconds, against the person's own median or mean of the `days` before.

    The baseline ends `ends` seconds before the reading, on the full hour, or with the reading itself where `own` is set. It needs `least`
    values on `least_days` days. The difference (way `rise` or `fall`) passes the bound, or `spread` standard deviations.
    """

    kind: str
    way: str
    bound: Bound
    seconds: float
    statistic: str = "median"
    ends: float = HOUR
    own: bool = False
    least: int = 4
    least_days: int = 1
    percent: bool = False
    recent: float = 0.0
    recent_least: int = 3
    spread: float = 0.0
    session: float = 0.0
    repeat: Repeat | None = None
    only: Bound | None = None
    back: Back = field(default_factory=Back)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self.kind})

    @property
    def reach(self) -> Mapping[str, float]:
        return {self.kind: self.seconds + self.ends + self.recent + HOUR}

    def screen(self, item: Item) -> bool:
        return not item.reading.flags & CUFFLESS and (self.only is None or self.only.holds(item))

    def met(self, moment: Moment) -> Proof | None:
        item = moment.item
        if item.reading.kind != self.kind or not self.screen(item) or not (item.sound or self.repeat):
            return None
        proof = self._one(moment)
        if proof is None or self.repeat is None:
            return proof
        for other in reversed(moment.window(self.kind, self.repeat.within)):
            near = (item.sound and other.sound) or item.t - other.t <= 600.0
            if item.t - other.t >= self.repeat.apart and near and self.screen(other) and self._one(moment.at(other)) is not None:
                return Proof((other, *proof.items), proof.bounds, proof.reasons, proof.figures)
        return None

    def _one(self, moment: Moment) -> Proof | None:
        item = moment.item
        base = self._base(moment)
        now = self._now(moment)
        if base is None or now is None:
            return None
        middle, sd, count = base
        change = self._change(now, middle)
        if self.spread:
            if change <= self.spread * sd or not self.bound.passes(change):
                return None
        elif not self.bound.passes(change):
            return None
        figures = {"change": round(change, DIGITS), "baseline": round(middle, 3), "count": count, "total": round(now, 3)}
        return Proof((item,), (self.bound,), figures=figures)

    def _change(self, now: float, middle: float) -> float:
        change = now - middle if self.way == "rise" else middle - now
        return 100.0 * change / middle if self.percent and middle else change

    def _now(self, moment: Moment) -> float | None:
        if not self.recent:
            return moment.item.value
        since = moment.item.t - self.recent  # itself part of the baseline
        values = [item.value for item in moment.window(self.kind, self.recent) if item.sound and item.t > since]
        return fmean(values) if len(values) >= self.recent_least else None

    def _base(self, moment: Moment) -> tuple[float, float, int] | None:
        """This function will give middle, standard deviation and number of the baseline's values; None when they are too few."""
        item = moment.item
        trail = moment.trails.of(self.kind)
        if self.own:
            return self._figures(self._weights(moment))
        end = (item.t - self.recent - self.ends) // HOUR * HOUR
        items = trail.items()  # before the cache: loading the history makes what was kept worthless
        key = (id(self), end)
        if key not in trail.cache:
            trail.cache[key] = self._figures([one for one in items[trail.since(end - self.seconds) : trail.until(end)] if one.sound])
        figures: tuple[float, float, int] | None = trail.cache[key]
        return figures

    def _weights(self, moment: Moment) -> list[Item]:
        now = moment.item
        earlier = [one for one in moment.window(self.kind, self.seconds) if one.sound and one is not now]
        return [*(standing(earlier, now, self.session) if self.session else earlier), now]

    def _figures(self, items: list[Item]) -> tuple[float, float, int] | None:
        if len(items) < max(self.least, 2) or len({int(item.t // 86400) for item in items}) < self.least_days:
            return None
        values = [item.value for item in items]
        middle = median(values) if self.statistic == "median" else fmean(values)
        return middle, stdev(values) if self.spread else 0.0, len(values)

    def over(self, moment: Moment) -> bool:
        item = moment.item
        if item.reading.kind != self.kind or not item.sound:
            return False
        base, now = self._base(moment), self._now(moment)
        if base is None or now is None:
            return False
        change = self._change(now, base[0])
        return self.bound.back(change, self.bound.limit, self.bound.unit)


@dataclass(frozen=True)
class Mean(Threshold):
    """The mean of the last `seconds` (at least `least` values) beyond the bounds."""

    seconds: float = 0.0
    least: int = 4

    @property
    def reach(self) -> Mapping[str, float]:
        return dict.fromkeys(self.kind_set, self.seconds)

    def screen(self, item: Item) -> bool:
        return item.sound and fits(self.where, item)

    def _mean(self, moment: Moment) -> tuple[float, list[Item]] | None:
        items = [one for kind in self.kind_set for one in moment.window(kind, self.seconds) if one.sound and fits(self.where, one)]
        return (fmean(item.value for item in items), items) if len(items) >= self.least else None

    def met(self, moment: Moment) -> Proof | None:
        found = self._mean(moment)
        if found is None or not all(bound.passes(found[0]) for bound in self.bounds):
            return None
        items = sorted(found[1], key=lambda item: item.t)
        return Proof(tuple(items[-12:]), self.bounds, figures={"total": round(found[0], 2), "count": len(items)})

    def over(self, moment: Moment) -> bool:
        found = self._mean(moment)
        return found is not None and all(bound.back(found[0], bound.limit, bound.unit) for bound in self.bounds)
