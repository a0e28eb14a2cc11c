"""Dangerous values that still wait for a second reading: until it comes nobody can say that all is well."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from healthhub.records.shown import Seen
from monitoring import plans
from monitoring.judge import Reading, needs_repeat

WAITS = timedelta(hours=2)


def to_repeat(*, patient_id: UUID, newest: Iterable[Seen], now: datetime) -> tuple[Seen, Mapping[str, str]] | None:
    """This function will give the reading among `newest` (one of each kind) that is to be repeated, with the words of its rule.

    None where no rule asks for it, or where it is more than two hours old: by then it says nothing of now.
    """
    fresh = [one for one in newest if now - one.at < WAITS]
    if not fresh:
        return None
    situation = plans.situation(patient_id=patient_id, now=now)
    for one in fresh:
        reading = Reading(
            one.kind, one.at, one.value, one.value2, one.flags, one.context, one.seq, 0, one.utc_offset, one.method
        )  # whose device it was asks no rule
        words = needs_repeat(situation.plan, reading, situation.context)
        if words is not None:
            return one, words
    return None
