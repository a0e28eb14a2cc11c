"""Makes conditions from the `when` table of a definition."""

from collections.abc import Callable, Mapping
from typing import Any

from healthhub.records.catalogue import BY_KEY
from monitoring.judging.bounds import OPS, Bound
from monitoring.judging.bundles import DayTotal, News2, Part, Together, Week, Worse
from monitoring.judging.rules import LANGUAGES
from monitoring.judging.spec import WORD, Spec
from monitoring.judging.sustained import Relative, Sustained
from monitoring.judging.thresholds import Back, Condition, Repeat, Threshold
from monitoring.judging.trends import Baseline, Change, Mean, Slope, Step

COMPONENTS = ("value", "value2")
# Pressures come back by 5 mmHg, everything else by 5 % unless the rule says otherwise.
MARGINS = {"mm[Hg]": 5.0}
NEAREST = 1e-6


class Limits:
    """The figures of a rule by name, each in one or more units; the first unit is the one canonical values are compared in."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._used: set[str] = set()
        self.figures: dict[str, dict[str, float]] = {}
        for name in spec.named():
            if not WORD.fullmatch(name):
                spec.refuse(name, "must be a small word")
            table = spec.table(name)
            if not table.named() or len(table.named()) > 4:
                spec.refuse(name, "needs one to four units")
            self.figures[name] = {unit: table.number(unit, low=-1e5, high=1e6) for unit in table.named()}

    def bound(self, spec: Spec, *, margin: Mapping[str, float], share: float, kind: str | None) -> Bound:
        """This function will read `{at_least|above|at_most|below = "name", of = "value"|"value2"}` as a bound."""
        ops = [op for op in OPS if spec.has(op)]
        if len(ops) != 1:
            spec.refuse("", f"needs exactly one of {', '.join(OPS)}")
        name = spec.choice(ops[0], self.figures)
        component = spec.choice("of", COMPONENTS, "value")
        spec.done()
        self._used.add(name)
        figures = self.figures[name]
        unit = next(iter(figures))
        if kind is not None:
            self._check_units(name, figures, kind)
            unit = BY_KEY[kind].unit
        native: dict[str, float] = {}
        margins = dict(margin or MARGINS)
        for spelling, code in (BY_KEY[kind].ucum if kind is not None else {}).items():
            if code in figures and code != unit:
                native[spelling] = figures[code]
                if code in margins:
                    margins[spelling] = margins[code]
        return Bound(name, ops[0], unit, figures[unit], component, native, margins, share)

    def _check_units(self, name: str, figures: Mapping[str, float], kind: str) -> None:
        known = BY_KEY[kind]
        codes = {known.unit, *known.ucum.values()}
        for unit in figures:
            if unit not in codes:
                self._spec.refuse(f"{name}.{unit}", f"is no unit of {kind}: {', '.join(sorted(codes))}")
        if known.unit not in figures:
            self._spec.refuse(name, f"needs the limit in {known.unit}")

    def all_used(self) -> None:
        """This function will refuse a limit that nothing refers to."""
        for name in self.figures:
            if name not in self._used:
                self._spec.refuse(name, "is used by nothing in `when`")


def condition_of(spec: Spec, limits: Limits) -> Condition:
    """This function will make the condition of a `when` table, or of a part of one."""
    made = TYPES[spec.choice("type", TYPES)](spec, limits)
    spec.done()
    return made


def _kinds(spec: Spec) -> frozenset[str]:
    kinds = spec.words("kinds", BY_KEY)
    if not kinds:
        spec.refuse("kinds", "is needed")
    if len({BY_KEY[kind].unit for kind in kinds}) > 1:
        spec.refuse("kinds", "must share one unit")
    return kinds


def _kind(spec: Spec) -> str:
    return spec.choice("kind", BY_KEY)


def _back(spec: Spec) -> tuple[Back, dict[str, float], float]:
    """This function will read `back = {for, gap, share, margin = {unit = number}}`."""
    table = spec.table("back")
    margin = table.table("margin")
    margins = {unit: margin.number(unit, low=0) for unit in margin.named()}
    back = Back(table.seconds("for", "0s"), table.seconds("gap", "30m"))
    share = table.number("share", 0.05, low=0, high=0.5)
    table.done()
    return back, margins, share


def _where(spec: Spec, key: str = "where") -> dict[str, frozenset[str]]:
    table = spec.table(key)
    return {word: table.words(word) for word in table.named()}


def _repeats(spec: Spec) -> tuple[Repeat, ...]:
    repeats = []
    for one in spec.tables("repeat", most=4):
        repeats.append(Repeat(one.count("times", 2, low=2, high=20), one.seconds("apart", "1m"), one.seconds("within")))
        one.done()
    return tuple(repeats)


def _values(spec: Spec, limits: Limits, *, percent: bool = False) -> dict[str, Any]:
    """This function will read what every condition on single values has."""
    kinds = _kinds(spec)
    back, margin, share = _back(spec)
    kind = None if percent else min(kinds)

    def read(key: str) -> tuple[Bound, ...]:
        return tuple(limits.bound(one, margin=margin, share=share, kind=kind) for one in spec.tables(key))

    every = spec.has("all")
    bounds = read("all" if every else "any")
    if not bounds or (every and spec.has("any")):
        spec.refuse("any", "or `all` must list at least one limit (not both)")
    return {
        "kind_set": kinds,
        "bounds": bounds,
        "every": every,
        "unless": read("unless"),
        "where": _where(spec),
        "repeats": _repeats(spec),
        "back": back,
        "believed": spec.flag("believed", False),
    }


def _threshold(spec: Spec, limits: Limits) -> Condition:
    return Threshold(**_values(spec, limits))


def _sustained(spec: Spec, limits: Limits) -> Condition:
    values = _values(spec, limits)
    of = spec.count("of", 0, low=0, high=50)
    least = spec.count("least", 0, low=0, high=50)
    if of and not 0 < least <= of:
        spec.refuse("least", "must be from 1 to `of`")
    seconds = spec.seconds("for", "0s" if of else None)
    return Sustained(**values, seconds=seconds, gap=spec.seconds("gap", "30m"), least=least, of=of, still=spec.flag("still", False))


def _relative(spec: Spec, limits: Limits) -> Condition:
    return Relative(**_values(spec, limits, percent=True), best_key=spec.text("best", longest=40))


def _change(spec: Spec, limits: Limits) -> Condition:
    kind = _kind(spec)
    _, margin, share = _back(spec)
    steps = []
    for one in spec.tables("steps"):
        way = one.choice("way", ("rise", "fall", "differ"))
        within, percent, reason = one.seconds("within"), one.flag("percent", False), one.text("reason", "", longest=40)
        size = one.table("size")
        steps.append(Step(way, limits.bound(size, margin=margin, share=share, kind=None if percent else kind), within, percent, reason))
        one.done()
    if not steps:
        spec.refuse("steps", "is needed")
    session, undo = spec.seconds("session", "0s"), spec.flag("undo", False)
    across = spec.text("across", "", longest=40)
    return Change(kind, tuple(steps), session, _where(spec), _where(spec, "earlier"), across, undo)


def _slope(spec: Spec, limits: Limits) -> Condition:
    values = _values(spec, limits)
    pace = limits.bound(spec.table("pace"), margin={}, share=0.05, kind=min(values["kind_set"])) if spec.has("pace") else None
    ahead = spec.seconds("ahead", "0s")
    if (pace is None) == (ahead == 0):
        spec.refuse("pace", "or `ahead` is needed (not both)")
    return Slope(**values, pace=pace, ahead=ahead, nearest=spec.seconds("nearest", "4m"), farthest=spec.seconds("farthest", "20m"))


def _baseline(spec: Spec, limits: Limits) -> Condition:
    kind = _kind(spec)
    back, margin, share = _back(spec)
    repeats = _repeats(spec)
    percent = spec.flag("percent", False)
    only = limits.bound(spec.table("only"), margin={}, share=0.0, kind=kind) if spec.has("only") else None
    return Baseline(
        kind=kind,
        way=spec.choice("way", ("rise", "fall")),
        bound=limits.bound(spec.table("size"), margin=margin, share=share, kind=None if percent else kind),
        percent=percent,
        seconds=spec.seconds("over"),
        statistic=spec.choice("statistic", ("median", "mean"), "median"),
        ends=spec.seconds("ends", "1h"),
        own=spec.flag("own", False),
        least=spec.count("least", 4, low=2),
        least_days=spec.count("least_days", 1),
        recent=spec.seconds("recent", "0s"),
        recent_least=spec.count("recent_least", 3),
        spread=spec.number("spread", 0.0, low=0, high=6),
        session=spec.seconds("session", "0s"),
        repeat=repeats[0] if repeats else None,
        only=only,
        back=back,
    )


def _mean(spec: Spec, limits: Limits) -> Condition:
    values = _values(spec, limits)
    return Mean(**values, seconds=spec.seconds("over"), least=spec.count("least", 4))


def _week(spec: Spec, limits: Limits) -> Condition:
    bounds = tuple(limits.bound(one, margin={}, share=0.05, kind="bp") for one in spec.tables("any"))
    if not bounds:
        spec.refuse("any", "is needed")
    return Week(bounds)


def _news2(spec: Spec, limits: Limits) -> Condition:
    bound = limits.bound(spec.table("total"), margin={}, share=0.0, kind=None)
    return News2(bound, spec.words("bands", ("low", "low_medium", "medium", "high")), spec.seconds("within", "30m"))


def _worse(spec: Spec, limits: Limits) -> Condition:
    return Worse(_kinds(spec), spec.number("by", 1.0, low=NEAREST), spec.seconds("within", "14d"), spec.flag("new", True))


def _day_total(spec: Spec, limits: Limits) -> Condition:
    bound = limits.bound(spec.table("percent"), margin={}, share=0.05, kind=None)
    return DayTotal(_kind(spec), bound, spec.count("days", 14, high=60), spec.count("least", 7, high=60))


def _together(spec: Spec, limits: Limits) -> Condition:
    parts = []
    for index, one in enumerate(spec.tables("parts", most=12)):
        texts = one.table("name")
        name = {language: texts.text(language, longest=80) for language in LANGUAGES}
        within, key = one.seconds("within"), one.text("key", f"part_{index}", longest=40)
        parts.append(Part(condition_of(one.table("when"), limits), within, name, key))
        one.done()
    least = spec.count("least", len(parts) or 1, high=12)
    if len(parts) < 2 or least > len(parts) or len({part.key for part in parts}) < len(parts):
        spec.refuse("parts", "must be two or more with keys of their own, and `least` no more than there are")
    return Together(tuple(parts), least, spec.flag("latest", True))


TYPES: dict[str, Callable[[Spec, Limits], Condition]] = {
    "threshold": _threshold,
    "sustained": _sustained,
    "relative": _relative,
    "change": _change,
    "slope": _slope,
    "baseline": _baseline,
    "mean": _mean,
    "week": _week,
    "news2": _news2,
    "worse": _worse,
    "day_total": _day_total,
    "together": _together,
}
