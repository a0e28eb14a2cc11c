"""Conditions made of several readings: parts that must come together, a sign that is new, a day's total, NEWS2, the home-BP week."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any

from healthhub.records.catalogue import BY_KEY, CUFFLESS
from monitoring import home_bp
from monitoring.judging.bounds import Bound
from monitoring.judging.thresholds import Condition, Proof
from monitoring.judging.trail import Moment
from monitoring.judging.values import Item
from risk.scores.news2 import news2

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bundle: a condition that held at a reading of the last `within` seconds. `name` is for the texts."""

    condition: Condition
    within: float
    name: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Together:
    """At least `least` of the parts within their windows of each other; the newest reading is one of them.

    With `latest` only the last reading of each kind speaks for it: a pressure that has come down since is no part any more.
    """

    parts: tuple[Part, ...]
    least: int
    latest: bool = True

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for part in self.parts for kind in part.condition.kinds)

    @property
    def reach(self) -> Mapping[str, float]:
        reach: dict[str, float] = defaultdict(float)
        for part in self.parts:
            for kind, seconds in part.condition.reach.items():
                reach[kind] = max(reach[kind], seconds + part.within)
        return reach

    def screen(self, item: Item) -> bool:
        for condition in self._listening.get(item.reading.kind, ()):  # noqa: SIM110 - at every reading: twice as fast as `any`
            if condition.screen(item):
                return True
        return False

    @cached_property
    def _listening(self) -> Mapping[str, tuple[Condition, ...]]:
        """The conditions of the parts by kind: every reading of a stream is screened."""
        by_kind: dict[str, list[Condition]] = defaultdict(list)
        for part in self.parts:
            for kind in part.condition.kinds:
                by_kind[kind].append(part.condition)
        return {kind: tuple(conditions) for kind, conditions in by_kind.items()}

    def met(self, moment: Moment) -> Proof | None:
        proofs: dict[str, tuple[Part, Proof]] = {}
        for part in self.parts:
            proof = _holds(part.condition, moment)
            if proof is not None:
                proofs[part.key] = (part, proof)
        if not proofs:
            return None
        for part in self.parts:
            if part.key not in proofs:
                proof = self._before(part, moment)
                if proof is not None:
                    proofs[part.key] = (part, proof)
        if len(proofs) < self.least:
            return None
        items = {id(item): item for _, proof in proofs.values() for item in proof.items}
        what = _joined([part.name for part in self.parts if part.key in proofs])
        found = tuple(sorted(items.values(), key=lambda item: item.t))
        bounds = tuple(bound for _, proof in proofs.values() for bound in proof.bounds)
        first = next(proofs[part.key][1] for part in self.parts if part.key in proofs)
        shown = {"shown": first.items[-1]} if first.items else {}
        return Proof(
            found, bounds, tuple(part.key for part in self.parts if part.key in proofs), {"what": what, "count": len(proofs), **shown}
        )

    def _before(self, part: Part, moment: Moment) -> Proof | None:
        now = moment.item
        for kind in sorted(part.condition.kinds):
            for item in reversed(moment.window(kind, part.within)):
                if item.reading.flags & CUFFLESS or (item is now and not self.latest):
                    continue
                proof = None if item is now else _holds(part.condition, moment.at(item))
                if proof is not None:
                    return proof
                if self.latest:
                    break
        return None

    def over(self, moment: Moment) -> bool:
        kind = moment.item.reading.kind
        return moment.item.sound and any(kind in part.condition.kinds and part.condition.over(moment) for part in self.parts)


def _holds(condition: Condition, moment: Moment) -> Proof | None:
    item = moment.item
    if item.reading.kind not in condition.kinds or not condition.screen(item):
        return None
    return condition.met(moment)


def _joined(names: list[Mapping[str, str]]) -> dict[str, str]:
    return {"zh-hans": "、".join(name["zh-hans"] for name in names), "en": ", ".join(name["en"] for name in names)}


@dataclass(frozen=True)
class Worse:
    """A grade (symptom, NYHA, mMRC) at least `by` above the last one of its kind within `within` seconds.

    With `new`, no earlier grade counts as none: the first report of a symptom is new.
    """

    kind_set: frozenset[str]
    by: float
    within: float
    new: bool = True

    @property
    def kinds(self) -> frozenset[str]:
        return self.kind_set

    @property
    def reach(self) -> Mapping[str, float]:
        return dict.fromkeys(self.kind_set, self.within)

    def screen(self, item: Item) -> bool:
        return item.value >= self.by

    def met(self, moment: Moment) -> Proof | None:
        now = moment.item
        earlier = [item for item in moment.window(now.reading.kind, self.within) if item is not now]
        if not earlier and not self.new:
            return None
        before = earlier[-1].value if earlier else 0.0
        if now.value - before < self.by:
            return None
        return Proof((*earlier[-1:], now), figures={"change": now.value - before, "baseline": before})

    def over(self, moment: Moment) -> bool:
        return moment.item.reading.kind in self.kind_set and moment.item.value == 0


@dataclass(frozen=True)
class DayTotal:
    """The total of the last complete local day (steps), as percent of the median of the `days` before; watch and phone are not added up."""

    kind: str
    bound: Bound
    days: int
    least: int

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self.kind})

    @property
    def reach(self) -> Mapping[str, float]:
        return {self.kind: (self.days + 2) * DAY}

    def screen(self, item: Item) -> bool:
        return True

    def met(self, moment: Moment) -> Proof | None:
        figures = self._figures(moment)
        if figures is None or not self.bound.passes(figures[0]):
            return None
        return Proof((moment.item,), (self.bound,), figures={"change": figures[0], "total": figures[1], "baseline": figures[2]})

    def _figures(self, moment: Moment) -> tuple[float, float, float] | None:
        """This function will give percent, yesterday's total and the median; None when days are missing."""
        reading = moment.item.reading
        today = _day(reading.at.timestamp(), reading.utc_offset)
        trail = moment.trails.of(self.kind)
        items = trail.items()
        key = (id(self), today, reading.utc_offset)
        if key not in trail.cache:
            start = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp() - reading.utc_offset * 60.0
            trail.cache[key] = self._totals(items[trail.since(start - (self.days + 1) * DAY) : trail.since(start)], today)
        figures: tuple[float, float, float] | None = trail.cache[key]
        return figures

    def _totals(self, items: list[Item], today: date) -> tuple[float, float, float] | None:
        sums: dict[date, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for item in items:
            sums[_day(item.t, item.reading.utc_offset)][item.reading.source] += item.value
        yesterday = sums.pop(today - timedelta(days=1), None)
        totals = [max(by_source.values()) for day, by_source in sums.items() if day < today]
        if yesterday is None or len(totals) < self.least:
            return None
        middle = median(totals)
        return (100.0 * max(yesterday.values()) / middle, max(yesterday.values()), middle) if middle else None

    def over(self, moment: Moment) -> bool:
        figures = self._figures(moment)
        return figures is not None and self.bound.back(figures[0], self.bound.limit, self.bound.unit)


def _day(t: float, utc_offset: int) -> date:
    return datetime.fromtimestamp(t + utc_offset * 60, UTC).date()


@dataclass(frozen=True)
class News2:
    """The early warning score of all seven inputs, at most `within` seconds apart; nothing is imputed.

    Oxygen is known from an `oxygen_flow` reading, a word with the saturation (`on_oxygen`), or the standing order `on_oxygen`.
    """

    bound: Bound
    bands: frozenset[str]
    within: float = 1800.0

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"rr", "spo2", "bp", "hr", "consciousness", "temp", "oxygen_flow"})

    @property
    def reach(self) -> Mapping[str, float]:
        return dict.fromkeys(self.kinds, self.within)

    def screen(self, item: Item) -> bool:
        return True

    def met(self, moment: Moment) -> Proof | None:
        found = self.score(moment)
        if found is None:
            return None
        total, band, items = found
        if not self.bound.passes(total) and band not in self.bands:
            return None
        return Proof(items, (self.bound,), (band,), {"total": total})

    def score(self, moment: Moment) -> tuple[int, str, tuple[Item, ...]] | None:
        """This function will give total, band and inputs, or None while an input is missing."""
        # The rarest input first: most people never have it, and their streams must not pay for it.
        if not moment.trails.of("consciousness").items():
            return None
        last: dict[str, Item] = {}
        for kind in ("consciousness", "temp", "rr", "spo2", "bp", "hr"):
            item = next((one for one in reversed(moment.window(kind, self.within)) if one.sound), None)
            if item is None:
                return None
            last[kind] = item
        on_oxygen = self._oxygen(moment, last["spo2"])
        if on_oxygen is None or "pregnant" in moment.context.conditions:
            return None
        scored = news2(
            rr=last["rr"].value,
            spo2=last["spo2"].value,
            on_o2=on_oxygen,
            sbp=last["bp"].value,
            pulse=last["hr"].value,
            consciousness=BY_KEY["consciousness"].codes[int(last["consciousness"].value)],
            temp=last["temp"].value,
            scale2="target_spo2_88_92" in moment.context.conditions,
        )
        return scored.total, scored.band, tuple(sorted(last.values(), key=lambda item: item.t))

    def _oxygen(self, moment: Moment, spo2: Item) -> bool | None:
        flow = moment.window("oxygen_flow", self.within)
        if flow:
            return flow[-1].value > 0
        said: Any = (spo2.reading.context or {}).get("on_oxygen")
        if isinstance(said, bool):
            return said
        return True if "on_oxygen" in moment.context.conditions else None

    def over(self, moment: Moment) -> bool:
        found = self.score(moment)
        return found is not None and not self.bound.passes(found[0]) and found[1] not in self.bands


@dataclass(frozen=True)
class Week:
    """The valid mean of a diagnostic week of home blood pressure at or above the home threshold."""

    bounds: tuple[Bound, ...] = field(default_factory=tuple)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"bp"})

    @property
    def reach(self) -> Mapping[str, float]:
        return {"bp": (home_bp.DAYS + 1) * DAY}

    def screen(self, item: Item) -> bool:
        return item.sound

    def met(self, moment: Moment) -> Proof | None:
        found = self._mean(moment)
        if found is None:
            return None
        mean, items = found
        used = tuple(bound for bound in self.bounds if bound.passes(mean.diastolic if bound.component == "value2" else mean.systolic))
        if not used:
            return None
        figures = {"total": round(mean.systolic, 1), "baseline": round(mean.diastolic, 1), "count": mean.n}
        return Proof(items, used, figures=figures)

    def _mean(self, moment: Moment) -> tuple[home_bp.Mean, tuple[Item, ...]] | None:
        items = moment.window("bp", (home_bp.DAYS + 1) * DAY)
        if len(items) < home_bp.MIN_READINGS:
            return None
        week = home_bp.average(home_bp.diary([item.reading for item in items]))
        if week.state != "valid" or week.mean is None:
            return None
        return week.mean, tuple(items)

    def over(self, moment: Moment) -> bool:
        found = self._mean(moment)
        if found is None:
            return False
        mean, unit = found[0], self.bounds[0].unit
        return all(b.back(mean.diastolic if b.component == "value2" else mean.systolic, b.limit, unit) for b in self.bounds)
