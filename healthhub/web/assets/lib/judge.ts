// What the phone can say by itself about a value, by the ranges and rules that the server put into the page (see healthhub/web/pad.py).
// No element and no network in here: the same code judges on the open page and in the shell without network.

export type Words = Readonly<Record<string, string>>; // language -> text
export type Op = "at_least" | "above" | "at_most" | "below";
export type Range = readonly [number, number];

export interface Typed {
  kind: string;
  unit: string;
  value: number;
  value2?: number;
  context?: Record<string, string>;
}

/** A reading with its time, canonical. */
export interface Earlier {
  at: string;
  value: number;
  value2?: number | null;
}

export interface Unit {
  word: string;
  digits: number;
  factor: number;
  offset: number;
  limits: readonly [number, number, number, number];
}

export interface Kind {
  name: Words;
  unit: string;
  units: Readonly<Record<string, Unit>>;
  hard2: Range | null;
  soft2: Range | null;
  gap: Range | null;
  far: number | null;
}

interface Bound {
  of: "value" | "value2";
  op: Op;
  limit: number;
  native: Readonly<Record<string, number>>;
}

export interface Rule {
  kind: string;
  severity: string;
  every: boolean;
  bounds: readonly Bound[];
  unless: readonly Bound[];
  where: Readonly<Record<string, readonly string[]>>;
  repeats: readonly { times: number; within: number; apart: number }[];
  ask: Words | null;
  text: Words;
}

export interface Known {
  patient: string;
  emergency: string;
  kinds: Readonly<Record<string, Kind>>;
  rules: readonly Rule[];
  before: Readonly<Record<string, { usual: number | null; recent: readonly Earlier[] }>>;
}

export type Impossible = { second: boolean; below: true } | { second: boolean; below?: never; low: string; high: string };
export type Danger = { act: Words; severity: string } | { ask: Words };

const OPS: Readonly<Record<Op, (one: number, limit: number) => boolean>> = {
  at_least: (one, limit) => one >= limit,
  above: (one, limit) => one > limit,
  at_most: (one, limit) => one <= limit,
  below: (one, limit) => one < limit,
};
const DUST = 1e9; // figures are compared without the dust of binary fractions
const clean = (figure: number) => Math.round(figure * DUST) / DUST;

export function kindOf(known: Known, key: string): Kind {
  const kind = known.kinds[key];
  if (!kind) throw new Error(`the page does not know the kind ${key}`);
  return kind;
}

export function unitOf(known: Known, typed: { kind: string; unit: string }): Unit {
  const unit = kindOf(known, typed.kind).units[typed.unit];
  if (!unit) throw new Error(`the page does not know the unit ${typed.unit} of ${typed.kind}`);
  return unit;
}

/** Canonical value of what was typed. */
export function canonical(known: Known, typed: Typed, figure: number): number {
  const { factor, offset } = unitOf(known, typed);
  return clean(figure * factor + offset);
}

/** A figure in the unit typed, of a canonical one. */
function inUnit(unit: Unit, figure: number): string {
  return ((figure - unit.offset) / unit.factor).toFixed(unit.digits);
}

/** What cannot be: its ends in the unit typed, "below" for a lower value that is not lower; null where it can. */
export function impossible(known: Known, typed: Typed): Impossible | null {
  const kind = kindOf(known, typed.kind);
  const unit = unitOf(known, typed);
  const [low, , , high] = unit.limits;
  const value = canonical(known, typed, typed.value);
  if (!(value >= low && value <= high)) return { second: false, low: inUnit(unit, low), high: inUnit(unit, high) };
  if (!kind.hard2 || typed.value2 === undefined) return null;
  const value2 = canonical(known, typed, typed.value2);
  if (!(value2 >= kind.hard2[0] && value2 <= kind.hard2[1])) {
    return { second: true, low: inUnit(unit, kind.hard2[0]), high: inUnit(unit, kind.hard2[1]) };
  }
  return value2 < value ? null : { second: true, below: true };
}

/** Whether the catalogue itself calls it doubtful: then a rule asks for a second reading first. */
function doubtful(known: Known, typed: Typed): boolean {
  const kind = kindOf(known, typed.kind);
  const [, low, high] = unitOf(known, typed).limits;
  const value = canonical(known, typed, typed.value);
  if (value < low || value > high) return true;
  if (!kind.soft2 || typed.value2 === undefined) return false;
  const value2 = canonical(known, typed, typed.value2);
  const gap = value - value2;
  return value2 < kind.soft2[0] || value2 > kind.soft2[1] || (kind.gap !== null && (gap < kind.gap[0] || gap > kind.gap[1]));
}

/** Whether to ask "really?": doubtful, or far from the middle of her last seven and from what she measured just before. */
export function unlikely(known: Known, typed: Typed): boolean {
  if (doubtful(known, typed)) return true;
  const { far } = kindOf(known, typed.kind);
  const before = known.before[typed.kind];
  if (far === null || !before || before.usual === null) return false;
  const value = canonical(known, typed, typed.value);
  return [before.usual, ...before.recent.map((one) => one.value)].every((one) => Math.abs(value - one) > far);
}

function holds(known: Known, bound: Bound, typed: Typed): boolean {
  const figure = bound.of === "value2" ? typed.value2 : typed.value;
  if (figure === undefined) return false;
  const native = bound.of === "value" && typed.unit !== kindOf(known, typed.kind).unit ? bound.native[typed.unit] : undefined;
  return native === undefined ? OPS[bound.op](canonical(known, typed, figure), bound.limit) : OPS[bound.op](clean(figure), native);
}

function beyond(known: Known, rule: Rule, typed: Typed): boolean {
  const met = rule.bounds.map((bound) => holds(known, bound, typed));
  const where = Object.entries(rule.where).every(([name, words]) => words.includes(typed.context?.[name] ?? ""));
  return where && (rule.every ? met.every(Boolean) : met.some(Boolean)) && !rule.unless.some((bound) => holds(known, bound, typed));
}

/** Whether earlier readings make it the repeat that the rule waits for. */
function repeated(known: Known, rule: Rule, typed: Typed, now: number, more: readonly Earlier[]): boolean {
  const unit = kindOf(known, typed.kind).unit;
  const earlier = [...(known.before[typed.kind]?.recent ?? []), ...more]
    .map(({ at, value, value2 }) => {
      const one: Typed = { kind: typed.kind, unit, value };
      if (value2 !== undefined && value2 !== null) one.value2 = value2;
      if (typed.context) one.context = typed.context;
      return { at: Date.parse(at), one };
    })
    .sort((a, b) => b.at - a.at);
  return rule.repeats.some((repeat) => {
    let last = now;
    let count = 1;
    for (const { at, one } of earlier) {
      if ((now - at) / 1000 <= repeat.within && (last - at) / 1000 >= repeat.apart && beyond(known, rule, one)) {
        last = at;
        count += 1;
      }
    }
    return count >= repeat.times;
  });
}

/**
 * What to tell her now: {act, severity} where a rule holds, {ask} where a second reading decides, null where nothing is.
 * `more` are readings of this kind that are not with the server yet.
 */
export function danger(known: Known, typed: Typed, now = Date.now(), more: readonly Earlier[] = []): Danger | null {
  const rules = known.rules.filter((rule) => rule.kind === typed.kind && beyond(known, rule, typed));
  const unsure = doubtful(known, typed);
  const act = rules.find((rule) => !unsure && (rule.repeats.length === 0 || repeated(known, rule, typed, now, more)));
  const ask = rules.find((rule) => rule.ask && (unsure || rule.repeats.length > 0))?.ask;
  if (act && (!ask || act.severity === "red" || act.severity === "urgent")) return { act: act.text, severity: act.severity };
  return ask ? { ask } : act ? { act: act.text, severity: act.severity } : null;
}

/** The words of a rule with the figures in it. */
export function filled(text: string, known: Known, typed: Typed): string {
  const words: Record<string, number | string | undefined> = { value: typed.value, value2: typed.value2, unit: unitOf(known, typed).word };
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(words[name] ?? "–"));
}
