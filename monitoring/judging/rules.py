"""A rule: a condition with its severity, population, texts and source; and a plan: the rules of one patient, by kind."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

from healthhub.lib.data_classes import joined
from healthhub.records.catalogue import BY_KEY
from monitoring.judging.thresholds import Condition, Proof
from monitoring.judging.values import RANK, Item, PatientContext

LANGUAGES = ("zh-hans", "en")
# The words in braces a text may use.
SLOTS = frozenset(
    {"value", "value2", "unit", "limit", "change", "baseline", "minutes", "hours", "count", "total", "ahead", "what", "emergency", "crisis"}
)
# Whom to call, by locale: emergency, and the line for a person in despair.
NUMBERS = {"CN": ("120", "12356"), "US": ("911", "988"), "EU": ("112", "112")}
NO_WORDS = dict.fromkeys(SLOTS, "–")
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Population:
    """For whom a rule is: any of (empty: everyone), all of, none of these condition codes."""

    any: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()

    def has(self, conditions: frozenset[str]) -> bool:
        """This function will tell whether a patient with these condition codes belongs to it."""
        if self.any and not self.any & conditions:
            return False
        return self.all <= conditions and not self.none & conditions


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a missing-data rule: silent for `after` -> this severity, said to `who` (patient, carer, nurse, staff, support)."""

    after: timedelta
    severity: str
    who: str


@dataclass(frozen=True)
class Missing:
    """Readings of `kinds` are expected `every` so often; the tiers say what silence means. Judged on server receive time, elsewhere."""

    kinds: tuple[str, ...]
    every: timedelta
    tiers: tuple[Tier, ...]
    hours: tuple[int, int] | None = None  # local hours between which silence counts, [from, to)


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule of a pack or of a team. `definition` is what it was read from, as plain data; `limits` are the figures one may change."""

    id: str
    version: str
    severity: str
    data_class: str
    source: str
    effective_from: str
    locales: frozenset[str]
    population: Population
    condition: Condition | None
    missing: Missing | None
    family: str
    auto_close: bool
    off: bool
    may_off: bool
    device_mode: bool
    patient_text: Texts
    clinician_text: Texts
    name: Texts
    ask: Texts | None  # the words that ask for a second reading
    limits: Mapping[str, Mapping[str, float]]
    definition: Mapping[str, Any] = field(repr=False)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of readings at which the rule is judged."""
        if self.condition is not None:
            return self.condition.kinds
        return frozenset(self.missing.kinds) if self.missing is not None else frozenset()

    @property
    def data_classes(self) -> frozenset[str]:
        """Every class of data its evidence may show: a bundle of pressure and symptoms needs consent to both."""
        return frozenset({self.data_class, *(BY_KEY[kind].data_class for kind in self.kinds if kind in BY_KEY)})

    @cached_property
    def covered_by(self) -> str:
        """The classes that a viewer's consent must cover, as findings carry them: `reported+vitals`."""
        return joined(self.data_classes)

    @property
    def rank(self) -> int:
        """The severity as a number, 0 (info) to 4 (red)."""
        return RANK[self.severity]


@dataclass(frozen=True, eq=False)
class Plan:
    """The rules of one patient, with her limits applied. Cheap to share: patients without own limits have the same plan."""

    rules: tuple[Rule, ...]

    def kinds(self) -> frozenset[str]:
        """This function will give every kind at which some rule is judged."""
        return frozenset(kind for rule in self.rules if rule.condition is not None and not rule.off for kind in rule.kinds)

    def window(self, kind: str, conditions: frozenset[str] | None = None) -> timedelta:
        """This function will say how much history of a kind its rules may look back upon (zero: none).

        With `conditions` only the rules for such a patient count: most kinds then need minutes, not weeks.
        """
        return timedelta(seconds=max(_reaches(self, conditions).get(kind, 0.0), 0.0))

    def windows(self, kinds: frozenset[str], conditions: frozenset[str]) -> Mapping[str, timedelta]:
        """This function will give, for a batch of readings of these kinds, the history each kind read by their rules needs."""
        return _windows(self, kinds, conditions)

    def listeners(self, conditions: frozenset[str]) -> Mapping[str, tuple[Rule, ...]]:
        """This function will give the rules for a patient with these conditions by the kind they are judged at."""
        return _listeners(self, conditions)


@lru_cache(maxsize=4096)
def _listeners(plan: Plan, conditions: frozenset[str]) -> Mapping[str, tuple[Rule, ...]]:
    by_kind: dict[str, list[Rule]] = defaultdict(list)
    for rule in plan.rules:
        if rule.condition is not None and not rule.off and rule.population.has(conditions):
            for kind in rule.condition.kinds:
                by_kind[kind].append(rule)
    return {kind: tuple(rules) for kind, rules in by_kind.items()}


@lru_cache(maxsize=4096)
def _windows(plan: Plan, kinds: frozenset[str], conditions: frozenset[str]) -> Mapping[str, timedelta]:
    reach: dict[str, float] = defaultdict(float)
    for kind in kinds:
        for rule in plan.listeners(conditions).get(kind, ()):
            for needed, seconds in rule.condition.reach.items() if rule.condition else ():
                reach[needed] = max(reach[needed], seconds)
    return {kind: timedelta(seconds=seconds) for kind, seconds in reach.items()}


@lru_cache(maxsize=4096)
def _reaches(plan: Plan, conditions: frozenset[str] | None) -> Mapping[str, float]:
    reach: dict[str, float] = defaultdict(float)
    for rule in plan.rules:
        if rule.condition is None or rule.off or (conditions is not None and not rule.population.has(conditions)):
            continue
        for kind, seconds in rule.condition.reach.items():
            reach[kind] = max(reach[kind], seconds)
    return reach


def evidence(rule: Rule, item: Item, proof: Proof, context: PatientContext) -> dict[str, Any]:
    """This function will give what an alert keeps: inputs, limits as used, reasons, source, version and both texts as shown."""
    slots = _slots(item, proof, context)
    return {
        "inputs": [_input(one) for one in proof.items],
        "limits": [bound.said(item) for bound in proof.bounds],
        "reasons": list(proof.reasons),
        "figures": {key: value for key, value in proof.figures.items() if value is not None and key != "shown"},
        "rule": {"id": rule.id, "version": rule.version, "source": rule.source, "severity": rule.severity},
        "source": rule.source,
        "locale": context.locale,
        "texts": {
            "patient": {language: _filled(rule.patient_text[language], slots, language) for language in LANGUAGES},
            "clinician": {language: _filled(rule.clinician_text[language], slots, language) for language in LANGUAGES},
        },
    }


def _input(item: Item) -> dict[str, Any]:
    reading = item.reading
    given: dict[str, Any] = {
        "kind": reading.kind,
        "at": reading.at.isoformat(),
        "value": reading.value,
        "value2": reading.value2,
        "unit": _unit(reading.kind),
        "seq": reading.seq,
    }
    if item.unit:
        given["sent"] = item.sent
        given["sent_unit"] = (reading.context or {}).get("unit")
    return given


def _unit(kind: str) -> str:
    known = BY_KEY.get(kind)
    return known.unit if known is not None else ""


def _slots(item: Item, proof: Proof, context: PatientContext) -> dict[str, Any]:
    shown: Item = proof.figures.get("shown") or (proof.items[-1] if proof.items else item)
    slots: dict[str, Any] = NO_WORDS.copy()
    unit = (shown.reading.context or {}).get("unit") if shown.unit else _unit(shown.reading.kind)
    slots |= {"value": shown.sent if shown.unit else shown.value, "value2": shown.value2, "unit": str(unit)}
    if proof.bounds:
        slots["limit"] = proof.bounds[0].said(shown)["value"]
    slots["emergency"], slots["crisis"] = NUMBERS.get(context.locale, NUMBERS["EU"])
    return slots | {key: value for key, value in proof.figures.items() if value is not None}


class _Words:
    """The slots of a text in one language, put into words only when the text asks for them."""

    __slots__ = ("_language", "_slots")

    def __init__(self, slots: Mapping[str, Any], language: str) -> None:
        self._slots = slots
        self._language = language

    def __getitem__(self, name: str) -> str:
        return _said(self._slots[name], self._language)


def _filled(text: str, slots: Mapping[str, Any], language: str) -> str:
    return text.format_map(_Words(slots, language)) if "{" in text else text


UNIT_WORDS = {"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "[lb_av]": "lb", "[jin_ch]": "斤", "{INR}": "", "{score}": "", "{steps}": ""}


def _said(value: Any, language: str) -> str:
    """A figure as a person reads it; a reason's name in her language."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
    if isinstance(value, str):
        return UNIT_WORDS.get(value, value)
    if value is None:
        return "–"
    return str(value.get(language, "")) if isinstance(value, Mapping) else str(value)
