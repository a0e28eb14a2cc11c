"""Conditions on single values that need more than one glance: for a while, k of n, as a share of a personal figure."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.judging.thresholds import Proof, Threshold, run_start
from monitoring.judging.trail import Moment
from monitoring.judging.values import Item

# More steps than this in the window, or one of these words with the reading, and the person was not at rest.
MOVING_STEPS = 50
MOVING_WORDS = frozenset({"active", "exercise", "walking", "running", "workout"})
BEST_SECONDS, BEST_NEEDS = 14 * 86400.0, 3
SHOWN = 12  # inputs shown of a long run: the first ones, the last ones


@dataclass(frozen=True)
class Sustained(Threshold):
    """Beyond the limit for `seconds` without a hole longer than `gap`, or `least` of the last `of` values.

    With `still`, not while the person is known to be moving.
    """

    seconds: float = 0.0
    gap: float = 1800.0
    least: int = 0
    of: int = 0
    still: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        return self.kind_set

    @property
    def reach(self) -> Mapping[str, float]:
        far = max(self.seconds + self.gap, self.gap * self.of, self.back.seconds + self.back.gap)
        reach = dict.fromkeys(self.kind_set, far)
        if self.still:
            reach["steps"] = self.seconds
        return reach

    def met(self, moment: Moment) -> Proof | None:
        item = moment.item
        if item.reading.kind not in self.kind_set or not item.sound or not self.holds(moment, item):
            return None
        if self.still and self._moving(moment):
            return None
        if self.of:
            return self._k_of_n(moment)
        first = run_start(moment, self.holds, self.seconds, self.gap, (id(self), "run"))
        if first is None:
            return None
        run = [one for one in moment.window(item.reading.kind, item.t - first.t) if one.sound]
        return Proof(tuple(_ends(run)), self.bounds, figures={"minutes": round((item.t - first.t) / 60), "count": len(run)})

    def _k_of_n(self, moment: Moment) -> Proof | None:
        recent = [one for one in moment.window(moment.item.reading.kind, self.gap * self.of) if one.sound][-self.of :]
        bad = [one for one in recent if self.holds(moment, one)]
        if len(bad) < self.least:
            return None
        minutes = round((moment.item.t - bad[0].t) / 60)
        return Proof(tuple(_ends(bad)), self.bounds, figures={"count": len(bad), "minutes": minutes})

    def _moving(self, moment: Moment) -> bool:
        context = moment.item.reading.context
        if context is not None and context.get("activity") in MOVING_WORDS:
            return True
        return sum(item.value for item in moment.window("steps", self.seconds)) > MOVING_STEPS


@dataclass(frozen=True)
class Relative(Threshold):
    """A value as a percentage of a personal figure (`best_key` of the context, else the best of the last 14 days)."""

    best_key: str = ""

    @property
    def reach(self) -> Mapping[str, float]:
        return dict.fromkeys(self.kind_set, max(BEST_SECONDS, *(repeat.within for repeat in self.repeats), 0.0))

    def screen(self, item: Item) -> bool:
        return True

    def best(self, moment: Moment) -> float | None:
        """This function will give the personal figure, in the canonical unit of the kind, or None when it is not known."""
        given = moment.context.values.get(self.best_key)
        if given:
            return given
        kind = moment.item.reading.kind
        sound = [item for item in moment.window(kind, BEST_SECONDS) if item.sound]
        if len({int(item.t // 86400) for item in sound}) < BEST_NEEDS:
            return None
        return max(item.value for item in sound)

    def _percent(self, moment: Moment, item: Item) -> float | None:
        best = self.best(moment)
        return None if not best else 100.0 * item.value / best

    def holds(self, moment: Moment, item: Item) -> bool:
        percent = self._percent(moment, item)
        return percent is not None and any(bound.passes(percent) for bound in self.bounds) and not self._spared(percent)

    def _spared(self, percent: float) -> bool:
        return any(bound.passes(percent) for bound in self.unless)

    def inside(self, moment: Moment, item: Item) -> bool:
        percent = self._percent(moment, item)
        return percent is not None and all(bound.back(percent, bound.limit, bound.unit) for bound in self.bounds)

    def _proof(self, items: tuple[Item, ...], moment: Moment) -> Proof:
        percent = self._percent(moment, items[-1]) or 0.0
        figures = {"change": percent, "baseline": self.best(moment), "count": len(items)}
        return Proof(items, self.bounds, figures=figures)


def _ends(items: list[Item]) -> list[Item]:
    half = SHOWN // 2
    return items if len(items) <= SHOWN else items[:half] + items[-half:]
