// What the phone can say by itself about a value, by the ranges and rules that the server put into the page (see healthhub/web/pad.py).
// No element and no network in here: the same code judges on the open page and in the shell without network.

/** @typedef {{kind: string, unit: string, value: number, value2?: number, context?: Record<string, string>, at?: string}} Typed */

const OPS = {
  at_least: (/** @type {number} */ one, /** @type {number} */ limit) => one >= limit,
  above: (/** @type {number} */ one, /** @type {number} */ limit) => one > limit,
  at_most: (/** @type {number} */ one, /** @type {number} */ limit) => one <= limit,
  below: (/** @type {number} */ one, /** @type {number} */ limit) => one < limit,
};
const DUST = 1e9; // figures are compared without the dust of binary fractions
const clean = (/** @type {number} */ figure) => Math.round(figure * DUST) / DUST;

/** Canonical value of what was typed. */
export function canonical(known, typed, figure) {
  const { factor, offset } = known.kinds[typed.kind].units[typed.unit];
  return clean(figure * factor + offset);
}

/** A figure in the unit typed, of a canonical one. */
function inUnit(unit, figure) {
  return ((figure - unit.offset) / unit.factor).toFixed(unit.digits);
}

/** What cannot be: {second, low, high} in the unit typed, "below" for a lower value that is not lower; null where it can. */
export function impossible(known, typed) {
  const kind = known.kinds[typed.kind];
  const unit = kind.units[typed.unit];
  const [low, , , high] = unit.limits;
  const value = canonical(known, typed, typed.value);
  if (!(value >= low && value <= high)) return { second: false, low: inUnit(unit, low), high: inUnit(unit, high) };
  if (!kind.hard2 || typed.value2 === undefined) return null;
  const value2 = canonical(known, typed, typed.value2);
  if (!(value2 >= kind.hard2[0] && value2 <= kind.hard2[1])) return { second: true, low: inUnit(unit, kind.hard2[0]), high: inUnit(unit, kind.hard2[1]) };
  return value2 < value ? null : { second: true, below: true };
}

/** Whether the catalogue itself calls it doubtful: then a rule asks for a second reading first. */
function doubtful(known, typed) {
  const kind = known.kinds[typed.kind];
  const [, low, high] = kind.units[typed.unit].limits;
  const value = canonical(known, typed, typed.value);
  if (value < low || value > high) return true;
  if (!kind.soft2 || typed.value2 === undefined) return false;
  const value2 = canonical(known, typed, typed.value2);
  const gap = value - value2;
  return value2 < kind.soft2[0] || value2 > kind.soft2[1] || gap < kind.gap[0] || gap > kind.gap[1];
}

/** Whether to ask "really?": doubtful, or far from the middle of her last seven. */
export function unlikely(known, typed) {
  const { far } = known.kinds[typed.kind];
  const usual = known.before[typed.kind]?.usual ?? null;
  return doubtful(known, typed) || (far !== null && usual !== null && Math.abs(canonical(known, typed, typed.value) - usual) > far);
}

function holds(known, bound, typed) {
  const figure = bound.of === "value2" ? typed.value2 : typed.value;
  if (figure === undefined) return false;
  const native = bound.of === "value" && typed.unit !== known.kinds[typed.kind].unit ? bound.native[typed.unit] : undefined;
  return native === undefined ? OPS[bound.op](canonical(known, typed, figure), bound.limit) : OPS[bound.op](clean(figure), native);
}

function beyond(known, rule, typed) {
  const met = rule.bounds.map((bound) => holds(known, bound, typed));
  const where = Object.entries(rule.where).every(([name, words]) => words.includes(typed.context?.[name] ?? ""));
  return where && (rule.every ? met.every(Boolean) : met.some(Boolean)) && !rule.unless.some((bound) => holds(known, bound, typed));
}

/** Whether earlier readings (canonical, with their time) make it the repeat that the rule waits for. */
function repeated(known, rule, typed, now, more) {
  const unit = known.kinds[typed.kind].unit;
  const earlier = [...(known.before[typed.kind]?.recent ?? []), ...more].map((one) => ({ ...one, kind: typed.kind, unit, context: typed.context }));
  return rule.repeats.some((repeat) => {
    let last = now;
    let count = 1;
    for (const one of earlier.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))) {
      const at = Date.parse(one.at);
      if ((now - at) / 1000 <= repeat.within && (last - at) / 1000 >= repeat.apart && beyond(known, rule, one)) {
        last = at;
        count += 1;
      }
    }
    return count >= repeat.times;
  });
}

/**
 * What to tell her now: {act: texts, severity} where a rule holds, {ask: texts} where a second reading decides, null where nothing is.
 * `more` are readings of this kind that are not with the server yet, canonical.
 */
export function danger(known, typed, now = Date.now(), more = []) {
  const rules = known.rules.filter((rule) => rule.kind === typed.kind && beyond(known, rule, typed));
  const unsure = doubtful(known, typed);
  const act = rules.find((rule) => !unsure && (rule.repeats.length === 0 || repeated(known, rule, typed, now, more)));
  const ask = rules.find((rule) => rule.ask && (unsure || rule.repeats.length > 0));
  if (act && (!ask || act.severity === "red" || act.severity === "urgent")) return { act: act.text, severity: act.severity };
  return ask ? { ask: ask.ask } : act ? { act: act.text, severity: act.severity } : null;
}

/** The words of a rule with the figures in it. */
export function filled(text, known, typed) {
  const words = { value: typed.value, value2: typed.value2, unit: known.kinds[typed.kind].units[typed.unit].word };
  return text.replace(/\{(\w+)\}/g, (_, name) => String(words[name] ?? "–"));
}
