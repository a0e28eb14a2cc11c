"""A patient's readings of one kind in time order, as far as they are known at the moment that is judged."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from monitoring.judging.values import Item, PatientContext, Reading

_time = attrgetter("t")


class Trail:
    """Items of one kind in time order. Older readings are taken from the history only when a rule asks for them."""

    __slots__ = ("_history", "_items", "_loaded", "_new", "cache")

    def __init__(self, history: Mapping[str, Sequence[Reading]], kind: str, new: frozenset[int] = frozenset()) -> None:
        self._items: list[Item] = []
        self._loaded = False
        self._history = (history, kind)
        self._new = new
        self.cache: dict[Any, Any] = {}

    def add(self, item: Item) -> None:
        """This function will put one newly judged item in its place in time."""
        items = self._items
        if items and item.t < items[-1].t:
            insort(items, item, key=_time)
            self.cache.clear()
        else:
            items.append(item)

    def _load(self) -> list[Item]:
        history, kind = self._history
        older = history.get(kind)
        self._loaded = True
        if older:
            new = self._items
            skip = self._new  # a history read after the batch was stored holds the batch too
            items = [Item(reading) for reading in older if reading.seq not in skip]
            if new and items and items[-1].t > new[0].t:
                items = sorted(items + new, key=_time)
            else:
                items += new
            self._items = items
        return self._items

    def items(self) -> list[Item]:
        """This function will give all items known so far, oldest first; it loads the history at first use."""
        return self._items if self._loaded else self._load()

    def until(self, t: float) -> int:
        """This function will give the index behind the last item measured at or before `t` (seconds)."""
        items = self.items()
        if not items or items[-1].t <= t:
            return len(items)
        return bisect_right(items, t, key=_time)

    def since(self, t: float) -> int:
        """This function will give the index of the first item measured at or after `t` (seconds)."""
        return bisect_left(self.items(), t, key=_time)


class Moment:
    """One reading and everything known up to it: what a condition is asked about."""

    __slots__ = ("context", "item", "trails")

    def __init__(self, trails: "Trails", item: Item, context: PatientContext) -> None:
        self.trails = trails
        self.item = item
        self.context = context

    def at(self, item: Item) -> "Moment":
        """This function will give the moment of an earlier item, as it looked then."""
        return Moment(self.trails, item, self.context)

    def window(self, kind: str, seconds: float) -> list[Item]:
        """This function will list the items of a kind in the `seconds` up to this moment, both ends included, oldest first."""
        trail = self.trails.of(kind)
        t = self.item.t
        return trail.items()[trail.since(t - seconds) : trail.until(t)]


class Trails:
    """The trails of all kinds of one patient during one batch."""

    __slots__ = ("_by_kind", "_history", "_new")

    def __init__(self, history: Mapping[str, Sequence[Reading]], new: frozenset[int] = frozenset()) -> None:
        self._history = history
        self._new = new
        self._by_kind: dict[str, Trail] = {}

    def of(self, kind: str) -> Trail:
        """This function will give the trail of a kind, empty when nothing is known."""
        trail = self._by_kind.get(kind)
        if trail is None:
            trail = self._by_kind[kind] = Trail(self._history, kind, self._new)
        return trail
