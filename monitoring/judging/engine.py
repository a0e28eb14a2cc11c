"""The engine: one pass over new readings, each judged as of its own moment. How it reasons is said in `monitoring.judge`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from healthhub.records.catalogue import CUFFLESS
from monitoring.judging.rules import Plan, Rule, evidence
from monitoring.judging.thresholds import Proof, Threshold
from monitoring.judging.trail import Moment, Trails
from monitoring.judging.values import NOT_CURRENT, NOTHING, RANK, Finding, Item, PatientContext, Reading

MUTE = NOT_CURRENT | CUFFLESS
# A repeat that may wait longer than this is for the next session, not for "please measure again".
AT_ONCE = 300.0


def findings(
    plan: Plan,
    readings: Sequence[Reading],
    history: Mapping[str, Sequence[Reading]],
    context: PatientContext,
    open_rules: frozenset[str] = frozenset(),
) -> list[Finding]:
    """This function will judge new readings of one patient, given in time order, and give the findings in that order.

    `history` maps kinds to older readings in time order, as far back as `plan.windows(...)` says; it may be a lazy mapping: a kind is
    asked for only when a rule needs it. Values are in canonical units. `open_rules` are the ids of rules with an open episode.
    """
    listeners = plan.listeners(context.conditions)
    trails = Trails(history, frozenset(reading.seq for reading in readings) - {0})
    now_open = set(open_rules)
    found: list[Finding] = []
    for reading in readings:
        rules = listeners.get(reading.kind)
        item = Item(reading)
        trails.of(reading.kind).add(item)
        if rules is None or reading.flags & MUTE:
            continue
        # Most readings of a stream are of no interest to any rule: they must cost one look of each.
        screened = [
            (rule, sees) for rule in rules if rule.condition is not None and ((sees := rule.condition.screen(item)) or rule.id in now_open)
        ]
        if screened:
            _judge(rules, screened, Moment(trails, item, context), now_open, found)
    return found


def _judge(rules: tuple[Rule, ...], screened: list[tuple[Rule, bool]], moment: Moment, now_open: set[str], found: list[Finding]) -> None:
    """This function will judge one reading: clears first, then what holds and is not covered by its family."""
    met: list[tuple[Rule, Proof]] = []
    for rule, sees in screened:
        condition = rule.condition
        if condition is None:
            continue
        proof = condition.met(moment) if sees else None
        if proof is not None:
            met.append((rule, proof))
        elif rule.id in now_open and rule.auto_close and condition.over(moment):
            now_open.discard(rule.id)
            found.append(_finding(rule, moment, None, hold=False))
    top = _tops(rules, met, now_open) if met else NOTHING
    for rule, proof in met:
        if rule.rank >= top.get(rule.family, 0):
            found.append(_finding(rule, moment, proof, hold=rule.id in now_open))
            now_open.add(rule.id)


def _tops(rules: tuple[Rule, ...], met: list[tuple[Rule, Proof]], now_open: set[str]) -> dict[str, int]:
    """This function will give the highest severity that holds or is open in each family."""
    top: dict[str, int] = {}
    for rule in (*(rule for rule, _ in met), *(rule for rule in rules if rule.id in now_open)):
        if rule.family and rule.rank > top.get(rule.family, 0):
            top[rule.family] = rule.rank
    return top


def _finding(rule: Rule, moment: Moment, proof: Proof | None, *, hold: bool) -> Finding:
    context = moment.context
    clear = proof is None
    given = evidence(rule, moment.item, proof or Proof((moment.item,)), context)
    return Finding(rule.id, rule.version, rule.severity, rule.covered_by, moment.item.reading.at, given, hold, clear)


def needs_repeat(plan: Plan, reading: Reading, context: PatientContext) -> Mapping[str, str] | None:
    """This function will give the words (zh-hans, en) that ask for a second reading now, or None when none is needed.

    Asked for when a rule of AMBER or above would hold if the value were confirmed, and for doubtful values beyond any such limit.
    """
    if reading.flags & MUTE:
        return None
    item = Item(reading)
    for rule in plan.listeners(context.conditions).get(reading.kind, ()):
        condition = rule.condition
        if rule.ask is None or rule.rank < RANK["amber"] or type(condition) is not Threshold or not condition.beyond(item):
            continue
        if not item.sound or any(repeat.apart <= AT_ONCE for repeat in condition.repeats):
            return rule.ask
    return None


def at_face_value(plan: Plan, reading: Reading, history: Mapping[str, Sequence[Reading]], context: PatientContext) -> tuple[Rule, ...]:
    """This function will give the rules a reading meets if it is believed without a repeat, the most severe first.

    For what a page says beside a value at once; alerts come from `findings`. Of one family only the highest severity is given.
    """
    trails = Trails(history, frozenset({reading.seq}) - {0})
    item = Item(reading)
    trails.of(reading.kind).add(item)
    moment = Moment(trails, item, context)
    rules = plan.listeners(context.conditions).get(reading.kind, ())
    met = []
    for rule in rules:
        condition = rule.condition
        if condition is None or not condition.screen(item):
            continue
        if isinstance(condition, Threshold) and condition.repeats:
            condition = replace(condition, repeats=(), believed=True)
        proof = condition.met(moment)
        if proof is not None:
            met.append((rule, proof))
    top = _tops((), met, set())
    return tuple(sorted((rule for rule, _ in met if rule.rank >= top.get(rule.family, 0)), key=lambda rule: -rule.rank))
