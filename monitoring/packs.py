"""Rule packs: what clinicians decided, as data with its sources (packs/*.toml), and the changes a clinician makes for one patient."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any

from healthhub.lib.refused import Invalid
from healthhub.lib.units import to_canonical
from healthhub.records.catalogue import BY_KEY
from monitoring.judging.definitions import CONDITIONS, LOCALES, rule_of
from monitoring.judging.rules import Missing, Population, Rule, Tier

__all__ = ["CONDITIONS", "LOCALES", "Missing", "Population", "Rule", "Tier", "from_definition", "load", "missing_rules", "with_limits"]

PACKS = Path(__file__).with_name("packs")
# Said once at the head of a pack, meant for each of its rules.
SHARED = ("version", "source", "effective_from", "ask")


@lru_cache(maxsize=8)
def load(locale: str, *, device_mode: bool = True) -> tuple[Rule, ...]:
    """This function will give the rules of a locale ("CN", "US", "EU"), in the order of the packs.

    Without `device_mode` the rules that make the product a medical device (CGM prediction, rhythm) are left out.
    """
    if locale not in LOCALES:
        raise Invalid(f"There is no rule pack for {locale!r}.", code="unknown_locale", field="locale")
    return tuple(rule for rule in _all() if locale in rule.locales and (device_mode or not rule.device_mode))


@lru_cache(maxsize=1)
def _all() -> tuple[Rule, ...]:
    rules = []
    for path in sorted(PACKS.glob("*.toml")):
        pack = tomllib.loads(path.read_text(encoding="utf-8"))
        shared = {key: pack[key] for key in SHARED if key in pack}
        for definition in pack["rule"]:
            try:
                rules.append(rule_of(shared | definition))
            except Invalid as wrong:
                raise ValueError(f"{path.name}: {definition.get('id')}: {wrong.sentence}") from wrong
    return tuple(rules)


def from_definition(definition: Mapping[str, Any]) -> Rule:
    """This function will make a rule a team wrote. Raises Invalid(code="bad_rule", field=...) naming the wrong field."""
    return rule_of(definition)


def with_limits(rules: Iterable[Rule], changes: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """This function will apply a patient's limits: rule id -> `{"off": true}` or `{"sbp": {"value": 170, "unit": "mm[Hg]"}, ...}`.

    The names are those of `Rule.limits`. Ids that are not among the rules are passed over: a limit may outlive its rule.
    Raises Invalid(code="bad_limit") naming the field where a change is not possible.
    """
    return tuple(_changed(rule, changes[rule.id]) if rule.id in changes else rule for rule in rules)


def _changed(rule: Rule, change: Mapping[str, Any]) -> Rule:
    if not isinstance(change, Mapping) or not change:
        raise Invalid("A limit says what it changes.", code="bad_limit", field="changes")
    definition = dict(rule.definition)
    limits = dict(definition.get("limits", {}))
    for name, wanted in change.items():
        if name == "off":
            definition["off"] = _switched(rule, wanted)
        elif name in limits:
            limits[name] = _figure(rule, name, wanted)
        else:
            known = ", ".join(["off", *limits])
            raise Invalid(f"{rule.id} has no limit {name!r}: {known}.", code="bad_limit", field=f"changes.{name}")
    definition["limits"] = limits
    return rule_of(definition)


def _switched(rule: Rule, wanted: Any) -> bool:
    if not isinstance(wanted, bool):
        raise Invalid("`off` is true or false.", code="bad_limit", field="changes.off")
    if wanted and not rule.may_off:
        raise Invalid(f"{rule.id} cannot be switched off.", code="bad_limit", field="changes.off")
    return wanted


def _figure(rule: Rule, name: str, wanted: Any) -> dict[str, float]:
    """This function will give the new figure by unit: as given, and in the canonical unit where it was given in another."""
    field = f"changes.{name}"
    if not isinstance(wanted, Mapping) or not set(wanted) <= {"value", "unit"}:
        raise Invalid("A limit is a value with its unit.", code="bad_limit", field=field)
    value, unit = wanted.get("value"), wanted.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Invalid("The value of a limit is a number.", code="bad_limit", field=f"{field}.value")
    now = rule.limits[name]
    if not isinstance(unit, str) or unit not in now:
        raise Invalid(f"The unit of this limit is one of {', '.join(now)}.", code="bad_limit", field=f"{field}.unit")
    # Half to double what the pack says: beyond that it is a slip, or another rule.
    if not min(now[unit] / 2, now[unit] * 2) <= value <= max(now[unit] / 2, now[unit] * 2):
        raise Invalid(
            f"The pack says {now[unit]:g} {unit}; a limit lies between half and double of it.", code="bad_limit", field=f"{field}.value"
        )
    canonical = next(iter(now))
    if unit == canonical:
        return {unit: float(value)}
    kind = BY_KEY[min(rule.kinds)]
    return {canonical: to_canonical(float(value), unit=unit, kind=kind), unit: float(value)}


def missing_rules(rules: Iterable[Rule]) -> tuple[tuple[Rule, Missing], ...]:
    """This function will give the rules on silence, with what they expect. They are judged on server receive time, by the sweep."""
    return tuple((rule, rule.missing) for rule in rules if rule.missing is not None and not rule.off)
