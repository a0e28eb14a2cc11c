"""Short words for tables of readings: `bp(0, 185, 95)` is 185/95 at minute 0."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from healthhub.lib.units import to_canonical
from healthhub.records.catalogue import BY_KEY
from monitoring import packs
from monitoring.judge import Finding, PatientContext, Plan, Reading, findings

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLANS = {locale: Plan(packs.load(locale)) for locale in ("CN", "US", "EU")}
HOUR, DAY = 60.0, 1440.0


def one(kind: str, minute: float, value: float, value2: float | None = None, *, flags: int = 0, **context: Any) -> Reading:
    return Reading(kind, START + timedelta(minutes=minute), value, value2, flags, context or None)


def bp(minute: float, sbp: float, dbp: float = 75, **more: Any) -> Reading:
    return one("bp", minute, sbp, dbp, **more)


def mg(minute: float, value: float, kind: str = "glucose", **more: Any) -> Reading:
    """A glucose sent in mg/dL: the canonical value is in mmol/L, what was sent is kept beside it."""
    canonical = to_canonical(value, unit="mg/dL", kind=BY_KEY["glucose"])
    return one(kind, minute, canonical, unit="mg/dL", sent=value, **more)


def judged(
    readings: Iterable[Reading], *conditions: str, locale: str = "CN", opened: Iterable[str] = (), plan: Plan | None = None, **values: float
) -> list[Finding]:
    context = PatientContext(frozenset(conditions), locale, values)
    return findings(plan or PLANS[locale], list(readings), {}, context, frozenset(opened))


def fired(readings: Iterable[Reading], *conditions: str, family: str = "", **more: Any) -> set[str]:
    """The rules that hold at the last reading (of a family of ids, where given)."""
    given = list(readings)
    found = judged(given, *conditions, **more)
    return {f.rule_id for f in found if f.at == given[-1].at and not f.clear and f.rule_id.startswith(family)}


def cleared(readings: Iterable[Reading], *conditions: str, **more: Any) -> set[str]:
    return {f.rule_id for f in judged(readings, *conditions, **more) if f.clear}
