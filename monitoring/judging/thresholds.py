"""Conditions on single values: over a limit now, repeated, or for a while; and what they share with every other condition."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

from healthhub.records.catalogue import CUFFLESS
from monitoring.judging.bounds import Bound
from monitoring.judging.trail import Moment
from monitoring.judging.values import NOTHING, Item

# A doubtful value counts once another one says the same within ten minutes, half a minute or more apart.
SECOND_LOOK, APART = 600.0, 30.0
_time = attrgetter("t")
Test = Callable[[Moment, Item], bool]


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a condition holds: the items it rests on, the bounds used, reason codes and figures for the texts."""

    items: tuple[Item, ...]
    bounds: tuple[Bound, ...] = ()
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


class Condition(Protocol):
    """What every kind of rule answers. All functions are pure in the moment's trails."""

    @property
    @abstractmethod
    def kinds(self) -> frozenset[str]:
        """The kinds of readings at which it is asked."""

    @property
    @abstractmethod
    def reach(self) -> Mapping[str, float]:
        """How many seconds of history of each kind it may look back upon."""

    @abstractmethod
    def screen(self, item: Item) -> bool:
        """Whether it can hold at all, judged by the item alone: no history is touched unless it can."""

    @abstractmethod
    def met(self, moment: Moment) -> Proof | None:
        """Why it holds at the moment, or None."""

    @abstractmethod
    def over(self, moment: Moment) -> bool:
        """Whether it is over: back inside by the margin, for as long as the rule asks."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same again: `times` values beyond the limit, each `apart` seconds or more from the next, within `within` seconds."""

    times: int
    apart: float
    within: float


@dataclass(frozen=True, slots=True)
class Back:
    """When it is over: every value inside for `seconds` without a hole longer than `gap`; 0 means one value is enough."""

    seconds: float = 0.0
    gap: float = 1800.0


def _any_holds(bounds: tuple[Bound, ...], item: Item) -> bool:
    for bound in bounds:  # noqa: SIM110 - at every reading of a stream: `any` over a generator takes twice as long
        if bound.holds(item):
            return True
    return False


def fits(where: Mapping[str, frozenset[str]], item: Item) -> bool:
    """This function will tell whether the reading's context has one of the wanted words under every wanted key."""
    if not where:
        return True
    context = item.reading.context or NOTHING
    return all(str(context.get(key, "")) in words for key, words in where.items())


@dataclass(frozen=True)
class Threshold:
    """A value beyond its limit: any (or all) of the bounds, unless one of `unless`; repeated as any one of `repeats` says.

    `believed` takes doubtful values at their word: laboratory values, which nobody repeats within ten minutes.
    """

    kind_set: frozenset[str]
    bounds: tuple[Bound, ...]
    every: bool = False
    unless: tuple[Bound, ...] = ()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)
    repeats: tuple[Repeat, ...] = ()
    back: Back = Back()
    believed: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        return self.kind_set

    @property
    def reach(self) -> Mapping[str, float]:
        far = max([SECOND_LOOK, self.back.seconds + self.back.gap if self.back.seconds else 0.0, *(r.within for r in self.repeats)])
        return dict.fromkeys(self.kind_set, far)

    def screen(self, item: Item) -> bool:
        return self.beyond(item)

    def beyond(self, item: Item) -> bool:
        """This function will tell whether one item by itself is beyond the limit, whatever its flags."""
        bounds = self.bounds
        if len(bounds) == 1:
            if not bounds[0].holds(item):
                return False
        elif self.every:
            if not all(bound.holds(item) for bound in bounds):
                return False
        elif not _any_holds(bounds, item):
            return False
        if self.unless and _any_holds(self.unless, item):
            return False
        return fits(self.where, item)

    def holds(self, moment: Moment, item: Item) -> bool:
        """This function will tell whether the item is beyond the limit as seen from the moment."""
        return self.beyond(item)

    def inside(self, moment: Moment, item: Item) -> bool:
        """This function will tell whether the item is back inside by the margin."""
        if self.every:
            return any(bound.inside(item) for bound in self.bounds)
        return all(bound.inside(item) for bound in self.bounds)

    def counts(self, moment: Moment, item: Item) -> bool:
        """This function will tell whether the item is beyond the limit and may be relied upon, alone or by a second look."""
        if not self.holds(moment, item):
            return False
        if item.sound or (self.believed and not item.reading.flags & CUFFLESS):
            return True
        if item.reading.flags & CUFFLESS:
            return False
        trail = moment.trails.of(item.reading.kind)
        end = trail.until(min(item.t + SECOND_LOOK, moment.item.t))
        return any(
            other is not item and abs(other.t - item.t) >= APART and not other.reading.flags & CUFFLESS and self.holds(moment, other)
            for other in trail.items()[trail.since(item.t - SECOND_LOOK) : end]
        )

    def met(self, moment: Moment) -> Proof | None:
        item = moment.item
        if item.reading.kind not in self.kind_set or not self.counts(moment, item):
            return None
        if not self.repeats:
            return self._proof((item,), moment)
        for repeat in self.repeats:
            found = self._repeated(moment, repeat)
            if found is not None:
                return self._proof(found, moment)
        return None

    def _proof(self, items: tuple[Item, ...], moment: Moment) -> Proof:
        used = tuple(bound for bound in self.bounds if bound.holds(items[-1])) or self.bounds
        return Proof(items, used, figures={"count": len(items)})

    def _repeated(self, moment: Moment, repeat: Repeat) -> tuple[Item, ...] | None:
        found = [moment.item]
        earlier = [item for kind in self.kind_set for item in moment.window(kind, repeat.within)]
        for item in sorted(earlier, key=_time, reverse=True):
            if found[-1].t - item.t >= repeat.apart and self.counts(moment, item):
                found.append(item)
                if len(found) == repeat.times:
                    return tuple(reversed(found))
        return None

    def over(self, moment: Moment) -> bool:
        item = moment.item
        if item.reading.kind not in self.kind_set or not item.sound or not self.inside(moment, item):
            return False
        if not self.back.seconds:
            return True
        return run_start(moment, self.inside, self.back.seconds, self.back.gap, (id(self), "back")) is not None


def run_start(moment: Moment, test: Test, seconds: float, gap: float, key: Any) -> Item | None:
    """This function will find the item from which on `test` has held for `seconds` or more, or give None.

    Walks back from the moment's item over sound items of its kind until the test fails, a hole is longer than `gap`, or `seconds` are
    reached. How far a run reaches is kept from one reading to the next, so a batch is judged in one pass. The item given is the last one
    that is `seconds` old or older, so that the answer does not depend on how the readings were batched.
    """
    now = moment.item
    trail = moment.trails.of(now.reading.kind)
    end = trail.until(now.t)
    items = trail.items()
    if items[end - 1] is not now:
        return _walk(moment, items[:end], test, seconds, gap)[1]
    known = trail.cache.get(key)
    if known is not None and known[0] is not None and known[0] == end - 1 and now.t - known[2] <= gap:
        start = known[1]
    else:
        start = _walk(moment, items[:end], test, seconds, gap)[0]
    trail.cache[key] = (end, start, now.t)
    if now.t - start < seconds:
        return None
    return next(item for item in reversed(items[: trail.until(now.t - seconds)]) if item.sound)


def _walk(moment: Moment, items: list[Item], test: Test, seconds: float, gap: float) -> tuple[float, Item | None]:
    now = moment.item
    last = now
    for item in reversed(items):
        if not item.sound:
            continue
        if last.t - item.t > gap or not test(moment, item):
            break
        last = item
        if now.t - item.t >= seconds:
            return item.t, item
    return last.t, None
