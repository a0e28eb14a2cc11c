"""What is watched for one patient: the pack of her locale, her team's own rules, and the limits set for her.

This is the door to plans for the rest of the house; `packs` and `judge` are behind it.
"""

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from healthhub.audit import log
from healthhub.lib.asked import asked
from healthhub.lib.refused import Conflict, Invalid, NotVisible
from healthhub.people import access, memberships
from healthhub.people.access import Viewer
from healthhub.people.models import Patient
from monitoring import packs
from monitoring.judge import PatientContext, Plan, Rule
from monitoring.judging.bounds import Bound
from monitoring.judging.rules import NUMBERS
from monitoring.judging.thresholds import Threshold
from monitoring.judging.values import RANK
from monitoring.models import LIVE_STATES, Limit, SavedRule

logger = logging.getLogger(__name__)
# The limit under which personal figures (best peak flow, dry weight) are kept: many rules use them.
FIGURES = "figures"
MAX_LIMIT = timedelta(days=366)
# A second reading is asked for while she still sits there, up to this many seconds apart.
AT_ONCE = 300.0


@dataclass(frozen=True, slots=True)
class Situation:
    """All that judging must know of a patient besides her readings, read in one statement."""

    plan: Plan
    context: PatientContext
    open_rules: frozenset[str]


_SITUATION = f"""
SELECT p.conditions, p.locale,
       (SELECT coalesce(json_object_agg(rule_id, changes ORDER BY rule_id), '{{}}') FROM monitoring_limit
        WHERE patient_id = p.id AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > %s))::text,
       ARRAY(SELECT rule_id FROM monitoring_alert WHERE patient_id = p.id AND state IN {LIVE_STATES}),
       (SELECT coalesce(json_agg(definition ORDER BY rule_id), '[]') FROM monitoring_savedrule WHERE team_id = p.team_id AND active)::text
FROM people_patient p WHERE p.id = %s
"""


def situation(*, patient_id: UUID, now: datetime) -> Situation:
    """This function will give the patient's plan, context and open rules as they stand."""
    return situation_asked(patient_id=patient_id, now=now)()


def situation_asked(*, patient_id: UUID, now: datetime) -> Callable[[], Situation]:
    """This function will ask for the same; what it gives reads the answer."""
    answer = asked(connection, _SITUATION, [now, patient_id])

    def read() -> Situation:
        rows = answer()
        if not rows:
            raise NotVisible
        conditions, locale, limits, open_rules, saved = rows[0]
        plan, values = _plan(locale, limits, saved)
        return Situation(plan, PatientContext(frozenset(conditions), locale, values), frozenset(open_rules))

    return read


@lru_cache(maxsize=4096)
def _plan(locale: str, limits: str, saved: str) -> tuple[Plan, dict[str, float]]:
    """Patients without limits of their own share one plan per locale and team."""
    changes: dict[str, Any] = json.loads(limits)
    values = {name: float(value) for name, value in changes.pop(FIGURES, {}).items()}
    rules: tuple[Rule, ...] = packs.load(locale) + tuple(packs.from_definition(d) for d in json.loads(saved))
    for rule_id, change in changes.items():
        try:
            rules = packs.with_limits(rules, {rule_id: change})
        except Invalid as refused:
            # A limit may outlive the figure it was set for; then the pack's own figure watches, and nobody's readings are held up.
            logger.error("limit of %s no longer fits its rule (%s): the rule's own figures apply", rule_id, refused.sentence)
    return Plan(rules), values


def figures_of(*, patient_id: UUID) -> dict[str, float]:
    """This function will give the patient's personal figures, such as her best peak flow (L/min)."""
    changes = Limit.objects.filter(patient_id=patient_id, rule_id=FIGURES, ended_at=None).values_list("changes", flat=True).first()
    return {name: float(value) for name, value in (changes or {}).items()}


def in_force(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[dict[str, Any]]:
    """This function will list the rules that watch the patient, each with its limits and whose they are."""
    patient = access.patient_for(viewer, patient_id, action="read", now=now)
    found = situation(patient_id=patient.id, now=now)
    own = {limit.rule_id: limit for limit in Limit.objects.filter(patient=patient, ended_at=None).select_related("set_by")}
    listed = []
    for rule in found.plan.rules:
        if rule.population.has(found.context.conditions):
            limit = own.get(rule.id)
            listed.append(
                {
                    "rule": rule.id,
                    "version": rule.version,
                    "name": dict(rule.name),
                    "severity": rule.severity,
                    "source": rule.source,
                    "data_class": rule.data_class,
                    "limits": {name: dict(figures) for name, figures in rule.limits.items()},
                    "ops": {bound.name: bound.op for bound in getattr(rule.condition, "bounds", ())},
                    "off": rule.off,
                    "may_off": rule.may_off,
                    "limit": limit.id if limit else None,
                    "open": rule.id in found.open_rules,
                    "set_by": limit.set_by.name if limit else None,
                    "set_at": limit.set_at if limit else None,
                    "reason": limit.reason if limit else None,
                    "expires_at": limit.expires_at if limit else None,
                }
            )
    log.record(by=viewer, did="plan.read", patient_id=patient.id, now=now)
    return listed


@transaction.atomic
def at_once(*, patient_id: UUID, kinds: Collection[str], now: datetime) -> list[dict[str, Any]]:
    """This function will give, as plain data, the rules (AMBER and above) that one value alone can break, the most severe first.

    A phone without network judges by them what to tell her now: `bounds` in canonical units with figures native to other units,
    `repeats` in seconds, texts in both languages. The caller has proved that the viewer may write for the patient.
    """
    found = situation(patient_id=patient_id, now=now)
    by_kind = found.plan.listeners(found.context.conditions)
    told = []
    for kind in kinds:
        for rule in by_kind.get(kind, ()):
            condition = rule.condition
            if type(condition) is not Threshold or rule.rank < RANK["amber"]:
                continue
            if condition.repeats and not any(repeat.apart <= AT_ONCE for repeat in condition.repeats):
                continue
            told.append((rule, kind, condition))
    told.sort(key=lambda one: -one[0].rank)
    emergency, _ = NUMBERS[found.context.locale]
    return [_plain(rule, kind, condition, emergency) for rule, kind, condition in told]


def _plain(rule: Rule, kind: str, condition: Threshold, emergency: str) -> dict[str, Any]:
    def bound(one: Bound) -> dict[str, Any]:
        return {"of": one.component, "op": one.op, "limit": one.limit, "native": dict(one.native)}

    return {
        "rule": rule.id,
        "kind": kind,
        "severity": rule.severity,
        "bounds": [bound(one) for one in condition.bounds],
        "every": condition.every,
        "unless": [bound(one) for one in condition.unless],
        "where": {name: sorted(words) for name, words in condition.where.items()},
        "repeats": [{"times": one.times, "apart": one.apart, "within": one.within} for one in condition.repeats],
        "ask": dict(rule.ask) if rule.ask else None,
        "text": {language: text.replace("{emergency}", emergency) for language, text in rule.patient_text.items()},
    }


def unlimited(*, patient: Patient, rule_id: str) -> Rule:
    """This function will give the rule of this id that is for this patient, as the pack or her team says it: without limits of her own.

    Raises Invalid (`unknown_rule`).
    """
    saved = SavedRule.objects.filter(team__patients=patient, active=True).values_list("definition", flat=True)
    known = [*packs.load(patient.locale), *(packs.from_definition(definition) for definition in saved)]
    named = [rule for rule in known if rule.id == rule_id]
    if not named:
        raise Invalid("There is no such rule for this patient.", code="unknown_rule", field="rule")
    # One id may stand for several populations, each with its own limits.
    return next((rule for rule in named if rule.population.has(frozenset(patient.conditions))), named[0])


def set_limit(
    *, patient_id: UUID | str, rule_id: str, changes: dict[str, Any], reason: str, expires_at: datetime | None, by: Viewer, now: datetime
) -> Limit:
    """This function will change one rule for one patient; the limit before it ends.

    Raises Invalid (with the field) for a rule or a figure that does not exist, a reason under 5 characters, or an end that
    is past or more than a year away.
    """
    patient = access.patient_for(by, patient_id, action="limits", now=now)
    if len(reason.strip()) < 5:
        raise Invalid("Say in a few words why.", code="reason_needed", field="reason")
    if expires_at is not None and not now < expires_at <= now + MAX_LIMIT:
        raise Invalid("A limit ends within a year from now.", code="out_of_range", field="expires_at")
    _check_changes(patient, rule_id, changes, now)
    Limit.objects.filter(patient=patient, rule_id=rule_id, ended_at=None).update(ended_at=now, ended_by_id=by.user_id)
    limit = Limit.objects.create(
        patient=patient,
        rule_id=rule_id,
        changes=changes,
        reason=reason.strip()[:400],
        set_by_id=by.person,
        set_at=now,
        expires_at=expires_at,
    )
    log.record(by=by, did="limit.set", patient_id=patient.id, about=f"rule:{rule_id}", now=now, detail={"changes": changes})
    return limit


def _check_changes(patient: Patient, rule_id: str, changes: dict[str, Any], now: datetime) -> None:
    if rule_id == FIGURES:
        if not changes or not all(isinstance(v, int | float) and not isinstance(v, bool) and 0 < v < 1000 for v in changes.values()):
            raise Invalid("Personal figures are numbers above 0.", code="bad_figure", field="changes")
        return
    rules = situation(patient_id=patient.id, now=now).plan.rules
    if rule_id not in {rule.id for rule in rules}:
        raise Invalid("There is no such rule for this patient.", code="unknown_rule", field="rule")
    packs.with_limits(rules, {rule_id: changes})


@transaction.atomic
def end_limit(*, limit_id: UUID | str, by: Viewer, now: datetime) -> Limit:
    """This function will end a limit: the rule speaks as the pack says again."""
    limit = access.row_for(by, Limit.objects.select_for_update(), limit_id, action="limits", now=now)
    if limit.ended_at is not None:
        raise Conflict("This limit has ended before.", code="ended")
    limit.ended_at, limit.ended_by_id = now, by.user_id
    limit.save()
    log.record(by=by, did="limit.end", patient_id=limit.patient_id, about=f"rule:{limit.rule_id}", now=now)
    return limit


def limits_of(*, viewer: Viewer, patient_id: UUID | str, now: datetime) -> list[Limit]:
    """This function will give the history of the patient's limits, newest first."""
    patient = access.patient_for(viewer, patient_id, action="read", now=now)
    log.record(by=viewer, did="limits.read", patient_id=patient.id, now=now)
    return list(Limit.objects.filter(patient=patient).select_related("set_by", "ended_by").order_by("-set_at")[:200])


@transaction.atomic
def save_rule(*, team_id: UUID | str, definition: dict[str, Any], reason: str, by: Viewer, now: datetime) -> SavedRule:
    """This function will save a rule for the patients of a team she works in; an older version of the same id ends."""
    team = memberships.team_for(by, team_id, now=now)
    rule = packs.from_definition(definition)
    if rule.id in {known.id for locale in ("CN", "US", "EU") for known in packs.load(locale)}:
        raise Conflict("This id belongs to a rule of the pack: set a limit instead.", code="taken", field="id")
    if len(reason.strip()) < 5:
        raise Invalid("Say in a few words why.", code="reason_needed", field="reason")
    older = SavedRule.objects.select_for_update().filter(team=team, rule_id=rule.id).order_by("-version").first()
    SavedRule.objects.filter(team=team, rule_id=rule.id).update(active=False)
    saved = SavedRule.objects.create(
        team=team,
        rule_id=rule.id,
        version=older.version + 1 if older else 1,
        definition=definition,
        reason=reason.strip()[:400],
        saved_by_id=by.person,
        saved_at=now,
    )
    log.record(by=by, did="rule.save", about=f"rule:{rule.id}", now=now, detail={"team": str(team.id), "version": saved.version})
    return saved


def rules_of(*, team_id: UUID | str, by: Viewer, now: datetime) -> list[SavedRule]:
    """This function will give the rules a team wrote itself, newest version first."""
    team = memberships.team_for(by, team_id, now=now)
    return list(SavedRule.objects.filter(team=team).select_related("saved_by").order_by("rule_id", "-version"))


def names(*, patient_id: UUID, now: datetime) -> dict[str, dict[str, str]]:
    """This function will give the names of the rules of the patient's plan, by id. Her record was opened before."""
    return {rule.id: dict(rule.name) for rule in situation(patient_id=patient_id, now=now).plan.rules}


def of_panel(*, viewer: Viewer, now: datetime) -> tuple[list[str], list[Rule]]:
    """This function will give the locales of the patients whose limits the viewer may read, and the rules that can watch them.

    The rules of the packs come first, in their order; then those the viewer's teams wrote.
    """
    mine = access.patients_visible_to(viewer, now=now, action="backtest")
    locales = sorted(mine.order_by().values_list("locale", flat=True).distinct())
    rules: dict[tuple[str, Any], Rule] = {}
    for locale in locales:
        for rule in packs.load(locale):
            rules.setdefault((rule.id, rule.population), rule)
    teams = memberships.teams_of(viewer, now=now)
    own = SavedRule.objects.filter(team__in=teams.order_by(), active=True).order_by("rule_id").values_list("definition", flat=True)
    return locales, [*rules.values(), *(packs.from_definition(definition) for definition in own)]
