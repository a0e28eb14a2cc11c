"""Silence is a finding: measurements that are expected, judged on when the server last heard, never on the device's clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from healthhub.people.models import Patient
from healthhub.records import shown as readings
from healthhub.records.catalogue import BY_KEY
from monitoring import alerts, plans
from monitoring.judge import Finding, Rule
from monitoring.judging.rules import LANGUAGES, Missing, Tier
from monitoring.models import Expected
from monitoring.plans import Situation
from notifications import post
from notifications.post import Message

GROUPS = {"patient": "patient", "carer": "persons", "nurse": "on_duty", "staff": "on_duty", "support": "on_duty"}


def rules_of(situation: Situation) -> dict[str, Rule]:
    """This function will give the missing-data rules that apply to the patient, by id."""
    return {
        rule.id: rule
        for rule in situation.plan.rules
        if rule.missing is not None and not rule.off and rule.population.has(situation.context.conditions)
    }


def begin(*, patient: Patient, now: datetime) -> int:
    """This function will start the clocks of all missing-data rules of a patient who has just been enrolled."""
    rules = rules_of(plans.situation(patient_id=patient.id, now=now))
    for rule in rules.values():
        _start(patient.id, rule, now)
    return len(rules)


def _start(patient_id: UUID, rule: Rule, now: datetime) -> None:
    missing, first = _missing(rule)
    Expected.objects.get_or_create(
        patient_id=patient_id,
        rule_id=rule.id,
        defaults={"kinds": list(missing.kinds), "first_after": first.after, "due_at": now + first.after, "last_received_at": now},
    )


def _missing(rule: Rule) -> tuple[Missing, Tier]:
    if rule.missing is None:
        raise TypeError(f"{rule.id} is not about missing data")
    return rule.missing, rule.missing.tiers[0]


def heard(*, patient: Patient, kinds: set[str], situation: Situation, now: datetime) -> None:
    """This function will restart the clocks of what the kinds were expected for, and close the silence that ends with them."""
    applying = {rule_id: rule for rule_id, rule in rules_of(situation).items() if kinds & set(_missing(rule)[0].kinds)}
    if not applying:
        return
    with connection.cursor() as cursor:
        # A clock that was restarted a moment ago is left alone: a stream of readings must not rewrite the row each time.
        cursor.execute(
            "UPDATE monitoring_expected SET last_received_at = %s, due_at = %s + first_after, tier = 0 WHERE patient_id = %s "
            "AND rule_id = ANY(%s) AND (tier > 0 OR due_at IS NULL OR due_at < %s + first_after * 0.9)",
            [now, now, patient.id, list(applying), now],
        )
        if not cursor.rowcount:
            cursor.execute(
                "SELECT rule_id FROM monitoring_expected WHERE patient_id = %s AND rule_id = ANY(%s)", [patient.id, list(applying)]
            )
            for rule_id in applying.keys() - {row[0] for row in cursor.fetchall()}:
                _start(patient.id, applying[rule_id], now)
    for rule_id in applying.keys() & situation.open_rules:
        alerts.clear(_finding(applying[rule_id], _missing(applying[rule_id])[1], timedelta(0), now, clear=True), patient=patient, now=now)


def _finding(rule: Rule, tier: Tier, silent: timedelta, now: datetime, *, clear: bool = False) -> Finding:
    hours = round(silent.total_seconds() / 3600, 1)
    said = f"{hours:g}"
    texts = {
        audience: {language: words[language].replace("{hours}", said) for language in LANGUAGES}
        for audience, words in (("patient", rule.patient_text), ("clinician", rule.clinician_text))
    }
    evidence = {
        "inputs": [],
        "limits": [{"name": "silent_for", "value": tier.after.total_seconds() / 3600, "unit": "h"}],
        "reasons": ["missing_data"],
        "figures": {"hours": hours},
        "rule": {"id": rule.id, "version": rule.version, "source": rule.source, "severity": tier.severity},
        "source": rule.source,
        "texts": texts,
    }
    return Finding(rule.id, rule.version, tier.severity, rule.covered_by, now, evidence, clear=clear)


def handle_due(*, now: datetime, limit: int = 200) -> int:
    """This function will tell up to `limit` silences that have lasted long enough, each in its own transaction."""
    handled = 0
    while handled < limit and _handle_one(now):
        handled += 1
    return handled


@transaction.atomic
def _handle_one(now: datetime) -> bool:
    row = (
        Expected.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("patient", "patient__team")
        .filter(due_at__lte=now)
        .order_by("due_at")
        .first()
    )
    if row is None:
        return False
    rule = rules_of(plans.situation(patient_id=row.patient_id, now=now)).get(row.rule_id)
    if rule is None or rule.missing is None or row.tier >= len(rule.missing.tiers):
        # The rule was switched off, or no longer fits the patient.
        row.due_at = None
    elif (opens := _opens_at(rule.missing, row.patient.time_zone, now)) is not None:
        row.due_at = opens
    else:
        tier = rule.missing.tiers[row.tier]
        since = row.last_received_at or now - tier.after
        outbox: list[Message] = []
        alert = alerts.open_for(_finding(rule, tier, now - since, now), patient=row.patient, now=now, outbox=outbox)
        outbox += alerts.words_for_group(alert, GROUPS[tier.who], reason=f"silent_{row.tier}", now=now)
        post.post_all(messages=outbox, now=now)
        row.tier += 1
        later = rule.missing.tiers[row.tier].after if row.tier < len(rule.missing.tiers) else None
        row.due_at = max(since + later, now) if later is not None else None
    row.save()
    return True


def _opens_at(missing: Missing, zone: str, now: datetime) -> datetime | None:
    """When silence counts only between some local hours: the moment they begin, or None when they have."""
    if missing.hours is None:
        return None
    first, last = missing.hours
    local = now.astimezone(ZoneInfo(zone))
    inside = first <= local.hour < last if first < last else local.hour >= first or local.hour < last
    if inside:
        return None
    start = local.replace(hour=first, minute=0, second=0, microsecond=0)
    return start if start > local else start + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A measurement that her rules expect so often, and whether it is done for now. `kind` is the first of those that would do."""

    kind: str
    every: timedelta
    last_at: datetime | None
    done: bool


def wanted_today(*, patient: Patient, classes: Collection[str], now: datetime) -> list[Wanted]:
    """This function will say what she is to measure today, where she is: due by tonight, or done already. Medicines are care's business.

    Only kinds of the `classes` that the viewer may see.
    """
    rules = rules_of(plans.situation(patient_id=patient.id, now=now))
    newest = readings.latest(patient_id=patient.id, classes=classes, now=now)
    zone, found = ZoneInfo(patient.time_zone), dict[str, Wanted]()
    for missing in sorted((_missing(rule)[0] for rule in rules.values()), key=lambda one: one.every):
        kind = missing.kinds[0]
        if BY_KEY[kind].data_class not in classes or kind == "medication_taken" or kind in found:
            continue
        last = max((newest[key].at for key in missing.kinds if key in newest), default=None)
        if last is None:
            found[kind] = Wanted(kind, missing.every, None, done=False)
        elif _same_day(last, now, zone) and now < last + missing.every:
            found[kind] = Wanted(kind, missing.every, last, done=True)
        elif last + missing.every <= now or _same_day(last + missing.every, now, zone):
            found[kind] = Wanted(kind, missing.every, last, done=False)
    return list(found.values())


def _same_day(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    return one.astimezone(zone).date() == other.astimezone(zone).date()
