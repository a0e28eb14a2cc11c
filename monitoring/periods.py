"""What a period's readings come to: means of mornings and evenings, shares in the target, first and last. Pure arithmetic for reports.

Doubtful readings (outside the plausible range, or a blood pressure without a cuff) are left out of means and shares; how many they
are is told. All values are canonical: mmHg, mmol/L, kg.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from healthhub.records.catalogue import CENSORED_HIGH, CENSORED_LOW, CUFFLESS, SUSPICIOUS
from healthhub.records.shown import Seen
from monitoring import home_bp
from monitoring.home_bp import Average, Mean

LOW, HIGH = 3.9, 10.0  # mmol/L: the range of people with diabetes, its limits inside
BEFORE = frozenset({"fasting", "before_meal"})


@dataclass(frozen=True, slots=True)
class Pressure:
    """Blood pressures of a period (mmHg): how many count, means, the share below the target, the highest, and the last full week."""

    n: int
    left_out: int
    mean: Mean
    morning: Mean | None
    evening: Mean | None
    below: int
    target: tuple[float, float]
    highest: Seen
    week: Average


@dataclass(frozen=True, slots=True)
class Sugar:
    """Finger-stick glucose of a period (mmol/L): means of all, of those before and after meals, and how many lie in 3.9-10.0."""

    n: int
    left_out: int
    mean: float
    before: tuple[int, float] | None
    after: tuple[int, float] | None
    inside: int
    lows: int
    lowest: Seen
    highest: Seen


@dataclass(frozen=True, slots=True)
class Plain:
    """Any other kind over a period: how many count, mean, extremes, the first and the last."""

    n: int
    left_out: int
    mean: float
    low: float
    high: float
    first: Seen
    last: Seen


def counts(one: Seen) -> bool:
    """This function will tell whether a reading counts towards means and shares."""
    return not one.flags & (SUSPICIOUS | CUFFLESS)


def pressure(readings: Sequence[Seen], *, target: tuple[float, float], until: date) -> Pressure | None:
    """This function will sum up blood pressures; `target` is reached from above where either value is at or beyond it.

    The week is the diagnostic one that ends with `until`. None where no reading counts.
    """
    kept = [one for one in readings if counts(one) and one.value2 is not None]
    if not kept:
        return None
    entries = home_bp.diary(kept, until=until, days=400)
    morning = [entry for entry in entries if entry.part == "am"]
    evening = [entry for entry in entries if entry.part == "pm"]
    return Pressure(
        n=len(kept),
        left_out=len(readings) - len(kept),
        mean=Mean(fmean(one.value for one in kept), fmean(one.value2 or 0.0 for one in kept), len(kept)),
        morning=_mean(morning),
        evening=_mean(evening),
        below=sum(one.value < target[0] and (one.value2 or 0.0) < target[1] for one in kept),
        target=target,
        highest=max(kept, key=lambda one: one.value),
        week=home_bp.average(home_bp.diary(kept, until=until)),
    )


def _mean(entries: Sequence[home_bp.Entry]) -> Mean | None:
    if not entries:
        return None
    return Mean(fmean(entry.systolic for entry in entries), fmean(entry.diastolic for entry in entries), len(entries))


def sugar(readings: Sequence[Seen]) -> Sugar | None:
    """This function will sum up finger-stick readings; those a meter could not measure (LO, HI) count as the limit they are beyond."""
    kept = [one for one in readings if counts(one)]
    if not kept:
        return None
    values = [one.value for one in kept]
    before = [one.value for one in kept if _meal(one) in BEFORE]
    after = [one.value for one in kept if _meal(one) == "after_meal"]
    return Sugar(
        n=len(kept),
        left_out=len(readings) - len(kept),
        mean=fmean(values),
        before=(len(before), fmean(before)) if before else None,
        after=(len(after), fmean(after)) if after else None,
        inside=sum(LOW <= one.value <= HIGH and not one.flags & (CENSORED_LOW | CENSORED_HIGH) for one in kept),
        lows=sum(one.value < LOW or bool(one.flags & CENSORED_LOW) for one in kept),
        lowest=min(kept, key=lambda one: one.value),
        highest=max(kept, key=lambda one: one.value),
    )


def _meal(one: Seen) -> str:
    return str((one.context or {}).get("meal", ""))


def plain(readings: Sequence[Seen]) -> Plain | None:
    """This function will sum up readings of any kind of one value; None where none counts."""
    kept = sorted((one for one in readings if counts(one)), key=lambda one: one.at)
    if not kept:
        return None
    values = [one.value for one in kept]
    return Plain(len(kept), len(readings) - len(kept), fmean(values), min(values), max(values), kept[0], kept[-1])
